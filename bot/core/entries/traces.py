"""The trace or request id of an entry, as a number: what one request caused has the same one.

Read from the serialised entry, JSON or protobuf alike, since it differs for every entry and is
needed only of failures. Only a hash is kept.
"""

from __future__ import annotations

import re
import zlib
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

NO_TRACE = -1
"""Returned for an entry that names no trace."""


class TraceForm(NamedTuple):
    """One way in which an entry names its trace."""

    name: str
    find: re.Pattern[bytes]
    """Its group 1 is the id."""
    example: bytes
    counter: bytes
    why: str


_GAP = rb"(?:\\?[\"']? ?[:=] ?\\?[\"']?|\x12.\x1a.)"
"""Between a key and its value: JSON, JSON in JSON, logfmt, or protobuf's Struct."""

TRACE_FORMS: tuple[TraceForm, ...] = (
    TraceForm(
        "Cloud Trace",
        re.compile(rb"projects/[\w.:-]{1,80}/traces/([\w-]{4,80})"),
        b'"trace": "projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736"',
        b'"requestUrl": "https://a.example.org/traces/4bf92f35"',
        "LogEntry.trace and logging.googleapis.com/trace",
    ),
    TraceForm(
        "W3C traceparent",
        re.compile(rb"traceparent" + _GAP + rb"[\da-f]{2}-([\da-f]{32})-", re.DOTALL),
        b'"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"',
        b'"traceparent": "00-4bf92f35"',
        "https://www.w3.org/TR/trace-context/",
    ),
    TraceForm(
        "trace id",
        re.compile(
            rb"(?:(?i:trace[_.]?id|cloud-trace-context)|/trace|\"trace)"
            + _GAP + rb"([\w-]{8,80})",
            re.DOTALL,
        ),
        b'"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"',
        b'"trace": "no"',
        "OpenTelemetry, Datadog (dd.trace_id), zap, Serilog (TraceId), logback's MDC (traceId)",
    ),
    TraceForm(
        "request id",
        re.compile(
            rb"(?i:req(?:uest)?[_-]?id|correlation[_-]?id)" + _GAP + rb"([\w.:+/=-]{8,80})",
            re.DOTALL,
        ),
        b'"request_id": "0f8fad5b-d9cb-469f-a165-70867728950e"',
        b'"request_id": "7"',
        "Rails, Fastify (reqId), ASP.NET (RequestId), Envoy (x-request-id)",
    ),
)  # fmt: skip
"""Where an entry has several, the first of these names its trace."""

_HINTS = tuple(
    re.compile(hint)
    for hint in (
        rb"race[_.iIp\"s-]",
        rb"eq(?:uest)?[_-]?[iI][dD]",
        rb"orrelation[_-]?[iI][dD]",
        rb"RACE[_.I-]",
        rb"EQ(?:UEST)?[_-]?ID",
        rb"ORRELATION[_-]?ID",
    )
)
"""Each begins with a literal, which Python finds fast. One of them is in every form."""
_WINDOWS = 8
"""How many hints of an entry are looked at."""
_BEFORE, _AFTER = 100, 200
"""Bytes around a hint that are searched."""


def trace_of(data: bytes) -> int:
    """Returns a hash of the trace that a serialised entry names; `NO_TRACE` if it names none."""
    best, name = len(TRACE_FORMS), b""
    for hint in _HINTS:
        for at in islice(hint.finditer(data), _WINDOWS):
            around = data[max(0, at.start() - _BEFORE) : at.end() + _AFTER]
            for rank, form in enumerate(TRACE_FORMS[:best]):
                if (found := form.find.search(around)) is not None:
                    best, name = rank, found[1]
                    break
            if best == 0:
                return trace_hash(name)
    return trace_hash(name) if name else NO_TRACE


def trace_hash(name: bytes) -> int:
    """Hashes a trace id to 62 bits, the same on every machine; the id is not kept."""
    name = name.lower()
    # A UUID and its 32 digits are one id.
    if len(name) == _UUID and name.count(b"-") == 4:
        name = name.replace(b"-", b"")
    high = zlib.crc32(name)
    low = int.from_bytes(blake2b(name, digest_size=4).digest(), "big")
    return (high << 30) ^ low


_UUID = 36
