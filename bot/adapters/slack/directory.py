"""Who somebody is and where they write: Slack's users, conversations and user groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bot.adapters.slack.errors import translated
from bot.core.commands.access import Conversation, Person
from bot.core.model.errors import GardenerError

if TYPE_CHECKING:
    from slack_sdk import WebClient

T = TypeVar("T")

REMEMBERED = 60
"""Seconds for which a look-up stands."""


class Notes(Protocol):
    """Somewhere to remember JSON for a while."""

    def get(self, environment: str, name: str) -> Any:
        """None where nothing is remembered."""
        ...

    def put(self, environment: str, name: str, value: object, seconds: int) -> None:
        """`environment` may be empty."""
        ...


class SlackDirectory:
    """`access.Directory`."""

    def __init__(self, client: WebClient, notes: Notes | None = None) -> None:
        """`notes` remember look-ups for all processes: each job runs in a fresh one."""
        self._client = client
        self._notes = notes

    def person(self, user: str) -> Person:
        """By id. What Slack leaves out is false."""
        found = self._remembered(f"person {user}", lambda: asdict(self._person(user)))
        return Person(**found)

    def place(self, channel: str) -> Conversation:
        """By id. What Slack leaves out is false."""
        found = self._remembered(f"place {channel}", lambda: asdict(self._place(channel)))
        return Conversation(**found)

    def group(self, handle: str) -> frozenset[str]:
        """The members of a user group, by handle or id; empty where there is none."""
        groups = self._remembered("groups", self._groups)
        ident = handle if handle in groups.values() else groups.get(handle.casefold())
        if ident is None:
            return frozenset()
        return frozenset(self._remembered(f"group {ident}", lambda: self._members(ident)))

    def _person(self, user: str) -> Person:
        with translated("look a person up"):
            found: Mapping[str, Any] = self._client.users_info(user=user)["user"]
        profile = found.get("profile") or {}
        home = self._remembered("team", self._team)
        team = str(found.get("team_id") or home)
        return Person(
            id=user,
            name=str(
                profile.get("display_name") or found.get("real_name") or found.get("name", "")
            ),
            guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
            foreign=bool(found.get("is_stranger"))
            or (team != home and not found.get("enterprise_user")),
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

    def _members(self, group: str) -> list[str]:
        with translated("look a user group up"):
            found: Any = self._client.usergroups_users_list(usergroup=group)["users"]
        return [str(user) for user in found]

    def _remembered(self, name: str, look_up: Callable[[], T]) -> T:
        """What somebody asked a moment ago; without a store it is asked again."""
        if self._notes is None:
            return look_up()
        try:
            known: T | None = self._notes.get("", f"slack {name}")
        except GardenerError:
            return look_up()
        if known is not None:
            return known
        found = look_up()
        with suppress(GardenerError):
            self._notes.put("", f"slack {name}", found, REMEMBERED)
        return found
