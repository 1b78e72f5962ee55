"""A playground of cardboard: serves the page and speaks its protocol, with canned answers.

It shows what the page does with what it is told, without a bot behind it. `python -m
tests.browser.stub` serves it for a look by eye.
"""

from __future__ import annotations

import asyncio
import copy
import json
import threading
import time
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from tests.paths import ROOT

STATIC = ROOT / "playground/static"
SAMPLES = Path(__file__).with_name("samples.json")
CHART = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="240"><rect width="640" '
    b'height="240" fill="#fff"/><path d="M40 200L180 170L320 120L460 140L600 40" fill="none" '
    b'stroke="#0b7a56" stroke-width="4"/></svg>'
)
Json = dict[str, Any]


class Stub:
    """One page's server on its own thread. `posts` holds (path, body) of every POST, in order."""

    def __init__(self, port: int = 0) -> None:
        self.posts: list[tuple[str, Json]] = []
        self.errors: dict[str, str] = {}  # path → the sentence to refuse it with
        self.sockets: dict[web.WebSocketResponse, str] = {}
        self.samples: Json = json.loads(SAMPLES.read_text(encoding="utf-8"))
        self.now = time.time()
        self.snapshot = self._snapshot()
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._port = port
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(40)

    # What a test says

    def send(self, event: Json) -> None:
        """Tell every open page."""
        asyncio.run_coroutine_threadsafe(self._tell(event), self._loop).result(40)

    def say(self, channel: str, message: Json) -> Json:
        """Post (or change, by ts) a message. Returns it with its ts."""
        self.now += 1
        full = {"ts": f"{self.now:.6f}", "user": "U0GARDEN", "bot": True, "text": "", "blocks": []}
        full |= {"reply_count": 0} | message
        self.send({"type": "message", "channel": channel, "message": full})
        return full

    def cut(self) -> None:
        """Drop every page's connection."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(40)

    def posted(self, path: str, count: int = 1, within: float = 5.0) -> Json:
        """The body of the count-th POST to this path, waiting for it."""

        def bodies() -> list[Json]:
            return [body for at, body in self.posts if at == path]

        with self._changed:
            if not self._changed.wait_for(lambda: len(bodies()) >= count, within):
                raise AssertionError(f"no POST {path} number {count}, only {self.posts}")
            return bodies()[count - 1]

    def close(self) -> None:
        """End the server."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(40)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(40)

    # How it works

    def _snapshot(self) -> Json:
        snap: Json = copy.deepcopy(self.samples)
        self.views = snap.pop("views_to_open")

        def stamp(offset: float) -> str:
            return f"{self.now + float(offset):.6f}"

        for messages in snap["messages"].values():
            for message in messages:
                for key in {"ts", "thread_ts", "edited"} & message.keys():
                    message[key] = stamp(message[key])
        for scene in snap["scenes"]:
            scene["at"] = int((self.now + scene["at"] / 1000) * 1000)
        return {"type": "snapshot", "views": [], **snap}

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get("/", self._index)
        app.router.add_static("/static", STATIC)
        app.router.add_get("/stub/chart.png", self._chart)
        app.router.add_get("/page/live", self._live)
        app.router.add_post("/page/{path}", self._post)
        runner = web.AppRunner(app, shutdown_timeout=0.2)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _chart(self, request: web.Request) -> web.Response:
        return web.Response(body=CHART, content_type="image/svg+xml")

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        user = request.query["user"]
        self.sockets[socket] = user
        try:
            await socket.send_json(self.snapshot | {"user": user})
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        except ConnectionResetError:
            pass  # the page went away meanwhile
        finally:
            self.sockets.pop(socket, None)
        return socket

    async def _tell(self, event: Json) -> None:
        for socket in list(self.sockets):
            await socket.send_json(event)

    async def _cut(self) -> None:
        for socket in list(self.sockets):
            await socket.close()

    async def _post(self, request: web.Request) -> web.Response:
        path, body = request.match_info["path"], await request.json()
        with self._changed:
            self.posts.append((path, body))
            self._changed.notify_all()
        if path in self.errors:
            return web.json_response({"ok": False, "error": self.errors[path]})
        if path == "action":
            view = self.views.get(body["action"]["action_id"])
            if view:
                await self._tell({"type": "view", "view": view})
        if path == "submit":
            await self._tell({"type": "view_closed", "id": body["view_id"]})
        return web.json_response({"ok": True})


if __name__ == "__main__":
    stub = Stub(8799)
    print(stub.url)
    threading.Event().wait()
