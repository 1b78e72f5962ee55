"""Parses serialised pages of Cloud Logging straight into columns.

All entries are parsed together, field by field (`side_by_side`). Payloads, labels, times and the
resource stay serialised, so equal ones are found by comparing bytes. An entry is decoded as a
whole only if it has no key or will be shown.
Field numbers: google/logging/v2/log_entry.proto and logging.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.timestamp_pb2 import Timestamp

from bot.adapters.google import struct_wire
from bot.adapters.google.side_by_side import (
    LIMIT,
    Ints,
    SideBySide,
    Spans,
)
from bot.core.entries.place import Raw
from bot.core.entries.rows import (
    LARGE,
    LONGEST,
    NO_TIME,
    STDERR,
    RequestKey,
    RowKey,
    Rows,
    text_key,
)
from bot.core.entries.rows import packed as packed_json
from bot.core.entries.slices import FIRST_BYTES, PADDING, Slices
from bot.core.entries.writers import Origin, Writers
from bot.core.model.values import JSON, Severity
from bot.core.text.severity import on_stderr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_Kind = descriptor_pb2.FieldDescriptorProto
_BYTES, _STRING, _INT32 = _Kind.TYPE_BYTES, _Kind.TYPE_STRING, _Kind.TYPE_INT32
_MESSAGE = _Kind.TYPE_MESSAGE

_MESSAGES: dict[str, list[tuple[str, int, _Kind.Type.ValueType, str]]] = {
    "Page": [("entries", 1, _BYTES, "repeated"), ("next_page_token", 2, _STRING, "")],
    "Entry": [
        ("audit", 2, _BYTES, ""),
        ("text", 3, _BYTES, ""),
        ("name", 4, _BYTES, ""),
        ("payload", 6, _BYTES, ""),
        ("request", 7, _BYTES, ""),
        ("resource", 8, _MESSAGE, "Resource"),
        ("time", 9, _BYTES, ""),
        ("severity", 10, _INT32, ""),
        ("labels", 11, _MESSAGE, "repeated Label"),
        ("log", 12, _BYTES, ""),
        ("received", 24, _BYTES, ""),
    ],
    "Resource": [("type", 1, _BYTES, ""), ("labels", 2, _MESSAGE, "repeated Label")],
    "Label": [("key", 1, _BYTES, ""), ("value", 2, _BYTES, "")],
    "Request": [
        ("method", 1, _STRING, ""),
        ("url", 2, _STRING, ""),
        ("status", 4, _INT32, ""),
        ("agent", 6, _STRING, ""),
        ("referer", 8, _STRING, ""),
    ],
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
_KNOWN_FIELDS = [number for _, number, _, _ in _MESSAGES["Entry"]]


class _Entries(NamedTuple):
    """The fields of all entries of a page."""

    audit: Spans
    text: Spans
    name: Spans
    payload: Spans
    request: Spans
    resource: Spans
    time: Spans
    severity: Ints
    writer: Spans
    """Labels and log name."""
    received: Spans


def read(page: bytes) -> tuple[Rows, str]:
    """Parses a serialised `ListLogEntriesResponse`; returns its rows and the next page's token."""
    parsed = _Page.FromString(page)
    side = _in_place(page, parsed.entries)
    entries = _fields(side)
    serialized = side.messages
    if stuck := side.stuck:
        ordered = list(serialized)
        for i in stuck:
            # Serialising again writes the fields in the order of their numbers.
            ordered[i] = _Entry.FromString(serialized[i]).SerializeToString()
        side = SideBySide.of(ordered)
        entries = _fields(side)
    origins, known = _WRITERS.of(_writer_bytes(side, entries), serialized)
    rows = Rows(
        keys=_keys(side, entries, _from_stderr(origins, known)),
        names=_names(side, entries.name),
        has_insert_id=entries.name.there,
        times=times(side, entries.time.otherwise(entries.received)),
        origins=origins,
        known=known,
        raw_entries=serialized,
        text=_text,
        pack=_pack,
    )
    return rows, parsed.next_page_token


def _in_place(page: bytes, serialized: Sequence[bytes]) -> SideBySide:
    """Reads the entries in place if they are contiguous in the page, else from a copy."""
    sizes = np.fromiter(map(len, serialized), np.int64, len(serialized))
    heads = 2 + (sizes >= 1 << 7) + (sizes >= 1 << 14)  # a tag and the size
    ends = (heads + sizes).cumsum()
    if len(serialized) and ends[-1] <= len(page):
        starts = ends - sizes
        side = SideBySide(page + PADDING, starts, ends)
        lengths, after = side.numbers(starts - heads + 1)
        tags = side.bytes[starts - heads] == _ENTRY
        if np.all(tags & (lengths == sizes) & (lengths < LIMIT) & (after == starts)):
            return side
    return SideBySide.of(serialized)


_ENTRY = 1 << 3 | 2


def _fields(side: SideBySide) -> _Entries:
    entries = _Entries(
        audit=side.field(2),
        text=side.field(3),
        name=side.field(4),
        payload=side.field(6),
        request=side.field(7),
        resource=side.fields(8),
        time=side.field(9),
        severity=side.number(10),
        writer=side.fields(11, 12),
        received=side.field(24),
    )
    side.skip(_KNOWN_FIELDS)
    return entries


def _names(side: SideBySide, names: Spans) -> Slices:
    if names.there.all():
        return Slices(side.data, *names)
    lines = {i: b"line:%d" % (i + 1) for i in np.flatnonzero(~names.there).tolist()}
    start, end = names.start.copy(), names.end.copy()
    rows, sizes = list(lines), np.fromiter(map(len, lines.values()), np.int64, len(lines))
    end[rows] = len(side.data) + sizes.cumsum()
    start[rows] = end[rows] - sizes
    return Slices(b"".join([side.data, *lines.values(), PADDING]), start, end)


# --- keys ----------------------------------------------------------------------------------------


def _from_stderr(origins: Ints, known: list[Origin]) -> NDArray[np.bool_]:
    return np.array([on_stderr(origin.log) for origin in known], np.bool_)[origins]


def _keys(side: SideBySide, entries: _Entries, stderr: NDArray[np.bool_]) -> list[RowKey]:
    payloads = entries.payload.where(~entries.text.there)
    messages, odd_payloads = struct_wire.messages(side, payloads, entries.severity)
    texts = entries.text.otherwise(messages)
    # Replaces digits by zeros as `ZEROS` does, several times as fast.
    digits = side.bytes - np.uint8(ord("0"))
    digits *= digits < 10
    zeroed = np.subtract(side.bytes, digits, out=digits)
    silent = stderr & (entries.severity == 0)
    hundreds = np.clip(entries.severity, 0, Severity.EMERGENCY) // 100  # as `nearest`
    zeroed[texts.end] = np.where(silent, STDERR[0], hundreds)
    keys: list[RowKey] = list(Slices(zeroed.tobytes(), texts.start, texts.end + 1))
    # Few texts start with a blank or a control character; `text_key` checks whether they are blank.
    odd = (side.bytes[texts.start] <= 0x20) | (texts.end - texts.start > LONGEST) | ~texts.there
    for i in np.flatnonzero(odd).tolist():
        text = side.data[texts.start[i] : texts.end[i]]
        keys[i] = text_key(text, int(entries.severity[i]), bool(silent[i]))
    for i in odd_payloads:
        payload, severity = side.data[payloads.start[i] : payloads.end[i]], int(entries.severity[i])
        short = len(payload) <= LONGEST
        message = struct_wire.message(payload, severity) if short else b""
        keys[i] = text_key(message, severity, bool(silent[i]))
    for i in np.flatnonzero(entries.request.there).tolist():
        keys[i] = _request_key(side, entries, i)
    return keys


def _request_key(side: SideBySide, entries: _Entries, i: int) -> RowKey:
    def of(spans: Spans) -> bytes:
        return side.data[spans.start[i] : spans.end[i]]

    request = of(entries.request)
    if of(entries.payload) or of(entries.audit) or len(request) > LONGEST:
        return None
    http = _Request.FromString(request)
    return RequestKey(
        http.method,
        http.url.partition("?")[0],
        http.status,
        http.agent,
        http.referer,
        _decoded(of(entries.text)),
        int(entries.severity[i]),
    )


def _text(raw: Any) -> str:
    entry = _Entry.FromString(raw)
    text = entry.text or struct_wire.message(entry.payload, 1)
    return _decoded(text)


# --- when and where ------------------------------------------------------------------------------


def times(side: SideBySide, stamps: Spans) -> Ints:
    """Decodes serialised `google.protobuf.Timestamp`s to nanoseconds.

    `NO_TIME` for an empty one, and for times beyond 64 bits (after 2262). Vectorised for the usual
    form of times after 1978: a tag, five bytes of seconds and, unless they are zero, a tag and at
    most five bytes of nanoseconds. Others are decoded one by one.
    """
    start, lengths = stamps.start, stamps.end - stamps.start
    head = side.words[start]
    form = np.where(lengths == 6, _FORM & _SIX_BYTES, _FORM)
    usual = (head & form == _USUAL & form) & (lengths >= 6) & (lengths != 7) & (lengths <= 12)
    seconds = _seven_bits(head >> np.uint64(8), 5)
    size = np.where(usual, np.maximum(lengths - 7, 0), 0)
    tail = side.words[start + 7] & FIRST_BYTES[size]
    usual &= (tail & _HIGH_BITS == _CONTINUATION[size]) & (seconds < _LATE)
    found = seconds * 1_000_000_000 + _seven_bits(tail, 5)
    for i in np.flatnonzero(~usual).tolist():
        found[i] = _time(side.data[start[i] : stamps.end[i]])
    return found


def _seven_bits(words: NDArray[np.uint64], count: int) -> Ints:
    """Decodes varints of `count` bytes: seven bits per byte, the lowest first."""
    value = (words & np.uint64(0x7F)).astype(np.int64)
    for i in range(1, count):
        value |= ((words >> np.uint64(i)) & np.uint64(0x7F << 7 * i)).astype(np.int64)
    return value


_FORM, _USUAL = np.uint64(0xFF80_8080_8080_FF), np.uint64(0x1000_8080_8080_08)
"""Mask of the tags and the continuation bits of the seconds; their values in a usual timestamp."""
_SIX_BYTES = np.uint64(2**48 - 1)
_LATE = 9_000_000_000
"""Bound for seconds that fit into 64 bits as nanoseconds."""
_HIGH_BITS = np.uint64(0x8080_8080_80)
_CONTINUATION = np.array([0, *(0x8080_8080_80 & (1 << 8 * n) - 1 for n in range(5))], np.uint64)
"""Continuation bits that must be set, by the size of the tail in bytes."""


def _time(stamp: bytes) -> int:
    if not stamp:
        return NO_TIME
    read = Timestamp.FromString(stamp)
    time = int(read.seconds) * 1_000_000_000 + int(read.nanos)
    return time if abs(time) < 2**63 else NO_TIME


def _writer_bytes(side: SideBySide, entries: _Entries) -> Slices:
    """Returns the bytes that identify each entry's writer.

    These are the fields from the resource to the log name, with time and severity zeroed.
    """
    resource, writer = entries.resource, entries.writer
    timeless = side.bytes.copy()
    widest = int((writer.start - resource.end).max(initial=0))
    between = resource.end + np.arange(min(widest, _BETWEEN))[:, np.newaxis]
    timeless[between[between < writer.start]] = 0
    return Slices(timeless.tobytes(), resource.start, writer.end)


_BETWEEN = 24
"""Bytes of the longest time and severity together, with their tags."""


def _decode_writer(raw: bytes) -> JSON:
    entry = _Entry.FromString(raw)
    return {
        "resource": {
            "type": _decoded(entry.resource.type),
            "labels": _labels(entry.resource.labels),
        },
        "labels": _labels(entry.labels),
        "logName": _decoded(entry.log),
    }


def _labels(labels: Any) -> dict[str, str]:
    return {_decoded(label.key): _decoded(label.value) for label in labels}


_WRITERS = Writers(_decode_writer)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


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
