"""Parses the environments of gardener.toml: every key, its values, and error messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from zoneinfo import ZoneInfo, available_timezones

from bot.core.model.environment import Environment, Sources
from bot.settings import sources, team_rules
from bot.settings.values import (
    FileMistake,
    list_of,
    matching,
    nearest,
    only_known,
    severity_of,
    text_of,
)

__all__ = ["FileMistake", "environments", "nearest"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9_.-]{1,100}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_USER = re.compile(r"[UWS][A-Z0-9]+|@\S+")
_GROUP = re.compile(r"S[A-Z0-9]+|@\S+")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]+|#\S+")


def environments(data: Mapping[str, object], text: str = "") -> Mapping[str, Environment]:
    """Returns the environments of a parsed file, in its order, each with its rules.

    `text` is the raw file, for the line numbers of mistakes in [[rules]] and [[impact]]. Raises
    `FileMistake`.
    """
    only_known("", data, ["environments", "rules", "impact"])
    tables = data.get("environments", {})
    if not isinstance(tables, Mapping):
        raise FileMistake("environments must be tables: write [environments.staging] as a heading.")
    found: dict[str, Environment] = {}
    for name, table in tables.items():
        at = f"environments.{name}"
        if not _NAME.fullmatch(name):
            raise FileMistake(
                f'{at}: "{name}" is no name for an environment; use letters, digits, - and _.'
            )
        if not isinstance(table, Mapping):
            raise FileMistake(f"{at} must be a table: write [{at}] as a heading.")
        if any(name.casefold() == other.casefold() for other in found):
            raise FileMistake(f"{at} is there twice, in two spellings: keep one.")
        found[name] = _environment(name, at, table)
    own = team_rules.read(data, text, found)
    return {name: own.added(environment) for name, environment in found.items()}


def _environment(name: str, at: str, table: Mapping[str, object]) -> Environment:
    only_known(at, table, _READERS)
    values = {key: _READERS[key](f"{at}.{key}", value) for key, value in table.items()}
    if "project" not in values:
        raise FileMistake(
            f'{at}.project is missing: write project = "your-google-cloud-project" under [{at}].'
        )
    allowed = {field.name for field in fields(Environment)}
    others = {key: value for key, value in values.items() if key in sources.READERS}
    return Environment(
        name=name,
        sources=Sources(**others),  # type: ignore[arg-type]
        **{k: v for k, v in values.items() if k in allowed},  # type: ignore[arg-type]
    )


def _timezone(at: str, value: object) -> str:
    text = text_of(at, value)
    try:
        ZoneInfo(text)
        return text
    except (ValueError, KeyError, OSError):  # a path, an unknown name, a directory of zones
        pass
    zones = available_timezones()
    meant = nearest(text, zones)
    asked = f" Did you mean {meant}?" if meant else ""
    raise FileMistake(
        f'{at}: "{text}" is no time zone.{asked} Use an IANA name, such as Europe/Berlin.'
    )


_person = matching(_USER, 'a Slack user id such as "U0123" or a group such as "@oncall"')
_READERS: Mapping[str, Callable[[str, object], object]] = {
    "project": matching(_PROJECT, 'a Google Cloud project id, such as "acme-staging"'),
    "services": list_of(matching(_SERVICE, 'a Cloud Run service, such as "backend-staging"')),
    **sources.READERS,
    "github": matching(_REPOSITORY, "a repository: write owner/name, without https://github.com/"),
    "min_severity": severity_of,
    "timezone": _timezone,
    "channels": list_of(matching(_CHANNEL, 'a channel id such as "C0123" or "#ops"')),
    "act": list_of(_person),
    "admin": list_of(_person),
    "mention": matching(_GROUP, 'one user group, such as "@oncall" or its id'),
}
