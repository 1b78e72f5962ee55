"""Reads Cloud Logging over gRPC, several pages at a time, the newest entries first.

Uses the gapic client's channel, since `Client.list_entries` hides tokens, retries and time-outs,
drops nanoseconds, and costs twenty times the CPU. A read that has to stop early has the most
important part; it then reports what is missing. How a window is read: `parallel_read`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bot.adapters.google import activity, log_pages
from bot.adapters.google.answers import meaning
from bot.adapters.google.budget import Budget, NoBudget
from bot.adapters.google.lanes import PAGE_SIZE
from bot.adapters.google.log_filter import log_filter, projects, resource_names, restrictions
from bot.adapters.google.parallel_read import Clock, ParallelRead
from bot.adapters.google.sampling import MOST_CALLS
from bot.core.entries.rows import Rows
from bot.core.model.environment import Query
from bot.core.model.report import Event, Traffic
from bot.core.model.values import Window
from bot.core.ports import Page, PartPage

CALL_TIMEOUT = 30.0
"""Seconds for one call."""


class CloudLogging:
    """`PartSource` for Cloud Logging. Creates its client at the first read, never before a fork."""

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        budget: Budget | None = None,
        wait: Callable[[float], object] | None = None,
        timeout: float = CALL_TIMEOUT,
        most_calls: int = MOST_CALLS,
    ) -> None:
        """`endpoint`: `grpc://host:port` without credentials, or None for Google.

        `timeout`: seconds for one call. `most_calls`: attempts that a reading may make before it
        reads a sample of what is left.
        """
        self._endpoint = endpoint
        self._budget = budget or NoBudget()
        self._wait = wait or threading.Event().wait
        self._timeout = timeout
        self._most_calls = most_calls
        self._method: Any = None
        self._lock = threading.Lock()

    def describe(self, query: Query) -> str:
        """Returns the filter on one line."""
        return " AND ".join(restrictions(query))

    def read(self, query: Query) -> Iterator[Page]:
        """Reads the window's entries, about newest first. Does not retry refused calls."""
        for page in self.read_parts(query, [query.window]):
            yield page.page

    def read_parts(self, query: Query, parts: Sequence[Window]) -> Iterator[PartPage]:
        """Reads disjoint parts of the window; those that touch cost no more than one alone."""
        clock = Clock(self._wait)
        yield from ParallelRead(query, parts, self, clock, self._most_calls).pages()

    def page(self, query: Query, token: str, *, wanted: str) -> tuple[Rows, str] | None:
        """Fetches one page of the query's project with the filter `wanted`, newest first.

        None if the budget is used up. Makes one call at most, and never waits.
        """
        if self.take(query) > 0:
            return None
        return self._started(query, wanted, token, PAGE_SIZE).answer()

    def read_traffic(self, query: Query) -> Traffic | None:
        """Counts requests by revision and hour from the request log (see `activity`)."""
        return activity.traffic(self.page, query)

    def read_events(self, query: Query) -> Sequence[Event]:
        """Reads deploys and deletions from the audit log (see `activity`)."""
        return activity.events(self.page, query)

    def newest(self, query: Query, service: str, *, requests: bool) -> Sequence[int] | None:
        """Looks up a service's newest entries or requests (see `activity`)."""
        return activity.newest(self.page, query, service, requests=requests)

    # --- the reader's connection -------------------------------------------------------------

    def take(self, query: Query) -> float:
        """Takes a call of each project that is read; returns the seconds to wait if one has none.

        A call taken in vain from another project only makes us slower.
        """
        return next((wait for p in projects(query) if (wait := self._budget.take(p)) > 0), 0.0)

    def start(
        self,
        query: Query,
        *,
        restrictions: Sequence[str],
        token: str,
        size: int,
        done: Callable[[], None],
    ) -> _RunningCall:
        """Starts a call for a page of the query; `done` is called from gRPC's thread at its end."""
        call = self._started(query, log_filter(query, restrictions), token, size)
        call.then(done)
        return call

    def _started(self, query: Query, wanted: str, token: str, size: int) -> _RunningCall:
        from google.cloud.logging_v2.types import ListLogEntriesRequest

        request = ListLogEntriesRequest(
            resource_names=resource_names(query),
            filter=wanted,
            order_by="timestamp desc",
            page_size=size,
            page_token=token,
        )
        try:
            call = self._connected().future(request, timeout=self._timeout)
        except Exception as error:
            raise meaning(error, query, token=token) from error
        return _RunningCall(call, query, token)

    def _connected(self) -> Any:
        """Returns entries.list as a gRPC method whose answer stays serialised, for `log_pages`."""
        with self._lock:
            if self._method is None:
                import grpc
                from google.cloud.logging_v2.services.logging_service_v2 import (
                    LoggingServiceV2Client,
                )
                from google.cloud.logging_v2.types import ListLogEntriesRequest

                if self._endpoint is None:
                    transport: Any = LoggingServiceV2Client().transport
                    channel = transport.grpc_channel
                else:
                    channel = grpc.insecure_channel(
                        self._endpoint.removeprefix("grpc://"),
                        # A page can exceed gRPC's default of 4 MiB.
                        options=[("grpc.max_receive_message_length", -1)],
                    )
                self._method = channel.unary_unary(
                    "/google.logging.v2.LoggingServiceV2/ListLogEntries",
                    request_serializer=ListLogEntriesRequest.serialize,
                )
            return self._method


class _RunningCall:
    """A call of entries.list in flight."""

    def __init__(self, call: Any, query: Query, token: str) -> None:
        self._call = call
        self._query = query
        self._token = token

    def then(self, done: Callable[[], None]) -> None:
        self._call.add_done_callback(lambda _: done())

    def cancel(self) -> object:
        return self._call.cancel()

    def answer(self) -> tuple[Rows, str]:
        import grpc
        from google.api_core import exceptions

        known: Any = exceptions.from_grpc_error
        try:
            return log_pages.read(self._call.result())
        except grpc.RpcError as error:
            raise meaning(known(error), self._query, token=self._token) from error
        except Exception as error:
            raise meaning(error, self._query, token=self._token) from error
