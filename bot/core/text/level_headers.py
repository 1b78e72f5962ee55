"""Parses level headers, the prefixes that logging libraries write before a message.

Over a quarter of a real service's entries carry no severity of their own; the level is in the
text. The header is removed from the message and gives its severity and logger.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from bot.core.model.values import Location, Severity
from bot.core.text.level_form import HeaderForm
from bot.core.text.level_forms import FORMS
from bot.core.text.level_names import LETTERS, NAMES

_MARKS = {"#": "WARNING", "*": "NOTICE", "⨯": "ERROR", "✖": "ERROR", "⚠": "WARNING"}
"""Levels by the sign that Redis and Next.js write for them."""


class Header(NamedTuple):
    """A parsed level header."""

    length: int = 0
    """Characters to remove from the start of the line."""
    severity: Severity = Severity.DEFAULT
    logger: str | None = None
    function: str | None = None
    line: int | None = None

    @property
    def location(self) -> Location | None:
        """The source location, if the header names a logger."""
        return Location(self.logger, self.function, self.line) if self.logger else None


_NONE = Header()
_FORMS_BY_FIRST_CHAR: dict[str, tuple[HeaderForm, ...]] = {
    char: tuple(form for form in FORMS if ("0" if char.isdigit() else char) in form.starts)
    for char in {*"0123456789", *(char for form in FORMS for char in form.starts)}
}


def header(text: str) -> Header:
    """Parses the header at the start of a line; returns an empty one if there is none.

    Expects text without ANSI colours (see `plain`).
    """
    for form in _FORMS_BY_FIRST_CHAR.get(text[:1], ()):
        match = form.pattern.match(text) if form.holds in text else None
        if match is not None:
            end = match.end() if text[match.end() :].strip() else 0  # never the whole text
            found = _header_of(form, end, match.groups())
            return _with_inner(found, text[end:]) if form.outer and end else found
    return _NONE


def _with_inner(outer: Header, rest: str) -> Header:
    """Adds the header that follows another: Apache's before PHP's, a date before a level."""
    inner = header(rest)
    if not inner.severity:
        return outer
    location = outer if inner.logger is None else inner
    return Header(outer.length + inner.length, inner.severity, *location[2:])


@lru_cache(maxsize=4_096)
def _header_of(form: HeaderForm, end: int, values: tuple[str | None, ...]) -> Header:
    groups = {name: values[number - 1] for name, number in form.pattern.groupindex.items()}
    level = groups.get("level") or groups.get("level_in") or LETTERS.get(groups.get("glog") or "")
    level = level or _MARKS.get(groups.get("mark") or "", "")
    line = groups.get("line")
    return Header(
        0 if form.keeps and end <= form.keeps + len(level) else end,
        NAMES.get(level.upper(), Severity.DEFAULT),
        groups.get("logger") or groups.get("first"),
        groups.get("function"),
        int(line) if line else None,
    )


_ANSI = re.compile(
    r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,1024}(?:\x07|\x1b\\)|[@-Z\\-_])"
)
_ESCAPED_TRACE = re.compile(
    r"Traceback \(most recent call last\):\\n|\\n(?:\\t| {2,8})(?:at |File \\?\"|from )"
    r"|goroutine \d+ \[\w+\]:\\n"
)
"""A traceback whose line breaks are written as a backslash and an `n`."""
# Some log shippers drop the escape byte and leave `[32m`.
_BARE_ANSI = re.compile(r"\[(?:\d{1,3};){0,4}\d{1,3}m")


def plain(text: str) -> str:
    """Removes ANSI escapes and control characters other than newline and tab.

    They would hide or reorder words where the text is shown. A carriage return becomes a newline.
    """
    printable = text.isprintable()
    if not printable:
        text = _ANSI.sub("", text)
    if "[" in text:
        text = _BARE_ANSI.sub("", text)
    if "\\n" in text and _ESCAPED_TRACE.search(text):
        text = text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\t", "\t")
        text = text.replace('\\"', '"')
    return text if printable else text.translate(_CONTROL)


_CONTROL: dict[int, str | None] = dict.fromkeys(
    [
        *(code for code in range(32) if code not in (0x09, 0x0A, 0x0D)),
        *range(0x7F, 0xA0),
        # Bidirectional controls and the byte order mark reorder or join words invisibly.
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
) | {0x0D: "\n"}
