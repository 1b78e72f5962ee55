"""Subscriptions, reports kept for a while, and doing a thing once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.model.report import Report


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel's daily digest of an environment."""

    environment: str
    channel: str
    at: str
    """`09:00`, wall clock."""
    timezone: str
    """IANA name."""
    by: str
    since: int
    """When it was subscribed."""


class Subscriptions(Protocol):
    """Who gets a digest."""

    def all(self) -> Sequence[Subscription]:
        """In no order."""
        ...

    def put(self, subscription: Subscription) -> None:
        """Replaces that of the same environment and channel."""
        ...

    def remove(self, channel: str, environment: str | None) -> Sequence[Subscription]:
        """Of one environment or, with None, all of the channel; returns what was removed."""
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
    """Doing a thing once across processes, machines and retries."""

    def once(self, key: str, seconds: int, token: str) -> bool:
        """True for the first caller of a key within `seconds`, and for the same token again.

        The same token, since a lost reply must not look like a refusal.
        """
        ...

    def release(self, key: str, token: str) -> None:
        """Lets the next one in, if the token is the one that holds it."""
        ...
