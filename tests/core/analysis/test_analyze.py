"""Entries in, report out: coverage, clusters, tracebacks, incidents, priorities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.analysis.reading import EVERYTHING
from bot.core.model import rfc3339
from bot.core.model.report import Report
from bot.core.model.values import DAY, HOUR, Severity, Window
from bot.core.reports.export import export
from tests.core.logs import (
    START,
    Entry,
    entry,
    report,
    request,
    said,
    shuffled,
)
from tests.sample_entries import of_the_crash

LEGACY = (
    "[LEGACY MODE] Message loop error: Invalid message type 'legacy_response': "
    "Unknown message type: 'legacy_response'. Valid types: ['connect', 'ping']"
)
SESSION = (
    "Session access failed (middleware not installed?): "
    "SessionMiddleware must be installed to access request.session"
)
CREATED = (
    "[?] USER AUTO-CREATED: Created user ana.lopez@netrasystems.ai from JWT=REDACTED "
    "(env: staging, user_id: 108124170931230011223, demo_mode: False)"
)
NOW = rfc3339.parse("2025-09-16T01:00:00Z") or 0
MONTH = Window(NOW - 30 * DAY, NOW)


def worklog() -> list[dict[str, Any]]:
    """The three clusters of the worklog that this project starts from."""
    entries = [
        entry(None, "ERROR", 300 * i, jsonPayload={
            "labels": {"function": "_legacy_message_loop", "line": "1619",
                       "module": "netra_backend.app.routes.websocket_ssot"},
            "message": LEGACY})
        for i in range(10)
    ]  # fmt: skip
    entries += [said(SESSION, "WARNING", 400 * i) for i in range(3)]
    entries += [said(CREATED, "WARNING", 500 * i) for i in range(2)]
    return entries


def _cards(found: Report) -> list[tuple[str, int]]:
    return [(card.priority.name, card.occurrences) for card in found.cards]


def _whole(found: Report) -> dict[str, Any]:
    return dict(export(found, members=True))


def test_the_worklogs_three_clusters() -> None:
    found = report(worklog())
    assert [(c.priority.name, c.count) for c in found.clusters] == [
        ("P2", 10),
        ("P4", 3),
        ("P6", 2),
    ]
    assert [c.name for c in found.clusters] == ["C1", "C2", "C3"]
    assert found.clusters[0].title == LEGACY
    assert str(found.clusters[0].location) == "netra_backend.app.routes.websocket_ssot:1619"
    assert found.clusters[1].location is None
    assert found.clusters[2].location is None
    assert found.clusters[2].decisions.expected is None
    assert not found.incidents


def test_nothing_leaks() -> None:
    text = str(_whole(report(worklog())))
    assert "ana.lopez" not in text
    assert "108124170931230011223" not in text


def test_the_entries_of_a_service_add_up_in_any_order(cloud_run: list[Entry]) -> None:
    entries = cloud_run
    found = report(entries, window=MONTH)
    c = found.coverage
    total = c.clustered + c.below_severity + c.outside_window + c.duplicates + c.broken
    assert c.read == total == len(entries)
    assert sum(cluster.count for cluster in found.clusters) == c.clustered
    assert all(len(cluster.members) == cluster.count for cluster in found.clusters)
    assert all(sum(cluster.histogram) == cluster.count for cluster in found.clusters)
    assert len(found.clusters[0].histogram) == 30 * 24 + 1
    assert _whole(report(shuffled(entries), window=MONTH, page=7)) == _whole(
        replace(found, coverage=replace(c, api_calls=-(-len(entries) // 7)))
    )


def test_the_crash_is_one_incident(cloud_run: list[Entry]) -> None:
    found = report(of_the_crash(cloud_run), window=MONTH)
    first = found.cards[0]
    assert first.priority.name == "P0"
    assert "No module named 'netra_backend.app.services.monitoring'" in first.cluster.title
    assert first.occurrences == 1
    titles = {symptom.title for symptom in first.symptoms}
    assert {"Reason: Worker failed to boot.", "Container called exit(3)."} <= titles
    # The line that announces the exception and its traceback are one event.
    announced = "Exception in worker process: RuntimeError"
    trace = next(s for s in first.symptoms if s.title.startswith(announced))
    assert (trace.count, trace.occurrences) == (6, 1)
    assert trace.location is not None
    assert str(trace.location).endswith("gcp_auth_context_middleware:23")
    assert {c.title for c in found.clusters} - titles - {first.cluster.title} == {
        "SERVICE_ID contained whitespace - sanitized from 'netra-backend\\n' to 'netra-backend'",
        "Sentry SDK not available - install sentry-sdk[fastapi] to enable error tracking",
    }


def crash(at: float, instance: str, revision: str = "svc-00612-abc") -> list[dict[str, Any]]:
    """A start that fails: error, traceback in three entries, boot failure, exit, failed probe."""
    where = {"instance": instance, "revision": revision}
    trace = [
        "Traceback (most recent call last):",
        '  File "/app/main.py", line 3, in <module>',
        "    import auth_service",
        "ModuleNotFoundError: No module named 'auth_service'",
    ]
    return [
        said("Setup failed: No module named 'auth_service'", "ERROR", at, **where),
        *(entry(line, None, at + 0.1 + i / 1000, **where) for i, line in enumerate(trace)),
        entry("[2025-09-14 03:00:00 +0000] [13] [ERROR] Reason: Worker failed to boot.", None,
              at + 0.4, **where),
        entry("Container called exit(3).", "WARNING", at + 0.5, log="varlog%2Fsystem", **where),
        request(503, "/health", at + 2, agent="GoogleHC/1.0", **where),
    ]  # fmt: skip


def test_fifteen_crashes_are_one_incident() -> None:
    entries = [e for i in range(15) for e in crash(10 * i, f"0069c7a9{i:04x}")]
    noise = [said("cache miss rate is high", "WARNING", i, instance="other") for i in range(5)]
    found = report(shuffled(entries + noise))
    assert _cards(found) == [("P0", 15), ("P4", 5)]
    card = found.cards[0]
    assert card.cluster.title == "Setup failed: No module named 'auth_service'"
    assert card.incident is not None
    assert card.incident.instances == 15
    assert {s.title for s in card.symptoms} == {
        "ModuleNotFoundError: No module named 'auth_service'",
        "Reason: Worker failed to boot.",
        "Container called exit(3).",
        "GET /health 503 (monitor)",
    }
    assert all(s.incident == card.incident.id for s in (card.cluster, *card.symptoms))


def test_a_cascade_over_payload_kinds_has_its_timeout_as_root() -> None:
    entries = [
        said("Database initialization timeout after 25.0s", "ERROR", 0),
        entry("Application startup failed. Exiting.", "ERROR", 1),
        entry("Container called exit(3).", "WARNING", 2, log="varlog%2Fsystem"),
        request(503, "/health", 3, agent="GoogleHC/1.0"),
    ]
    found = report(entries)
    assert _cards(found) == [("P0", 1)]
    assert found.cards[0].cluster.title.startswith("Database initialization timeout")
    assert len(found.cards[0].symptoms) == 3


def test_a_503_without_a_start_failure_stands_alone() -> None:
    found = report([request(503, "/health", i, agent="GoogleHC/1.0") for i in range(3)])
    assert _cards(found) == [("P1", 3)]
    assert not found.incidents


def test_an_error_that_is_there_all_day_is_not_the_cause_of_a_crash() -> None:
    steady = [said("403: upstream refused the order", "ERROR", 60 * i, instance="a")
              for i in range(100)]  # fmt: skip
    end = [said("disk gone", "ERROR", 3000, instance="a"),
           entry("Container called exit(1).", "WARNING", 3001, instance="a")]  # fmt: skip
    found = report(steady + end)
    assert found.cards[0].cluster.title == "disk gone"
    assert [s.title for s in found.cards[0].symptoms] == ["Container called exit(1)."]


def test_instances_that_write_in_another_order_have_the_same_crash() -> None:
    entries = []
    for i in range(6):
        first, second = (0.0, 0.2) if i % 3 else (0.2, 0.0)
        where = {"instance": f"i{i}", "revision": "svc-1"}
        entries += [
            said("database pool could not be opened", "ERROR", 60 * i + first, **where),
            said("settings could not be loaded", "ERROR", 60 * i + second, **where),
            entry("Container called exit(1).", "WARNING", 60 * i + 1, **where),
        ]
    found = report(shuffled(entries))
    assert _cards(found) == [("P0", 6)]
    assert found.cards[0].cluster.title == "database pool could not be opened"


def test_requests_that_fail_with_an_error_are_its_symptoms() -> None:
    entries = [said("steady", "WARNING", 30 * i) for i in range(40)]
    for i in range(5):
        entries += [
            request(500, "/checkout", 100 + 200 * i),
            said("cannot price the cart: rate table is empty", "ERROR", 100.3 + 200 * i),
        ]
    found = report(shuffled(entries))
    (incident,) = found.incidents
    card = next(c for c in found.cards if c.incident)
    assert card.cluster.title.startswith("cannot price the cart")
    assert [s.title for s in card.symptoms] == ["GET /checkout 500 (service)"]
    assert any("5 of 5 came within 1 s" in reason for reason in card.symptoms[0].reasons)
    assert incident.occurrences == 5


def test_what_merely_happens_at_the_same_time_is_not_joined() -> None:
    always = [said("upstream refused the order", "ERROR", i) for i in range(400)]
    requests = [request(500, "/checkout", 100 + 50 * i) for i in range(4)]
    elsewhere = [said("cannot price the cart", "ERROR", 100.2 + 50 * i, instance="other")
                 for i in range(4)]  # fmt: skip
    assert not report(shuffled(always + requests + elsewhere)).incidents


def test_a_clean_exit_is_no_crash() -> None:
    found = report([said("careful", "ERROR", 0),
                    entry("Container called exit(0).", "WARNING", 1)])  # fmt: skip
    assert not found.incidents


def test_what_kills_a_start_and_what_does_nothing() -> None:
    optional = said(
        "OpenTelemetry packages not available: No module named 'opentelemetry'", "WARNING", -600
    )
    found = report([*crash(0, "a"), optional])
    by_title = {card.cluster.title: card.priority.name for card in found.cards}
    assert by_title["Setup failed: No module named 'auth_service'"] == "P0"
    assert by_title[optional["jsonPayload"]["message"]] == "P7"


def test_one_cause_in_three_wordings_is_one_card() -> None:
    tail = "SessionMiddleware must be installed to access request.session"
    entries = [
        said(f"Failed to extract auth=REDACTED {tail}", "ERROR", 0),
        said(f"Unexpected error in session data extraction: {tail}", "ERROR", 1),
        said(f"Session access failed (middleware not installed?): {tail}", "WARNING", 2),
    ]
    found = report(entries)
    assert len(found.clusters) == 3
    assert _cards(found) == [("P4", 1)]


def test_unrelated_messages_of_one_logging_line_stay_apart() -> None:
    messages = [f"{word} went wrong in its own way" for word in
                ("alpha", "billing", "cart", "delivery", "export", "feed")]  # fmt: skip
    found = report([said(m, "WARNING", i) for i, m in enumerate(messages)])
    assert len(found.cards) == len(messages)
    assert all(c.location is None for c in found.clusters)


@pytest.mark.parametrize(
    ("entries", "priority"),
    [
        ([request(404, "/etc/passwd", i) for i in range(4)], "P6"),
        ([request(404, "/.git/config", agent="Mozilla/5.0 (compatible; Scanner/1.0)")], "P6"),
        ([request(403, "/ws", i, agent="Netra-E2E-Tests/1.0") for i in range(52)], "P6"),
        ([request(405, "/ws/beacon", agent="Mozilla/5.0 (Windows NT 10.0)", method="POST",
                  http={"referer": "https://app.example.org/chat"})], "P3"),
        ([request(403, "/ws", i, agent="Mozilla/5.0 (Windows NT 10.0)") for i in range(4)], "P1"),
        ([said("GOLDEN PATH AUTH=REDACTED permissive authentication", "CRITICAL", i)
          for i in range(40)] + [request(200, "/ws", i) for i in range(40)], "P6"),
        ([said("AGENT_NOT_FOUND: Critical agent missing from registry - user request will fail",
               "CRITICAL")], "P1"),
        ([said("SERVICE_SECRET=REDACTED found in config or environment - auth=REDACTED fail",
               "ERROR")], "P1"),
        ([said(CREATED, "WARNING", i) for i in range(5)], "P3"),
        ([said("SERVICE_ID contained whitespace - sanitized from 'a\\n' to 'a'", "WARNING")], "P4"),
        ([said("'Session' object has no attribute 'configure'", "ERROR", i) for i in range(3)], "P2"),
        ([said("Memory limit of 512 MiB exceeded with 540 MiB used.", "ERROR")], "P1"),
        ([entry(None, "NOTICE", protoPayload={"methodName": "google.cloud.run.v1.Services.ReplaceService",
                "resourceName": "namespaces/p/services/s"})], None),
        ([said("first warning of its kind", "WARNING")], "P5"),
        ([said("again and again", "WARNING", i) for i in range(3)], "P4"),
    ],
)  # fmt: skip
def test_priorities_of_the_kinds_that_recur(
    entries: list[dict[str, Any]], priority: str | None
) -> None:
    found = report(entries)
    assert (found.cards[0].priority.name if found.cards else None) == priority


def test_the_same_user_again_is_said() -> None:
    found = report([said(CREATED, "WARNING", i) for i in range(5)])
    assert "the same user again: 10812417..." in found.clusters[0].reasons


def test_every_priority_has_reasons(cloud_run: list[Entry]) -> None:
    found = report(cloud_run, window=MONTH)
    assert all(c.reasons and all(c.reasons) for c in found.clusters)


# --- tracebacks ----------------------------------------------------------------------------------

_TRACE = [
    "Traceback (most recent call last):",
    '  File "/app/shop/cart.py", line 12, in total',
    "    price(item)",
    '  File "/app/shop/prices.py", line 40, in price',
    "    return table[item]",
    "KeyError: 'lamp'",
]


def test_a_traceback_in_one_entry_or_in_many_is_the_same_cluster() -> None:
    whole = [entry("\n".join(_TRACE), None, 0)]
    split = [entry(line, None, 60 + i / 1000) for i, line in enumerate(_TRACE)]
    found = report(shuffled(whole + split))
    assert len(found.clusters) == 1
    cluster = found.clusters[0]
    assert (cluster.count, cluster.occurrences) == (7, 2)
    assert cluster.title == "KeyError: 'lamp'"
    assert str(cluster.location) == "shop.prices:40"
    assert cluster.severity is Severity.ERROR
    assert "shop/cart.py" in str(cluster.sample["textPayload"])


def test_two_instances_crashing_at_once_are_not_mixed() -> None:
    entries = [
        entry(line, None, i / 1000, instance=instance)
        for i, line in enumerate(_TRACE)
        for instance in ("a", "b")
    ]
    found = report(shuffled(entries))
    assert [(c.count, c.occurrences) for c in found.clusters] == [(12, 2)]


def test_two_tracebacks_in_a_row_are_two_occurrences() -> None:
    lines = _TRACE + _TRACE
    found = report([entry(line, None, i / 1000) for i, line in enumerate(lines)])
    assert [(c.count, c.occurrences) for c in found.clusters] == [(12, 2)]


def test_the_same_exception_from_another_place_is_another_problem() -> None:
    other = [line.replace("prices.py", "tax.py").replace("in price", "in tax") for line in _TRACE]
    found = report([entry("\n".join(_TRACE)), entry("\n".join(other))])
    assert len(found.clusters) == 2


def test_a_moved_line_is_the_same_problem() -> None:
    moved = [line.replace("line 40", "line 47") for line in _TRACE]
    found = report([entry("\n".join(_TRACE)), entry("\n".join(moved), None, 60)])
    assert [(c.count, c.occurrences) for c in found.clusters] == [(2, 2)]


def test_indented_text_that_is_no_traceback_is_a_message() -> None:
    found = report([entry("   - Local: http://localhost:3000", None, 0)], severity=Severity.DEFAULT)
    assert found.clusters[0].title == "- Local: http://localhost:3000"
    assert found.clusters[0].severity is Severity.DEFAULT


def test_java_and_node_tracebacks_have_their_own_frame() -> None:
    java = (
        "java.lang.IllegalStateException: no stock\n"
        "\tat org.springframework.web.Dispatcher.run(Dispatcher.java:1)\n"
        "\tat com.acme.shop.Cart.total(Cart.java:12)\n"
        "Caused by: java.io.IOException: gone\n\t... 3 more"
    )
    node = (
        "TypeError: Cannot read properties of undefined (reading 'price')\n"
        "    at total (/app/src/cart.js:10:5)\n    at node:internal/process:1:2"
    )
    found = {c.title: str(c.location) for c in report([entry(java), entry(node)]).clusters}
    assert found == {
        "java.lang.IllegalStateException: no stock, caused by java.io.IOException: gone": (
            "com.acme.shop.Cart:12"
        ),
        "TypeError: Cannot read properties of undefined (reading 'price')": "src/cart.js:10",
    }


@pytest.mark.parametrize(
    ("lines", "title", "where"),
    [
        (
            [
                "panic: runtime error: invalid memory address or nil pointer dereference",
                "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x6f1a2b]",
                "goroutine 34 [running]:",
                "github.com/acme/api.(*Handler).Balance(0xc000123456, {0x7f12, 0xc0})",
                "\t/src/api/balance.go:57 +0x1d4",
                "created by net/http.(*Server).Serve in goroutine 1",
                "\t/usr/local/go/src/net/http/server.go:3086 +0x5cb",
            ],
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "/src/api/balance.go:57",
        ),
        (
            [
                "TypeError: Cannot read properties of undefined (reading 'reduce')",
                "    at computeTotal (/app/src/routes/cart.js:88:30)",
                "    at async /app/src/routes/cart.js:41:19",
            ],
            "TypeError: Cannot read properties of undefined (reading 'reduce')",
            "src/routes/cart.js:88",
        ),
        (
            [
                'Exception in thread "main" a.BadException: no rows',
                "\tat com.acme.Application.main(Application.java:14)",
                "Caused by: b.SQLException: empty",
                "\tat com.zaxxer.hikari.pool.HikariPool.get(HikariPool.java:696)",
                "\tat com.acme.Proxy$$SpringCGLIB$$0.find(<generated>)",
                "\tat com.acme.Invoices.find(Invoices.java:33)",
                "\t... 17 more",
            ],
            'Exception in thread "main" a.BadException: no rows, caused by b.SQLException: empty',
            "com.acme.Invoices:33",
        ),
    ],
    ids=["go", "node", "java"],
)
def test_a_crash_of_another_language_line_by_line_is_one_cluster_too(
    lines: list[str], title: str, where: str
) -> None:
    whole = [entry("\n".join(lines), None, 0)]
    split = [entry(line, None, 60 + i / 1000) for i, line in enumerate(lines)]
    found = report(shuffled(whole + split))
    (cluster,) = found.clusters
    assert (cluster.count, cluster.occurrences) == (1 + len(lines), 2)
    assert (cluster.title, str(cluster.location)) == (title, where)


def test_what_a_logger_and_its_traceback_both_say_is_told_once() -> None:
    stack = "Error: connect ECONNREFUSED\n    at open (/app/src/db.js:3:5)"
    found = report([entry(f"cache unavailable\n{stack}")])
    assert found.clusters[0].title == "cache unavailable: Error: connect ECONNREFUSED"
    served = (
        "http: panic serving 10.0.0.1:80: oh\ngoroutine 8 [running]:\nmain.put(0xc0)\n\t/a.go:9"
    )
    assert report([entry(served)]).clusters[0].title == "http: panic serving 10.0.0.1:80: oh"


def test_the_exception_is_the_root_not_the_line_that_announces_it() -> None:
    entries = [entry(line, None, 0.01 + i / 1000) for i, line in enumerate(_TRACE)]
    entries.append(entry("Exception in worker process", "ERROR", 0))
    end = entry("Container called exit(3).", "WARNING", 0.5, log="varlog%2Fsystem")
    found = report(shuffled([*entries, end]))
    (incident,) = found.incidents
    titles = {c.id: c.title for c in found.clusters}
    assert titles[incident.root] == "KeyError: 'lamp'"
    assert {titles[c] for c in incident.symptoms} == {
        "Exception in worker process",
        "Container called exit(3).",
    }


def test_ends_that_nothing_explains_take_no_end_from_a_crash_that_is_explained() -> None:
    explained = [
        e
        for i in range(3)
        for e in (
            entry("panic: no rows", None, 60 * i, instance=f"a{i}"),
            entry("Container called exit(3).", "WARNING", 60 * i + 0.1, instance=f"a{i}"),
        )
    ]
    bare = [
        e
        for i in range(2)
        for e in (
            entry("Container called exit(3).", "WARNING", 60 * i, instance=f"b{i}"),
            entry("Default STARTUP TCP probe failed 1 time", "ERROR", 60 * i + 1, instance=f"b{i}"),
        )
    ]
    found = report(shuffled(explained + bare))
    (incident,) = found.incidents
    titles = {c.id: c.title for c in found.clusters}
    assert titles[incident.root] == "panic: no rows"
    assert [titles[c] for c in incident.symptoms] == ["Container called exit(3)."]


def test_the_title_of_a_request_names_who_asked_though_its_ids_are_cut() -> None:
    path = "/users/1f836f99-7dec-11d0-a765-00a0c91e6bf6/orders/7"
    browser = "Mozilla/5.0 (Macintosh) Chrome/126.0"
    found = report([request(500, path, agent=browser)])
    assert found.clusters[0].title == "GET /users/<*>/orders/<*> 500 (browser)"
    probe = report([request(500, "/static/../../etc", agent=browser)])
    assert probe.clusters[0].title.endswith("(scanner)")


def test_a_push_of_pubsub_comes_from_a_service() -> None:
    found = report([request(500, "/push", agent="CloudPubSub-Google")])
    assert found.clusters[0].title == "GET /push 500 (service)"


def test_a_file_that_each_build_names_anew_is_one_route() -> None:
    browser = "Mozilla/5.0 (Macintosh) Chrome/126.0"
    names = ["app.6967e789.js", "app.adbc6092.js", "app.009e8a7f.js"]
    found = report([request(404, f"/static/{name}", agent=browser) for name in names])
    assert [c.count for c in found.clusters] == [3]
    assert (
        report([request(404, "/main.bundle.js", agent=browser)])
        .clusters[0]
        .title.startswith("GET /main.bundle.js 404")
    )


def test_a_key_in_an_exceptions_words_is_gone_from_the_template_too() -> None:
    key = (
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZX\nYnnFmk\n-----END OPENSSH PRIVATE KEY"
    )
    stack = f"cannot sign\nError: {key}-----\n    at sign (/app/src/sign.js:3:5)"
    found = report([entry(stack)])
    assert "YnnFmk" not in str(found)
    assert "b3Blbn" not in str(found)


# --- coverage ------------------------------------------------------------------------------------


def test_duplicates_need_an_insert_id() -> None:
    one = said("x")
    bare = {k: v for k, v in said("y").items() if k != "insertId"}
    found = report([one, one, dict(one), bare, bare])
    assert found.coverage.duplicates == 2
    assert sorted(c.count for c in found.clusters) == [1, 2]
    assert {m for c in found.clusters for m in c.members} == {one["insertId"], "line:4", "line:5"}


def test_the_window_is_half_open() -> None:
    window = Window(START, START + HOUR)
    found = report([said("x", at=0), said("x", at=3600), said("x", at=-1)], window=window)
    assert (found.coverage.clustered, found.coverage.outside_window) == (1, 2)


def test_without_any_time_an_entry_is_clustered_and_out_of_the_histogram() -> None:
    bare = {k: v for k, v in said("x").items() if k != "timestamp"}
    received = {**bare, "insertId": "r", "receiveTimestamp": rfc3339.show(START)}
    found = report([bare, received])
    (cluster,) = found.clusters
    assert (cluster.count, sum(cluster.histogram)) == (2, 1)
    assert cluster.first_seen == cluster.last_seen == START


def test_a_files_own_span_is_the_window() -> None:
    found = report([said("x", at=0), said("y", at=7200)], window=EVERYTHING)
    assert found.window == Window(START, START + 2 * HOUR + 1)
    assert found.coverage.complete


def test_the_empty_message_is_a_cluster_of_its_own() -> None:
    found = report([said("Connection failed: ", "ERROR"), said("Connection failed: timed out", "ERROR"),
                    said("Connection failed: ", "ERROR", 2)])  # fmt: skip
    assert sorted(c.count for c in found.clusters) == [1, 2]


_hostile = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["*bold* <!channel> & `x`", "a" * 70_000, "%s" * 999, '{"a": ' * 500, "\x00\xff"]
    ),
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            _hostile, st.sampled_from(["ERROR", "WARNING", "INFO", None]), st.integers(0, 50)
        ),
        max_size=25,
    ),
    st.integers(1, 9),
    st.randoms(),
)
def test_whatever_the_words_order_and_pages_do_not_matter(
    lines: list[tuple[str, str | None, int]], page: int, random: Any
) -> None:
    entries = [entry(text, severity, at) for text, severity, at in lines]
    first = report(entries)
    assert first.coverage.read == len(entries)
    assert first.coverage.clustered + first.coverage.below_severity == len(entries)
    random.shuffle(entries)
    again = report(entries, page=page)
    assert _whole(again)["clusters"] == _whole(first)["clusters"]
