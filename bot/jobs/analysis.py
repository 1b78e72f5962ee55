"""Runs an analysis: a progress message that becomes the report.

Everyone who asks the same question while it runs shares the answer. If a worker is killed, the next
one takes over the job and the same messages: each `Want` has its message's `ts`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from blocks import replies
from blocks import report as report_blocks
from blocks.message import Message
from blocks.report import Dated
from bot.adapters.slack.messenger import Gone, NotMember
from bot.asker import Asker
from bot.core.analysis.analyze import analyze as analyze_log
from bot.core.analysis.analyze import keep_now
from bot.core.commands.commands import Analyze
from bot.core.model.environment import Environment, Query
from bot.core.model.errors import Cancelled, GardenerError, Unavailable
from bot.core.model.grouping_rules import Teaching
from bot.core.model.report import Progress, Report
from bot.core.model.shown import REMEMBERED, REPORT, RequestAnswer, ShownMessage
from bot.core.model.values import SECOND, Severity, Window
from bot.job_names import JobName
from bot.jobs import acknowledgements, dated, report_messages, thread
from bot.jobs.common import new_reference, tell
from bot.runs import RunReading, Unanswered, Want
from bot.toolbox import Toolbox, outside

EVERY = 3.0
"""Seconds between two edits of the progress message."""
LOOK = 0.5
"""Seconds between two checks whether everyone has cancelled."""
LONG = 30 * SECOND
"""Nanoseconds after which the thread gets a mention of the asker: an edit does not notify."""

_log = structlog.get_logger(__name__)


# --- asking --------------------------------------------------------------------------------------


def ask(tools: Toolbox, asker: Asker, wanted: Analyze, *, refresh: bool = False) -> None:
    """Joins an analysis of the same question that runs or has just ended, or starts one."""
    environment = tools.environment(wanted.environment)
    run = wanted.run
    if not refresh and _just_answered(tools, asker, environment.name, run):
        return
    waiting = tools.runs.waiting(environment.name, run)
    here = any(
        want.asker.channel == asker.channel and want.ts and want.asker.request != asker.request
        for want in waiting.values()
    )
    ts, quiet = "", False
    if refresh and asker.message and not asker.ephemeral:
        ts, quiet = asker.message, True
    elif not here:
        ts = _announce(tools, asker, environment, wanted)
    tools.progress.put_reading(environment.name, run, RunReading(wanted.span.window, 0))
    tools.runs.ask(
        environment.name,
        run,
        JobName.ANALYZE,
        {
            "environment": environment.name,
            "run": run,
            "start": wanted.span.window.start,
            "end": wanted.span.window.end,
            "services": list(wanted.services),
            "severity": None if wanted.severity is None else wanted.severity.name,
        },
        Want(asker, ts, quiet),
    )
    if quiet:
        tell(tools, asker, replies.note("Reading again. The report changes when that is done."))
    elif here:
        tell(tools, asker, replies.joined(environment.name))


def _announce(tools: Toolbox, asker: Asker, environment: Environment, wanted: Analyze) -> str:
    """Posts the progress message, once per request, and returns its `ts`.

    Empty if the bot may not post in the channel: the asker gets an ephemeral message.
    """
    first = RequestAnswer(asker.request)
    if (known := tools.posted.get(environment.name, first)) is not None:
        return known
    message = report_blocks.progress(
        environment.name,
        wanted.span.window,
        Progress(0, None, 0.0),
        report_messages.query(environment.name, wanted.run, wanted.run),
        now=tools.now(),
    )
    try:
        ts = tools.slack.post(asker.channel, message, thread=asker.thread or None)
    except NotMember:
        ts = ""
        tell(tools, asker, message)
    tools.posted.put(environment.name, first, ts)
    return ts


def _just_answered(tools: Toolbox, asker: Asker, environment: str, run: str) -> bool:
    version = Teaching(tools.rules.all(environment)).version
    key = tools.recent.answer(environment, run, version, now=tools.now())
    stored = tools.reports.get(environment, key) if key else None
    if stored is None:
        return False
    first = RequestAnswer(asker.request)
    if tools.posted.get(environment, first) is not None:
        return True  # repeated after a worker was killed
    tools.posted.put(environment, first, "")
    _deliver(tools, Want(asker, ""), report_messages.fresh(tools, stored), run, key)
    return True


# --- the job -------------------------------------------------------------------------------------


def analyze(
    tools: Toolbox,
    *,
    environment: str,
    run: str,
    start: int,
    end: int,
    services: list[str],
    severity: str | None,
) -> None:
    """Analyses the window and answers everyone who waits. `start`, `end` in nanoseconds."""
    known = tools.environment(environment)
    if _answered_before(tools, known, run):
        return
    asked = None if severity is None else Severity[severity]
    query = known.query(Window(start, end), services, asked)
    watch = _Watch(tools, known, query, run)
    later: list[Callable[[], None]] = []
    try:
        systems = outside(tools, known)
        report = analyze_log(
            systems, query, known, now=tools.now(), listener=watch, afterwards=later.append
        )
        report = report_messages.with_known_services(tools, report)
        key = f"r-{uuid.uuid4().hex[:12]}"
        report_messages.keep(
            tools, key, report, run, latest=report_messages.tells_now(report, known)
        )
        rules = Teaching(systems.rules).version
        tools.recent.put_answer(known.name, run, rules, key, now=tools.now())
    except Cancelled:
        # Answers only people who joined after the cancellation was noticed.
        _end(tools, watch, "Everyone who asked had left.")
    except GardenerError as error:
        _log.info("an analysis failed", environment=known.name, why=str(error))
        whole = asked is None and services == list(known.services)
        if not (isinstance(error, Unavailable) and _from_memory(tools, known, run, error, whole)):
            _end(tools, watch, str(error))
    except Exception:  # noqa: BLE001 - logged with its traceback; the message has the reference
        reference = new_reference()
        _log.exception("an analysis broke", environment=known.name, reference=reference)
        _end(tools, watch, "Something failed that should not.", reference)
    else:
        _answer(tools, known, report, run, key, {})
        for keep in later:
            keep_now(keep)


def _from_memory(
    tools: Toolbox, known: Environment, run: str, error: Unavailable, whole: bool
) -> bool:
    """Shows everyone who waits the last report, with its age; False if there is none."""
    key = dated.last_known(tools, known, run, whole=whole)
    report = tools.reports.get(known.name, key) if key else None
    if report is None:
        return False
    report = report_messages.fresh(tools, report)
    why = report_messages.remembered(report, tools.now(), str(error))
    _answer_all(tools, tools.runs.answer(known.name, run), report, run, key, why)
    return True


def _answered_before(tools: Toolbox, known: Environment, run: str) -> bool:
    """Resumes delivery if a killed worker had already stored the report; True if so."""
    left = tools.progress.unanswered(known.name, run)
    report = tools.reports.get(known.name, left.key) if left else None
    if left is None or report is None:
        return False
    _answer(tools, known, report, run, left.key, left.people)
    return True


def _answer(  # noqa: PLR0917 - a report, its run and its recipients
    tools: Toolbox,
    known: Environment,
    report: Report,
    run: str,
    key: str,
    people: Mapping[str, Want],
) -> None:
    """Delivers the report to everyone who waits.

    Stores the recipients before it ends the run, because ending it forgets who waits; a worker
    that resumes needs them.
    """
    people = {**people, **tools.runs.waiting(known.name, run)}
    tools.progress.put_unanswered(known.name, run, Unanswered(key, people))
    people = {**people, **tools.runs.answer(known.name, run)}
    _answer_all(tools, people, report_messages.fresh(tools, report), run, key)
    asked = next((want.asker.channel for want in _wants(people)), "")
    acknowledgements.tell_broken(tools, known, report, lambda: key, asked)
    tools.progress.answered(known.name, run)


class _Watch:
    """Listens to a reading's progress: edits the messages, raises `Cancelled` if nobody waits."""

    def __init__(self, tools: Toolbox, environment: Environment, query: Query, run: str) -> None:
        self.tools = tools
        self.environment = environment
        self.query = query
        self.run = run
        self._looked = self._edited = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK:
            return
        self._looked = now
        if self.tools.runs.cancelled(self.environment.name, self.run):
            raise Cancelled("Everyone who asked has left.")
        if now - self._edited < EVERY:
            return
        self._edited = now
        reading = RunReading(self.query.window, progress.read)
        self.tools.progress.put_reading(self.environment.name, self.run, reading)
        message = report_blocks.progress(
            self.environment.name,
            self.query.window,
            progress,
            report_messages.query(self.environment.name, self.run, self.run),
            now=self.tools.now(),
        )
        for want in _wants(self.tools.runs.waiting(self.environment.name, self.run)):
            if want.ts and not want.quiet:
                self._edit(want, message)

    def _edit(self, want: Want, message: Message) -> None:
        try:
            self.tools.slack.update(want.asker.channel, want.ts, message)
        except GardenerError as error:
            _log.info("a progress was not drawn", why=str(error))

    def failed(self, sentence: str, reference: str | None) -> Message:
        """Draws the failure that replaces the progress message."""
        return report_blocks.failed(
            self.environment.name,
            self.query.window,
            sentence,
            report_messages.query(self.environment.name, self.run),
            reference=reference,
            now=self.tools.now(),
        )


def _wants(people: Mapping[str, Want]) -> list[Want]:
    """Picks one `Want` per message, and one per person in channels without a message."""
    wants = list(people.values())
    found = {(w.asker.channel, w.ts): w for w in wants if w.ts}
    with_message = {channel for channel, _ in found}
    for want in wants:
        if not want.ts and want.asker.channel not in with_message:
            found.setdefault((want.asker.channel, want.asker.user), want)
    return list(found.values())


def _answer_all(  # noqa: PLR0917 - a report, its run and its recipients
    tools: Toolbox,
    people: Mapping[str, Want],
    report: Report,
    run: str,
    key: str,
    why: Dated | None = None,
) -> None:
    """`why`: the report is one from memory; None if it was just read."""
    for want in _wants(people):
        try:
            _deliver(tools, want, report, run, key, why)
        except GardenerError as error:
            _log.warning("a report was not delivered", why=str(error))
            _tell(tools, want.asker, replies.error(error))


def _deliver(  # noqa: PLR0917 - a report, its run and who gets it
    tools: Toolbox, want: Want, report: Report, run: str, key: str, why: Dated | None = None
) -> None:
    asker = want.asker
    message = report_messages.draw(tools, report, run, key, thread=why is None, dated=why)
    ts = _put(tools, want, message)
    if not ts:
        alone = report_messages.draw(tools, report, run, key, thread=False, dated=why)
        if asker.response_url:
            notice = replies.not_in_channel(alone)
            tools.slack.respond(asker.response_url, notice, replace=asker.ephemeral)
        else:
            tell(tools, asker, alone)
        return
    tools.shown.add(
        report.environment,
        key,
        ShownMessage(REPORT if why is None else REMEMBERED, asker.channel, ts),
    )
    tools.conversations.saw(report.environment, asker.channel, key)
    if why is None:
        dated.mark_older(tools, report, key, asker.channel, ts)
    if tools.now() - asker.at > LONG:
        sentence = report_blocks.summary(
            report, tools.now(), report_messages.query(report.environment, run, key)
        )
        done = replies.finished(asker.user, report, sentence)
        tools.slack.post(asker.channel, done, thread=asker.thread or ts)
    if why is None:
        thread.fill(tools, asker, report, run, key=key, ts=ts)


def _put(tools: Toolbox, want: Want, message: Message) -> str:
    """Edits the waiting message or posts a new one; returns its `ts`, empty if we may not post."""
    asker = want.asker
    if want.ts:
        try:
            tools.slack.update(asker.channel, want.ts, message)
            return want.ts
        except Gone:
            pass  # the message was deleted, but the report is still wanted
    if asker.ephemeral or not asker.channel:
        return ""
    try:
        return tools.slack.post(asker.channel, message, thread=asker.thread or None)
    except NotMember:
        return ""


def _end(tools: Toolbox, watch: _Watch, sentence: str, reference: str | None = None) -> None:
    message = watch.failed(sentence, reference)
    for want in _wants(tools.runs.answer(watch.environment.name, watch.run)):
        try:
            if want.ts and not want.quiet:
                tools.slack.update(want.asker.channel, want.ts, message)
                continue
        except GardenerError as error:
            _log.info("a failure was not drawn", why=str(error))
        _tell(tools, want.asker, message)


def _tell(tools: Toolbox, asker: Asker, message: Message) -> None:
    try:
        tell(tools, asker, message)
    except GardenerError as error:
        _log.warning("somebody could not be told", why=str(error))


def given_up(tools: Toolbox, *, environment: str, run: str, start: int, end: int, **_: Any) -> None:
    """Tells everyone who waits that the job was killed too often and is given up."""
    known = tools.environment(environment)
    tools.progress.answered(known.name, run)
    query = known.query(Window(start, end))
    _end(
        tools,
        _Watch(tools, known, query, run),
        "The program that reads was ended three times while doing this. "
        "A shorter time may work; my log says more.",
    )
