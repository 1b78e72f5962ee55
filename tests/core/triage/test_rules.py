"""The triage table holds what each of its rows says: made from the table itself."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.model.values import Priority, Severity
from bot.core.triage.facts import Case, Facts
from bot.core.triage.named import said
from bot.core.triage.rule import TriageRule
from bot.core.triage.rules import RULES, rule_for
from bot.core.triage.weights import (
    ADJUSTMENTS,
    Adjustment,
    moved,
    weigh,
)

P = Priority


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rules_example_gets_exactly_that_rule(rule: TriageRule) -> None:
    assert rule_for(rule.example.facts).name == rule.name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rules_counter_example_gets_another_rule(rule: TriageRule) -> None:
    assert rule_for(rule.counter.facts).name != rule.name


def test_names_are_unique_and_reasons_are_sentences() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.reason and rule.reason[-1] not in ".!" for rule in RULES)


def test_what_a_rule_supposes_is_worded_as_likely() -> None:
    causes = [cause for rule in RULES if (cause := said(rule.cause, rule.example.facts))]
    assert causes
    assert all(c.startswith(("Likely ", "Expected behaviour")) for c in causes)


@pytest.mark.parametrize("row", ADJUSTMENTS, ids=lambda row: f"{row.factor} {row.shift:+}")
def test_a_weights_example_gets_exactly_that_row(row: Adjustment) -> None:
    found = {factor.name: factor for factor in weigh(row.example.facts)}
    assert (found[row.factor].said, found[row.factor].shift) == (
        row.text(row.example.facts), row.shift,
    )  # fmt: skip
    if row.counter is not None:
        assert not row.fits(row.counter.facts)


def test_every_factor_is_told_of_every_cluster() -> None:
    factors = {row.factor for row in ADJUSTMENTS}
    assert {factor.name for factor in weigh(Facts("x"))} == factors


def test_a_rate_that_is_not_nothing_is_not_told_as_nothing() -> None:
    for rate, wanted in ((0.004, "under 0.01 a request"), (0.5, "0.50 a request")):
        facts = Case("x", Severity.ERROR, {"per_request": rate}).facts
        assert wanted in [factor.said for factor in weigh(facts)]


def _moved(base: Priority, severity: Severity = Severity.WARNING, **more: Any) -> Priority:
    facts = Case("x", severity, more).facts
    return moved(base, weigh(facts), facts)


@pytest.mark.parametrize(
    ("base", "more", "after"),
    [
        (P.P4, {"occurrences": 5_000}, P.P4),  # one figure alone decides nothing
        (P.P4, {"occurrences": 5_000, "earlier": 10, "later": 900}, P.P3),
        (P.P4, {"occurrences": 5_000, "instances": 9, "of_instances": 10, "revisions": 2}, P.P3),
        (P.P4, {"occurrences": 40, "per_request": 1.0, "earlier": 40}, P.P5),
        (P.P4, {"occurrences": 9, "instances": 1, "of_instances": 9}, P.P4),
        (P.P6, {"occurrences": 5_000, "earlier": 10, "later": 900}, P.P6),
        (P.P0, {"occurrences": 1, "earlier": 90, "instances": 1, "of_instances": 9}, P.P0),
    ],
)
def test_figures_move_a_priority_by_whole_steps(
    base: Priority, more: dict[str, Any], after: Priority
) -> None:
    assert _moved(base, **more) is after


def test_figures_never_make_an_outage_of_an_error() -> None:
    loud: dict[str, Any] = {
        "occurrences": 9_000,
        "earlier": 0,
        "later": 9_000,
        "instances": 9,
        "revisions": 3,
    }
    assert _moved(P.P3, Severity.ERROR, **loud) is P.P2
    assert _moved(P.P2, Severity.ERROR, **loud) is P.P2


@pytest.mark.parametrize(
    ("message", "severity", "rule"),
    [
        # Python
        ("sqlalchemy.exc.OperationalError: server closed the connection", "ERROR", "database"),
        ("RuntimeWarning: coroutine 'send' was never awaited", "ERROR", "API drift"),
        ("ERROR: Exception in ASGI application", "ERROR", "nobody handled it"),
        ("ValueError: invalid literal for int() with base 10: 'x'", "ERROR", "mistake in the code"),
        ("[CRITICAL] WORKER TIMEOUT (pid:12)", "ERROR", "worker took too long"),
        # Node
        ("Error: listen EADDRINUSE: address already in use :::8080", "ERROR", "port in use"),
        ("TypeError: Cannot read properties of undefined (reading 'id')", "ERROR",
         "nothing where a value was expected"),
        ("Error: Cannot find module 'express'", "ERROR", "missing module or syntax"),
        ("FATAL ERROR: Reached heap limit - JavaScript heap out of memory", "ERROR", "memory"),
        ("Error: connect ECONNREFUSED 10.0.0.3:6379", "ERROR", "database does not answer"),
        ("(node:1) [DEP0040] DeprecationWarning: The `punycode` module", "WARNING",
         "optional part or deprecation"),
        # Go
        ("panic: runtime error: invalid memory address or nil pointer dereference", "ERROR",
         "the process died"),
        ("http: superfluous response.WriteHeader call from main.go:12", "WARNING", "answered twice"),
        ("rpc error: code = Unavailable desc = upstream is down", "ERROR",
         "something does not answer"),
        ("rpc error: code = PermissionDenied desc = Permission 'a.b.publish' denied on resource",
         "ERROR", "our role there"),
        ("rpc error: code = ResourceExhausted desc = Quota exceeded for quota metric 'Writes'",
         "ERROR", "resources"),
        ("dial tcp: lookup db.internal: no such host", "ERROR", "name not found"),
        # Java
        ("java.lang.NullPointerException: Cannot invoke \"User.id()\"", "ERROR",
         "nothing where a value was expected"),
        ("APPLICATION FAILED TO START", "ERROR", "cannot start"),
        ("HikariPool-1 - Connection is not available, request timed out after 30000ms.", "ERROR",
         "resources"),
        ("java.lang.OutOfMemoryError: Java heap space", "ERROR", "memory"),
        ("java.net.UnknownHostException: db", "ERROR", "name not found"),
        # Cloud Run
        ("Default STARTUP TCP probe failed 1 time consecutively for container", "ERROR",
         "cannot start"),
        ("Container called exit(1).", "WARNING", "cannot start"),
        ("Exceeded hard memory limit of 512 MiB with 516 MiB used.", "ERROR", "memory"),
        ("Liveness HTTP probe failed 3 times consecutively for container", "ERROR",
         "the process died"),
        ("The request was not authorized to invoke this service.", "WARNING",
         "credentials refused"),
        ("Uncaught signal: 6, pid=8, tid=8, fault_addr=0.", "ERROR", "the process died"),
        ("orders@p.iam.gserviceaccount.com does not have storage.objects.list access to the bucket",
         "ERROR", "our role there"),
        ("AttributeError: 'NoneType' object has no attribute 'id'", "ERROR",
         "nothing where a value was expected"),
        ("'Session' object has no attribute 'configure'", "ERROR", "API drift"),
    ],
)  # fmt: skip
def test_what_services_commonly_write(message: str, severity: str, rule: str) -> None:
    assert rule_for(Case(message, Severity[severity]).facts).name == rule
