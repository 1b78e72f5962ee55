"""Where log entries come from, and what goes on around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.entries.rows import Rows
from bot.core.model.environment import Query
from bot.core.model.report import Event, Progress, Traffic
from bot.core.model.values import Window


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries as they were read."""

    rows: Rows = field(default_factory=Rows)
    broken: int = 0
    """Lines or items that could not be understood; they count as read."""
    reached: int | None = None
    """The read has seen everything of the window on one side of this time (nanoseconds)."""
    share: float = 0.0
    """Of the whole read, 0.0 to 1.0, as well as it can be told."""
    missing: tuple[Window, ...] = ()
    """Given with the last page: what could not be read."""
    notes: tuple[str, ...] = ()
    api_calls: int = 0
    """Calls since the page before."""


class LogSource(Protocol):
    """Where log entries come from."""

    def read(self, query: Query) -> Iterator[Page]:
        """All entries of the query's window, in any order, possibly more than asked for.

        Raises `Refused`, `Unavailable` or `InputError` only where nothing at all could be read;
        later failures end the iteration with a page that names what is missing.
        """
        ...

    def describe(self, query: Query) -> str:
        """The query as the source's own language writes it, for the report and its links."""
        ...


class Activity(Protocol):
    """What goes on around the log: requests and deploys. Both are a help, and never a failure."""

    def read_traffic(self, query: Query) -> Traffic | None:
        """Requests by revision and hour in the query's window; None: unknown."""
        ...

    def read_events(self, query: Query) -> Sequence[Event]:
        """Deploys and deletions in the query's window; none where they cannot be read."""
        ...


ProgressListener = Callable[[Progress], None]
"""Told every page; raises `Cancelled` to end the read."""
