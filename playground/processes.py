"""`gardener up` as the page shows it: its processes' states, what they printed, and their ends.

`up` starts, watches and restarts web, worker and clock, and reports each change as a line of JSON.
Here it is started, read and ended. It has two reasons to end with us: the pipe on its standard
input closes when we are gone (GARDENER_ENDS_WITH_STDIN), and a mark in its environment by which
`stop` finds what the bot's own children may have left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playground.feed import Json, PlaygroundError

MARK = "GARDENER_PLAYGROUND_MARK"
ENDS_WITH_STDIN = "GARDENER_ENDS_WITH_STDIN"
KILLED_S = 5.0
"""Seconds for the kernel to end killed processes; a busy machine needs some."""
STEADY_S = 0.5
"""How long a process that says nothing about itself has to live to count as running."""
LAST_WORDS = 15  # lines
UP = "up"

Ready = Callable[[], Awaitable[bool]]


class StartFailed(PlaygroundError):  # noqa: N818 - it names what happened
    """A process failed to start; the text names it and contains its last lines."""


def command() -> list[str]:
    """`gardener up`, by the `gardener` of this interpreter's environment."""
    script = Path(sys.executable).with_name("gardener")
    return [*([str(script)] if script.exists() else [sys.executable, "-m", "bot"]), "up"]


@dataclass(slots=True)
class _Child:
    name: str
    state: str = "stopped"
    pid: int | None = None
    up: bool = False
    """Whether it was ready once."""
    waiting: asyncio.Task[None] | None = field(default=None, repr=False)

    def shown(self) -> Json:
        return {"name": self.name, "state": self.state, "pid": self.pid}


class Processes:
    """Runs `up`, a command as `gardener up`, with `env`; what it starts prints to files in `logs`.

    `ready` checks whether a process can take work; `tell` receives the page's process events.
    `state_dir` is where the bot's embedded server puts its pid file.
    """

    def __init__(
        self,
        up: Sequence[str],
        *,
        env: Mapping[str, str],
        logs: Path,
        state_dir: Path | None = None,
        ready: Mapping[str, Ready] | None = None,
        tell: Callable[[Json], None] = lambda _event: None,
        steady: float = STEADY_S,
        grace: float = 8.0,
    ) -> None:
        self._command, self._logs, self._state_dir = up, logs, state_dir
        self._mark = secrets.token_hex(12)
        self._env = {**env, MARK: self._mark, ENDS_WITH_STDIN: "1"}
        self._ready, self._tell = ready or {}, tell
        self._steady, self._grace = steady, grace
        self._up: asyncio.subprocess.Process | None = None
        self._children: dict[str, _Child] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._started: asyncio.Future[None] | None = None
        self._ending = False
        self._store = _Child("valkey")

    # --- what the page asks ------------------------------------------------------------------

    def snapshot(self) -> list[Json]:
        """`{name, state, pid}`, one a process."""
        store = [] if self._state_dir is None else [self._store]
        return [child.shown() for child in [*self._children.values(), *store]]

    async def act(self, name: str, do: str) -> None:
        """Kills (-9) or restarts a process. Raises PlaygroundError."""
        if do not in {"kill", "restart"}:
            raise PlaygroundError(f'A process can be killed or restarted, not "{do}".')
        number = signal.SIGKILL if do == "kill" else signal.SIGTERM
        if name == self._store.name and self._store.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._store.pid, number)
            return
        child = self._children.get(name)
        if child is None or child.pid is None:
            raise PlaygroundError(f"There is no running process called {name}.")
        _signal_group(child.pid, number)

    def last_words(self, name: str) -> str:
        """Returns the last lines that a process wrote."""
        try:
            with (self._logs / f"{name}.log").open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 8_192))
                text = log.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-LAST_WORDS:])

    # --- life -----------------------------------------------------------------------------------

    async def start(self, timeout: float = 60.0) -> None:  # noqa: ASYNC109 - it appears in the error
        """Starts all and waits until each is ready. Raises StartFailed; call `stop` even then."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._started = asyncio.get_running_loop().create_future()
        with (self._logs / f"{UP}.log").open("ab") as log:
            self._up = await asyncio.create_subprocess_exec(
                *self._command,
                "--logs",
                str(self._logs),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._env,
                start_new_session=True,  # Ctrl-C is ours to hand on
            )
        self._tasks = [
            asyncio.create_task(self._follow(self._up)),
            asyncio.create_task(self._watch_store()),
        ]
        try:
            await asyncio.wait_for(self._started, timeout)
        except TimeoutError:
            late = [child.name for child in self._children.values() if not child.up] or [UP]
            said = "\n\n".join(self._ended_badly(name, None) for name in late)
            which = ", ".join(late)
            raise StartFailed(f"Not ready after {timeout:.0f} s: {which}.\n{said}") from None

    async def stop(self) -> None:
        """Ends every process, and what they left behind."""
        self._ending = True
        if self._up is not None:
            with contextlib.suppress(ProcessLookupError):
                self._up.terminate()
            if not await _ended(self._up, self._grace):
                self.hurry()
                await _ended(self._up, KILLED_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._sweep)
        for child in self._children.values():
            self._now(child, "stopped")

    def hurry(self) -> None:
        """Kills everything at once, for the second Ctrl-C."""
        self._ending = True
        pids = [self._up.pid] if self._up is not None and self._up.returncode is None else []
        for pid in [*pids, *(child.pid for child in self._children.values() if child.pid)]:
            _signal_group(pid, signal.SIGKILL)

    # --- what `up` reports ---------------------------------------------------------------------

    async def _follow(self, up: asyncio.subprocess.Process) -> None:
        if up.stdout is not None:  # asked for above
            async for line in up.stdout:
                with contextlib.suppress(ValueError):  # a library that prints
                    self._changed(json.loads(line))
        code = await up.wait()
        for child in self._children.values():
            self._now(child, "stopped" if self._ending else "crashed")
        self._fail(UP, code)

    def _changed(self, change: Json) -> None:
        """`up` names all of its processes before the first one runs."""
        child = self._children.setdefault(change["name"], _Child(change["name"]))
        if change["state"] == "running":
            self._now(child, "starting", change["pid"])
            child.waiting = asyncio.create_task(self._until_ready(child))
        elif change["state"] != "starting":
            self._now(child, change["state"])
            self._fail(child.name, change["code"])

    def _now(self, child: _Child, state: str, pid: int | None = None) -> None:
        if child.waiting is not None and state != "running":
            child.waiting.cancel()
        if (child.state, child.pid) != (state, pid):
            child.state, child.pid = state, pid
            self._tell({"type": "process", **child.shown()})

    async def _until_ready(self, child: _Child) -> None:
        ready = self._ready.get(child.name)
        if ready is None:
            await asyncio.sleep(self._steady)
        else:
            while not await ready():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.1)
        child.up = True
        self._now(child, "running", child.pid)
        everyone = all(each.up for each in self._children.values())
        if everyone and self._started is not None and not self._started.done():
            self._started.set_result(None)

    def _fail(self, name: str, code: int | None) -> None:
        if self._started is not None and not self._started.done():
            self._started.set_exception(StartFailed(self._ended_badly(name, code)))

    def _ended_badly(self, name: str, code: int | None) -> str:
        how = "" if code is None else f" ended with code {code} at its start"
        words = self.last_words(name) or "(it said nothing)"
        return f"{name}{how}. Its last words, from {self._logs / name}.log:\n{words}"

    # --- the embedded server, and leftovers ----------------------------------------------------

    async def _watch_store(self) -> None:
        """Watches the embedded server's pid file; the bot starts that server itself."""
        while self._state_dir is not None:
            found = _alive(self._state_dir / "valkey.pid")
            self._now(self._store, "stopped" if found is None else "running", found)
            await asyncio.sleep(0.5)

    def _sweep(self) -> None:
        deadline = time.monotonic() + 0.5
        while (left := self._leftovers()) and time.monotonic() < deadline:
            time.sleep(0.02)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            deadline = time.monotonic() + 2.0
            while (left := self._leftovers()) and time.monotonic() < deadline:
                time.sleep(0.02)

    def _leftovers(self) -> list[int]:
        """Finds processes with our mark; without /proc, only the embedded server."""
        proc = Path("/proc")
        if not (proc / "self" / "environ").exists():
            pid = _alive(self._state_dir / "valkey.pid") if self._state_dir else None
            return [] if pid is None else [pid]
        wanted = f"{MARK}={self._mark}".encode()
        found = []
        for entry in proc.iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if wanted in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
        return found


async def _ended(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Waits for its end, not longer than that."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), seconds)
    return process.returncode is not None


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _alive(pid_file: Path) -> int | None:
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid
