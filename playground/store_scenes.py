"""Publishes what happens in the bot's store to the page: keys that come and go, and the queue."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable

import redis
import redis.asyncio

from playground.feed import Feed, SceneKind

EVERY_S = 1.0
KEYS = 2_000  # keys to look at; a sample service makes a few hundred
LISTED = 8  # events per look; the rest is summed up as a number
INSTALLATION = re.compile(r"gardener:v\d+:[^:]*:")  # the prefix of all the bot's keys
QUEUE = ("rq:queue:", "rq:wip:", "rq:failed:", "rq:finished:", "rq:scheduled:", "rq:job:")


class StoreScenes:
    """Looks into the store once a second and publishes `queue` and `redis` scenes."""

    def __init__(self, feed: Feed, url: str) -> None:
        self._feed = feed
        self._url = url
        self._known: set[str] = set()

    async def run(self) -> None:
        """Runs until cancelled; retries while the store is unavailable."""
        client = redis.asyncio.from_url(self._url, decode_responses=True, socket_timeout=2)
        try:
            while True:
                try:
                    self.publish_changes(await self._names(client))
                except (redis.RedisError, OSError):
                    self._known = set()
                await asyncio.sleep(EVERY_S)
        finally:
            await client.aclose()

    async def _names(self, client: redis.asyncio.Redis) -> set[str]:
        names: set[str] = set()
        async for name in client.scan_iter(count=500):
            names.add(INSTALLATION.sub("", name))
            if len(names) >= KEYS:
                break
        return names

    def publish_changes(self, names: set[str]) -> None:
        """Publishes which keys came and went since the last look."""
        came, went = sorted(names - self._known), sorted(self._known - names)
        self._known = names
        self._tell("written", came)
        self._tell("gone", went)

    def _tell(self, what: str, names: Iterable[str]) -> None:
        shown = [name for name in names if not name.startswith(("rq:worker", "rq:clean"))]
        for name in shown[:LISTED]:
            kind: SceneKind = "queue" if name.startswith(QUEUE) else "redis"
            self._feed.scene(kind, name if len(name) <= 80 else f"{name[:79]}…", what)
        if len(shown) > LISTED:
            self._feed.scene("redis", f"{len(shown) - LISTED} more keys", what)
