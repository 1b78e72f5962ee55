"""Whether a problem is back after its issue was closed: never told where it may be the old one.

Proof is the commit that a revision's entries name, where GitHub says that the fix is in it. Where
the fix is not in it, the revision is no proof, whenever it started. Where that is not known, the
revision must have started after the close, and somebody must have seen it start.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.model.decisions import IssueLink
from bot.core.model.history import Lifetime, Past
from bot.core.model.report import Cluster
from bot.core.model.revision_names import alike
from bot.core.model.values import HOUR, MINUTE
from bot.core.ports import Contains
from bot.core.text import display

SETTLE = 10 * MINUTE
"""Lines of a service arrive a little after it was deleted; a revision starts after its deploy."""
SHORT = 8
"""Of a commit's digits so many are shown."""


@dataclass(frozen=True, slots=True)
class RegressionVerdict:
    """What its revisions say of a cluster whose issue is closed."""

    back: str = ""
    """The revision that proves it; empty: none does."""
    fix: str = ""
    """The commit of the fix that is in `back`; empty: its start proves it."""
    without: str = ""
    """A revision that wrote it and lacks the fix, where none proves anything."""


def verdict(
    cluster: Cluster, issue: IssueLink, total: Past, contains: Contains | None = None
) -> RegressionVerdict:
    """Of a closed issue. What the fix is in comes first: it is the stronger proof."""
    closed = issue.closed_at or 0
    seen_after = cluster.last_seen is not None and cluster.last_seen > closed
    by_time = without = ""
    for name in sorted(cluster.revisions):
        life = total.revisions.get(name)
        if life is None:
            continue
        has = has_fix(life.commit, issue, contains) if seen_after else None
        if has:
            return RegressionVerdict(name, issue.fixed_in or "")
        if has is False:
            without = without or name
        elif not by_time and life.first > closed and _started(name, life, closed, total):
            by_time = name
    return RegressionVerdict(by_time) if by_time else RegressionVerdict(without=without)


def has_fix(commit: str, issue: IssueLink, contains: Contains | None) -> bool | None:
    """Whether a commit has an issue's fix; None where that cannot be told."""
    if contains is None or not commit or not issue.fixed_in:
        return None
    return contains(issue.repository, commit, issue.fixed_in)


def sentence(
    found: RegressionVerdict, issue: IssueLink, cluster: Cluster, timezone: str, now: int
) -> str:
    """`back in 00599-abc, which started after #7 was closed (02:10)`, or why it is not back."""
    if found.fix:
        name = display.revision(found.back, cluster.services)
        return f"back in {name}, which has the fix of #{issue.number} ({found.fix[:SHORT]})"
    if found.back:
        name = display.revision(found.back, cluster.services)
        closed = display.clock(issue.closed_at or 0, timezone, now)
        return f"back in {name}, which started after #{issue.number} was closed ({closed})"
    if found.without:
        name = display.revision(found.without, cluster.services)
        fix = (issue.fixed_in or "")[:SHORT]
        return f"#{issue.number} is closed; its fix ({fix}) is not in {name}, which writes it"
    return f"#{issue.number} is closed; no revision is known to have started since that writes it"


def _started(name: str, life: Lifetime, closed: int, total: Past) -> bool:
    """Whether the first entry that was read of a revision is its first: we saw it start."""
    number = _number(name)
    for other, its in total.revisions.items():
        theirs = _number(other)
        if its.service == life.service and its.first <= closed and theirs >= number > 0:
            return False  # a later one was there before the close: traffic went back to this one
    deployed = any(
        e.kind == "deploy" and e.service == life.service and closed < e.at <= life.first + SETTLE
        for e in total.events
    )
    if deployed:
        return True
    return total.observed_between(min(closed, life.first), life.first) or (
        total.observed_between(life.first - HOUR, life.first)
        and any(
            its.service == life.service
            and its.first < life.first - HOUR
            and its.last >= life.first - HOUR
            and _number(other) < number
            for other, its in total.revisions.items()
        )
    )


def _number(revision: str) -> int:
    """`598` of `backend-00598-qss`; 0 of a revision that somebody named."""
    found = alike(revision)
    return found[1] if found else 0
