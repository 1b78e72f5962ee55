"""Slices of a larger buffer, cut out on access, since most of a log's never are.

Computes the sort order and hash of all slices (insertIds, for instance) in one vectorised pass.
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
PADDING = bytes(16)
"""Padding that must follow the last slice in its buffer, since eight bytes are read at a time."""


def words(data: bytes) -> NDArray[np.uint64]:
    """Views the eight bytes at every offset as one little-endian number, without copying."""
    return np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))


FIRST_BYTES = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
"""`FIRST_BYTES[n]`: a mask that keeps the first n bytes of such a number."""


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


class Slices:
    """Slices of one buffer."""

    def __init__(self, data: bytes, starts: Ints, ends: Ints) -> None:
        """`data` must continue for at least `len(PADDING)` bytes after the last slice."""
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
        """Computes `zlib.crc32` of each slice, as the XOR of one table entry per byte."""
        sizes = self._ends - self._starts
        data = np.frombuffer(self._data, np.uint8)
        shortest, longest = int(sizes.min(initial=_SHORT)), int(sizes.max(initial=0))
        found = _CRC_OF_ZEROS[np.minimum(sizes, _SHORT)]
        for after in range(min(longest, _SHORT)):
            if after < shortest:
                found ^= _CRC_TABLES[after][data[self._ends - (after + 1)]]
            else:
                present = sizes > after
                found ^= _CRC_TABLES[after][data[(self._ends - (after + 1)) * present] * present]
        orders: Ints = found.astype(np.int64)
        for i in np.flatnonzero(sizes > _SHORT).tolist():
            orders[i] = zlib.crc32(self[i])
        return orders

    def hashes(self) -> Ints:
        """Computes a 64-bit hash of each slice, keyed per process against forged collisions."""
        data = words(self._data)
        sizes = self._ends - self._starts
        found = _mix(sizes.astype(np.uint64) ^ _SECRET)
        rows = np.flatnonzero(sizes <= _SHORT)
        at, left = self._starts[rows], sizes[rows]
        while at.size:
            found[rows] = _mix(found[rows] ^ (data[at] & FIRST_BYTES[np.minimum(left, 8)]))
            on = left > 8
            rows, at, left = rows[on], at[on] + 8, left[on] - 8
        hashes: Ints = found.view(np.int64)
        for i in np.flatnonzero(sizes > _SHORT).tolist():
            hashes[i] = hash(self[i])
        return hashes


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mixes numbers one to one, so that each bit of the result depends on all bits.

    Formula: the finaliser of MurmurHash3 (`fmix64`), by Austin Appleby.
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
"""Bytes of the longest slice in the vectorised pass; longer insertIds are rare, one by one."""


def _crc_tables() -> NDArray[np.uint32]:
    """Computes each byte's contribution to a CRC-32, by the number of bytes after it.

    Formula: RFC 1952, section 8, byte by byte; a zero byte after it only shifts the register.
    """
    table = np.array([zlib.crc32(bytes([b])) for b in range(256)], np.uint32)
    table ^= table[0]
    tables = [table]
    for _ in range(_SHORT - 1):
        tables.append((tables[-1] >> 8) ^ table[tables[-1] & 0xFF])
    return np.array(tables)


_CRC_TABLES = _crc_tables()
_CRC_OF_ZEROS = np.array([zlib.crc32(bytes(size)) for size in range(_SHORT + 1)], np.uint32)
