"""Parts of a larger text that are cut out when they are asked for: most of a log's never are.

What every entry's name is asked for, its order and its hash, is told of all names at once.
"""

from __future__ import annotations

import random
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Ints = NDArray[np.int64]
BEHIND = bytes(16)
"""At least so many bytes must stand behind the last part: numbers of eight bytes are read."""


class Column(Protocol[T_co]):
    """What a column of rows can do: less than a list."""

    def __len__(self) -> int: ...
    def __getitem__(self, at: int, /) -> T_co: ...
    def __iter__(self) -> Iterator[T_co]: ...


class Chain(Generic[T]):
    """Columns one behind another."""

    def __init__(self, parts: Sequence[Column[T]]) -> None:
        """Those, none of them copied."""
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, at: int) -> T:
        part = bisect_right(self._ends, at)
        return self._parts[part][at - self._ends[part]]

    def __iter__(self) -> Iterator[T]:
        for part in self._parts:
            yield from part


class Slices:
    """Parts of a text."""

    def __init__(self, data: bytes, starts: Ints, ends: Ints) -> None:
        """`data` goes on for `BEHIND` after the last part."""
        self._data = data
        self._starts = starts
        self._ends = ends

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, at: int) -> bytes:
        return self._data[self._starts[at] : self._ends[at]]

    def __iter__(self) -> Iterator[bytes]:
        data = self._data
        for a, b in zip(self._starts.tolist(), self._ends.tolist(), strict=True):
            yield data[a:b]

    def crc32(self) -> Ints:
        """As `zlib.crc32` of each: a sum, without carries, of what each byte in its place adds."""
        sizes = self._ends - self._starts
        data = np.frombuffer(self._data, np.uint8)
        shortest, longest = int(sizes.min(initial=_TABLED)), int(sizes.max(initial=0))
        found = _OF_ZEROS[np.minimum(sizes, _TABLED)]
        for behind in range(min(longest, _TABLED)):
            if behind < shortest:
                found ^= _ADDS[behind][data[self._ends - (behind + 1)]]
            else:
                there = sizes > behind
                found ^= _ADDS[behind][data[(self._ends - (behind + 1)) * there] * there]
        orders: Ints = found.astype(np.int64)
        for i in np.flatnonzero(sizes > _TABLED).tolist() if longest > _TABLED else ():
            orders[i] = zlib.crc32(self[i])
        return orders

    def hashes(self) -> Ints:
        """64 bits of each, which differ from run to run: nobody can write names that share one."""
        words = np.ndarray((len(self._data) - 7,), "<u8", self._data, strides=(1,))
        at, left = self._starts, self._ends - self._starts
        found = left.astype(np.uint64) * _FACTOR ^ _BEGINNING
        rows: Ints | slice = slice(None)
        while at.size:
            mixed = (found[rows] ^ (words[at] & _MASKS[np.minimum(left, 8)])) * _FACTOR
            found[rows] = mixed ^ (mixed >> _HALF)
            on = left > 8
            if not on.all():
                rows = np.flatnonzero(on) if isinstance(rows, slice) else rows[on]
                at, left = at[on], left[on]
            at, left = at + 8, left - 8
        hashes: Ints = found.view(np.int64)
        return hashes


# Odd, so that no bit of what is multiplied is lost.
_FACTOR, _BEGINNING = (np.uint64(random.SystemRandom().getrandbits(64) | 1) for _ in range(2))
_HALF = np.uint64(32)
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)

_TABLED = 32
"""Names of more bytes are rare: each of them is looked at alone."""


def _adds() -> NDArray[np.uint32]:
    """What each byte adds to a CRC-32, by how many bytes come after it.

    Formula: RFC 1952, section 8, a byte at a time; a zero behind only shifts what was there.
    """
    table = np.array([zlib.crc32(bytes([b])) for b in range(256)], np.uint32)
    table ^= table[0]
    tables = [table]
    for _ in range(_TABLED - 1):
        tables.append((tables[-1] >> 8) ^ table[tables[-1] & 0xFF])
    return np.array(tables)


_ADDS = _adds()
_OF_ZEROS = np.array([zlib.crc32(bytes(size)) for size in range(_TABLED + 1)], np.uint32)
