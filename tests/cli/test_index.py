"""`gardener index` as a stranger types it, and what the next analysis makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.redis.server import embedded
from tests import stores
from tests.core import sample_sources
from tests.program import gardener

CONFIG = '[environments.staging]\nproject = "netra-staging"\n'
SESSION = (
    "Session access failed (middleware not installed?): SessionMiddleware must be installed to "
    "access request.session"
)


@pytest.fixture
def home(state_dir: Path) -> Iterator[Path]:
    """A folder with a configuration, the sources of the sample service and three of its lines."""
    (state_dir / "gardener.toml").write_text(CONFIG, "utf-8")
    sample_sources.write(state_dir / "source")
    (state_dir / "source" / "old.py").write_text("print 'hello'\n", "utf-8")
    entries = [
        {
            "insertId": f"i{number}",
            "timestamp": f"2025-09-15T0{number}:00:00Z",
            "severity": "WARNING",
            "jsonPayload": {
                "message": SESSION,
                "labels": {"module": "logging", "function": "callHandlers", "line": "1706"},
            },
        }
        for number in range(3)
    ]
    lines = "".join(json.dumps(entry) + "\n" for entry in entries)
    (state_dir / "entries.jsonl").write_text(lines, "utf-8")
    yield state_dir
    embedded.leave(state_dir / "state")
    stores.stop(state_dir / "state")


def test_an_index_gives_the_next_analysis_its_places(home: Path) -> None:
    analyze = ("analyze", "staging", "--from", "entries.jsonl", "--format", "json")
    before = json.loads(gardener(*analyze, cwd=home).stdout)
    assert [c["location"] for c in before["clusters"]] == [None]

    done = gardener("index", "--repo", "source", cwd=home)
    assert done.returncode == 0, done.stderr
    assert "staging: 16 messages of source: 14 logged" in done.stdout
    assert "CODEOWNERS: 2 rules." in done.stdout
    assert "Left out: 1 Python 2.\n  old.py: Python 2" in done.stdout

    after = json.loads(gardener(*analyze, cwd=home).stdout)
    assert [c["location"] for c in after["clusters"]] == [
        {"module": "netra_backend.app.core.sessions", "function": "read", "line": 12}
    ]

    failed = gardener("index", "staging", "--repo", "gone", cwd=home)
    assert failed.returncode == 2
    kept = json.loads(gardener(*analyze, cwd=home).stdout)
    assert kept["clusters"][0]["location"] == after["clusters"][0]["location"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("index", "--repo", "nowhere"), 2, "There is no folder nowhere"),
        (("index", "--repo", "entries.jsonl"), 2, "is a file"),
        (("index", "production", "--repo", "source"), 2, "production"),
        (("index",), 2, "has no `github` in gardener.toml"),
        (("index", "--repo", "empty"), 1, "holds no Python file that I can read"),
        (("index", "--repo", "acme/shop"), 1, "GitHub"),
    ],
)
def test_a_mistake_is_one_sentence(
    home: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (home / "empty").mkdir()
    done = gardener(*arguments, cwd=home, GITHUB_API_URL="http://127.0.0.1:1", GITHUB_TOKEN="t")
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
