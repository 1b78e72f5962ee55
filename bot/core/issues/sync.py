"""Syncs issues: what people changed on GitHub, and which changes to comment there. Pure."""

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
"""A rate that grew by this factor since the last comment is worth another."""
STATUS_EVERY = HOUR
"""Minimum nanoseconds between two edits of the status comment."""
REVISIONS = 60
"""How many revisions to remember per issue, the newest."""

_ISSUE = re.compile(r"/([\w.-]+/[\w.-]+)/issues/(\d+)$", re.ASCII)


def as_on_github(link: IssueLink, issue: Issue) -> IssueLink:
    """Updates a link from its issue; returns an equal value if nothing changed for the card."""
    known = link.labels or link.changed  # links stored before labels were tracked adopt them
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
        opened=issue.created or link.opened,
        closed_by=_closer(link, issue),
        labels=link.labels if set(link.labels) == set(issue.labels) else issue.labels,
        locked=issue.locked,
        changed=changed,
    )


def _closer(link: IssueLink, issue: Issue) -> str | None:
    if issue.state != "closed":
        return None
    return issue.closed_by or (link.closed_by if issue.closed == link.closed_at else None)


def transferred(link: IssueLink, url: str) -> IssueLink | None:
    """Returns the link to a moved issue; None if the URL is not an issue's."""
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
    """A change worth one comment."""

    nonce: str
    """Equal for the same change, however often it is examined."""
    why: str


def at_filing(number: int, card: Card, report: Report) -> Told:
    """Returns what the issue's own text mentions."""
    rate = per_day(card.occurrences, report.window)
    return Told(
        number,
        per_day=rate,
        usual=rate,
        revisions=card.cluster.revisions[:REVISIONS],
        services=card.cluster.services,
        edited=report.generated,
    )


def news(mentioned: Told, link: IssueLink, card: Card, report: Report) -> News | None:
    """Finds a reason to comment: a regression, a new revision, ten times the rate; else None."""
    cluster = card.cluster
    rate = per_day(card.occurrences, report.window)
    fresh = [r for r in cluster.revisions if r not in mentioned.revisions]
    if link.state == "closed":
        back = mentioned.fix and mentioned.fix in cluster.revisions
        if not (back or cluster.state is State.REGRESSED):
            return None
        revision = mentioned.fix if back else next(reversed(fresh or cluster.revisions), "")
        return News(
            f"regressed-{revision or link.closed_at}",
            f"It is written again after this was closed, by {revision or 'the same revision'}.",
        )
    if fresh and mentioned.revisions:
        return News(f"revision-{fresh[0]}", f"Also in {fresh[0]}.")
    if mentioned.per_day > 0 and rate >= TENFOLD * mentioned.per_day:
        before, now = (f"{r:,.0f}" if r >= 10 else f"{r:.1g}" for r in (mentioned.per_day, rate))
        return News(f"rate-{mentioned.per_day:.3g}", f"Ten times as often: {before} → {now} a day.")
    return None


def after(mentioned: Told, card: Card, report: Report) -> Told:
    """Returns what is mentioned once that comment is written."""
    cluster = card.cluster
    revisions = dict.fromkeys([*cluster.revisions, *mentioned.revisions])
    return replace(
        mentioned,
        per_day=per_day(card.occurrences, report.window),
        revisions=tuple(revisions)[:REVISIONS],
        services=cluster.services or mentioned.services,
    )


def with_fix(
    mentioned: Told,
    link: IssueLink,
    revisions: Mapping[str, int],
    has: Callable[[str], bool | None] = lambda _: None,
) -> Told:
    """Adds the first revision with the fix, once there is one.

    `revisions`: when each was first seen (nanoseconds). `has` returns whether a revision's commit
    contains the fix; if unknown, a revision deployed after the close counts as fixed.
    """
    closed = link.closed_at or 0
    if link.state != "closed" or not closed:
        return (
            replace(mentioned, fix="", fix_seen=0, closed_at=0, verdict_at=0)
            if mentioned.fix
            else mentioned
        )
    if mentioned.fix and mentioned.closed_at == closed:
        return mentioned
    later = [
        (seen, name)
        for name, seen in revisions.items()
        if seen > closed and _of(name, mentioned.services) and has(name) is not False
    ]
    if not later:
        return replace(mentioned, fix="", fix_seen=0, closed_at=closed, verdict_at=0)
    seen, name = min(later)
    return replace(mentioned, fix=name, fix_seen=seen, closed_at=closed, verdict_at=0)


def due(mentioned: Iterable[tuple[str, Told]], now: int) -> Mapping[str, Fix]:
    """Returns the fixes whose outcome a digest should report, by cluster, once each."""
    return {
        cluster: Fix(each.fix, each.usual)
        for cluster, each in mentioned
        if each.fix and not each.verdict_at and now - each.fix_seen >= DAY and each.usual > 0
    }


def _of(revision: str, services: tuple[str, ...]) -> bool:
    return not services or any(belongs(revision, service) for service in services)
