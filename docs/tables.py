"""Writes docs/tables.md from the tables in the code: `.venv/bin/python docs/tables.py`."""  # noqa: INP001 - a script

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from bot.core.commands.time_windows import WINDOWS, WindowForm
from bot.core.commands.times import TIMES, TimePhrase
from bot.core.model.report import Factor
from bot.core.model.values import Severity
from bot.core.text import redact, redact_rules
from bot.core.text.level_forms import FORMS
from bot.core.text.level_headers import header
from bot.core.text.mask import MASKS, mask
from bot.core.triage import missing_settings
from bot.core.triage.rule import TriageRule
from bot.core.triage.rules import RULES
from bot.core.triage.weights import ADJUSTMENTS

PAGE = Path(__file__).with_name("tables.md")

INTRODUCTION = """\
# The tables

Printed from the code by `docs/tables.py`; a test fails if this page is stale. Each table is one
list in one file, applied from top to bottom.
"""

REDACTION = """\
## Redaction

`bot/core/text/redact_rules.py`, `RULES`. Redaction is the first step for text from a log. What a
rule removes is never stored, posted, filed or logged. All rules are applied.

In JSON, the value of a key that is named like a secret (`password`, `api_key`, `authorization`, …)
always becomes `REDACTED`.
"""

MASKING = """\
## Masks

`bot/core/text/mask.py`, `MASKS`. Values that vary in a message become `<*>`; messages that are then
equal are one. All rules are applied, after every run of digits became one `0`. Values that no
pattern recognises, such as a user's name, are found by comparing messages
(`bot/core/clusters/grouping.py`).
"""

HEADERS = """\
## Level headers

`bot/core/text/level_forms.py`, `FORMS`. What logging libraries write before the message, where an
entry carries no severity of its own. The first that fits is taken off and read.
"""

TRIAGE = """\
## Triage rules

`bot/core/triage/rules.py`, `RULES`. The first rule that matches gives the priority, and its
sentence is the first reason on the card. A team's own rules come after the first row.
[priorities.md](priorities.md) explains each priority.
"""

SETTINGS = """\
## Missing settings

`bot/core/triage/missing_settings.py`, `SETTINGS`. How libraries report a setting that is missing or
wrong at the start. All rows are tried; cause and next step name what they find.
"""

WEIGHTS = """\
## Weights

`bot/core/triage/weights.py`, `ADJUSTMENTS`. Weights of figures move a rule's priority of P2 to P5.
For each factor the first row that matches counts; the sum is truncated to whole steps.
"""

SPANS = """\
## Windows

`bot/core/commands/time_windows.py`, `WINDOWS`: what may follow an environment in Slack and in the
terminal. Typed times are in your own zone: in Slack the one of your profile, in the terminal `TZ`,
else the environment's `timezone`. A window ends now at the latest and begins at most 30 days ago.
"""

PHRASES = """\
## Times in windows

`bot/core/commands/times.py`, `TIMES`. What comes back every day or week is the latest that has
begun, or after *to* the next. Of two equal times when clocks go back, a start is the first and an
end the second.
"""


def page() -> str:
    """The whole page."""
    parts = [
        INTRODUCTION,
        SPANS,
        _table(("form", "for example", "meaning"), _forms(WINDOWS)),
        PHRASES,
        _table(("time", "for example", "meaning"), _forms(TIMES)),
        REDACTION,
        _table(("rule", "this", "becomes", "left alone"), _redaction()),
        MASKING,
        _table(("rule", "this", "becomes", "this rule leaves alone"), _masks()),
        HEADERS,
        _table(("form", "line", "severity", "message"), _headers()),
        TRIAGE,
        _table(("rule", "priority", "for example", "not", "reason"), _triage()),
        SETTINGS,
        _table(("wording", "for example", "names", "not"), _settings()),
        WEIGHTS,
        _table(("factor", "weight", "for example"), _weights()),
    ]
    return "\n".join(parts)


def _forms(rows: Iterable[WindowForm | TimePhrase]) -> Iterator[Sequence[str]]:
    for row in rows:
        yield row.name, ", ".join(map(_code, row.examples)), row.meaning


def _redaction() -> Iterator[Sequence[str]]:
    for rule in redact_rules.RULES:
        yield (
            rule.name,
            _code(rule.matches),
            _code(redact.redact(rule.matches)),
            _code(rule.spares),
        )


def _masks() -> Iterator[Sequence[str]]:
    for rule in MASKS:
        yield rule.name, _code(rule.example), _code(mask(rule.example)), _code(rule.counter)


def _headers() -> Iterator[Sequence[str]]:
    for form in FORMS:
        read = header(form.example)
        severity = "" if read.severity is Severity.DEFAULT else read.severity.name
        yield form.name, _code(form.example), severity, _code(form.example[read.length :])


def _triage() -> Iterator[Sequence[str]]:
    for rule in RULES:
        example, counter = _code(rule.example.text), _code(rule.counter.text)
        yield rule.name, ", ".join(_priorities(rule)), example, counter, rule.reason


def _settings() -> Iterator[Sequence[str]]:
    for row in missing_settings.SETTINGS:
        yield row.source, _code(row.example), ", ".join(row.names), _code(row.counter)


def _weights() -> Iterator[Sequence[str]]:
    for row in ADJUSTMENTS:
        said = row.text(row.example.facts)
        yield row.factor, Factor(row.factor, said, row.shift).weight or "none", said


def _priorities(rule: TriageRule) -> Iterable[str]:
    """Every priority that the rule gives to messages like its example, most important first."""
    example = rule.example.facts
    severities = (Severity.CRITICAL, Severity.ERROR, Severity.WARNING, Severity.NOTICE)
    alike = [
        replace(
            example,
            severity=severity,
            occurrences=max(times, example.occurrences),
            repeats=times >= 3,
        )
        for severity, times in product((*severities, Severity.INFO), (1, 3))
    ]
    fitting = [facts for facts in alike if rule.fits(facts)]
    return (p.name for p in sorted({rule.priority(facts) for facts in fitting}))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _code(text: str) -> str:
    """As code within a table's cell. A backtick inside needs a longer fence."""
    text = text.replace("\n", "\\n").replace("|", "\\|").strip()
    if not text:
        return "(nothing)"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
