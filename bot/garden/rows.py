"""Entries side by side: what counting needs of each, and nothing more.

A source that knows a quicker way than JSON objects gives its pages in this form (Cloud Logging's
protocol buffers do). The key decides everything that an entry's words mean: two entries with the
same key mean the same, so one of them is understood and all others are looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from bot.garden import rfc3339
from bot.garden.model import JSON
from bot.garden.tally import Place, Raw

NO_TIME = -(2**63)
"""Stands for a missing timestamp."""

ZEROS = bytes(0x30 if 0x31 <= byte <= 0x39 else byte for byte in range(256))
"""Every digit as `0`, so that numbers of the same length give the same key."""
LONGEST = 4_096
"""Bytes of text that a key may hold: longer texts are rare, and are understood each time."""


@dataclass(slots=True)
class Rows:
    """Columns of equal length, one row an entry."""

    keys: list[Hashable | None] = field(default_factory=list)
    """None: no key can tell, the entry must be read."""
    names: list[str] = field(default_factory=list)
    """insertId, or `line:N`."""
    named: list[bool] = field(default_factory=list)
    """Whether the name is an insertId, which can be a duplicate."""
    times: list[int] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    raws: list[object] = field(default_factory=list)
    peek: Callable[[object], JSON] | None = None
    """A part of an entry that has a key: what its words mean can be read from that."""
    pack: Callable[[object], Raw] = field(default=lambda raw: packed(raw))  # noqa: PLW0108

    def __len__(self) -> int:
        return len(self.keys)


def packed(raw: object) -> Raw:
    """A JSON entry, packed."""
    return Raw(orjson.dumps(raw, default=str, option=orjson.OPT_NON_STR_KEYS), _loads)


def _loads(data: bytes) -> JSON:
    value = orjson.loads(data)
    return value if isinstance(value, dict) else {}


_places: dict[tuple[object, ...], Place] = {}


def place(resource: object, labels: object) -> Place:
    """Where an entry was written; the same object for the same place."""
    about = resource.get("labels") if isinstance(resource, dict) else None
    if not isinstance(about, dict):
        about = {}
    instance = labels.get("instanceId") if isinstance(labels, dict) else None
    key = (
        about.get("service_name"),
        about.get("revision_name"),
        instance,
        about.get("location"),
        about.get("project_id"),
    )
    try:
        known = _places.get(key)
    except TypeError:  # a label that is a list or an object
        return Place(*(str(part or "") for part in key))
    if known is None:
        if len(_places) > 100_000:
            _places.clear()
        known = _places[key] = Place(*(str(part or "") for part in key))
    return known


TRACES = frozenset({
    "stack_trace", "exc_info", "exception", "traceback", "stack", "stacktrace", "err",
})  # fmt: skip


def of_json(entries: Sequence[JSON], names: Sequence[str]) -> Rows:
    """JSON entries in columns. `names[i]` stands for a missing insertId."""
    rows = Rows()
    keys, named, times = rows.keys, rows.named, rows.times
    for i, raw in enumerate(entries):
        try:
            keys.append(_key(raw))
        except (TypeError, AttributeError):
            keys.append(None)
        insert_id = raw.get("insertId")
        if isinstance(insert_id, str) and insert_id:
            rows.names.append(insert_id)
            named.append(True)
        else:
            rows.names.append(names[i])
            named.append(False)
        stamp = raw.get("timestamp") or raw.get("receiveTimestamp")
        time = rfc3339.quick(stamp) if isinstance(stamp, str) else None
        times.append(NO_TIME if time is None else time)
        log = raw.get("logName")
        rows.logs.append(log if isinstance(log, str) else "")
        rows.places.append(place(raw.get("resource"), raw.get("labels")))
        rows.raws.append(raw)
    return rows


def _key(raw: JSON) -> Hashable | None:
    if "httpRequest" in raw:
        return _request_key(raw, raw["httpRequest"])
    text = raw.get("textPayload")
    if text.__class__ is str:
        return _text_key(text, raw.get("severity"))
    payload = raw.get("jsonPayload")
    if payload.__class__ is not dict:
        return None
    message = payload.get("message")
    if message.__class__ is not str or not TRACES.isdisjoint(payload):
        return None
    error = payload.get("error")
    if error is not None and (
        error.__class__ is not dict or error.get("traceback") or error.get("stack")
    ):
        return None
    severity = raw.get("severity")
    if severity is None:
        levels = tuple(payload.get(key) for key in LEVELS)
        return "j", _text_key(message, levels)
    return _text_key(message, severity)


LEVELS = ("severity", "level", "levelname", "log_level", "lvl", "@l")


def _text_key(text: str, severity: object) -> Hashable | None:
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > LONGEST or not data or data.isspace():
        return None
    return data.translate(ZEROS), severity


def _request_key(raw: JSON, http: object) -> Hashable | None:
    if not isinstance(http, Mapping) or "jsonPayload" in raw or "protoPayload" in raw:
        return None
    return (
        "r",
        http.get("requestMethod"),
        http.get("requestUrl"),
        http.get("status"),
        http.get("userAgent"),
        http.get("referer"),
        raw.get("textPayload"),
        raw.get("severity"),
    )
