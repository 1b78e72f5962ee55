"""Two bursts are two bursts; one problem that varies is one."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.core.model.values import MINUTE, Window
from bot.core.text import display
from bot.core.trends.bursts import bursts, sentence
from tests.core.logs import START

FIVE = START + 5 * MINUTE  # 03:05


def at(*minutes: int) -> list[int]:
    return [START + minute * MINUTE for minute in minutes]


def words(minutes: list[int], occurrences: int) -> str:
    return sentence(
        bursts(minutes, occurrences), lambda first, last: display.span(first, last, "UTC", START)
    )


def test_two_bursts_are_named_with_their_times() -> None:
    assert words(at(5, 6, 7, 8, 31), 16) == "two bursts, 03:05-03:08 and 03:31"
    assert words(at(5, 6, 7, 31, 32, 57), 30) == "three bursts, 03:05-03:07, 03:31-03:32 and 03:57"


def test_of_many_bursts_the_last_is_named() -> None:
    nightly = [minute for hour in range(6) for minute in (60 * hour, 60 * hour + 1)]
    assert words(at(*nightly), 60) == "6 bursts, the last 08:00-08:01"


def test_what_varies_is_one_problem() -> None:
    assert words(at(*range(0, 60, 3)), 40) == ""
    assert words(at(0, 2, 9, 14, 15, 27, 31), 20) == "", "no pause stands out"
    assert words(at(5, 31, 90), 3) == "", "three events are no bursts"
    assert words(at(5, 6, 7, 8, 13, 14), 30) == "", "a short pause belongs to the burst"
    assert words([], 0) == words(at(5), 9) == ""


@given(
    starts=st.lists(st.integers(0, 20), min_size=2, max_size=6),
    length=st.integers(1, 5),
)
def test_bursts_far_apart_are_all_found(starts: list[int], length: int) -> None:
    firsts = [60 * i + start for i, start in enumerate(starts)]
    minutes = [first + step for first in firsts for step in range(length)]
    found = bursts(at(*minutes), 3 * len(minutes))
    wanted = tuple(Window(*at(first, first + length - 1)) for first in firsts)
    assert found == wanted


@given(st.lists(st.integers(0, 3_000), unique=True, max_size=60), st.integers(0, 200))
def test_bursts_are_parts_of_the_times_in_order(minutes: list[int], occurrences: int) -> None:
    times = at(*sorted(minutes))
    found = bursts(times, occurrences)
    assert len(found) != 1
    assert all(a.end < b.start for a, b in pairwise(found))
    inside = [t for t in times if any(b.start <= t <= b.end for b in found)]
    assert not found or inside == times
