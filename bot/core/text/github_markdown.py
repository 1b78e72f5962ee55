"""Foreign text inside GitHub's Markdown, so that it shows as it is and does nothing.

Log lines come from whoever sends a request. On GitHub `@name` notifies, `#1`, `owner/repo#1` and
an issue's address leave a trace on that issue, "fixes #1" closes it, a picture is loaded, HTML is
rendered and a forged marker looks like ours. A backslash or an entity does not stop a mention or
a reference: only a zero-width space or a code span does.

Shorten first, then call these: what is cut after escaping may lose half of an escape.
"""

from __future__ import annotations

import re

ZWSP = "\u200b"

# Control characters and those that turn the reading direction: they hide what a text says.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$&^=])")
# `@name` (and `repo@sha`), `#1`, `GH-1`, anything that becomes a link by itself.
_REFERENCE = re.compile(r"(@|\#|\bGH\\?-|://|\bwww\.|\bmailto:|\bxmpp:)", re.IGNORECASE)
_LIST_NUMBER = re.compile(r"^(\d+)([.)])")
_TICKS = re.compile("`+")
_BLANKS = re.compile(r"\s+")


def clean(text: str) -> str:
    """Without characters that are invisible or no text; line breaks are line feeds."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))


def one_line(text: str, limit: int) -> str:
    """Cleaned, in one line, at most `limit` characters with an ellipsis where it was cut."""
    return shorten(_BLANKS.sub(" ", clean(_head(text, limit))).strip(), limit)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters; what was cut shows as `…`."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def title(text: str, limit: int) -> str:
    """For an issue's title: one line, literal but for what could notify or refer.

    At most `limit` characters, the zero-width spaces counted.
    """
    short = one_line(text, limit)
    while len(inert := _REFERENCE.sub(rf"\1{ZWSP}", _no_comment(short))) > limit:
        short = shorten(short, len(short) - max(1, len(inert) - limit))
    return inert


def prose(text: str, limit: int) -> str:
    """In running text or a list item: one line that shows literally and refers to nothing."""
    escaped = _SPECIAL.sub(r"\\\1", one_line(text, limit))
    escaped = _LIST_NUMBER.sub(r"\1\\\2", escaped)
    return _REFERENCE.sub(rf"\1{ZWSP}", escaped)


def code(text: str, limit: int) -> str:
    """A code span, whatever backticks are inside. Empty text gives an empty string."""
    line = _no_comment(one_line(text, limit))
    if not line:
        return ""
    ticks = "`" * (_longest(line) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fence(text: str, limit: int, language: str = "") -> str:
    """A fenced block of at most `limit` characters; the fence is longer than any run inside."""
    block = _no_comment(shorten(clean(_head(text, limit)).strip("\n"), limit))
    ticks = "`" * max(3, _longest(block) + 1)
    return f"{ticks}{language}\n{block}\n{ticks}"


def _head(text: str, limit: int) -> str:
    # A line may have 256 KiB: what is far behind the limit is not even cleaned.
    most = 4 * limit + 200
    return text if len(text) <= most else text[:most] + "…"


def _no_comment(text: str) -> str:
    # A real marker copied into a log line must not make this issue look like that cluster's,
    # and where markers are looked for nobody parses Markdown.
    return text.replace("<!--", f"<!{ZWSP}--")


def _longest(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
