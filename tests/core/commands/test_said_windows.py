"""Windows as people say them: the tables, and what holds for anything that is understood."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands.time_windows import LONGEST, VOCABULARY, WINDOWS, parse_window
from bot.core.commands.times import TIMES
from bot.core.model.errors import UsageError
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
FRIDAY_NOON = "2025-09-12 12:00"
MONDAY = "2025-09-15 10:00"


def ns(text, zone="UTC"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def shown(at, zone):
    return f"{datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZoneInfo(zone)):%m-%d %H:%M}"


def read(text, now=MONDAY, zone="Europe/Berlin"):
    found = parse_window(text.split(" "), now=ns(now, zone), timezone=zone).window
    return f"{shown(found.start, zone)} to {shown(found.end, zone)}"


NOW = "09-15 10:00"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        # since: from where it begins until now
        ("since Friday 18:00", "09-12 18:00", NOW),
        ("since friday", "09-12 00:00", NOW),
        ("since 18:00", "09-14 18:00", NOW),
        ("since 08:00", "09-15 08:00", NOW),
        ("since noon", "09-14 12:00", NOW),
        ("since midnight", "09-15 00:00", NOW),
        ("since yesterday", "09-14 00:00", NOW),
        ("since yesterday noon", "09-14 12:00", NOW),
        ("since last night", "09-14 18:00", NOW),
        ("since this morning", "09-15 00:00", NOW),
        ("since last week", "09-08 00:00", NOW),
        ("since 12 Sep 10:00", "09-12 10:00", NOW),
        ("since 2025-09-12T10:00:30.5", "09-12 10:00", NOW),
        ("since 2025-09-12T10:00Z", "09-12 12:00", NOW),
        ("since 2025-09-12 10:00 UTC", "09-12 12:00", NOW),
        ("since 2025-09-12T10:00:00.123456789Z", "09-12 12:00", NOW),
        ("since 2025-09-12T10:00-04:00", "09-12 16:00", NOW),
        ("since 09:00 America/New_York", "09-14 15:00", NOW),
        ("since 2 hours ago", "09-15 08:00", NOW),
        ("since 3 days ago", "09-12 00:00", NOW),
        ("since 2 days", "09-13 10:00", NOW),
        ("from Friday", "09-12 00:00", NOW),
        ("starting yesterday 9am", "09-14 09:00", NOW),
        # lengths
        ("the last two hours", "09-15 08:00", NOW),
        ("past 90 minutes", "09-15 08:30", NOW),
        ("last hour", "09-15 09:00", NOW),
        ("in the last couple of hours", "09-15 08:00", NOW),
        ("an hour and 30 min", "09-15 08:30", NOW),
        ("half an hour", "09-15 09:30", NOW),
        ("past week", "09-08 10:00", NOW),
        ("last 2 weeks", "09-01 10:00", NOW),
        ("18h", "09-14 16:00", NOW),
        # what lasts, alone
        ("today", "09-15 00:00", NOW),
        ("yesterday", "09-14 00:00", "09-15 00:00"),
        ("the day before yesterday", "09-13 00:00", "09-14 00:00"),
        ("2 days ago", "09-13 00:00", "09-14 00:00"),
        ("last night", "09-14 18:00", "09-15 06:00"),
        ("overnight", "09-14 18:00", "09-15 06:00"),
        ("this morning", "09-15 00:00", NOW),
        ("yesterday afternoon", "09-14 12:00", "09-14 18:00"),
        ("Friday evening", "09-12 18:00", "09-13 00:00"),
        ("friday night", "09-12 18:00", "09-13 06:00"),
        ("this week", "09-15 00:00", NOW),
        ("last week", "09-08 00:00", "09-15 00:00"),
        ("the weekend", "09-13 00:00", "09-15 00:00"),
        ("this month", "09-01 00:00", NOW),
        ("on Friday", "09-12 00:00", "09-13 00:00"),
        ("2025-09-12", "09-12 00:00", "09-13 00:00"),
        ("2025/09/12", "09-12 00:00", "09-13 00:00"),
        ("12 Sep", "09-12 00:00", "09-13 00:00"),
        ("Sep 12", "09-12 00:00", "09-13 00:00"),
        ("Sep 12th, 2025", "09-12 00:00", "09-13 00:00"),
        ("12th of September", "09-12 00:00", "09-13 00:00"),
        ("Fri 12 Sep", "09-12 00:00", "09-13 00:00"),
        ("12.09.2025", "09-12 00:00", "09-13 00:00"),
        ("13/09/2025", "09-13 00:00", "09-14 00:00"),
        ("12/Sep/2025", "09-12 00:00", "09-13 00:00"),
        ("the 12th", "09-12 00:00", "09-13 00:00"),
        # with an end
        ("yesterday 09:00 to 12:00", "09-14 09:00", "09-14 12:00"),
        ("yesterday from 9 to 12", "09-14 09:00", "09-14 12:00"),
        ("yesterday 9-12", "09-14 09:00", "09-14 12:00"),
        ("yesterday between 9am and noon", "09-14 09:00", "09-14 12:00"),
        ("from 09:00 to 09:30", "09-15 09:00", "09-15 09:30"),
        ("from 08:00 to 12:00", "09-15 08:00", NOW),
        ("from 09:00 to now", "09-15 09:00", NOW),
        ("11:00-12:00", "09-14 11:00", "09-14 12:00"),
        ("09:00\u201309:30", "09-15 09:00", "09-15 09:30"),
        ("09:00 \u2014 09:30", "09-15 09:00", "09-15 09:30"),
        ("22:00 to 02:00", "09-14 22:00", "09-15 02:00"),
        ("from 9 to 11pm", "09-14 21:00", "09-14 23:00"),
        ("from 9 to 5pm", "09-15 09:00", NOW),
        ("9 pm - 11 p.m.", "09-14 21:00", "09-14 23:00"),
        ("from 20:00 to midnight", "09-14 20:00", "09-15 00:00"),
        ("from 20:00 to 24:00", "09-14 20:00", "09-15 00:00"),
        ("18h to 20h yesterday", "09-14 18:00", "09-14 20:00"),
        ("18h30 to 20h yesterday", "09-14 18:30", "09-14 20:00"),
        ("between 22:00 and 02:00 on Friday", "09-12 22:00", "09-13 02:00"),
        ("Friday 22:00 to 02:00", "09-12 22:00", "09-13 02:00"),
        ("from Friday 18:00 until Monday 09:00", "09-12 18:00", "09-15 09:00"),
        ("from Friday to Saturday", "09-12 00:00", "09-14 00:00"),
        ("between 2025-09-12 22:00 and 2025-09-13 02:00", "09-12 22:00", "09-13 02:00"),
        ("2025-09-12T22:00Z to 2025-09-13T02:00Z", "09-13 00:00", "09-13 04:00"),
        ("2025-09-12 09:00-10:00", "09-12 09:00", "09-12 10:00"),
        ("2025-09-12 - 2025-09-13", "09-12 00:00", "09-14 00:00"),
        ("12 to 14 Sep", "09-12 00:00", "09-15 00:00"),
        ("Sep 12-13", "09-12 00:00", "09-14 00:00"),
        ("12 Sep 22:00 to 13 Sep 02:00", "09-12 22:00", "09-13 02:00"),
        ("from 3 hours ago to 1 hour ago", "09-15 07:00", "09-15 09:00"),
        ("last night 22:00 to 02:00", "09-14 22:00", "09-15 02:00"),
        ("since yesterday until this morning", "09-14 00:00", NOW),
        ("yesterday 09:00 to 12:00 UTC", "09-14 11:00", "09-14 14:00"),
    ],
)
def test_what_people_say(text, start, end):
    assert read(text) == f"{start} to {end}"
    assert read(text.upper().replace("AMERICA/NEW_YORK", "America/New_York")) == f"{start} to {end}"
    assert read(f"\u201c{text.replace(' ', chr(0xA0))}\u201d") == f"{start} to {end}"


@pytest.mark.parametrize(
    ("now", "text", "window"),
    [
        # today is Friday: the weekday is today's, or last week's if the time is still to come
        (FRIDAY_NOON, "since Friday 18:00", "09-05 18:00 to 09-12 12:00"),
        (FRIDAY_NOON, "since Friday 09:00", "09-12 09:00 to 09-12 12:00"),
        (FRIDAY_NOON, "on Friday", "09-12 00:00 to 09-12 12:00"),
        (FRIDAY_NOON, "last Friday", "09-05 00:00 to 09-06 00:00"),
        (FRIDAY_NOON, "Friday 18:00 to 20:00", "09-05 18:00 to 09-05 20:00"),
        (FRIDAY_NOON, "last weekend", "09-06 00:00 to 09-08 00:00"),
        ("2025-09-13 12:00", "the weekend", "09-13 00:00 to 09-13 12:00"),
        ("2025-09-13 12:00", "last weekend", "09-06 00:00 to 09-08 00:00"),
        # a night has two dates
        ("2025-09-15 20:00", "tonight", "09-15 18:00 to 09-15 20:00"),
        ("2025-09-15 03:00", "tonight", "09-14 18:00 to 09-15 03:00"),
        ("2025-09-15 03:00", "last night", "09-14 18:00 to 09-15 03:00"),
        ("2025-09-15 20:00", "last night", "09-14 18:00 to 09-15 06:00"),
        ("2025-09-15 03:00", "last night at 22:00", "09-14 22:00 to 09-15 03:00"),
        ("2025-09-15 09:00", "since 2am this morning", "09-15 02:00 to 09-15 09:00"),
        ("2025-09-15 01:00", "22:00 to 02:00", "09-14 22:00 to 09-15 01:00"),
        # midnight itself
        ("2025-09-15 00:00", "yesterday", "09-14 00:00 to 09-15 00:00"),
        ("2025-09-15 00:00", "since midnight", "09-14 00:00 to 09-15 00:00"),
        # the turn of the year: the nearest 30 December
        ("2026-01-02 09:00", "since 30 Dec", "12-30 00:00 to 01-02 09:00"),
        ("2025-03-02 09:00", "the 28th", "02-28 00:00 to 03-01 00:00"),
    ],
)
def test_what_comes_back_is_the_latest_that_has_begun(now, text, window):
    assert read(text, now) == window


@pytest.mark.parametrize(
    ("now", "text", "start", "length"),
    [
        # 30 March 2025: from 02:00 clocks go on to 03:00
        ("2025-03-30 12:00", "since 02:30", "2025-03-30T01:00", 9 * HOUR),
        ("2025-03-30 12:00", "from 02:50 to 03:10", "2025-03-30T01:00", 10 * MINUTE),
        ("2025-03-31 12:00", "yesterday", "2025-03-29T23:00", 23 * HOUR),
        # 26 October 2025: from 03:00 they go back to 02:00; a range has both hours
        ("2025-10-26 12:00", "since 02:30", "2025-10-26T00:30", 10 * HOUR + 30 * MINUTE),
        ("2025-10-26 12:00", "from 02:15 to 02:45", "2025-10-26T00:15", 90 * MINUTE),
        ("2025-10-26 12:00", "from 01:00 to 04:00", "2025-10-25T23:00", 4 * HOUR),
        ("2025-10-27 12:00", "yesterday", "2025-10-25T22:00", 25 * HOUR),
        ("2025-10-27 12:00", "since yesterday 12:00", "2025-10-26T11:00", 24 * HOUR),
        ("2025-10-27 12:00", "2d", "2025-10-25T11:00", 48 * HOUR),
    ],
)
def test_when_clocks_change(now, text, start, length):
    found = parse_window([text], now=ns(now, "Europe/Berlin"), timezone="Europe/Berlin").window
    assert (found.start, found.end - found.start) == (ns(start), length)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tomorrow", "lies in the future"),
        ("since Tuesday next", "Unknown time"),
        ("next week", "lies in the future"),
        ("tonight", "lies in the future"),
        ("this afternoon", "lies in the future"),
        ("today 18:00 to 19:00", "lies in the future"),
        ("since 20 Sep", "lies in the future"),
        ("2025-12-24", "lies in the future"),
        ("since now", "begins only now"),
        ("last month", "30 days at most"),
        ("since 1 Aug", "30 days at most"),
        ("from 2025-07-01 to 2025-07-02", "30 days at most"),
        ("between 2025-09-13 and 2025-09-12", "ends before it begins"),
        ("from yesterday 12:00 to yesterday 09:00", "ends before it begins"),
        ("12/09/2025", "is two dates"),
        ("since 12.09", "may be a time or a date"),
        ("Monday 12 Sep", "is a Friday"),
        ("31 Sep", "no date that exists"),
        ("since 25:00", "no date that exists"),
        ("since 13pm", "no date that exists"),
        ("9-12", "Unknown time"),
        ("until noon", "Unknown time"),
        ("once upon a time", "Unknown time"),
    ],
)
def test_what_cannot_be_read_says_why(text, words):
    with pytest.raises(UsageError) as error:
        read(text)
    assert words in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("row", WINDOWS, ids=lambda row: row.name)
def test_the_forms_take_their_examples(row):
    now = ns(MONDAY)
    for example in row.examples:
        found = parse_window([example], now=now, timezone="UTC")
        assert found.window.start < found.window.end <= now


@pytest.mark.parametrize("row", TIMES, ids=lambda row: row.name)
def test_the_times_take_their_examples(row):
    now = ns("2025-09-15 20:00")
    for example in row.examples:
        if example != "now":
            assert parse_window(["since", example], now=now, timezone="UTC").window.end == now
        ended = parse_window(["from 1 Sep to", example], now=now, timezone="UTC").window
        assert ns("2025-09-01") == ended.start < ended.end <= now


TOKENS = (
    "09:00", "9", "12", "18:00", "6pm", "18h", "24:00", "02:30", "2", "90", "-", "-10:00",
    "2025-09-12", "12.09.2025", "2025-10-26", "12th", "2025-09-12T10:00Z",
    "2025-09-12T10:00+05:30", "utc", "Europe/Berlin", "9999-12-31", "0001-01-01",
)  # fmt: skip
PIECES = st.one_of(
    st.sampled_from(sorted(VOCABULARY)),
    st.sampled_from(TOKENS),
    st.text(max_size=6),
)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001 - UTC below
    lambda at: int(at.replace(tzinfo=UTC).timestamp()) * SECOND
)
SAID = st.one_of(
    st.sampled_from([example for row in WINDOWS for example in row.examples]),
    st.sampled_from([example for row in TIMES for example in row.examples]),
    st.sampled_from([f"since {example}" for row in TIMES for example in row.examples]),
    st.lists(PIECES, max_size=7).map(" ".join),
)


@given(SAID, INSTANTS, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_whatever_is_understood_is_a_window_that_everybody_reads_alike(text, now, zone, other):
    try:
        found = parse_window([text], now=now, timezone=zone)
    except UsageError:
        return
    assert found.window.start < found.window.end <= now
    assert now - found.window.start <= LONGEST
    assert parse_window([found.typed], now=now, timezone=zone) == found
    fixed = parse_window([found.fixed], now=now, timezone=other)
    assert (fixed.window, fixed.fixed) == (found.window, found.fixed)


@given(
    st.dates(datetime(2025, 8, 20).date(), datetime(2025, 9, 14).date()),  # noqa: DTZ001
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(ZONES),
)
def test_a_typed_time_is_what_the_clock_there_shows(day, hour, minute, zone):
    found = parse_window(
        [f"since {day:%d %b} {hour:02}:{minute:02}"], now=ns(MONDAY), timezone=zone
    )
    assert shown(found.window.start, zone) == f"{day:%m-%d} {hour:02}:{minute:02}"
    named = parse_window(
        [f"since {day} {hour:02}:{minute:02} {zone}"], now=ns(MONDAY), timezone="UTC"
    )
    assert named.window == found.window


@given(st.integers(0, 6), st.integers(0, 23), INSTANTS, st.sampled_from(ZONES))
def test_a_weekday_is_within_the_last_seven_days(day, hour, now, zone):
    name = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day]
    found = parse_window([f"since {name} {hour}:00"], now=now, timezone=zone).window
    assert 0 < now - found.start <= 7 * DAY + HOUR  # an hour more where clocks went back
    local = datetime.fromtimestamp(found.start // SECOND, UTC).astimezone(ZoneInfo(zone))
    assert local.weekday() == day
