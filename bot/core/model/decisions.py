"""People's decisions about a cluster: acknowledgements, issues, claims, snoozes, priorities."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.model.values import Priority, Values


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A person's statement that a cluster is expected: who, why, and for how long."""

    cluster: str
    by: str
    """Slack user id."""
    reason: str
    at: int
    until: int | None = None
    """When it expires; None, with `until_revision` None, means never."""
    until_revision: str | None = None
    """Expires when a revision other than this (the newest at the time) writes the cluster."""
    tell: bool = True
    """Alert the channel when it no longer matches: above `per_day`, one value repeats, it stops."""
    per_day: float | None = None
    """The acknowledged rate in occurrences a day; None: no bound."""
    title: str = ""
    """The cluster's title at the time, so that a list can be shown without a report."""
    channel: str = ""
    """The channel in which it was made, and which is alerted; empty: unknown."""
    usual: float = 0.0
    """Occurrences a day at the time; 0: unknown."""
    values: tuple[Values, ...] = ()
    """The values (users, accounts) that the cluster concerned at the time."""
    variants: tuple[str, ...] = ()
    """Hashes of the masked messages known at the time; empty: do not alert about new ones."""


@dataclass(frozen=True, slots=True)
class IssueLink:
    """The GitHub issue that is linked to a cluster."""

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
    """When it was closed; None: open, or unknown."""
    fixed_in: str | None = None
    """The commit that closed it; empty: closed without a commit, None: not looked up yet."""
    symptom_of: str | None = None
    """The root's cluster id, if the issue was filed for the whole incident."""
    labels: tuple[str, ...] = ()
    """As last seen."""
    locked: bool = False
    changed: bool = False
    """True if its title, labels, repository or lock changed since it was filed."""
    moved_from: str | None = None
    """The former `owner/name#12`, if it was transferred."""
    opened: int = 0
    """When the issue itself was opened, which may be long before it was linked; 0: unknown."""
    closed_by: str | None = None
    """The GitHub name of who closed it; empty: nobody known, None: open, or not looked up yet."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A person is working on the cluster."""

    cluster: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Snooze:
    """A person has muted the cluster, until a time or until a newer revision writes it."""

    cluster: str
    by: str
    at: int
    until: int | None = None
    until_revision: str | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A person set the cluster's priority by hand."""

    cluster: str
    by: str
    at: int
    priority: Priority
    was: Priority


@dataclass(frozen=True, slots=True)
class Pending:
    """A write to GitHub, stored before it is sent.

    It survives the process that sent it: whoever finds it (a later click, the reconcile job)
    checks on GitHub whether it was carried out, and completes it.
    """

    cluster: str
    """The root's cluster id."""
    by: str
    at: int
    """When it was last about to be sent."""
    repository: str
    kind: str
    """`create`, `comment` or `reopen`."""
    body: str
    """The body as sent, including its marker."""
    public: bool
    """Whether the body was written for a public repository; a private one is never sent to one."""
    title: str = ""
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    number: int | None = None
    """The issue to comment on; for `create`, the newest issue number before, so ours is higher."""
    nonce: str = ""
    """The nonce in the comment's marker."""
    symptoms: tuple[str, ...] = ()
    """Other clusters that the issue is for."""
    attempts: int = 1
    reply: str = ""
    """Where to tell the person about the outcome; opaque to the core."""


Decision = Acknowledgement | IssueLink | Claim | Snooze | Override | Pending


@dataclass(frozen=True, slots=True)
class Decisions:
    """All decisions about one cluster."""

    expected: Acknowledgement | None = None
    issue: IssueLink | None = None
    claim: Claim | None = None
    snooze: Snooze | None = None
    override: Override | None = None
    pending: Pending | None = None
