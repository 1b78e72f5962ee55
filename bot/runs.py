"""Analyses that run: who waits for which, how far it has read, who is still to be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.asker import Asker
from bot.core.model.values import Window
from bot.job_names import JobName


@dataclass(frozen=True, slots=True)
class Want:
    """Someone who waits for the answer."""

    asker: Asker
    ts: str
    """The message that becomes the report; empty: only the asker is told."""
    quiet: bool = False
    """That message shows an older report meanwhile: no progress in it."""

    @property
    def who(self) -> str:
        """The name under which they wait: one a person and message."""
        return f"{self.asker.channel}/{self.asker.user}/{self.ts}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a run has read."""

    window: Window
    read: int
    """Log entries so far."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A run that has its report, and has begun to answer those who wait."""

    key: str
    """The report's key."""
    people: Mapping[str, Want]
    """By `Want.who`."""


class Runs(Protocol):
    """Who waits for which run. A run is named by its question, so that many share one."""

    def ask(
        self,
        environment: str,
        run: str,
        job: JobName,
        kwargs: Mapping[str, object],
        want: Want,
    ) -> bool:
        """Waits for the run. True: this call queued it, as `job` with `kwargs`, which are JSON.

        False: it runs already, and answers here as well. Raises `Unavailable`.
        """
        ...

    def waiting(self, environment: str, run: str) -> Mapping[str, Want]:
        """By `Want.who`."""
        ...

    def answer(self, environment: str, run: str) -> Mapping[str, Want]:
        """Ends the run and returns all who wait for it; who asks from now on starts a new one."""
        ...

    def leave(self, environment: str, run: str, who: str) -> bool:
        """True where nobody waits any more and the run is cancelled."""
        ...

    def cancelled(self, environment: str, run: str) -> bool:
        """Whether everyone who waited has left."""
        ...


class RunProgress(Protocol):
    """How far a run is: for whoever stops it, and for the worker that goes on after a crash."""

    def reading(self, environment: str, run: str) -> Reading | None:
        """None where nothing is remembered."""
        ...

    def put_reading(self, environment: str, run: str, reading: Reading) -> None:
        """Replaces what was noted before."""
        ...

    def unanswered(self, environment: str, run: str) -> Unanswered | None:
        """None: the run is still reading, or everyone was answered."""
        ...

    def put_unanswered(self, environment: str, run: str, unanswered: Unanswered) -> None:
        """Noted before the first of them is answered."""
        ...

    def answered(self, environment: str, run: str) -> None:
        """Nobody waits for an answer any more."""
        ...
