"""The triage rules, which rank each kind of message, in one ordered table.

The first rule that matches gives the base priority, and its sentence is the first reason; figures
then move the priority (`weights`). A rule reads the template (values masked), the severity and
facts of the cluster, never a team's names: those belong in `team_rules`. `cause`, `impact` and
`next` say "likely" where they are guesses, and are None where nothing is known.
"""

from __future__ import annotations

from functools import lru_cache

from bot.core.triage.facts import Case, Facts
from bot.core.triage.rule import TriageRule, by_severity
from bot.core.triage.rules_callers import CALLERS
from bot.core.triage.rules_code import CODE, UNHANDLED
from bot.core.triage.rules_configuration import SETUP
from bot.core.triage.rules_dependencies import OUTSIDE
from bot.core.triage.rules_process import FIRST
from bot.core.triage.rules_requests import REQUESTS

LAST = TriageRule(
    "by severity",
    lambda _f: True,
    by_severity,
    "no rule matched; ranked by severity",
    Case("the cart is empty again"),
    Case("Connection refused"),
)

RULES: tuple[TriageRule, ...] = (
    *FIRST,
    *REQUESTS,
    *CALLERS,
    *SETUP,
    *CODE,
    *OUTSIDE,
    *UNHANDLED,
    LAST,
)
"""All rules in order: process, requests, callers' mistakes, configuration, code, dependencies,
then the default."""


@lru_cache(maxsize=8_192)
def rule_for(facts: Facts) -> TriageRule:
    """Returns the first rule that matches; the last one always does."""
    return next(rule for rule in RULES if rule.fits(facts))


def behind(rule: TriageRule, facts: Facts) -> TriageRule:
    """Returns the rule that gives cause and next step: itself, or the first other that matches."""
    if rule.tells_why:
        return rule
    return next(other for other in RULES if other.tells_why and other.fits(facts))
