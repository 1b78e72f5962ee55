"""Writes docs/tables.md from the tables in the code: `.venv/bin/python docs/tables.py`."""  # noqa: INP001 - a script

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from bot.core.commands.time_windows import WINDOWS, WindowForm
from bot.core.commands.times import TIMES, TimePhrase
from bot.core.entries.traces import TRACE_FORMS
from bot.core.model.report import Factor
from bot.core.model.values import Severity
from bot.core.text import platform_reasons, process_ends, redact, redact_rules, stderr_words
from bot.core.text.access_forms import ACCESS_FORMS
from bot.core.text.access_lines import from_text
from bot.core.text.last_words import LAST_WORDS
from bot.core.text.level_forms import FORMS
from bot.core.text.level_headers import header
from bot.core.text.mask import MASKS, mask
from bot.core.text.slow_workers import TIMEOUT_LINES
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

ACCESS = """\
## Access lines

`bot/core/text/access_forms.py`, `ACCESS_FORMS`. How servers and frameworks write a request that
they answered; what stands before it, such as a level header, is taken off first. JSON lines of
Fastify, pino-http, Caddy, Traefik, Echo, Envoy and ASP.NET are read by their fields
(`bot/core/entries/json_message.py`).
"""

TALK_OF_FAILURES = """\
## Talk of failures

`bot/core/text/stderr_words.py`, `TALK`. Where a line has no level and came on stderr, or its stream
is unknown, words that only mention failures are taken out of it first.
"""

WORDS_OF_FAILURE = """\
## Words of failure

`bot/core/text/stderr_words.py`, `WORDS`. What is left of such a line then has the severity of the
first row that matches.
"""

ENDS = """\
## Sentences about ends

`bot/core/text/process_ends.py`, `END_LINES`. How platforms, servers and programs report that a
process ended (*ended*), did not come up (*not started*), or that a service is not ready for it
(*not ready*). All rows are tried.
"""

LAST = """\
## Last words

`bot/core/text/last_words.py`, `LAST_WORDS`. Of the lines just before a process ended, the first row
that one of them matches shows the cause, where no level does; then the words of failure.
"""

SLOW = """\
## Workers that took too long

`bot/core/text/slow_workers.py`, `TIMEOUT_LINES`. How servers report that they ended a worker over a
request that took too long.
"""

REASONS_OF_PLATFORM = """\
## Reasons of the platform

`bot/core/text/platform_reasons.py`, `REASONS`. Why the platform itself failed a request. The first
that matches counts.
"""

TRACES = """\
## Trace ids

`bot/core/entries/traces.py`, `TRACE_FORMS`. How an entry names the request that it belongs to. The
first that an entry has is its trace.
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
        ACCESS,
        _table(("server", "line", "request", "not"), _access()),
        TALK_OF_FAILURES,
        _table(("row", "taken out of", "finds nothing in"), _talk()),
        WORDS_OF_FAILURE,
        _table(("row", "severity", "for example", "not"), _words()),
        ENDS,
        _table(("reports", "for example", "not", "written by"), _ends()),
        LAST,
        _table(("row", "for example", "not"), _last()),
        SLOW,
        _table(("server", "for example", "not"), _slow()),
        REASONS_OF_PLATFORM,
        _table(("reason", "for example", "not", "written by"), _reasons()),
        TRACES,
        _table(("form", "for example", "not", "written by"), _traces()),
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


def _access() -> Iterator[Sequence[str]]:
    for form in ACCESS_FORMS:
        yield form.name, _code(form.example), str(from_text(form.example)), _code(form.counter)


def _talk() -> Iterator[Sequence[str]]:
    for row in stderr_words.TALK:
        yield row.name, _code(row.example), _code(row.counter)


def _words() -> Iterator[Sequence[str]]:
    for row in stderr_words.WORDS:
        yield row.name, row.severity.name, _code(row.example), _code(row.counter)


def _ends() -> Iterator[Sequence[str]]:
    for line in process_ends.END_LINES:
        means = ", ".join(str(one.name).lower().replace("_", " ") for one in line.means)
        yield means, _code(line.example), _code(line.counter), line.source


def _last() -> Iterator[Sequence[str]]:
    for row in LAST_WORDS:
        yield row.name, _code(row.example), _code(row.counter)


def _slow() -> Iterator[Sequence[str]]:
    for row in TIMEOUT_LINES:
        yield row.server, _code(row.example), _code(row.counter)


def _reasons() -> Iterator[Sequence[str]]:
    for row in platform_reasons.REASONS:
        yield row.failing.value, _code(row.example), _code(row.counter), row.source


def _traces() -> Iterator[Sequence[str]]:
    for row in TRACE_FORMS:
        yield row.name, _code(row.example.decode()), _code(row.counter.decode()), row.why


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
