"""Alerts for broken acknowledgements: posted once, by the first run that finds the break."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog

from blocks import acknowledgements as acknowledgement_blocks
from blocks.message import Message
from bot.adapters.slack.messenger import NotMember
from bot.core.commands.access import may_look
from bot.core.expected.acknowledgement import (
    Break,
    broken,
    ended,
    stopped,
)
from bot.core.model.decisions import Acknowledgement, Decisions
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError
from bot.core.model.report import Report
from bot.core.model.shown import BreakAlert
from bot.core.model.values import HOUR, SECOND
from bot.jobs import report_messages
from bot.toolbox import Toolbox

HOLD = 60
"""Seconds for which the lock around one alert is held."""

_log = structlog.get_logger(__name__)


def tell_broken(
    tools: Toolbox,
    environment: Environment,
    report: Report,
    key: Callable[[], str],
    channel: str = "",
) -> None:
    """Posts an alert for each broken acknowledgement that asked for one (`tell`).

    `key` returns the report's; it is called only for an alert. `channel` is used for
    acknowledgements without a channel of their own. Never raises a `GardenerError`: the report
    matters more.
    """
    try:
        report = report_messages.fresh(tools, report)
        known = tools.decisions.all(environment.name)
    except GardenerError as error:
        _log.warning("broken acknowledgements were not looked for", why=str(error))
        return
    for decided in known.values():
        acknowledgement = decided.expected
        if (
            acknowledgement is None
            or not acknowledgement.tell
            or acknowledgement.at > report.generated
        ):
            continue
        cause = broke(acknowledgement, environment, report, tools.now())
        if cause is None:
            continue
        try:
            cluster = report.cluster(acknowledgement.cluster)
            name = cluster.name if cluster else ""
            shown_as = _message(tools, environment, name, acknowledgement, cause, key())
            _tell(
                tools,
                environment,
                acknowledgement,
                cause,
                shown_as,
                acknowledgement.channel or channel,
            )
        except GardenerError as error:
            _log.warning("a broken acknowledgement was not told", why=str(error))


def run_out(tools: Toolbox, environment: str, decisions: Iterable[Decisions], now: int) -> bool:
    """Returns whether an acknowledgement has expired without an alert; called by the clock."""
    return any(True for _ in _ended(tools, environment, decisions, now))


def tell_ended(tools: Toolbox, *, environment: str) -> None:
    """Posts alerts for expired acknowledgements, which needs no log."""
    known = tools.environment(environment)
    names = report_messages.names(tools, known.name)
    key = tools.recent.latest(known.name)
    decisions = tools.decisions.all(known.name).values()
    for acknowledgement, cause in list(_ended(tools, known.name, decisions, tools.now())):
        message = _message(
            tools, known, names.get(acknowledgement.cluster, ""), acknowledgement, cause, key
        )
        try:
            _tell(tools, known, acknowledgement, cause, message, acknowledgement.channel)
        except GardenerError as error:
            _log.warning("an acknowledgement that ended was not told", why=str(error))


def _ended(
    tools: Toolbox, environment: str, decisions: Iterable[Decisions], now: int
) -> Iterator[tuple[Acknowledgement, Break]]:
    for decided in decisions:
        acknowledgement = decided.expected
        if acknowledgement is None or not acknowledgement.tell:
            continue
        over = _just_ended(acknowledgement, now)
        if (
            over is not None
            and tools.posted.get(environment, _alert(acknowledgement, over)) is None
        ):
            yield acknowledgement, over


def _just_ended(acknowledgement: Acknowledgement, now: int) -> Break | None:
    """Returns the expiry as a break, unless it is older than alerts are remembered.

    An older one could have been posted already.
    """
    remembered = BreakAlert.SECONDS * SECOND
    recent = acknowledgement.until is not None and now - acknowledgement.until < remembered
    return ended(acknowledgement, now) if recent else None


def broke(
    acknowledgement: Acknowledgement, environment: Environment, report: Report, now: int
) -> Break | None:
    """Returns what broke an acknowledgement, judged by one report; None if nothing did."""
    cluster = report.cluster(acknowledgement.cluster)
    if cluster is not None:
        card = next((c for c in report.cards if c.cluster.id == cluster.id), None)
        occurrences = card.occurrences if card else cluster.occurrences
        cause = broken(acknowledgement, cluster, occurrences, report.window, now)
        if cause is not None:
            return cause
    elif ended(acknowledgement, now) is not None:
        return _just_ended(acknowledgement, now)
    whole = not report.partial and report.min_severity <= environment.min_severity
    return stopped(acknowledgement, report) if whole else None


def hits(
    tools: Toolbox, environment: str, acknowledgements: Sequence[Acknowledgement]
) -> dict[str, int]:
    """Counts each acknowledged cluster's occurrences since then, from the next whole hour on."""
    if not acknowledgements:
        return {}
    counts = tools.history.read(
        environment, min(a.at for a in acknowledgements), tools.now()
    ).counts
    return {
        a.cluster: sum(n for hour, n in counts.get(a.cluster, {}).items() if hour > a.at // HOUR)
        for a in acknowledgements
    }


def _message(  # noqa: PLR0917 - the parts of one message
    tools: Toolbox,
    environment: Environment,
    name: str,
    acknowledgement: Acknowledgement,
    cause: Break,
    key: str,
) -> Message:
    return acknowledgement_blocks.broke(
        acknowledgement,
        name,
        cause.said,
        now=tools.now(),
        query=report_messages.query(environment.name, "", key, message=report_messages.ELSEWHERE),
    )


def _tell(  # noqa: PLR0917 - one alert and its destination
    tools: Toolbox,
    environment: Environment,
    acknowledgement: Acknowledgement,
    cause: Break,
    message: Message,
    channel: str,
) -> None:
    alert = _alert(acknowledgement, cause)
    if tools.posted.get(environment.name, alert) is not None:
        return
    token = uuid.uuid4().hex
    lock = f"{environment.name}:broke:{alert.cluster}:{alert.at}:{alert.kind}:{alert.which}"
    if not tools.locks.once(lock, HOLD, token):
        return
    try:
        if not channel or not may_look(environment, acknowledgement.by, channel, tools.slack):
            raise NotMember("The acknowledgement's channel may not read of it.")
        ts = tools.slack.post(channel, message)
    except NotMember:
        # Only the person who acknowledged it is notified: nobody else knows about it.
        tools.slack.tell(
            acknowledgement.by, message, channel=tools.slack.direct(acknowledgement.by)
        )
        ts = "alone"
    except GardenerError:
        tools.locks.release(lock, token)
        raise
    tools.posted.put(environment.name, alert, ts)


def _alert(acknowledgement: Acknowledgement, cause: Break) -> BreakAlert:
    return BreakAlert(acknowledgement.cluster, acknowledgement.at, cause.kind, cause.which)
