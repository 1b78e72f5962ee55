"""Simulates a month of acknowledgements that break: does the first possible run report each break?

    python -m benchmarks acknowledgements

Ten acknowledgements are made on the fourth morning. Seven break at times drawn from a seed: rate
exceeded, one user again and again, a new wording, silence of a frequent and of a rare message,
expiry, a newer revision. Three hold all month. The log is read each morning, and two days of it
every fourth afternoon. A run can report a break that its window shows, and silence once it has
lasted a day and five occurrences were expected.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.planned import PlannedLog
from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.expected.acknowledgement import observed
from bot.core.model import rfc3339
from bot.core.model.decisions import Acknowledgement
from bot.core.model.environment import Environment, Query
from bot.core.model.report import Event, Report, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, Window
from bot.core.ports import DecisionBook, History, Registry
from bot.jobs.acknowledgements import broke

START = 20_300 * DAY
DAYS = 30
MONTH = Window(START, START + (DAYS + 1) * DAY)
ACKNOWLEDGED_AT = START + 3 * DAY + 9 * HOUR
SERVICE = "orders-api"
ENVIRONMENT = Environment("staging", "shop-staging", (SERVICE,))
SECRET = b"a secret of the benchmarks, long enough"

MESSAGES: Mapping[str, tuple[str, int]] = {
    "rate": ("Exchange rates were served from the cache", 48),
    "repeats": ("USER AUTO-CREATED: created user {user} from JWT", 6),
    "variant": ("Thumbnail was not made: unknown colour profile", 8),
    "stopped": ("Export to the warehouse found no new rows", 12),
    "stopped, rare": ("Mail relay asked to come back later", 2),
    "over": ("Feature switch is read twice", 8),
    "revision": ("Old client protocol was spoken", 8),
    "holds": ("Session cookie without signature was ignored", 10),
    "holds, users": ("Password of user {user} will expire soon", 9),
    "holds, often": ("Search index lags behind the catalogue", 48),
}
"""The acknowledged messages: how each breaks → (message, occurrences a day)."""
AGAIN = "file is locked"
"""The end of the new wording."""


@dataclass
class Plan:
    """When each acknowledgement breaks, drawn from a seed."""

    seed: int
    breaks: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        for kind in MESSAGES:
            if not kind.startswith("holds"):
                hour = rng.choice((10, 11, 17, 18))
                self.breaks[kind] = START + rng.randrange(6, DAYS - 5) * DAY + hour * HOUR

    def revision(self, at: int) -> str:
        """Returns the running revision; a new one is deployed when `revision` breaks."""
        return f"{SERVICE}-00101-abc" if at < self.breaks["revision"] else f"{SERVICE}-00102-xyz"


def entries(plan: Plan) -> list[dict[str, object]]:
    """Generates the month's log entries."""
    rng = random.Random(plan.seed + 1)
    lines: list[tuple[int, str]] = []
    for kind, (text, often) in MESSAGES.items():
        at = plan.breaks.get(kind, START + DAYS * DAY)
        ends = at if kind.startswith("stopped") else START + DAYS * DAY
        step = DAY // often
        for n in range(DAYS * often):
            time = START + n * step + rng.randrange(step // 2)
            if time < ends:
                lines.append((time, text.format(user=rng.randrange(10**6, 10**7))))
    lines += [(plan.breaks["rate"] + i * MINUTE, MESSAGES["rate"][0]) for i in range(150)]
    same = MESSAGES["repeats"][0].format(user=1234567)
    lines += [(plan.breaks["repeats"] + i * 9 * MINUTE, same) for i in range(5)]
    head = MESSAGES["variant"][0].partition(":")[0]
    lines.append((plan.breaks["variant"], f"{head}: {AGAIN}"))
    return [_entry(i, at, text, plan) for i, (at, text) in enumerate(sorted(lines))]


def _entry(i: int, at: int, text: str, plan: Plan) -> dict[str, object]:
    labels = {"service_name": SERVICE, "revision_name": plan.revision(at)}
    return {
        "insertId": f"c{i:07d}",
        "timestamp": rfc3339.show(at),
        "severity": "WARNING",
        "logName": "projects/shop-staging/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": labels},
        "textPayload": text,
    }


class Log(PlannedLog):
    """A plan's log, and its `Activity`."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(entries(plan))
        self.plan = plan

    def read_traffic(self, query: Query) -> Traffic | None:
        """Returns 400 requests per hour."""
        hours = range(query.window.start // HOUR, -(-query.window.end // HOUR))
        name = self.plan.revision(query.window.end)
        return Traffic(tuple((name, at, 400) for at in hours), query.window.start)

    def read_events(self, query: Query) -> Sequence[Event]:  # noqa: ARG002 - the port's
        """Returns no events."""
        return ()


def readings() -> list[Window]:
    """Returns the windows of all runs, ordered by their ends."""
    found = []
    for day in range(1, DAYS):
        morning = START + day * DAY + 9 * HOUR
        found.append(Window(morning - DAY, morning))
        if day % 4 == 1 and day > 3:
            found.append(Window(morning + 6 * HOUR - 2 * DAY, morning + 6 * HOUR))
    return found


def due(kind: str, plan: Plan, log: Log, window: Window) -> bool:
    """Returns whether a run over the window can detect the break."""
    at, text = plan.breaks[kind], MESSAGES[kind][0]
    if kind.startswith("stopped"):
        silent = DAY if kind == "stopped" else 5 * DAY // MESSAGES[kind][1]
        last = max(time for time, e in log.timed(MONTH) if e["textPayload"] == text)
        return window.start > last and window.end - last > silent + HOUR
    if kind == "revision":
        since = Window(at, window.end)
        return any(e["textPayload"] == text for _, e in log.timed(since))
    return at < window.end


@dataclass
class Result:
    """The reports of one month, by the way in which an acknowledgement broke."""

    late: dict[str, int] = field(default_factory=dict)
    """Runs that could have reported the break before the first report of it, if any."""
    told: dict[str, str] = field(default_factory=dict)
    """The first report of each break."""
    false: list[str] = field(default_factory=list)
    """Reports of acknowledgements that had not broken."""

    @property
    def right(self) -> bool:
        """True if each break was reported by the first possible run, and nothing else was."""
        return not self.false and not any(self.late.values()) and set(self.told) == set(self.late)


def play(seed: int, registry: Registry, decisions: DecisionBook, history: History) -> Result:
    """Simulates one month."""
    plan = Plan(seed)
    log, result = Log(plan), Result(dict.fromkeys(plan.breaks, 0))
    for window in readings():
        query = Query("staging", ENVIRONMENT.project, ENVIRONMENT.services, window)
        report = analyze(
            Outside(
                log, registry=registry, decisions=decisions, history=history, activity=log,
                secret=SECRET,
            ),
            query, ENVIRONMENT, now=window.end,
        )  # fmt: skip
        if window.end == ACKNOWLEDGED_AT:
            _acknowledge(report, plan, decisions)
            continue
        for kind, acknowledgement in _acknowledgements(decisions).items():
            found = broke(acknowledgement, ENVIRONMENT, report, window.end)
            if kind in result.told:
                continue
            if found is not None and window.end > plan.breaks.get(kind, window.end):
                result.told[kind] = found.said
            elif found is not None:
                result.false.append(f"{rfc3339.show(window.end)} {kind}: {found.said}")
            elif kind in plan.breaks and due(kind, plan, log, window):
                result.late[kind] += 1
    return result


def _acknowledge(report: Report, plan: Plan, decisions: DecisionBook) -> None:
    for card in report.cards:
        kind = next(k for k, (text, _) in MESSAGES.items() if text[:16] in card.cluster.title)
        acknowledgement = Acknowledgement(
            card.cluster.id, "U1", kind, ACKNOWLEDGED_AT,
            until=plan.breaks[kind] if kind == "over" else None,
            until_revision=plan.revision(ACKNOWLEDGED_AT) if kind == "revision" else None,
        )  # fmt: skip
        decisions.put("staging", observed(acknowledgement, card, report.window))


def _acknowledgements(decisions: DecisionBook) -> Mapping[str, Acknowledgement]:
    every = (d.expected for d in decisions.all("staging").values())
    return {
        acknowledgement.reason: acknowledgement
        for acknowledgement in every
        if acknowledgement is not None
    }


def main(seeds: Sequence[str] = ()) -> None:
    """Prints the table."""
    from tests.fakes.store import FakeDecisionBook, FakeHistory, FakeRegistry

    for seed in map(int, seeds or map(str, range(1, 9))):
        result = play(seed, FakeRegistry(), FakeDecisionBook(), FakeHistory())
        reported = sum(not late and kind in result.told for kind, late in result.late.items())
        print(f"seed {seed}: the first run reported {reported} of {len(result.late)} that broke")
        for kind, late in result.late.items():
            if late or kind not in result.told:
                print(f"  WRONG {kind}: {late} runs late, {result.told.get(kind, 'never told')}")
        for line in result.false:
            print(f"  FALSE {line}")


if __name__ == "__main__":
    main(sys.argv[1:])
