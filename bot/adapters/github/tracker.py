"""Reads and writes GitHub issues through PyGithub, with a token or as an App.

PyGithub does the transport and the App's authentication. We avoid its objects, which make hidden
requests (one per issue to learn that it is not a pull request), and its retry, which sent one
failed create eleven times. Here each method sends one request, or a known few, and nothing twice.
"""

from __future__ import annotations

import json
import os
import re
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from bot.adapters.github.answers import (
    before_sending,
    comment_of,
    issue_of,
    text_of,
    translated,
)
from bot.adapters.github.commits import COMPARED, closing
from bot.adapters.github.errors import Call, no_answer, refusal
from bot.core.model.errors import (
    Missing,
    Moved,
    Refused,
    Unavailable,
)
from bot.core.ports import (
    Comment,
    Issue,
    Locks,
    Repository,
)

if TYPE_CHECKING:
    from github import Auth, Github

API_URL = "https://api.github.com"
TIMEOUT = 10
"""Seconds to connect, and between two packets of an answer. GitHub itself ends a request after
ten."""
PER_PAGE = 100
"""GitHub's limit for a page."""
COMMENT_PAGES = 3
"""Pages of an issue's comments to read, newest first."""

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_LOGIN = re.compile(r"[A-Za-z0-9-]{1,39}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_LAST = re.compile(r'[?&]page=(\d+)[^>]*>\s*;\s*rel="last"')

Pace = Callable[[], None]
"""Called before a create; returns once it may be sent, or raises `Unavailable`."""


@dataclass(frozen=True, slots=True)
class Token:
    """A personal or fine-grained access token."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App; looks up its installation by repository."""

    app_id: str
    private_key: str = field(repr=False)
    """PEM; a literal `\\n` is accepted, since many keep the key on one line."""


class SharedPace:
    """Allows one content-creating request a second across all processes that share the locks.

    GitHub asks for one a second; its secondary limits are 80 a minute and 500 an hour. The hourly
    limit is left to GitHub.
    """

    def __init__(
        self,
        locks: Locks,
        *,
        sleep: Callable[[float], None],
        new_token: Callable[[], str],
        longest: float = 15.0,
    ) -> None:
        self._locks = locks
        self._sleep = sleep
        self._new_token = new_token
        self._longest = longest

    def __call__(self) -> None:
        """Waits for a turn, at most `longest` seconds."""
        token, step = self._new_token(), 0.2
        for _ in range(max(1, round(self._longest / step))):
            if self._locks.once("github:write", 1, token):
                return
            self._sleep(step)
        raise Unavailable(
            "Many issues are being filed at once; yours was not sent. Try again in a minute.",
            retry_after=60,
        )


class GitHubTracker:
    """`ports.IssueTracker`. Nothing connects before the first call.

    Uses one PyGithub client per thread and process. A client stores the request that it is about to
    send, so two threads sharing one could send one request twice and lose the other.
    """

    def __init__(
        self,
        credentials: Token | App | None,
        *,
        base_url: str = API_URL,
        pace: Pace | None = None,
        timeout: int = TIMEOUT,
    ) -> None:
        self._credentials = credentials
        self._base_url = base_url.rstrip("/")
        self._pace = pace
        self._timeout = timeout
        self._local = threading.local()
        self._names: dict[str, str] = {}

    # --- the port --------------------------------------------------------------------------------

    def repository(self, name: str) -> Repository:
        """Fetches the repository. Never cached, since it may have become public."""
        data = self._one(self._call("read the repository", name), "GET", "")
        full_name = text_of(data, "full_name")
        if not _NAME.fullmatch(full_name):
            raise no_answer(self._call("read the repository", name), "an answer I cannot read")
        # A renamed repository redirects, and PyGithub then drops the query: use the new name.
        self._names[name] = full_name
        # Counts as public unless GitHub calls it private, so that samples stay out.
        return Repository(full_name, data.get("private") is True, text_of(data, "html_url"))

    def issue(self, repository: str, number: int) -> Issue:
        """Fetches the issue. Raises `Missing` if it is gone, `Moved` if it was transferred."""
        self._resolve(repository)
        call = self._call("read the issue", repository, number=number)
        issue = issue_of(call, self._one(call, "GET", f"/issues/{number}"))
        # GitHub redirects to a transferred issue, which may be in a public repository.
        here = f"/{self._names.get(repository, repository)}/issues/{number}"
        if not urlsplit(issue.url).path.lower().endswith(here.lower()):
            raise Moved(
                f"{call.what} was moved to {issue.url}. Nothing was changed. Comment there by "
                "hand, or file a new issue.",
                issue.url,
            )
        return issue

    def recent(self, repository: str, limit: int) -> Sequence[Issue]:
        """Returns open and closed issues, most recently updated first; no pull requests.

        `limit`: how many to read at most, pull requests included.
        """
        self._resolve(repository)
        call = self._call("read the issues", repository)
        order = {"state": "all", "sort": "updated", "direction": "desc"}
        found: dict[int, Issue] = {}
        for page in range(1, -(-max(1, limit) // PER_PAGE) + 1):
            items, _ = self._many(call, "/issues", {**order, "page": str(page)})
            for item in items:
                if "pull_request" not in item:
                    issue = issue_of(call, item)
                    # An issue that changes while we read may come twice, but is never missed.
                    found.setdefault(issue.number, issue)
            if len(items) < PER_PAGE:
                break
        return tuple(found.values())[:limit]

    def create(
        self,
        repository: str,
        title: str,
        body: str,
        labels: Sequence[str],
        assignees: Sequence[str] = (),
    ) -> Issue:
        """Sends one POST. Raises `UnknownOutcome` if it may have been carried out."""
        call = self._call("create the issue", repository, writes=True)
        sent: dict[str, object] = {"title": title, "body": body, "labels": list(labels)}
        if assignees:
            sent["assignees"] = list(assignees)
        return issue_of(call, self._write(call, "POST", "/issues", sent))

    def comment(self, repository: str, number: int, body: str) -> str:
        """Adds a comment and returns its URL."""
        call = self._call("add the comment", repository, writes=True, number=number)
        data = self._write(call, "POST", f"/issues/{number}/comments", {"body": body})
        if not (url := text_of(data, "html_url")):
            raise no_answer(call, "an answer I cannot read")
        return url

    def comments(self, repository: str, number: int) -> Sequence[Comment]:
        """Returns the newest 200 to 300 comments, oldest first."""
        self._resolve(repository)
        call = self._call("read the comments", repository, number=number)
        path = f"/issues/{number}/comments"
        first, headers = self._many(call, path, {"page": "1"})
        last = _LAST.search(headers.get("link", ""))
        pages = {1: first}
        end = int(last[1]) if last else 1
        for page in range(max(2, end - COMMENT_PAGES + 1), end + 1):
            pages[page], _ = self._many(call, path, {"page": str(page)})
        # A comment may have been added since the first answer named the last page.
        while end < 10_000 and len(pages.get(end, ())) == PER_PAGE:
            end += 1
            pages[end], _ = self._many(call, path, {"page": str(end)})
        return tuple(comment_of(call, item) for page in sorted(pages) for item in pages[page])

    def edit_comment(self, repository: str, comment: int, body: str) -> None:
        """Sends one PATCH, which is idempotent. Raises `Missing` if it was deleted."""
        call = self._call("edit the comment", repository, writes=True, number=comment)
        try:
            self._write(call, "PATCH", f"/issues/comments/{comment}", {"body": body})
        except Missing:
            raise Missing(f"A comment in {repository} is not there any more.") from None

    def assignable(self, repository: str, login: str) -> bool:
        """Checks whether issues may be assigned to this login; False if that cannot be read."""
        if not _LOGIN.fullmatch(login):
            return False
        self._resolve(repository)
        call = self._call("look up who may be assigned", repository)
        status, _, _ = self._ask(call, "GET", f"/assignees/{login}")
        return status == 204

    def text(self, repository: str, path: str, commit: str = "") -> str | None:
        """Returns a file's text; None if it does not exist or Contents may not be read."""
        self._resolve(repository)
        call = self._call("read a file", repository)
        parameters = {"ref": commit} if commit else None
        status, headers, said = self._ask(call, "GET", f"/contents/{quote(path)}", parameters)
        if status in (403, 404) and "rate limit" not in said.lower():
            return None
        if status != 200:
            raise refusal(call, status, headers, said)
        try:
            data = json.loads(said)
            return b64decode(data.get("content") or "").decode("utf-8", "replace")
        except (ValueError, AttributeError):
            return None  # a folder, or a submodule

    def reopen(self, repository: str, number: int) -> Issue:
        """Reopens an issue; does nothing if it is open."""
        call = self._call("reopen the issue", repository, writes=True, number=number)
        change = {"state": "open", "state_reason": "reopened"}
        return issue_of(call, self._write(call, "PATCH", f"/issues/{number}", change))

    def fix(self, repository: str, number: int) -> str | None:
        """Reads the newest entries of the issue's timeline."""
        self._resolve(repository)
        call = self._call("read what closed the issue", repository, number=number)
        path = f"/issues/{number}/timeline"
        try:
            events, headers = self._many(call, path, {"page": "1"})
            last = _LAST.search(headers.get("link", ""))
            if last:
                events += self._many(call, path, {"page": last[1]})[0]
            found = closing(events, self._names.get(repository, repository))
            if isinstance(found, int):
                pull = self._call("read the pull request", repository, number=found)
                merged = text_of(self._one(pull, "GET", f"/pulls/{found}"), "merge_commit_sha")
                return merged or None
        except Refused:
            return None  # the token may read issues, but neither this nor pull requests
        return found

    def contains(self, repository: str, commit: str, fix: str) -> bool | None:
        """Uses GitHub's comparison, whose first page is enough."""
        if not (_COMMIT.fullmatch(commit) and _COMMIT.fullmatch(fix)):
            return None
        self._resolve(repository)
        call = self._call("compare two commits", repository)
        try:
            answer, _ = self._request(
                call, "GET", f"/compare/{fix}...{commit}", {"per_page": "1"}, None
            )
        except Refused:
            return None  # one of them is in another repository, or Contents may not be read
        return COMPARED.get(text_of(answer, "status") if isinstance(answer, dict) else "")

    def archive(self, name: str) -> tuple[str, str]:
        """Returns the current name, and the URL of the default branch's tarball, valid for minutes.

        Does not follow the URL: it is on another host, which must not see the token.
        """
        full_name = self.repository(name).full_name
        call = self._call("read the files", name)
        client = self._client(call, full_name)
        with translated(call):
            status, headers, text = client.requester.requestJson(
                "GET", f"/repos/{quote(full_name)}/tarball"
            )
        if status == 302 and headers.get("location"):
            return full_name, str(headers["location"])
        if status in (403, 404) and "rate limit" not in text.lower():
            raise Refused(
                f"The {'App' if call.app else 'token'} may not read the files of {full_name}, or "
                "there are none yet. Give it read access to Contents. Nothing was changed."
            )
        raise refusal(call, status, headers, text)

    # --- requests --------------------------------------------------------------------------------

    def _call(
        self, doing: str, repository: str, *, writes: bool = False, number: int | None = None
    ) -> Call:
        app = isinstance(self._credentials, App)
        return Call(doing, repository, writes=writes, number=number, app=app)

    def _resolve(self, repository: str) -> None:
        if repository not in self._names:
            self.repository(repository)

    def _write(self, call: Call, verb: str, path: str, data: object) -> dict[str, Any]:
        self._resolve(call.repository)
        if self._pace:
            self._pace()
        return self._one(call, verb, path, data)

    def _one(self, call: Call, verb: str, path: str, data: object = None) -> dict[str, Any]:
        answer, _ = self._request(call, verb, path, None, data)
        if not isinstance(answer, dict):
            raise no_answer(call, "an answer I cannot read")
        return answer

    def _many(
        self, call: Call, path: str, parameters: Mapping[str, str]
    ) -> tuple[list[dict[str, Any]], Mapping[str, str]]:
        wanted = {**parameters, "per_page": str(PER_PAGE)}
        answer, headers = self._request(call, "GET", path, wanted, None)
        if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
            raise no_answer(call, "an answer I cannot read")
        return answer, headers

    def _request(
        self,
        call: Call,
        verb: str,
        path: str,
        parameters: dict[str, str] | None,
        data: object,
    ) -> tuple[object, Mapping[str, str]]:
        status, headers, text = self._ask(call, verb, path, parameters, data)
        if not 200 <= status < 300:
            if status in (301, 307, 308, 404):
                self._names.pop(call.repository, None)
            if status == 401:
                self._local.clients = {}  # an App's token may have been revoked: get a new one
            raise refusal(call, status, headers, text)
        try:
            return json.loads(text), headers
        except ValueError:
            raise no_answer(call, "an answer I cannot read") from None

    def _ask(
        self,
        call: Call,
        verb: str,
        path: str,
        parameters: dict[str, str] | None = None,
        data: object = None,
    ) -> tuple[int, Mapping[str, str], str]:
        """Returns status, headers and text of GitHub's answer."""
        name = self._names.get(call.repository, call.repository)
        if not _NAME.fullmatch(name) or ".." in name:
            raise Refused(
                "`github` in gardener.toml is not the name of a repository. Write owner/name, as "
                "in the repository's address."
            )
        client = self._client(call, name)
        with translated(call):
            status, headers, text = client.requester.requestJson(
                verb, f"/repos/{quote(name)}{path}", parameters, None, data
            )
        return status, headers, text or ""

    # --- clients ---------------------------------------------------------------------------------

    def _client(self, call: Call, name: str) -> Github:
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.pid, self._local.clients = os.getpid(), {}
        clients: dict[str, Github] = self._local.clients
        # A token serves every repository, an App's installation its own.
        key = name if isinstance(self._credentials, App) else ""
        if key not in clients:
            clients[key] = self._connect(call, name)
        client = clients[key]
        if isinstance(self._credentials, App):
            # Renews an expired token here, where a failure means that nothing was sent.
            with translated(before_sending(call)):
                _ = client.requester.auth.token if client.requester.auth else None
        return client

    def _connect(self, call: Call, name: str) -> Github:
        from github import Auth, Github

        if (
            urlsplit(self._base_url).scheme not in ("http", "https")
            or not urlsplit(self._base_url).hostname
        ):
            raise Refused("GITHUB_API_URL is no http address. Leave it out for github.com.")
        if isinstance(self._credentials, Token):
            token = self._credentials.token.strip()
            if not token or not token.isascii() or not token.isprintable():
                raise Refused("GITHUB_TOKEN is empty or not a token. Copy it again from GitHub.")
            return Github(auth=Auth.Token(token), **self._options())
        if isinstance(self._credentials, App):
            return Github(auth=self._installation(call, name, self._credentials), **self._options())
        raise Refused(
            "I have no GitHub account to file with. Set GITHUB_TOKEN, or GITHUB_APP_ID and "
            "GITHUB_APP_PRIVATE_KEY, and start gardener again."
        )

    def _installation(self, call: Call, name: str, app: App) -> Auth.Auth:
        from github import Auth, GithubIntegration

        key = app.private_key.replace("\\n", "\n").strip() + "\n"
        auth = Auth.AppAuth(app.app_id.strip(), key)
        try:
            auth.create_jwt()
        except Exception as error:  # PyJWT and cryptography raise half a dozen families
            raise Refused(
                "GITHUB_APP_PRIVATE_KEY is not a private key that I can read. Put the whole "
                "content of the .pem file from the App's settings there."
            ) from error
        integration = GithubIntegration(auth=auth, **self._options())
        owner, repository = name.split("/")
        with translated(before_sending(call)):
            installation = integration.get_repo_installation(owner, repository)
            return auth.get_installation_auth(installation.id, requester=integration.requester)

    def _options(self) -> dict[str, Any]:
        return {
            "base_url": self._base_url,
            "timeout": self._timeout,
            "user_agent": "gardener",
            "per_page": PER_PAGE,
            "retry": None,
            # We pace requests ourselves: PyGithub would sleep in each process separately.
            "seconds_between_requests": None,
            "seconds_between_writes": None,
        }
