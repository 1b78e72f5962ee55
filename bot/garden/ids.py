"""Ids that stand alone in a text: a first, fast mask, for the table of what texts mean.

Requests and sessions have ids of one form, and each id would make a text that was never seen. One
and the same id of that form is put in place of all. What the text says stays the same, since no
rule of header, redaction or mask tells such ids apart: a test holds that.
"""

from __future__ import annotations

import re

from bot.garden.redact import NAMES_OF_SECRETS, needed

_ID = re.compile(
    rb"[ =(\[](?=[0a-f]{2})(?:(?:0++[a-f]|[a-f]{1,7}+0)[0a-f]*+"
    rb"|(?=[a-f]{0,7}0)[0a-f]{8}-[0a-f]{4}-[0a-f]{4}-[0a-f]{4}-[0a-f]{12})(?![^\s,;)\]])"
)
"""A word of hexadecimal digits, or a UUID, alone between blanks, brackets or commas. It has a
letter, so that it is no number, and a digit in what redaction leaves of it, its first eight."""
_LIKE_IT = b"0a" * 2_048
_LIKE_UUID = b"0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"


def with_like_ids(text: bytes) -> bytes:
    """The text with each id replaced by one of the same length; its digits must be zeros."""
    return _ID.sub(_like, text)


def _like(match: re.Match[bytes]) -> bytes:
    found = match[0]
    return found[:1] + (_LIKE_UUID if b"-" in found else _LIKE_IT[: len(found) - 1])


_MONTHS = re.compile("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec")
_SECRET = re.compile(rf"(?i)bearer|basic|(?:{NAMES_OF_SECRETS})[\w-]{{0,24}}\\?[\"']?\s?[:=]")


def tells_all(text: str) -> bool:
    """Whether all texts that become this one once their ids are replaced say the same.

    Not where an id may be a secret, whose form decides what is redacted; nor beside a month, which
    makes a date of a number but not of an id; nor in a traceback of several lines.
    """
    if not (text.isascii() and text.isprintable()) or _MONTHS.search(text):
        return False
    return not needed(text) or not _SECRET.search(text)
