"""Readers of single values in gardener.toml, with error messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from bot.core.commands import did_you_mean
from bot.core.model.values import Severity

T = TypeVar("T")


class FileMistake(ValueError):  # noqa: N818 - a mistake in the file, not in the program
    """A mistake in gardener.toml; the message has the key, the problem and the fix."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Finds a similar known word. The tolerance is wide: it is only suggested, never used."""
    return did_you_mean.nearest(word, known, near=60)


def only_known(at: str, table: Mapping[str, object], known: Iterable[str]) -> None:
    """Raises `FileMistake` at the first unknown key."""
    known = list(known)
    for key in table:
        if key not in known:
            meant = nearest(key, known)
            where = f"{at}.{key}" if at else key
            asked = f"Did you mean {meant}? " if meant else ""
            raise FileMistake(f"{where} is no setting. {asked}Known: {', '.join(known)}.")


def text_of(at: str, value: object) -> str:
    """Returns non-empty text, stripped. Raises `FileMistake`."""
    if not isinstance(value, str) or not value.strip():
        raise FileMistake(f'{at} must be text in quotes, such as {_example(at)} = "…".')
    return value.strip()


def _example(at: str) -> str:
    return at.rpartition(".")[2]


def matching(pattern: re.Pattern[str], wanted: str) -> Callable[[str, object], str]:
    """Returns a reader of text that matches a pattern; `wanted` ends its error message."""

    def read(at: str, value: object) -> str:
        text = text_of(at, value)
        if not pattern.fullmatch(text):
            raise FileMistake(f'{at}: "{text}" is not {wanted}.')
        return text

    return read


def list_of(one: Callable[[str, object], T]) -> Callable[[str, object], tuple[T, ...]]:
    """Returns a reader of lists, which drops duplicates."""

    def read(at: str, value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise FileMistake(f'{at} must be a list: {_example(at)} = ["…", "…"].')
        return tuple(dict.fromkeys(one(at, item) for item in value))

    return read


def severity_of(at: str, value: object) -> Severity:
    """Reads a severity by name, ignoring case. Raises `FileMistake`."""
    text = text_of(at, value)
    try:
        return Severity[text.upper()]
    except KeyError:
        names = [severity.name for severity in Severity]
        meant = nearest(text, names)
        asked = f"Did you mean {meant}? " if meant else ""
        raise FileMistake(
            f'{at}: "{text}" is no severity. {asked}Known: {", ".join(names)}.'
        ) from None
