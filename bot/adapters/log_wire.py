"""Pages of Cloud Logging as they come over the wire, straight into columns.

`LogEntry` is parsed with a message class that knows only what counting needs; labels, times and
the resource stay serialized, so equal ones are told by comparing bytes. What waits to be counted
is each entry's bytes: they are decoded whole only when the entry must be read, because no key can
tell what it says, or because it will be shown.
Field numbers: google/logging/v2/log_entry.proto and logging.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from google.api.monitored_resource_pb2 import MonitoredResource
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from bot.garden.commits import deployed
from bot.garden.levels import LEVELS
from bot.garden.mask import ZEROS
from bot.garden.model import JSON
from bot.garden.rows import (
    LARGE,
    LONGEST,
    NO_TIME,
    TRACES,
    RequestKey,
    RowKey,
    Rows,
    text_key,
)
from bot.garden.rows import packed as packed_json
from bot.garden.rows import place as place_of
from bot.garden.tally import Place, Raw

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Kind = descriptor_pb2.FieldDescriptorProto
_BYTES, _STRING, _INT32 = _Kind.TYPE_BYTES, _Kind.TYPE_STRING, _Kind.TYPE_INT32
_MESSAGE = _Kind.TYPE_MESSAGE

_MESSAGES: dict[str, list[tuple[str, int, _Kind.Type.ValueType, str]]] = {
    "Request": [
        ("method", 1, _STRING, ""),
        ("url", 2, _STRING, ""),
        ("status", 4, _INT32, ""),
        ("agent", 6, _STRING, ""),
        ("referer", 8, _STRING, ""),
    ],
    "Entry": [
        ("proto_payload", 2, _BYTES, ""),
        ("text_payload", 3, _BYTES, ""),
        ("insert_id", 4, _BYTES, ""),
        ("json_payload", 6, _BYTES, ""),
        ("http_request", 7, _BYTES, ""),
        ("resource", 8, _BYTES, ""),
        ("timestamp", 9, _BYTES, ""),
        ("severity", 10, _INT32, ""),
        ("labels", 11, _BYTES, "repeated"),
        ("log_name", 12, _BYTES, ""),
        ("receive_timestamp", 24, _BYTES, ""),
    ],
    "Page": [("entries", 1, _MESSAGE, "repeated Entry"), ("next_page_token", 2, _STRING, "")],
    "Packed": [("entries", 1, _BYTES, "repeated")],
}


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="gardener/log_wire.proto", package="gardener", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            repeated = of.startswith("repeated")
            target = of.removeprefix("repeated").strip()
            message.field.add(
                name=field,
                number=number,
                type=kind,
                label=_Kind.LABEL_REPEATED if repeated else _Kind.LABEL_OPTIONAL,
                type_name=f".gardener.{target}" if target else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"gardener.{name}"))
        for name in _MESSAGES
    }


_CLASSES = _classes()
_Page, _Entry, _Request = _CLASSES["Page"], _CLASSES["Entry"], _CLASSES["Request"]
_Packed = _CLASSES["Packed"]
"""A page whose entries stay bytes."""


def read(page: bytes) -> tuple[Rows, str]:
    """A serialized `ListLogEntriesResponse` as rows, and the next page's token."""
    parsed = _Page.FromString(page)
    entries = list(parsed.entries)
    names = [entry.insert_id for entry in entries]
    named = list(map(bool, names))
    if not all(named):
        names = [name or b"line:%d" % number for number, name in enumerate(names, 1)]
    stamps = [entry.timestamp or entry.receive_timestamp for entry in entries]
    where, commits = _places(entries)
    rows = Rows(
        keys=_keys(entries),
        names=names,
        named=named,
        times=times(stamps),
        logs=[entry.log_name for entry in entries],
        places=where,
        commits=commits,
        raws=list(_Packed.FromString(page).entries),
        text=_text,
        pack=_pack,
    )
    return rows, parsed.next_page_token


# --- keys ----------------------------------------------------------------------------------------


def _keys(entries: list[Any]) -> list[RowKey]:
    keys: list[RowKey] = []
    zeros, longest, payload_key = ZEROS, LONGEST, _payload_key
    for entry in entries:
        text = entry.text_payload
        if entry.http_request:
            keys.append(_request_key(entry))
        elif not text:
            keys.append(payload_key(entry.json_payload, entry.severity))
        elif len(text) <= longest and not text.isspace():
            keys.append((text.translate(zeros), entry.severity))
        else:
            keys.append(None)
    return keys


_payload_keys: dict[tuple[bytes, int], RowKey] = {}
_REMEMBERED = 8_192
"""Payloads and places whose meaning is known; a table that is full is emptied."""


def _payload_key(payload: bytes, severity: int) -> RowKey:
    """The key of a JSON payload. Remembered: most differ from an earlier one in digits alone."""
    if not 0 < len(payload) <= LONGEST:
        return None
    zeroed = payload.translate(ZEROS), severity
    try:
        return _payload_keys[zeroed]
    except KeyError:
        if len(_payload_keys) >= _REMEMBERED:
            _payload_keys.clear()
        key = _payload_keys[zeroed] = text_key(_message(payload, severity), severity)
        return key


_SPECIAL = TRACES | {"error"}
_LEVELS = frozenset(LEVELS)


def _message(payload: bytes, severity: int) -> bytes:
    """A JSON payload's message; empty where something beside it decides what the entry says."""
    try:
        fields = Struct.FromString(payload).fields
    except DecodeError:
        return b""
    if not _SPECIAL.isdisjoint(fields) or (not severity and not _LEVELS.isdisjoint(fields)):
        return b""
    return fields["message"].string_value.encode() if "message" in fields else b""


def _request_key(entry: Any) -> RowKey:
    if entry.json_payload or entry.proto_payload:
        return None
    http = _Request.FromString(entry.http_request)
    return RequestKey(
        http.method,
        http.url.partition("?")[0],
        http.status,
        http.agent,
        http.referer,
        entry.text_payload.decode("utf-8", "replace"),
        entry.severity,
    )


def _text(raw: Any) -> str:
    entry = _Entry.FromString(raw)
    text = entry.text_payload or _message(entry.json_payload, 1)
    return cast("bytes", text).decode("utf-8", "replace")


# --- when and where ------------------------------------------------------------------------------


_WIDTH = 12
"""Of a timestamp after 1978: a tag, five bytes of seconds, a tag, at most five of nanoseconds."""


def times(stamps: list[bytes]) -> NDArray[np.int64]:
    """Serialized `google.protobuf.Timestamp` → nanoseconds; `NO_TIME` for an empty one, and for
    what does not fit into 64 bits (it would be after 2262).

    All at once where they have their usual form; the others one by one.
    """
    lengths = np.fromiter(map(len, stamps), np.int64, len(stamps))
    ends = lengths.cumsum()
    data = np.frombuffer(b"".join(stamps) + bytes(_WIDTH), np.uint8)
    at = np.arange(_WIDTH)[:, np.newaxis]
    table = np.where(at < lengths, data[(ends - lengths) + at], 0).astype(np.int64)
    usual = (table[0] == 0x08) & (table[5] < 0x80) & (lengths <= _WIDTH)
    usual &= (table[6] == 0x10) | (lengths == 6)
    usual &= (table[1:5] >= 0x80).all(axis=0)
    seconds = _number(table[1:6])
    usual &= seconds < 9_000_000_000
    found: NDArray[np.int64] = seconds * 1_000_000_000 + _number(table[7:])
    for place in np.flatnonzero(~usual).tolist():
        found[place] = _time(stamps[place])
    return found


def _number(bytes_: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers whose bytes stand in the rows: seven bits each, up to one without a high bit."""
    value: NDArray[np.int64] = bytes_[0] & 0x7F
    more = bytes_[0] >= 0x80
    for i, byte in enumerate(bytes_[1:], 1):
        value += np.where(more, (byte & 0x7F) << (7 * i), 0)
        more &= byte >= 0x80
    return value


def _time(stamp: bytes) -> int:
    if not stamp:
        return NO_TIME
    read = Timestamp.FromString(stamp)
    time = int(read.seconds) * 1_000_000_000 + int(read.nanos)
    return time if abs(time) < 2**63 else NO_TIME


_Where = tuple[bytes, bytes]
"""The serialized resource, and the serialized labels one behind another."""
_known: dict[_Where, tuple[Place, str | None]] = {}
"""The place, and the commit that the labels name."""


def _places(entries: list[Any]) -> tuple[list[Place], dict[str, str]]:
    """Where each was written, and the commits of the revisions whose labels name one."""
    join = b"".join
    resources = [entry.resource for entry in entries]
    labels = [of[0] if len(of := entry.labels) == 1 else join(of[:]) for entry in entries]
    where = list(zip(resources, labels, strict=True))
    try:
        found = list(map(_known.__getitem__, where))
    except KeyError:
        found = [_known.get(one) or _learnt(one) for one in where]
    commits = {place.revision: commit for place, commit in found if commit and place.revision}
    return [place for place, _ in found], commits


def _learnt(where: _Where) -> tuple[Place, str | None]:
    resource, data = where
    labels = _labels(data)
    about = dict(MonitoredResource.FromString(resource).labels)
    if len(_known) >= _REMEMBERED:
        _known.clear()
    found = _known[where] = place_of({"labels": about}, labels), deployed({"labels": labels})
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    byte = data[at]
    value = byte & 0x7F
    shift = 0
    while byte >= 0x80:
        at += 1
        shift += 7
        byte = data[at]
        value |= (byte & 0x7F) << shift
    return value, at + 1


def _labels(data: bytes) -> dict[str, str]:
    """A map's entries one behind another, each `0a length key 12 length value`."""
    found: dict[str, str] = {}
    at = 0
    key = ""
    while at < len(data):
        tag = data[at]
        size, at = _varint(data, at + 1)
        text = data[at : at + size].decode("utf-8", "replace")
        at += size
        if tag == 0x0A:
            key = text
        else:
            found[key] = text
    return found


# --- whole entries -------------------------------------------------------------------------------


def _pack(raw: Any) -> Raw:
    return Raw(raw, unpack) if len(raw) <= LARGE else packed_json(unpack(raw))


def unpack(data: bytes) -> JSON:
    """A serialized `LogEntry` in the JSON that gcloud prints; empty where it cannot be read."""
    from google.cloud.logging_v2.types import LogEntry

    return to_json(LogEntry.deserialize(data)) or {}


def to_json(item: Any) -> JSON | None:
    """A `LogEntry` (proto-plus) in the JSON that gcloud prints; None where it cannot be read."""
    from google.protobuf.json_format import MessageToDict

    from bot.adapters import audit_types  # noqa: F401 - knows AuditLog from now on

    entry = type(item).pb(item)
    try:
        return MessageToDict(entry)
    except (TypeError, ValueError):
        # A payload whose type nobody here knows: the rest of the entry is still worth reading.
        rest = type(entry)()
        rest.CopyFrom(entry)
        rest.ClearField("proto_payload")
    try:
        return {**MessageToDict(rest), "protoPayload": {"@type": entry.proto_payload.type_url}}
    except (TypeError, ValueError):
        return None
