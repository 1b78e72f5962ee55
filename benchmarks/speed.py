"""Measures the speed and memory of turning a service's log into clusters, on one core.

Measures the CPU time of what `gardener analyze` does with serialised pages of Cloud Logging, or
with a file of JSON Lines, up to the clusters; without generating the stream (`stream.py`). The
baseline is what one would write without Gardener, on the same pages in the same run: the entries
of `google.cloud.logging.Client.list_entries`, each message given to Drain3 with its defaults. The
limits are on the ratio, which does not depend on the speed of the machine.

Drain3 becomes slower the more messages it knows, so the ratio is measured on a tenth of the
stream. Both are measured twice, alternately, so that other load on the machine affects both.

`python -m benchmarks.speed [entries [the rival's entries]]`, by default a million and 100,000;
`python -m benchmarks.speed --ten-million` measures that many entries from pages, in 20 minutes.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import drain, stream
from bot.adapters.files.log_file import LogFile
from bot.adapters.google import log_pages
from bot.core.analysis.reading import MEMBERS, Reading, read_all
from bot.core.clusters.clusters import clusters
from bot.core.model.environment import Query
from bot.core.model.values import JSON
from bot.core.ports import Page
from bot.core.rollup.gc_pause import few_collections

ENTRIES, RIVALS = 1_000_000, 100_000
AHEAD = 50
"""Pages generated before they are read: alternating page by page would measure cache misses."""
FASTER = 15.0
"""Minimum ratio to the rival's speed, from pages."""
MEMORY = {1_000_000: 256, 10_000_000: 512}
"""Entries → maximum MiB of the whole process."""


@dataclass(frozen=True, slots=True)
class Result:
    """The measurements of one road, a way of reading entries."""

    entries: int
    seconds: float
    """CPU seconds."""
    clusters: int
    mebibytes: float
    """Peak memory of the process."""

    @property
    def rate(self) -> float:
        """Entries per CPU second."""
        return self.entries / self.seconds


class _Timed:
    """A `LogSource` of generated pages, which measures the time of generating them."""

    def __init__(self, pages: Iterable[bytes]) -> None:
        self._pages = pages
        self.making = 0.0

    def describe(self, query: Query) -> str:  # noqa: ARG002 - the port's
        return "a generated stream"

    def read(self, query: Query) -> Iterator[Page]:  # noqa: ARG002 - the port's
        pages = iter(self._pages)
        while True:
            started = time.process_time()
            made = list(itertools.islice(pages, AHEAD))
            self.making += time.process_time() - started
            if not made:
                return
            for page in made:
                yield Page(log_pages.read(page)[0])


def _finished(read: Callable[[], Reading], making: Callable[[], float]) -> Result:
    with few_collections():  # as `analyze` and `gardener members` do
        started = time.process_time()
        reading = read()
        found = clusters(reading.rollup.stitched())
        seconds = time.process_time() - started - making()
    if (
        sum(draft.tally.count for draft in found) + reading.coverage(0, 0).duplicates
        != reading.read
    ):
        raise AssertionError("not every entry was counted")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Result(
        reading.read, seconds, len(found), peak / (1024 if sys.platform != "darwin" else 1024**2)
    )


def from_pages(count: int) -> Result:
    """Measures serialised `ListLogEntriesResponse` pages."""
    source = _Timed(stream.pages(count))
    return _finished(lambda: read_all(source, MEMBERS), lambda: source.making)


def from_lines(count: int) -> Result:
    """Measures a file of JSON Lines."""
    with tempfile.TemporaryDirectory(prefix="gardener-bench-") as folder:
        path = Path(folder) / "entries.jsonl"
        with path.open("w", encoding="utf-8") as lines:
            for entry in stream.entries(count):
                lines.write(json.dumps(entry, separators=(",", ":")) + "\n")
        return _finished(lambda: read_all(LogFile(str(path)), MEMBERS), lambda: 0.0)


def from_new_words(count: int) -> Result:
    """Measures pages in which all messages differ: the worst case for caches and clustering."""
    source = _Timed(stream.pages(count, new=1.0))
    return _finished(lambda: read_all(source, MEMBERS), lambda: source.making)


def alone(road: str, count: int) -> Result:
    """Measures a road in a process of its own, so that its peak memory is that road's."""
    command = [sys.executable, "-m", "benchmarks.speed", "--road", road, str(count)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    return Result(**json.loads(answer.stdout))


# --- the rival -----------------------------------------------------------------------------------


class _Channel:
    """A minimal gRPC channel that answers with prepared pages."""

    def __init__(self, pages: list[bytes]) -> None:
        self._pages = iter(pages)

    def unary_unary(self, _method: str, _out: object, back: Callable[..., Any], *_: Any) -> Any:
        return _Call(lambda: back(next(self._pages)))

    stream_stream = unary_unary


class _Call:
    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer

    def with_call(self, _request: object, **_options: object) -> tuple[Any, Any]:
        return self._answer(), None


def rival(count: int) -> Result:
    """Measures `Client.list_entries` followed by Drain3."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.logging import Client
    from google.cloud.logging_v2._gapic import _LoggingAPI
    from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
    from google.cloud.logging_v2.services.logging_service_v2.transports import (
        LoggingServiceV2GrpcTransport,
    )
    from google.cloud.logging_v2.types import ListLogEntriesResponse

    pages = []
    for page in stream.pages(count):
        message = ListLogEntriesResponse.pb().FromString(page)
        message.next_page_token = "more"  # noqa: S105
        pages.append(message.SerializeToString())
    message.next_page_token = ""
    pages[-1] = message.SerializeToString()

    client = Client(project="p", credentials=AnonymousCredentials(), _use_grpc=True)
    transport = LoggingServiceV2GrpcTransport(
        credentials=AnonymousCredentials(), channel=lambda *_, **__: _Channel(pages)
    )
    api = _LoggingAPI(LoggingServiceV2Client(transport=transport), client)
    client._logging_api = api  # noqa: SLF001 - the client has no public way to replace it
    started = time.process_time()
    texts = [_words(entry.payload) for entry in client.list_entries(page_size=1_000)]
    seconds = time.process_time() - started
    if len(texts) != count:
        raise AssertionError(f"list_entries gave {len(texts)} of {count} entries")
    found, more = drain.timed(texts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Result(count, seconds + more, found, peak)


def _words(payload: str | JSON) -> str:
    return payload if isinstance(payload, str) else str(payload["message"])


ROADS = {"pages": from_pages, "lines": from_lines, "new words": from_new_words, "rival": rival}


# --- the table -----------------------------------------------------------------------------------


def main() -> None:
    """Prints the table. Exits with an error if a limit is broken."""
    if sys.argv[1:2] == ["--road"]:
        result = ROADS[sys.argv[2]](int(sys.argv[3]))
        json.dump({name: getattr(result, name) for name in result.__slots__}, sys.stdout)
        return
    broken: list[str] = []
    print(f"A turn of `for i in range(n): s += i & 7` takes {_turn():.0f} ns here.")
    print(f"{'':28}{'entries':>11}{'a second':>11}{'ratio':>8}{'clusters':>10}{'MiB':>6}")
    if sys.argv[1:2] == ["--ten-million"]:
        _row("Gardener, pages", alone("pages", 10_000_000), None, broken)
    else:
        given = [int(argument) for argument in sys.argv[1:]]
        _table(*given, *(ENTRIES, RIVALS)[len(given) :], broken)
    if broken:
        raise SystemExit("Limits broken: " + "; ".join(broken) + ".")


def _table(count: int, few: int, broken: list[str]) -> None:
    turns = [(alone("rival", few), alone("pages", few)) for _ in range(2)]
    other, ours = map(_mean, zip(*turns, strict=True))
    _row("list_entries and Drain3", other, other, [])
    _row("Gardener, the same pages", ours, other, broken)
    if ours.rate < FASTER * other.rate:
        broken.append(f"less than {FASTER:g} times as fast on the same pages")
    _row("Gardener, pages", alone("pages", count), other, broken)
    _row("Gardener, JSON Lines", alone("lines", count), other, broken)
    _row("Gardener, only new words", alone("new words", count), other, broken)


def _mean(results: Sequence[Result]) -> Result:
    seconds = sum(result.seconds for result in results) / len(results)
    return replace(results[0], seconds=seconds)


def _row(name: str, result: Result, other: Result | None, broken: list[str]) -> None:
    ratio = "" if other is None else f"{result.rate / other.rate:.1f}"
    print(
        f"{name:28}{result.entries:11,}{result.rate:11,.0f}{ratio:>8}"
        f"{result.clusters:10,}{result.mebibytes:6.0f}",
        flush=True,
    )
    most = MEMORY.get(result.entries, result.mebibytes)
    if result.mebibytes > most:
        broken.append(f"{name} takes more than {most} MiB")


def _turn() -> float:
    """Measures the machine: nanoseconds per iteration of a trivial loop."""
    best, turns = math.inf, 100_000
    for _ in range(10):
        started, s = time.process_time(), 0
        for i in range(turns):
            s += i & 7
        best = min(best, (time.process_time() - started) / turns)
    return best * 1e9


if __name__ == "__main__":
    main()
