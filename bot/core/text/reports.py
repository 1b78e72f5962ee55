"""Reports of an exception whose first lines say it in a way of their own: Rust's, Sinatra's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.text.frames import MAX_LINE, RUST_PANIC, is_frame

CHAIN = "Caused by:"
"""Above the causes of an error of anyhow (Rust), one a line: `    0: connection refused`."""
_NUMBER = re.compile(r"\d{1,3}: ")
_SINATRA = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - ((?:[A-Z]\w{0,80}::){0,8}[A-Z]\w{0,80}) - ([^\n]{1,1800})"
)
"""An exception in a route of Sinatra: its time, class and message."""
_NO_MEMORY = re.compile(r"memory allocation of \d{1,20} bytes failed$")
"""Rust's, above a backtrace."""
_AFTER_PANIC = ("stack backtrace:", "note: ", "   0: ")


def reported(lines: Sequence[str]) -> str | None:
    """Returns the exception that a text of several lines reports; None for any other form."""
    first = lines[0][:MAX_LINE]
    if RUST_PANIC.match(first):
        return _panic(lines)
    if sinatra := _SINATRA.match(first):
        return f"{sinatra[1]}: {sinatra[2].rstrip(':')}"
    if _NO_MEMORY.match(first):
        return first
    return _chained(lines) if CHAIN in lines[1:] else None


def _panic(lines: Sequence[str]) -> str:
    """Returns where Rust panicked with the words that stand below it."""
    words: list[str] = []
    for line in lines[1:]:
        if line.startswith(_AFTER_PANIC) or is_frame(line):
            break
        words.append(line.strip())
    where = lines[0].strip().rstrip(":")
    return ": ".join(filter(None, (where[where.find("panicked at ") :], " ".join(words))))


def _chained(lines: Sequence[str]) -> str:
    """Returns an error with the causes below it."""
    at = lines.index(CHAIN)
    parts = [line.strip() for line in lines[:at]]
    for line in lines[at + 1 :]:
        if not line[:1].isspace():
            break
        part = _NUMBER.sub("", line.strip(), count=1)
        if not parts[-1].endswith(part):  # an error may repeat its cause in its own words
            parts.append(part)
    return ": ".join(part.rstrip(":") for part in parts if part)
