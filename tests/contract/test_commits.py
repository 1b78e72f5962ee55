"""Which commit closed an issue, and which one has which: on the fake and on the real client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.adapters.github.commits import closing
from bot.adapters.github.tracker import GitHubTracker, Token
from bot.core.model.errors import Unavailable
from playground.github.commits import merge, push
from playground.github.records import Fault
from playground.github.state import GithubState
from tests.fakes.github import FakeTracker
from tests.standins.github import serve_in_thread

REPO = "acme/backend"
TOKEN = "ghp_the_token_of_the_tests"
BASE, FIX, LATER, BRANCH = (digit * 40 for digit in "abcd")


@pytest.fixture(scope="module")
def running():
    with serve_in_thread(GithubState(token=TOKEN, content_per_minute=None)) as server:
        yield server


@pytest.fixture
def github(running):
    running.state.calls.clear()
    running.state.add_repo(REPO, private=True)
    return running


class OnGitHub:
    """The real client, and people at the stand-in."""

    def __init__(self, github):
        self.state = github.state
        self.tracker = GitHubTracker(Token(TOKEN), base_url=github.url, timeout=40)

    def push(self, commit, *parents, closes=None):
        push(self.state, REPO, commit, *parents, closes=closes)

    def merge(self, commit, *parents, closes):
        merge(self.state, REPO, commit, *parents, closes=closes)

    def closed_by_hand(self, number):
        self.state.person(REPO, number, "close")


class InMemory:
    """The fake, and people at it."""

    def __init__(self):
        self.tracker = FakeTracker(full_name=REPO)

    def push(self, commit, *parents, closes=None):
        self.tracker.commits[commit] = parents
        if closes is not None:
            self.tracker.fixes[closes] = commit
            self.closed_by_hand(closes)

    def merge(self, commit, *parents, closes):
        self.push(commit, *parents, closes=closes)

    def closed_by_hand(self, number):
        self.tracker.issues[number] = replace(self.tracker.issues[number], state="closed")


@pytest.fixture(params=["fake", "github"])
def forge(request):
    made = InMemory() if request.param == "fake" else OnGitHub(request.getfixturevalue("github"))
    made.tracker.create(REPO, "It fails", "", [])
    made.push(BASE)
    return made


class TestContract:
    @pytest.mark.parametrize("how", ["push", "merge"])
    def test_the_commit_that_closed_an_issue(self, forge, how):
        assert forge.tracker.fix(REPO, 1) is None
        getattr(forge, how)(FIX, BASE, closes=1)
        forge.push(LATER, FIX)
        assert forge.tracker.fix(REPO, 1) == FIX

    def test_a_person_closes_without_one(self, forge):
        forge.closed_by_hand(1)
        assert forge.tracker.fix(REPO, 1) is None

    def test_an_issue_that_is_not_there_has_none(self, forge):
        assert forge.tracker.fix(REPO, 7) is None

    def test_reopened_it_has_none(self, forge):
        forge.push(FIX, BASE, closes=1)
        forge.tracker.reopen(REPO, 1)
        assert forge.tracker.fix(REPO, 1) is None

    def test_what_comes_after_the_fix_has_it_and_nothing_else(self, forge):
        forge.push(FIX, BASE, closes=1)
        forge.push(LATER, FIX)
        forge.push(BRANCH, BASE)
        has = {c[0]: forge.tracker.contains(REPO, c, FIX) for c in (BASE, FIX, LATER, BRANCH)}
        assert has == {"a": False, "b": True, "c": True, "d": False}

    def test_what_is_not_there_is_not_known(self, forge):
        for commit, fix in ((BASE, "e" * 40), ("e" * 40, BASE), ("main", BASE), (BASE, "")):
            assert forge.tracker.contains(REPO, commit, fix) is None


def test_a_short_commit_is_understood(github):
    forge = OnGitHub(github)
    forge.push(BASE)
    forge.push(FIX, BASE)
    assert forge.tracker.contains(REPO, "b" * 8, "a" * 40) is True


def test_a_page_of_the_comparison_is_enough(github):
    forge = OnGitHub(github)
    forge.push(BASE)
    forge.push(FIX, BASE)
    forge.tracker.contains(REPO, FIX, BASE)
    asked = [call.query for call in github.state.calls if "/compare/" in call.path]
    assert asked == [{"per_page": "1"}]


def test_a_long_timeline_ends_with_what_closed_it(github):
    forge = OnGitHub(github)
    forge.tracker.create(REPO, "It fails", "", [])
    for _ in range(60):
        forge.closed_by_hand(1)
        forge.tracker.reopen(REPO, 1)
    forge.push(BASE, closes=1)
    assert forge.tracker.fix(REPO, 1) == BASE


@pytest.mark.parametrize("path", ["/timeline$", "/compare/", "/pulls/"])
def test_what_may_not_be_read_is_not_known_and_an_outage_is_one(github, path):
    forge = OnGitHub(github)
    forge.tracker.create(REPO, "It fails", "", [])
    forge.push(BASE)
    forge.merge(FIX, BASE, closes=1)

    def ask():
        if path == "/compare/":
            return forge.tracker.contains(REPO, FIX, BASE)
        return forge.tracker.fix(REPO, 1)

    github.state.inject(Fault("403", "GET", path))
    assert ask() is None
    github.state.inject(Fault("502", "GET", path))
    with pytest.raises(Unavailable):
        ask()


def mention(number=4, merged="2025-09-16T01:00:00Z", home=REPO):
    issue = {"number": number, "pull_request": {"merged_at": merged}}
    if home:
        issue["repository"] = {"full_name": home}
    return {"event": "cross-referenced", "source": {"type": "issue", "issue": issue}}


CLOSED = {"event": "closed", "commit_id": None, "created_at": "2025-09-16T01:00:03Z"}


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([], None),
        ([{}, CLOSED], None),
        ([CLOSED | {"commit_id": FIX}, {"event": "reopened"}], None),
        ([CLOSED | {"commit_id": FIX}, {"event": "labeled"}], FIX),
        ([mention(), CLOSED], 4),
        ([mention(home=""), CLOSED], 4),
        ([mention(), mention(5, "2025-09-14T01:00:00Z"), CLOSED], 4),
        ([mention(merged=None), CLOSED], None),
        ([mention(merged="2025-09-15T01:00:00Z"), CLOSED], None),
        ([mention(home="other/place"), CLOSED], None),
        ([{"event": "cross-referenced", "source": None}, CLOSED], None),
        ([mention(), CLOSED | {"created_at": None}], None),
    ],
)
def test_what_closed_it_is_read_from_its_timeline(events, found):
    assert closing(events, REPO) == found
