"""Starts, monitors, restarts and ends the bot's processes, as listed in the Procfile.

Each has its own process group and three reasons to end with us: a pipe on its standard input that
closes when we are gone (GARDENER_ENDS_WITH_STDIN), Linux's parent-death signal, and a mark in its
environment by which `stop` finds what the bot's own children may have left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playground.feed import Json, PlaygroundError

MARK = "GARDENER_PLAYGROUND_MARK"
ENDS_WITH_STDIN = "GARDENER_ENDS_WITH_STDIN"
KILLED_S = 5.0
"""Seconds for the kernel to end killed processes; a busy machine needs some."""
STEADY_S = 0.5
"""Seconds that a process without a readiness check must live to count as running."""
LONGEST_PAUSE_S = 10.0
LAST_WORDS = 15  # lines

# Becomes the command after asking the kernel for SIGTERM at its parent's death (prctl option 1).
LAUNCH = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit(0)
os.execvp(sys.argv[2], sys.argv[2:])
"""

Ready = Callable[[], Awaitable[bool]]


class StartFailed(PlaygroundError):  # noqa: N818 - it names what happened
    """A process failed to start; the text names it and contains its last lines."""


def commands() -> dict[str, list[str]]:
    """Returns the Procfile's commands, run by the `gardener` of this interpreter's environment."""
    script = Path(sys.executable).with_name("gardener")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "bot"]
    return {
        name: [*program, command]
        for name, command in (("web", "serve"), ("worker", "worker"), ("clock", "clock"))
    }


@dataclass(slots=True)
class _Child:
    name: str
    command: Sequence[str]
    ready: Ready | None
    env: Mapping[str, str]
    state: str = "stopped"
    process: asyncio.subprocess.Process | None = None
    up: asyncio.Event = field(default_factory=asyncio.Event)
    log: Path = Path()


class Processes:
    """Runs `commands` (name → argv) with `env` and writes their output to files in `logs`.

    `own_env` adds variables to the environment of single processes.

    `ready` checks whether a process can take work; `tell` receives the page's process events.
    `state_dir` is where the bot's embedded server puts its pid file.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        env: Mapping[str, str],
        logs: Path,
        own_env: Mapping[str, Mapping[str, str]] | None = None,
        state_dir: Path | None = None,
        ready: Mapping[str, Ready] | None = None,
        tell: Callable[[Json], None] = lambda _event: None,
        first_pause: float = 0.5,
        steady: float = STEADY_S,
        grace: float = 8.0,
    ) -> None:
        self._mark = secrets.token_hex(12)
        env = {**env, MARK: self._mark, ENDS_WITH_STDIN: "1"}
        self._logs, self._state_dir = logs, state_dir
        self._tell, self._first_pause, self._grace = tell, first_pause, grace
        self._steady = steady
        self._children = {
            name: _Child(
                name,
                command,
                (ready or {}).get(name),
                {**env, **(own_env or {}).get(name, {})},
                log=logs / f"{name}.log",
            )
            for name, command in commands.items()
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: asyncio.Future[StartFailed] | None = None
        self._ending = asyncio.Event()
        self._store: int | None = None

    # --- what the page asks ------------------------------------------------------------------

    def snapshot(self) -> list[Json]:
        """Returns `{name, state, pid}` for each process."""
        shown = [self._shown(child) for child in self._children.values()]
        return [*shown, self._store_shown()] if self._state_dir is not None else shown

    async def act(self, name: str, do: str) -> None:
        """Kills (-9) or restarts a process. Raises PlaygroundError."""
        if do not in {"kill", "restart"}:
            raise PlaygroundError(f'A process can be killed or restarted, not "{do}".')
        number = signal.SIGKILL if do == "kill" else signal.SIGTERM
        if name == "valkey" and self._store is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._store, number)
            return
        child = self._children.get(name)
        if child is None or child.process is None or child.process.returncode is not None:
            raise PlaygroundError(f"There is no running process called {name}.")
        _signal_group(child.process.pid, number)

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
        self._failed = asyncio.get_running_loop().create_future()
        self._tasks = [
            asyncio.create_task(self._keep(child), name=child.name)
            for child in self._children.values()
        ]
        self._tasks.append(asyncio.create_task(self._watch_store()))
        everyone = asyncio.create_task(self._all_up())
        waiting: set[asyncio.Future[Any]] = {everyone, self._failed}
        try:
            done, _ = await asyncio.wait(
                waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            everyone.cancel()
            failed, self._failed = self._failed, None
        if failed in done:
            raise failed.result()
        if not done:
            late = [child.name for child in self._children.values() if not child.up.is_set()]
            causes = "\n\n".join(self._ended_badly(name, None) for name in late)
            raise StartFailed(f"Not ready after {timeout:.0f} s: {', '.join(late)}.\n{causes}")

    async def stop(self) -> None:
        """Ends every process, and whatever they left behind."""
        self._ending.set()
        for child in self._children.values():
            if child.process is not None and child.process.returncode is None:
                _signal_group(child.process.pid, signal.SIGTERM)
        running = [child.process for child in self._children.values() if child.process]
        await _all_gone(running, self._grace)
        for process in running:
            if process.returncode is None:
                _signal_group(process.pid, signal.SIGKILL)
        await _all_gone(running, KILLED_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._sweep)
        for child in self._children.values():
            self._say(child, "stopped")

    def hurry(self) -> None:
        """Kills everything at once, for the second Ctrl-C."""
        for child in self._children.values():
            if child.process is not None and child.process.returncode is None:
                _signal_group(child.process.pid, signal.SIGKILL)

    async def _all_up(self) -> None:
        for child in self._children.values():
            await child.up.wait()

    async def _keep(self, child: _Child) -> None:
        pause = self._first_pause
        while not self._ending.is_set():
            began = time.monotonic()
            await self._spawn(child)
            process = child.process
            if process is None:  # only for the type checker: _spawn sets it
                return
            readiness = asyncio.create_task(self._until_ready(child))
            code = await process.wait()
            readiness.cancel()
            if process.stdin is not None:
                process.stdin.close()
            expected = self._ending.is_set() or code in {0, -signal.SIGTERM}
            self._say(child, "stopped" if expected else "crashed")
            if self._ending.is_set():
                return
            if self._failed is not None:
                if not self._failed.done():
                    self._failed.set_result(StartFailed(self._ended_badly(child.name, code)))
                return
            lived = time.monotonic() - began
            pause = self._first_pause if lived > LONGEST_PAUSE_S else pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _spawn(self, child: _Child) -> None:
        argv = list(child.command)
        if sys.platform == "linux":
            argv = [sys.executable, "-I", "-S", "-c", LAUNCH, str(os.getpid()), *argv]
        with child.log.open("ab") as log:
            child.process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=child.env,
                start_new_session=True,
            )
        self._say(child, "starting")

    async def _until_ready(self, child: _Child) -> None:
        if child.ready is None:
            await asyncio.sleep(self._steady)
        else:
            while not await child.ready():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.1)
        self._say(child, "running")
        child.up.set()

    def _ended_badly(self, name: str, code: int | None) -> str:
        how = "" if code is None else f" ended with code {code} at its start"
        words = self.last_words(name) or "(it said nothing)"
        return f"{name}{how}. Its last words, from {self._children[name].log}:\n{words}"

    def _say(self, child: _Child, state: str) -> None:
        if (child.state, state) != ("stopped", "stopped"):
            child.state = state
            self._tell({"type": "process", **self._shown(child)})

    def _shown(self, child: _Child) -> Json:
        alive = child.process is not None and child.process.returncode is None
        pid = child.process.pid if child.process is not None and alive else None
        return {"name": child.name, "state": child.state, "pid": pid}

    # --- the embedded server, and leftovers ----------------------------------------------------

    def _store_shown(self) -> Json:
        state = "stopped" if self._store is None else "running"
        return {"name": "valkey", "state": state, "pid": self._store}

    async def _watch_store(self) -> None:
        """Watches the embedded server's pid file; the bot starts that server itself."""
        while self._state_dir is not None:
            found = _alive(self._state_dir / "valkey.pid")
            if found != self._store:
                self._store = found
                self._tell({"type": "process", **self._store_shown()})
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


async def _all_gone(running: Sequence[asyncio.subprocess.Process], seconds: float) -> None:
    """Waits until all have ended, at most `seconds`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(process.wait() for process in running))


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
