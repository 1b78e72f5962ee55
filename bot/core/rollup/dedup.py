"""Detects entries that were read before, in eight bytes per entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class SeenHashes:
    """A set of 64-bit hashes, stored as sorted runs, each at least twice as long as the next.

    A collision, which counts an entry as a duplicate, happens once in 370,000 reads of ten
    million entries (n² / 2⁶⁵).
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._runs: list[Ints] = []

    def add(self, hashes: Ints, chosen: Flags) -> Ints:
        """Adds the `chosen` hashes; returns the indices of those that were there already.

        Of equal hashes in one call the first counts as new.
        """
        places = np.flatnonzero(chosen)
        if not places.size:
            return places
        values = hashes[places]
        order = np.argsort(values)
        values = values[order]
        starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
        values, first = values[starts], np.minimum.reduceat(order, starts)
        old = np.zeros(len(values), dtype=np.bool_)
        for run in self._runs:
            at = np.searchsorted(run, values)
            at[at == len(run)] = 0
            old |= run[at] == values
        new = np.ones(len(places), dtype=np.bool_)
        new[first[~old]] = False
        if not old.all():
            self._keep(values[~old])
        return places[new]

    def _keep(self, run: Ints) -> None:
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = np.concatenate([self._runs.pop(), run])
            run.sort(kind="stable")  # numpy's stable sort merges two sorted runs in one pass
        self._runs.append(run)
