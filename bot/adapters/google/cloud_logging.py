"""Reads Google Cloud Logging page by page over gRPC.

Uses the gapic client's channel, since `Client.list_entries` hides tokens, retries and time-outs,
drops nanoseconds, and costs twenty times the CPU. Reads the newest entries first, so that a read
that has to stop early has the most important part; it then reports what is missing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Protocol

from bot.adapters.google import activity, log_pages
from bot.adapters.google.log_filter import log_filter, projects, resource_names, restrictions
from bot.core.entries.rows import NO_TIME, Rows
from bot.core.model.environment import Query
from bot.core.model.errors import GardenerError, Refused, Unavailable
from bot.core.model.report import Event, Traffic
from bot.core.model.values import Window
from bot.core.ports import Page

PAGE_SIZE = 1_000
"""Entries per page: the maximum of entries.list."""
CALL_TIMEOUT = 30.0
"""Seconds for one call."""
ATTEMPTS = 6
"""Attempts per page, after which the rest of the window is reported as missing."""
LOOK_UP = 1.0
"""Seconds between checks for a cancellation while waiting."""


class Budget(Protocol):
    """A limit on calls: Google allows 60 entries.list calls per minute and project."""

    def take(self, project: str) -> float:
        """Takes one call and returns 0.0, or returns the seconds to wait before the next try."""
        ...


class NoBudget:
    """A budget without a limit, for endpoints that are not Google's."""

    def take(self, project: str) -> float:  # noqa: ARG002 - the protocol's
        """Always allows the call."""
        return 0.0


class CloudLogging:
    """`LogSource` for Cloud Logging. Creates its client at the first read, never before a fork."""

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        budget: Budget | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """`endpoint`: `grpc://host:port` without credentials, or None for Google."""
        self._endpoint = endpoint
        self._budget = budget or NoBudget()
        self._wait = wait or threading.Event().wait
        self._call: Callable[[Mapping[str, object]], bytes] | None = None

    def describe(self, query: Query) -> str:
        """Returns the filter on one line."""
        return " AND ".join(restrictions(query))

    def read(self, query: Query) -> Iterator[Page]:
        """Reads the window's entries, newest first. Does not retry refused calls."""
        token = ""
        reached = query.window.end
        anything = False
        while not anything or token:
            try:
                got = yield from self._fetch(query, token, reached)
            except GardenerError as error:
                if not anything:
                    raise
                yield self._given_up(query, reached, error)
                return
            rows, token = got
            anything = True
            known = rows.times[rows.times != NO_TIME]
            if not token:
                reached = query.window.start
            elif known.size:
                reached = min(reached, int(known.min()))
            yield Page(
                rows=rows,
                reached=reached,
                share=_share(query.window, reached),
                api_calls=1,
            )

    def _fetch(
        self, query: Query, token: str, reached: int
    ) -> Generator[Page, None, tuple[Rows, str]]:
        """Fetches one page of the API, with retries; yields empty pages while it waits.

        An empty page lets the caller cancel. It also counts a failed call; the caller counts the
        call that succeeds.
        """
        for attempt in range(1, ATTEMPTS + 1):
            while (pause := self._take(query)) > 0:
                yield self._nothing_new(query, reached)
                self._wait(min(pause, LOOK_UP))
            try:
                return self._page(query, token)
            except Unavailable as error:
                yield self._nothing_new(query, reached, calls=1)
                if attempt == ATTEMPTS:
                    raise
                pause = error.retry_after or float(2**attempt)
            while pause > 0:
                yield self._nothing_new(query, reached)
                self._wait(min(pause, LOOK_UP))
                pause -= LOOK_UP
        raise AssertionError("the last attempt returns or raises")

    def _nothing_new(self, query: Query, reached: int, calls: int = 0) -> Page:
        return Page(reached=reached, share=_share(query.window, reached), api_calls=calls)

    def _given_up(self, query: Query, reached: int, error: GardenerError) -> Page:
        # The entry at `reached` was read, but perhaps not others at the same nanosecond.
        missing = Window(query.window.start, min(reached + 1, query.window.end))
        return Page(reached=reached, share=1.0, missing=(missing,), notes=(str(error),))

    def page(self, query: Query, token: str, *, wanted: str) -> tuple[Rows, str] | None:
        """Fetches one page of the query's project with the filter `wanted`, newest first.

        None if the budget is used up. Makes one call at most, and never waits.
        """
        if self._take(query) > 0:
            return None
        return self._page(query, token, wanted)

    def _take(self, query: Query) -> float:
        """Takes a call of each project that is read; returns the seconds to wait if one has none.

        A call taken in vain from another project only makes us slower.
        """
        return next((wait for p in projects(query) if (wait := self._budget.take(p)) > 0), 0.0)

    def read_traffic(self, query: Query) -> Traffic | None:
        """Counts requests by revision and hour from the request log (see `activity`)."""
        return activity.traffic(self.page, query)

    def read_events(self, query: Query) -> Sequence[Event]:
        """Reads deploys and deletions from the audit log (see `activity`)."""
        return activity.events(self.page, query)

    def newest(self, query: Query, service: str, *, requests: bool) -> Sequence[int] | None:
        """Looks up a service's newest entries or requests (see `activity`)."""
        return activity.newest(self.page, query, service, requests=requests)

    def _page(self, query: Query, token: str, wanted: str = "") -> tuple[Rows, str]:
        from google.api_core import exceptions
        from google.auth import exceptions as auth
        from google.protobuf.message import DecodeError

        request = {
            "resource_names": resource_names(query),
            "filter": wanted or log_filter(query),
            "order_by": "timestamp desc",
            "page_size": PAGE_SIZE,
            "page_token": token,
        }
        try:
            return log_pages.read(self._connected()(request))
        except (exceptions.PermissionDenied, exceptions.Unauthenticated) as error:
            raise Refused(_refusal(query, error.message)) from error
        except auth.DefaultCredentialsError as error:
            raise Refused(
                "Google refused: there are no credentials here; nothing was read. "
                "Run `gcloud auth application-default login`, or give the service account's key "
                "in GOOGLE_APPLICATION_CREDENTIALS."
            ) from error
        except auth.GoogleAuthError as error:
            raise Refused(
                "Google refused the credentials; nothing was read. "
                "Run `gcloud auth application-default login` again."
            ) from error
        except exceptions.InvalidArgument as error:
            raise Refused(f"Google did not accept the query: {error.message}") from error
        except exceptions.NotFound as error:
            raise Refused(_unknown(query, error.message)) from error
        except exceptions.ResourceExhausted as error:
            raise Unavailable("read quota of Cloud Logging (60 calls a minute)", 10.0) from error
        except (
            exceptions.ServiceUnavailable, exceptions.DeadlineExceeded, exceptions.Aborted,
            exceptions.InternalServerError, exceptions.Unknown, exceptions.Cancelled,
            exceptions.RetryError, exceptions.GatewayTimeout, exceptions.BadGateway,
        ) as error:  # fmt: skip
            raise Unavailable(
                f"Cloud Logging does not answer ({type(error).__name__}). Try again in a minute."
            ) from error
        except DecodeError as error:
            raise Unavailable(
                "Cloud Logging's answer came broken. Try again in a minute."
            ) from error

    def _connected(self) -> Callable[[Mapping[str, object]], bytes]:
        """Returns entries.list as a function whose result stays serialised, for `log_pages`."""
        if self._call is None:
            import grpc
            from google.api_core import grpc_helpers
            from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
            from google.cloud.logging_v2.types import ListLogEntriesRequest

            if self._endpoint is None:
                transport: Any = LoggingServiceV2Client().transport
                channel = transport.grpc_channel
            else:
                channel = grpc.insecure_channel(
                    self._endpoint.removeprefix("grpc://"),
                    # A page can exceed gRPC's default of 4 MiB, which fails as RESOURCE_EXHAUSTED.
                    options=[("grpc.max_receive_message_length", -1)],
                )
            wrap_errors: Any = grpc_helpers.wrap_errors
            entries_list = wrap_errors(
                channel.unary_unary(
                    "/google.logging.v2.LoggingServiceV2/ListLogEntries",
                    request_serializer=ListLogEntriesRequest.serialize,
                )
            )
            self._call = lambda request: bytes(
                entries_list(ListLogEntriesRequest(request), timeout=CALL_TIMEOUT)
            )
        return self._call


def _share(window: Window, reached: int) -> float:
    return (window.end - reached) / max(1, window.end - window.start)


def _unknown(query: Query, detail: str | None) -> str:
    if query.sources.views:
        why = f" ({detail.rstrip('.')})" if detail else ""
        return f"Google does not know one of the log views{why}. Check `views` in gardener.toml."
    return f"Google knows no project {query.project}. Check `project` in gardener.toml."


def _refusal(query: Query, detail: str | None) -> str:
    why = f" ({detail.rstrip('.')})" if detail else ""
    role, project = "viewer", query.project
    if query.sources.views:
        role = "viewAccessor"  # roles/logging.viewer opens no view but a project's own
        names = projects(query)
        project = next((name for name in names if f"/{name}" in why), names[0])
    known = {"viewer": "Logs Viewer", "viewAccessor": "Logs View Accessor"}[role]
    return (
        f"Google refused: this account lacks {known} on {project}{why}; nothing was "
        f"read. Fix: gcloud projects add-iam-policy-binding {project} "
        f"--member=serviceAccount:ACCOUNT --role=roles/logging.{role}"
    )


class SlidingWindow:
    """A `Budget` for one process: at most `limit` calls in any `seconds`."""

    def __init__(self, limit: int = 55, seconds: float = 60.0) -> None:
        """The default is below Google's limit of 60, which others in the project share."""
        self._limit = limit
        self._seconds = seconds
        self._calls: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def take(self, project: str) -> float:
        """Counts the call and returns 0.0, or returns the seconds until one is free."""
        now = time.monotonic()
        with self._lock:
            calls = self._calls.setdefault(project, [])
            calls[:] = [at for at in calls if at > now - self._seconds]
            if len(calls) < self._limit:
                calls.append(now)
                return 0.0
            return calls[0] + self._seconds - now
