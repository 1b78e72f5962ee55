"""Slack's users, conversations and user groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from bot.adapters.slack.errors import translated
from bot.core.commands.access import Conversation, Person
from bot.core.model.errors import GardenerError
from bot.core.ports import LookUps

if TYPE_CHECKING:
    from slack_sdk import WebClient

T = TypeVar("T")

REMEMBERED = 60
"""Seconds for which a look-up is cached."""


class SlackDirectory:
    """`access.Directory`."""

    def __init__(self, client: WebClient, look_ups: LookUps | None = None) -> None:
        """`look_ups` caches answers across processes, since each job runs in a new one."""
        self._client = client
        self._look_ups = look_ups

    def person(self, user: str) -> Person:
        """Looks up a person by id. A field that Slack leaves out is false."""
        return self._remembered(Person, f"person {user}", lambda: self._person(user))

    def place(self, channel: str) -> Conversation:
        """Looks up a conversation by id. A field that Slack leaves out is false."""
        return self._remembered(Conversation, f"place {channel}", lambda: self._place(channel))

    def group(self, handle: str) -> frozenset[str]:
        """Returns the members of a user group, by handle or id; empty if it does not exist."""
        ident = self.group_id(handle)
        if ident is None:
            return frozenset()
        members = tuple[str, ...]
        return frozenset(self._remembered(members, f"group {ident}", lambda: self._members(ident)))

    def group_id(self, handle: str) -> str | None:
        """Returns the id of a user group, by handle (with or without `@`) or id; None if absent."""
        groups = self._remembered(dict[str, str], "groups", self._groups)
        if handle in groups.values():
            return handle
        return groups.get(handle.removeprefix("@").casefold())

    def _person(self, user: str) -> Person:
        with translated("look a person up"):
            found: Mapping[str, Any] = self._client.users_info(user=user)["user"]
        profile = found.get("profile") or {}
        home = self._remembered(str, "team", self._team)
        team = str(found.get("team_id") or home)
        return Person(
            id=user,
            name=str(
                profile.get("display_name") or found.get("real_name") or found.get("name", "")
            ),
            guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
            foreign=bool(found.get("is_stranger"))
            or (team != home and not found.get("enterprise_user")),
            timezone=str(found.get("tz") or ""),
        )

    def _team(self) -> str:
        with translated("ask who I am"):
            return str(self._client.auth_test()["team_id"])

    def _place(self, channel: str) -> Conversation:
        with translated("look a conversation up"):
            found: Mapping[str, Any] = self._client.conversations_info(channel=channel)["channel"]
        return Conversation(
            id=channel,
            name=str(found.get("name") or ""),
            shared=bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
            direct=bool(found.get("is_im") or found.get("is_mpim")),
        )

    def _groups(self) -> dict[str, str]:
        with translated("look the user groups up"):
            found: Any = self._client.usergroups_list()["usergroups"]
        return {str(g["handle"]).casefold(): str(g["id"]) for g in found}

    def _members(self, group: str) -> tuple[str, ...]:
        with translated("look a user group up"):
            found: Any = self._client.usergroups_users_list(usergroup=group)["users"]
        return tuple(str(user) for user in found)

    def _remembered(self, kind: type[T], name: str, look_up: Callable[[], T]) -> T:
        """Caches a look-up; without a store, asks Slack again."""
        if self._look_ups is None:
            return look_up()
        try:
            known = self._look_ups.get(kind, name)
        except GardenerError:
            return look_up()
        if known is not None:
            return known
        found = look_up()
        with suppress(GardenerError):
            self._look_ups.put(name, found, REMEMBERED)
        return found
