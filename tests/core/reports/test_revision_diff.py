"""Two revisions of a service: what differs, and which difference is more than chance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.model import codec
from bot.core.model.environment import Environment, Query
from bot.core.model.report import (
    Cluster,
    Incident,
    Report,
    Traffic,
)
from bot.core.model.values import DAY, HOUR, MINUTE, Priority, Severity, Window
from bot.core.reports.revision_diff import Unknown, compare, resolve
from tests.fakes.logs import FakeLogs, entry
from tests.fakes.reports import NOW, SERVICE, WINDOW, report

OLD, NEW = f"{SERVICE}-00597-abc", f"{SERVICE}-00598-qss"
OTHER = "netra-auth-staging-00597-xyz"
DEPLOY = NOW - DAY
SPANS = ((OLD, NOW - 2 * DAY, DEPLOY), (NEW, DEPLOY, NOW))


def problem(name: str, before: int, after: int, **changes: object) -> Cluster:
    """Spread evenly over the day of each revision, as chance lets it."""
    hours = tuple(n // 24 + (h < n % 24) for n in (before, after) for h in range(24))
    by = tuple((r, n) for r, n in ((OLD, before), (NEW, after)) if n)
    made = Cluster(
        id=f"c-{name.lower()}",
        name=name,
        title=f"what is wrong with {name}",
        template="",
        severity=Severity.ERROR,
        priority=Priority.P4,
        reasons=(),
        count=before + after,
        occurrences=before + after,
        first_seen=WINDOW.start,
        last_seen=WINDOW.end,
        histogram=hours,
        revisions=tuple(r for r, _ in by),
        by_revision=by,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def of(*clusters: Cluster, requests: tuple[int, int] | None = (10_000, 10_000), **changes: object):
    traffic = None
    if requests is not None:
        traffic = Traffic(((OLD, 1, requests[0]), (NEW, 2, requests[1])), WINDOW.start)
    return report(
        *clusters, **{"spans": SPANS, "revisions": (NEW, OLD), "traffic": traffic, **changes}
    )


def names(changes) -> list[str]:
    return [change.cluster.name for change in changes]


def test_only_new_gone_and_changed_are_told():
    found = compare(
        of(
            problem("C1", 0, 40), problem("C2", 30, 0), problem("C3", 20, 300), problem("C4", 9, 11)
        ),
        OLD,
        NEW,
    )
    assert names(found.new) == ["C1"]
    assert names(found.gone) == ["C2"]
    assert names(found.changed) == ["C3"]
    assert found.same == 1
    assert not found.unknown_traffic


def test_a_rate_is_counted_per_request():
    tenfold = problem("C1", 20, 200)
    assert not compare(of(tenfold, requests=(1_000, 10_000)), OLD, NEW).changed
    assert compare(of(tenfold, requests=(10_000, 10_000)), OLD, NEW).changed
    same_count = problem("C1", 100, 100)
    [change] = compare(of(same_count, requests=(10_000, 500)), OLD, NEW).changed
    assert (change.before, change.after) == (100, 100)


@pytest.mark.parametrize(
    "traffic",
    [
        None,
        Traffic(((OLD, 1, 5_000),), WINDOW.start),
        Traffic(((OLD, 1, 5_000), (NEW, 2, 9)), WINDOW.start + HOUR, sampled=True),
    ],
    ids=["unknown", "of one", "of a part of the window"],
)
def test_without_requests_of_both_the_time_seen_counts_and_it_is_said(traffic):
    rare = problem("C1", 24, 24)
    short = (SPANS[0], (NEW, NOW - 2 * HOUR, NOW))
    found = compare(of(rare, traffic=traffic, spans=short), OLD, NEW)
    assert found.unknown_traffic
    assert (found.a.seconds, found.b.seconds) == (24 * 3_600, 2 * 3_600)


def test_a_rate_by_time():
    found = compare(of(problem("C1", 24, 240), problem("C2", 24, 25), requests=None), OLD, NEW)
    assert names(found.changed) == ["C1"]
    assert found.same == 1


def test_what_comes_in_bursts_is_no_change_when_it_bursts():
    bursts = tuple(60 if h % 12 == 0 else 0 for h in range(24))
    calm = (*bursts, *(90 if h == 3 else 0 for h in range(24)), 0)
    burst = problem("C1", 120, 90, histogram=calm)
    assert not compare(of(burst, requests=(10_000, 3_000)), OLD, NEW).changed
    steady = problem("C1", 120, 90)
    assert compare(of(steady, requests=(10_000, 3_000)), OLD, NEW).changed


def test_a_difference_that_may_be_chance_says_so():
    found = compare(of(problem("C1", 0, 1), problem("C2", 0, 50), problem("C3", 2, 0)), OLD, NEW)
    assert [change.sure for change in found.new] == [False, True]
    assert [change.sure for change in found.gone] == [False]
    # The older one was hardly asked: that it never wrote it says nothing.
    [new] = compare(of(problem("C1", 0, 50), requests=(3, 10_000)), OLD, NEW).new
    assert not new.sure


def test_a_hundred_problems_at_one_rate_show_no_change():
    crowd = [problem(f"C{n}", 30 + n % 9, 30 + (n * 7) % 11) for n in range(100)]
    assert not compare(of(*crowd), OLD, NEW).changed


def test_symptoms_are_counted_at_their_root():
    incident = Incident("i-1", "c-c1", ("c-c2", "c-c3"), 40, Priority.P0)
    clusters = (problem("C1", 0, 40), problem("C2", 0, 40), problem("C3", 0, 40))
    [root] = compare(of(*clusters, incidents=(incident,)), OLD, NEW).new
    assert (root.cluster.name, root.symptoms) == ("C1", 2)


def test_what_is_not_known_by_revision_is_counted_apart():
    vague = problem("C1", 10, 10, by_revision=())
    found = compare(of(vague), OLD, NEW)
    assert (found.unclear, found.same) == (1, 0)
    assert not found.new


@pytest.mark.parametrize(
    ("a", "b"),
    [("00597", "00598"), ("597", "598"), ("00597-abc", "00598-QSS"), (OLD, NEW), ("00597", NEW)],
)
def test_a_revision_is_named_in_full_short_or_by_number(a, b):
    assert resolve(of(), a, b) == (OLD, NEW)


def test_the_service_of_one_tells_which_is_meant_of_the_other():
    two = of(revisions=(NEW, OLD, OTHER))
    assert resolve(two, "00597", "00598") == (OLD, NEW)
    apart = resolve(two, OTHER, "00598")
    assert isinstance(apart, Unknown)
    assert "two services" in apart.sentence
    both = resolve(of(revisions=(NEW, OLD, OTHER, OTHER.replace("597", "598"))), "597", "598")
    assert isinstance(both, Unknown)
    assert both.pair in {(OLD, NEW), (OTHER, OTHER.replace("597", "598"))}


def test_an_unknown_one_gets_the_nearest():
    slip = resolve(of(), "00597", "00588")
    assert isinstance(slip, Unknown)
    assert slip.sentence == 'I know no revision "00588". Known: 00598-qss, 00597-abc.'
    assert slip.pair == ("00597", "00598-qss")
    far = resolve(of(), "green", "00598")
    assert isinstance(far, Unknown)
    assert far.pair is None
    same = resolve(of(), "00598", NEW)
    assert isinstance(same, Unknown)
    assert same.sentence == "Both are 00598-qss."


def test_a_report_of_an_older_version_is_read():
    written = codec.encode(of(problem("C1", 1, 2)))
    assert isinstance(written, dict)
    del written["spans"]
    del written["clusters"][0]["by_revision"]
    read = codec.decode(Report, written)
    assert (read.spans, read.clusters[0].by_revision) == ((), ())


def test_an_analysis_knows_who_wrote_what():
    lost, full = "Connection to the ledger was lost", "The disk of the basket is full"
    entries = [entry(lost, DEPLOY - i * MINUTE, i, revision="00597-abc") for i in range(1, 9)]
    entries += [entry(lost, DEPLOY + i * MINUTE, 20 + i) for i in range(1, 4)]
    entries += [entry(full, DEPLOY + i * MINUTE, 40 + i) for i in range(1, 6)]
    staging = Environment("staging", "p", (SERVICE,))
    query = Query("staging", "p", (SERVICE,), Window(NOW - 2 * DAY, NOW))
    read = analyze(Outside(FakeLogs(entries)), query, staging, now=NOW)
    counts = {cluster.title: dict(cluster.by_revision) for cluster in read.clusters}
    assert counts == {lost: {OLD: 8, NEW: 3}, full: {NEW: 5}}
    assert {n: (a, b) for n, a, b in read.spans}[NEW] == (
        DEPLOY + MINUTE,
        DEPLOY + 5 * MINUTE,
    )
    assert names(compare(read, OLD, NEW).new) == [
        next(c.name for c in read.clusters if c.title == full)
    ]


def test_without_names_the_two_newest_are_compared():
    older = OLD.replace("597", "596")
    assert resolve(of(revisions=(NEW, OLD, older)), "", "") == (OLD, NEW)
    # An old revision that is shutting down logs last and is not newer for it.
    assert resolve(of(revisions=(older, OTHER, NEW, OLD)), "", "") == (OLD, NEW)
    # A service with one revision does not hide the other service.
    assert resolve(of(revisions=(OTHER, NEW, OLD), requests=None), "", "") == (OLD, NEW)


def test_of_a_single_revision_it_says_so():
    found = resolve(of(revisions=(NEW,), requests=None), "", "")
    assert isinstance(found, Unknown)
    assert "only one revision is known, 00598-qss" in found.sentence
    assert found.pair is None
    none = resolve(of(revisions=(), requests=None), "", "")
    assert isinstance(none, Unknown)
    assert "no log entry names a revision" in none.sentence
