"""States over time: new, recurring, escalating, regressed, quiet. Pure.

- **new**: not in any earlier report. It stays new for `SHOWN_ANEW` after the first report, so that
  a refresh gives the same answer.
- **regressed**: its issue was closed, and a revision that has the fix or started later logs it
  (`regression`). Older revisions are expected to go on logging it; if it is unknown whether a
  revision is newer, a regression is not claimed.
- **escalating**: the newest part of the window is significantly above its baseline (`rate_test`).
- **quiet**: absent although its rate made at least `EXPECTED` occurrences likely, with traffic.

Every state is backed by a sentence in the reasons. What is unknown (no traffic data, unread hours)
never decides anything.
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
from bot.core.trends.quiet import EXPECTED
from bot.core.trends.rate_test import Baseline, baseline, excess
from bot.core.trends.regression import SETTLE, sentence, verdict
from bot.core.trends.traffic import belongs

SHOWN_ANEW = 10 * MINUTE
"""As long as a report is reused for the same question."""
SPANS = (1, 6, 24)
"""The newest parts to compare with the time before them, in hours."""
BASELINE = 14 * 24
"""Length of the baseline in hours."""
OBSERVED = 6 * 3_600
"""Seconds of baseline needed before anything counts as usual."""
FACTOR = 3.0
"""A rate below three times the usual one is not worth waking anyone."""
YOUNG = 7 * 86_400
"""Seconds of baseline below which it may lack a weekend or a working day."""
YOUNG_FACTOR = 6.0
"""More than day and night, weekday and weekend alone can change a rate."""
ENOUGH = 8
"""Fewer occurrences than this are never an escalation, however rare it was before."""
CHANCE = 1e-5 / len(SPANS)
"""With a hundred clusters a day, one false alarm in three years."""
STILL = 0.01
"""The limit for what was reported within the last day: it goes on unless it is clearly over."""
AGAIN = 2.0
"""At this many times the reported level, it escalates again."""
REMEMBERED = 7 * DAY
"""How long a reported level counts as known."""
REVISIONS = 60
"""The number of revisions, those with the newest entries, whose commits a report carries."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run's findings before its clusters have states."""

    report: Report
    seen: Past
    """The hours, revisions and events within its window."""
    first_seen: Mapping[str, int | None] = field(default_factory=dict)
    """When the registry first saw each cluster, by id, before this run."""
    decisions: Mapping[str, Decisions] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    """Requests by service among the entries read; absent means unknown."""
    whole: bool = True
    """True if it covers all services, all severities and the whole window."""
    contains: Contains | None = None
    """Looks up which commit contains which fix; None if no lookup is available."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A rate beyond chance and beyond what was already reported."""

    usual: Baseline
    count: int
    seconds: int
    peak: int = 0
    """The hour that stood out; 0 if it is the newest part."""

    @property
    def per_hour(self) -> float:
        """Returns the current rate."""
        return self.count * 3_600 / self.seconds

    def sentence(self, timezone: str, now: int) -> str:
        """Renders `12 a day → 340 in the last hour`."""
        before = display.rate(self.usual.per_hour * 24)
        when = _last(self.seconds)
        if self.peak:
            when = f"the hour from {display.clock(self.peak * HOUR, timezone, now)}"
        return f"{before} → {display.number(self.count)} in {when}"


def judged(run: Run, past: Past) -> tuple[Report, Mapping[str, KnownCluster]]:
    """Returns the report with states and quiet problems, and what to remember of each cluster."""
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
            known = _with_reported_level(known, before, growth, run.report.window.end)
        decided = run.decisions.get(cluster.id, Decisions())
        issue = decided.issue
        if issue is not None and issue.state == "closed" and issue.closed_at is not None:
            found = verdict(cluster, issue, total, run.contains)
            text = sentence(found, issue, cluster, run.report.timezone, now)
            reasons.append(f"regressed: {text}" if found.back else text)
            if found.back:
                change = text if change is None else f"{text}; {change}"
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


def _with_reported_level(
    known: KnownCluster, before: KnownCluster | None, growth: Growth, end: int
) -> KnownCluster:
    """Records when an escalation was first reported, and the highest rate reported since."""
    if before is not None and before.told is not None and 0 <= end - before.told < DAY:
        return replace(known, told_rate=max(before.told_rate, growth.per_hour))
    return replace(known, told=end, told_rate=growth.per_hour, per_hour=growth.usual.per_hour)


# --- escalating ----------------------------------------------------------------------------------


def _growth(
    cluster: str, window: Window, total: Past, first: int | None, before: KnownCluster | None
) -> Growth | None:
    """Finds the increase least likely by chance; None if there is none, or it was reported.

    Compares the newest parts with the time before them, and the busiest hour of the last day with
    the time before that day, so that a morning's digest includes the evening's burst. Picking the
    busiest of n hours makes its probability count n times (Bonferroni).
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
            continue  # counts cover this window only
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
    if found is None or _already_reported(found[1], window.end, before):
        return None
    return found[1]


def _newest(covered: Mapping[int, int], last: int, span: int) -> range:
    """Returns the hours of the newest part, plus the last hour if it has hardly begun."""
    begun = 0 < covered.get(last, 0) < 1_800
    return range(last - span + (0 if begun else 1), last + 1)


def _already_reported(growth: Growth, end: int, before: KnownCluster | None) -> bool:
    """True if this level was reported more than a day ago and has not doubled since."""
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
    """Returns when the last service that logged it was deleted; None while one still exists."""
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
    """Finds known clusters that are absent despite their usual rate and the traffic."""
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
    """Returns the seconds of the window with requests; 0 if there were none or that is unknown."""
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
