"""chat.* and reactions.*: an app's writing in conversations."""

from __future__ import annotations

import re

from playground.feed import Json
from playground.slack.args import Args, checked_blocks, take_turn
from playground.slack.people import BOT_USER, TEAM_DOMAIN, Channel
from playground.slack.records import Message, Refused
from playground.slack.state import SlackState, with_ids

POST_TEXT = 40_000
UPDATE_TEXT_BYTES = 4_000
"""Undocumented: chat.update refuses longer texts with `msg_too_long`, counted after escaping."""
POST_BURST = 5
"""Slack accepts one post a second per channel, and short bursts."""

_TS = re.compile(r"\d{10}\.\d{6}")
_REACTION = re.compile(r"[a-z0-9_+'-]+")


def destination(state: SlackState, name: str) -> Channel:
    """Finds the conversation for a channel id, a #name or a user id."""
    if name in state.channels:
        return state.channels[name]
    if name in state.people:
        if state.people[name].is_bot:
            raise Refused("channel_not_found")
        return state.im_of(name)
    for channel in state.channels.values():
        if channel.kind != "im" and channel.name == name.removeprefix("#"):
            return channel
    raise Refused("channel_not_found")


def own_channel(state: SlackState, channel_id: str) -> Channel:
    """Finds a conversation by id only. Raises Refused if the bot cannot see it."""
    channel = state.channels.get(channel_id)
    if channel is None or (channel.kind != "public" and not channel.with_bot):
        raise Refused("channel_not_found")
    return channel


def _may_write(state: SlackState, channel: Channel) -> None:
    if channel.kind == "private" and not channel.with_bot:
        raise Refused("channel_not_found")
    if channel.is_archived:
        raise Refused("is_archived")
    if not channel.with_bot and "chat:write.public" not in state.setup.scopes:
        raise Refused("not_in_channel")


def content(state: SlackState, args: Args) -> tuple[str, list[Json]]:
    """Returns the text and blocks of a call or a response. Raises Refused where Slack would."""
    blocks = checked_blocks(state, args)
    text = args.text("text")
    if args.parsed("attachments", "invalid_attachments"):
        # Legacy: nobody here writes them, and the page does not show them.
        raise Refused("invalid_attachments")
    if not text.strip() and not blocks:
        raise Refused("no_text")
    return text, with_ids(blocks or [])


def _thread(state: SlackState, channel: Channel, args: Args) -> str | None:
    thread_ts = args.maybe("thread_ts")
    if thread_ts is None:
        return None
    if not _TS.fullmatch(thread_ts):
        raise Refused("invalid_thread_ts")
    parent = state.find(channel.id, thread_ts)
    if parent is None or parent.only_for is not None:
        raise Refused("thread_not_found")
    return parent.thread_ts or parent.ts


def _metadata(args: Args) -> Json | None:
    metadata = args.parsed("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Refused("invalid_metadata_format")
    return metadata


def _warned(args: Args, answer: Json) -> Json:
    if not args.text("text").strip():
        answer["warning"] = "missing_text_in_message"
        answer["response_metadata"] = {"warnings": ["missing_text_in_message"]}
    return answer


def post_message(state: SlackState, args: Args) -> Json:
    """chat.postMessage."""
    args.need("channel")
    channel = destination(state, args.text("channel"))
    _may_write(state, channel)
    text, blocks = content(state, args)
    if len(text) > POST_TEXT:
        raise Refused("msg_too_long")
    thread_ts = _thread(state, channel, args)
    metadata = _metadata(args)
    take_turn(state, f"chat.postMessage {channel.id}", burst=POST_BURST, per_second=1)
    message = Message(
        channel.id,
        state.next_ts(),
        BOT_USER,
        text,
        blocks,
        is_bot=True,
        thread_ts=thread_ts,
        metadata=metadata,
    )
    state.add(message)
    shown = message.api(state.base_url)
    return _warned(args, {"ok": True, "channel": channel.id, "ts": message.ts, "message": shown})


def post_ephemeral(state: SlackState, args: Args) -> Json:
    """chat.postEphemeral."""
    args.need("channel", "user")
    channel = destination(state, args.text("channel"))
    _may_write(state, channel)
    user = args.text("user")
    if user not in state.people:
        raise Refused("user_not_found")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks = content(state, args)
    if len(text) > POST_TEXT:
        raise Refused("msg_too_long")
    message = Message(
        channel.id,
        state.next_ts(),
        BOT_USER,
        text,
        blocks,
        is_bot=True,
        thread_ts=_thread(state, channel, args),
        only_for=user,
    )
    state.add(message)
    return _warned(args, {"ok": True, "message_ts": message.ts})


def _own_message(state: SlackState, args: Args, refusal: str) -> tuple[Channel, Message]:
    args.need("channel", "ts")
    channel = own_channel(state, args.text("channel"))
    message = state.find(channel.id, args.text("ts"))
    if message is None or message.only_for is not None:
        # An ephemeral message can only be changed through its response_url.
        raise Refused("message_not_found")
    if message.user != BOT_USER:
        raise Refused(refusal)
    return channel, message


def rewrite(state: SlackState, message: Message, text: str, blocks: list[Json]) -> None:
    """Replaces a message's content, marks it as edited and notifies the feed."""
    message.text = text
    message.blocks = blocks
    message.edited = f"{int(state.now())}.000000"
    state.tell(message)


def update(state: SlackState, args: Args) -> Json:
    """chat.update. A text without blocks removes the blocks; neither is `no_text`."""
    channel, message = _own_message(state, args, "cant_update_message")
    if channel.is_archived:
        raise Refused("is_archived")
    text, blocks = content(state, args)
    if len(text.encode()) > UPDATE_TEXT_BYTES:
        raise Refused("msg_too_long")
    if "metadata" in args.given:
        message.metadata = _metadata(args)
    rewrite(state, message, text, blocks)
    shown = message.api(state.base_url)
    return {"ok": True, "channel": channel.id, "ts": message.ts, "text": text, "message": shown}


def delete(state: SlackState, args: Args) -> Json:
    """chat.delete."""
    channel, message = _own_message(state, args, "cant_delete_message")
    state.remove(message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def get_permalink(state: SlackState, args: Args) -> Json:
    """chat.getPermalink."""
    args.need("channel", "message_ts")
    channel = own_channel(state, args.text("channel"))
    message = state.find(channel.id, args.text("message_ts"))
    if message is None:
        raise Refused("message_not_found")
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def add_reaction(state: SlackState, args: Args) -> Json:
    """reactions.add."""
    args.need("channel", "timestamp", "name")
    channel = own_channel(state, args.text("channel"))
    if not channel.with_bot:
        raise Refused("not_in_channel")
    message = state.find(channel.id, args.text("timestamp"))
    if message is None or message.only_for is not None:
        raise Refused("message_not_found")
    name = args.text("name").strip(":")
    if not _REACTION.fullmatch(name):
        raise Refused("invalid_name")
    people = message.reactions.setdefault(name, [])
    if BOT_USER in people:
        raise Refused("already_reacted")
    people.append(BOT_USER)
    state.tell(message)
    return {"ok": True}
