"""GitHub: issues, comments, files and commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


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


@dataclass(frozen=True, slots=True)
class CommitPair:
    """Asks whether a commit contains a fix."""

    repository: str
    commit: str
    fix: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What GitHub answered of a `CommitPair`."""

    contains: bool | None
    """None: it does not know one of them (yet)."""


class ComparedCommits(Protocol):
    """Remembers what GitHub answered: what is in a commit never changes."""

    def get(self, environment: str, pair: CommitPair) -> Compared | None:
        """None where it was not asked, or too long ago."""
        ...

    def put(self, environment: str, pair: CommitPair, compared: Compared, seconds: int) -> None:
        """Remembered for `seconds`."""
        ...
