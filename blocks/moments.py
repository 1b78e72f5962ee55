"""Shows times so that each reader sees their own: Slack's date tokens, with UTC as the fallback.

These functions return text with marks, which may stand in any sentence. `escape` turns a mark into
a token where Slack renders tokens (`mrkdwn`), and into UTC where it does not (`plain`, `literal`,
`fallback`). A mark holds only digits, so that one forged in a log line can only show a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from bot.core.model.values import MINUTE, PRESENT, SECOND, Window
from bot.core.text import display

_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
_MARK = re.compile(f"{_OPEN}([a-zA-Z])(\\d{{1,12}}){_CLOSE}")
_TORN = re.compile(f"{_OPEN}[a-zA-Z]?\\d{{0,12}}(?={display.ELLIPSIS}|$)")
"""What is left of a mark that a limit has cut through."""
TOKEN = re.compile(r"<!date\^(\d+)\^([^<>|^]+)\|([^<>|]+)>")

_BOTH, _TIME, _DATE = "{date_short_pretty} {time}", "{time}", "{date_short_pretty}"


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How a time is shown. Capital letters: the start of a span, whose end names the zone."""

    token: str
    """Slack's format."""
    utc: str
    """The fallback, for `strftime`; `#` is the day without a zero."""
    example: str


FORMS = {
    "t": TimeForm(_BOTH, "%H:%M UTC", "03:10 UTC"),
    "w": TimeForm(_BOTH, "%a %H:%M UTC", "Fri 03:10 UTC"),
    "d": TimeForm(_BOTH, "# %b %H:%M UTC", "12 Sep 03:10 UTC"),
    "y": TimeForm(_BOTH, "# %b %Y %H:%M UTC", "12 Sep 2025 03:10 UTC"),
    "T": TimeForm(_BOTH, "%H:%M", "03:10"),
    "D": TimeForm(_BOTH, "# %b %H:%M", "12 Sep 03:10"),
    "Y": TimeForm(_BOTH, "# %b %Y %H:%M", "12 Sep 2025 03:10"),
    "e": TimeForm(_TIME, "%H:%M UTC", "03:10 UTC"),
    "n": TimeForm(_DATE, "today", "today"),
    "k": TimeForm(_DATE, "%a", "Fri"),
    "m": TimeForm(_DATE, "# %b", "12 Sep"),
    "z": TimeForm(_DATE, "# %b %Y", "12 Sep 2025"),
}
"""The letter in a mark → its form."""


def clock(ns: int, today: int | None = None) -> str:
    """Shows a time; the day only if it is not that of `today`. Without `today` always the day."""
    return _mark("d" if today is None else _near(ns, today, "t", "d", "y"), ns)


def since(ns: int, now: int) -> str:
    """Shows a time as `clock`, with the weekday within six days."""
    return _mark("w" if _week(ns, now) else _near(ns, now, "t", "d", "y"), ns)


def day(ns: int, now: int) -> str:
    """Shows a day: `today`, `Fri`, `12 Sep`."""
    return _mark("k" if _week(ns, now) else _near(ns, now, "n", "m", "z"), ns)


def date(ns: int, now: int) -> str:
    """Shows a date: `12 Sep`, with the year if it is another one."""
    return _mark(_near(ns, now, "m", "m", "z"), ns)


def span(first: int | None, last: int | None, today: int | None = None) -> str:
    """Shows a span: `02:10-03:10 UTC`, `13 Sep 02:10 to 14 Sep 03:10 UTC`; empty if unknown."""
    if first is None or last is None:
        return ""
    if first // MINUTE == last // MINUTE:
        return clock(first, today)
    start, end = _utc(first), _utc(last)
    if start.date() == end.date():
        letter = "D" if today is None else _near(first, today, "T", "D", "Y")
        return f"{_mark(letter, first)}-{_mark('e', last)}"
    letters = [_near(each, today or each, "D", "D", "Y") for each in (first, last)]
    return f"{_mark(letters[0], first)} to {_mark(letters[1].lower(), last)}"


def window(w: Window, now: int) -> str:
    """Shows a window: `last 2 d` if it ends within five minutes of now, else as `span`."""
    if abs(now - w.end) <= PRESENT:
        return f"last {display.duration(w.end - w.start)}"
    return span(w.start, w.end, now)


# --- rendering -----------------------------------------------------------------------------------


def marked(text: str) -> bool:
    """True if the text shows a time."""
    return _MARK.search(text) is not None


def tokens(text: str) -> str:
    """Replaces marks by Slack's tokens, in escaped text."""

    def token(found: re.Match[str]) -> str:
        form = FORMS.get(found[1])
        if form is None:
            return ""
        return f"<!date^{int(found[2])}^{form.token}|{_fallback(found)}>"

    return _TORN.sub("", _MARK.sub(token, text))


def in_utc(text: str) -> str:
    """Replaces marks by the time in UTC."""
    return _TORN.sub("", _MARK.sub(_fallback, text))


def local(text: str, timezone: str, now: int) -> str:
    """Replaces tokens by the time in a zone, for a terminal."""

    def shown(found: re.Match[str]) -> str:
        ns, what = int(found[1]) * SECOND, found[2]
        then = display.moment(ns, timezone)
        if what == _DATE:
            return display.day(ns, timezone, now)
        text = f"{then:%H:%M}" if what == _TIME else display.since(ns, timezone, now)
        return f"{text} {then:%Z}" if found[3].endswith(" UTC") else text

    return TOKEN.sub(shown, text)


def _fallback(found: re.Match[str]) -> str:
    form = FORMS.get(found[1])
    if form is None:
        return ""
    then = _utc(int(found[2]) * SECOND)
    return then.strftime(form.utc.replace("#", str(then.day)))


def _mark(letter: str, ns: int) -> str:
    return f"{_OPEN}{letter}{max(0, ns) // SECOND}{_CLOSE}"


def _near(ns: int, now: int, today: str, this_year: str, other: str) -> str:
    then, here = _utc(ns), _utc(now)
    if then.date() == here.date():
        return today
    return this_year if then.year == here.year else other


def _week(ns: int, now: int) -> bool:
    return 0 < abs((_utc(ns).date() - _utc(now).date()).days) < 7


def _utc(ns: int) -> datetime:
    return display.moment(ns, "UTC")
