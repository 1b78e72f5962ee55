"""The App Home: environments, subscribed digests, and how to begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slack_sdk.models.blocks import DividerBlock, HeaderBlock, PlainTextObject
from slack_sdk.models.views import View as SlackView

from blocks import buttons, moments, parts
from blocks.buttons import Act
from blocks.card import Setting
from blocks.escape import channel, mrkdwn, user
from blocks.message import View
from blocks.report import counted
from bot.core.model.environment import Environment
from bot.core.model.errors import UsageError
from bot.core.model.report import Report
from bot.core.ports import Subscription
from bot.core.reports.digest_schedule import next_due
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

LISTED = 20


def home(
    environments: Sequence[Environment],
    subscriptions: Sequence[Subscription],
    *,
    now: int,
    latest: Mapping[str, Report] | None = None,
) -> View:
    """Renders the home tab. `latest`: the last cached report by environment."""
    found: list[Block] = [
        _header("Gardener"),
        parts.section(
            "Reads a service's log and says what to mend first. In a channel, type\n"
            "`/gardener staging 2d`"
            if not environments
            else "Reads a service's log and says what to mend first. In a channel, type "
            f"*/gardener {mrkdwn(environments[0].name, 60)} 2d*"
        ),
        DividerBlock(),
        _header("Environments"),
    ]
    if not environments:
        found.append(parts.section("None yet. An admin adds them to `gardener.toml`."))
    for each in environments[:LISTED]:
        found += _environment(each, (latest or {}).get(each.name), now)
    found += [DividerBlock(), _header("Digests")]
    if not subscriptions:
        name = mrkdwn(environments[0].name, 60) if environments else "staging"
        found.append(
            parts.section(f"None yet. In a channel: */gardener digest {name} 09:00 Europe/Berlin*")
        )
    for subscription in subscriptions[:LISTED]:
        found.append(parts.section(_subscription(subscription, now)))
    found.append(parts.context("*/gardener help* lists all commands."))
    return View(SlackView(type="home", blocks=found).to_dict())


def _environment(environment: Environment, report: Report | None, now: int) -> list[Block]:
    names = environment.names
    every = "what the filter finds" if environment.sources.filter else "all services"
    services = ", ".join(display.one_line(s) for s in names[:5]) or every
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    show = parts.button(
        "Report",
        Act(buttons.RUN, environment.name, query=f"{environment.name} 1d"),
        label=f"Report of {environment.name}, the last day",
    )
    small = [f"{services}{more}", f"from {environment.min_severity.name}"]
    if environment.github:
        small.append(f"issues in {environment.github}")
    if report is not None and report.cards:
        text = counted(report, Setting.of(report, now, Act("")))
        small.append(f"{text}, read {moments.clock(report.generated, now)}")
    return [
        parts.section(f"*{mrkdwn(environment.name, 60)}*", show),
        parts.context(parts.sentence(" · ".join(small), 600)),
    ]


def _subscription(subscription: Subscription, now: int) -> str:
    try:
        due = moments.since(next_due(subscription, now), now)
    except UsageError:
        due = "never: its time or zone is unreadable"
    return (
        f"*{mrkdwn(subscription.environment, 60)}* in {channel(subscription.channel)} at "
        f"{mrkdwn(subscription.at, 10)} {mrkdwn(subscription.timezone, 60)}, by "
        f"{user(subscription.by)}. Next: {due}"
    )


def _header(text: str) -> HeaderBlock:
    return HeaderBlock(text=PlainTextObject(text=text, emoji=False))
