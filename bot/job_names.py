"""Names of the jobs that may be queued; `bot.jobs.JOBS` maps them to functions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class JobName(StrEnum):
    """A job's name in the queue. Never renamed: a new version runs jobs that an old one queued."""

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
    WATCH = "watch"


OLD_PREFIX = "bot.jobs."
"""Prefix of names queued by old versions, which used dotted paths."""
OLD_ARGUMENTS: Mapping[str, Mapping[str, str]] = {JobName.DIGEST: {"slot": "occasion"}}
"""Job → old argument name → current name."""


def understood(function: str, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Translates a queued job's name and arguments from any version to the current ones."""
    name = function.removeprefix(OLD_PREFIX)
    renamed = OLD_ARGUMENTS.get(name, {})
    return name, {renamed.get(key, key): value for key, value in kwargs.items()}
