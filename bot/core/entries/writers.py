"""Who wrote an entry: few are different, so each is understood once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from bot.core.entries.commit_label import deployed
from bot.core.entries.place import Place
from bot.core.entries.slices import Column
from bot.core.model.values import JSON

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T", bound=Hashable)
_REMEMBERED = 8_192
"""A table that is full is emptied."""


class Origin(NamedTuple):
    """Where an entry was written, and into which log."""

    place: Place
    log: str
    commit: str | None = None
    """The one that the revision was built from, where the entry names it."""


def origin(entry: JSON) -> Origin:
    """An entry's own."""
    log = entry.get("logName")
    where = place(entry.get("resource"), entry.get("labels"))
    return Origin(where, log if isinstance(log, str) else "", deployed(entry))


class Writers:
    """Origins by the bytes that tell them: equal bytes, the same writer."""

    def __init__(self, read: Callable[[bytes], JSON]) -> None:
        """`read` gives resource, labels and logName of an entry, in the JSON that gcloud prints."""
        self._read = read
        self._table: tuple[dict[bytes, int], list[Origin]] = {}, []
        self._learning = threading.Lock()

    def of(
        self, telling: Column[bytes], raws: Iterable[bytes]
    ) -> tuple[NDArray[np.int64], list[Origin]]:
        """Which origin each entry has, and these: thousands may be known.

        `telling` is what tells an entry's origin, `raws` is all of it.
        """
        numbers, known = self._table
        try:
            of = _looked_up(telling, numbers)
        except KeyError:
            with self._learning:
                if len(known) >= _REMEMBERED:
                    self._table = {}, []
                numbers, known = self._table
                for one, raw in zip(telling, raws, strict=True):
                    if one not in numbers:
                        known.append(origin(self._read(raw)))
                        numbers[one] = len(known) - 1
            of = _looked_up(telling, numbers)
        there = np.zeros(len(known), np.bool_)
        there[of] = True
        numbered_here = there.cumsum() - 1
        return numbered_here[of], [known[number] for number in np.flatnonzero(there).tolist()]


def _looked_up(telling: Column[bytes], numbers: dict[bytes, int]) -> NDArray[np.int64]:
    return np.fromiter(map(numbers.__getitem__, telling), np.int64, len(telling))


def numbered(values: Sequence[T]) -> tuple[NDArray[np.int64], list[T]]:
    """Each value's number among the distinct ones, and these."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(numbers.__getitem__, values), np.int64, len(values)), list(numbers)


_places: dict[tuple[object, ...], Place] = {}
"""By what tells them: as many as `place` keeps."""


def place(resource: object, labels: object) -> Place:
    """Where an entry was written; the same object for the same place."""
    about = resource.get("labels") if isinstance(resource, dict) else None
    if not isinstance(about, dict):
        about = {}
    instance = labels.get("instanceId") if isinstance(labels, dict) else None
    service, revision, region, project = (
        about.get(name) for name in ("service_name", "revision_name", "location", "project_id")
    )
    where = (service, revision, instance, region, project)
    try:
        return _places[where]
    except TypeError:  # a label that is a list or an object
        return Place(*(str(part or "") for part in where))
    except KeyError:
        if len(_places) >= _REMEMBERED:
            _places.clear()
        found = _places[where] = Place(*(str(part or "") for part in where))
        return found
