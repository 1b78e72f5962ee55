"""Opens what the terminal reads: a file or Cloud Logging, with its requests."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bot.adapters.files.counted_file import CountedFile
from bot.core.analysis.analyze import read
from bot.core.analysis.outside import Outside
from bot.core.analysis.reading import Reading
from bot.core.model import rfc3339
from bot.core.model.environment import Query
from bot.core.model.errors import InputError, UsageError
from bot.settings.settings import Settings


def instant(text: str | None) -> int:
    """Parses `--now` to nanoseconds; None is the current time. Raises `UsageError`."""
    if text is None:
        return time.time_ns()
    now = rfc3339.parse(text)
    if now is None:
        raise UsageError(f'--now "{text}" is no time. Write it as 2025-09-16T01:00:00Z.')
    return now


def is_file(name: str) -> bool:
    """Returns whether a word of the command line names what can be read as a file.

    Raises `InputError` for the path of a file that is not there.
    """
    try:
        found = name == "-" or Path(name).exists()
    except (OSError, ValueError):  # too long for a path, or with a NUL
        return False
    if not found and (os.sep in name or Path(name).suffix in _SUFFIXES):
        raise InputError(f"There is no file {name}.")
    return found


_SUFFIXES = frozenset({
    ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml", ".log", ".txt", ".gz", ".zip",
})  # fmt: skip
"""Endings of names that are files and no environments."""


def opened(file: str | None, settings: Settings) -> Outside:
    """Returns the log source and its activity, without a store. Reads nothing yet.

    `file`: its path, `-` for standard input, None for Cloud Logging.
    """
    if file:
        counted = CountedFile(file)
        return Outside(counted, activity=counted, unfiltered=True)
    from bot.adapters.google.activity import CloudActivity
    from bot.adapters.google.budget import SlidingWindow
    from bot.adapters.google.cloud_logging import CloudLogging
    from bot.adapters.google.monitoring import metrics

    logs = CloudLogging(settings.logging_endpoint, budget=SlidingWindow())
    counts = metrics(settings.monitoring_endpoint, settings.logging_endpoint)
    return Outside(logs, activity=CloudActivity(logs, counts), newest=logs)


def whole(file: str | None, settings: Settings, query: Query, now: int) -> tuple[Outside, Reading]:
    """Reads all of it, with its requests and deploys. Raises `GardenerError`."""
    outside = opened(file, settings)
    return outside, read(outside, query, now=now)
