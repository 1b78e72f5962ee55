"""Incidents: what belongs together by trace, by time, by instance and by service; and what not."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.clusters.clusters import clusters
from bot.core.clusters.incidents import incidents
from bot.core.entries.json_rows import of_json
from bot.core.entries.traces import NO_TRACE, TRACE_FORMS, trace_of
from bot.core.model.report import Report
from bot.core.model.values import Severity, Window
from bot.core.rollup.intake import Intake
from bot.core.rollup.rollup import Rollup
from bot.core.text.access_lines import route
from bot.core.text.last_words import LAST_WORDS, says_failure
from bot.core.text.platform_reasons import REASONS
from bot.core.text.process_ends import END_LINES, Means, is_end, says_not_ready
from bot.core.text.slow_workers import TIMEOUT_LINES
from bot.core.triage.rules_process import NOT_STARTED
from tests.core.logs import Entry, entry, report, request, said, shuffled

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0"
SERVICE_LINE = (
    "Ready condition status changed to False for Service {} with message: The user-provided "
    "container failed to start and listen on the port defined provided by the PORT=8080"
)


def trace(number: int) -> dict[str, str]:
    return {"trace": f"projects/p/traces/{number:032x}"}


def exits(code: int, at: float, **where: str) -> Entry:
    return entry(f"Container called exit({code}).", "WARNING", at, log="varlog%2Fsystem", **where)


def not_ready(at: float, service: str = "shop") -> Entry:
    made = entry(None, "ERROR", at, service=service, revision="", log="system_event", protoPayload={
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "methodName": "/Services.ReplaceService",
        "resourceName": f"namespaces/p/services/{service}",
        "status": {"code": 9, "message": SERVICE_LINE.format(service)},
    })  # fmt: skip
    del made["labels"]
    return made


def under(found: Report) -> dict[str, str]:
    """The title of each symptom → that of its root."""
    title = {cluster.id: cluster.title for cluster in found.clusters}
    return {title[s]: title[i.root] for i in found.incidents for s in i.symptoms}


# --- traces ---------------------------------------------------------------------------------------


def test_an_equal_trace_ties_requests_of_all_routes_to_their_error() -> None:
    entries = []
    for i, path in enumerate(["/api/a", "/api/b", "/api/c"]):
        entries.append(said("ledger is closed", "ERROR", 9 * i, **trace(i)))
        entries.append(request(500, path, 9 * i + 1, agent=BROWSER, **trace(i)))
    found = report(shuffled(entries))
    (card,) = found.cards
    assert card.cluster.title == "ledger is closed"
    assert card.priority.name == "P1"
    assert len(card.symptoms) == 3
    assert "3 requests failed with it: GET /api/a, GET /api/b, GET /api/c" in card.cluster.notes


def test_other_traces_are_not_tied_however_near_in_time() -> None:
    entries = []
    for i in range(5):
        entries.append(said("ledger is closed", "ERROR", 60 * i, **trace(i)))
        entries.append(request(500, "/api/a", 60 * i + 0.01, **trace(100 + i)))
    assert not report(entries).incidents


def test_what_is_logged_in_requests_that_succeed_makes_none_fail() -> None:
    entries = [request(500, "/api/a", 1, **trace(1))]
    entries += [said("metrics exporter is away", "ERROR", i, **trace(i)) for i in range(1, 9)]
    assert not report(entries).incidents


def test_without_traces_each_failure_just_after_the_error_is_tied() -> None:
    entries = [said("steady", "WARNING", 30 * i) for i in range(20)]
    for i in range(2):
        entries.append(said("ledger is closed", "ERROR", 100 + 200 * i))
        entries.append(request(500, "/api/a", 100.02 + 200 * i))
    assert under(report(shuffled(entries))) == {"GET /api/a 500 (service)": "ledger is closed"}


@pytest.mark.parametrize("form", TRACE_FORMS, ids=lambda form: form.name)
def test_forms_of_traces(form: Any) -> None:
    assert trace_of(form.example) != NO_TRACE
    assert trace_of(form.counter) == NO_TRACE


@pytest.mark.parametrize(
    "more",
    [
        {"trace": "projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736"},
        {"jsonPayload": {"m": 1, "traceId": "4bf92f3577b34da6a3ce929d0e0e4736"}},
        {"jsonPayload": {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},
        {"textPayload": 'x trace_id=4bf92f3577b34da6a3ce929d0e0e4736 "'},
        {"jsonPayload": {"x-cloud-trace-context": "4bf92f3577b34da6a3ce929d0e0e4736/12;o=1"}},
    ],
)
def test_one_trace_however_it_is_named(more: dict[str, Any]) -> None:
    entries = [{**entry(None, "ERROR", 1), **more} for _ in range(1)]
    rollup = _counted([entries])
    (draft,) = clusters(rollup.stitched())
    same = trace_of(b'"trace": "projects/q/traces/4bf92f3577b34da6a3ce929d0e0e4736"')
    assert set(draft.tally.traces) == {same}
    assert trace_of(json.dumps(more).encode()) == same


# --- the end of a process -------------------------------------------------------------------------


def test_the_last_line_without_a_level_is_the_root_of_the_crash() -> None:
    where = {"service": "shop", "revision": "shop-1", "instance": "i1"}
    entries = [
        entry("2026/05/04 10:00:00 starting shop", None, 0, **where),
        entry("2026/05/04 10:00:01 listen: no port is configured", None, 1, **where),
        exits(1, 1.2, **where),
        not_ready(1.5),
    ]
    found = report(shuffled(entries))
    (card,) = found.cards
    assert card.cluster.title == "listen: no port is configured"
    assert card.priority.name == "P0"
    assert found.coverage.below_severity == 1
    assert found.coverage.read == found.coverage.clustered + 1


def test_a_process_that_says_nothing_of_failure_has_no_root_but_its_end() -> None:
    entries = [
        entry("compiled with 0 errors", None, 0),
        entry("ErrorBoundary mounted", None, 0.5),
        exits(1, 1),
    ]
    (card,) = report(entries).cards
    assert card.cluster.title == "Container called exit(1)."


def test_a_later_line_is_looked_at_even_with_thousands_before_it() -> None:
    entries = [entry(f"served {i} items", None, i / 100) for i in range(3_000)]
    entries += [entry("no such table: carts", None, 30.1), exits(2, 30.2)]
    (card,) = report(shuffled(entries), page=700).cards
    assert card.cluster.title == "no such table: carts"


def test_the_lines_that_follow_the_cause_at_once_belong_to_it() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "/app/config.py", line 58, in <module>',
        "    settings = Settings()",
        "pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings",
        "DATABASE_URL",
        "  Field required [type=missing, input_value={}, input_type=dict]",
        "ENCRYPTION_KEY",
        "  Field required [type=missing, input_value={}, input_type=dict]",
    ]
    entries = [entry(line, None, 1 + i / 100_000) for i, line in enumerate(lines)]
    entries += [entry("INFO: bye", None, 1.001), entry("served 3 items", None, 1.002), exits(1, 2)]
    (card,) = report(shuffled(entries)).cards
    assert card.cluster.title.endswith("2 validation errors for Settings")
    assert "DATABASE_URL" in (card.cluster.cause or "")
    assert "ENCRYPTION_KEY" in (card.cluster.cause or "")
    assert "bye" not in str(card.cluster.sample)


def test_a_start_report_of_many_entries_names_its_description() -> None:
    lines = ["", "*" * 27, "APPLICATION FAILED TO START", "*" * 27, "", "Description:", "",
             "Parameter 0 of constructor in shop.Carts required a bean of type 'shop.Till'.",
             "", "Action:", "", "Consider defining a bean of type 'shop.Till'."]  # fmt: skip
    entries = [entry(n, None, 1 + i / 100_000, log="stdout") for i, n in enumerate(lines)]
    (card,) = report(shuffled([*entries, exits(1, 2)])).cards
    assert card.cluster.title.startswith("Parameter 0 of constructor in shop.Carts required a bean")
    assert card.priority.name == "P0"


def test_exits_of_two_services_and_with_two_codes_are_four_problems() -> None:
    entries = [
        exits(code, 500 * code + 100 * i, service=name, revision=f"{name}-1", instance=f"i{code}")
        for code in (1, 3)
        for i, name in enumerate(["shop", "mail"])
    ]
    assert len(report(shuffled(entries)).cards) == 4


def test_the_platform_tells_of_the_crash_of_its_own_service_only() -> None:
    where = {"service": "shop", "revision": "shop-1", "instance": "i1"}
    entries = [
        said("no ledger is configured", "ERROR", 0, **where),
        exits(1, 1, **where),
        not_ready(2, "shop"),
        not_ready(2, "mail"),
    ]
    found = report(shuffled(entries))
    assert len(found.cards) == 2
    tied = [title for title in under(found) if "services/shop" in title]
    assert len(tied) == 1


def test_a_message_that_ended_one_instance_alone_belongs_to_the_many() -> None:
    entries: list[Entry] = []
    for i in range(36):
        where = {"revision": "r-1", "instance": f"i{i}"}
        entries += [
            said("no module is called ledger", "ERROR", 200 * i, **where),
            said("worker could not boot", "ERROR", 200 * i + 0.2, **where),
            exits(3, 200 * i + 0.4, **where),
        ]
    alone = {"revision": "r-1", "instance": "alone"}
    entries += [said("worker could not boot", "ERROR", 8_000, **alone), exits(3, 8_000.2, **alone)]
    (card,) = report(shuffled(entries)).cards
    assert card.cluster.title == "no module is called ledger"
    assert card.occurrences == 37


def test_a_worker_that_took_too_long_is_one_problem() -> None:
    entries: list[Entry] = []
    for i in range(3):
        entries += [
            said(f"WORKER TIMEOUT (pid:{i + 7})", "CRITICAL", 60 * i),
            said(
                f"Worker (pid:{i + 7}) was sent SIGKILL! Perhaps out of memory?",
                "ERROR",
                60 * i + 1,
            ),
            request(500, "/predict", 60 * i + 1),
        ]
    (card,) = report(shuffled(entries)).cards
    assert card.cluster.title.startswith("WORKER TIMEOUT")
    assert len(card.symptoms) == 2
    assert all("leak" not in (cluster.cause or "") for cluster in (card.cluster, *card.symptoms))


@pytest.mark.parametrize("line", TIMEOUT_LINES, ids=lambda line: line.server)
def test_servers_that_end_a_worker(line: Any) -> None:
    assert line.find.search(line.example)
    assert not line.find.search(line.counter)


@pytest.mark.parametrize("line", END_LINES, ids=lambda line: line.says[:30])
def test_sentences_about_an_end(line: Any) -> None:
    for means, says in (
        (Means.ENDED, is_end),
        (Means.NOT_READY, says_not_ready),
        (Means.NOT_STARTED, lambda text: NOT_STARTED(text.lower())),
    ):
        assert says(line.example) or means not in line.means
        assert not says(line.counter)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.says[:30])
def test_reasons_of_the_platform(reason: Any) -> None:
    assert re.search(reason.says, reason.example.lower())
    assert not any(re.search(row.says, reason.counter.lower()) for row in REASONS)


@pytest.mark.parametrize("form", LAST_WORDS, ids=lambda form: form.name)
def test_last_words(form: Any) -> None:
    assert form.find.search(form.example)
    assert not form.find.search(form.counter)


@pytest.mark.parametrize(
    "text", ["0 errors", "error_rate=0", "ErrorBoundary mounted", "no failures", "npm notice"]
)
def test_what_only_names_errors_says_no_failure(text: str) -> None:
    assert not says_failure(text)


# --- requests -------------------------------------------------------------------------------------


def test_who_called_is_a_figure_of_a_server_error_but_not_of_a_refusal() -> None:
    agents = [BROWSER, "python-httpx/0.28", BROWSER]
    entries = [request(500, "/pay", 50 * i, agent=agent) for i, agent in enumerate(agents)]
    entries += [request(403, "/pay", 50 * i, agent=agent) for i, agent in enumerate(agents)]
    found = report(shuffled(entries))
    titles = sorted(cluster.title for cluster in found.clusters)
    assert titles == ["GET /pay 403 (browser)", "GET /pay 403 (service)", "GET /pay 500"]
    failed = next(cluster for cluster in found.clusters if cluster.title == "GET /pay 500")
    assert (failed.count, failed.priority.name) == (3, "P1")
    assert "Called by: browser 2, service 1" in failed.notes


def test_a_request_in_two_logs_is_counted_once() -> None:
    entries: list[Entry] = []
    for i in range(3):
        entries.append(request(500, "/api/total", 20 * i, agent=BROWSER))
        line = '169.254.8.129 - - [04/May/2026:10:00:08 +0000] "GET /api/total HTTP/1.1" 500 145'
        entries.append(entry(f'{line} "-" "{BROWSER}"', None, 20 * i, log="stdout"))
    (card,) = report(shuffled(entries)).cards
    assert card.occurrences == 3


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("/api/baskets/x101/total", "/api/baskets/<*>/total"),
        ("/api/baskets/abc100", "/api/baskets/<*>"),
        ("/q7", "/<*>"),
        ("/orders/ORD-17/lines", "/orders/<*>/lines"),
        ("/api/v1/users", "/api/v1/users"),
        ("/oauth2/token", "/oauth2/token"),
        ("/v1beta1/models", "/v1beta1/models"),
        ("/checkout/step-2", "/checkout/step-2"),
        ("/i18n/de", "/i18n/de"),
    ],
)
def test_ids_that_mix_letters_and_digits_are_values_of_a_route(path: str, masked: str) -> None:
    assert route(path) == masked


def test_a_callers_broken_body_is_no_fault_of_the_service() -> None:
    text = "SyntaxError: Unexpected token 'b', \"{b\" is not valid JSON"
    entries: list[Entry] = []
    for i in range(4):
        entries.append(said(text, "ERROR", 30 * i, **trace(i)))
        entries.append(request(400, "/api/orders", 30 * i, method="POST", **trace(i)))
    (card,) = report(shuffled(entries)).cards
    assert card.priority >= 3
    assert card.cluster.cause is not None
    assert card.cluster.cause.startswith("Likely a caller's body is no valid JSON")


def test_the_same_error_answered_with_500_is_the_services_own() -> None:
    text = "SyntaxError: Unexpected token 'b', \"{b\" is not valid JSON"
    entries: list[Entry] = []
    for i in range(4):
        entries.append(said(text, "ERROR", 30 * i, **trace(i)))
        entries.append(request(500, "/api/orders", 30 * i, method="POST", **trace(i)))
    (card,) = report(entries).cards
    assert card.priority <= 2


# --- in any order ---------------------------------------------------------------------------------


def _counted(parts: list[list[Entry]]) -> Rollup:
    whole = Rollup(Severity.WARNING)
    for part in parts:
        rollup = Rollup(Severity.WARNING)
        intake = Intake(Window(-(2**62), 2**62), rollup)
        intake.add(of_json(part, range(len(part))))
        intake.flush()
        whole.merge(rollup)
    return whole


@st.composite
def _served(draw: st.DrawFn) -> list[Entry]:
    made: list[Entry] = []
    for _ in range(draw(st.integers(1, 20))):
        where = {"instance": f"i{draw(st.integers(0, 2))}"}
        at = draw(st.integers(0, 40)) / 8
        kind = draw(st.integers(0, 4))
        if kind == 0:
            path = draw(st.sampled_from(["/a", "/b", "/c/x17"]))
            made.append(request(draw(st.sampled_from([200, 400, 500])), path, at, **where))
        elif kind == 1:
            made.append(exits(draw(st.integers(0, 3)), at, **where))
        else:
            words = draw(st.sampled_from(["ledger is closed", "no such table", "served", "boom"]))
            level = draw(st.sampled_from([None, "INFO", "WARNING", "ERROR"]))
            made.append(entry(words, level, at, **where))
        if draw(st.booleans()):
            made[-1].update(trace(draw(st.integers(0, 3))))
    return made


@settings(max_examples=60, deadline=None)
@given(_served(), st.lists(st.integers(0, 20), max_size=4), st.randoms())
def test_merging_in_any_order_gives_the_same_incidents(
    entries: list[Entry], cuts: list[int], rng: random.Random
) -> None:
    def found(rollup: Rollup) -> Any:
        final = rollup.stitched()
        drafts = clusters(final)
        return [(d.id, d.tally.count, d.tally.traces) for d in drafts], incidents(
            drafts, final.place_spans
        )

    expected = found(_counted([entries]))
    rng.shuffle(entries)
    ends = sorted({0, len(entries), *(min(cut, len(entries)) for cut in cuts)})
    parts = [entries[a:b] for a, b in pairwise(ends)]
    assert found(_counted(parts)) == expected
