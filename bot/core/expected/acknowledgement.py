"""Decides whether an acknowledgement of expected behaviour still holds, and what broke it.

Pure and the only place, so that a card, a digest and a worklog always agree.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

from bot.core.expected.fingerprints import VARIANTS, comparable
from bot.core.model.decisions import Acknowledgement, Snooze
from bot.core.model.report import Card, Cluster, Report
from bot.core.model.revision_names import alike
from bot.core.model.values import DAY, HOUR, Values, Window
from bot.core.text import display
from bot.core.text.slot_values import subject_of
from bot.core.trends.quiet import means_something
from bot.core.trends.quiet import reason as quiet_reason

AGAIN = 3
"""From this count on a user repeats, if none had repeated at the acknowledgement."""


@dataclass(frozen=True, slots=True)
class Break:
    """What broke an acknowledgement."""

    kind: str
    """`over`, `revision`, `rate`, `repeats`, `variant` or `stopped`."""
    said: str
    """The reason, worded as the end of a sentence."""
    which: str = ""
    """Identifies it among several of its kind: a revision or a hash."""


def broken(
    acknowledgement: Acknowledgement, cluster: Cluster, occurrences: int, window: Window, now: int
) -> Break | None:
    """Finds what broke an acknowledgement; None while it holds.

    `occurrences` are those of the card within `window`. A rate is judged over at least a day: a
    burst of four in one hour does not break "5 a day". Only occurrences after the
    acknowledgement count; earlier ones were known.
    """
    if (over := ended(acknowledgement, now)) is not None:
        return over
    newer = acknowledgement.until_revision and next(
        (r for r in cluster.revisions if _newer(r, acknowledgement.until_revision)), None
    )
    if newer:
        name = display.revision(newer, cluster.services)
        return Break("revision", f"revision {name} still writes it", newer)
    if (
        found := _repeats(acknowledgement, cluster) or _variant(acknowledgement, cluster)
    ) is not None:
        return found
    if acknowledgement.per_day is not None:
        days = max(1.0, (window.end - max(window.start, acknowledgement.at)) / DAY)
        rate = _since(acknowledgement, cluster, occurrences, window) / days
        if rate > acknowledgement.per_day:
            bound = display.rate(acknowledgement.per_day)
            return Break("rate", f"acknowledged up to {bound}, now {display.rate(rate)}")
    silent = min(cluster.silent, window.end - acknowledgement.at)
    if means_something(acknowledgement.usual, silent):
        return Break("stopped", f"it stopped: {quiet_reason(acknowledgement.usual, silent)}")
    return None


def _since(
    acknowledgement: Acknowledgement, cluster: Cluster, occurrences: int, window: Window
) -> float:
    """Counts occurrences since the acknowledgement, from the next whole hour on."""
    if acknowledgement.at <= window.start or not cluster.histogram:
        return occurrences
    later = cluster.histogram[max(0, acknowledgement.at // HOUR + 1 - window.start // HOUR) :]
    # An incident has its own occurrences, and one event may take several entries.
    return sum(later) * occurrences / max(1, sum(cluster.histogram))


def ended(acknowledgement: Acknowledgement, now: int) -> Break | None:
    """Returns a break if its end date has passed."""
    if acknowledgement.until is not None and now >= acknowledgement.until:
        return Break("over", "its time is over")
    return None


def breach(
    acknowledgement: Acknowledgement, cluster: Cluster, occurrences: int, window: Window, now: int
) -> str | None:
    """Describes what broke the acknowledgement, as the end of a sentence; None while it holds."""
    found = broken(acknowledgement, cluster, occurrences, window, now)
    return found.said if found else None


def holds(card_cluster: Cluster, occurrences: int, window: Window, now: int) -> bool:
    """True if the cluster is acknowledged and nothing broke the acknowledgement."""
    acknowledgement = card_cluster.decisions.expected
    return (
        acknowledgement is not None
        and breach(acknowledgement, card_cluster, occurrences, window, now) is None
    )


def _repeats(acknowledgement: Acknowledgement, cluster: Cluster) -> Break | None:
    """Finds a user who repeats, from the occurrences before and after the acknowledgement."""
    known: dict[str, Counter[str]] = {}
    for place in acknowledgement.values:
        known.setdefault(_subject(place), Counter()).update(h for h, _ in place.seen)
    for place in cluster.values:
        before = known.get(_subject(place))
        if before is None:
            continue
        most = max(before.values(), default=0)
        limit = AGAIN if most < AGAIN else 2 * most
        since = Counter(h for h, at in place.seen if at > acknowledgement.at)
        for value, count in sorted(since.items(), key=lambda i: (-i[1], i[0])):
            if before[value] + count >= limit:
                times = display.number(before[value] + count)
                return Break("repeats", f"the same {_subject(place)} {times} times", value)
    return None


def _subject(place: Values) -> str:
    """Returns e.g. `user`; an earlier version stored all words before the value."""
    return display.one_line(subject_of(place.before) or place.before).rsplit(" ", 1)[-1] or "value"


def _variant(acknowledgement: Acknowledgement, cluster: Cluster) -> Break | None:
    """Finds a masked message that was not in the cluster at the acknowledgement."""
    if not acknowledgement.variants:
        return None
    for value, text in cluster.variants:
        if comparable(value, acknowledgement.variants[0]) and value not in acknowledgement.variants:
            return Break("variant", f"a new wording: “{display.cut(text, 80)}”", value)
    return None


def stopped(acknowledgement: Acknowledgement, report: Report) -> Break | None:
    """Breaks if an acknowledged problem that should go on is absent from the report.

    For a problem that is in the report, use `broken`. `report` must cover the whole environment and
    all severities. None if not everything was read, nothing was logged or no request arrived.
    """
    read = report.coverage
    if not read.complete or not read.read or (report.traffic and not report.traffic.requests):
        return None
    if report.cluster(acknowledgement.cluster) is not None:
        return None
    quiet = next((q for q in report.quiet if q.cluster == acknowledgement.cluster), None)
    if quiet is not None:
        return Break("stopped", f"it stopped: {quiet.reason}")
    silent = report.window.end - max(report.window.start, acknowledgement.at)
    if means_something(acknowledgement.usual, silent):
        return Break("stopped", f"it stopped: {quiet_reason(acknowledgement.usual, silent)}")
    return None


def _newer(revision: str, than: str) -> bool:
    """True if a revision is newer; one whose names cannot be ordered is newer if it differs."""
    here, there = alike(revision), alike(than)
    if here and there and here[0] == there[0]:
        return here[1] > there[1]
    if here and there:
        return False  # another service's revision proves nothing about this one
    return revision != than


# --- snoozed -------------------------------------------------------------------------------------


def asleep(snooze: Snooze | None, cluster: Cluster, now: int) -> bool:
    """True while snoozed: until its time, or until a newer revision logs it."""
    if snooze is None or (snooze.until is not None and now >= snooze.until):
        return False
    than = snooze.until_revision
    return not (than and any(_newer(r, than) for r in cluster.revisions))


# --- what is acknowledged ------------------------------------------------------------------------


def suggested_rate(occurrences: int, window: Window) -> float:
    """Suggests a bound per day for the form: twice the rate seen, at least 5, rounded up."""
    days = max(1.0, (window.end - window.start) / DAY)
    wanted = max(5.0, 2 * occurrences / days)
    step = 10 ** max(0, math.floor(math.log10(wanted)) - 1)
    return float(math.ceil(wanted / step) * step)


def observed(acknowledgement: Acknowledgement, card: Card, window: Window) -> Acknowledgement:
    """Adds what the card shows at the acknowledgement: usual rate, values and wordings."""
    cluster = card.cluster
    days = max(1.0, (window.end - window.start) / DAY)
    few = len(cluster.variants) <= VARIANTS
    return replace(
        acknowledgement,
        cluster=cluster.id,
        per_day=suggested_rate(card.occurrences, window),
        title=cluster.title,
        usual=card.occurrences / days,
        values=cluster.values,
        variants=tuple(h for h, _ in cluster.variants) if few else (),
    )


def watches(cluster: Cluster) -> list[str]:
    """Lists what else would break an acknowledgement, for the form: `one user repeats`."""
    found = []
    if cluster.values:
        found.append(f"one {_subject(cluster.values[0])} repeats")
    return [*found, "it stops"]
