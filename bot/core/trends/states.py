"""State over time: what is new, recurring, escalating, regressed, quiet. Pure.

- **new**: no report has shown it. For `SHOWN_ANEW` after the first that did it is still new, so
  that a refresh tells the same; from then on it is known.
- **regressed**: its issue was closed, and a revision that has the fix, or started later, writes
  it (`regressed`). Entries of older revisions after the close are what everybody expects, and where
  it was not seen that a revision is newer, nothing is claimed.
- **escalating**: the newest part of the window against its own baseline (`counts`).
- **quiet**: silent where its rate let expect `EXPECTED`, with traffic still there.

Every state rests on something that is written into the reasons. What cannot be known (no traffic
read, hours that nobody read) decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.core.model.decisions import Decisions
from bot.core.model.history import KnownCluster, Past
from bot.core.model.report import Cluster, Quiet, Report
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, State, Window
from bot.core.ports import Contains
from bot.core.text import display
from bot.core.trends.rate_test import Baseline, baseline, excess
from bot.core.trends.regression import SETTLE, sentence, verdict
from bot.core.trends.silence import EXPECTED
from bot.core.trends.traffic import belongs

SHOWN_ANEW = 10 * MINUTE
"""As long as a report answers the same question."""
SPANS = (1, 6, 24)
"""Hours of the newest parts that are compared with the time before each."""
BASELINE = 14 * 24
"""Hours of baseline."""
OBSERVED = 6 * 3_600
"""Seconds of baseline below which nothing is called usual."""
FACTOR = 3.0
"""A rate below three times the usual one is not worth waking anyone."""
YOUNG = 7 * 86_400
"""Seconds of baseline below which it may lack a weekend, or a working day."""
YOUNG_FACTOR = 6.0
"""A factor beyond what days and nights, weekdays and weekends make of an even rate."""
ENOUGH = 8
"""Fewer occurrences than this are no escalation, however rare it was before."""
CHANCE = 1e-5 / len(SPANS)
"""With a hundred clusters a day, one false alarm in three years."""
STILL = 0.01
"""The same for what was said within the last day: it goes on unless it is clearly over."""
AGAIN = 2.0
"""Known to be at a new level, it escalates again at this many times of it."""
REMEMBERED = 7 * DAY
"""How long a level that was told is known."""
REVISIONS = 60
"""Whose commits a report carries, those with the newest entries."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found, before its clusters have states."""

    report: Report
    seen: Past
    """What it read of the hours, revisions and events in its window."""
    first_seen: Mapping[str, int | None] = field(default_factory=dict)
    """By cluster id: what the registry knew before this run."""
    decisions: Mapping[str, Decisions] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    """Requests by service among what was read; absent: unknown."""
    whole: bool = True
    """Whether all of the environment was read: its services, severities and the whole window."""
    contains: Contains | None = None
    """Which commit has which fix; None: nobody can be asked."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A rate beyond chance and beyond what was told."""

    usual: Baseline
    count: int
    seconds: int
    peak: int = 0
    """The hour that stood out, where it is not the newest part that does."""

    @property
    def per_hour(self) -> float:
        """Now."""
        return self.count * 3_600 / self.seconds

    def sentence(self, timezone: str, now: int) -> str:
        """`12 a day → 340 in the last hour`."""
        before = display.rate(self.usual.per_hour * 24)
        when = _last(self.seconds)
        if self.peak:
            when = f"the hour from {display.clock(self.peak * HOUR, timezone, now)}"
        return f"{before} → {display.number(self.count)} in {when}"


def judged(run: Run, past: Past) -> tuple[Report, Mapping[str, KnownCluster]]:
    """The report with its states and what fell silent, and what to remember of each cluster."""
    now = run.report.generated or run.report.window.end
    total = past.merged(run.seen)
    clusters, known = [], {}
    for cluster in run.report.clusters:
        judged_one, remembered = _judge(cluster, run, past, total, now)
        clusters.append(judged_one)
        known[cluster.id] = remembered
    report = replace(
        run.report,
        clusters=tuple(clusters),
        quiet=_quiet(run, past),
        last_entry=total.last_entry,
        commits=_commits(total),
    )
    return report, known


def _commits(total: Past) -> tuple[tuple[str, str], ...]:
    found = [(life.last, name, life.commit) for name, life in total.revisions.items()]
    newest = sorted((each for each in found if each[2]), reverse=True)[:REVISIONS]
    return tuple((name, commit) for _, name, commit in newest)


def _judge(
    cluster: Cluster, run: Run, past: Past, total: Past, now: int
) -> tuple[Cluster, KnownCluster]:
    before = past.clusters.get(cluster.id)
    first = run.first_seen.get(cluster.id)
    reported = before.reported if before else None
    fresh = reported is not None and 0 <= now - reported < SHOWN_ANEW
    new = (first is None and before is None) or fresh
    known = _remembered(cluster, before, now)
    reasons = list(cluster.reasons)
    change = None
    deleted = deletion(cluster, total, now)
    if deleted is not None:
        when = display.clock(deleted, run.report.timezone, now)
        reasons.append(f"the service was deleted at {when}: nothing of it is new")
        state = State.RECURRING
    else:
        state = State.NEW if new else State.RECURRING
        known_since = cluster.first_seen if first is None else first
        growth = _growth(cluster.id, run.report.window, total, known_since, before)
        if growth is not None:
            change = growth.sentence(run.report.timezone, now)
            reasons.append(f"escalating: {change}")
            if not new:
                state = State.ESCALATING
            known = _told(known, before, growth, run.report.window.end)
        decided = run.decisions.get(cluster.id, Decisions())
        issue = decided.issue
        if issue is not None and issue.state == "closed" and issue.closed_at is not None:
            found = verdict(cluster, issue, total, run.contains)
            said = sentence(found, issue, cluster, run.report.timezone, now)
            reasons.append(f"regressed: {said}" if found.back else said)
            if found.back:
                change = said if change is None else f"{said}; {change}"
                state = State.REGRESSED
    made = replace(cluster, state=state, reasons=tuple(reasons), change=change, deleted=deleted)
    return made, known


def _remembered(cluster: Cluster, before: KnownCluster | None, now: int) -> KnownCluster:
    base = before or KnownCluster(cluster.name, cluster.title)
    return replace(
        base,
        name=cluster.name,
        title=cluster.title[:200],
        services=cluster.services[:5],
        first_seen=_earliest(base.first_seen, cluster.first_seen),
        last_seen=_latest(base.last_seen, cluster.last_seen),
        reported=now if base.reported is None else base.reported,
    )


def _told(
    known: KnownCluster, before: KnownCluster | None, growth: Growth, end: int
) -> KnownCluster:
    """Remembers when it was first said, and the highest level that was."""
    if before is not None and before.told is not None and 0 <= end - before.told < DAY:
        return replace(known, told_rate=max(before.told_rate, growth.per_hour))
    return replace(known, told=end, told_rate=growth.per_hour, per_hour=growth.usual.per_hour)


# --- escalating ----------------------------------------------------------------------------------


def _growth(
    cluster: str, window: Window, total: Past, first: int | None, before: KnownCluster | None
) -> Growth | None:
    """What rose most beyond chance; None where nothing did, or all was told.

    The newest parts are looked at, and the busiest hour of the last day against the time before
    that day: a morning's digest must tell of the evening's burst. For having been chosen among
    so many it must be as many times less likely (Bonferroni).
    """
    counts = total.counts.get(cluster, {})
    last = (window.end - 1) // HOUR
    while last > window.start // HOUR and not total.covered.get(last):
        last -= 1
    known_from = 0 if first is None else first // HOUR
    found: tuple[float, Growth] | None = None
    parts = [(_newest(total.covered, last, span), 0, 1) for span in SPANS]
    day = range(max(window.start // HOUR, last - 23), last + 1)
    peak = max(day, key=lambda at: (counts.get(at, 0), at))
    parts.append((range(peak, peak + 1), peak, len(day)))
    recent = before is not None and before.told is not None and 0 <= window.end - before.told < DAY
    limit = STILL if recent else CHANCE
    for newest, peak, chances in parts:
        if len(newest) > 1 and (newest.start + 1) * HOUR < window.start:
            continue  # counts are of this window
        count = sum(counts.get(at, 0) for at in newest)
        seconds = sum(total.covered.get(at, 0) for at in newest)
        if count < ENOUGH or not seconds:
            continue
        before_it = day.start if peak else newest.start
        start = max(known_from, before_it - BASELINE)
        usual = baseline(counts, total.covered, range(start, before_it))
        if usual.seconds < OBSERVED:
            continue
        factor = FACTOR if usual.seconds >= YOUNG else YOUNG_FACTOR
        if count / seconds < factor * usual.count / usual.seconds:
            continue
        chance = excess(count, seconds, usual) * chances
        if chance < limit and (found is None or chance < found[0]):
            found = chance, Growth(usual, count, seconds, peak)
    if found is None or _is_told(found[1], window.end, before):
        return None
    return found[1]


def _newest(covered: Mapping[int, int], last: int, span: int) -> range:
    """The hours of the newest part; a last hour that has hardly begun is taken in addition."""
    begun = 0 < covered.get(last, 0) < 1_800
    return range(last - span + (0 if begun else 1), last + 1)


def _is_told(growth: Growth, end: int, before: KnownCluster | None) -> bool:
    """Whether this level was told more than a day ago, and it has not doubled since."""
    if before is None or before.told is None:
        return False
    age = end - before.told
    return DAY <= age < REMEMBERED and growth.per_hour < AGAIN * before.told_rate


def _last(seconds: int) -> str:
    if seconds >= 3_000:
        hours = round(seconds / 3_600)
        return "the last hour" if hours == 1 else f"the last {hours} h"
    return f"the last {max(1, round(seconds / 60))} min"


# --- deleted -------------------------------------------------------------------------------------


def deletion(cluster: Cluster, total: Past, now: int) -> int | None:
    """When every service that wrote it was deleted for good; None where one lives."""
    if not cluster.services:
        return None
    gone = []
    for service in cluster.services:
        events = [e for e in total.events if e.service == service and e.at <= now]
        deleted = max((e.at for e in events if e.kind == "delete"), default=None)
        if deleted is None or any(e.kind == "deploy" and e.at > deleted for e in events):
            return None
        gone.append(deleted)
    last = max(gone)
    later = cluster.last_seen is not None and cluster.last_seen > last + SETTLE
    return None if later else last


# --- quiet ---------------------------------------------------------------------------------------


def _quiet(run: Run, past: Past) -> tuple[Quiet, ...]:
    """Known, not in this window although its own rate and the traffic let expect it."""
    report = run.report
    if not run.whole or report.coverage.missing or not report.coverage.read:
        return ()
    here = {cluster.id for cluster in report.clusters}
    start = report.window.start // HOUR
    found = []
    for id_, known in past.clusters.items():
        if id_ in here or not known.services:
            continue
        seconds = min(_with_traffic(run, service) for service in known.services)
        first = 0 if known.first_seen is None else known.first_seen // HOUR
        usual = baseline(
            past.counts.get(id_, {}), past.covered, range(max(first, start - BASELINE), start)
        )
        expected = usual.per_hour * seconds / 3_600
        if usual.seconds < OBSERVED or min(expected, usual.count) / usual.dispersion < EXPECTED:
            continue
        reason = (
            f"expected {display.number(round(expected))} by its rate of "
            f"{display.rate(usual.per_hour * 24)}, saw 0 while requests arrived"
        )
        found.append(Quiet(id_, known.name, known.title, known.last_seen, expected, reason))
    return tuple(sorted(found, key=lambda q: (-q.expected, q.cluster)))


def _with_traffic(run: Run, service: str) -> int:
    """Seconds of the window with requests; 0 where there were none or that is not known."""
    window, traffic = run.report.window, run.report.traffic
    if traffic is None:
        there = run.requests.get(service, 0) > 0
        return (window.end - window.start) // SECOND if there else 0
    hours = {at for revision, at, n in traffic.hours if n and belongs(revision, service)}
    return sum(
        (min(window.end, (at + 1) * HOUR) - max(window.start, at * HOUR)) // SECOND
        for at in hours
        if window.start < (at + 1) * HOUR and at * HOUR < window.end
    )


def _earliest(*times: int | None) -> int | None:
    return min((time for time in times if time is not None), default=None)


def _latest(*times: int | None) -> int | None:
    return max((time for time in times if time is not None), default=None)
