"""Identifies the writers of entries; there are few, so each is decoded once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np

from bot.core.entries.columns import Column
from bot.core.entries.commit_label import deployed
from bot.core.entries.place import Place, PlaceKind
from bot.core.entries.resources import place_of
from bot.core.model.values import JSON

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T", bound=Hashable)
_CACHE_SIZE = 8_192
"""Writers in a cache, which is emptied when it is full."""


class Origin(NamedTuple):
    """The place that wrote an entry, its log and its commit."""

    place: Place
    log: str
    commit: str | None = None
    """The commit that the revision was built from, if the entry names it."""


def origin(entry: JSON) -> Origin:
    """Returns the origin of a JSON entry."""
    log = entry.get("logName")
    where = place(entry.get("resource"), entry.get("labels"))
    return Origin(where, log if isinstance(log, str) else "", deployed(entry))


class Writers(Generic[T]):
    """Cache of origins, by what identifies the writer. Thread-safe."""

    def __init__(self, read: Callable[[bytes], JSON]) -> None:
        """`read`: decodes an entry's resource, labels and logName to JSON as gcloud prints it."""
        self._read = read
        self._table: tuple[dict[T, int], list[Origin]] = {}, []
        self._lock = threading.Lock()

    def of(
        self, writers: Column[T], entries: Iterable[bytes]
    ) -> tuple[NDArray[np.int64], list[Origin]]:
        """Returns, per entry, an index into the list of origins returned with it.

        That list has only the origins of these entries, since thousands may be cached. `writers`:
        what identifies each entry's writer; `entries`: the whole entries.
        """
        numbers, known = self._table
        try:
            found = _looked_up(writers, numbers)
        except KeyError:
            with self._lock:
                if len(known) >= _CACHE_SIZE:
                    self._table = {}, []
                numbers, known = self._table
                for writer, entry in zip(writers, entries, strict=True):
                    if writer not in numbers:
                        known.append(origin(self._read(entry)))
                        numbers[writer] = len(known) - 1
            found = _looked_up(writers, numbers)
        used = np.zeros(len(known), np.bool_)
        used[found] = True
        renumbered = used.cumsum() - 1
        return renumbered[found], [known[number] for number in np.flatnonzero(used).tolist()]


def _looked_up(writers: Column[T], numbers: dict[T, int]) -> NDArray[np.int64]:
    return np.fromiter(map(numbers.__getitem__, writers), np.int64, len(writers))


def numbered(values: Sequence[T]) -> tuple[NDArray[np.int64], list[T]]:
    """Numbers the distinct values; returns each value's number, and the distinct values."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(numbers.__getitem__, values), np.int64, len(values)), list(numbers)


_places: dict[tuple[object, ...], Place] = {}
"""Cache of `place`, by the values of the labels."""


def place(resource: object, labels: object) -> Place:
    """Returns the place that wrote an entry; usually the same object for the same place."""
    kind = about = None
    if isinstance(resource, dict):
        kind, about = resource.get("type"), resource.get("labels")
    if not isinstance(about, dict):
        about = {}
    if not isinstance(labels, dict):
        labels = {}
    if kind != "cloud_run_revision":
        found = place_of(kind, about, labels)
        return _places.setdefault(found, found) if len(_places) < _CACHE_SIZE else found
    # The most frequent row of `resources`, several times as fast.
    where = (
        about.get("service_name"),
        about.get("revision_name"),
        labels.get("instanceId"),
        about.get("location"),
        about.get("project_id"),
    )
    try:
        return _places[where]
    except TypeError:  # a label that is a list or an object
        return _cloud_run(where)
    except KeyError:
        if len(_places) >= _CACHE_SIZE:
            _places.clear()
        found = _places[where] = _cloud_run(where)
        return found


def _cloud_run(labels: Iterable[object]) -> Place:
    return Place._make((*(str(label or "") for label in labels), PlaceKind.SERVICE))
