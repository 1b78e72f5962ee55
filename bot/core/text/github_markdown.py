"""Escapes untrusted text for GitHub's Markdown: it shows literally and has no side effects.

Log lines come from whoever sends a request. On GitHub `@name` notifies, `#1`, `owner/repo#1` and
an issue's address leave a trace on that issue, "fixes #1" closes it, a picture is loaded, HTML is
rendered and a forged marker looks like ours. A backslash or an entity does not stop a mention or
a reference: only a zero-width space or a code span does.

Shorten first, then escape: cutting an escaped text may split an escape.
"""

from __future__ import annotations

import re

ZWSP = "\u200b"

# Control characters, zero-width characters and those that change the reading direction.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$&^=])")
# `@name` (and `repo@sha`), `#1`, `GH-1`, anything that GitHub links automatically.
_REFERENCE = re.compile(r"(@|\#|\bGH\\?-|://|\bwww\.|\bmailto:|\bxmpp:)", re.IGNORECASE)
_LIST_NUMBER = re.compile(r"^(\d+)([.)])")
_TICKS = re.compile("`+")
_BLANKS = re.compile(r"\s+")


def clean(text: str) -> str:
    """Removes invisible characters, replaces lone surrogates, turns line breaks into line feeds."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))


def one_line(text: str, limit: int) -> str:
    """Cleans the text, joins its lines and shortens it to `limit` characters."""
    return shorten(_BLANKS.sub(" ", clean(_head(text, limit))).strip(), limit)


def shorten(text: str, limit: int) -> str:
    """Cuts the text to `limit` characters, ending in `…` if it was longer."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def title(text: str, limit: int) -> str:
    """Formats an issue's title: one line, without mentions and references.

    At most `limit` characters, including the zero-width spaces.
    """
    short = one_line(text, limit)
    while len(inert := _REFERENCE.sub(rf"\1{ZWSP}", _no_comment(short))) > limit:
        short = shorten(short, len(short) - max(1, len(inert) - limit))
    return inert


def prose(text: str, limit: int) -> str:
    """Escapes one line of running text or a list item, without mentions and references."""
    escaped = _SPECIAL.sub(r"\\\1", one_line(text, limit))
    escaped = _LIST_NUMBER.sub(r"\1\\\2", escaped)
    return _REFERENCE.sub(rf"\1{ZWSP}", escaped)


def code(text: str, limit: int) -> str:
    """Formats a code span, with a fence longer than any backticks inside; empty for empty text."""
    line = _no_comment(one_line(text, limit))
    if not line:
        return ""
    ticks = "`" * (_longest(line) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fence(text: str, limit: int, language: str = "") -> str:
    """Formats a fenced block of at most `limit` characters, with a fence longer than any inside."""
    block = _no_comment(shorten(clean(_head(text, limit)).strip("\n"), limit))
    ticks = "`" * max(3, _longest(block) + 1)
    return f"{ticks}{language}\n{block}\n{ticks}"


def _head(text: str, limit: int) -> str:
    # A line may have 256 KiB: cut well beyond the limit before cleaning.
    most = 4 * limit + 200
    return text if len(text) <= most else text[:most] + "…"


def _no_comment(text: str) -> str:
    # A marker copied into a log line must not make this issue look like another cluster's;
    # the search for markers does not parse Markdown, so a code span would not hide it.
    return text.replace("<!--", f"<!{ZWSP}--")


def _longest(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
