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
    """Which message shows which report. A report's key is the one of `ReportCache`."""

    def get(self, environment: str, key: str) -> ShownReport:
        """Empty where nothing is remembered."""
        ...

    def put(self, environment: str, key: str, shown: ShownReport) -> None:
        """Replaces what was remembered."""
        ...

    def add(self, environment: str, key: str, place: ShownMessage) -> None:
        """One message more shows the report. Done twice, it changes nothing more."""
        ...

    def key_of(self, environment: str, channel: str, ts: str) -> str:
        """The report that a message shows; empty where that is not known."""
        ...

    def put_fixes(self, environment: str, key: str, fixes: Mapping[str, Fix]) -> None:
        """The fixes that a digest judged, by cluster."""
        ...

    def fixes(self, environment: str, key: str) -> Mapping[str, Fix]:
        """Those that `put_fixes` was given."""
        ...


class RecentReports(Protocol):
    """The keys of an environment's newest reports, and which of them answers a question."""

    def add(self, environment: str, key: str, *, latest: bool) -> None:
        """`latest`: the report shows how the environment is now."""
        ...

    def latest(self, environment: str) -> str:
        """The last report that shows how the environment is; empty where there is none."""
        ...

    def newest(self, environment: str) -> Sequence[str]:
        """The last dozen, the newest first, whatever they show."""
        ...

    def put_answer(self, environment: str, question: str, rules: str, key: str) -> None:
        """For ten minutes the report answers a question, under this version of grouping rules."""
        ...

    def answer(self, environment: str, question: str, rules: str) -> str:
        """Empty where the question has to be read."""
        ...


class ConversationMemory(Protocol):
    """What a channel or direct conversation saw last."""

    def report(self, environment: str, channel: str) -> str:
        """The report of an environment that it saw last; empty: none."""
        ...

    def saw(self, environment: str, channel: str, key: str) -> None:
        """It was shown a report."""
        ...

    def environment(self, channel: str) -> str:
        """The environment that was asked about last; empty: none."""
        ...

    def asked(self, channel: str, environment: str) -> None:
        """Somebody asked about an environment there."""
        ...


class Posted(Protocol):
    """What was posted already: a job that runs again after a crash posts nothing twice."""

    def get(self, environment: str, what: Posting) -> str | None:
        """The message's `ts`, empty where there is no message to edit; None: not posted."""
        ...

    def put(self, environment: str, what: Posting, ts: str) -> None:
        """Remembered for the `SECONDS` of its kind."""
        ...

    def parts(self, environment: str, thread: ReportThread) -> Sequence[str]:
        """Names of the parts that stand in a report's thread."""
        ...

    def put_parts(self, environment: str, thread: ReportThread, parts: Sequence[str]) -> None:
        """All that stand there by now."""
        ...


class Worklogs(Protocol):
    """The worklogs of a report, by its key: where they stand and whether they are up to date."""

    def ask(self, environment: str, key: str, token: str) -> None:
        """Something was decided: the next version has to answer this token."""
        ...

    def asked(self, environment: str, key: str) -> str:
        """The last token; empty where nothing was decided."""
        ...

    def version(self, environment: str, key: str) -> WorklogVersion:
        """The last one written; empty where there is none but the first."""
        ...

    def put_version(self, environment: str, key: str, version: WorklogVersion) -> None:
        """After it was uploaded everywhere."""
        ...

    def copies(self, environment: str, key: str) -> Sequence[WorklogCopy]:
        """One a thread."""
        ...

    def put_copies(self, environment: str, key: str, copies: Sequence[WorklogCopy]) -> None:
        """Replaces them all."""
        ...


class SyncMemory(Protocol):
    """What the look at GitHub every two minutes remembers of an environment."""

    def told(self, environment: str, cluster: str) -> Told | None:
        """What the issue of a cluster was told so far."""
        ...

    def put_told(self, environment: str, cluster: str, told: Told) -> None:
        """Replaces it."""
        ...

    def forget(self, environment: str, cluster: str) -> None:
        """The issue is gone."""
        ...

    def revisions(self, environment: str) -> Mapping[str, int] | None:
        """When each was first seen (nanoseconds, 0: long ago); None before the first report."""
        ...

    def put_revisions(self, environment: str, revisions: Mapping[str, int]) -> None:
        """Replaces them."""
        ...

    def turn(self, environment: str) -> int:
        """How many issues were asked for in turn so far."""
        ...

    def put_turn(self, environment: str, turn: int) -> None:
        """Where the next look goes on."""
        ...


class UnlinkedIssues(Protocol):
    """Issues that somebody unlinked from a card, for undo."""

    def get(self, environment: str, cluster: str) -> IssueLink | None:
        """The last one of a cluster."""
        ...

    def put(self, environment: str, link: IssueLink) -> None:
        """By the link's cluster."""
        ...


class LookUps(Protocol):
    """An outside system's answers, remembered for all processes: each job runs in a fresh one."""

    def get(self, kind: type[T], name: str) -> T | None:
        """None where nothing is remembered, or not a `kind`. Raises `Unavailable`."""
        ...

    def put(self, name: str, value: object, seconds: int) -> None:
        """A value as `codec` writes it."""
        ...
