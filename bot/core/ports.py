"""What gardener needs from the outside, each a Protocol of a few methods.

Adapters in `bot/adapters` implement them and translate every foreign error into `errors`:
`Unavailable` (try again later), `Refused` (someone must mend it), `UnknownOutcome` (look first).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.core.entries.rows import Rows
from bot.core.model.decisions import Decision, Decisions
from bot.core.model.environment import Query
from bot.core.model.grouping_rules import Rule
from bot.core.model.history import Past
from bot.core.model.report import (
    Event,
    Progress,
    Report,
    Traffic,
)
from bot.core.model.values import Window

# --- reading -------------------------------------------------------------------------------------


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


# --- identity ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cluster of this run that wants its lasting id."""

    id: str
    """From the content alone, `c-…`."""
    template: str
    masked: tuple[str, ...]
    """Every masked message in it."""
    first_seen: int | None = None
    last_seen: int | None = None
    occurrences: int = 0
    place: str = ""
    """Of a traceback; each of `masked` then ends in ` in PLACE`. Others are no variants of it."""
    exact: bool = False
    """What it is about is exact already (a request, an audit entry): it has no variants."""

    @property
    def bare(self) -> Iterator[str]:
        """The masked messages without the place."""
        return (message.removesuffix(f" in {self.place}") for message in self.masked)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the registry knows of a cluster."""

    id: str
    name: str
    """`C3`"""
    first_seen: int | None
    """Ever, as far as the registry remembers; None: it was not known before this run."""
    last_seen: int | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A cluster as the registry remembers it, whether or not it is in any report."""

    id: str
    name: str
    template: str
    masked: tuple[str, ...] = ()
    """Its masked messages, where there are many only the first ones."""
    first_seen: int | None = None
    last_seen: int | None = None


class Registry(Protocol):
    """Masked message → cluster id, for good (house.md: a cluster's id outlives the run)."""

    def resolve(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[Identity]:
        """One identity a candidate, in order; remembers what was not known.

        A known masked message keeps its id; a new variant joins a known cluster where
        `grouping.joins` says so; two known ids are never merged. C-numbers count up from C1 in
        the order of the candidates and are never used again. Atomic: two runs at once give the
        same answer.
        """
        ...

    def identify(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[str]:
        """The id that `resolve` would give each, in order. Changes nothing."""
        ...

    def find(self, environment: str, name: str) -> str | None:
        """The cluster id of `C3` (any case), or None."""
        ...

    def known(self, environment: str, masked: Sequence[str]) -> Mapping[str, str]:
        """Cluster id by masked message, of those that are known. Changes nothing."""
        ...

    def all(self, environment: str) -> Sequence[Remembered]:
        """Everything that is remembered, in the order of C-numbers."""
        ...


class History(Protocol):
    """What an environment did over time; hours are kept for `history.KEPT_DAYS`."""

    def read(self, environment: str, since: int, until: int) -> Past:
        """Hours of the days from `since` to `until` (nanoseconds), and all of the rest."""
        ...

    def record(self, environment: str, seen: Past) -> None:
        """Adds what a run read. Done twice, or for overlapping windows, it changes nothing more.

        Of an hour that is known the larger figure stays; what is remembered of a cluster is
        replaced.
        """
        ...


# --- decisions -----------------------------------------------------------------------------------


class DecisionBook(Protocol):
    """What people decided. Never expires, survives a restart."""

    def all(self, environment: str) -> Mapping[str, Decisions]:
        """By cluster id."""
        ...

    def put(self, environment: str, decision: Decision) -> Decision | None:
        """Stores it in the place of the one of its kind; returns that one, for undo."""
        ...

    def remove(self, environment: str, cluster: str, kind: type[Decision]) -> Decision | None:
        """Takes it back; returns what was there."""
        ...


class RuleBook(Protocol):
    """What people taught about grouping. Never expires, survives a restart."""

    def all(self, environment: str) -> Sequence[Rule]:
        """The oldest first."""
        ...

    def put(self, environment: str, rule: Rule) -> bool:
        """False where the same rule is there already: who taught it first is kept."""
        ...

    def remove(self, environment: str, rule: str) -> Rule | None:
        """By the rule's id; returns what was there."""
        ...


# --- GitHub --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Repository:
    """Where issues go."""

    full_name: str
    private: bool
    url: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it is on GitHub now."""

    number: int
    title: str
    body: str
    state: str
    """`open` or `closed`."""
    url: str
    labels: tuple[str, ...] = ()
    created: int = 0
    updated: int = 0
    closed: int | None = None
    locked: bool = False


Contains = Callable[[str, str, str], bool | None]
"""(repository, commit, fix): whether the fix is in the commit; None: that is not known."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it is on GitHub now."""

    id: int
    body: str
    url: str = ""


class IssueTracker(Protocol):
    """GitHub, as far as we need it. Never retries what creates something."""

    def repository(self, name: str) -> Repository:
        """Raises `Refused` where the name is unknown or the token may not see it."""
        ...

    def issue(self, repository: str, number: int) -> Issue:
        """As it is now. Raises `Missing` where it was deleted, `Moved` where it was transferred."""
        ...

    def recent(self, repository: str, limit: int) -> Sequence[Issue]:
        """Issues, the most recently updated first, open and closed, no pull requests.

        From the issues list and not the search, since that lags.
        """
        ...

    def create(
        self,
        repository: str,
        title: str,
        body: str,
        labels: Sequence[str],
        assignees: Sequence[str] = (),
    ) -> Issue:
        """Raises `UnknownOutcome` where it may exist all the same."""
        ...

    def comment(self, repository: str, number: int, body: str) -> str:
        """Returns the comment's address. Raises as `create` does."""
        ...

    def comments(self, repository: str, number: int) -> Sequence[Comment]:
        """An issue's comments, to look for a marker after an unknown outcome."""
        ...

    def edit_comment(self, repository: str, comment: int, body: str) -> None:
        """Puts a new body into a comment of ours. Raises `Missing` where it was deleted."""
        ...

    def assignable(self, repository: str, login: str) -> bool:
        """Whether issues may be assigned to them."""
        ...

    def text(self, repository: str, path: str, commit: str = "") -> str | None:
        """A file of the default branch or of a commit; empty where it is too large to be sent.

        None where it is not there or may not be read.
        """
        ...

    def fix(self, repository: str, number: int) -> str | None:
        """The commit that closed an issue, or was merged by the pull request that did.

        None where a person closed it, or where that may not be read.
        """
        ...

    def contains(self, repository: str, commit: str, fix: str) -> bool | None:
        """Whether the history of a commit has the fix; None where one of them is not there."""
        ...

    def reopen(self, repository: str, number: int) -> Issue:
        """Of an open issue: nothing happens."""
        ...


# --- the rest of the store -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel's daily digest of an environment."""

    environment: str
    channel: str
    at: str
    """`09:00`, wall clock."""
    timezone: str
    """IANA name."""
    by: str
    since: int
    """When it was subscribed."""


class Subscriptions(Protocol):
    """Who gets a digest."""

    def all(self) -> Sequence[Subscription]:
        """In no order."""
        ...

    def put(self, subscription: Subscription) -> None:
        """Replaces that of the same environment and channel."""
        ...

    def remove(self, channel: str, environment: str | None) -> Sequence[Subscription]:
        """Of one environment or, with None, all of the channel; returns what was removed."""
        ...


class ReportCache(Protocol):
    """Reports by a key of the caller's: ten minutes for a question that is asked again.

    And, without an expiry, the last report of each digest, to tell what changed since.
    """

    def get(self, environment: str, key: str) -> Report | None:
        """None where there is none or it has expired."""
        ...

    def put(self, environment: str, key: str, report: Report, seconds: int | None) -> None:
        """None: kept until it is replaced."""
        ...


class Locks(Protocol):
    """Doing a thing once across processes, machines and retries."""

    def once(self, key: str, seconds: int, token: str) -> bool:
        """True for the first caller of a key within `seconds`, and for the same token again.

        The same token, since a lost reply must not look like a refusal.
        """
        ...

    def release(self, key: str, token: str) -> None:
        """Lets the next one in, if the token is the one that holds it."""
        ...


class Notes(Protocol):
    """JSON data under a name, until it expires."""

    def get(self, environment: str, name: str) -> Any:
        """None where nothing is stored or it has expired."""
        ...

    def put(self, environment: str, name: str, value: object, seconds: int) -> None:
        """`value` is JSON data, kept for `seconds`."""
        ...
