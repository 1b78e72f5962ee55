"""Recognises log entries in JSON values, whichever client, export or program wrote them.

The result has the shape of `gcloud logging read --format=json`. Clients write the same fields as
`textPayload`, `text_payload` or `TextPayload`, and times as texts, numbers or seconds and nanos.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import cast

from bot.core.entries import journal
from bot.core.model import rfc3339
from bot.core.model.values import JSON, SECOND, Severity
from bot.core.text.severity import nearest

GOOD_FILE = (
    "`gcloud logging read 'FILTER' --format=json > entries.json` writes a file "
    "in a supported format."
)
"""How to get a file of entries that can be read, for errors."""
_PAYLOADS = frozenset({"textPayload", "jsonPayload", "protoPayload", "httpRequest"})
_ENVELOPE = (
    *sorted(_PAYLOADS), "insertId", "timestamp", "receiveTimestamp", "logName", "resource",
    "severity", "labels", "trace", "spanId", "traceSampled", "sourceLocation", "operation",
)  # fmt: skip
_FIELDS = {
    **{name.lower(): name for name in _ENVELOPE},
    "protopayloadauditlog": "protoPayload",  # a column of BigQuery's log tables
    "structpayload": "jsonPayload",  # of the API before 2016, kept by old exports
}
"""A field's name without case and underscores → its name in Cloud Logging."""
_HTTP = {
    name.lower(): name
    for name in (
        "requestMethod", "requestUrl", "requestSize", "status", "responseSize", "userAgent",
        "remoteIp", "serverIp", "referer", "latency", "protocol",
    )
}  # fmt: skip
_OURS = frozenset({"logname", "insertid", "receivetimestamp"})
"""Fields that only Cloud Logging has; an object with one may call its payload `payload`."""
_MESSAGES = ("message", "msg", "@mt", "@m", "renderedmessage", "messagetemplate")
"""Keys under which programs write a message, in lower case …"""
_EVENTS = ("event", "text", "body", "log", "m", "error", "err", "exception", "errormessage")
"""… and keys that hold a message if the object also has a time or a level."""
_TIMES = ("timestamp", "time", "@timestamp", "ts", "@t", "datetime", "date", "asctime", "t")
_LEVELS = ("level", "severity", "levelname", "log.level", "loglevel", "severitytext", "@l", "l")
_OWN = ("insertId", "receiveTimestamp", "logName", "resource", "severity", "labels", "trace")
_TRACE = "logging.googleapis.com/trace"


def entry_of(value: object) -> JSON | None:
    """Returns the value as a log entry; None if it has no payload that we know."""
    if value.__class__ is not dict and not isinstance(value, Mapping):
        return None
    if not _PAYLOADS.isdisjoint(value):
        time = value.get("timestamp")
        if time is None or (time.__class__ is str and time[4:5] == "-"):
            return value
        return {**value, "timestamp": time_of(time)}
    names = {_plain(str(key)): str(key) for key in value}
    return _renamed(value, names) or _of_metadata(value, names) or _of_program(value)


def is_envelope(value: object) -> bool:
    """Returns whether the value is an entry of Cloud Logging, not a program's own line."""
    if not isinstance(value, Mapping):
        return False
    names = {_plain(str(key)) for key in value}
    return any(_FIELDS.get(name) in _PAYLOADS for name in names) or not _OURS.isdisjoint(names)


def _plain(key: str) -> str:
    return key.replace("_", "").lower()


# --- other spellings -----------------------------------------------------------------------------


def _renamed(value: JSON, names: dict[str, str]) -> JSON | None:
    """Reads an entry whose fields have Cloud Logging's names, but in another spelling."""
    found: dict[str, object] = {}
    for plain, key in names.items():
        # Clients write the payloads that an entry does not have as null.
        if value.get(key) is None:
            continue
        if plain in _FIELDS:
            found.setdefault(_FIELDS[plain], value.get(key))
        elif plain != "payload":
            found[key] = value.get(key)
    if _PAYLOADS.isdisjoint(found) and "payload" in names and not _OURS.isdisjoint(names):
        payload = value[names["payload"]]
        found["textPayload" if isinstance(payload, str) else "jsonPayload"] = payload
    return None if _PAYLOADS.isdisjoint(found) else tidied(found)


def tidied(found: dict[str, object]) -> dict[str, object]:
    """Gives the fields of an entry the types that Cloud Logging gives them."""
    for name, tidy in _TIDY.items():
        if name in found:
            found[name] = tidy(found[name])
    return {name: part for name, part in found.items() if part is not None}


def _of_metadata(value: JSON, names: dict[str, str]) -> JSON | None:
    """Reads an `Entry` of Google's Node client: `metadata` is the envelope, `data` the payload."""
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping) or "data" not in names:
        return None
    if _OURS.isdisjoint(_plain(str(key)) for key in metadata):
        return None
    return entry_of({**metadata, "payload": value["data"]})


def _http(value: object) -> object:
    value = _parsed(value)
    if not isinstance(value, Mapping):
        return value
    return {
        _HTTP.get(_plain(str(key)), str(key)): part
        for key, part in value.items()
        if part is not None
    }


def _parsed(value: object) -> object:
    """Parses an object that an export wrote as text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return value


def _payload(value: object) -> object:
    value = _parsed(value)
    return {"message": value} if isinstance(value, str) else value


def _labels(value: object) -> object:
    """Reads labels, which BigQuery may export as a list of keys and values."""
    value = _parsed(value)
    if not isinstance(value, list):
        return value
    pairs = [(pair.get("key"), pair.get("value")) for pair in value if isinstance(pair, Mapping)]
    return {str(key): part for key, part in pairs if key}


def _resource(value: object) -> object:
    """Reads a resource; Python's `json` writes the client's named tuple as a list."""
    value = _parsed(value)
    if isinstance(value, list) and len(value) == 2:
        value = {"type": value[0], "labels": value[1]}
    if isinstance(value, Mapping) and "labels" in value:
        return {**value, "labels": _labels(value["labels"])}
    return value


def _severity(value: object) -> object:
    """Returns the name of a severity given as a name, a number, or an enum's text."""
    if isinstance(value, str):
        value = value.rpartition(".")[2] if "." in value else value
        if not value.isdigit():
            return value or None
        value = int(value[:9])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return nearest(int(min(max(value, 0), Severity.EMERGENCY))).name
    return value


_EPOCH = re.compile(r"\d{9,19}(?:\.\d{1,9})?|\d(?:\.\d{1,18})?[Ee]\+?(?:9|1\d)")
_UNITS = ((10**11, SECOND), (10**14, 10**6), (10**17, 10**3), (10**20, 1))
"""(numbers below this, nanoseconds in their unit): seconds, milli-, micro- and nanoseconds."""


def time_of(value: object) -> str | None:
    """Returns a time as RFC 3339: from a text, a number since 1970, or seconds and nanos."""
    if isinstance(value, str):
        if not _EPOCH.fullmatch(value):
            return value or None
        value = int(value) if value.isdigit() else float(value)
    if isinstance(value, Mapping):
        seconds, nanos = (
            next((value[name] for name in names if name in value), 0)
            for names in (("seconds", "epochSecond", "_seconds"), ("nanos", "nanoOfSecond"))
        )
        try:
            value = int(cast("int", seconds)) * SECOND + int(cast("int", nanos))
        except (TypeError, ValueError, OverflowError):
            return None
        return _shown(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    unit = next((unit for least, unit in _UNITS if 0 < value < least), 0)
    # A float has no more than microseconds of seconds.
    whole = (
        value * unit
        if isinstance(value, int)
        else round(value * min(unit, 10**6)) * (unit // min(unit, 10**6) if unit else 0)
    )
    return _shown(whole) if unit else None


def _shown(nanoseconds: int) -> str | None:
    return rfc3339.show(nanoseconds) if 0 < nanoseconds < 2**63 else None


_TIDY = {
    "timestamp": time_of,
    "receiveTimestamp": time_of,
    "severity": _severity,
    "resource": _resource,
    "labels": _labels,
    "httpRequest": _http,
    "jsonPayload": _payload,
    "protoPayload": _parsed,
}


# --- a program's own lines -----------------------------------------------------------------------


def _of_program(value: JSON) -> JSON | None:
    """Converts a program's JSON line to the entry that Cloud Logging would make of it."""
    if (entry := journal.of_journal(value)) is not None:
        return {**entry, "timestamp": time_of(value[journal.TIME])}
    lower = {str(key).lower(): part for key, part in value.items()}
    stamps = [time for name in _TIMES if (time := time_of(lower.get(name)))]
    dated = bool(stamps) or any(name in lower for name in _LEVELS)
    if not any(_says(lower.get(name)) for name in _MESSAGES) and not (
        dated and any(_says(lower.get(name)) for name in _EVENTS)
    ):
        return None
    made: dict[str, object] = {name: value[name] for name in _OWN if name in value}
    if _TRACE in value:
        made.setdefault("trace", value[_TRACE])
    if "log" in lower and isinstance(lower["log"], str) and lower.keys() <= _DOCKER:
        text = str(lower["log"]).rstrip("\r\n")
        made |= _of_program(_object(text)) or {"textPayload": text}
        made["logName"] = f"logs/{lower.get('stream') or 'stdout'}"
    else:
        made["jsonPayload"] = dict(value)
    if stamps:
        made["timestamp"] = stamps[0]
    return made


def _object(text: str) -> JSON:
    """Parses a line that is a JSON object; empty for any other."""
    value = _parsed(text)
    return value if isinstance(value, dict) else {}


_DOCKER = frozenset({"log", "stream", "time", "attrs"})
"""Keys of a line in the files of Docker's `json-file` driver."""


def _says(value: object) -> bool:
    if isinstance(value, Mapping):
        value = value.get("message") or value.get("stringValue")
    return isinstance(value, str) and not value.isspace() and value != ""
