"""How much figures add to a rule's priority: one ordered table of weights.

Each row belongs to a factor; the first matching row of each factor counts. A weight is a step of
priority, negative towards P0. The sum is truncated to whole steps, so that no single figure
decides, and stays within the range for errors or warnings in the table of priorities. Only P2 to P5
move: an outage stays an outage, and expected behaviour does not become a problem by repeating.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.model.report import Factor
from bot.core.model.values import Priority, Severity
from bot.core.triage.facts import USERS, Case, Facts

MANY = 1_000
"""Occurrences in a window from which a message counts as very frequent."""
RISE = 4
"""A trend is this many times more entries in one half than in the other (at least `ENOUGH`)."""
ENOUGH = 20
SOME = 5
"""A service needs this many instances before one can stand out."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One row: the factor, the condition, the weight and the sentence to show."""

    factor: str
    fits: Callable[[Facts], bool]
    shift: float
    text: Callable[[Facts], str]
    example: Case
    counter: Case | None
    """A similar case, left to a later row; None if the row takes everything that is left."""


def _case(severity: Severity = Severity.ERROR, **more: object) -> Case:
    return Case("it failed", severity, more)


def _any(_facts: Facts) -> bool:
    return True


def _times(facts: Facts) -> str:
    if facts.repeats:
        return f"{facts.occurrences:,} times in the window: it repeats"
    if facts.occurrences == 1:
        return "once in the window"
    return f"{facts.occurrences} times in the window"


def _halves(facts: Facts) -> str:
    return f"{facts.earlier:,} in the first half of the time, {facts.later:,} in the second"


def _instances(facts: Facts) -> str:
    if not facts.instances:
        return "no instance is named"
    of = f" of {facts.of_instances:,}" if facts.of_instances > facts.instances else ""
    return f"on {facts.instances:,}{of} {'instance' if facts.instances == 1 else 'instances'}"


ADJUSTMENTS: tuple[Adjustment, ...] = (
    Adjustment(
        "frequency",
        lambda f: f.occurrences >= MANY,
        -0.5,
        lambda f: f"{f.occurrences:,} times in the window: more than anybody reads",
        _case(occurrences=1_204),
        _case(occurrences=999),
    ),
    Adjustment("frequency", _any, 0, _times, _case(occurrences=3), None),
    Adjustment(
        "trend",
        lambda f: f.later >= ENOUGH and f.later >= RISE * f.earlier,
        -0.5,
        lambda f: f"rising: {_halves(f)}",
        _case(earlier=3, later=61),
        _case(earlier=30, later=61),
    ),
    Adjustment(
        "trend",
        lambda f: f.earlier >= ENOUGH and f.earlier >= RISE * f.later,
        0.5,
        lambda f: f"fading: {_halves(f)}",
        _case(earlier=61, later=3),
        _case(earlier=61, later=30),
    ),
    Adjustment(
        "trend",
        lambda f: f.earlier + f.later >= ENOUGH,
        0,
        lambda f: f"steady: {_halves(f)}",
        _case(earlier=61, later=60),
        _case(earlier=3, later=4),
    ),
    Adjustment("trend", _any, 0, lambda _f: "too few to tell a trend", _case(), None),
    Adjustment(
        "instances",
        lambda f: f.instances >= 3 and 2 * f.instances >= f.of_instances,
        -0.25,
        lambda f: f"{_instances(f)}: not one instance's own trouble",
        _case(instances=12, of_instances=15),
        _case(instances=3, of_instances=15),
    ),
    Adjustment(
        "instances",
        lambda f: f.instances == 1 and f.of_instances >= SOME and f.occurrences >= SOME,
        0.5,
        lambda f: f"{_instances(f)}: likely that instance's own trouble",
        _case(instances=1, of_instances=9, occurrences=9),
        _case(instances=1, of_instances=2, occurrences=9),
    ),
    Adjustment("instances", _any, 0, _instances, _case(instances=2), None),
    Adjustment(
        "revisions",
        lambda f: f.revisions > 1,
        -0.25,
        lambda f: f"on {f.revisions} revisions: not one deploy's doing",
        _case(revisions=3),
        _case(revisions=1),
    ),
    Adjustment(
        "revisions",
        _any,
        0,
        lambda f: "on one revision" if f.revisions else "no revision is named",
        _case(revisions=1),
        None,
    ),
    Adjustment(
        "incident",
        lambda f: f.root_of > 0,
        -0.25,
        lambda f: (
            f"{f.root_of} other {'cluster follows' if f.root_of == 1 else 'clusters follow'}"
            " from it"
        ),
        _case(root_of=2),
        _case(),
    ),
    Adjustment(
        "incident",
        lambda f: f.symptom,
        0,
        lambda _f: "a symptom: it has its incident's priority",
        _case(symptom=True),
        _case(),
    ),
    Adjustment("incident", _any, 0, lambda _f: "neither root nor symptom", _case(), None),
    Adjustment(
        "users",
        lambda f: f.client in USERS,
        -0.5,
        lambda _f: "somebody with a browser waits for the answer",
        _case(client=USERS[0]),
        _case(),
    ),
    Adjustment("users", _any, 0, lambda _f: "no browser asked, as far as it says", _case(), None),
    Adjustment(
        "every request",
        lambda f: not (f.is_request or f.is_error) and f.per_request >= 0.8 and f.occurrences >= 10,
        0.5,
        lambda f: f"{f.per_request:.1f} a request: what every request writes says little",
        _case(Severity.WARNING, per_request=1.0, occurrences=40),
        _case(per_request=1.0, occurrences=40),
    ),
    Adjustment(
        "every request",
        lambda f: f.per_request > 0,
        0,
        lambda f: f"{'under 0.01' if f.per_request < 0.01 else f'{f.per_request:.2f}'} a request",
        _case(per_request=0.1),
        _case(),
    ),
    Adjustment(
        "every request", _any, 0, lambda _f: "no requests were read beside it", _case(), None
    ),
)
"""All rows, in order; the last row of each factor always matches."""


def weigh(facts: Facts) -> list[Factor]:
    """Returns each factor with its weight, in table order."""
    found: dict[str, Factor] = {}
    for row in ADJUSTMENTS:
        if row.factor not in found and row.fits(facts):
            found[row.factor] = Factor(row.factor, row.text(facts), row.shift)
    return list(found.values())


def moved(base: Priority, factors: list[Factor], facts: Facts) -> Priority:
    """Applies the weights in whole steps, within P2 (errors) or P3 (warnings) to P5."""
    if not Priority.P2 <= base <= Priority.P5:
        return base
    steps = int(sum(factor.shift for factor in factors))
    highest = min(base, Priority.P2 if facts.is_error else Priority.P3)
    return Priority(max(highest, min(Priority.P5, base + steps)))
