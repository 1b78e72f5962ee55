"""Watches: looks at an environment every few minutes, and posts what nobody has asked for."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace

import structlog

from blocks import card as card_blocks
from blocks import watch as watch_blocks
from blocks.card import Setting
from blocks.message import Message
from bot.adapters.slack.messenger import Gone, NotMember
from bot.asker import Asker
from bot.core.analysis.analyze import analyze as analyze_log
from bot.core.commands.access import may_act, may_look
from bot.core.commands.commands import WatchOff, WatchOn
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, Refused, UsageError
from bot.core.model.report import Card, Report
from bot.core.model.shown import ALERT, ShownMessage, WatchFailure
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Window
from bot.core.model.watching import Alert, Watch, WatchMemory
from bot.core.reports import watch as core
from bot.core.reports.watch import Step, StepKind
from bot.job_names import JobName
from bot.jobs import acknowledgements, report_messages
from bot.jobs.common import require, tell
from bot.jobs.first_seen import FirstSeen
from bot.toolbox import Toolbox, outside

SPAN = HOUR
"""The window of a look, at least: enough to see whether what began goes on."""
LONGEST_SPAN = DAY
"""A look reaches back to the begin of what it follows, but no further than this."""
HOLD = 240
"""Seconds for which the lock around one look is held."""

_log = structlog.get_logger(__name__)


# --- on and off ---------------------------------------------------------------------------------


def on(tools: Toolbox, asker: Asker, environment: Environment, wanted: WatchOn) -> None:
    """Turns a watch on, or changes it. What it has posted is remembered."""
    require(may_act(environment, asker.user, asker.channel, tools.slack, doing="watch"))
    watch = Watch(
        environment.name,
        asker.channel,
        wanted.every_seconds,
        wanted.from_priority,
        asker.user,
        tools.now(),
    )
    # Post before storing: if the bot may not post here, no alert could ever arrive.
    tools.slack.post(asker.channel, watch_blocks.watching(watch))
    tools.watches.put(watch)


def off(tools: Toolbox, asker: Asker, wanted: WatchOff) -> None:
    """Ends this channel's watches, of one environment or of all."""
    there = [w for w in tools.watches.all() if w.channel == asker.channel]
    names = {tools.environment(wanted.environment).name} if wanted.environment else None
    for watch in there:
        if names is None or watch.environment in names:
            known = tools.environment(watch.environment)
            require(may_act(known, asker.user, asker.channel, tools.slack, doing="end a watch"))
    removed = tools.watches.remove(asker.channel, next(iter(names)) if names else None)
    message = watch_blocks.unwatched(removed)
    if removed:
        tools.slack.post(asker.channel, message)
    else:
        tell(tools, asker, message)


# --- when -----------------------------------------------------------------------------------------


def due(tools: Toolbox, now: int) -> None:
    """Queues a look for each watch whose time has come; called twice a minute."""
    for watch in tools.watches.all():
        name = hashlib.sha256(f"{watch.environment} {watch.channel}".encode()).hexdigest()[:16]
        # Looks of many watches are spread over their interval, so that they share a quota.
        tick = (now // SECOND + int(name, 16) % watch.every) // watch.every
        tools.queue.enqueue(
            JobName.WATCH,
            {"environment": watch.environment, "channel": watch.channel},
            job_id=f"watch-{name}-{tick}", unique=True, keep=2 * watch.every,
        )  # fmt: skip


# --- a look ---------------------------------------------------------------------------------------


def watch(tools: Toolbox, *, environment: str, channel: str) -> None:
    """Looks once, and posts what is due. Safe to repeat: what was posted is remembered."""
    found = next(
        (w for w in tools.watches.all() if (w.environment, w.channel) == (environment, channel)),
        None,
    )
    if found is None:
        return  # turned off in the meantime
    lock, token = f"watch:{environment}:{channel}", uuid.uuid4().hex
    if not tools.locks.once(lock, HOLD, token):
        return  # another worker looks right now
    try:
        _look(tools, found)
    except NotMember:
        tools.watches.remove(channel, environment)
        _log.warning("a watch ended: not in the channel", environment=environment)
    except GardenerError as error:
        _log.warning("a watch could not look", environment=environment, why=str(error))
        _tell_failure(tools, found, error)
    finally:
        tools.locks.release(lock, token)


def _tell_failure(tools: Toolbox, found: Watch, error: GardenerError) -> None:
    """Tells who turned it on, once a day, if only a person can fix it."""
    if not isinstance(error, Refused | UsageError):
        return
    failure = WatchFailure(found.channel, tools.now() // DAY)
    if tools.posted.get(found.environment, failure) is None:
        tools.posted.put(found.environment, failure, "")
        text = f"The watch of {found.environment} cannot look: {error}"
        asker = Asker(found.by, "", tools.now(), tools.slack.direct(found.by))
        tell(tools, asker, watch_blocks.note(text))


def _look(tools: Toolbox, found: Watch) -> None:
    known = tools.environment(found.environment)
    require(may_look(known, found.by, found.channel, tools.slack))
    now = tools.now()
    seen = FirstSeen(tools.registry, now)
    systems = replace(outside(tools, known), registry=seen)
    memory = tools.watches.memory(found.environment, found.channel)
    begun = [alert.begun for alert in memory.alerts.values() if alert.over is None]
    start = max(now - LONGEST_SPAN, min([now - SPAN, *begun])) // MINUTE * MINUTE
    query = known.query(Window(start, now))
    report = report_messages.fresh(tools, analyze_log(systems, query, known, now=now))
    look = _Look(tools, found, known, report, memory)
    look.take(seen.first_seen)
    acknowledgements.tell_broken(tools, known, report, lambda: look.kept, found.channel)


class _Look:
    """Carries out the steps of one look, and remembers each as soon as it is done."""

    def __init__(
        self,
        tools: Toolbox,
        found: Watch,
        environment: Environment,
        report: Report,
        memory: WatchMemory,
    ) -> None:
        self.tools = tools
        self.watch = found
        self.environment = environment
        self.report = report
        self.memory = memory
        self.now = report.generated
        self._key = ""
        self._typed = report_messages.typed(report)

    @property
    def kept(self) -> str:
        """The report's key; the report is stored at the first need."""
        if not self._key:
            self._key = f"r-{uuid.uuid4().hex[:12]}"
            report_messages.keep(self.tools, self._key, self.report, self._typed, latest=False)
        return self._key

    def take(self, first_seen: dict[str, int | None]) -> None:
        """Takes all steps that are due."""
        at = Setting.of(self.report, self.now, report_messages.query(self.environment.name, ""))
        steps = core.steps(
            self.watch,
            self.memory,
            self.report,
            resting=lambda each: card_blocks.is_resting(each, at),
            first_seen=first_seen,
        )
        for step in list(steps):
            ts = self._do(step)
            self.memory = core.done(self.memory, step, ts, self.now)
            self._remember()
        self.memory = replace(self.memory, looked=self.now)
        self._remember()

    def _remember(self) -> None:
        self.tools.watches.remember(self.watch.environment, self.watch.channel, self.memory)

    def _do(self, step: Step) -> str:
        match step.kind:
            case StepKind.POST:
                return self._post(step)
            case StepKind.HOLD:
                if not self.memory.held:
                    self._send(watch_blocks.capped(self.environment.name, core.CAP))
            case StepKind.EDIT:
                self._draw(step, self.memory.alerts[step.key])
            case StepKind.WORSE:
                self._draw(step, self.memory.alerts[step.key])
                self._answer(step, watch_blocks.worse(mention=self._mention()))
            case StepKind.OVER:
                self._over(step)
            case StepKind.AGAIN:
                alert = core.done(self.memory, step, "", self.now).alerts[step.key]
                self._draw(step, alert)
                mention = self._mention()
                self._answer(step, watch_blocks.again(alert, step.card, mention=mention))
        return ""

    def _post(self, step: Step) -> str:
        mention = self._mention()
        if step.card is not None:
            ts = self._send(self._message(step.card, 1, mention=mention))
            self._shown(step, ts)
            return ts
        if step.silence is None:
            return ""
        return self._send(
            watch_blocks.silence(step.silence, self.environment.name, mention=mention, now=self.now)
        )

    def _over(self, step: Step) -> None:
        self._draw(step, self.memory.alerts[step.key])
        ended = step.card.ended if step.card is not None else None
        at = ended.since if ended is not None else self.now
        self._answer(step, watch_blocks.over(step.said, at=at, now=self.now))

    def _message(self, each: Card, times: int, *, mention: str = "") -> Message:
        query = report_messages.query(self.environment.name, self._typed, self.kept)
        return watch_blocks.problem(
            each, self.report, now=self.now, query=query, times=times, mention=mention
        )

    def _draw(self, step: Step, alert: Alert) -> None:
        """Edits the problem's message; one that was deleted is left alone."""
        if step.card is None:
            return
        try:
            message = self._message(step.card, alert.times)
            self.tools.slack.update(self.watch.channel, alert.ts, message)
        except Gone:
            return
        self._shown(step, alert.ts)

    def _answer(self, step: Step, message: Message) -> None:
        self._send(message, thread=self.memory.alerts[step.key].ts)

    def _send(self, message: Message, *, thread: str | None = None) -> str:
        return self.tools.slack.post(self.watch.channel, message, thread=thread)

    def _shown(self, step: Step, ts: str) -> None:
        kind = f"{ALERT}{step.key}"
        self.tools.shown.add(
            self.environment.name, self.kept, ShownMessage(kind, self.watch.channel, ts)
        )

    def _mention(self) -> str:
        if not self.environment.mention:
            return ""
        try:
            return self.tools.slack.group_id(self.environment.mention) or ""
        except GardenerError as error:
            _log.warning("the group to mention was not found", why=str(error))
            return ""
