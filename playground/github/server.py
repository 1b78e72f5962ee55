"""GitHub's REST API on loopback, as strict as GitHub in what PyGithub asks for.

    with serve_in_thread(GithubState()) as server:
        Github(base_url=server.url, auth=Auth.Token(server.state.token))

`routes(state)` gives the same for an aiohttp application; all paths begin with /github.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from playground.github import auth
from playground.github import json as shape
from playground.github.commits import ROUTES as COMMITS
from playground.github.methods import ROUTES, Asked, Handler
from playground.github.records import (
    Call,
    Fault,
    Problem,
    secondary,
)
from playground.github.state import GithubState

API = "/github/api"


# --- one request ---------------------------------------------------------------------------------


def routes(state: GithubState) -> list[web.RouteDef]:
    """Returns all routes below /github: the API, and pages that lead to the playground's page."""

    async def unknown(_asked: Asked) -> web.Response:
        raise Problem(404, "Not Found")

    async def to_page(request: web.Request) -> web.Response:
        match = request.match_info
        at = f"{match['owner']}/{match['repo']}/{match['number']}"
        raise web.HTTPFound(f"/#github/{at}")

    table = [
        web.route(method, API + path, _served(state, handler))
        for method, path, handler in (*ROUTES, *COMMITS)
    ]
    return [
        *table,
        web.route("*", API + "/{tail:.*}", _served(state, unknown)),
        web.get("/github/{owner}/{repo}/issues/{number}", to_page),
    ]


def _served(
    state: GithubState, handler: Handler
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        raw = await request.read()
        path = request.path.removeprefix(API)
        fault = state.take_fault(request.method, path)
        login = None
        body: Any = None
        try:
            if fault is not None:
                await _before(fault)
            if raw:
                body = _parsed(raw)
            caller = auth.caller(state, request)
            login = caller.login
            auth.may(caller, request.method, path)
            response = await handler(Asked(state, request, caller, body))
        except Problem as problem:
            response = web.json_response(
                problem.body(), status=problem.status, headers=problem.headers
            )
        dropped = fault is not None and fault.kind.startswith("drop")
        status = 0 if dropped else response.status
        state.record(Call(request.method, path, dict(request.query), body, login, status))
        if dropped and request.transport is not None:
            request.transport.close()
        response.headers.update(shape.limits(state))
        return response

    return serve


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise Problem(400, "Problems parsing JSON") from None


async def _before(fault: Fault) -> None:
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
    elif fault.kind == "secondary":
        raise secondary(int(fault.seconds) or 60)
    elif fault.kind == "drop_before":
        raise Problem(503, "dropped")
    elif fault.kind.isdigit():
        messages = {
            "401": "Bad credentials",
            "403": "Resource not accessible by personal access token",
            "404": "Not Found",
            "410": "Issues are disabled for this repo",
            "429": "API rate limit exceeded",
            "502": "Server Error",
        }
        raise Problem(int(fault.kind), messages.get(fault.kind, "Server Error"))


# --- for tests -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GithubServer:
    """A running stand-in; `url` is the value of GITHUB_API_URL."""

    state: GithubState
    url: str


@contextlib.contextmanager
def serve_in_thread(state: GithubState | None = None) -> Iterator[GithubServer]:
    """Serves `state` (default: the seeded one) on a free loopback port in its own thread."""
    from playground.github.seed import seeded

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
    """Serves the GitHub stand-in alone in this loop, and sets its base_url."""
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
