"""Requests of closed hours are counted once, and a question counts only what is not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.analysis.kept_traffic import KeptTraffic
from bot.core.model.environment import Query
from bot.core.model.report import Event, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, Window
from tests.core.logs import START
from tests.fakes.kept import FakeKept

SECRET = b"a secret of the tests"
NOW = START + 5 * HOUR + 20 * MINUTE


@dataclass
class _Counts:
    """Counts one request a minute, in the parts that are asked for."""

    now: int = NOW
    source: str = "request log"
    known: bool = True
    whole: bool = False
    """Ignores the query's parts, as Cloud Monitoring does."""
    most: int = 1 << 40
    """Counts this many of the newest requests; `sampled` if there are more."""
    asked: list[Query] = field(default_factory=list)

    def read_events(self, query: Query) -> Sequence[Event]:
        return [Event("deploy", "api", query.window.start)]

    def read_traffic(self, query: Query) -> Traffic | None:
        self.asked.append(query)
        if not self.known:
            return None
        windows = [p.window for p in query.parts if not self.whole] or [query.window]
        found = [
            at
            for at in range(query.window.end // MINUTE * MINUTE, query.window.start - 1, -MINUTE)
            if at in query.window and at < self.now and any(at in w for w in windows)
        ]
        sampled = len(found) > self.most
        found = found[: self.most]
        counted = Counter((f"rev-{at // (7 * HOUR)}", at // HOUR) for at in found)
        since = found[-1] if sampled else query.window.start
        hours = tuple(sorted((name, hour, n) for (name, hour), n in counted.items()))
        return Traffic(hours, since, sampled, self.source)


def query(span: int, now: int = NOW) -> Query:
    return Query("staging", "p", ("api",), Window(now - span, now))


def both(counts: _Counts, kept: FakeKept, span: int) -> Traffic | None:
    """What is counted with a memory, checked against what is counted without one."""
    found = KeptTraffic(counts, kept, SECRET, lambda: counts.now).read_traffic(
        query(span, counts.now)
    )
    alone = _Counts(counts.now, counts.source).read_traffic(query(span, counts.now))
    assert found == alone
    return found


def test_a_second_question_counts_the_open_hours_alone() -> None:
    counts, kept = _Counts(), FakeKept()
    for whole in (False, True):
        counts.whole = whole
        both(counts, kept, 2 * DAY)
        both(counts, kept, 3 * HOUR)
        both(counts, kept, 30 * MINUTE)
        counts.now = NOW + 40 * MINUTE
        both(counts, kept, 2 * DAY)
        last = counts.asked[-1]
        assert sum(p.window.end - p.window.start for p in last.parts) < 3 * HOUR
        counts.now = NOW + 3 * HOUR
        both(counts, kept, 3 * DAY)


def test_hours_of_two_sources_are_never_added() -> None:
    counts, kept = _Counts(), FakeKept()
    both(counts, kept, DAY)
    counts.source = "Cloud Monitoring"
    both(counts, kept, DAY)


def test_what_is_unknown_or_sampled_is_not_kept() -> None:
    counts, kept = _Counts(known=False), FakeKept()
    reader = KeptTraffic(counts, kept, SECRET, lambda: NOW)
    assert reader.read_traffic(query(DAY)) is None
    counts.known, counts.most = True, 100
    found = reader.read_traffic(query(DAY))
    assert found is not None
    assert found.sampled
    assert kept.size("staging") == (0, 0)


def test_garbage_is_counted_anew() -> None:
    counts, kept = _Counts(), FakeKept()
    both(counts, kept, 2 * DAY)
    for place, (mark, data) in kept.held.items():
        kept.held[place] = mark, data[:-3]
    both(counts, kept, 2 * DAY)
    assert counts.asked[-1].parts == ()
    both(counts, kept, 2 * DAY)
    assert counts.asked[-1].parts != ()


def test_deploys_are_passed_through() -> None:
    reader = KeptTraffic(_Counts(), FakeKept(), SECRET, lambda: NOW)
    assert len(reader.read_events(query(DAY))) == 1
