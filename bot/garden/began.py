"""With which revision a problem began: told only where the log shows both sides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from bot.garden.clusters import Draft
from bot.garden.model import Began
from bot.garden.rollup import Rollup
from bot.garden.tally import Place

_NUMBER = re.compile(r"-(\d{5,9})-[a-z0-9]{1,10}$")


class Revisions:
    """Every revision that wrote anything in what was read, of each service, oldest first."""

    def __init__(self, rollup: Rollup) -> None:
        self._first: dict[str, dict[str, int]] = {}
        self._entries: Counter[tuple[str, str]] = Counter()
        for place, (count, first, _last) in rollup.places.items():
            if place.service and place.revision:
                known = self._first.setdefault(place.service, {})
                known[place.revision] = min(first, known.get(place.revision, first))
                self._entries[place.service, place.revision] += count

    def began(self, draft: Draft) -> Began | None:
        """None where the problem is as old as the log that was read, or spans several services."""
        wrote: dict[tuple[str, str], Place] = {}
        for place in draft.tally.places:
            if not place.revision:
                return None
            wrote[place.service, place.revision] = place
        services = {service for service, _ in wrote}
        if len(services) != 1 or _is_partial(draft):
            return None
        service = services.pop()
        order = self._order(service)
        mine = [revision for revision in order if (service, revision) in wrote]
        if not mine or order.index(mine[0]) == 0:
            return None
        before = order[order.index(mine[0]) - 1]
        where = wrote[service, mine[0]]
        return Began(
            service, mine[0], before, self._entries[service, before], where.project, where.region
        )

    def _order(self, service: str) -> list[str]:
        """By Cloud Run's own count where every name carries it, else by the first entry."""
        known = self._first.get(service, {})
        numbers = {name: int(m[1]) for name in known if (m := _NUMBER.search(name))}
        by: Mapping[str, int] = numbers if len(numbers) == len(known) else known
        return sorted(known, key=lambda name: (by[name], name))


def _is_partial(draft: Draft) -> bool:
    """Whether a memory bound has dropped places: one of them may be an older revision."""
    return bool(getattr(draft.tally, "estimated", False))


def sentence(began: Began) -> str:
    """`Began with 00598-qss; 00597-abc never wrote it in 9,412 entries`."""
    first, before = (_short(began.service, name) for name in (began.revision, began.before))
    entries = "1 entry" if began.entries == 1 else f"{began.entries:,} entries"
    return f"Began with {first}; {before} never wrote it in {entries}"


def _short(service: str, revision: str) -> str:
    return revision.removeprefix(f"{service}-") or revision
