"""RFC 3339 times ↔ nanoseconds since the epoch, without losing a digit of either."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from bot.garden.model import SECOND

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d):(\d\d|60)(?:[.,](\d{1,9})\d*)?\s?([Zz]|[+-]\d\d:?\d\d)?$"
)


@lru_cache(maxsize=4096)
def _minute(text: str) -> int:
    """Epoch seconds of `2025-09-14T03:10` in UTC. Log entries come in runs of the same minute."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def parse(text: str) -> int | None:
    """Nanoseconds since the epoch; None where the text is no RFC 3339 time.

    A missing offset is read as UTC. Digits past the ninth are dropped.
    """
    match = _TIME.match(text)
    if match is None:
        return None
    minute, second, fraction, offset = match.groups()
    try:
        seconds = _minute(minute.replace(" ", "T").replace("t", "T")) + int(second)
    except ValueError:
        return None
    if offset and offset not in "Zz":
        hours, minutes = int(offset[1:3]), int(offset[-2:])
        seconds -= (hours * 60 + minutes) * (60 if offset[0] == "+" else -60)
    return seconds * SECOND + (int(fraction.ljust(9, "0")) if fraction else 0)


_minutes: dict[str, int] = {}


def quick(text: str) -> int | None:
    """As `parse`, five times as fast for what Cloud Logging writes: `2025-09-14T03:10:06.03Z`."""
    if text[-1:] != "Z" or text[16:17] != ":":
        return parse(text)
    seconds = _minutes.get(text[:16])
    if seconds is None:
        if parse(text) is None:
            return None
        if len(_minutes) > 100_000:
            _minutes.clear()
        seconds = _minutes[text[:16]] = (parse(text[:16] + ":00Z") or 0) // SECOND
    try:
        if len(text) == 20:
            return (seconds + int(text[17:19])) * SECOND
        if len(text) == 30 and text[19] == ".":
            return (seconds + int(text[17:19])) * SECOND + int(text[20:29])
        if text[19] != ".":
            return None
        return (seconds + int(text[17:19])) * SECOND + int(text[20:-1].ljust(9, "0")[:9])
    except ValueError:
        return None


def show(nanoseconds: int) -> str:
    """`2025-09-14T03:10:06.030348Z`: as many digits of the fraction as are needed, in threes."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if not fraction:
        return text + "Z"
    digits = f"{fraction:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{text}.{digits}Z"
