"""The fields of a LogEntry in JSON form, and how a Logging query compares them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playground.logging.entry import SEVERITIES, nanoseconds, severity_number
from playground.logging.filter_tokens import FilterError, Token

Entry = dict[str, Any]
Predicate = Callable[[Entry], bool]

SCALARS = {
    "logName": "",
    "textPayload": "",
    "insertId": "",
    "trace": "",
    "spanId": "",
    "traceSampled": False,
    "timestamp": "",
    "receiveTimestamp": "",
    "severity": "DEFAULT",
}
"""LogEntry's own fields, with the default value of an absent one."""

NESTED: dict[str, set[str] | None] = {
    "resource": {"type", "labels"},
    "httpRequest": {
        "requestMethod",
        "requestUrl",
        "requestSize",
        "status",
        "responseSize",
        "userAgent",
        "remoteIp",
        "serverIp",
        "referer",
        "latency",
        "cacheLookup",
        "cacheHit",
        "cacheValidatedWithOriginServer",
        "cacheFillBytes",
        "protocol",
    },
    "operation": {"id", "producer", "first", "last"},
    "sourceLocation": {"file", "line", "function"},
    "split": {"uid", "index", "totalSplits"},
    "errorGroups": {"id"},
    "labels": None,
    "jsonPayload": None,
    "protoPayload": None,
}
"""LogEntry's message fields; None if any name may follow."""

TIMES = {"timestamp", "receiveTimestamp"}


def field_of(path: list[str], token: Token) -> list[str]:
    """Converts a path to JSON's spelling. Raises `FilterError` if no LogEntry can have it."""
    head = re.sub(r"_([a-z])", lambda found: found[1].upper(), path[0])
    known = NESTED.get(head, set())
    if head in SCALARS:
        fine = len(path) == 1
    elif head in NESTED:
        fine = known is None or len(path) == 1 or path[1] in known
    else:
        fine = False
    if not fine:
        raise FilterError(
            f"Field not found: '{'.'.join(path)}' at line {token.line}, column {token.column}"
        )
    return [head, *path[1:]]


def values(entry: Entry, field: list[str]) -> list[Any]:
    """Returns the values at a path; several if it passes through a list."""
    level: list[Any] = [entry]
    for name in field:
        flat = (each for item in level for each in (item if isinstance(item, list) else [item]))
        level = [each[name] for each in flat if isinstance(each, dict) and name in each]
    if not level and len(field) == 1 and field[0] in SCALARS:
        return [SCALARS[field[0]]]
    if not level and field[0] in {"httpRequest", "operation", "sourceLocation"} and len(field) > 1:
        return [0 if field[1] in {"status", "line"} else ""]
    return [part for item in level for part in (item if isinstance(item, list) else [item])]


def comparison(
    field: list[str], operator: str, text: str, *, quoted: bool, token: Token
) -> Predicate:
    """Compiles one comparison; `:` tests containment, `:*` presence. Raises `FilterError`."""
    if operator == ":":
        if text == "*" and not quoted:
            return lambda entry: _exists(entry, field)
        if field != ["severity"]:
            wanted = text.lower()
            return lambda entry: any(_has(value, wanted) for value in values(entry, field))
        operator = "="
    if field == ["severity"]:
        return _by_severity(operator, text, token)
    if len(field) == 1 and field[0] in TIMES:
        try:
            moment = nanoseconds(text)
        except ValueError:
            raise FilterError(f"Unparseable filter: invalid timestamp '{text}'") from None
        return lambda entry: _compare(
            operator, nanoseconds(str(entry.get(field[0]) or "1970-01-01T00:00:00Z")), moment
        )
    return lambda entry: any(_loose(operator, value, text) for value in values(entry, field))


def _by_severity(operator: str, text: str, token: Token) -> Predicate:
    if text.upper() not in SEVERITIES and not text.isdigit():
        raise FilterError(
            f"Unparseable filter: invalid severity '{text}' at line {token.line}, "
            f"column {token.column}"
        )
    level = severity_number(text)
    return lambda entry: _compare(operator, severity_number(entry.get("severity")), level)


def _loose(operator: str, value: Any, text: str) -> bool:
    """Compares by the field's own type: numbers and booleans first, then words."""
    if isinstance(value, bool):
        return _compare(operator, str(value).lower(), text.lower())
    if isinstance(value, int | float):
        try:
            return _compare(operator, float(value), float(text))
        except ValueError:
            return operator == "!="
    return _compare(operator, text_of(value).lower(), text.lower())


def _compare(operator: str, left: Any, right: Any) -> bool:
    if operator == "=":
        return bool(left == right)
    if operator == "!=":
        return bool(left != right)
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    return bool(left > right) if operator == ">" else bool(left >= right)


def _exists(entry: Entry, field: list[str]) -> bool:
    level: Any = entry
    for name in field:
        if isinstance(level, list):
            level = next((item for item in level if isinstance(item, dict) and name in item), None)
        if not isinstance(level, dict) or name not in level:
            return False
        level = level[name]
    return level not in (None, "", [], {})


def text_of(value: Any) -> str:
    """Converts a value to the text that a pattern is matched against."""
    return value if isinstance(value, str) else ("" if value is None else str(value))


def _has(value: Any, wanted: str) -> bool:
    """Implements `:`: part of a string, of anything inside a message, or one of its keys."""
    if isinstance(value, dict):
        return any(key.lower() == wanted or _has(item, wanted) for key, item in value.items())
    if isinstance(value, list):
        return any(_has(item, wanted) for item in value)
    return wanted in text_of(value).lower()


def anywhere(entry: Entry, wanted: str) -> bool:
    """True if any field contains the text, ignoring case."""
    return _has(entry, wanted)
