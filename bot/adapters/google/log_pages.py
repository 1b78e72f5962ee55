"""Parses serialised pages of Cloud Logging into columns, with only the fields that are read.

A descriptor of our own declares just these, so that protobuf skips all others. Payloads, labels and
the resource stay serialised: a payload's message is looked for only where an entry has no text,
and the few writers are told apart by their bytes. An entry is decoded as a whole only if it has no
key or will be shown.
Field numbers: google/logging/v2/log_entry.proto, logging.proto, google/protobuf/struct.proto.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from bot.core.entries.json_message import SPECIAL
from bot.core.entries.place import Raw
from bot.core.entries.rows import LARGE, LONGEST, NO_TIME, RequestKey, RowKey, Rows, text_key
from bot.core.entries.rows import packed as packed_json
from bot.core.entries.writers import Writers
from bot.core.model.values import JSON
from bot.core.text.json_levels import KEYS
from bot.core.text.severity import on_stderr

_Kind = descriptor_pb2.FieldDescriptorProto
_BYTES, _STRING = _Kind.TYPE_BYTES, _Kind.TYPE_STRING
_INT32, _INT64 = _Kind.TYPE_INT32, _Kind.TYPE_INT64

_MESSAGES: dict[str, list[tuple[str, int, _Kind.Type.ValueType | str]]] = {
    "Page": [("repeated entries", 1, "Entry"), ("next_page_token", 2, _STRING)],
    "Raw": [("repeated entries", 1, _BYTES)],
    "Entry": [
        ("audit", 2, _BYTES),
        ("text", 3, _BYTES),
        ("name", 4, _BYTES),
        ("payload", 6, _BYTES),
        ("request", 7, _BYTES),
        ("resource", 8, _BYTES),
        ("time", 9, "Time"),
        ("severity", 10, _INT32),
        ("repeated labels", 11, _BYTES),
        ("log", 12, _BYTES),
        ("received", 24, "Time"),
    ],
    "Time": [("seconds", 1, _INT64), ("nanos", 2, _INT32)],
    "Writer": [("resource", 8, "Resource"), ("repeated labels", 11, "Label"), ("log", 12, _BYTES)],
    "Resource": [("type", 1, _BYTES), ("repeated labels", 2, "Label")],
    "Label": [("key", 1, _BYTES), ("value", 2, _BYTES)],
    "Request": [
        ("method", 1, _STRING),
        ("url", 2, _STRING),
        ("status", 4, _INT32),
        ("agent", 6, _STRING),
        ("referer", 8, _STRING),
    ],
    "Struct": [("repeated fields", 1, "Field")],
    "Field": [("key", 1, _BYTES), ("value", 2, "Value")],
    "Value": [("string", 3, _BYTES), ("struct", 5, "Struct")],
}
"""Message → (field, number, type)."""


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="gardener/log_wire.proto", package="gardener", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            repeated = field.startswith("repeated ")
            message.field.add(
                name=field.removeprefix("repeated "),
                number=number,
                type=_Kind.TYPE_MESSAGE if isinstance(kind, str) else kind,
                label=_Kind.LABEL_REPEATED if repeated else _Kind.LABEL_OPTIONAL,
                type_name=f".gardener.{kind}" if isinstance(kind, str) else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"gardener.{name}"))
        for name in _MESSAGES
    }


_CLASSES = _classes()
_Page, _RawPage = _CLASSES["Page"], _CLASSES["Raw"]
_Entry, _Writer = _CLASSES["Entry"], _CLASSES["Writer"]
_Request, _Struct = _CLASSES["Request"], _CLASSES["Struct"]


def read(page: bytes) -> tuple[Rows, str]:
    """Parses a serialised `ListLogEntriesResponse`; returns its rows and the next page's token.

    Raises `DecodeError` if the page is broken.
    """
    parsed = _Page.FromString(page)
    # Parsing twice is faster than parsing each entry alone or serialising those that are kept.
    serialized = list(_RawPage.FromString(page).entries)
    names: list[bytes] = []
    times: list[int] = []
    writers: list[tuple[bytes, ...]] = []
    entries = list(parsed.entries)
    for entry in entries:
        names.append(entry.name)
        times.append(_time(entry.time) or _time(entry.received) or NO_TIME)
        writers.append((entry.resource, entry.log, *entry.labels))
    origins, known = _WRITERS.of(writers, serialized)
    stderr = [on_stderr(origin.log) for origin in known]
    keys = [
        _key(entry, stderr[number]) for entry, number in zip(entries, origins.tolist(), strict=True)
    ]
    has_insert_id = np.fromiter(map(bool, names), np.bool_, len(names))
    for i in np.flatnonzero(~has_insert_id).tolist():
        names[i] = b"line:%d" % (i + 1)
    rows = Rows(
        keys=keys,
        names=names,
        has_insert_id=has_insert_id,
        times=np.array(times, np.int64),
        origins=origins,
        known=known,
        raw_entries=serialized,
        text=_text,
        pack=_pack,
    )
    return rows, parsed.next_page_token


def _time(stamp: Any) -> int:
    """Decodes a time to nanoseconds; 0 for none, and for one beyond 64 bits (after 2262)."""
    time: int = stamp.seconds * 1_000_000_000 + stamp.nanos
    return time if -(2**63) < time < 2**63 else 0


# --- keys ----------------------------------------------------------------------------------------


def _key(entry: Any, stderr: bool) -> RowKey:
    if entry.request:
        return _request_key(entry)
    text = entry.text or _message(entry.payload, entry.severity)
    return text_key(text, entry.severity, stderr)


def _request_key(entry: Any) -> RowKey:
    if entry.payload or entry.audit or len(entry.request) > LONGEST:
        return None
    http = _Request.FromString(entry.request)
    return RequestKey(
        http.method,
        http.url.partition("?")[0],
        http.status,
        http.agent,
        http.referer,
        _decoded(entry.text),
        entry.severity,
    )


def _message(payload: bytes, severity: int) -> bytes:
    """Returns a payload's message; empty if another field affects the entry's meaning."""
    found = b""
    try:
        fields = _Struct.FromString(payload).fields
    except DecodeError:
        return b""
    for field in fields:
        name = field.key
        if name in _SPECIAL or (not severity and name in _LEVELS):
            return b""
        if name == b"message":
            found = field.value.string
        if name == b"context" and any(f.key == b"exception" for f in field.value.struct.fields):
            return b""
    return found


_SPECIAL = frozenset(name.encode() for name in SPECIAL | {"error"})
_LEVELS = frozenset(name.encode() for name in KEYS)


def _text(raw: Any) -> str:
    entry = _Entry.FromString(raw)
    return _decoded(entry.text or _message(entry.payload, 1))


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# --- where ---------------------------------------------------------------------------------------


def _decode_writer(raw: bytes) -> JSON:
    writer = _Writer.FromString(raw)
    return {
        "resource": {
            "type": _decoded(writer.resource.type),
            "labels": _labels(writer.resource.labels),
        },
        "labels": _labels(writer.labels),
        "logName": _decoded(writer.log),
    }


def _labels(labels: Any) -> dict[str, str]:
    return {_decoded(label.key): _decoded(label.value) for label in labels}


_WRITERS: Writers[tuple[bytes, ...]] = Writers(_decode_writer)


# --- whole entries -------------------------------------------------------------------------------


def _pack(raw: Any) -> Raw:
    return Raw(raw, unpack) if len(raw) <= LARGE else packed_json(unpack(raw))


def unpack(data: bytes) -> JSON:
    """Decodes a serialised `LogEntry` to the JSON that gcloud prints; empty if that fails."""
    from google.cloud.logging_v2.types import LogEntry

    return to_json(LogEntry.deserialize(data)) or {}


def to_json(item: Any) -> JSON | None:
    """Converts a `LogEntry` (proto-plus) to the JSON that gcloud prints; None if that fails."""
    from google.cloud.audit import audit_log_pb2  # noqa: F401 - protobuf knows AuditLog then
    from google.protobuf.json_format import MessageToDict

    entry = type(item).pb(item)
    try:
        return MessageToDict(entry)
    except (TypeError, ValueError):
        # The payload has an unknown type, but the rest of the entry is still useful.
        rest = type(entry)()
        rest.CopyFrom(entry)
        rest.ClearField("proto_payload")
    try:
        return {**MessageToDict(rest), "protoPayload": {"@type": entry.proto_payload.type_url}}
    except (TypeError, ValueError):
        return None
