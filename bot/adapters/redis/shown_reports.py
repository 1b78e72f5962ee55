"""Which message shows which report, and an environment's newest reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.adapters.redis.client import Store
from bot.adapters.redis.notes import Notes
from bot.core.model.issue_memory import Fix
from bot.core.model.shown import KEPT, ShownMessage, ShownReport

ANSWERS = 600
"""Seconds for which a report answers the same question."""
NEWEST = 12
"""Keys of an environment that are listed; these are drawn anew when something changes elsewhere."""


@dataclass(frozen=True, slots=True)
class _Stored:
    typed: str = ""
    previous: str = ""
    places: tuple[tuple[str, str, str, int], ...] = ()


class RedisShownReports:
    """`ports.ShownReports`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def get(self, environment: str, key: str) -> ShownReport:
        """Empty where nothing is remembered."""
        found = self._notes.read(_Stored, environment, _report(key)) or _Stored()
        places = tuple(ShownMessage(*each) for each in found.places)
        return ShownReport(found.typed, found.previous, places)

    def put(self, environment: str, key: str, shown: ShownReport) -> None:
        """Replaces what was remembered."""
        places = tuple((p.kind, p.channel, p.ts, p.index) for p in shown.places)
        stored = _Stored(shown.typed, shown.previous, places)
        self._notes.write(environment, _report(key), stored, KEPT)

    def add(self, environment: str, key: str, place: ShownMessage) -> None:
        """One message more shows the report. Done twice, it changes nothing more."""
        known = self.get(environment, key)
        if place not in known.places:
            self.put(environment, key, replace(known, places=(*known.places, place)))
        self._notes.write(environment, _message(place.channel, place.ts), key, KEPT)

    def key_of(self, environment: str, channel: str, ts: str) -> str:
        """The report that a message shows; empty where that is not known."""
        return self._notes.read(str, environment, _message(channel, ts)) or ""

    def put_fixes(self, environment: str, key: str, fixes: Mapping[str, Fix]) -> None:
        """The fixes that a digest judged, by cluster."""
        stored = {cluster: [fix.revision, fix.per_day] for cluster, fix in fixes.items()}
        self._notes.write(environment, f"fixes:{key}", stored, KEPT)

    def fixes(self, environment: str, key: str) -> Mapping[str, Fix]:
        """Those that `put_fixes` was given."""
        found = self._notes.read(dict[str, tuple[str, float]], environment, f"fixes:{key}") or {}
        return {cluster: Fix(*each) for cluster, each in found.items()}


class RedisRecentReports:
    """`ports.RecentReports`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def add(self, environment: str, key: str, *, latest: bool) -> None:
        """`latest`: the report shows how the environment is now."""
        if latest:
            self._notes.write(environment, "latest", key, KEPT)
        self._notes.write(environment, "reports", [key, *self.newest(environment)][:NEWEST], KEPT)

    def latest(self, environment: str) -> str:
        """The last report that shows how the environment is; empty where there is none."""
        return self._notes.read(str, environment, "latest") or ""

    def newest(self, environment: str) -> Sequence[str]:
        """The last dozen, the newest first, whatever they show."""
        return self._notes.read(tuple[str, ...], environment, "reports") or ()

    def put_answer(self, environment: str, question: str, rules: str, key: str) -> None:
        """For ten minutes the report answers a question, under this version of grouping rules."""
        self._notes.write(environment, _answer(question, rules), key, ANSWERS)

    def answer(self, environment: str, question: str, rules: str) -> str:
        """Empty where the question has to be read."""
        return self._notes.read(str, environment, _answer(question, rules)) or ""


def _report(key: str) -> str:
    return f"report:{key}"


def _message(channel: str, ts: str) -> str:
    return f"message:{channel}:{ts}"


def _answer(question: str, rules: str) -> str:
    return f"recent:{question}" + (f":{rules}" if rules else "")
