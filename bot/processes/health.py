"""Liveness, readiness and metrics of the web process.

A WSGI app, so that gunicorn and the small server for Socket Mode serve the same.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from bot import __version__
from bot.core.model.errors import GardenerError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from bot.adapters.redis.queue.queue import JobQueue

Ready = Callable[[], None]
"""Raises a `GardenerError` with the reason if the process is not ready."""

FRESH = 1.0
"""Seconds for which readiness is cached, so that probes do not load the store."""

_log = structlog.get_logger(__name__)


def application(
    ready: Ready, *, queue: JobQueue | None = None, slack: WSGIApplication | None = None
) -> WSGIApplication:
    """Serves `/healthz`, `/readyz` and `/metrics`; passes everything else to `slack`.

    Without `queue`, the metrics are those of this process only; without `slack`, other paths
    are 404.
    """
    registry = _registry(queue)
    state = _CachedReadiness(ready)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path == "/healthz":
            return _json(start_response, "200 OK", {"status": "alive", "version": __version__})
        if path == "/readyz":
            why = state.why_not()
            if why is None:
                return _json(start_response, "200 OK", {"status": "ready"})
            return _json(start_response, "503 Service Unavailable", {"status": why})
        if path == "/metrics":
            body = generate_latest(registry)
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [body]
        if slack is not None:
            return slack(environ, start_response)
        return _json(start_response, "404 Not Found", {"status": "there is nothing here"})

    return app


class _CachedReadiness:
    """Readiness, checked at most once in `FRESH` seconds."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._lock = threading.Lock()
        self._at = -FRESH
        self._why: str | None = None

    def why_not(self) -> str | None:
        with self._lock:
            if time.monotonic() - self._at >= FRESH:
                try:
                    self._ready()
                    self._why = None
                except GardenerError as error:
                    self._why = str(error)
                self._at = time.monotonic()
            return self._why


class _QueueMetrics(Collector):
    """Metrics of the queue, read from Redis on each scrape: equal in every process."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("gardener_store_up", "1 where the store answers.")
        try:
            state = self._queue.state()
        except GardenerError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        jobs = GaugeMetricFamily("gardener_jobs", "Jobs by state.", labels=["state"])
        jobs.add_metric(["queued"], state.queued)
        jobs.add_metric(["running"], state.running)
        jobs.add_metric(["failed"], state.failed)
        yield jobs
        workers = GaugeMetricFamily("gardener_workers", "Worker processes.")
        workers.add_metric([], state.workers)
        yield workers


class _ProcessMetrics(Collector):
    """This process's own counters, CPU and memory."""

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()


def _registry(queue: JobQueue | None) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_ProcessMetrics())
    if queue is not None:
        registry.register(_QueueMetrics(queue))
    return registry


def _json(start_response: StartResponse, status: str, body: dict[str, str]) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return [json.dumps(body, ensure_ascii=False).encode()]


# --- beside Socket Mode --------------------------------------------------------------------------


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        _log.debug("request", line=format % args)


class SmallServer:
    """Serves a WSGI app from a thread. `port` 0 picks a free one. Raises `OSError`."""

    def __init__(self, app: WSGIApplication, host: str, port: int) -> None:
        self._server = make_server(
            host, port, app, server_class=_Server, handler_class=_QuietHandler
        )
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="health"
        )
        self._thread.start()

    def close(self) -> None:
        """Stops listening and waits for the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
