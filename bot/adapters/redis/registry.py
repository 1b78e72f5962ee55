"""The registry: maps masked messages to cluster ids, permanently.

Per environment, under `registry:`

    messages   hash   keyed hash of a masked message → cluster id
    clusters   hash   cluster id → entry (name, template, masked messages, times)
    names      hash   c3 → cluster id
    seen       zset   cluster id by the second in which a run last saw it
    variants   zset   the same for every keyed hash
    number     the last C-number assigned; it only counts up
    version    counts changes: a run whose version is out of date reads again before it writes

The masked messages are kept beside their hashes, so that a new version of the masks finds every
cluster again, with its decisions. Where the new mask only masks more, masking the stored message
again gives the same as masking the original line. Where it needs a value that the old mask removed,
`recover` looks it up in the current run.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import redis

from bot.adapters.redis.client import Store, guarded, text
from bot.adapters.redis.grouping_rules import clusters_named, field_of, rules_key
from bot.adapters.redis.registry_entry import (
    Entry,
    Masks,
    is_variant,
    recover,
    remasked,
)
from bot.core.model import codec
from bot.core.model.errors import Refused, Unavailable
from bot.core.model.grouping_rules import Member, Same
from bot.core.model.values import DAY, SECOND
from bot.core.ports import Candidate, Identity, Remembered

FORGET_AFTER = 90 * DAY // SECOND
"""Seconds unseen until an entry is dropped, unless a decision depends on it."""
VARIANTS = 32
"""Masked messages stored as text per cluster; all hashes are stored."""
PATIENCE = 5.0
"""Seconds for which to retry while other runs write."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Draft:
    """What one run has read and will write."""

    known: dict[str, str] = field(default_factory=dict)
    """Keyed hash → cluster id."""
    before: dict[str, Entry] = field(default_factory=dict)
    """The entries as the run found them; its own additions are not joined."""
    entries: dict[str, Entry] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    """Hashes to write."""
    outdated: list[str] = field(default_factory=list)
    """Hashes under an older secret, to delete."""
    changed: set[str] = field(default_factory=set)
    number: int = 0
    decided: frozenset[str] = frozenset()
    """Clusters that a decision depends on."""
    taught: frozenset[str] = frozenset()
    """Clusters that a grouping rule names."""
    merged: dict[str, str] = field(default_factory=dict)
    """Cluster → the cluster that has all of its messages under the new mask."""

    def same(self) -> Iterator[Same]:
        """Returns *same* rules that lead from clusters merged by a better mask to the one left."""
        for gone, left in self.merged.items():
            keep, other = (
                Member(id_, self.entries[id_].name, self.entries[id_].template[:200])
                for id_ in (left, gone)
            )
            yield Same(keep, (other,))


class RedisRegistry:
    """`ports.Registry` on Redis. `secrets`: the first keys new hashes, the others find old ones."""

    def __init__(
        self,
        client: Store,
        secrets: Sequence[bytes],
        *,
        masks: Masks | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not secrets:
            raise Refused("GARDENER_SECRET is not set: the registry's keys need it.")
        self._client = client
        self._secrets = tuple(secrets)
        self._masks = masks
        self._clock = clock
        self._keyed = _hash(self._secrets[0], "gardener")[:8]

    @guarded
    def resolve(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[Identity]:
        """Returns one identity per candidate, in order; registers unknown messages.

        Two candidates that are variants of one known cluster get the same id, and the caller shows
        them as one. A candidate with messages of two known clusters gets the one with a decision,
        else the lower C-number; in the registry the two stay separate.
        """
        if not candidates:
            return ()
        self._client.note_environment(environment)
        deadline = time.monotonic() + PATIENCE
        while True:
            with self._client.pipeline() as pipe:
                try:
                    return self._attempt(pipe, environment, candidates)
                except redis.WatchError:
                    if time.monotonic() > deadline:
                        raise Unavailable(
                            "Too many analyses write to the registry at once; try again.",
                            retry_after=5,
                        ) from None

    @guarded
    def identify(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[str]:
        """The id that `resolve` would give each, in order. Changes nothing."""
        with self._client.pipeline() as pipe:
            draft, masks = self._found(pipe, environment, candidates)
        return [self._identify(draft, candidate, masks).id for candidate in candidates]

    @guarded
    def find(self, environment: str, name: str) -> str | None:
        """Returns the cluster id of a C-number in any case; returns a known id unchanged."""
        wanted = name.strip().casefold()
        found = self._client.hget(self._client.key(environment, "registry", "names"), wanted)
        if found is not None:
            return text(found)
        known = self._client.hexists(self._client.key(environment, "registry", "clusters"), wanted)
        return wanted if known else None

    @guarded
    def known(self, environment: str, masked: Sequence[str]) -> Mapping[str, str]:
        """Returns the cluster ids of known masked messages. Changes nothing."""
        with self._client.pipeline() as pipe:
            draft, _ = self._found(pipe, environment, [Candidate("", "", tuple(masked))])
        wanted = dict.fromkeys(masked)
        return {message: id_ for message, id_ in draft.known.items() if message in wanted}

    @guarded
    def all(self, environment: str) -> Sequence[Remembered]:
        """Returns every registered cluster, by C-number."""
        found = [
            Remembered(id_, e.name, e.template, e.masked, e.first_seen, e.last_seen)
            for id_, e in _entries(
                self._client.hgetall(self._client.key(environment, "registry", "clusters"))
            )
        ]
        return sorted(found, key=lambda each: _number(each.name, each.id))

    def _attempt(
        self, pipe: redis.client.Pipeline, environment: str, candidates: Sequence[Candidate]
    ) -> Sequence[Identity]:
        draft, masks = self._found(pipe, environment, candidates)
        at = functools.partial(self._client.key, environment, "registry")
        identities = [self._identify(draft, candidate, masks) for candidate in candidates]
        now = self._clock()
        current = {self._hash(message) for candidate in candidates for message in candidate.masked}
        kept = draft.decided.union(identity.id for identity in identities).union(draft.taught)
        expired = self._old(pipe, at("seen"), now) - kept
        stale = self._stale(pipe, at, draft, now) - current - draft.messages.keys()

        pipe.multi()
        if draft.messages:
            pipe.hset(at("messages"), mapping=_mapping(draft.messages))
        pipe.set(at("number"), draft.number)
        if draft.changed:
            written = {id_: codec.dumps(draft.entries[id_]) for id_ in draft.changed}
            pipe.hset(at("clusters"), mapping=_mapping(written))
            names = {draft.entries[id_].name.casefold(): id_ for id_ in draft.changed}
            pipe.hset(at("names"), mapping=_mapping(names))
        pipe.zadd(at("seen"), {identity.id: now for identity in identities})
        if seen := current.union(draft.messages):
            pipe.zadd(at("variants"), dict.fromkeys(seen, now))
        if stale := stale.union(draft.outdated):
            pipe.hdel(at("messages"), *stale)
            pipe.zrem(at("variants"), *stale)
        if expired:
            pipe.hdel(at("clusters"), *expired)
            pipe.zrem(at("seen"), *expired)
            gone = [draft.entries[id_].name for id_ in expired if id_ in draft.entries]
            pipe.hdel(at("names"), *(name.casefold() for name in gone), "")
        for rule in draft.same():
            pipe.hsetnx(rules_key(self._client, environment), field_of(rule), codec.dumps(rule))
        pipe.incr(at("version"))
        pipe.execute()
        return identities

    def _found(
        self, pipe: redis.client.Pipeline, environment: str, candidates: Sequence[Candidate]
    ) -> tuple[_Draft, Masks]:
        """Reads what is known of the candidates; the pipe watches every key that was read."""
        at = functools.partial(self._client.key, environment, "registry")
        decisions = self._client.key(environment, "decisions")
        rules = rules_key(self._client, environment)
        pipe.watch(at("version"), decisions, rules)  # type: ignore[no-untyped-call]
        masks = self._masks or Masks.current()
        draft = self._read(pipe, at, candidates, masks, _decided(pipe.hkeys(decisions)))
        draft.taught = clusters_named(pipe.hgetall(rules))
        draft.before = dict(draft.entries)
        return draft, masks

    def _read(
        self,
        pipe: redis.client.Pipeline,
        at: Callable[[str], str],
        candidates: Sequence[Candidate],
        masks: Masks,
        decided: frozenset[str],
    ) -> _Draft:
        draft = _Draft(number=int(pipe.get(at("number")) or 0), decided=decided)
        draft.entries.update(_entries(pipe.hgetall(at("clusters"))))
        outdated = [
            id_
            for id_, entry in draft.entries.items()
            if entry.mask < masks.version or entry.keyed != self._keyed
        ]
        for id_ in draft.entries.keys() - outdated if outdated else ():
            draft.known.update(dict.fromkeys(draft.entries[id_].masked, id_))
        # If a better mask turns two clusters into one message, the cluster with a decision keeps
        # it, else the older one: the same whichever run comes first.
        outdated.sort(key=lambda id_: (id_ not in decided, *_order(draft.entries[id_], id_)))
        masked = list(dict.fromkeys(m for candidate in candidates for m in candidate.masked))
        before = dict(draft.entries)
        for id_ in outdated:
            self._remask(draft, id_, masks)
        for rank, secret in enumerate(self._secrets if masked else ()):
            hashes = [_hash(secret, message) for message in masked]
            found: Sequence[object] = pipe.hmget(at("messages"), hashes)
            for message, hashed, known in zip(masked, hashes, found, strict=True):
                if known is None:
                    continue
                draft.known.setdefault(message, text(known))
                if rank:  # keyed with an older secret: rewrite it under the newest
                    draft.outdated.append(hashed)
                    draft.messages[self._hash(message)] = draft.known[message]
        recover(draft.entries, outdated, draft.known, masked)
        for id_ in outdated:
            self._own(draft, id_, before[id_], masks, set(masked))
        return draft

    def _remask(self, draft: _Draft, id_: str, masks: Masks) -> None:
        """Registers an entry of an older mask or secret under the newest too."""
        entry = draft.entries[id_]
        if entry.mask < masks.version and not entry.exact:
            entry = draft.entries[id_] = replace(
                entry,
                template=masks.mask(entry.template),
                masked=tuple(dict.fromkeys(remasked(m, entry, masks) for m in entry.masked)),
            )
        for message in entry.masked:
            draft.known.setdefault(message, id_)

    def _own(self, draft: _Draft, id_: str, before: Entry, masks: Masks, here: set[str]) -> None:
        """Writes the new form of an entry of an older mask.

        It stays marked with the older mask until a run sees it, so that it can still be recovered.
        """
        entry = draft.entries[id_]
        for message in entry.masked:
            if draft.known[message] == id_:
                draft.messages.setdefault(self._hash(message), id_)
        owners = {draft.known[message] for message in entry.masked}
        if owners and id_ not in owners:
            draft.merged[id_] = min(owners, key=lambda o: _order(draft.entries.get(o), o))
        seen = id_ in draft.merged or not entry.masked or not here.isdisjoint(entry.masked)
        mask = max(entry.mask, masks.version) if seen else entry.mask
        draft.entries[id_] = replace(entry, keyed=self._keyed, mask=mask)
        if draft.entries[id_] != before:
            draft.changed.add(id_)

    def _identify(self, draft: _Draft, candidate: Candidate, masks: Masks) -> Identity:
        id_ = self._known_id(draft, candidate, masks)
        before = draft.entries.get(id_) if id_ is not None else None
        if id_ is None or before is None:
            id_ = id_ or candidate.id
            draft.number += 1
            entry = Entry(
                f"C{draft.number}",
                candidate.template,
                mask=masks.version,
                keyed=self._keyed,
                place=candidate.place,
                exact=candidate.exact,
            )
        else:
            entry = before
        new = [message for message in candidate.masked if message not in draft.known]
        for message in new:
            draft.known[message] = id_
            draft.messages[self._hash(message)] = id_
        own = [message for message in candidate.masked if draft.known[message] == id_]
        after = replace(
            entry,
            masked=tuple(dict.fromkeys((*entry.masked, *own)))[:VARIANTS],
            first_seen=_least(entry.first_seen, candidate.first_seen),
            last_seen=_most(entry.last_seen, candidate.last_seen),
            joined=entry.joined + (len(new) if before is not None else 0),
        )
        if after != before:
            draft.entries[id_] = after
            draft.changed.add(id_)
        known = draft.before.get(id_)
        if known is None:
            return Identity(id_, entry.name, None, None)
        return Identity(id_, entry.name, known.first_seen, known.last_seen)

    def _known_id(self, draft: _Draft, candidate: Candidate, masks: Masks) -> str | None:
        known = {draft.known[message] for message in candidate.masked if message in draft.known}
        if not known and candidate.id in draft.entries:
            known = {candidate.id}
        if not known:
            known = {
                id_ for id_, entry in draft.before.items() if is_variant(candidate, entry, masks)
            }
        return min(
            known,
            key=lambda id_: (id_ not in draft.decided, *_order(draft.entries.get(id_), id_)),
            default=None,
        )

    @staticmethod
    def _old(pipe: redis.client.Pipeline, zset: str, now: float) -> set[str]:
        return {text(name) for name in pipe.zrangebyscore(zset, "-inf", now - FORGET_AFTER)}

    def _stale(
        self, pipe: redis.client.Pipeline, at: Callable[[str], str], draft: _Draft, now: float
    ) -> set[str]:
        """Returns hashes long unseen, of clusters without decisions."""
        old = list(self._old(pipe, at("variants"), now))
        if not old:
            return set()
        clusters: Sequence[object] = pipe.hmget(at("messages"), old)
        return {
            hashed
            for hashed, id_ in zip(old, clusters, strict=True)
            if id_ is None or text(id_) not in draft.decided | draft.taught
        }

    def _hash(self, message: str) -> str:
        return _hash(self._secrets[0], message)


def _decided(fields: Iterable[Any]) -> frozenset[str]:
    """Returns the clusters with a decision, from the fields of the stored hash."""
    return frozenset(text(name).partition("|")[0] for name in fields)


def _hash(secret: bytes, message: str) -> str:
    data = message.encode("utf-8", "surrogatepass")
    return hmac.new(secret, data, hashlib.sha256).hexdigest()[:32]


def _entries(found: Mapping[Any, Any]) -> Iterator[tuple[str, Entry]]:
    for id_, data in found.items():
        try:
            yield text(id_), codec.loads(Entry, data)
        except codec.CodecError as error:
            _log.warning("The registry's entry of %s cannot be read: %s", text(id_), error)


def _order(entry: Entry | None, id_: str) -> tuple[int, str]:
    return _number(entry.name if entry else "", id_)


def _number(name: str, id_: str) -> tuple[int, str]:
    number = name[1:]
    return (int(number) if number.isdigit() else 1 << 62, id_)


def _least(one: int | None, other: int | None) -> int | None:
    return min((time_ for time_ in (one, other) if time_ is not None), default=None)


def _most(one: int | None, other: int | None) -> int | None:
    return max((time_ for time_ in (one, other) if time_ is not None), default=None)


def _mapping(fields: Mapping[str, Any]) -> Mapping[Any, Any]:
    return fields  # redis-py's mappings are invariant in their keys
