"""Decides whether a problem is back after its issue was closed.

The proof is the commit named by a revision's entries, if GitHub confirms that it contains the fix.
A revision without the fix proves nothing, whenever it started. If the commits are unknown, the
revision must have started after the close, and its start must have been observed. In doubt, the
problem counts as the old one.
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
"""A service's last lines arrive a little after its deletion; a revision starts after its deploy."""
SHORT = 8
"""How many digits of a commit to show."""


@dataclass(frozen=True, slots=True)
class RegressionVerdict:
    """The evidence of a cluster's revisions about its closed issue."""

    back: str = ""
    """The revision that proves the regression; empty if none does."""
    fix: str = ""
    """The commit of the fix contained in `back`; empty if the start time is the proof."""
    without: str = ""
    """A revision that logged the problem but lacks the fix; set only if nothing proves a
    regression."""


def verdict(
    cluster: Cluster, issue: IssueLink, total: Past, contains: Contains | None = None
) -> RegressionVerdict:
    """Returns the verdict for a closed issue.

    A commit that contains the fix is the stronger proof, so it is tried before start times.
    """
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
    """Returns whether a commit contains an issue's fix; None if unknown."""
    if contains is None or not commit or not issue.fixed_in:
        return None
    return contains(issue.repository, commit, issue.fixed_in)


def sentence(
    found: RegressionVerdict, issue: IssueLink, cluster: Cluster, timezone: str, now: int
) -> str:
    """Renders `back in 00599-abc, which started after #7 was closed (02:10)`, or why not."""
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
    """True if the first entry read of a revision is its first ever: its start was observed."""
    number = _number(name)
    for other, its in total.revisions.items():
        theirs = _number(other)
        if its.service == life.service and its.first <= closed and theirs >= number > 0:
            return False  # a later revision existed before: traffic was routed back
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
    """Returns `598` for `backend-00598-qss`; 0 for a revision with a custom name."""
    found = alike(revision)
    return found[1] if found else 0
