"""Parses windows as people say them: `2d`, `since Friday 18:00`, `last night`. Pure.

`WINDOWS` is the table of forms; the times within them are the rows of `times.TIMES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.commands.clocks import (
    is_clock,
    known_zone,
    nearest_zone,
    normal,
    parse_clock,
    parse_zone,
    read_clock,
)
from bot.core.commands.days import DAY_MONTH, MONTH, MONTH_DAY, WEEKDAY
from bot.core.commands.times import (
    NUMBERS,
    PARTS,
    UNITS,
    Anchor,
    amount,
    read_time,
)
from bot.core.model import rfc3339
from bot.core.model.errors import UsageError
from bot.core.model.values import DAY, HOUR, MINUTE, Window
from bot.core.text import display

__all__ = [
    "EXAMPLES", "LONGEST", "VOCABULARY", "WINDOWS", "Span", "WindowForm", "is_clock", "is_window",
    "nearest_zone", "normal", "parse_clock", "parse_window", "parse_zone",
]  # fmt: skip

LONGEST = 30 * DAY
"""Cloud Logging keeps 30 days unless its owner pays for more."""
EXAMPLES = "Try 2d, 36h, 90m, yesterday, or since Friday 18:00."

_SHORT = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"))
_NUMBER = rf"\d+|{'|'.join(NUMBERS)}"
_ONE = rf"(?:{_NUMBER})(?: of)? ?(?:{'|'.join(UNITS)})"
_PAST = r"(?:(?:in|within|over|during) )?(?:the )?(?:last|past|previous)"
_LENGTH = re.compile(rf"(?:{_PAST} )?((?:{_ONE})(?:(?: and)? ?{_ONE})*)", re.ASCII)
_AMOUNT = re.compile(rf"({_NUMBER})(?: of)? ?({'|'.join(UNITS)})", re.ASCII)
_LAST_UNIT = re.compile(rf"{_PAST} (half(?: an)? hour|{'|'.join(UNITS)})", re.ASCII)
_SINCE = re.compile(r"(?:since|from|after|starting(?: at| on| from)?) (.+)")
_TO = re.compile(r" (?:to|until|till|til|through|thru|and) | ?- ?")
_FROM = re.compile(r"(?:(.+) )?\b(since|from|between|starting) (.+)")
_HOUR = re.compile(r"(?:.* )?(1[0-2]|[1-9])", re.ASCII)
_HALF = re.compile(r"(?:.* )?(1[0-2]|[1-9])(?::\d{2})? ?([ap]m)", re.ASCII)
_SPELLED = re.compile(r"\d{1,2}(?:st|nd|rd|th)?", re.ASCII)
_LAST_CLOCK = re.compile(
    r"((?:at )?(?:\d{1,2}(?:[:.h]\d{2})?(?::\d{2})? ?(?:am|pm|h)?|noon|midday|midnight))"
    r" (?:on )?(.+)",
    re.ASCII,
)
_ZONE = re.compile(r"\s(?:in )?(utc|gmt|[a-z_]+(?:/[a-z0-9_+-]+)+)(?= |$)", re.ASCII)
_T = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})t(\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(?= |$)", re.ASCII
)

_WORDS = (
    "since from between and after starting to until till through last past previous this the next "
    "in within over during today yesterday tomorrow tonight overnight noon midday midnight on at "
    "week weekend month half day before ago"
)
VOCABULARY = frozenset({*_WORDS.split(), *WEEKDAY, *MONTH, *PARTS, *NUMBERS, *UNITS})
"""The words that windows are made of, beside numbers and zones."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time window as it was requested."""

    window: Window
    label: str
    """`last 2 d`, `since Friday 18:00`."""
    typed: str = ""
    """A short way to type it: `2d`, `since Friday 18:00`."""
    fixed: str = ""
    """Text for the same window at any time and in any zone: `since 2025-09-12T16:00:00Z`.

    An open end stays open, and a length (`2d`) always ends now. Equal windows have equal texts.
    """


@dataclass(frozen=True, slots=True)
class WindowForm:
    """One row of `WINDOWS`. The first that fits counts."""

    name: str
    examples: tuple[str, ...]
    meaning: str
    read: Callable[[str, Anchor], Span | None]


def parse_window(words: Sequence[str], *, now: int, timezone: str) -> Span:
    """Parses a window, which ends at `now` (nanoseconds) unless the words give an end.

    `timezone` is an IANA name and sets when days begin, unless the words name a zone. No words mean
    the last day. Raises `UsageError` with one sentence if they cannot be parsed, are empty, lie in
    the future or begin more than 30 days ago.
    """
    text = normal(" ".join(words)) or "1d"
    # Nobody says more than this; the bound keeps the search for the right split short.
    said_by_people = len(text) <= 120 and text.count(" ") < 16
    try:
        plain, zone = _zoned(text, timezone)
        anchor = Anchor(now, zone)
        found = (row.read(plain, anchor) for row in (WINDOWS if said_by_people else WINDOWS[:1]))
        span = next((each for each in found if each is not None), None)
    except (ValueError, OverflowError):
        raise UsageError(f'"{_said(text)}" is no date that exists. {EXAMPLES}') from None
    if span is None:
        raise UsageError(f'Unknown time "{_said(text)}". {EXAMPLES}')
    typed = span.typed or _capitals(text)
    return replace(span, label=span.label or typed, typed=typed)


def is_window(words: Sequence[str]) -> bool:
    """True if the words look like a window, even an invalid one (`0d`, `2x`)."""
    text = normal(" ".join(words))
    return text.split(" ")[0] in VOCABULARY or bool(re.match(r"\d", text))


# --- the forms -----------------------------------------------------------------------------------


def _length(text: str, anchor: Anchor) -> Span | None:
    if found := _LAST_UNIT.fullmatch(text):
        # Last week and last month are those of the calendar; so is what "previous" says.
        if found[1] == "week" and " past " not in f" {text}":
            return None
        length = HOUR // 2 if found[1].startswith("half") else UNITS[found[1]]
        return _lasting(text, length, anchor)
    if text in {"half an hour", "half hour"}:
        return _lasting(text, HOUR // 2, anchor)
    found = _LENGTH.fullmatch(text)
    if found is None:
        return None
    each = _AMOUNT.findall(found[1].replace(" and ", " "))
    # Ignore absurdly long numbers rather than compute with them.
    if any(len(n) > 12 for n, _ in each):
        return _lasting(text, LONGEST + 1, anchor)
    return _lasting(text, sum(amount(n) * UNITS[unit] for n, unit in each), anchor)


def _lasting(text: str, length: int, anchor: Anchor) -> Span:
    if length == 0:
        raise UsageError(f'"{_said(text)}" is no time at all. {EXAMPLES}')
    if length > LONGEST:
        raise UsageError(f'"{_said(text)}" is more than I read at once: 30 days at most. Try 30d.')
    size, short = next((s, n) for s, n in _SHORT if length % s == 0)
    typed = f"{length // size}{short}"
    window = Window(anchor.now - length, anchor.now)
    return Span(window, f"last {display.duration(length)}", typed, typed)


def _since(text: str, anchor: Anchor) -> Span | None:
    found = _SINCE.fullmatch(text)
    if found is None:
        return None
    start = read_time(found[1], anchor)  # since 18h: the time of day; since 36h: the length
    if start is None:
        return _length(found[1], anchor)
    return _span(text, start.start, None, anchor)


def _range(text: str, anchor: Anchor) -> Span | None:
    for split in _TO.finditer(text):
        left, right = text[: split.start()], text[split.end() :]
        before = _FROM.fullmatch(left)
        if split[0] == " and " and (before is None or before[2] != "between"):
            continue
        if before is not None:
            left = " ".join(filter(None, (before[1], before[3])))
        found = _both(left, right, replace(anchor, bare=before is not None))
        if found is not None:
            start, end = found
            if end <= start:
                raise UsageError(f'"{_said(text)}" ends before it begins. Turn the two around.')
            return _span(text, start, end, anchor)
    return None


def _both(left: str, right: str, anchor: Anchor) -> tuple[int, int] | None:
    """Reads the two ends of a range, each of which may lack what the other one says."""
    for begin, finish in _completed(left, right, anchor):
        # `yesterday 9 to 12`: beside a day, a number alone is an hour.
        start = read_time(begin, replace(anchor, bare=anchor.bare or " " in begin))
        if start is None:
            continue
        end = read_time(finish, replace(anchor, after=start.start, bare=True))
        if end is not None:
            return start.start, end.end
    return None


def _completed(left: str, right: str, anchor: Anchor) -> Iterator[tuple[str, str]]:
    """Yields the two ends with what each takes from the other, most specific first."""
    if _SPELLED.fullmatch(left) and (found := DAY_MONTH.fullmatch(right)):  # 12 to 14 Sep
        yield " ".join(filter(None, (left, found[2], found[3]))), right
    if (found := MONTH_DAY.fullmatch(left)) and _SPELLED.fullmatch(right):  # Sep 12 to 14
        yield left, f"{found[1]} {right}"
    day = ""
    if found := _LAST_CLOCK.fullmatch(right):  # 09:00 to 10:30 on Friday
        clock = read_clock(left.removeprefix("at "), bare=True)
        day_of_both = read_time(found[2], anchor) if clock is not None else None
        if day_of_both is not None and not day_of_both.point:
            day, right = f"{found[2]} ", found[1]
    hour, half = _HOUR.fullmatch(left), _HALF.fullmatch(right)
    if hour and half and int(hour[1]) % 12 < int(half[1]) % 12:  # 9 to 11pm, but not 9 to 5pm
        yield f"{day}{left}{half[2]}", right
    yield f"{day}{left}", right


def _alone(text: str, anchor: Anchor) -> Span | None:
    text = re.sub(r"^(?:in|over|during) ", "", text)
    found = read_time(text, anchor)
    if found is None:
        return None
    return _span(text, found.start, None if found.point else found.end, anchor)


WINDOWS: tuple[WindowForm, ...] = (
    WindowForm(
        "length",
        ("2d", "36h", "90m", "1h30m", "the last two hours", "past 90 minutes", "half an hour"),
        "as long, until now; 30 days at most. 18h alone is a length, since 18h a time",
        _length,
    ),
    WindowForm(
        "since",
        ("since Friday 18:00", "since noon", "since last night", "from 12 Sep", "since 2 hours"),
        "from where that begins until now",
        _since,
    ),
    WindowForm(
        "from … to …",
        (
            "yesterday 09:00 to 12:00", "from 09:00 to 10:30", "09:00-10:00",
            "between Friday 18:00 and Monday 9am", "22:00 to 02:00 on Friday", "12 to 14 Sep",
        ),
        "from where the first begins to where the second ends; a day counts as a whole",
        _range,
    ),
    WindowForm(
        "a time alone",
        ("yesterday", "on Friday", "last night", "last week", "2025-09-12", "today"),
        "all of it, as far as it is past; of a time of day: since then",
        _alone,
    ),
)  # fmt: skip
"""A window is tried against each row, from top to bottom."""


# --- results -------------------------------------------------------------------------------------


def _span(text: str, start: int, end: int | None, anchor: Anchor) -> Span:
    now = anchor.now
    if start > now:
        raise UsageError(f'"{_said(text)}" lies in the future: no log has it yet. {EXAMPLES}')
    if start == now:
        raise UsageError(f'"{_said(text)}" begins only now: no log has it yet. {EXAMPLES}')
    if now - start > LONGEST:
        raise UsageError(
            f'"{_said(text)}" is {(now - start) // DAY} days ago, and I read 30 days at most. '
            "Try 30d."
        )
    opened = end is None or end >= now
    fixed = f"since {rfc3339.show(start)}"
    if end is not None and not opened:
        fixed = f"{rfc3339.show(start)} to {rfc3339.show(end)}"
    return Span(Window(start, now if end is None or opened else end), "", "", fixed)


def _zoned(text: str, timezone: str) -> tuple[str, str]:
    """Takes a zone out of the text: `yesterday 09:00 utc`, `10:00Z`. Else returns `timezone`."""
    text = re.sub(r"(?<=:\d\d)((?:\.\d{1,9})?) ?z(?= |$|-)", r"\1 utc", text)
    named = {known_zone(name) for name in _ZONE.findall(f" {text}")}
    if len(named) != 1 or None in named:
        return _blank(text), timezone
    return _blank(_ZONE.sub("", f" {text}").strip()), named.pop() or timezone


def _blank(text: str) -> str:
    """Turns `2025-09-12T10:00` into two words, unless an offset follows."""
    return _T.sub(r"\1 \2", text)


def _capitals(text: str) -> str:
    words = (
        w.capitalize() if w in WEEKDAY or w in MONTH else _ZONE.sub(_spelled, f" {w}")[1:]
        for w in text.split(" ")
    )
    return re.sub(r"(?<=\d)t(?=\d)", "T", re.sub(r"(?<=\d)z\b", "Z", " ".join(words)))


def _spelled(found: re.Match[str]) -> str:
    return f" {known_zone(found[1]) or found[1]}"


def _said(text: str) -> str:
    return display.quoted(_capitals(text))
