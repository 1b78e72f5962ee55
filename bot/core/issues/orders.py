"""What a person asked to file on GitHub, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.core.model.decisions import IssueLink, Pending


class How(StrEnum):
    """How a click was carried out."""

    CREATED = "created"
    FOUND = "found"
    COMMENTED = "commented"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Filed:
    """Filed on GitHub and stored."""

    link: IssueLink
    how: How


@dataclass(frozen=True, slots=True)
class Waiting:
    """Outcome unknown; the message explains it.

    Clicking again is safe, and `reconcile` finishes it.
    """

    message: str


Outcome = Filed | Waiting


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked to file, with the text drafted by `issue_text`."""

    environment: str
    repository: str
    cluster: str
    """The root's id; an issue's body contains its marker."""
    by: str
    body: str
    public: bool
    """Whether the text was drafted for a public repository."""
    title: str = ""
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    """Logins to assign; for a new issue only."""
    symptoms: tuple[str, ...] = ()
    nonce: str = ""
    """For a comment: the nonce of its marker, equal for every click on one form."""
    beside: int | None = None
    """The person saw the issues with the marker up to this number, and wants a new one."""
    reply: str = ""
    """Where to answer the person later; returned in `Reconciled`."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How something pending ended."""

    pending: Pending
    outcome: Outcome | None
    failure: str | None = None
    """A sentence, if it was given up."""
