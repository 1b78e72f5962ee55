"""What real libraries write, and the sentences beside it that must decide nothing."""

from __future__ import annotations

import pytest

from bot.core.model.report import Cluster
from bot.core.model.values import Priority, Severity
from bot.core.text.access_lines import Client
from bot.core.triage import missing_settings
from bot.core.triage.facts import Case, Phrases
from bot.core.triage.health_checks import is_health_check
from bot.core.triage.missing_settings import SETTINGS, MissingSetting
from bot.core.triage.named import said
from bot.core.triage.rules import behind, rule_for
from tests.core.logs import Entry, entry, report, request
from tests.core.logs import said as logged

P = Priority
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/139.0"
SYSTEM = "varlog%2Fsystem"


def _rule(text: str, severity: Severity = Severity.ERROR) -> str:
    return rule_for(Case(text, severity).facts).name


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.source)
def test_a_wording_finds_its_names_and_leaves_its_counter_example(row: MissingSetting) -> None:
    assert missing_settings.matches(row.example)
    assert set(row.names) <= set(missing_settings.names(row.example))
    assert not missing_settings.matches(row.counter)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("panic: DATABASE_URL environment variable is required", "DATABASE_URL"),
        ("403 Permission 'pubsub.topics.publish' denied on resource", "pubsub.topics.publish"),
        ('pq: permission denied for table "orders"', "orders"),
        ("Error: EACCES: permission denied, mkdir '/app/cache'", "/app/cache"),
        ("Error: Cannot find module 'express'", "express"),
    ],
)
def test_cause_and_next_step_name_what_the_message_names(message: str, name: str) -> None:
    facts = Case(message).facts
    rule = behind(rule_for(facts), facts)
    assert name in (said(rule.cause, facts) or "")
    assert name in (said(rule.next, facts) or "")


@pytest.mark.parametrize(
    "message",
    [
        "ActionDispatch::Http::Parameters::ParseError (expected ',' or '}' after object value)",
        "Illuminate\\Validation\\ValidationException: The given data was invalid.",
        "django.core.exceptions.DisallowedHost: Invalid HTTP_HOST header: 'evil.example.org'.",
        "werkzeug.exceptions.BadRequest: 400 Bad Request: Failed to decode JSON object",
        "http: TLS handshake error from 203.0.113.9:4711: EOF",
    ],
)
def test_a_callers_mistake_is_low_whatever_its_severity(message: str) -> None:
    for times, priority in ((1, P.P6), (40, P.P5), (5_000, P.P4)):
        facts = Case(message, Severity.ERROR, {"occurrences": times}).facts
        assert rule_for(facts).priority(facts) is priority


@pytest.mark.parametrize(
    ("message", "not_rule"),
    [
        ("cannot render the signature of the contract", "access between services"),
        ("forbidden characters in the file name: a?b", "access between services"),
        ("Read 12 rows out of memory cache, 3 failed", "memory"),
        ("Worker (pid:17) was sent SIGKILL! Perhaps out of memory?", "memory"),
        ("heart attack risk: model failed", "blocked attack"),
        ("rate limit table failed to load", "resources"),
        ("unreachable code in checkout failed", "something does not answer"),
        ("Error: the database system is shutting down", "ordered shutdown"),
        ("Alarm is not set", "configuration, tolerated"),
    ],
)
def test_a_word_about_something_else_decides_nothing(message: str, not_rule: str) -> None:
    assert _rule(message) != not_rule
    assert _rule(message, Severity.WARNING) != not_rule


def test_phrases_find_the_same_with_and_without_their_gate() -> None:
    phrases = Phrases(r"ab?c def|[|)(]x y+z|time.?out|(?:one|two) three")
    assert all(map(phrases, ("ac def", "abc def", "|x yyz", ")x yz", "timeout", "two three")))
    assert not any(map(phrases, ("ab def", "x yz", "tim out", "four three")))


@pytest.mark.parametrize(
    ("method", "route", "client", "wanted"),
    [
        ("GET", "/api/v1/health/ready", Client.SERVICE, True),
        ("GET", "/billing/health", Client.MONITOR, True),
        ("GET", "/api/health-insurance", Client.MONITOR, False),
        ("GET", "/orders/<*>/status", Client.SERVICE, False),
        ("POST", "/api/health", Client.SERVICE, False),
        ("GET", "/health", Client.BROWSER, False),
    ],
)
def test_health_checks_by_route_and_client(
    method: str, route: str, client: Client, wanted: bool
) -> None:
    assert is_health_check(method, route, client) is wanted


def test_the_platforms_prober_makes_any_route_a_health_check() -> None:
    assert is_health_check("GET", "/", Client.MONITOR, ["kube-probe/1.30"])
    assert not is_health_check("GET", "/", Client.MONITOR, ["Pingdom.com_bot"])


def _only(found: Entry) -> Cluster:
    (only,) = report([found]).clusters
    return only


def test_paths_that_every_site_is_asked_for_are_noise() -> None:
    for route in ("/favicon.ico", "/.well-known/appspecific/com.chrome.devtools.json"):
        assert _only(request(404, route, agent=BROWSER)).priority is P.P9
    assert _only(request(500, "/favicon.ico", agent=BROWSER)).priority is P.P1
    assert _only(logged("Not Found: /robots.txt", "WARNING")).priority is P.P9
    assert _only(logged("Not Found: /orders.csv", "WARNING")).priority is not P.P9


def _oom(follows: str, severity: str) -> Cluster:
    entries = []
    for i in range(3):
        words = "Memory limit of 512 MiB exceeded with 531 MiB used."
        entries += [
            entry(words, "ERROR", 60 * i, log=SYSTEM, instance=f"i{i}"),
            entry(follows, severity, 60 * i + 0.2, log=SYSTEM, instance=f"i{i}"),
        ]
    return report(entries).cards[0].cluster


def test_memory_that_ran_out_is_an_outage_only_where_nothing_starts() -> None:
    under_load = _oom("Container terminated on signal 9.", "WARNING")
    assert under_load.priority is P.P1
    assert "memory" in (under_load.next or "")
    at_start = _oom("Default STARTUP TCP probe failed 1 time consecutively", "ERROR")
    assert at_start.priority is P.P0
    assert "memory" in (at_start.next or "")


def test_a_jobs_crash_speaks_of_its_run() -> None:
    job = {"type": "cloud_run_job", "labels": {"job_name": "nightly", "location": "x"}}
    ended = entry("Container called exit(1).", "WARNING", 0.4, log=SYSTEM)
    entries = [
        {**each, "resource": job}
        for each in (logged("RuntimeError: no rates for today", "ERROR", 0), ended)
    ]
    for found in report(entries).clusters:
        assert found.priority is P.P1
        assert "evision" not in f"{found.impact} {found.next}"
