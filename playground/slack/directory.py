"""conversations.*, users.* and usergroups.*: look-ups of people and places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playground.feed import Json
from playground.slack.args import Args
from playground.slack.chat import own_channel
from playground.slack.people import BOT_USER, TEAM_ID, Channel
from playground.slack.records import Refused
from playground.slack.state import SlackState

_READ = {"public": "channels:read", "private": "groups:read", "im": "im:read"}
_KINDS = {"public_channel": "public", "private_channel": "private", "im": "im"}


def _readable(state: SlackState, channel: Channel) -> None:
    if _READ[channel.kind] not in state.setup.scopes:
        raise Refused(
            "missing_scope",
            needed="channels:read,groups:read,mpim:read,im:read",
            provided=",".join(sorted(state.setup.scopes)),
        )


def _page(args: Args, everything: Sequence[Any], usual: int = 100) -> tuple[list[Any], str]:
    """Returns one page of a list, and the cursor of the next."""
    limit = args.number("limit", usual)
    if not 1 <= limit <= 1000:
        raise Refused("invalid_limit")
    cursor = args.text("cursor")
    start = 0
    if cursor:
        number = cursor.removeprefix("page:").removesuffix("=")
        if not (cursor.startswith("page:") and number.isdigit()):
            raise Refused("invalid_cursor")
        start = int(number)
    after = f"page:{start + limit}=" if start + limit < len(everything) else ""
    return list(everything[start : start + limit]), after


def conversation(state: SlackState, args: Args) -> Json:
    """conversations.info."""
    args.need("channel")
    channel = own_channel(state, args.text("channel"))
    _readable(state, channel)
    return {"ok": True, "channel": channel.api(count=args.flag("include_num_members"))}


def conversations(state: SlackState, args: Args) -> Json:
    """conversations.list: public channels, and others only with the bot in them."""
    wanted = args.names("types") or ["public_channel"]
    if any(kind not in (*_KINDS, "mpim") for kind in wanted):
        raise Refused("invalid_types")
    kinds = {_KINDS[kind] for kind in wanted if kind in _KINDS}
    listed = [
        channel
        for channel in state.channels.values()
        if channel.kind in kinds
        and (channel.kind == "public" or channel.with_bot)
        and not (channel.is_archived and args.flag("exclude_archived"))
    ]
    for channel in listed:
        _readable(state, channel)
    page, after = _page(args, listed)
    return {
        "ok": True,
        "channels": [each.api(count=True) for each in page],
        "response_metadata": {"next_cursor": after},
    }


def open_conversation(state: SlackState, args: Args) -> Json:
    """conversations.open, for one person."""
    users = args.names("users")
    if args.maybe("channel"):
        return {"ok": True, "channel": {"id": own_channel(state, args.text("channel")).id}}
    if not users:
        raise Refused("users_list_not_supplied")
    if len(users) > 1:
        raise Refused("method_not_supported_for_channel_type")
    person = state.people.get(users[0])
    if person is None:
        raise Refused("user_not_found")
    if person.is_bot:
        raise Refused("cannot_dm_bot")
    channel = state.im_of(person.id)
    shown = channel.api() if args.flag("return_im") else {"id": channel.id}
    return {"ok": True, "no_op": True, "already_open": True, "channel": shown}


def members(state: SlackState, args: Args) -> Json:
    """conversations.members."""
    args.need("channel")
    channel = own_channel(state, args.text("channel"))
    _readable(state, channel)
    page, after = _page(args, sorted(channel.members))
    return {"ok": True, "members": page, "response_metadata": {"next_cursor": after}}


def join(state: SlackState, args: Args) -> Json:
    """conversations.join, public channels only."""
    args.need("channel")
    channel = own_channel(state, args.text("channel"))
    if channel.kind != "public":
        raise Refused("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refused("is_archived")
    channel.members.add(BOT_USER)
    return {"ok": True, "channel": channel.api()}


def user(state: SlackState, args: Args) -> Json:
    """users.info."""
    args.need("user")
    person = state.people.get(args.text("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"ok": True, "user": person.api()}


def users(state: SlackState, args: Args) -> Json:
    """users.list: the team's own people, without strangers."""
    own = [each for each in state.people.values() if each.team_id == TEAM_ID]
    page, after = _page(args, own)
    return {
        "ok": True,
        "members": [each.api() for each in page],
        "cache_ts": int(state.now()),
        "response_metadata": {"next_cursor": after},
    }


def groups(state: SlackState, args: Args) -> Json:
    """usergroups.list."""
    listed = [
        each.api(users=args.flag("include_users"), count=args.flag("include_count"))
        for each in state.groups.values()
    ]
    return {"ok": True, "usergroups": listed}


def group_users(state: SlackState, args: Args) -> Json:
    """usergroups.users.list."""
    args.need("usergroup")
    group = state.groups.get(args.text("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    return {"ok": True, "users": list(group.users)}
