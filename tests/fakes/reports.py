"""Reports to draw: the worklog's three clusters, one crash, and what people decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.core.model.decisions import Acknowledgement, Decisions, IssueLink
from bot.core.model.report import (
    Cluster,
    Coverage,
    Incident,
    Report,
)
from bot.core.model.values import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Location,
    Priority,
    Severity,
    State,
    Window,
)

SERVICE = "netra-backend-staging"


def t(text: str) -> int:
    """Nanoseconds of an ISO time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


NOW = t("2025-09-15T03:12:00")
WINDOW = Window(NOW - 2 * DAY, NOW)

LEGACY = Cluster(
    id="c-legacy",
    name="C1",
    title="[LEGACY MODE] Message loop error: Invalid message type 'legacy_response': Unknown message "
    "type: 'legacy_response'. Valid types: [CONNECT, DISCONNECT, PING]",
    template="[LEGACY MODE] Message loop error: Invalid message type '<*>': Unknown message type: "
    "'<*>'. Valid types: [CONNECT, DISCONNECT, PING]",
    severity=Severity.ERROR,
    priority=Priority.P2,
    reasons=("severity ERROR", "10 in 2 d: it repeats", "on one instance"),
    count=12,
    occurrences=10,
    first_seen=t("2025-09-15T02:10:00"),
    last_seen=t("2025-09-15T03:10:06"),
    histogram=(*(0,) * 47, 3, 9),
    services=(SERVICE,),
    revisions=(f"{SERVICE}-00598-qss",),
    instances=1,
    location=Location("netra_backend.app.routes.websocket_ssot", "_legacy_message_loop", 1619),
    cause="Began with 00598; 00597: 0 in 9,412 requests",
    sample={
        "insertId": "a1",
        "severity": "ERROR",
        "jsonPayload": {"message": "[LEGACY MODE] Message loop error", "labels": {"line": "1619"}},
        "timestamp": "2025-09-15T03:10:06.030348Z",
    },
    examples=(
        {"timestamp": "2025-09-15T02:10:00Z", "severity": "ERROR", "textPayload": "first one"},
        {
            "timestamp": "2025-09-15T03:10:06Z",
            "severity": "ERROR",
            "jsonPayload": {"message": "last one"},
        },
    ),
)
SESSION = Cluster(
    id="c-session",
    name="C2",
    title="Session access failed (middleware not installed?): SessionMiddleware must be installed "
    "to access request.session",
    template="Session access failed (middleware not installed?): SessionMiddleware must be "
    "installed to access request.session",
    severity=Severity.WARNING,
    priority=Priority.P4,
    reasons=("severity WARNING", "3 in 2 d: it repeats"),
    count=3,
    occurrences=3,
    first_seen=t("2025-09-14T01:09:57"),
    last_seen=t("2025-09-14T03:09:57"),
    histogram=(*(0,) * 21, 1, 1, 1, *(0,) * 25),
    services=(SERVICE,),
    revisions=(f"{SERVICE}-00598-qss",),
    instances=1,
    state=State.RECURRING,
    next="Add SessionMiddleware to the app, or stop reading request.session",
)
JWT = Cluster(
    id="c-jwt",
    name="C3",
    title="User auto-created from JWT",
    template="User auto-created from JWT <*>",
    severity=Severity.WARNING,
    priority=Priority.P6,
    reasons=("expected behaviour: users are created on their first visit",),
    count=2,
    occurrences=2,
    first_seen=t("2025-09-15T03:09:34"),
    last_seen=t("2025-09-15T03:09:40"),
    histogram=(*(0,) * 48, 2),
    state=State.RECURRING,
)
ROOT = Cluster(
    id="c-root",
    name="C4",
    title="No module named 'netra_backend.app.services.monitoring'",
    template="No module named '<*>'",
    severity=Severity.ERROR,
    priority=Priority.P0,
    reasons=("the service cannot start",),
    count=1020,
    occurrences=15,
    first_seen=t("2025-09-15T02:40:00"),
    last_seen=t("2025-09-15T02:42:40"),
    instances=15,
    cause="Cannot start. Began with 00612-abc; 00611-xyz never wrote it",
    incident="i-1",
)
SYMPTOMS = tuple(
    replace(JWT, id=f"c-s{i}", name=f"C{5 + i}", title=title, priority=Priority.P0, incident="i-1")
    for i, title in enumerate(
        ("Worker failed to boot.", "Container called exit(3).", "GET /health 503", "Traceback")
    )
)
CRASH = Incident(
    id="i-1",
    root="c-root",
    symptoms=tuple(c.id for c in SYMPTOMS),
    occurrences=15,
    priority=Priority.P0,
    reasons=("4 symptoms follow in the same instances",),
    instances=15,
    first_seen=ROOT.first_seen,
    last_seen=ROOT.last_seen,
)


def report(*clusters: Cluster, **changes: object) -> Report:
    """A report of these clusters, by default the worklog's three."""
    made = Report(
        environment="staging",
        services=(SERVICE,),
        project="netra-staging",
        region="us-central1",
        query='resource.type="cloud_run_revision" AND severity>=WARNING',
        window=WINDOW,
        coverage=Coverage(read=4812, clustered=4790, below_severity=22, api_calls=5),
        clusters=clusters or (LEGACY, SESSION, JWT),
        generated=NOW,
        revisions=(f"{SERVICE}-00598-qss", f"{SERVICE}-00597-abc"),
        severities=(("ERROR", 12), ("WARNING", 5), ("DEFAULT", 22)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def crash_report() -> Report:
    """One incident."""
    return report(ROOT, *SYMPTOMS, incidents=(CRASH,))


def acknowledgement(cluster: str = "c-jwt", **changes: object) -> Acknowledgement:
    """Sign-ups are expected, said by Ana two days ago, for seven days."""
    made = Acknowledgement(
        cluster=cluster,
        by="U0ANA",
        reason="sign-ups in staging",
        at=NOW - 2 * DAY,
        until=NOW + 5 * DAY,
        per_day=5.0,
        title="User auto-created from JWT",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def issue(cluster: str = "c-legacy", **changes: object) -> IssueLink:
    """An open issue, three days old."""
    made = IssueLink(
        cluster=cluster,
        repository="acme/backend",
        number=1432,
        url="https://github.com/acme/backend/issues/1432",
        title="GCP-new | P2 | Unknown message type",
        by="U0ANA",
        at=NOW - 3 * DAY,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def decided(cluster: Cluster, **decisions: object) -> Cluster:
    """The cluster with what people decided."""
    return replace(cluster, decisions=Decisions(**decisions))  # type: ignore[arg-type]


def soon(ns: int = 90 * MINUTE + HOUR) -> int:
    """A little after now."""
    return NOW + ns
