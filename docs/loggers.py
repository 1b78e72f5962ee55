"""Writes docs/loggers.md from the tables in the code: `.venv/bin/python docs/loggers.py`."""  # noqa: INP001 - a script

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.core.entries.json_message import MESSAGES
from bot.core.text import stderr_words
from bot.core.text.json_levels import NAMED, NESTED, SCALES, of_payload
from bot.core.text.level_forms import FORMS
from bot.core.text.level_headers import header
from bot.core.text.stderr_words import TALK, WORDS

PAGE = Path(__file__).with_name("loggers.md")

INTRODUCTION = """\
# Loggers

Made from the code by `docs/loggers.py`; a test fails where this page is stale. It lists which
levels and messages Gardener reads, and from whose lines.
"""

TEXT = """\
## Levels in text

`bot/core/text/level_forms.py`, `FORMS`. The header is removed from the message.
"""

NUMBERS = """\
## Levels in JSON

`bot/core/text/json_levels.py`, `NAMED` and `SCALES`. Names are read in upper, lower and mixed case,
under any of these keys: {keys}. Numbers mean different things; the first scale that fits counts:
"""

FIELDS = """\
## Messages in JSON

`bot/core/entries/json_message.py`, `MESSAGES`. The first field that holds a text counts; an error
and a traceback in another field are added to it.
"""

STDERR = """\
## Lines without a level on stderr

`bot/core/text/stderr_words.py`, `TALK` and `WORDS`. What is mere talk is taken out first; then the
first row that matches gives the severity
([decision 12](decisions/0012-severity-without-a-level.md)).
"""


def levels() -> str:
    """The sections on levels and messages."""
    keys = ", ".join(f"`{key}`" for key in (*NAMED, *(".".join(path) for path in NESTED)))
    return "\n".join([
        TEXT,
        _table(("logger", "line", "severity", "message"), _headers()),
        NUMBERS.format(keys=keys),
        _table(("scale", "for example", "severity"), _scales()),
        FIELDS,
        _table(("field", "written by"), ((_code(".".join(p)), who) for p, who in MESSAGES)),
        STDERR,
        _table(
            ("mere talk", "for example"), ((row.name, _code(row.example)) for row in TALK)
        ),
        _table(
            ("reports a failure", "for example", "severity"),
            (
                (row.name, _code(row.example), stderr_words.severity(row.example).name)
                for row in WORDS
            ),
        ),
    ])  # fmt: skip


def page() -> str:
    """The whole page."""
    return f"{INTRODUCTION}\n{levels()}"


def _headers() -> Iterable[Sequence[str]]:
    for form in FORMS:
        for who, line in ((form.name, form.example), *form.also):
            found = header(line)
            severity = found.severity.name if found.severity else ""
            yield who, _code(line), severity, _code(line[found.length :])


def _scales() -> Iterable[Sequence[str]]:
    for scale in SCALES:
        yield scale.name, _code(json.dumps(scale.example)), of_payload(scale.example).name


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _code(text: str) -> str:
    """As code within a table's cell. A backtick inside needs a longer fence."""
    text = text.replace("\n", "\\n").replace("\t", "\\t").replace("|", "\\|").strip()
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
