"""Compares two revisions of a service: new and gone problems, and changed rates. Pure.

A rate counts as changed only if an exact test of the counts (`rate_test`) rules out chance.
Exposure is requests if known for both revisions, else the time from a revision's first entry to its
last, which is weaker: a revision can be up without traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bot.core.commands import did_you_mean
from bot.core.model.history import seconds_of
from bot.core.model.report import Cluster, Report
from bot.core.model.revision_names import numbered
from bot.core.model.values import HOUR, SECOND
from bot.core.text import display
from bot.core.trends.rate_test import Baseline, baseline, excess

CHANCE = 0.01
"""If one common rate explains the counts with at least this probability, it may be chance."""
FACTOR = 1.5
"""A smaller change of rate is not worth reporting, however certain."""
LEAST = HOUR // SECOND
"""Minimum seconds that a revision counts for: a single entry spans none."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two revisions."""

    revision: str
    short: str
    """`00598-qss`"""
    requests: int | None
    """None if unknown."""
    seconds: int
    """From its first entry to its last; 0 if it logged nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """A problem that differs between the two revisions."""

    cluster: Cluster
    before: int
    """Occurrences in the first revision."""
    after: int
    sure: bool = True
    """False if it may be chance."""
    symptoms: int = 0
    """The number of its symptoms that changed with it and have no line of their own."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison: `a` was named first, `b` second; lists are in the report's order."""

    a: Side
    b: Side
    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    changed: tuple[Change, ...]
    same: int
    """Problems of both whose rate did not change detectably."""
    unclear: int
    """Problems without known counts per revision."""
    unknown_traffic: bool
    """True if rates are per time: requests are not known for both revisions in the whole window."""

    def exposure(self, side: Side) -> int:
        """Returns requests, or seconds if those are unknown."""
        return side.seconds if self.unknown_traffic else side.requests or 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why the names given are not two revisions of one service."""

    sentence: str
    pair: tuple[str, str] | None = None
    """The pair that was probably meant."""


# --- names ---------------------------------------------------------------------------------------


def known_revisions(report: Report) -> tuple[str, ...]:
    """Lists revisions that logged, newest first, then those that only served requests."""
    served = [name for name, _, count in report.traffic.hours if count] if report.traffic else []
    return tuple(dict.fromkeys(name for name in (*report.revisions, *served) if name))


def resolve(report: Report, a: str, b: str) -> tuple[str, str] | Unknown:
    """Resolves two names: full, short (`00598-qss`) or only the number (`00598`).

    Both empty: the two newest of the service that has the newest two, the older first.
    """
    known = known_revisions(report)
    if not a and not b:
        return _newest(report, known)
    first, second = _named(a, known), _named(b, known)
    for text, found in ((a, first), (b, second)):
        if not found:
            return _unknown(report, text, (a, b), known)
    pairs = [(x, y) for x in first for y in second if _service(x) == _service(y)]
    if not pairs:
        return Unknown(f"{first[0]} and {second[0]} are revisions of two services.")
    different = [(x, y) for x, y in pairs if x != y]
    if not different:
        return Unknown(f"Both are {display.revision(first[0], report.services)}.")
    if len(different) > 1:
        services = ", ".join(sorted({_service(x) or x for x, _ in different}))
        return Unknown(f"More than one service has these: {services}.", different[0])
    return different[0]


def _newest(report: Report, known: Sequence[str]) -> tuple[str, str] | Unknown:
    services = dict.fromkeys(map(_service, known))
    for service in services:
        # By number where there is one: an old revision that is shutting down logs last.
        own = sorted(
            (name for name in known if _service(name) == service),
            key=lambda name: -(_number(name) or 0),
        )
        if len(own) > 1:
            return own[1], own[0]
    where = f"{report.environment}, {display.window(report.window, 'UTC', report.generated)}"
    if not known:
        return Unknown(f"{where}: no log entry names a revision, so none can be compared.")
    only = ", ".join(display.revision(name, report.services) for name in known[:8])
    each = "of each service " if len(known) > 1 else ""
    return Unknown(f"{where}: only one revision {each}is known, {only}. Two are needed to compare.")


def _named(text: str, known: Iterable[str]) -> list[str]:
    text = text.casefold()
    fits: Sequence[Callable[[str], bool]] = (
        lambda name: name.casefold() == text,
        lambda name: name.casefold().endswith(f"-{text}") and _number(name) is not None,
        lambda name: text.isdecimal() and _number(name) == int(text),
    )
    each = ([name for name in known if fit(name)] for fit in fits)
    return next((found for found in each if found), [])


def _number(name: str) -> int | None:
    found = numbered(name)
    return int(found[1]) if found else None


def _service(name: str) -> str:
    found = numbered(name)
    return found[0] if found else ""


def _unknown(report: Report, text: str, pair: tuple[str, str], known: Sequence[str]) -> Unknown:
    shorts = {display.revision(name, report.services): name for name in known}
    listed = ", ".join(list(shorts)[:8]) or "none"
    sentence = f'I know no revision "{did_you_mean.quoted(text)}". Known: {listed}.'
    numbers = {n[1]: short for short, name in shorts.items() if (n := numbered(name))}
    near = did_you_mean.nearest(text, [*numbers, *shorts, *known])
    if near is None:
        return Unknown(sentence)
    better = numbers.get(near, near)
    meant = (better if pair[0] == text else pair[0], better if pair[1] == text else pair[1])
    ends = [_named(each, known) for each in meant]
    return Unknown(sentence, meant if all(ends) and ends[0] != ends[1] else None)


# --- comparing -----------------------------------------------------------------------------------


def compare(report: Report, a: str, b: str) -> Comparison:
    """Compares two revisions by full name, as `resolve` returns them."""
    left, right = _side(report, a), _side(report, b)
    blank = Comparison(left, right, (), (), (), 0, 0, not (left.requests and right.requests))
    written = [(c, dict(c.by_revision)) for c in report.clusters]
    found = [
        Change(c, counts.get(a, 0), counts.get(b, 0))
        for c, counts in written
        if a in counts or b in counts
    ]
    unclear = sum(1 for c, counts in written if not counts and {a, b} & set(c.revisions))
    both = [each for each in found if each.before and each.after]
    changed = [each for each in both if _changed(each, blank, report, len(both))]
    return replace(
        blank,
        new=_by_root([_judged(c, blank, report) for c in found if not c.before], report),
        gone=_by_root([_judged(c, blank, report) for c in found if not c.after], report),
        changed=_by_root(changed, report),
        same=len(both) - len(changed),
        unclear=unclear,
    )


def _side(report: Report, name: str) -> Side:
    requests: int | None = None
    traffic = report.traffic
    # Counts for a part of the window do not measure all of it.
    if traffic is not None and not traffic.sampled:
        requests = sum(count for revision, _, count in traffic.hours if revision == name)
    span = _span(report, name)
    seconds = max(LEAST, (span[1] - span[0]) // SECOND) if span else 0
    return Side(name, display.revision(name, report.services), requests, seconds)


def _span(report: Report, name: str) -> tuple[int, int] | None:
    return next(((first, last) for n, first, last in report.spans if n == name), None)


def _chance(change: Change, of: Comparison, report: Report) -> float:
    """Returns the probability of so large a difference, in its direction, under one common rate."""
    spread = _dispersion(change.cluster, of, report)
    before, after = of.exposure(of.a), of.exposure(of.b)
    more = excess(change.after, after, Baseline(change.before, before, spread))
    fewer = excess(change.before, before, Baseline(change.after, after, spread))
    return min(more, fewer)


def _judged(change: Change, of: Comparison, report: Report) -> Change:
    return replace(change, sure=_chance(change, of, report) < CHANCE)


def _changed(change: Change, of: Comparison, report: Report, tried: int) -> bool:
    before, after = of.exposure(of.a), of.exposure(of.b)
    if not before or not after:
        return False
    ratio = (change.after / after) / (change.before / before)
    if 1 / FACTOR < ratio < FACTOR:
        return False
    # Corrects for two directions and all problems tested (Bonferroni).
    return _chance(change, of, report) * 2 * tried < CHANCE


def _dispersion(cluster: Cluster, of: Comparison, report: Report) -> float:
    """Measures how much its hourly counts vary beyond chance while only one revision was up."""
    start = report.window.start // HOUR
    counts = {start + i: n for i, n in enumerate(cluster.histogram) if n}
    covered = seconds_of(report.window)
    hours = [_hours(report, side.revision) for side in (of.a, of.b)]
    alone = [hours[0] - hours[1], hours[1] - hours[0]]
    found = [1.0]
    for these in [each for each in alone if each] or [hours[0] | hours[1]]:
        read = {at: covered[at] for at in these if at in covered}
        if read:
            span = range(min(read), max(read) + 1)
            found.append(baseline(counts, read, span).dispersion)
    # The histogram counts entries, but an event of ten lines is one occurrence.
    lines = cluster.count / cluster.occurrences if cluster.occurrences else 1.0
    return max(1.0, max(found) / max(1.0, lines))


def _hours(report: Report, name: str) -> set[int]:
    span = _span(report, name)
    return set(range(span[0] // HOUR, span[1] // HOUR + 1)) if span else set()


def _by_root(changes: Sequence[Change], report: Report) -> tuple[Change, ...]:
    """Folds symptoms into a root that is in the same list."""
    here = {change.cluster.id for change in changes}
    roots = {s: i.root for i in report.incidents for s in i.symptoms if i.root in here}
    inside = [roots[change.cluster.id] for change in changes if change.cluster.id in roots]
    return tuple(
        replace(change, symptoms=inside.count(change.cluster.id))
        for change in changes
        if change.cluster.id not in roots
    )
