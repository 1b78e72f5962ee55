"""The whole playground in one object: stand-ins, sample service, page, and the bot's processes.

`Playground` lives in a running loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp import web

from playground import processes
from playground.app import build_app
from playground.clock import Clock
from playground.config import config_for
from playground.feed import Feed, PlaygroundError
from playground.github.records import Call as GithubCall
from playground.github.seed import seeded
from playground.logging.server import ListCall as LogCall
from playground.logging.server import LogServer
from playground.page import Page
from playground.processes import Processes, Ready
from playground.service.service import SampleService
from playground.slack.state import SlackState
from playground.slack.workspace import Workspace
from playground.store_scenes import StoreScenes

T = TypeVar("T")
HOST = "127.0.0.1"
PORT = 8765
PORTS_TRIED = 50
CLOCK = "playground-clock"
"""The file in the state directory that holds the time skipped."""

NOT_OURS = frozenset(
    {
        "SLACK_SIGNING_SECRET",
        "GITHUB_APP_ID",
        "GITHUB_APP_PRIVATE_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        *(f"{name}_proxy" for name in ("http", "https", "all")),
        *(f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL")),
    }
)
"""Variables that the bot must not inherit: real credentials, and proxies, which loopback bypasses.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """The playground's options."""

    port: int | None = None
    """None: 8765 or the next free one. 0: any free one."""
    up: Sequence[str] | None = None
    """What starts the bot's processes; None: `gardener up`. Empty: no bot at all."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the processes' environment."""
    state_dir: Path | None = None
    """None: $GARDENER_STATE, else a directory that is deleted when the playground ends."""
    broken: bool = False
    """True if the service is broken from the start."""
    rate_limits: bool = True
    """Slack's, and Cloud Logging's sixty reads a minute."""
    start_timeout: float = 60.0


class Playground:
    """An async context manager. Raises PlaygroundError if something does not start."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.clock = Clock()
        state = SlackState(rate_limits=self.options.rate_limits, now=self.clock.time)
        self.workspace = Workspace(state)
        self.feed: Feed = state.feed
        self.github = seeded(token=f"ghp_playground{secrets.token_hex(12)}")
        self.github.clock = self.clock.time
        self.logs = LogServer(clock=self.clock.time)
        if not self.options.rate_limits:
            self.logs.quota_per_minute = None
            self.github.content_per_minute = None
        self.service = SampleService(
            self.logs.add, clock=self.clock.time, broken=self.options.broken
        )
        self.processes: Processes | None = None
        self.port = 0
        self.wanted_port: int | None = None
        """The requested port if it was taken, else None."""
        self.state_dir = Path()
        self._stack = contextlib.AsyncExitStack()

    @property
    def base_url(self) -> str:
        """Returns the page's URL."""
        return f"http://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        try:
            await self._enter()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def act(self, do: str) -> None:
        """Carries out the page's requests to the service: break, deploy_fix and so on."""
        await self.service.act(do)

    async def skip(self, what: str) -> None:
        """Moves the time of all processes and stand-ins: an `hour`, or to the next `morning`."""
        self.clock.skip(what)
        await asyncio.to_thread(self.service.skip)

    def hurry(self) -> None:
        """Kills the bot's processes at once instead of asking them to end."""
        if self.processes is not None:
            self.processes.hurry()

    # --- setting up, and in the opposite order taking down ----------------------------------------

    async def _enter(self) -> None:
        loop = asyncio.get_running_loop()
        self.feed.bind(loop)
        self.state_dir = self._own_state_dir()
        self.clock.share(self.state_dir / CLOCK)
        await asyncio.to_thread(self.logs.start)
        self._stack.push_async_callback(asyncio.to_thread, self.logs.stop)
        await asyncio.to_thread(self.service.start)
        self.service.publish = self.feed.publish_threadsafe
        self.github.publish = self.feed.publish_threadsafe
        self.github.on_call = self._github_called
        self.logs.on_call = lambda call: _soon(loop, self._logs_called, call)
        page = Page(
            self.workspace,
            github=self.github,
            log=self.service,
            service=self.service,
            clock=self,
        )
        await self._serve(build_app(self.workspace, page, self.github))
        up = processes.command() if self.options.up is None else self.options.up
        if up:
            page.processes = self.processes = self._bot(up)
        self._background(self.service.run())
        self._stack.push_async_callback(self._end_processes)
        if self.processes is not None:
            await self.processes.start(self.options.start_timeout)
        if self.options.up is None:
            self._background(StoreScenes(self.feed, self._store_url()).run())

    def _bot(self, up: Sequence[str]) -> Processes:
        ours = self.options.up is None
        port = _free_port()
        health = f"http://{HOST}:{port}"
        ready: dict[str, Ready] = {"web": self._connected}
        if ours:
            ready["web"] = lambda: _answers(f"{health}/readyz")
            ready["worker"] = lambda: _answers(f"{health}/metrics", "\ngardener_workers 0.0\n")
        return Processes(
            up,
            env={**self._environment(), "PORT": str(port)},
            logs=self.state_dir / "logs",
            state_dir=self.state_dir if ours and not os.environ.get("REDIS_URL") else None,
            ready=ready,
            tell=self.feed.publish,
        )

    async def _connected(self) -> bool:
        return self.workspace.socket.connections > 0

    def _environment(self) -> dict[str, str]:
        """Builds the bot's environment: ours without credentials, plus the stand-ins' addresses."""
        state = self.workspace.state
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        return inherited | {
            "SLACK_BOT_TOKEN": state.bot_token,
            "SLACK_APP_TOKEN": state.app_token,
            "SLACK_API_URL": f"{self.base_url}/slack/api/",
            "GITHUB_API_URL": f"{self.base_url}/github/api",
            "GITHUB_TOKEN": self.github.token,
            "GARDENER_LOGGING_ENDPOINT": self.logs.endpoint,
            "GARDENER_SECRET": os.environ.get("GARDENER_SECRET") or secrets.token_hex(32),
            "GARDENER_STATE": str(self.state_dir),
            "GARDENER_CLOCK": str(self.state_dir / CLOCK),
            "GARDENER_CONFIG": str(config_for(self.state_dir)),
            "GRPC_VERBOSITY": "ERROR",
            "PYTHONUNBUFFERED": "1",
            **self.options.env,
        }

    def _store_url(self) -> str:
        return os.environ.get("REDIS_URL") or f"unix://{self.state_dir}/valkey.sock"

    def _own_state_dir(self) -> Path:
        given = self.options.state_dir or os.environ.get("GARDENER_STATE")
        if given:
            directory = Path(given).expanduser().absolute()
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            return directory
        # Short, because the embedded server's socket path, which has a length limit, contains it.
        directory = Path(tempfile.mkdtemp(prefix="gardener-"))
        self._stack.callback(shutil.rmtree, directory, ignore_errors=True)
        return directory

    async def _serve(self, app: web.Application) -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        wanted = PORT if self.options.port is None else self.options.port
        for port in [0] if wanted == 0 else range(wanted, wanted + PORTS_TRIED):
            try:
                await web.TCPSite(runner, HOST, port).start()
                break
            except OSError as error:
                if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                    raise
        else:
            raise PlaygroundError(
                f"The ports {wanted} to {wanted + PORTS_TRIED - 1} are all taken: "
                "choose another with --port, or --port 0 for any free one."
            )
        self.port = int(runner.addresses[0][1])
        self.wanted_port = wanted if wanted not in {0, self.port} else None
        self.workspace.state.base_url = self.github.base_url = self.base_url

    async def _end_processes(self) -> None:
        if self.processes is not None:
            ending = asyncio.create_task(self.processes.stop())
            while not ending.done():
                # slack_sdk's client waits for seconds on a connection that nobody cuts.
                self.workspace.socket.cut()
                await asyncio.wait({ending}, timeout=0.1)
            await ending
        await self.workspace.delivery.close()

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)

    def _github_called(self, call: GithubCall) -> None:
        detail = str(call.status) if call.status else "dropped without an answer"
        self.feed.scene("api", f"GitHub {call.method} {call.path}", detail)

    def _logs_called(self, call: LogCall) -> None:
        detail = f"{call.status}, {call.entries} entries: {call.filter}"
        self.feed.scene("api", "Cloud Logging ListLogEntries", detail)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *args: Any) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(call, *args)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def _answers(url: str, unless: str = "") -> bool:
    """True if a GET returns 200 and, with `unless`, a body that does not contain it."""
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url) as answer:
            body = await answer.text()
            return answer.status == 200 and (not unless or unless not in body)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
