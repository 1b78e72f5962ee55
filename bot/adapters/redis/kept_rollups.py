"""Kept windows: one key per window, and one hash per environment that lists them.

`kept:QUERY:START-END`   the content
`kept:index`             hash `QUERY|START|END` → `SIZE|VERSION|SWEPT`

A window counts only if the index lists it; a script writes both at once.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence

from bot.adapters.redis.client import Store, guarded, text
from bot.core.model.values import DAY, SECOND, Window
from bot.core.ports import Mark

EXPIRES = 32 * DAY // SECOND
"""Seconds; Cloud Logging itself keeps entries for 30 days."""

# KEYS: the index, the window, the windows that it replaces.
# ARGV: field, version that is expected, new mark, content, seconds, fields to remove.
_PUT = """
local known = redis.call('hget', KEYS[1], ARGV[1])
local version = known and known:match('^%d+|(%w*)|') or ''
if version ~= ARGV[2] then return 0 end
redis.call('set', KEYS[2], ARGV[4], 'EX', ARGV[5])
redis.call('hset', KEYS[1], ARGV[1], ARGV[3])
for i = 6, #ARGV do redis.call('hdel', KEYS[1], ARGV[i]) end
for i = 3, #KEYS do redis.call('unlink', KEYS[i]) end
return 1
"""

# KEYS: the index. ARGV: field, version, new mark, and so on.
_SWEEP = """
for i = 1, #ARGV, 3 do
  local known = redis.call('hget', KEYS[1], ARGV[i])
  if known and known:match('^%d+|(%w*)|') == ARGV[i + 1] then
    redis.call('hset', KEYS[1], ARGV[i], ARGV[i + 2])
  end
end
"""

_LINE = re.compile(r"(\w+)\|(\d{1,19})\|(\d{1,19})\|(\d{1,19})\|(\w+)\|(\d{1,19})", re.ASCII)

_log = logging.getLogger(__name__)


class RedisKeptRollups:
    """`ports.KeptRollups`."""

    def __init__(self, client: Store, bound: int) -> None:
        """`bound`: bytes per environment; 0 keeps nothing."""
        self._client = client
        self.bound = bound
        self._put = client.register_script(_PUT)
        self._sweep = client.register_script(_SWEEP)

    @guarded
    def marks(self, environment: str, query: str) -> Mapping[Window, Mark]:
        """Returns all kept windows of a query."""
        return {w: mark for of, w, mark in self._all(environment) if of == query}

    @guarded
    def get(
        self, environment: str, query: str, windows: Sequence[Window]
    ) -> Mapping[Window, bytes]:
        """Returns the content of these windows, without those that are gone."""
        if not windows:
            return {}
        found = self._client.mget([self._key(environment, query, window) for window in windows])
        return {w: bytes(d) for w, d in zip(windows, found, strict=True) if isinstance(d, bytes)}

    @guarded
    def put(
        self,
        environment: str,
        query: str,
        window: Window,
        data: bytes,
        swept: int,
        *,
        instead_of: str = "",
        replaces: Sequence[Window] = (),
    ) -> bool:
        """Keeps a window in one step; False if it is no longer the version `instead_of`."""
        self._client.note_environment(environment)
        mark = Mark(len(data), hashlib.blake2b(data, digest_size=8).hexdigest(), swept)
        windows = [window, *(other for other in replaces if other != window)]
        keys = [self._index(environment)]
        keys += [self._key(environment, query, each) for each in windows]
        gone = [_field(query, each) for each in windows[1:]]
        field = _field(query, window)
        return bool(
            self._put(keys=keys, args=[field, instead_of, _shown(mark), data, EXPIRES, *gone])
        )

    @guarded
    def sweep(self, environment: str, query: str, swept: Mapping[Window, Mark]) -> None:
        """Replaces the `swept` of windows that still have the mark's version."""
        args = [
            part
            for window, mark in swept.items()
            for part in (_field(query, window), mark.version, _shown(mark))
        ]
        if args:
            self._sweep(keys=[self._index(environment)], args=args)

    @guarded
    def remove(self, environment: str, query: str, windows: Sequence[Window]) -> None:
        """Forgets windows."""
        if windows:
            self._client.hdel(self._index(environment), *(_field(query, w) for w in windows))
            self._client.unlink(*(self._key(environment, query, w) for w in windows))

    @guarded
    def size(self, environment: str) -> tuple[int, int]:
        """Returns the number of an environment's kept windows and their bytes."""
        sizes = [mark.size for _, _, mark in self._all(environment)]
        return len(sizes), sum(sizes)

    def excess(self, environment: str) -> int:
        """Returns the bytes by which the environment exceeds its bound; 0 or less if none."""
        return self.size(environment)[1] - self.bound

    def drop_oldest(self, environment: str) -> bool:
        """Forgets the environment's oldest window of any query; False if there is none."""
        with_query = [(w.start, w.end, of) for of, w, _ in self._listed(environment)]
        if not with_query:
            return False
        start, end, query = min(with_query)
        self.remove(environment, query, [Window(start, end)])
        return True

    @guarded
    def check(self) -> None:
        """Raises `Unavailable` if the store takes nothing new."""
        self._client.set(self._client.key("", "kept", "check"), "1", ex=1)

    @guarded
    def _listed(self, environment: str) -> list[tuple[str, Window, Mark]]:
        return list(self._all(environment))

    def _all(self, environment: str) -> Iterator[tuple[str, Window, Mark]]:
        for field, value in self._client.hgetall(self._index(environment)).items():
            found = _LINE.fullmatch(f"{text(field)}|{text(value)}")
            if found is None:
                _log.warning("A kept window of %s cannot be read", environment)
                continue
            start, end, size, swept = map(int, found.group(2, 3, 4, 6))
            yield found[1], Window(start, end), Mark(size, found[5], swept)

    def _index(self, environment: str) -> str:
        return self._client.key(environment, "kept", "index")

    def _key(self, environment: str, query: str, window: Window) -> str:
        return self._client.key(environment, "kept", query, f"{window.start}-{window.end}")


def _field(query: str, window: Window) -> str:
    return f"{query}|{window.start}|{window.end}"


def _shown(mark: Mark) -> str:
    return f"{mark.size}|{mark.version}|{mark.swept}"
