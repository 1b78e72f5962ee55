"""Finds the revision in which a problem began, if the log covers an earlier revision too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bot.core.clusters.clusters import Draft
from bot.core.entries.place import Place, PlaceKind
from bot.core.model.report import Began, Traffic
from bot.core.model.revision_names import numbered
from bot.core.model.values import HOUR
from bot.core.rollup.rollup import Rollup
from bot.core.text import display
from bot.core.trends.traffic import belongs, served


class Revisions:
    """All revisions of each service that logged or served anything in the entries read.

    Where request counts are known, a revision counts as free of a problem only if it served
    requests: one that was deployed without traffic proves nothing. A service without any requests
    is judged by its log entries.
    """

    def __init__(self, rollup: Rollup, traffic: Traffic | None = None) -> None:
        self._first: dict[str, dict[str, int]] = {}
        self._entries: Counter[tuple[str, str]] = Counter()
        for place, (count, first, _last) in rollup.places.items():
            if place.service and place.revision:
                known = self._first.setdefault(place.service, {})
                known[place.revision] = min(first, known.get(place.revision, first))
                self._entries[place.service, place.revision] += count
        self._sampled = traffic is not None and traffic.sampled
        self._requests: dict[str, Mapping[str, int]] = {}
        for service, known in self._first.items():
            asked = {name: n for name, n in served(traffic).items() if n and belongs(name, service)}
            if asked:
                self._requests[service] = asked
            for name, at, n in traffic.hours if traffic else ():
                if n and name in asked and (service, name) not in self._entries:
                    known[name] = min(at * HOUR, known.get(name, at * HOUR))

    def began(self, draft: Draft) -> Began | None:
        """Finds the revision a problem began with.

        None if it is as old as the log that was read, if it spans several services, or if it is a
        job's, whose executions are not versions of it.
        """
        wrote: dict[tuple[str, str], Place] = {}
        for place in draft.tally.places:
            if not place.revision or place.is_job:
                return None
            wrote[place.service, place.revision] = place
        services = {service for service, _ in wrote}
        if len(services) != 1 or _is_partial(draft):
            return None
        service = services.pop()
        order = self._order(service)
        mine = [revision for revision in order if (service, revision) in wrote]
        if not mine:
            return None
        asked = self._requests.get(service)
        earlier = order[: order.index(mine[0])]
        # In sampled traffic, an older revision may have served before the sample begins.
        without = [n for n in earlier if asked is None or n in asked or self._sampled]
        if not without:
            return None
        before, where = without[-1], wrote[service, mine[0]]
        routed = where.kind is PlaceKind.SERVICE
        return Began(
            service,
            mine[0],
            before,
            self._entries[service, before],
            where.project if routed else "",
            where.region if routed else "",
            None if asked is None else asked.get(before),
        )

    def _order(self, service: str) -> list[str]:
        """Sorts by Cloud Run's revision number if every name has one, else by first appearance."""
        known = self._first.get(service, {})
        numbers = {name: int(n[1]) for name in known if (n := numbered(name))}
        by: Mapping[str, int] = numbers if len(numbers) == len(known) else known
        return sorted(known, key=lambda name: (by[name], name))


def _is_partial(draft: Draft) -> bool:
    """True if a memory bound dropped places: one of them may be an older revision."""
    return bool(getattr(draft.tally, "estimated", False))


def sentence(began: Began) -> str:
    """`Began with 00598-qss; 00597-abc never wrote it in 9,412 requests`, else in its entries."""
    first, before = (
        display.revision(name, (began.service,)) for name in (began.revision, began.before)
    )
    if began.requests is None:
        seen = "1 entry" if began.entries == 1 else f"{began.entries:,} entries"
    else:
        seen = "1 request" if began.requests == 1 else f"{began.requests:,} requests"
    return f"Began with {first}; {before} never wrote it in {seen}"
