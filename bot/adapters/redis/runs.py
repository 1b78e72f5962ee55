"""Who waits for which run, and each run's progress."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from bot.adapters.redis.client import Store
from bot.adapters.redis.notes import Notes
from bot.core.model import codec
from bot.core.model.values import Window
from bot.job_names import JobName
from bot.runs import RunReading, Unanswered, Want

if TYPE_CHECKING:
    from bot.adapters.redis.queue.queue import JobQueue

KEPT = 3_600
"""Seconds for which to remember a run's progress."""

_log = logging.getLogger(__name__)


class RedisRuns:
    """`runs.Runs`, on the queue."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue

    def ask(
        self, environment: str, run: str, job: JobName, kwargs: Mapping[str, object], want: Want
    ) -> bool:
        """Joins those who wait for a run. True: this call queued it as `job` with JSON `kwargs`."""
        encoded = cast("dict[str, object]", codec.encode(want))
        return self._queue.ask(environment, run, job, kwargs, who=want.who, want=encoded)

    def waiting(self, environment: str, run: str) -> Mapping[str, Want]:
        """Returns those who wait, by `Want.who`."""
        return _wants(self._queue.waiting(environment, run))

    def answer(self, environment: str, run: str) -> Mapping[str, Want]:
        """Ends the run and returns everyone who waits; the next request starts a new run."""
        return _wants(self._queue.answer(environment, run))

    def leave(self, environment: str, run: str, who: str) -> bool:
        """Removes one who waits. True if nobody is left, which cancels the run."""
        return self._queue.leave(environment, run, who)

    def cancelled(self, environment: str, run: str) -> bool:
        """True if everyone who waited has left."""
        return self._queue.cancelled(environment, run)


class RedisRunProgress:
    """`runs.RunProgress`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def reading(self, environment: str, run: str) -> RunReading | None:
        """Returns the stored value; None if there is none."""
        found = self._notes.read(tuple[int, int, int], environment, _reading(run))
        if found is None:
            return None
        start, end, read = found
        return RunReading(Window(start, end), read)

    def put_reading(self, environment: str, run: str, reading: RunReading) -> None:
        """Replaces the stored value."""
        stored = [reading.window.start, reading.window.end, reading.read]
        self._notes.write(environment, _reading(run), stored, KEPT)

    def unanswered(self, environment: str, run: str) -> Unanswered | None:
        """Returns who still needs an answer; None while the run reads or if everyone has one."""
        return self._notes.read(Unanswered, environment, _unanswered(run))

    def put_unanswered(self, environment: str, run: str, unanswered: Unanswered) -> None:
        """Records who needs an answer, before the first gets one."""
        self._notes.write(environment, _unanswered(run), unanswered, KEPT)

    def answered(self, environment: str, run: str) -> None:
        """Records that everyone has an answer."""
        self._notes.remove(environment, _unanswered(run))


def _reading(run: str) -> str:
    return f"reading:{run}"


def _unanswered(run: str) -> str:
    return f"telling:{run}"


def _wants(found: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Want]:
    wants: dict[str, Want] = {}
    for who, data in found.items():
        try:
            wants[who] = codec.decode(Want, data)
        except codec.CodecError as error:
            _log.warning("Who waits for a run cannot be read and is not answered: %s", error)
    return wants
