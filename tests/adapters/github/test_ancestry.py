"""Whether a commit has a fix: remembered, asked for within bounds, and never a failure."""

from __future__ import annotations

import pytest

from bot.adapters.github import ancestry
from bot.adapters.github.ancestry import Ancestry
from bot.core.model.errors import Unavailable
from bot.core.ports import Compared
from tests.fakes.github import FakeTracker
from tests.fakes.memory import FakeComparedCommits

REPO = "acme/backend"


@pytest.fixture
def tracker():
    return FakeTracker(full_name=REPO, commits={"a": (), "b": ("a",)})


def test_an_answer_is_asked_for_once_and_kept(tracker):
    known = FakeComparedCommits()
    for _ in range(2):
        contains = Ancestry(tracker, known).of("staging")
        found = [contains(REPO, *pair) for pair in (("b", "a"), ("a", "b"), ("x", "a"))]
        assert found == [True, False, None]
    assert tracker.count("contains") == 3
    assert known.seconds[Compared(True)] > 300 * 86_400
    assert known.seconds[Compared(None)] == 3_600


def test_an_outage_is_not_known_and_asked_again(tracker):
    contains = Ancestry(tracker, FakeComparedCommits()).of("staging")
    tracker.before["contains"] = [Unavailable("GitHub does not answer."), None]
    assert contains(REPO, "b", "a") is None
    assert contains(REPO, "b", "a") is True


def test_a_run_asks_so_many_times_and_no_more(tracker):
    contains = Ancestry(tracker, FakeComparedCommits()).of("staging")
    for i in range(ancestry.ASKED + 5):
        contains(REPO, str(i), "a")
    assert tracker.count("contains") == ancestry.ASKED
