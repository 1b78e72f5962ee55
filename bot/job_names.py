"""The jobs that may be queued, by name: handlers and jobs name them here, `bot.jobs.JOBS` has the
functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class JobName(StrEnum):
    """Stays as it is once a version queues it: the next version runs what is left."""

    ANALYZE = "analyze"
    CLICK = "click"
    COMMAND = "command"
    COMPARE = "compare"
    DIGEST = "digest"
    DIGEST_NOW = "digest_now"
    FILL_EXPECTED = "fill_expected"
    FILL_FILING = "fill_filing"
    FILL_REVIEW = "fill_review"
    FILL_SNOOZE = "fill_snooze"
    HOME = "home"
    MENTION = "mention"
    RECONCILE = "reconcile"
    RENEW = "renew"
    SUBMIT_EXPECTED = "submit_expected"
    SUBMIT_FILING = "submit_filing"
    SUBMIT_REVIEW = "submit_review"
    SUBMIT_SNOOZE = "submit_snooze"
    SYNC = "sync"
    TELL_ENDED = "tell_ended"


OLD_PREFIX = "bot.jobs."
"""Jobs were queued by their dotted path before they had names."""
OLD_ARGUMENTS: Mapping[str, Mapping[str, str]] = {JobName.DIGEST: {"slot": "occasion"}}
"""Of a job: an argument's name in older versions → its name now."""


def understood(function: str, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A queued job's name and arguments as they are called now, whichever version queued it."""
    name = function.removeprefix(OLD_PREFIX)
    renamed = OLD_ARGUMENTS.get(name, {})
    return name, {renamed.get(key, key): value for key, value in kwargs.items()}
