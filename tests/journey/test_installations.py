"""Two installations share one Redis: each answers its own workspace, and nobody else's."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys

import pytest

from tests.journey.conftest import all_text
from tests.paths import ROOT
from tests.program import up_for
from tests.standins.slack import serve_in_thread
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(600)]

COMMANDS = 10


@contextlib.contextmanager
def installation(redis_url, secret, slack, state):
    """`gardener up` for one workspace, ended with the test."""
    environment = up_for(slack, state, REDIS_URL=redis_url, GARDENER_SECRET=secret)
    up = subprocess.Popen([sys.executable, "-m", "bot", "up"], env=environment, cwd=ROOT)
    try:
        yield
    finally:
        up.terminate()
        up.wait(PATIENCE)


def answers(slack):
    """What the bot posted to the channel or to its asker alone."""
    return [m for m in slack.messages("C0OPS", "U0ALICE") if "/gardener why" in all_text(m)]


def all_answered(slack):
    return len(answers(slack)) == COMMANDS


def test_each_answers_its_own_workspace(redis_client, tmp_path):
    url = f"unix://{redis_client.connection_pool.make_connection().path}"
    with (
        serve_in_thread(rate_limits=False) as one,
        serve_in_thread(rate_limits=False) as other,
        installation(url, "the secret of one", one, tmp_path / "one"),
        installation(url, "the secret of the other", other, tmp_path / "other"),
    ):
        for slack in (one, other):
            slack.wait_for_connection(timeout=PATIENCE)
        for _ in range(COMMANDS):
            for slack in (one, other):
                assert slack.command("U0ALICE", "C0OPS", "help").ok
        for slack in (one, other):
            slack.wait_for(functools.partial(all_answered, slack), PATIENCE)
        assert not [name for name in redis_client.keys("*") if name.startswith(b"rq:")]
        owners = {name.split(b":")[2] for name in redis_client.keys("gardener:v2:*")}
        assert len(owners) == 2
