"""Reading one entry: its words, its level, its place."""

from __future__ import annotations

import pytest

from bot.core.entries import understand as entries
from bot.core.entries.json_message import ERRORS, TRACE_PATHS, message_only, of_payload
from bot.core.entries.understand import judged_by_words, location
from bot.core.model.values import Location, Severity
from bot.core.text.level_form import HeaderForm
from bot.core.text.level_forms import FORMS
from bot.core.text.level_headers import header, plain
from tests.core.logs import (
    Entry,
    entry,
    report,
    request,
    said,
)


def _level(text: str) -> Severity:
    return entries.Reader().read(entry(text)).severity


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_each_header_form_matches_its_example(form: HeaderForm) -> None:
    assert form.pattern.match(form.example)
    assert form.holds in form.example


@pytest.mark.parametrize(
    ("text", "severity", "words"),
    [
        ("2025-09-07 13:22:49 - app.db - ERROR - Session error", "ERROR", "Session error"),
        ("2025-09-07 13:22:49,123 - svc - app.db - WARNING - slow", "WARNING", "slow"),
        (
            ("\x1b[32m2025-08-28 00:20:14.597\x1b[0m | \x1b[31m\x1b[1mERROR   \x1b[0m | "
            "\x1b[36mapp.core\x1b[0m:\x1b[36memit\x1b[0m:\x1b[36m202\x1b[0m | \x1b[31mfailed\x1b[0m"),
            "ERROR",
            "failed",
        ),
        ("[2025-09-16 00:42:46 +0000] [13] [ERROR] Worker failed to boot.", "ERROR",
         "Worker failed to boot."),
        ("INFO:     Application startup complete.", "INFO", "Application startup complete."),
        ("ERROR: could not connect", "ERROR", "ERROR: could not connect"),
        ("2025-09-12T10:00:00.123Z  WARN 1 --- [main] c.example.App : slow", "WARNING", "slow"),
        ('time=2025-09-12T10:00:00Z level=error msg="cannot listen"', "ERROR", "cannot listen"),
        ("E0912 10:00:00.123456       1 server.go:42] cannot listen", "ERROR", "cannot listen"),
        ("[Nest] 1  - 11/19/2026, 5:01:35 PM   ERROR [Exceptions] no user", "ERROR",
         "[Exceptions] no user"),
        ("\x1b[31merror\x1b[39m: cannot connect", "ERROR", "error: cannot connect"),
        ("warn: slow", "WARNING", "warn: slow"),
        ("npm ERR! code ELIFECYCLE", "ERROR", "npm ERR! code"),
        ("FATAL ERROR: Reached heap limit", "CRITICAL", "FATAL ERROR: Reached heap limit"),
        ("errors: none", "DEFAULT", "errors: none"),
        (("PrismaClientKnownRequestError: \nInvalid `user.create()`\n\nUnique failed\n"
         "    at f (/app/a.js:1:2)"), "ERROR",
         "PrismaClientKnownRequestError: Invalid `user.create()` Unique failed"),
        ('169.254.169.126:13826 - "GET /api/x HTTP/1.1" 404', "WARNING", "GET /api/x 404"),
        ('169.254.169.126:13826 - "GET /api/x HTTP/1.1" 500', "ERROR", "GET /api/x 500"),
        ('169.254.169.126:13826 - "GET /api/x HTTP/1.1" 200', "INFO", "GET /api/x 200"),
        ('Traceback (most recent call last):\n  File "/app/a.py", line 1, in f\nKeyError: 1',
         "ERROR", "KeyError: 1"),
        ("nothing says how bad this is", "DEFAULT", "nothing says how bad this is"),
    ],
)  # fmt: skip
def test_level_and_words_of_a_text(text: str, severity: str, words: str) -> None:
    assert _level(text).name == severity
    assert entries.title(entry(text)).startswith(words)


def test_the_entrys_own_severity_wins() -> None:
    made = entry("2025-09-07 13:22:49 - app.db - ERROR - x", severity="NOTICE")
    assert entries.Reader().read(made).severity is Severity.NOTICE


def test_an_error_object_inside_an_info_entry_changes_nothing() -> None:
    made = entry(None, "INFO", jsonPayload={
        "message": "loaded", "error": {"message": "Missing field", "severity": "ERROR"}})  # fmt: skip
    found = entries.Reader().read(made)
    assert found.severity is Severity.INFO
    assert entries.title(made) == "loaded"


@pytest.mark.parametrize(
    ("payload", "title"),
    [
        ({"msg": "not saved", "error": "pq: too late"}, "not saved: pq: too late"),
        ({"message": "not saved", "error": "pq: too late"}, "not saved: pq: too late"),
        ({"msg": "not saved", "err": "dial tcp: no"}, "not saved: dial tcp: no"),
        ({"msg": "not saved", "err": {"message": "gone"}}, "not saved: gone"),
        ({"msg": "not saved: no", "error": "no"}, "not saved: no"),
        ({"msg": "not saved", "error": ""}, "not saved"),
        (
            {"msg": "not saved", "error": "too late",
             "stacktrace": "acme/store.(*Ledger).Commit\n\t/src/store/ledger.go:214"},
            "not saved: too late",
        ),
    ],
)  # fmt: skip
def test_the_error_beside_a_message_is_told_with_it(payload: dict[str, object], title: str) -> None:
    assert entries.title(entry(None, "ERROR", jsonPayload=payload)) == title


@pytest.mark.parametrize(
    ("payload", "severity"),
    [
        ({"level": "error", "msg": "x"}, "ERROR"),
        ({"level": 50, "msg": "x"}, "ERROR"),
        ({"levelname": "WARNING", "message": "x"}, "WARNING"),
        ({"severity": "CRITICAL", "message": "x"}, "CRITICAL"),
    ],
)
def test_a_json_payload_may_tell_its_level(payload: dict[str, object], severity: str) -> None:
    found = entries.Reader().read(entry(None, jsonPayload=payload))
    assert found.severity.name == severity


def test_location_of_a_logging_library_is_none() -> None:
    assert entries.location(said("x")) is None
    assert entries.location(entry(None, "ERROR", jsonPayload={
        "labels": {"module": "app.routes.ws", "function": "loop", "line": "1619"},
        "message": "x"})) == Location("app.routes.ws", "loop", 1619)  # fmt: skip


def test_location_from_the_source_location_and_a_traceback() -> None:
    source = entry("x", "ERROR", sourceLocation={"file": "a/b.go", "line": "7", "function": "f"})
    assert entries.location(source) == Location("a/b.go", "f", 7)
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/app/shop/cart.py", line 12, in total\n    x()\n'
        '  File "/usr/local/lib/python3.11/site-packages/lib/api.py", line 3, in x\n    raise\n'
        "ValueError: bad"
    )
    assert entries.location(entry(trace)) == Location("shop.cart", "total", 12)


def test_the_first_hundred_characters_stay_the_messages_own() -> None:
    message = (
        "[LEGACY MODE] Message loop error: Invalid message type 'legacy_response': " + "x" * 400
    )
    assert entries.title(said(message))[:100] == message[:100]


def test_request_entries_with_and_without_text() -> None:
    bare = request(503, "/health")
    told = request(
        503, "/health", textPayload="The request failed because the instance could not start"
    )
    reader = entries.Reader()
    assert reader.read(bare).key != reader.read(told).key
    assert "could not start" in entries.title(told)
    assert entries.title(bare).startswith("GET /health 503")


def test_colours_and_control_characters_are_gone() -> None:
    assert plain("\x1b[31mred\x1b[0m [32mgreen[0m \x07 \u202eabc") == "red green  abc"
    assert header(plain("\x1b[32m[ERROR]\x1b[0m x")).severity is Severity.ERROR


@pytest.mark.parametrize(
    "odd",
    [
        {"textPayload": None},
        {"jsonPayload": None},
        {"jsonPayload": []},
        {"jsonPayload": {"message": None}},
        {"protoPayload": None},
        {"httpRequest": {}},
        {"httpRequest": {"status": "abc", "requestUrl": "http://[bad"}},
        {"textPayload": "", "labels": None, "resource": None, "timestamp": 5},
        {"textPayload": "x", "severity": 17, "insertId": 3, "logName": None},
        {"jsonPayload": {"message": {"message": 3}}, "timestamp": "2025-99-99T00:00:00Z"},
    ],
)
def test_odd_entries_are_read_and_counted(odd: dict[str, object]) -> None:
    found = report([odd], severity=Severity.DEFAULT)
    assert found.coverage.read == found.coverage.clustered == 1


def test_a_payload_without_a_message_is_told_by_what_happened() -> None:
    def attempt(status: str, job: str) -> Entry:
        kind = "type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished"
        payload = {"@type": kind, "jobName": f"jobs/{job}", "status": status, "ok": True}
        return entry(None, "ERROR", jsonPayload=payload)

    found = report(
        [attempt("UNAVAILABLE", "a"), attempt("UNAVAILABLE", "b"), attempt("NOT_FOUND", "a")]
    )
    titles = {cluster.title.partition(":")[0]: cluster.count for cluster in found.clusters}
    assert titles == {"AttemptFinished UNAVAILABLE": 2, "AttemptFinished NOT_FOUND": 1}


def test_every_entry_of_a_service_is_read(cloud_run: list[Entry]) -> None:
    found = report(cloud_run, severity=Severity.DEFAULT)
    assert found.coverage.read == len(cloud_run)
    assert found.coverage.outside_window + found.coverage.clustered == len(cloud_run)


def test_a_location_shows_no_name_of_a_person() -> None:
    named = {"textPayload": "boom in /srv/jane.doe@example.org/app.php:12"}
    python = {"textPayload": 'Traceback (most recent call last):\n  File '
              '"/srv/jane.doe@example.org/app.py", line 3, in f\n    g()\nKeyError: 1'}  # fmt: skip
    for raw in (named, python):
        found = location(raw)
        assert found is not None
        assert "jane.doe" not in str(found)


@pytest.mark.parametrize("path", [*ERRORS, *TRACE_PATHS], ids=".".join)
def test_what_is_read_by_its_message_alone_has_no_other_meaning(path: tuple[str, ...]) -> None:
    text = "disk full" if path in ERRORS else "ValueError: bad\n  at save (/app/a.js:3:1)"
    beside: object = text
    for key in reversed(path):
        beside = {key: beside}
    assert isinstance(beside, dict)
    payload = {"message": "not saved", **beside}
    if of_payload(payload, with_error=True) != "not saved":
        assert not message_only(payload)


def test_a_request_logged_as_json_is_not_read_by_its_message_alone() -> None:
    payload = {"message": "request completed", "method": "GET", "path": "/x", "status": 500}
    assert of_payload(payload, with_error=True) == "GET /x 500"
    assert not message_only(payload)


def test_json_on_stderr_that_names_its_level_is_not_judged_by_words() -> None:
    log = "projects/p/logs/run.googleapis.com%2Fstderr"
    named = '{"level": "error", "msg": "failed to save"}'
    assert judged_by_words({"logName": log, "textPayload": named}) == ""
    assert judged_by_words({"logName": log, "textPayload": "failed to save"}) != ""
