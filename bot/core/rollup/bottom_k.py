"""Bounded sets of messages: keeps the messages with the smallest ranks, per group.

A group is a set of messages; those of it that are dropped share one counter. `alike` is the
limit of each group. If all groups together hold too many, it is halved for all: a small group
stays below it and loses nothing.

The outcome is a function of the set of messages alone: a limit is lowered only when the messages
so far require it, and further messages never raise it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T", bound=Hashable)
_ALL = 2**64


@dataclass(slots=True)
class _Group(Generic[T]):
    ranks: dict[T, int] = field(default_factory=dict)
    limit: int = _ALL
    """Only items with a rank below this are kept."""


class BottomK(Generic[T]):
    """One bounded set of items per group."""

    def __init__(self, alike: int, total: int, rank: Callable[[T], int]) -> None:
        """`alike`, `total`: the most items in one group and in all; `cleared` allows 25 % more."""
        self._rank = rank
        self._alike = alike
        self._total = total
        self._groups: dict[T, _Group[T]] = {}
        self._held = 0

    def put(self, group: T, item: T) -> bool:
        """Adds an item; returns whether it is kept, which may change later."""
        known = self._groups.get(group)
        if known is None:
            known = self._groups[group] = _Group()
        if item not in known.ranks:
            rank = self._rank(item)
            if rank >= known.limit:
                return False
            known.ranks[item] = rank
            self._held += 1
        return True

    def cleared(self, final: bool) -> Iterator[tuple[T, T]]:
        """Drops items above the bounds; yields (group, item) for each.

        Unless `final`, tolerates 25 % above the bounds, so that most calls do nothing.
        """
        if not final and self._held * 4 <= self._total * 5:
            slack = self._alike // 4
            for name, group in self._groups.items():
                if len(group.ranks) > self._alike + slack:
                    yield from self._cut(name, group)
            return
        while True:
            for name, group in self._groups.items():
                yield from self._cut(name, group)
            if self._held <= self._total or self._alike <= 1:
                return
            self._alike //= 2

    def merge(self, other: BottomK[T]) -> Iterator[tuple[T, T]]:
        """Takes over the lower limits of `other`, not its items; yields (group, item) dropped."""
        self._alike = min(self._alike, other._alike)
        for name, theirs in other._groups.items():
            mine = self._groups.setdefault(name, _Group())
            mine.limit = min(mine.limit, theirs.limit)
            for item in [item for item, rank in mine.ranks.items() if rank >= mine.limit]:
                yield self._drop(name, mine, item)

    def lowered(self) -> tuple[int, dict[T, int]]:
        """Returns the limit of all groups, and those groups' own limits that were lowered."""
        return self._alike, {n: g.limit for n, g in self._groups.items() if g.limit < _ALL}

    def lower(self, alike: int, limits: Mapping[T, int]) -> None:
        """Takes over what `lowered` returned, into a collection that is empty."""
        self._alike = min(self._alike, alike)
        for name, limit in limits.items():
            self._groups.setdefault(name, _Group()).limit = limit

    def copy(self) -> BottomK[T]:
        """Returns an independent copy."""
        made = BottomK[T](self._alike, self._total, self._rank)
        made._held = self._held
        made._groups = {n: _Group(dict(s.ranks), s.limit) for n, s in self._groups.items()}
        return made

    def _cut(self, name: T, group: _Group[T]) -> Iterator[tuple[T, T]]:
        if len(group.ranks) <= self._alike:
            return
        ranks = np.fromiter(group.ranks.values(), np.uint64, len(group.ranks))
        group.limit = int(np.partition(ranks, self._alike)[self._alike])
        for item in [item for item, rank in group.ranks.items() if rank >= group.limit]:
            yield self._drop(name, group, item)

    def _drop(self, name: T, group: _Group[T], item: T) -> tuple[T, T]:
        del group.ranks[item]
        self._held -= 1
        return name, item
