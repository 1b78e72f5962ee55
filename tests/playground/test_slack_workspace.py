"""What people do, and what Slack makes of it, with an app that answers by rote."""

import asyncio
import json
from typing import Any

import pytest

from playground.feed import PlaygroundError
from playground.slack.delivery import Ack, NotAcknowledged
from playground.slack.people import AppSetup
from playground.slack.state import SlackState
from playground.slack.views import push_view
from playground.slack.workspace import TROUBLE, Workspace
from tests.standins.slack import post_as


class RoteApp:
    """A delivery that notes what it is given and answers what it was told to."""

    def __init__(self):
        self.got = []
        self.answer = None
        self.late = False

    async def send(self, kind, payload, *, answers):
        json.dumps(payload)  # what goes over the wire is JSON
        self.got.append((kind, payload))
        if self.late:
            raise NotAcknowledged("operation_timeout")
        return Ack(self.answer if answers else None, 5.0)

    async def close(self):
        pass


class Room:
    """A workspace, its app, and blocking methods."""

    def __init__(self, setup=None):
        self.app = RoteApp()
        self.workspace = Workspace(SlackState(setup=setup or AppSetup()), delivery=self.app)
        self.state = self.workspace.state
        self.events: list[tuple[dict[str, Any], str | None]] = []
        self.state.feed.watch(lambda event, only_for: self.events.append((event, only_for)))

    def __getattr__(self, name):
        method = getattr(self.workspace, name)
        return lambda *args, **more: asyncio.run(method(*args, **more))

    def post(self, *blocks, user="U0GARDEN", channel="C0OPS"):
        return post_as(self.workspace, user, channel, "x", list(blocks))

    def modal(self, *blocks, user="U0ALICE", **more):
        from playground.slack.state import with_ids

        payload = {"type": "modal", "title": plain("Form"), **more, "blocks": with_ids(blocks)}
        return push_view(self.state, user, payload)

    def seen(self, channel, user):
        return [message.text for message in self.state.visible(channel, user)]

    def last(self):
        return self.app.got[-1][1]


@pytest.fixture
def room():
    return Room()


def plain(text):
    return {"type": "plain_text", "text": text}


def button(action_id="go", value="C3"):
    return {"type": "button", "action_id": action_id, "value": value, "text": plain("Go")}


def actions(*elements):
    return {"type": "actions", "block_id": "a", "elements": list(elements)}


def option(value):
    return {"text": plain(f"Option {value}"), "value": value}


OVERFLOW = {"type": "overflow", "action_id": "more", "options": [option("why"), option("snooze")]}
RADIO = {"type": "radio_buttons", "action_id": "r", "options": [option("7"), option("30")]}


def field(block_id="why", *, optional=False, **more):
    element = {"type": "plain_text_input", "action_id": "t", **more}
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain("Why?"),
        "element": element,
        "optional": optional,
    }


def entered(text):
    return {"why": {"t": {"type": "plain_text_input", "value": text}}}


class TestWriting:
    def test_a_mention_reaches_the_app(self, room):
        outcome = room.say("U0ALICE", "C0OPS", "hello @gardener")
        assert room.seen("C0OPS", "U0BOB") == ["hello <@U0GARDEN>"]
        kind, body = room.app.got[0]
        assert kind == "events_api"
        assert body["event"] == {
            **body["event"],
            "type": "app_mention",
            "user": "U0ALICE",
            "channel": "C0OPS",
            "ts": outcome.message.ts,
        }
        assert body["authorizations"][0]["user_id"] == "U0GARDEN"

    def test_other_words_do_not(self, room):
        room.say("U0ALICE", "C0OPS", "hello gardener, mail me at x@gardener")
        assert room.app.got == []

    def test_a_direct_message_does(self, room):
        room.say("U0ALICE", "D0ALICE", "hello")
        event = room.last()["event"]
        assert (event["type"], event["channel_type"]) == ("message", "im")

    def test_where_the_bot_is_no_member_slackbot_says_how_to_invite(self, room):
        room.say("U0ALICE", "C0QUIET", "@gardener hello")
        assert room.app.got == []
        assert "/invite @gardener" in room.seen("C0QUIET", "U0ALICE")[1]
        assert len(room.seen("C0QUIET", "U0BOB")) == 1
        room.say("U0ALICE", "C0QUIET", "/invite @gardener")
        room.say("U0ALICE", "C0QUIET", "@gardener hello")
        assert len(room.app.got) == 1

    def test_an_event_that_the_manifest_does_not_subscribe_to(self):
        room = Room(AppSetup(events=frozenset()))
        assert "does not subscribe" in room.say("U0ALICE", "C0OPS", "@gardener hello").error

    def test_a_dropped_file_comes_with_a_mention(self, room):
        room.drop_file("U0ALICE", "C0OPS", "a/../entries.jsonl", b"{}")
        kept = room.last()["event"]["files"][0]
        assert kept["name"] == "entries.jsonl"
        assert kept["mimetype"] == "text/plain"
        assert "/slack/files/T0GARDEN-" in kept["url_private_download"]

    def test_commands_that_slack_does_not_know(self, room):
        with pytest.raises(PlaygroundError, match="not a valid command"):
            room.say("U0ALICE", "C0OPS", "/garden staging")
        with pytest.raises(PlaygroundError, match="not supported in threads"):
            room.say("U0ALICE", "C0OPS", "/gardener", thread_ts="1.2")

    def test_people_who_are_not_there(self, room):
        with pytest.raises(PlaygroundError, match="Olga is not in that channel"):
            room.say("U0OTHER", "C0OPS", "hello")
        with pytest.raises(PlaygroundError, match="Nobody here"):
            room.say("U0GARDEN", "C0OPS", "hello")

    def test_a_wrong_answer_to_a_command_is_told(self, room):
        room.app.answer = {"blocks": [{"type": "section"}]}
        assert "invalid_blocks" in room.say("U0ALICE", "C0OPS", "/gardener help").error

    def test_an_answer_for_everyone(self, room):
        room.app.answer = {"text": "hello", "response_type": "in_channel"}
        room.say("U0ALICE", "C0OPS", "/gardener help")
        assert room.seen("C0OPS", "U0BOB") == ["hello"]


class TestClicking:
    def test_a_button_sends_what_the_app_gave_it(self, room):
        ts = room.post(actions(button()))
        room.click("U0BOB", "go", channel="C0OPS", ts=ts, chosen={"value": "forged"})
        body = room.last()
        assert body["type"] == "block_actions"
        assert body["actions"][0]["value"] == "C3"
        assert body["message"]["ts"] == ts
        assert body["channel"] == {"id": "C0OPS", "name": "ops"}
        assert body["user"]["team_id"] == "T0GARDEN"

    def test_a_menu_sends_what_was_chosen(self, room):
        ts = room.post(actions(OVERFLOW))
        room.click(
            "U0BOB", "more", channel="C0OPS", ts=ts, chosen={"selected_option": option("why")}
        )
        assert room.last()["actions"][0]["selected_option"]["value"] == "why"
        for wrong in ({}, {"selected_option": option("other")}):
            with pytest.raises(PlaygroundError):
                room.click("U0BOB", "more", channel="C0OPS", ts=ts, chosen=wrong)

    def test_what_is_not_there_cannot_be_clicked(self, room):
        ts = room.post(actions(button()))
        for where in ({"ts": ts}, {"ts": "1.2"}):
            with pytest.raises(PlaygroundError):
                room.click("U0BOB", "gone", channel="C0OPS", **where)

    def test_an_ephemeral_is_not_repeated_to_the_app(self, room):
        room.app.answer = {"text": "x", "blocks": [actions(button())]}
        room.say("U0ALICE", "C0OPS", "/gardener help")
        ts = next(iter(room.state.visible("C0OPS", "U0ALICE"))).ts
        room.click("U0ALICE", "go", channel="C0OPS", ts=ts)
        assert "message" not in room.last()
        assert room.last()["container"]["is_ephemeral"] is True
        with pytest.raises(PlaygroundError):
            room.click("U0BOB", "go", channel="C0OPS", ts=ts)

    def test_the_other_inputs_of_a_message_come_along(self, room):
        ts = room.post(actions(button(), RADIO))
        values = {"a": {"r": {"selected_option": option("30")}}}
        room.click("U0ALICE", "go", channel="C0OPS", ts=ts, values=values)
        chosen = room.last()["state"]["values"]["a"]["r"]["selected_option"]
        assert chosen["value"] == "30"

    def test_a_late_app(self, room):
        ts = room.post(actions(button()))
        room.app.late = True
        assert room.click("U0ALICE", "go", channel="C0OPS", ts=ts).error == TROUBLE

    def test_a_click_in_a_modal_may_push_another(self, room):
        view = room.modal(actions(button()))
        room.click("U0ALICE", "go", view_id=view.id)
        body = room.last()
        assert body["container"] == {"type": "view", "view_id": view.id}
        assert "response_url" not in body
        assert room.state.triggers[body["trigger_id"]].view == view.id

    def test_an_app_without_interactivity(self):
        room = Room(AppSetup(interactive=False))
        ts = room.post(actions(button()))
        with pytest.raises(PlaygroundError, match="interactivity"):
            room.click("U0ALICE", "go", channel="C0OPS", ts=ts)


class TestSubmitting:
    @pytest.fixture
    def view(self, room):
        return room.modal(field(min_length=3, max_length=9), submit=plain("Send"))

    def test_slack_checks_first(self, room, view):
        for text, words in (("", "complete"), ("no", "at least 3"), ("x" * 10, "at most 9")):
            room.submit("U0ALICE", view.id, entered(text))
            assert words in view.errors["why"]
        assert room.app.got == []

    def test_an_accepted_form_closes(self, room, view):
        assert room.submit("U0ALICE", view.id, entered("because")).ok
        assert room.last()["view"]["state"]["values"] == entered("because")
        assert room.state.views == {}
        assert {"type": "view_closed", "id": view.id} in [event for event, _ in room.events]

    def test_the_apps_complaints_stand_at_their_inputs(self, room, view):
        room.app.answer = {"response_action": "errors", "errors": {"why": "Say more."}}
        assert room.submit("U0ALICE", view.id, entered("because")).ok
        assert view.errors == {"why": "Say more."}
        room.app.answer = {"response_action": "errors", "errors": {"other": "x"}}
        assert room.submit("U0ALICE", view.id, entered("because")).error == TROUBLE

    def test_update_push_and_clear(self, room, view):
        nxt = {"type": "modal", "title": plain("Next"), "blocks": []}
        room.app.answer = {"response_action": "push", "view": nxt}
        room.submit("U0ALICE", view.id, entered("because"))
        assert len(room.state.stacks["U0ALICE"]) == 2
        room.app.answer = {"response_action": "update", "view": nxt}
        room.submit("U0ALICE", view.id, entered("because"))
        assert view.payload["title"]["text"] == "Next"
        view.payload["submit"] = plain("Send")
        room.app.answer = {"response_action": "clear"}
        room.submit("U0ALICE", view.id)
        assert room.state.stacks["U0ALICE"] == []

    def test_a_wrong_view_or_a_late_app_is_trouble(self, room, view):
        room.app.answer = {"response_action": "update", "view": {"type": "modal"}}
        assert room.submit("U0ALICE", view.id, entered("because")).error == TROUBLE
        room.app.late = True
        assert room.submit("U0ALICE", view.id, entered("because")).error == TROUBLE
        assert room.state.views[view.id] is view

    def test_an_empty_optional_input_is_null(self, room):
        view = room.modal(field(optional=True), submit=plain("Send"))
        room.submit("U0ALICE", view.id, entered(""))
        assert room.last()["view"]["state"]["values"]["why"]["t"]["value"] is None

    def test_only_its_owner_has_the_view(self, room, view):
        with pytest.raises(PlaygroundError, match="closed"):
            room.submit("U0BOB", view.id, entered("because"))

    def test_a_view_without_submit(self, room):
        view = room.modal({"type": "divider"})
        with pytest.raises(PlaygroundError, match="no submit"):
            room.submit("U0ALICE", view.id)


class TestClosing:
    def test_the_app_is_told_where_it_asked(self, room):
        room.modal({"type": "divider"})
        quiet = room.state.stacks["U0ALICE"][0]
        view = room.modal({"type": "divider"}, notify_on_close=True)
        room.close("U0ALICE", view.id)
        assert room.last()["type"] == "view_closed"
        assert room.last()["is_cleared"] is False
        room.close("U0ALICE", quiet)
        assert len(room.app.got) == 1
        assert room.state.views == {}

    def test_clear_on_close_takes_all(self, room):
        room.modal({"type": "divider"}, notify_on_close=True)
        view = room.modal({"type": "divider"}, clear_on_close=True)
        room.close("U0ALICE", view.id)
        assert room.state.views == {}
        assert room.last()["is_cleared"] is True


def test_the_home_tab_is_looked_at(room):
    room.open_home("U0BOB")
    event = room.last()["event"]
    assert (event["type"], event["user"], event["tab"]) == ("app_home_opened", "U0BOB", "home")


MANIFEST = {
    "features": {
        "slash_commands": [{"command": "/plants", "description": "x"}],
        "app_home": {"home_tab_enabled": True},
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_mention"]},
        "interactivity": {"is_enabled": True},
    },
}


class TestManifest:
    def test_it_decides_what_works(self, tmp_path):
        (tmp_path / "slack-manifest.json").write_text(json.dumps(MANIFEST))
        setup = AppSetup.read(tmp_path)
        assert setup.commands == {"/plants"}
        assert setup.scopes == {"commands", "chat:write"}
        assert setup.events == {"app_mention"}
        assert setup.interactive
        assert setup.home_tab

    def test_without_one_the_usual_holds(self, tmp_path):
        assert AppSetup.read(tmp_path) == AppSetup()

    @pytest.mark.parametrize("text", ["{", "[]"])
    def test_a_broken_one_is_named(self, tmp_path, text):
        (tmp_path / "slack-manifest.json").write_text(text)
        with pytest.raises(PlaygroundError, match=r"slack-manifest\.json is no manifest"):
            AppSetup.read(tmp_path)
