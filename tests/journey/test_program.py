"""The whole program as processes, as `make try` starts it."""

from __future__ import annotations

import pytest

from playground.stage import Options
from tests.journey.conftest import all_text, buttons
from tests.standins.stage import PlaygroundThread
from tests.waiting import PATIENCE, children, ended, eventually

pytestmark = [pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stage():
    with PlaygroundThread(Options(port=0, rate_limits=False, start_timeout=240)) as running:
        yield running


def sees(stage, words, timeout=PATIENCE, channel="C0OPS", user="U0ALICE"):
    def look():
        found = [m for m in stage.slack.messages(channel, user) if words in all_text(m)]
        return found[-1] if found else None

    return stage.slack.wait_for(look, timeout)


def test_a_command_an_issue_and_a_killed_worker(stage):
    assert stage.slack.command("U0ALICE", "C0OPS", "staging 2d").ok
    report = sees(stage, "Refresh")
    assert "legacy_response" in all_text(report)

    stage.slack.click("U0BOB", "create_issue", channel="C0OPS", ts=report["ts"])
    form = stage.slack.wait_for(
        lambda: (v := stage.slack.view("U0BOB")) and "What the log says" in all_text(v) and v,
        PATIENCE,
    )
    assert stage.slack.submit("U0BOB", form["id"], {}).ok
    filed = sees(stage, "↗")
    assert filed["ts"] == report["ts"]
    assert any("↗" in text for text in buttons(filed))

    processes = stage.playground.processes.snapshot()
    worker = next(p["pid"] for p in processes if p["name"] == "worker")
    helpers = children(worker)
    stage.process("worker", "kill")
    eventually(lambda: all(map(ended, helpers)))  # no quick worker outlives its parent
    assert stage.slack.command("U0ALICE", "C0OPS", "staging 36h").ok
    sees(stage, "last 36 h: 4 problems")


def test_what_broke_is_in_the_next_report(stage):
    before = len(stage.logs)
    stage.break_service()
    eventually(lambda: len(stage.logs) >= before + 40)
    assert stage.slack.command("U0ALICE", "C0OPS", "staging 90m").ok
    sees(stage, "worst P0")
