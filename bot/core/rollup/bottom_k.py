"""Which messages are kept where more and more different ones come.

Messages that are counted together if they are not kept stand on one shelf. Of each shelf the
messages with the smallest rank stay, at most `alike`; where all shelves together hold too many,
half of that, and so on. A shelf that only ever held few keeps them all, whatever floods another.

The outcome depends on nothing but the set of messages: how many stay on a shelf is halved only
when the messages seen so far make that necessary, and further ones never undo it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T", bound=Hashable)


@dataclass(slots=True)
class _Shelf(Generic[T]):
    ranks: dict[T, int] = field(default_factory=dict)
    limit: int = 2**64
    """Only what has a rank below this is kept."""


class Shelves(Generic[T]):
    """Bounded sets of messages, one a shelf."""

    def __init__(self, alike: int, total: int, rank: Callable[[T], int]) -> None:
        """At most so many on one shelf, and on all together; a quarter more before a clearing."""
        self._rank = rank
        self._alike = alike
        self._total = total
        self._shelves: dict[T, _Shelf[T]] = {}
        self._held = 0

    def put(self, shelf: T, item: T) -> bool:
        """Whether an item stays; for all that is known now."""
        known = self._shelves.get(shelf)
        if known is None:
            known = self._shelves[shelf] = _Shelf()
        if item not in known.ranks:
            rank = self._rank(item)
            if rank >= known.limit:
                return False
            known.ranks[item] = rank
            self._held += 1
        return True

    def cleared(self, final: bool) -> Iterator[tuple[T, T]]:
        """Clears away what is too much: (shelf, item) for each item that does not stay."""
        if not final and self._held * 4 <= self._total * 5:
            slack = self._alike // 4
            for name, shelf in self._shelves.items():
                if len(shelf.ranks) > self._alike + slack:
                    yield from self._cut(name, shelf)
            return
        while True:
            for name, shelf in self._shelves.items():
                yield from self._cut(name, shelf)
            if self._held <= self._total or self._alike <= 1:
                return
            self._alike //= 2

    def merge(self, other: Shelves[T]) -> Iterator[tuple[T, T]]:
        """Takes over what another one knows of limits: (shelf, item) for each that must go."""
        self._alike = min(self._alike, other._alike)
        for name, theirs in other._shelves.items():
            mine = self._shelves.setdefault(name, _Shelf())
            mine.limit = min(mine.limit, theirs.limit)
            for item in [item for item, rank in mine.ranks.items() if rank >= mine.limit]:
                yield self._drop(name, mine, item)

    def copy(self) -> Shelves[T]:
        """The same, to be changed without changing this one."""
        made = Shelves[T](self._alike, self._total, self._rank)
        made._held = self._held
        made._shelves = {n: _Shelf(dict(s.ranks), s.limit) for n, s in self._shelves.items()}
        return made

    def _cut(self, name: T, shelf: _Shelf[T]) -> Iterator[tuple[T, T]]:
        if len(shelf.ranks) <= self._alike:
            return
        ranks = np.fromiter(shelf.ranks.values(), np.uint64, len(shelf.ranks))
        shelf.limit = int(np.partition(ranks, self._alike)[self._alike])
        for item in [item for item, rank in shelf.ranks.items() if rank >= shelf.limit]:
            yield self._drop(name, shelf, item)

    def _drop(self, name: T, shelf: _Shelf[T], item: T) -> tuple[T, T]:
        del shelf.ranks[item]
        self._held -= 1
        return name, item
