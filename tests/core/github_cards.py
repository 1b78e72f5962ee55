"""Cards for the tests of the GitHub road."""

from __future__ import annotations

from dataclasses import replace

from bot.core.model.report import (
    Card,
    Cluster,
    Coverage,
    Incident,
    Report,
)
from bot.core.model.values import DAY, HOUR, SECOND, Location, Priority, Severity, State, Window

NOW = 1_757_818_800 * SECOND  # 2025-09-14T03:00:00Z

LEGACY = Cluster(
    id="c-legacy",
    name="C1",
    title="[LEGACY MODE] Message loop error: Invalid message type 'legacy_response' of user 10812417",
    template="[LEGACY MODE] Message loop error: Invalid message type 'legacy_response' of user <*>",
    severity=Severity.ERROR,
    priority=Priority.P2,
    reasons=("an ERROR", "repeats: 10 in 2 d", "user 10812417 again"),
    count=12,
    occurrences=10,
    first_seen=NOW - 3 * HOUR,
    last_seen=NOW - HOUR,
    histogram=(0,) * 45 + (3, 7, 2),
    services=("netra-backend-staging",),
    revisions=("netra-backend-staging-00598-qss",),
    instances=2,
    location=Location("netra_backend.app.routes.websocket_ssot", "_legacy_message_loop", 1619),
    routes=("/ws/10812417",),
    cause="The loop gets a type that it does not know, from user 10812417",
    next="Add the type or drop the message",
    sample={
        "severity": "ERROR",
        "jsonPayload": {
            "message": "[LEGACY MODE] Message loop error: Invalid message type "
            "'legacy_response' of user 10812417",
            "user": "10812417",
        },
    },
)

EXIT = replace(
    LEGACY,
    id="c-exit",
    name="C2",
    title="Container called exit(3).",
    template="Container called exit(<*>).",
    severity=Severity.WARNING,
    cause=None,
    next=None,
    reasons=(),
    location=None,
    sample={"textPayload": "Container called exit(3)."},
)

REPORT = Report(
    environment="staging",
    services=("netra-backend-staging",),
    project="netra-staging",
    region="us-central1",
    query='resource.labels.service_name="netra-backend-staging"\nseverity>=WARNING',
    window=Window(NOW - 2 * DAY, NOW),
    coverage=Coverage(read=4_812, clustered=4_790, below_severity=22),
    clusters=(LEGACY, EXIT),
    generated=NOW,
)

CARD = Card(LEGACY)
INCIDENT = Card(
    LEGACY,
    (EXIT,),
    Incident("i-1", LEGACY.id, (EXIT.id,), 15, Priority.P0, ("it stops the start",)),
)


def card(**changes) -> Card:
    """The card with some of its cluster changed."""
    return Card(replace(LEGACY, **changes))


__all__ = ["CARD", "EXIT", "INCIDENT", "LEGACY", "NOW", "REPORT", "State", "card"]
