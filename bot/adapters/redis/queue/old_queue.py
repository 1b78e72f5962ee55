"""Moves jobs that version 0.1 queued into this installation's queue.

Version 0.1 queued under `rq:queue:gardener` and `rq:queue:gardener-quick`. During a rolling update
its web process may still queue there after its last worker is gone. RQ's layout is the same, so one
step moves a job: it renames the key and pushes the id to the other list. The job keeps its 0.1 name
and arguments; `wiring.perform` translates them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from bot.adapters.redis.client import OLD_PREFIX, Store, guarded, text
from bot.adapters.redis.takeover import OLD_QUEUES

# KEYS: old list, old job, new list, new job, new set of queues, ids of unfinished jobs; then pairs
# of further keys to rename: who waits for the job's run. ARGV: id, new queue's name, new queue's
# key. Returns 1 if the job was moved.
_MOVE = """
local status = redis.call('hget', KEYS[2], 'status')
if status ~= 'queued' and status ~= 'started' then return 0 end
redis.call('lrem', KEYS[1], 0, ARGV[1])
redis.call('rename', KEYS[2], KEYS[4])
redis.call('hset', KEYS[4], 'origin', ARGV[2], 'status', 'queued')
redis.call('sadd', KEYS[5], ARGV[3])
redis.call('sadd', KEYS[6], ARGV[1])
for i = 7, #KEYS, 2 do
  if redis.call('exists', KEYS[i]) == 1 then redis.call('rename', KEYS[i], KEYS[i + 1]) end
end
redis.call('rpush', KEYS[3], ARGV[1])
return 1
"""


class OldQueue:
    """The queue of version 0.1."""

    def __init__(self, store: Store, name: str) -> None:
        """`name`: this version's queue; its quick queue is `NAME-quick`."""
        self._store = store
        self._expected = store.key("", "jobs", name)
        self._names = dict(zip(OLD_QUEUES, (name, f"{name}-quick"), strict=True))
        self._move = store.register_script(_MOVE)

    @guarded
    def adopt(self, *, old_workers: bool) -> int:
        """Moves waiting jobs; returns how many.

        Leaves jobs that have begun to a worker of 0.1, if one is alive.
        """
        found = [(queue, job) for queue in OLD_QUEUES for job in self._waiting(queue, old_workers)]
        if not found:
            return 0
        runs = self._runs()
        return sum(self._moved(queue, job, runs.get(job)) for queue, job in found)

    def _waiting(self, queue: str, old_workers: bool) -> Iterator[str]:
        listed = cast("list[bytes]", self._store.lrange(f"rq:queue:{queue}", 0, -1))
        yield from map(text, listed)
        if old_workers:
            return
        # Includes jobs that a worker had begun, or had been handed, when it was killed.
        expected = cast("set[bytes]", self._store.smembers(f"{OLD_PREFIX}::jobs:gardener"))
        for job in sorted(map(text, expected - set(listed))):
            if self._store.hget(f"rq:job:{job}", "origin") == queue.encode():
                yield job

    def _runs(self) -> Mapping[str, str]:
        """Returns the key of each run of 0.1, by the job that answers it."""
        found = {}
        for name in self._store.scan_iter(match=f"{OLD_PREFIX}:*:run:*", count=1_000):
            if text(self._store.type(name)) == "string" and not name.endswith(b":cancelled"):
                found[text(self._store.get(name) or b"").partition("|")[0]] = text(name)
        return found

    def _moved(self, queue: str, job: str, run: str | None) -> bool:
        rq, name = f"{self._store.prefix}:rq", self._names[queue]
        keys = [
            f"rq:queue:{queue}",
            f"rq:job:{job}",
            f"{rq}:queue:{name}",
            f"{rq}:job:{job}",
            f"{rq}:queues",
            self._expected,
        ]
        if run is not None:
            ours = self._store.prefix + run.removeprefix(OLD_PREFIX)
            for part in ("", ":waiting", ":cancelled"):
                keys += [f"{run}{part}", f"{ours}{part}"]
        return bool(self._move(keys=keys, args=[job, name, f"{rq}:queue:{name}"]))
