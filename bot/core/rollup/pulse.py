"""When each Cloud Run service logged by itself, and when requests arrived, in slots of ten seconds.

What the platform writes for a service (its request log, its audit log) is no sign that the service
lives, so the two are kept apart. Merging is a union of slots and a sum of counts, so the order of
entries does not matter.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bot.core.entries.place import PlaceKind
from bot.core.entries.request_log import is_own_log, is_request_log
from bot.core.entries.rows import NO_TIME, Rows
from bot.core.model.values import HOUR, SECOND, Window

SLOT = 10 * SECOND
"""Gaps are known to this. Ten times a gap is compared with minutes, so it suffices."""
SLOTS = HOUR // SLOT
SERVICES = 64
"""Services kept, those with the smallest hash."""
HOURS = 31 * 24
"""Hours kept of when services logged, the newest: 45 bytes each."""
RECENT = 6 * SLOTS
"""Slots kept of requests, the newest; a silence is noticed sooner."""

Ints = NDArray[np.int64]


@dataclass(slots=True)
class Pulse:
    """Mutable while it is filled. `trim` bounds it."""

    logged: dict[str, dict[int, int]] = field(default_factory=dict)
    """Service → hour since 1970 → a bit for each slot in which the service logged."""
    last: dict[str, int] = field(default_factory=dict)
    """Service → time of its newest entry."""
    requests: dict[str, dict[int, int]] = field(default_factory=dict)
    """Service → slot since 1970 → requests in the request log."""

    def add(self, rows: Rows, chosen: Ints) -> None:
        """Adds the rows with these indices."""
        services: list[str] = []
        numbers: dict[str, int] = {}
        kinds = np.full(len(rows.known), -1, np.int64)
        for i, (place, log, _) in enumerate(rows.known):
            own = is_own_log(log)
            if place.kind is PlaceKind.SERVICE and place.service and (own or is_request_log(log)):
                number = numbers.setdefault(place.service, len(numbers))
                if number == len(services):
                    services.append(place.service)
                kinds[i] = 2 * number + own
        if not services:
            return
        kind, times = kinds[rows.origins[chosen]], rows.times[chosen]
        known = (kind >= 0) & (times != NO_TIME)
        kind, times = kind[known], times[known]
        slots, counts = np.unique((times // SLOT) * len(kinds) * 2 + kind, return_counts=True)
        for code, count in zip(slots.tolist(), counts.tolist(), strict=True):
            slot, which = divmod(code, len(kinds) * 2)
            service = services[which // 2]
            if which % 2:
                hours = self.logged.setdefault(service, {})
                hours[slot // SLOTS] = hours.get(slot // SLOTS, 0) | 1 << slot % SLOTS
            else:
                seen = self.requests.setdefault(service, {})
                seen[slot] = seen.get(slot, 0) + count
        for number, service in enumerate(services):
            mine = times[kind == 2 * number + 1]
            if mine.size:
                self.last[service] = max(self.last.get(service, NO_TIME), int(mine.max()))
        self.trim()

    def merge(self, other: Pulse) -> None:
        """Adds what another one counted, of disjoint entries."""
        for service, hours in other.logged.items():
            mine = self.logged.setdefault(service, {})
            for hour, bits in hours.items():
                mine[hour] = mine.get(hour, 0) | bits
        for service, at in other.last.items():
            self.last[service] = max(self.last.get(service, NO_TIME), at)
        for service, counts in other.requests.items():
            seen = self.requests.setdefault(service, {})
            for slot, count in counts.items():
                seen[slot] = seen.get(slot, 0) + count
        self.trim()

    def trim(self) -> None:
        """Drops what exceeds the bounds; what stays does not depend on the order of entries."""
        names = self.logged.keys() | self.requests.keys()
        for name in sorted(
            names, key=lambda n: (zlib.crc32(n.encode("utf-8", "surrogatepass")), n)
        )[SERVICES:]:
            for part in (self.logged, self.last, self.requests):
                part.pop(name, None)
        _newest(self.logged, HOURS)
        _newest(self.requests, RECENT)

    def slots(self, service: str) -> Ints:
        """Returns the slots since 1970 in which the service logged, ascending."""
        hours = self.logged.get(service, {})
        if not hours:
            return np.empty(0, np.int64)
        ordered = sorted(hours)
        packed = b"".join(hours[hour].to_bytes(SLOTS // 8, "little") for hour in ordered)
        bits = np.flatnonzero(np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little"))
        return np.array(ordered, np.int64)[bits // SLOTS] * SLOTS + bits % SLOTS

    def longest(self, service: str, missing: Sequence[Window] = ()) -> int | None:
        """Returns the longest time between two of its entries, to the slot; None with fewer.

        A gap in which something could not be read is none.
        """
        return max((b - a for a, b in _gaps(self.slots(service), missing)), default=None)

    def longest_by_hour(self, service: str, missing: Sequence[Window] = ()) -> Mapping[int, int]:
        """Returns, for each hour, the longest gap in seconds of which a part lies in it."""
        found: dict[int, int] = {}
        for start, end in _gaps(self.slots(service), missing):
            for hour in range(start // HOUR, end // HOUR + 1):
                found[hour] = max(found.get(hour, 0), (end - start) // SECOND)
        return found

    def requests_after(self, service: str, at: int) -> int:
        """Returns the requests in the slots that begin after this time."""
        counts = self.requests.get(service, {})
        return sum(count for slot, count in counts.items() if slot * SLOT > at)


def _newest(of_services: dict[str, dict[int, int]], keep: int) -> None:
    newest = max((max(times) for times in of_services.values() if times), default=0)
    for times in of_services.values():
        if len(times) > keep or (times and min(times) <= newest - keep):
            for old in [at for at in times if at <= newest - keep]:
                del times[old]


def _gaps(slots: Ints, missing: Sequence[Window]) -> Iterable[tuple[int, int]]:
    """Yields start and end of the longer of the gaps: of those within an hour the longest."""
    if len(slots) < 2:
        return
    starts, ends = slots[:-1], slots[1:]
    open_ = np.ones(len(starts), np.bool_)
    for window in missing:
        open_ &= (ends * SLOT < window.start) | (starts * SLOT >= window.end)
    starts, ends = starts[open_], ends[open_]
    if not starts.size:
        return
    # One a pair of hours is enough: gaps are only compared with each other.
    hours = ends // SLOTS
    order = np.lexsort((ends - starts, starts // SLOTS, hours))
    groups = np.stack((hours[order], starts[order] // SLOTS))
    final = np.append(np.any(groups[:, 1:] != groups[:, :-1], axis=0), True)
    for at in order[final].tolist():
        yield int(starts[at]) * SLOT, int(ends[at]) * SLOT
