"""A question reads only what is not kept, and says what reading all of it would say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.redis.kept_rollups import RedisKeptRollups
from bot.core.analysis.analyze import analyze
from bot.core.analysis.cells import cells, chosen, closed, gaps, split
from bot.core.analysis.keeping import Keeping
from bot.core.analysis.outside import Outside
from bot.core.analysis.reading import Reading, read_all
from bot.core.model.environment import Environment
from bot.core.model.errors import Cancelled, Unavailable
from bot.core.model.report import Coverage, Report
from bot.core.model.rfc3339 import show
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Window
from bot.core.rollup import codec
from bot.core.rollup.for_keeping import redact_all
from tests.core.logs import START
from tests.fakes.kept import FakeKept, FakePartLogs
from tests.fakes.logs import entry

NOW = START + 7 * HOUR + 17 * MINUTE + 11 * SECOND
SECRET = b"a secret of the tests"
STAGING = Environment("staging", "netra-staging", ("netra-backend-staging",))
MIB = 1024 * 1024


def logged(text: str, at: int, number: int, *, late: int = 0, **more: str):
    """An entry received a second, or `late`, after it was written."""
    return {**entry(text, at, number, **more), "receiveTimestamp": show(at + (late or SECOND))}


def busy(span: int, every: int) -> list:
    """A service that logs a few problems all the time; a traceback's lines cross each cut."""
    found = []
    for number, at in enumerate(range(NOW - span, NOW, every)):
        text = f"Connection pool exhausted after {number % 7} s"
        found.append(logged(text, at, number, severity="WARNING"))
    for number, at in enumerate(range((NOW - span) // HOUR * HOUR + HOUR, NOW, HOUR)):
        lines = ["Traceback (most recent call last):", '  File "/app/a.py", line 3, in f',
                 "KeyError: 'x'"]  # fmt: skip
        for i, line in enumerate(lines):
            found.append(logged(line, at + (i - 1) * SECOND // 10, 900_000 + 10 * number + i))
    return found


@pytest.fixture
def kept(redis_client) -> RedisKeptRollups:
    return RedisKeptRollups(redis_client, 32 * MIB)


def ask(logs: FakePartLogs, kept, span: int, *, start: int | None = None, listener=None) -> Report:
    begin = logs.now - span if start is None else start
    query = STAGING.query(Window(begin, begin + span))
    outside = Outside(logs, kept=kept, secret=SECRET)
    listener = listener or (lambda progress: None)
    return analyze(outside, query, STAGING, now=logs.now, listener=listener)


def without_memory(logs: FakePartLogs, span: int, *, start: int | None = None) -> Report:
    fresh = FakePartLogs(logs.now, logs.entries)
    return ask(fresh, None, span, start=start)


def findings(report: Report) -> Report:
    """The report without how it was read."""
    read = report.coverage
    counted = Coverage(read.read, read.clustered, read.below_severity, missing=read.missing)
    return replace(report, coverage=counted)


def test_the_second_question_reads_in_one_call_what_the_first_left_open(kept):
    logs = FakePartLogs(NOW, busy(2 * DAY, 14 * SECOND))
    first = ask(logs, kept, 2 * DAY)
    assert logs.calls <= 20
    assert findings(first) == findings(without_memory(logs, 2 * DAY))
    assert first.coverage.kept == 0
    for after in (MINUTE, 3 * MINUTE, 20 * MINUTE):
        logs.now, logs.calls = NOW + after, 0
        again = ask(logs, kept, 2 * DAY)
        assert logs.calls <= 3
        assert again.coverage.kept > 0.9 * again.coverage.read
        assert findings(again) == findings(without_memory(logs, 2 * DAY))


@pytest.mark.parametrize("span", [HOUR, 3 * HOUR, DAY, 2 * DAY])
def test_another_window_costs_its_new_part_alone(kept, span):
    logs = FakePartLogs(NOW, busy(3 * DAY, 60 * SECOND))
    ask(logs, kept, 2 * DAY)
    logs.calls = 0
    report = ask(logs, kept, span)
    assert logs.calls <= 2
    assert findings(report) == findings(without_memory(logs, span))
    logs.calls = 0
    longer = ask(logs, kept, 3 * DAY)
    assert longer.coverage.kept > 0.6 * longer.coverage.read
    assert findings(longer) == findings(without_memory(logs, 3 * DAY))


def test_what_arrives_late_is_counted_once_wherever_it_belongs(kept):
    logs = FakePartLogs(NOW, busy(DAY, 5 * MINUTE))
    logs.entries += [
        logged("late disaster", NOW - 5 * HOUR, 500_000, late=5 * HOUR + MINUTE),
        logged("late disaster", NOW - 20 * HOUR, 500_001, late=20 * HOUR + MINUTE),
    ]
    ask(logs, kept, DAY)
    for after in (2 * MINUTE, 3 * MINUTE, HOUR):
        logs.now = NOW + after
        report = ask(logs, kept, DAY)
        late = [c for c in report.clusters if c.title == "late disaster"]
        assert [c.count for c in late] == [2]
        assert findings(report) == findings(without_memory(logs, DAY))


def test_an_entry_that_comes_again_hours_later_counts_once(kept):
    logs = FakePartLogs(NOW, [logged("doubled", NOW - 5 * HOUR, 1)])
    ask(logs, kept, DAY)
    again = {**logs.entries[0], "receiveTimestamp": show(NOW + HOUR)}
    logs.entries.append(again)
    logs.now = NOW + 2 * HOUR
    (cluster,) = ask(logs, kept, DAY).clusters
    assert cluster.count == 1


def test_only_what_was_read_completely_is_kept(kept):
    hole = Window(NOW - 10 * HOUR, NOW - 9 * HOUR)
    logs = FakePartLogs(NOW, busy(DAY, MINUTE), unreadable=[hole])
    report = ask(logs, kept, DAY)
    assert report.coverage.missing == (hole,)
    logs.unreadable = ()
    healed = ask(logs, kept, DAY)
    assert healed.coverage.missing == ()
    assert healed.coverage.kept > 0
    assert findings(healed) == findings(without_memory(logs, DAY))


def test_a_sample_is_not_kept(kept):
    logs = FakePartLogs(NOW, busy(DAY, MINUTE), sampled=True)
    assert ask(logs, kept, DAY).coverage.sampled < 1.0
    logs.sampled = False
    whole = ask(logs, kept, DAY)
    assert (whole.coverage.kept, whole.coverage.sampled) == (0, 1.0)
    assert findings(whole) == findings(without_memory(logs, DAY))


def test_who_cancels_leaves_nothing_behind(kept, redis_client):
    logs = FakePartLogs(NOW, busy(DAY, MINUTE), page=100)
    seen = []

    def leave(progress):
        seen.append(progress)
        if len(seen) == 5:
            raise Cancelled("Everyone has left.")

    with pytest.raises(Cancelled):
        ask(logs, kept, DAY, listener=leave)
    assert kept.size("staging") == (0, 0)
    shares = [progress.share for progress in seen]
    assert shares == sorted(shares)


def test_garbage_in_the_store_is_read_anew_and_removed(kept, redis_client):
    logs = FakePartLogs(NOW, busy(DAY, 5 * MINUTE))
    expected = findings(ask(logs, kept, DAY))
    keys = sorted(k for k in redis_client.keys("*:kept:*") if not k.endswith(b"index"))
    whole = redis_client.get(keys[0])
    redis_client.set(keys[0], whole[: len(whole) // 2])
    redis_client.set(keys[1], b"garbage")
    redis_client.set(keys[2], redis_client.get(keys[3]))
    redis_client.delete(keys[4])
    again = ask(logs, kept, DAY)
    assert findings(again) == expected
    assert 0 < again.coverage.kept < again.coverage.read
    third = ask(logs, kept, DAY)
    assert third.coverage.kept > again.coverage.kept


def test_a_store_full_of_holes_costs_few_calls_all_the_same(redis_client):
    kept = RedisKeptRollups(redis_client, 32 * MIB)
    logs = FakePartLogs(NOW, busy(2 * DAY, 5 * MINUTE))
    for _ in range(8):  # recent windows leave fine cells
        logs.now += HOUR // 3
        ask(logs, kept, 7 * HOUR)
    ask(logs, kept, 2 * DAY)
    keys = sorted(k for k in redis_client.keys("*:kept:*") if not k.endswith(b"index"))
    redis_client.delete(*keys[::2])
    logs.calls = 0
    report = ask(logs, kept, 2 * DAY)
    assert logs.calls <= 8
    assert max(len(query.parts) for query in logs.queries) <= 40
    assert findings(report) == findings(without_memory(logs, 2 * DAY))


def test_a_full_store_gives_the_report_with_a_note(kept, redis_client):
    logs = FakePartLogs(NOW, busy(DAY, 5 * MINUTE))
    used = redis_client.info("memory")["used_memory"]
    redis_client.config_set("maxmemory-policy", "noeviction")
    redis_client.config_set("maxmemory", used // 2)
    try:
        report = ask(logs, kept, DAY)
    finally:
        redis_client.config_set("maxmemory", 0)
    assert findings(report) == findings(without_memory(logs, DAY))
    assert any("full" in note for note in report.coverage.notes)
    assert kept.size("staging") == (0, 0)


class _Away(RedisKeptRollups):
    def marks(self, environment, query):
        raise Unavailable("The store is unreachable since 03:00 UTC.")


def test_a_store_that_is_away_costs_no_report(redis_client):
    logs = FakePartLogs(NOW, busy(DAY, 5 * MINUTE))
    report = ask(logs, _Away(redis_client, MIB), DAY)
    assert findings(report) == findings(without_memory(logs, DAY))
    assert any("unreachable" in note for note in report.coverage.notes)


def test_the_bound_is_kept_and_what_stays_is_right(redis_client):
    small = RedisKeptRollups(redis_client, 40_000)
    logs = FakePartLogs(NOW, busy(2 * DAY, 2 * MINUTE))
    ask(logs, small, 2 * DAY)
    assert 0 < small.size("staging")[1] <= 40_000
    again = ask(logs, small, 2 * DAY)
    assert again.coverage.kept > 0
    assert findings(again) == findings(without_memory(logs, 2 * DAY))


def test_days_of_questions_leave_few_windows(kept):
    logs = FakePartLogs(NOW, busy(2 * DAY, 10 * MINUTE))
    for hours in range(0, 30, 3):
        logs.now = NOW + hours * HOUR
        ask(logs, kept, DAY)
    assert kept.size("staging")[0] < 200  # there are 648 cells of five minutes


def test_a_window_in_the_future_and_one_long_past(kept):
    logs = FakePartLogs(NOW, busy(2 * DAY, 10 * MINUTE))
    assert ask(logs, kept, HOUR, start=NOW + HOUR).coverage.read == 0
    past = ask(logs, kept, 3 * HOUR, start=NOW - DAY)
    assert findings(past) == findings(without_memory(logs, 3 * HOUR, start=NOW - DAY))
    again = ask(logs, kept, 3 * HOUR, start=NOW - DAY)
    assert findings(again) == findings(past)


def test_our_clock_may_be_minutes_ahead(kept):
    logs = FakePartLogs(NOW, busy(DAY, 20 * SECOND))
    ahead = replace(STAGING.query(Window(NOW - HOUR, NOW + 4 * MINUTE)))
    outside = Outside(logs, kept=kept, secret=SECRET)
    analyze(outside, ahead, STAGING, now=NOW + 4 * MINUTE)
    logs.now = NOW + HOUR
    assert findings(ask(logs, kept, 3 * HOUR)) == findings(without_memory(logs, 3 * HOUR))


# --- any windows, any lateness -------------------------------------------------------------------


def _rollup(reading: Reading) -> bytes:
    redact_all(reading.rollup)
    return codec.pack(*codec.encode(reading.rollup))


_WHEN = st.integers(0, 9 * 60).map(lambda minutes: NOW - 8 * HOUR + minutes * MINUTE + 7)
_LATE = st.sampled_from([SECOND, SECOND, MINUTE, 10 * MINUTE, HOUR])
_TEXT = st.sampled_from(
    ["pool exhausted", "user 7 is gone", "Traceback (most recent call last):", "KeyError: 'x'",
     '  File "/app/a.py", line 3, in f', "starting", "Container called exit(1)."]
)  # fmt: skip
_ENTRY = st.tuples(_TEXT, _WHEN, _LATE, st.sampled_from(["ERROR", "INFO"]), st.booleans())
_ASKED = st.tuples(st.integers(0, 90), st.integers(1, 8 * 60), st.booleans())


@settings(max_examples=30)
@given(
    st.lists(_ENTRY, max_size=30),
    st.lists(_ASKED, min_size=1, max_size=4),
    st.sampled_from([2, 1_000]),
)
def test_kept_windows_give_the_rollup_of_one_reading(entries, asked, page):
    made = []
    for number, (text, at, late, severity, doubled) in enumerate(entries):
        made.append(logged(text, at, number, late=late, severity=severity))
        if doubled:
            made.append({**made[-1], "receiveTimestamp": show(at + late + 40 * MINUTE)})
    store = FakeKept()
    logs = FakePartLogs(NOW, made, page=page)
    for later, span, repeats in sorted(asked):
        logs.now, logs.repeats = NOW + later * MINUTE, repeats
        query = STAGING.query(Window(logs.now - span * MINUTE, logs.now))
        reading = Keeping(logs, query, store, SECRET, logs.now).read()
        alone = read_all(FakePartLogs(logs.now, made), query)
        assert _rollup(reading) == _rollup(alone)
        for keep in reading.afterwards:
            keep()


# --- arithmetic ----------------------------------------------------------------------------------

_MINUTES = st.integers(0, 4 * 24 * 60).map(lambda minutes: START - 4 * DAY + minutes * MINUTE + 3)


@given(_MINUTES, _MINUTES, _MINUTES)
def test_cells_fill_what_is_closed_and_parts_fill_what_is_not(one, other, now):
    window = Window(min(one, other), max(one, other) + 1)
    span = closed(window, now)
    if span is None:
        assert window.end - window.start < 15 * MINUTE or window.end > now - 10 * MINUTE
        return
    found = cells(span, now)
    assert list(gaps(span, found)) == []
    assert chosen([*found, *(Window(c.start, c.start + 1) for c in found)], span) == found
    rest = list(gaps(window, found))
    assert sum(w.end - w.start for w in [*found, *rest]) == window.end - window.start
    parts = split([window], 6)
    assert list(gaps(window, sorted(parts, key=lambda w: w.start))) == []
    assert len(parts) <= 7
