"""Which message shows which report, and an environment's newest reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.adapters.redis.client import Store
from bot.adapters.redis.notes import Notes
from bot.core.model.issue_memory import Fix
from bot.core.model.shown import JOINS, KEPT, ShownMessage, ShownReport
from bot.core.model.values import SECOND

NEWEST = 12
"""How many of an environment's reports to list; these are redrawn when decisions change."""


@dataclass(frozen=True, slots=True)
class _Stored:
    typed: str = ""
    previous: str = ""
    places: tuple[tuple[str, str, str, int], ...] = ()
    newer: tuple[tuple[str, str], ...] | None = None
    late: Mapping[str, int] | None = None
    """`ShownMessage.due` by `ts`, of late digests."""


class RedisShownReports:
    """`ports.ShownReports`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def get(self, environment: str, key: str) -> ShownReport:
        """Returns what is stored; empty if nothing is."""
        found = self._notes.read(_Stored, environment, _report(key)) or _Stored()
        late = found.late or {}
        places = tuple(ShownMessage(*each, due=late.get(each[2], 0)) for each in found.places)
        return ShownReport(found.typed, found.previous, places, found.newer or ())

    def put(self, environment: str, key: str, shown: ShownReport) -> None:
        """Replaces what is stored."""
        places = tuple((p.kind, p.channel, p.ts, p.index) for p in shown.places)
        late = {p.ts: p.due for p in shown.places if p.due}
        stored = _Stored(shown.typed, shown.previous, places, shown.newer or None, late or None)
        self._notes.write(environment, _report(key), stored, KEPT)

    def add(self, environment: str, key: str, place: ShownMessage) -> None:
        """Adds a message that shows the report. Idempotent."""
        known = self.get(environment, key)
        if place not in known.places:
            self.put(environment, key, replace(known, places=(*known.places, place)))
        self._notes.write(environment, _message(place.channel, place.ts), key, KEPT)

    def outdated(self, environment: str, key: str, channel: str, address: str) -> None:
        """Records that a channel has a newer report, at this address. Idempotent."""
        known = self.get(environment, key)
        newer = tuple(sorted({**dict(known.newer), channel: address}.items()))
        self.put(environment, key, replace(known, newer=newer))

    def key_of(self, environment: str, channel: str, ts: str) -> str:
        """Returns the key of the report that a message shows; empty if unknown."""
        return self._notes.read(str, environment, _message(channel, ts)) or ""

    def put_fixes(self, environment: str, key: str, fixes: Mapping[str, Fix]) -> None:
        """Stores the fixes that a digest judged, by cluster."""
        stored = {cluster: [fix.revision, fix.per_day] for cluster, fix in fixes.items()}
        self._notes.write(environment, f"fixes:{key}", stored, KEPT)

    def fixes(self, environment: str, key: str) -> Mapping[str, Fix]:
        """Returns the fixes that a digest judged."""
        found = self._notes.read(dict[str, tuple[str, float]], environment, f"fixes:{key}") or {}
        return {cluster: Fix(*each) for cluster, each in found.items()}


class RedisRecentReports:
    """`ports.RecentReports`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def add(self, environment: str, key: str, *, latest: bool) -> None:
        """Adds a report. `latest`: it shows the environment's present state."""
        if latest:
            self._notes.write(environment, "latest", key, KEPT)
        self._notes.write(environment, "reports", [key, *self.newest(environment)][:NEWEST], KEPT)

    def latest(self, environment: str) -> str:
        """Returns the key of the last report of the present state; empty if none."""
        return self._notes.read(str, environment, "latest") or ""

    def newest(self, environment: str) -> Sequence[str]:
        """Returns the last dozen keys, newest first."""
        return self._notes.read(tuple[str, ...], environment, "reports") or ()

    def put_answer(
        self, environment: str, question: str, rules: str, key: str, *, now: int
    ) -> None:
        """Makes the report the answer to a question under these grouping rules, for `JOINS`."""
        kept = 2 * JOINS // SECOND
        self._notes.write(environment, _answer(question, rules), [key, now], kept)

    def answer(self, environment: str, question: str, rules: str, *, now: int) -> str:
        """Returns the report that answers a question; empty if it must be read anew."""
        found = self._notes.read(tuple[str, int], environment, _answer(question, rules))
        return found[0] if found is not None and abs(now - found[1]) <= JOINS else ""


def _report(key: str) -> str:
    return f"report:{key}"


def _message(channel: str, ts: str) -> str:
    return f"message:{channel}:{ts}"


def _answer(question: str, rules: str) -> str:
    return f"answer:{question}" + (f":{rules}" if rules else "")
