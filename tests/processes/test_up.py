"""`gardener up` as a whole: three real processes, one embedded store, a stand-in for Slack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path

import pytest

from bot.adapters.redis import client
from bot.adapters.redis.server import pids
from tests.installation import INSTALLATION
from tests.paths import ROOT
from tests.program import gardener, served_port, up_for
from tests.standins.slack import serve_in_thread
from tests.waiting import PATIENCE, children, ended, eventually

pytestmark = pytest.mark.redis


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE) as answer:
            return answer.status == 200
    except OSError:
        return False


def called(pid: int) -> str:
    return (pids.command(pid) or "").replace("\0", " ").strip()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts processes in /proc")
def test_a_killed_process_comes_back_and_term_leaves_nothing_running(state_dir):
    log = state_dir / "log"
    with serve_in_thread() as slack, log.open("wb") as out:
        environment = up_for(slack, state_dir)
        up = subprocess.Popen(
            [sys.executable, "-m", "bot", "up"], env=environment, cwd=ROOT, stderr=out
        )
        try:
            first = eventually(lambda: served_port(log))
            eventually(lambda: ready(first))
            family = children(up.pid)
            assert len(family) == 4, [called(pid) for pid in family]
            (web,) = [pid for pid in family if called(pid).endswith("serve")]
            os.kill(web, signal.SIGKILL)
            second = eventually(lambda: served_port(log, 1))
            eventually(lambda: ready(second))
            family = children(up.pid)
            assert web not in family
            up.terminate()
            assert up.wait(PATIENCE) == 0
        finally:
            up.kill()
            up.wait()
    for pid in family:
        eventually(partial(ended, pid))
    # Nobody uses the store any more, so it has ended; what was in it is there.
    assert not (state_dir / "valkey.sock").exists()
    assert client.connect(None, state_dir, INSTALLATION).ping()


@pytest.mark.parametrize(
    ("missing", "named"),
    [("GARDENER_SECRET", "openssl rand"), ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")],
)
def test_what_is_missing_is_one_line_and_code_1(state_dir, missing, named):
    environment = {
        "GARDENER_SECRET": "a secret of the tests",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
    }
    del environment[missing]
    (state_dir / "gardener.toml").write_bytes((ROOT / "gardener.toml").read_bytes())
    for command in ("up", "serve"):
        ended = gardener(command, cwd=state_dir, **environment)
        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        assert named in line
