"""Writes docs/formats.md from the tables in the code: `.venv/bin/python docs/formats.py`."""  # noqa: INP001 - a script

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.adapters.files.formats import FORMATS
from bot.adapters.files.prefixes import FORMS

PAGE = Path(__file__).with_name("formats.md")

INTRODUCTION = """\
# Formats of log files

Made from the code by `docs/formats.py`; a test fails where this page is stale.

`gardener analyze FILE`, `--from FILE`, `--from -` (standard input) and a file dropped in Slack are
read alike, whatever the file is called. UTF-8 with and without a byte order mark, UTF-16 and UTF-32
are read; gzip and a zip of one file are unpacked. A time may be RFC 3339, BigQuery's
`2026-05-04 10:00:00.123456 UTC`, or a number of seconds, milli-, micro- or nanoseconds.

## Formats

`bot/adapters/files/formats.py`, `FORMATS`. The first that fits is taken.
"""

ENVELOPES = """\
Fields may be spelled `textPayload`, `text_payload` or `TextPayload`, as clients and exports do. An
object without a payload, and without a message that a logging library writes, is no log entry.
"""

PREFIXES = """\
## Prefixes of lines

`bot/adapters/files/prefixes.py`, `FORMS`. What tools put before a line of text tells its time and
its container. A time alone may stand before a line as well. Lines that go on with the one before, a
traceback's for instance, are one entry with it.
"""

BAD = """\
## What is not read

Every entry that cannot be read is counted as broken, and the rest is read. These are refused, with
a sentence that says what to do:

- a zip of several files, which it names; a zip with a password; bzip2, xz, zstd and 7-Zip
- what unpacks to more than 200 times its size
- binary files, and HTML or XML pages
- text in which no line has a time, a level or a word for an error

A row of a CSV that does not fit its columns is broken, and so is a YAML document of more than 2 MiB
or whose aliases stand for more than 100,000 values. Of a line of text the first 256 KiB are read.
Text that is not UTF-8, such as Shift-JIS, is read with `\ufffd` for what is unclear, and a sentence
says how to convert it.
"""


def page() -> str:
    """The whole page."""
    formats = ((f.name, f.written_by, _code(f.example)) for f in FORMATS)
    prefixes = ((form.name, _code(form.example)) for form in FORMS)
    return "\n".join([
        INTRODUCTION, _table(("format", "written by", "example"), formats), ENVELOPES,
        PREFIXES, _table(("tool", "example"), prefixes), BAD,
    ])  # fmt: skip


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _code(text: str) -> str:
    return f"`{text.strip()}`".replace("\n", "\\n").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
