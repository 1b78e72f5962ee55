"""An environment of gardener.toml, a team's own rules, and a query of the environment's log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
class Sources:
    """What an environment reads beside its Cloud Run services or in place of them. Hashable."""

    jobs: tuple[str, ...] = ()
    """Cloud Run jobs."""
    functions: tuple[str, ...] = ()
    """Cloud Functions of either generation."""
    gke: tuple[str, ...] = ()
    """Kubernetes workloads, each as `cluster/namespace/workload`."""
    filter: str = ""
    """A filter in the Logging query language."""
    views: tuple[str, ...] = ()
    """Resource names of log views to read in place of the project."""
    only: tuple[str, ...] = ()
    """Names to which a question limits the entries of `filter`."""

    @property
    def any(self) -> bool:
        """True if they name something beside the Cloud Run services."""
        return bool(self.jobs or self.functions or self.gke or self.filter)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that `service=` takes and that places have, each once."""
        workloads = (entry.rpartition("/")[2] for entry in self.gke)
        return tuple(dict.fromkeys((*self.jobs, *self.functions, *workloads, *self.only)))

    def limited(self, names: Sequence[str]) -> Sources:
        """Returns only the sources with these names; a workload also goes by its whole path."""
        wanted = set(names)
        known = {*self.names, *self.gke}
        unknown = tuple(name for name in names if name not in known) if self.filter else ()
        return Sources(
            tuple(name for name in self.jobs if name in wanted),
            tuple(name for name in self.functions if name in wanted),
            tuple(name for name in self.gke if wanted & {name, name.rpartition("/")[2]}),
            self.filter if unknown else "",
            self.views,
            unknown,
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """One `[environments.NAME]` of `gardener.toml`."""

    name: str
    project: str
    services: tuple[str, ...] = ()
    """Cloud Run services; empty without other `sources`: all services of the project."""
    github: str | None = None
    min_severity: Severity = Severity.WARNING
    timezone: str = "UTC"
    channels: tuple[str, ...] | None = None
    """None: every channel that the bot is in, unless it is shared with another company."""
    act: tuple[str, ...] | None = None
    """None: every full member but no guests; empty: nobody."""
    admin: tuple[str, ...] = ()
    mention: str = ""
    """The user group that a watch notifies of a P0: a handle or an id; empty: nobody."""
    rules: tuple[TeamRule, ...] = ()
    """The team's own rules, in the order of the file."""
    impacts: tuple[Impact, ...] = ()
    sources: Sources = Sources()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that it reads; empty: all Cloud Run services, or what a filter finds."""
        return tuple(dict.fromkeys((*self.services, *self.sources.names)))

    def query(
        self, window: Window, names: Sequence[str] = (), min_severity: Severity | None = None
    ) -> Query:
        """Returns the query of a window, limited to `names` if there are any.

        A name that the environment does not have is taken for a Cloud Run service.
        """
        services, sources = self.services, self.sources
        if names:
            others = {*sources.names, *sources.gke} - set(self.services)
            services = tuple(name for name in names if name not in others)
            sources = sources.limited(names)
        severity = self.min_severity if min_severity is None else min_severity
        return Query(self.name, self.project, services, window, severity, sources)

    def from_file(self) -> Environment:
        """Returns it without project and sources: a file's entries are taken as they are."""
        return replace(self, project="", services=(), sources=Sources())


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A part of a query's window."""

    window: Window
    received_after: int = 0
    """If set, only entries that Cloud Logging received after this time, for late arrivals."""


@dataclass(frozen=True, slots=True)
class Query:
    """The log entries to read. Hashable, so that it can be a cache key."""

    environment: str
    project: str
    services: tuple[str, ...]
    window: Window
    min_severity: Severity = Severity.WARNING
    sources: Sources = Sources()
    parts: tuple[QueryPart, ...] = ()
    """If set, only these parts of the window, which are disjoint and ascending."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that is asked for; empty: whatever there is."""
        return tuple(dict.fromkeys((*self.services, *self.sources.names)))

    @property
    def counts_requests(self) -> bool:
        """True if Cloud Run services are among it: requests of others cannot be counted."""
        return bool(self.services) or not self.sources.any
