"""The page's API as the front-end uses it, and who may not."""

import asyncio
import base64
import json

import aiohttp
import pytest
from slack_sdk import WebClient

from playground.feed import PlaygroundError
from playground.page import Page
from tests.standins.slack import serve_in_thread


class Parts:
    """Stands for GitHub, the log, the service and the processes at once."""

    def __init__(self):
        self.did = []

    def snapshot(self):
        return {"acme/backend": {"full_name": "acme/backend", "issues": []}}

    def recent(self):
        return [{"text": "hello", "severity": "INFO"}]

    async def act(self, *what):
        if "explode" in what:
            raise PlaygroundError("It does not explode.")
        self.did.append(what)

    async def skip(self, what: str) -> None:
        self.did.append((what,))


class Processes(Parts):
    def snapshot(self):
        return [{"name": "web", "state": "running", "pid": 7}]


@pytest.fixture
def parts():
    return Parts()


@pytest.fixture
def slack(parts):
    def routes(workspace):
        page = Page(
            workspace, github=parts, log=parts, service=parts, processes=Processes(), clock=parts
        )
        return page.routes()

    with serve_in_thread(rate_limits=False, ack_seconds=0.3, more_routes=routes) as server:
        yield server


def post(slack, path, body, **headers):
    async def ask():
        async with aiohttp.ClientSession() as session:
            url = f"{slack.base_url}/page/{path}"
            async with session.post(url, json=body, headers=headers) as answer:
                return answer.status, await answer.json()

    return asyncio.run(ask())


def live(slack, user, act, until):
    """Open the live feed, act, and collect what comes until `until` says so."""

    async def listen():
        url = f"{slack.base_url}/page/live?user={user}"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            got = [json.loads((await socket.receive()).data)]
            await asyncio.to_thread(act)
            async with asyncio.timeout(5):
                while not until(got[-1]):
                    got.append(json.loads((await socket.receive()).data))
            return got

    return asyncio.run(listen())


def test_the_snapshot_holds_all_that_the_page_shows(slack):
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    client.chat_postMessage(channel="C0OPS", text="for all")
    client.chat_postEphemeral(channel="C0OPS", user="U0ALICE", text="gone on reload")
    (shot,) = live(slack, "U0ALICE", lambda: None, lambda event: True)
    assert shot["type"] == "snapshot"
    assert {"id": "U0GUEST", "name": "Gus", "title": "Guest", "initials": "G", "guest": True} in (
        shot["users"]
    )
    assert [m["text"] for m in shot["messages"]["C0OPS"]] == ["for all"]
    member = {channel["id"]: channel["member"] for channel in shot["channels"]}
    assert member == {"C0OPS": True, "C0QUIET": False, "C0SHARED": True, "D0ALICE": True}
    assert shot["processes"][0]["state"] == "running"
    assert shot["log"][0]["text"] == "hello"
    assert "acme/backend" in shot["github"]
    assert shot["scenes"][-1]["name"] == "chat.postEphemeral"
    assert shot["home"] is None
    assert shot["views"] == []


def test_each_sees_what_is_for_them(slack):
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)

    def act():
        client.chat_postEphemeral(channel="C0OPS", user="U0ALICE", text="for Alice")
        client.chat_postMessage(channel="U0ALICE", text="to Alice")
        client.chat_postMessage(channel="C0OPS", text="for all")

    got = live(slack, "U0BOB", act, lambda event: event.get("message", {}).get("text") == "for all")
    assert [each["message"]["text"] for each in got if each["type"] == "message"] == ["for all"]


def test_a_stranger_sees_the_shared_channel_alone(slack):
    (shot,) = live(slack, "U0OTHER", lambda: None, lambda event: True)
    assert [channel["id"] for channel in shot["channels"]] == ["C0SHARED"]


def test_saying_clicking_and_closing(slack):
    status, done = post(slack, "say", {"user": "U0ALICE", "channel": "C0OPS", "text": "hello"})
    assert (status, done["ok"]) == (200, True)
    assert slack.messages("C0OPS")[0]["ts"] == done["ts"]

    post(slack, "say", {"user": "U0ALICE", "channel": "C0OPS", "text": "/gardener staging"})
    assert "dispatch_failed" in slack.messages("C0OPS")[1]["text"]

    container = {"type": "message", "channel": "C0OPS", "ts": done["ts"]}
    order = {"user": "U0ALICE", "container": container, "action": {"action_id": "go"}}
    assert post(slack, "action", order)[1] == {
        "ok": False,
        "error": 'There is no "go" here any more.',
    }
    assert post(slack, "close", {"user": "U0ALICE", "view_id": "V1"})[1]["error"] == (
        "That view is closed."
    )
    assert post(slack, "submit", {"user": "U0ALICE"})[1]["error"] == '"view_id" is missing.'


def test_a_file_as_json_and_as_a_form(slack):
    content = base64.b64encode(b"one line").decode()
    order = {"user": "U0ALICE", "channel": "C0OPS", "name": "a.log", "content": content}
    post(slack, "file", order)
    shown = slack.messages("C0OPS")[0]["files"][0]
    assert shown["preview"] == "one line"

    async def form_and_fetch():
        form = aiohttp.FormData({"user": "U0ALICE", "channel": "C0OPS"})
        form.add_field("file", b"<script>", filename="b.html", content_type="text/html")
        async with aiohttp.ClientSession() as session:
            await session.post(f"{slack.base_url}/page/file", data=form)
            shown = slack.messages("C0OPS")[1]["files"][0]
            async with session.get(slack.base_url + shown["url"]) as answer:
                return answer.headers["Content-Disposition"], await answer.read()

    assert asyncio.run(form_and_fetch()) == ("attachment", b"<script>")
    assert post(slack, "file", {**order, "content": "%"})[1]["ok"] is False


def test_orders_go_to_the_parts(slack, parts):
    assert post(slack, "service", {"do": "break"})[1] == {"ok": True}
    post(slack, "github", {"repo": "acme/backend", "number": 1, "do": "close"})
    assert parts.did == [("break",), ({"repo": "acme/backend", "number": 1, "do": "close"},)]
    assert post(slack, "service", {"do": "explode"})[1]["error"] == "It does not explode."
    assert post(slack, "clock", {"do": "hour"})[1] == {"ok": True}
    assert parts.did[-1] == ("hour",)
    assert post(slack, "process", {"name": "web", "do": "kill"})[1] == {"ok": True}


def test_parts_that_are_not_there_say_so():
    with serve_in_thread(more_routes=lambda workspace: Page(workspace).routes()) as slack:
        assert "does not run here" in post(slack, "service", {"do": "break"})[1]["error"]
        assert "does not run here" in post(slack, "github", {"do": "close"})[1]["error"]
        assert "cannot be moved here" in post(slack, "clock", {"do": "hour"})[1]["error"]
        assert post(slack, "process", {"name": "web", "do": "kill"})[1]["ok"] is False


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "evil.example:8765"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_pages_may_not(slack, headers):
    order = {"user": "U0ALICE", "channel": "C0OPS", "text": "hello"}
    status, answer = post(slack, "say", order, **headers)
    assert (status, answer["ok"]) == (403, False)
    assert slack.messages("C0OPS") == []


def test_the_page_itself_may(slack):
    order = {"user": "U0ALICE", "channel": "C0OPS", "text": "hello"}
    headers = {"Origin": slack.base_url, "Sec-Fetch-Site": "same-origin"}
    assert post(slack, "say", order, **headers)[0] == 200


def test_bodies_that_are_no_orders(slack):
    assert post(slack, "say", [])[1]["error"] == "Send a JSON object."
    assert post(slack, "say", {"user": "U0ALICE"})[1]["error"] == '"channel" is missing.'
    assert post(slack, "say", {"user": 5})[1]["error"] == '"user" is missing.'
