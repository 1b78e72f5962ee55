"""Determines an entry's severity: its own, or the level in its JSON payload."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.model.values import JSON, Severity
from bot.core.text.json_levels import SYSLOG, of_payload
from bot.core.text.level_names import BY_NAME

_BY_NUMBER: dict[int, Severity] = {int(level): level for level in Severity}


def own_severity(raw: JSON) -> Severity:
    """Returns the entry's `severity`, else the level in its JSON payload, else DEFAULT."""
    value = raw.get("severity")
    if isinstance(value, str):
        known = BY_NAME.get(value) or BY_NAME.get(value.upper())
        if known:
            return known
    elif isinstance(value, int) and value:
        return nearest(value)
    payload = raw.get("jsonPayload")
    return of_payload(payload) if isinstance(payload, Mapping) else Severity.DEFAULT


def nearest(number: int) -> Severity:
    """Returns the highest severity that is not above the number."""
    known = _BY_NUMBER.get(number)
    if known is None:
        known = max((s for s in Severity if s <= number), default=Severity.DEFAULT)
    return known


UNKNOWN_STREAM = "logs/stdout%2Fstderr"
"""The log of a line of text whose stream is unknown: where it has no level, its words count as
they would on stderr."""


def on_stderr(log: object) -> bool:
    """Returns whether a log, by its name, is what a process wrote, or may have, to stderr."""
    return isinstance(log, str) and log.endswith("stderr") and log[-7:-6] in ("/", "F", "")


def of_syslog(priority: int) -> Severity:
    """Returns the severity of a syslog priority, with or without its facility (RFC 5424, 6.2.1)."""
    return SYSLOG[priority % 8]
