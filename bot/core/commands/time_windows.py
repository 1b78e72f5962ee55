"""Parses times that people type: windows (`2d`, `since 2025-09-12`), `09:00`, zones. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from rapidfuzz import fuzz, process

from bot.core.model.errors import UsageError
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Window
from bot.core.text import display

LONGEST = 30 * DAY
"""Cloud Logging keeps 30 days unless its owner pays for more."""
_quoted = display.quoted
EXAMPLES = "Try 2d, 36h, 90m, yesterday, or since 2025-09-12."

_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "wk", "week", "weeks"), 7 * DAY),
}
_SHORT = ((7 * DAY, "w"), (DAY, "d"), (HOUR, "h"), (MINUTE, "m"))
_LENGTH = re.compile(r"(?:last\s+)?(\d+)\s*([a-z]+)", re.ASCII)
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[t ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*(z|utc|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """A time window as it was requested."""

    window: Window
    label: str
    """`last 2 d`, `yesterday`, `since 12 Sep 10:00`."""
    typed: str = ""
    """The shortest way to type it: `2d`, `since 2025-09-12`. Equal input gives equal text."""


def parse_window(words: Sequence[str], *, now: int, timezone: str) -> Span:
    """Parses a window, which ends at `now` (nanoseconds) unless the words give an end.

    `timezone` is an IANA name and sets where days begin. No words mean the last day. Raises
    `UsageError` with one sentence if they cannot be parsed, are empty, lie in the future or exceed
    30 days.
    """
    text = normal(" ".join(words))
    if not text:
        text = "1d"
    if found := _LENGTH.fullmatch(text):
        return _length(text, found, now)
    if text in {"today", "since today"}:
        return _since(text, _midnight(_today(now, timezone), timezone), now, "today", "today")
    if text == "yesterday":
        here = _today(now, timezone)
        start, end = _midnight(here - timedelta(days=1), timezone), _midnight(here, timezone)
        return Span(Window(start, end), "yesterday", "yesterday")
    if text.startswith("since "):
        return _parse_since(text, text.removeprefix("since ").strip(), now, timezone)
    if _DATE.fullmatch(text):
        return _parse_since(text, text, now, timezone)
    raise UsageError(f'"{_quoted(text)}" is not a time I understand. {EXAMPLES}')


def is_window(words: Sequence[str]) -> bool:
    """True if the words look like a window, even an invalid one (`0d`, `2x`)."""
    text = normal(" ".join(words))
    return bool(
        text in ("today", "yesterday", "tomorrow")
        or text.split(" ")[0] in ("since", "last")
        or re.match(r"\d", text)
    )


def normal(text: str) -> str:
    """Normalises full-width digits, spaces and case."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    return re.sub(r"\s+", " ", plain).strip().lower()


def parse_clock(text: str) -> str:
    """Parses `9:00`, `09.00` or `9` into `09:00`. Raises `UsageError`."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?", normal(text), re.ASCII)
    if found and (found[2] or found[3] or len(found[1]) <= 2):
        hour, minute = int(found[1]), int(found[2] or 0)
        if found[3]:
            hour = hour % 12 + (12 if found[3] == "pm" else 0) if 1 <= hour <= 12 else 24
        if hour < 24 and minute < 60:
            return f"{hour:02}:{minute:02}"
    raise UsageError(f'"{_quoted(text)}" is not a time of day. Write it as 09:00.')


def is_clock(text: str) -> bool:
    """True if it looks like a time of day, even an invalid one (`25:00`)."""
    return re.fullmatch(r"\d{1,2}[:.]\d{2}|\d{1,2}\s*(am|pm)", normal(text), re.ASCII) is not None


def parse_zone(name: str) -> str:
    """Returns the IANA name correctly spelled. Raises `UsageError` with the nearest one."""
    wanted = unicodedata.normalize("NFKC", name).strip().replace(" ", "_")
    known = _zones().get(wanted.casefold())
    if known is None:
        meant = nearest_zone(wanted)
        asked = f" Did you mean {meant}?" if meant else ""
        raise UsageError(
            f'I know no time zone "{_quoted(name)}".{asked} '
            "Use a name such as Europe/Berlin or UTC."
        )
    return known


def nearest_zone(name: str) -> str | None:
    """Finds the zone probably meant: `Europe/Berlin` for `Europe/Berln` or `berlin`."""
    wanted = name.strip().replace(" ", "_").casefold()
    if not wanted or len(wanted) > 60:
        return None
    cities = {zone.rpartition("/")[2]: zone for zone in sorted(_zones(), reverse=True)}
    if wanted in cities:
        return _zones()[cities[wanted]]
    for pool in (list(_zones()), list(cities)):
        best = process.extractOne(wanted, pool, scorer=fuzz.ratio, score_cutoff=75)
        if best:
            return _zones()[cities.get(best[0], best[0])]
    return None


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


# --- windows -------------------------------------------------------------------------------------


def _length(text: str, found: re.Match[str], now: int) -> Span:
    unit = _UNITS.get(found[2])
    if unit is None:
        raise UsageError(f'"{_quoted(text)}" is not a time I understand. {EXAMPLES}')
    # Ignore absurdly long numbers rather than compute with them.
    length = int(found[1][:12].rjust(1, "0")) * unit if len(found[1]) <= 12 else LONGEST + 1
    if length == 0:
        raise UsageError(f'"{_quoted(text)}" is no time at all. {EXAMPLES}')
    if length > LONGEST:
        raise UsageError(
            f'"{_quoted(text)}" is more than I read at once: 30 days at most. Try 30d.'
        )
    size, short = next((s, n) for s, n in _SHORT if length % s == 0)
    if short == "w":
        size, short = DAY, "d"
    label = f"last {display.duration(length)}"
    return Span(Window(now - length, now), label, f"{length // size}{short}")


def _parse_since(text: str, when: str, now: int, timezone: str) -> Span:
    here = _today(now, timezone)
    if when == "yesterday":
        start = _midnight(here - timedelta(days=1), timezone)
        return _since(text, start, now, "since yesterday", "since yesterday")
    if when == "tomorrow":
        raise UsageError(f'"{_quoted(text)}" lies in the future: no log has it yet. {EXAMPLES}')
    try:
        if found := _CLOCK.fullmatch(when):
            clock = time(int(found[1]), int(found[2]))
            start = _instant(here, clock, timezone)
            return _since(text, start, now, f"since {clock:%H:%M}", f"since {clock:%H:%M}")
        if found := _DATE.fullmatch(when):
            return _since_date(text, found, now, timezone)
    except (ValueError, OverflowError):
        raise UsageError(f'"{_quoted(when)}" is no date that exists. {EXAMPLES}') from None
    raise UsageError(f'"{_quoted(text)}" is not a time I understand. {EXAMPLES}')


def _since_date(text: str, found: re.Match[str], now: int, timezone: str) -> Span:
    day = date(int(found[1]), int(found[2]), int(found[3]))
    clock = time(int(found[4] or 0), int(found[5] or 0), int(found[6] or 0))
    offset = found[7]
    start = _instant(day, clock, timezone if offset is None else _offset(offset))
    typed = f"since {day.isoformat()}"
    if found[4] is not None:
        seconds = f":{clock:%S}" if clock.second else ""
        typed += f"T{clock:%H:%M}{seconds}{(offset or '').upper().replace('UTC', 'Z')}"
    label = f"since {display.since(start, timezone, now)}"
    if found[4] is None:
        label = f"since {display.day(start, timezone, now)}"
    return _since(text, start, now, label, typed)


def _since(text: str, start: int, now: int, label: str, typed: str) -> Span:
    if start > now:
        raise UsageError(f'"{_quoted(text)}" lies in the future: no log has it yet. {EXAMPLES}')
    if start == now:
        raise UsageError(f'"{_quoted(text)}" begins only now: no log has it yet. {EXAMPLES}')
    if now - start > LONGEST:
        raise UsageError(
            f'"{_quoted(text)}" is {(now - start) // DAY} days ago, and I read 30 days at most. '
            "Try 30d."
        )
    return Span(Window(start, now), label, typed)


def _today(now: int, timezone: str) -> date:
    return display.moment(now, timezone).date()


def _midnight(day: date, timezone: str) -> int:
    return _instant(day, time(), timezone)


def _instant(day: date, clock: time, timezone: str) -> int:
    """Returns the instant in nanoseconds.

    Of two equal times the first; a time that a clock change skips uses the offset before the
    change.
    """
    try:
        zone: ZoneInfo | None = None if timezone.startswith(("+", "-")) else ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    if zone is None:
        minutes = int(timezone[1:3]) * 60 + int(timezone[-2:])
        if int(timezone[1:3]) > 14 or int(timezone[-2:]) > 59:
            raise ValueError(timezone)
        ahead = timedelta(minutes=minutes) * (1 if timezone[0] == "+" else -1)
        return int((datetime.combine(day, clock, tzinfo=UTC) - ahead).timestamp()) * SECOND
    return int(datetime.combine(day, clock, tzinfo=zone).timestamp()) * SECOND


def _offset(text: str) -> str:
    return "UTC" if text in ("z", "utc") else text
