"""What a reader needs of the connection to Google: calls that run while it does other things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from bot.core.entries.rows import Rows
from bot.core.model.environment import Query


class PageCall(Protocol):
    """A call of entries.list in flight."""

    def answer(self) -> tuple[Rows, str]:
        """Returns the page and the next token. Raises `GardenerError` (see `answers`)."""
        ...

    def cancel(self) -> object:
        """Ends the call; its answer will not be asked for."""
        ...


class Connection(Protocol):
    """Starts calls."""

    def start(
        self,
        query: Query,
        *,
        restrictions: Sequence[str],
        token: str,
        size: int,
        done: Callable[[], None],
    ) -> PageCall:
        """Starts a call for a page of the query; `done` is called from any thread at its end.

        Raises `Refused` if there are no credentials.
        """
        ...

    def take(self, query: Query) -> float:
        """Charges a call; returns 0.0, or the seconds to wait if none is left."""
        ...
