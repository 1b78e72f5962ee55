"""Parses times of day and time zones, and finds the instant of a local time. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import available_timezones

from rapidfuzz import fuzz, process

from bot.core.model.errors import UsageError
from bot.core.model.values import SECOND
from bot.core.text import display

_quoted = display.quoted
_NAMED = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_CLOCK = re.compile(
    r"(\d{1,2})(?:([:.h])(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?)?(h|\s*(?:am|pm|uhr|oclock))?",
    re.ASCII,
)
_DASHES = re.compile("[\u2010-\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63]")
QUOTES = re.compile("[\"'`\u00b4\u2018-\u201f\u00ab\u00bb\u2039\u203a]")


def normal(text: str) -> str:
    """Normalises full-width digits, dashes, quotes, commas, `p.m.`, spaces of any kind and case."""
    plain = QUOTES.sub("", _DASHES.sub("-", unicodedata.normalize("NFKC", text))).lower()
    plain = re.sub(r"\b([ap])\.?\s?m\b\.?", r"\1m", re.sub(r"[,;]", " ", plain))
    return re.sub(r"\s+", " ", plain).strip(" !?")


# --- times of day --------------------------------------------------------------------------------


def parse_clock(text: str) -> str:
    """Parses `9:00`, `09.00` or `9` into `09:00`. Raises `UsageError`."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?", normal(text), re.ASCII)
    if found and (hour := _hour(int(found[1]), found[3])) is not None and int(found[2] or 0) < 60:
        return f"{hour:02}:{int(found[2] or 0):02}"
    raise UsageError(f'"{_quoted(text)}" is not a time of day. Write it as 09:00.')


def is_clock(text: str) -> bool:
    """True if it looks like a time of day, even an invalid one (`25:00`)."""
    return re.fullmatch(r"\d{1,2}[:.]\d{2}|\d{1,2}\s*(am|pm)", normal(text), re.ASCII) is not None


def read_clock(text: str, *, bare: bool = False) -> timedelta | None:
    """Reads a normalised time of day as the time since midnight; None if it is none.

    `bare`: takes a number alone for an hour, as in "from 9 to 12". `24:00` is the next midnight.
    Raises `ValueError` for a time that does not exist, and `UsageError` for `12.09`, which may be
    a date.
    """
    if text in _NAMED:
        return timedelta(hours=_NAMED[text].hour)
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    digits, sign, minutes, seconds, half = found.groups()
    half = half and half.strip()
    if sign is None and half is None and not bare:
        return None
    hour = _hour(int(digits), half if half in {"am", "pm"} else None)
    if int(digits) == 24 and not int(minutes or 0) and half not in {"am", "pm"}:
        hour = 24
    if hour is None or int(minutes or 0) > 59 or int(seconds or 0) > 59:
        raise ValueError(text)
    if sign == "." and half is None and 1 <= int(minutes) <= 12 and 1 <= int(digits) <= 31:
        month = f"{date(2000, int(minutes), 1):%b}"
        raise UsageError(
            f'"{_quoted(text)}" may be a time or a date. '
            f"Write {hour:02}:{minutes}, or {int(digits)} {month}."
        )
    return timedelta(hours=hour, minutes=int(minutes or 0), seconds=int(seconds or 0))


def _hour(hour: int, half: str | None) -> int | None:
    if half is not None:
        return hour % 12 + (12 if half == "pm" else 0) if 1 <= hour <= 12 else None
    return hour if hour < 24 else None


# --- time zones ----------------------------------------------------------------------------------


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


def known_zone(name: str) -> str | None:
    """Returns the IANA name correctly spelled; None if there is no such zone."""
    return _zones().get(name.casefold())


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


# --- instants ------------------------------------------------------------------------------------


def local_day(ns: int, timezone: str) -> date:
    """Returns the local date at an instant in nanoseconds."""
    return display.moment(ns, timezone).date()


def instant(day: date, clock: timedelta, timezone: str, *, later: bool = False) -> int:
    """Returns the instant in nanoseconds at which clocks in `timezone` show `clock` on `day`.

    Of two equal times the first, or the second if `later`. A time that a change of clocks skips is
    the moment of the change, so that later local times are never earlier instants.
    """
    zone = display.zone(timezone)
    wall = datetime.combine(day, time()) + clock
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    early, late = int(first.timestamp()), int(second.timestamp())
    if late < early:  # skipped: the change lies between the two readings
        after = datetime.fromtimestamp(early, UTC).astimezone(zone).utcoffset()
        while early - late > 1:
            middle = (late + early) // 2
            if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == after:
                early = middle
            else:
                late = middle
        return early * SECOND
    return (late if later else early) * SECOND
