"""Input of the terminal commands: a file or Cloud Logging, with the traffic beside it."""

from __future__ import annotations

import time

from bot.adapters.files.counted_file import CountedFile
from bot.core.analysis.reading import Reading, read_all
from bot.core.model import rfc3339
from bot.core.model.environment import Query
from bot.core.model.errors import UsageError
from bot.core.ports import Activity, LogSource
from bot.settings.settings import Settings


def instant(text: str | None) -> int:
    """Parses `--now` to nanoseconds; None is the current time. Raises `UsageError`."""
    if text is None:
        return time.time_ns()
    now = rfc3339.parse(text)
    if now is None:
        raise UsageError(f'--now "{text}" is no time. Write it as 2025-09-16T01:00:00Z.')
    return now


def opened(file: str | None, settings: Settings) -> tuple[LogSource, Activity]:
    """Opens a source without reading from it.

    `file` is a path, `-` for standard input, None for Cloud Logging.
    """
    if file:
        counted = CountedFile(file)
        return counted, counted
    from bot.adapters.google.activity import CloudActivity
    from bot.adapters.google.cloud_logging import CloudLogging, SlidingWindow
    from bot.adapters.google.monitoring import metrics

    logs = CloudLogging(settings.logging_endpoint, budget=SlidingWindow())
    counts = metrics(settings.monitoring_endpoint, settings.logging_endpoint)
    return logs, CloudActivity(logs, counts)


def whole(file: str | None, settings: Settings, query: Query, now: int) -> Reading:
    """Reads a whole source, with requests and deploys. Raises `GardenerError`."""
    source, activity = opened(file, settings)
    reading = read_all(source, query)
    if reading.read > reading.broken:
        reading.look_around(activity, now)
    return reading
