"""An environment as gardener.toml names it, a team's own rules, and what is asked of its log."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.model.values import Priority, Severity, Window


@dataclass(frozen=True, slots=True)
class TeamRule:
    """One `[[rules]]` of gardener.toml. What is empty is not asked; all that is said must hold."""

    name: str
    line: int = 0
    """Where it stands in its file; 0: not known."""
    contains: str = ""
    """Words of the message, in lower case."""
    match: str = ""
    """A regular expression on the message, whose values are `<*>`; case does not matter."""
    severity: Severity = Severity.DEFAULT
    """At least this."""
    services: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """The module that the log names, or a package that it is in."""
    routes: tuple[str, ...] = ()
    """A route, or what it begins with in whole parts."""
    statuses: tuple[int, ...] = ()
    at_least: int = 1
    """Occurrences in the window."""
    environments: tuple[str, ...] = ()
    priority: Priority | None = None
    """Sets the priority; of those that do, the first that fits counts."""
    shift: int = 0
    """Moves it; below zero is towards P0. All that fit count."""
    reason: str = ""
    cause: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """One `[[impact]]` of gardener.toml: what it means where a route or module fails."""

    says: str
    routes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    weight: int = 0
    """Steps of priority towards P0."""
    line: int = 0
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """One `[environments.NAME]` of `gardener.toml`."""

    name: str
    project: str
    services: tuple[str, ...] = ()
    """Cloud Run services; empty: all of the project's."""
    github: str | None = None
    min_severity: Severity = Severity.WARNING
    timezone: str = "UTC"
    channels: tuple[str, ...] | None = None
    """None: every channel that the bot is in and that is not shared with another company."""
    act: tuple[str, ...] | None = None
    """None: every full member, no guests; empty: nobody."""
    admin: tuple[str, ...] = ()
    rules: tuple[TeamRule, ...] = ()
    """The team's own, in the order of the file."""
    impacts: tuple[Impact, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What to read: an environment's entries in a window. Hashable, so it is a cache key too."""

    environment: str
    project: str
    services: tuple[str, ...]
    window: Window
    min_severity: Severity = Severity.WARNING
