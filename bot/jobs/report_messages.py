"""Which message shows which report: so that a decision is drawn wherever its card stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import structlog

from blocks import digest as digest_blocks
from blocks import report as report_blocks
from blocks.buttons import Act
from blocks.message import Message
from bot.adapters.slack.messenger import Gone
from bot.asker import Asker
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError
from bot.core.model.grouping_rules import Teaching
from bot.core.model.report import Card, Report
from bot.core.model.shown import KEPT, ShownMessage, ShownReport
from bot.core.model.values import HOUR, MINUTE
from bot.core.reports import digest as digests
from bot.toolbox import Toolbox

RECENT = 5 * MINUTE
"""A window that ended longer ago (nanoseconds) does not tell how the environment is now."""
OLD = HOUR
"""A newer report of the environment is preferred over one older than this (nanoseconds)."""

REPORT, FURTHER, DIGEST = "report", "further", "digest"
ELSEWHERE = "-"
"""As an act's message: the report does not stand in the message with the button."""

_log = structlog.get_logger(__name__)


def keep(
    tools: Toolbox,
    key: str,
    report: Report,
    typed: str,
    previous: str = "",
    *,
    latest: bool = True,
) -> None:
    """Stores a report under its key, with the question that gave it.

    `latest`: it tells how the environment is now; a file that somebody dropped does not.
    """
    environment = report.environment
    tools.reports.put(environment, key, report, KEPT)
    tools.shown.put(environment, key, ShownReport(typed, previous))
    tools.recent.add(environment, key, latest=latest)


def latest(tools: Toolbox, environment: str) -> Report | None:
    """The last report that shows how the environment is, as it was read."""
    key = tools.recent.latest(environment)
    return tools.reports.get(environment, key) if key else None


def tells_now(report: Report, environment: Environment) -> bool:
    """Whether a report tells how the environment is now: all of it, and up to now."""
    return (
        not report.partial
        and report.min_severity <= environment.min_severity
        and report.generated - report.window.end <= RECENT
    )


def query(environment: str, typed: str, key: str = "", *, message: str = "") -> Act:
    """What the buttons of a report carry. `message`: the one that shows it, if not theirs."""
    return Act("", environment, query=typed, report=key, message=message)


def fresh(tools: Toolbox, report: Report) -> Report:
    """With what people have decided by now."""
    return report.with_decisions(tools.decisions.all(report.environment))


def draw(tools: Toolbox, report: Report, typed: str, key: str, *, thread: bool = True) -> Message:
    """The report as a message, with its age where it has any. `thread`: more follows in one."""
    now = tools.now()
    age = now - report.generated
    return report_blocks.report(
        report,
        now=now,
        age=age if age >= MINUTE else None,
        query=query(report.environment, typed, key),
        more=thread,
    )


def redraw(tools: Toolbox, environment: str, act: Act, asker: Asker) -> None:
    """Draws every message anew that shows the report of this act, and the clicked one.

    What is gone is passed over: the decision stands, and the person is told of it in any case.
    """
    key = report_key(tools, environment, act, asker)
    stored = tools.reports.get(environment, key) if key else None
    if stored is None:
        return
    report = fresh(tools, stored)
    known = tools.shown.get(environment, key)
    typed = known.typed or act.query
    if asker.ephemeral and asker.response_url and asker.message == (act.message or asker.message):
        _try(
            lambda: tools.slack.respond(
                asker.response_url,
                draw(tools, report, typed, key, thread=False),
                replace=True,
            )
        )
    for place in known.places:
        message = _message(tools, report, typed, key, place, previous=known.previous)
        if message is not None:
            _try(partial(tools.slack.update, place.channel, place.ts, message))


def redraw_all(tools: Toolbox, environment: str, clusters: Collection[str]) -> None:
    """Draws the newest reports anew that show any of these clusters: nobody clicked anything."""
    nobody = Asker("", "", tools.now())
    for key in tools.recent.newest(environment):
        report = tools.reports.get(environment, key)
        if report is not None and any(c.id in clusters for c in report.clusters):
            redraw(tools, environment, query(environment, "", key), nobody)


def report_key(tools: Toolbox, environment: str, act: Act, asker: Asker) -> str:
    """The key of the report under which the button stands; empty where it is not known."""
    if act.report:
        return act.report
    return tools.shown.key_of(environment, asker.channel, act.message or asker.message)


def find_card(tools: Toolbox, act: Act, asker: Asker) -> tuple[Report, Card] | None:
    """The card of a cluster as it is now, and the report that has it; None where none has.

    The report under the message, unless that is old and a newer one has the cluster as well. A
    question for ten minutes shows few cards: one that it lacks is taken from a report before it.
    """
    environment = act.environment
    here = report_key(tools, environment, act, asker)
    current = tools.recent.latest(environment)
    found: list[tuple[Report, Card]] = []
    # Its own id first: in an older report a cluster stands for itself, whatever was taught since.
    teaching = Teaching(tools.rules.all(environment))
    ids = dict.fromkeys([act.cluster, *teaching.together(act.cluster)])
    others = tools.recent.newest(environment)
    for key in dict.fromkeys(k for k in (here, current, *others) if k):
        if found and key not in {here, current}:
            break
        report = tools.reports.get(environment, key)
        if report is None:
            continue
        report = fresh(tools, report)
        card = next((c for id_ in ids if (c := card_of(report, id_)) is not None), None)
        if card is not None:
            found.append((report, card))
    if len(found) == 2 and tools.now() - found[0][0].generated > OLD:
        return max(found, key=lambda each: each[0].generated)
    return found[0] if found else None


def card_of(report: Report, cluster: str) -> Card | None:
    """The card that shows a cluster: its own, or the incident's of which it is a symptom."""
    inside = None
    for card in report.cards:
        if cluster in (card.cluster.id, card.cluster.name):
            return card
        if any(cluster in (s.id, s.name) for s in card.symptoms):
            inside = card
    return inside


def _message(
    tools: Toolbox, report: Report, typed: str, key: str, place: ShownMessage, *, previous: str
) -> Message | None:
    now = tools.now()
    if place.kind == REPORT:
        return draw(tools, report, typed, key)
    if place.kind == FURTHER:
        drawn = report_blocks.further(report, now=now, query=query(report.environment, typed, key))
        return drawn[place.index] if place.index < len(drawn) else None
    before = tools.reports.get(report.environment, previous) if previous else None
    compared = digests.compare(
        before,
        report,
        tools.decisions.all(report.environment),
        now,
        fixes=tools.shown.fixes(report.environment, key),
    )
    return digest_blocks.digest(compared, now=now, query=query(report.environment, typed, key))


def _try(edit: Any) -> None:
    try:
        edit()
    except Gone:
        pass
    except GardenerError as error:
        _log.warning("a message was not drawn anew", why=str(error))


def names(tools: Toolbox, environment: str) -> Mapping[str, str]:
    """Cluster id → `C3`, of all that are remembered."""
    return {known.id: known.name for known in tools.registry.all(environment)}
