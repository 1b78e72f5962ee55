"""Log entries of our own where a test wants those of a whole service, and labelled lines.

`../shared/data` has real entries and labelled sets that may not be copied into the project. A clone
without it runs the same tests on these, which have the same shapes: entries without a severity,
levels inside the text, a traceback split over entries, access lines, audit entries, a start that
fails. Tests take both where both are there: the fixture `cloud_run`, and `LABELLED`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from bot.core.model import rfc3339
from playground.service.crash import boot, crash
from playground.service.lines import SECOND, Entry, Revision, Writer
from playground.service.service import LEGACY, SESSION, SOCKET
from tests.paths import SHARED

CRASHED = "0069c7a9882d"
"""How the id of the one instance begins whose start fails; 68 entries are its."""
BEGIN = rfc3339.parse("2025-09-15T21:00:00Z") or 0
LAST_START = rfc3339.parse("2025-09-16T00:42:41Z") or 0
PROJECT, SERVICE = "netra-staging", "netra-backend-staging"

REAL = SHARED / "data" / "cloud-run" / "entries.jsonl"
SETS = ["own", "shared"] if REAL.exists() else ["own"]


def cloud_run_entries(which: str) -> list[Entry]:
    """The entries of a staging service on Cloud Run: our own, or the shared real ones."""
    lines = _own() if which == "own" else tuple(REAL.read_text("utf-8").splitlines())
    return [json.loads(line) for line in lines]


def of_the_crash(entries: list[Entry]) -> list[Entry]:
    """Those of the instance that does not start."""
    return [
        e for e in entries if str(e.get("labels", {}).get("instanceId", "")).startswith(CRASHED)
    ]


@cache
def _own() -> tuple[str, ...]:
    rng = random.Random(20_250_916)

    def writer(suffix: str, head: str) -> Writer:
        instance = f"{head}{rng.getrandbits(4 * 100):0100x}"
        return Writer(Revision(PROJECT, SERVICE, suffix), instance, rng)

    usual = [writer("00598-qss", f"0069c7a988{n}") for n in ("cf", "16", "2e")]
    entries = [usual[0].deployed(BEGIN), *boot(usual[0], BEGIN + 4 * SECOND, warnings=False)]
    for number, each in enumerate(usual):
        entries += _traffic(each, BEGIN + (60 + 7 * number) * SECOND)
        entries += _troubles(each, BEGIN + (900 + 1_800 * number) * SECOND)
    entries += crash(writer("00612-abc", CRASHED), LAST_START)
    rng.shuffle(entries)
    return tuple(json.dumps(each) for each in entries)


def _traffic(writer: Writer, begin: int) -> Iterator[Entry]:
    """Requests with their access lines, two in three without trouble, and who looks for holes."""
    asked = [("GET", "/health", 200), ("GET", "/api/threads", 200), ("POST", "/api/messages", 202)]
    holes = [("GET", "/.git/config", 404), ("GET", "/etc/passwd", 404), ("GET", "/ws", 403)]
    for number in range(30):
        at = begin + 240 * number * SECOND
        method, path, status = (asked if number % 3 else holes)[number // 3 % 3]
        yield writer.access(at + SECOND // 50, method, path, status)
        yield writer.request(at, method, path, status)
    yield writer.request(begin + 7_000 * SECOND, "GET", "/api/agents/status", 503)


def _troubles(writer: Writer, begin: int) -> Iterator[Entry]:
    """What the service complains of, in each of the ways in which services do."""

    def at(seconds: float) -> int:
        return begin + int(seconds * SECOND)

    def stamp(seconds: float) -> str:
        return rfc3339.show(at(seconds)).replace("T", " ")[:19]

    for number in range(4):
        loop: dict[str, Any] = {"module": SOCKET, "function": "_loop", "number": 1_512}
        yield writer.line(at(330 * number), "ERROR", LEGACY, **loop)
        yield writer.line(at(400 * number), "WARNING", SESSION)
        slow = f"query on threads took {1_200 + 37 * number} ms"
        yield writer.text(at(90 * number), f"{stamp(90 * number)},123 - app.db - WARNING - {slow}")
        yield writer.coloured(
            at(77 * number), "INFO", "app.cache:fetch:88", "cache miss for threads"
        )
        yield writer.validated(at(60 * number), "INFO", f"Tool registry holds {30 + number} tools")
    yield writer.coloured(
        at(500), "ERROR", "app.mail:send:41", "the mail server refused the sender"
    )
    # One line an entry, as a container without a logging library writes it.
    for number, line in enumerate(TRACEBACK.splitlines()):
        yield writer.text(at(700 + number / 1_000), line)
    yield writer.text(at(800), TRACEBACK, severity="ERROR")


TRACEBACK = """\
Traceback (most recent call last):
  File "/app/shop/orders.py", line 118, in place
    total = price(basket)
  File "/app/shop/prices.py", line 40, in price
    return sum(TABLE[item] for item in basket)
KeyError: 'lamp'"""


# --- labelled lines -------------------------------------------------------------------------------

TEMPLATES = """\
Order {id} of customer {number} was placed for {number} items
Order {id} of customer {number} was cancelled by {name}
Payment {hex} was declined by the bank with code {number}
Payment {hex} was captured after {number} ms
Cannot reach {host}:{number}, next try in {number} s
Connection from {address} port {number} was closed by the client
Connection from {address} port {number} was closed by the server
Session of user {name} was opened on {host}
Session of user {name} has expired on {host}
Stored {path} ({number} bytes) in {number} ms
Removed {path} since nobody has asked for it
Worker {number} has taken job {id} from queue {queue}
Worker {number} has finished job {id} from queue {queue}
Queue {queue} holds {number} jobs, the oldest is {number} s old
Cache hit rate is {number} % over the last {number} requests
Replica {address} is {number} transactions behind
Replica {address} has caught up
Request {hex} to /api/orders took {number} ms
Request {hex} to /api/orders was answered with {number}
Disk usage of {path} is at {number} %
Certificate of {host} runs out in {number} days
Lock on {id} was taken over from worker {number}
No price for article {number}, using the list price
Started on port {number} with {number} threads""".splitlines()

NAMES = ("ana", "bela", "chen", "dora", "emil", "faye", "gus", "hana", "ivo", "jana", "kofi", "lena")  # fmt: skip
HOSTS = tuple(f"{part}{n}.shop.example" for part in ("db", "mail", "search") for n in range(1, 4))
QUEUES = ("mails", "invoices", "exports", "imports", "images", "webhooks", "reports")


def labelled_lines(rng: random.Random) -> Iterator[Entry]:
    """2,000 lines, each with its true template as `event`; common ones and rare ones."""
    make: dict[str, Callable[[], object]] = {
        "id": lambda: f"{rng.choice('AB')}-{rng.randrange(10**5, 10**6)}",
        "number": lambda: rng.choice((rng.randrange(10), rng.randrange(10_000))),
        "name": partial(rng.choice, NAMES),
        "hex": lambda: f"{rng.getrandbits(64):016x}",
        "host": partial(rng.choice, HOSTS),
        "address": lambda: f"192.0.2.{rng.randrange(256)}",
        "path": lambda: f"/data/{rng.choice(QUEUES)}/{rng.randrange(10**6)}.bin",
        "queue": partial(rng.choice, QUEUES),
    }
    slots = {f"{{{name}}}": value for name, value in make.items()}
    commonness = [1 / (1 + place) for place in range(len(TEMPLATES))]
    for number in range(2_000):
        text = event = rng.choices(TEMPLATES, commonness)[0]
        for slot, value in slots.items():
            while slot in text:
                text = text.replace(slot, str(value()), 1)
            event = event.replace(slot, "<*>")
        yield {"insertId": f"own-{number:04d}", "textPayload": text, "event": event}


LABELLED: dict[str, Path | None] = {"own": None} | {
    path.stem: path for path in sorted((SHARED / "data" / "loghub").glob("*.jsonl"))
}
"""Name → file; None: `labelled_lines`."""


def labelled(name: str) -> list[Entry]:
    """A labelled set of `LABELLED`: `insertId`, `textPayload` and its true template, `event`."""
    path = LABELLED[name]
    if path is None:
        return list(labelled_lines(random.Random(7)))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
