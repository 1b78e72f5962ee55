"""Cancels running analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks import replies
from blocks import report as report_blocks
from blocks.buttons import Act
from blocks.message import Message
from bot.core.commands.access import may_look
from bot.core.model.values import Window
from bot.runs import RunReading

if TYPE_CHECKING:
    from bot.asker import Asker
    from bot.toolbox import Toolbox


def cancel(wiring: Toolbox, asker: Asker, act: Act) -> None:
    """Removes the people who wait in this message; with nobody left, the reading stops."""
    environment = wiring.environment(act.environment)
    allowed = may_look(environment, asker.user, asker.channel, wiring.slack)
    if not allowed:
        _tell(wiring, asker, replies.note(allowed.sentence))
        return
    run = act.report or act.query
    left = False
    for who, want in wiring.runs.waiting(environment.name, run).items():
        theirs = want.ts == asker.message or (not want.ts and want.asker.user == asker.user)
        if want.asker.channel == asker.channel and theirs:
            wiring.runs.leave(environment.name, run, who)
            left = True
    if not left:
        _tell(wiring, asker, replies.note("Too late to stop: the report is on its way."))
        return
    now = wiring.now()
    reading = wiring.progress.reading(environment.name, run) or RunReading(Window(now, now), 0)
    message = report_blocks.cancelled(
        environment.name,
        reading.window,
        reading.read,
        Act("", environment.name, query=act.query),
        by=asker.user,
        now=now,
    )
    if asker.ephemeral:
        wiring.slack.respond(asker.response_url, message, replace=True)
    else:
        wiring.slack.update(asker.channel, asker.message, message)


def _tell(wiring: Toolbox, asker: Asker, message: Message) -> None:
    wiring.slack.tell(asker.user, message, channel=asker.channel, response_url=asker.response_url)
