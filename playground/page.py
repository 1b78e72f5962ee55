"""The page's own API: people's actions, and the live feed of events.

Only the page itself may use it: requests with another host or origin are refused, so that no other
web page in the browser can act here (DNS rebinding included).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import BodyPartReader, WSMsgType, web

from playground.feed import (
    ClockPart,
    GithubPart,
    Json,
    LogPart,
    PlaygroundError,
    ProcessPart,
    ServicePart,
)
from playground.slack.people import SLACKBOT
from playground.slack.routes import TooLarge, whole_body
from playground.slack.workspace import Outcome, Workspace, page_channel

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_FILE = 32 * 1024 * 1024
WAITING = 5_000
"""Events that may queue for a slow page before its connection is dropped (it reconnects)."""
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SHOWN_AS_IS = frozenset({"image/png", "image/jpeg", "image/gif", "text/plain"})


def is_own(request: web.Request) -> bool:
    """True if a request uses a loopback name of this machine and comes from our own page."""
    host = request.headers.get("Host", "")
    if host.rsplit(":", 1)[0] not in OWN_HOSTS and host not in OWN_HOSTS:
        return False
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        return False
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def guarded(handler: Handler) -> Handler:
    """Wraps a handler to refuse requests that are not `is_own`."""

    async def guard(request: web.Request) -> web.StreamResponse:
        if not is_own(request):
            return _answer({"ok": False, "error": "This page answers only to itself."}, 403)
        return await handler(request)

    return guard


class Page:
    """The routes below `/page/`. Without a part, its routes answer that it is missing."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        github: GithubPart | None = None,
        log: LogPart | None = None,
        service: ServicePart | None = None,
        processes: ProcessPart | None = None,
        clock: ClockPart | None = None,
    ) -> None:
        self.workspace = workspace
        self.github = github
        self.log = log
        self.service = service
        self.processes = processes
        self.clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Returns all routes below `/page/`, guarded."""
        actions: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "say": self._say,
            "action": self._action,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
            "service": self._service,
            "github": self._github,
            "process": self._process,
            "clock": self._clock,
        }
        return [
            web.get("/page/live", guarded(self._live), allow_head=False),
            web.get("/page/files/{file_id}/{name}", guarded(self._file_content)),
            web.post("/page/file", guarded(_endpoint(self._file, _read_file))),
            *(
                web.post(f"/page/{name}", guarded(_endpoint(action)))
                for name, action in actions.items()
            ),
        ]

    def snapshot(self, user: str) -> Json:
        """Returns everything this person's page shows on opening, except ephemeral messages."""
        state = self.workspace.state
        self.workspace.person(user)
        own = [channel for channel in state.channels.values() if channel.sees(user)]
        home = state.homes.get(user)
        return {
            "type": "snapshot",
            "user": user,
            "users": [p.page() for p in state.people.values() if p.id != SLACKBOT],
            "channels": [page_channel(channel) for channel in own],
            "messages": {
                channel.id: [
                    m.page() for m in state.visible(channel.id, user) if m.only_for is None
                ]
                for channel in own
            },
            "views": [state.views[view].page() for view in state.stacks.get(user, [])],
            "home": home.page() if home else None,
            "processes": list(self.processes.snapshot()) if self.processes else [],
            "github": self.github.snapshot() if self.github else {},
            "log": list(self.log.recent()) if self.log else [],
            "scenes": list(self.workspace.feed.scenes),
        }

    async def _live(self, request: web.Request) -> web.StreamResponse:
        user = request.query.get("user", "U0ALICE")
        try:
            snapshot = self.snapshot(user)
        except PlaygroundError as error:
            return _answer({"ok": False, "error": str(error)}, 404)
        events: asyncio.Queue[Json | None] = asyncio.Queue()

        def watch(event: Json, only_for: str | None) -> None:
            if only_for not in (None, user) or not self._may_see(user, event):
                return
            events.put_nowait(event if events.qsize() < WAITING else None)

        # No await between snapshot and watch, so that no event is lost.
        stop = self.workspace.feed.watch(watch)
        socket = web.WebSocketResponse(heartbeat=20)
        try:
            await socket.prepare(request)
            await socket.send_json(snapshot)
            sender = asyncio.create_task(_send_all(socket, events))
            try:
                async for message in socket:
                    if message.type is WSMsgType.ERROR:
                        break
            finally:
                sender.cancel()
        finally:
            stop()
        return socket

    def _may_see(self, user: str, event: Mapping[str, Any]) -> bool:
        channel = event.get("channel")
        channel_id = channel.get("id") if isinstance(channel, dict) else channel
        known = self.workspace.state.channels.get(channel_id or "")
        return known is None or known.sees(user)

    async def _say(self, order: Json) -> Json:
        user, channel, text = (_text(order, key) for key in ("user", "channel", "text"))
        outcome = await self.workspace.say(
            user, channel, text, thread_ts=_maybe(order, "thread_ts")
        )
        # A slash command's error appears in the channel, from Slackbot.
        return _done(outcome, quiet=True)

    async def _action(self, order: Json) -> Json:
        where, action = _part(order, "container"), _part(order, "action")
        in_view = where.get("type") == "view"
        outcome = await self.workspace.click(
            _text(order, "user"),
            _text(action, "action_id"),
            channel=None if in_view else _text(where, "channel"),
            ts=None if in_view else _text(where, "ts"),
            view_id=_text(where, "view_id") if in_view else None,
            block_id=_maybe(action, "block_id"),
            chosen=action,
            values=_part(_part(order, "state"), "values"),
        )
        return _done(outcome)

    async def _submit(self, order: Json) -> Json:
        outcome = await self.workspace.submit(
            _text(order, "user"), _text(order, "view_id"), _part(order, "values")
        )
        return _done(outcome)

    async def _close(self, order: Json) -> Json:
        return _done(
            await self.workspace.close(_text(order, "user"), _text(order, "view_id")), quiet=True
        )

    async def _home(self, order: Json) -> Json:
        return _done(await self.workspace.open_home(_text(order, "user")))

    async def _file(self, order: Json) -> Json:
        content = order.get("content")
        if isinstance(content, str):
            try:
                content = base64.b64decode(content.partition(",")[2] or content, validate=True)
            except (binascii.Error, ValueError):
                raise PlaygroundError("The file's content is not base64.") from None
        if not isinstance(content, bytes):
            raise PlaygroundError("The file has no content.")
        outcome = await self.workspace.drop_file(
            _text(order, "user"), _text(order, "channel"), _text(order, "name"), content
        )
        return _done(outcome)

    async def _service(self, order: Json) -> Json:
        if self.service is None:
            raise PlaygroundError("The sample service does not run here.")
        await self.service.act(_text(order, "do"))
        return {"ok": True}

    async def _clock(self, order: Json) -> Json:
        if self.clock is None:
            raise PlaygroundError("The time cannot be moved here.")
        await self.clock.skip(_text(order, "do"))
        return {"ok": True}

    async def _github(self, order: Json) -> Json:
        if self.github is None:
            raise PlaygroundError("The GitHub stand-in does not run here.")
        await self.github.act(order)
        return {"ok": True}

    async def _process(self, order: Json) -> Json:
        if self.processes is None:
            raise PlaygroundError("The bot's processes were not started here.")
        await self.processes.act(_text(order, "name"), _text(order, "do"))
        return {"ok": True}

    async def _file_content(self, request: web.Request) -> web.StreamResponse:
        kept = self.workspace.state.files.get(request.match_info["file_id"])
        if kept is None or kept.content is None:
            return web.Response(status=404, text="No such file")
        shown = kept.mimetype in _SHOWN_AS_IS
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        if not shown:
            headers["Content-Disposition"] = "attachment"
        kind = kept.mimetype if shown else "application/octet-stream"
        return web.Response(body=kept.content, content_type=kind, headers=headers)


async def _send_all(socket: web.WebSocketResponse, events: asyncio.Queue[Json | None]) -> None:
    while True:
        event = await events.get()
        if event is None or socket.closed:
            await socket.close()
            return
        await socket.send_json(event)


def _endpoint(
    do: Callable[[Json], Awaitable[Json]],
    read: Callable[[web.Request], Awaitable[Json]] | None = None,
) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return _answer(await do(await (read or _read_json)(request)))
        except PlaygroundError as error:
            return _answer({"ok": False, "error": str(error)})
        except TooLarge:
            most = MAX_FILE // 1024**2
            return _answer({"ok": False, "error": f"That is more than {most} MB."}, 413)

    return handle


async def _read_json(request: web.Request) -> Json:
    if request.content_type != "application/json":
        raise PlaygroundError("Send JSON.")
    try:
        order = json.loads(await whole_body(request, MAX_FILE * 2))
    except ValueError:
        raise PlaygroundError("That is not JSON.") from None
    if not isinstance(order, dict):
        raise PlaygroundError("Send a JSON object.")
    return order


async def _read_file(request: web.Request) -> Json:
    """Reads a file from JSON, or from a form with `user`, `channel` and the file itself."""
    if not request.content_type.startswith("multipart/"):
        return await _read_json(request)
    if (request.content_length or 0) > MAX_FILE:
        raise TooLarge
    order: Json = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise PlaygroundError("That form is nested.")
        content = bytes(await part.read())
        if part.filename:
            order |= {"name": part.filename, "content": content}
        elif part.name:
            order[part.name] = content.decode("utf-8", "replace")
    return order


def _text(order: Mapping[str, Any], key: str) -> str:
    value = order.get(key)
    if not isinstance(value, str) or not value:
        raise PlaygroundError(f'"{key}" is missing.')
    return value


def _maybe(order: Mapping[str, Any], key: str) -> str | None:
    value = order.get(key)
    return value if isinstance(value, str) and value else None


def _part(order: Mapping[str, Any], key: str) -> Json:
    value = order.get(key)
    return value if isinstance(value, dict) else {}


def _done(outcome: Outcome, *, quiet: bool = False) -> Json:
    if outcome.error is not None and not quiet:
        return {"ok": False, "error": outcome.error}
    done: Json = {"ok": True}
    if outcome.ms is not None:
        done["ms"] = round(outcome.ms)
    if outcome.message is not None:
        done["ts"] = outcome.message.ts
    return done


def _answer(body: Json, status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})
