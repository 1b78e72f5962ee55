"""Cached reports, locks, and rate limits."""

from __future__ import annotations

import hashlib
import logging
import uuid

from bot.adapters.redis.client import OLD_PREFIX, Store, guarded
from bot.adapters.redis.takeover import OLD_ENVIRONMENTS
from bot.core.model import codec
from bot.core.model.report import Report

FORMAT = 2
"""Format of a stored report. Raise it when an older process would misread the JSON; a report that
cannot be read is made anew from the log."""

_log = logging.getLogger(__name__)

# KEYS: the lock, version 0.1's name for it, and OLD_ENVIRONMENTS. Takes both locks, since processes
# of both versions run during a rolling update. A caller that holds the lock gets it again: `SET NX`
# alone would refuse it if the first answer was lost and redis-py asked again.
_TAKE_LOCK = """
local old = redis.call('exists', KEYS[3]) == 1
if old then
  local holder = redis.call('get', KEYS[2])
  if holder and holder ~= ARGV[1] then return 0 end
end
local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2])
if old then redis.call('set', KEYS[2], ARGV[1], 'NX', 'EX', ARGV[2]) end
return 1
"""

_RELEASE = """
for _, key in ipairs({KEYS[1], KEYS[2]}) do
  if redis.call('get', key) == ARGV[1] then redis.call('del', key) end
end
"""

# A zset of recent calls. Returns 0 if this call may go now, else the microseconds until it may.
# Uses the server's clock, since those of two machines differ.
_TAKE = """
local clock = redis.call('time')
local now = clock[1] * 1000000 + clock[2]
local span = tonumber(ARGV[2])
redis.call('zremrangebyscore', KEYS[1], '-inf', now - span)
if redis.call('zcard', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('zadd', KEYS[1], now, ARGV[3])
  redis.call('pexpire', KEYS[1], math.ceil(span / 1000))
  return 0
end
if redis.call('zscore', KEYS[1], ARGV[3]) then return 0 end
local oldest = redis.call('zrange', KEYS[1], 0, 0, 'withscores')
return math.max(1, oldest[2] + span - now)
"""


class RedisReportCache:
    """`ports.ReportCache`: one key per report, as JSON."""

    def __init__(self, client: Store) -> None:
        self._client = client

    @guarded
    def get(self, environment: str, key: str) -> Report | None:
        """Returns the report; None if there is none, it expired, or it cannot be read."""
        data = self._client.get(_report(self._client, environment, key))
        if data is None:
            data = self._client.get(_report_of_01(self._client, environment, key))
        if data is None:
            return None
        try:
            return codec.loads(Report, data)
        except codec.CodecError as error:
            _log.info("A cached report cannot be read: %s", error)
            return None

    @guarded
    def put(self, environment: str, key: str, report: Report, seconds: int | None) -> None:
        """Stores a report for `seconds`; None: until it is replaced."""
        self._client.note_environment(environment)
        self._client.set(_report(self._client, environment, key), codec.dumps(report), ex=seconds)


class RedisLocks:
    """`ports.Locks`: one key per lock, holding its owner's token."""

    def __init__(self, client: Store) -> None:
        self._client = client
        self._take = client.register_script(_TAKE_LOCK)
        self._release = client.register_script(_RELEASE)

    @guarded
    def once(self, key: str, seconds: int, token: str) -> bool:
        """Takes the lock: True for the first caller within `seconds`, and for its token again."""
        return bool(self._take(keys=self._keys(key), args=[token, max(1, seconds)]))

    @guarded
    def release(self, key: str, token: str) -> None:
        """Releases the lock if this token holds it."""
        self._release(keys=self._keys(key), args=[token])

    def _keys(self, key: str) -> list[str]:
        return [self._client.key("", "lock", key), f"{OLD_PREFIX}::lock:{key}", OLD_ENVIRONMENTS]


class RedisRateLimit:
    """A sliding window shared by all processes: `limit` calls in any `seconds`, per name."""

    def __init__(self, client: Store, kind: str, limit: int, seconds: float) -> None:
        self._client = client
        self._kind = kind
        self._limit = limit
        self._span = int(seconds * 1_000_000)
        self._script = client.register_script(_TAKE)

    @guarded
    def take(self, name: str = "") -> float:
        """Returns 0.0 and charges the call if it may go now, else the seconds to wait."""
        keys = [self._client.key("", "rate", self._kind, name)]
        wait = self._script(keys=keys, args=[self._limit, self._span, uuid.uuid4().hex])
        return float(wait) / 1_000_000


def _report(store: Store, environment: str, name: str) -> str:
    return store.key(environment, "report", f"f{FORMAT}", _hashed(name))


def _report_of_01(store: Store, environment: str, name: str) -> str:
    return store.key(environment, "report", _hashed(name))


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]
