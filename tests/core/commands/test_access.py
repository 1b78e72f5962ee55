"""Who may look, act and administer; everybody else gets one sentence that says how to be let in."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bot.core.commands.access import (
    Conversation,
    Person,
    may_act,
    may_administer,
    may_look,
    zone_of,
)
from bot.core.model.environment import Environment
from bot.core.model.errors import Unavailable


@dataclass
class FakeDirectory:
    """`access.Directory`; what is in `down` does not answer."""

    down: set[str] = field(default_factory=set)
    people: tuple[Person, ...] = (
        Person("U0ALICE", "Alice"),
        Person("U0BOB", "Bob"),
        Person("U0GUEST", "Gus", guest=True),
        Person("U0OTHER", "Olga", foreign=True),
    )
    places: tuple[Conversation, ...] = (
        Conversation("C0OPS", "ops"),
        Conversation("C0QUIET", "random"),
        Conversation("C0SHARED", "partners", shared=True),
        Conversation("C0FAKE", "ops", shared=True),
        Conversation("D0ALICE", "", direct=True),
    )

    def person(self, user: str) -> Person:
        return self._find(self.people, user)

    def place(self, channel: str) -> Conversation:
        return self._find(self.places, channel)

    def group(self, handle: str) -> frozenset[str]:
        if handle in self.down:
            raise Unavailable("Slack does not answer.")
        return frozenset({"U0ALICE"}) if handle in ("oncall", "S0ONCALL") else frozenset()

    def _find(self, among, wanted):
        found = next((one for one in among if one.id == wanted), None)
        if found is None or wanted in self.down:
            raise Unavailable("Slack does not answer.")
        return found


@pytest.fixture
def slack() -> FakeDirectory:
    return FakeDirectory()


def env(**lists) -> Environment:
    return Environment("staging", "netra-staging", **lists)


# --- looking -------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["C0OPS", "C0QUIET", "D0ALICE"])
def test_by_default_every_member_may_look_everywhere_at_home(slack, channel):
    assert may_look(env(), "U0BOB", channel, slack)


@pytest.mark.parametrize(
    ("user", "says"),
    [
        ("U0GUEST", "Guests may not look at staging. To be let in:"),
        ("U0OTHER", "People of other companies may not look at staging. To be let in:"),
        ("U0NOBODY", "Slack did not tell me who you are"),
    ],
)
def test_outsiders_learn_only_how_to_be_let_in(slack, user, says):
    for may in (may_look, may_act, may_administer):
        answer = may(env(), user, "C0OPS", slack)

        assert not answer
        assert says in answer.sentence
        assert user in answer.sentence
        assert "[environments.staging]" in answer.sentence


def test_a_shared_channel_is_not_told_anything(slack):
    answer = may_look(env(), "U0ALICE", "C0SHARED", slack)

    assert not answer
    assert "shared with another company" in answer.sentence
    assert '"C0SHARED"' in answer.sentence


def test_a_shared_channel_that_is_listed_by_its_id_is_meant(slack):
    assert may_look(env(channels=("C0SHARED",)), "U0ALICE", "C0SHARED", slack)


def test_a_listed_channel_by_id_and_by_name(slack):
    assert may_look(env(channels=("C0OPS",)), "U0BOB", "C0OPS", slack)
    assert may_look(env(channels=("#ops",)), "U0BOB", "C0OPS", slack)
    answer = may_look(env(channels=("#ops", "C0SHARED")), "U0BOB", "C0QUIET", slack)

    assert answer.sentence == "staging may be asked about in #ops, #partners. Ask there."
    assert not may_look(env(channels=("#ops",)), "U0BOB", "D0ALICE", slack)


def test_a_shared_channel_of_the_same_name_is_another_one(slack):
    assert not may_look(env(channels=("#ops",)), "U0BOB", "C0FAKE", slack)


def test_an_empty_list_of_channels_is_nowhere(slack):
    assert "nowhere" in may_look(env(channels=()), "U0BOB", "C0OPS", slack).sentence


def test_a_channel_that_slack_does_not_tell_of_counts_as_shared(slack):
    slack.down = {"C0OPS"}

    assert "did not tell me whether" in may_look(env(), "U0BOB", "C0OPS", slack).sentence
    assert not may_look(env(channels=("#ops",)), "U0BOB", "C0OPS", slack)
    assert may_look(env(channels=("C0OPS",)), "U0BOB", "C0OPS", slack)


def test_a_guest_who_is_named_is_let_in(slack):
    named = env(act=("U0GUEST", "U0BOB"))

    assert may_look(named, "U0GUEST", "C0OPS", slack)
    assert may_act(named, "U0GUEST", "C0OPS", slack)
    assert not may_act(named, "U0OTHER", "C0OPS", slack)


# --- acting --------------------------------------------------------------------------------------


def test_by_default_every_full_member_may_act(slack):
    assert may_act(env(), "U0BOB", "C0OPS", slack)
    assert not may_act(env(), "U0GUEST", "C0OPS", slack)


def test_a_list_names_people_and_groups(slack):
    answer = may_act(env(act=("U0ALICE",)), "U0BOB", "C0OPS", slack)

    assert answer.sentence == "You may look, but not file issues in #ops. Ask one of: Alice."
    for entry in ("U0ALICE", "@oncall", "S0ONCALL"):
        assert may_act(env(act=(entry,)), "U0ALICE", "C0OPS", slack)
        assert not may_act(env(act=(entry,)), "U0BOB", "C0OPS", slack)


def test_an_empty_list_is_nobody_admins_included(slack):
    answer = may_act(env(act=(), admin=("U0ALICE",)), "U0ALICE", "C0OPS", slack)

    assert not answer
    assert "nobody may file issues for staging" in answer.sentence


def test_a_group_that_slack_does_not_tell_of_has_nobody_in_it(slack):
    slack.down = {"oncall"}

    assert not may_act(env(act=("@oncall",)), "U0ALICE", "C0OPS", slack)
    assert not may_act(env(act=("@unknown",)), "U0ALICE", "C0OPS", slack)


def test_the_sentence_names_what_was_asked_and_a_few_people(slack):
    many = env(act=("U0ALICE", "@oncall", *(f"U{n}" for n in range(9))))
    answer = may_act(many, "U0BOB", "D0ALICE", slack, doing="mark this as expected")

    assert answer.sentence == (
        "You may look, but not mark this as expected. "
        "Ask one of: Alice, @oncall, U0, U1, U2, 6 more."
    )


def test_where_one_may_not_look_one_may_not_act(slack):
    listed = env(channels=("#ops",), act=("U0ALICE",), admin=("U0ALICE",))

    assert not may_act(listed, "U0ALICE", "C0QUIET", slack)
    assert not may_administer(listed, "U0ALICE", "C0QUIET", slack)


# --- administering -------------------------------------------------------------------------------


def test_only_admins_administer(slack):
    named = env(admin=("@oncall",))
    answer = may_administer(named, "U0BOB", "C0OPS", slack)

    assert may_administer(named, "U0ALICE", "C0OPS", slack)
    assert answer.sentence == "Only an admin may say “forever”. Ask one of: @oncall."


def test_without_admins_it_says_how_to_become_one(slack):
    answer = may_administer(env(), "U0BOB", "C0OPS", slack, doing="teach grouping")

    assert "Only an admin may teach grouping, and staging has none" in answer.sentence
    assert 'admin = ["U0BOB"]' in answer.sentence


def test_whose_zone(slack):
    slack.people = (
        Person("U0ALICE", "Alice", timezone="Europe/Berlin"),
        Person("U0BOB", "Bob"),
        Person("U0EVE", "Eve", timezone="Mars/Phobos"),
    )
    assert zone_of("U0ALICE", slack) == "Europe/Berlin"
    assert [zone_of(user, slack) for user in ("U0BOB", "U0EVE", "U0NOBODY")] == [None] * 3
