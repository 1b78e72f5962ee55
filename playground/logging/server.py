"""Cloud Logging on loopback: `google.logging.v2.LoggingServiceV2` as strict as Google's.

Only `ListLogEntries` is there; anything else is UNIMPLEMENTED. Entries are the JSON dicts that
`gcloud logging read --format=json` prints.

    with LogServer(entries) as server:
        os.environ["GARDENER_LOGGING_ENDPOINT"] = server.endpoint
        server.fail("UNAVAILABLE", times=2)
        …
        assert server.calls[-1].status == "OK"
"""

from __future__ import annotations

import base64
import binascii
import bisect
import hashlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Self

import grpc
from google.cloud.logging_v2.types import ListLogEntriesRequest

from playground.logging import entry as logentry
from playground.logging.filter import compile_filter, time_bounds
from playground.logging.filter_fields import Predicate
from playground.logging.filter_tokens import FilterError

SERVICE = "google.logging.v2.LoggingServiceV2"
DEFAULT_PAGE = 50
MAX_PAGE = 1_000
MAX_RESOURCES = 100  # "a maximum of 100 resources may be specified in a single request"
QUOTA_PER_MINUTE = 60  # entries.list calls a project; cloud.google.com/logging/quotas
TOKEN_LIFE_S = 24 * 3600
RESOURCE = re.compile(
    r"(projects|organizations|billingAccounts|folders)/([^/]+)"
    r"(/locations/[^/]+/buckets/[^/]+/views/[^/]+)?"
)
ORDERS = {"": 1, "timestamp": 1, "timestamp asc": 1, "timestamp desc": -1}
PAYLOADS = ("textPayload", "jsonPayload", "protoPayload")

Key = tuple[int, str, int]
"""Nanoseconds (negated for descending order), insertId, and the order of arrival."""


@dataclass(frozen=True, slots=True)
class ListCall:
    """One ListLogEntries call as received, and its outcome."""

    resource_names: tuple[str, ...]
    filter: str
    order_by: str
    page_size: int
    page_token: str
    status: str = "OK"
    entries: int = 0


@dataclass(frozen=True, slots=True)
class ListFault:
    """A fault for one call. Every one but an error takes `seconds` at least.

    `kind` is a gRPC status name (the call fails with it), "empty_page" (no entries, but a token
    that continues at the same place), "delay" (just slow) or "big" (adds `size` bytes of padding).
    """

    kind: str
    message: str = ""
    seconds: float = 0.0
    size: int = 0


@dataclass(slots=True)
class _Stored:
    ns: int
    insert_id: str
    arrival: int
    entry: dict[str, Any]
    wire: bytes | None = None

    def key(self, sign: int) -> Key:
        return (sign * self.ns, self.insert_id, self.arrival)


class _RefusedError(Exception):
    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class LogServer:
    """The server and its store. Every method may be called from any thread.

    `quota_per_minute` limits served calls per project in a sliding minute (None: unlimited).
    `denied`: projects whose logs the caller may not list. `sinks`: by log view, the projects whose
    entries are routed to its bucket; without one, its own project's. `clock` returns seconds.
    """

    entries: Iterable[dict[str, Any]] = ()
    quota_per_minute: int | None = QUOTA_PER_MINUTE
    denied: set[str] = field(default_factory=set)
    sinks: dict[str, set[str]] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    host: str = "127.0.0.1"
    on_call: Callable[[ListCall], None] | None = None
    calls: list[ListCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._stored: dict[int, list[_Stored]] = {1: [], -1: []}  # one list per sort order
        self._arrived = 0
        self._faults: deque[ListFault] = deque()
        self._spent: dict[str, deque[float]] = {}
        self._stopping = threading.Event()
        self._server: grpc.Server | None = None
        self._port = 0
        self.add(self.entries)

    # --- what tests and the sample service do ---------------------------------------------

    @property
    def endpoint(self) -> str:
        """Returns the value for GARDENER_LOGGING_ENDPOINT."""
        return f"grpc://{self.host}:{self._port}"

    def add(self, entries: Iterable[dict[str, Any]]) -> None:
        """Adds entries; missing insertIds and times are filled in, as Cloud Logging does."""
        with self._lock:
            fresh = [self._received(entry) for entry in entries]
            for sign, stored in self._stored.items():
                stored.extend(fresh)
                stored.sort(key=lambda item, sign=sign: item.key(sign))  # type: ignore[misc]

    def clear(self) -> None:
        """Removes every entry."""
        with self._lock:
            for stored in self._stored.values():
                stored.clear()

    def __len__(self) -> int:
        return len(self._stored[1])

    def fail(self, kind: str, *, times: int = 1, message: str = "") -> None:
        """Makes the next `times` calls fail with a gRPC status, e.g. UNAVAILABLE or ABORTED."""
        if kind not in grpc.StatusCode.__members__:
            raise ValueError(f"{kind!r} is no gRPC status")
        self.inject(*[ListFault(kind, message)] * times)

    def inject(self, *faults: ListFault) -> None:
        """Queues faults; each of the next calls takes one, in this order."""
        with self._lock:
            self._faults.extend(faults)

    # --- life ------------------------------------------------------------------------------

    def start(self) -> Self:
        """Binds a free port and serves on grpc's own threads."""
        handler = grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "ListLogEntries": grpc.unary_unary_rpc_method_handler(
                    self._list,
                    request_deserializer=ListLogEntriesRequest.pb().FromString,
                    response_serializer=bytes,
                )
            },
        )
        self._stopping.clear()
        self._server = grpc.server(
            ThreadPoolExecutor(8, thread_name_prefix="logs"),
            options=[("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)],
        )
        self._server.add_generic_rpc_handlers((handler,))
        self._port = self._server.add_insecure_port(f"{self.host}:{self._port}")
        self._server.start()
        return self

    def stop(self) -> None:
        """Stops the server and cuts calls in progress. It can be started again on the same port."""
        self._stopping.set()
        if self._server is not None:
            self._server.stop(grace=None).wait(5)
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- ListLogEntries ----------------------------------------------------------------------

    def _received(self, entry: dict[str, Any]) -> _Stored:
        self._arrived += 1
        entry = dict(entry)
        if sum(name in entry for name in PAYLOADS) > 1:
            raise ValueError(f"an entry has one payload: {entry}")
        now = logentry.rfc3339(int(self.clock() * 1e9))
        if "timestamp" not in entry:
            entry["timestamp"] = entry.get("receiveTimestamp", now)
        entry.setdefault("receiveTimestamp", entry["timestamp"])
        if not entry.get("insertId"):
            entry["insertId"] = f"auto{self._arrived:010d}"
        labels = (entry.get("resource") or {}).get("labels") or {}
        entry.setdefault(
            "logName",
            f"projects/{labels.get('project_id', 'unknown')}/logs/run.googleapis.com%2Fstderr",
        )
        moment = logentry.nanoseconds(entry["timestamp"])
        return _Stored(moment, str(entry["insertId"]), self._arrived, entry)

    def _list(self, request: Any, context: grpc.ServicerContext) -> bytes:
        call = ListCall(
            tuple(request.resource_names),
            request.filter,
            request.order_by,
            request.page_size,
            request.page_token,
        )
        try:
            body, count = self._answer(call)
        except _RefusedError as refused:
            self._record(replace(call, status=refused.status))
            context.abort(grpc.StatusCode[refused.status], refused.message)
            raise AssertionError("abort raises") from None
        self._record(replace(call, entries=count))
        return body

    def _record(self, call: ListCall) -> None:
        with self._lock:
            self.calls.append(call)
        if self.on_call is not None:
            self.on_call(call)

    def _answer(self, call: ListCall) -> tuple[bytes, int]:
        with self._lock:
            fault = self._faults.popleft() if self._faults else None
        if fault and fault.kind in grpc.StatusCode.__members__:
            raise _RefusedError(fault.kind, fault.message or _default_message(fault.kind))
        started = time.monotonic()
        projects = _projects(call)
        matches = _compiled(call.filter)
        sign = ORDERS.get(" ".join(call.order_by.lower().split()))
        if sign is None:
            raise _RefusedError("INVALID_ARGUMENT", f"Invalid order_by: '{call.order_by}'")
        if not 0 <= call.page_size <= MAX_PAGE:
            raise _RefusedError(
                "INVALID_ARGUMENT", f"page_size must be between 0 and {MAX_PAGE}: {call.page_size}"
            )
        after = self._resume(call)
        self._allow(projects)
        if fault and fault.kind == "empty_page":
            self._stopping.wait(fault.seconds)
            return logentry.field(2, self._token(call, after).encode()), 0
        held = {p for name in call.resource_names for p in self._held(name)}
        within = self._within(time_bounds(call.filter), sign, after)
        page, last = self._page(
            (s for s in within if s.entry["logName"].split("/", 2)[1] in held and matches(s.entry)),
            sign,
            call.page_size or DEFAULT_PAGE,
        )
        body = b"".join(logentry.field(1, item.wire or b"") for item in page)
        if last is not None:
            body += logentry.field(2, self._token(call, last).encode())
        if fault and fault.kind == "big":
            body += logentry.field(15, b"\0" * fault.size)  # an unknown field, which clients skip
        if fault:
            self._stopping.wait(max(0.0, fault.seconds - (time.monotonic() - started)))
        return body, len(page)

    def _within(self, bounds: tuple[int, int], sign: int, after: Key | None) -> list[_Stored]:
        """Returns what is stored within [start, end) and after a key, in order."""
        with self._lock:
            stored = self._stored[sign]
            first, end = sorted(
                bisect.bisect_left(stored, sign * at + (sign < 0), key=lambda s: sign * s.ns)
                for at in bounds
            )
            if after is not None:
                resumed = bisect.bisect_right(stored, after, key=lambda s: s.key(sign))
                first = max(first, resumed)
            return stored[first:end]

    def _page(
        self, matching: Iterable[_Stored], sign: int, size: int
    ) -> tuple[list[_Stored], Key | None]:
        """Returns the next `size` entries and where to continue (None: nowhere)."""
        page: list[_Stored] = []
        for item in matching:
            if len(page) == size:
                return page, page[-1].key(sign)
            if item.wire is None:
                item.wire = logentry.encode(item.entry)
            page.append(item)
        return page, None

    def _held(self, resource_name: str) -> set[str]:
        return self.sinks.get(resource_name) or {resource_name.split("/")[1]}

    def _allow(self, projects: set[str]) -> None:
        if refused := projects & self.denied:
            raise _RefusedError("PERMISSION_DENIED", _denied(min(refused)))
        if self.quota_per_minute is None:
            return
        now = self.clock()
        with self._lock:
            for project in projects:
                spent = self._spent.setdefault(project, deque())
                while spent and spent[0] <= now - 60:
                    spent.popleft()
                if len(spent) >= self.quota_per_minute:
                    raise _RefusedError(
                        "RESOURCE_EXHAUSTED", _default_message("RESOURCE_EXHAUSTED")
                    )
            for project in projects:
                self._spent[project].append(now)

    # --- page tokens -----------------------------------------------------------------------

    def _token(self, call: ListCall, after: Key | None) -> str:
        body = json.dumps([_bound(call), self.clock(), after]).encode()
        return base64.urlsafe_b64encode(body).decode()

    def _resume(self, call: ListCall) -> Key | None:
        if not call.page_token:
            return None
        try:
            bound, made, after = json.loads(base64.urlsafe_b64decode(call.page_token))
        except (ValueError, TypeError, binascii.Error):
            raise _RefusedError("INVALID_ARGUMENT", "page_token is invalid") from None
        if bound != _bound(call):
            raise _RefusedError(
                "INVALID_ARGUMENT", "page_token doesn't match arguments from the request"
            )
        if self.clock() - made > TOKEN_LIFE_S:
            raise _RefusedError("INVALID_ARGUMENT", "page_token has expired")
        return None if after is None else (after[0], after[1], after[2])


def _bound(call: ListCall) -> str:
    """Returns what a page token is bound to: everything but the page size."""
    text = json.dumps([call.resource_names, call.filter, call.order_by])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _projects(call: ListCall) -> set[str]:
    if not call.resource_names:
        raise _RefusedError("INVALID_ARGUMENT", "resource_names must not be empty")
    if len(call.resource_names) > MAX_RESOURCES:
        raise _RefusedError(
            "INVALID_ARGUMENT", f"At most {MAX_RESOURCES} resource_names may be specified"
        )
    projects = set()
    for name in call.resource_names:
        found = RESOURCE.fullmatch(name)
        if found is None:
            raise _RefusedError("INVALID_ARGUMENT", f"Invalid resource name: '{name}'")
        projects.add(found[2])
    return projects


def _compiled(text: str) -> Predicate:
    try:
        return compile_filter(text)
    except FilterError as error:
        raise _RefusedError("INVALID_ARGUMENT", str(error)) from None
    except RecursionError:
        raise _RefusedError("INVALID_ARGUMENT", "Filter is nested too deeply") from None


def _denied(project: str) -> str:
    return (
        "Permission 'logging.logEntries.list' denied on resource "
        f"'//logging.googleapis.com/projects/{project}' (or it may not exist)."
    )


def _default_message(status: str) -> str:
    return {
        "PERMISSION_DENIED": "The caller does not have permission",
        "UNAVAILABLE": "The service is currently unavailable.",
        "ABORTED": "The operation was aborted.",
        "UNAUTHENTICATED": "Request had invalid authentication credentials.",
        "DEADLINE_EXCEEDED": "Deadline expired before operation could complete.",
        "INTERNAL": "Internal error encountered.",
        "RESOURCE_EXHAUSTED": (
            "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' "
            "of service 'logging.googleapis.com' for consumer 'project_number:598000000000'."
        ),
    }.get(status, status)
