"""A closed window that was read completely, and the bytes in which it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bot import __version__
from bot.core.analysis.reading import Reading
from bot.core.expected.fingerprints import hashed
from bot.core.model import codec as json_codec
from bot.core.model.codec import CodecError
from bot.core.model.environment import Query
from bot.core.model.report import Event
from bot.core.model.values import Window
from bot.core.rollup import codec
from bot.core.rollup.for_keeping import redact_all
from bot.core.rollup.subjects import Subjects
from bot.core.rollup.tally import DEFAULT
from bot.core.text.mask import MASK_VERSION

NAMES = 500_000
"""Entries of a kept window, at most: each leaves a hash, by which it is counted once."""
_HASH = "<u4"

Hashes = NDArray[np.uint32]


def query_key(query: Query, secret: bytes) -> str:
    """Names what a kept window depends on beside its time: what was asked, and how it is read.

    Another version of Gardener may read a message differently, and another secret hashes the
    users in it differently.
    """
    asked = (query.project, query.services, query.sources, query.min_severity)
    how = (hashed(secret, "")[:4], MASK_VERSION, codec.FORMAT, __version__)
    return hashlib.blake2b(json_codec.dumps((*asked, *how)), digest_size=8).hexdigest()


@dataclass(slots=True)
class KeptWindow:
    """A closed window with the hashes of its entries' names (`Rows.lasting_hashes`)."""

    window: Window
    reading: Reading
    names: Hashes = field(default_factory=lambda: np.empty(0, np.uint32))
    """Ascending, each once."""

    @property
    def fits(self) -> bool:
        """True if it is small enough to be kept, and all of it was understood."""
        return len(self.names) <= NAMES and not self.reading.broken

    def knows(self, names: Hashes) -> NDArray[np.bool_]:
        """Returns which of these entries are in it."""
        return np.isin(names, self.names)

    def add_names(self, names: Sequence[Hashes]) -> None:
        """Adds the hashes of entries."""
        self.names = np.unique(np.concatenate([self.names, *names]))

    def encode(self, key: str) -> bytes:
        """Returns its bytes, redacted; `key`: see `query_key`."""
        redact_all(self.reading.rollup)
        rollup, blob = codec.encode(self.reading.rollup)
        steps = np.diff(self.names, prepend=np.uint32(0)).astype(_HASH).tobytes()
        head = {
            "key": key,
            "window": [self.window.start, self.window.end],
            "read": self.reading.read,
            "duplicates": self.reading.duplicates,
            "commits": dict(sorted(self.reading.commits.items())),
            "events": sorted([e.kind, e.service, e.at] for e in self.reading.events),
            "names": len(self.names),
            "rollup": rollup,
        }
        return codec.pack(head, steps + blob)


def decode(data: bytes, key: str, query: Query, hide: Callable[[str], str]) -> KeptWindow:
    """Returns what `encode` wrote for the query's window and this key. Raises `CodecError`."""
    head, blob = codec.unpack(data)
    if head.get("key") != key or head.get("window") != [query.window.start, query.window.end]:
        raise CodecError("written for something else")
    names = head.get("names")
    read, duplicates = head.get("read"), head.get("duplicates")
    if type(names) is not int or type(read) is not int or type(duplicates) is not int:
        raise CodecError("no number")
    width = np.dtype(_HASH).itemsize
    if not 0 <= names * width <= len(blob):
        raise CodecError("cut")
    steps = np.frombuffer(blob[: names * width], _HASH).astype(np.uint32)
    reading = Reading(query, hide=hide)
    rollup = codec.decode(head.get("rollup"), blob[names * width :], DEFAULT, Subjects(hide=hide))
    if rollup.min_severity != query.min_severity:
        raise CodecError("another severity")
    reading.restore(rollup, read=read, duplicates=duplicates)
    facts = json_codec.decode(
        _Facts, {"commits": head.get("commits"), "events": head.get("events")}
    )
    reading.commits.update(facts.commits)
    reading.events.update(Event(*event) for event in facts.events)
    return KeptWindow(query.window, reading, np.cumsum(steps, dtype=np.uint32))


def merged(window: Window, parts: Sequence[KeptWindow]) -> KeptWindow:
    """Returns one kept window of those that fill it; at least one."""
    first = parts[0].reading
    whole = Reading(replace(first.query, window=window), hide=first.hide)
    for part in parts:
        whole.merge(part.reading)
    found = KeptWindow(window, whole)
    found.add_names([part.names for part in parts])
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    commits: dict[str, str]
    events: tuple[tuple[str, str, int], ...]
