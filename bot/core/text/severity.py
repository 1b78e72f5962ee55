"""Determines an entry's severity: its own, or the level in its JSON payload."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.model.values import JSON, Severity
from bot.core.text.level_headers import NAMES

LEVELS = ("severity", "level", "levelname", "log_level", "lvl", "@l")
"""Keys of a payload in which logging libraries put the level."""
_PINO = ((60, Severity.CRITICAL), (50, Severity.ERROR), (40, Severity.WARNING), (30, Severity.INFO))
_BY_NUMBER: dict[int, Severity] = {int(level): level for level in Severity}
_BY_NAME: dict[str, Severity] = {**NAMES, **Severity.__members__}


def own_severity(raw: JSON) -> Severity:
    """Returns the entry's `severity`, else the level in its JSON payload, else DEFAULT."""
    value = raw.get("severity")
    if isinstance(value, str):
        known = _BY_NAME.get(value) or _BY_NAME.get(value.upper())
        if known:
            return known
    elif isinstance(value, int):
        return nearest(value)
    payload = raw.get("jsonPayload")
    if isinstance(payload, Mapping):
        for key in LEVELS:
            level = payload.get(key)
            if isinstance(level, str) and level.upper() in NAMES:
                return NAMES[level.upper()]
            if isinstance(level, int) and not isinstance(level, bool):
                return next((s for least, s in _PINO if level >= least), Severity.DEBUG)
    return Severity.DEFAULT


def nearest(number: int) -> Severity:
    """Returns the highest severity that is not above the number."""
    known = _BY_NUMBER.get(number)
    if known is None:
        known = max((s for s in Severity if s <= number), default=Severity.DEFAULT)
    return known
