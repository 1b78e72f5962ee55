from __future__ import annotations

import time

import pytest

from bot.adapters.moved_clock import MovedClock
from playground.clock import Clock
from playground.feed import PlaygroundError

EVENING = 1_757_970_000.0  # 2025-09-15 21:00 UTC
HOUR = 3600


def test_an_hour_and_the_next_morning():
    clock = Clock(lambda: EVENING)
    assert clock.skip("hour") == HOUR
    assert clock.time() == EVENING + HOUR
    assert clock.skip("morning") == 11 * HOUR
    assert clock.time() == EVENING + 12 * HOUR
    assert clock.skip("morning") == 24 * HOUR
    with pytest.raises(PlaygroundError, match='say "hour" or "morning"'):
        clock.skip("year")


def test_the_bots_processes_see_the_same_time(tmp_path):
    clock, theirs = Clock(), MovedClock(tmp_path / "clock")
    clock.skip("hour")
    clock.share(tmp_path / "clock")
    clock.skip("hour")
    before = clock.time()
    assert before * 1e9 <= theirs() + 1_000 <= clock.time() * 1e9 + 2_000


@pytest.mark.parametrize("content", [None, "", "soon"])
def test_without_a_readable_file_it_is_the_machines_time(tmp_path, content):
    if content is not None:
        (tmp_path / "clock").write_text(content)
    before = time.time_ns()
    assert before <= MovedClock(tmp_path / "clock")() <= time.time_ns()
