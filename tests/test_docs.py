"""What the documentation promises is there: links, commands, settings, forms, tables."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.__main__ import commands
from bot.core.commands.commands import Suggestion
from bot.core.commands.parser import parse
from bot.core.model.environment import Environment
from bot.settings import file, settings, sources, team_rules
from tests.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NOW = 1_758_000_000_000_000_000  # 16 September 2025
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def blocks(page: Path, language: str) -> list[str]:
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for _, said, text in found if said == language]


def code(page: Path) -> Iterator[str]:
    """Everything that is written as code, a line each."""
    for text in blocks(page, "sh"):
        yield from text.replace("\\\n", " ").splitlines()
    yield from CODE.findall(prose(page))


def column(page: Path) -> list[str]:
    """What stands as code in the first column of the page's tables."""
    return re.findall(r"^\| `([^`]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_tables_are_those_of_the_code():
    made = runpy.run_path(str(ROOT / "docs" / "tables.py"))["page"]()
    written = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert written == made, "stale: run .venv/bin/python docs/tables.py"


def test_the_formats_of_files_are_those_of_the_code():
    made = runpy.run_path(str(ROOT / "docs" / "formats.py"))["page"]()
    written = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert written == made, "stale: run .venv/bin/python docs/formats.py"


def test_the_loggers_are_those_of_the_code():
    made = runpy.run_path(str(ROOT / "docs" / "loggers.py"))["page"]()
    written = (ROOT / "docs" / "loggers.md").read_text(encoding="utf-8")
    assert written == made, "stale: run .venv/bin/python docs/loggers.py"


def test_the_table_of_sources_is_that_of_the_code():
    page = ROOT / "docs" / "sources.md"
    written = page.read_text(encoding="utf-8")
    made = runpy.run_path(str(ROOT / "docs" / "sources.py"))["page"](written)
    assert written == made, "stale: run .venv/bin/python docs/sources.py"


def test_every_key_of_a_source_is_told():
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| ([a-z]+) \|", page, re.MULTILINE))
    assert told >= {"services", *sources.READERS}
    (example,) = blocks(ROOT / "docs" / "sources.md", "toml")
    assert set(tomllib.loads(example)["environments"]["staging"]) >= set(sources.READERS)


# --- links


def anchors(page: Path) -> set[str]:
    """The headings as GitHub links to them."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert there.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_machine_is_named(page):
    assert not re.search(r"/(?:root|home|work|Users)/", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_is_named_is_there(page):
    rooms = ("bot", "handlers", "blocks", "tests", "docs")
    files = [str(path) for room in rooms for path in ROOT.glob(f"{room}/**/*.py")]
    for text in code(page):
        if re.fullmatch(r"[\w./]+\.py", text) and not (ROOT / text).exists():
            assert any(path.endswith(f"/{text}") for path in files), text


# --- releases, and what is run before one


def test_the_newest_release_of_the_changelog_is_the_version_of_the_program():
    said = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", said, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert releases[0] == project["project"]["version"]


def test_the_hooks_and_the_hosted_ci_run_what_the_clean_checkout_runs():
    def verbs(path: str, line: str) -> list[str]:
        return re.findall(line, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)

    ours = verbs(".ci/run", r"^project (\w+) ")
    assert ours == ["check", "test"]
    assert verbs(".pre-commit-config.yaml", r"^ +entry: python3 run\.py (.+)$") == ours
    assert verbs(".github/workflows/ci.yml", r"^ +- run: make (.+)$") == ours


# --- commands


def gardener_calls() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for line in code(page):
            said = re.match(r"(?:[\w.]\S*/)?gardener ([a-z].*)$", line.split(" #")[0].strip())
            if said:
                yield named(page), shlex.split(said[1])


def test_every_gardener_command_is_one():
    calls = list(gardener_calls())
    assert {"serve", "worker", "clock", "up", "doctor", "analyze"} <= {c[0] for _, c in calls}
    for page, (name, *rest) in calls:
        assert name in commands.commands, f"{page}: gardener {name}"
        options = {o for p in commands.commands[name].params for o in p.opts}
        for word in rest:
            if word.startswith("--"):
                assert word.split("=")[0] in options, f"{page}: gardener {name} {word}"


def test_the_readme_tells_of_every_command():
    told = {call[0] for page, call in gardener_calls() if page == "README.md"}
    assert told == set(commands.commands)


def test_every_verb_is_one():
    verbs = runpy.run_path(str(ROOT / "run.py"))["VERBS"]
    targets = set(re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets = {target for line in targets for target in line.split()}
    for page in PAGES:
        for line in code(page):
            if said := re.match(r"python3 run\.py ([a-z]+)", line):
                assert said[1] in verbs, f"{named(page)}: {line}"
            if said := re.match(r"make ([a-z]+)", line):
                assert said[1] in targets, f"{named(page)}: {line}"


def slash_commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for line in code(page):
            if said := re.match(r"/gardener\b\s*(.*)", line):
                yield named(page), said[1]


def test_every_form_is_understood():
    known = [Environment("staging", "acme-staging")]
    forms = list(slash_commands())
    assert len(forms) > 10
    for page, text in forms:
        found = parse(text, environments=known, default="staging", now=NOW)
        assert not isinstance(found, Suggestion), f"{page}: /gardener {text}"


# --- settings

SETTINGS = ROOT / "docs" / "settings.md"


def test_every_variable_is_told_and_known():
    told = {name for name in column(SETTINGS) if name.isupper()}
    assert told == set(settings._Variables.model_fields)


def test_every_key_is_told_and_known():
    told = {name for name in column(SETTINGS) if name.islower()}
    assert told == set(file._READERS)


def test_every_key_of_a_rule_is_told_and_known():
    known = {*team_rules.RULE_KEYS, *team_rules.IMPACT_KEYS}
    assert set(column(ROOT / "docs" / "rules.md")) == known


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in ("tables.md", "formats.md")], ids=named
)
def test_no_page_names_a_variable_that_is_none(page):
    known = {*settings._Variables.model_fields, "GOOGLE_APPLICATION_CREDENTIALS", "MASK_VERSION"}
    lines = [*CODE.findall(prose(page)), *"\n".join(blocks(page, "sh")).splitlines()]
    for line in lines:
        found = re.match(r"((?:SLACK|GITHUB|GARDENER|REDIS|GOOGLE|MASK)_[A-Z_]+)", line)
        assert found is None or found[1] in known, line


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "toml")], ids=named)
def test_every_example_of_the_file_is_read(page):
    for text in blocks(page, "toml"):
        assert file.environments(tomllib.loads(text))


def test_every_permission_has_its_reason():
    manifest = json.loads((ROOT / "slack-manifest.json").read_text(encoding="utf-8"))
    page = ROOT / "docs" / "connect.md"
    rows = re.findall(
        r"^\| (`[a-z_]+(?::[a-z.]+)?`(?:, `[a-z_:]+`)*) \|", prose(page), re.MULTILINE
    )
    told = [scope for row in rows for scope in CODE.findall(row)]
    assert sorted(told) == sorted(manifest["oauth_config"]["scopes"]["bot"])


# --- the picture


def test_the_picture_is_small():
    picture = ROOT / "docs" / "playground.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 300_000
