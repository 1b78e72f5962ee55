"""The web process: the Slack app over Socket Mode, or over HTTP under gunicorn."""

from __future__ import annotations

import importlib
import os
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import structlog

from bot import wiring
from bot.core.model.errors import Refused, Unavailable
from bot.processes import health
from bot.processes.lifetime import end_with_parent, stop_event
from bot.settings.settings import Settings
from bot.wiring import Wiring

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

DRAIN = 20
"""Seconds that running requests get after SIGTERM."""
THREADS = 16
"""Concurrent requests over HTTP."""

_log = structlog.get_logger(__name__)


def serve(settings: Settings) -> None:
    """Runs the Slack app until SIGTERM: Socket Mode with an app token, else HTTP.

    Raises `Refused` if a setting is missing, `Unavailable` if the port is taken.
    """
    check(settings)
    end_with_parent()
    if settings.slack_app_token is not None:
        _socket_mode(settings)
    else:
        _http(settings)


def check(settings: Settings) -> None:
    """Raises `Refused` for the first missing setting that `serve` needs."""
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
    """Returns the address to listen on: all, as containers need; loopback for a local Slack."""
    name = urlsplit(settings.slack_api_url).hostname or ""
    try:
        local = ip_address(name).is_loopback
    except ValueError:
        local = name == "localhost"
    return "127.0.0.1" if local else "0.0.0.0"  # noqa: S104 - a container's port is reached this way


def _bolt(parts: Wiring) -> Any:
    """Builds the Bolt app; imports the handlers, and with them Bolt, only here."""
    return importlib.import_module("handlers.app").build_app(parts)


def _socket_mode(settings: Settings) -> None:
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    parts = wiring.build(settings)
    handler = SocketModeHandler(
        _bolt(parts),
        cast("Any", settings.slack_app_token).get_secret_value(),
        ping_interval=1,  # the default of 10 takes half a minute to notice a cut connection
    )

    def ready() -> None:
        if not handler.client.is_connected():
            raise Unavailable("Slack's Socket Mode is not connected.")
        parts.ping()

    app = health.application(ready, queue=parts.queue)
    try:
        server = health.SmallServer(app, host(settings), settings.port)
    except OSError as error:
        raise _port_taken(settings, error) from error
    stop = stop_event()
    try:
        _log.info("serving", mode="Socket Mode", port=server.port)
        _connect(handler, stop)
        stop.wait()
    finally:
        cast("Any", handler).close()
        server.close()


def _connect(handler: Any, stop: threading.Event) -> None:
    """Connects, retrying while Slack is down; afterwards the handler reconnects by itself.

    Raises `Refused` if the token is rejected.
    """
    from slack_sdk.errors import SlackApiError, SlackClientError

    pause = 1.0
    while not stop.is_set():
        try:
            handler.connect()
            return
        except SlackApiError as error:
            code = str(error.response.get("error", "an error"))
            if code in ("invalid_auth", "not_authed", "account_inactive", "token_revoked"):
                raise Refused(
                    f"Slack refused SLACK_APP_TOKEN ({code}): make one with connections:write."
                ) from None
            _log.warning("Slack does not connect", why=code, again_in=pause)
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
                "keepalive": 75,  # longer than the load balancer in front keeps a connection
                "accesslog": None,
                "logger_class": Log,
                "proc_name": "gardener",
                "control_socket_disable": True,
                "when_ready": _listening,
                "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: PTH112, S108
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return _http_app(settings)

    _probe(settings)
    Gunicorn().run()


def _listening(server: Any) -> None:
    """Logs the actual port, which only the system knows with PORT=0."""
    _log.info("serving", mode="HTTP", port=server.LISTENERS[0].sock.getsockname()[1])


def _http_app(settings: Settings) -> WSGIApplication:
    from slack_bolt.adapter.wsgi import SlackRequestHandler

    parts = wiring.build(settings)
    slack = cast("WSGIApplication", SlackRequestHandler(_bolt(parts), path="/slack/events"))
    return health.application(parts.ping, queue=parts.queue, slack=slack)


def _probe(settings: Settings) -> None:
    """Raises `Unavailable` at once if the port is taken; gunicorn would retry for seconds."""
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
