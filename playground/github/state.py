"""State and behaviour of the GitHub stand-in: repositories, issues, labels, faults. No HTTP.

Every method may be called from any thread.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.feed import PlaygroundError
from playground.github.records import (
    BODY_LIMIT,
    Call,
    Comment,
    Fault,
    Happened,
    Issue,
    Json,
    Problem,
    Repo,
    check_text,
    checked,
    invalid,
    label,
    label_key,
    label_length,
    secondary,
    stamp,
)

CONTENT_PER_MINUTE = 80  # content-creating requests; docs.github.com, secondary rate limits
SEARCH_LAG_S = 30.0
"""How long a new issue stays out of the search index, in seconds."""
BOT = "gardener-bot"


@dataclass
class GithubState:
    """The whole stand-in. `publish` receives a `github` event for each changed repository."""

    token: str = "ghp_playground"  # noqa: S105 - opens nothing
    base_url: str = "http://127.0.0.1"
    """The server's URL, without a path."""
    publish: Callable[[Json], None] | None = None
    on_call: Callable[[Call], None] | None = None
    clock: Callable[[], float] = time.time
    search_lag_s: float = SEARCH_LAG_S
    content_per_minute: int | None = CONTENT_PER_MINUTE
    apps: dict[str, str] = field(default_factory=dict)
    """App id → the public key (PEM) that verifies its JSON web tokens."""

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.repos: dict[str, Repo] = {}
        self.calls: list[Call] = []
        self.tokens: dict[str, str] = {self.token: BOT}
        self.read_only: set[str] = set()  # tokens without write permission
        self.blind: dict[str, set[str]] = {}  # token → private repositories that it cannot see
        self.installations: dict[int, str] = {}  # id → app id
        self.expiry: dict[str, float] = {}  # token → expiry time
        self._faults: deque[Fault] = deque()
        self._created: deque[float] = deque()
        self._ids = 1_000_000

    # --- for tests and the page --------------------------------------------------------------

    def add_repo(self, full_name: str, **how: Any) -> Repo:
        """Adds a repository."""
        with self.lock:
            repo = self.repos[full_name.lower()] = Repo(full_name, **how)
        return repo

    def repo(self, full_name: str) -> Repo:
        """Finds a repository by name, ignoring case. Raises KeyError."""
        return self.repos[full_name.lower()]

    def inject(self, *faults: Fault) -> None:
        """Queues faults; each applies to the first request that it matches."""
        with self.lock:
            self._faults.extend(faults)

    def take_fault(self, method: str, path: str) -> Fault | None:
        """Removes and returns the first fault that matches this request."""
        with self.lock:
            for fault in self._faults:
                if fault.method in {"", method} and re.search(fault.path, path):
                    self._faults.remove(fault)
                    return fault
        return None

    def record(self, call: Call) -> None:
        """Records a request."""
        with self.lock:
            self.calls.append(call)
        if self.on_call is not None:
            self.on_call(call)

    def snapshot(self) -> Json:
        """Returns `{full_name: repo}` as the page shows them."""
        with self.lock:
            return {repo.full_name: self.shown(repo) for repo in self.repos.values()}

    async def act(self, order: Mapping[str, Any]) -> None:
        """Carries out a person's change: close, reopen, label, comment, delete.

        Raises PlaygroundError.
        """
        try:
            issue_number = int(order.get("number") or 0)
            self.person(str(order.get("repo")), issue_number, str(order.get("do")), order)
        except (KeyError, ValueError):
            raise PlaygroundError("There is no such issue on the GitHub stand-in.") from None
        except Problem as problem:
            raise PlaygroundError(problem.message) from None

    def person(
        self, full_name: str, number: int, do: str, more: Mapping[str, Any] | None = None
    ) -> Issue:
        """Does the same as `act`, for tests. Raises KeyError if there is no such issue."""
        more, now = more or {}, self.clock()
        user = str(more.get("user") or "alice").removeprefix("U0").lower()
        with self.lock:
            repo = self.repo(full_name)
            issue = repo.issues[number]
            if issue.deleted:
                raise KeyError(number)
            if do in {"close", "reopen"}:
                self.update(repo, issue, {"state": "closed" if do == "close" else "open"}, user)
            elif do == "label":
                wanted = more.get("label") or more.get("labels") or []
                names = [wanted] if isinstance(wanted, str) else list(wanted)
                self.update(repo, issue, {"labels": [*issue.labels, *names]}, user)
            elif do == "comment":
                self.comment(repo, issue, str(more.get("body") or more.get("text") or ""), user)
            elif do == "lock":
                issue.locked = True
            elif do == "delete":
                issue.deleted, issue.updated_at = True, now
                self.changed(repo)
            else:
                raise PlaygroundError(f'"{do}" is nothing that a person can do to an issue.')
            return issue

    # --- what the API does ---------------------------------------------------------------------

    def creating_content(self) -> None:
        """Counts a content-creating request; raises the secondary limit above 80 a minute."""
        if self.content_per_minute is None:
            return
        now = self.clock()
        with self.lock:
            while self._created and self._created[0] <= now - 60:
                self._created.popleft()
            if len(self._created) >= self.content_per_minute:
                raise secondary(60)
            self._created.append(now)

    def create(self, repo: Repo, body: Json, user: str) -> Issue:
        """Handles POST issues; creates missing labels, as GitHub does."""
        with self.lock:
            self.writable(repo)
            sent = checked(repo, body, creating=True)
            now = self.clock()
            issue = Issue(repo.next_number, sent["title"], sent.get("body"), user, now, now)
            repo.next_number += 1
            repo.issues[issue.number] = issue
            issue.labels = self._labels(repo, sent.get("labels") or [])
            issue.assignees = list(sent.get("assignees") or [])
            self.changed(repo)
            return issue

    def update(
        self, repo: Repo, issue: Issue, body: Json, user: str, *, commit: str | None = None
    ) -> Issue:
        """Handles PATCH issue: title, body, state, state_reason, labels, assignees.

        `commit`: the commit whose message closed it.
        """
        with self.lock:
            self.writable(repo)
            sent = checked(repo, body, creating=False)
            now = self.clock()
            for name in ("title", "body"):
                if name in sent:
                    setattr(issue, name, sent[name])
            if "labels" in sent:
                issue.labels = self._labels(repo, sent["labels"] or [])
            if "assignees" in sent:
                issue.assignees = list(sent["assignees"] or [])
            state = sent.get("state", issue.state)
            if state != issue.state:
                closing = state == "closed"
                issue.state = state
                issue.state_reason = "completed" if closing else "reopened"
                issue.closed_at = now if closing else None
                issue.closed_by = user if closing else None
                event = "closed" if closing else "reopened"
                issue.timeline.append(Happened(event, user, now, commit))
            if sent.get("state_reason"):
                issue.state_reason = sent["state_reason"]
            issue.updated_at = now
            self.changed(repo)
            return issue

    def comment(self, repo: Repo, issue: Issue, text: Any, user: str) -> Comment:
        """Handles POST of a comment."""
        with self.lock:
            self.writable(repo)
            if issue.locked and user not in repo.people:
                raise Problem(403, "Unable to create comment because issue is locked.")
            check_text("IssueComment", "body", text, BODY_LIMIT)
            if not text.strip():
                raise invalid("IssueComment", "body", "custom", "body can't be blank")
            now = self.clock()
            self._ids += 1
            comment = Comment(self._ids, user, text, now, now)
            issue.comments.append(comment)
            issue.updated_at = now
            self.changed(repo)
            return comment

    def edit_comment(self, repo: Repo, issue: Issue, comment: Comment, text: Any) -> Comment:
        """Handles PATCH of a comment."""
        with self.lock:
            self.writable(repo)
            check_text("IssueComment", "body", text, BODY_LIMIT)
            comment.body, comment.updated_at = text, self.clock()
            issue.updated_at = comment.updated_at
            self.changed(repo)
            return comment

    def create_label(self, repo: Repo, body: Json) -> Json:
        """Handles POST of labels."""
        with self.lock:
            self.writable(repo)
            name = body.get("name")
            if not isinstance(name, str) or not name.strip():
                raise invalid("Label", "name", "missing_field")
            label_length(name)
            if label_key(repo, name) is not None:
                raise invalid("Label", "name", "already_exists")
            colour = str(body.get("color", "ededed"))
            if not re.fullmatch(r"[0-9a-fA-F]{6}", colour):
                raise invalid("Label", "color", "invalid")
            made = label(name, colour, body.get("description"))
            repo.labels[name] = made
            self.changed(repo)
            return made

    def writable(self, repo: Repo) -> None:
        """Raises if issues are disabled or the repository is archived."""
        if not repo.has_issues:
            raise Problem(410, "Issues are disabled for this repo")
        if repo.archived:
            raise Problem(403, "Repository was archived so is read-only.")

    def changed(self, repo: Repo) -> None:
        """Notifies the page."""
        if self.publish is not None:
            self.publish({"type": "github", "repo": self.shown(repo)})

    def shown(self, repo: Repo) -> Json:
        """Renders the repository for the page."""
        return {
            "full_name": repo.full_name,
            "private": repo.private,
            "labels": list(repo.labels.values()),
            "issues": [
                {
                    "number": issue.number,
                    "title": issue.title,
                    "body": issue.body or "",
                    "state": issue.state,
                    "labels": [repo.labels[name] for name in issue.labels],
                    "comments": [
                        {
                            "id": comment.id,
                            "user": comment.user,
                            "body": comment.body,
                            "created_at": stamp(comment.created_at),
                        }
                        for comment in issue.comments
                    ],
                    "assignees": issue.assignees,
                    "created_at": stamp(issue.created_at),
                    "updated_at": stamp(issue.updated_at),
                    "html_url": f"{self.base_url}/github/{repo.full_name}/issues/{issue.number}",
                }
                for issue in repo.issues.values()
                if not (issue.deleted or issue.pull)
            ],
        }

    def _labels(self, repo: Repo, names: list[Any]) -> list[str]:
        found: list[str] = []
        for item in names:
            name = str(item.get("name", "") if isinstance(item, dict) else item)
            key = label_key(repo, name)
            if key is None:
                repo.labels[name] = label(name)
                key = name
            if key not in found:
                found.append(key)
        return found
