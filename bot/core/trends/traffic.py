"""Request counts in words and by revision. If nobody counted them, the result is "unknown"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from bot.core.model.report import Traffic
from bot.core.model.revision_names import numbered
from bot.core.text import display


def summary(traffic: Traffic | None, timezone: str, now: int) -> str:
    """Renders `1,204 requests (Cloud Monitoring)`, since when if sampled, or `unknown`."""
    if traffic is None:
        return "unknown"
    count = display.many(traffic.requests, "request")
    if traffic.sampled:
        since = display.clock(traffic.since, timezone, now)
        return f"{count} since {since} ({traffic.source}, sampled)"
    return f"{count} ({traffic.source})"


def arrived(traffic: Traffic | None) -> str:
    """Renders the count for an alarm: `though 1,204 requests arrived`."""
    if traffic is None:
        return "traffic unknown"
    if not traffic.requests:
        return "no request arrived"
    least = "at least " if traffic.sampled else ""
    return f"though {least}{display.many(traffic.requests, 'request')} arrived"


def served(traffic: Traffic | None) -> Mapping[str, int]:
    """Sums requests by revision."""
    counted: Counter[str] = Counter()
    for revision, _, count in traffic.hours if traffic else ():
        counted[revision] += count
    return counted


def by_service(traffic: Traffic | None, services: Iterable[str]) -> Counter[str]:
    """Sums requests by service."""
    asked = served(traffic)
    return Counter(
        {
            service: sum(n for name, n in asked.items() if belongs(name, service))
            for service in services
        }
    )


def belongs(revision: str, service: str) -> bool:
    """True if a revision belongs to a service: `api-gateway-00001-abc` does not belong to `api`."""
    found = numbered(revision)
    return found[0] == service if found else revision.startswith(f"{service}-")
