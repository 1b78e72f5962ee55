"""The GitHub stand-in on a loopback port in a thread of its own.

with serve_in_thread(GithubState()) as server:
    client = Github(base_url=server.url, auth=Auth.Token(server.state.token))
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from aiohttp import web

from playground.github.seed import seeded
from playground.github.server import API, routes
from playground.github.state import GithubState


@dataclass(frozen=True, slots=True)
class GithubServer:
    """A running stand-in; `url` is the value of GITHUB_API_URL."""

    state: GithubState
    url: str


@contextlib.contextmanager
def serve_in_thread(state: GithubState | None = None) -> Iterator[GithubServer]:
    """Serves `state` (default: the seeded one) on a free loopback port, on a thread of its own."""
    state = state or seeded()
    ready: threading.Event = threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def main() -> None:
        async with serving(state):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield GithubServer(state, state.base_url + API)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


@contextlib.asynccontextmanager
async def serving(state: GithubState) -> AsyncIterator[None]:
    """Serves the GitHub stand-in alone, in this loop, and sets its base_url."""
    app = web.Application(client_max_size=8 << 20)
    app.add_routes(routes(state))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    state.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        await runner.cleanup()
