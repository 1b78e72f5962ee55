"""Socket Mode: the deadline, lost connections, refreshes, several connections."""

import asyncio
import json

import aiohttp
import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from playground.slack.workspace import UNHEARD
from tests.standins.slack import serve_in_thread

NOT_IN_TIME = pytest.mark.parametrize("ack_seconds", [0.3])


class App:
    """A Socket Mode app that notes what it gets and acknowledges when told to."""

    def __init__(self, slack, *, acks=True):
        self.slack = slack
        self.acks = acks
        self.got = []
        self.payload = None
        web = WebClient(token=slack.bot_token, base_url=slack.api_url)
        self.client = SocketModeClient(slack.app_token, web_client=web, ping_interval=0.2)
        self.client.socket_mode_request_listeners.append(self.on)
        self.client.connect()

    def on(self, client, request):
        self.got.append(request)
        if self.acks:
            client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload=self.payload)
            )

    def close(self):
        # Not client.close(): it waits a second for its own queue. Its threads are daemons.
        self.client.closed = True
        self.client.auto_reconnect_enabled = False
        self.slack.hang_up()
        self.client.disconnect()


@pytest.fixture
def connect(slack):
    apps = []

    def start(**how):
        apps.append(App(slack, **how))
        slack.wait_for_connection(len(apps))
        return apps[-1]

    yield start
    for app in apps:
        app.client.auto_reconnect_enabled = False
    for app in apps:
        app.close()


def test_an_acknowledgement_may_carry_the_answer(slack, connect):
    app = connect()
    app.payload = {"text": "only you see this"}
    outcome = slack.command("U0BOB", "C0OPS", "help")
    assert outcome.ok
    assert [m["text"] for m in slack.messages("C0OPS", "U0BOB")] == ["only you see this"]
    assert slack.messages("C0OPS", "U0ALICE") == []
    body = app.got[0].payload
    assert (body["command"], body["text"], body["channel_name"]) == ("/gardener", "help", "ops")
    assert body["response_url"].startswith(slack.base_url)


@NOT_IN_TIME
def test_no_acknowledgement_in_time(slack, connect):
    connect(acks=False)
    outcome = slack.command("U0BOB", "C0OPS", "staging")
    assert outcome.error == '/gardener failed with the error "operation_timeout"'
    told = slack.messages("C0OPS", "U0BOB")[0]
    assert told["user"] == "USLACKBOT"
    assert told["ephemeral_for"] == "U0BOB"


def test_nobody_is_connected(slack):
    assert "dispatch_failed" in slack.command("U0BOB", "C0OPS", "staging").error


@NOT_IN_TIME
def test_an_event_without_acknowledgement_comes_once_more(slack, connect):
    app = connect(acks=False)
    assert slack.say("U0BOB", "C0OPS", "@gardener hello").error == UNHEARD
    slack.wait_for(lambda: len(app.got) == 2)
    assert [each.retry_attempt for each in app.got] == [0, 1]
    assert app.got[1].retry_reason == "timeout"
    assert app.got[0].payload["event_id"] == app.got[1].payload["event_id"]
    assert app.got[0].payload["event"]["text"] == "<@U0GARDEN> hello"


def test_an_envelope_whose_acknowledgement_was_lost_comes_again(slack, connect):
    app = connect()
    slack.command("U0BOB", "C0OPS", "staging")
    slack.run(slack.workspace.socket.send_again())
    slack.wait_for(lambda: len(app.got) == 2)
    assert app.got[0].envelope_id == app.got[1].envelope_id
    assert app.got[0].payload["trigger_id"] == app.got[1].payload["trigger_id"]


def test_several_connections_take_turns(slack, connect):
    one, two = connect(), connect()
    for _ in range(4):
        slack.command("U0BOB", "C0OPS", "staging")
    assert (len(one.got), len(two.got)) == (2, 2)


def test_what_a_lost_connection_held_goes_to_another(slack):
    web = WebClient(token=slack.bot_token, base_url=slack.api_url)
    urls = [web.apps_connections_open(app_token=slack.app_token)["url"] for _ in range(2)]
    got = []

    async def receive(socket):
        """Note every envelope; acknowledge the second, die at the first."""
        async for message in socket:
            envelope = json.loads(message.data)
            if envelope["type"] != "slash_commands":
                continue
            got.append(envelope["envelope_id"])
            if len(got) == 1:
                socket._response.connection.transport.abort()
                return
            await socket.send_json({"envelope_id": envelope["envelope_id"]})

    async def two_connections():
        async with aiohttp.ClientSession() as session:
            sockets = [await session.ws_connect(url) for url in urls]
            readers = [asyncio.create_task(receive(each)) for each in sockets]
            outcome = await asyncio.to_thread(slack.command, "U0BOB", "C0OPS", "staging")
            for each in readers:
                each.cancel()
            return outcome

    assert asyncio.run(two_connections()).ok
    assert len(got) == 2
    assert got[0] == got[1]


def test_a_refresh_brings_a_new_connection(slack, connect):
    app = connect()
    old = app.client.session_id()
    slack.run(slack.workspace.socket.refresh())
    assert slack.workspace.socket.connections == 0
    slack.wait_for_connection()
    assert slack.command("U0BOB", "C0OPS", "staging").ok
    assert app.client.session_id() != old


def test_a_ticket_is_good_once(slack):
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    url = client.apps_connections_open(app_token=slack.app_token)["url"]

    async def twice():
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url) as socket:
                hello = json.loads((await socket.receive()).data)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)
        return hello

    hello = asyncio.run(twice())
    assert hello["type"] == "hello"
    assert hello["connection_info"]["app_id"] == "A0GARDEN"


@NOT_IN_TIME
def test_a_late_acknowledgement_is_only_noted(slack, connect):
    app = connect(acks=False)
    slack.command("U0BOB", "C0OPS", "staging")
    slack.wait_for(lambda: app.got)
    late = SocketModeResponse(app.got[0].envelope_id, {"text": "too late"})
    app.client.send_socket_mode_response(late)
    slack.wait_for(lambda: any(s["detail"] == "again or too late" for s in slack.state.feed.scenes))
    assert [m["user"] for m in slack.messages("C0OPS", "U0BOB")] == ["USLACKBOT"]


def test_two_stand_ins_do_not_know_each_others_tokens(slack):
    with serve_in_thread() as other:
        assert other.bot_token != slack.bot_token
        assert other.bot_token.startswith("xoxb-playground-")
        assert other.app_token.startswith("xapp-playground-")
