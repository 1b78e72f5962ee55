"""Commits in the GitHub stand-in: closing issues, merging and comparing."""

from __future__ import annotations

import re

from aiohttp import web

from playground.github import json as shape
from playground.github.methods import Asked, Handler, page
from playground.github.records import (
    Happened,
    Issue,
    Json,
    Problem,
    Repo,
    stamp,
)
from playground.github.state import GithubState

# --- what people do ------------------------------------------------------------------------------


def push(
    state: GithubState, full_name: str, commit: str, *parents: str, closes: int | None = None
) -> None:
    """Adds a commit (40 digits) to the default branch; its message may close an issue."""
    with state.lock:
        repo = state.repo(full_name)
        if not re.fullmatch(r"[0-9a-f]{40}", commit) or not set(parents) <= set(repo.commits):
            raise ValueError(f"{commit} is no commit here, or its parents are none")
        repo.commits[commit] = parents
        if closes is not None:
            state.update(repo, repo.issues[closes], {"state": "closed"}, "bob", commit=commit)


def merge(state: GithubState, full_name: str, commit: str, *parents: str, closes: int) -> Issue:
    """Merges a pull request that mentions an issue, as a commit that closes the issue.

    GitHub then names the commit in the pull request, not in the issue's own event.
    """
    with state.lock:
        repo = state.repo(full_name)
        issue = repo.issues[closes]
        pull = state.create(repo, {"title": f"Mend #{closes}", "body": f"Fixes #{closes}"}, "bob")
        pull.pull = True
        issue.timeline.append(
            Happened("cross-referenced", "bob", pull.created_at, source=pull.number)
        )
        push(state, full_name, commit, *parents)
        state.update(repo, pull, {"state": "closed"}, "bob")
        pull.merged_at, pull.merge_commit = state.clock(), commit
        state.update(repo, issue, {"state": "closed"}, "bob")
        return pull


# --- what the API answers ------------------------------------------------------------------------


async def list_timeline(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/issues/{number}/timeline."""
    repo, issue = asked.issue()
    return page(asked, [_happened(asked.state, repo, issue, one) for one in issue.timeline])


async def get_pull(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/pulls/{number}."""
    repo, issue = asked.issue()
    if not issue.pull:
        raise Problem(404, "Not Found")
    body = shape.issue(asked.state, repo, issue) | shape.pull_link(asked.state, repo, issue)
    del body["pull_request"]
    merged = {"merged": issue.merged_at is not None, "merge_commit_sha": issue.merge_commit}
    return web.json_response(body | merged)


async def compare_commits(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/compare/{base}...{head}."""
    repo = asked.repo()
    base, dots, head = asked.request.match_info["both"].partition("...")
    if not dots:
        raise Problem(404, "Not Found")
    one, other = _resolved(repo, base), _resolved(repo, head)
    behind, ahead = _history(repo, one), _history(repo, other)
    counts = {"ahead_by": len(ahead - behind), "behind_by": len(behind - ahead)}
    status = {
        (False, False): "identical",
        (True, False): "ahead",
        (False, True): "behind",
        (True, True): "diverged",
    }[bool(counts["ahead_by"]), bool(counts["behind_by"])]
    if not ahead & behind:
        raise Problem(404, f"No common ancestor between {base} and {head}.")
    commits = [{"sha": commit} for commit in repo.commits if commit in ahead - behind]
    shown = page(asked, commits)
    body = {
        "status": status,
        **counts,
        "total_commits": len(commits),
        "base_commit": {"sha": one},
        "commits": commits[: int(asked.request.query.get("per_page") or 250)],
        "files": [],
    }
    return web.json_response(body, headers={k: v for k, v in shown.headers.items() if k == "Link"})


def _resolved(repo: Repo, name: str) -> str:
    """Resolves an abbreviated commit, of at least seven digits, if it is unambiguous."""
    found = [commit for commit in repo.commits if commit.startswith(name)]
    if len(found) != 1 or len(name) < 7:
        raise Problem(404, "Not Found")
    return found[0]


def _history(repo: Repo, commit: str) -> set[str]:
    """Returns the commit and all its ancestors."""
    found: set[str] = set()
    waiting = [commit]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += repo.commits[each]
    return found


def _happened(state: GithubState, repo: Repo, issue: Issue, one: Happened) -> Json:
    shown: Json = {
        "event": one.event,
        "actor": shape.user(state, one.actor),
        "created_at": stamp(one.at),
    }
    if one.source is not None:
        source = shape.issue(state, repo, repo.issues[one.source])
        source["repository"] = {"full_name": repo.full_name}
        return shown | {"source": {"type": "issue", "issue": source}}
    url = shape.api(state, f"/repos/{repo.full_name}/commits/{one.commit}")
    return shown | {
        "id": shape.number_of(f"{issue.number}{one.event}{one.at}"),
        "commit_id": one.commit,
        "commit_url": url if one.commit else None,
    }


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/repos/{owner}/{repo}/issues/{number}/timeline", list_timeline),
    ("GET", "/repos/{owner}/{repo}/pulls/{number}", get_pull),
    ("GET", "/repos/{owner}/{repo}/compare/{both}", compare_commits),
)
