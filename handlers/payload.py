"""Converts Slack's payloads to request values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from blocks.buttons import MENU, RETRY, Act
from bot.asker import Asker
from bot.core.model.errors import UsageError

Body = Mapping[str, Any]

ONCE = 3_600
"""Seconds for which a repeated request is ignored: Slack re-sends for at most an hour."""


def of_command(body: Body, now: int) -> Asker:
    """Returns who typed a slash command, and where. `now` in nanoseconds."""
    return Asker(
        user=str(body["user_id"]),
        request=str(body.get("trigger_id") or _digest(body)),
        at=now,
        channel=str(body.get("channel_id") or ""),
        channel_name=str(body.get("channel_name") or ""),
        response_url=str(body.get("response_url") or ""),
    )


def of_interaction(body: Body, now: int) -> Asker:
    """Returns who clicked or submitted, and where. `now` in nanoseconds."""
    container: Mapping[str, Any] = body.get("container") or {}
    channel: Mapping[str, Any] = body.get("channel") or {}
    ts = str(container.get("message_ts") or "")
    thread = str(container.get("thread_ts") or "")
    return Asker(
        user=str(body["user"]["id"]),
        request=str(body.get("trigger_id") or _digest(body)),
        at=now,
        channel=str(channel.get("id") or container.get("channel_id") or ""),
        channel_name=str(channel.get("name") or ""),
        thread="" if thread == ts else thread,
        response_url=str(body.get("response_url") or ""),
        message=ts,
        ephemeral=bool(container.get("is_ephemeral")),
    )


def of_event(body: Body, now: int) -> Asker:
    """Returns who wrote to the bot, and where. `now` in nanoseconds."""
    event: Mapping[str, Any] = body["event"]
    return Asker(
        user=str(event.get("user") or ""),
        request=str(body.get("event_id") or _digest(body)),
        at=now,
        channel=str(event.get("channel") or ""),
        thread=str(event.get("thread_ts") or ""),
        message=str(event.get("ts") or ""),
    )


def act_of(body: Body) -> Act:
    """Returns the clicked act; for [Try again], the act that failed. Raises `UsageError`."""
    actions = body.get("actions") or [{}]
    action: Mapping[str, Any] = actions[0]
    option: Mapping[str, Any] = action.get("selected_option") or {}
    value = option.get("value") if action.get("action_id") == MENU else action.get("value")
    act = Act.decode(value)
    if act.kind != RETRY:
        return act
    kind, _, note = act.note.partition("/")
    if not kind or kind == RETRY:
        raise UsageError("There is nothing to try again. Run /gardener for a fresh report.")
    return act.of(kind, act.cluster, note)


def job_id(asker: Asker, what: str) -> str:
    """Returns a job id that is equal for every delivery of the same request."""
    return f"slack-{what}-{hashlib.sha256(asker.request.encode()).hexdigest()[:24]}"


def _digest(body: Body) -> str:
    return hashlib.sha256(repr(sorted(body.items())).encode()).hexdigest()
