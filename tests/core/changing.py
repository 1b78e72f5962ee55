"""A service that changes, window by window, and what each of its entries is about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.core.logs import (
    Entry,
    entry,
    request,
    said,
)

WINDOWS = 30
PER_WINDOW = 200

USERS = [
    "ana", "bob", "carl", "dora", "emil", "fritz", "gina", "hanna", "ivan", "jana", "karl", "lena",
    "mira", "nils", "olga", "paul", "quirin", "rosa", "sven", "tina", "udo", "vera", "willi", "xenia",
]  # fmt: skip
TABLES = ["orders", "invoices", "sessions", "threads", "agents", "messages", "uploads", "tokens"]
HOSTS = ["redis-0", "redis-1", "db-primary", "db-replica", "queue-2"]


@dataclass(frozen=True)
class Moment:
    """When something is written, and by which version of the service."""

    window: int
    random: random.Random

    @property
    def revision(self) -> int:
        """A new one every eleven windows."""
        return 598 + self.window // 11

    def line(self, first: int) -> int:
        """A line of the source: it moves with every revision."""
        return first + 17 * (self.window // 11)

    def number(self, least: float, most: float) -> float:
        """Drifts upwards over the windows."""
        return round(self.random.uniform(least, most) * (1 + self.window / 10), 1)

    def one_of(self, values: list[str], first: int) -> str:
        """A few values at first, more with every window."""
        return self.random.choice(values[: first + self.window])

    def wording(self, *tails: str) -> str:
        """Reworded twice in the life of the service, both wordings for a while."""
        at = self.window * len(tails) / WINDOWS
        return tails[min(len(tails) - 1, int(at + self.random.random() * 0.5))]


def _timeout(m: Moment) -> str:
    tail = m.wording(
        "this would cause WebSocket 1011 errors",
        "WebSocket connections will be queued for graceful degradation",
        "new connections wait until the next check",
    )
    return f"Startup phase did not reach 'services' within {m.number(1, 3)}s - {tail}"


def _database(m: Moment) -> str:
    return f"Database initialization timeout after {m.number(8, 25)}s on attempt {m.random.randint(1, 5)}"


def _login(m: Moment) -> str:
    return f"Login failed for user {m.one_of(USERS, 8)} from 10.0.{m.random.randint(0, 9)}.{m.random.randint(1, 250)}"


def _created(m: Moment) -> str:
    return f"USER AUTO-CREATED: Created user {m.one_of(USERS, 8)}@example.org from JWT (env: staging, user_id: {m.random.getrandbits(32):08x})"


def _slow(m: Moment) -> str:
    return f"Slow query on table {m.one_of(TABLES, 6)} took {m.number(500, 900)} ms, {m.random.randint(1, 900)} rows"


def _legacy(m: Moment) -> str:
    tail = m.wording(
        "it is not one of the known types",
        "no handler is registered for that type",
    )
    return f"[LEGACY MODE] Message loop error: Invalid message type 'legacy_response': {tail}"


def _session(m: Moment) -> str:
    return "Session access failed (middleware not installed?): SessionMiddleware must be installed to access request.session"


def _extract(m: Moment) -> str:
    return "Unexpected error in session data extraction: SessionMiddleware must be installed to access request.session"


def _breaker(m: Moment) -> str:
    return (
        f"Circuit breaker for {m.one_of(HOSTS, 5)} is OPEN after {m.random.randint(3, 90)} failures"
    )


def _pool(m: Moment) -> str:
    tail = m.wording(
        "the request waits", "the request was dropped after the limit", "a retry is queued"
    )
    return f"Connection pool of the primary database is exhausted: {tail}"


def _json(m: Moment) -> str:
    return f'Agent failed with {{"agent": "{m.one_of(TABLES, 4)}", "attempt": {m.random.randint(1, 9)}, "trace": "{m.random.getrandbits(64):016x}"}}'


def _oauth(m: Moment) -> str:
    return "OAuth URI mismatch (non-critical in staging)"


def _service_id(m: Moment) -> str:
    return f"SERVICE_ID contained whitespace - sanitized from 'netra-backend ' to 'netra-backend' at pid {m.random.randint(1, 40000)}"


def _memory(m: Moment) -> str:
    return f"Memory limit of 512 MiB exceeded with {int(m.number(515, 520))} MiB used. Consider increasing the memory limit"


def _located(m: Moment) -> str:
    return f"netra_backend.app.agents.supervisor:execute:{m.line(764)} - Agent registry is empty, falling back to the default set"


def _traceback(m: Moment) -> str:
    cause = m.wording(
        "'NoneType' object has no attribute 'configure'",
        "'Settings' object has no attribute 'configure'",
    )
    return (
        "Traceback (most recent call last):\n"
        f'  File "/app/netra_backend/app/main.py", line {m.line(120)}, in startup\n'
        "    await configure(app)\n"
        f'  File "/app/netra_backend/app/config.py", line {m.line(31)}, in configure\n'
        "    settings.configure()\n"
        f"AttributeError: {cause}"
    )


def _empty(m: Moment) -> str:
    return "WebSocket closed with an error: "


def _accept(m: Moment) -> str:
    return f'WebSocket is not connected. Need to call "accept" first. Connection {m.random.getrandbits(40):010x}'


def _retry(m: Moment) -> str:
    return f"Retrying job {m.random.randint(1000, 99999)} of queue {m.one_of(HOSTS, 4)}, attempt {m.random.randint(1, 5)} of 5"


def _deadline(m: Moment) -> str:
    return f"Deadline of {m.number(2, 4)}s exceeded while waiting for the model provider: request {m.random.getrandbits(64):016x}"


def _new_column(m: Moment) -> str:
    return f"Column 'archived_at' does not exist in table {m.one_of(TABLES, 1)}"


def _new_metric(m: Moment) -> str:
    return f"Metrics exporter is behind by {m.number(10, 60)}s; dropping {m.random.randint(10, 900)} points"


def _new_tail(m: Moment) -> str:
    tail = (
        "the certificate has expired" if m.window < 24 else "the peer closed the connection early"
    )
    return f"Could not deliver the webhook of customer to its endpoint: {tail}"


ALWAYS = [
    _timeout, _database, _login, _created, _slow, _legacy, _session, _extract, _breaker, _pool,
    _json, _oauth, _service_id, _memory, _located, _traceback, _empty, _accept, _retry, _deadline,
]  # fmt: skip
LATER = {7: _new_column, 13: _new_metric, 18: _new_tail}


def windows(seed: int = 1) -> Iterator[list[tuple[str, Entry]]]:
    """For each window what was written, and about what: (kind, entry)."""
    rng = random.Random(seed)
    for window in range(WINDOWS):
        moment = Moment(window, rng)
        kinds = [*ALWAYS, *(kind for first, kind in LATER.items() if window >= first)]
        weights = [1 / (1 + i % 7) for i in range(len(kinds))]
        found: list[tuple[str, Entry]] = []
        for i in range(PER_WINDOW):
            at = i * 60.0 * 24 * 60 / PER_WINDOW / 24
            [kind] = rng.choices(kinds, weights)
            text = kind(moment)
            found.append((_about(kind.__name__, text), _written(text, moment, i, at)))
        for i in range(6):
            path = f"/api/threads/{rng.randint(1, 999)}"
            found.append(("503", request(503, path, i * 100.0, revision=_revision(moment))))
        yield found


def _about(kind: str, text: str) -> str:
    """Too few hosts for anyone to know that they are values, but for those with a number."""
    host = next((host for host in HOSTS if host in text), "")
    return f"{kind} of {host if host.startswith('db') else 'a numbered host'}" if host else kind


def _written(text: str, moment: Moment, i: int, at: float) -> Entry:
    severity = "ERROR" if i % 3 else "WARNING"
    more: dict[str, Any] = {
        "revision": _revision(moment),
        "instance": f"{moment.revision:04}{i % 4}",
    }
    if text.startswith("Traceback") or i % 2:
        return entry(text, severity, at, **more)
    return said(text, severity, at, **more)


def _revision(moment: Moment) -> str:
    return f"netra-backend-staging-{moment.revision:05}-abc"
