"""Supervises the child processes of `gardener up`: restarts each, ends them together."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
import structlog

from bot.core.model.errors import GardenerError

GRACE = 25.0
"""Seconds that children get to finish after SIGTERM; platforms typically allow us 30."""
STEADY = 30.0
"""Seconds after which a child counts as stable, which resets the restart delay."""
LONGEST = 30.0
"""Maximum seconds before a restart."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StateChange:
    """A child's change of state."""

    name: str
    state: str
    """`starting`, `running` (with its pid), `stopped` or `crashed` (with its exit code)."""
    pid: int | None = None
    code: int | None = None


@dataclass(slots=True)
class _Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float | None = field(default=0.0)
    """When to start it, in seconds of the monotonic clock; None while it runs."""


class Supervisor:
    """Keeps commands running until `stop`, and restarts them with a growing delay.

    `changed` is called for every change, first with `starting` for all names. With `logs`, a
    directory, each child's output goes to `NAME.log` there; otherwise it is inherited.

    If a command exits with code 2 or, on its first start, with 1, a restart would not help:
    everything ends with an error that names it.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        env: Mapping[str, str] | None = None,
        grace: float = GRACE,
        first_pause: float = 0.5,
        logs: Path | None = None,
        changed: Callable[[StateChange], None] = lambda _: None,
    ) -> None:
        self._children = [_Child(name, command) for name, command in commands.items()]
        self._env = {**os.environ, **(env or {})}
        self._grace = grace
        self._first_pause = first_pause
        self._logs = logs
        self._changed = changed
        self._events: queue.SimpleQueue[_Child | None] = queue.SimpleQueue()

    def stop(self) -> None:
        """Requests the end; safe to call from a signal handler."""
        self._events.put(None)

    def run(self) -> None:
        """Runs until `stop`, and returns once every child has ended. Raises `GardenerError`."""
        try:
            while True:
                self._start_due()
                try:
                    child = self._events.get(timeout=self._until_next())
                except queue.Empty:
                    continue
                if child is None:
                    return
                self._ended(child)
        finally:
            self._end_all()

    def _start_due(self) -> None:
        now = time.monotonic()
        due = [child for child in self._children if child.due is not None and child.due <= now]
        for child in due:
            self._changed(StateChange(child.name, "starting"))
        for child in due:
            child.due = None
            child.started = now
            child.process = process = self._spawn(child)
            self._changed(StateChange(child.name, "running", pid=process.pid))
            threading.Thread(target=self._wait, args=(child, process), daemon=True).start()

    def _spawn(self, child: _Child) -> subprocess.Popen[bytes]:
        with ExitStack() as stack:
            out = None
            if self._logs is not None:
                out = stack.enter_context((self._logs / f"{child.name}.log").open("ab"))
            return subprocess.Popen(
                list(child.command),
                stdin=subprocess.PIPE,  # closes when this process ends: see `end_with_parent`
                stdout=out,
                stderr=out,
                env=self._env,
                start_new_session=True,  # Ctrl-C reaches only us; we pass it on
            )

    def _wait(self, child: _Child, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._events.put(child)

    def _until_next(self) -> float | None:
        due = [child.due for child in self._children if child.due is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _ended(self, child: _Child) -> None:
        if child.process is None:
            return
        code = child.process.returncode
        lived = time.monotonic() - child.started
        state = "stopped" if code in {0, -signal.SIGTERM} else "crashed"
        self._changed(StateChange(child.name, state, code=code))
        if code == 2 or (code == 1 and child.failures == 0 and lived < STEADY):
            raise GardenerError(f"{child.name} does not start; what it says stands above.")
        if child.process.stdin is not None:
            child.process.stdin.close()
        child.failures = 1 if lived >= STEADY else child.failures + 1
        pause = min(self._first_pause * 2 ** (child.failures - 1), LONGEST)
        child.due = time.monotonic() + pause
        _log.warning("a process ended", name=child.name, code=code, again_in=round(pause, 1))

    def _end_all(self) -> None:
        running = [c.process for c in self._children if c.process and c.process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for child in self._children:
            if child.process is not None:
                self._changed(StateChange(child.name, "stopped", code=child.process.returncode))


def print_change(change: StateChange) -> None:
    """Prints a change as one line of JSON. Ignores a closed pipe: we are about to end."""
    with suppress(BrokenPipeError):
        click.echo(json.dumps(asdict(change)))


def commands() -> Mapping[str, Sequence[str]]:
    """Returns the Procfile's three commands, run with this interpreter."""
    return {
        name: [sys.executable, "-m", "bot", command]
        for name, command in (("web", "serve"), ("worker", "worker"), ("clock", "clock"))
    }
