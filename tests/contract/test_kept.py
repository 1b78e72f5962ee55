"""Kept windows: the same on the fake that other tests use and on the real server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.adapters.redis.client import forget
from bot.adapters.redis.kept_rollups import RedisKeptRollups
from bot.core.model.errors import Unavailable
from bot.core.model.values import HOUR, Window
from bot.core.ports import KeptRollups
from tests.fakes.kept import FakeKept

ONE, TWO, BOTH = Window(0, HOUR), Window(HOUR, 2 * HOUR), Window(0, 2 * HOUR)


@pytest.fixture(params=["fake", "redis"])
def kept(request) -> KeptRollups:
    if request.param == "fake":
        return FakeKept(bound=100)
    return RedisKeptRollups(request.getfixturevalue("redis_client"), 100)


class TestKeptRollups:
    def test_what_is_put_is_there_for_its_query_alone(self, kept: KeptRollups) -> None:
        assert kept.put("staging", "q", ONE, b"abc", 7)
        assert kept.get("staging", "q", [ONE, TWO]) == {ONE: b"abc"}
        assert (kept.marks("staging", "q")[ONE].size, kept.marks("staging", "q")[ONE].swept) == (
            3,
            7,
        )
        assert kept.marks("staging", "other") == kept.marks("prod", "q") == {}
        assert kept.get("prod", "q", [ONE]) == {}

    def test_only_who_knows_the_version_replaces_it(self, kept: KeptRollups) -> None:
        kept.put("staging", "q", ONE, b"abc", 7)
        version = kept.marks("staging", "q")[ONE].version
        assert not kept.put("staging", "q", ONE, b"other", 8)
        assert kept.put("staging", "q", ONE, b"newer", 8, instead_of=version)
        assert not kept.put("staging", "q", ONE, b"older", 9, instead_of=version)
        assert not kept.put("staging", "q", TWO, b"gone", 9, instead_of=version)
        assert kept.get("staging", "q", [ONE, TWO]) == {ONE: b"newer"}

    def test_a_long_window_replaces_its_parts(self, kept: KeptRollups) -> None:
        kept.put("staging", "q", ONE, b"1", 1)
        kept.put("staging", "q", TWO, b"2", 1)
        assert kept.put("staging", "q", BOTH, b"12", 1, replaces=[ONE, TWO])
        assert set(kept.marks("staging", "q")) == {BOTH}
        assert kept.get("staging", "q", [ONE, TWO, BOTH]) == {BOTH: b"12"}

    def test_a_sweep_spares_what_has_changed(self, kept: KeptRollups) -> None:
        kept.put("staging", "q", ONE, b"1", 1)
        kept.put("staging", "q", TWO, b"2", 1)
        marks = kept.marks("staging", "q")
        kept.put("staging", "q", TWO, b"late", 3, instead_of=marks[TWO].version)
        kept.sweep("staging", "q", {w: replace(mark, swept=9) for w, mark in marks.items()})
        assert {w: mark.swept for w, mark in kept.marks("staging", "q").items()} == {ONE: 9, TWO: 3}

    def test_the_oldest_of_an_environment_goes_first(self, kept: KeptRollups) -> None:
        kept.put("staging", "q", TWO, b"x" * 60, 1)
        assert kept.excess("staging") <= 0
        kept.put("staging", "r", ONE, b"x" * 60, 1)
        assert kept.excess("staging") == 20
        assert kept.drop_oldest("staging")
        assert kept.marks("staging", "r") == {}
        assert kept.drop_oldest("staging")
        assert not kept.drop_oldest("staging")

    def test_what_is_removed_is_gone(self, kept: KeptRollups) -> None:
        kept.put("staging", "q", ONE, b"1", 1)
        kept.remove("staging", "q", [ONE, TWO])
        kept.remove("staging", "q", [])
        assert kept.marks("staging", "q") == {}
        assert kept.get("staging", "q", [ONE]) == {}
        kept.check()


def test_a_window_without_its_line_in_the_index_does_not_count(redis_client) -> None:
    """As after a server that lost a part of what it held."""
    kept = RedisKeptRollups(redis_client, 100)
    kept.put("staging", "q", ONE, b"1", 1)
    index = next(k for k in redis_client.keys("*:kept:index"))
    redis_client.hset(index, "nonsense", "x")
    redis_client.hset(index, "q|a|b", "1||1")
    assert set(kept.marks("staging", "q")) == {ONE}
    redis_client.delete(index)
    assert kept.marks("staging", "q") == {}
    assert kept.put("staging", "q", ONE, b"2", 1)


def test_a_full_store_says_so_and_keeps_what_it_has(redis_client) -> None:
    kept = RedisKeptRollups(redis_client, 100)
    kept.put("staging", "q", ONE, b"1", 1)
    redis_client.config_set("maxmemory-policy", "noeviction")
    redis_client.config_set("maxmemory", redis_client.info("memory")["used_memory"] // 2)
    try:
        with pytest.raises(Unavailable, match="full"):
            kept.check()
        with pytest.raises(Unavailable, match="full"):
            kept.put("staging", "q", TWO, b"2", 1)
        assert kept.get("staging", "q", [ONE]) == {ONE: b"1"}
    finally:
        redis_client.config_set("maxmemory", 0)
    assert set(kept.marks("staging", "q")) == {ONE}


def test_forgetting_an_environment_forgets_its_windows(redis_client) -> None:
    kept = RedisKeptRollups(redis_client, 100)
    kept.put("staging", "q", ONE, b"1", 1)
    forget(redis_client, "staging")
    assert kept.size("staging") == (0, 0)
    assert redis_client.keys("*:kept:*") == []
