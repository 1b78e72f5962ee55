"""Authentication and permissions of the GitHub stand-in: tokens, Apps, installations."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jwt

from playground.github.records import (
    Json,
    Problem,
    Repo,
    stamp,
)
from playground.github.state import GithubState

if TYPE_CHECKING:
    from aiohttp import web

LONGEST_JWT_S = 600 + 60  # ten minutes, and one for clock skew
TOKEN_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller: a person or bot by token, an App by JSON web token, or nobody."""

    login: str | None = None
    token: str = ""
    app: str | None = None
    installation: int | None = None
    read_only: bool = False


def caller(state: GithubState, request: web.Request) -> Caller:
    """Parses the Authorization header. Raises 401 if GitHub would reject it."""
    if not request.headers.get("User-Agent"):
        raise Problem(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a "
            "User-Agent header.",
        )
    header = request.headers.get("Authorization", "")
    if not header:
        return Caller()
    kind, _, token = header.partition(" ")
    if kind.lower() not in {"token", "bearer"}:
        raise Problem(401, "Bad credentials")
    if token.count(".") == 2:
        return Caller(login=None, app=_app(state, token))
    login = state.tokens.get(token)
    if login is None or state.expiry.get(token, state.clock() + 1) <= state.clock():
        raise Problem(401, "Bad credentials")
    installed = next((n for n, app in state.installations.items() if login == bot_of(app)), None)
    return Caller(login, token, None, installed, token in state.read_only)


def may(who: Caller, method: str, path: str) -> None:
    """Raises if this caller lacks the permission."""
    if who.app is not None:
        if path.startswith("/app") or path.endswith("/installation"):
            return
        raise Problem(
            403,
            "Resource not accessible by integration",
        )
    if method == "GET":
        return
    if who.login is None:
        raise Problem(401, "Requires authentication")
    if who.read_only:
        kind = "integration" if who.installation is not None else "personal access token"
        raise Problem(403, f"Resource not accessible by {kind}")


def visible(state: GithubState, who: Caller, full_name: str) -> Repo:
    """Returns the repository; raises 404 if it does not exist or the caller may not see it."""
    repo = state.repos.get(full_name.lower())
    hidden = repo is not None and (
        repo.gone
        or (
            repo.private
            and (who.login is None or repo.full_name in state.blind.get(who.token, set()))
        )
    )
    if repo is None or hidden:
        raise Problem(404, "Not Found")
    return repo


def require_app(who: Caller) -> str:
    """Returns the calling App; raises 401 otherwise."""
    if who.app is None:
        raise Problem(401, "A JSON web token could not be decoded")
    return who.app


def installation_of(state: GithubState, app: str) -> int:
    """Returns an App's installation; raises 404 without one."""
    for number, owner in state.installations.items():
        if owner == app:
            return number
    raise Problem(404, "Not Found")


def issue_token(state: GithubState, app: str, number: str) -> Json:
    """Issues an installation token, valid for an hour."""
    if not number.isdigit() or state.installations.get(int(number)) != app:
        raise Problem(404, "Not Found")
    token = f"ghs_{secrets.token_hex(18)}"
    with state.lock:
        state.tokens[token] = bot_of(app)
        state.expiry[token] = state.clock() + TOKEN_LIFE_S
    return {
        "token": token,
        "expires_at": stamp(state.expiry[token]),
        "permissions": {"issues": "write", "metadata": "read", "contents": "read"},
        "repository_selection": "selected",
    }


def bot_of(app: str) -> str:
    """Returns the login under which an App writes."""
    return f"gardener-{app}[bot]"


def _app(state: GithubState, token: str) -> str:
    try:
        app = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
        if app not in state.apps:
            raise Problem(404, "Integration not found")
        claims = jwt.decode(
            token, state.apps[app], algorithms=["RS256"], options={"verify_iat": False}
        )
    except jwt.ExpiredSignatureError:
        raise Problem(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future "
            "time at which the assertion expires",
        ) from None
    except jwt.InvalidTokenError:
        raise Problem(401, "A JSON web token could not be decoded") from None
    if float(claims.get("exp", 0)) > state.clock() + LONGEST_JWT_S:
        raise Problem(401, "'Expiration time' claim ('exp') is too far in the future")
    return app
