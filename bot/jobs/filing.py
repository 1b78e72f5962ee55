"""Files issues on GitHub: fills the modal with a draft and related issues, then submits it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from blocks import buttons, modals, replies
from blocks.buttons import Act
from blocks.message import View
from bot.asker import Asker
from bot.core.issues import issue_text
from bot.core.issues.filing import Filing
from bot.core.issues.markers import bears
from bot.core.issues.orders import Filed, How, Order, Outcome
from bot.core.issues.related import Related, rank
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, Refused
from bot.core.model.report import Card, Report
from bot.core.model.values import DAY
from bot.core.ports import Issue, Repository
from bot.core.text import display
from bot.core.trends.states import deletion
from bot.jobs import github_sync, report_messages, worklog
from bot.jobs.common import answering, require, tell
from bot.jobs.decisions import may, too_old
from bot.jobs.forms import in_form
from bot.jobs.source_line import Origins
from bot.toolbox import Toolbox

TITLE = "File on GitHub"
LOOKED_AT = 100
"""Maximum number of issues compared with a card, the most recently updated."""
DONE = {
    How.CREATED: "filed as",
    How.FOUND: "filed already as",
    How.COMMENTED: "added to",
    How.REOPENED: "reopened as",
}

_log = structlog.get_logger(__name__)


def fill_filing(
    tools: Toolbox,
    *,
    asker: dict[str, object],
    act: str,
    view: str,
    choice: str | None = None,
    note: str = "",
) -> None:
    """Fills the modal that the click opened, or redraws it for another `choice`."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    with in_form(tools, view, TITLE, wanted):
        tools.slack.update_view(view, _drawn(tools, who, wanted, choice, note))


def _drawn(tools: Toolbox, asker: Asker, act: Act, choice: str | None, note: str) -> View:
    environment = tools.environment(act.environment)
    require(may(tools, environment, asker, "file issues"))
    repository_name = _repository(environment)
    found = report_messages.find_card(tools, act, asker)
    if found is None:
        raise Refused(too_old(environment.name))
    report, card = found
    refuse_deleted(tools, environment, card)
    known = card.cluster.decisions.issue
    if known is not None and known.state != "closed" and choice is None:
        report_messages.redraw(tools, environment.name, act, asker)
        raise Refused(
            f"{card.cluster.name} is filed already: #{known.number} {known.title}. {known.url}"
        )
    repository = tools.tracker.repository(repository_name)
    issues = tools.tracker.recent(repository.full_name, LOOKED_AT)
    related = rank(card, issues, tools.secrets, tools.now())
    origin = Origins(tools, environment.name, repository).of(card)
    draft = issue_text.draft(
        card,
        report,
        public=not repository.private,
        related=related,
        secret=tools.secrets[0],
        slack_url=_link(tools, act),
        source_url=origin.url,
    )
    comments = {
        kind: issue_text.comment(
            card,
            report,
            public=not repository.private,
            secret=tools.secrets[0],
            nonce="preview",
            slack_url=_link(tools, act),
            source_url=origin.url,
            regression=kind == "reopen",
        )
        for kind in ("add", "reopen")
    }
    # "New" refers to the issues shown now, however much later the form is submitted.
    act = replace(act, note=str(beside(issues, card, tools.secrets) or ""))
    return modals.filing(
        draft,
        related,
        repository,
        card,
        act,
        choice=choice,
        note=note,
        assignee=origin.assignee,
        comments=comments,
    )


def refuse_deleted(tools: Toolbox, environment: Environment, card: Card) -> None:
    """Raises `Refused` if the card's service was deleted, even after the report was made."""
    cluster, now = card.cluster, tools.now()
    past = tools.history.read(environment.name, now - DAY, now)
    has_events = any(event.service in cluster.services for event in past.events)
    gone = deletion(cluster, past, now) if has_events else cluster.deleted
    if gone is not None:
        services = " and ".join(cluster.services) or "its service"
        when = display.clock(gone, environment.timezone, now)
        raise Refused(
            f"{cluster.name} is not filed: {services} was deleted at {when}, "
            "so there is nothing to mend."
        )


def beside(issues: Sequence[Issue], card: Card, secrets: Sequence[bytes]) -> int | None:
    """Returns the number for `Order.beside`: issues up to it do not count as already filed.

    With an open marked issue: one below the newest, so that it is found. Otherwise the newest
    closed one, by its marker or from our store.
    """
    known = card.cluster.decisions.issue
    marked = [issue for issue in issues if bears(issue.body, card.cluster.id, secrets)]
    still_open = [issue.number for issue in marked if issue.state == "open"]
    if still_open:
        return max(still_open) - 1 or None
    closed = [issue.number for issue in marked]
    closed += [known.number] if known and known.state == "closed" else []
    return max(closed, default=None)


def submit_filing(
    tools: Toolbox, *, asker: dict[str, object], act: str, view: str, said: dict[str, Any]
) -> None:
    """Files, comments or reopens, exactly once, and redraws the card. `said`: the form."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    with answering(tools, who, again=wanted.of(buttons.CREATE_ISSUE, wanted.cluster)):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "file issues"))
        found = report_messages.find_card(tools, wanted, who)
        if found is None:
            raise Refused(f"Nothing was filed: {too_old(environment.name)}")
        report, card = found
        desk = Desk.open(tools, environment, report, who, wanted)
        outcome = desk.file(
            card,
            str(said["choice"]),
            int(said.get("number") or 0),
            title=str(said.get("title") or ""),
            labels=tuple(said.get("labels") or ()),
            note=str(said.get("note") or ""),
            nonce=view,
            beside=int(wanted.note) if wanted.note.isdecimal() else None,
        )
        _report_outcome(tools, who, wanted, environment, name=card.cluster.name, done=outcome)


@dataclass(frozen=True, slots=True)
class Desk:
    """What filing several cards of one report needs, looked up once."""

    tools: Toolbox
    report: Report
    repository: Repository
    issues: Sequence[Issue]
    origins: Origins
    asker: Asker
    act: Act
    slack_url: str | None

    @classmethod
    def open(
        cls, tools: Toolbox, environment: Environment, report: Report, asker: Asker, act: Act
    ) -> Desk:
        """Reads the repository and its recent issues. Raises `Refused` or `Unavailable`."""
        repository = tools.tracker.repository(_repository(environment))
        return cls(
            tools,
            report,
            repository,
            tools.tracker.recent(repository.full_name, LOOKED_AT),
            Origins(tools, environment.name, repository),
            asker,
            act,
            _link(tools, act),
        )

    def related(self, card: Card) -> tuple[Related, ...]:
        """Returns the issues that may be about the card, the most likely first."""
        return rank(card, self.issues, self.tools.secrets, self.tools.now())

    def file(
        self,
        card: Card,
        choice: str,
        number: int,
        *,
        title: str = "",
        labels: tuple[str, ...] = (),
        note: str = "",
        nonce: str,
        beside: int | None = None,
    ) -> Outcome:
        """Files a new issue, comments on issue `number`, or reopens it.

        `choice` is `new`, `add` or `reopen`. An empty `title` takes title and labels from the
        draft. Raises `Refused` or `Unavailable` if nothing was filed.
        """
        tools, report, secret = self.tools, self.report, self.tools.secrets[0]
        refuse_deleted(tools, tools.environment(report.environment), card)
        public, origin = not self.repository.private, self.origins.of(card)
        if choice == "new":
            draft = issue_text.draft(
                card,
                report,
                public=public,
                related=self.related(card),
                secret=secret,
                slack_url=self.slack_url,
                source_url=origin.url,
                note=note or None,
            )
            body, nonce = draft.body, ""
            if not title:
                title, labels = draft.title, draft.labels
        else:
            body = issue_text.comment(
                card,
                report,
                public=public,
                secret=secret,
                nonce=nonce,
                slack_url=self.slack_url,
                source_url=origin.url,
                note=note or None,
                regression=choice == "reopen",
            )
        order = Order(
            environment=report.environment,
            repository=self.repository.full_name,
            cluster=card.cluster.id,
            by=self.asker.user,
            body=body,
            public=public,
            title=title,
            labels=labels,
            assignees=(origin.assignee,) if origin.assignee else (),
            symptoms=tuple(s.id for s in card.symptoms),
            nonce=nonce,
            beside=beside,
            reply=_reply(self.asker, self.act, card.cluster.name),
        )
        filing = build(tools)
        if choice == "new":
            outcome = filing.file(order)
        elif choice == "add":
            outcome = filing.add_to(order, number)
        else:
            outcome = filing.reopen(order, number)
        if isinstance(outcome, Filed) and outcome.how is not How.FOUND:
            github_sync.remember(tools, report.environment, outcome.link, card, report)
        return outcome


def _report_outcome(
    tools: Toolbox, asker: Asker, act: Act, environment: Environment, *, name: str, done: Outcome
) -> None:
    report_messages.redraw(tools, environment.name, act, asker)
    worklog.decided(tools, environment.name, act, asker)
    if isinstance(done, Filed):
        tell(tools, asker, replies.filed(done.link, name, DONE[done.how]))
    else:
        tell(tools, asker, replies.note(done.message))


def reconcile(tools: Toolbox, *, environment: str) -> None:
    """Completes filings that GitHub did not confirm, and notifies whoever asked."""
    known = tools.environment(environment)
    for done in build(tools).reconcile(known.name):
        asker, act, name = _parse_reply(done.pending.reply, done.pending.by, tools.now())
        try:
            report_messages.redraw(tools, known.name, act, asker)
            worklog.decided(tools, known.name, act, asker)
            if isinstance(done.outcome, Filed):
                text = DONE[done.outcome.how]
                tell(tools, asker, replies.filed(done.outcome.link, name, text))
            elif done.failure:
                tell(tools, asker, replies.note(f"{name} is not filed. {done.failure}"))
        except GardenerError as error:
            _log.warning("somebody could not be told of an issue", why=str(error))


def build(tools: Toolbox) -> Filing:
    """Builds the filing use case from the toolbox."""
    return Filing(
        tools.tracker,
        tools.decisions,
        tools.locks,
        secrets=tools.secrets,
        now=tools.now,
        new_token=lambda: uuid.uuid4().hex,
        pause=time.sleep,
    )


def _repository(environment: Environment) -> str:
    if environment.github is None:
        raise Refused(
            f'{environment.name} has no repository: write github = "owner/name" under '
            f"[environments.{environment.name}] in gardener.toml."
        )
    return environment.github


def _link(tools: Toolbox, act: Act) -> str | None:
    if not act.channel or not act.message:
        return None
    return tools.slack.permalink(act.channel, act.message)


def _reply(asker: Asker, act: Act, name: str) -> str:
    """Encodes where to answer later, without the response_url, which is a secret."""
    return f"{asker.channel}\n{asker.thread}\n{name}\n{act.encode()}"


def _parse_reply(reply: str, by: str, now: int) -> tuple[Asker, Act, str]:
    parts = reply.split("\n", 3)
    if len(parts) != 4:
        return Asker(by, "", now), Act(""), "It"
    channel, thread, name, act = parts
    return Asker(by, "", now, channel, thread=thread), Act.decode(act), name
