"""Sources of log entries, and of requests and deploys."""

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
    """A page of log entries."""

    rows: Rows = field(default_factory=Rows)
    broken: int = 0
    """Lines or items that could not be understood; they count as read."""
    reached: int | None = None
    """Everything of the window on one side of this time (nanoseconds) has been read."""
    share: float = 0.0
    """Estimated progress of the whole read, 0.0 to 1.0."""
    missing: tuple[Window, ...] = ()
    """What could not be read; given with the last page."""
    notes: tuple[str, ...] = ()
    left_out: int = 0
    """Estimated number of entries that were left out while these were read as a sample."""
    api_calls: int = 0
    """API calls since the previous page."""


class LogSource(Protocol):
    """A source of log entries."""

    def read(self, query: Query) -> Iterator[Page]:
        """Yields all entries of the query's window, in any order, possibly more.

        Raises `Refused`, `Unavailable` or `InputError` only where nothing at all could be read;
        later failures end the iteration with a page that names what is missing.
        """
        ...

    def describe(self, query: Query) -> str:
        """The query as the source's own language writes it, for the report and its links."""
        ...


@dataclass(frozen=True, slots=True)
class PartPage:
    """A page of one part of a window."""

    part: Window
    page: Page
    done: bool
    """True with the part's last page, if all of the part was read."""


class PartSource(LogSource, Protocol):
    """A log source that reads several parts of a window at the same time."""

    def read_parts(self, query: Query, parts: Sequence[Window]) -> Iterator[PartPage]:
        """Yields the entries of disjoint parts of the query's window, pages in any order.

        Raises and ends as `read` does; `Page.missing` names what was not read of a part.
        """
        ...


class Activity(Protocol):
    """Requests and deploys. Both are optional: a failure to read them fails nothing."""

    def read_traffic(self, query: Query) -> Traffic | None:
        """Returns requests by revision and hour in the query's window; None if unknown."""
        ...

    def read_events(self, query: Query) -> Sequence[Event]:
        """Returns deploys and deletions in the query's window; empty if unreadable."""
        ...


class NewestEntries(Protocol):
    """Looks up when a service last wrote anything, or last had a request."""

    def newest(self, query: Query, service: str, *, requests: bool) -> Sequence[int] | None:
        """Returns the times of the newest entries in the query's window, newest first.

        Of any severity, a page at most: of the request log, or of what the service itself wrote.
        None if it is unknown, since the look-up failed or the call budget is used up. `service`: a
        Cloud Run service.
        """
        ...


ProgressListener = Callable[[Progress], None]
"""Called for every page; raises `Cancelled` to stop reading."""
