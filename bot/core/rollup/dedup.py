"""Which entries were read before: eight bytes an entry, whatever their number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Seen:
    """A set of 64-bit hashes: sorted runs, each at least twice as long as the next.

    Two entries share a hash by chance once in 370,000 readings of ten million entries
    (n² / 2⁶⁵); one of them would then be counted as a duplicate.
    """

    def __init__(self) -> None:
        """Empty."""
        self._runs: list[Ints] = []

    def add(self, hashes: Ints, named: Flags) -> Ints:
        """Adds those that are `named`; returns the places of those that were there before.

        Of equal ones the first is new.
        """
        places = np.flatnonzero(named)
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
            run.sort(kind="stable")  # merges the two: that takes one pass
        self._runs.append(run)
