"""A cluster's id outlives the run: thirty windows of a service that changes, and a better mask."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bot.adapters.redis.decisions import RedisDecisionBook
from bot.adapters.redis.grouping_rules import RedisRuleBook
from bot.adapters.redis.registry import RedisRegistry
from bot.adapters.redis.registry_entry import Masks
from bot.core.clusters.aliases import AliasedDecisions
from bot.core.clusters.clusters import content_id
from bot.core.clusters.grouping import group, joins
from bot.core.entries.understand import Kind
from bot.core.model.decisions import Acknowledgement
from bot.core.model.grouping_rules import Teaching
from bot.core.ports import Candidate
from bot.core.text.mask import (
    LIMIT,
    MASKS,
    collapse,
    mask,
)
from tests.core import changing
from tests.core.logs import entry, report, request
from tests.fakes.store import FakeRegistry

SECRET = b"a secret of the tests"


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.redis)])
def registry(request):
    if request.param == "fake":
        return FakeRegistry()
    return RedisRegistry(request.getfixturevalue("redis_client"), [SECRET])


@pytest.mark.redis
def test_entries_keep_the_id_that_their_message_had_first(redis_client):
    registry = RedisRegistry(redis_client, [SECRET])
    first: dict[str, str] = {}
    messages: dict[str, set[str]] = {}
    kept: Counter[bool] = Counter()
    for window in changing.windows():
        found = report([entry for _, entry in window], registry=registry)
        ids = {member: c.id for c in found.clusters for member in c.members}
        for kind, one in window:
            id_ = ids[one["insertId"]]
            kept[first.setdefault(kind, id_) == id_] += 1
            messages.setdefault(id_, set()).add(kind)
    assert kept.total() == sum(1 for window in changing.windows() for _ in window)
    assert kept[True] >= 0.995 * kept.total()
    assert [kinds for kinds in messages.values() if len(kinds) > 1] == []


def providers(*names):
    return [
        entry(f"Payment was refused by provider {name}", "ERROR", i) for i, name in enumerate(names)
    ]


def by_member(found, entries):
    ids = {member: c.id for c in found.clusters for member in c.members}
    return [ids[each["insertId"]] for each in entries]


def test_two_known_clusters_stay_two_where_grouping_now_sees_values(registry):
    early = providers("alpha", "bravo")
    alpha, bravo = by_member(report(early, registry=registry), early)
    assert alpha != bravo
    later = providers("alpha", "bravo", "bravo", "carol", "delta", "echo", "foxtrot")
    ids = by_member(report(later, registry=registry), later)
    assert ids == [alpha, bravo, bravo, bravo, bravo, bravo, bravo], (
        "the new ones are with the most"
    )
    again = providers("carol", "alpha")
    assert by_member(report(again, registry=registry), again) == [bravo, alpha]
    assert [each.name for each in registry.all("staging")] == ["C1", "C2"]


def traceback(function, error):
    text = (
        "Traceback (most recent call last):\n"
        f'  File "/app/shop/cart.py", line 12, in {function}\n'
        "    total = price[item]\n"
        f"{error}"
    )
    return entry(text, "ERROR")


def test_a_tracebacks_variants_are_those_of_its_own_place(registry):
    first = [traceback("add", "KeyError: 'apple'")]
    [known] = by_member(report(first, registry=registry), first)
    same = [traceback("add", "KeyError: 'pear'")]
    assert by_member(report(same, registry=registry), same) == [known]
    for other in (traceback("drop", "KeyError: 'plum'"), traceback("add", "ValueError: 'plum'")):
        assert by_member(report([other], registry=registry), [other]) != [known]


def test_requests_have_no_variants(registry):
    first = [request(503, "/api/one/of/many/long/words-a")]
    [known] = by_member(report(first, registry=registry), first)
    other = [request(503, "/api/one/of/many/long/words-b")]
    assert by_member(report(other, registry=registry), other) != [known]


# --- a better mask -------------------------------------------------------------------------------

TEXTS = [
    *(f"Login failed for user ana from 10.0.0.{n}" for n in range(3)),
    "Created user ana@example.org in 30 ms",
    "Created user bob@example.org in 7 s",
    "cannot open /var/lib/x/data.db",
    "cannot open /var/lib/y/more.db",
    "GET https://example.org/a?b=c failed",
    "GET https://example.com/ failed",
    'got {"user": "ana", "n": 7} from the queue',
    'got {"user": "bob", "n": 9} from the queue',
    "at Fri Jun 17 07:07:02 2005 again",
    "at Sat Jul 18 07:07:02 2005 again",
    "revision web-00598-qss of pod-7d4b9-x2z",
    "revision web-00612-abc of pod-8d4b9-x3z",
    "user=guest size=5",
    "user=admin size=7",
    "done (env: staging, size: big)",
    "done (env: prod, size: small)",
    "ready:true, last null",
    "ready:false, last null",
    "index -1, lifetime <1 sec",
    "index 1, lifetime 3 sec",
    "Rect(0, 0 - 720, 1280) of [1,2]",
    "from n219.example.net:80 and smtp.example.com",
    "from n220.example.net:80 and mail.example.com",
    "[U+1F511] signed in",
    "signed in",
    "proxy.hk:443 closed the tunnel",
    "proxy.hk:8443 closed the tunnel",
    "port GID 00:05:ad:bd:00:1a:22:33:44 appeared",
    "port GID 11:05:ae:bd:00:2a:22:33:4f appeared",
    "payload data REDACTED came",
    "payload data [FILTERED] came",
    "login of tty= ruser= failed",
    "A message that never varies",
]


def older(without: str):
    """The mask before one of its rules was there."""
    rules = [rule for rule in MASKS if rule.name != without]

    def masked(text: str) -> str:
        text = re.sub(r"\s+", " ", collapse(text)[:LIMIT]).strip()
        for rule in rules:
            text = rule.pattern.sub(rule.replacement, text)
        return text

    return masked


def resolved(registry, texts, masked):
    """Text -> id, each group of messages a cluster."""
    templates = group(Counter(map(masked, texts)))
    members: dict[str, list[str]] = {}
    for message, template in templates.items():
        members.setdefault(template, []).append(message)
    candidates = [
        Candidate(content_id(Kind.MESSAGE, template), template, tuple(sorted(messages)))
        for template, messages in sorted(members.items())
    ]
    found = registry.resolve("staging", candidates)
    ids = {m: i.id for c, i in zip(candidates, found, strict=True) for m in c.masked}
    return {text: ids[masked(text)] for text in texts}


@pytest.mark.redis
@pytest.mark.parametrize("rule", [rule.name for rule in MASKS])
def test_a_store_of_an_older_mask_keeps_every_acknowledgement(redis_client, rule):
    before = older(rule)
    old = RedisRegistry(redis_client, [SECRET], masks=Masks(1, before, joins))
    was = resolved(old, TEXTS, before)
    book = AliasedDecisions(RedisDecisionBook(redis_client), RedisRuleBook(redis_client))
    for cluster in set(was.values()):
        book.put("staging", Acknowledgement(cluster, "U1", f"of {cluster}", 1))

    new = RedisRegistry(redis_client, [SECRET], masks=Masks(2, mask, joins))
    known = new.known("staging", [mask(text) for text in TEXTS])
    assert set(known) == {mask(text) for text in TEXTS}, "asked first, it knows them already"
    now = {text: known[mask(text)] for text in TEXTS}
    resolved(new, TEXTS, mask)

    assert new.known("staging", list(known)) == known
    teaching = Teaching(RedisRuleBook(redis_client).all("staging"))
    decisions = book.all("staging")
    for text in TEXTS:
        assert was[text] in teaching.together(now[text]), text
        assert decisions[now[text]].expected is not None
        assert decisions[was[text]].expected is not None
    assert redis_client.hlen("gardener:v2:tests:staging:decisions") == len(set(was.values()))
    assert len(new.all("staging")) == len(set(was.values())), "nothing is new"


@pytest.mark.redis
def test_what_a_better_mask_makes_one_is_one_the_decided_first(redis_client):
    old = RedisRegistry(redis_client, [SECRET], masks=Masks(1, lambda text: text, joins))
    old.resolve("staging", [Candidate("c-1", "took 1 s", ("took 1 s",))])
    old.resolve("staging", [Candidate("c-2", "took 2 s", ("took 2 s",))])
    old.resolve("staging", [Candidate("c-3", "took 3 s", ("took 3 s", "gave up"))])
    book = AliasedDecisions(RedisDecisionBook(redis_client), RedisRuleBook(redis_client))
    book.put("staging", Acknowledgement("c-2", "U1", "known", 1))
    new = RedisRegistry(redis_client, [SECRET], masks=Masks(2, mask, joins))
    found = new.resolve("staging", [Candidate("c-8", "took <*>", ("took <*>",))])
    assert [identity.id for identity in found] == ["c-2"]
    assert new.known("staging", ["took <*>", "gave up"]) == {"took <*>": "c-2", "gave up": "c-3"}
    teaching = Teaching(RedisRuleBook(redis_client).all("staging"))
    assert teaching.together("c-2") == ("c-2", "c-1"), "c-3 has a message of its own"


@pytest.mark.redis
def test_words_that_an_older_mask_took_for_values_split_nothing(redis_client):
    texts = [
        "rpc error: code = Unavailable desc = connection refused by the upstream",
        "rpc error: code = Internal desc = connection refused by the upstream",
        "rpc error: code = NotFound desc = user is gone",
    ]

    def before(text: str) -> str:
        return mask(re.sub(r"(code|desc) = \w+", r"\1 = <*>", text))

    old = RedisRegistry(redis_client, [SECRET], masks=Masks(1, before, joins))
    was = resolved(old, texts, before)
    assert len(set(was.values())) == 2
    new = RedisRegistry(redis_client, [SECRET], masks=Masks(2, mask, joins))
    assert resolved(new, texts, mask) == was


@pytest.mark.redis
def test_a_tracebacks_place_is_not_masked_anew(redis_client):
    place = "shop.v1.cart.add"
    one = Candidate("c-1", "KeyError: 5", (f"KeyError: 5 in {place}",), place=place)
    RedisRegistry(redis_client, [SECRET], masks=Masks(1, lambda text: text, joins)).resolve(
        "staging", [one]
    )
    new = RedisRegistry(redis_client, [SECRET], masks=Masks(2, mask, joins))
    assert new.known("staging", [f"KeyError: <*> in {place}"]) == {
        f"KeyError: <*> in {place}": "c-1"
    }
