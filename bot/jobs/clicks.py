"""Handles clicks on cards, reports and digests: one function per kind of button."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from blocks import buttons, evidence, replies
from blocks import home as home_blocks
from blocks.buttons import Act
from bot.asker import Asker
from bot.core.commands.access import may_act, may_look
from bot.core.model.errors import Refused, UsageError
from bot.core.model.report import Card, Report
from bot.core.model.shown import EvidencePost
from bot.jobs import (
    commands,
    decisions,
    digests,
    grouping,
    report_messages,
)
from bot.jobs.common import answering, require, tell
from bot.toolbox import Toolbox

Click = Callable[[Toolbox, Asker, Act], None]


def click(tools: Toolbox, *, asker: dict[str, object], act: str) -> None:
    """Carries out a button or menu entry. `act` is an encoded `Act`."""
    who, wanted = Asker.decode(asker), Act.decode(act)
    with answering(tools, who, again=wanted):
        work = CLICKS.get(wanted.kind)
        if work is None:
            raise UsageError(
                "This button is older than I am. Run /gardener again for a fresh report."
            )
        work(tools, who, wanted)


def _run(tools: Toolbox, asker: Asker, act: Act) -> None:
    if not asker.channel:  # from the home tab: answer in the direct message
        asker = replace(asker, channel=tools.slack.direct(asker.user))
    commands.answer(tools, asker, act.query)


def _refresh(tools: Toolbox, asker: Asker, act: Act) -> None:
    commands.answer(tools, asker, act.query, refresh=True)


def _why(tools: Toolbox, asker: Asker, act: Act) -> None:
    environment = tools.environment(act.environment)
    require(may_look(environment, asker.user, asker.channel, tools.slack))
    report, card = _card(tools, act, asker)
    message = evidence.why(card.cluster, card.incident, report=report, now=tools.now())
    tell(tools, asker, message)


def _evidence(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Posts a cluster's evidence in the report's thread, once; to the asker if it was ephemeral."""
    environment = tools.environment(act.environment)
    require(may_look(environment, asker.user, asker.channel, tools.slack))
    report, card = _card(tools, act, asker)
    key = report_messages.report_key(tools, environment.name, act, asker)
    typed = tools.shown.get(environment.name, key).typed or act.query
    query = report_messages.query(environment.name, typed, key)
    message = evidence.evidence(card, report, now=tools.now(), query=query)
    if asker.ephemeral or not asker.message:
        tell(tools, asker, message)
        return
    root = asker.thread or asker.message
    evidence_post = EvidencePost(key, card.cluster.id, asker.channel, root)
    posted = tools.posted.get(environment.name, evidence_post)
    if posted is not None:
        url = tools.slack.permalink(asker.channel, posted)
        note = f"The evidence for {card.cluster.name} is in the thread already."
        tell(tools, asker, replies.note(f"{note} {url}" if url else note))
        return
    ts = tools.slack.post(asker.channel, message, thread=root)
    tools.posted.put(environment.name, evidence_post, ts)


def _unsubscribe(tools: Toolbox, asker: Asker, act: Act) -> None:
    environment = tools.environment(act.environment)
    require(may_act(environment, asker.user, asker.channel, tools.slack, doing="stop the digest"))
    removed = digests.unsubscribe(tools, asker, environment.name)
    message = replies.unsubscribed(removed)
    if removed and not asker.ephemeral:
        tools.slack.post(asker.channel, message)
    else:
        tell(tools, asker, message)


def _card(tools: Toolbox, act: Act, asker: Asker) -> tuple[Report, Card]:
    found = report_messages.find_card(tools, act, asker)
    if found is None:
        raise Refused(decisions.too_old(act.environment))
    return found


CLICKS: Mapping[str, Click] = {
    buttons.RUN: _run,
    buttons.REFRESH: _refresh,
    buttons.WHY: _why,
    buttons.EVIDENCE: _evidence,
    buttons.MINE: decisions.mine,
    buttons.UNDO: decisions.undo,
    buttons.EXTEND: decisions.extend,
    buttons.UNSUBSCRIBE: _unsubscribe,
    buttons.REGROUP: grouping.regroup,
    buttons.TEACH: grouping.confirm,
    buttons.UNTEACH: grouping.undo,
}


def home(tools: Toolbox, *, user: str) -> None:
    """Publishes a user's home tab, with only the environments that they may see."""
    direct = tools.slack.direct(user)
    visible = [e for e in tools.environments if may_look(e, user, direct, tools.slack)]
    names = {e.name for e in visible}
    latest: dict[str, Report] = {}
    for environment in visible:
        report = report_messages.latest(tools, environment.name)
        if report is not None:
            latest[environment.name] = report_messages.fresh(tools, report)
    subscriptions = [s for s in tools.subscriptions.all() if s.environment in names]
    tools.slack.publish_home(
        user, home_blocks.home(visible, subscriptions, now=tools.now(), latest=latest)
    )
