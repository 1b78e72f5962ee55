"""The processes of the Procfile: web, worker and clock, each until SIGTERM."""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import structlog

from bot import web, wiring
from bot.garden.errors import GardenerError, Refused, Unavailable
from bot.settings import Settings
from bot.wiring import Wiring

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

TICK = 30
"""Seconds between two looks of the clock; digests are due at whole minutes, and what GitHub did
not confirm is looked for every time."""
DRAIN = 20
"""Seconds that requests which are being answered get after SIGTERM."""
THREADS = 16
QUICK_WORKERS = 2
"""Beside the worker that runs analyses."""

PARENT_PIPE = "GARDENER_ENDS_WITH_STDIN"
"""Set by `up` for its children: they end when their standard input does, that is, with it."""

ENDING = (signal.SIGTERM, signal.SIGINT)

_log = structlog.get_logger(__name__)


# --- web -----------------------------------------------------------------------------------------


def serve(settings: Settings) -> None:
    """The Slack app until SIGTERM: Socket Mode where there is an app token, else HTTP.

    Raises `Refused` where a setting is missing, `Unavailable` where the port is taken.
    """
    check(settings)
    end_with_parent()
    if settings.slack_app_token is not None:
        _socket_mode(settings)
    else:
        _http(settings)


def check(settings: Settings) -> None:
    """Raises `Refused` with the first setting that `serve` cannot do without."""
    if not settings.secrets:
        raise Refused(
            "GARDENER_SECRET is not set: it keys the issue markers and the store. Make one with: "
            "openssl rand -hex 32"
        )
    if settings.slack_bot_token is None:
        raise Refused("SLACK_BOT_TOKEN is not set: copy it from the app's OAuth page at Slack.")
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        raise Refused(
            "Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP: both are on "
            "the app's Basic Information page at Slack."
        )
    if not settings.environments:
        raise Refused(
            f"{settings.config} has no environment: write [environments.staging] with its project."
        )


def host(settings: Settings) -> str:
    """Where to listen: all addresses, since containers need that; loopback for a local Slack."""
    name = urlsplit(settings.slack_api_url).hostname or ""
    try:
        local = ip_address(name).is_loopback
    except ValueError:
        local = name == "localhost"
    return "127.0.0.1" if local else "0.0.0.0"  # noqa: S104 - a container's port is reached so


def _bolt(parts: Wiring) -> Any:
    """The Bolt app. The handlers are the interface's room: found by name, built with the wiring."""
    return importlib.import_module("handlers.app").build_app(parts)


def _socket_mode(settings: Settings) -> None:
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    parts = wiring.build(settings)
    handler = SocketModeHandler(
        _bolt(parts),
        cast("Any", settings.slack_app_token).get_secret_value(),
        ping_interval=1,  # with its own 10 it takes half a minute to notice a cut connection
    )

    def ready() -> None:
        if not handler.client.is_connected():
            raise Unavailable("Slack's Socket Mode is not connected.")
        parts.ping()

    app = web.application(ready, queue=parts.queue)
    try:
        server = web.SmallServer(app, host(settings), settings.port)
    except OSError as error:
        raise _port_taken(settings, error) from error
    stop = _stop_event()
    try:
        _log.info("serving", mode="Socket Mode", port=server.port)
        _connect(handler, stop)
        stop.wait()
    finally:
        cast("Any", handler).close()
        server.close()


def _connect(handler: Any, stop: threading.Event) -> None:
    """Slack may be away when we start: say so and try again; once connected, it reconnects."""
    from slack_sdk.errors import SlackApiError, SlackClientError

    pause = 1.0
    while not stop.is_set():
        try:
            handler.connect()
            return
        except SlackApiError as error:
            said = str(error.response.get("error", "an error"))
            if said in ("invalid_auth", "not_authed", "account_inactive", "token_revoked"):
                raise Refused(
                    f"Slack refused SLACK_APP_TOKEN ({said}): make one with connections:write."
                ) from None
            _log.warning("Slack does not connect", why=said, again_in=pause)
        except (SlackClientError, OSError, ValueError) as error:
            _log.warning("Slack does not connect", why=type(error).__name__, again_in=pause)
        stop.wait(pause)
        pause = min(pause * 2, 30)


def _http(settings: Settings) -> None:
    from gunicorn.app.base import BaseApplication
    from gunicorn.glogging import Logger

    class Log(Logger):
        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            for logger in (self.error_log, self.access_log):
                logger.handlers[:] = []
                logger.propagate = True  # into our own log, with its redaction

    class Gunicorn(BaseApplication):
        def load_config(self) -> None:
            options = {
                "bind": f"{host(settings)}:{settings.port}",
                "worker_class": "gthread",
                "workers": 1,
                "threads": THREADS,
                "graceful_timeout": DRAIN,
                "timeout": 30,
                "keepalive": 75,  # longer than the load balancer in front keeps one
                "accesslog": None,
                "logger_class": Log,
                "proc_name": "gardener",
                "control_socket_disable": True,
                "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: PTH112, S108
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return _http_app(settings)

    _probe(settings)
    _log.info("serving", mode="HTTP", port=settings.port)
    Gunicorn().run()


def _http_app(settings: Settings) -> WSGIApplication:
    from slack_bolt.adapter.wsgi import SlackRequestHandler

    parts = wiring.build(settings)
    slack = cast("WSGIApplication", SlackRequestHandler(_bolt(parts), path="/slack/events"))
    return web.application(parts.ping, queue=parts.queue, slack=slack)


def _probe(settings: Settings) -> None:
    """Gunicorn tries a taken port for seconds and then exits; say it at once."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host(settings), settings.port))
        except OSError as error:
            raise _port_taken(settings, error) from error


def _port_taken(settings: Settings, error: OSError) -> Unavailable:
    return Unavailable(
        f"Port {settings.port} cannot be used ({error.strerror}): set PORT to another."
    )


# --- worker --------------------------------------------------------------------------------------


def worker(settings: Settings) -> None:
    """Runs queued jobs until SIGTERM, then finishes the one at hand.

    The imports that a job needs are made here, before it forks: a job starts in 13 ms instead of
    776. No client is made here: gRPC does not survive a fork.
    """
    for module in (
        "bot.jobs",
        "bot.adapters.cloud_logging",
        "bot.adapters.github",
        "github",
        "google.cloud.logging_v2.services.logging_service_v2",
        "slack_sdk",
        "bot.garden.analysis",
    ):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if not module.startswith(error.name or "?"):
                raise
            _log.warning("nothing to preload", module=module)
    with _quick_workers(settings):
        end_with_parent()
        _work(settings)


def _work(settings: Settings, *, quick_only: bool = False) -> None:
    from bot.adapters.queue import build_worker

    parts = wiring.build(settings)
    wiring.use(parts)
    _patiently(parts.ping)
    client = parts.connect()
    _log.info("working", quick_only=quick_only)
    build_worker(
        client,
        gave_up=lambda name, kwargs: _gave_up(parts, name, kwargs),
        quick_only=quick_only,
    ).work(logging_level=None)


@contextmanager
def _quick_workers(settings: Settings) -> Iterator[None]:
    """Forks workers that do nothing but what people wait for: a click never waits for a report.

    They end with this process, however it goes: they read a pipe that only it writes to. Should
    one of them go, this worker takes quick jobs first as well.
    """
    ours, theirs = os.pipe()
    children = []
    for _ in range(QUICK_WORKERS):
        child = os.fork()
        if child == 0:
            os.close(theirs)
            _ends_with(ours)
            try:
                _work(settings, quick_only=True)
            except GardenerError as error:
                _log.error("a quick worker ended", why=str(error))
            finally:
                os._exit(0)
        children.append(child)
    os.close(ours)
    try:
        yield
    finally:
        os.close(theirs)
        for child in children:
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def _gave_up(parts: Wiring, function: str, kwargs: Any) -> None:
    """A job was killed once too often: the jobs' room tells those who wait for it."""
    tell = getattr(importlib.import_module(wiring.JOBS), "gave_up", None)
    if tell is None:
        _log.error("a job was given up", function=function)
        return
    try:
        tell(parts, function, kwargs)
    except GardenerError as error:
        _log.error("nobody could be told that a job was given up", why=str(error))


# --- clock ---------------------------------------------------------------------------------------


def clock(settings: Settings, due: Callable[[Wiring, int], object] | None = None) -> None:
    """Calls `due(wiring, now)` twice a minute, on the minute and half past, until SIGTERM.

    `due` is `bot.jobs.due` where none is given. It may be called more than once for a minute and
    may miss some: what is due is decided by what was posted, not by when this is called.
    """
    end_with_parent()
    parts = wiring.build(settings)
    call = due or importlib.import_module(wiring.JOBS).due
    stop = _stop_event()
    _log.info("the clock runs")
    while not stop.is_set():
        try:
            call(parts, parts.now())
        except GardenerError as error:
            _log.warning("the clock could not look", why=str(error))
        except Exception:  # noqa: BLE001 - logged with its traceback; the next look is another
            _log.exception("the clock stumbled")
        stop.wait(TICK - time.time() % TICK)


# --- shared --------------------------------------------------------------------------------------


def _stop_event() -> threading.Event:
    """Set by SIGTERM and Ctrl-C."""
    stop = threading.Event()

    def asked(*_: object) -> None:
        # A second signal inside `set` would wait for ever on the lock that the first one holds.
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        stop.set()

    for number in ENDING:
        signal.signal(number, asked)
    return stop


def _patiently(look: Callable[[], None], patience: float = 60.0) -> None:
    """Waits for the store to answer before giving up: machines start in any order."""
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while True:
        try:
            look()
            return
        except Unavailable as error:
            if time.monotonic() > deadline:
                raise
            _log.warning("waiting", why=str(error))
            pause.wait(2)


def end_with_parent() -> None:
    """Where `up` started us: ends this process when `up` is gone, however it went."""
    if os.environ.pop(PARENT_PIPE, None) is None:
        return

    _ends_with(0)


def _ends_with(pipe: int) -> None:
    """SIGTERM for this process once the other end of a pipe is closed."""

    def watch() -> None:
        while os.read(pipe, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def up(settings: Settings) -> None:
    """Web, worker and clock as processes of their own, until SIGTERM or Ctrl-C.

    The store is held open by this process too, so that an embedded server outlives a restart of
    all three. Raises `GardenerError` where one of them does not start.
    """
    from bot.supervisor import Supervisor, commands

    check(settings)
    parts = wiring.build(settings)
    _patiently(parts.ping)
    supervisor = Supervisor(
        commands(),
        env={PARENT_PIPE: "1", "GARDENER_CONFIG": str(settings.config)},
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop())
    supervisor.run()
