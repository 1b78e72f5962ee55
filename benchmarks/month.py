"""A month of a service whose truth is known: how many of the states are told right.

    python -m benchmarks.month [SEED …]

Deploys, fixes, regressions, traffic that goes back to an old revision, a branch that was deployed
without the fix, bursts, a new level, a nightly job, an outage, lost logs, quiet weekends. It is
read as people read: a digest each morning, two days every other afternoon and sometimes again
some minutes later, an hour now and then. The truth is what was planned, not what was drawn: a
cluster escalates where a surge was planned.
"""

from __future__ import annotations

import math
import random
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import product

from benchmarks.planned import PlannedLog
from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.model import rfc3339
from bot.core.model.decisions import IssueLink
from bot.core.model.environment import Environment, Query
from bot.core.model.report import Event, Report, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, State, Window
from bot.core.ports import DecisionBook, History, Registry

START = 20_300 * DAY
DAYS = 30
SERVICE = "orders-api"
ENVIRONMENT = Environment("staging", "shop-staging", (SERVICE,))
MORNING = 9 * HOUR

STEADY = {
    "Payment provider answered slowly, waited for the second try": 14.0,
    "Cache miss storm on product pages, falling back to the database": 4.0,
    "Stock of an article is negative after a correction": 0.4,
    "Session cookie without signature was ignored": 1.5,
    "Webhook delivery refused by the receiver, will retry": 0.9,
    "Search index lags behind the catalogue": 6.0,
}
BORN = (
    "Unknown coupon kind while pricing the basket",
    "Address validation raised KeyError for a missing postcode",
    "Invoice template has no translation for this country",
)
NIGHTLY = "Nightly import skipped an article without a price"
STOPS = "Deprecated endpoint for wish lists was called"
RARE = (
    "Certificate of the mail relay expires soon",
    "Clock of the worker is ahead of the database",
    "Feature switch names a group that does not exist",
    "Image larger than the limit was cut",
    "Refund exceeds the amount that was paid",
)


UNLABELLED = (7, 10)
"""Of a month with commits, the revisions whose entries name none: they are judged by time."""
BRANCH, LACKS = 6, 5
"""Of such a month, the revision that was built from a branch, and the fix that is not in it."""


class Proof(Enum):
    """What there is to tell a regression by."""

    EVENTS = "deploys"
    NONE = "nothing but entries"
    COMMITS = "commits"
    """Of most revisions; of one more its deploy, of one nothing."""


@dataclass(frozen=True)
class Surge:
    """A cluster at a multiple of its rate."""

    message: str
    start: int
    end: int
    factor: float


@dataclass
class Plan:
    """What happens, drawn from a seed."""

    seed: int
    proof: Proof = Proof.EVENTS
    deploys: list[int] = field(default_factory=list)
    """Start of each revision."""
    surges: list[Surge] = field(default_factory=list)
    born: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Message → deploy that brings it, deploy that fixes it, deploy that brings it back or -1."""
    down: Window = field(default=Window(0, 0))
    """No requests, no logs."""
    lost: Window = field(default=Window(0, 0))
    """Requests, but no logs."""
    stops: int = 0
    back: Window = field(default=Window(0, 0))
    """A tenth of the traffic goes to the revision before the fix."""

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        days = sorted(rng.sample(range(2, DAYS - 1), 11))
        # Never within an hour of somebody reading: what is planned should show or not show.
        self.deploys = [START - 9 * DAY] + [
            START + day * DAY + rng.choice((11, 12, 13, 17, 18)) * HOUR + rng.randrange(HOUR)
            for day in days
        ]
        again = 9 if self.proof is Proof.COMMITS else -1
        self.born = {BORN[0]: (1, 3, 7), BORN[1]: (2, LACKS, again), BORN[2]: (4, 8, 10)}
        fixed = self.deploys[5]
        self.back = Window(fixed, min(fixed + 20 * HOUR, self.deploys[6]))
        free = [d for d in range(5, DAYS - 1) if d not in (12, 13, 22, 23)]
        for day, message in zip(rng.sample(free, 5), [*[*STEADY][:4], NIGHTLY], strict=True):
            at = (
                START + day * DAY + rng.choice((10, 16, 19, 20)) * HOUR + rng.randrange(10) * MINUTE
            )
            rate = STEADY.get(message, 1.5)
            factor = max(30.0, 80.0 / rate) if message != NIGHTLY else 120.0
            self.surges.append(Surge(message, at, at + rng.choice((30, 60, 90)) * MINUTE, factor))
        level = START + rng.choice((17, 18, 19)) * DAY + 12 * HOUR
        self.surges.append(Surge([*STEADY][4], level, START + DAYS * DAY, 12.0))
        self.down = Window(START + 12 * DAY + 6 * HOUR, START + 13 * DAY + 12 * HOUR)
        self.lost = Window(START + 22 * DAY + 8 * HOUR, START + 23 * DAY + 14 * HOUR)
        self.stops = START + rng.choice((15, 16)) * DAY + 14 * HOUR

    def revision(self, number: int) -> str:
        """Its name."""
        return f"{SERVICE}-{100 + number:05d}-{'abc' if number % 2 else 'xyz'}"

    def commit(self, number: int) -> str:
        """What its entries name; empty: nothing."""
        known = self.proof is Proof.COMMITS and number not in UNLABELLED
        return _commit(number) if known else ""

    def contains(self, _repository: str, commit: str, fix: str) -> bool:
        """`ports.Contains`: every revision has the fixes of those before, but for the branch."""
        number, wanted = int(commit, 16), int(fix, 16)
        return number >= wanted and (number, wanted) != (BRANCH, LACKS)

    def running(self, at: int) -> int:
        """The number of the revision that has the traffic."""
        return bisect_left(self.deploys, at + 1) - 1

    def requests(self, hour: int) -> int:
        """In a whole hour: more by day, few at weekends."""
        at = START + hour * HOUR
        if at in self.down:
            return 0
        daily = 1.0 + 0.8 * math.sin((hour % 24 - 7) / 24 * 2 * math.pi)
        weekend = 0.4 if (hour // 24) % 7 in (5, 6) else 1.0
        return round(600 * daily * weekend)

    def factor(self, message: str, at: int) -> float:
        """How many times its rate a message has then."""
        hour = (at - START) // HOUR
        flow = self.requests(hour) / 600
        surging = [s.factor for s in self.surges if s.message == message and s.start <= at < s.end]
        return flow * (1.0 if not surging else 0.0) + sum(surging)


def _commit(number: int) -> str:
    return f"{number:040x}"


def entries(plan: Plan) -> list[dict[str, object]]:
    """What a read at WARNING finds: problems, and access lines that carry no severity."""
    rng = random.Random(plan.seed + 1)
    made = [*_problems(plan, rng), *_planned(plan, rng), *_hum(plan, rng)]
    finish = START + DAYS * DAY
    made = [m for m in made if m[0] not in plan.down and m[0] not in plan.lost and m[0] < finish]
    made.sort()
    return [_entry(i, line, plan) for i, line in enumerate(made)]


_Line = tuple[int, str, str, int]
"""Time, text, severity, number of the revision (-1: the one that has the traffic)."""


def _scatter(
    plan: Plan, rng: random.Random, message: str, rate: float, span: Window, *, number: int = -1
) -> Iterator[_Line]:
    """At a rate (per hour) that follows the traffic and the surges."""
    at = span.start
    while at < span.end:
        until = min(span.end, at - at % (10 * MINUTE) + 10 * MINUTE)
        mean = rate * plan.factor(message, at) * (until - at) / HOUR
        for _ in range(_poisson(rng, mean)):
            yield rng.randrange(at, until), message, "WARNING", number
        at = until


def _problems(plan: Plan, rng: random.Random) -> Iterator[_Line]:
    whole = Window(START, START + DAYS * DAY)
    for message, rate in STEADY.items():
        yield from _scatter(plan, rng, message, rate, whole)
    yield from _scatter(plan, rng, STOPS, 3.0, Window(START, plan.stops))
    for message, (begin, fix, again) in plan.born.items():
        span = Window(plan.deploys[begin] + MINUTE, plan.deploys[fix])
        yield from _scatter(plan, rng, message, 5.0, span)
        if again >= 0:
            end = plan.deploys[again + 1] if again + 1 < len(plan.deploys) else whole.end
            span = Window(plan.deploys[again] + MINUTE, end)
            yield from _scatter(plan, rng, message, 5.0, span)
    yield from _scatter(plan, rng, BORN[1], 2.0, plan.back, number=4)
    if plan.proof is Proof.COMMITS:
        span = Window(plan.deploys[BRANCH] + MINUTE, plan.deploys[BRANCH + 1])
        yield from _scatter(plan, rng, BORN[1], 5.0, span)


def _planned(plan: Plan, rng: random.Random) -> Iterator[_Line]:
    """What has its times and not a rate."""
    for day in range(DAYS):
        night = START + day * DAY + 3 * HOUR + 10 * MINUTE
        for _ in range(rng.randrange(25, 45)):
            yield night + rng.randrange(4 * MINUTE), NIGHTLY, "WARNING", -1
    for surge in plan.surges:
        if surge.message == NIGHTLY:
            for _ in range(int(surge.factor)):
                yield rng.randrange(surge.start, surge.end), NIGHTLY, "WARNING", -1
    for message in RARE:
        first = START + rng.randrange(2, DAYS - 4) * DAY + rng.randrange(DAY)
        yield first, message, "ERROR", -1
        yield first + 2 * DAY, message, "ERROR", -1


def _hum(plan: Plan, rng: random.Random) -> Iterator[_Line]:
    """What a healthy service writes."""
    for hour in range(DAYS * 24):
        for _ in range(3):
            text = f'INFO:     10.0.0.{rng.randrange(9)}:80 - "GET /a HTTP/1.1" 200'
            yield START + hour * HOUR + rng.randrange(HOUR), text, "", -1
    for number, at in enumerate(plan.deploys[1:], start=1):
        yield at + 2 * SECOND, "Started server process [7]", "", number


def _entry(i: int, line: _Line, plan: Plan) -> dict[str, object]:
    at, text, severity, number = line
    number = plan.running(at) if number < 0 else number
    made: dict[str, object] = {
        "insertId": f"m{i:07d}",
        "timestamp": rfc3339.show(at),
        "logName": "projects/shop-staging/logs/run.googleapis.com%2Fstderr",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {"service_name": SERVICE, "revision_name": plan.revision(number)},
        },
        "textPayload": text,
    }
    if severity:
        made["severity"] = severity
    if commit := plan.commit(number):
        made["labels"] = {"instanceId": "i", "commit-sha": commit}
    return made


def _poisson(rng: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


class Log(PlannedLog):
    """A plan's log, and its `Activity`."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(entries(plan))
        self.plan = plan

    def read_traffic(self, query: Query) -> Traffic | None:
        """By hour, of the revision that has the traffic."""
        first, last = query.window.start // HOUR, -(-query.window.end // HOUR)
        hours = [
            (self.plan.revision(self.plan.running(at * HOUR)), at, self.plan.requests(n))
            for at in range(first, last)
            if (n := at - START // HOUR) >= 0
        ]
        return Traffic(tuple(h for h in hours if h[2]), query.window.start)

    def read_events(self, query: Query) -> Sequence[Event]:
        """Deploys, as far as the plan lets them be known."""
        plan = self.plan
        known = [] if plan.proof is Proof.NONE else plan.deploys[1:]
        if plan.proof is Proof.COMMITS:
            known = [at for at in known if at != plan.deploys[UNLABELLED[0]]]
        found = [Event("deploy", SERVICE, at - 20 * SECOND) for at in known]
        return [e for e in found if e.at in query.window]


def readings() -> list[Window]:
    """Who reads what, by the end of the window."""
    found = []
    for day in range(1, DAYS):
        morning = START + day * DAY + MORNING
        found.append(Window(max(START, morning - DAY), morning))
        if day % 2:
            afternoon = START + day * DAY + 15 * HOUR
            found.append(Window(max(START, afternoon - 2 * DAY), afternoon))
            if day % 4 == 1:
                found.append(Window(max(START, afternoon - 2 * DAY), afternoon + 4 * MINUTE))
        if day % 4 == 3:
            evening = START + day * DAY + 21 * HOUR + 20 * MINUTE
            found.append(Window(evening - HOUR, evening))
    return found


# --- the truth -----------------------------------------------------------------------------------


@dataclass
class Truth:
    """What should be said, from the plan and from what was drawn of it."""

    log: Log
    shown: dict[str, int] = field(default_factory=dict)
    """Message → when a report first showed it."""
    told: dict[Surge, int] = field(default_factory=dict)

    def states(self, window: Window) -> dict[str, set[State]]:
        """Of every message in the window: what may be said. Two where both are right."""
        plan, found = self.log.plan, {}
        for message, times in self._seen(window).items():
            first = self.shown.setdefault(message, window.end)
            if window.end - first < 10 * MINUTE:
                found[message] = {State.NEW}
            elif self._regressed(message, times):
                found[message] = {State.REGRESSED}
            else:
                found[message] = self._surging(message, window, times, plan)
        return found

    def _seen(self, window: Window) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for at, entry in self.log.timed(window):
            if "severity" in entry:
                found.setdefault(str(entry["textPayload"]), []).append(at)
        return found

    def _regressed(self, message: str, times: Sequence[int]) -> bool:
        _, _fix, again = self.log.plan.born.get(message, (0, 0, -1))
        deploys = self.log.plan.deploys
        return again >= 0 and any(at >= deploys[again] for at in times)

    def _surging(
        self, message: str, window: Window, times: Sequence[int], plan: Plan
    ) -> set[State]:
        for surge in plan.surges:
            if surge.message != message or surge.start >= window.end:
                continue
            newest = max(window.start, window.end - DAY)
            inside = sum(surge.start <= at < surge.end and at >= newest for at in times)
            if not inside:
                continue
            if inside < 8:
                return {State.ESCALATING, State.RECURRING}
            first = self.told.setdefault(surge, window.end)
            if window.end - first < DAY:
                return {State.ESCALATING}
        return {State.RECURRING}

    def quiet(self, window: Window) -> tuple[set[str], set[str]]:
        """Messages that must be called quiet, and those that may."""
        plan = self.log.plan
        must, may = set(), set()
        ended = {STOPS: plan.stops}
        for message, (_, fix, _again) in plan.born.items():
            ended[message] = plan.deploys[fix]
        flowing = sum(
            plan.requests(h)
            for h in range((window.start - START) // HOUR, (window.end - START) // HOUR)
        )
        for message, at in ended.items():
            if at < window.start and message in self.shown:
                may.add(message)
                if window.start - at < 2 * DAY and flowing > 6_000:
                    must.add(message)
        if any(_overlap(window, gap) for gap in (plan.down, plan.lost)):
            return set(), may | set(self.shown)
        return must - {BORN[1]}, may


def _overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end


# --- the month -----------------------------------------------------------------------------------


@dataclass
class Result:
    """How it went."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(truth, told)."""
    changes: list[str] = field(default_factory=list)
    """What was said of those that escalate or came back."""
    alarms: list[Report] = field(default_factory=list)
    """Reports that had no entries at all."""

    @property
    def share(self) -> float:
        """Of the states that are right."""
        return self.right / max(1, self.right + len(self.wrong))

    def count(self, wanted: set[State], told: str, what: str) -> None:
        """Counts one state."""
        truth = "/".join(sorted(s.value for s in wanted)) or "nothing"
        if told in {s.value for s in wanted} or (not wanted and told == "nothing"):
            self.right += 1
            truth = told
        else:
            self.wrong.append(f"{what}: {told}, not {truth}")
        self.confused[truth, told] += 1


def play(
    seed: int,
    registry: Registry,
    decisions: DecisionBook,
    history: History,
    *,
    proof: Proof = Proof.EVENTS,
) -> Result:
    """One month, read as people do."""
    log = Log(Plan(seed, proof))
    truth, result = Truth(log), Result()
    for window in readings():
        query = Query("staging", ENVIRONMENT.project, ENVIRONMENT.services, window)
        report = analyze(
            Outside(
                log, registry=registry, decisions=decisions, history=history, activity=log,
                contains=log.plan.contains,
            ),
            query, ENVIRONMENT, now=window.end,
        )  # fmt: skip
        if not report.coverage.read:
            result.alarms.append(report)
        when = rfc3339.show(window.end)
        told = {c.title: c.state.value for c in report.clusters}
        result.changes += [f"{when} {c.title}: {c.change}" for c in report.clusters if c.change]
        for message, wanted in truth.states(window).items():
            result.count(wanted, told.get(message, "missing"), f"{when} {message}")
        must, may = truth.quiet(window)
        silent = {q.title for q in report.quiet}
        for message in must | silent:
            wanted = {State.QUIET} if message in may | must else set()
            result.count(wanted, "quiet" if message in silent else "nothing", f"{when} {message}")
        _decide(report, log.plan, decisions, window.end)
    return result


def _decide(report: Report, plan: Plan, decisions: DecisionBook, now: int) -> None:
    """Files what is new and was born of a deploy; closes what is fixed."""
    known = decisions.all("staging")
    for cluster in report.clusters:
        fixes = plan.born.get(cluster.title)
        if fixes and (cluster.id not in known or known[cluster.id].issue is None):
            decisions.put(
                "staging",
                IssueLink(cluster.id, "shop/api", 7, "https://example.org/7", "it", "U1", now),
            )
    by_title = {c.title: c.id for c in report.clusters}
    for message, (_, fix, _again) in plan.born.items():
        at = plan.deploys[fix] - 5 * MINUTE
        id_ = by_title.get(message)
        issue = known[id_].issue if id_ is not None and id_ in known else None
        if issue is not None and now > at and issue.state == "open":
            decisions.put(
                "staging",
                IssueLink(
                    issue.cluster, issue.repository, issue.number, issue.url, issue.title,
                    issue.by, issue.at, "closed", at,
                    _commit(fix) if plan.proof is Proof.COMMITS else "",
                ),
            )  # fmt: skip


def main(seeds: Sequence[str] = ()) -> None:
    """Prints the table."""
    from tests.fakes.store import FakeDecisionBook, FakeHistory, FakeRegistry

    for seed, proof in product(map(int, seeds or ("1", "2", "3")), Proof):
        result = play(seed, FakeRegistry(), FakeDecisionBook(), FakeHistory(), proof=proof)
        total = result.right + len(result.wrong)
        known = f"seed {seed}, told by {proof.value}"
        print(f"{known}: {result.right} of {total} states right ({result.share:.1%})")
        for (wanted, told), n in sorted(result.confused.items()):
            print(f"  {'' if wanted == told else 'WRONG '}{wanted} told as {told}: {n}")
        for line in result.wrong:
            print(f"  {line}")


if __name__ == "__main__":
    main(sys.argv[1:])
