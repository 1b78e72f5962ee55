"""Formats times, numbers and untrusted text for people.

Untrusted text (log lines, names, reasons, issue titles) goes through `clean` or `one_line` first:
the result cannot move the cursor, reverse the reading direction or break JSON.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.model.values import DAY, HOUR, MINUTE, PRESENT, SECOND, Window

ELLIPSIS = "…"
REPLACED = "\ufffd"
_BARS = "▁▂▃▄▅▆▇█"

# Characters that a terminal or a bidi renderer acts on, and those that cannot be encoded.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that reverse the reading direction
    "\ud800-\udfff"  # lone surrogates, which cannot be encoded
    "\ufffe\uffff\ufff9-\ufffb\U000e0000-\U000e007f]"  # non-characters, invisible tags
)
_INVISIBLE = re.compile("[\u200b\u2060-\u2065\ufeff\u00ad\u180e]+")
_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029\x85\x0b\x0c]")
_ANSI = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_PILED = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+")
_SPACES = re.compile(r"\s+")
_MASKS = re.compile(r"<\*>(?: ?<\*>)+")


def clean(text: str) -> str:
    """Removes what would act on the reader's screen; keeps line breaks.

    Control characters, direction marks and lone surrogates become U+FFFD, so that their presence
    is visible. Invisible spaces are removed, and a letter keeps at most three combining marks.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", _ANSI.sub("", text))
    text = _INVISIBLE.sub("", _FORBIDDEN.sub(REPLACED, text))
    return _PILED.sub(r"\1", text)


def encodable(text: str) -> str:
    """Replaces lone surrogates by `?`, since they cannot be encoded as UTF-8."""
    return text.encode("utf-8", "replace").decode()


def one_line(text: str) -> str:
    """Cleans the text and collapses whitespace, line breaks too, to single spaces."""
    return _SPACES.sub(" ", clean(text)).strip()


def template(text: str) -> str:
    """Formats a masked message in one line, merging adjacent slots."""
    return _MASKS.sub("<*>", one_line(text))


def cut(text: str, limit: int) -> str:
    """Cuts the text to `limit` characters, ending in `…` if it was longer.

    Never cuts between a letter and its accent, inside a joined emoji or inside a flag.
    """
    if len(text) <= limit:
        return text
    if limit <= 1:
        return ELLIPSIS[:limit]
    return start(text, limit - 1)


def quoted(text: str) -> str:
    """What a person typed, as it may stand in a sentence."""
    return cut(one_line(text), 60)


def start(text: str, keep: int) -> str:
    """Returns at most the first `keep` characters, followed by `…`."""
    return text[: _whole(text, keep)].rstrip() + ELLIPSIS


def _whole(text: str, end: int) -> int:
    """Returns the largest position up to `end` that does not split a visible character."""
    lowest = max(0, end - 32)  # real characters are shorter; a hostile pile of marks is split
    at = end
    while at > lowest and at < len(text) and _belongs(text, at):
        at -= 1
    return at if at > lowest or lowest == 0 else end


def _belongs(text: str, at: int) -> bool:
    """Returns whether the character at `at` is displayed as one with the character before."""
    here, before = text[at], text[at - 1]
    if unicodedata.category(here) in {"Mn", "Me", "Mc"} or here == "\u200d" or before == "\u200d":
        return True
    if "\U0001f3fb" <= here <= "\U0001f3ff":  # skin tones
        return True
    if _flag(here) and _flag(before):
        run = 0
        while at - 1 - run >= 0 and _flag(text[at - 1 - run]):
            run += 1
        return run % 2 == 1
    return False


def _flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


_ACTS = re.compile(
    r"[\\`*~|]"  # escapes, code, emphasis, strike-through, table cells
    r"|(?<![^\W_])_|_(?![^\W_])"  # an underscore at the edge of a word
    r"|\](?=[(\[:])"  # a link or a reference
    r"|<(?=[A-Za-z/!?])"  # HTML, an autolink
    r"|&(?=#?\w{1,32};)"  # an entity
    r"|\A[#>+-]|(?<=\A\d)[.)]|(?<=\A\d\d)[.)]"  # a heading, quotation or list
)
_REFERS = re.compile(r"@(?=\w)|#(?=\d)|\bGH-(?=\d)|://", re.IGNORECASE)


def markdown(text: str, limit: int) -> str:
    """Escapes one line for Markdown, only where Markdown would act on it.

    For documents that are also read unrendered, as Slack shows a file: there the escapes of
    `github_markdown.prose` would hurt. Pasted to GitHub, it mentions nobody and links nothing.
    """
    line = _ACTS.sub(r"\\\g<0>", cut(one_line(text[: limit * 8]), limit))
    return _REFERS.sub("\\g<0>\u200b", line)


# --- numbers -------------------------------------------------------------------------------------


def number(n: int) -> str:
    """Formats an integer: `4,812`."""
    return f"{n:,}"


def ordinal(n: int) -> str:
    """Renders `1st`, `2nd`, `3rd`, `11th`."""
    teen = 10 <= n % 100 <= 20
    return f"{n}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def many(n: int, one: str, more: str | None = None) -> str:
    """Formats a count: `1 problem`, `3 problems`; `more` is the plural if it is irregular."""
    return f"{number(n)} {one if n == 1 else more or one + 's'}"


def rate(per_day: float) -> str:
    """Formats a rate in the unit that gives a readable number: `340 an hour`, `3 a week`."""
    if per_day >= 240:
        return f"{number(round(per_day / 24))} an hour"
    if per_day >= 1:
        return f"{number(round(per_day))} a day"
    if per_day * 7 >= 1:
        return f"{round(per_day * 7)} a week"
    return "less than one a week" if per_day > 0 else "none"


def percent(share: float) -> str:
    """Formats a share as `44 %`, rounded down: 100 only if the share is 1."""
    return f"{min(99, int(share * 100)) if share < 1 else 100} %"


# --- time ----------------------------------------------------------------------------------------


def zone(name: str) -> ZoneInfo:
    """Returns the time zone, or UTC if the name is unknown: a report must not fail over it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def moment(ns: int, timezone: str) -> datetime:
    """Converts nanoseconds to local time, clamped to the years 1970 to 9998."""
    seconds = min(max(ns // SECOND, 0), 253_370_764_800)
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone(timezone))


def clock(ns: int, timezone: str, today: int | None = None) -> str:
    """Formats a time: `02:10` on the day of `today`, else `13 Sep 06:00` or `13 Sep 2024 06:00`.

    Without `today` the result always has the day and never the year.
    """
    then = moment(ns, timezone)
    if today is not None:
        now = moment(today, timezone)
        if then.date() == now.date():
            return f"{then:%H:%M}"
        if then.year != now.year:
            return f"{then.day} {then:%b %Y %H:%M}"
    return f"{then.day} {then:%b %H:%M}"


def day(ns: int, timezone: str, now: int) -> str:
    """Formats a day: `today`, `Wed` within six days, else as `date`."""
    then, here = moment(ns, timezone), moment(now, timezone)
    apart = abs((then.date() - here.date()).days)
    if apart == 0:
        return "today"
    return f"{then:%a}" if apart < 7 else date(ns, timezone, now)


def date(ns: int, timezone: str, now: int) -> str:
    """Formats a date: `13 Sep`, with the year if it is not the current one."""
    then, here = moment(ns, timezone), moment(now, timezone)
    return f"{then.day} {then:%b}" if then.year == here.year else f"{then.day} {then:%b %Y}"


def since(ns: int, timezone: str, now: int) -> str:
    """Formats a time: `09:00` today, `Fri 09:00` within six days, else `13 Sep 09:00`."""
    which = day(ns, timezone, now)
    then = moment(ns, timezone)
    return f"{then:%H:%M}" if which == "today" else f"{which} {then:%H:%M}"


def span(first: int | None, last: int | None, timezone: str, today: int | None = None) -> str:
    """Formats a span: `02:10-03:10`, `13 Sep 02:10 to 14 Sep 03:10`; empty if unknown.

    Across midnight both days are named, even today: `13 Sep 02:10 to 03:10` reads as one hour.
    """
    if first is None or last is None:
        return ""
    start, end = clock(first, timezone, today), clock(last, timezone, today)
    if start == end:
        return start
    if moment(first, timezone).date() == moment(last, timezone).date():
        return f"{start}-{end[-5:]}"
    start, end = (t if " " in t else clock(ns, timezone) for t, ns in ((start, first), (end, last)))
    return f"{start} to {end}"


def duration(ns: int) -> str:
    """Formats nanoseconds, rounded down to at most two units: `36 h`, `2 min 40 s`, `1 d 6 h`."""
    if ns < SECOND:
        return "under 1 s"
    if ns % HOUR == 0 and ns <= 48 * HOUR and ns % DAY:
        return f"{ns // HOUR} h"
    if ns % MINUTE == 0 and ns <= 120 * MINUTE and ns % HOUR:
        return f"{ns // MINUTE} min"
    units = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))
    at = next(i for i, (unit, _) in enumerate(units) if ns >= unit)
    parts = []
    for unit, name in units[at : at + 2]:
        if ns // unit:
            parts.append(f"{ns // unit} {name}")
        ns %= unit
    return " ".join(parts)


def ago(ns: int) -> str:
    """Formats an age in its largest unit: `4 min ago`; `just now` under a minute."""
    if ns < MINUTE:
        return "just now"
    units = ((365 * DAY, "y"), (DAY, "d"), (HOUR, "h"), (MINUTE, "min"))
    unit, name = next(each for each in units if ns >= each[0])
    return f"{ns // unit} {name} ago"


def window(w: Window, timezone: str, now: int) -> str:
    """Formats a window: `last 2 d` if it ends within five minutes of now, else as `span`."""
    if abs(now - w.end) <= PRESENT:
        return f"last {duration(w.end - w.start)}"
    return span(w.start, w.end, timezone, now)


# --- shapes --------------------------------------------------------------------------------------


def sparkline(histogram: Sequence[int], cells: int = 12) -> str:
    """Draws hourly counts as `▁▁▃▇`, merging hours into at most `cells` bars.

    Zero is `▁`, the maximum `█`; the result is empty if all counts are zero.
    """
    if not histogram or not any(histogram):
        return ""
    wide = -(-len(histogram) // cells)
    merged = [sum(histogram[i : i + wide]) for i in range(0, len(histogram), wide)]
    top = max(merged)
    # Rounds up, so that a single entry beside thousands is still visible.
    return "".join(_BARS[-(-n * (len(_BARS) - 1) // top)] for n in merged)


def pretty(value: object, indent: int | None = 2) -> str:
    """JSON as a person reads it; what JSON has no form for is shown as text."""
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    except (ValueError, RecursionError, TypeError):
        return str(value)


def revision(name: str, services: Sequence[str] = ()) -> str:
    """Shortens `netra-backend-staging-00598-qss` to `00598-qss`, which identifies the revision."""
    for service in services:
        if name.startswith(service + "-"):
            return name[len(service) + 1 :]
    found = re.search(r"-(\d{5}-[a-z0-9]{3})$", name)
    return found[1] if found else name
