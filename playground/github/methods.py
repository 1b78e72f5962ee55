"""One function per method of GitHub's REST API, and the table that maps paths to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from playground.github import auth
from playground.github import json as shape
from playground.github.records import (
    Comment,
    Issue,
    Json,
    Problem,
    Repo,
    invalid,
    stamp,
)
from playground.github.search import search
from playground.github.state import GithubState


@dataclass(slots=True)
class Asked:
    """One authenticated request."""

    state: GithubState
    request: web.Request
    caller: auth.Caller
    body: Any

    @property
    def user(self) -> str:
        """Returns the caller's login; writing without a token is refused earlier."""
        return self.caller.login or "ghost"

    def repo(self) -> Repo:
        """Returns the repository in the path, if the caller may see it."""
        match = self.request.match_info
        return auth.visible(self.state, self.caller, f"{match['owner']}/{match['repo']}")

    def issue(self) -> tuple[Repo, Issue]:
        """Returns the issue in the path."""
        repo = self.repo()
        if not repo.has_issues:
            raise Problem(410, "Issues are disabled for this repo")
        number = self.request.match_info["number"]
        issue = repo.issues.get(int(number)) if number.isdigit() else None
        if issue is None:
            raise Problem(404, "Not Found")
        if issue.deleted:
            raise Problem(410, "This issue was deleted")
        if issue.moved_to:
            raise Problem(301, "Moved Permanently", Location=issue.moved_to)
        return repo, issue

    def comment(self) -> tuple[Repo, Issue, Comment]:
        """Returns the comment in the path."""
        repo = self.repo()
        wanted = self.request.match_info["comment"]
        for issue in repo.issues.values():
            for comment in issue.comments:
                if str(comment.id) == wanted and not issue.deleted:
                    return repo, issue, comment
        raise Problem(404, "Not Found")

    def fields(self) -> Json:
        """Returns the JSON object in the body."""
        if not isinstance(self.body, dict):
            raise Problem(
                400,
                "Problems parsing JSON" if self.body is None else "Body should be a JSON object",
            )
        return self.body


Handler = Callable[[Asked], Awaitable[web.Response]]


def page(asked: Asked, items: list[Any]) -> web.Response:
    """Renders one page of a list, with GitHub's Link header."""
    chosen, headers = cut(asked, items)
    return web.json_response(chosen, headers=headers)


def cut(asked: Asked, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """Returns the requested page (30 items, at most 100) and the Link header."""
    query = asked.request.query

    def number(name: str, default: int) -> int:
        text = query.get(name, "")
        return int(text) if text.isdigit() and int(text) > 0 else default

    size, at = min(number("per_page", 30), 100), number("page", 1)
    last = max(1, -(-len(items) // size))
    links = [("prev", at - 1), ("next", at + 1), ("last", last), ("first", 1)]
    if at >= last:
        links = [link for link in links if link[0] not in {"next", "last"}]
    if at <= 1:
        links = [link for link in links if link[0] not in {"prev", "first"}]
    origin = asked.request.url
    header = ", ".join(f'<{origin.update_query(page=where)}>; rel="{rel}"' for rel, where in links)
    return items[(at - 1) * size : at * size], ({"Link": header} if header else {})


# --- repositories and people ---------------------------------------------------------------------


async def get_user(asked: Asked) -> web.Response:
    """GET /user."""
    if asked.caller.login is None:
        raise Problem(401, "Requires authentication")
    if asked.caller.installation is not None:
        raise Problem(403, "Resource not accessible by integration")
    return web.json_response(shape.user(asked.state, asked.caller.login))


async def get_rate_limit(asked: Asked) -> web.Response:
    """GET /rate_limit."""
    core = {"limit": 5000, "used": 1, "remaining": 4999, "reset": int(asked.state.clock()) + 3600}
    find = {"limit": 30, "used": 0, "remaining": 30, "reset": int(asked.state.clock()) + 60}
    body = {"resources": {"core": core, "search": find, "graphql": core}, "rate": core}
    return web.json_response(body)


async def get_repo(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}."""
    return web.json_response(shape.repo(asked.state, asked.repo()))


async def get_contents(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/contents/{path}."""
    repo, path = asked.repo(), asked.request.match_info["path"].strip("/")
    if path in repo.files:
        return web.json_response(shape.content(asked.state, repo, path))
    below = sorted(
        {name[len(path) :].strip("/").split("/")[0] for name in repo.files if name.startswith(path)}
    )
    if (path and not any(name.startswith(f"{path}/") for name in repo.files)) or not below:
        raise Problem(404, "Not Found")
    return web.json_response(
        [{"name": name, "path": f"{path}/{name}".strip("/"), "type": "file"} for name in below]
    )


async def check_assignee(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/assignees/{login}."""
    if asked.request.match_info["login"] not in asked.repo().people:
        raise Problem(404, "Not Found")
    return web.Response(status=204)


async def list_assignees(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/assignees."""
    people = sorted(asked.repo().people)
    return page(asked, [shape.user(asked.state, login) for login in people])


# --- issues --------------------------------------------------------------------------------------


async def list_issues(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/issues."""
    repo, query = asked.repo(), asked.request.query
    if not repo.has_issues:
        raise Problem(410, "Issues are disabled for this repo")
    state = query.get("state", "open")
    sort, direction = query.get("sort", "created"), query.get("direction", "desc")
    if state not in {"open", "closed", "all"}:
        raise invalid("Issue", "state", "invalid")
    if sort not in {"created", "updated", "comments"} or direction not in {"asc", "desc"}:
        raise invalid("Issue", "sort", "invalid")
    labels = {name.lower() for name in query.get("labels", "").split(",") if name}
    since = query.get("since", "")
    keys: dict[str, Callable[[Issue], Any]] = {
        "created": lambda issue: (issue.created_at, issue.number),
        "updated": lambda issue: (issue.updated_at, issue.number),
        "comments": lambda issue: (len(issue.comments), issue.number),
    }
    found = [
        issue
        for issue in repo.issues.values()
        if not (issue.deleted or issue.moved_to)
        and state in {"all", issue.state}
        and labels <= {name.lower() for name in issue.labels}
        and stamp(issue.updated_at) >= since
        and query.get("creator", issue.user) == issue.user
        and (query.get("assignee", "*") == "*" or query["assignee"] in issue.assignees)
    ]
    found.sort(key=keys[sort], reverse=direction == "desc")
    return page(asked, [shape.issue(asked.state, repo, issue) for issue in found])


async def create_issue(asked: Asked) -> web.Response:
    """POST /repos/{owner}/{repo}/issues."""
    repo = asked.repo()
    asked.state.creating_content()
    issue = asked.state.create(repo, asked.fields(), asked.user)
    body = shape.issue(asked.state, repo, issue)
    return web.json_response(body, status=201, headers={"Location": body["url"]})


async def get_issue(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/issues/{number}."""
    return web.json_response(shape.issue(asked.state, *asked.issue()))


async def edit_issue(asked: Asked) -> web.Response:
    """PATCH /repos/{owner}/{repo}/issues/{number}."""
    repo, issue = asked.issue()
    asked.state.update(repo, issue, asked.fields(), asked.user)
    return web.json_response(shape.issue(asked.state, repo, issue))


async def list_comments(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/issues/{number}/comments."""
    repo, issue = asked.issue()
    since = asked.request.query.get("since", "")
    return page(
        asked,
        [
            shape.comment(asked.state, repo, issue, comment)
            for comment in issue.comments
            if stamp(comment.updated_at) >= since
        ],
    )


async def create_comment(asked: Asked) -> web.Response:
    """POST /repos/{owner}/{repo}/issues/{number}/comments."""
    repo, issue = asked.issue()
    asked.state.creating_content()
    comment = asked.state.comment(repo, issue, asked.fields().get("body"), asked.user)
    return web.json_response(shape.comment(asked.state, repo, issue, comment), status=201)


async def get_comment(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/issues/comments/{comment}."""
    return web.json_response(shape.comment(asked.state, *asked.comment()))


async def edit_comment(asked: Asked) -> web.Response:
    """PATCH /repos/{owner}/{repo}/issues/comments/{comment}."""
    repo, issue, comment = asked.comment()
    asked.state.edit_comment(repo, issue, comment, asked.fields().get("body"))
    return web.json_response(shape.comment(asked.state, repo, issue, comment))


async def delete_comment(asked: Asked) -> web.Response:
    """DELETE /repos/{owner}/{repo}/issues/comments/{comment}."""
    repo, issue, comment = asked.comment()
    issue.comments.remove(comment)
    asked.state.changed(repo)
    return web.Response(status=204)


# --- labels --------------------------------------------------------------------------------------


async def list_labels(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/labels."""
    repo = asked.repo()
    return page(asked, [shape.label(asked.state, repo, name) for name in repo.labels])


async def get_label(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/labels/{name}."""
    repo, wanted = asked.repo(), asked.request.match_info["name"].lower()
    name = next((known for known in repo.labels if known.lower() == wanted), None)
    if name is None:
        raise Problem(404, "Not Found")
    return web.json_response(shape.label(asked.state, repo, name))


async def create_label(asked: Asked) -> web.Response:
    """POST /repos/{owner}/{repo}/labels."""
    repo = asked.repo()
    made = asked.state.create_label(repo, asked.fields())
    return web.json_response(shape.label(asked.state, repo, made["name"]), status=201)


async def issue_labels(asked: Asked) -> web.Response:
    """GET, POST (add), PUT (set) and DELETE of an issue's labels."""
    repo, issue = asked.issue()
    method, names = asked.request.method, list(issue.labels)
    if method in {"POST", "PUT"}:
        sent = asked.body.get("labels") if isinstance(asked.body, dict) else asked.body
        if not isinstance(sent, list):
            raise Problem(422, "Invalid request.\n\nFor 'links/0/schema', nil is not an array.")
        names = [*names, *sent] if method == "POST" else sent
    elif method == "DELETE":
        gone = asked.request.match_info.get("name")
        if gone is not None and gone not in names:
            raise Problem(404, "Label does not exist")
        names = [name for name in names if gone is not None and name != gone]
    if method != "GET":
        asked.state.update(repo, issue, {"labels": names}, asked.user)
    return page(asked, [shape.label(asked.state, repo, name) for name in issue.labels])


# --- search, Apps --------------------------------------------------------------------------------


async def search_issues(asked: Asked) -> web.Response:
    """GET /search/issues."""
    found = search(asked.state, asked.caller, asked.request.query.get("q", ""))
    items = [shape.issue(asked.state, repo, issue) | {"score": 1.0} for repo, issue in found]
    chosen, headers = cut(asked, items[:1000])
    body = {"total_count": len(items), "incomplete_results": False, "items": chosen}
    return web.json_response(body, headers=headers)


async def get_installation(asked: Asked) -> web.Response:
    """GET /repos/{owner}/{repo}/installation."""
    app = auth.require_app(asked.caller)
    match = asked.request.match_info
    if f"{match['owner']}/{match['repo']}".lower() not in asked.state.repos:
        raise Problem(404, "Not Found")
    return web.json_response(
        shape.installation(asked.state, auth.installation_of(asked.state, app))
    )


async def create_access_token(asked: Asked) -> web.Response:
    """POST /app/installations/{installation}/access_tokens."""
    app = auth.require_app(asked.caller)
    number = asked.request.match_info["installation"]
    body = auth.issue_token(asked.state, app, number)
    return web.json_response(body, status=201)


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/user", get_user),
    ("GET", "/rate_limit", get_rate_limit),
    ("GET", "/search/issues", search_issues),
    ("POST", "/app/installations/{installation}/access_tokens", create_access_token),
    ("GET", "/repos/{owner}/{repo}", get_repo),
    ("GET", "/repos/{owner}/{repo}/installation", get_installation),
    ("GET", "/repos/{owner}/{repo}/contents{path:(?:/.*)?}", get_contents),
    ("GET", "/repos/{owner}/{repo}/assignees", list_assignees),
    ("GET", "/repos/{owner}/{repo}/assignees/{login}", check_assignee),
    ("GET", "/repos/{owner}/{repo}/labels", list_labels),
    ("POST", "/repos/{owner}/{repo}/labels", create_label),
    ("GET", "/repos/{owner}/{repo}/labels/{name}", get_label),
    ("GET", "/repos/{owner}/{repo}/issues", list_issues),
    ("POST", "/repos/{owner}/{repo}/issues", create_issue),
    ("GET", "/repos/{owner}/{repo}/issues/comments/{comment}", get_comment),
    ("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment}", edit_comment),
    ("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment}", delete_comment),
    ("GET", "/repos/{owner}/{repo}/issues/{number}", get_issue),
    ("PATCH", "/repos/{owner}/{repo}/issues/{number}", edit_issue),
    ("GET", "/repos/{owner}/{repo}/issues/{number}/comments", list_comments),
    ("POST", "/repos/{owner}/{repo}/issues/{number}/comments", create_comment),
    ("GET", "/repos/{owner}/{repo}/issues/{number}/labels", issue_labels),
    ("POST", "/repos/{owner}/{repo}/issues/{number}/labels", issue_labels),
    ("PUT", "/repos/{owner}/{repo}/issues/{number}/labels", issue_labels),
    ("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels", issue_labels),
    ("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels/{name}", issue_labels),
)
