"""The app as it is registered at Slack and the app as it is written are the same."""

from __future__ import annotations

import json
import re

import pytest

from blocks import buttons
from handlers.app import ACTIONS, COMMANDS, EVENTS, VIEWS
from playground.slack.methods import METHODS
from tests.paths import ROOT

MANIFEST = json.loads((ROOT / "slack-manifest.json").read_text())
SCOPES = set(MANIFEST["oauth_config"]["scopes"]["bot"])

# What Slack wants for an event; https://docs.slack.dev/reference/events
EVENT_SCOPES = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "message.im": {"im:history"},
}
# What reading a conversation of each kind wants: conversations.info takes any of them.
CONVERSATIONS = {"channels:read", "groups:read", "im:read", "mpim:read"}


def calls() -> set[str]:
    """The Web API methods that the code calls, as Slack names them."""
    text = "".join(p.read_text() for p in (ROOT / "bot/adapters/slack").glob("*.py"))
    found = set(re.findall(r"_client\.([a-z]+(?:_[a-zA-Z]+)+)\(", text)) - {"files_upload_v2"}
    names = {method.replace(".", "_"): method for method in METHODS}
    methods = {names[call] for call in found}
    return methods | {"files.getUploadURLExternal", "files.completeUploadExternal"}


def test_commands_are_the_registered_ones():
    registered = {c["command"]: c for c in MANIFEST["features"]["slash_commands"]}
    assert set(registered) == set(COMMANDS)
    assert all(c["usage_hint"] for c in registered.values())


def test_events_are_the_registered_ones():
    registered = set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
    assert {name.split(".")[0] for name in registered} == set(EVENTS)
    assert registered == set(EVENT_SCOPES)


def test_every_button_and_form_has_a_handler():
    assert set(buttons.BUTTONS) | {buttons.MENU, buttons.FILING_CHOICE} == set(ACTIONS)
    forms = {buttons.FILE_ISSUE, buttons.MARK_EXPECTED, buttons.REVIEW, buttons.SNOOZE_FORM}
    assert forms == set(VIEWS)
    assert MANIFEST["settings"]["interactivity"]["is_enabled"]


def test_every_offered_act_is_carried_out():
    from bot.jobs.clicks import CLICKS
    from handlers.actions import FORMS

    in_the_web_process = {*FORMS, buttons.CANCEL, buttons.RETRY, *buttons.LINKS}
    assert set(CLICKS) | in_the_web_process >= buttons.OFFERED


def test_every_call_has_its_scope():
    for method in calls():
        scopes = METHODS[method].scopes
        assert not scopes or set(scopes) & SCOPES, method


def test_no_scope_is_asked_for_without_need():
    needed = {"commands", "files:read"}  # a dropped file is downloaded without a Web API method
    needed.update(*EVENT_SCOPES.values())
    for method in calls():
        scopes = set(METHODS[method].scopes)
        needed |= scopes & CONVERSATIONS if method == "conversations.info" else set()
        needed |= {"im:write"} if method == "conversations.open" else scopes - CONVERSATIONS
    assert needed == SCOPES


@pytest.mark.parametrize("part", ["home_tab_enabled", "messages_tab_enabled"])
def test_the_apps_own_tabs_are_there(part):
    assert MANIFEST["features"]["app_home"][part]
