"""The twelve hard cases of the worklogs, each held to what is wanted of it.

On the entries of a whole service where they hold the case (the fixture `cloud_run`: ours, and the
real ones where those are there), otherwise on the quoted messages.
"""

from __future__ import annotations

from collections import Counter

import pytest

from bot.core.model import rfc3339
from bot.core.model.report import Card, Report
from bot.core.model.values import DAY, Severity, Window
from tests.core.logs import (
    Entry,
    entry,
    report,
    request,
    said,
    shuffled,
)
from tests.fakes.store import FakeRegistry
from tests.sample_entries import of_the_crash

SWALLOWED = "SERVICE_SECRET=REDACTED found in config or environment - auth=REDACTED fail"
GOLDEN = "GOLDEN PATH AUTH=REDACTED permissive authentication"
LOST_AGENT = "AGENT_NOT_FOUND: Critical agent missing from registry - user request will fail"
TAIL = "SessionMiddleware must be installed to access request.session"
CREATED = (
    "[?] USER AUTO-CREATED: Created user ***@example.org from JWT=REDACTED "
    "(env: staging, user_id: 108124170931230011223, demo_mode: False)"
)
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/139.0"
REAL_END = rfc3339.parse("2025-09-16T01:00:00Z") or 0
REAL = Window(REAL_END - 30 * DAY, REAL_END)


def card(found: Report, words: str) -> Card:
    """The card whose root says so."""
    return next(c for c in found.cards if words in c.cluster.title)


def crash(at: float, instance: str) -> list[Entry]:
    where = {"instance": instance, "revision": "svc-00612-abc"}
    return [
        said("CRITICAL: setup failed: No module named 'app.monitoring'", "ERROR", at, **where),
        entry("[2025-09-14 03:00:00 +0000] [13] [ERROR] Reason: Worker failed to boot.", None,
              at + 0.4, **where),
        entry("Container called exit(3).", "WARNING", at + 0.5, log="varlog%2Fsystem", **where),
        request(503, "/health", at + 2, agent="GoogleHC/1.0", **where),
    ]  # fmt: skip


# --- 1


def test_1_words_that_a_filter_swallowed() -> None:
    found = report([said(SWALLOWED, "ERROR", 60 * i) for i in range(4)])
    (only,) = found.cards
    assert only.priority.name == "P1"
    assert "found" not in only.cluster.title
    assert only.cluster.title == (
        "SERVICE_SECRET=REDACTED … in config or environment - auth=REDACTED … fail"
    )
    assert any("own redaction has swallowed words" in note for note in only.cluster.notes)
    assert any("swallowed" in reason for reason in only.cluster.reasons)


def test_1_as_the_root_of_a_start_failure() -> None:
    found = report([
        said(SWALLOWED, "ERROR", 0),
        entry("Application startup failed. Exiting.", "ERROR", 1),
        entry("Container called exit(3).", "WARNING", 2, log="varlog%2Fsystem"),
    ])  # fmt: skip
    first = found.cards[0]
    assert first.priority.name == "P0"
    assert first.cluster.title.startswith("SERVICE_SECRET=REDACTED … in config")
    assert any("swallowed" in note for note in first.cluster.notes)
    assert first.cluster.cause is not None
    assert first.cluster.cause.startswith("Likely a secret")


def test_1_what_our_own_redaction_takes_is_not_called_the_services() -> None:
    found = report([said("API_KEY=abcd1234efgh found in config, but it is wrong", "ERROR")])
    assert "=REDACTED found in config" in found.clusters[0].title
    assert not any("swallowed" in reason for reason in found.clusters[0].reasons)


# --- 2


def test_2_critical_traces_beside_a_real_one() -> None:
    entries = [request(200, "/ws", 10 * i) for i in range(60)]
    entries += [said(GOLDEN, "CRITICAL", 10 * i + 1) for i in range(60)]
    entries += [said(LOST_AGENT, "CRITICAL", 33)]
    found = report(shuffled(entries))
    assert card(found, "GOLDEN PATH").priority >= 6
    assert card(found, "AGENT_NOT_FOUND").priority <= 1


def test_2_a_failure_on_every_request_is_no_trace() -> None:
    entries = [request(500, "/pay", 10 * i) for i in range(40)]
    entries += [said("ledger rejected the booking", "CRITICAL", 10 * i + 1) for i in range(40)]
    assert card(report(entries), "ledger rejected").priority <= 2


# --- 3


def test_3_the_crash_is_one_incident(cloud_run: list[Entry]) -> None:
    entries = of_the_crash(cloud_run)
    assert len(entries) == 68
    found = report(shuffled(entries), window=REAL)
    first = found.cards[0]
    assert first.priority.name == "P0"
    assert first.occurrences == 1
    assert "No module named 'netra_backend.app.services.monitoring'" in first.cluster.title
    assert [c.priority.name for c in found.cards].count("P0") == 1


def test_3_fifteen_crashes_in_two_minutes() -> None:
    entries = [e for i in range(15) for e in crash(8 * i, f"0069c7a9{i:04x}")]
    found = report(shuffled(entries))
    (only,) = found.cards
    assert (only.priority.name, only.occurrences) == ("P0", 15)
    assert "No module named" in only.cluster.title


# --- 4


def test_4_a_cascade_over_payload_kinds() -> None:
    found = report([
        said("Database initialization timeout after 25.0s", "ERROR", 0),
        entry("Application startup failed. Exiting.", "ERROR", 1),
        entry("Container called exit(3).", "WARNING", 2, log="varlog%2Fsystem"),
        request(503, "/health", 3, agent="GoogleHC/1.0"),
    ])  # fmt: skip
    (only,) = found.cards
    assert only.priority.name == "P0"
    assert only.cluster.title.startswith("Database initialization timeout")
    assert len(only.symptoms) == 3


def test_4_without_a_start_failure_the_503_stands_alone() -> None:
    found = report([
        request(503, "/health", 3, agent="GoogleHC/1.0"),
        *crash(0, "other")[:-1],
    ])  # fmt: skip
    alone = card(found, "/health")
    assert alone.incident is None
    assert alone.priority.name == "P1"


# --- 5


def _late(seconds: str, tail: str, line: str, at: float) -> Entry:
    labels = {"module": "netra_backend.app.websocket", "function": "wait", "line": line}
    message = f"Startup did not reach 'services' within {seconds} - {tail}"
    return entry(None, "WARNING", at, jsonPayload={"labels": labels, "message": message})


def test_5_variants_are_one_cluster_by_registry_and_the_drift_is_told() -> None:
    errors, queued = (
        "this would cause WebSocket 1011 errors",
        "WebSocket connections will be queued",
    )
    entries = [
        _late("1.2s", errors, "764", 0),
        _late("1.2s", errors, "860", 600),
        _late("2.8s", queued, "897", 7_200),
        _late("2.8s", queued, "1245", 9_000),
    ]
    registry = FakeRegistry()
    report(entries[:2], registry=registry)
    found = report(shuffled(entries), registry=registry)
    (only,) = found.clusters
    assert only.count == 4
    assert "Its number drifts: within 1.2s → 2.8s" in only.notes
    assert "Its number drifts: within 1.2s → 2.8s" in only.reasons


def test_5_three_values_in_order() -> None:
    entries = [
        said(f"Database initialization timeout after {limit}.0s", "ERROR", 3_600 * i + j)
        for i, limit in enumerate((8, 20, 25)) for j in range(3)
    ]  # fmt: skip
    (only,) = report(shuffled(entries)).clusters
    assert "Its number drifts: after 8.0s → 20.0s → 25.0s" in only.notes


def test_5_a_number_that_varies_does_not_drift() -> None:
    entries = [said(f"query answered after {t}ms", "ERROR", 60 * i)
               for i, t in enumerate((80, 12, 45, 80, 13))]  # fmt: skip
    assert report(entries).clusters[0].notes == ()


# --- 6


def test_6_one_cause_in_three_wordings_and_two_severities() -> None:
    found = report([
        said(f"Failed to extract auth=REDACTED {TAIL}", "ERROR", 0),
        said(f"Unexpected error in session data extraction: {TAIL}", "ERROR", 1),
        said(f"Session access failed (middleware not installed?): {TAIL}", "WARNING", 2),
    ])  # fmt: skip
    assert len(found.clusters) == 3
    (only,) = found.cards
    assert only.priority.name == "P4"
    assert len(only.symptoms) == 2


# --- 7


def test_7_messages_of_one_logging_line_stay_apart(cloud_run: list[Entry]) -> None:
    entries = [
        e for e in cloud_run if e.get("jsonPayload", {}).get("labels", {}).get("line") == "1706"
    ]
    messages = {str(e["jsonPayload"]["message"]) for e in entries}
    assert len(messages) >= 10
    found = report(entries, window=REAL, severity=Severity.DEFAULT)
    assert len(found.clusters) >= len(messages) / 2
    assert all(cluster.location is None for cluster in found.clusters)


# --- 8


def test_8_what_kills_a_start_and_what_does_nothing() -> None:
    nothing = "OpenTelemetry packages not available: No module named 'opentelemetry'"
    for severity in ("WARNING", "ERROR"):
        found = report([
            said(nothing, severity, -900, instance="a"),
            said("No module named 'auth_service'", "ERROR", 0, instance="a"),
            entry("Container called exit(1).", "WARNING", 1, instance="a"),
        ])  # fmt: skip
        assert card(found, "auth_service").priority.name == "P0"
        assert card(found, "OpenTelemetry").priority.name == "P7"


# --- 9


def test_9_an_entry_that_is_read_again_counts_once() -> None:
    entries = [said("Redis is gone", "ERROR", i) for i in range(22)]
    once, again = report(entries), report(shuffled(entries * 6))
    assert again.coverage.duplicates == 5 * 22
    assert [c.count for c in again.clusters] == [c.count for c in once.clusters] == [22]


# --- 10


def test_10_the_same_user_again() -> None:
    found = report([said(CREATED, "WARNING", 60 * i) for i in range(5)])
    (only,) = found.clusters
    assert only.priority.name == "P3"
    assert any(reason.startswith("the same user again: ") for reason in only.reasons)


def test_10_five_users_once_each_are_expected() -> None:
    entries = [
        said(CREATED.replace("108124170931230011223", f"{i}08124170931230011223"), "WARNING", i)
        for i in range(1, 6)
    ]
    assert report(entries).clusters[0].priority.name == "P6"


# --- 11


@pytest.mark.parametrize(
    ("entries", "priority"),
    [
        ([request(404, "/etc/passwd")], "P6"),
        ([request(404, "/.git/config")], "P6"),
        ([request(403, "/ws", i, agent="Netra-E2E-Tests/1.0") for i in range(52)], "P6"),
        ([request(405, "/ws/beacon", agent=BROWSER, method="POST",
                  http={"referer": "https://app.example.org/chat"})], "P3"),
        ([request(403, "/ws", agent=BROWSER)], "P1"),
        ([request(503, "/health", agent="GoogleHC/1.0")], "P1"),
    ],
)  # fmt: skip
def test_11_who_asked_decides(entries: list[Entry], priority: str) -> None:
    assert report(entries).cards[0].priority.name == priority


def test_11_the_probes_are_expected(cloud_run: list[Entry]) -> None:
    found = report(cloud_run, window=REAL)
    probes = [c for c in found.clusters if "passwd" in c.title or ".git/config" in c.title]
    assert probes
    assert {c.priority.name for c in probes} == {"P6"}


def test_11_a_503_with_a_crash_is_its_symptom() -> None:
    found = report(crash(0, "a"))
    (only,) = found.cards
    assert any("/health 503" in s.title for s in only.symptoms)


# --- 12


def test_12_info_with_an_errors_fields_stays_below(cloud_run: list[Entry]) -> None:
    entries = [e for e in cloud_run if e.get("severity") == "INFO" and "Missing field" in str(e)]
    assert entries
    found = report(entries, window=REAL)
    assert (found.coverage.below_severity, len(found.clusters)) == (len(entries), 0)


def test_12_the_forms_of_a_glyph_are_one_cluster() -> None:
    forms = ("🔑", "[🔑]", "[?]", "?", "[U+1F511]")
    found = report([said(f"{glyph} session key was refused", "ERROR") for glyph in forms])
    assert [c.count for c in found.clusters] == [5]


def test_12_json_in_a_message_is_masked_by_its_keys() -> None:
    entries = [
        said(f'event refused: {{"user": "u{i}", "kind": "{kind}"}}', "ERROR", i)
        for i, kind in enumerate(("chat", "ping", "stop"))
    ]
    (only,) = report(entries).clusters
    assert '"user": <*>' in only.template
    assert '"kind": <*>' in only.template


def test_12_an_exception_without_text_is_a_cluster_of_its_own() -> None:
    labels = {"module": "shop.cart", "function": "total", "line": "40"}
    entries = [
        entry(None, "ERROR", i, jsonPayload={"labels": labels, "message": message})
        for i, message in enumerate(("Cart failed: ", "Cart failed: no price", "Cart failed: "))
    ]
    found = report(entries)
    assert Counter(c.title for c in found.clusters) == {
        "Cart failed:": 1,
        "Cart failed: no price": 1,
    }
    assert {str(c.location) for c in found.clusters} == {"shop.cart:40"}
