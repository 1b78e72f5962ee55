"""GitHub: issues, comments, files and commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository in which issues are filed."""

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
    closed_by: str = ""
    """The name of who closed it; empty: open, or not in the answer, as in lists."""


Contains = Callable[[str, str, str], bool | None]
"""(repository, commit, fix) → whether the commit contains the fix; None if unknown."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it is on GitHub now."""

    id: int
    body: str
    url: str = ""


class IssueTracker(Protocol):
    """The part of GitHub that we use. Never retries a request that creates something."""

    def repository(self, name: str) -> Repository:
        """Raises `Refused` where the name is unknown or the token may not see it."""
        ...

    def issue(self, repository: str, number: int) -> Issue:
        """Fetches the issue. Raises `Missing` if it was deleted, `Moved` if it was transferred."""
        ...

    def recent(self, repository: str, limit: int) -> Sequence[Issue]:
        """Returns open and closed issues, most recently updated first; no pull requests.

        Uses the issues list, since search lags.
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
        """Creates an issue. Raises `UnknownOutcome` if it may exist despite an error."""
        ...

    def comment(self, repository: str, number: int, body: str) -> str:
        """Adds a comment and returns its URL. Raises as `create` does."""
        ...

    def comments(self, repository: str, number: int) -> Sequence[Comment]:
        """Returns an issue's comments, to find a marker after an unknown outcome."""
        ...

    def edit_comment(self, repository: str, comment: int, body: str) -> None:
        """Replaces the body of our comment. Raises `Missing` if it was deleted."""
        ...

    def assignable(self, repository: str, login: str) -> bool:
        """Checks whether issues may be assigned to this login."""
        ...

    def text(self, repository: str, path: str, commit: str = "") -> str | None:
        """Returns a file's text at the default branch or a commit; empty if it is too large.

        None if it does not exist or may not be read.
        """
        ...

    def fix(self, repository: str, number: int) -> str | None:
        """Returns the commit that closed an issue, directly or by its pull request.

        None if a person closed it, or if that may not be read.
        """
        ...

    def contains(self, repository: str, commit: str, fix: str) -> bool | None:
        """Checks whether a commit's history contains the fix; None if either commit is unknown."""
        ...

    def reopen(self, repository: str, number: int) -> Issue:
        """Reopens an issue; does nothing if it is open."""
        ...


@dataclass(frozen=True, slots=True)
class CommitPair:
    """Asks whether a commit contains a fix."""

    repository: str
    commit: str
    fix: str


@dataclass(frozen=True, slots=True)
class Compared:
    """GitHub's answer about a `CommitPair`."""

    contains: bool | None
    """None: GitHub does not know one of the commits (yet)."""


class ComparedCommits(Protocol):
    """Caches comparisons of commits; a commit's contents never change."""

    def get(self, environment: str, pair: CommitPair) -> Compared | None:
        """Returns the cached answer; None if there is none or it expired."""
        ...

    def put(self, environment: str, pair: CommitPair, compared: Compared, seconds: int) -> None:
        """Caches an answer for `seconds`."""
        ...
