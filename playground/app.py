"""One aiohttp application: the page, the Slack stand-in and the GitHub stand-in."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from playground.github import server
from playground.github.state import GithubState
from playground.page import Page, guarded
from playground.slack.routes import MAX_BODY, PlaygroundSlack
from playground.slack.workspace import Workspace

STATIC = Path(__file__).with_name("static")


def build_app(workspace: Workspace, page: Page, state: GithubState) -> web.Application:
    """Builds the whole application; set both states' `base_url` once the port is known."""
    app = web.Application(client_max_size=MAX_BODY)
    app.add_routes(
        [
            web.get("/", guarded(_index)),
            web.static("/static", STATIC),
            *page.routes(),
            *PlaygroundSlack(workspace).routes(),
            *server.routes(state),
        ]
    )
    app.on_response_prepare.append(_headers)
    return app


async def _index(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html")


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    if request.path == "/" or request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"  # an edited file shows on reload
        response.headers["X-Content-Type-Options"] = "nosniff"
