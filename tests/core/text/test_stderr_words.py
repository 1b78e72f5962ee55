"""Lines without a level on stderr: failures are seen, and mere talk is not."""

from __future__ import annotations

import pytest

from bot.core.model.values import Severity
from bot.core.text.stderr_words import TALK, WORDS, Talk, Words, severity
from tests.core.logs import entry, report


@pytest.mark.parametrize("row", TALK, ids=lambda row: row.name)
def test_mere_talk_is_found_in_its_example_alone(row: Talk) -> None:
    assert row.pattern.search(row.example)
    assert not row.pattern.search(row.counter)
    assert not severity(row.example)


@pytest.mark.parametrize("row", WORDS, ids=lambda row: row.name)
def test_words_that_report_a_failure(row: Words) -> None:
    assert severity(row.example) is row.severity
    assert severity(row.counter) < row.severity


@pytest.mark.parametrize("text", [
    "Error creating order: error: column does not exist", "Internal Server Error: /orders/12/",
    "Unhandled exception. System.ArgumentNullException: Value cannot be null.",
    "thread 'main' panicked at src/main.rs:10:5:", "listen tcp :8080: bind: address already in use",
    "! Unable to load application: KeyError: key not found", "rake aborted!",
    "http: panic serving 10.0.0.1:3211: runtime error: index out of range",
    "psql: error: connection to server failed: FATAL:  password authentication failed",
    "error Command failed with exit code 1.", "3 errors found", "Segmentation fault (core dumped)",
    "[ioredis] Unhandled error event: Error: connect ECONNREFUSED 10.0.0.3:6379",
    "(node:1) UnhandledPromiseRejectionWarning: Error: no db", "Template rendering error",
])  # fmt: skip
def test_failures_are_errors(text: str) -> None:
    assert severity(text) >= Severity.ERROR


@pytest.mark.parametrize("text", [
    "webpack compiled with 0 errors", "webpack 5.90.0 compiled successfully in 1200 ms",
    "npm notice New major version of npm available!", "found 0 vulnerabilities", "errors: 0",
    "0 failed, 12 passed", '{"errors":0,"ok":true}', "error_rate=0", "ErrorBoundary mounted",
    "Compiled with no errors", "Sentry error tracking enabled", "last_error=null", "no error",
    "Listening for errors on port 3000", "errors logged to /var/log/errors.log",
    "Will retry on failure", "Recovered from error", "Everything OK, nothing failed",
    "/app/x.py:267: DeprecationWarning: Call to deprecated close.", "fatal=false",
    "circuit breaker: failure threshold 5", "Removing expired sessions", "listening on :8080",
])  # fmt: skip
def test_talk_is_none(text: str) -> None:
    assert not severity(text)


def test_a_deprecation_is_at_most_a_warning() -> None:
    text = "(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated: Error: x"
    assert severity(text) is Severity.WARNING


def test_the_card_gives_the_reason() -> None:
    (cluster,) = report([entry("Failed to charge card: declined")]).clusters
    assert cluster.severity is Severity.ERROR
    assert "no level; came on stderr and says that something failed" in cluster.reasons


def test_the_same_words_on_stdout_are_no_problem() -> None:
    assert report([entry("Failed to charge card: declined", log="stdout")]).clusters == ()


def test_a_count_is_judged_by_its_number() -> None:
    texts = ("done with 0 errors", "done with 3 errors", "done with 0 errors")
    (cluster,) = report([entry(text, at=i) for i, text in enumerate(texts)]).clusters
    assert cluster.count == 1
