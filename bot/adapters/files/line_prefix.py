"""What may stand before a line of a program: the row of the table, and what it finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Prefix:
    """What stands before a message."""

    length: int = 0
    """Characters of it."""
    strips: bool = False
    """Whether it is taken off. A time that belongs to the program's own header stays."""
    source: str = ""
    """The container, by which lines of several are told apart."""
    time: str | None = None
    """RFC 3339."""
    resource: dict[str, object] = field(default_factory=dict)
    """Fields of the entry that say who wrote it."""
    entry: dict[str, object] | None = None
    """Fields of the entry in place of its text: a request that gcloud prints in words."""
    partial: bool = False
    own_header: bool = False
    """Whether the program's own header follows, so that the line begins an entry."""


@dataclass(frozen=True, slots=True)
class LinePrefix:
    """The prefix of one tool."""

    name: str
    pattern: re.Pattern[str]
    example: str
    spares: str
    put: Callable[[Prefix, re.Match[str]], None]
    after_time: bool = False
    """Whether it stands behind the time."""


def container(prefix: Prefix, service: str, instance: str) -> None:
    """Notes the container that wrote the line."""
    prefix.source = instance
    prefix.resource["resource"] = {"type": "container", "labels": {"service_name": service}}
    prefix.resource["labels"] = {"instanceId": instance}
