"""Marks reports that no longer show what is now: newer ones exist, or Google does not answer."""

from __future__ import annotations

from bot.core.model.environment import Environment
from bot.core.model.report import Report
from bot.core.model.shown import REMEMBERED, REPORT
from bot.jobs import report_messages
from bot.toolbox import Toolbox

MOST = 3
"""Older messages that one new report edits: Slack takes about one edit a second, and whoever reads
further up the channel has seen newer ones."""


def mark_older(tools: Toolbox, report: Report, key: str, channel: str, ts: str) -> None:
    """Says on the channel's older reports that this message has a newer one.

    Each message is edited once, at most `MOST` in all, the newest first. Only messages of the same
    conversation: a link into another may lead where its reader may not go.
    """
    environment = report.environment
    address: str | None = None
    edited = 0
    for older in tools.recent.newest(environment):
        known = tools.shown.get(environment, older)
        if older == key or not known.typed or channel in dict(known.newer):
            continue
        here = [
            place
            for place in known.places
            if place.channel == channel
            and place.ts != ts
            and place.kind in (REPORT, REMEMBERED)
            and tools.shown.key_of(environment, channel, place.ts) == older
        ]
        stored = tools.reports.get(environment, older) if here else None
        if stored is None or not replaces(report, stored):
            continue
        if address is None:
            address = tools.slack.permalink(channel, ts) or ""
        tools.shown.outdated(environment, older, channel, address)
        for place in here:
            report_messages.redraw_message(tools, environment, older, place)
            edited += 1
        if edited >= MOST:
            return


def replaces(newer: Report, older: Report) -> bool:
    """True if a report answers all that an older one did: its kind of window, as of later.

    Both windows must reach the time of reading, ask for the same services and severity, and the
    newer one must be as long. What was asked of a past window stays as it was.
    """
    return (
        older.generated < newer.generated
        and all(each.window.reaches(each.generated) for each in (newer, older))
        and (older.services, older.partial, older.min_severity)
        == (newer.services, newer.partial, newer.min_severity)
        and newer.window.seconds >= older.window.seconds - 60
    )


def last_known(tools: Toolbox, environment: Environment, run: str, *, whole: bool) -> str:
    """Returns the key of the newest stored report that answers a question; empty if none does.

    `whole`: the question is about the whole environment, so that its latest report will do.
    """
    for key in tools.recent.newest(environment.name):
        typed = tools.shown.get(environment.name, key).typed
        if typed == run and tools.reports.get(environment.name, key) is not None:
            return key
    return tools.recent.latest(environment.name) if whole else ""
