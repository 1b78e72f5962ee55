"""What jobs remember of what they showed, posted and wrote, so that it is done once.

Everything here expires, and whatever cannot be read any more counts as not remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from bot.core.model.decisions import IssueLink
from bot.core.model.issue_memory import Fix, Told
from bot.core.model.shown import (
    Posting,
    ReportThread,
    ShownMessage,
    ShownReport,
    WorklogCopy,
    WorklogVersion,
)

T = TypeVar("T")


class ShownReports(Protocol):
    """Which message shows which report, by the report's key in `ReportCache`."""

    def get(self, environment: str, key: str) -> ShownReport:
        """Returns what is stored; empty if nothing is."""
        ...

    def put(self, environment: str, key: str, shown: ShownReport) -> None:
        """Replaces what is stored."""
        ...

    def add(self, environment: str, key: str, place: ShownMessage) -> None:
        """Adds a message that shows the report. Idempotent."""
        ...

    def outdated(self, environment: str, key: str, channel: str, address: str) -> None:
        """Records that a channel has a newer report, at this address. Idempotent."""
        ...

    def key_of(self, environment: str, channel: str, ts: str) -> str:
        """Returns the key of the report that a message shows; empty if unknown."""
        ...

    def put_fixes(self, environment: str, key: str, fixes: Mapping[str, Fix]) -> None:
        """Returns the fixes that a digest judged, by cluster."""
        ...

    def fixes(self, environment: str, key: str) -> Mapping[str, Fix]:
        """Stores the fixes that a digest judged."""
        ...


class RecentReports(Protocol):
    """The keys of an environment's newest reports, and which of them answers a question."""

    def add(self, environment: str, key: str, *, latest: bool) -> None:
        """Adds a report. `latest`: it shows the environment's present state."""
        ...

    def latest(self, environment: str) -> str:
        """Returns the key of the last report of the present state; empty if none."""
        ...

    def newest(self, environment: str) -> Sequence[str]:
        """Returns the last dozen keys, newest first."""
        ...

    def put_answer(
        self, environment: str, question: str, rules: str, key: str, *, now: int
    ) -> None:
        """Makes the report the answer to a question under these grouping rules, for `JOINS`.

        `now` in nanoseconds, here and below.
        """
        ...

    def answer(self, environment: str, question: str, rules: str, *, now: int) -> str:
        """Returns the report that answers a question; empty if it must be read anew."""
        ...


class ConversationMemory(Protocol):
    """What each channel or direct conversation saw last."""

    def report(self, environment: str, channel: str) -> str:
        """Returns the environment's report that the conversation saw last; empty if none."""
        ...

    def saw(self, environment: str, channel: str, key: str) -> None:
        """Records the report that a conversation saw."""
        ...

    def environment(self, channel: str) -> str:
        """Returns the environment that was asked about last; empty if none."""
        ...

    def asked(self, channel: str, environment: str) -> None:
        """Records the environment that somebody asked about."""
        ...


class Posted(Protocol):
    """What was posted already, so that a job that runs again after a crash posts nothing twice."""

    def get(self, environment: str, what: Posting) -> str | None:
        """Returns the message's `ts` (empty if it cannot be edited); None if not posted."""
        ...

    def put(self, environment: str, what: Posting, ts: str) -> None:
        """Records a posting for the `SECONDS` of its kind."""
        ...

    def parts(self, environment: str, thread: ReportThread) -> Sequence[str]:
        """Returns the names of the parts posted to a report's thread."""
        ...

    def put_parts(self, environment: str, thread: ReportThread, parts: Sequence[str]) -> None:
        """Replaces the names of the parts posted to a thread."""
        ...


class Worklogs(Protocol):
    """A report's worklogs: where they were uploaded, and whether they are up to date."""

    def ask(self, environment: str, key: str, token: str) -> None:
        """Asks for a new version after a decision; the version must carry this token."""
        ...

    def asked(self, environment: str, key: str) -> str:
        """Returns the last token; empty if nothing was decided."""
        ...

    def version(self, environment: str, key: str) -> WorklogVersion:
        """Returns the last version written; empty if only the first exists."""
        ...

    def put_version(self, environment: str, key: str, version: WorklogVersion) -> None:
        """Records a version, once it is uploaded everywhere."""
        ...

    def copies(self, environment: str, key: str) -> Sequence[WorklogCopy]:
        """Returns the copies, one per thread."""
        ...

    def put_copies(self, environment: str, key: str, copies: Sequence[WorklogCopy]) -> None:
        """Replaces all copies."""
        ...


class SyncMemory(Protocol):
    """What the sync with GitHub remembers of an environment."""

    def told(self, environment: str, cluster: str) -> Told | None:
        """Returns what was already posted to the cluster's issue."""
        ...

    def put_told(self, environment: str, cluster: str, told: Told) -> None:
        """Replaces it."""
        ...

    def forget(self, environment: str, cluster: str) -> None:
        """Forgets an issue that is gone."""
        ...

    def revisions(self, environment: str) -> Mapping[str, int] | None:
        """Returns when each revision was first seen (nanoseconds, 0: long ago); None before the
        first report."""
        ...

    def put_revisions(self, environment: str, revisions: Mapping[str, int]) -> None:
        """Replaces them."""
        ...

    def turn(self, environment: str) -> int:
        """Returns where the round over all issues stands."""
        ...

    def put_turn(self, environment: str, turn: int) -> None:
        """Stores where the next round continues."""
        ...


class UnlinkedIssues(Protocol):
    """Issues unlinked from their cards, for undo."""

    def get(self, environment: str, cluster: str) -> IssueLink | None:
        """Returns the issue last unlinked from a cluster."""
        ...

    def put(self, environment: str, link: IssueLink) -> None:
        """Stores an unlinked issue under its cluster."""
        ...


class LookUps(Protocol):
    """Caches an outside system's answers for all processes, since each job runs in a new one."""

    def get(self, kind: type[T], name: str) -> T | None:
        """Returns the cached value; None if there is none of this `kind`. Raises `Unavailable`."""
        ...

    def put(self, name: str, value: object, seconds: int) -> None:
        """Caches a value that `codec` can write."""
        ...
