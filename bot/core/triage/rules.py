"""Triage rules: what a kind of message is worth, in one ordered table.

The first rule that fits gives the base priority, and its sentence is the first reason; figures
move it afterwards (`adjustments`). A rule looks at the template (slots masked), at severity and at
facts of the cluster; it never looks at a team's names: those are in `team_rules`. `cause`, `impact`
and `next` are worded as likely where they are, and are absent where nothing is known.
"""

from __future__ import annotations

from functools import lru_cache

from bot.core.triage.facts import Case, Facts
from bot.core.triage.rule import TriageRule, by_severity
from bot.core.triage.rules_code import CODE
from bot.core.triage.rules_configuration import SETUP
from bot.core.triage.rules_dependencies import OUTSIDE
from bot.core.triage.rules_process import FIRST
from bot.core.triage.rules_requests import REQUESTS

LAST = TriageRule(
    "by severity",
    lambda _f: True,
    by_severity,
    "no rule knows it: by its severity",
    Case("the cart is empty again"),
    Case("Connection refused"),
)

RULES: tuple[TriageRule, ...] = (*FIRST, *REQUESTS, *SETUP, *CODE, *OUTSIDE, LAST)
"""Every rule, in order: what happened to the process, requests, set-up, code, what is outside."""


@lru_cache(maxsize=8_192)
def rule_for(facts: Facts) -> TriageRule:
    """The first rule of the table that fits; the last one always does."""
    return next(rule for rule in RULES if rule.fits(facts))
