"""An environment's history, stored as maxima so that reading a window twice changes nothing.

Per environment, under `history:`

    day:N      hash   day N since 1970; expires. `~|H` seconds read of hour H, `#C|H` occurrences
                      of cluster C, `@R|H` requests to revision R
    gaps:N     hash   day N since 1970; expires. `S|H` the longest seconds without an entry of
                      service S, of the gaps that have a part in hour H
    revisions  hash   `R|service`, `R|commit`, `R|last` and, as a negative number, `R|first`
    clusters   hash   cluster id → `history.Known`
    events     zset   `deploy|service|time` by that time
    newest     hash   `entry`: the newest entry that was read
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bot.adapters.redis.client import Store, guarded, text
from bot.core.model import codec
from bot.core.model.history import (
    GAP_DAYS,
    KEPT_DAYS,
    KnownCluster,
    Lifetime,
    Past,
)
from bot.core.model.report import Event
from bot.core.model.values import DAY, HOUR, SECOND
from bot.core.text.display import encodable

EVENTS = 1_000
"""How many of the newest deploys and deletions to keep."""
REVISIONS = 2_000
CLUSTERS = 2_000
"""How many revisions to keep, those with the newest entries."""

# Compares integers as text: Lua's numbers would lose the last digits of nanoseconds since 1970.
_RAISE = """
local function less(a, b)
  local below, other = a:sub(1, 1) == '-', b:sub(1, 1) == '-'
  if below ~= other then return below end
  if below then a, b = b:sub(2), a:sub(2) end
  if #a ~= #b then return #a < #b end
  return a < b
end
for i = 2, #ARGV, 2 do
  local known = redis.call('hget', KEYS[1], ARGV[i])
  if not known or less(known, ARGV[i + 1]) then
    redis.call('hset', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
if tonumber(ARGV[1]) > 0 then redis.call('expire', KEYS[1], ARGV[1]) end
"""
EXPIRES = (KEPT_DAYS + 2) * DAY // SECOND
"""Seconds after the last write until a day expires; by our clock, not the entries' times."""
GAPS_EXPIRE = (GAP_DAYS + 1) * DAY // SECOND
_AT_ONCE = 2_000
"""Fields per call of the script; Lua's stack takes 8,000 arguments."""

_log = logging.getLogger(__name__)


class RedisHistory:
    """`ports.History`."""

    def __init__(self, client: Store) -> None:
        self._client = client
        self._raise = client.register_script(_RAISE)

    @guarded
    def read(self, environment: str, since: int, until: int) -> Past:
        """Returns what is stored. Skips parts that cannot be read."""
        last = until // DAY
        days = range(max(since // DAY, last - KEPT_DAYS), last + 1)
        with self._client.pipeline(transaction=False) as pipe:
            for day in days:
                pipe.hgetall(_at(self._client, environment, f"day:{day}"))
            for day in range(last - GAP_DAYS, last + 1):
                pipe.hgetall(_at(self._client, environment, f"gaps:{day}"))
            pipe.hgetall(_at(self._client, environment, "revisions"))
            pipe.hgetall(_at(self._client, environment, "clusters"))
            pipe.zrange(_at(self._client, environment, "events"), 0, -1)
            pipe.hget(_at(self._client, environment, "newest"), "entry")
            *found, revisions, clusters, events, newest = pipe.execute()
        hours, of_gaps = found[: len(days)], found[len(days) :]
        covered: dict[int, int] = {}
        counts: dict[str, dict[int, int]] = {}
        requests: dict[str, dict[int, int]] = {}
        for fields in hours:
            for data, value in fields.items():
                name, _, hour = text(data).rpartition("|")
                if not (hour.isdigit() and value.isdigit()):
                    continue  # a newer version wrote it
                if name == "~":
                    covered[int(hour)] = int(value)
                else:
                    where = counts if name.startswith("#") else requests
                    where.setdefault(name[1:], {})[int(hour)] = int(value)
        gaps: dict[str, dict[int, int]] = {}
        for data, value in (pair for fields in of_gaps for pair in fields.items()):
            name, _, hour = text(data).rpartition("|")
            if name and hour.isdigit() and value.isdigit():
                gaps.setdefault(name, {})[int(hour)] = int(value)
        return Past(
            covered=covered,
            counts=counts,
            requests=requests,
            revisions=_lifetimes(revisions),
            events=frozenset(filter(None, map(_event, events))),
            clusters=_clusters(clusters),
            last_entry=None if newest is None else int(newest),
            gaps=gaps,
        )

    @guarded
    def record(self, environment: str, seen: Past) -> None:
        """Adds what a run read. Idempotent."""
        self._client.note_environment(environment)
        days: dict[int, dict[str, int]] = {}
        for prefix, hours in (
            ("~", seen.covered),
            *((f"#{name}", hours) for name, hours in seen.counts.items()),
            *((f"@{name}", hours) for name, hours in seen.requests.items()),
        ):
            for hour, value in hours.items():
                days.setdefault(hour * HOUR // DAY, {})[f"{prefix}|{hour}"] = value
        for day, fields in days.items():
            self._larger(_at(self._client, environment, f"day:{day}"), fields, EXPIRES)
        self._record_gaps(environment, seen.gaps)
        lives: dict[str, int] = {}
        for name, life in seen.revisions.items():
            lives[f"{name}|first"] = -life.first
            lives[f"{name}|last"] = life.last
        self._larger(_at(self._client, environment, "revisions"), lives)
        if seen.last_entry is not None:
            self._larger(_at(self._client, environment, "newest"), {"entry": seen.last_entry})
        with self._client.pipeline(transaction=False) as pipe:
            for name, life in seen.revisions.items():
                pipe.hset(
                    _at(self._client, environment, "revisions"), f"{name}|service", life.service
                )
                if life.commit:
                    pipe.hset(
                        _at(self._client, environment, "revisions"), f"{name}|commit", life.commit
                    )
            for id_, known in seen.clusters.items():
                pipe.hset(_at(self._client, environment, "clusters"), id_, codec.dumps(known))
            for event in seen.events:
                member = f"{event.kind}|{event.service}|{event.at}"
                pipe.zadd(_at(self._client, environment, "events"), {member: event.at})
            pipe.zremrangebyrank(_at(self._client, environment, "events"), 0, -EVENTS - 1)
            pipe.hlen(_at(self._client, environment, "revisions"))
            pipe.hlen(_at(self._client, environment, "clusters"))
            *_, revisions, clusters = pipe.execute()
        if revisions > 4 * REVISIONS or clusters > CLUSTERS:
            self._forget_the_oldest(environment)

    def _record_gaps(self, environment: str, of_services: Mapping[str, Mapping[int, int]]) -> None:
        days: dict[int, dict[str, int]] = {}
        for service, of_hours in of_services.items():
            name = encodable(service)
            for hour, value in of_hours.items():
                days.setdefault(hour * HOUR // DAY, {})[f"{name}|{hour}"] = value
        for day in sorted(days)[-GAP_DAYS - 1 :]:
            self._larger(_at(self._client, environment, f"gaps:{day}"), days[day], GAPS_EXPIRE)

    def _larger(self, name: str, fields: Mapping[str, int], expires: int = 0) -> None:
        """Sets each field that is missing or smaller. `expires` in seconds, 0: never."""
        pairs = list(fields.items())
        for start in range(0, len(pairs), _AT_ONCE):
            part = [value for pair in pairs[start : start + _AT_ONCE] for value in pair]
            self._raise(keys=[name], args=[expires, *part])

    def _forget_the_oldest(self, environment: str) -> None:
        lives = _lifetimes(self._client.hgetall(_at(self._client, environment, "revisions")))
        old = sorted(lives, key=lambda name: -lives[name].last)[REVISIONS:]
        if old:
            kept = ("first", "last", "service", "commit")
            parts = [f"{name}|{part}" for name in old for part in kept]
            self._client.hdel(_at(self._client, environment, "revisions"), *parts)
        known = _clusters(self._client.hgetall(_at(self._client, environment, "clusters")))
        gone = sorted(known, key=lambda id_: -(known[id_].last_seen or 0))[CLUSTERS:]
        if gone:
            self._client.hdel(_at(self._client, environment, "clusters"), *gone)


def _at(store: Store, environment: str, part: str) -> str:
    return store.key(environment, "history", part)


def _lifetimes(fields: Mapping[Any, Any]) -> Mapping[str, Lifetime]:
    parts = {
        text(name): text(value)
        for name, value in fields.items()
        if text(name).endswith(("|service", "|commit")) or text(value).removeprefix("-").isdigit()
    }
    found = {}
    for field, value in parts.items():
        name, _, part = field.rpartition("|")
        if part == "first" and f"{name}|last" in parts:
            service = parts.get(f"{name}|service", "")
            commit = parts.get(f"{name}|commit", "")
            found[name] = Lifetime(service, -int(value), int(parts[f"{name}|last"]), commit)
    return found


def _clusters(fields: Mapping[Any, Any]) -> Mapping[str, KnownCluster]:
    found = {}
    for id_, data in fields.items():
        try:
            found[text(id_)] = codec.loads(KnownCluster, data)
        except codec.CodecError as error:
            _log.warning("The history of %s cannot be read: %s", text(id_), error)
    return found


def _event(member: bytes) -> Event | None:
    kind, _, rest = text(member).partition("|")
    service, _, at = rest.rpartition("|")
    return Event(kind, service, int(at)) if at.isdigit() else None
