"""The Bolt app over HTTP and as a table: who gets in, how fast, and what happens when it fails."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt.request import BoltRequest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from blocks import buttons
from blocks.buttons import Act
from bot.core.model.environment import Environment
from bot.core.model.errors import Unavailable
from bot.job_names import JobName
from handlers.app import build_app
from tests.waiting import PATIENCE

SECRET = "a signing secret"


@dataclass
class Queue:
    """Records what is queued; a job id that is known is not queued again."""

    jobs: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    error: Exception | None = None

    def enqueue(self, function, kwargs=None, *, job_id=None, unique=False, **_):
        if self.error is not None:
            raise self.error
        if job_id in self.jobs:
            return False
        self.jobs[job_id] = (function, json.loads(json.dumps(kwargs)))
        return True

    @property
    def only(self):
        [job] = self.jobs.values()
        return job


@dataclass
class Slack:
    """Records what people are told."""

    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    opened: list[Any] = field(default_factory=list)
    updated: list[Any] = field(default_factory=list)

    def tell(self, user, message, **where):
        self.told.append((user, message.text, where))

    def open_view(self, trigger, view):
        self.opened.append((trigger, view))
        return "V1"

    def update_view(self, view_id, view):
        self.updated.append((view_id, view))


class Listeners(ThreadPoolExecutor):
    """What Bolt runs listeners in; knows when all of them have returned.

    A listener goes on after its acknowledgement, and so after `dispatch`.
    """

    def __init__(self) -> None:
        super().__init__(32)
        self._begun: list[Future[Any]] = []

    def submit(self, fn, /, *args, **kwargs):
        begun = super().submit(fn, *args, **kwargs)
        self._begun.append(begun)
        return begun

    def settle(self) -> None:
        assert not wait(self._begun, PATIENCE).not_done


@pytest.fixture
def tools():
    with Listeners() as listeners:
        yield _tools(listeners)


def _tools(listeners):
    return SimpleNamespace(
        listeners=listeners,
        slack_client=WebClient(token="xoxb-1", base_url="http://127.0.0.1:9/api/"),
        signing_secret=SECRET,
        now=time.time_ns,
        queue=Queue(),
        slack=Slack(),
        environments=[Environment("staging", "p")],
    )


@pytest.fixture
def app(tools):
    return build_app(tools, executor=tools.listeners)


def signed(
    body: str, *, secret: str = SECRET, at: float | None = None, kind="form", **headers: str
):
    stamp = str(int(time.time() if at is None else at))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    types = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
    how: dict[str, str | Sequence[str]] = {
        "content-type": types[kind],
        "x-slack-request-timestamp": headers.get("stamp", stamp),
        "x-slack-signature": headers.get("signature", signature or ""),
    }
    return BoltRequest(body=body, headers=how)


def command(text="staging 2d", trigger="1.2.3"):
    return urlencode({
        "command": "/gardener", "text": text, "user_id": "U1", "channel_id": "C1", "team_id": "T1",
        "channel_name": "ops", "trigger_id": trigger, "response_url": "https://hooks.slack.com/x",
    })  # fmt: skip


def clicked(act: Act, *, action_id: str | None = None, trigger="1.2.3", value: str | None = None):
    action = {"type": "button", "action_id": action_id or act.kind, "block_id": "b",
              "action_ts": "1", "value": act.encode() if value is None else value}  # fmt: skip
    payload = {
        "type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T1"},
        "channel": {"id": "C1", "name": "ops"}, "trigger_id": trigger,
        "container": {"type": "message", "message_ts": "5.6", "channel_id": "C1"},
        "response_url": "https://hooks.slack.com/x", "actions": [action],
    }  # fmt: skip
    return urlencode({"payload": json.dumps(payload)})


def test_building_asks_nothing_of_slack(app):
    assert app.dispatch(signed(command())).status == 200


def test_a_signed_command_is_queued_with_who_and_where(app, tools):
    assert app.dispatch(signed(command("staging 36h"))).status == 200
    tools.listeners.settle()
    function, kwargs = tools.queue.only
    assert function == JobName.COMMAND
    assert kwargs["text"] == "staging 36h"
    assert kwargs["asker"]["user"] == "U1"
    assert kwargs["asker"]["channel"] == "C1"


@pytest.mark.parametrize(
    "headers",
    [
        {"stamp": "yesterday"},
        {"stamp": ""},
        {"stamp": "1e400"},
        {"stamp": "٣"},
        {"signature": "v0=ü"},
        {"signature": ""},
        {"signature": "v0=" + "0" * 64},
        {"stamp": "9" * 5_000},
    ],
)
def test_what_is_not_signed_gets_401(app, tools, headers):
    assert app.dispatch(signed(command(), **headers)).status == 401
    tools.listeners.settle()
    assert tools.queue.jobs == {}


def test_another_secret_or_an_old_request_gets_401(app, tools):
    assert app.dispatch(signed(command(), secret="another")).status == 401
    assert app.dispatch(signed(command(), at=time.time() - 600)).status == 401
    tools.listeners.settle()
    assert tools.queue.jobs == {}


def test_without_a_secret_nothing_over_http_verifies(tools):
    tools.signing_secret = None
    app = build_app(tools, executor=tools.listeners)
    assert app.dispatch(signed(command(), secret="None")).status == 401


def test_the_same_request_again_is_taken_once(app, tools):
    for _ in range(3):
        assert app.dispatch(signed(command())).status == 200
    tools.listeners.settle()
    assert len(tools.queue.jobs) == 1
    app.dispatch(signed(command(trigger="4.5.6")))
    tools.listeners.settle()
    assert len(tools.queue.jobs) == 2


def test_a_request_that_the_store_did_not_take_may_come_again(app, tools):
    tools.queue.error = Unavailable("The store is unreachable since 03:02 UTC.")
    assert app.dispatch(signed(command())).status == 200
    tools.listeners.settle()
    [(user, text, where)] = tools.slack.told
    assert user == "U1"
    assert "unreachable since 03:02" in text
    assert where["response_url"]
    tools.queue.error = None
    app.dispatch(signed(command()))
    tools.listeners.settle()
    assert tools.queue.jobs


def test_a_bug_in_a_listener_is_told_with_a_reference_and_still_acknowledged(app, tools, caplog):
    tools.queue.error = RuntimeError("something inside with a secret")
    assert app.dispatch(signed(command())).status == 200
    tools.listeners.settle()
    assert "Reference" in tools.slack.told[0][1]
    assert "secret" not in tools.slack.told[0][1]


def test_many_commands_at_once_are_all_acknowledged_and_queued(app, tools):
    def one(i):
        return app.dispatch(signed(command(trigger=f"t{i}"))).status

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(one, range(80)))
    assert set(answers) == {200}
    tools.listeners.settle()
    assert len(tools.queue.jobs) == 80


def test_a_form_is_opened_with_the_click_and_filled_by_a_worker(app, tools):
    act = Act(buttons.CREATE_ISSUE, "staging", "c-1", query="staging 2d", report="r-1")
    assert app.dispatch(signed(clicked(act))).status == 200
    tools.listeners.settle()
    assert tools.slack.opened[0][0] == "1.2.3"
    function, kwargs = tools.queue.only
    assert function == JobName.FILL_FILING
    assert kwargs["view"] == "V1"
    kept = Act.decode(kwargs["act"])
    assert (kept.cluster, kept.channel, kept.message) == ("c-1", "C1", "5.6")


def test_a_form_that_no_worker_can_fill_says_why(app, tools):
    tools.queue.error = Unavailable("The store is unreachable since 03:02 UTC.")
    app.dispatch(signed(clicked(Act(buttons.EXPECTED, "staging", "c-1"))))
    tools.listeners.settle()
    assert "unreachable" in json.dumps(tools.slack.updated[0][1])


def test_try_again_is_the_act_that_failed(app, tools):
    act = Act(buttons.RETRY, "staging", "c-1", note="undo/expected")
    app.dispatch(signed(clicked(act)))
    tools.listeners.settle()
    again = Act.decode(tools.queue.only[1]["act"])
    assert (again.kind, again.cluster, again.note) == (buttons.UNDO, "c-1", "expected")


def test_try_again_of_a_form_opens_it(app, tools):
    app.dispatch(signed(clicked(Act(buttons.RETRY, "staging", "c-1", note="create_issue"))))
    tools.listeners.settle()
    assert tools.slack.opened


@pytest.mark.parametrize("value", ["", "nonsense", "[]", "null", '{"k": 7}'])
def test_a_button_that_cannot_be_read_is_told_to_be_old(app, tools, value):
    app.dispatch(signed(clicked(Act("run"), value=value)))
    tools.listeners.settle()
    assert "Run /gardener again" in tools.slack.told[0][1]


def test_a_button_of_another_version_is_told_to_be_old(app, tools):
    assert app.dispatch(signed(clicked(Act("brand_new")))).status == 200
    tools.listeners.settle()
    assert "do not know this button" in tools.slack.told[0][1]


@pytest.mark.parametrize("link", buttons.LINKS)
def test_a_link_is_acknowledged_and_nothing_else(app, tools, link):
    assert app.dispatch(signed(clicked(Act(link)))).status == 200
    tools.listeners.settle()
    assert tools.queue.jobs == {}


def submitted(values, callback=buttons.FILE_ISSUE):
    payload = {
        "type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T1"},
        "trigger_id": "1.2.3",
        "view": {
            "id": "V1", "type": "modal", "callback_id": callback, "state": {"values": values},
            "private_metadata": Act(buttons.CREATE_ISSUE, "staging", "c-1", channel="C1",
                                    message="5.6").encode(),
        },
    }  # fmt: skip
    return urlencode({"payload": json.dumps(payload)})


def test_a_form_without_a_title_stays_open_with_the_reason(app, tools):
    answer = app.dispatch(signed(submitted({"title": {"value": {"value": ""}}})))
    assert json.loads(answer.body)["response_action"] == "errors"
    assert "title" in json.loads(answer.body)["errors"]
    tools.listeners.settle()
    assert tools.queue.jobs == {}


def test_a_form_that_cannot_be_queued_stays_open_with_what_was_typed(app, tools):
    tools.queue.error = Unavailable("The store is unreachable since 03:02 UTC.")
    answer = app.dispatch(signed(submitted({"title": {"value": {"value": "It broke"}}})))
    errors = json.loads(answer.body)["errors"]
    assert "Not saved: The store is unreachable" in errors["note"]


def test_a_filled_form_goes_to_the_queue(app, tools):
    app.dispatch(signed(submitted({
        "title": {"value": {"value": "It broke"}}, "labels": {"value": {"value": "P2, bug"}},
    })))  # fmt: skip
    tools.listeners.settle()
    function, kwargs = tools.queue.only
    assert function == JobName.SUBMIT_FILING
    assert kwargs["said"] == {
        "choice": "new", "number": None, "title": "It broke", "labels": ["P2", "bug"], "note": "",
    }  # fmt: skip
    assert kwargs["asker"]["channel"] == "C1"
    assert kwargs["asker"]["message"] == "5.6"


def event(**inside):
    return json.dumps({
        "type": "event_callback", "team_id": "T1", "event_id": inside.pop("event_id", "Ev1"),
        "event": {"user": "U1", "channel": "C1", "ts": "1.1", "event_ts": "1.1", **inside},
    })  # fmt: skip


def test_a_mention_is_taken_once_however_often_slack_sends_it(app, tools):
    body = event(type="app_mention", text="<@UBOT> staging 2d &amp; more")
    for _ in range(3):
        assert app.dispatch(signed(body, kind="json")).status == 200
    tools.listeners.settle()
    assert tools.queue.only[1]["text"] == "staging 2d & more"


@pytest.mark.parametrize(
    "inside",
    [
        {"type": "message", "channel_type": "channel", "text": "hello"},
        {"type": "message", "channel_type": "im", "subtype": "message_changed"},
        {"type": "message", "channel_type": "im", "text": "me", "bot_id": "B1"},
        {"type": "message", "channel_type": "im", "text": "gone", "user": None},
        {"type": "app_home_opened", "tab": "messages"},
    ],
)
def test_what_is_not_for_us_is_let_be(app, tools, inside):
    assert app.dispatch(signed(event(**inside), kind="json")).status == 200
    tools.listeners.settle()
    assert tools.queue.jobs == {}


def test_a_direct_message_with_a_file(app, tools):
    file = {"name": "log.json", "mode": "hosted", "url_private_download": "https://files/x"}
    body = event(type="message", channel_type="im", subtype="file_share", text="", files=[file])
    app.dispatch(signed(body, kind="json"))
    tools.listeners.settle()
    assert tools.queue.only[1]["files"][0]["url"] == "https://files/x"
