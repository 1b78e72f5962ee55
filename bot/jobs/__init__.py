"""The jobs that a worker runs: `function(tools, **kwargs)`, queued by its name in `JOBS`.

`commands` answers typed commands, `analysis` reads the log, `clicks` and `decisions` handle
buttons, `filing` files issues, `digests` queues what the clock finds due. `kwargs` are JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.job_names import JobName, understood
from bot.jobs.acknowledgements import tell_ended
from bot.jobs.analysis import analyze, given_up
from bot.jobs.clicks import click, home
from bot.jobs.commands import command
from bot.jobs.decisions import fill_expected, fill_snooze, submit_expected, submit_snooze
from bot.jobs.digests import digest, digest_now, due
from bot.jobs.dropped_file import mention
from bot.jobs.filing import fill_filing, reconcile, submit_filing
from bot.jobs.github_sync import sync
from bot.jobs.review import fill_review, submit_review
from bot.jobs.revision_diff import compare
from bot.jobs.watches import watch
from bot.jobs.worklog import renew
from bot.toolbox import Toolbox

__all__ = ["JOBS", "due", "gave_up"]

Job = Callable[..., None]
"""Takes the toolbox, then its own arguments by keyword."""

JOBS: Mapping[str, Job] = {
    JobName.ANALYZE: analyze,
    JobName.CLICK: click,
    JobName.COMMAND: command,
    JobName.COMPARE: compare,
    JobName.DIGEST: digest,
    JobName.DIGEST_NOW: digest_now,
    JobName.FILL_EXPECTED: fill_expected,
    JobName.FILL_FILING: fill_filing,
    JobName.FILL_REVIEW: fill_review,
    JobName.FILL_SNOOZE: fill_snooze,
    JobName.HOME: home,
    JobName.MENTION: mention,
    JobName.RECONCILE: reconcile,
    JobName.RENEW: renew,
    JobName.SUBMIT_EXPECTED: submit_expected,
    JobName.SUBMIT_FILING: submit_filing,
    JobName.SUBMIT_REVIEW: submit_review,
    JobName.SUBMIT_SNOOZE: submit_snooze,
    JobName.SYNC: sync,
    JobName.TELL_ENDED: tell_ended,
    JobName.WATCH: watch,
}
"""Every job that may be queued."""


def gave_up(tools: Toolbox, function: str, kwargs: Mapping[str, Any]) -> None:
    """Notifies the people who wait for a job that was killed too often.

    `function` is the name that was queued.
    """
    name, arguments = understood(function, kwargs)
    if name == JobName.ANALYZE:
        given_up(tools, **arguments)
