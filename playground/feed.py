"""Events of the playground, published to all watchers: the page, tests, the terminal.

Events are the JSON objects of the page's WebSocket (`type`: message, view, view_closed, home,
github, log, process, scene). The parts that other modules plug into the page are Protocols here, so
that the page depends on none of them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Json = dict[str, Any]
Watcher = Callable[[Json, str | None], None]
SceneKind = Literal["envelope", "api", "queue", "redis", "ack"]

KEPT_SCENES = 200
"""How many behind-the-scenes events a page that opens later still receives."""


class PlaygroundError(Exception):
    """A refusal with a sentence to show on the page."""


class GithubPart(Protocol):
    """The page's interface to the GitHub stand-in."""

    def snapshot(self) -> Json:
        """Returns `{full_name: repo}`, each as in the `github` event."""
        ...

    async def act(self, order: Mapping[str, Any]) -> None:
        """Carries out a person's action: `{repo, number, do, …}`. Raises PlaygroundError."""
        ...


class LogPart(Protocol):
    """The page's interface to the service's log."""

    def recent(self) -> Sequence[Json]:
        """Returns the last 200 entries: `{timestamp, severity, service, revision, text}`."""
        ...


class ServicePart(Protocol):
    """The sample service."""

    async def act(self, do: str) -> None:
        """Carries out `break`, `deploy_fix`, `silence`, `resume` or `traffic`.

        Raises PlaygroundError.
        """
        ...


class ClockPart(Protocol):
    """The playground's time."""

    async def skip(self, what: str) -> None:
        """Moves to an `hour` later or to the next `morning`. Raises PlaygroundError."""
        ...


class ProcessPart(Protocol):
    """The bot's processes."""

    def snapshot(self) -> Sequence[Json]:
        """Returns `{name, state, pid}` for each process."""
        ...

    async def act(self, name: str, do: str) -> None:
        """Carries out `kill` or `restart`. Raises PlaygroundError."""
        ...


@dataclass(slots=True)
class Feed:
    """One stream of events. Watchers are called in the loop's thread and must not block."""

    scenes: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_SCENES))
    _watchers: list[Watcher] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sets the event loop of the feed, which `publish_threadsafe` needs."""
        self._loop = loop

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Calls `watcher(event, only_for)` for every event; returns a function that stops this.

        `only_for` is the id of the only user who may see the event; None for everyone.
        """
        self._watchers.append(watcher)

        def stop() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return stop

    def publish(self, event: Json, *, only_for: str | None = None) -> None:
        """Passes an event to every watcher. Call it in the loop's thread."""
        if event.get("type") == "scene":
            self.scenes.append(event)
        for watcher in tuple(self._watchers):
            watcher(event, only_for)

    def publish_threadsafe(self, event: Json) -> None:
        """Publishes from another thread; drops the event if the loop has ended."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.publish, event)

    def scene(
        self, kind: SceneKind, name: str, detail: object = "", *, ms: float | None = None
    ) -> None:
        """Publishes a behind-the-scenes event, stamped with this machine's clock."""
        event: Json = {
            "type": "scene",
            "at": int(time.time() * 1000),
            "kind": kind,
            "name": name,
            "detail": detail,
        }
        if ms is not None:
            event["ms"] = round(ms)
        self.publish(event)
