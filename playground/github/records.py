"""GitHub's records in the stand-in, and the rules that hold when one is written.

A broken rule raises `Problem`, which carries the status and the body that GitHub answers.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

DOCS = "https://docs.github.com/rest"
BODY_LIMIT = 65_536  # characters, of issues and comments alike
TITLE_LIMIT = 256
LABEL_LIMIT = 50


class Problem(Exception):  # noqa: N818 - GitHub's own word for it
    """A refusal: HTTP status, GitHub's message, and its `errors`."""

    def __init__(
        self, status: int, message: str, errors: list[Json] | None = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def body(self) -> Json:
        """The JSON that GitHub sends."""
        body: Json = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        return body | {"documentation_url": DOCS, "status": str(self.status)}


def invalid(resource: str, name: str, code: str, message: str = "", **more: Any) -> Problem:
    """422 Validation Failed for one field."""
    error: Json = {"resource": resource, "code": code, "field": name}
    if message:
        error["message"] = message
    return Problem(422, "Validation Failed", [error | more])


@dataclass(slots=True)
class Comment:
    """One comment of an issue."""

    id: int
    user: str
    body: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Happened:
    """`closed` or `reopened`, perhaps by a commit's message; `cross-referenced` by an issue."""

    event: str
    actor: str
    at: float
    commit: str | None = None
    source: int | None = None


@dataclass(slots=True)
class Issue:
    """One issue. Times are seconds since 1970."""

    number: int
    title: str
    body: str | None
    user: str
    created_at: float
    updated_at: float
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    state: str = "open"
    state_reason: str | None = None
    closed_at: float | None = None
    closed_by: str | None = None
    locked: bool = False
    deleted: bool = False
    moved_to: str | None = None
    pull: bool = False
    """Whether it is a pull request, which shares the issues' numbers."""
    merged_at: float | None = None
    merge_commit: str | None = None
    timeline: list[Happened] = field(default_factory=list)
    """The oldest first."""


@dataclass(slots=True)
class Repo:
    """One repository. `people` may be assigned; `readers` (None: all) may see it."""

    full_name: str
    private: bool = False
    labels: dict[str, Json] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """A commit's full name → those of its parents."""
    people: set[str] = field(default_factory=set)
    has_issues: bool = True
    archived: bool = False
    gone: bool = False
    next_number: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API as it came, and the status it got (0: the connection was dropped)."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    login: str | None
    status: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request whose method and path match.

    `kind`: "drop_after" (it is carried out, then the connection closes without an answer),
    "drop_before", "held" (as usual, once `gate` is set), "secondary" (403 with Retry-After), or a
    status as text: "502", "500", "401", "403", "404", "410", "429".
    """

    kind: str
    method: str = ""
    path: str = ""
    """A regular expression found in the path below /github/api."""
    seconds: float = 0.0
    """What "secondary" names in Retry-After."""
    gate: threading.Event | None = None


def checked(repo: Repo, body: Json, *, creating: bool) -> Json:
    """The fields of an issue as sent, or the refusal that GitHub answers."""
    if creating and "title" not in body:
        raise Problem(422, 'Invalid request.\n\n"title" wasn\'t supplied.')
    if "title" in body:
        if isinstance(body["title"], int):
            body = body | {"title": str(body["title"])}
        check_text("Issue", "title", body["title"], TITLE_LIMIT)
        if not body["title"].strip():
            raise invalid("Issue", "title", "missing_field")
    if body.get("body") is not None:
        check_text("Issue", "body", body["body"], BODY_LIMIT)
    for name in ("labels", "assignees"):
        if body.get(name) is not None and not isinstance(body[name], list):
            raise _wrong_type(name, body[name], "an array")
    for item in body.get("labels") or []:
        label_length(str(item.get("name", "") if isinstance(item, dict) else item))
    for login in body.get("assignees") or []:
        if login not in repo.people:
            raise invalid("Issue", "assignees", "invalid", value=login)
    if "state" in body and body["state"] not in {"open", "closed"}:
        raise invalid("Issue", "state", "invalid")
    return body


def stamp(seconds: float) -> str:
    """GitHub's times: UTC, whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def secondary(retry_after: int) -> Problem:
    """The secondary rate limit."""
    return Problem(
        403,
        "You have exceeded a secondary rate limit and have been temporarily blocked from content "
        "creation. Please retry your request again later.",
        Retry_After=str(retry_after),
    )


def label(name: str, colour: str = "ededed", description: Any = None) -> Json:
    """A new label."""
    return {"name": name, "color": colour, "description": description, "default": False}


def label_key(repo: Repo, name: str) -> str | None:
    """The label's own spelling, None where the repository has no such label."""
    return next((known for known in repo.labels if known.lower() == name.lower()), None)


def label_length(name: str) -> None:
    """Refuses an empty or a too long name."""
    if not name.strip():
        raise invalid("Label", "name", "missing_field")
    if len(name) > LABEL_LIMIT:
        raise invalid(
            "Label", "name", "custom", f"name is too long (maximum is {LABEL_LIMIT} characters)"
        )


def check_text(resource: str, name: str, text: Any, limit: int) -> None:
    """Refuses what is no text or longer than `limit` characters."""
    if not isinstance(text, str):
        raise _wrong_type(name, text, "a string")
    if len(text) > limit:
        said = f"{name} is too long (maximum is {limit} characters)"
        raise invalid(resource, name, "custom", said)


def _wrong_type(name: str, value: Any, wanted: str) -> Problem:
    shown = "nil" if value is None else repr(value)
    return Problem(422, f"Invalid request.\n\nFor 'properties/{name}', {shown} is not {wanted}.")
