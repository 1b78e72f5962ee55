"""What happens in the playground, told to everyone who watches: the page, tests, the terminal.

Events are the JSON objects of the page's WebSocket (`type`: message, view, view_closed, home,
github, log, process, scene). The parts that other modules plug into the page are Protocols here,
so that the page knows none of them.
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
"""How many behind-the-scenes events a page that opens late still gets."""


class PlaygroundError(Exception):
    """A refusal whose sentence is shown to the person at the page."""


class GithubPart(Protocol):
    """The GitHub stand-in, as the page sees it."""

    def snapshot(self) -> Json:
        """`{full_name: repo}` with the repos as the `github` event shows them."""
        ...

    async def act(self, order: Mapping[str, Any]) -> None:
        """Do what a person asks: `{repo, number, do, …}`. Raises PlaygroundError."""
        ...


class LogPart(Protocol):
    """The service's log, as the page sees it."""

    def recent(self) -> Sequence[Json]:
        """The last 200 entries: `{timestamp, severity, service, revision, text}`."""
        ...


class ServicePart(Protocol):
    """The sample service."""

    async def act(self, do: str) -> None:
        """`break`, `deploy_fix`, `silence`, `resume` or `traffic`. Raises PlaygroundError."""
        ...


class ProcessPart(Protocol):
    """The bot's processes."""

    def snapshot(self) -> Sequence[Json]:
        """`{name, state, pid}`, one a process."""
        ...

    async def act(self, name: str, do: str) -> None:
        """`kill` or `restart`. Raises PlaygroundError."""
        ...


@dataclass(slots=True)
class Feed:
    """One stream of events. Watchers are called in the loop's thread and must not block."""

    scenes: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_SCENES))
    _watchers: list[Watcher] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell the feed which loop it lives in; `publish_threadsafe` needs to know."""
        self._loop = loop

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher(event, only_for)` for every event. Returns the function that ends it.

        `only_for` is the id of the one user who may see the event, None for everyone.
        """
        self._watchers.append(watcher)

        def stop() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return stop

    def publish(self, event: Json, *, only_for: str | None = None) -> None:
        """Hand an event to every watcher. Call it in the loop's thread."""
        if event.get("type") == "scene":
            self.scenes.append(event)
        for watcher in tuple(self._watchers):
            watcher(event, only_for)

    def publish_threadsafe(self, event: Json) -> None:
        """`publish` from another thread; dropped where the loop has ended."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.publish, event)

    def scene(
        self, kind: SceneKind, name: str, detail: object = "", *, ms: float | None = None
    ) -> None:
        """Publish one behind-the-scenes event, stamped with this machine's clock."""
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
