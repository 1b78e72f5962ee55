"""GitHub in memory: records what was asked, and fails where a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.core.model.errors import Missing, Refused, UnknownOutcome
from bot.core.ports import Comment, Issue, Repository


class Killed(BaseException):
    """The process ends here: nobody catches it."""


@dataclass
class FakeTracker:
    """`ports.IssueTracker`.

    `before` and `after` hold, by method name, what is raised (in this order, one a call) before or
    after a write is carried out; None stands for a call that goes well.
    """

    private: bool = True
    now: Callable[[], int] = lambda: 0
    full_name: str = "acme/backend"
    issues: dict[int, Issue] = field(default_factory=dict)
    said: dict[int, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, object]] = field(default_factory=list)
    before: dict[str, list[BaseException | None]] = field(default_factory=dict)
    after: dict[str, list[BaseException | None]] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    """Who may be assigned."""
    files: dict[str, str] = field(default_factory=dict)
    commits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """A commit → its parents."""
    fixes: dict[int, str] = field(default_factory=dict)
    """An issue's number → the commit that closed it."""
    gate: threading.Event | None = None
    """Where there is one, `create` waits for it."""
    entered: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, title: str, body: str = "", **how) -> Issue:
        """An issue that a person wrote."""
        number = max(self.issues, default=0) + 1
        url = f"https://github.com/{self.full_name}/issues/{number}"
        self.issues[number] = Issue(number, title, body, how.pop("state", "open"), url, **how)
        return self.issues[number]

    def count(self, method: str) -> int:
        """How often it was asked."""
        return sum(name == method for name, _ in self.asked)

    # --- the port --------------------------------------------------------------------------------

    def repository(self, name: str) -> Repository:
        self._ask("repository", name)
        if name != self.full_name:
            raise Refused(f"GitHub knows no {name}, or the token may not see it.")
        return Repository(name, self.private, f"https://github.com/{name}")

    def issue(self, repository: str, number: int) -> Issue:
        self._ask("issue", number)
        return self._known(number)

    def recent(self, repository: str, limit: int) -> Sequence[Issue]:
        self._ask("recent", limit)
        newest = sorted(self.issues.values(), key=lambda i: (-i.updated, -i.number))
        return tuple(newest[:limit])

    def create(
        self,
        repository: str,
        title: str,
        body: str,
        labels: Sequence[str],
        assignees: Sequence[str] = (),
    ) -> Issue:
        self.entered.set()
        if self.gate:
            self.gate.wait(40)
        self._ask("create", title)
        with self._lock:
            now = self.now()
            issue = self.add(title, body, labels=tuple(labels), created=now, updated=now)
        self._then("create")
        return issue

    def comment(self, repository: str, number: int, body: str) -> str:
        self._ask("comment", number)
        issue = self._known(number)
        self.said.setdefault(number, []).append(body)
        self.issues[number] = replace(issue, updated=self.now())
        self._then("comment")
        return f"{issue.url}#issuecomment-{len(self.said[number])}"

    def comments(self, repository: str, number: int) -> Sequence[Comment]:
        self._ask("comments", number)
        self._known(number)
        said = self.said.get(number, ())
        return tuple(Comment(number * 1_000 + i, body) for i, body in enumerate(said))

    def edit_comment(self, repository: str, comment: int, body: str) -> None:
        self._ask("edit_comment", comment)
        number, index = divmod(comment, 1_000)
        if index >= len(self.said.get(number, ())):
            raise Missing("A comment is not there any more.")
        self.said[number][index] = body
        self._then("edit_comment")

    def assignable(self, repository: str, login: str) -> bool:
        self._ask("assignable", login)
        return login in self.people

    def text(self, repository: str, path: str, commit: str = "") -> str | None:
        self._ask("text", path)
        return self.files.get(path)

    def fix(self, repository: str, number: int) -> str | None:
        self._ask("fix", number)
        issue = self.issues.get(number)
        return self.fixes.get(number) if issue is not None and issue.state == "closed" else None

    def contains(self, repository: str, commit: str, fix: str) -> bool | None:
        self._ask("contains", (commit, fix))
        if repository != self.full_name or not {commit, fix} <= set(self.commits):
            return None
        before, waiting = set(), [commit]
        while waiting:
            before.add(each := waiting.pop())
            waiting += self.commits[each]
        return fix in before

    def reopen(self, repository: str, number: int) -> Issue:
        self._ask("reopen", number)
        issue = replace(self._known(number), state="open", closed=None, updated=self.now())
        self.issues[number] = issue
        self._then("reopen")
        return issue

    def _known(self, number: int) -> Issue:
        if number not in self.issues:
            raise Missing(f"{self.full_name}#{number} is not on GitHub (any more).")
        return self.issues[number]

    def _ask(self, method: str, what: object) -> None:
        self.asked.append((method, what))
        self._raise(self.before, method)

    def _then(self, method: str) -> None:
        self._raise(self.after, method)

    def _raise(self, planned, method: str) -> None:
        if planned.get(method) and (error := planned[method].pop(0)) is not None:
            raise error


def unconfirmed() -> UnknownOutcome:
    """What the adapter raises for a 502 on a write."""
    return UnknownOutcome("GitHub did not confirm (502): it may have been done.")
