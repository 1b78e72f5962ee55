"""The planned month of a service, drawn from a seed, and the log that it writes.

Deploys, fixes, regressions, traffic that goes back to an old revision, a branch that was deployed
without the fix, bursts, a new level, a nightly job, an outage, lost logs, quiet weekends.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from benchmarks.planned import PlannedLog
from bot.core.model import rfc3339
from bot.core.model.environment import Environment, Query
from bot.core.model.report import Event, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Window

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
"""With `Proof.COMMITS`: revisions whose entries name no commit, so that only time can decide."""
BRANCH, LACKS = 6, 5
"""With `Proof.COMMITS`: the revision built from a branch, and the fix that it lacks."""


class Proof(Enum):
    """The evidence by which regressions can be recognised."""

    EVENTS = "deploys"
    NONE = "nothing but entries"
    COMMITS = "commits"
    """Commits of most revisions; only the deploy of one more, and nothing of another."""


@dataclass(frozen=True)
class Surge:
    """A span in which a message occurs at a multiple of its rate."""

    message: str
    start: int
    end: int
    factor: float


@dataclass
class Plan:
    """The month's events, drawn from a seed."""

    seed: int
    proof: Proof = Proof.EVENTS
    deploys: list[int] = field(default_factory=list)
    """Start time of each revision."""
    surges: list[Surge] = field(default_factory=list)
    born: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Message → (deploy that introduces it, that fixes it, that reintroduces it or -1)."""
    down: Window = field(default=Window(0, 0))
    """Outage: no requests, no logs."""
    lost: Window = field(default=Window(0, 0))
    """Lost logs: requests, but no logs."""
    stops: int = 0
    back: Window = field(default=Window(0, 0))
    """Span in which a tenth of the traffic goes to the revision before the fix."""

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        days = sorted(rng.sample(range(2, DAYS - 1), 11))
        # Not within an hour of a run, so that each event is clearly inside or outside its window.
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
        """Returns the name of a revision."""
        return f"{SERVICE}-{100 + number:05d}-{'abc' if number % 2 else 'xyz'}"

    def commit(self, number: int) -> str:
        """Returns the commit that a revision's entries name; empty if none."""
        known = self.proof is Proof.COMMITS and number not in UNLABELLED
        return commit_of(number) if known else ""

    def contains(self, _repository: str, commit: str, fix: str) -> bool:
        """Returns whether a commit has a fix; the branch lacks one (`ports.Contains`)."""
        number, wanted = int(commit, 16), int(fix, 16)
        return number >= wanted and (number, wanted) != (BRANCH, LACKS)

    def running(self, at: int) -> int:
        """Returns the number of the revision that gets the traffic."""
        return bisect_left(self.deploys, at + 1) - 1

    def requests(self, hour: int) -> int:
        """Returns the requests of one hour of the month: more by day, fewer at weekends."""
        at = START + hour * HOUR
        if at in self.down:
            return 0
        daily = 1.0 + 0.8 * math.sin((hour % 24 - 7) / 24 * 2 * math.pi)
        weekend = 0.4 if (hour // 24) % 7 in (5, 6) else 1.0
        return round(600 * daily * weekend)

    def factor(self, message: str, at: int) -> float:
        """Returns the multiple of its rate at which a message occurs at a time."""
        hour = (at - START) // HOUR
        flow = self.requests(hour) / 600
        surging = [s.factor for s in self.surges if s.message == message and s.start <= at < s.end]
        return flow * (1.0 if not surging else 0.0) + sum(surging)


def commit_of(number: int) -> str:
    """Returns the commit of a revision's number."""
    return f"{number:040x}"


def entries(plan: Plan) -> list[dict[str, object]]:
    """Generates what a read at WARNING finds: problems, and access lines without a severity."""
    rng = random.Random(plan.seed + 1)
    made = [*_problems(plan, rng), *_planned(plan, rng), *_hum(plan, rng)]
    finish = START + DAYS * DAY
    made = [m for m in made if m[0] not in plan.down and m[0] not in plan.lost and m[0] < finish]
    made.sort()
    return [_entry(i, line, plan) for i, line in enumerate(made)]


_Line = tuple[int, str, str, int]
"""Time, text, severity, number of the revision (-1: the one that gets the traffic)."""


def _scatter(
    plan: Plan, rng: random.Random, message: str, rate: float, span: Window, *, number: int = -1
) -> Iterator[_Line]:
    """Yields occurrences at a rate (per hour) scaled by the traffic and the surges."""
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
    """Yields messages with fixed times: the nightly job, its surge, and rare errors."""
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
    """Yields the lines of a healthy service."""
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
        """Returns the hourly requests of the revision that gets the traffic."""
        first, last = query.window.start // HOUR, -(-query.window.end // HOUR)
        hours = [
            (self.plan.revision(self.plan.running(at * HOUR)), at, self.plan.requests(n))
            for at in range(first, last)
            if (n := at - START // HOUR) >= 0
        ]
        return Traffic(tuple(h for h in hours if h[2]), query.window.start)

    def read_events(self, query: Query) -> Sequence[Event]:
        """Returns the deploys, as far as the plan's `proof` reveals them."""
        plan = self.plan
        known = [] if plan.proof is Proof.NONE else plan.deploys[1:]
        if plan.proof is Proof.COMMITS:
            known = [at for at in known if at != plan.deploys[UNLABELLED[0]]]
        found = [Event("deploy", SERVICE, at - 20 * SECOND) for at in known]
        return [e for e in found if e.at in query.window]


def readings() -> list[Window]:
    """Returns the windows of all runs, ordered by their ends."""
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
