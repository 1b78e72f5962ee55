"""What version 0.1 stored and queued is taken over: nothing is lost, whoever runs beside whom."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from bot.adapters.redis.cache import RedisLocks, RedisReportCache
from bot.adapters.redis.client import OLD_PREFIX, Store, forget
from bot.adapters.redis.decisions import RedisDecisionBook
from bot.adapters.redis.queue.old_queue import OldQueue
from bot.adapters.redis.queue.queue import NAME, JobQueue
from bot.adapters.redis.registry import RedisRegistry
from bot.adapters.redis.takeover import KEPT, PAUSE, Takeover
from bot.core.model.decisions import Acknowledgement, IssueLink
from bot.core.ports import Candidate
from tests.fakes.reports import report
from tests.paths import ROOT

pytestmark = pytest.mark.redis

SECRET = b"secret"
NOW = 1_760_000_000.0


class OldStore(Store):
    """Names keys as version 0.1 did; their layout is the same."""

    prefix = OLD_PREFIX


@pytest.fixture
def old(redis_client):
    return OldStore(connection_pool=redis_client.connection_pool)


@pytest.fixture
def takeover(redis_client):
    return Takeover(redis_client, ["staging"])


def candidate(id_, masked):
    return Candidate(id_, masked, (masked,))


def acknowledgement(cluster, reason="known"):
    return Acknowledgement(cluster, "U0ALICE", reason, 1)


def snapshot(store):
    """All that a store's prefix holds, by the rest of each key's name."""
    found = {}
    for name in store.scan_iter(f"{store.prefix}:*"):
        rest = name.decode().removeprefix(store.prefix)
        if rest.startswith("::takeover"):
            continue
        kind = store.type(name)
        read = {b"string": store.get, b"hash": store.hgetall, b"set": store.smembers}.get(kind)
        found[rest] = read(name) if read else store.zrange(name, 0, -1, withscores=True)
    return found


def fill(old):
    """What a used store of 0.1 holds."""
    registry = RedisRegistry(old, [SECRET])
    identities = registry.resolve("staging", [candidate(f"c-{i}", f"it fails {i}") for i in "abc"])
    book = RedisDecisionBook(old)
    book.put("staging", acknowledgement(identities[0].id))
    book.put(
        "staging",
        IssueLink(identities[1].id, "acme/backend", 7, "https://x/7", "It fails", "U0ALICE", 1),
    )
    RedisReportCache(old).put("staging", "r-1", report(), 1_000)
    RedisReportCache(old).put("staging", "r-2", report(), None)
    return identities


def test_everything_is_there_under_the_new_names(old, redis_client, takeover):
    identities = fill(old)
    assert takeover.take_over(NOW) > 0
    assert snapshot(redis_client) == snapshot(old)
    decided = RedisDecisionBook(redis_client).all("staging")
    assert decided[identities[0].id].expected is not None
    assert decided[identities[1].id].issue is not None
    assert RedisReportCache(redis_client).get("staging", "r-1") == report()
    again = RedisRegistry(redis_client, [SECRET]).resolve(
        "staging", [candidate("c-x", "it fails b")]
    )
    assert [(i.id, i.name) for i in again] == [(identities[1].id, "C2")]


def test_what_ends_ends_when_it_would_have(old, redis_client, takeover):
    fill(old)
    takeover.take_over(NOW)
    lives = sorted(
        redis_client.ttl(name)
        for name in redis_client.keys(redis_client.key("staging", "report", "*"))
    )
    assert lives[0] == -1
    assert 0 < lives[1] <= 1_000
    assert redis_client.ttl(redis_client.key("staging", "decisions")) == -1


def test_a_second_look_copies_nothing(old, redis_client, takeover):
    fill(old)
    takeover.take_over(NOW)
    assert takeover.take_over(NOW + PAUSE) == 0


class TestSideBySide:
    """A process of 0.1 goes on, as in a rolling update or after a rollback."""

    def test_what_it_decides_later_is_taken_over_too(self, old, redis_client, takeover):
        one, two, three = fill(old)
        takeover.take_over(NOW)
        RedisDecisionBook(redis_client).put("staging", acknowledgement(three.id, "ours"))
        RedisDecisionBook(old).put("staging", acknowledgement(two.id, "theirs"))
        takeover.take_over(NOW + PAUSE)
        decided = RedisDecisionBook(redis_client).all("staging")
        assert [decided[i.id].expected.reason for i in (one, two, three)] == [
            "known",
            "theirs",
            "ours",
        ]

    def test_what_it_takes_back_is_taken_back(self, old, redis_client, takeover):
        one, *_ = fill(old)
        takeover.take_over(NOW)
        RedisDecisionBook(old).remove("staging", one.id, Acknowledgement)
        takeover.take_over(NOW + PAUSE)
        assert one.id not in RedisDecisionBook(redis_client).all("staging")

    def test_what_we_took_back_does_not_return(self, old, redis_client, takeover):
        one, *_ = fill(old)
        takeover.take_over(NOW)
        RedisDecisionBook(redis_client).remove("staging", one.id, Acknowledgement)
        RedisDecisionBook(old).put("staging", acknowledgement("c-other"))
        takeover.take_over(NOW + PAUSE)
        assert one.id not in RedisDecisionBook(redis_client).all("staging")

    def test_two_new_clusters_have_two_names(self, old, redis_client, takeover):
        fill(old)
        takeover.take_over(NOW)
        RedisRegistry(redis_client, [SECRET]).resolve("staging", [candidate("c-new", "ours alone")])
        RedisRegistry(old, [SECRET]).resolve("staging", [candidate("c-old", "theirs alone")])
        takeover.take_over(NOW + PAUSE)
        known = RedisRegistry(redis_client, [SECRET]).all("staging")
        assert sorted(each.name for each in known) == ["C1", "C2", "C3", "C4", "C5"]
        assert {"c-new", "c-old"} <= {each.id for each in known}

    def test_a_lock_of_either_holds_for_both(self, old, redis_client, takeover):
        fill(old)
        ours = RedisLocks(redis_client)
        old.set(f"{OLD_PREFIX}::lock:digest:1", "theirs", nx=True, ex=60)
        assert not ours.once("digest:1", 60, "ours")
        assert ours.once("digest:2", 60, "ours")
        assert not old.set(f"{OLD_PREFIX}::lock:digest:2", "theirs", nx=True, ex=60)
        ours.release("digest:2", "ours")
        assert old.set(f"{OLD_PREFIX}::lock:digest:2", "theirs", nx=True, ex=60)


class TestTwoInstallations:
    def test_each_takes_the_environments_that_it_names(self, old, redis_client):
        fill(old)
        RedisDecisionBook(old).put("prod", acknowledgement("c-prod"))
        other = Store(connection_pool=redis_client.connection_pool)
        other.installation = "other"
        Takeover(redis_client, ["staging"]).take_over(NOW)
        Takeover(other, ["prod"]).take_over(NOW)
        assert RedisDecisionBook(redis_client).all("prod") == {}
        assert "c-prod" in RedisDecisionBook(other).all("prod")
        assert RedisDecisionBook(other).all("staging") == {}
        assert redis_client.smembers(redis_client.key("", "environments")) == {b"staging"}


def test_after_a_week_without_a_change_the_old_keys_go(old, redis_client, takeover):
    fill(old)
    RedisDecisionBook(old).put("prod", acknowledgement("c-prod"))
    takeover.take_over(NOW)
    before = snapshot(redis_client)
    takeover.take_over(NOW + KEPT - 1)
    assert old.exists(f"{OLD_PREFIX}:staging:decisions")
    takeover.take_over(NOW + KEPT + PAUSE)
    assert [n for n in old.keys(f"{OLD_PREFIX}:*") if b":staging:" in n] == []
    assert RedisDecisionBook(old).all("prod")  # not named by our gardener.toml: not ours
    assert snapshot(redis_client) == before
    assert not redis_client.keys(redis_client.key("", "takeover", "copied", "*"))


def test_forget_erases_what_the_old_version_stored_too(old, redis_client, takeover):
    fill(old)
    takeover.take_over(NOW)
    forget(redis_client, "staging")
    assert [n for n in redis_client.keys("*") if b":staging:" in n] == []
    takeover.take_over(NOW + PAUSE)
    assert RedisDecisionBook(redis_client).all("staging") == {}


# --- the queue ------------------------------------------------------------------------------------

ENQUEUE = """
import sys
from rq import Queue
from rq.serializers import JSONSerializer
import redis
client = redis.Redis(unix_socket_path=sys.argv[1])
queue = Queue(sys.argv[2], connection=client, serializer=JSONSerializer)
queue.enqueue_call("bot.wiring.perform", kwargs={"function": sys.argv[4], "kwargs": {"a": 1}}, job_id=sys.argv[3])
"""


def enqueue(client, queue, job, function="bot.jobs.command"):
    """As version 0.1 did, whose RQ had no prefix."""
    path = client.connection_pool.make_connection().path
    environment = {k: v for k, v in os.environ.items() if k != "RQ_KEY_PREFIX"}
    subprocess.run(
        [sys.executable, "-c", ENQUEUE, path, queue, job, function],
        check=True,
        env=environment,
        cwd=ROOT,
    )


class TestOldQueue:
    def test_what_waits_is_moved_and_runs_once(self, redis_client):
        enqueue(redis_client, "gardener", "one")
        enqueue(redis_client, "gardener-quick", "two")
        ours = OldQueue(redis_client, NAME)
        assert ours.adopt(old_workers=True) == 2
        assert ours.adopt(old_workers=False) == 0
        assert JobQueue(redis_client).state().queued == 2
        assert not redis_client.keys("rq:job:*")
        prefix = f"{redis_client.prefix}:rq"
        assert redis_client.lrange(f"{prefix}:queue:{NAME}-quick", 0, -1) == [b"two"]

    def test_what_a_worker_began_waits_for_its_end(self, redis_client):
        enqueue(redis_client, "gardener", "one")
        redis_client.lpop("rq:queue:gardener")
        redis_client.hset("rq:job:one", "status", "started")
        redis_client.sadd(f"{OLD_PREFIX}::jobs:gardener", "one")
        ours = OldQueue(redis_client, NAME)
        assert ours.adopt(old_workers=True) == 0
        assert ours.adopt(old_workers=False) == 1

    def test_who_waits_for_a_run_waits_for_the_moved_one(self, old, redis_client):
        enqueue(redis_client, "gardener", "one", "bot.jobs.analyze")
        base = f"{OLD_PREFIX}:staging:run:abc"
        old.set(base, f"one|{time.time():.0f}")
        old.hset(f"{base}:waiting", "C1/U1/1.0", "{}")
        old.set(f"{OLD_PREFIX}:staging:run:other", "another|1")
        OldQueue(redis_client, NAME).adopt(old_workers=True)
        assert redis_client.hgetall(redis_client.key("staging", "run", "abc:waiting"))
        assert not old.exists(base)
        assert old.exists(f"{OLD_PREFIX}:staging:run:other")
