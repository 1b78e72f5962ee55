"""Log entries in columns, with only what counting needs of each.

Every source converts its pages to this form in its own fastest way. A row's key determines its
meaning, so one entry per key is interpreted and all others are looked up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import orjson

from bot.core.entries.columns import Chain, Column
from bot.core.entries.place import Raw, order_of
from bot.core.entries.writers import Origin
from bot.core.model.values import JSON, Severity
from bot.core.text.mask import ZEROS
from bot.core.text.severity import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_TIME = -(2**63)
"""In place of a missing timestamp."""

LONGEST = 4_096
"""Bytes of text in a key. Longer texts are rare and have no key: each is interpreted."""
LARGE = 16_384
"""Bytes of a packed entry above which its long texts are cut in the middle. An entry is kept as an
example of a message, and a report shows no more of it."""


TextKey = bytes
"""The key of an entry with nothing but a text: its UTF-8 with digits as zeros, then one byte for
the severity in hundreds. A single bytes object, since one is made and looked up per entry."""


class RequestKey(NamedTuple):
    """The key of an entry of the request log."""

    method: str
    url: str
    """Without its query, which does not affect the meaning."""
    status: int
    agent: str
    referer: str
    text: str
    severity: int

    @property
    def http(self) -> JSON:
        """The key as an entry's `httpRequest`."""
        return {
            "requestMethod": self.method,
            "requestUrl": self.url,
            "status": self.status,
            "userAgent": self.agent,
            "referer": self.referer,
        }


RowKey = TextKey | RequestKey | None
"""None: no key determines the meaning, so the whole entry must be read."""


@dataclass(slots=True)
class Rows:
    """Columns of equal length, one row per entry."""

    keys: list[RowKey] = field(default_factory=list)
    names: Column[bytes] = field(default_factory=list)
    """insertIds, or `line:N` where there is none, in UTF-8."""
    has_insert_id: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    """Whether the name is an insertId; only those can reveal duplicates."""
    times: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Nanoseconds since the epoch, or `NO_TIME`."""
    origins: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Per row, an index into `known`."""
    known: Sequence[Origin] = ()
    """The origins of these rows; an origin can occur twice."""
    raw_entries: Column[object] = field(default_factory=list)
    """The entries in the form in which the source delivered them."""
    text: Callable[[object], str] = field(default=lambda raw: text_of(raw))  # noqa: PLW0108
    """Returns the text, with its digits, of a raw entry that has a `TextKey`."""
    pack: Callable[[object], Raw] = field(default=lambda raw: packed(raw))  # noqa: PLW0108
    """Packs a raw entry."""

    def __len__(self) -> int:
        return len(self.keys)

    def origin(self, i: int) -> Origin:
        """Returns the origin of row `i`."""
        return self.known[int(self.origins[i])]

    def of_logs(self, wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Returns which rows come from a log whose name is `wanted`."""
        numbers = [number for number, origin in enumerate(self.known) if wanted(origin.log)]
        return np.isin(self.origins, numbers) if numbers else np.zeros(len(self), np.bool_)

    def some(self, chosen: NDArray[np.int64]) -> Rows:
        """Returns the chosen rows, by their indices."""
        used, origins = np.unique(self.origins[chosen], return_inverse=True)
        return replace(
            self,
            known=[self.known[number] for number in used.tolist()],
            keys=[self.keys[i] for i in chosen.tolist()],
            names=[self.names[i] for i in chosen.tolist()],
            has_insert_id=self.has_insert_id[chosen],
            times=self.times[chosen],
            origins=origins,
            raw_entries=[self.raw_entries[i] for i in chosen.tolist()],
        )

    def orders(self) -> NDArray[np.int64]:
        """Computes `order_of` each row's name."""
        return np.fromiter(map(order_of, self.names), np.int64, len(self))

    def hashes(self) -> NDArray[np.int64]:
        """Computes 64-bit hashes of each row's log, time and name, which find duplicates."""
        of_names = np.fromiter(map(hash, self.names), np.int64, len(self))
        logs = np.array([hash(origin.log) for origin in self.known], np.int64)[self.origins]
        # Odd factors are invertible: rows that differ in name, time or log alone get other hashes.
        return of_names ^ (self.times * _BY_TIME) ^ (logs * _BY_LOG)

    def lasting_hashes(self) -> NDArray[np.uint32]:
        """Computes 32-bit hashes of each row's log, time and name: the same on every machine."""
        logs = np.array([order_of(origin.log.encode()) for origin in self.known], np.int64)
        mixed = (self.orders() ^ (logs[self.origins] * _BY_LOG)) * _BY_NAME ^ self.times * _BY_TIME
        mixed ^= mixed >> 29
        mixed *= _BY_LOG
        found: NDArray[np.uint32] = (mixed.view(np.uint64) >> np.uint64(32)).astype(np.uint32)
        return found

    def time(self, i: int) -> int | None:
        """Returns the time of row `i` in nanoseconds since the epoch; None if it has none."""
        time = int(self.times[i])
        return None if time == NO_TIME else time

    def json(self, i: int) -> JSON:
        """Returns the whole entry of row `i`."""
        raw = self.raw_entries[i]
        if isinstance(raw, dict):
            return raw
        packed = self.pack(raw)
        return packed.unpack(packed.data)

    def serialized(self, i: int) -> bytes:
        """Returns the entry of row `i` as bytes, shortened if it is `LARGE`."""
        raw = self.raw_entries[i]
        if isinstance(raw, bytes) and len(raw) <= LARGE:
            return raw
        return self.pack(raw).data


_BY_TIME, _BY_LOG = np.int64(-7046029254386353131), np.int64(5871781006564002453)
_BY_NAME = np.int64(-4417276706812531889)


def joined(parts: Sequence[Rows]) -> Rows:
    """Concatenates rows of one source; at least one part."""
    if len(parts) == 1:
        return parts[0]
    whole = Rows(pack=parts[0].pack, text=parts[0].text)
    whole.names = Chain([rows.names for rows in parts])
    whole.raw_entries = Chain([rows.raw_entries for rows in parts])
    for rows in parts:
        whole.keys += rows.keys
    whole.has_insert_id = np.concatenate([rows.has_insert_id for rows in parts])
    whole.times = np.concatenate([rows.times for rows in parts])
    starts = [0, *accumulate(len(rows.known) for rows in parts[:-1])]
    whole.origins = np.concatenate(
        [rows.origins + start for rows, start in zip(parts, starts, strict=True)]
    )
    whole.known = [origin for rows in parts for origin in rows.known]
    return whole


# --- keeping an entry ----------------------------------------------------------------------------


def packed(raw: object) -> Raw:
    """Packs a JSON entry, given as a value or as bytes; shortens it if it is `LARGE`."""
    data = raw if isinstance(raw, bytes) else serialized(raw)
    if len(data) > LARGE:
        raw = loads(data)
        data = serialized(shortened(raw))
    return Raw(data, loads)


def serialized(value: object) -> bytes:
    """Serialises a JSON value; escapes lone surrogates, which UTF-8 cannot encode."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=str).encode("ascii")


def loads(data: bytes) -> JSON:
    """Parses a JSON object; returns an empty one for anything else. Never raises."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:  # a lone surrogate, or a number of thousands of digits
        try:
            value = json.loads(data.decode("utf-8", "replace"), parse_int=_number)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _number(digits: str) -> float:
    return int(digits) if len(digits) < 400 else float(digits)


_HEAD, _TAIL, _ITEMS, _DEPTH = 9_000, 3_000, 100, 16


def shortened(value: object, depth: int = 0) -> object:
    """Shortens a JSON value: texts keep their start and last lines, lists their first items."""
    if isinstance(value, str):
        if len(value) <= _HEAD + _TAIL:
            return value
        # Cut at a line break: half a line could hide a secret from its redaction rule.
        _, newline, tail = value[-_TAIL:].partition("\n")
        return value[:_HEAD] + newline + tail if newline else value[:_HEAD]
    if isinstance(value, Mapping):
        if depth >= _DEPTH:
            return {}
        return {k: shortened(v, depth + 1) for k, v in list(value.items())[:_ITEMS]}
    if isinstance(value, list | tuple):
        return [shortened(v, depth + 1) for v in value[:_ITEMS]] if depth < _DEPTH else []
    return value


# --- shared by several sources --------------------------------------------------------------------


def text_of(raw: object) -> str:
    """Returns the text of a JSON entry with a `TextKey`, given as an object or as bytes."""
    entry = raw if isinstance(raw, dict) else loads(cast("bytes", raw))
    text = entry.get("textPayload")
    return text if isinstance(text, str) else str(cast("JSON", entry["jsonPayload"])["message"])


def text_key(text: bytes, severity: int, stderr: bool = False) -> TextKey | None:
    """Returns the key of a UTF-8 text; None if it is longer than `LONGEST` or blank.

    `stderr`: it was written to stderr, which matters where it has no severity.
    """
    if len(text) > LONGEST or not text or text.isspace():
        return None
    if stderr and not severity:
        return text.translate(ZEROS) + STDERR
    level = _LEVELS.get(severity)
    return text.translate(ZEROS) + (level or _LEVELS[int(nearest(severity))])


def text_and_severity(key: TextKey) -> tuple[bytes, Severity, bool]:
    """Splits a key into its text, digits as zeros, its severity, and whether it is from stderr."""
    return key[:-1], _SEVERITIES[key[-1]], key[-1] == STDERR[0]


_SEVERITIES = (*Severity, Severity.DEFAULT)
STDERR = bytes([len(Severity)])
"""In place of a key's severity: none, and written to stderr."""
_LEVELS = {int(severity): bytes([severity // 100]) for severity in Severity}
