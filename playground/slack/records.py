"""Slack's records: messages, files, views, trigger ids, response URLs, calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from playground.feed import Json
from playground.slack.people import APP_ID, BOT_ID, TEAM_ID


class Refused(Exception):  # noqa: N818  Slack refuses; it is an answer and no accident
    """A Web API answer with `ok: false`."""

    def __init__(
        self,
        code: str,
        *,
        messages: Sequence[str] = (),
        retry_after: int | None = None,
        **more: str,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.messages = list(messages)
        self.retry_after = retry_after
        self.more = more


@dataclass(slots=True)
class StoredFile:
    """An uploaded file. `shared_in`: the channels that show it; `shares`: the messages."""

    id: str
    name: str
    user: str
    size: int
    created: float
    title: str = ""
    mimetype: str = "application/octet-stream"
    content: bytes | None = None
    done: bool = False
    shared_in: list[str] = field(default_factory=list)
    shares: list[tuple[str, str]] = field(default_factory=list)
    """Channel and `ts` of each message."""
    deleted: bool = False

    def api(self, base_url: str) -> Json:
        """Renders the file object of messages and files.info."""
        if self.deleted:
            return {"id": self.id, "mode": "tombstone"}
        private = f"{base_url}/slack/files/{TEAM_ID}-{self.id}/{self.name}"
        return {
            "id": self.id,
            "created": int(self.created),
            "timestamp": int(self.created),
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2] or "text",
            "user": self.user,
            "size": self.size,
            "mode": "hosted",
            "is_external": False,
            "is_public": True,
            "url_private": private,
            "url_private_download": f"{private}?download=1",
            "permalink": f"{base_url}/page/files/{self.id}/{self.name}",
            "channels": self.shared_in,
            "file_access": "visible",
        }

    def page(self) -> Json:
        """Renders the file for the page; `preview` is the beginning of a text."""
        if self.deleted:
            return {"id": self.id, "name": "This file was deleted.", "size": 0, "deleted": True}
        shown: Json = {
            "id": self.id,
            "name": self.name,
            "mimetype": self.mimetype,
            "size": self.size,
            "url": f"/page/files/{self.id}/{self.name}",
        }
        if self.content and self.mimetype.startswith(("text/", "application/json")):
            shown["preview"] = self.content[:4000].decode("utf-8", "replace")
        return shown


@dataclass(slots=True)
class Message:
    """A message of a channel. `only_for` makes it ephemeral."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json]
    is_bot: bool = False
    thread_ts: str | None = None
    edited: str | None = None
    only_for: str | None = None
    files: list[StoredFile] = field(default_factory=list)
    metadata: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    replies: list[str] = field(default_factory=list)
    deleted: bool = False

    def api(self, base_url: str) -> Json:
        """Renders the message object that Slack sends to apps."""
        shown: Json = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": TEAM_ID,
        }
        if self.blocks:
            shown["blocks"] = self.blocks
        if self.is_bot:
            shown |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.thread_ts:
            shown["thread_ts"] = self.thread_ts
        elif self.replies:
            shown |= {"thread_ts": self.ts, "reply_count": len(self.replies)}
        if self.edited:
            shown["edited"] = {"user": self.user, "ts": self.edited}
        if self.files:
            shown["files"] = [each.api(base_url) for each in self.files]
        if self.metadata:
            shown["metadata"] = self.metadata
        if self.reactions:
            shown["reactions"] = [
                {"name": name, "users": users, "count": len(users)}
                for name, users in self.reactions.items()
            ]
        return shown

    def page(self) -> Json:
        """Renders the message for the page's feed."""
        shown: Json = {
            "ts": self.ts,
            "user": self.user,
            "bot": self.is_bot,
            "text": self.text,
            "blocks": self.blocks,
            "reply_count": len(self.replies),
        }
        optional = {
            "thread_ts": self.thread_ts,
            "edited": self.edited,
            "ephemeral_for": self.only_for,
            "files": [each.page() for each in self.files],
            "reactions": self.reactions,
            "deleted": self.deleted,
        }
        return shown | {key: value for key, value in optional.items() if value}


@dataclass(slots=True)
class View:
    """A modal or a home tab. `payload` is what the app sent, with ids filled in."""

    id: str
    kind: Literal["modal", "home"]
    user: str
    payload: Json
    hash: str
    root: str
    previous: str | None = None
    values: dict[str, Json] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def api(self) -> Json:
        """Renders the view object that Slack sends to apps."""
        given = self.payload
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "type": self.kind,
            "blocks": given["blocks"],
            "private_metadata": given.get("private_metadata", ""),
            "callback_id": given.get("callback_id", ""),
            "state": {"values": self.values},
            "hash": self.hash,
            "title": given.get("title", {"type": "plain_text", "text": "View Title"}),
            "clear_on_close": given.get("clear_on_close", False),
            "notify_on_close": given.get("notify_on_close", False),
            "close": given.get("close"),
            "submit": given.get("submit"),
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP_ID,
            "external_id": given.get("external_id", ""),
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }

    def page(self) -> Json:
        """Renders the view for the page's feed."""
        given = self.payload
        return {
            "id": self.id,
            "hash": self.hash,
            "type": self.kind,
            "title": given.get("title"),
            "submit": given.get("submit"),
            "close": given.get("close"),
            "blocks": given["blocks"],
            "callback_id": given.get("callback_id", ""),
            "state": {"values": self.values},
            "errors": self.errors,
            "previous": self.previous,
        }


@dataclass(slots=True)
class Trigger:
    """A trigger id: good for one modal within three seconds."""

    user: str
    until: float
    view: str | None = None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """A URL for answering an interaction: five times within thirty minutes."""

    user: str
    channel: str
    until: float
    message: str | None = None
    uses: int = 0


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One Web API call and its response."""

    method: str
    args: Mapping[str, Any]
    answer: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """True if Slack answered ok."""
        return bool(self.answer.get("ok"))
