"""The worklog in a report's thread, and its new versions after decisions.

Slack cannot edit a file. So the new version is uploaded before the old one is deleted: whatever
fails in between, there is a worklog. The first decision makes a version at once; those that follow
within `PAUSE` share one, which the clock queues.
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
"""Minimum nanoseconds between two versions of one worklog."""
HOLD = 60
"""Seconds for which the lock around an upload is held."""

_log = structlog.get_logger(__name__)


def name_of(report: Report) -> str:
    """Returns the report's name in file names and titles: `staging 2025-09-12 09.00`."""
    day = display.moment(report.generated, report.timezone)
    return f"{display.one_line(report.environment)} {day:%Y-%m-%d %H.%M}"


def post(tools: Toolbox, report: Report, key: str, *, channel: str, root: str) -> None:
    """Uploads the first version in a thread (`root` is its `ts`). Raises `GardenerError`."""
    environment = report.environment
    text = worklog(report, now=tools.now())
    file = _upload(tools, report, text, channel, root, f"Worklog {name_of(report)}")
    _keep(tools, environment, key, [WorklogCopy(channel, root, file, _digest(text))])
    if _asked(tools, environment, key):  # a decision came first
        _queue(tools, environment, key)


def decided(tools: Toolbox, environment: str, act: Act, asker: Asker) -> None:
    """Requests a new worklog version after a decision. Raises no `GardenerError`."""
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
    """Queues new versions for decisions made since the last one; called by the clock."""
    for key in tools.recent.newest(environment):
        if _asked(tools, environment, key):
            _queue(tools, environment, key)


def renew(tools: Toolbox, *, environment: str, key: str) -> None:
    """Uploads a new version to each of the report's threads, unless the last is within `PAUSE`.

    Idempotent: an unchanged text is not uploaded again.
    """
    lock, token = f"worklog:{environment}:{key}", uuid.uuid4().hex
    if not tools.locks.once(lock, HOLD, token):
        return
    try:
        # Read before the decisions: one made meanwhile requests another version.
        asked = _asked(tools, environment, key)
        at = tools.worklogs.version(environment, key).at
        if asked and not 0 <= tools.now() - at < PAUSE and _renew_all(tools, environment, key):
            tools.worklogs.put_version(environment, key, WorklogVersion(asked, tools.now()))
    finally:
        tools.locks.release(lock, token)


def _renew_all(tools: Toolbox, environment: str, key: str) -> bool:
    """Renews every copy; False if that has to be retried."""
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


def _upload(  # noqa: PLR0917 - a file and its destination
    tools: Toolbox, report: Report, text: str, channel: str, root: str, title: str
) -> str:
    name = f"worklog {name_of(report)}.md".replace(" ", "-")
    return tools.slack.upload(channel, root, [Upload(name, text.encode(), title)])[0]


def _queue(tools: Toolbox, environment: str, key: str) -> None:
    tools.queue.enqueue(JobName.RENEW, {"environment": environment, "key": key}, quick=True)


def _asked(tools: Toolbox, environment: str, key: str) -> str:
    """Returns the token of an unfulfilled request for a version; empty if there is none."""
    asked = tools.worklogs.asked(environment, key)
    return "" if asked == tools.worklogs.version(environment, key).token else asked


def _keep(tools: Toolbox, environment: str, key: str, copies: Sequence[WorklogCopy]) -> None:
    """Stores copies; each replaces the one in the same thread."""
    kept = {(c.channel, c.root): c for c in (*tools.worklogs.copies(environment, key), *copies)}
    tools.worklogs.put_copies(environment, key, tuple(kept.values()))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
