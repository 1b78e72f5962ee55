"""The command line as a stranger types it."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.core.analysis.test_analyze import worklog
from tests.core.logs import (
    Entry,
    said,
    shuffled,
)
from tests.program import clean, gardener, installed


def _file(folder: Path, entries: list[dict[str, Any]], name: str = "entries.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(e) + "\n" for e in entries), "utf-8")
    return str(path)


def _report(*arguments: str, cwd: Path, **more: Any) -> dict[str, Any]:
    done = gardener("analyze", *arguments, "--format", "json", cwd=cwd, **more)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_services_entries_shuffled_give_the_same_report(
    tmp_path: Path, cloud_run: list[Entry]
) -> None:
    arguments = ("staging", "30d", "--now", "2025-09-16T01:00:00Z", "--members", "--no-store")
    first = _report(*arguments, "--from", _file(tmp_path, cloud_run), cwd=tmp_path)
    again = _report(*arguments, "--from", _file(tmp_path, shuffled(cloud_run)), cwd=tmp_path)
    assert first == again
    coverage = first["coverage"]
    parts = ("clustered", "below_severity", "outside_window", "duplicates", "broken")
    assert coverage["read"] == len(cloud_run) == sum(coverage[part] for part in parts)
    assert coverage["complete"] is True
    assert sum(len(c["members"]) for c in first["clusters"]) == coverage["clustered"]
    assert first["window"] == {"start": "2025-08-17T01:00:00Z", "end": "2025-09-16T01:00:00Z"}


def test_the_report_has_the_schemas_shape(tmp_path: Path) -> None:
    found = _report("--from", _file(tmp_path, worklog()), "--no-store", "--members", cwd=tmp_path)
    assert set(found) == {
        "schema", "environment", "services", "project", "region", "query", "window", "coverage",
        "clusters", "cards", "incidents",
    }  # fmt: skip
    assert [c["priority"] for c in found["clusters"]] == ["P2", "P4", "P6"]
    cluster = found["clusters"][0]
    assert set(cluster) == {
        "id", "name", "title", "template", "severity", "priority", "reasons", "cause", "impact",
        "next", "routes", "count", "occurrences", "first_seen", "last_seen", "histogram",
        "services", "revisions", "instances", "location", "state", "ended", "expected", "issue",
        "incident", "sample", "members",
    }  # fmt: skip
    assert cluster["state"] == "new"
    assert cluster["expected"] is None


def test_standard_input_and_every_format(tmp_path: Path) -> None:
    lines = "".join(json.dumps(e) + "\n" for e in worklog())
    text = gardener("analyze", "--from", "-", "--no-store", cwd=tmp_path, stdin=lines)
    assert "3 problems" in text.stdout
    assert "legacy_response" in text.stdout
    markdown = gardener(
        "analyze", "--from", "-", "--no-store", "--format", "markdown", cwd=tmp_path, stdin=lines
    )
    assert "## Executive Summary" in markdown.stdout
    assert "ana.lopez" not in text.stdout + markdown.stdout


def test_members_names_every_entry_once(tmp_path: Path) -> None:
    entries = [*worklog(), said("only information", "INFO"), {"textPayload": "bare"}]
    done = gardener("members", "--from", _file(tmp_path, entries), cwd=tmp_path)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(entries)
    assert {name for name, _ in rows} == {
        *(e["insertId"] for e in entries[:-1]), f"line:{len(entries)}"
    }  # fmt: skip
    assert all(cluster.startswith("c-") for _, cluster in rows)


def test_ids_and_numbers_are_remembered_in_the_store(tmp_path: Path) -> None:
    entries = worklog()
    arguments = ("staging", "30d", "--now", "2025-09-16T01:00:00Z")
    first = _report(*arguments, "--from", _file(tmp_path, entries), cwd=tmp_path)
    assert {c["state"] for c in first["clusters"]} == {"new"}
    later = [said("a new worst problem: payments will fail", "CRITICAL"), *entries]
    again = _report(*arguments, "--from", _file(tmp_path, later), cwd=tmp_path)
    before = {c["id"]: c["name"] for c in first["clusters"]}
    after = {c["id"]: (c["name"], c["state"]) for c in again["clusters"]}
    assert {cluster: after[cluster] for cluster in before} == {
        cluster: (name, "recurring") for cluster, name in before.items()
    }
    assert again["clusters"][0]["name"] == "C4"


def test_the_store_away_is_a_warning(tmp_path: Path) -> None:
    done = gardener(
        "analyze", "staging", "--now", "2025-09-14T04:00:00Z", "--from",
        _file(tmp_path, worklog()), cwd=tmp_path,
        REDIS_URL="redis://127.0.0.1:1/0", GARDENER_SECRET="s" * 32,
    )  # fmt: skip
    assert done.returncode == 0
    assert "3 problems" in done.stdout
    assert "without the store" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("analyze", "--from", "nowhere.jsonl"), 1, "no file nowhere.jsonl"),
        (("analyze", "staging", "2x", "--from", "x"), 2, 'Unknown time "2x"'),
        (("analyze", "staging", "31d", "--from", "x"), 2, "30 days"),
        (("analyze", "staging", "since", "2999-01-01", "--from", "x"), 2, "future"),
        (("analyze", "--now", "soon", "--from", "x"), 2, "is no time"),
        (("analyze", "--min-severity", "LOUD", "--from", "x"), 2, 'no severity "LOUD"'),
        (("analyze", "--form", "json"), 2, "No such option"),
        (("analyze", "nowhere.jsonl"), 1, "no file nowhere.jsonl"),
        (("analyze",), 2, "Which environment?"),
        (("analyze", "stagin"), 2, "stagin"),
        (("analise",), 2, "No such command"),
        (("members",), 2, "--from"),
    ],
)
def test_a_mistake_gets_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = gardener(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_file_without_a_readable_entry_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\ncall Ana\n", "utf-8")
    for command in ("analyze", "members"):
        done = gardener(command, "--from", str(path), cwd=tmp_path)
        assert done.returncode == 1
        assert "None of 2 lines is a log entry" in done.stderr


def test_a_file_may_be_named_without_from_and_be_packed_on_a_pipe(tmp_path: Path) -> None:
    path = Path(_file(tmp_path, worklog()))
    packed = tmp_path / "log"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    wanted = gardener("analyze", "--from", str(path), "--format", "json", cwd=tmp_path).stdout
    ids = [cluster["id"] for cluster in json.loads(wanted)["clusters"]]
    for name in (path.name, packed.name):
        done = gardener("analyze", name, "--format", "json", cwd=tmp_path)
        assert [cluster["id"] for cluster in json.loads(done.stdout)["clusters"]] == ids
    piped = subprocess.run(
        [installed(), "analyze", "-", "--format", "json"], input=packed.read_bytes(),
        capture_output=True, env=clean(tmp_path), cwd=tmp_path, check=True,
    )  # fmt: skip
    assert [cluster["id"] for cluster in json.loads(piped.stdout)["clusters"]] == ids
    windowed = _report(path.name, "1h", "--now", "2001-01-01T00:00:00Z", cwd=tmp_path)
    assert windowed["coverage"]["outside_window"] == windowed["coverage"]["read"]


def test_broken_lines_are_told_and_the_rest_is_done(tmp_path: Path) -> None:
    path = Path(_file(tmp_path, worklog()))
    path.write_text(path.read_text("utf-8") + "{broken\n", "utf-8")
    done = gardener("analyze", "--from", str(path), "--format", "json", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 line is no log entry" in done.stderr
    assert json.loads(done.stdout)["coverage"]["broken"] == 1
    assert json.loads(done.stdout)["coverage"]["complete"] is False


def test_version_and_help_everywhere(tmp_path: Path) -> None:
    version = subprocess.run([installed(), "--version"], capture_output=True, check=True)
    assert b"gardener" in version.stdout
    listed = gardener("--help", cwd=tmp_path).stdout
    for command in ("serve", "worker", "clock", "up", "analyze", "members", "playground",
                    "doctor", "forget"):  # fmt: skip
        assert command in listed
        assert gardener(command, "--help", cwd=tmp_path).returncode == 0


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    path = _file(tmp_path, [said(f"m {i}") for i in range(20_000)])
    piped = subprocess.run(
        f"{installed()} members --from {path} | head -1",
        shell=True, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert piped.stderr == ""
