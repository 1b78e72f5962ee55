"""The payloads that Slack sends when a person does something: commands, clicks, events."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from playground.feed import Json, PlaygroundError
from playground.slack.blockkit import elements_of
from playground.slack.people import (
    APP_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Person,
)
from playground.slack.records import Message, View
from playground.slack.state import SlackState, new_id

_VERIFICATION = "playground-verification-token"
_CHOICES = ("selected_option", "selected_options", "value", "rich_text_value", "files")


def _who(person: Person) -> Json:
    return {
        "id": person.id,
        "username": person.name.lower(),
        "name": person.name.lower(),
        "team_id": person.team_id,
    }


def _from_app() -> Json:
    return {
        "api_app_id": APP_ID,
        "token": _VERIFICATION,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def channel_name(channel: Channel) -> str:
    """Returns the channel's name as in interactions, where direct messages are `directmessage`."""
    if channel.kind == "im":
        return "directmessage"
    return "privategroup" if channel.kind == "private" else channel.name


def slash_command(
    state: SlackState, person: Person, channel: Channel, command: str, text: str
) -> Json:
    """Builds a slash command's form. Every value is a string."""
    return {
        "token": _VERIFICATION,
        "team_id": person.team_id,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.name.lower(),
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": state.new_response_url(person.id, channel.id),
        "trigger_id": state.new_trigger(person.id),
    }


def message_click(
    state: SlackState, person: Person, channel: Channel, message: Message, action: Json
) -> Json:
    """Builds block_actions for a message. An ephemeral message is not repeated in it."""
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.only_for is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload: Json = {
        "type": "block_actions",
        "user": _who(person),
        **_from_app(),
        "container": container,
        "trigger_id": state.new_trigger(person.id),
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": {}},
        "response_url": state.new_response_url(person.id, channel.id, message.ts),
        "actions": [action],
    }
    if message.only_for is None:
        payload["message"] = message.api(state.base_url)
    return payload


def view_click(state: SlackState, person: Person, view: View, action: Json) -> Json:
    """Builds block_actions for a modal or the home tab."""
    return {
        "type": "block_actions",
        "user": _who(person),
        **_from_app(),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": state.new_trigger(person.id, view.id if view.kind == "modal" else None),
        "view": view.api(),
        "actions": [action],
    }


def view_submission(state: SlackState, person: Person, view: View) -> Json:
    """Builds view_submission; its trigger id can open but not push, since the modal is closing."""
    return {
        "type": "view_submission",
        "user": _who(person),
        **_from_app(),
        "trigger_id": state.new_trigger(person.id, view.id),
        "view": view.api(),
        "response_urls": [],
    }


def view_closed(person: Person, view: View, *, cleared: bool) -> Json:
    """Builds view_closed, which is sent only for views that asked for it."""
    return {
        "type": "view_closed",
        "user": _who(person),
        **_from_app(),
        "view": view.api(),
        "is_cleared": cleared,
    }


def event_callback(state: SlackState, event: Json, *, shared: bool = False) -> Json:
    """Wraps an event in the envelope of the Events API."""
    return {
        "token": _VERIFICATION,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(state.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{secrets.token_urlsafe(24)}",
    }


def message_event(state: SlackState, person: Person, channel: Channel, message: Message) -> Json:
    """Builds the app_mention or message event for what a person wrote."""
    event: Json = {
        "type": "app_mention" if channel.kind != "im" else "message",
        "user": person.id,
        "ts": message.ts,
        "client_msg_id": secrets.token_hex(16),
        "text": message.text,
        "team": person.team_id,
        "channel": channel.id,
        "event_ts": message.ts,
    }
    if channel.kind == "im":
        event["channel_type"] = "im"
    if message.thread_ts:
        event["thread_ts"] = message.thread_ts
    if message.files:
        event["files"] = [each.api(state.base_url) for each in message.files]
        event["upload"] = False
        if channel.kind == "im":
            event["subtype"] = "file_share"
    return event


def pressed(
    blocks: list[Json], block_id: str | None, action_id: str, chosen: Mapping[str, Any], ts: str
) -> Json:
    """Builds the action that a person took on an element of these blocks.

    The app's own data (value, options) comes from the blocks, never from the page. Raises
    PlaygroundError if there is no such element or option.
    """
    for block in blocks:
        if block_id is not None and block["block_id"] != block_id:
            continue
        for _, element in elements_of(block):
            if element.get("action_id") == action_id:
                return _action(block["block_id"], element, chosen, ts)
    raise PlaygroundError(f'There is no "{action_id}" here any more.')


def _action(block_id: str, element: Json, chosen: Mapping[str, Any], ts: str) -> Json:
    kind = element["type"]
    action: Json = {
        "action_id": element["action_id"],
        "block_id": block_id,
        "type": kind,
        "action_ts": ts,
    }
    if kind == "button":
        given = ("text", "value", "style", "url", "accessibility_label")
        return action | {key: element[key] for key in given if key in element}
    picked = {k: v for k, v in chosen.items() if k in _CHOICES or k.startswith("selected_")}
    check_choice(element, picked)
    if kind == "overflow" and not picked.get("selected_option"):
        raise PlaygroundError("Choose an entry of the menu.")
    drawn = ("placeholder", "initial_option", "initial_options")
    return action | {key: element[key] for key in drawn if key in element} | picked


def check_choice(element: Json, picked: Mapping[str, Any]) -> None:
    """Raises PlaygroundError if an option is chosen that the element does not have."""
    if "options" not in element and "option_groups" not in element:
        return
    options = list(element.get("options", []))
    for group in element.get("option_groups", []):
        options += group["options"]
    values = {option["value"] for option in options}
    chosen = [picked.get("selected_option"), *(picked.get("selected_options") or [])]
    for each in chosen:
        if each is not None and each.get("value") not in values:
            raise PlaygroundError("That option is not there any more.")
