from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.escape import (
    escape,
    fallback,
    link,
    literal,
    mrkdwn,
    plain,
    shows_as_written,
    unescape,
    user,
    web,
)
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Window
from bot.core.text import display
from tests.fakes.reports import NOW, t


@given(st.text())
def test_escaping_can_be_taken_back(text: str) -> None:
    assert unescape(escape(text)) == text


@given(st.text(), st.integers(1, 300))
def test_no_entity_is_ever_cut(text: str, limit: int) -> None:
    shown = mrkdwn(text, limit)
    assert len(shown) <= limit
    rest = shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert not set(rest) & set("&<>")


@given(st.text(alphabet="&<>ab", min_size=1), st.integers(1, 60))
def test_as_much_is_kept_as_fits(text: str, limit: int) -> None:
    shown = mrkdwn(text, limit)
    if len(escape(display.one_line(text))) <= limit:
        assert unescape(shown) == display.one_line(text)
    elif limit > 6:
        assert shown.endswith("…")
        assert len(shown) >= limit - 5  # the longest entity that found no room


@pytest.mark.parametrize(
    ("text", "limit", "wanted"),
    [
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        ("ab👩‍👩‍👧‍👦cd", 5, "ab…"),
        ("🇩🇪🇫🇷🇮🇹", 4, "🇩🇪…"),
        ("ok👍🏽!!", 4, "ok…"),
        ("short", 5, "short"),
        ("short", 1, "…"),
        ("short", 0, ""),
    ],
)
def test_what_is_seen_as_one_is_not_cut(text: str, limit: int, wanted: str) -> None:
    assert display.cut(text, limit) == wanted


@given(st.text(), st.integers(0, 80))
def test_cut_keeps_its_limit(text: str, limit: int) -> None:
    assert len(display.cut(text, limit)) <= limit


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred",
        "a\x00b",
        "\u202eabc",
        "\u2066x\u2069",
        "\ud800",
        "a\u2028b",
        "\u200b\ufeffx",
        "\x07",
    ],
)
def test_nothing_acts_on_the_screen(text: str) -> None:
    for shown in (display.clean(text), literal(text, 100), plain(text, 100), fallback(text)):
        shown.encode()
        assert not [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\n\t"]
        assert not set(shown) & set("\u202e\u2066\u2069\u200b\ufeff")


def test_lines_and_honest_scripts_stay() -> None:
    text = "línea\n\tשלום 漢字 👩‍👩‍👧‍👦"
    assert display.clean(text) == text


@pytest.mark.parametrize(
    "text",
    ["*args", "a_b_c 'legacy_response'", "2 * 3 * 4", "10:20:30", "a ~ b", "<*> & <b>", "x: y: z"],
)
def test_ordinary_log_text_may_stand_in_mrkdwn(text: str) -> None:
    assert shows_as_written(text)


@pytest.mark.parametrize(
    "text",
    [
        "__init__ failed",
        "see `x`",
        "*bold* words",
        "cache:key:7",
        "~gone~",
        "> quoted",
        "@here now",
    ],
)
def test_what_mrkdwn_would_change_may_not(text: str) -> None:
    assert not shows_as_written(text)


def test_the_fallback_calls_nobody() -> None:
    assert "@channel" not in fallback("@channel <!here> & all")
    assert "&lt;!here&gt; &amp; all" in fallback("@channel <!here> & all")
    assert fallback("") == fallback("\u200b") == "Gardener"


def test_only_ids_become_mentions() -> None:
    assert user("U0ANA") == "<@U0ANA>"
    assert user("U0ANA> <!channel>") == "U0ANA&gt; &lt;!channel&gt;"
    assert user("") == "someone"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a b", "https://x>|y", "", "https://" + "x" * 4000]
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert not web(url)
    assert link(url, "a <b>") == "a &lt;b&gt;"


def test_a_links_own_text_cannot_end_it() -> None:
    assert link("https://x.example/a?b=c&d|e", "x|<y>") in (
        "<https://x.example/a?b=c&amp;d%7Ce|x¦&lt;y&gt;>",
        "x¦&lt;y&gt;",
    )


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ns", "wanted"),
    [
        (0, "under 1 s"),
        (160 * SECOND, "2 min 40 s"),
        (90 * MINUTE, "90 min"),
        (HOUR, "1 h"),
        (36 * HOUR, "36 h"),
        (DAY, "1 d"),
        (2 * DAY, "2 d"),
        (30 * HOUR + MINUTE, "1 d 6 h"),
        (30 * DAY, "30 d"),
    ],
)
def test_durations(ns: int, wanted: str) -> None:
    assert display.duration(ns) == wanted


@pytest.mark.parametrize(
    ("per_day", "wanted"),
    [
        (8160, "340 an hour"),
        (12, "12 a day"),
        (3 / 7, "3 a week"),
        (0.01, "less than one a week"),
        (0, "none"),
    ],
)
def test_rates(per_day: float, wanted: str) -> None:
    assert display.rate(per_day) == wanted


def test_times_are_those_of_the_environments_zone() -> None:
    at = t("2025-09-14T23:30:00")
    assert display.clock(at, "UTC", NOW) == "14 Sep 23:30"
    assert display.clock(at, "Europe/Berlin", NOW) == "01:30"
    assert display.clock(at, "No/Where", NOW) == "14 Sep 23:30"
    assert display.clock(t("2024-09-14T23:30:00"), "UTC", NOW) == "14 Sep 2024 23:30"
    assert display.since(t("2025-09-12T09:00:00"), "UTC", NOW) == "Fri 09:00"


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        ("2025-09-15T02:10:00", "2025-09-15T03:10:00", "02:10-03:10"),
        ("2025-09-13T02:10:00", "2025-09-13T03:10:00", "13 Sep 02:10-03:10"),
        ("2025-09-13T02:10:00", "2025-09-14T03:10:00", "13 Sep 02:10 to 14 Sep 03:10"),
        ("2025-09-14T02:10:00", "2025-09-15T03:10:00", "14 Sep 02:10 to 15 Sep 03:10"),
        ("2025-09-14T00:00:00", "2025-09-15T00:00:00", "14 Sep 00:00 to 15 Sep 00:00"),
        ("2025-09-15T02:10:01", "2025-09-15T02:10:59", "02:10"),
    ],
)
def test_spans(first: str, last: str, wanted: str) -> None:
    assert display.span(t(first), t(last), "UTC", NOW) == wanted


def test_a_window_that_ends_now_is_told_by_its_length() -> None:
    assert display.window(Window(NOW - 2 * DAY, NOW), "UTC", NOW) == "last 2 d"
    assert display.window(Window(NOW - 3 * DAY, NOW - DAY), "UTC", NOW) == (
        "12 Sep 03:12 to 14 Sep 03:12"
    )


@given(st.integers(-(2**70), 2**70))
def test_any_time_can_be_told(ns: int) -> None:
    display.clock(ns, "Asia/Kathmandu", NOW)
    display.day(ns, "UTC", NOW)


@given(st.lists(st.integers(0, 10**9), max_size=800))
def test_a_sparkline_shows_every_hour_in_at_most_twelve_cells(histogram: list[int]) -> None:
    shown = display.sparkline(histogram)
    assert len(shown) <= 12
    assert bool(shown) == any(histogram)
    if shown:
        assert "█" in shown


def test_one_beside_thousands_is_still_seen() -> None:
    assert display.sparkline([0, 1, 5000]) == "▁▂█"
