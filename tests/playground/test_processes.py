from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from playground.feed import PlaygroundError
from playground.processes import Processes, StartFailed
from tests.paths import ROOT
from tests.playground.up import supervised

FAKE = [sys.executable, str(Path(__file__).with_name("fakebot.py"))]


def alive(pid):
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def eventually(look, patience=10.0):
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)
    return found


class Watched:
    """Processes with their events; `state(name, state)` waits for one."""

    def __init__(self, tmp_path, commands, **how):
        self.events = []
        self.news = asyncio.Event()
        how = {"steady": 0.1, "grace": 5} | how
        up = supervised(**commands)
        self.all = Processes(up, env=os.environ, logs=tmp_path, tell=self.tell, **how)

    def tell(self, event):
        self.events.append(event)
        self.news.set()

    async def seen(self, name, state, times=1):
        async with asyncio.timeout(10):
            while self.states(name).count(state) < times:
                self.news.clear()
                await self.news.wait()

    def states(self, name):
        return [event["state"] for event in self.events if event["name"] == name]

    def pid(self, name):
        return next(each["pid"] for each in self.all.snapshot() if each["name"] == name)


def test_a_killed_process_starts_again_and_all_end_together(tmp_path):
    async def story():
        watched = Watched(tmp_path, {"a": [*FAKE, "forever"], "b": [*FAKE, "forever"]})
        await watched.all.start()
        first = watched.pid("a")
        assert alive(first)
        assert watched.states("a") == ["starting", "running"]
        await watched.all.act("a", "kill")
        await watched.seen("a", "running", times=2)
        assert watched.states("a") == ["starting", "running", "crashed", "starting", "running"]
        second, other = watched.pid("a"), watched.pid("b")
        assert second != first
        await watched.all.act("b", "restart")
        await watched.seen("b", "running", times=2)
        assert "crashed" not in watched.states("b")
        pids = [second, other, watched.pid("b")]
        with pytest.raises(PlaygroundError, match="no running process"):
            await watched.all.act("c", "kill")
        with pytest.raises(PlaygroundError, match="killed or restarted"):
            await watched.all.act("a", "feed")
        await watched.all.stop()
        assert not any(alive(pid) for pid in pids)
        assert [each["state"] for each in watched.all.snapshot()] == ["stopped", "stopped"]

    asyncio.run(story())


def test_one_that_will_not_end_is_killed(tmp_path):
    async def story():
        watched = Watched(tmp_path, {"a": [*FAKE, "stubborn"]}, grace=0.1)
        await watched.all.start()
        pid = watched.pid("a")
        eventually(lambda: "cannot make me" in watched.all.last_words("a"))
        await watched.all.stop()
        assert not alive(pid)

    asyncio.run(story())


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="found by /proc")
def test_what_a_process_leaves_behind_is_ended_too(tmp_path):
    async def story():
        left = tmp_path / "left"
        watched = Watched(tmp_path, {"a": [*FAKE, "littering", str(left)]})
        await watched.all.start()
        pid = int(await asyncio.to_thread(eventually, lambda: left.exists() and left.read_text()))
        await watched.all.act("a", "kill")
        assert alive(pid)
        await watched.all.stop()
        assert not alive(pid)

    asyncio.run(story())


def test_one_that_does_not_start_is_named_with_its_last_words(tmp_path):
    async def story():
        # Steady late: on a slow machine a process may live a while before it fails.
        watched = Watched(tmp_path, {"a": [*FAKE, "forever"], "web": [*FAKE, "failing"]}, steady=30)
        with pytest.raises(StartFailed, match="web ended with code 2") as caught:
            await watched.all.start()
        assert "SLACK_BOT_TOKEN is not set" in str(caught.value)
        assert str(tmp_path / "web.log") in str(caught.value)
        await watched.all.stop()
        assert watched.pid("a") is None

    asyncio.run(story())


def test_one_that_is_never_ready_is_waited_for_only_so_long(tmp_path):
    async def never():
        return False

    async def story():
        watched = Watched(tmp_path, {"web": [*FAKE, "forever"]}, ready={"web": never})
        with pytest.raises(StartFailed, match=r"Not ready after 0 s: (web|up)"):
            await watched.all.start(timeout=0.2)
        await watched.all.stop()

    asyncio.run(story())


def test_the_embedded_server_shows_by_its_pid_file(tmp_path):
    async def story():
        watched = Watched(tmp_path, {"a": [*FAKE, "forever"]}, state_dir=tmp_path)
        await watched.all.start()
        assert watched.all.snapshot()[-1] == {"name": "valkey", "state": "stopped", "pid": None}
        victim = await asyncio.create_subprocess_exec(*FAKE, "forever")
        (tmp_path / "valkey.pid").write_text(f"{victim.pid}\n")
        await watched.seen("valkey", "running")
        await watched.all.act("valkey", "kill")
        assert await victim.wait() == -signal.SIGKILL
        await watched.seen("valkey", "stopped")
        await watched.all.stop()

    asyncio.run(story())


def test_nothing_outlives_a_playground_that_was_killed(tmp_path):
    host = subprocess.Popen([*FAKE, "host", str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    pids = json.loads(host.stdout.readline())
    assert all(alive(pid) for pid in pids)
    host.kill()
    host.wait()
    host.stdout.close()
    eventually(lambda: not any(alive(pid) for pid in pids))
