"""Generates the log for the speed benchmark, as serialised pages and as JSON entries.

Half of the entries are text (half of these with a level header), half are JSON payloads with
`message`, `labels` and `timestamp`. Nine tenths come from 40 templates with Zipf weights, with
fresh numbers, ids, addresses and durations. A tenth have new messages, from random combinations of
words. Two in a thousand are duplicates. Eight instances on three revisions; 15 % INFO, 60 %
WARNING, 25 % ERROR; one entry per 40 ms on average. Seeded, so the stream is always the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from bot.core.model import rfc3339
from bot.core.model.values import SECOND

SEED = 20250914
START = rfc3339.parse("2025-09-14T00:00:00Z") or 0
_WORDS = [
    "session",
    "cache",
    "pool",
    "worker",
    "token",
    "queue",
    "stream",
    "socket",
    "tenant",
    "invoice",
    "order",
    "payload",
    "index",
    "shard",
    "replica",
    "lease",
    "cursor",
    "batch",
    "upload",
    "thumbnail",
    "webhook",
    "schema",
    "migration",
    "quota",
    "ledger",
    "mailbox",
    "gateway",
    "probe",
    "handler",
    "resolver",
    "planner",
    "scheduler",
    "parser",
    "encoder",
    "bucket",
    "channel",
    "thread",
    "agent",
]
_VERBS = [
    "failed",
    "timed",
    "out",
    "rejected",
    "retried",
    "dropped",
    "expired",
    "stalled",
    "restarted",
    "overflowed",
    "lagged",
]
_SHAPES = (
    "{a} {b} {v} for user {n} after {f} ms",
    "{v}: {a} {b} on {ip} returned {n}",
    "[{b}] {a} {v}, request {h} took {f}s",
    "cannot reach {a} at https://{b}.internal/api/v1/{n} ({v})",
    "{a} {v} while {b} waits, attempt={d}",
    "{b} of {a} is full: {n} of {n} in use",
    "{a} {b} {v}",
    "Failed to open the {b} of {a} (code {n}, {d} tries)",
)
"""Templates. One in eight has a hexadecimal id, as do 53 of the 417 messages of the staging service
that the design started from; the other values are numbers."""


def _fill(rng: random.Random, shape: str, words: dict[str, str]) -> str:
    return shape.format(
        n=rng.randrange(10**6),
        f=round(rng.random() * 900, 2),
        d=rng.randrange(9),
        h=f"{rng.getrandbits(64):016x}",
        ip=f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}",
        **words,
    )


def entries(count: int, seed: int = SEED, new: float = 0.1) -> Iterator[dict[str, Any]]:
    """Yields `count` entries in gcloud's JSON, sorted by time. `new`: share with new messages."""
    rng = random.Random(seed)
    known = [
        (
            _SHAPES[number % len(_SHAPES)],
            {"a": rng.choice(_WORDS), "b": rng.choice(_WORDS), "v": rng.choice(_VERBS)},
        )
        for number in range(40)
    ]
    weights = [1 / (rank + 1) for rank in range(len(known))]
    places = [(f"svc-0059{i % 3}-abc", f"0069c7a988{rng.getrandbits(128):032x}") for i in range(8)]
    time = START
    last: dict[str, Any] | None = None
    for number in range(count):
        time += rng.randrange(1, 80) * SECOND // 1_000 + rng.randrange(1_000_000)
        if last is not None and rng.random() < 0.002:
            yield last
            continue
        if rng.random() < new:
            made = " ".join(
                rng.choice(_WORDS) + rng.choice("aeiou") + rng.choice(_WORDS)[:3] for _ in range(4)
            )
            text = f"{made} {rng.choice(_VERBS)} {rng.randrange(1000)}"
        else:
            shape, words = rng.choices(known, weights)[0]
            text = _fill(rng, shape, words)
        severity = rng.choices(("INFO", "WARNING", "ERROR"), (15, 60, 25))[0]
        revision, instance = rng.choice(places)
        stamp = rfc3339.show(time)
        last = {
            "insertId": f"{number:08x}{rng.getrandbits(40):010x}",
            "timestamp": stamp,
            "receiveTimestamp": rfc3339.show(time + SECOND),
            "severity": severity,
            "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
            "resource": {
                "type": "cloud_run_revision",
                "labels": {
                    "service_name": "svc",
                    "revision_name": revision,
                    "project_id": "p",
                    "location": "us-central1",
                    "configuration_name": "svc",
                },
            },
            "labels": {"instanceId": instance},
        }
        if number % 2:
            last["jsonPayload"] = {
                "message": text,
                "labels": {"module": "logging", "function": "callHandlers", "line": "1706"},
                "timestamp": stamp,
            }
        elif number % 4:
            last["textPayload"] = f"{stamp[:10]} {stamp[11:19]} - svc.core - {severity} - {text}"
        else:
            last["textPayload"] = text
        yield last


def pages(count: int, size: int = 1_000, seed: int = SEED, new: float = 0.1) -> Iterator[bytes]:
    """Yields the same entries as serialised `ListLogEntriesResponse` pages of `size` entries."""
    from google.cloud.logging_v2.types import ListLogEntriesResponse
    from google.protobuf.json_format import ParseDict

    kind = ListLogEntriesResponse.pb()
    page = kind()
    for number, entry in enumerate(entries(count, seed, new), 1):
        ParseDict(entry, page.entries.add())
        if number % size == 0:
            yield page.SerializeToString()
            page = kind()
    if len(page.entries):
        yield page.SerializeToString()
