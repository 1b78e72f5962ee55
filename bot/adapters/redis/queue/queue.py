"""The queue of jobs: RQ on Redis, with settings that recover a killed job in a minute.

A job is a name (`bot.job_names`) and JSON. It runs at least once: if its worker is killed, another
runs it, even if it had not begun (`lost_jobs`). So `ports.Locks` guards a job's effects outside.
After an exception a job is not retried, since that would only repeat the error message to the same
people.

Many may wait for one analysis: `ask` starts it for the first and lets the others join; the job
collects them with `answer`. Each can leave; when nobody is left the job is `cancelled`.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import re
import signal
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from rq import Queue, Retry, Worker
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from bot.adapters.redis.client import Store, guarded, text
from bot.adapters.redis.queue.keys import check
from bot.adapters.redis.queue.lost_jobs import LostJobs
from bot.core.model import codec
from bot.core.model.errors import GardenerError

NAME = "jobs"
ENTRY = "bot.wiring.perform"
"""The function that RQ calls; nothing else in the queue is run."""
TIMEOUT = 1_800
"""The longest a job may run, in seconds."""
WAIT = 7_200
"""Seconds for which to remember who waits for a run, after the last one joined."""
_YOUNG = 30.0
"""Seconds for which a run may be announced before its job is in the queue."""

# With RQ's defaults a killed worker's job is not recovered even after four minutes.
MONITORING = 5
MAINTENANCE = 10
WORKER_TTL = 30

_log = structlog.get_logger(__name__)

# KEYS: run, waiting, cancelled. ARGV: our job, a dead run, who waits, what they want, TTL.
_BEGIN = """
local current = redis.call('get', KEYS[1])
redis.call('hset', KEYS[2], ARGV[3], ARGV[4])
redis.call('expire', KEYS[2], ARGV[5])
redis.call('del', KEYS[3])
if current and current ~= ARGV[2] then
  redis.call('expire', KEYS[1], ARGV[5])
  return current
end
redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[5])
return ARGV[1]
"""

_ANSWER = """
local waiting = redis.call('hgetall', KEYS[2])
redis.call('del', KEYS[1], KEYS[2], KEYS[3])
return waiting
"""

_LEAVE = """
redis.call('hdel', KEYS[2], ARGV[1])
if redis.call('exists', KEYS[2]) == 1 then return 0 end
if redis.call('exists', KEYS[1]) == 0 then return 0 end
redis.call('set', KEYS[3], '1', 'EX', ARGV[2])
return 1
"""


@dataclass(frozen=True, slots=True)
class QueueState:
    """The queue's state."""

    queued: int
    running: int
    failed: int
    workers: int


class JobQueue:
    """Enqueues jobs and knows who waits for which run."""

    def __init__(self, client: Store, *, name: str = NAME, entry: str = ENTRY) -> None:
        check(client)
        self.name = name
        self._client = client
        self._entry = entry
        self._queue = Queue(name, connection=client, serializer=JSONSerializer)
        self._quick = Queue(quick_name(name), connection=client, serializer=JSONSerializer)
        self._lost = LostJobs(client, name)
        self._begin = client.register_script(_BEGIN)
        self._answer = client.register_script(_ANSWER)
        self._leave = client.register_script(_LEAVE)

    @guarded
    def enqueue(
        self,
        function: str,
        kwargs: Mapping[str, object] | None = None,
        *,
        job_id: str | None = None,
        unique: bool = False,
        quick: bool = False,
        timeout: int = TIMEOUT,
        keep: int = 86_400,
    ) -> bool:
        """Queues `function(wiring, **kwargs)`; `kwargs` is JSON.

        `unique`: does nothing and returns False if a job of that id waits, runs, or ended less than
        `keep` seconds ago. Otherwise returns True. `quick`: a person waits for it and it reads no
        log; some workers run only such jobs, so that they never wait for an analysis. Raises
        `Unavailable` if the store is down.
        """
        if unique and job_id is None:
            raise ValueError("a unique job needs an id")
        name = _job_id(job_id) if unique and job_id else _fresh(job_id or function)
        self._lost.expect(name)
        try:
            (self._quick if quick else self._queue).enqueue_call(
                self._entry,
                kwargs={"function": function, "kwargs": dict(kwargs or {})},
                timeout=timeout,
                result_ttl=keep if unique else 60,
                failure_ttl=86_400,
                job_id=name,
                # Without the arguments: RQ logs the description.
                description=function,
                retry=Retry(max=3),
                unique=True,  # for a new id too: redis-py repeats a request whose answer was lost
            )
        except DuplicateJobError:
            return not unique
        self._lost.expect(name)
        return True

    # --- many who wait for one run ---------------------------------------------------------------

    def ask(
        self,
        environment: str,
        run: str,
        function: str,
        kwargs: Mapping[str, object],
        *,
        who: str,
        want: Mapping[str, object],
    ) -> bool:
        """Joins the run called `run` as `who`, with `want` (JSON: where to answer).

        Returns True if this call started it, as `function(wiring, **kwargs)`; False if it is
        already running and will answer here as well. Raises `Unavailable`.
        """
        note = f"{_fresh(run)}|{time.time():.0f}"
        keys = _run(self._client, environment, run)
        announce = [note, "", who, codec.dump_json(dict(want)), WAIT]
        current = self._announce(environment, keys, announce)
        if current != note:
            if self._alive(current):
                return False
            # Its job ended without an answer: take over those who wait for it.
            announce[1] = current
            if self._announce(environment, keys, announce) != note:
                return False
        try:
            self.enqueue(function, kwargs, job_id=note.partition("|")[0], unique=True, keep=60)
        except GardenerError:
            with contextlib.suppress(GardenerError):
                self.answer(environment, run)
            raise
        return True

    @guarded
    def waiting(self, environment: str, run: str) -> Mapping[str, Mapping[str, Any]]:
        """Returns who waits for a run, and what they want."""
        return _people(self._client.hgetall(_run(self._client, environment, run)[1]))

    @guarded
    def answer(self, environment: str, run: str) -> Mapping[str, Mapping[str, Any]]:
        """Ends the run and returns everyone who waits; the next request starts a new run."""
        flat: Sequence[Any] = self._answer(keys=_run(self._client, environment, run))
        return _people(dict(zip(flat[::2], flat[1::2], strict=True)))

    @guarded
    def leave(self, environment: str, run: str, who: str) -> bool:
        """Removes one who waits. True if nobody is left, which cancels the run."""
        return bool(self._leave(keys=_run(self._client, environment, run), args=[who, WAIT]))

    @guarded
    def cancelled(self, environment: str, run: str) -> bool:
        """Tells the running job whether everyone who waited has left."""
        return bool(self._client.exists(_run(self._client, environment, run)[2]))

    @guarded
    def state(self) -> QueueState:
        """Returns the state for /metrics, /readyz and doctor; counts workers that run analyses."""
        both = (self._queue, self._quick)
        return QueueState(
            queued=sum(q.count for q in both),
            running=sum(q.started_job_registry.get_job_count(cleanup=False) for q in both),
            failed=sum(q.failed_job_registry.get_job_count(cleanup=False) for q in both),
            workers=Worker.count(queue=self._queue),
        )

    @guarded
    def _announce(self, environment: str, keys: Sequence[str], args: Sequence[Any]) -> str:
        self._client.note_environment(environment)
        return text(self._begin(keys=keys, args=args))

    @guarded
    def _alive(self, note: str) -> bool:
        name, _, announced = note.partition("|")
        if time.time() - float(announced or 0) < _YOUNG:
            return True
        try:
            status = Job.fetch(name, self._client, JSONSerializer).get_status(refresh=False)
        except (NoSuchJobError, InvalidJobOperation):
            return False
        return status in (JobStatus.QUEUED, JobStatus.STARTED, JobStatus.SCHEDULED)


GaveUp = Callable[[str, Mapping[str, Any]], None]
"""Called in the worker with the function and kwargs of a job that was killed too often."""


class _Worker(Worker):
    """RQ's forking worker; its children run only our jobs and do not outlive it."""

    gave_up: GaveUp | None = None
    entry = ENTRY
    lost: LostJobs | None = None
    maintain: Callable[[], object] | None = None

    def run_maintenance_tasks(self) -> None:
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call] # RQ has no types there
        if self.maintain is not None:
            with contextlib.suppress(GardenerError):
                self.maintain()
        if self.lost is None:
            return
        # If the store is down, the next time will do: this must not end the worker.
        with contextlib.suppress(GardenerError):
            if count := self.lost.put_back():
                _log.warning("jobs were handed to a worker that died: they wait again", jobs=count)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        _die_with_parent()
        if job.func_name != self.entry:
            _log.error("a job that is not ours stays undone", function=job.func_name)
            os._exit(1)
        super().main_work_horse(job, queue)

    def handle_work_horse_killed(self, job: Job, *_: Any) -> None:
        if job.func_name != self.entry:
            return
        asked = job.kwargs
        _log.warning("a job was killed", function=asked.get("function"), again=job.should_retry)
        if self.gave_up is not None and not job.should_retry:
            with contextlib.suppress(GardenerError):
                self.gave_up(str(asked.get("function")), asked.get("kwargs") or {})


def build_worker(
    client: Store,
    *,
    name: str = NAME,
    entry: str = ENTRY,
    gave_up: GaveUp | None = None,
    maintain: Callable[[], object] | None = None,
    quick_only: bool = False,
) -> Worker:
    """Returns a worker; `.work()` runs until SIGTERM, and then finishes its job.

    It takes quick jobs first; with `quick_only`, only those. Calls `maintain` every `MAINTENANCE`
    seconds while no job runs, and again the next time if it raised a `GardenerError`. The worker
    needs a `client` of its own: RQ waits longer for an answer than others may.
    """
    names = [quick_name(name)] if quick_only else [quick_name(name), name]
    queues = [Queue(each, connection=client, serializer=JSONSerializer) for each in names]
    worker = _Worker(
        queues,
        connection=client,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        job_monitoring_interval=MONITORING,
        maintenance_interval=MAINTENANCE,
        log_job_description=False,
    )
    worker.log_result_lifespan = False
    worker.gave_up = gave_up
    worker.entry = entry
    worker.maintain = maintain
    worker.lost = LostJobs(client, name)
    return worker


def quick_name(name: str) -> str:
    """Returns the name of the queue for quick jobs."""
    return f"{name}-quick"


def _run(store: Store, environment: str, run: str) -> list[str]:
    base = store.key(environment, "run", hashlib.sha256(run.encode()).hexdigest()[:24])
    return [base, f"{base}:waiting", f"{base}:cancelled"]


def _people(found: Mapping[Any, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {text(who): json.loads(want) for who, want in found.items()}


def _job_id(name: str) -> str:
    """Makes a job id: RQ takes letters, digits, dashes and underscores; the rest becomes a hash."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:100]
    if plain == name:
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _fresh(name: str) -> str:
    return f"{_job_id(name)[:60]}-{uuid.uuid4().hex}"


def _die_with_parent() -> None:
    """On Linux, ends a child with its killed worker, since the next worker runs the job again."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
