"""Subscriptions, cached reports, and locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.model.days import Days
from bot.core.model.report import Report
from bot.core.model.watching import Watch, WatchMemory


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel's digest of an environment, every day or on weekdays."""

    environment: str
    channel: str
    at: str
    """`09:00`, wall clock."""
    timezone: str
    """IANA name."""
    by: str
    since: int
    """When somebody subscribed, in nanoseconds."""
    days: Days = Days.DAILY


class Subscriptions(Protocol):
    """The channels that get a digest."""

    def all(self) -> Sequence[Subscription]:
        """In no order."""
        ...

    def put(self, subscription: Subscription) -> None:
        """Stores a subscription; replaces the one of the same environment and channel."""
        ...

    def remove(self, channel: str, environment: str | None) -> Sequence[Subscription]:
        """Removes one environment's subscription, or with None all of the channel; returns them."""
        ...


class Watches(Protocol):
    """The channels that are alerted, and what each was alerted to."""

    def all(self) -> Sequence[Watch]:
        """In no order."""
        ...

    def put(self, watch: Watch) -> None:
        """Stores a watch; replaces the one of the same environment and channel."""
        ...

    def remove(self, channel: str, environment: str | None) -> Sequence[Watch]:
        """Removes one environment's watch, or with None all of the channel; returns them."""
        ...

    def memory(self, environment: str, channel: str) -> WatchMemory:
        """Returns what a channel's watch posted; empty if unknown."""
        ...

    def remember(self, environment: str, channel: str, memory: WatchMemory) -> None:
        """Replaces what a channel's watch posted."""
        ...


class ReportCache(Protocol):
    """Reports by a key of the caller's: ten minutes for a question that is asked again.

    And, without an expiry, the last report of each digest, to tell what changed since.
    """

    def get(self, environment: str, key: str) -> Report | None:
        """None where there is none or it has expired."""
        ...

    def put(self, environment: str, key: str, report: Report, seconds: int | None) -> None:
        """None: kept until it is replaced."""
        ...


class Locks(Protocol):
    """Lets one of many processes, machines or retries do a thing."""

    def once(self, key: str, seconds: int, token: str) -> bool:
        """True for the first caller of a key within `seconds`, and for the same token again.

        The same token, since a lost reply must not look like a refusal.
        """
        ...

    def release(self, key: str, token: str) -> None:
        """Releases the lock if this token holds it."""
        ...
