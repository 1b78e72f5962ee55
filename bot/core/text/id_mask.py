"""Replaces ids that stand alone in a text by one placeholder id: a fast first mask.

Every new request or session id would make a new key in the table of meanings. The placeholder has
the same form and length, and no rule of header, redaction or mask distinguishes such ids, so the
text keeps its meaning; a test checks that.

All texts of a batch are processed together by numpy: character by character, finding an id takes
longer than understanding the rest of the text.
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
"""Characters of a long id that redaction keeps; one of them must be a digit."""
_UUID, _DASHES = 36, (8, 13, 18, 23)
_CHUNK = 1_024
"""Texts processed at once, so that intermediate arrays stay in the processor's caches."""
_UUID_PLACEHOLDER = np.frombuffer(b"0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a", np.uint8)


def with_placeholder_ids(texts: Sequence[bytes]) -> list[bytes]:
    """Replaces each id by a placeholder of the same length. Digits must already be zeros.

    An id is a UUID or a word of hexadecimal digits, enclosed by blanks, brackets or commas and not
    the first word of the text. It has a letter, so it is not a number, and a digit within its
    first `_FIRST` characters. Texts without ids are returned as the same objects.
    """
    found: list[bytes] = []
    for at in range(0, len(texts), _CHUNK):
        found += _replaced(texts[at : at + _CHUNK])
    return found


def _replaced(texts: Sequence[bytes]) -> list[bytes]:
    found = list(texts)
    # A newline may follow an id but not precede one, so no id starts at the start of a text.
    joined = b"\n".join([b"", *texts, b" " * _UUID])
    starts, ends, uuids = _ids(np.frombuffer(joined.translate(_KINDS), np.uint8))
    if not starts.size:
        return found
    sizes = ends - starts
    within = np.arange(sizes.sum()) - np.repeat(sizes.cumsum() - sizes, sizes)
    placeholders = np.where(within & 1, np.uint8(ord("a")), np.uint8(ord("0")))
    in_uuid = np.repeat(uuids, sizes)
    placeholders[in_uuid] = _UUID_PLACEHOLDER[within[in_uuid]]
    changed = np.frombuffer(bytearray(joined), np.uint8)
    changed[np.repeat(starts, sizes) + within] = placeholders
    data = changed.tobytes()
    lasts = np.cumsum([len(text) + 1 for text in texts])
    at = np.searchsorted(lasts, starts)
    for i, last in zip(at.tolist(), lasts[at].tolist(), strict=True):
        found[i] = data[last - len(texts[i]) : last]
    return found


def _ids(kinds: NDArray[np.uint8]) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Returns the starts and ends of all ids, and which of them are UUIDs."""
    is_hex = kinds & _HEX != 0
    starts = np.flatnonzero((kinds[:-2] & _BEFORE != 0) & is_hex[1:-1] & is_hex[2:]) + 1
    others = np.flatnonzero(~is_hex)
    passed = np.cumsum(~is_hex, dtype=np.int32)
    ends = others[passed[starts]]
    alone = kinds[ends] & (_AFTER | _DASH) != 0  # drops most words early
    starts, ends = starts[alone], ends[alone]
    # A UUID has exactly four characters that are not hexadecimal: dashes at fixed positions.
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


def ids_are_irrelevant(text: str) -> bool:
    """Returns whether all texts that `with_placeholder_ids` makes this one have the same meaning.

    False next to a month's name, where an id that begins with a digit could be read as a date; for
    several lines, where a number can make a line a frame of a traceback; and beyond ASCII.
    """
    return text.isascii() and text.isprintable() and not _MONTHS.search(text)
