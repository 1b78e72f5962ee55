"""Delivery over HTTP, signed as Slack signs, to Bolt's own signature check."""

import threading
from wsgiref.simple_server import WSGIRequestHandler, demo_app, make_server

import pytest
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from tests.standins.slack import post_as, serve_in_thread

SECRET = "a-signing-secret"


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


class Bolt:
    """A Bolt app that notes what it gets. It is built once it is known where Slack is."""

    def __init__(self, server):
        self.server = server
        self.url = f"http://127.0.0.1:{server.server_port}/slack/events"
        self.got = []

    def talk_to(self, slack):
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        app = App(client=client, signing_secret=SECRET)

        @app.command("/gardener")
        def command(ack, body):
            ack(f"You said {body['text']}")

        @app.action("go")
        def go(ack, body):
            self.got.append(body)
            ack()

        @app.event("app_mention")
        def mention(event):
            self.got.append(event)

        self.server.set_app(SlackRequestHandler(app))


@pytest.fixture
def bolt():
    server = make_server("127.0.0.1", 0, demo_app, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Bolt(server)
    server.shutdown()
    thread.join(40)
    server.server_close()


def test_a_signed_command_a_click_and_an_event(bolt):
    with serve_in_thread(deliver="http", request_url=bolt.url, signing_secret=SECRET) as slack:
        bolt.talk_to(slack)
        assert slack.command("U0BOB", "C0OPS", "staging").ok
        assert slack.messages("C0OPS", "U0BOB")[0]["text"] == "You said staging"

        button = {
            "type": "button",
            "action_id": "go",
            "value": "C3",
            "text": {"type": "plain_text", "text": "Go"},
        }
        blocks = [{"type": "actions", "elements": [button]}]
        ts = slack.call_in_loop(lambda: post_as(slack.workspace, "U0GARDEN", "C0OPS", "x", blocks))
        assert slack.click("U0ALICE", "go", channel="C0OPS", ts=ts).ok
        assert bolt.got[0]["actions"][0]["value"] == "C3"
        assert bolt.got[0]["user"]["id"] == "U0ALICE"

        assert slack.say("U0BOB", "C0OPS", "@gardener hi").ok
        slack.wait_for(lambda: len(bolt.got) == 2)


def test_a_wrong_secret_is_refused_by_the_app(bolt):
    with serve_in_thread(deliver="http", request_url=bolt.url, signing_secret="other") as slack:
        bolt.talk_to(slack)
        assert "dispatch_failed" in str(slack.command("U0BOB", "C0OPS", "staging").error)


def test_nobody_listens():
    url = "http://127.0.0.1:9/slack/events"
    with serve_in_thread(deliver="http", request_url=url, signing_secret=SECRET) as slack:
        assert "dispatch_unknown_error" in str(slack.command("U0BOB", "C0OPS", "staging").error)
