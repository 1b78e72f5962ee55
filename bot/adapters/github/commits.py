"""Reads commits from GitHub's answers: which one closed an issue, which contains which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.model.rfc3339 import parse
from bot.core.model.values import MINUTE

COMPARED: Mapping[str, bool] = {
    "ahead": True,
    "identical": True,
    "behind": False,
    "diverged": False,
}
"""`status` of a comparison fix...commit → whether the commit has the fix."""
AT_ONCE = 2 * MINUTE
"""A pull request closes its issues within seconds of its merge."""


def closing(events: Sequence[Mapping[str, Any]], repository: str) -> str | int | None:
    """Finds the commit or pull request (by number) that closed an issue; None: a person did.

    `events`: the issue's timeline, oldest first. The closing event names a commit; a pull request
    is one that mentions the issue and was merged when the issue was closed.
    """
    closed = next((e for e in reversed(events) if e.get("event") in ("closed", "reopened")), None)
    if closed is None or closed.get("event") != "closed":
        return None
    commit = closed.get("commit_id")
    if isinstance(commit, str) and commit:
        return commit
    at = parse(str(closed.get("created_at") or ""))
    for event in reversed(events):
        number = _merged(event, at, repository)
        if number is not None:
            return number
    return None


def _merged(event: Mapping[str, Any], closed: int | None, repository: str) -> int | None:
    """Returns the pull request of this repository that an event names, if it closed the issue."""
    if event.get("event") != "cross-referenced" or closed is None:
        return None
    source = event.get("source")
    issue = source.get("issue") if isinstance(source, Mapping) else None
    pull = issue.get("pull_request") if isinstance(issue, Mapping) else None
    if not isinstance(issue, Mapping) or not isinstance(pull, Mapping):
        return None
    home = issue.get("repository")
    name = home.get("full_name") if isinstance(home, Mapping) else None
    merged = parse(str(pull.get("merged_at") or ""))
    number = issue.get("number")
    if (
        not isinstance(number, int)
        or merged is None
        or abs(closed - merged) > AT_ONCE
        or (isinstance(name, str) and name.casefold() != repository.casefold())
    ):
        return None
    return number
