"""Requeues jobs that were handed to a worker that died before starting them.

A worker that waits for several queues pops a job's id off a list in one step (BLPOP). If it is
killed while it waits, Redis may still hand it the next id: the job is then in no list and no
registry, and RQ never looks for it. So we keep a set of the ids of all unfinished jobs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from rq.executions import ExecutionRegistry
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job
from rq.queue import Queue

from bot.adapters.redis.client import Store, guarded, text

_BEGINS = 2.0
"""Seconds within which a live worker records that it runs a job it took; it takes milliseconds.
If it were slower, the job would run twice, as any job may."""

# KEYS: the set, the job, its queue, RQ's list of ids being handed over, the running jobs. ARGV: the
# id, whether to requeue it. Returns 1 if the job is waiting but in no list.
_LOOK = """
local status = redis.call('hget', KEYS[2], 'status')
if not status or status == 'finished' or status == 'failed' or status == 'canceled'
   or status == 'stopped' then
  redis.call('srem', KEYS[1], ARGV[1])
  return 0
end
if status ~= 'queued' or redis.call('exists', KEYS[5]) == 1
   or redis.call('lpos', KEYS[3], ARGV[1]) then
  return 0
end
if ARGV[2] == '1' then
  redis.call('lrem', KEYS[4], 0, ARGV[1])
  redis.call('lpush', KEYS[3], ARGV[1])
end
return 1
"""


class LostJobs:
    """The ids of all unfinished jobs."""

    def __init__(self, client: Store, name: str) -> None:
        """`name`: of the queue; its quick queue is covered too."""
        self._client = client
        self._names = self._client.key("", "jobs", name)
        self._look = client.register_script(_LOOK)

    def expect(self, job: str) -> None:
        """Records a job. Call it before and after enqueuing: in between, the job looks finished."""
        self._client.sadd(self._names, job)

    @guarded
    def put_back(self) -> int:
        """Requeues lost jobs; returns how many."""
        lost = [job for job in map(text, self._names_now()) if self._lost(job, put_back=False)]
        if not lost:
            return 0
        time.sleep(_BEGINS)
        return sum(self._lost(job, put_back=True) for job in lost)

    def _names_now(self) -> Iterable[Any]:
        found: Any = self._client.smembers(self._names)
        return sorted(found)

    def _lost(self, job: str, *, put_back: bool) -> bool:
        of = Job.key_for(job)
        queue = Queue.redis_queue_namespace_prefix + text(self._client.hget(of, "origin") or "")
        between = IntermediateQueue.get_intermediate_queue_key(queue)
        runs = ExecutionRegistry.key_template.format(job)
        keys = [self._names, of, queue, between, runs]
        return bool(self._look(keys=keys, args=[job, int(put_back)]))
