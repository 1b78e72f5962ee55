"""Reading with several calls in flight, against a real gRPC server that misbehaves as Google may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bot.adapters.google.cloud_logging import CloudLogging
from bot.core.analysis.analyze import members
from bot.core.analysis.reading import Reading, read_all
from bot.core.model.environment import Query
from bot.core.model.errors import Refused, Unavailable
from bot.core.model.values import DAY, HOUR, SECOND, Severity, Window
from bot.core.ports import PartPage
from playground.logging.server import ListCall, ListFault, LogServer
from tests.core.logs import START, Entry, said

WINDOW = Window(START, START + DAY)
QUERY = Query("staging", "netra-staging", ("netra-backend-staging",), WINDOW, Severity.WARNING)
TOO_LARGE = "Received message larger than max (6291456 vs. 4194304)"


class Passing:
    """A clock that waiting moves on at once."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Passing:
    return Passing()


@pytest.fixture
def server(clock: Passing) -> Iterator[LogServer]:
    with LogServer(clock=clock) as running:
        yield running


@pytest.fixture
def logs(server: LogServer, clock: Passing) -> CloudLogging:
    return CloudLogging(server.endpoint, wait=clock.wait)


def spread(count: int, severity: str = "ERROR", over: int = DAY) -> list[Entry]:
    """Entries at equal distances."""
    return [said(f"message {i % 7}", severity, i * over / SECOND / count) for i in range(count)]


def read(logs: CloudLogging, query: Query = QUERY) -> Reading:
    return read_all(logs, query, keep_members=True)


def names(reading: Reading) -> Counter[str]:
    return Counter(name for name, _ in members(reading))


def once(entries: list[Entry]) -> Counter[str]:
    return Counter(entry["insertId"] for entry in entries)


def test_twelve_thousand_entries_take_few_calls_several_at_a_time(
    server: LogServer, logs: CloudLogging
) -> None:
    entries = spread(12_000)
    server.add(entries)
    server.inject(*[ListFault("delay", seconds=0.05)] * 40)
    reading = read(logs)
    assert names(reading) == once(entries)
    assert reading.api_calls == len(server.calls) <= 20
    assert reading.coverage(reading.read, 0).complete


def test_a_quiet_window_takes_one_call(server: LogServer, logs: CloudLogging) -> None:
    server.add(spread(300))
    assert read(logs, replace(QUERY, window=Window(START - 30 * DAY, START + DAY))).read == 300
    assert len(server.calls) == 1


def test_a_burst_in_a_quiet_month_is_read_at_several_places(
    server: LogServer, logs: CloudLogging
) -> None:
    entries = [*spread(500), *spread(9_000, over=HOUR // 4)]
    server.add(entries)
    reading = read(logs, replace(QUERY, window=Window(START - 30 * DAY, START + DAY)))
    assert names(reading) == once(entries)
    assert len(server.calls) <= 60


FAULTS: dict[str, list[ListFault]] = {
    "UNAVAILABLE": [ListFault("UNAVAILABLE")] * 3,
    "every kind of passing error": [
        ListFault("ABORTED"), ListFault("INTERNAL"), ListFault("DEADLINE_EXCEEDED"),
        ListFault("UNAVAILABLE"),
    ],
    "a page over the size limit": [ListFault("RESOURCE_EXHAUSTED", TOO_LARGE)] * 3,
    "empty pages": [ListFault("empty_page")] * 6,
    "the quota": [ListFault("RESOURCE_EXHAUSTED")],
}  # fmt: skip


@pytest.mark.parametrize("after", [1, 4])
@pytest.mark.parametrize("kind", FAULTS)
def test_after_a_fault_in_the_middle_every_entry_is_counted_once(
    server: LogServer, logs: CloudLogging, kind: str, after: int
) -> None:
    entries = spread(6_000)
    server.add(entries)

    def break_off(_: ListCall) -> None:
        if len(server.calls) == after:
            server.inject(*FAULTS[kind])

    server.on_call = break_off
    reading = read(logs)
    assert names(reading) == once(entries)
    assert reading.coverage(0, 0).missing == ()
    assert reading.api_calls == len(server.calls)


def test_tokens_that_die_at_once_lose_nothing(
    server: LogServer, logs: CloudLogging, clock: Passing
) -> None:
    # Three entries share each nanosecond, so that a page may end between them.
    entries = [said(f"message {i % 7}", at=i // 3) for i in range(2_501)]
    server.add(entries)

    def a_day_later(_: ListCall) -> None:
        clock.now += 2 * 24 * 3_600.0

    server.on_call = a_day_later
    reading = read(logs)
    assert names(reading) == once(entries)
    coverage = reading.coverage(len(entries), 0)
    assert (coverage.read, coverage.missing) == (len(entries) + coverage.duplicates, ())


def test_tokens_that_die_within_one_nanosecond_end_in_a_report_of_what_is_missing(
    server: LogServer, logs: CloudLogging, clock: Passing
) -> None:
    server.add([*(said("at once", at=60) for _ in range(2_100)), said("before", at=0)])
    server.on_call = lambda _: clock.wait(2 * 24 * 3_600.0)
    reading = read(logs)
    missing = reading.coverage(0, 0).missing
    assert missing[-1].end == START + 60 * SECOND + 1
    assert "dropped the position" in reading.notes[0]
    assert len(names(reading)) in {1_000, 1_001}


def test_a_page_over_the_size_limit_is_asked_for_in_halves(
    server: LogServer, logs: CloudLogging
) -> None:
    server.add(spread(900))
    server.fail("RESOURCE_EXHAUSTED", times=2, message=TOO_LARGE)
    assert read(logs).read == 900
    assert [call.page_size for call in server.calls] == [1_000, 500, 250, 250, 250, 250]


def test_one_entry_over_the_size_limit_is_named_as_missing(
    server: LogServer, logs: CloudLogging
) -> None:
    server.add(spread(900))
    first = True

    def too_large_from_now_on(_: ListCall) -> None:
        nonlocal first
        if first:
            first = False
            server.fail("RESOURCE_EXHAUSTED", times=100, message=TOO_LARGE)

    server.fail("UNAVAILABLE")
    server.on_call = too_large_from_now_on
    with pytest.raises(Unavailable, match="size limit"):
        read(logs)


def test_a_call_that_hangs_ends_at_its_deadline_and_is_made_again(server: LogServer) -> None:
    entries = spread(1_500)
    server.add(entries)
    server.inject(ListFault("delay", seconds=600))
    reading = read(CloudLogging(server.endpoint, wait=lambda _: None, timeout=5.0))
    assert names(reading) == once(entries)
    assert reading.api_calls == 3


def test_a_caller_that_stops_does_not_wait_for_calls_in_flight(
    server: LogServer, logs: CloudLogging
) -> None:
    server.add(spread(12_000))
    server.inject(ListFault("delay"), *[ListFault("delay", seconds=600)] * 20)
    pages = logs.read(QUERY)
    assert any(len(page.rows) == 1_000 for page in pages)
    assert len(next(pages).rows) == 0, "it waits"
    pages.close()  # type: ignore[attr-defined]
    assert len(server.calls) == 1


def test_a_refusal_in_the_middle_leaves_what_was_read(
    server: LogServer, logs: CloudLogging
) -> None:
    server.add(spread(3_000))
    server.on_call = lambda _: server.denied.add("netra-staging")
    reading = read(logs)
    assert reading.read == 1_000
    assert reading.coverage(0, 0).missing[0].start == WINDOW.start
    assert "lacks Logs Viewer" in reading.notes[0]


def test_a_refusal_from_the_beginning_is_an_error(server: LogServer, logs: CloudLogging) -> None:
    server.denied.add("netra-staging")
    with pytest.raises(Refused):
        read(logs)
    assert len(server.calls) == 1


# --- parts ---------------------------------------------------------------------------------------


def parts_of(pages: Iterator[PartPage]) -> tuple[dict[Window, set[str]], set[Window], int]:
    """What was read of each part, the parts that are done, and the calls."""
    found: dict[Window, set[str]] = {}
    done: set[Window] = set()
    calls = 0
    for each in pages:
        assert each.part not in done, "a page came after the part's last one"
        rows = each.page.rows
        found.setdefault(each.part, set()).update(name.decode() for name in rows.names)
        done |= {each.part} if each.done else set()
        calls += each.page.api_calls
    return found, done, calls


def test_parts_get_their_own_entries_and_touching_ones_share_their_calls(
    server: LogServer, logs: CloudLogging
) -> None:
    entries = spread(2_400)
    server.add(entries)
    hours = [Window(START + i * HOUR, START + (i + 1) * HOUR) for i in range(24)]
    wanted = [*hours[:9], *hours[12:]]
    found, done, calls = parts_of(logs.read_parts(QUERY, wanted))
    assert done == set(wanted)
    assert found == {
        hour: {e["insertId"] for e in entries[i * 100 : (i + 1) * 100]}
        for i, hour in enumerate(hours)
        if hour in wanted
    }
    assert calls == len(server.calls) <= 5


def test_a_part_that_could_not_be_read_is_not_done(server: LogServer, logs: CloudLogging) -> None:
    server.add(spread(1_500))
    middle = START + 8 * HOUR - SECOND
    newer, older = Window(middle, START + DAY), Window(START, middle)
    first: list[bool] = []

    def fail_after_the_first(_: ListCall) -> None:
        if not first:
            first.append(True)
            server.fail("UNAVAILABLE", times=100)

    server.on_call = fail_after_the_first
    pages = list(logs.read_parts(QUERY, [older, newer]))
    _, done, _ = parts_of(iter(pages))
    missing = {each.part: each.page.missing for each in pages if each.page.missing}
    assert done == set()
    assert set(missing) == {older, newer}
    assert missing[older] == (older,)


def test_no_parts_take_no_call(server: LogServer, logs: CloudLogging) -> None:
    assert list(logs.read_parts(QUERY, [])) == []
    empty = Window(START, START)
    assert [each.done for each in logs.read_parts(QUERY, [empty])] == [True]
    assert server.calls == []


# --- too much to read ------------------------------------------------------------------------------


def busy() -> list[Entry]:
    """Twenty thousand entries of a day: few errors, some warnings, and talk without a level."""
    entries: list[Entry] = []
    for i in range(20_000):
        level = "ERROR" if i % 200 == 0 else "WARNING" if i % 10 == 0 else None
        made = said(f"message {i % 7}", level or "", i * 4.2)
        if level is None:
            del made["severity"]
        entries.append(made)
    return entries


@pytest.fixture(scope="module")
def many() -> list[Entry]:
    return busy()


def count(reading: Reading, wanted: Callable[[Severity], bool]) -> int:
    return sum(n for severity, n in reading.rollup.severities.items() if wanted(severity))


def test_over_its_calls_it_reads_errors_in_full_and_a_sample_of_the_rest(
    server: LogServer, clock: Passing, many: list[Entry]
) -> None:
    server.quota_per_minute = None
    server.add(many)
    reading = read(CloudLogging(server.endpoint, wait=clock.wait, most_calls=10))
    assert len(server.calls) <= 15
    assert count(reading, lambda severity: severity >= Severity.ERROR) == 100
    coverage = reading.coverage(0, 0)
    assert coverage.missing == ()
    assert not coverage.complete
    distinct = coverage.read - coverage.duplicates
    assert distinct < 16_000
    assert abs(distinct / coverage.sampled - 20_000) < 2_500, "the share tells how many there are"
    (note,) = reading.notes
    assert "all at ERROR or above" in note
    assert "% without a severity" in note


def test_with_a_quota_of_five_calls_the_errors_come_first(
    server: LogServer, logs: CloudLogging, many: list[Entry]
) -> None:
    server.quota_per_minute = 5
    server.add(many)
    reading = read(logs)
    assert count(reading, lambda severity: severity >= Severity.ERROR) == 100
    assert 0 < reading.coverage(0, 0).sampled < 1
    assert sum(call.status == "OK" for call in server.calls) <= 20
    assert reading.api_calls == len(server.calls)


def test_a_sampled_part_is_not_done(server: LogServer, clock: Passing, many: list[Entry]) -> None:
    server.quota_per_minute = None
    server.add(many)
    logs = CloudLogging(server.endpoint, wait=clock.wait, most_calls=10)
    hours = [Window(START + i * HOUR, START + (i + 1) * HOUR) for i in range(24)]
    found, done, _ = parts_of(logs.read_parts(QUERY, hours))
    assert done < set(hours)
    for hour in done:
        stamps = range((hour.start - START) // SECOND, (hour.end - START) // SECOND)
        assert len(found[hour]) == sum(int(i * 4.2) in stamps for i in range(20_000))


def test_a_quota_that_others_use_up_ends_the_reading_and_says_so(
    server: LogServer, logs: CloudLogging
) -> None:
    server.add(spread(3_000))
    server.quota_per_minute = 0
    with pytest.raises(Unavailable, match="read quota"):
        read(logs)


def test_every_attempt_is_charged_to_the_budget(server: LogServer, clock: Passing) -> None:
    class Counting:
        taken = 0

        def take(self, project: str) -> float:
            self.taken += 1
            return 0.0

    budget = Counting()
    server.add(spread(3_000))
    server.fail("UNAVAILABLE", times=3)
    read(CloudLogging(server.endpoint, budget=budget, wait=clock.wait))
    assert budget.taken == len(server.calls)


def test_a_budget_that_is_used_up_is_waited_for(server: LogServer, clock: Passing) -> None:
    class Minute:
        def __init__(self) -> None:
            self.left, self.again = 2, clock.now + 60

        def take(self, project: str) -> float:
            if clock.now >= self.again:
                self.left, self.again = 2, clock.now + 60
            self.left -= 1
            return 0.0 if self.left >= 0 else self.again - clock.now

    entries = spread(3_000)
    server.add(entries)
    reading = read(CloudLogging(server.endpoint, budget=Minute(), wait=clock.wait))
    assert names(reading) == once(entries)
