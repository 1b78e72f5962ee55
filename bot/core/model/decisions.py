"""What people decided about a cluster: acknowledgements, issues, claims, snoozes, priorities."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.model.values import Priority, Values


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
    """The acknowledged rate, occurrences a day; None: no bound."""
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
