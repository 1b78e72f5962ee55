"""The worker, the clock, and `up`, which runs them with the web process."""

from __future__ import annotations

import importlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from bot import wiring
from bot.adapters.redis.queue import keys
from bot.core.model.errors import GardenerError
from bot.processes.lifetime import (
    PARENT_PIPE,
    end_with_parent,
    ends_with,
    patiently,
    stop_event,
)
from bot.processes.web import check
from bot.settings.settings import Settings
from bot.wiring import Wiring

TICK = 30
"""Seconds between two ticks of the clock; digests are due at whole minutes, and pending issues are
checked at every tick."""
QUICK_WORKERS = 2
"""Additional workers for quick jobs, beside the one that runs analyses."""

_log = structlog.get_logger(__name__)


def worker(settings: Settings) -> None:
    """Runs queued jobs until SIGTERM, then finishes the current one.

    Imports what jobs need before forking: a job starts in 13 ms instead of 776. Creates no client
    here: gRPC does not survive a fork.
    """
    for module in (
        "bot.jobs",
        "bot.adapters.google.cloud_logging",
        "bot.adapters.github.tracker",
        "github",
        "google.cloud.logging_v2.services.logging_service_v2",
        "slack_sdk",
        "bot.core.analysis.analyze",
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
    parts = wiring.build(settings)
    wiring.use(parts)
    patiently(parts.ping)
    client = parts.connect()
    keys.claim(client)
    from bot.adapters.redis.queue.queue import build_worker

    patiently(parts.adopt_jobs)
    _log.info("working", quick_only=quick_only)
    build_worker(
        client,
        gave_up=lambda name, kwargs: _gave_up(parts, name, kwargs),
        maintain=parts.adopt_jobs,
        quick_only=quick_only,
    ).work(logging_level=None)


@contextmanager
def _quick_workers(settings: Settings) -> Iterator[None]:
    """Forks workers for quick jobs only, so that a click never waits for an analysis.

    They end with this process, however it ends: they read a pipe whose other end only it holds. If
    one of them ends, the main worker still takes quick jobs first.
    """
    ours, theirs = os.pipe()
    children = []
    for _ in range(QUICK_WORKERS):
        child = os.fork()
        if child == 0:
            os.close(theirs)
            ends_with(ours)
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
    """Passes a job that was killed too often to `bot.jobs.gave_up`, which notifies people."""
    tell = getattr(importlib.import_module(wiring.JOB_MODULE), "gave_up", None)
    if tell is None:
        _log.error("a job was given up", function=function)
        return
    try:
        tell(parts, function, kwargs)
    except GardenerError as error:
        _log.error("nobody could be told that a job was given up", why=str(error))


# --- clock ---------------------------------------------------------------------------------------


def clock(
    settings: Settings,
    due: Callable[[Wiring, int], object] | None = None,
    *,
    tick: float = TICK,
) -> None:
    """Calls `due(wiring, now)` every `tick` seconds, counted from the full minute, until SIGTERM.

    `due` defaults to `bot.jobs.due`. It may be called several times in a minute or miss one: what
    is due depends on what was posted, not on the time of the call.
    """
    end_with_parent()
    parts = wiring.build(settings)
    call = due or importlib.import_module(wiring.JOB_MODULE).due
    stop = stop_event()
    _log.info("the clock runs")
    while not stop.is_set():
        try:
            parts.take_over()
            call(parts, parts.now())
        except GardenerError as error:
            _log.warning("the clock could not look", why=str(error))
        except Exception:  # noqa: BLE001 - logged with its traceback; the next tick may succeed
            _log.exception("the clock stumbled")
        stop.wait(tick - time.time() % tick)


def up(settings: Settings, logs: Path | None = None) -> None:
    """Runs web, worker and clock as child processes until SIGTERM or Ctrl-C.

    This process holds the store open too, so that an embedded server outlives a restart of all
    three. With `logs`, a directory for their output, each state change is one line of JSON on
    standard output: `{"name", "state", "pid", "code"}`. Raises `GardenerError` if one of them does
    not start.
    """
    from bot.processes.supervisor import Supervisor, commands, print_change

    end_with_parent()
    check(settings)
    parts = wiring.build(settings)
    patiently(parts.ping)
    supervisor = Supervisor(
        commands(),
        env={PARENT_PIPE: "1", "GARDENER_CONFIG": str(settings.config)},
        logs=logs,
        changed=print_change if logs is not None else lambda _: None,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop())
    supervisor.run()
