"""Teaching grouping, as Slack takes it: whatever stands in titles and tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from blocks import grouping as drawn
from bot.core.model.grouping_rules import (
    Member,
    Same,
    Split,
    apart_id,
)
from tests.blocks.judges import judge_message

TEXT = st.text(max_size=300) | st.sampled_from(
    ["<!channel>", "`*_~", ":key:", "a&b<c>", "\u202e", " "]
)
TOKEN = st.text(min_size=1, max_size=200)
NAMED = st.builds(Member, st.just("c-0123456789ab"), st.just("C3"), TEXT)
RULES = st.one_of(
    st.builds(Same, NAMED, st.lists(NAMED, min_size=1, max_size=11).map(tuple), TEXT, st.just(5)),
    st.builds(Split, NAMED, TOKEN, NAMED, TEXT, st.just(5)),
)


@given(RULES, st.lists(TEXT, min_size=1, max_size=5), TEXT)
def test_previews_and_confirmations(rule, facts, computed):
    judge_message(drawn.preview(rule, facts, computed, "staging", "same C3 C5 staging"))
    judge_message(drawn.taught(rule, "staging", facts))
    judge_message(drawn.taught(rule, "staging", facts, before=True))
    judge_message(drawn.untaught(rule))


@given(st.lists(RULES, max_size=30))
def test_the_list(rules):
    judge_message(drawn.rule_list("staging", rules, now=10))


@given(NAMED, st.lists(NAMED, max_size=4), st.lists(TOKEN, max_size=4))
def test_what_a_card_offers(cluster, alike, tokens):
    judge_message(drawn.regroup(cluster, alike, tokens, "staging"))


def test_a_rule_reads_as_a_sentence():
    c3, c5, c7 = (Member(f"c-{n}", f"C{n}") for n in (3, 5, 7))
    assert drawn.headline(Same(c3, (c5,))) == "C5 is the same as C3"
    assert drawn.headline(Same(c3, (c5, c7))) == "C5 and C7 are the same as C3"
    apart = Member(apart_id("c-3", "x"), "C9")
    assert drawn.headline(Split(c3, "x", apart)) == 'C9 is what has "x" of C3'
