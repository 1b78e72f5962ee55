from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands.time_windows import (
    LONGEST,
    is_window,
    parse_clock,
    parse_window,
    parse_zone,
)
from bot.core.model.errors import UsageError
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND

NOW = int(datetime(2025, 9, 15, 3, 12, tzinfo=UTC).timestamp()) * SECOND


def ns(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * SECOND


def window(text: str, timezone: str = "UTC"):
    return parse_window(text.split(), now=NOW, timezone=timezone)


@pytest.mark.parametrize(
    ("text", "length", "label", "typed"),
    [
        ("2d", 2 * DAY, "last 2 d", "2d"),
        ("36h", 36 * HOUR, "last 36 h", "36h"),
        ("90m", 90 * MINUTE, "last 90 min", "90m"),
        ("1w", 7 * DAY, "last 7 d", "7d"),
        ("48h", 2 * DAY, "last 2 d", "2d"),
        ("2 days", 2 * DAY, "last 2 d", "2d"),
        ("last 2 d", 2 * DAY, "last 2 d", "2d"),
        ("2D", 2 * DAY, "last 2 d", "2d"),
        ("２d", 2 * DAY, "last 2 d", "2d"),
        ("30d", 30 * DAY, "last 30 d", "30d"),
        ("", DAY, "last 1 d", "1d"),
    ],
)
def test_a_length_ends_now(text, length, label, typed):
    span = window(text)
    assert (span.window.end, span.window.end - span.window.start) == (NOW, length)
    assert (span.label, span.typed) == (label, typed)


@pytest.mark.parametrize(
    ("text", "timezone", "start", "end"),
    [
        ("yesterday", "UTC", ns(2025, 9, 14), ns(2025, 9, 15)),
        ("yesterday", "Europe/Berlin", ns(2025, 9, 13, 22), ns(2025, 9, 14, 22)),
        ("yesterday", "America/New_York", ns(2025, 9, 13, 4), ns(2025, 9, 14, 4)),
        ("today", "UTC", ns(2025, 9, 15), NOW),
        ("since 2025-09-12", "UTC", ns(2025, 9, 12), NOW),
        ("since 2025-09-12", "Europe/Berlin", ns(2025, 9, 11, 22), NOW),
        ("2025-09-12", "UTC", ns(2025, 9, 12), ns(2025, 9, 13)),
        ("since 2025-09-12T10:00", "UTC", ns(2025, 9, 12, 10), NOW),
        ("since 2025-09-12 10:00", "UTC", ns(2025, 9, 12, 10), NOW),
        ("since 2025-09-12T10:00", "Europe/Berlin", ns(2025, 9, 12, 8), NOW),
        ("since 2025-09-12T10:00Z", "Europe/Berlin", ns(2025, 9, 12, 10), NOW),
        ("since 2025-09-12T10:00+02:00", "UTC", ns(2025, 9, 12, 8), NOW),
        ("since 2025-09-12T10:00-0230", "UTC", ns(2025, 9, 12, 12, 30), NOW),
        ("since yesterday", "UTC", ns(2025, 9, 14), NOW),
        ("since 02:00", "UTC", ns(2025, 9, 15, 2), NOW),
    ],
)
def test_days_begin_in_the_environments_time_zone(text, timezone, start, end):
    found = window(text, timezone).window
    assert (found.start, found.end) == (start, end)


def test_a_day_of_the_change_of_clocks_has_its_own_length():
    after = int(datetime(2025, 10, 27, 12, tzinfo=UTC).timestamp()) * SECOND
    found = parse_window(["yesterday"], now=after, timezone="Europe/Berlin").window
    assert found.end - found.start == 25 * HOUR


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "2x",
            'Unknown time "2x". Try 2d, 36h, 90m, yesterday, or since Friday 18:00.',
        ),
        ("0d", '"0d" is no time at all.'),
        ("000h", "is no time at all"),
        ("9999999d", "30 days at most"),
        ("31d", "30 days at most"),
        ("5w", "30 days at most"),
        (f"{'9' * 400}d", "30 days at most"),
        ("since tomorrow", "lies in the future"),
        ("since 2025-09-16", "lies in the future"),
        ("since 9999-12-31", "lies in the future"),
        ("since 2025-02-30", "is no date that exists"),
        ("since 0000-01-01", "is no date that exists"),
        ("since 2025-09-12T25:00", "is no date that exists"),
        ("since 2025-09-12T10:00+99:00", "is no date that exists"),
        ("since 2024-01-01", "I read 30 days at most"),
        ("-2d", "Unknown time"),
        ("2.5d", "Unknown time"),
        ("since", "Unknown time"),
        ("²d", ""),
        ("٢d", "Unknown time"),
        ("2d foo", "Unknown time"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(text, words):
    if text == "²d":  # a superscript two is a two
        assert window(text).typed == "2d"
        return
    with pytest.raises(UsageError) as error:
        window(text)
    assert words in str(error.value)
    assert len(str(error.value)) < 250
    assert "\n" not in str(error.value)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_nothing_but_a_sentence_comes_of_any_words(said):
    try:
        found = parse_window(said, now=NOW, timezone="Europe/Berlin")
    except UsageError:
        return
    assert 0 < found.window.end - found.window.start <= LONGEST
    assert found.window.end <= NOW


@given(st.integers(1, 60), st.sampled_from(["m", "h", "d", "w"]))
def test_the_short_form_asks_for_the_same_window(amount, unit):
    try:
        first = window(f"{amount}{unit}")
    except UsageError:
        return
    assert window(first.typed) == first


@pytest.mark.parametrize(
    ("text", "clock"), [("09:00", "09:00"), ("9:00", "09:00"), ("9.30", "09:30"), ("9", "09:00"),
                        ("9am", "09:00"), ("12am", "00:00"), ("12pm", "12:00"), ("11 pm", "23:00"),
                        ("23:59", "23:59")],
)  # fmt: skip
def test_a_time_of_day(text, clock):
    assert parse_clock(text) == clock


@pytest.mark.parametrize("text", ["24:00", "25:00", "9:60", "13pm", "0am", "noon", "", "9:0", "-9"])
def test_no_time_of_day(text):
    with pytest.raises(UsageError, match="Write it as 09:00"):
        parse_clock(text)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("utc", "UTC"),
        ("America/New York", "America/New_York"),
    ],
)
def test_a_time_zone(text, zone):
    assert parse_zone(text) == zone


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
    ],
)
def test_a_time_zone_that_was_nearly_right(text, meant):
    with pytest.raises(UsageError, match=f"Did you mean {meant}"):
        parse_zone(text)


@pytest.mark.parametrize("text", ["Mars/Phobos", "", "../../etc/passwd", "x" * 10_000])
def test_no_time_zone(text):
    with pytest.raises(UsageError) as error:
        parse_zone(text)
    assert len(str(error.value)) < 250


def test_what_looks_like_a_window():
    assert all(map(is_window, [["2d"], ["2x"], ["since", "x"], ["yesterday"], ["last", "2d"]]))
    assert not any(map(is_window, [["staging"], ["digest"], [""], ["d2"]]))
