"""Decides whether a problem still happens. Pure.

A problem has ended if

- **a later revision serves without it**: one that started after the last revision that logged it
  has since served enough requests. Enough is what makes `LIKELY` occurrences likely at the
  problem's own rate per request, and at least `REQUESTS`; after a crash at the start, one request,
  since a process that cannot start serves none.
- **it is silent for far longer than usual** although its service logs or serves until now:
  longer than `CHANCE` allows at its mean interval, and `LONGER` times its longest. If intervals are
  exponential with an unknown mean, estimated from n of them, the next one exceeds k times that
  mean with probability (1 + k / n)^-n, so k = n (CHANCE^(-1/n) - 1): 61 times after two intervals,
  10 after ten, 7 after many. Bursts are not exponential; the longest interval is there for them:
  three times a job's period are two runs that did not bring it.
- its service was **deleted**.

What occurred in fewer than three minutes has no usual interval, so silence proves nothing of it.
What was not read proves nothing either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from bot.core.model.history import Past
from bot.core.model.report import Cluster, Ended, Report
from bot.core.model.values import HOUR, MINUTE
from bot.core.text import display
from bot.core.trends.bursts import bursts
from bot.core.trends.serving import Serving

REQUESTS = 20
"""Requests that a later revision must have served, however frequent the problem was."""
LIKELY = 5.0
"""Occurrences expected among its requests if nothing had changed: chance gives none in 1 of 150."""
CHANCE = 1e-3
"""How often a problem that goes on would be silent for so long."""
LONGER = 3
"""Silence, in longest intervals."""
LEAST = 10 * MINUTE
"""Shorter silence (nanoseconds) ends nothing: restarts wait up to five minutes between tries."""
SHARE = 4
"""The service's own silence until now may be this part of the problem's, or `LEAST`: a service
that is itself not heard of proves nothing."""
FEWEST = 3
"""Occurrences, in as many minutes, below which there is no usual interval."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a cluster occurred, which the report holds by the hour only."""

    minutes: tuple[int, ...] = ()
    """Starts of the minutes with occurrences, ascending, in nanoseconds."""
    at_start: bool = False
    """True if processes ended with it before they served anything."""


def noted(
    report: Report, times: Mapping[str, Times], serving: Serving, past: Past | None = None
) -> Report:
    """Returns the report with `ended` and `bursts` of its clusters and `ended` of its incidents.

    `times`: by cluster id; a cluster without any is never silent. `past`: the history before this
    window, for problems that come by the day.
    """
    judge = _Judge(report, times, serving, past or Past())
    by_id = {cluster.id: cluster for cluster in report.clusters}
    clusters = tuple(
        replace(
            cluster,
            ended=judge.ended(cluster, cluster.last_seen),
            bursts=bursts(times.get(cluster.id, Times()).minutes, cluster.occurrences),
        )
        for cluster in report.clusters
    )
    incidents = []
    for incident in report.incidents:
        parts = [by_id[name] for name in (incident.root, *incident.symptoms)]
        last = max((p.last_seen for p in parts if p.last_seen is not None), default=None)
        incidents.append(replace(incident, ended=judge.ended(by_id[incident.root], last)))
    return replace(report, clusters=clusters, incidents=tuple(incidents))


def usual_silence(intervals: Sequence[int]) -> float:
    """Returns the silence, in nanoseconds, up to which a problem may well go on.

    `intervals`: between its occurrences, at least two.
    """
    count = len(intervals)
    mean = sum(intervals) / count
    factor = count * (math.pow(CHANCE, -1 / count) - 1)
    return max(float(LEAST), factor * mean, LONGER * max(intervals))


class _Judge:
    def __init__(
        self, report: Report, times: Mapping[str, Times], serving: Serving, past: Past
    ) -> None:
        self.report = report
        self.times = times
        self.serving = serving
        self.past = past
        self.until = min(report.window.end, report.generated or report.window.end)

    def ended(self, cluster: Cluster, last: int | None) -> Ended | None:
        """Judges a cluster that was last seen then, as part of an incident or alone."""
        if cluster.deleted is not None:
            return Ended(cluster.deleted, "its service was deleted")
        read = self.report.coverage
        if last is None or not cluster.services or read.sampled < 1.0:
            return None
        if any(window.end > last for window in read.missing):
            return None
        return self._served_without(cluster, last) or self._silent(cluster, last)

    # --- a later revision ------------------------------------------------------------------------

    def _served_without(self, cluster: Cluster, last: int) -> Ended | None:
        """Looks for a later revision in each service of the cluster; all of them must have one."""
        if cluster.estimated or not cluster.revisions:
            return None
        found = [self._later(cluster, service, last) for service in cluster.services]
        proofs = [proof for proof in found if proof is not None]
        if len(proofs) < len(found):
            return None
        return max(proofs, key=lambda proof: (proof.since, proof.evidence))

    def _later(self, cluster: Cluster, service: str, last: int) -> Ended | None:
        if service in self.serving.jobs:
            return None
        order = self.serving.order(service)
        mine = [at for at, name in enumerate(order) if name in cluster.revisions]
        if not mine:
            return None
        need = self._enough(cluster, service)
        later = [(name, *self.serving.after(service, name, last)) for name in order[mine[-1] + 1 :]]
        later = [each for each in later if each[1]]
        count = sum(requests for _, requests, _ in later)
        if need is None or not later or count < need:
            return None
        names = display.revision(later[-1][0], (service,))
        if len(later) > 1:
            names += f" and {display.many(len(later) - 1, 'revision')} before it"
        since = min(first for _, _, first in later)
        evidence = f"{names} served {display.many(count, 'request')} without it"
        return Ended(since, evidence, later[-1][0])

    def _enough(self, cluster: Cluster, service: str) -> int | None:
        """Returns how many requests prove that a problem is gone; None if no number does."""
        times = self.times.get(cluster.id, Times())
        if times.at_start:
            return 1
        asked = sum(self.serving.requests(name) for name in cluster.revisions)
        seen = cluster.occurrences
        since = self.serving.since
        if since is not None:  # of a sample only what occurred meanwhile can be compared
            seen = sum(minute >= since for minute in times.minutes)
            asked = asked or self.serving.requests_of(service)
        if not seen:
            return None
        return max(REQUESTS, math.ceil(LIKELY * asked / seen))

    # --- silence ---------------------------------------------------------------------------------

    def _silent(self, cluster: Cluster, last: int) -> Ended | None:
        times = self.times.get(cluster.id, Times())
        if cluster.occurrences < FEWEST or len(times.minutes) < FEWEST:
            return None
        alive = min(self._alive(service, times.at_start) for service in cluster.services)
        silent = min(self.until, alive) - last
        if self.until - alive > max(LEAST, silent // SHARE):
            return None  # the service itself has gone silent
        intervals = [later - earlier for earlier, later in pairwise(times.minutes)]
        if silent <= max(usual_silence(intervals), LONGER * self._by_the_day(cluster)):
            return None
        mean = round(sum(intervals) / len(intervals))
        return Ended(last, f"not seen for {_every(silent, mean)}")

    def _alive(self, service: str, must_serve: bool) -> int:
        """Returns when the service last gave a sign of life, in nanoseconds.

        A process that cannot start may be logged by the platform for hours: only requests count.
        """
        requested = self.serving.last_request(service)
        logged = self.serving.last_entry(service)
        if must_serve and (requested is not None or self.serving.counted):
            return requested or 0
        return max((sign for sign in (requested, logged) if sign is not None), default=0)

    def _by_the_day(self, cluster: Cluster) -> int:
        """Returns the usual pause between hours with occurrences, in nanoseconds; 0 if unknown.

        From the history, for what comes at night: three pauses show that it comes again. Their
        median counts, so that one long pause does not.
        """
        start = self.report.window.start // HOUR
        here = {start + at for at, count in enumerate(cluster.histogram) if count}
        before = {at for at, n in self.past.counts.get(cluster.id, {}).items() if n}
        pauses = [(b - a) * HOUR for a, b in pairwise(sorted(here | before)) if b - a > 1]
        return round(median(pauses)) if len(pauses) >= FEWEST else 0


def _every(silent: int, mean: int) -> str:
    """Renders `40 min, usually every 3`; with both units where they differ."""
    shown, usual = display.duration(silent), display.duration(mean)
    if silent >= MINUTE:
        shown = display.duration(silent - silent % MINUTE)
    if mean >= MINUTE:
        usual = display.duration(mean - mean % MINUTE)
    unit = " min"
    if shown.endswith(unit) and usual.endswith(unit) and " h" not in shown + usual:
        usual = usual.removesuffix(unit)
    return f"{shown}, usually every {usual}"
