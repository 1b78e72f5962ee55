"""Decisions on a card: acknowledge, extend, snooze, set a priority, claim, undo."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from blocks import (
    acknowledgements,
    buttons,
    modals,
    replies,
)
from blocks.buttons import Act
from blocks.message import Message
from blocks.modals import Expected
from bot.asker import Asker
from bot.core.commands.access import Answer, may_act, may_administer
from bot.core.expected.acknowledgement import observed, suggested_rate, watches
from bot.core.expected.fingerprints import VARIANTS, hashed
from bot.core.model.decisions import (
    Acknowledgement,
    Claim,
    Decision,
    Decisions,
    IssueLink,
    Override,
    Snooze,
)
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, Refused
from bot.core.model.report import Card, Report
from bot.core.model.values import DAY, Priority
from bot.core.text.display import duration
from bot.core.text.redact import redact
from bot.jobs import report_messages, worklog
from bot.jobs.common import answering, require, tell
from bot.jobs.forms import in_form
from bot.toolbox import Toolbox

TITLE = "Mark as expected"
EXTENDED = 7 * DAY
KINDS: dict[str, type[Decision]] = {
    buttons.UNDO_EXPECTED: Acknowledgement,
    buttons.UNDO_CLAIM: Claim,
    buttons.UNDO_SNOOZE: Snooze,
    buttons.UNDO_ISSUE: IssueLink,
    buttons.UNDO_PRIORITY: Override,
}


# --- expected ------------------------------------------------------------------------------------


def fill_expected(tools: Toolbox, *, asker: dict[str, object], act: str, view: str) -> None:
    """Fills the modal that the click opened (`view` is its id)."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    with in_form(tools, view, TITLE, wanted):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "mark as expected"))
        found = report_messages.find_card(tools, wanted, who)
        if found is None:
            raise Refused(too_old(environment.name))
        report, card = found
        acknowledgement = card.cluster.decisions.expected
        drawn = modals.expected(
            card,
            wanted,
            counts=[(card.occurrences, duration(report.window.end - report.window.start))],
            per_day=suggested_rate(card.occurrences, report.window),
            admin=bool(may_administer(environment, who.user, who.channel, tools.slack)),
            revision=_revision(found),
            watch=watches(card.cluster),
            covered=f"Marked already: {acknowledgement.reason}" if acknowledgement else None,
        )
        tools.slack.update_view(view, drawn)


def submit_expected(
    tools: Toolbox, *, asker: dict[str, object], act: str, said: dict[str, Any]
) -> None:
    """Stores the acknowledgement and redraws the card. `said`: the submitted form."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    form = Expected(said["duration"], str(said["reason"]), bool(said["tell"]))
    with answering(tools, who, again=None):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "mark as expected"))
        if form.duration == "forever":
            require(may_administer(environment, who.user, who.channel, tools.slack))
        found = report_messages.find_card(tools, wanted, who)
        now = tools.now()
        acknowledgement = Acknowledgement(
            cluster=found[1].cluster.id if found else wanted.cluster,
            by=who.user,
            reason=redact(form.reason),
            at=now,
            until=now + {"7d": 7, "30d": 30}[form.duration] * DAY
            if form.duration in {"7d", "30d"}
            else None,
            until_revision=_revision(found) if form.duration == "revision" else None,
            tell=form.tell,
            channel=who.channel,
        )
        if found:
            acknowledgement = seen_now(tools, environment, acknowledgement, *found)
        if form.duration == "revision" and acknowledgement.until_revision is None:
            raise Refused(f"Not saved: {too_old(environment.name)}")
        name = found[1].cluster.name if found else ""
        _put(tools, who, wanted, environment, decision=acknowledgement, name=name)


def seen_now(
    tools: Toolbox,
    environment: Environment,
    acknowledgement: Acknowledgement,
    report: Report,
    card: Card,
) -> Acknowledgement:
    """Adds what the report shows and the hashes of all known wordings to an acknowledgement."""
    made = observed(acknowledgement, card, report.window)
    if not made.variants:
        return made
    known = next((r for r in tools.registry.all(environment.name) if r.id == made.cluster), None)
    more = [hashed(tools.secrets[0], text) for text in known.masked] if known else []
    variants = tuple(dict.fromkeys([*made.variants, *more]))
    return replace(made, variants=variants if len(variants) <= VARIANTS else ())


def _revision(found: tuple[Report, Card] | None) -> str | None:
    """Returns the newest revision; a later one ends an acknowledgement or a snooze."""
    if found is None:
        return None
    report, card = found
    return next(iter(report.revisions), None) or next(iter(card.cluster.revisions), None)


def extend(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Handles [Extend]: prolongs an acknowledgement by `EXTENDED`."""
    environment = tools.environment(act.environment)
    require(may(tools, environment, asker, "extend it"))
    known = tools.decisions.all(environment.name).get(act.cluster)
    name = _name(tools, act, asker)
    if known is None or known.expected is None:
        tell(tools, asker, replies.nothing_to_undo(name))
        return
    until = max(known.expected.until or tools.now(), tools.now()) + EXTENDED
    longer = replace(known.expected, until=until)
    _put(tools, asker, act, environment, decision=longer, name=name)


# --- snooze and priority -------------------------------------------------------------------------


def fill_snooze(tools: Toolbox, *, asker: dict[str, object], act: str, view: str) -> None:
    """Fills the modal that *Snooze…* opened (`view` is its id)."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    with in_form(tools, view, acknowledgements.TITLE, wanted):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "snooze it"))
        found = report_messages.find_card(tools, wanted, who)
        if found is None:
            raise Refused(too_old(environment.name))
        form = acknowledgements.snooze_form(found[1], wanted, revision=_revision(found))
        tools.slack.update_view(view, form)


def submit_snooze(
    tools: Toolbox, *, asker: dict[str, object], act: str, until: str, priority: str
) -> None:
    """Stores the priority, or else the snooze, and redraws the card."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    with answering(tools, who, again=None):
        environment = tools.environment(wanted.environment)
        require(may(tools, environment, who, "snooze it"))
        found = report_messages.find_card(tools, wanted, who)
        if found is None:
            raise Refused(f"Not saved: {too_old(environment.name)}")
        cluster, now = found[1].cluster, tools.now()
        decision: Decision
        if priority:
            # Keep the priority from the rules, however often people change it.
            was = cluster.decisions.override
            before = was.was if was is not None else found[1].priority
            decision = Override(cluster.id, who.user, now, Priority[priority], before)
        elif until == acknowledgements.REVISION:
            decision = Snooze(cluster.id, who.user, now, until_revision=_revision(found))
        else:
            decision = Snooze(cluster.id, who.user, now, until=now + DAY)
        _put(tools, who, wanted, environment, decision=decision, name=cluster.name)


# --- claim and undo ------------------------------------------------------------------------------


def mine(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Handles *I'm on it*: the asker claims the cluster."""
    environment = tools.environment(act.environment)
    require(may(tools, environment, asker, "take it"))
    found = report_messages.find_card(tools, act, asker)
    cluster, name = act.cluster, "It"
    if found is not None:
        cluster, name = found[1].cluster.id, found[1].cluster.name
    claim = Claim(cluster, asker.user, tools.now())
    _put(tools, asker, act, environment, decision=claim, name=name)


def undo(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Undoes a decision; `act.note` is its kind."""
    environment = tools.environment(act.environment)
    require(may(tools, environment, asker, "take it back"))
    name = _name(tools, act, asker)
    if act.note == buttons.UNDO_UNLINK:
        message = _relinked(tools, environment.name, act.cluster, name)
    else:
        message = _undone(tools, environment.name, act, asker, name)
    report_messages.redraw(tools, environment.name, act, asker)
    worklog.decided(tools, environment.name, act, asker)
    tell(tools, asker, message)


def _undone(tools: Toolbox, environment: str, act: Act, asker: Asker, name: str) -> Message:
    kind = KINDS.get(act.note)
    link = tools.decisions.all(environment).get(act.cluster, Decisions()).issue
    if not kind or not tools.decisions.remove(environment, act.cluster, kind):
        return replies.nothing_to_undo(name)
    if kind is not IssueLink or link is None:
        return replies.undone(act.note, name)
    tools.unlinked.put(environment, link)
    here = replace(act, channel="", message=act.message or asker.message, thread="")
    return replies.undone(act.note, name, here, act.cluster)


def _relinked(tools: Toolbox, environment: str, cluster: str, name: str) -> Message:
    """Undoes *Unlink*, unless the cluster has another issue by now."""
    now = tools.decisions.all(environment).get(cluster, Decisions()).issue
    if now is not None:
        return replies.note(f"{name} has an issue: #{now.number} {now.title}. Nothing is changed.")
    link = tools.unlinked.get(environment, cluster)
    if link is None:
        return replies.nothing_to_undo(name)
    tools.decisions.put(environment, link)
    return replies.filed(link, name, "tied again to")


def _put(
    tools: Toolbox,
    asker: Asker,
    act: Act,
    environment: Environment,
    *,
    decision: Decision,
    name: str,
) -> None:
    try:
        tools.decisions.put(environment.name, decision)
    except GardenerError as error:
        raise type(error)(f"Not saved: {error} Nothing has changed.") from error
    report_messages.redraw(tools, environment.name, act, asker)
    worklog.decided(tools, environment.name, act, asker)
    message = replies.saved(
        decision,
        name or "It",
        now=tools.now(),
        # The message that shows the card, not the reply: [Undo] redraws it.
        query=replace(act, channel="", message=act.message or asker.message, thread=""),
    )
    tell(tools, asker, message)


def may(tools: Toolbox, environment: Environment, asker: Asker, doing: str) -> Answer:
    """Checks whether the asker may decide here; a refusal quotes `doing`."""
    return may_act(environment, asker.user, asker.channel, tools.slack, doing=doing)


def _name(tools: Toolbox, act: Act, asker: Asker) -> str:
    found = report_messages.find_card(tools, act, asker)
    if found is not None:
        return found[1].cluster.name
    return report_messages.names(tools, act.environment).get(act.cluster, "It")


def too_old(environment: str) -> str:
    """Explains that a card is in neither the report under the message nor a newer one."""
    return (
        "That report is too old for me to know its cards. "
        f"Run /gardener {environment} for a fresh one."
    )
