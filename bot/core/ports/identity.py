"""Which cluster is which, over all runs, and what an environment did over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.model.history import Past


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cluster of this run that wants its lasting id."""

    id: str
    """From the content alone, `c-…`."""
    template: str
    masked: tuple[str, ...]
    """Every masked message in it."""
    first_seen: int | None = None
    last_seen: int | None = None
    occurrences: int = 0
    place: str = ""
    """Of a traceback; each of `masked` then ends in ` in PLACE`. Others are no variants of it."""
    exact: bool = False
    """What it is about is exact already (a request, an audit entry): it has no variants."""

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
    """Ever, as far as the registry remembers; None: it was not known before this run."""
    last_seen: int | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A cluster as the registry remembers it, whether or not it is in any report."""

    id: str
    name: str
    template: str
    masked: tuple[str, ...] = ()
    """Its masked messages, where there are many only the first ones."""
    first_seen: int | None = None
    last_seen: int | None = None


class Registry(Protocol):
    """Masked message → cluster id, for good (house.md: a cluster's id outlives the run)."""

    def resolve(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[Identity]:
        """One identity a candidate, in order; remembers what was not known.

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
        """The cluster id of `C3` (any case), or None."""
        ...

    def known(self, environment: str, masked: Sequence[str]) -> Mapping[str, str]:
        """Cluster id by masked message, of those that are known. Changes nothing."""
        ...

    def all(self, environment: str) -> Sequence[Remembered]:
        """Everything that is remembered, in the order of C-numbers."""
        ...


class History(Protocol):
    """What an environment did over time; hours are kept for `history.KEPT_DAYS`."""

    def read(self, environment: str, since: int, until: int) -> Past:
        """Hours of the days from `since` to `until` (nanoseconds), and all of the rest."""
        ...

    def record(self, environment: str, seen: Past) -> None:
        """Adds what a run read. Done twice, or for overlapping windows, it changes nothing more.

        Of an hour that is known the larger figure stays; what is remembered of a cluster is
        replaced.
        """
        ...
