"""Converts log entries between gcloud's JSON and the bytes of Google's gRPC."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime
from typing import Any

from google.cloud.audit import audit_log_pb2 as _audit_log  # noqa: F401 - so that Any knows it
from google.cloud.logging_v2.types import LogEntry
from google.protobuf import json_format

SEVERITIES = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}

RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|z|[+-]\d\d:?\d\d)?)?"
)
KNOWN = {field.json_name for field in LogEntry.pb().DESCRIPTOR.fields}
ERROR_GROUPS = 24
"""Field number of LogEntry.errorGroups. The installed client's proto may predate it; it then
arrives as an unknown field, as from Google."""


def severity_number(name: Any) -> int:
    """Returns 100 for DEBUG, and so on; 0 (DEFAULT) if empty. Raises ValueError if unknown."""
    text = str(name or "DEFAULT").upper()
    if text.isdigit():
        return int(text)
    if text not in SEVERITIES:
        raise ValueError(f"{name!r} is no severity")
    return SEVERITIES[text]


@functools.lru_cache(maxsize=1 << 16)
def nanoseconds(text: str) -> int:
    """Parses an RFC 3339 time to nanoseconds since 1970 (a date alone is midnight UTC).

    Raises ValueError if it is invalid.
    """
    found = RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no RFC 3339 time")
    day, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone is None or zone in "Zz" else zone
    seconds = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{zone}").timestamp()
    return int(seconds) * 10**9 + int((fraction or "0").ljust(9, "0"))


def rfc3339(ns: int) -> str:
    """Formats a time as Google does: UTC, with as many groups of three digits as needed."""
    whole, rest = divmod(ns, 10**9)
    stamp = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if not rest:
        return f"{stamp}Z"
    digits = f"{rest:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{stamp}.{digits}Z"


def encode(entry: dict[str, Any]) -> bytes:
    """Serializes an entry as google.logging.v2.LogEntry.

    Unknown keys are dropped, as no server of that version would send them. A protoPayload of an
    unknown type becomes a google.protobuf.Struct inside the Any, so that nothing is lost.
    """
    known = {key: value for key, value in entry.items() if key in KNOWN and value is not None}
    message = LogEntry.pb()()
    try:
        json_format.ParseDict(known, message, ignore_unknown_fields=True)
    except (json_format.ParseError, TypeError):
        body = {key: value for key, value in known["protoPayload"].items() if key != "@type"}
        known["protoPayload"] = {"@type": "type.googleapis.com/google.protobuf.Struct"} | {
            "value": body
        }
        message = LogEntry.pb()()
        json_format.ParseDict(known, message, ignore_unknown_fields=True)
    groups = b"".join(
        field(ERROR_GROUPS, field(1, str(group.get("id", "")).encode()))
        for group in entry.get("errorGroups") or []
    )
    return bytes(message.SerializeToString()) + groups


def field(number: int, body: bytes) -> bytes:
    """Encodes a length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(body)) + body


def varint(value: int) -> bytes:
    """Encodes a protobuf varint (base 128)."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
