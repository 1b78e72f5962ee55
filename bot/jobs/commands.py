"""Answers typed commands: /gardener, a mention and a direct message share one grammar."""

from __future__ import annotations

from collections.abc import Sequence

from blocks import buttons, evidence, replies
from blocks.buttons import Act
from blocks.message import Message
from bot.asker import Asker
from bot.core.commands.access import may_act, may_look, zone_of
from bot.core.commands.commands import (
    Analyze,
    Diff,
    DigestNow,
    DigestOff,
    DigestOn,
    ExpectedList,
    Help,
    Suggestion,
    WatchOff,
    WatchOn,
    Why,
)
from bot.core.commands.grouping_commands import RuleList, SameAs, SplitBy
from bot.core.commands.parser import default_environment, parse
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, UsageError
from bot.core.ports import Subscription
from bot.core.reports import digest_schedule
from bot.jobs import (
    acknowledgements,
    analysis,
    grouping,
    report_messages,
    revision_diff,
    watches,
)
from bot.jobs import (
    digests as digests_job,
)
from bot.jobs.common import NotAllowed, answering, require, tell
from bot.toolbox import Toolbox


def command(tools: Toolbox, *, asker: dict[str, object], text: str, refresh: bool = False) -> None:
    """Answers `/gardener TEXT`."""
    who = Asker.decode(asker)
    again = Act(buttons.RUN, query=text)
    with answering(tools, who, again=again):
        answer(tools, who, text, refresh=refresh)


def answer(tools: Toolbox, asker: Asker, text: str, *, refresh: bool = False) -> None:
    """Answers a command inside a job that handles errors itself. Raises `GardenerError`."""
    visible = _visible(tools, asker)
    last = tools.conversations.environment(asker.channel)
    default = default_environment(visible, asker.channel, _channel_name(tools, asker), last)
    zone = zone_of(asker.user, tools.slack)
    parsed = parse(text, environments=visible, default=default, now=tools.now(), timezone=zone)
    if isinstance(parsed, Suggestion | Help):
        tell(tools, asker, _reply(parsed, visible))
    elif isinstance(parsed, DigestOff):
        _digest_off(tools, asker, parsed)
    elif isinstance(parsed, WatchOff):
        watches.off(tools, asker, parsed)
    elif isinstance(parsed, Why):
        _why(tools, asker, parsed, parsed.environment or default, visible)
    elif isinstance(parsed, SameAs | SplitBy):
        where = grouping.environment_of(tools, parsed, default, visible)
        grouping.preview(tools, asker, parsed, where)
    else:
        environment = tools.environment(parsed.environment)
        tools.conversations.asked(asker.channel, environment.name)
        _of_environment(tools, asker, environment, parsed, refresh=refresh)


def _of_environment(
    tools: Toolbox, asker: Asker, environment: Environment, parsed: _OfEnvironment, *, refresh: bool
) -> None:
    match parsed:
        case Analyze():
            analysis.ask(tools, asker, parsed, refresh=refresh)
        case DigestOn():
            _digest_on(tools, asker, environment, parsed)
        case DigestNow():
            digests_job.ask(tools, asker, environment.name)
        case WatchOn():
            watches.on(tools, asker, environment, parsed)
        case ExpectedList():
            _expected(tools, asker, environment)
        case Diff():
            revision_diff.ask(tools, asker, environment, parsed)
        case RuleList():
            grouping.listed(tools, asker, environment)


_OfEnvironment = Analyze | DigestOn | DigestNow | WatchOn | ExpectedList | Diff | RuleList


def _reply(parsed: Suggestion | Help, visible: Sequence[Environment]) -> Message:
    """Draws the answer to what needs no environment."""
    if isinstance(parsed, Suggestion):
        return replies.wrong(parsed.sentence, parsed.command, Act(""))
    return replies.help_(visible, Act(""))


def _channel_name(tools: Toolbox, asker: Asker) -> str:
    """Looks up the channel's name: Slack's payloads lack it in events and private channels."""
    try:
        return tools.slack.place(asker.channel).name
    except GardenerError:
        return asker.channel_name


def _visible(tools: Toolbox, asker: Asker) -> list[Environment]:
    """Returns the environments that this person may ask about in this channel.

    Raises `NotAllowed` if there are none; its message gives the reason but names no environment.
    """
    refused = ""
    visible: list[Environment] = []
    for environment in tools.environments:
        access = may_look(environment, asker.user, asker.channel, tools.slack)
        if access:
            visible.append(environment)
        else:
            refused = refused or access.sentence
    if not visible and tools.environments:
        raise NotAllowed(refused)
    return visible


def _digest_on(tools: Toolbox, asker: Asker, environment: Environment, wanted: DigestOn) -> None:
    require(
        may_act(environment, asker.user, asker.channel, tools.slack, doing="subscribe to digests")
    )
    now = tools.now()
    subscription = Subscription(
        environment.name,
        asker.channel,
        wanted.at,
        wanted.timezone,
        asker.user,
        now,
        wanted.days,
    )
    due = digest_schedule.next_due(subscription, now)
    # Post before storing: if the bot may not post here, no digest could ever arrive.
    message = replies.subscribed(subscription, due, now=now)
    tools.slack.post(asker.channel, message)
    tools.subscriptions.put(subscription)


def _digest_off(tools: Toolbox, asker: Asker, wanted: DigestOff) -> None:
    if wanted.environment is not None:
        tools.environment(wanted.environment)
    removed = tools.subscriptions.remove(asker.channel, wanted.environment)
    message = replies.unsubscribed(removed)
    if removed:
        tools.slack.post(asker.channel, message)
    else:
        tell(tools, asker, message)


def _expected(tools: Toolbox, asker: Asker, environment: Environment) -> None:
    known = tools.decisions.all(environment.name)
    marked = [d.expected for d in known.values() if d.expected is not None]
    marked.sort(key=lambda each: each.at, reverse=True)
    names = report_messages.names(tools, environment.name)
    latest = tools.recent.latest(environment.name)
    report = tools.reports.get(environment.name, latest) if latest else None
    broken = {
        each.cluster: found.said
        for each in marked
        if report and (found := acknowledgements.broke(each, environment, report, tools.now()))
    }
    message = replies.expected_list(
        environment.name,
        marked,
        now=tools.now(),
        names=names,
        query=report_messages.query(
            environment.name, "", latest, message=report_messages.ELSEWHERE
        ),
        hits=acknowledgements.hits(tools, environment.name, marked),
        broken=broken,
    )
    tell(tools, asker, message)


def _why(
    tools: Toolbox, asker: Asker, wanted: Why, first: str | None, visible: list[Environment]
) -> None:
    order = [e.name for e in visible]
    if first is not None:
        order = [first] if wanted.environment else [first, *(n for n in order if n != first)]
    for name in order:
        cluster = tools.registry.find(name, wanted.name) or wanted.name
        here = tools.conversations.report(name, asker.channel)
        act = Act("", name, cluster=cluster, query="", report=here)
        found = report_messages.find_card(tools, act, Asker("", "", 0))
        if found is None:
            continue
        report, card = found
        of_card = card.cluster.id == cluster or card.cluster.name == wanted.name
        incident = card.incident if of_card else None
        inside = report.cluster(cluster) or card.cluster
        tell(tools, asker, evidence.why(inside, incident, report=report, now=tools.now()))
        return
    known = ", ".join(order)
    raise UsageError(
        f"I know no {wanted.name} in a recent report of {known}. "
        f"Run /gardener {order[0] if order else ''} first; the names stand on its cards."
    )
