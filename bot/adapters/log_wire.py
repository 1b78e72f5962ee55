"""Pages of Cloud Logging as they come over the wire, straight into columns.

`LogEntry` is parsed with a message class that knows only what counting needs; payloads, labels and
the resource stay serialized, so equal ones are told by comparing bytes. An entry is decoded whole
only when it must be read: because nothing like it was seen before, or because it will be shown.
Field numbers: google/logging/v2/log_entry.proto and logging.proto.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct

from bot.garden.model import JSON, Severity
from bot.garden.rows import LEVELS, LONGEST, NO_TIME, TRACES, ZEROS, Rows
from bot.garden.rows import place as place_of
from bot.garden.tally import Place, Raw

REMEMBERED = 100_000
"""Payloads whose key is known; the table is emptied when full."""

_BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
_STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_INT64 = descriptor_pb2.FieldDescriptorProto.TYPE_INT64
_INT32 = descriptor_pb2.FieldDescriptorProto.TYPE_INT32
_ENUM_AS_INT = _INT32
_MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
_REPEATED = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
_OPTIONAL = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL

_MESSAGES: dict[str, list[tuple[str, int, int, str]]] = {
    "Time": [("seconds", 1, _INT64, ""), ("nanos", 2, _INT32, "")],
    "Entry": [
        ("proto_payload", 2, _BYTES, ""),
        ("text_payload", 3, _BYTES, ""),
        ("insert_id", 4, _STRING, ""),
        ("json_payload", 6, _BYTES, ""),
        ("http_request", 7, _BYTES, ""),
        ("resource", 8, _BYTES, ""),
        ("timestamp", 9, _MESSAGE, "Time"),
        ("severity", 10, _ENUM_AS_INT, ""),
        ("labels", 11, _BYTES, "repeated"),
        ("log_name", 12, _STRING, ""),
        ("receive_timestamp", 24, _MESSAGE, "Time"),
    ],
    "Page": [("entries", 1, _MESSAGE, "repeated Entry"), ("next_page_token", 2, _STRING, "")],
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
                label=_REPEATED if repeated else _OPTIONAL,
                type_name=f".gardener.{target}" if target else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"gardener.{name}"))
        for name in _MESSAGES
    }


_Page = _classes()["Page"]


def read(page: bytes) -> tuple[Rows, str]:
    """A serialized `ListLogEntriesResponse` as rows, and the next page's token."""
    parsed = _Page.FromString(page)
    rows = Rows(pack=_pack, peek=_peek)
    keys, names, times = rows.keys, rows.names, rows.times
    logs, places, raws = rows.logs, rows.places, rows.raws
    place, zeros, longest, payload_key = _place, ZEROS, LONGEST, _payload_key
    for number, entry in enumerate(parsed.entries, 1):
        severity = entry.severity
        if entry.http_request:
            keys.append(None)
        elif 0 < len(text := entry.text_payload) <= longest:
            keys.append((text.translate(zeros), severity))
        elif 0 < len(payload := entry.json_payload) <= longest:
            keys.append(payload_key(payload.translate(zeros), payload, severity))
        else:
            keys.append(None)
        names.append(entry.insert_id or f"line:{number}")
        stamp = entry.timestamp
        seconds = stamp.seconds
        times.append(seconds * 1_000_000_000 + stamp.nanos if seconds else _time(entry))
        logs.append(entry.log_name)
        places.append(place(entry.resource, b"".join(entry.labels)))
        raws.append(entry)
    rows.named = [bool(entry.insert_id) for entry in parsed.entries]
    return rows, parsed.next_page_token


def _time(entry: Any) -> int:
    for name in ("timestamp", "receive_timestamp"):
        if entry.HasField(name):
            stamp = getattr(entry, name)
            return int(stamp.seconds) * 1_000_000_000 + int(stamp.nanos)
    return NO_TIME


@lru_cache(maxsize=100_000)
def _place(resource: bytes, labels: bytes) -> Place:
    from google.api.monitored_resource_pb2 import MonitoredResource

    about = MonitoredResource.FromString(resource).labels
    return place_of({"labels": dict(about)}, _labels(labels))


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


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


_SEVERITIES = {severity.value: severity.name for severity in Severity}
_payload_keys: dict[tuple[bytes, int], Hashable | None] = {}


def _payload_key(zeroed: bytes, payload: bytes, severity: int) -> Hashable | None:
    """What `_read_payload_key` says, remembered by the payload with its digits as zeros."""
    try:
        return _payload_keys[zeroed, severity]
    except KeyError:
        if len(_payload_keys) > REMEMBERED:
            _payload_keys.clear()
        key = _payload_keys[zeroed, severity] = _read_payload_key(payload, severity)
        return key


def _read_payload_key(payload: bytes, severity: int) -> Hashable | None:
    """A JSON payload's message, where nothing beside it decides what the entry says."""
    try:
        fields = Struct.FromString(payload).fields
    except DecodeError:
        return None
    message = fields["message"].string_value if "message" in fields else ""
    if not message or any(name in fields for name in TRACES):
        return None
    if "error" in fields:
        error = fields["error"].struct_value.fields
        if any(name in error and error[name].string_value for name in ("traceback", "stack")):
            return None
    if not severity and any(name in fields for name in LEVELS):
        return None
    return message.encode("utf-8", "surrogatepass").translate(ZEROS), severity


def _pack(raw: object) -> Raw:
    return Raw(cast("Any", raw).SerializeToString(), unpack)


def _peek(raw: Any) -> JSON:
    """Of an entry that has a key: its words and severity, without decoding the rest."""
    severity = _SEVERITIES.get(raw.severity, "DEFAULT")
    if raw.text_payload:
        return {"textPayload": raw.text_payload.decode("utf-8", "replace"), "severity": severity}
    fields = Struct.FromString(raw.json_payload).fields
    return {"jsonPayload": {"message": fields["message"].string_value}, "severity": severity}


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
