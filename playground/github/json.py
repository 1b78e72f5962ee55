"""Renders GitHub's JSON for users, repositories, issues, comments and labels."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from playground.github.records import (
    Comment,
    Issue,
    Json,
    Repo,
    stamp,
)
from playground.github.state import GithubState


def number_of(text: str) -> int:
    """Derives a stable id from a name."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 2


def api(state: GithubState, path: str) -> str:
    """Returns the full URL of an API path."""
    return f"{state.base_url}/github/api{path}"


def limits(state: GithubState) -> dict[str, str]:
    """Returns the headers of the primary rate limit."""
    left = max(0, 5000 - len(state.calls))
    return {
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Used": str(5000 - left),
        "X-RateLimit-Reset": str(int(state.clock()) + 3600),
        "X-RateLimit-Resource": "core",
    }


def user(state: GithubState, login: str) -> Json:
    """Renders a simple user; bots end in [bot]."""
    return {
        "login": login,
        "id": number_of(login),
        "node_id": f"U_{login}",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
        "url": api(state, f"/users/{login}"),
        "html_url": f"{state.base_url}/github/{login}",
        "avatar_url": "",
    }


def repo(state: GithubState, it: Repo) -> Json:
    """Renders a repository."""
    owner, name = it.full_name.split("/", 1)
    return {
        "id": number_of(it.full_name),
        "node_id": f"R_{it.full_name}",
        "name": name,
        "full_name": it.full_name,
        "private": it.private,
        "visibility": "private" if it.private else "public",
        "owner": user(state, owner) | {"type": "Organization"},
        "url": api(state, f"/repos/{it.full_name}"),
        "html_url": f"{state.base_url}/github/{it.full_name}",
        "description": None,
        "fork": False,
        "archived": it.archived,
        "disabled": False,
        "has_issues": it.has_issues,
        "default_branch": "main",
        "open_issues_count": sum(
            one.state == "open" and not one.deleted for one in it.issues.values()
        ),
        "permissions": {
            "admin": False,
            "maintain": False,
            "push": True,
            "triage": True,
            "pull": True,
        },
    }


def label(state: GithubState, it: Repo, name: str) -> Json:
    """Renders a repository's label."""
    return it.labels[name] | {
        "id": number_of(f"{it.full_name}:{name}"),
        "node_id": f"LA_{number_of(name)}",
        "url": api(state, f"/repos/{it.full_name}/labels/{name}"),
    }


def issue(state: GithubState, it: Repo, one: Issue) -> Json:
    """Renders an issue."""
    url = api(state, f"/repos/{it.full_name}/issues/{one.number}")
    assignees = [user(state, login) for login in one.assignees]
    pull = {"pull_request": pull_link(state, it, one)} if one.pull else {}
    return pull | {
        "id": number_of(f"{it.full_name}#{one.number}"),
        "node_id": f"I_{number_of(it.full_name)}_{one.number}",
        "number": one.number,
        "url": url,
        "repository_url": api(state, f"/repos/{it.full_name}"),
        "labels_url": url + "/labels{/name}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{state.base_url}/github/{it.full_name}/issues/{one.number}",
        "title": one.title,
        "body": one.body,
        "user": user(state, one.user),
        "labels": [label(state, it, name) for name in one.labels],
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "state": one.state,
        "state_reason": one.state_reason,
        "locked": one.locked,
        "active_lock_reason": None,
        "comments": len(one.comments),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "closed_at": None if one.closed_at is None else stamp(one.closed_at),
        "closed_by": None if one.closed_by is None else user(state, one.closed_by),
        "author_association": "CONTRIBUTOR",
    }


def pull_link(state: GithubState, it: Repo, one: Issue) -> Json:
    """Returns the field that marks an issue as a pull request."""
    return {
        "url": api(state, f"/repos/{it.full_name}/pulls/{one.number}"),
        "html_url": f"{state.base_url}/github/{it.full_name}/pull/{one.number}",
        "merged_at": None if one.merged_at is None else stamp(one.merged_at),
    }


def comment(state: GithubState, it: Repo, one: Issue, note: Comment) -> Json:
    """Renders an issue's comment."""
    page = f"{state.base_url}/github/{it.full_name}/issues/{one.number}"
    return {
        "id": note.id,
        "node_id": f"IC_{note.id}",
        "url": api(state, f"/repos/{it.full_name}/issues/comments/{note.id}"),
        "issue_url": api(state, f"/repos/{it.full_name}/issues/{one.number}"),
        "html_url": f"{page}#issuecomment-{note.id}",
        "body": note.body,
        "user": user(state, note.user),
        "created_at": stamp(note.created_at),
        "updated_at": stamp(note.updated_at),
        "author_association": "CONTRIBUTOR",
    }


def content(state: GithubState, it: Repo, path: str) -> Json:
    """Renders a file."""
    body = it.files[path]
    return {
        "type": "file",
        "encoding": "base64",
        "size": len(body),
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "content": base64.encodebytes(body).decode(),
        "sha": hashlib.sha1(body, usedforsecurity=False).hexdigest(),
        "url": api(state, f"/repos/{it.full_name}/contents/{path}"),
        "html_url": f"{state.base_url}/github/{it.full_name}/blob/main/{path}",
        "download_url": None,
    }


def installation(state: GithubState, number: int) -> Json:
    """Renders an App's installation."""
    app: Any = state.installations[number]
    return {
        "id": number,
        "app_id": int(app),
        "target_type": "Organization",
        "repository_selection": "selected",
        "permissions": {"issues": "write", "metadata": "read", "contents": "read"},
        "access_tokens_url": api(state, f"/app/installations/{number}/access_tokens"),
        "created_at": stamp(state.clock()),
        "updated_at": stamp(state.clock()),
    }
