"""Slack's state: messages, views, files, trigger ids, response URLs.

Not thread-safe: it lives in the loop of the server that owns it. Times are seconds since 1970 from
an injected clock.
"""

from __future__ import annotations

import copy
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from playground.feed import Feed, Json
from playground.slack.blockkit import elements_of
from playground.slack.people import (
    BOT_USER,
    TEAM_ID,
    AppSetup,
    Channel,
    Person,
    UserGroup,
    every_channel,
    every_group,
    everyone,
)
from playground.slack.records import (
    ApiCall,
    Message,
    Refused,
    ResponseUrl,
    StoredFile,
    Trigger,
    View,
)

TRIGGER_SECONDS = 3.0
RESPONSE_USES = 5
RESPONSE_SECONDS = 30 * 60
VIEW_STACK = 3
KEPT_CALLS = 5_000
REMEMBERED_SECONDS = 3600
"""How long an expired trigger id counts as expired rather than invalid."""


@dataclass(slots=True)
class SlackState:
    """The state of the workspace."""

    now: Callable[[], float] = time.time
    setup: AppSetup = field(default_factory=AppSetup)
    feed: Feed = field(default_factory=Feed)
    rate_limits: bool = True
    base_url: str = "http://127.0.0.1"
    bot_token: str = field(default_factory=lambda: f"xoxb-playground-{secrets.token_hex(12)}")
    app_token: str = field(default_factory=lambda: f"xapp-playground-{secrets.token_hex(12)}")
    people: dict[str, Person] = field(default_factory=everyone)
    channels: dict[str, Channel] = field(default_factory=every_channel)
    groups: dict[str, UserGroup] = field(default_factory=every_group)
    messages: dict[str, dict[str, Message]] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    stacks: dict[str, list[str]] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    calls: deque[ApiCall] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    _last_ts: int = 0

    def next_ts(self) -> str:
        """Returns an unused message timestamp in Slack's form."""
        self._last_ts = max(self._last_ts + 1, int(self.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add(self, message: Message) -> Message:
        """Adds a message to its channel and notifies the feed."""
        self.messages.setdefault(message.channel, {})[message.ts] = message
        parent = self.find(message.channel, message.thread_ts) if message.thread_ts else None
        self.tell(message)
        if parent is not None and message.only_for is None:
            parent.replies.append(message.ts)
            self.tell(parent)
        return message

    def tell(self, message: Message) -> None:
        """Publishes a message's current state."""
        self.feed.publish(
            {"type": "message", "channel": message.channel, "message": message.page()},
            only_for=message.only_for,
        )

    def find(self, channel: str, ts: str | None) -> Message | None:
        """Finds a message that still exists."""
        message = self.messages.get(channel, {}).get(ts or "")
        return None if message is None or message.deleted else message

    def remove(self, message: Message) -> None:
        """Deletes a message and notifies the feed."""
        message.deleted = True
        parent = self.find(message.channel, message.thread_ts) if message.thread_ts else None
        if parent is not None and message.ts in parent.replies:
            parent.replies.remove(message.ts)
            self.tell(parent)
        self.tell(message)

    def visible(self, channel: str, user: str) -> Iterator[Message]:
        """Yields a channel's messages as one person sees them, oldest first."""
        for message in list(self.messages.get(channel, {}).values()):
            if not message.deleted and message.only_for in (None, user):
                yield message

    def im_of(self, user: str) -> Channel:
        """Returns the bot's conversation with a person; opens it if needed."""
        for channel in self.channels.values():
            if channel.kind == "im" and user in channel.members:
                return channel
        channel = Channel(f"D0{user[2:]}", "", {user, BOT_USER}, "im")
        self.channels[channel.id] = channel
        return channel

    def new_trigger(self, user: str, view: str | None = None) -> str:
        """Creates a trigger id for a person's action."""
        trigger = f"{int(self.now() * 1000)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        for old, each in list(self.triggers.items()):
            if each.until + REMEMBERED_SECONDS < self.now():
                del self.triggers[old]
        self.triggers[trigger] = Trigger(user, self.now() + TRIGGER_SECONDS, view)
        return trigger

    def use_trigger(self, trigger_id: str) -> Trigger:
        """Uses up a trigger id. Raises Refused if it is unknown, expired or used."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.now() > trigger.until:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(self, user: str, channel: str, message: str | None = None) -> str:
        """Creates a response URL for a person's action, optionally on a message."""
        key = secrets.token_urlsafe(18)
        until = self.now() + RESPONSE_SECONDS
        for old, each in list(self.response_urls.items()):
            if each.until < self.now():
                del self.response_urls[old]
        self.response_urls[key] = ResponseUrl(user, channel, until, message)
        return f"{self.base_url}/slack/respond/{TEAM_ID}/{key}"


def new_id(kind: str) -> str:
    """Generates an id like Slack's: a letter or two, then ten characters."""
    return kind + secrets.token_hex(5).upper()


def with_ids(blocks: Sequence[Json]) -> list[Json]:
    """Copies valid blocks and gives every block and element an id, as Slack does."""
    filled = copy.deepcopy(list(blocks))
    for block in filled:
        block.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        for _, element in elements_of(block):
            if element.get("type") != "image":
                element.setdefault("action_id", secrets.token_urlsafe(4)[:5])
    return filled


def fingerprint(payload: Any, now: float) -> str:
    """Computes a view's hash, which changes whenever the view does."""
    return f"{int(now)}.{abs(hash(json.dumps(payload, sort_keys=True))):x}.{secrets.token_hex(2)}"
