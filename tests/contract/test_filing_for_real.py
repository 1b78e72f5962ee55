"""Filing over the real store and the real client, against a local GitHub that misbehaves."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.adapters.github.tracker import GitHubTracker, Token
from bot.adapters.redis.cache import RedisLocks
from bot.adapters.redis.decisions import RedisDecisionBook
from bot.core.issues.filing import SETTLE, Filing
from bot.core.issues.markers import marker
from bot.core.issues.orders import Filed, How, Order, Waiting
from playground.github.records import Fault
from playground.github.state import GithubState
from tests.paths import ROOT
from tests.standins.github import serve_in_thread
from tests.waiting import eventually

pytestmark = pytest.mark.redis

TOKEN, SECRET, REPO = "ghp_the_token_of_the_tests", b"the secret of the tests", "acme/backend"
ORDER = Order(
    environment="staging",
    repository=REPO,
    cluster="c-1",
    by="U0ALICE",
    title="GCP-new | P2 | It fails, here:1",
    body=f"What is known.\n\n{marker('c-1', SECRET)}",
    labels=("P2", "gardener"),
    public=False,
    symptoms=("c-2",),
)
CHILD = """
import sys
from pathlib import Path
from bot.adapters.redis import client as store
from tests.installation import INSTALLATION
from tests.contract.test_filing_for_real import ORDER, filing
filing(sys.argv[1], store.connect(None, Path(sys.argv[2]), INSTALLATION)).file(ORDER)
"""


def filing(url, client, later=0) -> Filing:
    return Filing(
        GitHubTracker(Token(TOKEN), base_url=url, timeout=40),
        RedisDecisionBook(client),
        RedisLocks(client),
        secrets=(SECRET,),
        now=lambda: time.time_ns() + later,
        new_token=lambda: uuid.uuid4().hex,
        pause=lambda _seconds: None,  # who finds it locked looks again at once
    )


@pytest.fixture
def github():
    state = GithubState(token=TOKEN, content_per_minute=None)
    state.add_repo(REPO, private=True)
    with serve_in_thread(state) as server:
        yield server


def issues(github):
    return github.state.repo(REPO).issues


def test_two_dozen_clicks_at_once_make_one_issue(github, redis_client):
    one = filing(github.url, redis_client)
    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(lambda _: one.file(ORDER), range(24)))

    assert len(issues(github)) == 1
    assert sum(isinstance(d, Filed) and d.how is How.CREATED for d in done) == 1
    assert {d.link.number for d in done if isinstance(d, Filed)} == {1}


def test_a_dropped_answer_makes_one_issue(github, redis_client):
    github.state.inject(Fault("drop_after", "POST", "issues$"))

    assert filing(github.url, redis_client).file(ORDER).how is How.CREATED
    assert filing(github.url, redis_client).file(ORDER).how is How.FOUND
    assert len(issues(github)) == 1


def test_a_502_is_finished_by_the_reconcile_job(github, redis_client):
    github.state.inject(Fault("502", "POST", "issues$"))

    first = filing(github.url, redis_client).file(ORDER)
    assert isinstance(first, Waiting)
    assert "GitHub did not confirm (502)" in first.message
    assert filing(github.url, redis_client).reconcile("staging") == ()

    (done,) = filing(github.url, redis_client, later=SETTLE).reconcile("staging")
    assert done.outcome.how is How.CREATED
    assert len(issues(github)) == 1
    decisions = RedisDecisionBook(redis_client).all("staging")
    assert decisions["c-1"].pending is None
    assert decisions["c-2"].issue.symptom_of == "c-1"


def test_a_comment_whose_answer_was_lost_is_there_once(github, redis_client):
    repo = github.state.repo(REPO)
    github.state.create(repo, {"title": "theirs"}, "alice")
    order = Order(
        **{
            **{name: getattr(ORDER, name) for name in ORDER.__slots__},
            "body": f"Again.\n\n{marker('c-1', SECRET, 'V1')}",
            "nonce": "V1",
        }
    )
    github.state.inject(Fault("drop_after", "POST", "comments$"))

    assert filing(github.url, redis_client).add_to(order, 1).how is How.COMMENTED
    assert filing(github.url, redis_client).add_to(order, 1).how is How.COMMENTED
    assert len(issues(github)[1].comments) == 1


def test_kill_9_while_github_is_creating_it(github, redis_client):
    gate = threading.Event()
    github.state.inject(Fault("held", "POST", "issues$", gate=gate))
    state = redis_client.connection_pool.connection_kwargs["state_dir"]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, github.url, state],
        cwd=ROOT,
    )
    book = RedisDecisionBook(redis_client)
    eventually(lambda: "c-1" in book.all("staging") and not github.state._faults)
    child.kill()
    child.wait()
    gate.set()
    eventually(lambda: issues(github))
    assert book.all("staging")["c-1"].issue is None
    # Its locks run out after a minute, which nobody here has.
    for key in redis_client.scan_iter("*issue:staging:*"):
        redis_client.delete(key)

    (done,) = filing(github.url, redis_client).reconcile("staging")

    assert (done.outcome.how, done.outcome.link.number) == (How.CREATED, 1)
    assert len(issues(github)) == 1
