"""GitHub's REST API on loopback, as strict as GitHub in what PyGithub asks for.

`routes(state)` gives the same for an aiohttp application; all paths begin with /github.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
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
    if fault.kind == "held":
        while fault.gate is not None and not fault.gate.is_set():  # noqa: ASYNC110 - a thread's
            await asyncio.sleep(0.01)
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
