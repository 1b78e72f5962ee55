from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any
from urllib.parse import unquote

import pytest

from playground.feed import PlaygroundError
from playground.logging.entry import encode, nanoseconds
from playground.logging.server import LogServer
from playground.service.crash import crash
from playground.service.lines import SECOND
from playground.service.service import SampleService
from tests.sample_entries import of_the_crash

NOW = 1_757_991_600.0


class World:
    def __init__(self, **how):
        self.entries: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.now = NOW
        self.service = SampleService(
            self.entries.extend, self.events.append, clock=lambda: self.now, **how
        )
        self.service.start()
        self.before = len(self.entries)

    def after(self, seconds):
        self.now += seconds
        self.service.tick()
        return self.fresh()

    def fresh(self):
        new, self.before = self.entries[self.before :], len(self.entries)
        return new


def message(entry):
    return entry.get("jsonPayload", {}).get("message") or entry.get("textPayload", "")


def count(entries, part):
    return sum(part in message(entry) for entry in entries)


def of(entries, revision):
    return [e for e in entries if e["resource"]["labels"]["revision_name"].endswith(revision)]


@pytest.fixture
def world():
    return World()


def test_the_history_holds_the_three_clusters_healthy_traffic_and_one_planted_secret(world):
    entries = world.entries
    loud = [e for e in entries if e.get("severity") in {"WARNING", "ERROR", "CRITICAL"}]
    assert count(loud, "Invalid message type 'legacy_response'") == 10
    assert count(loud, "SessionMiddleware must be installed") == 3
    assert count(loud, "USER AUTO-CREATED") == 2
    assert count(loud, "Webhook delivery refused") == 1
    assert len(loud) == 16  # and nothing else
    assert sum(e.get("httpRequest", {}).get("status") in {200, 202} for e in entries) > 2000
    assert count(entries, '" 200') > 1500
    assert count(entries, "\x1b[") > 5
    times = [nanoseconds(e["timestamp"]) for e in entries]
    assert min(times) >= NOW * SECOND - 48 * 3600 * SECOND
    assert max(times) <= NOW * SECOND


def test_the_planted_secrets_are_known_and_stand_in_one_message(world):
    planted = [e for e in world.entries if "Webhook" in message(e)]
    assert len(world.service.secrets) == 3
    assert all(secret in message(planted[0]) for secret in world.service.secrets)
    rest = json.dumps([e for e in world.entries if e not in planted])
    assert not any(secret in rest for secret in world.service.secrets)


def test_the_same_seed_and_time_write_the_same_log(world):
    assert World().entries == world.entries
    assert World(seed=2).entries != world.entries


def test_every_entry_goes_through_googles_proto_and_has_its_own_id(world):
    world.service.break_service()
    world.after(200)
    for entry in world.entries[-2000:]:
        encode(entry)
    assert len({e["insertId"] for e in world.entries}) == len(world.entries)


def test_breaking_it_crashes_some_instances_at_once_and_fifteen_within_three_minutes(world):
    world.service.break_service()
    at_once = world.fresh()
    assert count(at_once, "Container called exit(3).") >= 2
    assert any("protoPayload" in entry for entry in at_once)
    later = at_once + world.after(165)
    crashes = [e for e in later if message(e) == "Container called exit(3)."]
    assert len(crashes) == 15
    assert len({e["labels"]["instanceId"] for e in crashes}) == 15
    assert all(e["resource"]["labels"]["revision_name"].endswith("00612-abc") for e in crashes)
    assert sum(e.get("httpRequest", {}).get("status") == 503 for e in later) == 15
    world.service.break_service()  # twice is once
    assert count(world.after(1), "Container called exit(3).") <= 1
    assert count(world.after(600), "Container called exit(3).") > 3  # it loops on


CRASH = {
    ("varlog/system", "INFO", "text"): 2,
    ("stderr", None, "text"): 11,
    ("stdout", None, "text"): 1,
    ("stdout", "INFO", "json"): 24,
    ("stdout", "WARNING", "json"): 1,
    ("stderr", "INFO", "json"): 22,
    ("stderr", "WARNING", "json"): 1,
    ("stderr", "ERROR", "json"): 2,
    ("stderr", "ERROR", "text, grouped"): 3,
    ("varlog/system", "WARNING", "text"): 1,
}
"""The real one's: log, severity and payload of its 68 entries."""


def test_a_crash_has_the_shape_of_the_real_one(world, cloud_run):
    made = crash(world.service._writer("00612-abc"), int(NOW) * SECOND)

    def shape(entries):
        return Counter(
            (
                unquote(e["logName"]).partition("run.googleapis.com/")[2],
                e.get("severity"),
                ("json" if "jsonPayload" in e else "text")
                + (", grouped" if "errorGroups" in e else ""),
            )
            for e in entries
        )

    assert shape(made) == CRASH
    assert shape(of_the_crash(cloud_run)) == CRASH
    assert len(made) == 68
    moments = [nanoseconds(e["timestamp"]) for e in made]
    assert moments == sorted(moments)


def test_a_fix_ends_the_crashes_and_the_old_errors(world):
    world.service.break_service()
    world.service.deploy_fix()
    assert any("protoPayload" in entry for entry in world.fresh())
    later = world.after(590)
    assert of(later, "00612-abc") == []
    assert count(later, "legacy_response") == 0
    assert len(of(later, "00613-fix")) > 100


def test_it_starts_broken_where_asked():
    assert count(World(broken=True).entries, "Container called exit(3).") >= 2


def test_errors_and_traffic_go_on_by_themselves(world):
    later = world.after(580)
    assert count(later, "legacy_response") >= 2
    assert sum("httpRequest" in e for e in later) > 200


def test_a_machine_that_slept_does_not_catch_up_on_hours(world):
    assert len(world.after(12 * 3600)) < 2000


def test_silence_leaves_the_request_log_for_a_while_and_then_nothing(world):
    world.service.silence()
    quiet = world.after(60)
    assert quiet
    assert all("httpRequest" in entry for entry in quiet)
    world.after(61)
    assert world.after(60) == []
    world.service.resume()
    assert count(world.after(30), '" 20') > 5


def test_asking_twice_for_silence_gives_it_at_once(world):
    world.service.silence()
    world.service.silence()
    assert world.after(30) == []


def test_traffic_comes_at_once_with_one_more_error(world):
    world.service.traffic()
    new = world.fresh()
    assert sum("httpRequest" in e for e in new) >= 100
    assert count(new, "legacy_response") == 1


def test_the_page_gets_lines_and_unknown_orders_one_sentence(world):
    asyncio.run(world.service.act("traffic"))
    world.service.flush()
    assert world.events[0]["type"] == "log"
    assert set(world.events[0]["entries"][0]) == {
        "timestamp",
        "severity",
        "service",
        "revision",
        "text",
    }
    assert len(world.service.recent()) == 200
    with pytest.raises(PlaygroundError, match="deploy_fix"):
        asyncio.run(world.service.act("dance"))


def test_it_feeds_a_log_server_while_running():
    async def watch():
        with LogServer() as server:
            service = SampleService(server.add)
            service.start()
            before = len(server)
            task = asyncio.create_task(service.run())
            service.traffic()
            assert len(server) > before + 100
            task.cancel()

    asyncio.run(watch())


def test_a_skipped_night_is_written_sparsely_and_in_time(world):
    world.service.break_service()
    world.fresh()
    world.now += 12 * 3600
    world.service.skip()
    fresh = world.fresh()
    times = [nanoseconds(entry["timestamp"]) for entry in fresh]
    assert times
    assert min(times) / SECOND >= NOW - 60
    assert max(times) / SECOND <= world.now + 1
    requests = sum("httpRequest" in entry for entry in fresh)
    assert 400 < requests < 1_000
    assert 60 < count(fresh, "Container called exit(") < 100
    assert len(world.after(60)) < 300


def test_a_service_that_is_silent_stays_so_while_time_is_skipped(world):
    world.service.silence()
    world.after(1)
    world.now += 3600
    world.service.skip()
    assert not world.fresh()
