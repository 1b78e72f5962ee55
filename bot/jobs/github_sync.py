"""Syncs with GitHub every two minutes: issue states to the cards, news to the issues.

It never closes, reopens or creates an issue: only people do.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from bot.core.issues import issue_text
from bot.core.issues.markers import bears
from bot.core.issues.sync import (
    STATUS_EVERY,
    News,
    after,
    as_on_github,
    at_filing,
    due,
    news,
    transferred,
    with_fix,
)
from bot.core.model.decisions import Decisions, IssueLink
from bot.core.model.environment import Environment
from bot.core.model.errors import (
    GardenerError,
    Missing,
    Moved,
    Refused,
    UnknownOutcome,
)
from bot.core.model.issue_memory import Fix, Told
from bot.core.model.report import Card, Report
from bot.core.model.values import MINUTE
from bot.core.ports import Comment, Issue, Repository
from bot.core.trends.regression import has_fix
from bot.jobs import report_messages
from bot.toolbox import Toolbox

PERIOD = 120
"""Seconds between two syncs of an environment."""
LISTED = 100
"""Issues listed in one call, the most recently changed."""
LOOKED_AT = 10
"""Other issues read per sync, in rotation: 300 an hour of the 5,000 calls allowed."""
WRITTEN = 5
"""Maximum issues that get a comment or an edit per sync."""
YOUNG = 2 * MINUTE
"""A missing issue linked less than this ago (ns) is not deleted: GitHub's replicas lag."""
LATE = 10 * MINUTE
"""Nanoseconds after the close when an unknown fixing commit counts as none."""
REMEMBERED = 200
"""Maximum revisions remembered per environment, the newest."""

_log = structlog.get_logger(__name__)


def sync(tools: Toolbox, *, environment: str) -> None:
    """Syncs an environment. Issues that cannot be read keep their state until the next sync."""
    known = tools.environment(environment)
    decisions = tools.decisions.all(known.name)
    if known.github is None or not any(d.issue for d in decisions.values()):
        return
    lock, token = f"github:{known.name}", uuid.uuid4().hex
    if not tools.locks.once(lock, PERIOD, token):
        return  # another sync is running; two would write the same comment
    try:
        repository = tools.tracker.repository(known.github)
        _read_states(tools, known, repository, decisions)
        _write_news(tools, known, repository)
    finally:
        tools.locks.release(lock, token)


def remember(tools: Toolbox, environment: str, link: IssueLink, card: Card, report: Report) -> None:
    """Records what a filed issue's text already mentions, so that no comment repeats it."""
    mentioned = at_filing(link.number, card, report)
    before = tools.sync_memory.told(environment, card.cluster.id)
    if before is not None and before.number == link.number:
        mentioned = replace(after(before, card, report), usual=mentioned.usual)
    _keep(tools, environment, card.cluster.id, mentioned)


# --- from GitHub ---------------------------------------------------------------------------------


def _read_states(
    tools: Toolbox,
    known: Environment,
    repository: Repository,
    decisions: Mapping[str, Decisions],
) -> None:
    listed = {i.number: i for i in tools.tracker.recent(repository.full_name, LISTED)}
    here = {known.github, repository.full_name}
    changed: set[str] = set()
    others: list[tuple[str, int]] = []
    for _, decided in sorted(decisions.items()):
        link = decided.issue
        if link is None:
            continue
        if link.repository in here and link.number in listed:
            issue = listed[link.number]
            changed |= _put(tools, known.name, link, _now(tools, link, issue))
        else:
            others.append((link.repository, link.number))
    for where, number in _in_turn(tools, known.name, sorted(set(others))):
        changed |= _look(tools, known.name, where, number)
    if changed:
        report_messages.redraw_all(tools, known.name, changed)


def _look(tools: Toolbox, environment: str, repository: str, number: int) -> set[str]:
    """Reads an issue that was not listed (old, deleted or moved); returns changed clusters."""
    found: Issue | None = None
    moved = ""
    try:
        found = tools.tracker.issue(repository, number)
    except Missing:
        pass
    except Moved as error:
        moved = error.url
    except GardenerError as error:
        _log.info("an issue could not be looked at", issue=number, why=str(error))
        return set()
    changed: set[str] = set()
    for decided in tools.decisions.all(environment).values():
        link = decided.issue
        if link is None or (link.repository, link.number) != (repository, number):
            continue
        if found is not None:
            changed |= _put(tools, environment, link, _now(tools, link, found))
        elif moved:
            there = transferred(link, moved)
            changed |= _put(tools, environment, link, there or link)
        elif tools.now() - link.at >= YOUNG:
            _log.info("an issue was deleted on GitHub", issue=number, cluster=link.cluster)
            tools.decisions.remove(environment, link.cluster, IssueLink)
            tools.sync_memory.forget(environment, link.cluster)
            changed.add(link.cluster)
    return changed


def _now(tools: Toolbox, link: IssueLink, issue: Issue) -> IssueLink:
    return _closer(tools, _fixed(tools, as_on_github(link, issue)))


def _fixed(tools: Toolbox, link: IssueLink) -> IssueLink:
    """Adds the commit that closed the issue, empty if there is none.

    Searched for again until `LATE`, since GitHub may report it late.
    """
    if link.state != "closed" or link.closed_at is None or link.fixed_in is not None:
        return link
    try:
        commit = tools.tracker.fix(link.repository, link.number)
    except GardenerError as error:
        _log.info("what closed an issue could not be read", issue=link.number, why=str(error))
        return link
    if commit is None and tools.now() - link.closed_at < LATE:
        return link
    return replace(link, fixed_in=commit or "")


def _closer(tools: Toolbox, link: IssueLink) -> IssueLink:
    """Adds who closed the issue, which GitHub names only where one issue is asked for."""
    if link.state != "closed" or link.closed_by is not None:
        return link
    try:
        found = tools.tracker.issue(link.repository, link.number)
    except GardenerError as error:
        _log.info("who closed an issue could not be read", issue=link.number, why=str(error))
        return link
    return replace(link, closed_by=found.closed_by)


def _put(tools: Toolbox, environment: str, before: IssueLink, link: IssueLink) -> set[str]:
    if link == before:
        return set()
    current = tools.decisions.all(environment).get(before.cluster, Decisions()).issue
    if current != before:
        return set()  # changed by a person in the meantime; left to the next sync
    tools.decisions.put(environment, link)
    return {link.cluster}


def _in_turn(
    tools: Toolbox, environment: str, all_of_them: list[tuple[str, int]]
) -> list[tuple[str, int]]:
    if len(all_of_them) <= LOOKED_AT:
        return all_of_them
    start = tools.sync_memory.turn(environment) % len(all_of_them)
    tools.sync_memory.put_turn(environment, start + LOOKED_AT)
    return (all_of_them[start:] + all_of_them[:start])[:LOOKED_AT]


# --- to GitHub -----------------------------------------------------------------------------------


def _write_news(tools: Toolbox, known: Environment, repository: Repository) -> None:
    """Writes news from the latest report to the linked issues."""
    stored = report_messages.latest(tools, known.name)
    if stored is None:
        return
    report = report_messages.fresh(tools, stored)
    seen = _revisions(tools, report)
    commenter = _Commenter(tools, repository, report)
    contains, commits = tools.ancestry.of(known.name), dict(report.commits)
    for link, before in _links(tools, known.name):

        def has(revision: str, link: IssueLink = link) -> bool | None:
            return has_fix(commits.get(revision, ""), link, contains)

        mentioned = with_fix(before, link, seen, has)
        card = report_messages.card_of(report, link.cluster)
        if card is not None and card.cluster.id == link.cluster:
            here = link.repository in {known.github, repository.full_name}
            mentioned = commenter.comment(link, mentioned, card, may_write=here and not link.locked)
        _keep(tools, known.name, link.cluster, mentioned)


class _Commenter:
    """Writes comments to issues, from one report."""

    def __init__(self, tools: Toolbox, repository: Repository, report: Report) -> None:
        self._tools = tools
        self._repository = repository
        self._report = report
        self._written = 0

    def comment(self, link: IssueLink, mentioned: Told, card: Card, *, may_write: bool) -> Told:
        """Comments on news and updates the status comment if due; returns what is mentioned now.

        A failed write is retried at the next sync.
        """
        report = self._report
        if not mentioned.revisions:  # filed by a version that did not record it
            mentioned = replace(at_filing(link.number, card, report), edited=mentioned.edited)
        rate = after(mentioned, card, report).per_day
        if link.state == "open" and rate:
            mentioned = replace(mentioned, usual=rate)
        why = news(mentioned, link, card, report)
        stale = link.state == "open" and report.generated - mentioned.edited >= STATUS_EVERY
        if not may_write or (why is None and not stale) or self._written >= WRITTEN:
            return mentioned
        self._written += 1
        try:
            name = self._repository.full_name
            comments = self._tools.tracker.comments(name, link.number)
            if why is not None:
                self._news(link, card, why, comments)
                mentioned = after(mentioned, card, report)
            if stale:
                self._status(link, card, comments)
                mentioned = replace(mentioned, edited=report.generated)
        except UnknownOutcome as error:
            _log.info("a comment is not confirmed; its marker is looked for", why=str(error))
        except Refused as error:
            _log.warning("an issue takes no comment", issue=link.number, why=str(error))
        except GardenerError as error:
            _log.info("an issue was not told", issue=link.number, why=str(error))
        return mentioned

    def _news(self, link: IssueLink, card: Card, why: News, comments: Sequence[Comment]) -> None:
        secrets = self._tools.secrets
        if any(bears(comment.body, link.cluster, secrets, why.nonce) for comment in comments):
            return
        body = issue_text.comment(
            card,
            self._report,
            public=not self._repository.private,
            secret=secrets[0],
            nonce=why.nonce,
            why=why.why,
        )
        self._tools.tracker.comment(self._repository.full_name, link.number, body)

    def _status(self, link: IssueLink, card: Card, comments: Sequence[Comment]) -> None:
        secrets, name = self._tools.secrets, self._repository.full_name
        body = issue_text.status(
            card,
            self._report,
            secret=secrets[0],
            public=not self._repository.private,
            at=self._report.generated,
        )
        for comment in comments:
            if bears(comment.body, link.cluster, secrets, issue_text.STATUS):
                self._tools.tracker.edit_comment(name, comment.id, body)
                return
        self._tools.tracker.comment(name, link.number, body)


# --- what issues mention -------------------------------------------------------------------------


def fixes(tools: Toolbox, environment: str) -> Mapping[str, Fix]:
    """Returns the fixes to report in the next digest, by cluster id."""
    pairs = ((link.cluster, mentioned) for link, mentioned in _links(tools, environment))
    return due(pairs, tools.now())


def verdict_told(tools: Toolbox, environment: str, clusters: Mapping[str, Fix]) -> None:
    """Records that a digest has reported whether these fixes held."""
    for cluster in clusters:
        mentioned = tools.sync_memory.told(environment, cluster)
        if mentioned is not None:
            _keep(tools, environment, cluster, replace(mentioned, verdict_at=tools.now()))


def _links(tools: Toolbox, environment: str) -> Iterator[tuple[IssueLink, Told]]:
    """Yields issue links, except those of symptoms, with what each issue mentions."""
    for cluster, decided in sorted(tools.decisions.all(environment).items()):
        link = decided.issue
        if link is None or link.symptom_of is not None:
            continue
        mentioned = tools.sync_memory.told(environment, cluster)
        if mentioned is None or mentioned.number != link.number:
            mentioned = Told(link.number)
        yield link, mentioned


def _revisions(tools: Toolbox, report: Report) -> Mapping[str, int]:
    """Returns when each revision was first seen (ns); 0 for those of the first report."""
    before = tools.sync_memory.revisions(report.environment)
    known = dict(before or {})
    fresh = [r for r in report.revisions if r not in known]
    if fresh:
        known.update(dict.fromkeys(fresh, report.generated if before is not None else 0))
        newest = sorted(known.items(), key=lambda item: -item[1])[:REMEMBERED]
        known = dict(newest)
        tools.sync_memory.put_revisions(report.environment, known)
    return known


def _keep(tools: Toolbox, environment: str, cluster: str, mentioned: Told) -> None:
    if mentioned != tools.sync_memory.told(environment, cluster):
        tools.sync_memory.put_told(environment, cluster, mentioned)
