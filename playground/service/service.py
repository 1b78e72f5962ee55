"""The sample service, whose log grows while you watch.

`netra-backend-staging` with two days of history: healthy traffic, the three clusters of a real
worklog, and one warning with planted secrets. On request it deploys a revision that cannot start,
deploys a fix, or falls silent. Everything derives from a seed and the start time, so that two runs
at the same time write the same log.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from playground.feed import PlaygroundError
from playground.service.crash import DURATION, boot, crash
from playground.service.lines import (
    SECOND,
    Entry,
    Revision,
    Writer,
    instance_id,
    shown,
)

PROJECT = "netra-staging"
SERVICE = "netra-backend-staging"
BEFORE, CURRENT, BROKEN = "00597-kzr", "00598-qss", "00612-abc"

HISTORY = 48 * 3600 * SECOND
REQUEST_EVERY = 70 * SECOND
"""In the history: about 2,500 requests with access lines in two days, some six pages."""
LIVE_REQUEST_EVERY = 2 * SECOND
LIVE_LEGACY_EVERY = 240 * SECOND
LEGACY_COUNT, SESSION_COUNT = 10, 3
CRASHES = 15
CRASH_EVERY = 11 * SECOND  # fifteen instances in 2 min 40 s
LOOP_EVERY = 90 * SECOND  # later on
LONGEST_GAP = 600 * SECOND
"""After a sleep of the machine, at most this much is caught up."""
SKIPPED_LOOP_EVERY = 600 * SECOND
"""While time is skipped: the platform restarts what crashes in a loop less and less often."""
SILENT_AFTER = 120 * SECOND
"""After `silence`, requests still arrive for this long; then nothing does."""
KEPT = 200
TICK_S = 0.3  # at most four batches a second reach the page

ROUTES = (
    ("GET", "/health", 200),
    ("GET", "/api/threads", 200),
    ("POST", "/api/messages", 200),
    ("GET", "/api/agents/status", 200),
    ("GET", "/health/ready", 200),
    ("POST", "/api/agents/execute", 202),
)
TYPES = (
    "['CONNECT', 'DISCONNECT', 'HEARTBEAT', 'USER_MESSAGE', 'AGENT_STARTED', 'AGENT_COMPLETED', "
    "'TOOL_EXECUTING', 'TOOL_COMPLETED', 'ping', 'pong', 'chat', 'thread_message']"
)
LEGACY = (
    "[LEGACY MODE] Message loop error: Invalid message type 'legacy_response': Unknown message "
    f"type: 'legacy_response'. Valid types: {TYPES}"
)
SESSION = (
    "Session access failed (middleware not installed?): SessionMiddleware must be installed to "
    "access request.session"
)
SOCKET = "netra_backend.app.routes.websocket_ssot"


@dataclass
class SampleService:
    """Writes to `sink` (the log server's `add`) and reports to `publish` (the page's feed).

    `clock` returns seconds since 1970. With `broken`, the failing revision is deployed from the
    start. Methods may be called from any thread.
    """

    sink: Callable[[Iterable[Entry]], None]
    publish: Callable[[dict[str, Any]], None] | None = None
    clock: Callable[[], float] = time.time
    seed: int = 1
    broken: bool = False
    secrets: tuple[str, ...] = ()
    """Secrets that must never leave the log; set when the history is written."""
    _due: list[tuple[int, int, Entry]] = field(default_factory=list)
    _order: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._rng = random.Random(self.seed)  # noqa: S311 - a story, not a secret
        self._recent: deque[Entry] = deque(maxlen=KEPT)
        self._outbox: list[Entry] = []
        self._healthy = self._writer(CURRENT)
        self._fixed = False
        self._silent_since: int | None = None
        self._looping: Writer | None = None
        self._last = self._next_request = self._next_legacy = self._next_loop = 0

    # --- what the page asks ----------------------------------------------------------------

    def recent(self) -> list[Entry]:
        """Returns the last 200 lines as the page's service log shows them, oldest first."""
        with self._lock:
            return list(self._recent)

    async def act(self, do: str) -> None:
        """Carries out one of the page's chips: break, deploy_fix, silence, resume, traffic."""
        actions: dict[str, Callable[[], None]] = {
            "break": self.break_service,
            "deploy_fix": self.deploy_fix,
            "silence": self.silence,
            "resume": self.resume,
            "traffic": self.traffic,
        }
        if do not in actions:
            raise PlaygroundError(f'The service cannot "{do}". It knows: {", ".join(actions)}.')
        actions[do]()

    # --- what happens ------------------------------------------------------------------------

    def start(self) -> None:
        """Writes the two days before now. Call it once."""
        with self._lock:
            now = self._now()
            entries = self._history(now)
            self.sink(entries)
            entries.sort(key=lambda entry: str(entry["timestamp"]))
            self._recent.extend(shown(entry) for entry in entries[-KEPT:])
            self._last = self._next_request = now
            self._next_legacy = now + LIVE_LEGACY_EVERY
            if self.broken:
                self.broken = False
                self.break_service()

    def break_service(self) -> None:
        """Deploys a revision that cannot start; its first crashes appear at once."""
        with self._lock:
            if self.broken:
                return
            now = self._now()
            self.broken = True
            self.resume()
            self._looping = self._writer(BROKEN)
            begin = now - 3 * CRASH_EVERY
            self._plan([self._looping.deployed(begin - 5 * SECOND)], begin - 5 * SECOND)
            for number in range(CRASHES):
                self._crash(begin + number * CRASH_EVERY)
            self._next_loop = begin + CRASHES * CRASH_EVERY + LOOP_EVERY
            self.tick()

    def deploy_fix(self) -> None:
        """Deploys a revision that starts and knows the old message type."""
        with self._lock:
            now = self._now()
            self._due = [item for item in self._due if item[2]["resource"] != self._bad_resource()]
            heapq.heapify(self._due)
            number = int((BROKEN if self.broken else CURRENT)[:5]) + 1
            self.broken, self._looping, self._fixed = False, None, True
            self.resume()
            self._healthy = self._writer(f"{number:05d}-fix")
            self._plan([self._healthy.deployed(now - 6 * SECOND)], now - 6 * SECOND)
            started = boot(self._healthy, now - 6 * SECOND, warnings=False)
            self._plan(started, now - 6 * SECOND)
            self.tick()

    def silence(self) -> None:
        """Stops the service's own lines.

        The request log continues for two minutes, or until this is called again; then nothing is
        logged at all.
        """
        with self._lock:
            now = self._now()
            self._silent_since = now if self._silent_since is None else now - SILENT_AFTER

    def resume(self) -> None:
        """Ends a silence."""
        with self._lock:
            self._silent_since = None

    def traffic(self) -> None:
        """Writes a hundred requests at once, and another of each unfixed error."""
        with self._lock:
            now = self._now()
            for number in range(100):
                self._request(now - 4 * SECOND + number * 40_000_000)
            if not self._fixed:
                self._plan([self._legacy(self._healthy, now - SECOND)], now - SECOND)
            self.tick()

    def skip(self) -> None:
        """Writes what happened in the time that was skipped, as sparsely as the history."""
        with self._lock:
            now = self._now()
            at = self._last
            while at < now and self._silent_since is None:
                self._request(at)
                at += int(REQUEST_EVERY * self._rng.uniform(0.4, 1.6))
            while self._next_legacy < now:
                if not self._fixed:
                    self._plan([self._legacy(self._healthy, self._next_legacy)], self._next_legacy)
                self._next_legacy += int(LIVE_LEGACY_EVERY * self._rng.uniform(0.8, 1.2))
            while self._looping is not None and self._next_loop < now:
                self._crash(self._next_loop)
                self._next_loop += SKIPPED_LOOP_EVERY
            self._next_request = self._last = now
            self.tick()

    def tick(self) -> int:
        """Writes what is due by now; returns the number of entries."""
        with self._lock:
            now = self._now()
            self._advance(now)
            ready: list[Entry] = []
            while self._due and self._due[0][0] <= now:
                ready.append(heapq.heappop(self._due)[2])
            self._last = now
            if self._silent_since is not None:
                nothing = now - self._silent_since >= SILENT_AFTER
                ready = [entry for entry in ready if not nothing and "httpRequest" in entry]
            if ready:
                self.sink(ready)
                lines = [shown(entry) for entry in ready]
                self._recent.extend(lines)
                self._outbox.extend(lines)
            return len(ready)

    def flush(self) -> None:
        """Sends the page what was written since the last call."""
        with self._lock:
            lines, self._outbox = self._outbox[-KEPT:], []
        if lines and self.publish is not None:
            self.publish({"type": "log", "entries": lines})

    async def run(self) -> None:
        """Ticks until cancelled."""
        while True:
            self.tick()
            self.flush()
            await asyncio.sleep(TICK_S)

    # --- how it is made ----------------------------------------------------------------------

    def _now(self) -> int:
        return int(self.clock() * 1_000_000) * 1_000

    def _writer(self, suffix: str) -> Writer:
        return Writer(Revision(PROJECT, SERVICE, suffix), instance_id(self._rng), self._rng)

    def _bad_resource(self) -> Entry:
        return Revision(PROJECT, SERVICE, BROKEN).resource()

    def _plan(self, entries: Iterable[Entry], at: int) -> None:
        """Queues entries for `at`, in their order."""
        for entry in entries:
            self._order += 1
            heapq.heappush(self._due, (at, self._order, entry))

    def _advance(self, now: int) -> None:
        """Plans what happens by itself up to now."""
        start = max(self._last, now - LONGEST_GAP)
        self._next_request = max(self._next_request, start)
        self._next_legacy = max(self._next_legacy, start)
        while self._next_request <= now:
            self._request(self._next_request)
            self._next_request += int(LIVE_REQUEST_EVERY * self._rng.uniform(0.5, 1.5))
        while self._next_legacy <= now:
            if not self._fixed:
                self._plan([self._legacy(self._healthy, self._next_legacy)], self._next_legacy)
            self._next_legacy += int(LIVE_LEGACY_EVERY * self._rng.uniform(0.8, 1.2))
        while self._looping is not None and self._next_loop <= now:
            self._crash(max(self._next_loop, start))
            self._next_loop = max(self._next_loop, start) + LOOP_EVERY

    def _crash(self, at: int) -> None:
        """Plans one more instance of the failing revision, and the probe that finds no instance.

        The whole start appears at its end, so that a reader never sees half a crash.
        """
        writer = self._writer(BROKEN)
        end = at + DURATION
        self._plan(crash(writer, at), end)
        self._plan([writer.request(end + 400_000_000, "GET", "/health", 503)], end + 400_000_000)

    def _request(self, at: int, writer: Writer | None = None) -> None:
        self._plan(self._exchange(writer or self._healthy, at), at)

    def _exchange(self, writer: Writer, at: int) -> list[Entry]:
        method, path, status = self._rng.choice(ROUTES)
        return [
            writer.request(at, method, path, status),
            writer.access(at + 3_000_000, method, path, status),
        ]

    def _legacy(self, writer: Writer, at: int) -> Entry:
        return writer.line(
            at,
            "ERROR",
            LEGACY,
            module=SOCKET,
            function="_legacy_message_loop",
            number=1619,
            context={"name": SOCKET, "service": "netra-service"},
        )

    def _created(self, writer: Writer, at: int, user: int) -> Entry:
        return writer.line(
            at,
            "WARNING",
            "[?] USER AUTO-CREATED: Created user ***@netrasystems.ai from JWT=REDACTED (env: "
            f"staging, user_id: {user}..., demo_mode: False, domain: netrasystems.ai, "
            "domain_type: unknown)",
        )

    def _planted(self, writer: Writer, at: int) -> Entry:
        """Writes a warning that leaks secrets: made up, but in a realistic form."""
        rng = self._rng
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"

        def chance(length: int) -> str:
            return "".join(rng.choice(letters) for _ in range(length))

        token = f"eyJhbGciOiJIUzI1NiJ9.eyJ{chance(40)}.{chance(43)}"
        key = f"AI{'za'}Sy{chance(33)}"
        password = chance(14)
        self.secrets = (token, key, password)
        return writer.line(
            at,
            "WARNING",
            f"Webhook delivery refused (401): POST https://hooks:{password}@hooks.example.com/v1/"
            f"notify?key={key} with Authorization: Bearer {token}",
            module="netra_backend.app.services.webhooks",
            function="deliver",
            number=88,
        )

    def _history(self, now: int) -> list[Entry]:
        rng, begin = self._rng, now - HISTORY
        deployed = begin + 2 * 3600 * SECOND
        earlier, current = self._writer(BEFORE), self._healthy
        entries = [
            current.deployed(deployed),
            *boot(current, deployed + 4 * SECOND, warnings=False),
        ]
        at = begin + 30 * SECOND
        while at < now - SECOND:
            entries += self._exchange(current if at > deployed else earlier, at)
            at += int(REQUEST_EVERY * rng.uniform(0.4, 1.6))
        entries += [
            self._legacy(current, now - (number * 330 + rng.randrange(60, 240)) * SECOND)
            for number in range(LEGACY_COUNT)
        ]
        entries += [
            current.line(now - int(hours * 3600) * SECOND, "WARNING", SESSION)
            for hours in (0.21, 9.4, 27.8)[:SESSION_COUNT]
        ]
        entries += [
            self._created(current, now - 1_900 * SECOND, 10812417),
            self._created(current, now - 71_000 * SECOND, 20457731),
            self._planted(current, now - 11_000 * SECOND),
        ]
        entries += [
            current.coloured(
                deployed + hour * 3600 * SECOND,
                "INFO",
                "netra_backend.app.core.unified_logging:_emit_log:204",
                "[ClickHouse] Using mock client as fallback in staging",
            )
            for hour in range(1, 46, 5)
        ]
        return entries
