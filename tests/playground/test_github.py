from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github import Auth, Github, GithubException, GithubIntegration
from github import UnknownObjectException as Unknown

from playground.feed import PlaygroundError
from playground.github.records import BODY_LIMIT, Fault
from playground.github.seed import seeded
from tests.standins.github import serve_in_thread
from tests.waiting import PATIENCE, eventually


class Clock:
    def __init__(self):
        self.now = 1_757_991_600.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(clock):
    with serve_in_thread(seeded(clock=clock)) as running:
        yield running


@pytest.fixture
def hub(server):
    return connect(server)


def connect(server, token=None, per_page=100):
    return Github(
        base_url=server.url,
        auth=Auth.Token(token or server.state.token),
        retry=None,
        timeout=40,
        seconds_between_requests=0,
        seconds_between_writes=0,
        per_page=per_page,
    )


@pytest.fixture
def repo(hub):
    return hub.get_repo("owner/name")


def raw(server, method, path, body=None, **headers):
    host = server.state.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=40)
    sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    known = {"User-Agent": "t", "Authorization": f"token {server.state.token}"} | headers
    connection.request(
        method, f"/github/api{path}", sent, {k: v for k, v in known.items() if v is not None}
    )
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, (json.loads(text) if text else None), answer.headers


def test_an_issue_is_created_read_commented_labelled_closed_and_reopened(repo, server):
    made = repo.create_issue("Boom", body="It broke", labels=["P2", "brand new"])
    assert (made.number, made.state, made.body) == (4, "open", "It broke")
    assert [label.name for label in made.labels] == ["P2", "brand new"]
    assert repo.get_label("brand new").color == "ededed"
    assert made.html_url == f"{server.state.base_url}/github/owner/name/issues/4"
    said = made.create_comment("more evidence")
    said.edit("even more")
    again = repo.get_issue(4)
    assert [comment.body for comment in again.get_comments()] == ["even more"]
    again.add_to_labels("bug")
    again.edit(state="closed", title="Boom again", assignees=["bob"])
    assert again.closed_at is not None
    again.edit(state="open")
    assert repo.get_issue(4).state_reason == "reopened"
    assert {label.name for label in repo.get_issue(4).labels} == {"P2", "brand new", "bug"}
    assert [(call.method, call.status) for call in server.state.calls[:3]] == [
        ("GET", 200),
        ("POST", 201),
        ("GET", 200),
    ]
    assert server.state.calls[1].body["title"] == "Boom"


def test_the_seed_holds_a_private_and_a_public_repository_and_a_closed_similar_issue(hub):
    assert hub.get_repo("owner/name").private
    assert not hub.get_repo("owner/public").private
    closed = list(hub.get_repo("owner/name").get_issues(state="closed"))
    assert "legacy" in closed[0].title
    assert hub.get_user().login == "gardener-bot"
    assert (
        b"@alice" in hub.get_repo("owner/name").get_contents(".github/CODEOWNERS").decoded_content
    )
    with pytest.raises(Unknown):
        hub.get_repo("owner/name").get_contents("CODEOWNERS")


def test_lists_come_in_pages_and_filtered(hub, repo, server, clock):
    for number in range(7):
        clock.now += 60
        repo.create_issue(f"n{number}", labels=["many"])
    pages = connect(server, per_page=3).get_repo("owner/name")
    found = pages.get_issues(state="all", labels=["many"], sort="created", direction="asc")
    assert [issue.title for issue in found] == [f"n{number}" for number in range(7)]
    calls = [call for call in server.state.calls if call.path.endswith("/issues")]
    assert [call.query.get("page") for call in calls[-3:]] == [None, "2", "3"]
    clock.now += 60
    repo.get_issue(1).edit(title="touched")
    assert next(iter(repo.get_issues(state="all", sort="updated"))).number == 1
    assert repo.get_issues(state="open").totalCount == 9
    _, _, headers = raw(server, "GET", "/repos/owner/name/issues?state=all&per_page=5&page=2")
    assert 'page=1>; rel="prev"' in headers["Link"]
    assert "next" not in headers["Link"]


def test_search_lags_behind_the_list(hub, repo, clock):
    repo.create_issue("A very fresh one", body="needle <!-- gardener:v1:c-1:aa -->")
    asked = 'repo:owner/name is:issue in:body "gardener:v1:c-1"'
    assert hub.search_issues(asked).totalCount == 0
    assert any(issue.title == "A very fresh one" for issue in repo.get_issues())
    clock.now += 31
    assert [issue.number for issue in hub.search_issues(asked)] == [4]
    assert hub.search_issues("repo:owner/name is:closed legacy").totalCount == 1
    assert hub.search_issues("repo:owner/name is:open legacy label:bug").totalCount == 0
    for bad in (" ", "x" * 257, "repo:owner/unknown a"):
        with pytest.raises(GithubException) as caught:
            hub.search_issues(bad).totalCount  # noqa: B018
        assert caught.value.status == 422


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "wasn't supplied"),
        ({"title": ""}, "missing_field"),
        ({"title": "x" * 257}, "title is too long (maximum is 256 characters)"),
        ({"title": "x", "body": "y" * (BODY_LIMIT + 1)}, "maximum is 65536 characters"),
        ({"title": "x", "body": 5}, "is not a string"),
        ({"title": "x", "labels": "bug"}, "is not an array"),
        ({"title": "x", "labels": ["l" * 51]}, "maximum is 50 characters"),
        ({"title": "x", "assignees": ["stranger"]}, "stranger"),
    ],
)
def test_a_bad_issue_is_refused_in_githubs_words(server, fields, said):
    status, body, _ = raw(server, "POST", "/repos/owner/name/issues", fields)
    assert status == 422
    assert body["status"] == "422"
    assert said in json.dumps(body)
    assert len(server.state.repo("owner/name").issues) == 3


def test_a_body_of_the_full_length_is_taken(repo):
    assert len(repo.create_issue("x", body="y" * BODY_LIMIT).body) == BODY_LIMIT


def test_who_may_not_is_told_so(server):
    state = server.state
    state.tokens |= {"ro": "reader", "blind": "guest"}
    state.read_only.add("ro")
    state.blind["blind"] = {"owner/name"}
    create = ("POST", "/repos/owner/name/issues", {"title": "x"})
    cases = [
        (raw(server, *create, Authorization="token wrong"), 401, "Bad credentials"),
        (raw(server, *create, Authorization="token ro"), 403, "Resource not accessible by"),
        (raw(server, *create, Authorization="token blind"), 404, "Not Found"),
        (raw(server, *create, Authorization=None), 401, "Requires authentication"),
        (raw(server, "GET", "/repos/owner/name", Authorization=None), 404, "Not Found"),
        (raw(server, "GET", "/repos/owner/public", Authorization=None), 200, ""),
        (raw(server, "GET", "/user", **{"User-Agent": None}), 403, "User-Agent"),
        (raw(server, "GET", "/teapots"), 404, "Not Found"),
        (raw(server, "POST", "/repos/owner/name/issues", b"{"), 400, "Problems parsing JSON"),
        (raw(server, "GET", "/repos/owner/name/issues/99"), 404, "Not Found"),
    ]
    for (status, body, _), wanted, said in cases:
        assert (status, said in str(body)) == (wanted, True), body
    assert len(state.repo("owner/name").issues) == 3


def test_deleted_moved_locked_and_switched_off_issues(server, repo):
    state = server.state
    state.person("owner/name", 1, "delete")
    with pytest.raises(GithubException) as caught:
        repo.get_issue(1)
    assert caught.value.status == 410
    state.person("owner/name", 2, "lock")
    with pytest.raises(GithubException) as caught:
        repo.get_issue(2).create_comment("hello")
    assert caught.value.status == 403
    assert "locked" in str(caught.value)
    state.repo("owner/name").has_issues = False
    with pytest.raises(GithubException) as caught:
        repo.create_issue("x")
    assert caught.value.status == 410
    state.repo("owner/public").archived = True
    status, body, _ = raw(server, "POST", "/repos/owner/public/issues", {"title": "x"})
    assert (status, "archived" in body["message"]) == (403, True)


def test_labels_are_made_once(repo):
    assert repo.create_label("area: auth", "c5def5").name == "area: auth"
    for name, code in (("AREA: auth", "already_exists"), ("", "missing_field")):
        with pytest.raises(GithubException) as caught:
            repo.create_label(name, "c5def5")
        assert code in str(caught.value.data)
    assert "area: auth" in [label.name for label in repo.get_labels()]
    assert repo.has_in_assignees("bob")
    assert not repo.has_in_assignees("mallory")


def test_eighty_issues_a_minute_and_then_the_secondary_limit(server, repo, clock):
    server.state.content_per_minute = 3
    for number in range(3):
        repo.create_issue(f"n{number}")
    status, body, headers = raw(server, "POST", "/repos/owner/name/issues", {"title": "x"})
    assert (status, headers["Retry-After"]) == (403, "60")
    assert body["message"].startswith("You have exceeded a secondary rate limit")
    clock.now += 60
    repo.create_issue("later")


def test_a_dropped_connection_leaves_the_issue_behind(server, repo):
    server.state.inject(Fault("drop_after", "POST", "/issues$"))
    with pytest.raises(OSError):
        repo.create_issue("Only once")
    assert next(iter(repo.get_issues())).title == "Only once"
    server.state.inject(Fault("drop_before", "POST", "/issues$"))
    with pytest.raises(OSError):
        repo.create_issue("Never")
    assert "Never" not in [issue.title for issue in repo.get_issues()]
    assert [call.status for call in server.state.calls if call.method == "POST"] == [0, 0]


def test_faults_hit_what_they_name(server, repo):
    server.state.inject(Fault("502", "POST"), Fault("secondary", "POST", seconds=7))
    assert repo.get_issue(1).number == 1
    status, body, _ = raw(server, "POST", "/repos/owner/name/issues", {"title": "x"})
    assert (status, body["message"]) == (502, "Server Error")
    status, _, headers = raw(server, "POST", "/repos/owner/name/issues", {"title": "x"})
    assert (status, headers["Retry-After"]) == (403, "7")
    gate = threading.Event()
    server.state.inject(Fault("held", "GET", gate=gate))
    asked = len(server.state.calls)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(repo.get_issue, 1)
        eventually(lambda: not server.state._faults)
        assert len(server.state.calls) == asked
        gate.set()
        assert held.result(PATIENCE).number == 1
    assert len(server.state.repo("owner/name").issues) == 3


def test_an_app_gets_a_token_of_its_installation(server, clock):
    clock.now = time.time()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    state = server.state
    state.apps["77"] = public.decode()
    app = GithubIntegration(auth=Auth.AppAuth(77, pem), base_url=server.url, retry=None)
    with pytest.raises(Unknown):
        app.get_repo_installation("owner", "name")
    state.installations[5] = "77"
    number = app.get_repo_installation("owner", "name").id
    hub = connect(server, app.get_access_token(number).token)
    assert hub.get_repo("owner/name").create_issue("From an App").user.login == "gardener-77[bot]"
    with pytest.raises(GithubException) as caught:
        hub.get_user().login  # noqa: B018
    assert caught.value.status == 403
    clock.now += 3601
    with pytest.raises(GithubException) as caught:
        hub.get_repo("owner/name")
    assert caught.value.status == 401
    stranger = GithubIntegration(auth=Auth.AppAuth(78, pem), base_url=server.url, retry=None)
    with pytest.raises(GithubException):
        stranger.get_repo_installation("owner", "name")


def test_people_change_issues_and_the_page_hears_of_it(server, repo):
    events: list[dict[str, Any]] = []
    server.state.publish = events.append
    for do, more in (
        ("close", {}),
        ("reopen", {}),
        ("label", {"label": "P1"}),
        ("comment", {"body": "seen", "user": "U0ALICE"}),
    ):
        asyncio.run(server.state.act({"repo": "owner/name", "number": 2, "do": do, **more}))
    shown = {issue["number"]: issue for issue in events[-1]["repo"]["issues"]}[2]
    assert events[-1]["type"] == "github"
    assert [label["name"] for label in shown["labels"]] == ["bug", "P1"]
    assert shown["comments"][0] | {"id": 0, "created_at": ""} == {
        "id": 0,
        "user": "alice",
        "body": "seen",
        "created_at": "",
    }
    assert set(server.state.snapshot()) == {"owner/name", "owner/public"}
    for order in ({"repo": "x/y", "number": 1, "do": "close"}, {"do": "close"}):
        with pytest.raises(PlaygroundError):
            asyncio.run(server.state.act(order))


def test_an_issues_page_leads_to_the_playground(server):
    host = server.state.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=40)
    connection.request("GET", "/github/owner/name/issues/3")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (302, "/#github/owner/name/3")
