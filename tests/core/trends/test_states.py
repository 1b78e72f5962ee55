"""State over time: rules one by one, and a simulated month whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from benchmarks import month, month_plan
from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.model import rfc3339
from bot.core.model.decisions import IssueLink
from bot.core.model.environment import Environment, Query
from bot.core.model.report import Event, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, Severity, State, Window
from bot.core.trends.rate_test import (
    Baseline,
    baseline,
    excess,
    upper_tail,
)
from tests.core.logs import START, Entries, entry
from tests.fakes.github import FakeTracker
from tests.fakes.store import FakeDecisionBook, FakeHistory, FakeRegistry

SERVICE = "netra-backend-staging"
ENVIRONMENT = Environment("staging", "netra-staging")
BOOM = "Unknown coupon kind while pricing the basket"
OLD, NEWER = f"{SERVICE}-00598-qss", f"{SERVICE}-00599-abc"


BROKEN, FIX, LATER, BRANCH = (digit * 40 for digit in "abcd")
COMMITS = {BROKEN: (), FIX: (BROKEN,), LATER: (FIX,), BRANCH: (BROKEN,)}


def running(commit, entries):
    """The same entries of a service whose labels name the commit that it was built from."""
    return [{**e, "labels": {**e["labels"], "commit-sha": commit}} for e in entries]


def utc(text):
    return rfc3339.parse(text) or 0


class Watch:
    """An environment that is read again and again; times in hours after `START`."""

    def __init__(self):
        self.registry, self.history = FakeRegistry(), FakeHistory()
        self.decisions = FakeDecisionBook()
        self.traffic = None
        self.events = []
        self.tracker = FakeTracker(full_name="a/b", commits=COMMITS)

    def read_traffic(self, query):
        return self.traffic

    def read_events(self, query):
        return [e for e in self.events if e.at in query.window]

    def read(self, entries, start, end, *, now=None, severity=Severity.WARNING):
        window = Window(START + int(start * HOUR), START + int(end * HOUR))
        query = Query("staging", "netra-staging", (), window, severity)
        inside = [e for e in entries if utc(e["timestamp"]) in window]
        return analyze(
            Outside(
                Entries(inside),
                registry=self.registry,
                decisions=self.decisions,
                history=self.history,
                activity=self,
                contains=self.tracker.contains,
            ),
            query,
            ENVIRONMENT,
            now=window.end if now is None else START + int(now * HOUR),
        )

    def state(self, *args, **kwargs):
        return next(c for c in self.read(*args, **kwargs).clusters if c.title == BOOM)

    def closed(self, hour, cluster, **how):
        link = IssueLink(cluster, "a/b", 7, "https://x/7", "it", "U1", START, "closed", **how)
        self.decisions.put("staging", replace(link, closed_at=START + int(hour * HOUR)))


def boom(*hours, text=BOOM, **more):
    return [entry(text, "ERROR", hour * 3_600, **more) for hour in hours]


def hum(start, end, **more):
    """A line every half hour, so that the service is seen to live."""
    return [
        entry("Heartbeat of the scheduler", None, half * 1_800.0 + 60, **more)
        for half in range(int(start * 2), int(end * 2))
    ]


@pytest.fixture
def watch():
    return Watch()


class TestNew:
    def test_in_the_first_report_and_when_it_is_refreshed_then_known(self, watch):
        log = boom(1, 30)
        assert watch.state(log, 0, 24).state is State.NEW
        assert watch.state(log, 0, 24, now=24 + 5 / 60).state is State.NEW
        assert watch.state(log, 0, 24, now=24 + 11 / 60).state is State.RECURRING
        assert watch.state(log, 24, 48).state is State.RECURRING

    def test_a_clock_that_jumps_back_makes_nothing_new_again(self, watch):
        log = boom(1)
        watch.read(log, 0, 24)
        assert watch.state(log, 0, 24, now=20).state is State.RECURRING

    def test_without_a_history_all_is_as_before(self, watch):
        query = Query("staging", "", (), Window(START, START + DAY))
        found = analyze(Outside(Entries(boom(1))), query, ENVIRONMENT, now=START + DAY)
        assert [c.state for c in found.clusters] == [State.NEW]
        assert found.quiet == ()


class TestEscalating:
    def test_it_says_from_what_to_what(self, watch):
        usual = [hour * 2.0 for hour in range(60)]
        surge = [119 + i / 400 for i in range(340)]
        log = hum(0, 120) + boom(*usual, *surge)
        for day in range(4):
            watch.read(log, day * 24, day * 24 + 24)
        found = watch.state(log, 96, 120)
        assert found.state is State.ESCALATING
        assert found.change == "12 a day → 340 in the last hour"
        assert any(reason.startswith("escalating: 12 a day →") for reason in found.reasons)

    def test_a_steady_rate_does_not(self, watch):
        log = hum(0, 120) + boom(*[hour / 2 for hour in range(240)])
        states = {watch.state(log, day * 24, day * 24 + 24).state for day in range(1, 5)}
        assert states == {State.NEW, State.RECURRING}

    def test_what_bursts_every_night_does_not(self, watch):
        log = hum(0, 240) + boom(*[d * 24 + 3 + i / 600 for d in range(10) for i in range(40)])
        found = [watch.state(log, d * 24, d * 24 + 24).state for d in range(10)]
        assert found[1:] == [State.RECURRING] * 9

    def test_a_regressed_one_escalates_too_and_says_both(self, watch):
        old = boom(*[float(h) for h in range(60)], revision=OLD)
        new = boom(*[119 + i / 400 for i in range(340)], revision=NEWER)
        log = hum(0, 118, revision=OLD) + hum(118, 120, revision=NEWER) + old + new
        for day in range(4):
            report = watch.read(log, day * 24, day * 24 + 24)
            if day == 0:
                watch.closed(100, report.clusters[0].id)
        found = watch.state(log, 96, 120)
        assert found.state is State.REGRESSED
        assert "back in 00599-abc" in found.change
        assert "in the last hour" in found.change


class TestRegressed:
    def log(self, *, first=30, after=(40,), revision=NEWER):
        return (
            hum(0, first, revision=OLD)
            + hum(first, 48, revision=NEWER)
            + boom(1, 2, revision=OLD)
            + boom(*after, revision=revision)
        )

    def cluster(self, watch, log):
        return next(c for c in watch.read(log, 0, 24).clusters if c.title == BOOM).id

    def test_in_a_revision_that_started_after_the_close(self, watch):
        log = self.log()
        watch.closed(20, self.cluster(watch, log))
        found = watch.state(log, 24, 48)
        assert found.state is State.REGRESSED
        assert "#7 was closed" in found.reasons[-1]

    def test_not_in_the_revision_that_it_was_closed_in(self, watch):
        log = self.log(after=(25, 26), revision=OLD)
        watch.closed(20, self.cluster(watch, log))
        found = watch.state(log, 24, 48)
        assert found.state is State.RECURRING
        assert "no revision is known" in found.reasons[-1]

    def test_not_in_the_revision_of_the_fix_that_started_before_the_close(self, watch):
        log = self.log(first=18, after=(40,))
        watch.closed(20, self.cluster(watch, log))
        assert watch.state(log, 24, 48).state is State.RECURRING

    def test_not_where_traffic_goes_back_to_a_revision_never_seen_before(self, watch):
        older = f"{SERVICE}-00597-xyz"
        log = self.log(first=18, after=()) + boom(40, revision=older)
        watch.closed(20, self.cluster(watch, log))
        assert watch.state(log, 24, 48).state is State.RECURRING

    def test_not_where_nobody_observed_whether_the_revision_is_newer(self, watch):
        log = boom(1, revision=OLD) + boom(300, revision=NEWER)
        watch.closed(20, self.cluster(watch, log))
        assert watch.state(log, 299.5, 301).state is State.RECURRING

    def test_a_deploy_event_after_the_close_is_proof_all_the_same(self, watch):
        log = boom(1, revision=OLD) + boom(300, revision=NEWER)
        watch.closed(20, self.cluster(watch, log))
        watch.events = [Event("deploy", SERVICE, START + 300 * HOUR - MINUTE)]
        assert watch.state(log, 299.5, 301).state is State.REGRESSED

    def labelled(self, commit, *, first=30, after=(40,)):
        """Two revisions; the entries of the second, from hour `first`, name a commit."""
        log = self.log(first=first, after=())
        old = [e for e in log if e["resource"]["labels"]["revision_name"] == OLD]
        new = hum(first, 48, revision=NEWER) + boom(*after, revision=NEWER)
        return running(BROKEN, old) + running(commit, new)

    @pytest.mark.parametrize("commit", [FIX, LATER])
    def test_where_the_fix_is_in_the_revisions_commit_though_it_started_before(self, watch, commit):
        log = self.labelled(commit, first=18)
        watch.closed(20, self.cluster(watch, log), fixed_in=FIX)
        found = watch.state(log, 24, 48)
        assert found.state is State.REGRESSED
        assert "back in 00599-abc, which has the fix of #7 (bbbbbbbb)" in found.change

    def test_where_the_fix_is_in_it_though_nobody_observed_it_start(self, watch):
        log = running(BROKEN, boom(1, revision=OLD)) + running(LATER, boom(300, revision=NEWER))
        watch.closed(20, self.cluster(watch, log), fixed_in=FIX)
        assert watch.state(log, 299.5, 301).state is State.REGRESSED

    @pytest.mark.parametrize("commit", [BROKEN, BRANCH])
    def test_not_where_the_fix_is_not_in_it_though_it_started_later(self, watch, commit):
        log = self.labelled(commit)
        watch.closed(20, self.cluster(watch, log), fixed_in=FIX)
        watch.events = [Event("deploy", SERVICE, START + 30 * HOUR - MINUTE)]
        found = watch.state(log, 24, 48)
        assert found.state is State.RECURRING
        assert "its fix (bbbbbbbb) is not in 00599-abc" in found.reasons[-1]

    @pytest.mark.parametrize(("commit", "fix"), [("e" * 40, FIX), (LATER, "e" * 40), (LATER, "")])
    def test_what_github_does_not_know_is_judged_by_time(self, watch, commit, fix):
        log = self.labelled(commit)
        watch.closed(20, self.cluster(watch, log), fixed_in=fix)
        assert watch.state(log, 24, 48).change.startswith("back in 00599-abc, which started after")

    def test_not_by_what_was_seen_before_the_close(self, watch):
        log = self.labelled(FIX, first=10, after=(12,))
        watch.closed(20, self.cluster(watch, log), fixed_in=FIX)
        assert watch.state(log, 0, 24, now=25).state is State.RECURRING

    def test_a_commit_is_known_from_any_entry_of_any_earlier_reading(self, watch):
        log = self.labelled(LATER, first=18, after=())
        watch.closed(20, self.cluster(watch, log), fixed_in=FIX)
        watch.read(log, 0, 24)
        found = watch.state(boom(40, revision=NEWER), 39, 41)
        assert found.state is State.REGRESSED
        assert (NEWER, LATER) in watch.read(log, 40, 41).commits

    def test_an_open_issue_never_regresses(self, watch):
        log = self.log()
        link = IssueLink(self.cluster(watch, log), "a/b", 7, "https://x/7", "it", "U1", START)
        watch.decisions.put("staging", link)
        assert watch.state(log, 24, 48).state is State.RECURRING


class TestQuiet:
    LOG = hum(0, 96) + boom(*[h / 2 for h in range(144)])

    def requests(self, start, end, each=100):
        hours = range(START // HOUR + start, START // HOUR + end)
        return Traffic(tuple((OLD, at, each) for at in hours), START + start * HOUR)

    def days(self, watch, count=3):
        for day in range(count):
            watch.read(self.LOG, day * 24, day * 24 + 24)

    def test_silent_while_requests_arrive(self, watch):
        self.days(watch)
        watch.traffic = self.requests(72, 96)
        (found,) = watch.read(self.LOG, 72, 96).quiet
        assert found.title == BOOM
        assert round(found.expected) == 48
        assert "saw 0 while requests arrived" in found.reason

    def test_unknown_traffic_decides_nothing(self, watch):
        self.days(watch)
        assert watch.read(self.LOG, 72, 96).quiet == ()

    def test_no_traffic_is_no_silence_of_the_cluster(self, watch):
        self.days(watch)
        watch.traffic = self.requests(72, 96, each=0)
        assert watch.read(self.LOG, 72, 96).quiet == ()

    def test_a_rare_one_may_be_silent(self, watch):
        log = hum(0, 96) + boom(3, 30)
        for day in range(3):
            watch.read(log, day * 24, day * 24 + 24)
        watch.traffic = self.requests(72, 96)
        assert watch.read(log, 72, 96).quiet == ()

    def test_a_question_for_a_part_says_nothing_of_the_rest(self, watch):
        self.days(watch)
        watch.traffic = self.requests(72, 96)
        assert watch.read(self.LOG, 72, 96, severity=Severity.CRITICAL).quiet == ()

    def test_no_entries_at_all_is_told_with_the_last_entry_and_the_requests(self, watch):
        self.days(watch)
        watch.traffic = self.requests(120, 144)
        found = watch.read(self.LOG, 120, 144)
        assert found.quiet == ()
        assert found.coverage.read == 0
        assert found.last_entry == max(
            utc(e["timestamp"]) for e in self.LOG if utc(e["timestamp"]) < START + 3 * DAY
        )
        assert found.traffic.requests == 2_400


class TestDeleted:
    def deletion(self, hour, method="google.cloud.run.v1.Services.DeleteService", **more):
        payload = {"methodName": method, "resourceName": f"namespaces/p/services/{SERVICE}", **more}
        made = entry(None, "NOTICE", hour * 3_600, revision="", protoPayload=payload)
        made["logName"] = "projects/netra-staging/logs/cloudaudit.googleapis.com%2Factivity"
        return made

    def test_nothing_of_it_is_new_in_any_later_reading(self, watch):
        log = [*boom(1, 1.005), self.deletion(7)]
        for end in (8, 9, 12):
            found = watch.state(log, 0, end)
            assert found.state is State.RECURRING
            assert found.deleted == START + 7 * HOUR
            assert "deleted" in found.reasons[-1]

    def test_the_deletion_may_come_long_after_the_window(self, watch):
        watch.events = [Event("delete", SERVICE, START + 7 * HOUR)]
        assert watch.state(boom(1), 0, 2, now=8).deleted == START + 7 * HOUR

    def test_before_it_the_same_is_new(self, watch):
        assert watch.state(boom(1), 0, 6).state is State.NEW

    def test_a_deletion_that_was_refused_deletes_nothing(self, watch):
        log = [*boom(1), self.deletion(2, status={"code": 7, "message": "denied"})]
        assert watch.state(log, 0, 8).deleted is None

    def test_deployed_again_it_lives(self, watch):
        again = self.deletion(9, "google.cloud.run.v1.Services.ReplaceService")
        log = [*boom(1), self.deletion(7), again, *boom(10)]
        assert watch.state(log, 0, 12).deleted is None


class TestCounts:
    def test_the_tail_is_exact(self):
        for n, p in ((1, 0.5), (12, 0.2), (40, 0.01), (300, 0.7)):
            mass = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
            for k in (0, 1, n // 3, n):
                assert upper_tail(k, n, p) == pytest.approx(sum(mass[k:]), rel=1e-9)

    def test_nothing_read_is_no_evidence(self):
        assert excess(100, 3_600, Baseline(0, 0)) == 1.0

    def test_one_outage_does_not_become_usual(self):
        hours = range(336)
        counts = {at: 1 for at in hours if at % 2} | {100: 900}
        usual = baseline(counts, dict.fromkeys(hours, 3_600), hours)
        assert usual.per_hour == pytest.approx(0.5, rel=0.02)
        assert usual.dispersion == 1.0

    def test_hours_that_nobody_read_are_not_silence(self):
        usual = baseline({5: 10}, {5: 3_600}, range(100))
        assert usual.per_hour == 10.0


def test_a_month():
    """Regressions by a commit, by a deploy and by watching; other months: `benchmarks.month`."""
    registry, decisions, history = FakeRegistry(), FakeDecisionBook(), FakeHistory()
    result = month.play(1, registry, decisions, history, proof=month_plan.Proof.COMMITS)
    assert result.share >= 0.95, result.wrong
    right = {truth for truth, said in result.confused if truth == said}
    assert right >= {state.value for state in State}
    told = {(truth, said) for truth, said in result.confused if truth != said}
    assert not {pair for pair in told if pair[1] in ("new", "regressed")}, result.wrong
    assert not {pair for pair in told if pair[0] in ("new", "regressed")}, result.wrong
    proofs = [change for change in result.changes if ": back in " in change]
    assert {"has the fix of" in change for change in proofs} == {True, False}
    down, lost = result.alarms
    assert down.last_entry is not None
    assert down.quiet == lost.quiet == ()
    assert lost.traffic.requests > 0
