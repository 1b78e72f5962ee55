"""One class a port, run on the fake that other tests use and on the real server."""

from __future__ import annotations

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from bot.adapters.redis import client as store
from bot.adapters.redis.cache import RedisLocks, RedisRateLimit, RedisReportCache
from bot.adapters.redis.channels import RedisSubscriptions, RedisWatches
from bot.adapters.redis.decisions import RedisDecisionBook
from bot.adapters.redis.grouping_rules import RedisRuleBook
from bot.adapters.redis.history import RedisHistory
from bot.adapters.redis.registry import FORGET_AFTER, RedisRegistry
from bot.adapters.redis.registry_entry import Masks
from bot.core.model.decisions import (
    Acknowledgement,
    Claim,
    Decisions,
    IssueLink,
    Override,
    Pending,
    Snooze,
)
from bot.core.model.errors import Refused, Unavailable
from bot.core.model.grouping_rules import Member, Same, Split
from bot.core.model.history import KnownCluster, Lifetime, Past
from bot.core.model.report import (
    Cluster,
    Coverage,
    Event,
    Report,
)
from bot.core.model.values import DAY, HOUR, Priority, Severity, Window
from bot.core.model.watching import Alert, Watch, WatchMemory
from bot.core.ports import (
    Candidate,
    Identity,
    Remembered,
    Subscription,
)
from tests.fakes.store import (
    FakeDecisionBook,
    FakeHistory,
    FakeLocks,
    FakeRegistry,
    FakeReportCache,
    FakeRuleBook,
    FakeSubscriptions,
    FakeWatches,
)
from tests.installation import INSTALLATION

SECRET = b"a secret of the tests"


def mask_of(store, cluster):
    """The version of the masks under which a cluster is stored."""
    return json.loads(store.hget(store.key("staging", "registry", "clusters"), cluster))["mask"]


def prefix_joins(template: str, masked: str) -> bool:
    """A rule that is easy to see through: the words before the last colon are the same."""
    return ":" in template and template.rpartition(":")[0] == masked.rpartition(":")[0]


def candidate(id_: str, *masked: str, first=None, last=None) -> Candidate:
    return Candidate(id_, masked[0], masked, first, last, len(masked))


def masks(version=1, mask=lambda text: text) -> Masks:
    return Masks(version, mask, prefix_joins)


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.redis)])
def kind(request):
    if request.param == "redis":
        request.getfixturevalue("redis_client")
    return request.param


class TestRegistry:
    @pytest.fixture
    def registry(self, kind, request):
        if kind == "fake":
            return FakeRegistry(joins=prefix_joins)
        return RedisRegistry(request.getfixturevalue("redis_client"), [SECRET], masks=masks())

    def test_new_clusters_keep_their_own_id_and_count_up_in_order(self, registry):
        found = registry.resolve("staging", [candidate("c-1", "a"), candidate("c-2", "b")])
        assert list(found) == [Identity("c-1", "C1", None), Identity("c-2", "C2", None)]

    def test_a_known_message_keeps_its_id_whatever_the_run_calls_it(self, registry):
        registry.resolve("staging", [candidate("c-1", "a", first=5, last=9)])
        (found,) = registry.resolve("staging", [candidate("c-9", "a", first=7, last=20)])
        assert found == Identity("c-1", "C1", 5, 9)
        (found,) = registry.resolve("staging", [candidate("c-9", "a")])
        assert found == Identity("c-1", "C1", 5, 20)

    def test_a_new_variant_joins_and_is_known_from_then_on(self, registry):
        registry.resolve("staging", [candidate("c-1", "cannot start: x")])
        (joined,) = registry.resolve("staging", [candidate("c-2", "cannot start: y")])
        assert (joined.id, joined.name) == ("c-1", "C1")
        (apart,) = registry.resolve("staging", [candidate("c-3", "started")])
        assert (apart.id, apart.name) == ("c-3", "C2")

    def test_new_clusters_of_one_run_stay_apart(self, registry):
        run = [candidate("c-1", "cannot start: x"), candidate("c-2", "cannot start: y")]
        assert [i.id for i in registry.resolve("staging", run)] == ["c-1", "c-2"]
        assert [i.id for i in registry.resolve("staging", run)] == ["c-1", "c-2"]

    def test_two_of_a_run_that_join_one_hear_of_it_as_it_was_before(self, registry):
        registry.resolve("staging", [candidate("c-1", "cannot start: x", first=5, last=9)])
        run = [
            candidate("c-2", "cannot start: y", first=2, last=20),
            candidate("c-3", "cannot start: z", first=1, last=30),
        ]
        assert list(registry.resolve("staging", run)) == [Identity("c-1", "C1", 5, 9)] * 2

    def test_a_message_in_two_new_clusters_is_no_news_of_before(self, registry):
        run = [candidate("c-1", "a", first=3), candidate("c-2", "b", "a", first=3)]
        assert list(registry.resolve("staging", run)) == [Identity("c-1", "C1", None)] * 2

    def test_two_known_ids_are_never_merged(self, registry):
        registry.resolve("staging", [candidate("c-1", "a"), candidate("c-2", "b")])
        (both,) = registry.resolve("staging", [candidate("c-9", "b", "a")])
        assert both.id == "c-1"
        apart = registry.resolve("staging", [candidate("c-8", "a"), candidate("c-9", "b")])
        assert [i.id for i in apart] == ["c-1", "c-2"]

    def test_a_known_id_is_known_even_where_its_message_is_not(self, registry):
        registry.resolve("staging", [candidate("c-1", "a")])
        (found,) = registry.resolve("staging", [candidate("c-1", "quite different")])
        assert found.name == "C1"

    def test_environments_do_not_know_each_other(self, registry):
        registry.resolve("staging", [candidate("c-1", "a"), candidate("c-2", "b")])
        (found,) = registry.resolve("prod", [candidate("c-2", "b")])
        assert (found.id, found.name, found.first_seen) == ("c-2", "C1", None)
        assert registry.find("prod", "C2") is None

    def test_names_are_found_in_any_case(self, registry):
        registry.resolve("staging", [candidate("c-1", "a")])
        assert registry.find("staging", "c1") == "c-1"
        assert registry.find("staging", "C1") == "c-1"
        assert registry.find("staging", "c-1") == "c-1"
        assert registry.find("staging", "C2") is None
        assert registry.find("elsewhere", "C1") is None

    def test_what_is_known_is_told_and_nothing_learnt(self, registry):
        registry.resolve("staging", [candidate("c-1", "a", "b"), candidate("c-2", "c")])
        asked = ["b", "c", "d", "b"]
        assert registry.known("staging", asked) == {"b": "c-1", "c": "c-2"}
        assert registry.known("staging", asked) == {"b": "c-1", "c": "c-2"}
        assert registry.known("prod", asked) == {}
        assert registry.known("staging", []) == {}

    def test_ids_are_known_before_anything_is_registered(self, registry):
        registry.resolve("staging", [candidate("c-1", "cannot start: x")])
        run = [candidate("c-2", "cannot start: y"), candidate("c-3", "b"), candidate("c-4", "b")]
        for _ in range(2):
            assert list(registry.identify("staging", run)) == ["c-1", "c-3", "c-3"]
        assert [each.name for each in registry.all("staging")] == ["C1"]
        assert registry.known("staging", ["cannot start: y", "b"]) == {}
        assert [i.id for i in registry.resolve("staging", run)] == ["c-1", "c-3", "c-3"]
        assert list(registry.identify("prod", run)) == ["c-2", "c-3", "c-3"]
        assert list(registry.identify("staging", [])) == []

    def test_all_that_is_remembered_is_told_in_order(self, registry):
        assert list(registry.all("staging")) == []
        registry.resolve("staging", [candidate("c-2", "a", "b", first=1, last=4)])
        registry.resolve("staging", [candidate("c-1", "c")])
        assert list(registry.all("staging")) == [
            Remembered("c-2", "C1", "a", ("a", "b"), 1, 4),
            Remembered("c-1", "C2", "c", ("c",)),
        ]

    def test_one_without_a_message_gets_a_name_and_takes_nothing(self, registry):
        registry.resolve("staging", [candidate("c-1", "cannot start: x", first=5, last=9)])
        apart = Candidate("c-2", "split/c-2", (), 5, 9)
        assert list(registry.resolve("staging", [apart])) == [Identity("c-2", "C2", None)]
        assert list(registry.resolve("staging", [apart])) == [Identity("c-2", "C2", 5, 9)]
        (found,) = registry.resolve("staging", [candidate("c-9", "cannot start: y")])
        assert found.id == "c-1"

    def test_nothing_asked_nothing_answered(self, registry):
        assert list(registry.resolve("staging", [])) == []

    def test_any_text_is_a_message(self, registry):
        odd = ["", "\ud83d", "a\x00b", "𝔘 ünï", "x" * 70_000]
        run = [candidate(f"c-{n}", text) for n, text in enumerate(odd)]
        first = [i.id for i in registry.resolve("staging", run)]
        assert [i.id for i in registry.resolve("staging", run)] == first
        assert first == [f"c-{n}" for n in range(len(odd))]


@pytest.mark.redis
class TestRegistryOnRedis:
    def test_the_keys_of_messages_are_keyed_hashes(self, redis_client):
        RedisRegistry(redis_client, [b"one"], masks=masks()).resolve(
            "staging", [candidate("c-1", "a")]
        )
        (one,) = redis_client.hkeys("gardener:v2:tests:staging:registry:messages")
        redis_client.flushall()
        RedisRegistry(redis_client, [b"two"], masks=masks()).resolve(
            "staging", [candidate("c-1", "a")]
        )
        (two,) = redis_client.hkeys("gardener:v2:tests:staging:registry:messages")
        assert one != two
        assert one != b"a"

    def test_without_a_secret_it_refuses(self, redis_client):
        with pytest.raises(Refused, match="GARDENER_SECRET"):
            RedisRegistry(redis_client, [])

    def test_runs_at_once_agree_and_use_no_number_twice(self, redis_client):
        registry = RedisRegistry(redis_client, [SECRET], masks=masks())
        gate = threading.Barrier(8)

        def run(number):
            mine = [candidate(f"c-{number}-{n}", f"shared {n}") for n in range(20)]
            mine.append(candidate(f"c-own-{number}", f"own {number}"))
            gate.wait()
            return registry.resolve("staging", mine)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(run, range(8)))
        shared = [[i.id for i in answer[:20]] for answer in answers]
        assert all(ids == shared[0] for ids in shared)
        names = {i.id: i.name for answer in answers for i in answer}
        assert len(names) == 28
        assert sorted(names.values(), key=lambda n: int(n[1:])) == [f"C{n}" for n in range(1, 29)]

    def test_a_rotated_secret_orphans_nothing(self, redis_client):
        masked = [f"message {n}" for n in range(50)]
        old = RedisRegistry(redis_client, [b"old"], masks=masks())
        old.resolve("staging", [candidate("c-1", *masked)])
        both = RedisRegistry(redis_client, [b"new", b"old"], masks=masks())
        assert both.resolve("staging", [candidate("c-2", *masked)])[0].id == "c-1"
        new = RedisRegistry(redis_client, [b"new"], masks=masks())
        for message in masked:
            assert new.resolve("staging", [candidate("c-3", message)])[0].id == "c-1"
        assert redis_client.hlen("gardener:v2:tests:staging:registry:messages") == 50

    def test_most_is_saved_even_where_the_old_secret_is_gone_at_once(self, redis_client):
        RedisRegistry(redis_client, [b"old"], masks=masks()).resolve(
            "staging", [candidate("c-1", "a")]
        )
        lone = RedisRegistry(redis_client, [b"new"], masks=masks())
        assert lone.resolve("staging", [candidate("c-2", "a")])[0].id == "c-1"

    def test_a_better_mask_finds_every_cluster_again(self, redis_client):
        plain = RedisRegistry(redis_client, [SECRET], masks=masks())
        plain.resolve("staging", [candidate("c-1", "user 12 gone"), candidate("c-2", "b")])
        better = masks(2, lambda text: text.replace("12", "<*>"))
        registry = RedisRegistry(redis_client, [SECRET], masks=better)
        found = registry.resolve(
            "staging", [candidate("c-8", "user <*> gone"), candidate("c-9", "b")]
        )
        assert [(i.id, i.name) for i in found] == [("c-1", "C1"), ("c-2", "C2")]
        assert mask_of(redis_client, "c-1") == 2

    def test_the_products_own_masks_are_the_default(self, redis_client):
        registry = RedisRegistry(redis_client, [SECRET])
        assert registry.resolve("staging", [candidate("c-1", "a")])[0].name == "C1"

    def test_entries_long_unseen_go_unless_a_decision_hangs_on_them(self, redis_client):
        day = 0.0
        registry = RedisRegistry(redis_client, [SECRET], masks=masks(), clock=lambda: day)
        registry.resolve(
            "staging", [candidate("c-1", "a"), candidate("c-2", "b"), candidate("c-3", "c")]
        )
        RedisDecisionBook(redis_client).put("staging", Claim("c-2", "U1", 1))
        day += FORGET_AFTER - 10
        registry.resolve("staging", [candidate("c-3", "c")])
        assert registry.find("staging", "C1") == "c-1"
        day += 11
        registry.resolve("staging", [candidate("c-4", "d")])
        assert registry.find("staging", "C1") is None
        assert registry.find("staging", "C2") == "c-2"
        assert registry.find("staging", "C3") == "c-3"
        assert redis_client.hlen("gardener:v2:tests:staging:registry:messages") == 3
        found = registry.resolve("staging", [candidate("c-8", "a"), candidate("c-9", "b")])
        assert [(i.id, i.name) for i in found] == [("c-8", "C5"), ("c-2", "C2")]

    def test_what_a_rule_names_is_never_forgotten(self, redis_client):
        day = 0.0
        registry = RedisRegistry(redis_client, [SECRET], masks=masks(), clock=lambda: day)
        registry.resolve("staging", [candidate("c-1", "a"), candidate("c-2", "b")])
        RedisRuleBook(redis_client).put(
            "staging", Same(Member("c-1", "C1"), (Member("c-5", "C5"),))
        )
        day += FORGET_AFTER + 1
        registry.resolve("staging", [candidate("c-3", "c")])
        assert [each.id for each in registry.all("staging")] == ["c-1", "c-3"]
        assert registry.known("staging", ["a", "b"]) == {"a": "c-1"}

    def test_a_better_mask_knows_before_it_has_written(self, redis_client):
        plain = RedisRegistry(redis_client, [SECRET], masks=masks())
        plain.resolve("staging", [candidate("c-1", "user 12 gone")])
        better = masks(2, lambda text: text.replace("12", "<*>"))
        registry = RedisRegistry(redis_client, [SECRET], masks=better)
        assert registry.known("staging", ["user <*> gone"]) == {"user <*> gone": "c-1"}
        assert mask_of(redis_client, "c-1") == 1

    def test_where_two_known_meet_the_one_with_a_decision_is_kept(self, redis_client):
        registry = RedisRegistry(redis_client, [SECRET], masks=masks())
        registry.resolve("staging", [candidate("c-1", "a"), candidate("c-2", "b")])
        RedisDecisionBook(redis_client).put("staging", Claim("c-2", "U1", 1))
        assert registry.resolve("staging", [candidate("c-9", "a", "b")])[0].id == "c-2"

    def test_what_a_newer_version_wrote_is_read_as_far_as_it_is_understood(self, redis_client):
        registry = RedisRegistry(redis_client, [SECRET], masks=masks())
        registry.resolve("staging", [candidate("c-1", "a", first=3)])
        name = "gardener:v2:tests:staging:registry:clusters"
        data = json.loads(redis_client.hget(name, "c-1")) | {"mood": {"of": "tomorrow"}}
        redis_client.hset(name, "c-1", json.dumps(data))
        redis_client.hset(name, "c-2", "no JSON at all")
        assert registry.resolve("staging", [candidate("c-7", "a")])[0].first_seen == 3


ACK = Acknowledgement("c-1", "U1", "known <noise>", 5, until=10, per_day=2.5, title="Ünïcode")
DECISIONS = [
    ACK,
    IssueLink("c-1", "acme/backend", 12, "https://example.com/12", "It fails", "U1", 7),
    Claim("c-1", "U2", 8),
    Snooze("c-1", "U2", 8, until_revision="api-00012-abc"),
    Override("c-1", "U2", 8, Priority.P1, Priority.P4),
    Pending("c-1", "U2", 8, "acme/backend", "create", "a body", True, labels=("P2", "gardener")),
]


class TestHistory:
    NOW = 20_000 * DAY + 9 * HOUR
    LAST = NOW // HOUR - 1

    @pytest.fixture
    def history(self, kind, request):
        if kind == "fake":
            return FakeHistory()
        return RedisHistory(request.getfixturevalue("redis_client"))

    def read(self, history):
        return history.read("staging", self.NOW - 14 * DAY, self.NOW)

    def seen(self, count=3, seconds=3_600, **more):
        return Past(
            covered={self.LAST: seconds, self.LAST - 24: 3_600},
            counts={"c-1": {self.LAST: count}, "c-2": {self.LAST - 24: 7}},
            requests={"api-00001-abc": {self.LAST: 900}},
            revisions={"api-00001-abc": Lifetime("api", self.NOW - DAY, self.NOW - 5, "3f786850")},
            events=frozenset({Event("deploy", "api", self.NOW - DAY - 7)}),
            clusters={"c-1": KnownCluster("C1", "It | fails", ("api",), 5, 9, reported=self.NOW)},
            last_entry=self.NOW - 5,
            gaps={"api": {self.LAST: 40, self.LAST - 24: 310}},
            **more,
        )

    def test_nothing_is_known_at_first(self, history):
        assert self.read(history) == Past()

    def test_what_was_recorded_is_read(self, history):
        history.record("staging", self.seen())
        assert self.read(history) == self.seen()
        assert history.read("prod", 0, self.NOW) == Past()

    def test_the_same_again_changes_nothing(self, history):
        for _ in range(3):
            history.record("staging", self.seen())
        assert self.read(history) == self.seen()

    def test_of_an_hour_read_twice_the_larger_figure_stays(self, history):
        for part in (self.seen(2, 1_200), self.seen(9, 3_600), self.seen(4, 1_800)):
            history.record("staging", part)
        found = self.read(history)
        assert found.counts["c-1"] == {self.LAST: 9}
        assert found.covered[self.LAST] == 3_600

    def test_a_revisions_life_only_widens(self, history):
        history.record("staging", self.seen())
        for first, last in ((10, 20), (self.NOW - HOUR, self.NOW + 3)):
            life = Lifetime("api", first, last)
            history.record("staging", Past(revisions={"api-00001-abc": life}))
        whole = Lifetime("api", 10, self.NOW + 3, "3f786850")
        assert self.read(history).revisions == {"api-00001-abc": whole}

    def test_the_newest_entry_and_the_newest_word_on_a_cluster_stay(self, history):
        history.record("staging", self.seen())
        later = KnownCluster("C1", "It fails", ("api",), 5, 99, reported=self.NOW)
        history.record("staging", Past(clusters={"c-1": later}, last_entry=4))
        found = self.read(history)
        assert found.clusters == {"c-1": later}
        assert found.last_entry == self.NOW - 5

    @pytest.mark.redis
    def test_what_a_newer_version_wrote_is_passed_over(self, redis_client):
        history = RedisHistory(redis_client)
        history.record("staging", self.seen())
        day = redis_client.key("staging", "history", f"day:{self.LAST // 24}")
        redis_client.hset(day, mapping={"!new": "1", f"#c-1|{self.LAST}x": "2", "~|7": "odd"})
        lives = redis_client.key("staging", "history", "revisions")
        redis_client.hset(lives, mapping={"api-00002-abc|first": "odd", "x": "y"})
        redis_client.hset(redis_client.key("staging", "history", "clusters"), "c-9", "{}")
        redis_client.zadd(redis_client.key("staging", "history", "events"), {"odd": 1})
        found = self.read(history)
        assert found == self.seen()

    def test_more_fields_than_one_call_takes(self, history):
        counts = {f"c-{i}": {self.LAST - at: i + 1 for at in range(9)} for i in range(600)}
        history.record("staging", Past(counts=counts))
        assert self.read(history).counts == counts


class TestDecisionBook:
    @pytest.fixture
    def book(self, kind, request):
        if kind == "fake":
            return FakeDecisionBook()
        return RedisDecisionBook(request.getfixturevalue("redis_client"))

    def test_what_was_decided_is_there_by_cluster(self, book):
        for decision in DECISIONS:
            assert book.put("staging", decision) is None
        book.put("staging", Claim("c-2", "U2", 8))
        assert book.all("staging") == {
            "c-1": Decisions(*DECISIONS),  # type: ignore[arg-type]
            "c-2": Decisions(claim=Claim("c-2", "U2", 8)),
        }
        assert book.all("prod") == {}

    def test_one_of_a_kind_and_the_one_before_comes_back(self, book):
        other = Acknowledgement("c-1", "U2", "until the fix", 6)
        book.put("staging", ACK)
        assert book.put("staging", other) == ACK
        assert book.all("staging")["c-1"].expected == other

    @pytest.mark.parametrize("decision", DECISIONS, ids=lambda d: type(d).__name__)
    def test_what_is_taken_back_comes_back_and_is_gone(self, book, decision):
        book.put("staging", decision)
        assert book.remove("staging", "c-1", type(decision)) == decision
        assert book.remove("staging", "c-1", type(decision)) is None
        assert book.all("staging") == {}


@pytest.mark.redis
class TestDecisionBookOnRedis:
    def test_nothing_of_it_ever_expires(self, redis_client):
        RedisDecisionBook(redis_client).put("staging", ACK)
        assert redis_client.ttl("gardener:v2:tests:staging:decisions") == -1

    def test_what_a_newer_version_wrote_spoils_nothing(self, redis_client):
        book = RedisDecisionBook(redis_client)
        book.put("staging", ACK)
        name = "gardener:v2:tests:staging:decisions"
        data = json.loads(redis_client.hget(name, "c-1|expected")) | {"vote": 3}
        redis_client.hset(name, "c-1|expected", json.dumps(data))
        redis_client.hset(name, "c-1|vote", "{}")
        redis_client.hset(name, "c-2|claim", "{}")
        assert book.all("staging") == {"c-1": Decisions(expected=ACK)}

    def test_an_acknowledgement_survives_kill_9(self, state_dir):
        client = store.connect(None, state_dir, INSTALLATION)
        RedisDecisionBook(client).put("staging", ACK)
        os.kill(client.info("server")["process_id"], signal.SIGKILL)
        assert RedisDecisionBook(client).all("staging") == {"c-1": Decisions(expected=ACK)}
        other = store.connect(None, state_dir, INSTALLATION)
        assert RedisDecisionBook(other).all("staging") == {"c-1": Decisions(expected=ACK)}


RULES: list[Same | Split] = [
    Same(Member("c-1", "C1", "Ünï"), (Member("c-2", "C2"), Member("c-3", "C3")), "U1", 5),
    Split(Member("c-1", "C1"), "a <token>", Member("c-9", "C9"), "U2", 3),
]


class TestRuleBook:
    @pytest.fixture
    def rules(self, kind, request):
        if kind == "fake":
            return FakeRuleBook()
        return RedisRuleBook(request.getfixturevalue("redis_client"))

    def test_what_was_taught_is_there_the_oldest_first(self, rules):
        assert [rules.put("staging", rule) for rule in RULES] == [True, True]
        assert list(rules.all("staging")) == [RULES[1], RULES[0]]
        assert list(rules.all("prod")) == []

    def test_taught_again_the_first_teacher_is_kept(self, rules):
        rules.put("staging", RULES[0])
        assert rules.put("staging", replace(RULES[0], by="U9", at=99)) is False
        assert list(rules.all("staging")) == [RULES[0]]

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
    def test_taken_back_it_comes_back_and_is_gone(self, rules, rule):
        rules.put("staging", rule)
        assert rules.remove("staging", rule.id) == rule
        assert rules.remove("staging", rule.id) is None
        assert list(rules.all("staging")) == []


@pytest.mark.redis
class TestRuleBookOnRedis:
    def test_it_never_expires_and_a_newer_version_spoils_nothing(self, redis_client):
        rules = RedisRuleBook(redis_client)
        rules.put("staging", RULES[0])
        name = "gardener:v2:tests:staging:rules"
        assert redis_client.ttl(name) == -1
        data = json.loads(redis_client.hget(name, f"same|{RULES[0].id}")) | {"vote": 3}
        redis_client.hset(name, f"same|{RULES[0].id}", json.dumps(data))
        redis_client.hset(name, "merge|t-1", "{}")
        redis_client.hset(name, "split|t-2", "{}")
        assert list(rules.all("staging")) == [RULES[0]]


def subscription(environment="staging", channel="C1", at="09:00") -> Subscription:
    return Subscription(environment, channel, at, "Europe/Berlin", "U1", 4)


class TestSubscriptions:
    @pytest.fixture
    def subscriptions(self, kind, request):
        if kind == "fake":
            return FakeSubscriptions()
        return RedisSubscriptions(request.getfixturevalue("redis_client"))

    def test_one_an_environment_and_channel(self, subscriptions):
        assert list(subscriptions.all()) == []
        for one in (subscription(), subscription(at="10:00"), subscription("prod")):
            subscriptions.put(one)
        found = sorted(subscriptions.all(), key=lambda s: s.environment)
        assert found == [subscription("prod"), subscription(at="10:00")]

    def test_off_for_one_environment_or_all_of_a_channel(self, subscriptions):
        kept = subscription(channel="C2")
        for one in (subscription(), subscription("prod"), subscription("dev"), kept):
            subscriptions.put(one)
        assert list(subscriptions.remove("C1", "staging")) == [subscription()]
        assert list(subscriptions.remove("C1", "staging")) == []
        assert {s.environment for s in subscriptions.remove("C1", None)} == {"prod", "dev"}
        assert list(subscriptions.all()) == [kept]


def watch(environment="staging", channel="C1", every=300) -> Watch:
    return Watch(environment, channel, every, Priority.P1, "U1", 4)


class TestWatches:
    @pytest.fixture
    def watches(self, kind, request):
        return (
            FakeWatches()
            if kind == "fake"
            else RedisWatches(request.getfixturevalue("redis_client"))
        )

    def test_one_an_environment_and_channel(self, watches):
        for one in (watch(), watch(every=60), watch("prod"), watch(channel="C2")):
            watches.put(one)
        assert set(watches.all()) == {watch(every=60), watch("prod"), watch(channel="C2")}
        assert set(watches.remove("C1", None)) == {watch(every=60), watch("prod")}
        assert list(watches.remove("C1", "staging")) == []
        assert list(watches.all()) == [watch(channel="C2")]

    def test_what_it_posted_is_remembered_for_each_channel(self, watches):
        alert = Alert("17.5", ("c-1", "c-2"), Priority.P0, 3, 15, over=9, times=2, quiet_until=12)
        memory = WatchMemory({"c-1": alert}, looked=7, day=1, posts=2, held=("c-3",))
        assert watches.memory("staging", "C1") == WatchMemory()
        watches.remember("staging", "C1", memory)
        assert watches.memory("staging", "C1") == memory
        assert watches.memory("staging", "C2") == WatchMemory()


def report(title="It fails") -> Report:
    cluster = Cluster(
        id="c-1",
        name="C1",
        title=title,
        template="It <*>",
        severity=Severity.ERROR,
        priority=Priority.P2,
        reasons=("repeats",),
        count=3,
        occurrences=2,
        first_seen=1,
        last_seen=None,
        histogram=(0, 3),
        sample={"jsonPayload": {"a": [1, None, {"b": 2.5}]}, "odd": "\ud83d"},
    )
    return Report(
        environment="staging",
        services=("api",),
        project="acme",
        region="europe-west1",
        query="severity>=WARNING",
        window=Window(0, 10),
        coverage=Coverage(read=3, clustered=3, missing=(Window(4, 5),), notes=("quota",)),
        clusters=(cluster,),
        generated=1_758_000_000_000_000_001,
    )


class TestReportCache:
    @pytest.fixture
    def cache(self, kind, request):
        if kind == "fake":
            return FakeReportCache()
        return RedisReportCache(request.getfixturevalue("redis_client"))

    def test_a_report_comes_back_as_it_was(self, cache):
        assert cache.get("staging", "any key: 2d\n*") is None
        cache.put("staging", "any key: 2d\n*", report(), 600)
        assert cache.get("staging", "any key: 2d\n*") == report()
        assert cache.get("prod", "any key: 2d\n*") is None

    def test_the_last_one_counts(self, cache):
        cache.put("staging", "k", report(), None)
        cache.put("staging", "k", report("It works"), None)
        assert cache.get("staging", "k") == report("It works")

    def test_it_expires_where_it_should(self, cache, request):
        cache.put("staging", "brief", report(), 600)
        cache.put("staging", "kept", report(), None)
        if isinstance(cache, FakeReportCache):
            cache.now = 600
            assert cache.get("staging", "brief") is None
            assert cache.get("staging", "kept") is not None
        else:
            client = request.getfixturevalue("redis_client")
            lives = sorted(
                client.ttl(name) for name in client.keys("gardener:v2:tests:staging:report:*")
            )
            assert lives[0] == -1
            assert 0 < lives[1] <= 600


class TestLocks:
    @pytest.fixture
    def locks(self, kind, request):
        if kind == "fake":
            return FakeLocks()
        return RedisLocks(request.getfixturevalue("redis_client"))

    def test_the_first_wins_and_may_ask_again(self, locks):
        assert locks.once("post", 60, "me")
        assert not locks.once("post", 60, "you")
        assert locks.once("post", 60, "me")
        assert locks.once("another", 60, "you")

    def test_only_the_holder_lets_the_next_one_in(self, locks):
        locks.once("post", 60, "me")
        locks.release("post", "you")
        assert not locks.once("post", 60, "you")
        locks.release("post", "me")
        assert locks.once("post", 60, "you")

    def test_of_many_at_once_one_wins(self, locks):
        tokens = count()
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda _: locks.once("post", 60, str(next(tokens))), range(50)))
        assert sum(won) == 1


@pytest.mark.redis
class TestStore:
    def test_forget_erases_an_environment_and_no_other(self, redis_client):
        registry = RedisRegistry(redis_client, [SECRET], masks=masks())
        cache = RedisReportCache(redis_client)
        for name in ("sta", "sta*", "staging"):
            registry.resolve(name, [candidate("c-1", "a")])
            RedisDecisionBook(redis_client).put(name, ACK)
            RedisSubscriptions(redis_client).put(subscription(name))
            cache.put(name, "k", report(), 600)
        before = redis_client.dbsize()
        told = store.forget(redis_client, "sta*")
        assert told == before - redis_client.dbsize() > 5
        assert {s.environment for s in RedisSubscriptions(redis_client).all()} == {"sta", "staging"}
        assert RedisDecisionBook(redis_client).all("sta*") == {}
        assert cache.get("staging", "k") == report()
        assert store.forget(redis_client, "sta*") == 0

    def test_calls_are_limited_across_clients(self, redis_client):
        one = RedisRateLimit(redis_client, "logging", 3, 60)
        other = RedisRateLimit(redis_client, "logging", 3, 60)
        assert [one.take("p"), other.take("p"), one.take("p")] == [0, 0, 0]
        assert 0 < other.take("p") <= 60
        assert other.take("q") == 0
        assert RedisRateLimit(redis_client, "another", 3, 60).take("p") == 0

    def test_an_unreachable_store_is_one_sentence(self, state_dir):
        client = store.connect("redis://:hunter2@127.0.0.1:1/0", state_dir, INSTALLATION)
        with pytest.raises(Unavailable, match=r"^The store is unreachable since \d\d:\d\d UTC\.$"):
            store.ping(client)
        with pytest.raises(Unavailable, match="unreachable"):
            RedisDecisionBook(client).all("staging")

    def test_a_wrong_password_is_refused_without_being_told(self, redis_client):
        path = redis_client.connection_pool.make_connection().path
        redis_client.acl_setuser("someone", enabled=True, passwords=["+right"], reset=True)
        client = store.connect(f"unix://someone@{path}?password=hunter2", Path(), INSTALLATION)
        with pytest.raises(Refused, match="REDIS_URL") as refusal:
            store.ping(client)
        assert "hunter2" not in str(refusal.value)

    def test_an_address_that_cannot_be_read_is_refused(self, state_dir):
        with pytest.raises(Refused, match="REDIS_URL"):
            store.connect("redis://:hunter2@host:port/0", state_dir, INSTALLATION)
