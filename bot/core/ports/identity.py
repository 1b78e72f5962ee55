"""The identity of clusters across runs, and an environment's history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.model.history import Past


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cluster of this run that needs its lasting id."""

    id: str
    """From the content alone, `c-…`."""
    template: str
    masked: tuple[str, ...]
    """Every masked message in it."""
    first_seen: int | None = None
    last_seen: int | None = None
    occurrences: int = 0
    place: str = ""
    """For a traceback: its location; each of `masked` then ends in ` in PLACE`. Messages of other
    places are no variants."""
    exact: bool = False
    """Its message is exact (a request, an audit entry), so it has no variants."""

    @property
    def bare(self) -> Iterator[str]:
        """The masked messages without the place."""
        return (message.removesuffix(f" in {self.place}") for message in self.masked)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the registry knows of a cluster."""

    id: str
    name: str
    """`C3`"""
    first_seen: int | None
    """The first time the registry knows of; None: new in this run."""
    last_seen: int | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A cluster as the registry remembers it, whether or not it is in any report."""

    id: str
    name: str
    template: str
    masked: tuple[str, ...] = ()
    """Its masked messages, at most the first few."""
    first_seen: int | None = None
    last_seen: int | None = None


class Registry(Protocol):
    """Maps masked messages to cluster ids, permanently: a cluster's id outlives the run."""

    def resolve(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[Identity]:
        """Returns one identity per candidate, in order; registers unknown messages.

        A known masked message keeps its id; a new variant joins a known cluster where
        `grouping.joins` says so; two known ids are never merged. C-numbers count up from C1 in
        the order of the candidates and are never used again. Atomic: two runs at once give the
        same answer.
        """
        ...

    def identify(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[str]:
        """The id that `resolve` would give each, in order. Changes nothing."""
        ...

    def find(self, environment: str, name: str) -> str | None:
        """Returns the cluster id of `C3` (any case), or None."""
        ...

    def known(self, environment: str, masked: Sequence[str]) -> Mapping[str, str]:
        """Returns the cluster ids of known masked messages. Changes nothing."""
        ...

    def all(self, environment: str) -> Sequence[Remembered]:
        """Returns every registered cluster, by C-number."""
        ...


class History(Protocol):
    """An environment's history; hours are kept for `history.KEPT_DAYS`."""

    def read(self, environment: str, since: int, until: int) -> Past:
        """Returns the hours from `since` to `until` (nanoseconds), and everything else in full."""
        ...

    def record(self, environment: str, seen: Past) -> None:
        """Adds what a run read. Idempotent, also for overlapping windows.

        Of an hour that is known the larger figure stays; what is remembered of a cluster is
        replaced.
        """
        ...
