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


def words(data: bytes) -> NDArray[np.uint64]:
    """Eight bytes from each place on, the first ones lowest, as one number; none is copied."""
    return np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))


FIRST_BYTES = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
"""What leaves so many bytes of such a number, and zeros for the others."""


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
        self._starts = list(accumulate(map(len, parts), initial=0))

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, at: int) -> T:
        part = bisect_right(self._starts, at) - 1
        return self._parts[part][at - self._starts[part]]

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
        shortest, longest = int(sizes.min(initial=_SHORT)), int(sizes.max(initial=0))
        found = _OF_ZEROS[np.minimum(sizes, _SHORT)]
        for behind in range(min(longest, _SHORT)):
            if behind < shortest:
                found ^= _ADDS[behind][data[self._ends - (behind + 1)]]
            else:
                there = sizes > behind
                found ^= _ADDS[behind][data[(self._ends - (behind + 1)) * there] * there]
        orders: Ints = found.astype(np.int64)
        for i in np.flatnonzero(sizes > _SHORT).tolist():
            orders[i] = zlib.crc32(self[i])
        return orders

    def hashes(self) -> Ints:
        """64 bits of each, which differ from run to run: nobody can write two that share theirs."""
        data = words(self._data)
        sizes = self._ends - self._starts
        found = _mixed(sizes.astype(np.uint64) ^ _SECRET)
        rows = np.flatnonzero(sizes <= _SHORT)
        at, left = self._starts[rows], sizes[rows]
        while at.size:
            found[rows] = _mixed(found[rows] ^ (data[at] & FIRST_BYTES[np.minimum(left, 8)]))
            on = left > 8
            rows, at, left = rows[on], at[on] + 8, left[on] - 8
        hashes: Ints = found.view(np.int64)
        for i in np.flatnonzero(sizes > _SHORT).tolist():
            hashes[i] = hash(self[i])
        return hashes


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Other numbers for numbers, one to one, where each bit depends on all bits.

    Formula: the end of MurmurHash3 (`fmix64`), by Austin Appleby.
    """
    mixed = numbers ^ (numbers >> _SHIFT)
    for factor in _FACTORS:
        mixed *= factor
        mixed ^= mixed >> _SHIFT
    return mixed


_SHIFT = np.uint64(33)
_FACTORS = np.uint64(0xFF51_AFD7_ED55_8CCD), np.uint64(0xC4CE_B9FE_1A85_EC53)
_SECRET = np.uint64(random.SystemRandom().getrandbits(64))
_SHORT = 32
"""Names of more bytes are rare: each of them is looked at alone."""


def _adds() -> NDArray[np.uint32]:
    """What each byte adds to a CRC-32, by how many bytes come after it.

    Formula: RFC 1952, section 8, a byte at a time; a zero behind only shifts what was there.
    """
    table = np.array([zlib.crc32(bytes([b])) for b in range(256)], np.uint32)
    table ^= table[0]
    tables = [table]
    for _ in range(_SHORT - 1):
        tables.append((tables[-1] >> 8) ^ table[tables[-1] & 0xFF])
    return np.array(tables)


_ADDS = _adds()
_OF_ZEROS = np.array([zlib.crc32(bytes(size)) for size in range(_SHORT + 1)], np.uint32)
