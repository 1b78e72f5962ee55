"""Columns of rows: pages lie one behind another without being copied."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Column(Protocol[T_co]):
    """A column of rows: a sequence without slicing."""

    def __len__(self) -> int: ...
    def __getitem__(self, at: int, /) -> T_co: ...
    def __iter__(self) -> Iterator[T_co]: ...


class Chain(Generic[T]):
    """A concatenation of columns, without copying them."""

    def __init__(self, parts: Sequence[Column[T]]) -> None:
        """`parts`: the columns, in order."""
        self._parts = parts
        self._starts = list(accumulate(map(len, parts), initial=0))

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, at: int) -> T:
        part = bisect_right(self._starts, at) - 1
        return self._parts[part][at - self._starts[part]]

    def __iter__(self) -> Iterator[T]:
        for part in self._parts:
            yield from part
