"""When digests are due, in the time zone of their subscription."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.model.errors import UsageError
from bot.core.model.values import HOUR, SECOND
from bot.core.ports import Subscription

LATEST = 25 * HOUR
"""A digest that was missed longer ago is not posted any more. A day of 25 hours is one day."""


def next_due(subscription: Subscription, after: int) -> int:
    """Returns the first time after `after` (nanoseconds) at which a digest is due.

    Never before the subscription was made, and once on each of its days in its time zone. A time
    skipped by a clock change comes as much later (02:30 → 03:30); one that occurs twice counts
    the first time. Raises `UsageError` if the time or zone is invalid.
    """
    after = max(after, subscription.since)
    here = _local_date(subscription, after)
    for days in range(-1, 6):
        day = here + timedelta(days=days)
        due = _instant(subscription, day)
        if due > after and subscription.days.has(day):
            return due
    raise AssertionError("a due time lies within five days")  # pragma: no cover


def last_due(subscription: Subscription, now: int) -> int | None:
    """Returns the latest due time up to `now`; None before the first, and after a day without one.

    After a downtime only this digest is posted: nobody reads three mornings at once.
    """
    here = _local_date(subscription, now)
    for days in range(1, -4, -1):
        day = here + timedelta(days=days)
        due = _instant(subscription, day)
        if subscription.since < due <= now and subscription.days.has(day):
            return due if now - due <= LATEST else None
    return None


def occasion(subscription: Subscription, due: int) -> str:
    """Returns the key under which a digest is posted once: environment, channel, calendar day.

    It has only letters, digits, dashes and underscores, as RQ requires of job ids. Subscribing
    again on the same day with another time gives the same key: a channel gets one digest a day.
    """
    here = _local_date(subscription, due)
    day = next(
        (
            d
            for d in (here + timedelta(days=n) for n in (1, 0, -1))
            if _instant(subscription, d) <= due
        ),
        here,
    )
    name = re.sub(r"[^A-Za-z0-9_-]", "_", subscription.environment)
    if name != subscription.environment:
        name += "_" + hashlib.sha256(subscription.environment.encode()).hexdigest()[:8]
    channel = re.sub(r"[^A-Za-z0-9]", "_", subscription.channel)
    return f"digest-{name}-{channel}-{day.isoformat()}"


def _wall_clock(text: str) -> time:
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text)
    if not found:
        raise UsageError(f'"{text[:20]}" is not a time of day. Write it as 09:00.')
    return time(int(found[1]), int(found[2]))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f'I know no time zone "{name[:60]}". Use a name such as Europe/Berlin or UTC.'
        ) from error


def _local_date(subscription: Subscription, ns: int) -> date:
    return datetime.fromtimestamp(ns // SECOND, UTC).astimezone(_zone(subscription.timezone)).date()


def _instant(subscription: Subscription, day: date) -> int:
    """Returns that day's due time in nanoseconds.

    `fold=0` takes the first of two equal times, and reads a skipped time with the offset before the
    change, so it comes as much later as the clocks went forward.
    """
    local = datetime.combine(day, _wall_clock(subscription.at), tzinfo=_zone(subscription.timezone))
    return int(local.timestamp()) * SECOND
