"""What the terminal reads: a file, or Cloud Logging; and who knows of the requests beside it."""

from __future__ import annotations

from bot.adapters.counted_file import CountedFile
from bot.garden.model import Query
from bot.garden.ports import Activity, LogSource
from bot.garden.reading import Reading, read_all
from bot.settings import Settings


def opened(file: str | None, settings: Settings) -> tuple[LogSource, Activity]:
    """`file`: its path, `-` for standard input, None for Cloud Logging. Nothing is read yet."""
    if file:
        counted = CountedFile(file)
        return counted, counted
    from bot.adapters.activity import CloudActivity
    from bot.adapters.cloud_logging import CloudLogging, SlidingWindow
    from bot.adapters.monitoring import metrics

    logs = CloudLogging(settings.logging_endpoint, budget=SlidingWindow())
    counts = metrics(settings.monitoring_endpoint, settings.logging_endpoint)
    return logs, CloudActivity(logs, counts)


def whole(file: str | None, settings: Settings, query: Query, now: int) -> Reading:
    """All of it, with its requests and deploys. Raises `GardenerError`."""
    source, activity = opened(file, settings)
    reading = read_all(source, query)
    if reading.read > reading.broken:
        reading.look_around(activity, now)
    return reading
