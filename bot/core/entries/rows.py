"""Entries side by side: what counting needs of each, and nothing more.

Every source gives its pages in this form, by the quickest way that it knows. A row's key decides
all that its words mean: two entries with the same key mean the same, so one of them is understood
and all others are looked up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import orjson

from bot.core.entries.place import Raw, order_of
from bot.core.entries.slices import Chain, Column, Slices
from bot.core.entries.writers import Origin
from bot.core.model.values import JSON, Severity
from bot.core.text.mask import ZEROS
from bot.core.text.severity import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_TIME = -(2**63)
"""Stands for a missing timestamp."""

LONGEST = 4_096
"""Bytes of text that a key may hold: longer texts are rare, and are understood each time."""
LARGE = 16_384
"""Bytes of a packed entry, above which its long texts are cut in the middle: it is kept to show
what a message looks like, and a report shows no more of it."""


TextKey = bytes
"""Of an entry that says nothing but a text: this in UTF-8 with its digits as zeros, and one byte
for the severity beside it, in hundreds. One object, since every entry's is made and looked for."""


class RequestKey(NamedTuple):
    """Of an entry of the request log."""

    method: str
    url: str
    """Without its query, which decides nothing."""
    status: int
    agent: str
    referer: str
    text: str
    severity: int

    @property
    def http(self) -> JSON:
        """As an entry holds it."""
        return {
            "requestMethod": self.method,
            "requestUrl": self.url,
            "status": self.status,
            "userAgent": self.agent,
            "referer": self.referer,
        }


RowKey = TextKey | RequestKey | None
"""None: no key can tell, the entry must be read as a whole."""


@dataclass(slots=True)
class Rows:
    """Columns of equal length, one row an entry."""

    keys: list[RowKey] = field(default_factory=list)
    names: Column[bytes] = field(default_factory=list)
    """insertId, or `line:N`, in UTF-8."""
    named: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    """Whether the name is an insertId, which can be a duplicate."""
    times: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Nanoseconds since the epoch, or `NO_TIME`."""
    origins: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Of each row: which one of `known`."""
    known: Sequence[Origin] = ()
    """Those of the rows; one can be in there twice."""
    raws: Column[object] = field(default_factory=list)
    text: Callable[[object], str] = field(default=lambda raw: text_of(raw))  # noqa: PLW0108
    """The text of an entry that has a `TextKey`, with its digits."""
    pack: Callable[[object], Raw] = field(default=lambda raw: packed(raw))  # noqa: PLW0108

    def __len__(self) -> int:
        return len(self.keys)

    def origin(self, i: int) -> Origin:
        """Who wrote a row."""
        return self.known[int(self.origins[i])]

    def of_logs(self, wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Which rows are of a log whose name is wanted."""
        numbers = [number for number, origin in enumerate(self.known) if wanted(origin.log)]
        return np.isin(self.origins, numbers) if numbers else np.zeros(len(self), np.bool_)

    def orders(self) -> NDArray[np.int64]:
        """Of each row's name, among samples."""
        names = self.names
        if isinstance(names, Slices):
            return names.crc32()
        return np.fromiter(map(order_of, names), np.int64, len(names))

    def hashes(self) -> NDArray[np.int64]:
        """64 bits of each row's log, time and name: equal for duplicates, and for no others."""
        names = self.names
        if isinstance(names, Slices):
            of_names = names.hashes()
        else:
            of_names = np.fromiter(map(hash, names), np.int64, len(names))
        logs = np.array([hash(origin.log) for origin in self.known], np.int64)[self.origins]
        # Odd factors lose nothing: what differs in its name, its time or its log alone stays apart.
        return of_names ^ (self.times * _BY_TIME) ^ (logs * _BY_LOG)

    def time(self, i: int) -> int | None:
        """A row's time."""
        time = int(self.times[i])
        return None if time == NO_TIME else time

    def json(self, i: int) -> JSON:
        """A row's whole entry."""
        raw = self.raws[i]
        if isinstance(raw, dict):
            return raw
        packed = self.pack(raw)
        return packed.unpack(packed.data)


_BY_TIME, _BY_LOG = np.int64(-7046029254386353131), np.int64(5871781006564002453)


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows of one source, one part behind another."""
    if len(parts) == 1:
        return parts[0]
    whole = Rows(pack=parts[0].pack, text=parts[0].text)
    whole.names = Chain([rows.names for rows in parts])
    whole.raws = Chain([rows.raws for rows in parts])
    for rows in parts:
        whole.keys += rows.keys
    whole.named = np.concatenate([rows.named for rows in parts])
    whole.times = np.concatenate([rows.times for rows in parts])
    starts = [0, *accumulate(len(rows.known) for rows in parts[:-1])]
    whole.origins = np.concatenate(
        [rows.origins + start for rows, start in zip(parts, starts, strict=True)]
    )
    whole.known = [origin for rows in parts for origin in rows.known]
    return whole


# --- keeping an entry ----------------------------------------------------------------------------


def packed(raw: object) -> Raw:
    """A JSON entry, packed; what is long in it is cut."""
    data = raw if isinstance(raw, bytes) else serialized(raw)
    if len(data) > LARGE:
        raw = loads(data)
        data = serialized(shortened(raw))
    return Raw(data, loads)


def serialized(value: object) -> bytes:
    """A JSON value as bytes, half a surrogate pair in it too."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=str).encode("ascii")


def loads(data: bytes) -> JSON:
    """A JSON object; empty where it is none. Never fails."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:  # half a surrogate pair, or a number of thousands of digits
        try:
            value = json.loads(data.decode("utf-8", "replace"), parse_int=_number)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _number(digits: str) -> float:
    return int(digits) if len(digits) < 400 else float(digits)


_HEAD, _TAIL, _ITEMS, _DEPTH = 9_000, 3_000, 100, 16


def shortened(value: object, depth: int = 0) -> object:
    """A JSON value whose texts keep their beginning and their last lines, and lists their head."""
    if isinstance(value, str):
        if len(value) <= _HEAD + _TAIL:
            return value
        # A line that is cut in two could hide half of a secret from its rule.
        _, newline, tail = value[-_TAIL:].partition("\n")
        return value[:_HEAD] + newline + tail if newline else value[:_HEAD]
    if isinstance(value, Mapping):
        if depth >= _DEPTH:
            return {}
        return {k: shortened(v, depth + 1) for k, v in list(value.items())[:_ITEMS]}
    if isinstance(value, list | tuple):
        return [shortened(v, depth + 1) for v in value[:_ITEMS]] if depth < _DEPTH else []
    return value


# --- what several sources have in common ----------------------------------------------------------


def text_of(raw: object) -> str:
    """The text of a JSON entry, or of its bytes, that has a `TextKey`."""
    entry = raw if isinstance(raw, dict) else loads(cast("bytes", raw))
    text = entry.get("textPayload")
    return text if isinstance(text, str) else str(cast("JSON", entry["jsonPayload"])["message"])


TRACES = frozenset({
    "stack_trace", "exc_info", "exception", "traceback", "stack", "stacktrace", "err",
})  # fmt: skip
"""Fields of a payload that may hold a traceback: then its message is not all that it says."""


def text_key(text: bytes, severity: int) -> TextKey | None:
    """The key of a text; None where it is too long or says nothing."""
    if len(text) > LONGEST or not text or text.isspace():
        return None
    return text.translate(ZEROS) + _AS_BYTES[nearest(severity)]


def said(key: TextKey) -> tuple[bytes, Severity]:
    """The text and the severity of a key."""
    return key[:-1], _SEVERITIES[key[-1]]


_SEVERITIES = tuple(Severity)
_AS_BYTES = {severity: bytes([severity // 100]) for severity in _SEVERITIES}
