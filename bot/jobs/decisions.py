"""What people decide on a card: expected, on it, undo, a little more time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from blocks import buttons, modals, replies
from blocks.buttons import Act
from blocks.modals import Expected
from bot.adapters.asker import Asker
from bot.adapters.slack import Gone
from bot.adapters.toolbox import Toolbox
from bot.garden.access import may_act, may_administer
from bot.garden.agreement import suggested_rate
from bot.garden.errors import GardenerError, Refused
from bot.garden.model import (
    DAY,
    Acknowledgement,
    Claim,
    Decision,
    Environment,
    IssueLink,
    Snooze,
)
from bot.garden.words import duration
from bot.jobs import shown
from bot.jobs.common import answering, require, tell

EXTENDED = 7 * DAY
KINDS: dict[str, type[Decision]] = {
    buttons.UNDO_EXPECTED: Acknowledgement,
    buttons.UNDO_CLAIM: Claim,
    buttons.UNDO_SNOOZE: Snooze,
    buttons.UNDO_ISSUE: IssueLink,
}


# --- expected ------------------------------------------------------------------------------------


def fill_expected(tools: Toolbox, *, asker: dict[str, object], act: str, view: str) -> None:
    """Fills the modal that the click opened."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    try:
        with _in_view(tools, who, wanted, view, "Mark as expected"):
            environment = tools.environment(wanted.environment)
            require(_may(tools, environment, who, "mark as expected"))
            found = shown.find_card(tools, wanted, who)
            if found is None:
                raise Refused(_too_old(environment.name))
            report, card = found
            agreed = card.cluster.decisions.expected
            rate = suggested_rate(card.occurrences, report.window)
            span = duration(report.window.end - report.window.start)
            covered = f"Marked already: {agreed.reason}" if agreed else None
            newest = next(
                (r for r in report.revisions if r in card.cluster.revisions), None
            ) or next(iter(report.revisions), None)
            drawn = modals.expected(
                card,
                wanted,
                counts=[(card.occurrences, span)],
                per_day=rate,
                admin=bool(may_administer(environment, who.user, who.channel, tools.slack)),
                revision=newest,
                covered=covered,
            )
            tools.slack.update_view(view, drawn)
    except Gone:
        return  # closed before it was filled


def submit_expected(
    tools: Toolbox, *, asker: dict[str, object], act: str, said: dict[str, Any]
) -> None:
    """Stores what was agreed, and draws the card so."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    form = Expected(said["duration"], str(said["reason"]), bool(said["tell"]))
    with answering(tools, who, again=None):
        environment = tools.environment(wanted.environment)
        require(_may(tools, environment, who, "mark as expected"))
        if form.duration == "forever":
            require(may_administer(environment, who.user, who.channel, tools.slack))
        found = shown.find_card(tools, wanted, who)
        now = tools.now()
        agreed = Acknowledgement(
            cluster=found[1].cluster.id if found else wanted.cluster,
            by=who.user,
            reason=form.reason,
            at=now,
            until=now + {"7d": 7, "30d": 30}[form.duration] * DAY
            if form.duration in {"7d", "30d"}
            else None,
            until_revision=_revision(found) if form.duration == "revision" else None,
            tell=form.tell,
            per_day=suggested_rate(found[1].occurrences, found[0].window) if found else None,
            title=found[1].cluster.title if found else "",
        )
        if form.duration == "revision" and agreed.until_revision is None:
            raise Refused(f"Not saved: {_too_old(environment.name)}")
        name = found[1].cluster.name if found else ""
        _put(tools, who, wanted, environment, put=agreed, name=name)


def _revision(found: Any) -> str | None:
    if found is None:
        return None
    report, card = found
    return next(iter(report.revisions), None) or next(iter(card.cluster.revisions), None)


def extend(tools: Toolbox, asker: Asker, act: Act) -> None:
    """[Extend] of an agreement that ends soon: a week more."""
    environment = tools.environment(act.environment)
    require(_may(tools, environment, asker, "extend it"))
    known = tools.decisions.all(environment.name).get(act.cluster)
    name = _name(tools, act, asker)
    if known is None or known.expected is None:
        tell(tools, asker, replies.nothing_to_undo(name))
        return
    until = max(known.expected.until or tools.now(), tools.now()) + EXTENDED
    longer = replace(known.expected, until=until)
    _put(tools, asker, act, environment, put=longer, name=name)


# --- claim and undo ------------------------------------------------------------------------------


def mine(tools: Toolbox, asker: Asker, act: Act) -> None:
    """I'm on it."""
    environment = tools.environment(act.environment)
    require(_may(tools, environment, asker, "take it"))
    found = shown.find_card(tools, act, asker)
    cluster, name = act.cluster, "It"
    if found is not None:
        cluster, name = found[1].cluster.id, found[1].cluster.name
    claim = Claim(cluster, asker.user, tools.now())
    _put(tools, asker, act, environment, put=claim, name=name)


def undo(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Takes a decision back; `act.note` says which."""
    environment = tools.environment(act.environment)
    require(_may(tools, environment, asker, "take it back"))
    kind = KINDS.get(act.note)
    name = _name(tools, act, asker)
    gone = kind and tools.decisions.remove(environment.name, act.cluster, kind)
    message = replies.undone(act.note, name) if gone else replies.nothing_to_undo(name)
    shown.redraw(tools, environment.name, act, asker)
    tell(tools, asker, message)


def _put(
    tools: Toolbox, asker: Asker, act: Act, environment: Environment, *, put: Decision, name: str
) -> None:
    try:
        tools.decisions.put(environment.name, put)
    except GardenerError as error:
        raise type(error)(f"Not saved: {error} Nothing has changed.") from error
    shown.redraw(tools, environment.name, act, asker)
    message = replies.saved(
        put,
        name or "It",
        now=tools.now(),
        timezone=environment.timezone,
        query=replace(act, channel="", message="", thread=""),
    )
    tell(tools, asker, message)


def _may(tools: Toolbox, environment: Environment, asker: Asker, doing: str) -> Any:
    return may_act(environment, asker.user, asker.channel, tools.slack, doing=doing)


def _name(tools: Toolbox, act: Act, asker: Asker) -> str:
    found = shown.find_card(tools, act, asker)
    if found is not None:
        return found[1].cluster.name
    return shown.names(tools, act.environment).get(act.cluster, "It")


def _too_old(environment: str) -> str:
    return (
        "That report is too old for me to know its cards. "
        f"Run /gardener {environment} for a fresh one."
    )


# --- within a modal ------------------------------------------------------------------------------


class _in_view:  # noqa: N801 - reads as a statement: with _in_view(…)
    """Failures inside are shown in the modal, where the person is looking."""

    def __init__(self, tools: Toolbox, asker: Asker, act: Act, view: str, title: str) -> None:
        self._tools, self._asker, self._act = tools, asker, act
        self._view, self._title = view, title

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, GardenerError) or isinstance(error, Gone):
            return False
        shown_there = modals.notice(self._title, str(error), self._act)
        self._tools.slack.update_view(self._view, shown_there)
        return True


in_view = _in_view
too_old = _too_old
may = _may
name_of = _name
