"""One row of the triage table, and the functions by which a row sets a priority."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.model.values import Priority, Severity
from bot.core.triage.facts import Case, Facts
from bot.core.triage.named import Text

P = Priority


@dataclass(frozen=True, slots=True)
class TriageRule:
    """One row: a predicate, the priority it gives and the texts to show."""

    name: str
    fits: Callable[[Facts], bool]
    priority: Callable[[Facts], Priority]
    reason: str
    example: Case
    """A message the rule is for; no earlier rule matches it."""
    counter: Case
    """A similar message that must be left to another rule."""
    cause: Text = None
    """Why it happened, naming what the message names; `named.said` renders it."""
    impact: Text = None
    impact_then: Text = None
    """The impact once it has ended, where `impact` is in the present tense."""
    next: Text = None
    rolls_back: bool = False
    """True if going back to an earlier revision helps; `roll_back` words the advice."""
    tells_why: bool = True
    """False if it says only what happened: another matching rule gives cause and next step."""


def by_severity(facts: Facts) -> Priority:
    """Returns the default priority for a severity and repetition, as in docs/priorities.md."""
    if facts.is_error:
        return P.P2 if facts.repeats else P.P3
    if facts.severity >= Severity.WARNING:
        return P.P4 if facts.repeats else P.P5
    return P.P8 if facts.severity >= Severity.NOTICE else P.P9


def always(priority: Priority) -> Callable[[Facts], Priority]:
    """Gives every match the same priority."""
    return lambda _facts: priority


def error_or_warning(error: Priority, warning: Priority) -> Callable[[Facts], Priority]:
    """Gives one priority to errors and another to the rest."""
    return lambda facts: error if facts.is_error else warning


def at_least(priority: Priority) -> Callable[[Facts], Priority]:
    """Gives an error at least this priority, even if seen once; others are ranked by severity."""
    return lambda facts: min(priority, by_severity(facts)) if facts.is_error else by_severity(facts)


def repeated(often: Priority, once: Priority) -> Callable[[Facts], Priority]:
    """Gives one priority if the message repeats and another if not."""
    return lambda facts: often if facts.repeats else once
