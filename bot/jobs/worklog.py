"""The worklog in a report's thread, and its next version after what people decide.

Slack edits no file. So a new one is uploaded, and then the old one is deleted: whatever fails in
between, a worklog stands there. The first decision is written down at once; those that follow
within `PAUSE` are put into one version, which the clock looks after.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace

import structlog

from blocks.buttons import Act
from bot.adapters.slack.messenger import Gone, NotMember, Upload
from bot.asker import Asker
from bot.core.model.errors import GardenerError, Unavailable
from bot.core.model.report import Report
from bot.core.model.shown import WorklogCopy, WorklogVersion
from bot.core.model.values import SECOND
from bot.core.reports.worklog import worklog
from bot.core.text import display
from bot.job_names import JobName
from bot.jobs import report_messages
from bot.toolbox import Toolbox

PAUSE = 10 * SECOND
"""Nanoseconds between two versions of one report's worklog."""
HOLD = 60
"""Seconds for which who is about to upload keeps the others out."""

_log = structlog.get_logger(__name__)


def name_of(report: Report) -> str:
    """As files and titles say it: `staging 2025-09-12 09.00`."""
    day = display.moment(report.generated, report.timezone)
    return f"{display.one_line(report.environment)} {day:%Y-%m-%d %H.%M}"


def post(tools: Toolbox, report: Report, key: str, *, channel: str, root: str) -> None:
    """The first version in a thread. Raises as Slack does."""
    environment = report.environment
    text = worklog(report, now=tools.now())
    file = _upload(tools, report, text, channel, root, f"Worklog {name_of(report)}")
    _keep(tools, environment, key, [WorklogCopy(channel, root, file, _digest(text))])
    if _asked(tools, environment, key):  # somebody was quicker
        _queue(tools, environment, key)


def decided(tools: Toolbox, environment: str, act: Act, asker: Asker) -> None:
    """Something was decided on a report: its worklogs are written anew. Never fails."""
    try:
        key = report_messages.report_key(tools, environment, act, asker)
        if not key:
            return
        tools.worklogs.ask(environment, key, uuid.uuid4().hex)
        if tools.worklogs.copies(environment, key):
            _queue(tools, environment, key)
    except GardenerError as error:
        _log.warning("a worklog was not written anew", why=str(error))


def left_over(tools: Toolbox, environment: str) -> None:
    """Asked by the clock: queues what decisions changed since the last version."""
    for key in tools.recent.newest(environment):
        if _asked(tools, environment, key):
            _queue(tools, environment, key)


def renew(tools: Toolbox, *, environment: str, key: str) -> None:
    """The next version, in each thread where one stands, unless the last is too young.

    Done twice, it is uploaded once: a text that stands there already is left alone.
    """
    lock, token = f"worklog:{environment}:{key}", uuid.uuid4().hex
    if not tools.locks.once(lock, HOLD, token):
        return
    try:
        # Read before the decisions are: one that comes meanwhile asks for another version.
        asked = _asked(tools, environment, key)
        at = tools.worklogs.version(environment, key).at
        if asked and not 0 <= tools.now() - at < PAUSE and _renew_all(tools, environment, key):
            tools.worklogs.put_version(environment, key, WorklogVersion(asked, tools.now()))
    finally:
        tools.locks.release(lock, token)


def _renew_all(tools: Toolbox, environment: str, key: str) -> bool:
    """False where it has to be tried again."""
    stored = tools.reports.get(environment, key)
    if stored is None:
        return True
    report = report_messages.fresh(tools, stored)
    text = worklog(report, now=tools.now())
    done = True
    for copy in tools.worklogs.copies(environment, key):
        try:
            _renew(tools, report, key, text, copy)
        except (Gone, NotMember) as error:
            _log.info("a worklog has no thread any more", why=str(error))
            _keep(tools, environment, key, [replace(copy, file="")])
        except GardenerError as error:
            _log.warning("a worklog was not written anew", why=str(error))
            done = done and not isinstance(error, Unavailable)
    return done


def _renew(tools: Toolbox, report: Report, key: str, text: str, copy: WorklogCopy) -> None:
    if not copy.file or _digest(text) == copy.digest:
        return
    as_of = f"{display.moment(tools.now(), report.timezone):%Y-%m-%d %H.%M}"
    title = f"Worklog {name_of(report)}, as of {as_of}"
    file = _upload(tools, report, text, copy.channel, copy.root, title)
    fresh = replace(copy, file=file, digest=_digest(text))
    _keep(tools, report.environment, key, [fresh])
    try:
        tools.slack.withdraw(copy.channel, copy.file)
    except Gone:
        pass
    except GardenerError as error:
        _log.warning("an old worklog was not deleted", why=str(error))


def _upload(  # noqa: PLR0917 - what is uploaded, and where to
    tools: Toolbox, report: Report, text: str, channel: str, root: str, title: str
) -> str:
    name = f"worklog {name_of(report)}.md".replace(" ", "-")
    return tools.slack.upload(channel, root, [Upload(name, text.encode(), title)])[0]


def _queue(tools: Toolbox, environment: str, key: str) -> None:
    tools.queue.enqueue(JobName.RENEW, {"environment": environment, "key": key}, quick=True)


def _asked(tools: Toolbox, environment: str, key: str) -> str:
    """What asks for another version; empty where the last one has everything."""
    asked = tools.worklogs.asked(environment, key)
    return "" if asked == tools.worklogs.version(environment, key).token else asked


def _keep(tools: Toolbox, environment: str, key: str, copies: Sequence[WorklogCopy]) -> None:
    """Each in the place of the one in its thread."""
    kept = {(c.channel, c.root): c for c in (*tools.worklogs.copies(environment, key), *copies)}
    tools.worklogs.put_copies(environment, key, tuple(kept.values()))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
