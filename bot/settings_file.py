"""What gardener.toml may say: every key, what it takes, and the sentence where it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from zoneinfo import ZoneInfo, available_timezones

from rapidfuzz import fuzz, process, utils

from bot.garden.model import Environment, Severity

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9_.-]{1,100}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_USER = re.compile(r"[UWS][A-Z0-9]+|@\S+")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]+|#\S+")


class FileMistake(ValueError):  # noqa: N818 - that is what it is
    """One sentence: the key, what is wrong with it, what to write instead."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What was probably meant, or None where nothing is near."""
    best = process.extractOne(
        word, list(known), scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=60
    )
    return best[0] if best else None


def environments(data: Mapping[str, object]) -> Mapping[str, Environment]:
    """The environments of a parsed file, in its order. Raises `FileMistake`."""
    _known("", data, ["environments"])
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
    return found


def _environment(name: str, at: str, table: Mapping[str, object]) -> Environment:
    _known(at, table, _READERS)
    values = {key: _READERS[key](f"{at}.{key}", value) for key, value in table.items()}
    if "project" not in values:
        raise FileMistake(
            f'{at}.project is missing: write project = "your-google-cloud-project" under [{at}].'
        )
    allowed = {field.name for field in fields(Environment)}
    return Environment(name=name, **{k: v for k, v in values.items() if k in allowed})  # type: ignore[arg-type]


def _known(at: str, table: Mapping[str, object], known: Iterable[str]) -> None:
    known = list(known)
    for key in table:
        if key not in known:
            meant = nearest(key, known)
            where = f"{at}.{key}" if at else key
            asked = f"Did you mean {meant}? " if meant else ""
            raise FileMistake(f"{where} is no setting. {asked}Known: {', '.join(known)}.")


def _text(at: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise FileMistake(f'{at} must be text in quotes, such as {_example(at)} = "…".')
    return value.strip()


def _example(at: str) -> str:
    return at.rpartition(".")[2]


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[str, object], str]:
    def read(at: str, value: object) -> str:
        text = _text(at, value)
        if not pattern.fullmatch(text):
            raise FileMistake(f'{at}: "{text}" is not {wanted}.')
        return text

    return read


def _list_of(one: Callable[[str, object], str]) -> Callable[[str, object], tuple[str, ...]]:
    def read(at: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise FileMistake(f'{at} must be a list: {_example(at)} = ["…", "…"].')
        return tuple(dict.fromkeys(one(at, item) for item in value))

    return read


def _severity(at: str, value: object) -> Severity:
    text = _text(at, value)
    try:
        return Severity[text.upper()]
    except KeyError:
        names = [severity.name for severity in Severity]
        meant = nearest(text, names)
        asked = f"Did you mean {meant}? " if meant else ""
        raise FileMistake(
            f'{at}: "{text}" is no severity. {asked}Known: {", ".join(names)}.'
        ) from None


def _timezone(at: str, value: object) -> str:
    text = _text(at, value)
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


_person = _matching(_USER, 'a Slack user id such as "U0123" or a group such as "@oncall"')
_READERS: Mapping[str, Callable[[str, object], object]] = {
    "project": _matching(_PROJECT, 'a Google Cloud project id, such as "acme-staging"'),
    "services": _list_of(_matching(_SERVICE, 'a Cloud Run service, such as "backend-staging"')),
    "github": _matching(_REPOSITORY, "a repository: write owner/name, without https://github.com/"),
    "min_severity": _severity,
    "timezone": _timezone,
    "channels": _list_of(_matching(_CHANNEL, 'a channel id such as "C0123" or "#ops"')),
    "act": _list_of(_person),
    "admin": _list_of(_person),
}
