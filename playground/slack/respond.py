"""Responses to a slash command or a click that do not use the Web API.

They arrive as a POST to the response_url, or inside the acknowledgement itself.
"""

from __future__ import annotations

import json
from typing import Any

from playground.feed import Json
from playground.slack.args import Args
from playground.slack.chat import content, rewrite
from playground.slack.people import BOT_USER
from playground.slack.records import Message, Refused, ResponseUrl
from playground.slack.state import RESPONSE_USES, SlackState


def answer_response_url(state: SlackState, key: str, body: bytes) -> tuple[int, str]:
    """Handles a POST to a response_url; returns HTTP status and body as Slack does."""
    place = state.response_urls.get(key)
    if place is None or state.now() > place.until:
        return 404, _refused(Refused("expired_url"))
    if place.uses >= RESPONSE_USES:
        return 404, _refused(Refused("used_url"))
    try:
        given = json.loads(body)
    except ValueError:
        return 400, "invalid_payload"
    if not isinstance(given, dict):
        return 400, "invalid_payload"
    place.uses += 1
    try:
        apply_answer(state, place, given)
    except Refused as refused:
        status = 404 if refused.code == "message_not_found" else 400
        return status, _refused(refused)
    return 200, "ok"


def apply_answer(state: SlackState, place: ResponseUrl, given: Json) -> None:
    """Posts, replaces or deletes a message as the response asks. Raises Refused."""
    origin = state.messages.get(place.channel, {}).get(place.message or "")
    if origin is not None and origin.deleted:
        origin = None
    if _yes(given.get("delete_original")):
        if origin is None:
            raise Refused("message_not_found")
        state.remove(origin)
        return
    text, blocks = content(state, Args(given))
    if _yes(given.get("replace_original")) and origin is not None:
        rewrite(state, origin, text, blocks)
        return
    public = given.get("response_type") == "in_channel"
    thread_ts = given.get("thread_ts")
    state.add(
        Message(
            place.channel,
            state.next_ts(),
            BOT_USER,
            text,
            blocks,
            is_bot=True,
            thread_ts=thread_ts,
            only_for=None if public else place.user,
        )
    )


def _yes(value: Any) -> bool:
    return value in (True, "true", 1, "1")


def _refused(refused: Refused) -> str:
    answer: Json = {"ok": False, "error": refused.code}
    if refused.messages:
        answer["response_metadata"] = {"messages": refused.messages}
    return json.dumps(answer)
