from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from github import Auth, Github

from playground.feed import Feed, PlaygroundError
from playground.run import cancellable, run
from playground.stage import Options, Playground
from playground.store_scenes import StoreScenes
from tests.paths import ROOT
from tests.playground.up import supervised
from tests.standins.stage import PlaygroundThread
from tests.waiting import PATIENCE, eventually

FAKE = [sys.executable, str(Path(__file__).with_name("fakebot.py"))]


def options(**how):
    usual: dict[str, Any] = {"port": 0, "up": (), "rate_limits": False}
    return Options(**usual | how)


def ask(base_url, method, path, body=None, **headers):
    connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=PATIENCE)
    sent = None if body is None else json.dumps(body)
    connection.request(method, path, sent, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def test_everything_is_on_one_port_and_the_log_on_another():
    with PlaygroundThread(options()) as stage:
        status, page, headers = ask(stage.base_url, "GET", "/")
        assert (status, headers["Cache-Control"]) == (200, "no-cache")
        assert b"/static/app.js" in page
        assert ask(stage.base_url, "GET", "/static/app.js")[0] == 200
        assert ask(stage.base_url, "GET", "/", Host="evil.example")[0] == 403
        assert b"not_authed" in ask(stage.base_url, "POST", "/slack/api/auth.test", {})[1]
        hub = Github(
            base_url=f"{stage.base_url}/github/api", auth=Auth.Token(stage.github.token), retry=None
        )
        issue = hub.get_repo("owner/name").create_issue("From the bot")
        assert issue.html_url.startswith(f"{stage.base_url}/github/owner/name/issues/")
        assert stage.logs.endpoint.startswith("grpc://127.0.0.1:")
        assert len(stage.logs) > 4000


def test_the_pages_chips_reach_the_service_and_the_feed():
    with PlaygroundThread(options()) as stage:
        events = []
        stage.slack.call_in_loop(lambda: stage.playground.feed.watch(lambda e, _: events.append(e)))
        before = len(stage.logs)
        status, body, _ = ask(stage.base_url, "POST", "/page/service", {"do": "break"})
        assert (status, json.loads(body)) == (200, {"ok": True})
        assert len(stage.logs) > before + 100
        stage.slack.say("U0ALICE", "C0OPS", "hello")  # wakes who waits
        stage.slack.wait_for(lambda: any(e["type"] == "log" for e in events))
        ask(
            stage.base_url,
            "POST",
            "/page/github",
            {"repo": "owner/name", "number": 2, "do": "close", "user": "U0BOB"},
        )
        assert stage.github.repo("owner/name").issues[2].state == "closed"
        stage.slack.wait_for(lambda: any(e["type"] == "github" for e in events))
        stage.deploy_fix()
        stage.silence()
        stage.resume()


def test_the_bot_sees_the_stand_ins_and_nothing_real(tmp_path, monkeypatch):
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "real")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-real")
    monkeypatch.setenv("GITHUB_APP_ID", "7")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.delenv("GARDENER_STATE", raising=False)
    seen = tmp_path / "env.json"
    started = {"one": [*FAKE, "env", str(seen)], "two": [*FAKE, "forever"]}
    with PlaygroundThread(options(up=supervised(**started), env={"EXTRA": "1"})) as stage:
        assert stage.states() == {"one": "running", "two": "running"}
        eventually(seen.exists)
        state_dir = stage.state_dir
        env = json.loads(seen.read_text())
        assert env["SLACK_API_URL"] == f"{stage.base_url}/slack/api/"
        assert env["GITHUB_API_URL"] == f"{stage.base_url}/github/api"
        assert env["GARDENER_LOGGING_ENDPOINT"] == stage.logs.endpoint
        assert env["SLACK_BOT_TOKEN"] == stage.slack.bot_token
        assert env["GITHUB_TOKEN"] == stage.github.token
        assert env["GARDENER_STATE"] == str(state_dir)
        assert len(env["GARDENER_SECRET"]) == 64
        assert Path(env["GARDENER_CONFIG"]).name == "gardener.toml"
        assert env["EXTRA"] == "1"
        assert int(env["PORT"]) > 0
        assert not {"SLACK_SIGNING_SECRET", "GITHUB_APP_ID", "HTTPS_PROXY"} & set(env)
        assert len(os.fsencode(state_dir)) < 80  # a socket's path has to fit
    assert not state_dir.exists()


def test_a_state_directory_of_ones_own_stays(tmp_path):
    with PlaygroundThread(options(state_dir=tmp_path / "mine")) as stage:
        assert stage.state_dir == tmp_path / "mine"
    assert (tmp_path / "mine").is_dir()


def test_a_taken_port_is_passed_over():
    async def story():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            async with Playground(options(port=port)) as stage:
                assert stage.port > port
                assert stage.wanted_port == port

    asyncio.run(story())


def test_a_bot_that_does_not_start_is_told_and_leaves_nothing(tmp_path, capsys):
    broken = options(up=supervised(web=[*FAKE, "failing"]), state_dir=tmp_path)
    with pytest.raises(PlaygroundError, match="SLACK_BOT_TOKEN is not set"):
        asyncio.run(Playground(broken).__aenter__())
    assert asyncio.run(run(0, [], exit_after=True, options=broken)) == 1
    assert "web ended with code 2" in capsys.readouterr().err


@pytest.fixture
def with_bot(tmp_path):
    return options(up=supervised(web=[*FAKE, "web"]), state_dir=tmp_path)


def test_what_is_said_is_answered_in_full_and_printed(with_bot, capsys):
    said = ["/gardener staging 2d", "/gardener again"]
    assert asyncio.run(run(0, said, exit_after=True, options=with_bot, quiet=2)) == 0
    out = capsys.readouterr().out
    assert "Gardener's playground: http://127.0.0.1:" in out
    assert out.count("1 problem* <here>") == 2
    assert out.count("[Create issue]") == 2
    assert "Cancel" not in out
    assert "in the thread)\n    the rest" in out


def test_progress_that_never_ends_and_silence_are_no_answers(with_bot, capsys):
    assert asyncio.run(run(0, ["/gardener stuck"], True, options=with_bot, patience=5)) == 1
    captured = capsys.readouterr()
    assert "[Cancel]" in captured.out
    assert "No answer within 5 s: /gardener stuck" in captured.err
    assert asyncio.run(run(0, ["/gardener never"], True, options=with_bot, patience=1)) == 1


def test_slackbots_word_is_an_answer_and_an_unknown_command_a_sentence(with_bot, capsys):
    assert asyncio.run(run(0, ["/unknown"], True, options=with_bot, patience=2)) == 1
    assert "/unknown is not a valid command" in capsys.readouterr().err


def test_a_cancel_button_is_found_wherever_it_is():
    cancel = {"type": "button", "text": {"type": "plain_text", "text": "Cancel"}}
    assert cancellable({"blocks": [{"type": "section", "accessory": cancel}]})
    assert cancellable({"blocks": [{"type": "actions", "elements": [cancel]}]})
    assert not cancellable({"blocks": [{"type": "divider"}]})
    assert not cancellable({})


HOST = """
import asyncio, sys
from playground.run import run
from playground.stage import Options
from playground.store_scenes import StoreScenes
asyncio.run(run(None, [], False, options=Options(port=0, up=sys.argv[1:])))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_that_was_started(tmp_path, number):
    seen = tmp_path / "env.json"
    env = {name: value for name, value in os.environ.items() if name != "GARDENER_STATE"}
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, *supervised(one=[*FAKE, "env", str(seen)])],
        cwd=ROOT,
        env=env | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "http://127.0.0.1:" in host.stdout.readline()
    eventually(seen.exists)
    state_dir = Path(json.loads(seen.read_text())["GARDENER_STATE"])
    host.send_signal(number)
    out, err = host.communicate(timeout=PATIENCE)
    assert (host.returncode, out, err) == (0, "", "")
    assert not state_dir.exists()


def test_keys_that_come_and_go_are_told():
    feed = Feed()
    scenes = StoreScenes(feed, "unix:///nowhere")
    scenes.publish_changes({"gardener:v1:a", "rq:queue:analyses", "rq:worker:x"})
    scenes.publish_changes({"gardener:v1:a"} | {f"k{number}" for number in range(12)})
    told = [(scene["kind"], scene["name"], scene["detail"]) for scene in feed.scenes]
    assert told[:2] == [
        ("redis", "gardener:v1:a", "written"),
        ("queue", "rq:queue:analyses", "written"),
    ]
    assert ("redis", "4 more keys", "written") in told
    assert told[-1] == ("queue", "rq:queue:analyses", "gone")
