"""The people, channels and groups of the stand-in workspace, and the app's permissions."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playground.feed import Json, PlaygroundError

TEAM_ID = "T0GARDEN"
TEAM_NAME = "Gardener demo"
TEAM_DOMAIN = "gardener-demo"
OTHER_TEAM_ID = "T0OTHER"
APP_ID = "A0GARDEN"
BOT_ID = "B0GARDEN"
BOT_USER = "U0GARDEN"
SLACKBOT = "USLACKBOT"

ChannelKind = Literal["public", "private", "im"]


@dataclass(frozen=True, slots=True)
class Person:
    """A member, a guest, a member of another company, or a bot."""

    id: str
    name: str
    title: str
    team_id: str = TEAM_ID
    is_admin: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_bot: bool = False
    deleted: bool = False
    tz: str = "Europe/Berlin"

    def api(self) -> Json:
        """Renders the user object of users.info.

        `is_stranger` exists only for strangers, as in Slack.
        """
        user: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name.lower(),
            "deleted": self.deleted,
            "real_name": self.name,
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": 3600,
            "profile": {
                "real_name": self.name,
                "display_name": self.name,
                "real_name_normalized": self.name,
                "display_name_normalized": self.name,
                "title": self.title,
                "team": self.team_id,
            },
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 1_700_000_000,
        }
        if self.is_stranger:
            # For people of other companies Slack sends little: no roles.
            return {**user, "is_stranger": True}
        return {
            **user,
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
        }

    def page(self) -> Json:
        """Renders the user for the page's snapshot."""
        initials = "".join(word[0] for word in self.name.split())[:2].upper()
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "initials": initials,
            "guest": self.is_restricted or self.is_ultra_restricted or self.is_stranger,
        }


@dataclass(slots=True)
class Channel:
    """A conversation. In an IM, `members` are the person and the bot."""

    id: str
    name: str
    members: set[str]
    kind: ChannelKind = "public"
    is_ext_shared: bool = False
    is_archived: bool = False

    @property
    def with_bot(self) -> bool:
        """True if the bot is in it."""
        return BOT_USER in self.members

    def other(self) -> str:
        """Returns the person at the other end of an IM."""
        return next(iter(self.members - {BOT_USER}))

    def sees(self, user: str) -> bool:
        """True if a person is in it."""
        return user in self.members

    def api(self, *, count: bool = False) -> Json:
        """Renders the channel object of conversations.info."""
        shared = {
            "id": self.id,
            "created": 1_700_000_000,
            "is_archived": self.is_archived,
            "is_im": self.kind == "im",
            "is_org_shared": False,
            "context_team_id": TEAM_ID,
            "updated": 1_700_000_000_000,
        }
        if self.kind == "im":
            return {**shared, "user": self.other(), "is_user_deleted": False, "priority": 0}
        answer: Json = {
            **shared,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "public",
            "is_group": self.kind == "private",
            "is_mpim": False,
            "is_private": self.kind == "private",
            "is_general": False,
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
            "is_pending_ext_shared": False,
            "is_member": self.with_bot,
            "creator": "U0ALICE",
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "shared_team_ids": [TEAM_ID, OTHER_TEAM_ID] if self.is_ext_shared else [TEAM_ID],
        }
        if count:
            answer["num_members"] = len(self.members)
        return answer


@dataclass(slots=True)
class UserGroup:
    """A mentionable group of people."""

    id: str
    handle: str
    name: str
    users: list[str]

    def api(self, *, users: bool, count: bool) -> Json:
        """Renders the group object of usergroups.list."""
        answer: Json = {
            "id": self.id,
            "team_id": TEAM_ID,
            "is_usergroup": True,
            "name": self.name,
            "handle": self.handle,
            "description": "",
            "is_external": False,
            "date_create": 1_700_000_000,
            "date_update": 1_700_000_000,
            "date_delete": 0,
            "auto_type": None,
            "prefs": {"channels": [], "groups": []},
        }
        if users:
            answer["users"] = self.users
        if count:
            answer["user_count"] = len(self.users)
        return answer


def everyone() -> dict[str, Person]:
    """Returns the people of the stand-in workspace, by id."""
    people = (
        Person("U0ALICE", "Alice", "Backend, on call", is_admin=True),
        Person("U0BOB", "Bob", "Platform"),
        Person("U0GUEST", "Gus", "Guest", is_restricted=True),
        Person("U0OTHER", "Olga", "Partner company", team_id=OTHER_TEAM_ID, is_stranger=True),
        Person(BOT_USER, "gardener", "App", is_bot=True),
        Person(SLACKBOT, "Slackbot", "Slack"),
    )
    return {person.id: person for person in people}


def every_channel() -> dict[str, Channel]:
    """Returns the channels of the stand-in workspace, by id."""
    staff = {"U0ALICE", "U0BOB"}
    channels = (
        Channel("C0OPS", "ops", staff | {"U0GUEST", BOT_USER}),
        Channel("C0QUIET", "random", staff | {"U0GUEST"}),
        Channel("C0SHARED", "partners", staff | {"U0OTHER", BOT_USER}, is_ext_shared=True),
        Channel("D0ALICE", "", {"U0ALICE", BOT_USER}, "im"),
        Channel("D0BOB", "", {"U0BOB", BOT_USER}, "im"),
    )
    return {channel.id: channel for channel in channels}


def every_group() -> dict[str, UserGroup]:
    """Returns the user groups of the stand-in workspace, by id."""
    return {"S0ONCALL": UserGroup("S0ONCALL", "oncall", "On call", ["U0ALICE"])}


DEFAULT_SCOPES = frozenset(
    {
        "commands",
        "chat:write",
        "users:read",
        "channels:read",
        "groups:read",
        "im:read",
        "im:write",
        "im:history",
        "app_mentions:read",
        "files:read",
        "files:write",
        "usergroups:read",
    }
)
DEFAULT_EVENTS = frozenset({"app_mention", "app_home_opened", "message.im"})


@dataclass(frozen=True, slots=True)
class AppSetup:
    """What the app's manifest registers; as in Slack, nothing else works."""

    commands: frozenset[str] = frozenset({"/gardener"})
    scopes: frozenset[str] = DEFAULT_SCOPES
    events: frozenset[str] = DEFAULT_EVENTS
    interactive: bool = True
    home_tab: bool = True

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> AppSetup:
        """Reads the parts of a Slack app manifest that matter here."""
        features = _part(manifest, "features")
        settings = _part(manifest, "settings")
        scopes = _part(_part(manifest, "oauth_config"), "scopes").get("bot", [])
        commands: Iterable[Mapping[str, Any]] = features.get("slash_commands", [])
        return cls(
            commands=frozenset(str(each["command"]) for each in commands),
            scopes=frozenset(scopes),
            events=frozenset(_part(settings, "event_subscriptions").get("bot_events", [])),
            interactive=bool(_part(settings, "interactivity").get("is_enabled", False)),
            home_tab=bool(_part(features, "app_home").get("home_tab_enabled", False)),
        )

    @classmethod
    def read(cls, root: Path) -> AppSetup:
        """Reads `slack-manifest.json` or `.yaml` in a folder; a usual setup if there is none.

        Raises PlaygroundError for an invalid manifest.
        """
        for name in ("slack-manifest.json", "slack-manifest.yaml", "slack-manifest.yml"):
            path = root / name
            if path.is_file():
                return cls.from_manifest(_parsed(path))
        return cls()


def _part(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = of.get(key)
    return part if isinstance(part, Mapping) else {}


def _parsed(path: Path) -> Mapping[str, Any]:
    text = path.read_text(encoding="utf-8")
    try:
        if path.suffix == ".json":
            manifest = json.loads(text)
        else:
            manifest = importlib.import_module("yaml").safe_load(text)
    except ImportError:
        raise PlaygroundError(f"{path.name} needs PyYAML; write the manifest as JSON.") from None
    except ValueError as error:
        raise PlaygroundError(f"{path.name} is no manifest: {error}.") from None
    if not isinstance(manifest, Mapping):
        raise PlaygroundError(f"{path.name} is no manifest: it holds no object.")
    return manifest
