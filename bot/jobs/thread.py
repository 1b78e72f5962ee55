"""Fills a report's thread: further cards, the worklog, the chart."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from blocks import report as report_blocks
from bot.adapters.slack.messenger import Upload
from bot.asker import Asker
from bot.core.model.errors import GardenerError
from bot.core.model.report import Report
from bot.core.model.shown import FURTHER, ReportThread, ShownMessage
from bot.jobs import report_messages, worklog
from bot.toolbox import Toolbox

MOST = 5
"""Maximum messages with further cards; the worklog has all cards."""

_log = structlog.get_logger(__name__)


def fill(tools: Toolbox, asker: Asker, report: Report, run: str, *, key: str, ts: str) -> None:
    """Posts each part of the thread of a report's message (`ts`) once.

    A failing part does not affect the others: the report itself is delivered. If a worker is
    killed in between, the next one adds the missing parts.
    """
    environment = report.environment
    if not report.cards:
        return
    of_report = ReportThread(key, asker.channel, ts)
    there = list(tools.posted.parts(environment, of_report))
    root = asker.thread or ts

    def part(name: str, work: Callable[[], object]) -> object:
        if name in there:
            return None
        done = _part(work)
        there.append(name)
        tools.posted.put_parts(environment, of_report, there)
        return done

    now = tools.now()
    drawn = report_blocks.further(
        report, now=now, query=report_messages.query(environment, run, key)
    )
    for index, message in enumerate(drawn[:MOST]):
        post = partial(tools.slack.post, asker.channel, message, thread=root)
        where = part(f"further {index}", post)
        if where:
            place = ShownMessage(FURTHER, asker.channel, str(where), index)
            tools.shown.add(environment, key, place)
    channel = asker.channel
    part("worklog", partial(worklog.post, tools, report, key, channel=channel, root=root))
    if any(any(card.cluster.histogram) for card in report.cards):
        part("chart", lambda: tools.slack.upload(channel, root, [_chart(tools, report)]))


def _chart(tools: Toolbox, report: Report) -> Upload:
    drawn = tools.chart(report)
    name = worklog.name_of(report)
    title = f"Entries per hour, {name}"
    return Upload(f"chart {name}.png".replace(" ", "-"), drawn.png, title, drawn.alt)


def _part(work: Callable[[], object]) -> object:
    try:
        return work()
    except GardenerError as error:
        _log.warning("a part of the thread is missing", why=str(error))
        return None
