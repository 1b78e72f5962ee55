"""An environment of gardener.toml, a team's own rules, and a query of the environment's log."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.model.values import Priority, Severity, Window


@dataclass(frozen=True, slots=True)
class TeamRule:
    """One `[[rules]]` of gardener.toml. All conditions that are not empty must hold."""

    name: str
    line: int = 0
    """Its line in the file; 0: unknown."""
    contains: str = ""
    """Text that the message must contain, in lower case."""
    match: str = ""
    """A case-insensitive regular expression for the message, in which values are `<*>`."""
    severity: Severity = Severity.DEFAULT
    """The minimum severity."""
    services: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """Modules that the log names, or packages that contain them."""
    routes: tuple[str, ...] = ()
    """Routes, or prefixes of routes in whole segments."""
    statuses: tuple[int, ...] = ()
    at_least: int = 1
    """The minimum of occurrences in the window."""
    environments: tuple[str, ...] = ()
    priority: Priority | None = None
    """The priority to set; the first matching rule with a priority counts."""
    shift: int = 0
    """Steps to move the priority; below zero is towards P0. All matching rules add up."""
    reason: str = ""
    cause: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """One `[[impact]]` of gardener.toml: what it means when a route or module fails."""

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
    """Cloud Run services; empty: all services of the project."""
    github: str | None = None
    min_severity: Severity = Severity.WARNING
    timezone: str = "UTC"
    channels: tuple[str, ...] | None = None
    """None: every channel that the bot is in, unless it is shared with another company."""
    act: tuple[str, ...] | None = None
    """None: every full member but no guests; empty: nobody."""
    admin: tuple[str, ...] = ()
    rules: tuple[TeamRule, ...] = ()
    """The team's own rules, in the order of the file."""
    impacts: tuple[Impact, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """The log entries to read. Hashable, so that it can be a cache key."""

    environment: str
    project: str
    services: tuple[str, ...]
    window: Window
    min_severity: Severity = Severity.WARNING
