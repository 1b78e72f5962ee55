"""files.*: the external upload in three steps, and the download that needs a token."""

from __future__ import annotations

import mimetypes
import re
from typing import Any

from playground.feed import Json
from playground.slack.args import Args, invalid
from playground.slack.chat import destination
from playground.slack.people import BOT_USER
from playground.slack.records import Message, Refused, StoredFile
from playground.slack.state import SlackState, new_id

MAX_UPLOAD = 1024**3
_TEXT = {"log", "jsonl", "ndjson", "md", "txt", "csv"}


def kind_of(name: str) -> str:
    """Guesses a file's media type from its name, as Slack does."""
    if name.rpartition(".")[2].lower() in _TEXT:
        return "text/plain"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def store(state: SlackState, name: str, user: str, content: bytes) -> StoredFile:
    """Stores a person's file in the workspace."""
    kept = _fresh(state, name, user, len(content))
    kept.content = content
    kept.done = True
    return kept


def _fresh(state: SlackState, name: str, user: str, size: int) -> StoredFile:
    safe = re.sub(r"[^\w. ()+-]", "_", name.rpartition("/")[2]) or "file"
    file_id = new_id("F")
    state.files[file_id] = StoredFile(
        file_id, safe, user, size, state.now(), mimetype=kind_of(safe)
    )
    return state.files[file_id]


def get_upload_url(state: SlackState, args: Args) -> Json:
    """files.getUploadURLExternal."""
    args.need("length", "filename")
    length = args.number("length", 0)
    if length < 1:
        raise invalid("must be at least 1 [json-pointer:/length]")
    if length > MAX_UPLOAD:
        raise Refused("file_upload_size_restricted")
    kept = _fresh(state, args.text("filename"), BOT_USER, length)
    url = f"{state.base_url}/slack/upload/{kept.id}"
    return {"ok": True, "upload_url": url, "file_id": kept.id}


def take_upload(state: SlackState, file_id: str, content: bytes) -> tuple[int, str]:
    """Takes the upload in the middle; returns HTTP status and body.

    Its length must be as announced.
    """
    kept = state.files.get(file_id)
    if kept is None or kept.done:
        return 404, "Not found"
    if len(content) != kept.size:
        return 400, f"Expected {kept.size} bytes, got {len(content)}"
    kept.content = content
    return 200, f"OK - {len(content)}"


def complete_upload(state: SlackState, args: Args) -> Json:
    """files.completeUploadExternal: shares the files in a channel, if one is given."""
    args.need("files")
    given = args.parsed("files", "invalid_arguments")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise invalid("must provide an array [json-pointer:/files]")
    kept = [_uploaded(state, each) for each in given]
    channel_id = args.maybe("channel_id") or args.maybe("channels")
    thread_ts = args.maybe("thread_ts")
    if channel_id:
        channel = destination(state, channel_id)
        if channel.is_archived:
            raise Refused("is_archived")
        if not channel.with_bot:
            raise Refused("not_in_channel")
        if thread_ts and state.find(channel.id, thread_ts) is None:
            raise Refused("thread_not_found")
    for each, wish in zip(kept, given, strict=True):
        each.done = True
        each.title = str(wish.get("title") or each.name)
    if channel_id:
        share(
            state,
            kept,
            destination(state, channel_id).id,
            user=BOT_USER,
            text=args.text("initial_comment"),
            thread_ts=thread_ts,
        )
    return {"ok": True, "files": [each.api(state.base_url) for each in kept]}


def share(
    state: SlackState,
    files: list[StoredFile],
    channel: str,
    *,
    user: str,
    text: str,
    thread_ts: str | None = None,
) -> Message:
    """Shares files in a channel, as one message from this user."""
    ts = state.next_ts()
    for each in files:
        each.shared_in.append(channel)
        each.shares.append((channel, ts))
    return state.add(
        Message(
            channel,
            ts,
            user,
            text,
            [],
            is_bot=user == BOT_USER,
            thread_ts=thread_ts,
            files=files,
        )
    )


def _uploaded(state: SlackState, wish: Any) -> StoredFile:
    kept = state.files.get(wish.get("id", ""))
    if kept is None or kept.content is None or kept.done:
        raise Refused("file_not_found")
    return kept


def info(state: SlackState, args: Args) -> Json:
    """files.info."""
    args.need("file")
    kept = _there(state, args)
    shown = kept.api(state.base_url) | {"shares": _shares(state, kept)}
    return {"ok": True, "file": shown, "comments": [], "content": ""}


def delete(state: SlackState, args: Args) -> Json:
    """files.delete: removes the file; a message that showed it stays, with a tombstone."""
    kept = _there(state, args)
    if kept.user != BOT_USER:
        raise Refused("cant_delete_file")
    kept.deleted = True
    kept.content = None
    for channel, ts in kept.shares:
        if message := state.find(channel, ts):
            state.tell(message)
    return {"ok": True}


def _there(state: SlackState, args: Args) -> StoredFile:
    args.need("file")
    kept = state.files.get(args.text("file"))
    if kept is None or not kept.done:
        raise Refused("file_not_found")
    if kept.deleted:
        raise Refused("file_deleted")
    return kept


def _shares(state: SlackState, kept: StoredFile) -> Json:
    """Lists where a file is shown: by kind, by channel."""
    found: Json = {}
    for channel, ts in kept.shares:
        message = state.find(channel, ts)
        if message is None:
            continue
        kind = "public" if state.channels[channel].kind == "public" else "private"
        share: Json = {"ts": ts, "channel_name": state.channels[channel].name}
        if message.thread_ts:
            share["thread_ts"] = message.thread_ts
        found.setdefault(kind, {}).setdefault(channel, []).append(share)
    return found
