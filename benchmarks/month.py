"""Simulates a service's month with known truth: how many cluster states are reported correctly?

    python -m benchmarks.month [SEED …]

The plan is in `month_plan`. The log is read as people read it: a digest each morning, two days
every other afternoon and sometimes again some minutes later, an hour now and then. The truth comes
from the plan, not from the random draws: a cluster escalates when a surge was planned.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from benchmarks.month_plan import (
    BORN,
    ENVIRONMENT,
    START,
    STOPS,
    Log,
    Plan,
    Proof,
    Surge,
    commit_of,
    readings,
)
from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.model import rfc3339
from bot.core.model.decisions import IssueLink
from bot.core.model.environment import Query
from bot.core.model.report import Report
from bot.core.model.values import DAY, HOUR, MINUTE, State, Window
from bot.core.ports import DecisionBook, History, Registry

# --- the truth -----------------------------------------------------------------------------------


@dataclass
class Truth:
    """The correct states, from the plan and the entries drawn from it."""

    log: Log
    shown: dict[str, int] = field(default_factory=dict)
    """Message → when a report first showed it."""
    escalated: dict[Surge, int] = field(default_factory=dict)
    """Surge → end of the first window in which it escalates."""

    def states(self, window: Window) -> dict[str, set[State]]:
        """Returns each message's acceptable states in the window; two if both are correct."""
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
            first = self.escalated.setdefault(surge, window.end)
            if window.end - first < DAY:
                return {State.ESCALATING}
        return {State.RECURRING}

    def quiet(self, window: Window) -> tuple[set[str], set[str]]:
        """Returns the messages that must be reported as quiet, and those that may be."""
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
    """The score of one month."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Counts of (correct state, reported state)."""
    changes: list[str] = field(default_factory=list)
    """The changes reported for escalating and regressed clusters."""
    alarms: list[Report] = field(default_factory=list)
    """Reports without any entries."""

    @property
    def share(self) -> float:
        """Share of correct states, 0 to 1."""
        return self.right / max(1, self.right + len(self.wrong))

    def count(self, wanted: set[State], reported: str, what: str) -> None:
        """Counts one reported state."""
        truth = "/".join(sorted(s.value for s in wanted)) or "nothing"
        if reported in {s.value for s in wanted} or (not wanted and reported == "nothing"):
            self.right += 1
            truth = reported
        else:
            self.wrong.append(f"{what}: {reported}, not {truth}")
        self.confused[truth, reported] += 1


def play(
    seed: int,
    registry: Registry,
    decisions: DecisionBook,
    history: History,
    *,
    proof: Proof = Proof.EVENTS,
) -> Result:
    """Simulates one month and scores its reports."""
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
        reported = {c.title: c.state.value for c in report.clusters}
        result.changes += [f"{when} {c.title}: {c.change}" for c in report.clusters if c.change]
        for message, wanted in truth.states(window).items():
            result.count(wanted, reported.get(message, "missing"), f"{when} {message}")
        must, may = truth.quiet(window)
        silent = {q.title for q in report.quiet}
        for message in must | silent:
            wanted = {State.QUIET} if message in may | must else set()
            result.count(wanted, "quiet" if message in silent else "nothing", f"{when} {message}")
        _decide(report, log.plan, decisions, window.end)
    return result


def _decide(report: Report, plan: Plan, decisions: DecisionBook, now: int) -> None:
    """Files an issue for each problem that a deploy introduced, and closes it when it is fixed."""
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
                    commit_of(fix) if plan.proof is Proof.COMMITS else "",
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
        for (wanted, reported), n in sorted(result.confused.items()):
            print(f"  {'' if wanted == reported else 'WRONG '}{wanted} told as {reported}: {n}")
        for line in result.wrong:
            print(f"  {line}")


if __name__ == "__main__":
    main(sys.argv[1:])
