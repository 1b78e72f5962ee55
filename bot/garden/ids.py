"""Ids that stand alone in a text: a first, fast mask, for the table of what texts mean.

Requests and sessions have ids of one form, and each id would make a text that was never seen. One
and the same id of that form is put in place of all. What the text says stays the same, since no
rule of header, redaction or mask tells such ids apart: a test holds that.
"""

from __future__ import annotations

import re

_ID = re.compile(
    rb"[ =(\[](?=[0a-f]{2})(?:(?:0++[a-f]|[a-f]{1,7}+0)[0a-f]*+"
    rb"|(?=[a-f]{0,7}0)[0a-f]{8}-[0a-f]{4}-[0a-f]{4}-[0a-f]{4}-[0a-f]{12})(?![^\s,;)\]])"
)
"""A word of hexadecimal digits, or a UUID, alone between blanks, brackets or commas. It has a
letter, so that it is no number, and a digit in what redaction leaves of it, its first eight."""
_LIKE_IT = b"0a" * 2_048
_LIKE_UUID = b"0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"


_LETTERS = bytes.maketrans(b"bcdef", b"aaaaa")


def with_like_ids(text: bytes) -> bytes:
    """The text with each id replaced by one of the same length; its digits must be zeros."""
    letters = text.translate(_LETTERS)
    if b"0a" not in letters and b"a0" not in letters:  # as in all ids but few, and no other words
        return text
    first = _ID.search(text)
    if first is None:
        return text
    # Most have one: of that, no function needs to be asked.
    end = first.end()
    return text[: first.start()] + _like(first) + _ID.sub(_like, text[end:])


def _like(match: re.Match[bytes]) -> bytes:
    found = match[0]
    return found[:1] + (_LIKE_UUID if b"-" in found else _LIKE_IT[: len(found) - 1])


_MONTHS = re.compile("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec")


def tells_all(text: str) -> bool:
    """Whether all texts that become this one once their ids are replaced say the same.

    Not beside a month, which makes a date of an id that begins with a digit; nor where a line is a
    frame of a traceback if it has a number in it; nor where letters are beyond what was looked at.
    """
    return text.isascii() and text.isprintable() and not _MONTHS.search(text)
