"""Copies what version 0.1 stored, so that an update loses nothing.

Version 0.1 stored everything under `gardener:v1:ENVIRONMENT:…`, whichever installation wrote it.
The layout below that prefix is the same, so keys are copied unchanged. They are not moved: during a
rolling update processes of 0.1 still use theirs, and somebody may roll back. `take_over` runs
repeatedly and copies later writes: a value that 0.1 changed since the last copy replaces ours, and
a field that it removed is removed. After `KEPT` without a change and without a worker of 0.1, its
keys are erased.

The installation whose gardener.toml names an environment copies that environment; every
installation copies what belongs to none.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote

from redis.exceptions import LockError

from bot.adapters.redis.client import OLD_PREFIX, Store, guarded, text
from bot.core.model.errors import Unavailable

KEPT = 7 * 86_400
"""Seconds for which to keep the keys of 0.1 after their last change, for a rollback."""
PAUSE = 600
"""Seconds between two checks without a process of 0.1: then only a rollback would write."""
OLD_ENVIRONMENTS = f"{OLD_PREFIX}::environments"
"""Exists while 0.1 has data in the store."""
OLD_QUEUES = ("gardener", "gardener-quick")

_TRANSIENT = re.compile(rf"{OLD_PREFIX}:[^:]*:(?:lock|rate|jobs|run):")
"""Not copied: the current state of a 0.1 process (`old_queue` takes its runs)."""
_log = logging.getLogger(__name__)


class Takeover:
    """Copies the keys of 0.1 to those of an installation."""

    def __init__(self, store: Store, environments: Collection[str]) -> None:
        """`environments`: the names in gardener.toml."""
        self._store = store
        self._environments = ["", *environments]
        self._state = store.key("", "takeover", "state")
        self._turn = store.lock(store.key("", "takeover", "turn"), timeout=60, blocking_timeout=60)

    @guarded
    def needed(self) -> bool:
        """True if data of 0.1 is still in the store."""
        return bool(self._store.exists(OLD_ENVIRONMENTS))

    @guarded
    def old_workers(self) -> bool:
        """True if a worker of 0.1 is alive."""
        return any(
            self._store.exists(worker)
            for queue in OLD_QUEUES
            for worker in self._members(f"rq:workers:{queue}")
        )

    @guarded
    def take_over(self, now: float) -> int:
        """Copies new and changed keys; returns how many.

        `now`: seconds since the epoch. Costs one command if 0.1 stored nothing, and a few if no
        change is expected. Runs in one process at a time; others wait.
        """
        if not self.needed():
            return 0
        living = self.old_workers()
        if not living and now - self._read_state().get("looked", 0.0) < PAUSE:
            return 0
        try:
            with self._turn:
                return self._copy_all(now, living=living)
        except LockError as error:
            raise Unavailable(
                "Another process is taking over what version 0.1 stored; try again in a minute.",
                retry_after=60,
            ) from error

    def _copy_all(self, now: float, *, living: bool) -> int:
        before = self._read_state()
        changed = sum(self._copy(name) for name in self._names())
        quiet_since = now if changed or living else before.get("quiet_since", now)
        if now - quiet_since >= KEPT:
            self._erase()
        else:
            self._store.set(self._state, json.dumps({"looked": now, "quiet_since": quiet_since}))
        if changed:
            _log.info("Took over %d keys of version 0.1.", changed)
        return changed

    def _read_state(self) -> Mapping[str, float]:
        data = self._store.get(self._state)
        return cast("Mapping[str, float]", json.loads(data)) if data else {}

    def _names(self) -> Iterator[str]:
        for environment in self._environments:
            prefix = f"{OLD_PREFIX}:{quote(environment, safe='')}:"
            pattern = re.sub(r"([*?\[\]\\])", r"\\\1", prefix) + "*"
            for name in self._store.scan_iter(match=pattern, count=1_000):
                if not _TRANSIENT.match(text(name)):
                    yield text(name)

    def _copy(self, old: str) -> bool:
        new = self._store.prefix + old.removeprefix(OLD_PREFIX)
        copy = {
            "string": self._copy_string,
            "hash": self._copy_hash,
            "zset": self._copy_scores,
            "set": self._copy_set,
        }.get(text(self._store.type(old)))
        if copy is None or not copy(old, new):
            return False
        lives = int(self._store.pttl(old))
        if lives > 0:
            self._store.pexpire(new, lives)
        return True

    def _copy_string(self, old: str, new: str) -> bool:
        value = self._store.get(old)
        if value is None:
            return False
        environment = old.split(":")[2]
        copied = _Copied(self._store, f"{OLD_PREFIX}:{environment}:strings")
        changed = copied.changed({old: cast("bytes", value)})
        if not changed:
            return False
        if old.endswith((":registry:number", ":registry:version")):
            value = str(max(int(value), int(self._store.get(new) or 0)))
        self._store.set(new, value)
        copied.remember(changed)
        return True

    def _copy_hash(self, old: str, new: str) -> bool:
        held = cast("dict[bytes, bytes]", self._store.hgetall(old))
        copied = _Copied(self._store, old)
        changed = copied.changed({text(field): value for field, value in held.items()})
        written: Mapping[str, bytes] = changed
        if old.endswith(":registry:names"):
            # A C-number that we have since given to another cluster stays with that cluster.
            written = {f: v for f, v in changed.items() if not self._store.hexists(new, f)}
        if old.endswith(":registry:clusters"):
            written = {f: self._renamed(new, f, v) for f, v in changed.items()}
        if written:
            self._store.hset(new, mapping=cast("Mapping[Any, Any]", written))
        gone = copied.names() - {text(field) for field in held}
        if gone:
            self._store.hdel(new, *gone)
        copied.remember(changed, gone)
        return bool(changed or gone)

    def _renamed(self, clusters: str, id_: str, value: bytes) -> bytes:
        """Returns a cluster's entry, with a new C-number if ours already gave its number away."""
        try:
            entry = json.loads(value)
            name = str(entry["name"])
        except (ValueError, KeyError, TypeError):
            return value
        registry = clusters.removesuffix(":clusters")
        owner = self._store.hget(f"{registry}:names", name.casefold())
        if owner is None or text(owner) == id_:
            return value
        entry["name"] = f"C{self._store.incr(f'{registry}:number')}"
        self._store.hset(f"{registry}:names", entry["name"].casefold(), id_)
        return json.dumps(entry, ensure_ascii=False).encode()

    def _copy_scores(self, old: str, new: str) -> bool:
        held = cast("list[tuple[bytes, float]]", self._store.zrange(old, 0, -1, withscores=True))
        scores = {text(member): score for member, score in held}
        copied = _Copied(self._store, old)
        changed = copied.changed({member: repr(at).encode() for member, at in scores.items()})
        if changed:
            self._store.zadd(new, {member: scores[member] for member in changed}, gt=True)
            copied.remember(changed)
        return bool(changed)

    def _copy_set(self, old: str, new: str) -> bool:
        members = {text(member) for member in self._members(old)}
        if old == OLD_ENVIRONMENTS:
            members &= set(self._environments)
        copied = _Copied(self._store, old)
        changed = copied.changed(dict.fromkeys(members, b""))
        if changed:
            self._store.sadd(new, *changed)
            copied.remember(changed)
        return bool(changed)

    def _members(self, name: str) -> set[bytes]:
        return cast("set[bytes]", self._store.smembers(name))

    def _erase(self) -> None:
        """Erases the keys of 0.1, except those of environments that are not ours."""
        for name in self._names():
            if not name.startswith(f"{OLD_PREFIX}::"):
                self._store.unlink(name)
        self._store.srem(OLD_ENVIRONMENTS, *self._environments)
        if not self._store.exists(OLD_ENVIRONMENTS):
            for key in self._store.scan_iter(match=f"{OLD_PREFIX}::*", count=1_000):
                self._store.unlink(key)
        for key in self._store.scan_iter(match=self._store.key("", "takeover", "copied", "*")):
            self._store.unlink(key)
        self._store.delete(self._state)
        _log.info("Erased what version 0.1 stored: it was taken over a week ago.")


class _Copied:
    """Digests of the values copied from one key of 0.1, by field."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._key = store.key("", "takeover", "copied", name)

    def changed(self, fields: Mapping[str, bytes]) -> dict[str, bytes]:
        """Returns the fields whose value changed since the last copy."""
        if not fields:
            return {}
        before = self._store.hmget(self._key, list(fields))
        return {
            field: value
            for (field, value), known in zip(fields.items(), before, strict=True)
            if _digest(value) != known
        }

    def names(self) -> set[str]:
        """Returns the names of all copied fields."""
        return {text(field) for field in cast("list[bytes]", self._store.hkeys(self._key))}

    def remember(self, fields: Mapping[str, bytes], gone: Collection[str] = ()) -> None:
        """Records fields once they are copied; a process killed before that copies them again."""
        if fields:
            digests = {field: _digest(value) for field, value in fields.items()}
            self._store.hset(self._key, mapping=cast("Mapping[Any, Any]", digests))
        if gone:
            self._store.hdel(self._key, *gone)


def _digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=8).digest()
