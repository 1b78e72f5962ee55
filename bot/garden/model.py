"""The values that travel between the rooms: units, what people decided, what a team set up.

What a report is made of stands in `report`.

All times are integers, nanoseconds since the Unix epoch in UTC: Cloud Logging's own resolution,
exact to compare and to add, and free of time zones until a person reads them. All text in here
has been redacted (see `redact`); nothing has been escaped, since that depends on where it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

JSON = Mapping[str, object]
"""A JSON object as it was read."""


class Severity(IntEnum):
    """Cloud Logging's `LogSeverity`, with its numbers."""

    DEFAULT = 0
    DEBUG = 100
    INFO = 200
    NOTICE = 300
    WARNING = 400
    ERROR = 500
    CRITICAL = 600
    ALERT = 700
    EMERGENCY = 800


class Priority(IntEnum):
    """P0 (the service is down) to P9 (noise); the table is in `docs/priorities.md`."""

    P0 = 0
    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4
    P5 = 5
    P6 = 6
    P7 = 7
    P8 = 8
    P9 = 9

    @property
    def level(self) -> str:
        """HIGH for P0-P2, MEDIUM for P3-P5, LOW for P6-P9."""
        if self <= Priority.P2:
            return "HIGH"
        return "MEDIUM" if self <= Priority.P5 else "LOW"


class State(StrEnum):
    """What became of a cluster since it was last looked at."""

    NEW = "new"
    RECURRING = "recurring"
    ESCALATING = "escalating"
    REGRESSED = "regressed"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [start, end) in nanoseconds."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start) / SECOND

    def __contains__(self, timestamp: int) -> bool:
        return self.start <= timestamp < self.end


@dataclass(frozen=True, slots=True)
class Location:
    """Where a message was written: module (or file), function and line, as the log names them."""

    module: str
    function: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        return self.module if self.line is None else f"{self.module}:{self.line}"


# --- what people decided -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Values:
    """Who stood in one place of a cluster's messages: hashes only."""

    before: str
    """What they are called: `user`."""
    seen: tuple[tuple[str, int], ...] = ()
    """(keyed hash, time), of the most frequent ones; see `watched`."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A person says that a cluster is expected behaviour: who, why, and how long that holds."""

    cluster: str
    by: str
    """Slack user id."""
    reason: str
    at: int
    until: int | None = None
    """Ends then; None with `until_revision` None means forever."""
    until_revision: str | None = None
    """Ends when a revision other than this (the newest when it was said) writes it."""
    tell: bool = True
    """Tell the channel when it breaks: above `per_day`, one value repeats, or it stops."""
    per_day: float | None = None
    """The agreed rate, occurrences a day; None: no bound."""
    title: str = ""
    """The cluster's title when it was said, so that the list reads without a report."""
    channel: str = ""
    """Where it was said, and is told when it breaks; empty: not known."""
    usual: float = 0.0
    """Occurrences a day when it was said; 0: not known."""
    values: tuple[Values, ...] = ()
    """Whom it was said about."""
    variants: tuple[str, ...] = ()
    """Hashes of the masked messages that were known then; empty: a new one says nothing."""

    @property
    def forever(self) -> bool:
        """Neither a time nor a revision ends it."""
        return self.until is None and self.until_revision is None


@dataclass(frozen=True, slots=True)
class IssueLink:
    """The GitHub issue that stands for a cluster."""

    cluster: str
    repository: str
    """`owner/name`"""
    number: int
    url: str
    title: str
    by: str
    at: int
    state: str = "open"
    """`open` or `closed`, as last seen."""
    closed_at: int | None = None
    """When it was closed; None: it is open, or that is not known."""
    fixed_in: str | None = None
    """The commit that closed it; empty: no commit did, None: nobody has looked yet."""
    symptom_of: str | None = None
    """The root's cluster id, where the issue was filed for the whole incident."""
    labels: tuple[str, ...] = ()
    """As last seen."""
    locked: bool = False
    changed: bool = False
    """True where title, labels, place or lock are not what they were when it was filed."""
    moved_from: str | None = None
    """`owner/name#12`, where it was transferred since."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Someone said that they are on it."""

    cluster: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Snooze:
    """A person does not want to hear of it for a while."""

    cluster: str
    by: str
    at: int
    until: int | None = None
    until_revision: str | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A person set the priority by hand."""

    cluster: str
    by: str
    at: int
    priority: Priority
    was: Priority


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that was about to be sent to GitHub, stored before it is.

    It outlives the process that sent it: whoever finds it (a later click, the reconcile job)
    looks on GitHub whether it was done, and finishes it.
    """

    cluster: str
    """The root's id."""
    by: str
    at: int
    """When it was last sent, or about to be."""
    repository: str
    kind: str
    """`create`, `comment` or `reopen`."""
    body: str
    """As it was sent, its marker included."""
    public: bool
    """What the body was written for: one for a private repository never goes to a public one."""
    title: str = ""
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    number: int | None = None
    """The issue that gets the comment; where one is created, those up to it are other ones."""
    nonce: str = ""
    """Of the comment's marker."""
    symptoms: tuple[str, ...] = ()
    """Clusters that the issue stands for as well."""
    attempts: int = 1
    reply: str = ""
    """Where the person is told what became of it; only the caller reads it."""


Decision = Acknowledgement | IssueLink | Claim | Snooze | Override | Pending


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that people decided about one cluster."""

    expected: Acknowledgement | None = None
    issue: IssueLink | None = None
    claim: Claim | None = None
    snooze: Snooze | None = None
    override: Override | None = None
    pending: Pending | None = None


# --- what a team says of its service -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TeamRule:
    """One `[[rules]]` of gardener.toml. What is empty is not asked; all that is said must hold."""

    name: str
    line: int = 0
    """Where it stands in its file; 0: not known."""
    contains: str = ""
    """Words of the message, in lower case."""
    match: str = ""
    """A regular expression on the message, whose values are `<*>`; case does not matter."""
    severity: Severity = Severity.DEFAULT
    """At least this."""
    services: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """The module that the log names, or a package that it is in."""
    routes: tuple[str, ...] = ()
    """A route, or what it begins with in whole parts."""
    statuses: tuple[int, ...] = ()
    at_least: int = 1
    """Occurrences in the window."""
    environments: tuple[str, ...] = ()
    priority: Priority | None = None
    """Sets the priority; of those that do, the first that fits counts."""
    shift: int = 0
    """Moves it; below zero is towards P0. All that fit count."""
    reason: str = ""
    cause: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """One `[[impact]]` of gardener.toml: what it means where a route or module fails."""

    says: str
    routes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    weight: int = 0
    """Steps of priority towards P0."""
    line: int = 0
    environments: tuple[str, ...] = ()


# --- asking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Environment:
    """One `[environments.NAME]` of `gardener.toml`."""

    name: str
    project: str
    services: tuple[str, ...] = ()
    """Cloud Run services; empty: all of the project's."""
    github: str | None = None
    min_severity: Severity = Severity.WARNING
    timezone: str = "UTC"
    channels: tuple[str, ...] | None = None
    """None: every channel that the bot is in and that is not shared with another company."""
    act: tuple[str, ...] | None = None
    """None: every full member, no guests; empty: nobody."""
    admin: tuple[str, ...] = ()
    rules: tuple[TeamRule, ...] = ()
    """The team's own, in the order of the file."""
    impacts: tuple[Impact, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What to read: an environment's entries in a window. Hashable, so it is a cache key too."""

    environment: str
    project: str
    services: tuple[str, ...]
    window: Window
    min_severity: Severity = Severity.WARNING
