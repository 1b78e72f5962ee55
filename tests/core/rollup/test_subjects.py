"""Who stands behind the masks: counted in any order and in any parts, and never without bound."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.rollup.subjects import LATEST, Subjects, finder_of
from bot.core.text.slot_values import subject_of

MASKED = "created user <*> from JWT"


def filled(entries, bound=50_000):
    named = Subjects(bound)
    for value, time in entries:
        named.add(MASKED, f"2025-09-14 INFO created user {value} from JWT", time)
    return named


def held(named):
    return {value: list(times) for (_, value), times in named.of(MASKED).items()}


def test_each_is_counted_with_its_latest_times():
    named = filled([("7", 3), ("8", 1), ("7", 2), *(("9", at) for at in range(40))])
    assert held(named) == {"7": [2, 3], "8": [1], "9": list(range(40 - LATEST, 40))}
    assert set(named.of(MASKED)) == {("user", v) for v in "789"}
    assert named.of("another message <*>") == {}


@given(
    st.lists(st.tuples(st.integers(0, 60).map(str), st.integers(0, 99)), max_size=200),
    st.integers(0, 2**32),
    st.integers(1, 5),
)
def test_order_and_parts_make_no_difference_past_the_bound_either(entries, seed, parts):
    whole = held(filled(entries, bound=20))
    assert sum(map(len, whole.values())) <= 20
    shuffled = entries[:]
    random.Random(seed).shuffle(shuffled)
    merged = Subjects(bound=20)
    for i in range(parts):
        merged.merge(filled(shuffled[i::parts], bound=20))
    assert held(merged) == whole


def test_what_stays_keeps_all_of_its_counts():
    named = filled([(str(n % 100), n) for n in range(500)], bound=100)
    kept = held(named)
    assert 5 <= len(kept) <= 20
    assert {len(times) for times in kept.values()} == {5}


def test_a_name_that_redaction_took_away_is_nobody():
    named = Subjects()
    named.add("login of user <*>", "login of user ***", 1)
    named.add("no such text <*>", "something else", 1)
    assert named.of("login of user <*>") == {}


@pytest.mark.parametrize(
    ("before", "subject"),
    [
        ("USER AUTO-CREATED: Created user ", "user"),
        ("(env: staging, user_id: ", "user_id"),
        ("for Account ID=", "account id"),
        ("took ", ""),
        ("the user waits for at most ", ""),
    ],
)
def test_whom_a_value_names(before, subject):
    assert subject_of(before) == subject
    assert (finder_of(f"{before}<*> x") is not None) is bool(subject)
