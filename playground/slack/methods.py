"""The Web API: its methods, their requirements, and Slack's refusals.

Methods that the bot does not call are unknown here, so that a new call is noticed at once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from playground.feed import Json
from playground.slack import chat, directory, files, views
from playground.slack.args import Args, take_turn
from playground.slack.people import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    TEAM_NAME,
)
from playground.slack.records import ApiCall, Refused
from playground.slack.state import SlackState

Run = Callable[[SlackState, Args], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """A method: its function, scopes, rate (calls a minute), and how it reads arguments."""

    run: Run
    scopes: tuple[str, ...] = ()
    a_minute: int = 100
    reads_json: bool = True
    caller: Literal["bot", "app"] = "bot"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One HTTP request to the Web API, already parsed."""

    method: str
    token: str | None
    args: Mapping[str, Any]
    is_json: bool = False
    has_charset: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """The response: HTTP status, headers, JSON."""

    status: int
    headers: Mapping[str, str]
    body: Json


def auth_test(_: SlackState, __: Args) -> Json:
    """auth.test."""
    return {
        "ok": True,
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": "gardener",
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


def open_connection(state: SlackState, _: Args) -> Json:
    """apps.connections.open: returns a Socket Mode URL that works once."""
    ticket = secrets.token_urlsafe(18)
    state.tickets.add(ticket)
    base = state.base_url.replace("http", "ws", 1)
    return {"ok": True, "url": f"{base}/slack/link?ticket={ticket}&app_id={APP_ID}"}


_READ = ("channels:read", "groups:read", "mpim:read", "im:read")

METHODS: dict[str, Method] = {
    "auth.test": Method(auth_test),
    "apps.connections.open": Method(open_connection, caller="app"),
    "chat.postMessage": Method(chat.post_message, ("chat:write",), 1000),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("chat:write",)),
    "chat.update": Method(chat.update, ("chat:write",), 50),
    "chat.delete": Method(chat.delete, ("chat:write",), 50),
    "chat.getPermalink": Method(chat.get_permalink, (), 1000, reads_json=False),
    "reactions.add": Method(chat.add_reaction, ("reactions:write",), 50),
    "views.open": Method(views.open_view),
    "views.push": Method(views.push),
    "views.update": Method(views.update),
    "views.publish": Method(views.publish),
    "conversations.info": Method(directory.conversation, _READ, 50, reads_json=False),
    "conversations.list": Method(directory.conversations, _READ, 20, reads_json=False),
    "conversations.members": Method(directory.members, _READ, 100, reads_json=False),
    "conversations.open": Method(directory.open_conversation, ("im:write", "mpim:write"), 50),
    "conversations.join": Method(directory.join, ("channels:join",), 50),
    "users.info": Method(directory.user, ("users:read",), 100, reads_json=False),
    "users.list": Method(directory.users, ("users:read",), 20, reads_json=False),
    "usergroups.list": Method(directory.groups, ("usergroups:read",), 20, reads_json=False),
    "usergroups.users.list": Method(
        directory.group_users, ("usergroups:read",), 20, reads_json=False
    ),
    "files.getUploadURLExternal": Method(
        files.get_upload_url, ("files:write",), 100, reads_json=False
    ),
    "files.completeUploadExternal": Method(files.complete_upload, ("files:write",)),
    "files.delete": Method(files.delete, ("files:write",), 50),
    "files.info": Method(files.info, ("files:read",), 100, reads_json=False),
}


def answer(state: SlackState, request: ApiRequest) -> Reply:
    """Carries out a request as Slack would; records it and notifies the feed."""
    args = dict(request.args)
    headers = {"X-Slack-Req-Id": secrets.token_hex(8)}
    status = 200
    try:
        body = _run(state, request, args)
        headers["X-OAuth-Scopes"] = ",".join(sorted(state.setup.scopes))
    except Refused as refused:
        body = {"ok": False, "error": refused.code, **refused.more}
        if refused.messages:
            body["response_metadata"] = {"messages": refused.messages}
            if refused.code == "invalid_blocks":
                body["errors"] = [each.removeprefix("[ERROR] ") for each in refused.messages]
        if refused.retry_after is not None:
            status = 429
            headers["Retry-After"] = str(refused.retry_after)
    if request.is_json and not request.has_charset:
        warnings = body.setdefault("response_metadata", {}).setdefault("warnings", [])
        warnings.append("missing_charset")
        body["warning"] = ",".join(warnings)
    state.calls.append(ApiCall(request.method, args, body))
    state.feed.scene("api", request.method, _detail(args, body))
    return Reply(status, headers, body)


def _run(state: SlackState, request: ApiRequest, args: Json) -> Json:
    method = METHODS.get(request.method)
    if method is None:
        raise Refused("unknown_method", req_method=request.method)
    token = request.token
    if token is None and not request.is_json:
        # A form may carry the token; a JSON body may not.
        token = args.pop("token", None)
    _admit(state, method, token)
    take_turn(state, request.method, burst=method.a_minute, per_second=method.a_minute / 60)
    reads = method.reads_json or not request.is_json
    return method.run(state, Args(args if reads else {}))


def _admit(state: SlackState, method: Method, token: str | None) -> None:
    if not token:
        raise Refused("not_authed")
    if token not in (state.bot_token, state.app_token):
        raise Refused("invalid_auth")
    if (token == state.app_token) != (method.caller == "app"):
        raise Refused("not_allowed_token_type")
    if method.scopes and not set(method.scopes) & state.setup.scopes:
        raise Refused(
            "missing_scope",
            needed=",".join(method.scopes),
            provided=",".join(sorted(state.setup.scopes)),
        )


def _detail(args: Json, body: Json) -> str:
    line = "ok" if body.get("ok") else str(body.get("error"))
    shown = {key: value for key, value in args.items() if key not in ("blocks", "view", "token")}
    text = json.dumps(shown, ensure_ascii=False)
    return f"{line} {text if len(text) <= 300 else text[:299] + '…'}"
