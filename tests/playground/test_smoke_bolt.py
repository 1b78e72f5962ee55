"""A tiny Bolt app over Socket Mode, all through the stand-in: the road the real bot takes."""

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from tests.standins.slack import serve_in_thread


def tiny_app(slack):
    app = App(client=WebClient(token=slack.bot_token, base_url=slack.api_url))

    @app.command("/gardener")
    def command(ack, body, client):
        ack()
        client.chat_postMessage(
            channel=body["channel_id"],
            text=f"You said {body['text']}",
            blocks=[
                {"type": "section", "text": {"type": "mrkdwn", "text": "*hello*"}},
                {
                    "type": "actions",
                    "elements": [
                        {
                            "type": "button",
                            "action_id": "open",
                            "value": "C3",
                            "text": {"type": "plain_text", "text": "Open"},
                        }
                    ],
                },
            ],
        )

    @app.action("open")
    def clicked(ack, body, client):
        ack()
        client.views_open(
            trigger_id=body["trigger_id"],
            view={
                "type": "modal",
                "callback_id": "form",
                "title": {"type": "plain_text", "text": "Form"},
                "submit": {"type": "plain_text", "text": "Send"},
                "private_metadata": body["actions"][0]["value"],
                "blocks": [
                    {
                        "type": "input",
                        "block_id": "why",
                        "label": {"type": "plain_text", "text": "Why?"},
                        "element": {"type": "plain_text_input", "action_id": "text"},
                    }
                ],
            },
        )

    @app.view("form")
    def submitted(ack, body, view, client):
        why = view["state"]["values"]["why"]["text"]["value"]
        if why == "no":
            ack(response_action="errors", errors={"why": "Say more."})
            return
        ack()
        client.chat_postEphemeral(
            channel="C0OPS", user=body["user"]["id"], text=f"{view['private_metadata']}: {why}"
        )

    @app.event("app_mention")
    def mentioned(event, client):
        client.reactions_add(channel=event["channel"], timestamp=event["ts"], name="eyes")

    return app


@pytest.fixture
def slack():
    with serve_in_thread() as server:
        handler = SocketModeHandler(tiny_app(server), server.app_token, ping_interval=1)
        handler.connect()
        server.wait_for_connection()
        yield server
        handler.client.auto_reconnect_enabled = False
        server.hang_up()
        handler.close()


def test_a_command_a_click_and_a_form_go_all_the_way_through(slack):
    assert slack.command("U0ALICE", "C0OPS", "staging 2d").ok
    said = slack.wait_for(lambda: slack.messages("C0OPS"))[0]
    assert said["text"] == "You said staging 2d"
    assert said["bot"] is True

    assert slack.click("U0BOB", "open", channel="C0OPS", ts=said["ts"]).ok
    view = slack.wait_for(lambda: slack.view("U0BOB"))
    assert view["title"]["text"] == "Form"
    assert slack.view("U0ALICE") is None

    assert slack.submit("U0BOB", view["id"]).error == "Something is missing in the form."
    assert slack.view("U0BOB")["errors"] == {"why": "Please complete this required field."}
    slack.submit("U0BOB", view["id"], {"why": {"text": {"value": "no"}}})
    assert slack.view("U0BOB")["errors"] == {"why": "Say more."}

    assert slack.submit("U0BOB", view["id"], {"why": {"text": {"value": "expected"}}}).ok
    assert slack.view("U0BOB") is None
    seen = slack.wait_for(lambda: slack.messages("C0OPS", "U0BOB")[1:])
    assert [m["text"] for m in seen] == ["C3: expected"]
    assert len(slack.messages("C0OPS", "U0ALICE")) == 1


def test_a_scope_that_the_manifest_lacks_is_refused(slack):
    slack.say("U0ALICE", "C0OPS", "@gardener hello")
    call = slack.wait_for(lambda: slack.api_calls("reactions.add"))[0]
    assert call.answer["error"] == "missing_scope"
    assert call.answer["needed"] == "reactions:write"
