"""The processes from the outside: what they answer, how they start again and how they end."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.error
import urllib.request
from typing import Any

import pytest
from pydantic import SecretStr

from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, Refused, Unavailable
from bot.processes import health, lifetime
from bot.processes import web as serving
from bot.processes.supervisor import Supervisor, commands
from bot.settings.settings import Settings
from tests.paths import ROOT
from tests.program import clean, served_port
from tests.waiting import PATIENCE, ended, eventually


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class TestWeb:
    @pytest.fixture
    def server(self):
        self.why = None

        def ready():
            if self.why:
                raise Unavailable(self.why)

        server = health.SmallServer(health.application(ready), "127.0.0.1", 0)
        yield server
        server.close()

    def test_it_is_alive(self, server):
        status, body = get(server.port, "/healthz")
        assert status == 200
        assert json.loads(body)["status"] == "alive"

    def test_it_is_ready_where_work_can_be_taken(self, server):
        assert get(server.port, "/readyz")[0] == 200

    def test_it_says_why_it_is_not_ready_and_is_alive_all_the_same(self, server):
        self.why = "The store is unreachable since 03:02 UTC."
        assert get(server.port, "/readyz") == (503, json.dumps({"status": self.why}))
        assert get(server.port, "/healthz")[0] == 200

    def test_its_figures_are_prometheus_text(self, server):
        status, body = get(server.port, "/metrics")
        assert status == 200
        assert "python_info" in body

    def test_anything_else_is_not_there(self, server):
        assert get(server.port, "/slack/events")[0] == 404

    @pytest.mark.redis
    def test_the_queue_is_among_the_figures(self, redis_client):
        from bot.adapters.redis.queue.queue import JobQueue

        queue_ = JobQueue(redis_client)
        queue_.enqueue("anything")
        server = health.SmallServer(health.application(lambda: None, queue=queue_), "127.0.0.1", 0)
        try:
            body = get(server.port, "/metrics")[1]
        finally:
            server.close()
        assert 'gardener_jobs{state="queued"} 1.0' in body
        assert "gardener_store_up 1.0" in body


def settings(**changes) -> Settings:
    full: dict[str, Any] = {
        "environments": {"staging": Environment("staging", "acme")},
        "secrets": (b"secret",),
        "slack_bot_token": SecretStr("xoxb-1"),
        "slack_signing_secret": SecretStr("s"),
    }
    return Settings(**(full | changes))


class TestCheck:
    def test_enough_is_enough(self):
        serving.check(settings())
        serving.check(settings(slack_signing_secret=None, slack_app_token=SecretStr("xapp-1")))

    @pytest.mark.parametrize(
        ("missing", "named"),
        [
            ({"secrets": ()}, "GARDENER_SECRET"),
            ({"slack_bot_token": None}, "SLACK_BOT_TOKEN"),
            ({"slack_signing_secret": None}, "SLACK_APP_TOKEN"),
            ({"environments": {}}, "gardener.toml"),
        ],
    )
    def test_what_is_missing_is_named(self, missing, named):
        with pytest.raises(Refused, match=named):
            serving.serve(settings(**missing))

    @pytest.mark.parametrize(
        ("address", "host"),
        [
            ("https://slack.com/api/", "0.0.0.0"),
            ("http://127.0.0.1:8765/slack/api/", "127.0.0.1"),
            ("http://localhost:1/", "127.0.0.1"),
        ],
    )
    def test_a_local_slack_is_answered_on_loopback_alone(self, address, host):
        assert serving.host(settings(slack_api_url=address)) == host

    def test_a_taken_port_is_said_at_once(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(Unavailable, match=f"Port {port} .* set PORT"):
                serving.serve(settings(port=port, slack_api_url="http://127.0.0.1:1/"))


def python(code: str, **env) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ | env,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.redis
def test_http_answers_until_term(state_dir):
    log = state_dir / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"],
            stderr=out,
            cwd=ROOT,
            env=clean(
                state_dir,
                GARDENER_SECRET="a secret of the tests",
                GARDENER_CONFIG=str(ROOT / "gardener.toml"),
                SLACK_BOT_TOKEN="xoxb-1",
                SLACK_SIGNING_SECRET="s",
                SLACK_API_URL="http://127.0.0.1:1/",
                PORT="0",
            ),
        )
    try:
        port = eventually(lambda: served_port(log))
        assert get(port, "/healthz")[0] == 200
        assert get(port, "/readyz")[0] == 200
        assert "gardener_store_up 1.0" in get(port, "/metrics")[1]
        assert get(port, "/slack/events")[0] in (401, 404)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.redis
def test_the_clock_looks_goes_on_after_errors_and_ends(state_dir):
    process = python(
        f"""
        import itertools
        from pathlib import Path
        from bot import log_setup as logs
        from bot.processes import processes
        from bot.core.model.errors import Unavailable
        from bot.settings.settings import Settings
        logs.configure()
        looks = itertools.count()
        def due(parts, now):
            look = next(looks)
            print(look, now > 10**18, flush=True)
            if look == 0: raise Unavailable("the store is away")
            if look == 1: raise ValueError("a mistake")
        processes.clock(Settings(state_dir=Path({str(state_dir)!r})), due, tick=0.01)
        """
    )
    try:
        assert [process.stdout.readline() for _ in range(3)] == [f"{n} True\n" for n in range(3)]
        process.terminate()
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    finally:
        process.kill()


def test_a_second_signal_while_the_first_is_handled_does_not_wait_for_itself():
    process = python(
        """
        import signal, sys, threading
        from bot.processes import lifetime
        stop = lifetime.stop_event()
        def again(frame, event, arg):
            if frame.f_code is threading.Condition.notify_all.__code__:
                sys.settrace(None)
                signal.raise_signal(signal.SIGTERM)
        sys.settrace(again)
        signal.raise_signal(signal.SIGTERM)
        stop.wait()
        """
    )
    try:
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()


class TestSupervisor:
    @pytest.fixture
    def told(self):
        return queue.Queue()

    @pytest.fixture
    def start(self, told):
        running = []

        def start(**commands):
            supervisor = Supervisor(
                {name: [sys.executable, "-c", code] for name, code in commands.items()},
                env={lifetime.PARENT_PIPE: "1"},
                grace=5,
                first_pause=0.01,
                changed=told.put,
            )
            result = []

            def run():
                try:
                    supervisor.run()
                except GardenerError as error:
                    result.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            running.append((supervisor, thread))
            return supervisor, thread, result

        yield start
        for supervisor, thread in running:
            supervisor.stop()
            thread.join(PATIENCE)

    @staticmethod
    def pid_of(told, name):
        while True:
            change = told.get(timeout=PATIENCE)
            if (change.name, change.state) == (name, "running"):
                return change.pid

    def test_the_commands_are_the_procfiles(self):
        lines = (ROOT / "Procfile").read_text().splitlines()
        wanted = dict(line.split(": gardener ") for line in lines if line.strip())
        assert {name: command[-1] for name, command in commands().items()} == wanted

    WAIT = "import signal; signal.pause()"

    def test_what_is_killed_is_started_again(self, start, told):
        start(web=self.WAIT)
        first = self.pid_of(told, "web")
        os.kill(first, signal.SIGKILL)
        assert self.pid_of(told, "web") != first

    def test_stop_ends_all_and_waits_for_them(self, start, told):
        supervisor, thread, result = start(web=self.WAIT, worker=self.WAIT)
        pids = [self.pid_of(told, "web"), self.pid_of(told, "worker")]
        supervisor.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert result == []
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    def test_what_cannot_start_ends_all_with_a_sentence(self, start, told):
        _, thread, result = start(web="raise SystemExit(1)", worker=self.WAIT)
        pid = self.pid_of(told, "worker")
        thread.join(PATIENCE)
        assert "web does not start" in str(result[0])
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_a_child_ends_with_its_supervisor_however_that_went(self):
        child = (
            "from bot.processes.lifetime import end_with_parent; import signal; end_with_parent(); "
            "print('up', flush=True); signal.pause()"
        )
        supervisor = python(
            f"""
            import sys
            from bot.processes import lifetime
            from bot.processes.supervisor import Supervisor, commands
            def changed(change):
                if change.pid: print(change.pid, flush=True)
            Supervisor({{"web": [sys.executable, "-c", {child!r}]}},
                       env={{lifetime.PARENT_PIPE: "1"}}, changed=changed).run()
            """
        )
        said = {supervisor.stdout.readline().strip() for _ in range(2)}
        assert "up" in said
        (pid,) = (int(line) for line in said if line.isdigit())
        supervisor.kill()
        supervisor.wait()
        # It holds the other end of the pipe: the end of that is its end.
        assert supervisor.stdout.read() == ""
        eventually(lambda: ended(pid))
