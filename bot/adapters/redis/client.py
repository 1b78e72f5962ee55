"""Connects to Redis, translates its errors, and names keys.

Keys read `gardener:v2:INSTALLATION:ENVIRONMENT:…`, so that two installations can share a server.
ENVIRONMENT is empty for what belongs to none; no environment may have an empty name. The version
stands for the layout of the keys.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from bot.adapters.redis.server.embedded import SelfStarting
from bot.core.model.errors import Refused, Unavailable

PREFIX = "gardener:v2"
OLD_PREFIX = "gardener:v1"
"""Of version 0.1, which knew no installations."""
TIMEOUT = 0.5
"""Seconds to connect and to wait for an answer; by default redis-py waits 58 s on a hung server."""

P = ParamSpec("P")
T = TypeVar("T")

_since: dict[str, float] = {}
"""When the store stopped answering, in seconds since the epoch; shown in the error."""


class Store(redis.Redis):
    """A Redis client that knows its installation and so the names of its keys."""

    installation: str = ""

    def key(self, environment: str, *parts: str) -> str:
        """Returns a key of an environment ("" for what belongs to none)."""
        return ":".join((self.prefix, quote(environment, safe=""), *parts))

    @property
    def prefix(self) -> str:
        """The start of every key of this installation, without the colon after it."""
        return f"{PREFIX}:{self.installation}"

    def note_environment(self, environment: str) -> None:
        """Records that something is stored of an environment."""
        self.sadd(self.key("", "environments"), environment)


def installation_of(secrets: Sequence[bytes]) -> str:
    """Names an installation by a hash of its oldest secret, so that a rotation keeps the name."""
    return hashlib.blake2b(secrets[-1], digest_size=6, person=b"installation").hexdigest()


def connect(
    url: str | None, state_dir: Path, installation: str, *, timeout: float = TIMEOUT
) -> Store:
    """Returns a client with its own pool; connects at the first command.

    `url` as redis-py reads it; None: the embedded server of `state_dir`, started when needed.
    Raises `Refused` if the URL is invalid.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(ConstantBackoff(0.05), 1),
        "health_check_interval": 30,
    }
    if url is None:
        pool = redis.ConnectionPool(
            connection_class=SelfStarting, state_dir=str(state_dir.absolute()), **options
        )
    else:
        if url.startswith("unix:"):
            del options["socket_connect_timeout"]
        try:
            pool = redis.ConnectionPool.from_url(url, **options)
        except ValueError:  # its message may contain the password
            raise Refused(
                "REDIS_URL cannot be read: write redis://user:password@host:6379/0."
            ) from None
    client = Store(connection_pool=pool)
    client.installation = installation
    return client


def ping(client: redis.Redis) -> None:
    """Checks that the store answers. Raises `Unavailable` or `Refused`."""
    with translated():
        client.ping()


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Translates Redis's errors inside the block, with the time of the first failure."""
    try:
        yield
    except (redis.exceptions.AuthenticationError, redis.exceptions.NoPermissionError) as error:
        raise Refused(
            "The store refused our name or password: mend the one in REDIS_URL."
        ) from error
    except redis.exceptions.BusyLoadingError as error:
        raise Unavailable(
            "The store is still loading its data; try again in a moment.", retry_after=2
        ) from error
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError) as error:
        since = _since.setdefault("store", time.time())
        clock = datetime.fromtimestamp(since, UTC).strftime("%H:%M")
        raise Unavailable(f"The store is unreachable since {clock} UTC.", retry_after=5) from error
    except redis.exceptions.OutOfMemoryError as error:
        raise Unavailable(
            "The store is full and takes nothing new: give Redis more memory."
        ) from error
    except redis.exceptions.ReadOnlyError as error:
        raise Unavailable(
            "The store takes no writes: REDIS_URL names a replica; name the primary."
        ) from error
    except redis.exceptions.ResponseError as error:
        raise Unavailable(f"The store refused a command ({_kind(error)}).") from error
    else:
        _since.pop("store", None)


def guarded(method: Callable[P, T]) -> Callable[P, T]:
    """Decorates a method so that its Redis errors are `translated`."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with translated():
            return method(*args, **kwargs)

    return call


def text(data: object) -> str:
    """Decodes an answer of redis-py."""
    return data.decode() if isinstance(data, bytes) else str(data)


@guarded
def forget(client: Store, environment: str) -> int:
    """Erases everything stored of an environment, also by version 0.1.

    Returns the number of keys.
    """
    gone = 0
    ours = client.key(environment, "*")
    old = f"{OLD_PREFIX}:{quote(environment, safe='')}:*"
    # The second round erases what a running analysis wrote during the first.
    for pattern in (ours, ours, old, client.key("", "takeover", "copied", old)):
        batch: list[bytes] = []
        for name in client.scan_iter(match=pattern, count=1_000):
            batch.append(name)
            if len(batch) == 500:
                gone += int(client.unlink(*batch))
                batch = []
        if batch:
            gone += int(client.unlink(*batch))
    client.srem(client.key("", "environments"), environment)
    return gone


def _kind(error: Exception) -> str:
    word = str(error).partition(" ")[0]
    return word if word.isupper() else type(error).__name__
