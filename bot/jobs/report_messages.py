"""Tracks which messages show which report, so that a decision updates all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from blocks import digest as digest_blocks
from blocks import moments
from blocks import report as report_blocks
from blocks import watch as watch_blocks
from blocks.buttons import Act
from blocks.message import Message
from blocks.report import Dated
from bot.adapters.slack.messenger import Gone
from bot.asker import Asker
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError
from bot.core.model.grouping_rules import Teaching
from bot.core.model.report import Card, Report
from bot.core.model.shown import (
    ALERT,
    FURTHER,
    KEPT,
    REMEMBERED,
    REPORT,
    ShownMessage,
    ShownReport,
)
from bot.core.model.values import HOUR, MINUTE
from bot.core.reports import digest as digests
from bot.core.text import display
from bot.toolbox import Toolbox

OLD = HOUR
"""Age in nanoseconds above which a newer report is preferred."""

ELSEWHERE = "-"
"""An act's message if the one with the button does not show the report."""

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
    """Stores a report under its key, with the command that produced it (`typed`).

    `previous` is the key of the report that a digest compares with. `latest`: it shows the
    environment's current state, as a dropped file does not.
    """
    environment = report.environment
    tools.reports.put(environment, key, report, KEPT)
    tools.shown.put(environment, key, ShownReport(typed, previous))
    tools.recent.add(environment, key, latest=latest)


def latest(tools: Toolbox, environment: str) -> Report | None:
    """Returns the latest report of an environment's current state, as it was stored."""
    key = tools.recent.latest(environment)
    return tools.reports.get(environment, key) if key else None


def with_known_services(tools: Toolbox, report: Report) -> Report:
    """Adds the names of the last report's services where the environment lists none."""
    if report.known or not report.partial:
        return report
    last = latest(tools, report.environment)
    return replace(report, known=last.services) if last else report


def tells_now(report: Report, environment: Environment) -> bool:
    """True if a report covers the whole environment, up to now."""
    return (
        not report.partial
        and report.min_severity <= environment.min_severity
        and report.window.reaches(report.generated)
    )


def typed(report: Report) -> str:
    """Returns the command that reads the report's window, for [Show all]."""
    hours = max(1, -(-(report.window.end - report.window.start) // HOUR))
    length = f"{hours // 24}d" if hours % 24 == 0 else f"{min(hours, 720)}h"
    return f"{report.environment} {length}"


def query(environment: str, typed: str, key: str = "", *, message: str = "") -> Act:
    """Builds the act in a report's buttons. `message`: the one that shows it, if another."""
    return Act("", environment, query=typed, report=key, message=message)


def fresh(tools: Toolbox, report: Report) -> Report:
    """Returns the report with the current decisions."""
    return report.with_decisions(tools.decisions.all(report.environment))


def draw(
    tools: Toolbox,
    report: Report,
    typed: str,
    key: str,
    *,
    thread: bool = True,
    dated: Dated | None = None,
) -> Message:
    """Draws a report, with its age from a minute on. `thread`: more follows in its thread.

    `dated`: why it does not show what is now.
    """
    now = tools.now()
    age = now - report.generated
    return report_blocks.report(
        report,
        now=now,
        age=age if age >= MINUTE else None,
        query=query(report.environment, typed, key),
        more=thread,
        dated=dated,
    )


def remembered(report: Report, now: int, why: str = "") -> Dated:
    """Returns why a report from memory is shown: Google does not answer. `why`: more sentences."""
    when = moments.since(report.generated, now)
    age = display.ago(max(0, now - report.generated))
    return Dated(f"As of {when}, {age}: Google does not answer", below=why)


def outdated(report: Report, address: str, now: int) -> Dated:
    """Returns why a report is out of date: the channel has a newer one, at `address`."""
    when = moments.since(report.generated, now)
    return Dated(f"Out of date, as of {when}", address)


def redraw(tools: Toolbox, environment: str, act: Act, asker: Asker) -> None:
    """Redraws every message that shows the act's report, and the clicked one.

    Deleted messages are skipped: the decision is stored and the person gets a reply anyway.
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
        if tools.shown.key_of(environment, place.channel, place.ts) in ("", key):
            _redraw_one(tools, report, typed, key, place)


def redraw_message(tools: Toolbox, environment: str, key: str, place: ShownMessage) -> None:
    """Redraws one message that shows a report."""
    stored = tools.reports.get(environment, key)
    if stored is not None:
        typed = tools.shown.get(environment, key).typed
        _redraw_one(tools, fresh(tools, stored), typed, key, place)


def _redraw_one(tools: Toolbox, report: Report, typed: str, key: str, place: ShownMessage) -> None:
    message = _message(tools, report, typed, key, place)
    if message is not None:
        _try(partial(tools.slack.update, place.channel, place.ts, message))


def redraw_all(tools: Toolbox, environment: str, clusters: Collection[str]) -> None:
    """Redraws the newest reports that contain any of these clusters, without a click."""
    nobody = Asker("", "", tools.now())
    for key in tools.recent.newest(environment):
        report = tools.reports.get(environment, key)
        if report is not None and any(c.id in clusters for c in report.clusters):
            redraw(tools, environment, query(environment, "", key), nobody)


def report_key(tools: Toolbox, environment: str, act: Act, asker: Asker) -> str:
    """Returns the key of the report that the act belongs to; empty if unknown."""
    if act.report:
        return act.report
    return tools.shown.key_of(environment, asker.channel, act.message or asker.message)


def find_card(tools: Toolbox, act: Act, asker: Asker) -> tuple[Report, Card] | None:
    """Finds the card of the act's cluster, with current decisions, and its report; else None.

    Prefers the report under the message, unless that is older than `OLD` and the latest one has
    the cluster too. Falls back to earlier reports, since one of a few minutes has few cards.
    """
    environment = act.environment
    here = report_key(tools, environment, act, asker)
    current = tools.recent.latest(environment)
    found: list[tuple[Report, Card]] = []
    # Its own id first: an older report has the cluster as it was before later grouping rules.
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
    """Finds a cluster's card by id or name: its own, or its incident's if it is a symptom."""
    inside = None
    for card in report.cards:
        if cluster in (card.cluster.id, card.cluster.name):
            return card
        if any(cluster in (s.id, s.name) for s in card.symptoms):
            inside = card
    return inside


def _alert(tools: Toolbox, report: Report, place: ShownMessage, acts: Act) -> Message | None:
    name = place.kind.removeprefix(ALERT)
    each = card_of(report, name)
    if each is None:
        return None
    known = tools.watches.memory(report.environment, place.channel).alerts.get(name)
    times = known.times if known is not None else 1
    return watch_blocks.problem(each, report, now=tools.now(), query=acts, times=times)


def _message(
    tools: Toolbox, report: Report, typed: str, key: str, place: ShownMessage
) -> Message | None:
    now = tools.now()
    known = tools.shown.get(report.environment, key)
    previous = known.previous
    if place.kind in (REPORT, REMEMBERED):
        address = dict(known.newer).get(place.channel)
        dated = None if address is None else outdated(report, address, now)
        if dated is None and place.kind == REMEMBERED:
            dated = remembered(report, now)
        return draw(tools, report, typed, key, thread=place.kind == REPORT, dated=dated)
    if place.kind == FURTHER:
        drawn = report_blocks.further(report, now=now, query=query(report.environment, typed, key))
        return drawn[place.index] if place.index < len(drawn) else None
    if place.kind.startswith(ALERT):
        return _alert(tools, report, place, query(report.environment, typed, key))
    before = tools.reports.get(report.environment, previous) if previous else None
    compared = digests.compare(
        before,
        report,
        tools.decisions.all(report.environment),
        now,
        fixes=tools.shown.fixes(report.environment, key),
    )
    late = digest_blocks.Late(place.due, report.generated) if place.due else None
    return digest_blocks.digest(
        compared, now=now, query=query(report.environment, typed, key), late=late
    )


def _try(edit: Any) -> None:
    try:
        edit()
    except Gone:
        pass
    except GardenerError as error:
        _log.warning("a message was not drawn anew", why=str(error))


def names(tools: Toolbox, environment: str) -> Mapping[str, str]:
    """Maps each remembered cluster's id to its name, such as `C3`."""
    return {known.id: known.name for known in tools.registry.all(environment)}
