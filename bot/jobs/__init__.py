"""What a worker runs. Each job is `function(tools, **kwargs)`, queued by its name in here.

`asks` reads what was typed, `analysis` reads the log, `clicks` and `decisions` do what a button
says, `filing` files issues, `digests_job` is the clock's. `kwargs` are JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from bot.jobs.worklog import renew
from bot.toolbox import Toolbox

__all__ = [
    "analyze",
    "click",
    "command",
    "compare",
    "digest",
    "digest_now",
    "due",
    "fill_expected",
    "fill_filing",
    "fill_review",
    "fill_snooze",
    "gave_up",
    "home",
    "mention",
    "reconcile",
    "renew",
    "submit_expected",
    "submit_filing",
    "submit_review",
    "submit_snooze",
    "sync",
    "tell_ended",
]


def gave_up(tools: Toolbox, function: str, kwargs: Mapping[str, Any]) -> None:
    """Told of a job that was killed once too often: who waits for it learns so."""
    if function == "bot.jobs.analyze":
        given_up(tools, **kwargs)
