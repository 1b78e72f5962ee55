"""Reads one day as people say it: `Friday`, `12 Sep`, `2025-09-12`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from bot.core.model.errors import UsageError

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
WEEKDAY = {
    **{name: i for i, name in enumerate(WEEKDAYS)},
    **{name[:3]: i for i, name in enumerate(WEEKDAYS)},
    "tues": 1, "weds": 2, "thur": 3, "thurs": 3,
}  # fmt: skip
MONTH = {
    **{name: i for i, name in enumerate(MONTHS, 1)},
    **{name[:3]: i for i, name in enumerate(MONTHS, 1)},
    "sept": 9,
}
_NEAR = {"today": 0, "yesterday": -1, "tomorrow": 1, "day before yesterday": -2}


_MONTH = "|".join(sorted(MONTH, key=len, reverse=True))
_WEEKDAY = "|".join(sorted(WEEKDAY, key=len, reverse=True))
DAY_MONTH = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)?[ /-]?({_MONTH})\.?(?:[ /-]?(\d{{4}}))?", re.ASCII
)
MONTH_DAY = re.compile(rf"({_MONTH})\.? ?(\d{{1,2}})(?:st|nd|rd|th)?(?: (\d{{4}}))?", re.ASCII)
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_ORDINAL = re.compile(r"(?:the )?(\d{1,2})(?:st|nd|rd|th)", re.ASCII)
_NAMED_DAY = re.compile(rf"(?:(last|previous|this|next|on) )?({_WEEKDAY})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Day:
    """A day, which may come back."""

    date: date
    every: int = 0
    """Days after which it comes back; 0: it does not."""


def read_day(text: str, today: date) -> Day | None:
    """Reads a normalised day; None if it is none. `today`: the local date.

    Raises `ValueError` for a day that does not exist, `UsageError` for one with two meanings.
    """
    text = re.sub(r"^(?:on|the) (?=[a-z0-9])", "", text)
    if text in _NEAR:
        return Day(today + timedelta(days=_NEAR[text]))
    if found := _NAMED_DAY.fullmatch(text):
        return _weekday(found[1] or "", WEEKDAY[found[2]], today)
    if found := re.fullmatch(rf"({_WEEKDAY}) (.*\d.*)", text):
        return _named_date(found[1], found[2], today)
    if found := _ISO.fullmatch(text):
        return Day(date(int(found[1]), int(found[3]), int(found[4])))
    if found := DAY_MONTH.fullmatch(text):
        return Day(_dated(int(found[1]), MONTH[found[2]], found[3], today))
    if found := MONTH_DAY.fullmatch(text):
        return Day(_dated(int(found[2]), MONTH[found[1]], found[3], today))
    if found := _DOTTED.fullmatch(text):
        return Day(date(int(found[3]), int(found[2]), int(found[1])))
    if found := SLASHED.fullmatch(text):
        return Day(_slashed(*map(int, found.groups())))
    if found := _ORDINAL.fullmatch(text):
        this = today.replace(day=1)
        last = (this - timedelta(days=1)).replace(day=1)
        number = int(found[1])
        return Day((this if number <= today.day else last).replace(day=number))
    return None


def _weekday(which: str, wanted: int, today: date) -> Day:
    here = today - timedelta(days=(today.weekday() - wanted) % 7)
    if which in {"last", "previous"}:
        return Day(here if here < today else here - timedelta(weeks=1))
    if which == "this":
        return Day(today + timedelta(days=wanted - today.weekday()))
    if which == "next":
        return Day(here + timedelta(weeks=1))
    return Day(here, 7)


def _named_date(name: str, text: str, today: date) -> Day | None:
    """`Friday 12 Sep`: refused if it is another weekday, since one of the two is a mistake."""
    day = read_day(text, today)
    if day is not None and day.date.weekday() != WEEKDAY[name]:
        right = WEEKDAYS[day.date.weekday()].capitalize()
        raise UsageError(f"{day.date.day} {day.date:%b %Y} is a {right}. Which day do you mean?")
    return day


def _dated(day: int, month: int, year: str | None, today: date) -> date:
    if year is not None:
        return date(int(year), month, day)
    near = []
    for each in (today.year - 1, today.year, today.year + 1):
        try:
            near.append(date(each, month, day))
        except ValueError:  # 29 February
            continue
    if not near:
        raise ValueError(f"{day}-{month}")
    return min(near, key=lambda d: abs((d - today).days))


def _slashed(first: int, second: int, year: int) -> date:
    if first > 12 or first == second:
        return date(year, second, first)
    if second > 12:
        return date(year, first, second)
    raise UsageError(
        f'"{first}/{second}/{year}" is two dates, depending on where you live. '
        f"Write {year}-{second:02}-{first:02} or {year}-{first:02}-{second:02}."
    )
