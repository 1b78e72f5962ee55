"""One row of the triage table, and the ways in which a row gives a priority."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.model.values import Priority, Severity
from bot.core.triage.facts import Case, Facts

P = Priority


@dataclass(frozen=True, slots=True)
class TriageRule:
    """One row: a predicate and what follows from it."""

    name: str
    fits: Callable[[Facts], bool]
    priority: Callable[[Facts], Priority]
    reason: str
    example: Case
    """What the rule is for: no rule before it fits."""
    counter: Case
    """What is alike, and left to another rule."""
    cause: str | None = None
    impact: str | None = None
    next: str | None = None


def by_severity(facts: Facts) -> Priority:
    """From docs/priorities.md, for what is known by severity and number alone."""
    if facts.is_error:
        return P.P2 if facts.repeats else P.P3
    if facts.severity >= Severity.WARNING:
        return P.P4 if facts.repeats else P.P5
    return P.P8 if facts.severity >= Severity.NOTICE else P.P9


def always(priority: Priority) -> Callable[[Facts], Priority]:
    """The same for all."""
    return lambda _facts: priority


def error_or_warning(error: Priority, warning: Priority) -> Callable[[Facts], Priority]:
    """By whether it is an error."""
    return lambda facts: error if facts.is_error else warning


def at_least(priority: Priority) -> Callable[[Facts], Priority]:
    """An error is this important even if it was seen once; a warning is what its severity says."""
    return lambda facts: min(priority, by_severity(facts)) if facts.is_error else by_severity(facts)


def repeated(often: Priority, once: Priority) -> Callable[[Facts], Priority]:
    """By whether it repeats."""
    return lambda facts: often if facts.repeats else once
