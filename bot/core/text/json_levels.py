"""Reads the level in a JSON payload: names, letters, and numbers on the writer's scale.

The same number means different things: 30 is pino's INFO and Python's WARNING, 200 Monolog's INFO.
The keys beside it say which scale it is from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.core.model.values import JSON, Severity
from bot.core.text.level_names import BY_NAME, LETTERS

S = Severity
NAMED = (
    "severity", "level", "levelname", "log_level", "lvl", "@l", "level_name", "log.level",
    "LogLevel", "Level", "logLevel", "loglevel", "levelName", "severityText", "severity_text",
    "SeverityText", "Severity", "L", "@level", "LEVEL", "SEVERITY", "s", "PRIORITY",
    "levelno", "level_number", "level_value", "severityNumber", "severity_number",
    "SeverityNumber", "logLevelName", "severity_label", "syslog_level",
)  # fmt: skip
"""Keys under which logging libraries put the level; the first that holds one counts."""
NESTED = (("log", "level"), ("_meta", "logLevelName"), ("metadata", "level"), ("record", "level"),
          ("meta", "level"))  # fmt: skip
"""Keys of objects that may hold the level."""
KEYS = (*NAMED, *(outer for outer, _ in NESTED))
"""All keys of a payload that may decide its level."""

_ANSI = re.compile(r"\x1b\[[\d;]{0,20}m")
_NAME = re.compile(
    r"(?:(?:SEVERITY_NUMBER|LOG_?LEVEL|LEVEL)_)?([A-Z]{1,20}(?: [A-Z]{1,10})?)[+-]?\d{0,2}\Z"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """A numeric scale of levels: which payloads use it, and each severity's lowest number."""

    name: str
    fits: Callable[[JSON, str, float], bool]
    """Whether the payload's number under this key is on the scale."""
    steps: tuple[tuple[float, Severity], ...]
    """Highest first."""
    example: JSON
    counter: JSON
    """A payload whose level is on another scale, or on none."""


def _of_syslog(payload: JSON, key: str) -> bool:
    return key in _SYSLOG_KEYS or not _SYSLOG_KEYS.isdisjoint(payload)


_SYSLOG_KEYS = frozenset({
    "facility", "syslog_facility", "PRIORITY", "short_message", "_HOSTNAME", "SYSLOG_IDENTIFIER",
    "syslog_level", "appname", "procid",
})  # fmt: skip


def _steps(*numbers: float) -> tuple[tuple[float, Severity], ...]:
    return tuple(zip(numbers, (S.CRITICAL, S.ERROR, S.WARNING, S.INFO, S.DEBUG), strict=True))


SYSLOG = (S.EMERGENCY, S.ALERT, S.CRITICAL, S.ERROR, S.WARNING, S.NOTICE, S.INFO, S.DEBUG)
_NUMBERS: tuple[tuple[float, Severity], ...] = tuple((int(s), s) for s in reversed(S))

SCALES: tuple[Scale, ...] = (
    Scale(
        "OpenTelemetry",
        lambda _payload, key, _: key in ("severityNumber", "severity_number", "SeverityNumber"),
        _steps(21, 17, 13, 9, 1),
        {"severityNumber": 17, "body": {"stringValue": "batch was rejected"}},
        {"number": 17, "message": "batch was rejected"},
    ),
    Scale(
        "Python's levelno",
        lambda _payload, key, _: key in ("levelno", "level_number"),
        _steps(50, 40, 30, 20, 1),
        {"levelno": 40, "message": "not saved"},
        {"level": 40, "pid": 1, "time": 1_777_888_000_000, "msg": "slow"},
    ),
    Scale(
        "Logback and Log4j",
        lambda _payload, key, number: key == "level_value" or number >= 5_000,
        _steps(50_000, 40_000, 30_000, 20_000, 1),
        {"level_value": 40_000, "message": "not saved"},
        {"level": 40, "pid": 1, "time": 1_777_888_000_000, "msg": "slow"},
    ),
    Scale(
        "Monolog",
        lambda _payload, key, number: number >= 100 and "severity" not in key.lower(),
        ((600, S.EMERGENCY), (550, S.ALERT), (500, S.CRITICAL), (400, S.ERROR), (300, S.WARNING),
         (250, S.NOTICE), (200, S.INFO), (100, S.DEBUG)),
        {"level": 400, "channel": "request", "message": "Uncaught PHP Exception"},
        {"level": 30, "pid": 1, "channel": "web", "msg": "saved"},
    ),
    Scale(
        "Cloud Logging",
        lambda _payload, _key, number: number >= 100,
        _NUMBERS,
        {"severity": 500, "message": "not saved"},
        {"level": 200, "channel": "request", "message": "Matched route"},
    ),
    Scale(
        ".NET's LogLevel",
        lambda _payload, key, number: key in ("LogLevel", "logLevel") and number <= 6,
        _steps(5, 4, 3, 2, 0),
        {"LogLevel": 4, "Message": "not saved"},
        {"level": 4, "facility": "user", "short_message": "slow"},
    ),
    Scale(
        "syslog, journald and GELF",
        lambda payload, key, number: 0 <= number <= 7 and _of_syslog(payload, key),
        tuple((number, SYSLOG[number]) for number in range(7, -1, -1)),
        {"version": "1.1", "host": "web", "short_message": "not saved", "level": 3},
        {"level": 3, "text": "a game was won"},
    ),
    Scale(
        "pino and bunyan",
        lambda payload, _key, number: 10 <= number < 100 and _of_pino(payload),
        _steps(60, 50, 40, 30, 1),
        {"level": 50, "time": 1_777_888_000_000, "pid": 1, "hostname": "web", "msg": "not saved"},
        {"level": 50, "player": "Ann"},
    ),
)  # fmt: skip
"""The first scale that fits counts."""


def _of_pino(payload: JSON) -> bool:
    return not _PINO_KEYS.isdisjoint(payload)


_PINO_KEYS = frozenset(
    {"time", "pid", "hostname", "v", "msg", "message", "name", "timestamp", "err", "severity"}
)


def of_payload(payload: JSON) -> Severity:
    """Returns the level that a JSON payload names; DEFAULT if it names none that is known."""
    for key in NAMED:
        if key in payload and (found := _of_value(payload, key, payload[key])):
            return found
    for outer, inner in NESTED:
        within = payload.get(outer)
        if isinstance(within, Mapping) and inner in within:
            if isinstance(value := within[inner], Mapping):
                value = value.get("name")  # loguru
            if found := _of_value(within, inner, value):
                return found
    return _of_status(payload)


def _of_value(payload: JSON, key: str, value: object) -> Severity:
    if isinstance(value, str):
        word = value.strip()
        if word.isdigit() and len(word) <= 6:
            return _of_number(payload, key, int(word))
        return _of_word(word)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(payload, key, value)
    return Severity.DEFAULT


def _of_word(word: str) -> Severity:
    found = BY_NAME.get(word) or BY_NAME.get(word.upper())
    if found is None:
        match = _NAME.match(_ANSI.sub("", word).strip(" :[]<>").upper())
        name = match[1] if match is not None else ""
        found = BY_NAME.get(LETTERS.get(name, name))
    return found or Severity.DEFAULT


def _of_number(payload: JSON, key: str, number: float) -> Severity:
    for scale in SCALES:
        if scale.fits(payload, key, number):
            return next((level for least, level in scale.steps if number >= least), S.DEFAULT)
    return Severity.DEFAULT


_ROUTE_KEYS = ("path", "url", "uri", "request", "route", "controller", "requestUrl")


def _of_status(payload: JSON) -> Severity:
    """Returns the level of a request without level and message, as lograge writes it, by status."""
    status = payload.get("status")
    if isinstance(status, str) and status.isdigit() and len(status) == 3:
        status = int(status)
    if (
        not isinstance(status, int | float)
        or isinstance(payload.get("message"), str)
        or "method" not in payload
        or not any(key in payload for key in _ROUTE_KEYS)
    ):
        return Severity.DEFAULT
    if status >= 500:
        return Severity.ERROR
    return Severity.WARNING if status >= 400 else Severity.INFO if status >= 100 else S.DEFAULT
