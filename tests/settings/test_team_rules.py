"""A team's rules in gardener.toml: what they do, and every mistake by its line."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.replay import ReplayOptions, replay
from bot.core.analysis.analyze import conclude
from bot.core.analysis.analyze import read as read_log
from bot.core.analysis.outside import Outside
from bot.core.model.environment import Environment, Query
from bot.core.model.errors import UsageError
from bot.core.model.report import Report
from bot.core.model.values import Priority, Severity
from bot.settings.file import FileMistake, environments
from bot.settings.settings import SettingsError, load, rules_of
from bot.settings.team_rules import read
from tests.core.logs import (
    WINDOW,
    Entries,
    Entry,
    entry,
    request,
    said,
)

ENVIRONMENT = '[environments.staging]\nproject = "acme"\nservices = ["web"]\n'


def judged(toml: str, entries: list[Entry]) -> Report:
    own = read(tomllib.loads(toml), toml, {})
    known = replace(Environment("staging", ""), rules=own.rules, impacts=own.impacts)
    query = Query("staging", "", (), WINDOW, Severity.WARNING)
    outside = Outside(Entries(entries))
    return conclude(outside, read_log(outside, query, now=WINDOW.end), known, now=WINDOW.end)


def rule(**keys: object) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"name": "mine", **keys}.items()]
    return "\n".join(["[[rules]]", *lines, ""])


def impact(**keys: object) -> str:
    return "\n".join(["[[impact]]", *(f"{k} = {json.dumps(v)}" for k, v in keys.items()), ""])


LEDGER = [said("ledger differs from bank by 12 cents", "WARNING", i) for i in range(2)]


@pytest.mark.parametrize(
    ("keys", "priority"),
    [
        ({"contains": "Ledger Differs", "priority": "P1"}, "P1"),
        ({"match": r"ledger .* by <\*> cents", "priority": "P0"}, "P0"),
        ({"contains": "ledger", "shift": -1}, "P4"),
        ({"contains": "ledger", "shift": 9}, "P9"),
        ({"contains": "ledger", "severity": "ERROR", "priority": "P1"}, "P5"),
        ({"contains": "ledger", "at_least": 3, "priority": "P1"}, "P5"),
        ({"services": ["other"], "priority": "P1"}, "P5"),
        ({"services": ["netra-backend-staging"], "priority": "P1"}, "P1"),
    ],
)
def test_a_rule_fits_where_all_holds(keys: dict[str, object], priority: str) -> None:
    found = judged(rule(**keys), LEDGER)
    assert found.clusters[0].priority.name == priority


def test_what_a_rule_says_is_on_the_card() -> None:
    keys = {"contains": "ledger", "priority": "P1", "reason": "money is booked twice"}
    found = judged(rule(**keys, cause="Likely the nightly run.", next="Call finance."), LEDGER)
    (only,) = found.clusters
    assert only.reasons[0] == "money is booked twice"
    assert (only.cause, only.next) == ("Likely the nightly run.", "Call finance.")
    assert only.factors[0].name == "your rule “mine”"


def test_what_ended_a_process_is_p0_whoever_says_otherwise() -> None:
    crash = [said("No module named 'ledger'", "ERROR", 0),
             entry("Container called exit(1).", "WARNING", 1)]  # fmt: skip
    found = judged(rule(contains="ledger", priority="P7"), crash)
    assert found.cards[0].priority is Priority.P0


def test_modules_and_routes_are_whole_parts() -> None:
    labels = {"module": "shop.payments.cards", "function": "pay", "line": "4"}
    entries = [
        entry(None, "ERROR", 0, jsonPayload={"labels": labels, "message": "cannot pay"}),
        request(500, "/api/checkout/7", 1),
        request(500, "/api/checkouts", 2),
    ]
    says = "Customers cannot pay."
    found = judged(impact(says=says, modules=["shop.payments"], routes=["/api/checkout"]), entries)
    told = {c.title: c.impact for c in found.clusters}
    assert told["cannot pay"] == says
    assert told["GET /api/checkout/<*> 500 (service)"] == says
    assert told["GET /api/checkouts 500 (service)"] != says


def test_an_impact_weighs_and_never_makes_an_outage() -> None:
    entries = [request(500, "/api/checkout", i) for i in range(3)]
    found = judged(impact(says="No sales.", routes=["/api/checkout"], weight=3), entries)
    assert found.clusters[0].priority is Priority.P1
    assert ("your impact", "No sales.", -3) in [
        (f.name, f.said, f.shift) for f in found.clusters[0].factors
    ]


def test_what_is_expected_has_no_impact() -> None:
    entries = [request(404, "/.git/config", i) for i in range(3)]
    found = judged(impact(says="No sales.", routes=["/"], weight=3), entries)
    assert found.clusters[0].priority is Priority.P6
    assert found.clusters[0].impact != "No sales."


# --- mistakes


@pytest.mark.parametrize(
    ("toml", "line", "words"),
    [
        (rule(contians="x", priority="P1"), 1, "contians is no setting. Did you mean contains?"),
        ("\n\n" + rule(match="(x", priority="P1"), 3, "is no regular expression"),
        (rule(match="(a+)+$", priority="P1"), 1, "can take for ever"),
        (rule(contains="x"), 1, "either priority"),
        (rule(contains="x", priority="P1", shift=1), 1, "either priority"),
        (rule(priority="P1"), 1, "asks for nothing"),
        (rule(contains="x", priority="P12"), 1, 'Write "P0" to "P9"'),
        (rule(contains="x", shift=0), 1, "whole number"),
        (rule(contains="within 25s", priority="P1"), 1, "write contains = “within <*>”"),
        (rule(match="failed after 25", priority="P1"), 1, "it asks for digits"),
        (rule(statuses=[500], modules=["a"], priority="P1"), 1, "can never match"),
        (rule(statuses=[777], priority="P1"), 1, "777 is no status"),
        (rule(contains="x", services=["wep"], priority="P1"), 1, "Did you mean web?"),
        (rule(contains="x", environments=["stagin"], priority="P1"), 1, "Did you mean staging?"),
        (rule(contains="x", priority="P1") + rule(contains="y", priority="P1"), 5, "earlier rule"),
        (rule(match="time", priority="P1") + rule(name="b", contains="timeout", priority="P2"), 5,
         "is never reached: “mine” (line 1)"),
        (rule(contains="x", priority="P1") + rule(name="b", contains="X", priority="P2"), 5,
         "contradicts “mine” (line 1)"),
        (rule(contains="x", shift=1) + rule(name="b", contains="x", shift=-1), 5, "contradicts"),
        (rule(severity="WARNING", priority="P4")
         + rule(name="b", severity="ERROR", contains="x", priority="P1"), 5, "is never reached"),
        ('x = """\n[[rules]]\n"""\n', 0, "x is no setting"),
        (impact(routes=["/x"]), 1, "says is missing"),
        (impact(says="x", weight=1), 1, "say where it holds"),
        (impact(says="x", routes=["/x"], weight=4), 1, "from 0 to 3"),
        ("rules = 3\n", 0, "write [[rules]] above each"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(toml: str, line: int, words: str) -> None:
    text = toml + ENVIRONMENT
    with pytest.raises(FileMistake) as caught:
        environments(tomllib.loads(text), text)
    assert words in str(caught.value)
    if line:
        assert str(caught.value).startswith(f"line {line}: ")


@pytest.mark.parametrize(
    "toml",
    [
        rule(contains="timeout", priority="P1") + rule(name="b", contains="time", priority="P2"),
        rule(contains="x", severity="ERROR", priority="P1")
        + rule(name="b", contains="x", priority="P2"),
        rule(routes=["/a"], priority="P1") + rule(name="b", routes=["/ab"], priority="P2"),
        rule(match="^time", priority="P1") + rule(name="b", contains="timeout", priority="P2"),
        rule(routes=["/api/v1"], contains="/v1/", priority="P1"),
        rule(match="x[0-9]?", priority="P1"),
    ],
)
def test_what_is_right_is_taken(toml: str) -> None:
    assert environments(tomllib.loads(toml + ENVIRONMENT), toml + ENVIRONMENT)["staging"].rules


def test_rules_are_for_the_environments_that_they_name() -> None:
    text = (
        rule(contains="x", priority="P1", environments=["PROD"])
        + rule(name="b", contains="y", priority="P1")
        + ENVIRONMENT
        + '[environments.prod]\nproject = "acme"\n'
    )
    found = environments(tomllib.loads(text), text)
    assert [r.name for r in found["staging"].rules] == ["b"]
    assert [r.name for r in found["prod"].rules] == ["mine", "b"]


def test_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gardener.toml"
    path.write_text(ENVIRONMENT + rule(match="(", priority="P1"))
    with pytest.raises(SettingsError, match=r"gardener\.toml: line 4: rule “mine” match is no"):
        load(path)
    path.write_text("# nothing\n")
    with pytest.raises(SettingsError, match="holds no"):
        rules_of(path, {})


# --- replay


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GARDENER_CONFIG", raising=False)
    file = tmp_path / "entries.jsonl"
    old = [said("cache is cold", "WARNING", -9 * 86_400 + i) for i in range(4)]
    file.write_text("\n".join(json.dumps(e) for e in [*old, *LEDGER]))
    return file


def test_replay_says_what_would_have_changed(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.toml"
    new.write_text(
        rule(contains="ledger differs", priority="P1", reason="money is booked twice")
        + rule(name="cold", contains="cache is cold", priority="P9")
        + impact(says="No sales.", routes=["/pay"])
    )
    replay(ReplayOptions(str(new), file=str(log), last="7d"))
    said_ = capsys.readouterr().out
    assert "1 of 1 cluster would change." in said_
    assert "P5 → P1  ledger differs from bank by 12 cents, 2 times" in said_
    assert "your rule “mine”: P1: money is booked twice" in said_
    assert "Fits nothing here: rule “cold” (new.toml, line 6)" in said_
    assert "Fits nothing here: impact “No sales.” (new.toml, line 10)" in said_
    replay(ReplayOptions(str(new), file=str(log)))
    assert "2 of 2 clusters would change." in capsys.readouterr().out


def test_replay_without_an_environment_asks_for_one(log: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.toml"
    new.write_text(rule(contains="ledger", priority="P1"))
    with pytest.raises(UsageError, match="Which environment"):
        replay(ReplayOptions(str(new)))
    with pytest.raises(UsageError, match="leave --last out"):
        replay(ReplayOptions(str(new), file="-", last="7d"))
