"""Running analyses: who waits for each, its progress, and who is still to be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.asker import Asker
from bot.core.model.values import Window
from bot.job_names import JobName


@dataclass(frozen=True, slots=True)
class Want:
    """A person who waits for a run's report."""

    asker: Asker
    ts: str
    """The message that becomes the report; empty if only the asker gets an answer."""
    quiet: bool = False
    """True if that message shows an older report meanwhile, and no progress."""

    @property
    def who(self) -> str:
        """Key of this wait, unique per person and message."""
        return f"{self.asker.channel}/{self.asker.user}/{self.ts}"


@dataclass(frozen=True, slots=True)
class RunReading:
    """A run's progress."""

    window: Window
    read: int
    """Log entries read so far."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A run whose report is stored and is being delivered."""

    key: str
    """The report's key."""
    people: Mapping[str, Want]
    """By `Want.who`."""


class Runs(Protocol):
    """The people who wait for runs. A run's name is its command, so that people share it."""

    def ask(
        self,
        environment: str,
        run: str,
        job: JobName,
        kwargs: Mapping[str, object],
        want: Want,
    ) -> bool:
        """Registers a wait, and queues the run as `job` with `kwargs` (JSON) if there is none.

        Returns whether this call queued it. Raises `Unavailable`.
        """
        ...

    def waiting(self, environment: str, run: str) -> Mapping[str, Want]:
        """Returns everyone who waits, by `Want.who`."""
        ...

    def answer(self, environment: str, run: str) -> Mapping[str, Want]:
        """Ends the run and returns everyone who waits; a later `ask` starts a new run."""
        ...

    def leave(self, environment: str, run: str, who: str) -> bool:
        """Removes a wait; True if it was the last one and the run is cancelled."""
        ...

    def cancelled(self, environment: str, run: str) -> bool:
        """Returns whether everyone who waited has left."""
        ...


class RunProgress(Protocol):
    """Stored progress of runs: for cancelling, and for resuming after a crash."""

    def reading(self, environment: str, run: str) -> RunReading | None:
        """Returns the last stored progress; None if unknown."""
        ...

    def put_reading(self, environment: str, run: str, reading: RunReading) -> None:
        """Replaces the stored progress."""
        ...

    def unanswered(self, environment: str, run: str) -> Unanswered | None:
        """Returns an unfinished delivery; None while reading, or once everyone is answered."""
        ...

    def put_unanswered(self, environment: str, run: str, unanswered: Unanswered) -> None:
        """Stores the delivery, before its first answer."""
        ...

    def answered(self, environment: str, run: str) -> None:
        """Marks the delivery as finished."""
        ...
