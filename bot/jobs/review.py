"""Review all: one form for a report's problems, then one action after the other."""

from __future__ import annotations

from typing import Any

import structlog

from blocks import buttons, replies
from blocks import review as blocks
from blocks.buttons import Act
from blocks.review import ReviewChoice, Row
from bot.adapters.slack.messenger import Gone
from bot.asker import Asker
from bot.core.expected.acknowledgement import holds
from bot.core.issues.orders import Filed
from bot.core.model.decisions import Acknowledgement
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, Refused, Unavailable
from bot.core.model.report import Card, Report
from bot.core.model.values import DAY, Priority
from bot.core.text.redact import redact
from bot.jobs import report_messages, worklog
from bot.jobs.common import answering, require, tell
from bot.jobs.decisions import may, seen_now, too_old
from bot.jobs.filing import DONE, Desk, beside
from bot.jobs.forms import in_form
from bot.toolbox import Toolbox

WORST = Priority.P3
"""Lowest priority that is listed."""
EXPECTED = 7 * DAY
"""How long an acknowledgement from the form lasts, in nanoseconds."""

_log = structlog.get_logger(__name__)


def fill_review(tools: Toolbox, *, asker: dict[str, object], act: str, view: str) -> None:
    """Fills the modal that the click opened (`view` is its id)."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    with in_form(tools, view, blocks.TITLE, wanted):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "file issues"))
        report = _report(tools, wanted, who)
        now = tools.now()
        cards = [
            card for card in report.cards if card.priority <= WORST and card.cluster.deleted is None
        ]
        filed = [card for card in cards if _is_filed(card)]
        expected = [
            card
            for card in cards
            if card not in filed and holds(card.cluster, card.occurrences, report.window, now)
        ]
        left = [card for card in cards if card not in filed and card not in expected]
        if not left:
            raise Refused(
                f"Nothing is left to review: of the problems from P0 to {WORST.name}, "
                f"{len(filed)} filed, {len(expected)} expected."
            )
        desk = Desk.open(tools, environment, report, who, wanted) if environment.github else None
        rows = [_row(tools, desk, card) for card in left]
        drawn = blocks.review(
            rows,
            desk.repository if desk else None,
            wanted,
            filed=len(filed),
            expected=len(expected),
        )
        tools.slack.update_view(view, drawn)


def submit_review(
    tools: Toolbox, *, asker: dict[str, object], act: str, view: str, said: dict[str, Any]
) -> None:
    """Carries out the choices, card by card. Idempotent. `said`: the submitted form."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    with answering(tools, who, again=wanted.of(buttons.REVIEW_ALL)):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "file issues"))
        chosen = [ReviewChoice(*each) for each in said["chosen"]]
        reason = str(said["reason"])
        work = _Work(tools, who, wanted, environment, view=view, reason=reason, total=len(chosen))
        work.show()
        try:
            for each in chosen:
                work.do(each)
        finally:  # one new worklog version for all of them
            worklog.decided(tools, environment.name, wanted, who)
        tell(tools, who, replies.note("Reviewed. " + "; ".join(work.done)[:2_500] + "."))


class _Work:
    """Carries out a review's choices; `done` has one line for each."""

    def __init__(
        self,
        tools: Toolbox,
        asker: Asker,
        act: Act,
        environment: Environment,
        *,
        view: str,
        reason: str,
        total: int,
    ) -> None:
        self.done: list[str] = []
        self._tools, self._asker, self._act = tools, asker, act
        self._environment, self._view = environment, view
        self._reason, self._total = reason, total
        self._desk: Desk | None = None
        self._stopped = ""
        """Why filing has stopped; empty while it goes on."""

    def do(self, chosen: ReviewChoice) -> None:
        """Carries out one choice. A failure becomes its line; the other choices go on."""
        act = self._act.of(buttons.REVIEW_ALL, chosen.cluster)
        found = report_messages.find_card(self._tools, act, self._asker)
        if found is None:
            self.done.append(too_old(self._environment.name).rstrip("."))
            return
        report, card = found
        try:
            result = self._carry_out(chosen, report, card)
        except Unavailable as error:
            self._stopped = result = f"not done: {error}".rstrip(".")
        except GardenerError as error:
            result = f"not done: {error}".rstrip(".")
        self.done.append(f"{card.cluster.name} {result}")
        report_messages.redraw(self._tools, self._environment.name, act, self._asker)
        self.show()

    def show(self) -> None:
        """Shows the progress in the form, if it is still open."""
        try:
            drawn = blocks.progress(self.done, self._total, self._act)
            self._tools.slack.update_view(self._view, drawn)
        except Gone:
            pass
        except GardenerError as error:
            _log.info("a review could not show how far it is", why=str(error))

    def _carry_out(self, chosen: ReviewChoice, report: Report, card: Card) -> str:
        if chosen.what == "expected":
            now = self._tools.now()
            acknowledgement = Acknowledgement(
                cluster=card.cluster.id,
                by=self._asker.user,
                reason=redact(self._reason),
                at=now,
                until=now + EXPECTED,
                channel=self._asker.channel,
            )
            acknowledgement = seen_now(
                self._tools, self._environment, acknowledgement, report, card
            )
            self._tools.decisions.put(self._environment.name, acknowledgement)
            return "is expected"
        if self._stopped:
            return self._stopped
        if self._desk is None or self._desk.report.generated != report.generated:
            self._desk = Desk.open(self._tools, self._environment, report, self._asker, self._act)
        outcome = self._desk.file(
            card,
            chosen.what,
            chosen.number or 0,
            nonce=f"{self._view}.{card.cluster.id}",
            beside=chosen.number if chosen.what == "new" else None,
        )
        if isinstance(outcome, Filed):
            return f"is {DONE[outcome.how]} #{outcome.link.number}"
        return f"is not confirmed yet: {outcome.message}".rstrip(".")


def _row(tools: Toolbox, desk: Desk | None, card: Card) -> Row:
    if desk is None or card.cluster.deleted is not None:
        return Row(card, fileable=False)
    related = desk.related(card)
    return Row(card, related[0] if related else None, beside(desk.issues, card, tools.secrets))


def _is_filed(card: Card) -> bool:
    decided = card.cluster.decisions
    return decided.pending is not None or (
        decided.issue is not None and decided.issue.state != "closed"
    )


def _report(tools: Toolbox, act: Act, asker: Asker) -> Report:
    """Returns the report under the message, or the latest if that has expired.

    Raises `Refused` if there is neither.
    """
    latest = tools.recent.latest(act.environment)
    for key in (report_messages.report_key(tools, act.environment, act, asker), latest):
        report = tools.reports.get(act.environment, key) if key else None
        if report is not None:
            return report_messages.fresh(tools, report)
    raise Refused(too_old(act.environment))
