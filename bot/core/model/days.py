"""The days on which a digest is posted."""

from __future__ import annotations

from datetime import date
from enum import StrEnum


class Days(StrEnum):
    """As typed after /gardener, and as stored."""

    DAILY = "daily"
    WEEKDAYS = "weekdays"
    """Monday to Friday."""

    def has(self, day: date) -> bool:
        """Returns whether a digest is due on this day."""
        return self is Days.DAILY or day.weekday() < 5
