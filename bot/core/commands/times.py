"""Reads one time as people say it: a point (`18:00`), or what lasts (`yesterday`). Pure.

Each phrase is an interval: `since` takes where it begins, `to` takes where it ends. What comes back
every day or week (`18:00`, `Friday`) is the latest that has begun, or after `to` the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from bot.core.commands.clocks import instant, local_day, read_clock
from bot.core.commands.days import Day, read_day
from bot.core.model.values import DAY, HOUR, MINUTE

PARTS = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 30)}
"""Part of a day → hours since its midnight. A morning has what happened at three, too."""
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "couple": 2, "few": 3,
}  # fmt: skip
UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 * DAY),
}
_NUMBER = rf"\d{{1,12}}|{'|'.join(NUMBERS)}"
_AGO = re.compile(rf"({_NUMBER})(?: of)? ?({'|'.join(UNITS)}) ago", re.ASCII)
_PART = re.compile(rf"(?:(.+?) )??(?:in the )?({'|'.join(PARTS)})(?: (?:of|on) (.+))?", re.ASCII)
_LONG = re.compile(r"(?:(this|the|last|previous|next) )?(week|weekend|month)", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?:t| )(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)"
    r" ?([+-])(\d{2}):?(\d{2})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Interval:
    """What a phrase means, in nanoseconds."""

    start: int
    end: int
    point: bool = False
    """True if it has no length: a time of day. Twice, when clocks go back, so `end` may differ."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a phrase is relative to."""

    now: int
    timezone: str
    after: int | None = None
    """Set for an end: it is the next after this instant."""
    bare: bool = False
    """Take a number alone for an hour."""

    @property
    def today(self) -> date:
        """The local date."""
        return local_day(self.now, self.timezone)


@dataclass(frozen=True, slots=True)
class TimePhrase:
    """One row of `TIMES`. The first that fits counts."""

    name: str
    examples: tuple[str, ...]
    meaning: str
    read: Callable[[str, Anchor], Interval | None]


def read_time(text: str, anchor: Anchor) -> Interval | None:
    """Reads a normalised phrase; None if it is no time.

    Raises `ValueError` for a time that does not exist, `UsageError` for one with two meanings.
    """
    text = re.sub(r"^(?:at|on|the) ", "", text)
    found = (row.read(text, anchor) for row in TIMES)
    return next((each for each in found if each is not None), None)


# --- the forms -----------------------------------------------------------------------------------


def _now(text: str, anchor: Anchor) -> Interval | None:
    known = text in {"now", "right now", "present"}
    return Interval(anchor.now, anchor.now, point=True) if known else None


def _with_offset(text: str, _: Anchor) -> Interval | None:
    found = _INSTANT.fullmatch(text)
    # `2025-09-12 09:00-10:00` is a range, as people write it; after a T or seconds it is a zone.
    if found is None or (found[3] == "-" and "t" not in text and found[2].count(":") < 2):
        return None
    clock = read_clock(found[2])
    if clock is None or int(found[4]) > 14 or int(found[5]) > 59:
        raise ValueError(text)
    ahead = timedelta(hours=int(found[4]), minutes=int(found[5]))
    ahead = ahead if found[3] == "+" else -ahead
    day = date(*map(int, found[1].split("-")))
    at = instant(day, clock - ahead, "UTC")
    return Interval(at, at, point=True)


def _ago(text: str, anchor: Anchor) -> Interval | None:
    found = _AGO.fullmatch(text)
    if found is None:
        return None
    length = amount(found[1]) * UNITS[found[2]]
    if UNITS[found[2]] < DAY:
        return Interval(anchor.now - length, anchor.now - length, point=True)
    return _whole(Day(anchor.today - timedelta(days=length // DAY)), anchor)


def _part(text: str, anchor: Anchor) -> Interval | None:
    """`last night`, `this morning`, `Friday evening`, `morning of 12 Sep`."""
    if text in {"tonight", "overnight"}:
        text = {"tonight": "this night", "overnight": "last night"}[text]
    found = _PART.fullmatch(text)
    if found is None or (found[1] and found[3]):
        return None
    begin, finish = (timedelta(hours=hour) for hour in PARTS[found[2]])
    which = found[1] or found[3]
    day: Day | None
    if which in {"last", "previous"}:
        day = Day(anchor.today - timedelta(days=1))
    elif which == "this":
        # Before six in the morning, the night is still yesterday's.
        midnight = _at(anchor.today, timedelta(), anchor)
        still = found[2] == "night" and anchor.now < midnight + 6 * HOUR
        day = Day(anchor.today - timedelta(days=still))
    elif which is None or which == "the":
        day = Day(anchor.today, 1)
    else:
        day = read_day(which, anchor.today)
    return None if day is None else _pick(day, begin, finish, anchor)


def _clock_in_part(text: str, anchor: Anchor) -> Interval | None:
    """`last night at 22:00`, `2am this morning`."""
    for left, right in _halves(text):
        for part, clock in ((left, right), (right, left)):
            around = _part(part, anchor)
            at = read_clock(clock.removeprefix("at ")) if around else None
            if around is None or at is None:
                continue
            day = local_day(around.start, anchor.timezone)
            both = [_pick(Day(day + timedelta(days=n)), at, at, anchor) for n in (0, 1)]
            return next((i for i in both if around.start <= i.start <= around.end), both[0])
    return None


def _long(text: str, anchor: Anchor) -> Interval | None:
    """`this week`, `last week`, `the weekend`, `last month`. A week begins on Monday."""
    found = _LONG.fullmatch(text)
    if found is None:
        return None
    back = {"last": -1, "previous": -1, "next": 1}.get(found[1] or "", 0)
    today = anchor.today
    monday = today - timedelta(days=today.weekday())
    if found[2] == "month":
        year, month = divmod(today.year * 12 + today.month - 1 + back, 12)
        end = divmod(today.year * 12 + today.month + back, 12)
        return _between(date(year, month + 1, 1), date(end[0], end[1] + 1, 1), anchor)
    if found[2] == "week":
        first = monday + timedelta(weeks=back)
        return _between(first, first + timedelta(weeks=1), anchor)
    # From Monday to Friday the last weekend is this one; on a weekend it is the one before.
    saturday = monday + timedelta(days=5)
    if back <= 0 and today < saturday:
        back = -1
    saturday += timedelta(weeks=back)
    return _between(saturday, saturday + timedelta(days=2), anchor)


def _clock_on_day(text: str, anchor: Anchor) -> Interval | None:
    for left, right in _halves(text):
        day, clock = read_day(left.removesuffix(" at"), anchor.today), right.removeprefix("at ")
        if day is None:
            day, clock = read_day(right, anchor.today), left
        at = read_clock(clock, bare=anchor.bare) if day else None
        if day is not None and at is not None:
            return _pick(day, at, at, anchor)
    return None


def _whole_day(text: str, anchor: Anchor) -> Interval | None:
    day = read_day(text, anchor.today)
    return None if day is None else _whole(day, anchor)


def _clock(text: str, anchor: Anchor) -> Interval | None:
    at = read_clock(text, bare=anchor.bare)
    return None if at is None else _pick(Day(anchor.today, 1), at, at, anchor)


TIMES: tuple[TimePhrase, ...] = (
    TimePhrase("now", ("now",), "now", _now),
    TimePhrase(
        "time with an offset",
        ("2025-09-12T10:00+02:00", "2025-09-12 10:00:30-0400"),
        "that instant; Z, UTC or a zone such as Europe/Berlin may follow any window",
        _with_offset,
    ),
    TimePhrase(
        "ago",
        ("2 hours ago", "an hour ago", "3 days ago"),
        "that long before now; days ago are whole days",
        _ago,
    ),
    TimePhrase(
        "part of a day",
        ("last night", "this morning", "Friday evening", "tonight", "morning of 12 Sep"),
        "morning 00:00-12:00, afternoon 12:00-18:00, evening 18:00-24:00, night 18:00-06:00",
        _part,
    ),
    TimePhrase(
        "time in a part of a day",
        ("last night at 22:00", "2am this morning"),
        "that time, in that part",
        _clock_in_part,
    ),
    TimePhrase(
        "week, weekend or month",
        ("this week", "last week", "the weekend", "this month"),
        "a week begins on Monday 00:00, a weekend on Saturday 00:00",
        _long,
    ),
    TimePhrase(
        "time on a day",
        ("Friday 18:00", "yesterday at noon", "6pm yesterday", "12 Sep 18h", "2025-09-12T10:00"),
        "that time on that day; said on a Friday before 18:00, Friday 18:00 is last week's",
        _clock_on_day,
    ),
    TimePhrase(
        "day",
        (
            "yesterday", "on Friday", "last Friday", "2025-09-12", "12 Sep", "Sep 12, 2025",
            "12.09.2025", "the 12th",
        ),
        "from midnight to midnight; a weekday is the latest that has begun",
        _whole_day,
    ),
    TimePhrase(
        "time of day",
        ("18:00", "6pm", "6:30 p.m.", "18h", "18.30", "noon", "midnight"),
        "today's, or yesterday's where today's is still to come",
        _clock,
    ),
)  # fmt: skip
"""A phrase is tried against each row, from top to bottom."""


# --- choosing ------------------------------------------------------------------------------------


def _whole(day: Day, anchor: Anchor) -> Interval:
    return _pick(day, timedelta(), timedelta(days=1), anchor)


def _pick(day: Day, begin: timedelta, finish: timedelta, anchor: Anchor) -> Interval:
    """Returns the interval on that day: of days that come back, the one that was meant."""

    def on(when: date) -> Interval:
        end = _at(when, finish, anchor, later=begin == finish)
        return Interval(_at(when, begin, anchor), end, point=begin == finish)

    if not day.every:
        return on(day.date)
    step, when = timedelta(days=day.every), day.date
    if anchor.after is None:
        while on(when).start >= anchor.now:
            when -= step
        return on(when)
    ahead = (when - local_day(anchor.after, anchor.timezone)).days
    when -= step * max(0, ahead // day.every + 2)
    while on(when).end <= anchor.after:
        when += step
    return on(when)


def _at(day: date, clock: timedelta, anchor: Anchor, *, later: bool = False) -> int:
    whole = timedelta(days=1)
    day = min(day, date.max - 4 * whole)  # far in the future all the same
    return instant(day + clock // whole * whole, clock % whole, anchor.timezone, later=later)


def _between(first: date, last: date, anchor: Anchor) -> Interval:
    return Interval(_at(first, timedelta(), anchor), _at(last, timedelta(), anchor))


def _halves(text: str) -> list[tuple[str, str]]:
    words = text.split(" ")
    return [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]


def amount(word: str) -> int:
    """Returns the number that digits or a word stand for."""
    return NUMBERS.get(word) or int(word)
