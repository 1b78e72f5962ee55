"""Where Slack shows a report: its messages, its worklogs, and what was already posted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bot.core.model.values import DAY, SECOND

KEPT = 90 * DAY // SECOND
"""Seconds for which buttons find the report that they stand under. After that they act on the
cluster by its id, and answer all the same."""


JOINS = 5 * SECOND
"""How long after its end (nanoseconds) a report answers whoever asks the same: two who saw the same
alert, or one who typed twice. Entries take as long to arrive: reading again shows nothing new."""

REPORT, FURTHER, DIGEST = "report", "further", "digest"
REMEMBERED = "remembered"
"""A report from memory, shown because Google did not answer."""
ALERT = "alert "
"""An alert of a watch; the cluster under which the watch remembers it follows."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message that shows (a part of) a report."""

    kind: str
    """`report`, `further`, `digest`, `remembered` or `alert …`."""
    channel: str
    ts: str
    index: int = 0
    """Index among the messages with further cards."""
    due: int = 0
    """For a digest that was missed and posted late: when it was due (ns); 0: it was not."""


@dataclass(frozen=True, slots=True)
class ShownReport:
    """A report's question and the messages that show the report."""

    typed: str = ""
    """The question as it is typed; empty for a dropped file."""
    previous: str = ""
    """For a digest: the key of the report it compares with."""
    places: tuple[ShownMessage, ...] = ()
    newer: tuple[tuple[str, str], ...] = ()
    """(channel, address of a message there with a newer report; empty if Slack gave none)."""


# --- posted once ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestAnswer:
    """The first answer to a request: the progress message, which becomes the report."""

    SECONDS: ClassVar[int] = 3_600
    """How long to remember it, in seconds; each class below has its own."""

    request: str
    """Slack's id of the request."""


@dataclass(frozen=True, slots=True)
class DigestPost:
    """A digest, by the occasion on which it is posted once."""

    SECONDS: ClassVar[int] = 3 * 86_400

    occasion: str


@dataclass(frozen=True, slots=True)
class DigestQueued:
    """A digest that the clock has queued; its text says whether the clock was late."""

    SECONDS: ClassVar[int] = 3 * 86_400

    occasion: str


@dataclass(frozen=True, slots=True)
class DigestFailure:
    """The notice that a digest failed."""

    SECONDS: ClassVar[int] = 3 * 86_400

    occasion: str


@dataclass(frozen=True, slots=True)
class BreakAlert:
    """The alert that an acknowledgement broke. One that lasts longer is posted again."""

    SECONDS: ClassVar[int] = 7 * DAY // SECOND

    cluster: str
    at: int
    """When it was acknowledged, in nanoseconds."""
    kind: str
    which: str
    """As in `acknowledgement.Break`."""


@dataclass(frozen=True, slots=True)
class WatchFailure:
    """The notice that a watch cannot look."""

    SECONDS: ClassVar[int] = 2 * 86_400

    channel: str
    day: int
    """Days since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class EvidencePost:
    """A cluster's evidence in the thread of a report."""

    SECONDS: ClassVar[int] = KEPT

    report: str
    """The report's key."""
    cluster: str
    channel: str
    root: str
    """`ts` of the thread's first message."""


Posting = (
    RequestAnswer
    | DigestPost
    | DigestQueued
    | DigestFailure
    | BreakAlert
    | WatchFailure
    | EvidencePost
)
"""Everything that is posted only once per environment."""


@dataclass(frozen=True, slots=True)
class ReportThread:
    """The thread of a message that shows a report."""

    report: str
    """The report's key."""
    channel: str
    ts: str


# --- worklogs ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorklogCopy:
    """A worklog uploaded to a thread."""

    channel: str
    root: str
    """`ts` of the thread's first message."""
    file: str
    """Slack's file id; empty if the thread is gone."""
    digest: str
    """Hash of its text."""


@dataclass(frozen=True, slots=True)
class WorklogVersion:
    """The last version of a report's worklog."""

    token: str = ""
    """Token of the decision it includes, as `Worklogs.asked` returns it."""
    at: int = 0
    """When it was written, in nanoseconds."""
