"""What was read of closed windows, kept for the next question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.model.values import Window


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of a kept window without reading it."""

    size: int
    """Bytes."""
    version: str
    """Changes with the content."""
    swept: int
    """Everything that Cloud Logging received up to this time is in it (nanoseconds)."""


class KeptRollups(Protocol):
    """Closed windows of an environment's log as bytes, by the query's key; bounded.

    Every method raises `GardenerError` if the store does not answer or is full.
    """

    def marks(self, environment: str, query: str) -> Mapping[Window, Mark]:
        """Returns all kept windows of a query."""
        ...

    def get(
        self, environment: str, query: str, windows: Sequence[Window]
    ) -> Mapping[Window, bytes]:
        """Returns the content of these windows, without those that are gone."""
        ...

    def put(
        self,
        environment: str,
        query: str,
        window: Window,
        data: bytes,
        swept: int,
        *,
        instead_of: str = "",
        replaces: Sequence[Window] = (),
    ) -> bool:
        """Keeps a window at once or not at all, and forgets those that it `replaces`.

        False if another process has changed it: it is no longer the version `instead_of`.
        """
        ...

    def sweep(self, environment: str, query: str, swept: Mapping[Window, Mark]) -> None:
        """Replaces the `swept` of windows that still have the mark's version."""
        ...

    def remove(self, environment: str, query: str, windows: Sequence[Window]) -> None:
        """Forgets windows."""
        ...

    def excess(self, environment: str) -> int:
        """Returns the bytes by which the environment exceeds its bound; 0 or less if none."""
        ...

    def drop_oldest(self, environment: str) -> bool:
        """Forgets the environment's oldest window of any query; False if there is none."""
        ...

    def check(self) -> None:
        """Raises `Unavailable` if the store takes nothing new."""
        ...
