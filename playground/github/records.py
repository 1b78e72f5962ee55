"""GitHub's records in the stand-in, and the validation applied on writing.

A violation raises `Problem`, with the status and the body of GitHub's answer.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

DOCS = "https://docs.github.com/rest"
BODY_LIMIT = 65_536  # characters, for issues and comments alike
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
        """Renders GitHub's JSON body."""
        body: Json = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        return body | {"documentation_url": DOCS, "status": str(self.status)}


def invalid(resource: str, name: str, code: str, message: str = "", **more: Any) -> Problem:
    """Builds a 422 Validation Failed for one field."""
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
    """A timeline event: `closed` or `reopened`, perhaps by a commit, or `cross-referenced`."""

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
    """True for a pull request, which shares the issues' numbering."""
    merged_at: float | None = None
    merge_commit: str | None = None
    timeline: list[Happened] = field(default_factory=list)
    """Oldest first."""


@dataclass(slots=True)
class Repo:
    """One repository. `people` can be assigned; `readers` may see it (None: everyone)."""

    full_name: str
    private: bool = False
    labels: dict[str, Json] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """A commit's full name → the names of its parents."""
    people: set[str] = field(default_factory=set)
    has_issues: bool = True
    archived: bool = False
    gone: bool = False
    next_number: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One API request as received, and the status of its response (0: connection dropped)."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    login: str | None
    status: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for one request whose method and path match.

    `kind`: "drop_after" (it is carried out, then the connection closes without an answer),
    "drop_before", "held" (as usual, once `gate` is set), "secondary" (403 with Retry-After), or a
    status as text: "502", "500", "401", "403", "404", "410", "429".
    """

    kind: str
    method: str = ""
    path: str = ""
    """A regular expression searched in the path below /github/api."""
    seconds: float = 0.0
    """What "secondary" names in Retry-After."""
    gate: threading.Event | None = None


def checked(repo: Repo, body: Json, *, creating: bool) -> Json:
    """Validates an issue's fields as GitHub does. Raises Problem."""
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
    """Formats a time as GitHub does: UTC, whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def secondary(retry_after: int) -> Problem:
    """Builds the error of the secondary rate limit."""
    return Problem(
        403,
        "You have exceeded a secondary rate limit and have been temporarily blocked from content "
        "creation. Please retry your request again later.",
        Retry_After=str(retry_after),
    )


def label(name: str, colour: str = "ededed", description: Any = None) -> Json:
    """Builds a label."""
    return {"name": name, "color": colour, "description": description, "default": False}


def label_key(repo: Repo, name: str) -> str | None:
    """Returns the label's own spelling; None if the repository does not have it."""
    return next((known for known in repo.labels if known.lower() == name.lower()), None)


def label_length(name: str) -> None:
    """Raises if a label's name is empty or too long."""
    if not name.strip():
        raise invalid("Label", "name", "missing_field")
    if len(name) > LABEL_LIMIT:
        raise invalid(
            "Label", "name", "custom", f"name is too long (maximum is {LABEL_LIMIT} characters)"
        )


def check_text(resource: str, name: str, text: Any, limit: int) -> None:
    """Raises if a value is not text or is longer than `limit` characters."""
    if not isinstance(text, str):
        raise _wrong_type(name, text, "a string")
    if len(text) > limit:
        line = f"{name} is too long (maximum is {limit} characters)"
        raise invalid(resource, name, "custom", line)


def _wrong_type(name: str, value: Any, wanted: str) -> Problem:
    shown = "nil" if value is None else repr(value)
    return Problem(422, f"Invalid request.\n\nFor 'properties/{name}', {shown} is not {wanted}.")
