"""The queue with real workers in processes of their own, on the real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.adapters.redis import client as store
from bot.adapters.redis.queue.queue import JobQueue, build_worker
from bot.core.model.errors import Unavailable
from tests.installation import INSTALLATION
from tests.paths import ROOT
from tests.waiting import PATIENCE, ended, eventually

pytestmark = pytest.mark.redis

MODULE = "tests.adapters.redis.test_queue"


def perform(function: str, kwargs: dict) -> None:
    """What the tests' worker calls: each job is one of the functions below."""
    client = store.connect(None, Path(os.environ["GARDENER_STATE"]), INSTALLATION)
    globals()[function](client, **kwargs)


def note(client, text):
    client.rpush("notes", text)


def patient(state_dir: Path):
    """A client that may wait in the server; the program's own gives up after half a second."""
    return store.connect(None, state_dir, INSTALLATION, timeout=PATIENCE + 5)


def linger(client, text):
    """Says that it runs, and goes on when it is told to."""
    client.rpush("notes", f"{text} in {os.getpid()}")
    assert patient(Path(os.environ["GARDENER_STATE"])).blpop(["go"], timeout=PATIENCE)
    client.rpush("notes", f"{text} done")


def die(client):
    client.incr("deaths")
    os.kill(os.getpid(), signal.SIGKILL)


def fail(client):
    client.rpush("notes", "failing")
    raise ValueError("no")


def work() -> None:
    """A worker process."""
    sys.modules["test_queue"] = sys.modules["__main__"]
    state_dir = Path(os.environ["GARDENER_STATE"])
    client = store.connect(None, state_dir, INSTALLATION)

    def gave_up(function, kwargs):
        store.connect(None, state_dir, INSTALLATION).rpush("notes", f"gave up {function}")

    worker = build_worker(client, entry="test_queue.perform", gave_up=gave_up)
    worker.work(logging_level="WARNING")


@pytest.fixture
def client(state_dir):
    client = store.connect(None, state_dir, INSTALLATION)
    yield client
    client.close()


@pytest.fixture
def queue(client):
    return JobQueue(client, entry="test_queue.perform")


@pytest.fixture
def start(state_dir):
    workers = []

    def start():
        environment = os.environ | {"GARDENER_STATE": str(state_dir)}
        worker = subprocess.Popen([sys.executable, "-m", MODULE], env=environment, cwd=ROOT)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()
        worker.wait()


def said(client) -> str:
    """The next note, as soon as it is there."""
    state_dir = Path(client.connection_pool.connection_kwargs["state_dir"])
    found = patient(state_dir).blpop(["notes"], timeout=PATIENCE)
    assert found, "nothing was said"
    return found[1].decode()


def test_a_job_runs_in_a_child_and_a_term_lets_it_end(client, queue, start):
    worker = start()
    queue.enqueue("linger", {"text": "ünï <&>"})
    text, pid = said(client).split(" in ")
    assert text == "ünï <&>"
    assert int(pid) != worker.pid
    worker.terminate()
    client.rpush("go", 1)
    assert said(client) == "ünï <&> done"
    assert worker.wait(PATIENCE) == 0


def test_an_exception_is_not_the_end_of_the_worker(client, queue, start):
    start()
    queue.enqueue("fail")
    queue.enqueue("note", {"text": "still here"})
    heard = [said(client)]
    while heard[-1] != "still here":
        heard.append(said(client))
    assert heard[0] == "failing"


def test_a_killed_job_is_run_again_and_at_last_given_up(client, queue, start):
    start()
    queue.enqueue("die")
    assert said(client) == "gave up die"
    assert client.get("deaths") == b"4"


@pytest.mark.parametrize("quick", [False, True])
def test_a_job_is_not_lost_with_the_worker_it_was_handed_to(client, queue, start, quick):
    queue.enqueue("note", {"text": "first"}, quick=quick)
    # As Redis does for a worker that was killed while it waited: nobody has the name any more.
    assert client.lpop(f"{client.prefix}:rq:queue:jobs{'-quick' if quick else ''}")
    queue.enqueue("note", {"text": "second"})
    start()
    assert {said(client), said(client)} == {"first", "second"}
    queue.enqueue("note", {"text": "third"}, quick=quick)
    assert said(client) == "third", "each once"


def test_the_child_of_a_killed_worker_dies_with_it(client, queue, start):
    worker = start()
    queue.enqueue("linger", {"text": "a"})
    pid = int(said(client).split(" in ")[1])
    worker.kill()
    worker.wait()
    eventually(lambda: ended(pid))


def test_the_worker_goes_on_when_the_server_was_killed(client, queue, start):
    worker = start()
    queue.enqueue("note", {"text": "before"})
    assert said(client) == "before"
    os.kill(client.info("server")["process_id"], signal.SIGKILL)
    queue.enqueue("note", {"text": "after"})
    assert said(client) == "after"
    assert worker.poll() is None


def test_a_job_outlives_the_server_it_was_started_from(client, queue, start):
    start()
    queue.enqueue("linger", {"text": "a"})
    said(client)
    os.kill(client.info("server")["process_id"], signal.SIGKILL)
    client.rpush("go", 1)
    assert said(client) == "a done"


def test_what_is_not_ours_is_not_run(client, queue, start):
    start()
    queue._queue.enqueue_call("os.system", args=["echo pwned > /dev/null"], job_id="evil")
    queue.enqueue("note", {"text": "after"})
    assert said(client) == "after"
    assert queue._queue.fetch_job("evil").return_value() is None


def test_one_of_many_enqueues_a_unique_job(queue):
    with ThreadPoolExecutor(8) as pool:
        won = list(
            pool.map(
                lambda _: queue.enqueue("note", {}, job_id="digest:C1 2025-09-16", unique=True),
                range(40),
            )
        )
    assert sum(won) == 1
    assert queue.state().queued == 1
    assert queue.enqueue("note", {}, job_id="digest:C1 2025-09-16")
    assert queue.enqueue("note", {}, job_id="digest:C1 2025-09-16")
    assert queue.state().queued == 3


def ask(queue, who, run="2d"):
    return queue.ask("staging", run, "note", {"text": run}, who=who, want={"channel": who})


def test_a_second_identical_request_joins_the_first(queue):
    assert ask(queue, "a")
    assert not ask(queue, "b")
    assert not ask(queue, "b")
    assert ask(queue, "c", run="7d")
    assert queue.state().queued == 2
    assert queue.waiting("staging", "2d") == {"a": {"channel": "a"}, "b": {"channel": "b"}}
    assert set(queue.answer("staging", "2d")) == {"a", "b"}
    assert queue.waiting("staging", "2d") == {}
    assert queue.answer("staging", "2d") == {}
    assert ask(queue, "d")


def test_of_many_identical_requests_one_starts(queue):
    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(lambda n: ask(queue, str(n)), range(24)))
    assert sum(started) == 1
    assert len(queue.answer("staging", "2d")) == 24


def test_it_is_cancelled_when_the_last_who_waits_has_left(queue):
    ask(queue, "a")
    ask(queue, "b")
    assert not queue.leave("staging", "2d", "a")
    assert not queue.cancelled("staging", "2d")
    assert queue.leave("staging", "2d", "b")
    assert queue.cancelled("staging", "2d")
    ask(queue, "c")
    assert not queue.cancelled("staging", "2d")
    assert not queue.leave("staging", "another", "a")


def test_who_asks_after_a_job_was_lost_takes_over_those_who_wait(queue, client):
    ask(queue, "a")
    (name,) = [n for n in client.keys("gardener:v2:tests:staging:run:*") if n.count(b":") == 5]
    job = client.get(name).decode().partition("|")[0]
    client.set(name, f"{job}|1")  # announced long ago
    assert not ask(queue, "b")
    client.delete(f"{client.prefix}:rq:job:{job}")
    assert ask(queue, "c")
    assert set(queue.answer("staging", "2d")) == {"a", "b", "c"}


def test_a_request_that_cannot_be_queued_leaves_nothing_behind(state_dir):
    away = JobQueue(store.connect("redis://127.0.0.1:1/0", state_dir, INSTALLATION))
    with pytest.raises(Unavailable, match="unreachable"):
        ask(away, "a")


if __name__ == "__main__":
    work()
