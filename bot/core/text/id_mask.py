"""Ids that stand alone in a text: a first, fast mask, for the table of what texts mean.

Requests and sessions have ids of one form, and each id would make a text that was never seen. One
and the same id of that form is put in place of all. What the text says stays the same, since no
rule of header, redaction or mask tells such ids apart: a test holds that.

All texts of a batch are looked at together, by numpy: sign by sign it takes longer to find an id
than to understand the rest of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_HEX, _LETTER, _BEFORE, _AFTER, _DASH = 1, 2, 4, 8, 16
_SIGNS = {
    _HEX: b"0abcdef", _LETTER: b"abcdef", _BEFORE: b" =([", _AFTER: b" \t\n\r\f\v,;)]", _DASH: b"-",
}  # fmt: skip
_KINDS = bytes(sum(kind for kind in _SIGNS if sign in _SIGNS[kind]) for sign in range(256))
_FIRST = 8
"""Redaction leaves so many signs of a long id: one of these must be a digit."""
_UUID, _DASHES = 36, (8, 13, 18, 23)
_TOGETHER = 1_024
"""Texts that are looked at together: what is made on the way stays in the processor's caches."""
_LIKE_UUID = np.frombuffer(b"0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a", np.uint8)


def with_like_ids(texts: Sequence[bytes]) -> list[bytes]:
    """The texts with each id replaced by one of the same length; their digits must be zeros.

    An id is a word of hexadecimal digits, or a UUID, alone between blanks, brackets or commas, and
    not the first. It has a letter, so that it is no number, and a digit in what redaction leaves
    of it.
    """
    found: list[bytes] = []
    for at in range(0, len(texts), _TOGETHER):
        found += _replaced(texts[at : at + _TOGETHER])
    return found


def _replaced(texts: Sequence[bytes]) -> list[bytes]:
    found = list(texts)
    # Between two texts stands what may follow an id, but not come before one.
    joined = b"\n".join([b"", *texts, b" " * _UUID])
    starts, ends, uuids = _ids(np.frombuffer(joined.translate(_KINDS), np.uint8))
    if not starts.size:
        return found
    sizes = ends - starts
    within = np.arange(sizes.sum()) - np.repeat(sizes.cumsum() - sizes, sizes)
    like = np.where(within & 1, np.uint8(ord("a")), np.uint8(ord("0")))
    in_uuid = np.repeat(uuids, sizes)
    like[in_uuid] = _LIKE_UUID[within[in_uuid]]
    changed = np.frombuffer(bytearray(joined), np.uint8)
    changed[np.repeat(starts, sizes) + within] = like
    data = changed.tobytes()
    lasts = np.cumsum([len(text) + 1 for text in texts])
    at = np.searchsorted(lasts, starts)
    for i, last in zip(at.tolist(), lasts[at].tolist(), strict=True):
        found[i] = data[last - len(texts[i]) : last]
    return found


def _ids(kinds: NDArray[np.uint8]) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Where ids begin and end, and which are UUIDs."""
    is_hex = kinds & _HEX != 0
    starts = np.flatnonzero((kinds[:-2] & _BEFORE != 0) & is_hex[1:-1] & is_hex[2:]) + 1
    others = np.flatnonzero(~is_hex)
    passed = np.cumsum(~is_hex, dtype=np.int32)
    ends = others[passed[starts]]
    alone = kinds[ends] & (_AFTER | _DASH) != 0  # few words are
    starts, ends = starts[alone], ends[alone]
    # A UUID has four others, all of them dashes, and these in their places.
    uuids = passed[starts + _UUID - 1] - passed[starts] == len(_DASHES)
    for dash in _DASHES:
        uuids &= kinds[starts + dash] == _DASH
    ends[uuids] = starts[uuids] + _UUID
    letters = np.cumsum(kinds & _LETTER != 0, dtype=np.int32)
    before = letters[starts - 1]
    head = np.minimum(ends - starts, _FIRST)
    has_digit = letters[starts + head - 1] - before < head
    has_letter = letters[ends - 1] > before
    found = has_digit & (has_letter | uuids) & (kinds[ends] & _AFTER != 0)
    return starts[found], ends[found], uuids[found]


_MONTHS = re.compile("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec")


def tells_all(text: str) -> bool:
    """Whether all texts that become this one once their ids are replaced say the same.

    Not beside a month, which makes a date of an id that begins with a digit; nor where a line is a
    frame of a traceback if it has a number in it; nor where letters are beyond what was looked at.
    """
    return text.isascii() and text.isprintable() and not _MONTHS.search(text)
