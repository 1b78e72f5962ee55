"""Whether a problem still happens: a later revision serves without it, or it is silent."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.model.environment import Environment, Query
from bot.core.model.report import Event, Report, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Severity, Window
from bot.core.ports import Page
from bot.core.reports.export import export
from bot.core.trends.ended import usual_silence
from playground.service.crash import crash
from playground.service.lines import Revision, Writer
from tests.core.logs import START, Entries, Entry, entry, report, request, said, shuffled
from tests.fakes.logs import FakeLogs

SERVICE = "netra-backend-staging"
OLD, BAD, FIX = (f"{SERVICE}-{name}" for name in ("00611-abc", "00612-bad", "00613-fix"))
FAILED = "Message loop error: no such queue"
ENVIRONMENT = Environment("staging", "netra-staging", (SERVICE,))


def crashes(count: int = 5, *, revision: str = "00612-bad", at: float = 0.0) -> list[Entry]:
    """Instances that crash at their start, half a minute apart."""
    made = Revision("netra-staging", SERVICE, revision)
    return [
        each
        for i in range(count)
        for each in crash(
            Writer(made, f"instance{revision}{i}{at}", random.Random(i + at)),
            START + round((at + 30 * i) * SECOND),
        )
    ]


def served(revision: str, count: int, at: float, status: int = 200) -> list[Entry]:
    """Requests to a revision, one a second from `at`."""
    return [request(status, "/api/ok", at + i, revision=revision) for i in range(count)]


def counted(
    entries: list[Entry],
    traffic: Traffic | None,
    *,
    until: float = 3_600.0,
    events: tuple[Event, ...] = (),
) -> Report:
    """A report of the day until so many seconds after START, with these requests."""
    end = START + round(until * SECOND)
    query = Query("staging", "netra-staging", (SERVICE,), Window(end - DAY, end), Severity.WARNING)
    outside = Outside(Entries(shuffled(entries)), activity=FakeLogs(traffic=traffic, events=events))
    return analyze(outside, query, ENVIRONMENT, now=end)


def evidence(found: Report) -> str:
    """Why the worst card has ended; empty while it goes on."""
    end = min(found.cards, key=lambda card: card.priority).ended
    return "" if end is None else end.evidence


# --- a later revision ----------------------------------------------------------------------------


def test_a_fixed_revision_ends_a_crash_at_the_start() -> None:
    entries = served(OLD, 50, -900) + crashes() + served(FIX, 417, 720)
    found = report(shuffled(entries))
    assert evidence(found) == "00613-fix served 417 requests without it"
    (incident,) = found.incidents
    assert incident.ended is not None
    assert incident.ended.since == START + 720 * SECOND
    root = found.cluster(incident.root)
    assert root is not None
    assert root.impact == "Instances of this revision could not serve."
    assert "roll back" not in str(root.next).lower()
    data: dict[str, Any] = dict(export(found))
    assert data["incidents"][0]["ended"] == {
        "since": "2025-09-14T03:12:00Z",
        "evidence": "00613-fix served 417 requests without it",
    }
    assert data["cards"][0] == incident.id


def test_one_answer_is_enough_after_a_crash_at_the_start_and_a_failed_one_is_not() -> None:
    assert evidence(report(crashes() + served(FIX, 1, 720)))
    assert not evidence(report(crashes() + served(FIX, 30, 720, status=503)))
    assert not evidence(report(crashes() + served(OLD, 300, 720))), "an earlier one proves nothing"


def test_the_same_crash_in_the_later_revision_goes_on() -> None:
    entries = crashes() + served(FIX, 417, 720) + crashes(2, revision="00613-fix", at=1_500)
    assert not evidence(report(entries))


def test_a_symptom_that_goes_on_keeps_the_incident_open() -> None:
    entries = crashes() + served(FIX, 9, 60) + crashes(1, at=900)
    assert not evidence(report(entries)), "it crashed after the later revision had served"


def test_a_failure_ends_once_five_would_have_been_likely() -> None:
    failing = served(BAD, 1_000, 0) + [said(FAILED, at=i * 10, revision=BAD) for i in range(10)]
    assert not evidence(report([*failing, *served(FIX, 499, 1_200)]))
    assert evidence(report([*failing, *served(FIX, 500, 1_200)]))
    always = served(BAD, 40, 0) + [said(FAILED, at=i, revision=BAD) for i in range(40)]
    assert not evidence(report([*always, *served(FIX, 19, 1_200)])), "at least twenty"
    assert evidence(report([*always, *served(FIX, 20, 1_200)]))


def test_a_sign_seen_once_can_only_end_by_a_later_revision() -> None:
    once = [*served(BAD, 100, 0), said(FAILED, at=50, revision=BAD)]
    assert not evidence(report([*once, *served(BAD, 2_000, 200)])), "silence proves nothing"
    assert evidence(report([*once, *served(FIX, 500, 200)]))


def test_a_canary_beside_the_old_revision_ends_nothing_that_is_still_seen() -> None:
    entries = [said(FAILED, at=30 * i, revision=BAD) for i in range(40)]
    entries += served(FIX, 300, 0) + served(BAD, 400, 0)
    assert not evidence(report(entries))


@pytest.mark.parametrize("known", ["hours", "minutes"])
def test_counted_requests_end_it_where_the_log_has_only_failures(known: str) -> None:
    """A live read at WARNING: a healthy revision logs nothing; its deploy tells when it began."""
    hour, minute = START // HOUR, START // MINUTE
    counts = Traffic(
        ((OLD, hour, 90), (FIX, hour, 417)),
        since=START - DAY,
        points=((FIX, 60 * (minute + 12), 417),) if known == "minutes" else (),
    )
    deploys = [Event("deploy", SERVICE, START - 60 * SECOND)]
    if known == "hours":
        deploys.append(Event("deploy", SERVICE, START + 700 * SECOND))
    found = counted(crashes(), counts, events=tuple(deploys))
    assert evidence(found) == "00613-fix served 417 requests without it"


def test_requests_of_the_hour_of_the_crash_may_be_from_before_it() -> None:
    counts = Traffic(((FIX, START // HOUR, 417),), since=START - DAY)
    assert not evidence(counted(crashes(), counts)), "nothing says when the revision began"


def test_what_was_not_read_ends_nothing() -> None:
    entries = crashes() + served(FIX, 417, 720)

    class Cut(Entries):
        def read(self, query: Query):
            yield from super().read(query)
            yield Page(missing=(Window(START + HOUR, START + 2 * HOUR),))

    query = Query("staging", "", (SERVICE,), Window(START - DAY, START + DAY), Severity.WARNING)
    found = analyze(Outside(Cut(entries)), query, ENVIRONMENT, now=START + DAY)
    assert not evidence(found)


def test_a_job_has_no_later_revision() -> None:
    def run(name: str, text: str, at: float) -> Entry:
        made = said(text, at=at)
        labels = {"job_name": "nightly", "location": "us-central1", "project_id": "p"}
        made["resource"] = {"type": "cloud_run_job", "labels": labels}
        made["labels"] = {"run.googleapis.com/execution_name": name}
        return made

    entries = [run("nightly-a", FAILED, 60 * i) for i in range(2)]
    entries += [run("nightly-b", "all went well", 7_200.0)]
    assert not evidence(report(entries))


# --- silence -------------------------------------------------------------------------------------


def alive(until: float, step: float = 60.0) -> list[Entry]:
    """The service logs so long."""
    count = int(until // step) + 1
    return [entry("heartbeat", "INFO", i * step, revision=BAD) for i in range(count)]


def test_what_came_every_three_minutes_has_ended_after_forty() -> None:
    often = [said(FAILED, at=180 * i, revision=BAD) for i in range(12)]
    last = 180 * 11
    found = counted([*often, *alive(last + 2_400)], None, until=last + 2_401)
    assert evidence(found) == "not seen for 40 min, usually every 3"
    end = found.cards[0].ended
    assert end is not None
    assert end.since == found.cards[0].last_seen
    sooner = counted([*often, *alive(last + 1_200)], None, until=last + 1_201)
    assert not evidence(sooner), "twenty minutes may be chance"
    alone = counted(often, None, until=last + 2_401)
    assert not evidence(alone), "the service is silent too"
    gone = counted([*often, *alive(last + 2_400)], None, until=last + 9_000)
    assert not evidence(gone), "the service was heard of forty minutes later, and no more"


def test_fewer_than_three_have_no_usual_interval() -> None:
    two = [said(FAILED, at=60 * i, revision=BAD) for i in range(2)]
    day = 20 * 3_600
    assert not evidence(counted([*two, *alive(day, 600)], None, until=day + 1))
    burst = [said(FAILED, at=i, revision=BAD) for i in range(9)]
    found = counted([*burst, *alive(day, 600)], None, until=day + 1)
    assert not evidence(found), "nine in one minute are one"


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=50))
def test_silence_as_long_as_before_ends_nothing(minutes: list[int]) -> None:
    intervals = [minute * MINUTE for minute in minutes]
    limit = usual_silence(intervals)
    assert limit >= 3 * max(intervals)
    assert limit >= 6.9 * sum(intervals) / len(intervals)


@given(
    period=st.integers(15, 240),
    length=st.integers(1, 10),
    runs=st.integers(2, 5),
    waited=st.floats(0.0, 1.0),
)
def test_a_periodic_job_has_not_ended_between_two_runs(
    period: int, length: int, runs: int, waited: float
) -> None:
    bursts = [60 * (run * period + minute) for run in range(runs) for minute in range(length)]
    entries = [said(FAILED, at=at + s, revision=BAD) for at in bursts for s in (0, 1)]
    now = bursts[-1] + 60 * period * (1 + waited)
    if now < 80_000:
        assert not evidence(counted([*entries, *alive(now, 300)], None, until=now + 1))


# --- the order of the cards, and Roll back -------------------------------------------------------


def test_what_has_ended_stands_behind_what_is_active() -> None:
    entries = crashes() + served(FIX, 417, 720)
    entries += [
        said("cache miss for tenant", "WARNING", 900 + 60 * i, revision=FIX) for i in (0, 1)
    ]
    found = report(shuffled(entries))
    ends = [card.ended is not None for card in found.cards]
    assert ends == sorted(ends)
    assert found.cards[0].cluster.title == "cache miss for tenant"
    worst = min(card.priority for card in found.cards)
    assert worst.name == "P0", "it keeps its priority as history"


def advice(found: Report) -> str:
    return found.cards[0].cluster.next or ""


def test_the_advice_names_the_revision_to_go_back_to() -> None:
    assert advice(report(served(OLD, 50, -900) + crashes())).startswith(
        "Roll back to 00611-abc until it is fixed."
    )


def test_on_a_first_revision_there_is_nothing_to_roll_back_to() -> None:
    assert "nothing to roll back to" in advice(report(crashes(revision="00001-abc")))
    unknown = advice(report(crashes()))
    assert "a longer window may name it" in unknown


def test_a_revision_without_traffic_cannot_be_rolled_back_from() -> None:
    minute = START // MINUTE
    counts = Traffic(
        ((OLD, START // HOUR, 600),),
        since=START - DAY,
        points=tuple((OLD, 60 * (minute + i), 10) for i in range(60)),
    )
    found = counted([*served(OLD, 3, -900), *crashes()], counts)
    assert "00612-bad gets no requests and 00611-abc serves" in advice(found)


def test_a_newer_revision_that_has_not_served_yet_is_not_rolled_back() -> None:
    entries = [*served(OLD, 50, -900), *crashes(), entry("ready", "INFO", 700, revision=FIX)]
    assert "00613-fix started after it" in advice(report(entries))
    assert "do not roll back yet" in advice(report(entries))
