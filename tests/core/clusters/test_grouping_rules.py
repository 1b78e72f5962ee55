"""What people teach about grouping: which clusters are one, which are two, and taking it back."""

from __future__ import annotations

import itertools
import random

import pytest

from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.clusters import rule_preview
from bot.core.clusters.aliases import AliasedDecisions, as_taught
from bot.core.model.decisions import Acknowledgement, Claim, Decisions, IssueLink, Pending
from bot.core.model.environment import Environment, Query
from bot.core.model.errors import UsageError
from bot.core.model.grouping_rules import (
    Member,
    Same,
    Split,
    Teaching,
    apart_id,
    dividing,
    holds,
    same,
    split,
)
from bot.core.model.values import DAY, Severity
from bot.core.ports import Remembered
from tests.core.logs import (
    WINDOW,
    Entries,
    entry,
    shuffled,
)
from tests.fakes.store import FakeDecisionBook, FakeRegistry, FakeRuleBook

A, B, C, D = (Member(f"c-{letter}", f"C{n}", letter) for n, letter in enumerate("abcd", start=1))


def split_of(cluster: Member, token: str, name: str = "C9", at: int = 0) -> Split:
    return Split(cluster, token, Member(apart_id(cluster.id, token), name), at=at)


# --- rules ---------------------------------------------------------------------------------------


class TestTokens:
    @pytest.mark.parametrize(
        ("message", "token"),
        [
            ("Invalid message type 'legacy_response': <*>", "legacy_response"),
            ("Invalid message type 'legacy_response': <*>", "LEGACY_RESPONSE"),
            ("pool  exhausted after <*>", "pool exhausted"),
            ("exit(3) again", "exit(3)"),
            ("an a.b.C object", "a.b.C"),
        ],
    )
    def test_a_message_holds_whole_words(self, message, token):
        assert holds(message, token)

    @pytest.mark.parametrize(
        ("message", "token"), [("legacy_responses", "legacy_response"), ("a", ""), ("axb", "a.b")]
    )
    def test_parts_of_words_are_none(self, message, token):
        assert not holds(message, token)

    def test_words_that_divide_come_most_even_first(self):
        wordings = ["no user ana <*>", "no user bob <*>", "no user ana at all", "no user carl"]
        assert dividing(wordings)[0] == "ana"
        assert "user" not in dividing(wordings)


class TestRules:
    def test_what_is_the_same_lives_on_under_one_id(self):
        teaching = Teaching([Same(A, (C,))])
        assert [teaching.canonical(x.id) for x in (A, B, C)] == ["c-a", "c-b", "c-a"]
        assert teaching.together("c-c") == ("c-a", "c-c")
        assert teaching.together("c-b") == ("c-b",)

    def test_chains_in_any_order_lead_to_the_same(self):
        rules = [Same(C, (D,), at=1), Same(A, (C,), at=2), Same(A, (B,), at=3)]
        for order in itertools.permutations(rules):
            teaching = Teaching(order)
            assert {teaching.canonical(x.id) for x in (A, B, C, D)} == {"c-a"}
            assert teaching.version == Teaching(rules).version

    def test_two_that_were_taught_at_once_make_no_circle(self):
        teaching = Teaching([Same(A, (B,)), Same(B, (A,))])
        assert {teaching.canonical("c-a"), teaching.canonical("c-b")} == {"c-a"}

    def test_a_split_takes_out_what_has_the_token(self):
        rule = split_of(A, "ana")
        teaching = Teaching([rule])
        assert teaching.place("c-a", "no user ana") == rule.apart.id
        assert teaching.place("c-a", "no user bob") == "c-a"
        assert teaching.place("c-b", "no user ana") == "c-b"

    def test_splits_of_splits_and_of_what_is_the_same(self):
        first = split_of(A, "user", at=1)
        second = split_of(first.apart, "ana", "C10", at=2)
        rules: list[Same | Split] = [first, second, Same(A, (B,), at=3)]
        for order in itertools.permutations(rules):
            teaching = Teaching(order)
            assert teaching.place("c-b", "no user ana") == second.apart.id
            assert teaching.place("c-b", "no user bob") == first.apart.id
            assert teaching.place("c-b", "no ana") == "c-a"

    def test_what_was_taken_out_may_be_the_same_as_another(self):
        rule = split_of(A, "ana")
        teaching = Teaching([rule, Same(B, (rule.apart,))])
        assert teaching.place("c-a", "no ana") == "c-b"

    def test_the_same_rule_is_the_same_whoever_teaches_it(self):
        assert Same(A, (B, C), "U1", 1).id == Same(A, (C, B), "U2", 2).id
        assert split_of(A, "Ana").id == split_of(A, "ana").id
        assert Teaching([]).version == ""


class TestMakingRules:
    def test_the_one_with_a_decision_lives_on_else_the_older(self):
        assert same([C, A], [], Teaching(), by="U1", at=1).keep == A
        assert same([A, C], ["c-c"], Teaching(), by="U1", at=1).keep == C
        assert same([C, A, B], ["c-c", "c-b"], Teaching(), by="U1", at=1).keep == B

    def test_those_that_are_one_already_say_so(self):
        with pytest.raises(UsageError, match="C1 and C2 are one already"):
            same([A, B], [], Teaching([Same(A, (B,))]), by="U1", at=1)
        with pytest.raises(UsageError, match="one already"):
            same([A, A], [], Teaching(), by="U1", at=1)

    def test_an_alias_stands_for_the_one_that_lives_on(self):
        rule = same([B, C], [], Teaching([Same(A, (B,))]), by="U1", at=1)
        assert (rule.keep, rule.others) == (A, (C,))

    def test_a_split_is_undone_and_not_taught_away(self):
        rule = split_of(A, "ana")
        with pytest.raises(UsageError, match="undo that"):
            same([A, rule.apart], [], Teaching([rule]), by="U1", at=1)

    @pytest.mark.parametrize(
        ("token", "why"), [("zoe", "No wording"), ("user", "Every wording"), (" ", "which word")]
    )
    def test_a_token_that_divides_nothing_is_told(self, token, why):
        with pytest.raises(UsageError, match=why):
            split(A, token, ["user ana", "user bob"], Teaching(), by="U1", at=1)

    def test_a_token_that_divides(self):
        rule = split(A, "ana", ["user ana", "user bob"], Teaching(), by="U1", at=1)
        assert (rule.cluster, rule.token, rule.apart.id) == (A, "ana", apart_id("c-a", "ana"))


# --- decisions -----------------------------------------------------------------------------------

ACK = Acknowledgement("c-b", "U1", "load test", 5)
LINK = IssueLink("c-b", "acme/backend", 12, "https://example.com/12", "It fails", "U1", 7)


class TestDecisions:
    @pytest.fixture
    def book(self):
        return FakeDecisionBook()

    @pytest.fixture
    def rules(self):
        return FakeRuleBook()

    def test_what_is_one_has_the_decisions_of_all_once(self, book, rules):
        aliased = AliasedDecisions(book, rules)
        for decision in (ACK, LINK, Claim("c-a", "U2", 1), Claim("c-c", "U3", 1)):
            book.put("staging", decision)
        rules.put("staging", Same(A, (B,)))
        whole = Decisions(expected=ACK, issue=LINK, claim=Claim("c-a", "U2", 1))
        found = aliased.all("staging")
        assert dict(found) == {"c-a": whole, "c-c": Decisions(claim=Claim("c-c", "U3", 1))}
        assert found.get("c-b") == whole, "an older report's card is found as well"
        rules.remove("staging", Same(A, (B,)).id)
        assert aliased.all("staging")["c-b"] == Decisions(expected=ACK, issue=LINK)

    def test_a_decision_on_an_alias_is_one_on_what_lives_on(self, book, rules):
        aliased = AliasedDecisions(book, rules)
        book.put("staging", ACK)
        rules.put("staging", Same(A, (B,)))
        mine = Claim("c-b", "U2", 8)
        assert aliased.put("staging", mine) is None
        assert book.all("staging")["c-a"].claim == Claim("c-a", "U2", 8)
        newer = Acknowledgement("c-b", "U2", "until the fix", 9)
        assert aliased.put("staging", newer) == ACK

    def test_taken_back_it_is_gone_from_all(self, book, rules):
        aliased = AliasedDecisions(book, rules)
        book.put("staging", ACK)
        book.put("staging", Acknowledgement("c-a", "U1", "x", 1))
        rules.put("staging", Same(A, (B,)))
        gone = aliased.remove("staging", "c-b", Acknowledgement)
        assert gone == Acknowledgement("c-a", "U1", "x", 1)
        assert dict(aliased.all("staging")) == {}
        assert aliased.remove("staging", "c-b", Acknowledgement) is None

    def test_what_waits_for_github_keeps_the_id_of_its_marker(self, book, rules):
        aliased = AliasedDecisions(book, rules)
        rules.put("staging", Same(A, (B,)))
        pending = Pending("c-b", "U1", 1, "acme/backend", "create", "body", False)
        aliased.put("staging", pending)
        assert aliased.all("staging")["c-a"].pending == pending
        aliased.remove("staging", "c-b", Pending)
        assert dict(aliased.all("staging")) == {}


# --- reports -------------------------------------------------------------------------------------

POOL = "Connection pool exhausted while waiting for a free connection"
DATABASE = "Database gave no connection in time, so the request was dropped"
REFUSED = "Payment of the customer was refused by provider {}"
NAMES = ["alpha", "bravo", "carol", "delta", "echo", "foxtrot"]


class House:
    """A service whose reports are read with a registry and rules."""

    def __init__(self):
        self.registry, self.rules = FakeRegistry(), FakeRuleBook()

    def report(self, entries, rules=None):
        return analyze(
            Outside(
                Entries(list(entries)),
                registry=self.registry,
                rules=self.rules.all("staging") if rules is None else rules,
            ),
            Query("staging", "p", (), WINDOW, Severity.WARNING),
            Environment("staging", "p"),
            now=WINDOW.end,
            keep_members=True,
        )

    def named(self, report, words):
        found = next(c for c in report.clusters if words in c.title or words in c.template)
        return Member(found.id, found.name, found.title)


def lines():
    texts = [POOL] * 5 + [DATABASE] * 3
    return [entry(text, "ERROR", i) for i, text in enumerate(texts)]


def payments():
    return [entry(REFUSED.format(name), "ERROR", i) for i, name in enumerate(NAMES * 2)]


@pytest.fixture
def house():
    return House()


def test_two_clusters_become_one_and_two_again(house):
    first = house.report(lines())
    pool, database = house.named(first, POOL), house.named(first, DATABASE)
    rule = same([pool, database], [], Teaching(), by="U1", at=1)
    house.rules.put("staging", rule)
    [one] = house.report(lines()).clusters
    assert (one.id, one.name, one.count, one.occurrences) == (pool.id, pool.name, 8, 8)
    assert len(one.members) == 8
    house.rules.remove("staging", rule.id)
    again = house.report(lines())
    assert {(c.id, c.name, c.count) for c in again.clusters} == {
        (c.id, c.name, c.count) for c in first.clusters
    }


def test_where_only_the_other_is_there_it_is_called_as_the_one_that_lives_on(house):
    first = house.report(lines())
    pool, database = house.named(first, POOL), house.named(first, DATABASE)
    house.rules.put("staging", same([pool, database], [], Teaching(), by="U1", at=1))
    [one] = house.report(lines()[5:]).clusters
    assert (one.id, one.name, one.count, one.state) == (pool.id, pool.name, 3, "recurring")


def test_a_new_variant_of_either_belongs_to_the_one(house):
    tail = "Worker of the nightly import gave up after its last try: {}"
    first = house.report([*lines(), entry(tail.format("the disk is full"), "ERROR", 1)])
    pool, tailed = house.named(first, POOL), house.named(first, "nightly")
    house.rules.put("staging", same([pool, tailed], [], Teaching(), by="U1", at=1))
    later = [entry(tail.format("somebody pulled the plug"), "ERROR", 1)]
    assert [c.id for c in house.report(later).clusters] == [pool.id]


def test_a_cluster_becomes_two_and_one_again(house):
    [whole] = house.report(payments()).clusters
    [known] = house.registry.all("staging")
    rule = split(house_name(whole), "alpha", known.masked, Teaching(), by="U1", at=1)
    house.rules.put("staging", rule)
    report = house.report(payments())
    assert {c.id: c.count for c in report.clusters} == {whole.id: 10, rule.apart.id: 2}
    part = report.cluster(rule.apart.id)
    assert (part.name, part.template) == ("C2", REFUSED.format("alpha"))
    assert house.registry.find("staging", "C2") == rule.apart.id
    assert house.report(payments()).cluster("C2").state == "recurring"
    house.rules.remove("staging", rule.id)
    assert [(c.id, c.count) for c in house.report(payments()).clusters] == [(whole.id, 12)]


def house_name(cluster):
    return Member(cluster.id, cluster.name, cluster.title)


def test_a_new_wording_with_the_token_goes_where_the_token_goes(house):
    [whole] = house.report(payments()).clusters
    rule = split_of(house_name(whole), "refused by provider golf")
    house.rules.put("staging", rule)
    report = house.report([*payments(), entry(REFUSED.format("golf"), "ERROR", 99)])
    assert {c.id: c.count for c in report.clusters} == {whole.id: 12, rule.apart.id: 1}
    house.rules.remove("staging", rule.id)
    again = house.report([*payments(), entry(REFUSED.format("golf"), "ERROR", 99)])
    assert [c.count for c in again.clusters] == [13]


def test_order_and_pages_do_not_matter_to_what_was_taught(house):
    read = [*lines(), *payments()]
    first = house.report(read)
    rules = [
        same([house.named(first, POOL), house.named(first, DATABASE)], [], Teaching(), by="", at=1),
        split_of(house.named(first, "Payment"), "bravo", at=2),
        split_of(house.named(first, "Payment"), "carol", at=3),
    ]
    expected = house.report(read, rules)
    assert len(expected.clusters) == 4
    for seed in range(5):
        random.Random(seed).shuffle(rules)
        found = house.report(shuffled(read, seed), rules)
        assert [(c.id, c.name, c.title, sorted(c.members)) for c in found.clusters] == [
            (c.id, c.name, c.title, sorted(c.members)) for c in expected.clusters
        ]


def test_without_a_registry_nothing_that_was_taught_is_asked(house):
    report = analyze(
        Outside(Entries(lines()), rules=[Same(A, (B,))]),
        Query("staging", "p", (), WINDOW, Severity.WARNING),
        Environment("staging", "p"),
        now=WINDOW.end,
    )
    assert len(report.clusters) == 2


def test_an_older_report_is_compared_as_it_would_be_now(house):
    before = house.report(lines())
    pool, database = house.named(before, POOL), house.named(before, DATABASE)
    rule = same([pool, database], [], Teaching(), by="U1", at=1)
    [one] = as_taught(before, Teaching([rule])).clusters
    assert (one.id, one.occurrences) == (pool.id, 8)
    assert as_taught(before, Teaching()) is before


# --- previews ------------------------------------------------------------------------------------

NOW = 100 * DAY


def known(*rows):
    return [Remembered(f"c-{n}", f"C{n}", t, (t,), NOW - 50 * DAY, seen) for n, t, seen in rows]


class TestPreview:
    def facts(self, rule, clusters, decisions=None, teaching=None):
        seen = rule_preview.PreviewData(teaching or Teaching(), clusters, decisions or {}, None)
        return rule_preview.facts(rule, seen, NOW)

    def test_it_says_what_becomes_what(self):
        clusters = known((1, "a", NOW), (2, "b", NOW - DAY), (3, "c", NOW - 20 * DAY))
        rule = Same(Member("c-1", "C1"), (Member("c-2", "C2"),))
        [counted, decided] = self.facts(rule, clusters)
        assert counted == "2 clusters become 1: of the last seven days' 2 clusters 1 are left."
        assert decided == "No decision is affected."

    def test_it_says_which_decisions_are_affected(self):
        rule = Same(Member("c-1", "C1"), (Member("c-2", "C2"),))
        decisions = {
            "c-1": Decisions(expected=ACK),
            "c-2": Decisions(expected=ACK, issue=LINK),
        }
        said = " ".join(self.facts(rule, [], decisions))
        assert "2 acknowledgements affected (C1 and C2): that of C1 holds for all." in said
        assert "#12 of C2" in said
        assert "undo gives each its own again" in said

    def test_a_split_counts_wordings_and_says_so(self):
        clusters = [Remembered("c-a", "C1", "t", ("no ana", "no bob", "no cid"), 1, NOW)]
        said = self.facts(split_of(A, "ana"), clusters, {"c-a": Decisions(expected=ACK)})
        assert said[0].startswith("1 cluster becomes 2")
        assert said[1].startswith('1 of its 3 known wordings have "ana". A wording is a message')
        assert said[2].startswith("1 acknowledgement affected: it stays with C1")

    def test_wordings_are_those_that_belong_to_it_now(self):
        clusters = [Remembered("c-a", "C1", "t", ("no ana", "no bob"), 1, NOW)]
        rule = split_of(A, "ana")
        teaching = Teaching([rule])
        assert rule_preview.wordings("c-a", teaching, clusters) == ["no bob"]
        assert rule_preview.wordings(rule.apart.id, teaching, clusters) == ["no ana"]
