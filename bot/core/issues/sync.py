"""The closed loop: what people did to an issue on GitHub, and what is worth saying there. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from bot.core.model.decisions import IssueLink
from bot.core.model.issue_memory import Fix, Told
from bot.core.model.report import Card, Report
from bot.core.model.values import DAY, HOUR, State
from bot.core.ports import Issue
from bot.core.reports.digest import per_day
from bot.core.trends.traffic import belongs

TENFOLD = 10.0
"""A rate that grew by this since it was last told is worth a new comment."""
STATUS_EVERY = HOUR
"""Nanoseconds between two edits of the status."""
REVISIONS = 60
"""Revisions that are remembered of one issue, the newest."""

_ISSUE = re.compile(r"/([\w.-]+/[\w.-]+)/issues/(\d+)$", re.ASCII)


def as_on_github(link: IssueLink, issue: Issue) -> IssueLink:
    """The link as the issue is now; the same value where nothing is new to a card."""
    known = link.labels or link.changed  # a link from before labels were remembered takes them
    changed = (
        link.changed
        or link.title != issue.title
        or issue.locked != link.locked
        or bool(known and set(link.labels) != set(issue.labels))
    )
    return replace(
        link,
        title=issue.title,
        state=issue.state,
        closed_at=issue.closed if issue.state == "closed" else None,
        fixed_in=link.fixed_in if issue.closed == link.closed_at else None,
        labels=link.labels if set(link.labels) == set(issue.labels) else issue.labels,
        locked=issue.locked,
        changed=changed,
    )


def transferred(link: IssueLink, url: str) -> IssueLink | None:
    """The link to where an issue was moved; None where the address is not an issue's."""
    found = _ISSUE.search(urlsplit(url).path)
    if found is None:
        return None
    before = link.moved_from or f"{link.repository}#{link.number}"
    return replace(
        link,
        repository=found[1],
        number=int(found[2]),
        url=url,
        moved_from=before,
        changed=True,
    )


@dataclass(frozen=True, slots=True)
class News:
    """Worth a comment of its own, once."""

    nonce: str
    """The same for the same news, however often it is looked at."""
    why: str
    regression: bool = False


def at_filing(number: int, card: Card, report: Report) -> Told:
    """What the issue's own text told."""
    rate = per_day(card.occurrences, report.window)
    return Told(
        number,
        per_day=rate,
        usual=rate,
        revisions=card.cluster.revisions[:REVISIONS],
        services=card.cluster.services,
        edited=report.generated,
    )


def news(told: Told, link: IssueLink, card: Card, report: Report) -> News | None:
    """What a new comment is for: a regression, a new revision, ten times the rate. Else None."""
    cluster = card.cluster
    rate = per_day(card.occurrences, report.window)
    fresh = [r for r in cluster.revisions if r not in told.revisions]
    if link.state == "closed":
        back = told.fix and told.fix in cluster.revisions
        if not (back or cluster.state is State.REGRESSED):
            return None
        revision = told.fix if back else next(reversed(fresh or cluster.revisions), "")
        return News(
            f"regressed-{revision or link.closed_at}",
            f"It is written again after this was closed, by {revision or 'the same revision'}.",
            regression=True,
        )
    if fresh and told.revisions:
        return News(f"revision-{fresh[0]}", f"Also in {fresh[0]}.")
    if told.per_day > 0 and rate >= TENFOLD * told.per_day:
        before, now = (f"{r:,.0f}" if r >= 10 else f"{r:.1g}" for r in (told.per_day, rate))
        return News(f"rate-{told.per_day:.3g}", f"Ten times as often: {before} → {now} a day.")
    return None


def after(told: Told, card: Card, report: Report) -> Told:
    """What is told once the comment for it is written."""
    cluster = card.cluster
    revisions = dict.fromkeys([*cluster.revisions, *told.revisions])
    return replace(
        told,
        per_day=per_day(card.occurrences, report.window),
        revisions=tuple(revisions)[:REVISIONS],
        services=cluster.services or told.services,
    )


def with_fix(
    told: Told,
    link: IssueLink,
    revisions: Mapping[str, int],
    has: Callable[[str], bool | None] = lambda _: None,
) -> Told:
    """The first revision with the fix, once there is one.

    `revisions`: when each was first seen (nanoseconds). `has` says of a revision whether its commit
    has the fix; where that is not known, one that was deployed after the close is taken to have it.
    """
    closed = link.closed_at or 0
    if link.state != "closed" or not closed:
        return replace(told, fix="", fix_seen=0, closed_at=0, verdict_at=0) if told.fix else told
    if told.fix and told.closed_at == closed:
        return told
    later = [
        (seen, name)
        for name, seen in revisions.items()
        if seen > closed and _of(name, told.services) and has(name) is not False
    ]
    if not later:
        return replace(told, fix="", fix_seen=0, closed_at=closed, verdict_at=0)
    seen, name = min(later)
    return replace(told, fix=name, fix_seen=seen, closed_at=closed, verdict_at=0)


def due(told: Iterable[tuple[str, Told]], now: int) -> Mapping[str, Fix]:
    """By cluster: the fixes of which a digest should say whether they held, once each."""
    return {
        cluster: Fix(each.fix, each.usual)
        for cluster, each in told
        if each.fix and not each.verdict_at and now - each.fix_seen >= DAY and each.usual > 0
    }


def _of(revision: str, services: tuple[str, ...]) -> bool:
    return not services or any(belongs(revision, service) for service in services)
