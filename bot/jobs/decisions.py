"""What people decide on a card: expected, on it, undo, a little more time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from blocks import buttons, modals, replies
from blocks.buttons import Act
from blocks.modals import Expected
from bot.adapters.asker import Asker
from bot.adapters.toolbox import Toolbox
from bot.garden.access import Answer, may_act, may_administer
from bot.garden.agreement import suggested_rate
from bot.garden.errors import GardenerError, Refused
from bot.garden.model import (
    DAY,
    Acknowledgement,
    Card,
    Claim,
    Decision,
    Environment,
    IssueLink,
    Report,
    Snooze,
)
from bot.garden.words import duration
from bot.jobs import shown
from bot.jobs.common import answering, require, tell
from bot.jobs.forms import in_form

TITLE = "Mark as expected"
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
    with in_form(tools, view, TITLE, wanted):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "mark as expected"))
        found = shown.find_card(tools, wanted, who)
        if found is None:
            raise Refused(too_old(environment.name))
        report, card = found
        agreed = card.cluster.decisions.expected
        drawn = modals.expected(
            card,
            wanted,
            counts=[(card.occurrences, duration(report.window.end - report.window.start))],
            per_day=suggested_rate(card.occurrences, report.window),
            admin=bool(may_administer(environment, who.user, who.channel, tools.slack)),
            revision=_revision(found),
            covered=f"Marked already: {agreed.reason}" if agreed else None,
        )
        tools.slack.update_view(view, drawn)


def submit_expected(
    tools: Toolbox, *, asker: dict[str, object], act: str, said: dict[str, Any]
) -> None:
    """Stores what was agreed, and draws the card so."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    form = Expected(said["duration"], str(said["reason"]), bool(said["tell"]))
    with answering(tools, who, again=None):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "mark as expected"))
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
            raise Refused(f"Not saved: {too_old(environment.name)}")
        name = found[1].cluster.name if found else ""
        _put(tools, who, wanted, environment, put=agreed, name=name)


def _revision(found: tuple[Report, Card] | None) -> str | None:
    """The newest, of which a later one ends the agreement."""
    if found is None:
        return None
    report, card = found
    return next(iter(report.revisions), None) or next(iter(card.cluster.revisions), None)


def extend(tools: Toolbox, asker: Asker, act: Act) -> None:
    """[Extend] of an agreement that ends soon: a week more."""
    environment = tools.environment(act.environment)
    require(may(tools, environment, asker, "extend it"))
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
    require(may(tools, environment, asker, "take it"))
    found = shown.find_card(tools, act, asker)
    cluster, name = act.cluster, "It"
    if found is not None:
        cluster, name = found[1].cluster.id, found[1].cluster.name
    claim = Claim(cluster, asker.user, tools.now())
    _put(tools, asker, act, environment, put=claim, name=name)


def undo(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Takes a decision back; `act.note` says which."""
    environment = tools.environment(act.environment)
    require(may(tools, environment, asker, "take it back"))
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
        # The message that shows the card, which is not this one: [Undo] draws that one anew.
        query=replace(act, channel="", message=act.message or asker.message, thread=""),
    )
    tell(tools, asker, message)


def may(tools: Toolbox, environment: Environment, asker: Asker, doing: str) -> Answer:
    """Whether they may decide here; `doing` stands in the sentence."""
    return may_act(environment, asker.user, asker.channel, tools.slack, doing=doing)


def _name(tools: Toolbox, act: Act, asker: Asker) -> str:
    found = shown.find_card(tools, act, asker)
    if found is not None:
        return found[1].cluster.name
    return shown.names(tools, act.environment).get(act.cluster, "It")


def too_old(environment: str) -> str:
    """A card that is neither in the report under the message nor in a newer one."""
    return (
        "That report is too old for me to know its cards. "
        f"Run /gardener {environment} for a fresh one."
    )
