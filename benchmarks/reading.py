"""Measures how long a report takes cold, against a gRPC server that behaves as Google does.

    python -m benchmarks reading

The server runs in a process of its own: so many seconds a call, every fifth page empty though more
follows, a quota of calls a minute, pages of up to 4 MiB. Measured is what somebody waits for, from
the question to the finished report, with requests and deploys. Draws `docs/reading.svg`: the
time of a report by the number of entries and of clusters, with the network and without.

The limits: two days with 12,000 entries at 0.5 s a call within 3 s and 20 calls. A machine that is
busy with other things misses the first; the calls and the rounds do not depend on it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.adapters.google.activity import CloudActivity
from bot.adapters.google.budget import SlidingWindow
from bot.adapters.google.cloud_logging import CloudLogging
from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.model import rfc3339
from bot.core.model.environment import Environment, Query
from bot.core.model.report import Report
from bot.core.model.values import DAY, HOUR, Severity, Window
from bot.core.ports import Activity, LogSource
from playground.logging.server import ListFault, LogServer

NOW = rfc3339.parse("2025-09-16T00:00:00Z") or 0
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "reading.svg"
MOST_SECONDS, MOST_CALLS = 3.0, 20


@dataclass(frozen=True, slots=True)
class Case:
    """A question, and how the server behaves."""

    name: str
    entries: int = 12_000
    window: int = 2 * DAY
    latency: float = 0.5
    """Seconds a call."""
    quota: int = 60
    """Calls a minute."""
    empty: int = 5
    """Every so many pages one is empty; 0: none."""
    size: int = 100
    """Characters of a message."""
    clusters: int = 40
    burst: int = 0
    """Nanoseconds in which nine tenths of the entries lie; 0: they are spread evenly."""
    limited: bool = False
    """True for the row that the limits hold for."""


CASES = (
    Case("2d", limited=True),
    Case("2d, no empty pages", empty=0),
    Case("2d, nine tenths within an hour", burst=HOUR),
    Case("2d, pages of 4 MiB", size=4_000),
    Case("2d, 300 entries", entries=300),
    Case("2d at 0.1 s", latency=0.1),
    Case("2d at 2 s", latency=2.0),
    Case("1h", window=HOUR),
    Case("30d", window=30 * DAY),
    Case("30d, 45,000 entries", window=30 * DAY, entries=45_000),
    Case("30d, 150,000 entries", window=30 * DAY, entries=150_000),
    Case("2d, quota of 15", quota=15),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a report took."""

    seconds: float
    processor: float
    """Seconds of this process's own work."""
    calls: int
    report: Report


# --- the server ----------------------------------------------------------------------------------


def entries(case: Case) -> Iterator[dict[str, object]]:
    """Yields the entries of a case: a tenth ERROR, some WARNING, the rest without a severity."""
    chance = random.Random(7)
    words = [" ".join(_word(chance) for _ in range(6)) for _ in range(case.clusters)]
    filler = ("with more words of a long message " * 200)[: case.size - 60]
    labels = {
        "service_name": "api", "revision_name": "api-00001-abc",
        "project_id": "acme", "location": "us-central1",
    }  # fmt: skip
    for i in range(case.entries):
        within = case.window
        back = 0
        if case.burst and i % 10:
            within, back = case.burst, case.window // 3
        made: dict[str, object] = {
            "insertId": f"i{i:07}",
            "timestamp": rfc3339.show(NOW - back - 1 - chance.randrange(within)),
            "textPayload": f"{words[i % len(words)]} after {i} ms; {filler}",
            "logName": "projects/acme/logs/run.googleapis.com%2Fstdout",
            "resource": {"type": "cloud_run_revision", "labels": labels},
            "labels": {"instanceId": f"instance{i % 3}"},
        }
        if i % 2 == 0:
            made["severity"] = "ERROR" if i % 10 == 0 else "WARNING"
        yield made


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("bdfglmnprst") + chance.choice("aeiou") for _ in range(3))


def serve(case: Case) -> None:
    """Serves a case until standard input ends; prints its address once it is ready."""
    with LogServer(quota_per_minute=None) as server:
        server.add(entries(case))
        for _ in CloudLogging(server.endpoint, most_calls=10**6).read(_query(case)):
            pass  # so that every entry is encoded
        server.quota_per_minute = case.quota
        kinds = ["empty_page" if case.empty and i % case.empty == 1 else "delay"
                 for i in range(2_000)]  # fmt: skip
        server.inject(*(ListFault(kind, seconds=case.latency) for kind in kinds))
        print(server.endpoint, flush=True)
        sys.stdin.read()


@contextmanager
def served(case: Case) -> Iterator[str]:
    """Runs the server in a process of its own; yields its address."""
    command = [sys.executable, "-m", "benchmarks.reading", "--serve", json.dumps(asdict(case))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdout is None or server.stdin is None:
            raise AssertionError("both are pipes")
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


# --- the question ---------------------------------------------------------------------------------

_PLACE = Environment("staging", "acme", ("api",))


def _query(case: Case) -> Query:
    return _PLACE.query(Window(NOW - case.window, NOW), (), Severity.WARNING)


class _Counted:
    """A source, and the calls that were charged to the quota."""

    def __init__(self) -> None:
        self._window = SlidingWindow()
        self.calls = 0

    def take(self, project: str) -> float:
        wait = self._window.take(project)
        self.calls += wait == 0.0
        return wait


def ask(case: Case) -> Measured:
    """Asks once, cold."""
    with served(case) as endpoint:
        budget = _Counted()
        logs = CloudLogging(endpoint, budget=budget)
        return _timed(logs, CloudActivity(logs, None), budget, case)


def _timed(source: LogSource, activity: Activity, budget: _Counted, case: Case) -> Measured:
    started, worked = time.monotonic(), time.process_time()
    report = analyze(Outside(source, activity=activity), _query(case), _PLACE, now=NOW)
    seconds, processor = time.monotonic() - started, time.process_time() - worked
    return Measured(seconds, processor, budget.calls, report)


# --- the table and the picture --------------------------------------------------------------------


def main() -> None:
    """Prints the table and draws the picture. Exits with an error if a limit is broken."""
    if sys.argv[1:2] == ["--serve"]:
        serve(Case(**json.loads(sys.argv[2])))
        return
    ask(Case("once, so that everything is imported", entries=10, latency=0.0))
    broken: list[str] = []
    heads = (("a call", 7), ("quota", 6), ("entries", 9), ("calls", 6), ("seconds", 9), ("CPU", 6))
    print(" " * 33 + "".join(f"{head:>{size}}" for head, size in heads) + "   read")
    for case in CASES:
        found = ask(case)
        print(
            f"{case.name:33}{case.latency:6.1f}s{case.quota:6}{case.entries:9,}{found.calls:6}"
            f"{found.seconds:9.2f}{found.processor:6.2f}{found.report.coverage.sampled:7.0%}",
            flush=True,
        )
        if case.limited and (found.seconds > MOST_SECONDS or found.calls > MOST_CALLS):
            broken.append(f"{case.name}: {found.seconds:.1f} s and {found.calls} calls")
    draw()
    if broken:
        raise SystemExit("Limits broken: " + "; ".join(broken) + ".")


def draw() -> None:
    """Draws the picture."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasSVG(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    sizes = (500, 3_000, 12_000, 24_000)
    for latency, style in ((0.0, "o-"), (0.5, "^-")):
        cases = [Case("", entries=size, latency=latency) for size in sizes]
        left.plot(sizes, _seconds(cases), style, label=f"{latency:g} s a call")
    left.set_xlabel("entries of two days")
    left.set_ylabel("seconds to the report")
    counts = (1, 100, 1_000, 5_000)
    for latency, style in ((0.0, "o-"), (0.5, "^-")):
        cases = [Case("", clusters=count, latency=latency) for count in counts]
        right.plot(counts, _seconds(cases), style, label=f"{latency:g} s a call")
    right.set_xlabel("different messages in 12,000 entries")
    for axes in (left, right):
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(PICTURE, format="svg", metadata={"Date": None})


def _seconds(cases: Sequence[Case]) -> list[float]:
    return [ask(case).seconds for case in cases]


if __name__ == "__main__":
    main()
