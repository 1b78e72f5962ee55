"""GET /search/issues: the qualifiers our client uses, over an index that lags."""

from __future__ import annotations

import re

from playground.github import auth
from playground.github.records import (
    Issue,
    Problem,
    Repo,
    invalid,
)
from playground.github.state import GithubState

LONGEST = 256
TERM = re.compile(r'(?P<not>-)?(?:(?P<key>[a-z]+):)?(?P<value>"[^"]*"|[^\s"]+)')


def search(state: GithubState, caller: auth.Caller, text: str) -> list[tuple[Repo, Issue]]:
    """Searches the index: issues older than the lag, newest first.

    Every word must occur in title, body or a comment (`in:` narrows that). Raises 422 as GitHub
    does: without a query, if it is too long, or for repositories that the caller cannot see.
    """
    if not text.strip():
        raise Problem(422, "Validation Failed", [_missing()])
    if len(text) > LONGEST:
        raise Problem(
            422,
            f"The search is longer than {LONGEST} characters.",
            [_missing() | {"code": "invalid"}],
        )
    words: list[str] = []
    rules: list[tuple[str, str]] = []
    for found in TERM.finditer(text):
        value = found["value"].strip('"').lower()
        if found["key"]:
            rules.append((("-" if found["not"] else "") + found["key"], value))
        else:
            words.append(value)
    repos = _repos(state, caller, [value for key, value in rules if key == "repo"])
    places = {value for key, value in rules if key == "in"} or {"title", "body", "comments"}
    indexed = state.clock() - state.search_lag_s
    found_issues = [
        (repo, issue)
        for repo in repos
        for issue in repo.issues.values()
        if issue.created_at <= indexed
        and not issue.deleted
        and all(_fits(issue, key, value) for key, value in rules)
        and all(word in _text(issue, places) for word in words)
    ]
    return sorted(found_issues, key=lambda pair: -pair[1].created_at)


def _missing() -> dict[str, str]:
    return {"resource": "Search", "field": "q", "code": "missing"}


def _repos(state: GithubState, caller: auth.Caller, names: list[str]) -> list[Repo]:
    if not names:
        names = list(state.repos)
        return [repo for name in names if (repo := _seen(state, caller, name)) is not None]
    repos = [repo for name in names if (repo := _seen(state, caller, name)) is not None]
    if not repos:
        raise invalid(
            "Search",
            "q",
            "invalid",
            "The listed users and repositories cannot be searched either because the resources do "
            "not exist or you do not have permission to view them.",
        )
    return repos


def _seen(state: GithubState, caller: auth.Caller, name: str) -> Repo | None:
    try:
        return auth.visible(state, caller, name)
    except Problem:
        return None


def _fits(issue: Issue, key: str, value: str) -> bool:
    if key.startswith("-"):
        return not _fits(issue, key[1:], value)
    if key in {"is", "state", "type"}:
        return value in {"issue", issue.state}
    if key == "label":
        return value in {name.lower() for name in issue.labels}
    if key == "author":
        return value == issue.user.lower()
    return True  # repo and in are handled elsewhere; GitHub ignores unknown ones


def _text(issue: Issue, places: set[str]) -> str:
    parts = [issue.title] if "title" in places else []
    if "body" in places:
        parts.append(issue.body or "")
    if "comments" in places:
        parts += [comment.body for comment in issue.comments]
    return "\n".join(parts).lower()
