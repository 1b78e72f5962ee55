"""Which entries were read before: eight bytes an entry, whatever their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRESH = 131_072
"""Hashes kept in a set before they become a sorted run: sets are quick and large."""


class Seen:
    """A set of 64-bit hashes: a small set of Python's, and sorted runs that double in length.

    Two entries share a hash by chance once in 370,000 readings of ten million entries
    (n² / 2⁶⁵); one of them would then be counted as a duplicate.
    """

    def __init__(self) -> None:
        """Empty."""
        self._fresh: set[int] = set()
        self._runs: list[NDArray[np.int64]] = []

    def add(self, hashes: list[int]) -> list[int]:
        """Adds them; returns the places of those that were there before, or earlier in the list."""
        again = self._in_runs(hashes) if self._runs else set()
        fresh = self._fresh
        found: list[int] = []
        for place, value in enumerate(hashes):
            if value in fresh or place in again:
                found.append(place)
            else:
                fresh.add(value)
        if len(fresh) >= FRESH:
            self._settle()
        return found

    def _in_runs(self, hashes: list[int]) -> set[int]:
        wanted = np.array(hashes, dtype=np.int64)
        hit = np.zeros(len(wanted), dtype=bool)
        for run in self._runs:
            places = np.searchsorted(run, wanted)
            places[places == len(run)] = 0
            hit |= run[places] == wanted
        return set(np.flatnonzero(hit).tolist())

    def _settle(self) -> None:
        run = np.fromiter(self._fresh, dtype=np.int64, count=len(self._fresh))
        run.sort()
        self._fresh = set()
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.concatenate([self._runs.pop(), run])
            run.sort(kind="stable")
        self._runs.append(run)
