"""The daily digest: what changed since the last one. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.core.expected.acknowledgement import (
    asleep,
    breach,
    holds,
    stopped,
)
from bot.core.model.decisions import Acknowledgement, Claim, Decisions, IssueLink
from bot.core.model.issue_memory import Fix
from bot.core.model.report import (
    Card,
    Cluster,
    Quiet,
    Report,
)
from bot.core.model.values import DAY, Priority, State, Window
from bot.core.reports.alarms import sends_nothing

WORSE_FACTOR = 3.0
"""A rate below three times the previous one is not worth waking anyone."""
WORSE_SIGMAS = 4.0
"""How far above chance the count must lie: under Poisson, once in some 30,000 quiet days."""
URGENT = Priority.P1
"""Problems of this priority or worse need a decision now."""


@dataclass(frozen=True, slots=True)
class Worse:
    """A known problem whose priority or rate rose, or whose acknowledgement broke."""

    card: Card
    before: Priority
    after: Priority
    rate_before_per_day: float
    rate_now_per_day: float
    broken: str | None = None
    """What broke its acknowledgement; None if nothing did, or if it had none."""

    @property
    def cluster(self) -> Cluster:
        """Returns the card's cluster, which is the root of an incident."""
        return self.card.cluster


@dataclass(frozen=True, slots=True)
class InHand:
    """A problem with an issue or an owner."""

    cluster: str
    name: str
    """`C3`; empty if neither this report nor the last has it."""
    title: str
    issue: IssueLink | None
    claim: Claim | None
    seen: int
    """Occurrences in this window."""
    expected: float | None
    """Occurrences expected from the last report's rate; None if that report did not have it."""
    fix: Fix | None = None
    """Set when the fix is to be judged; `expected` then uses the rate before the fix."""
    silent: Quiet | None = None
    """Set if its issue is open and it went quiet while traffic continued."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An acknowledgement that holds."""

    acknowledgement: Acknowledgement
    name: str
    """`C3`; empty if this window has none of it."""
    seen: int
    broken: str | None = None
    """Why it broke if this window has none of it: it went quiet."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What changed since the last digest; every card of the report is in exactly one list."""

    environment: str
    since: int
    """When the last digest's window ended; for a first digest, the start of its own window."""
    report: Report
    decide: tuple[Card, ...] = ()
    """Urgent problems that go on and that nobody has decided about, new or known."""
    new: tuple[Card, ...] = ()
    worse: tuple[Worse, ...] = ()
    same: tuple[Card, ...] = ()
    in_hand: tuple[InHand, ...] = ()
    ended: tuple[Card, ...] = ()
    """Problems of this window that do not go on, unless somebody has them in hand."""
    expected: tuple[Kept, ...] = ()
    gone: tuple[Cluster, ...] = ()
    first: bool = False
    """True if there was no digest before."""
    snoozed: tuple[Card, ...] = ()
    """Problems hidden for now at somebody's request."""
    outages: tuple[Card, ...] = ()
    """P0s that ended. They are named first, and are in `in_hand` or `ended` as well."""
    worst: Priority | None = None
    """The worst priority of what goes on; None if nothing does."""
    changed: bool = True
    """False if each of these problems was in the last digest, in the same condition."""

    @property
    def quiet(self) -> bool:
        """True if nothing needs attention and the window was read completely, with entries."""
        read = self.report.coverage
        changed = self.changed or self.report.silences
        logged = read.read > 0 or not self.report.counts_requests
        return not changed and read.complete and logged

    @property
    def silent(self) -> bool:
        """True if everything was read and services logged not one entry: an alarm."""
        return sends_nothing(self.report)


def compare(
    previous: Report | None,
    current: Report,
    known: Mapping[str, Decisions],
    now: int,
    *,
    first_seen: Mapping[str, int | None] | None = None,
    fixes: Mapping[str, Fix] | None = None,
) -> Digest:
    """Compares the last digest's report with the current one.

    `known`: all decisions of the environment by cluster id; they replace those in `current`.
    `first_seen`: when the registry first saw each cluster, if the caller knows; with it, a problem
    somebody already looked at this morning is still new in the digest; without it, the report's own
    state decides. `fixes`: by cluster, the fixes to be judged now.
    """
    current = current.with_decisions(known)
    since = previous.window.end if previous else current.window.start
    before = {c.cluster.id: c for c in previous.cards} if previous else {}
    inside = {c.id: c for c in previous.clusters} if previous else {}
    lists: dict[str, list[Card]] = {name: [] for name in _LISTS}
    worse: list[Worse] = []
    awake: list[Card] = []
    changed = False
    for card in current.cards:
        cluster = card.cluster
        if holds(cluster, card.occurrences, current.window, now):
            continue  # listed with the acknowledgements
        if asleep(cluster.decisions.snooze, cluster, now):
            lists["snoozed"].append(card)
            continue
        was = before.get(cluster.id)
        if was is None and cluster.id in inside:
            was = Card(inside[cluster.id])  # was a symptom then, stands alone now
        awake.append(card)
        over = card.ended is not None
        changed = changed or (over and (was is None or was.ended is None))
        grown = _worse(card, was, previous, current, now)
        if grown is not None and (not over or grown.broken is not None):
            worse.append(grown)
            continue
        new = not over and was is None and _is_new(cluster, since, first_seen)
        which = _list_of(card, new=new)
        if which is not None:
            changed = changed or new
            # New since the last digest, even if somebody already looked at it in between.
            lists[which].append(
                replace(card, cluster=replace(cluster, state=State.NEW)) if new else card
            )
    kept = _kept(current, known, now)
    listed = {w.cluster.id for w in worse} | {k.acknowledgement.cluster for k in kept}
    listed |= {c.cluster.id for c in lists["snoozed"]}
    in_hand = tuple(
        i for i in _in_hand(previous, current, known, fixes or {}) if i.cluster not in listed
    )
    gone = _gone(previous, current, known)
    return Digest(
        environment=current.environment,
        since=since,
        report=current,
        worse=tuple(worse),
        in_hand=in_hand,
        expected=kept,
        gone=gone,
        first=previous is None,
        outages=tuple(c for c in awake if c.priority is Priority.P0 and c.ended),
        worst=min((c.priority for c in awake if c.ended is None), default=None),
        changed=bool(changed or worse or gone or any(i.fix or i.silent for i in in_hand)),
        **{name: tuple(cards) for name, cards in lists.items()},
    )


_LISTS = ("decide", "new", "same", "ended", "snoozed")


def _list_of(card: Card, *, new: bool) -> str | None:
    """Returns the list of a card that got no worse; None: it is listed as in hand."""
    if card.cluster.decisions.issue or card.cluster.decisions.claim:
        return None
    if card.ended is not None:
        return "ended"
    if card.priority <= URGENT:
        return "decide"
    return "new" if new else "same"


def _is_new(cluster: Cluster, since: int, first_seen: Mapping[str, int | None] | None) -> bool:
    if cluster.deleted is not None:
        return False
    if cluster.state in (State.NEW, State.REGRESSED):
        return True
    ever = first_seen.get(cluster.id) if first_seen is not None else None
    return ever is not None and ever >= since


def _worse(
    card: Card, was: Card | None, previous: Report | None, current: Report, now: int
) -> Worse | None:
    acknowledgement = card.cluster.decisions.expected
    broken = (
        breach(acknowledgement, card.cluster, card.occurrences, current.window, now)
        if acknowledgement
        else None
    )
    if (
        broken
        and acknowledgement
        and was
        and previous
        and acknowledgement.at <= previous.window.start
    ):
        end = previous.window.end
        if breach(acknowledgement, was.cluster, was.occurrences, previous.window, end):
            broken = None  # already in the last digest
    after = card.priority
    rate_now = per_day(card.occurrences, current.window)
    if was is None or previous is None:
        # Only an acknowledgement proves that it was known before.
        if broken is None or acknowledgement is None:
            return None
        return Worse(card, after, after, acknowledgement.per_day or 0.0, rate_now, broken)
    rate_before = per_day(was.occurrences, previous.window)
    grew = (
        broken is not None
        or after < was.priority
        or card.cluster.state in (State.ESCALATING, State.REGRESSED)
        or _more(was.occurrences, previous.window, card.occurrences, current.window)
    )
    if not grew:
        return None
    return Worse(card, was.priority, after, rate_before, rate_now, broken)


def _more(n_before: int, before: Window, n_now: int, now: Window) -> bool:
    """True if a rate rose beyond chance: Poisson counts, compared on a square-root scale.

    sqrt(count) has a variance near 1/4 whatever the count (Anscombe), so the difference of two,
    scaled to equal time, is compared with a normal distribution.
    """
    if before.seconds <= 0 or now.seconds <= 0:
        return False
    ratio = now.seconds / before.seconds
    if n_now < WORSE_FACTOR * ratio * n_before:
        return False
    spread = 0.5 * math.sqrt(1 + ratio)
    rise = math.sqrt(n_now + 0.375) - math.sqrt(ratio * (n_before + 0.375))
    return rise > WORSE_SIGMAS * spread


def per_day(count: int, window: Window) -> float:
    """Returns occurrences per day; 0.0 for an empty window."""
    return count * DAY / (window.end - window.start) if window.end > window.start else 0.0


def _in_hand(
    previous: Report | None,
    current: Report,
    known: Mapping[str, Decisions],
    fixes: Mapping[str, Fix],
) -> tuple[InHand, ...]:
    now_cards = {c.cluster.id: c for c in current.cards}
    was_cards = {c.cluster.id: c for c in previous.cards} if previous else {}
    silences = {quiet.cluster: quiet for quiet in current.quiet}
    found = []
    for cluster_id, decided in known.items():
        issue, claim = decided.issue, decided.claim
        if issue is None and claim is None:
            continue
        card, was = now_cards.get(cluster_id), was_cards.get(cluster_id)
        if card is None and any(cluster_id == c.id for c in current.clusters):
            continue  # a symptom now, covered by its root's card
        # An incomplete read proves no fix.
        fix = fixes.get(cluster_id) if current.coverage.complete else None
        silent = None
        if issue is not None and issue.state == "open" and issue.symptom_of is None:
            silent = silences.get(cluster_id)
        over = card is None and was is None and (issue is None or issue.state == "closed")
        if over and fix is None:
            continue  # already reported as over
        shown = card or was
        name = shown.cluster.name if shown else silent.name if silent else ""
        expected = (
            per_day(was.occurrences, previous.window)
            * (current.window.end - current.window.start)
            / DAY
            if was and previous
            else None
        )
        if fix is not None:
            expected = fix.per_day * (current.window.end - current.window.start) / DAY
        found.append(
            InHand(
                cluster_id,
                name,
                shown.cluster.title if shown else issue.title if issue else "",
                issue,
                claim,
                card.occurrences if card else 0,
                expected,
                fix,
                silent,
            )
        )
    oldest = {i.cluster: i.issue.at if i.issue else i.claim.at if i.claim else 0 for i in found}
    return tuple(sorted(found, key=lambda i: (-i.seen, oldest[i.cluster], i.cluster)))


def _kept(current: Report, known: Mapping[str, Decisions], now: int) -> tuple[Kept, ...]:
    cards = {c.cluster.id: c for c in current.cards}
    inside = {c.id: c for c in current.clusters}
    found = []
    for cluster_id, decided in known.items():
        acknowledgement = decided.expected
        if acknowledgement is None:
            continue
        card, cluster = cards.get(cluster_id), inside.get(cluster_id)
        seen = card.occurrences if card else cluster.occurrences if cluster else 0
        if cluster is not None and not holds(cluster, seen, current.window, now):
            continue
        if cluster is None and acknowledgement.until is not None and now >= acknowledgement.until:
            continue
        silent = stopped(acknowledgement, current) if cluster is None else None
        why = silent.said if silent else None
        found.append(Kept(acknowledgement, cluster.name if cluster else "", seen, why))
    endless = 1 << 63
    return tuple(
        sorted(found, key=lambda k: (k.acknowledgement.until or endless, k.acknowledgement.cluster))
    )


def _gone(
    previous: Report | None, current: Report, known: Mapping[str, Decisions]
) -> tuple[Cluster, ...]:
    """Returns the last digest's problems that are absent now; empty if not everything was read.

    A service without any logs has not lost its problems, so an empty read yields nothing.
    What is in hand or expected is listed there instead.
    """
    if previous is None or not current.coverage.complete or current.coverage.read == 0:
        return ()
    still = {c.id for c in current.clusters}
    decided = {
        i for i, d in known.items() if d.issue is not None or d.claim is not None or d.expected
    }
    return tuple(
        c.cluster
        for c in previous.cards
        if c.cluster.id not in still
        and c.cluster.id not in decided
        and c.priority <= Priority.P7  # changes in platform noise are not worth reporting
    )
