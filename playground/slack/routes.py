"""The stand-in's HTTP routes: they parse requests, pass them on and write responses."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from playground.feed import Json
from playground.slack.files import take_upload
from playground.slack.methods import ApiRequest, Reply, answer
from playground.slack.people import TEAM_ID
from playground.slack.respond import answer_response_url
from playground.slack.workspace import Workspace

MAX_BODY = 64 * 1024 * 1024


class TooLarge(Exception):  # noqa: N818  it names the problem
    """A body of more than MAX_BODY bytes."""


async def whole_body(request: web.Request, most: int = MAX_BODY) -> bytes:
    """Reads a request's body, whatever the application's own limit. Raises TooLarge."""
    parts = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > most:
            raise TooLarge
        parts.append(part)
    return b"".join(parts)


class PlaygroundSlack:
    """The routes of the Slack stand-in for an aiohttp application."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._state = workspace.state

    def routes(self) -> list[web.RouteDef]:
        """Returns all routes below `/slack/`.

        Set `workspace.state.base_url` before the first request.
        """
        return [
            web.get("/slack/api/{method}", self._api, allow_head=False),
            web.post("/slack/api/{method}", self._api),
            web.get("/slack/link", self.workspace.socket.handle, allow_head=False),
            web.post("/slack/upload/{file_id}", self._upload),
            web.get("/slack/files/{file_id}/{name}", self._download),
            web.get("/slack/login", self._login),
            web.post("/slack/respond/{team}/{key}", self._respond),
        ]

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else None
        args: Json = dict(request.query)
        is_json = False
        if request.method == "POST":
            try:
                args |= await _arguments(request)
            except _Unreadable as unreadable:
                return _json(Reply(200, {}, {"ok": False, "error": str(unreadable)}))
            is_json = request.content_type == "application/json"
        asked = ApiRequest(method, token, args, is_json, request.charset is not None)
        return _json(answer(self._state, asked))

    async def _upload(self, request: web.Request) -> web.Response:
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            part = next(iter(form.values()), "")
            content = part.file.read() if isinstance(part, web.FileField) else str(part).encode()
        else:
            content = await whole_body(request)
        status, text = take_upload(self._state, request.match_info["file_id"], content)
        return web.Response(status=status, text=text)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        kept = self._state.files.get(request.match_info["file_id"].removeprefix(f"{TEAM_ID}-"))
        may = request.headers.get("Authorization") == f"Bearer {self._state.bot_token}"
        if not may or "files:read" not in self._state.setup.scopes:
            # Slack redirects to its sign-in page instead of refusing; apps mistake its HTML for the
            # file.
            raise web.HTTPFound("/slack/login")
        if kept is None or kept.content is None:
            return web.Response(status=404, text="Not found")
        return web.Response(body=kept.content, content_type=kept.mimetype)

    async def _login(self, _: web.Request) -> web.Response:
        return web.Response(text="<!DOCTYPE html><title>Sign in</title>", content_type="text/html")

    async def _respond(self, request: web.Request) -> web.Response:
        body = await whole_body(request)
        status, text = answer_response_url(self._state, request.match_info["key"], body)
        self._state.feed.scene("api", "response_url", f"{status} {text[:200]}")
        return web.Response(status=status, text=text)


class _Unreadable(Exception):  # noqa: N818  it names the problem
    """A body that Slack cannot read; the message is its error code."""


async def _arguments(request: web.Request) -> Json:
    kind = request.content_type
    if kind == "application/json":
        try:
            given: Any = json.loads(await whole_body(request))
        except ValueError:
            raise _Unreadable("invalid_json") from None
        if not isinstance(given, dict):
            raise _Unreadable("json_not_object")
        return given
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return {key: str(value) for key, value in (await request.post()).items()}
    if not request.can_read_body or request.content_length == 0:
        return {}
    raise _Unreadable("invalid_post_type")


def _json(reply: Reply) -> web.Response:
    return web.json_response(reply.body, status=reply.status, headers=dict(reply.headers))
