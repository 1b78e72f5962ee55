"""The issue tracker's contract: on the fake, and on the real client against a local GitHub."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug import Response

from bot.adapters.github.tracker import (
    App,
    GitHubTracker,
    SharedPace,
    Token,
)
from bot.core.model.errors import (
    Missing,
    Moved,
    Refused,
    Unavailable,
    UnknownOutcome,
)
from playground.github.records import Fault
from playground.github.state import GithubState
from tests.fakes.github import FakeTracker
from tests.fakes.store import FakeLocks
from tests.standins.github import serve_in_thread

REPO = "acme/backend"
TOKEN = "ghp_the_token_of_the_tests"


@pytest.fixture
def github():
    state = GithubState(token=TOKEN, content_per_minute=None)
    state.add_repo(REPO, private=True)
    state.add_repo("acme/open", private=False)
    with serve_in_thread(state) as server:
        yield server


@pytest.fixture
def tracker(github):
    return GitHubTracker(Token(TOKEN), base_url=github.url, timeout=40)


class TestContract:
    """What every tracker does."""

    @pytest.fixture(params=["fake", "github"])
    def tracker(self, request):
        if request.param == "github":
            return GitHubTracker(
                Token(TOKEN), base_url=request.getfixturevalue("github").url, timeout=5
            )
        ticks = count(1)
        return FakeTracker(full_name=REPO, now=lambda: next(ticks))

    def test_a_repository_says_whether_it_is_private(self, tracker):
        repository = tracker.repository(REPO)

        assert (repository.full_name, repository.private) == (REPO, True)

    def test_an_unknown_repository_is_refused(self, tracker):
        with pytest.raises(Refused, match="knows no acme/nothing"):
            tracker.repository("acme/nothing")

    def test_an_issue_comes_back_as_it_was_created(self, tracker):
        body = "Ünïcode ⚪\n\n<!-- gardener:v1:c-1:0 -->"
        made = tracker.create(REPO, "It fails", body, ["P2", "gardener"])

        assert (made.number, made.state, made.closed) == (1, "open", None)
        assert set(made.labels) == {"P2", "gardener"}
        assert made.url.endswith(f"/{REPO}/issues/1")
        assert tracker.issue(REPO, 1) == made
        assert made.body == body
        assert made.created > 0

    def test_recent_lists_what_was_just_created(self, tracker):
        for number in range(3):
            tracker.create(REPO, f"Issue {number}", "", [])

        assert {issue.number for issue in tracker.recent(REPO, 100)} == {1, 2, 3}
        assert len(tracker.recent(REPO, 2)) == 2

    def test_comments_come_back_oldest_first(self, tracker):
        tracker.create(REPO, "It fails", "", [])
        assert tracker.comments(REPO, 1) == ()

        address = tracker.comment(REPO, 1, "once")
        tracker.comment(REPO, 1, "twice")

        assert address.startswith("http")
        assert [c.body for c in tracker.comments(REPO, 1)] == ["once", "twice"]

    def test_a_comment_is_edited_in_its_place(self, tracker):
        tracker.create(REPO, "It fails", "", [])
        tracker.comment(REPO, 1, "once")
        tracker.comment(REPO, 1, "twice")

        tracker.edit_comment(REPO, tracker.comments(REPO, 1)[0].id, "thrice")

        assert [c.body for c in tracker.comments(REPO, 1)] == ["thrice", "twice"]

    def test_a_comment_that_was_deleted_is_missing(self, tracker):
        tracker.create(REPO, "It fails", "", [])
        with pytest.raises(Missing):
            tracker.edit_comment(REPO, 424_242, "gone")

    def test_a_file_that_is_not_there_is_none(self, tracker):
        assert tracker.text(REPO, "CODEOWNERS") is None

    def test_a_stranger_cannot_be_assigned(self, tracker):
        assert not tracker.assignable(REPO, "stranger")
        assert not tracker.assignable(REPO, "../people")

    def test_reopening_an_open_issue_does_nothing(self, tracker):
        tracker.create(REPO, "It fails", "", [])

        assert tracker.reopen(REPO, 1).state == "open"

    def test_an_issue_that_is_not_there_is_refused(self, tracker):
        for call in (tracker.issue, tracker.comments, tracker.reopen):
            with pytest.raises(Refused, match="#7 is not on GitHub"):
                call(REPO, 7)
        with pytest.raises(Refused, match="#7 is not on GitHub"):
            tracker.comment(REPO, 7, "hello")


# --- the real client -----------------------------------------------------------------------------


def posts(github):
    return [call for call in github.state.calls if call.method == "POST"]


def test_a_closed_issue_is_reopened(github, tracker):
    tracker.create(REPO, "It fails", "", [])
    repo = github.state.repo(REPO)
    github.state.update(repo, repo.issues[1], {"state": "closed"}, "alice")
    assert tracker.issue(REPO, 1).state == "closed"
    assert tracker.issue(REPO, 1).closed

    assert tracker.reopen(REPO, 1).state == "open"
    assert tracker.issue(REPO, 1).closed is None


def test_an_owner_is_assigned_and_a_file_read(github, tracker):
    repo = github.state.repo(REPO)
    repo.people.add("alice")
    repo.files["docs/CODEOWNERS"] = "* @alice  # ünïcode".encode()

    assert tracker.assignable(REPO, "alice")
    assert tracker.text(REPO, "docs/CODEOWNERS") == "* @alice  # ünïcode"
    assert tracker.text(REPO, "docs") is None

    tracker.create(REPO, "It fails", "", [], ["alice"])

    assert repo.issues[1].assignees == ["alice"]


def test_long_lists_are_paged(github, tracker):
    repo = github.state.repo(REPO)
    for number in range(230):
        github.state.create(repo, {"title": f"Issue {number}"}, "alice")
    for number in range(420):
        github.state.comment(repo, repo.issues[1], f"said {number}", "alice")

    assert len(tracker.recent(REPO, 300)) == 230
    assert len(tracker.recent(REPO, 150)) == 150
    comments = [comment.body for comment in tracker.comments(REPO, 1)]
    assert comments[-1] == "said 419"
    assert "said 230" in comments


def test_a_public_repository_is_known_as_one(tracker):
    assert tracker.repository("acme/open").private is False


@pytest.mark.parametrize("status", ["500", "502"])
def test_a_server_error_on_a_write_is_an_unknown_outcome_and_sent_once(github, tracker, status):
    github.state.inject(Fault(status, "POST"))

    with pytest.raises(UnknownOutcome, match=rf"did not confirm \({status}\).*create the issue"):
        tracker.create(REPO, "It fails", "", [])

    assert len(posts(github)) == 1


def test_a_lost_answer_is_an_unknown_outcome_though_it_was_carried_out(github, tracker):
    tracker.repository(REPO)
    github.state.inject(Fault("drop_after", "POST"))

    with pytest.raises(UnknownOutcome, match="connection lost"):
        tracker.create(REPO, "It fails", "", [])

    assert len(posts(github)) == 1
    assert [issue.title for issue in tracker.recent(REPO, 10)] == ["It fails"]


def test_a_timeout_on_a_write_is_an_unknown_outcome(github):
    tracker = GitHubTracker(Token(TOKEN), base_url=github.url, timeout=1)
    gate = threading.Event()
    github.state.inject(Fault("held", "POST", gate=gate))

    with pytest.raises(UnknownOutcome, match="time-out"):
        tracker.create(REPO, "It fails", "", [])
    gate.set()


def test_a_server_error_on_a_read_can_be_tried_again(github, tracker):
    github.state.inject(Fault("502", "GET"))

    with pytest.raises(Unavailable, match=r"does not answer \(502\)"):
        tracker.repository(REPO)


def test_a_refused_connection_is_no_unknown_outcome():
    tracker = GitHubTracker(Token(TOKEN), base_url="http://127.0.0.1:1")

    with pytest.raises(Unavailable, match="no connection"):
        tracker.create(REPO, "It fails", "", [])


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (Fault("401", "POST"), Refused, "GitHub refuses the token.*GITHUB_TOKEN"),
        (Fault("403", "POST"), Refused, "may not create the issue.*Issues"),
        (Fault("404", "POST"), Refused, f"knows no {REPO}"),
        (Fault("410", "POST"), Refused, "Issues are switched off"),
        (Fault("429", "POST"), Unavailable, "asks us to slow down"),
        (Fault("secondary", "POST", seconds=42), Unavailable, "Try again in 42 s"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_every_refusal_says_what_why_and_what_to_do(github, tracker, fault, error, says):
    github.state.inject(fault)

    with pytest.raises(error, match=says) as caught:
        tracker.create(REPO, "It fails", "", [])

    assert TOKEN not in str(caught.value)
    assert len(posts(github)) == 1
    if fault.kind == "secondary":
        assert caught.value.retry_after == 42


def test_what_github_does_not_take_is_quoted(tracker):
    with pytest.raises(Refused, match=r"does not take it.*title"):
        tracker.create(REPO, "x" * 300, "", [])


def test_a_locked_issue_and_an_archived_repository(github, tracker):
    tracker.create(REPO, "It fails", "", [])
    repo = github.state.repo(REPO)
    repo.issues[1].locked = True
    repo.archived = True

    with pytest.raises(Refused, match=r"is locked|is archived"):
        tracker.comment(REPO, 1, "hello")
    with pytest.raises(Refused, match="archived"):
        tracker.create(REPO, "It fails", "", [])


def test_a_deleted_issue_is_named(github, tracker):
    tracker.create(REPO, "It fails", "", [])
    github.state.repo(REPO).issues[1].deleted = True

    with pytest.raises(Missing, match="#1 was deleted"):
        tracker.issue(REPO, 1)


def test_an_issue_that_was_transferred_is_not_followed(github, tracker):
    tracker.create(REPO, "It fails", "", [])
    elsewhere = github.state.repo("acme/open")
    github.state.create(elsewhere, {"title": "It fails"}, "alice")
    github.state.repo(REPO).issues[1].moved_to = f"{github.url}/repos/acme/open/issues/1"

    with pytest.raises(Moved, match=r"was moved to .*acme/open/issues/1"):
        tracker.issue(REPO, 1)


@pytest.mark.parametrize("name", ["acme", "acme/../x", "https://github.com/a/b", "a/b c", "../.."])
def test_a_name_that_is_no_repository_is_refused_before_anything_is_sent(github, tracker, name):
    with pytest.raises(Refused, match="owner/name"):
        tracker.repository(name)

    assert github.state.calls == []


@pytest.mark.parametrize("token", ["", "  ", "ghp_ü", "ghp_a\nb"])
def test_a_token_that_cannot_be_one(github, token):
    with pytest.raises(Refused, match="GITHUB_TOKEN"):
        GitHubTracker(Token(token), base_url=github.url).repository(REPO)


def test_a_wrong_token_never_shows(github, caplog):
    caplog.set_level(logging.DEBUG)
    credentials = Token("ghp_wrong_and_secret")

    with pytest.raises(Refused, match="refuses the token") as caught:
        GitHubTracker(credentials, base_url=github.url).repository(REPO)

    shown = f"{caught.value!r} {credentials!r} {caught.value.__cause__!r} {caplog.text}"
    assert "ghp_wrong_and_secret" not in shown


def test_without_an_account_the_settings_are_named(github):
    with pytest.raises(Refused, match="GITHUB_TOKEN, or GITHUB_APP_ID"):
        GitHubTracker(None, base_url=github.url).repository(REPO)


def test_an_address_that_is_none():
    with pytest.raises(Refused, match="GITHUB_API_URL"):
        GitHubTracker(Token(TOKEN), base_url="ftp://x").repository(REPO)


@pytest.mark.parametrize("body", ["<html>proxy</html>", "{", "[]", '{"id": 1}'])
def test_an_answer_that_is_not_github_s(httpserver, body):
    httpserver.expect_request("/repos/acme/backend").respond_with_json(
        {"full_name": REPO, "private": True, "html_url": "https://x/acme/backend"}
    )
    httpserver.expect_request("/repos/acme/backend/issues").respond_with_data(body, status=201)
    tracker = GitHubTracker(Token(TOKEN), base_url=httpserver.url_for(""))

    with pytest.raises(UnknownOutcome, match="an answer I cannot read"):
        tracker.create(REPO, "It fails", "", [])
    if body != "[]":
        with pytest.raises(Unavailable, match="an answer I cannot read"):
            tracker.recent(REPO, 10)


def test_pull_requests_are_no_issues_and_a_renamed_repository_is_asked_by_its_new_name(httpserver):
    seen = []

    def issues(request):
        seen.append(request.args.get("state"))
        items = [
            {"number": 2, "title": "A change", "pull_request": {}},
            {"number": 1, "title": "It fails", "html_url": "https://x/acme/new/issues/1"},
        ]
        return Response(json.dumps(items), content_type="application/json")

    httpserver.expect_request("/repos/acme/old").respond_with_data(
        "{}", status=301, headers={"Location": httpserver.url_for("/repositories/1")}
    )
    httpserver.expect_request("/repositories/1").respond_with_json(
        {"full_name": "acme/new", "private": True, "html_url": "https://x/acme/new"}
    )
    httpserver.expect_request("/repos/acme/new/issues").respond_with_handler(issues)
    tracker = GitHubTracker(Token(TOKEN), base_url=httpserver.url_for(""))

    assert tracker.repository("acme/old").full_name == "acme/new"
    assert [issue.number for issue in tracker.recent("acme/old", 100)] == [1]
    assert seen == ["all"]


def test_a_client_is_safe_to_share_between_threads(github, tracker):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: tracker.create(REPO, f"Issue {n}", "", []), range(40)))

    assert sorted(issue.title for issue in made) == sorted(f"Issue {n}" for n in range(40))
    assert len(github.state.repo(REPO).issues) == 40


# --- as a GitHub App -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return (
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode(),
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


@pytest.mark.parametrize("written", ["lines", "one line"])
def test_an_app_files_as_its_installation(github, key, written):
    private, public = key
    github.state.apps["77"] = public
    github.state.installations[5] = "77"
    pem = private if written == "lines" else private.replace("\n", "\\n")
    tracker = GitHubTracker(App("77", pem), base_url=github.url)

    assert tracker.create(REPO, "It fails", "", []).number == 1
    tracker.comment(REPO, 1, "more")
    tracker.edit_comment(REPO, tracker.comments(REPO, 1)[0].id, "most")

    assert [c.body for c in github.state.repo(REPO).issues[1].comments] == ["most"]
    assert github.state.repo(REPO).issues[1].user == "gardener-77[bot]"
    fetched = [call for call in github.state.calls if call.path.endswith("/access_tokens")]
    assert len(fetched) == 1


def test_an_app_that_is_not_installed(github, key):
    private, public = key
    github.state.apps["77"] = public

    with pytest.raises(Refused, match="App is not installed there"):
        GitHubTracker(App("77", private), base_url=github.url).create(REPO, "It fails", "", [])

    assert posts(github) == []


def test_an_app_with_another_key(github, key):
    private, _ = key
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    github.state.apps["77"] = other.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    github.state.installations[5] = "77"

    with pytest.raises(Refused, match=r"refuses the App.*GITHUB_APP_PRIVATE_KEY"):
        GitHubTracker(App("77", private), base_url=github.url).repository(REPO)


def test_a_token_that_cannot_be_fetched_is_no_unknown_outcome(github, key):
    private, public = key
    github.state.apps["77"] = public
    github.state.installations[5] = "77"
    github.state.inject(Fault("502", "POST", "access_tokens"))

    with pytest.raises(Unavailable):
        GitHubTracker(App("77", private), base_url=github.url).create(REPO, "It fails", "", [])

    assert not github.state.repo(REPO).issues


def test_a_key_that_is_none(github):
    with pytest.raises(Refused, match=r"GITHUB_APP_PRIVATE_KEY is not .*\.pem"):
        GitHubTracker(App("77", "hello"), base_url=github.url).repository(REPO)


# --- the pace ------------------------------------------------------------------------------------


def test_one_creation_a_second_for_all_who_share_the_locks():
    locks = FakeLocks()

    def sleep(seconds):
        locks.now += seconds

    tokens = count()
    paces = [SharedPace(locks, sleep=sleep, new_token=lambda: str(next(tokens))) for _ in range(2)]
    for pace in paces * 3:
        pace()

    assert locks.now >= 4.9


def test_a_pace_that_would_take_too_long_sends_nothing(github):
    locks = FakeLocks()
    locks.once("github:write", 1_000, "somebody")
    tokens = count()
    pace = SharedPace(locks, sleep=lambda s: None, new_token=lambda: str(next(tokens)), longest=2)
    tracker = GitHubTracker(Token(TOKEN), base_url=github.url, pace=pace)

    with pytest.raises(Unavailable, match="was not sent") as caught:
        tracker.create(REPO, "It fails", "", [])

    assert caught.value.retry_after
    assert posts(github) == []
