"""A team's own rules and impacts from gardener.toml: matching and checking.

They come after "root of a crash" (whatever ended a process is P0, with no exceptions) and before
all other rules. The first match that sets a priority wins; rules that shift add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot.core.model.environment import Impact, TeamRule
from bot.core.model.values import Severity
from bot.core.text.mask import SLOT, mask
from bot.core.triage.facts import Facts

# --- when they fit -------------------------------------------------------------------------------


def first(rules: Sequence[TeamRule], facts: Facts) -> TeamRule | None:
    """Returns the first matching rule that sets a priority."""
    return next((r for r in rules if r.priority is not None and fits(r, facts)), None)


def shifts(rules: Sequence[TeamRule], facts: Facts) -> list[TeamRule]:
    """Returns every matching rule that shifts the priority."""
    return [r for r in rules if r.shift and fits(r, facts)]


def impact(impacts: Sequence[Impact], facts: Facts) -> Impact | None:
    """Returns the matching impact with the largest weight; the first of equals."""
    found = [i for i in impacts if _touches(i.routes, i.modules, facts)]
    return max(found, key=lambda i: i.weight, default=None)


def reason(rule: TeamRule) -> str:
    """Returns the reason to show."""
    return rule.reason or f"your rule “{rule.name}” fits"


def fits(rule: TeamRule, facts: Facts) -> bool:
    """True if all conditions of the rule hold."""
    return (
        facts.severity >= rule.severity
        and facts.occurrences >= rule.at_least
        and (not rule.services or bool(facts.services & set(rule.services)))
        and (not rule.statuses or facts.status in rule.statuses)
        and (not rule.modules or _in_module(rule.modules, facts.module))
        and (not rule.routes or _on_route(rule.routes, facts.routes))
        and (not rule.contains or rule.contains in facts.text)
        and (not rule.match or compiled(rule.match).search(facts.text) is not None)
    )


def _touches(routes: Sequence[str], modules: Sequence[str], facts: Facts) -> bool:
    return _on_route(routes, facts.routes) or _in_module(modules, facts.module)


def _in_module(modules: Sequence[str], module: str) -> bool:
    return any(_begins(name, module, "./") for name in modules) if module else False


def _on_route(routes: Sequence[str], seen: Sequence[str]) -> bool:
    return any(_begins(route.rstrip("/") or "/", each, "/") for route in routes for each in seen)


def _begins(start: str, whole: str, ends: str) -> bool:
    """True if `start` is `whole`, or a prefix of it that ends at a separator from `ends`."""
    if start == "/":
        return True
    return whole == start or (whole.startswith(start) and whole[len(start)] in ends)


@lru_cache(maxsize=1_024)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compiles a rule's pattern. Raises `re.error`."""
    return re.compile(pattern, re.IGNORECASE)


# --- what is wrong with them ---------------------------------------------------------------------


def mistakes(rules: Sequence[TeamRule]) -> Iterator[tuple[TeamRule, str]]:
    """Finds rules that do not parse, never match or are never reached, each with a sentence why."""
    sound: list[TeamRule] = []
    for rule in rules:
        wrong = _unreadable(rule) or _never(rule) or next(_hidden(rule, sound), None)
        if wrong:
            yield rule, wrong
        else:
            sound.append(rule)


def _unreadable(rule: TeamRule) -> str | None:
    if not rule.match:
        return None
    try:
        compiled(rule.match)
    except re.error as error:
        return f"match is no regular expression: {error}."
    if _NESTED.search(rule.match):
        return (
            "match repeats a group that repeats within itself, which can take for ever: "
            "write it without the outer + or *."
        )
    return None


_NESTED = re.compile(r"\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)[+*]")
_DIGIT = re.compile(r"(?<!\\)[0-9]")


def _never(rule: TeamRule) -> str | None:
    """Explains why the rule can never match; None if it can."""
    if rule.statuses and rule.modules:
        return "can never match: a request has a status and no module."
    if rule.routes and rule.modules:
        return "can never match: a request has a route and no module."
    if rule.statuses and (bad := [s for s in rule.statuses if not 100 <= s <= 599]):
        return f"can never match: {bad[0]} is no status of HTTP."
    if rule.statuses and rule.severity > Severity.ERROR:
        return "can never match: a request is at most an ERROR."
    about_requests = rule.statuses or rule.routes
    masked = mask(rule.contains).lower()
    if not about_requests and SLOT in masked and masked != rule.contains:
        return (
            f"can never match: values are masked, so write contains = “{masked}”. "
            "Of a request, ask for its status or route."
        )
    if rule.match and not about_requests and _needs_digit(rule.match):
        return (
            "can never match: it asks for digits, but values are masked; "
            r"write <\*> where a number stands. Of a request, ask for its status or route."
        )
    return None


def _needs_digit(pattern: str) -> bool:
    """True if every matching text must contain a specific digit, as far as that is obvious."""
    if "|" in pattern:
        return False
    plain = re.sub(r"\[[^\]]*\][*+?]?|\{[^}]*\}|\\.", "", pattern)
    return any(
        plain[m.end() : m.end() + 1] not in ("?", "*") for m in _DIGIT.finditer(plain)
    ) and not re.search(r"\)[?*]", plain)


def _hidden(rule: TeamRule, before: Sequence[TeamRule]) -> Iterator[str]:
    """Finds earlier rules that already cover everything this rule matches."""
    for other in before:
        if not _implies(rule, other):
            continue
        same = _implies(other, rule)
        if rule.priority is not None and other.priority is not None:
            if same and rule.priority != other.priority:
                yield (
                    f"contradicts “{other.name}” (line {other.line}): the same messages are "
                    f"{other.priority.name} there and {rule.priority.name} here."
                )
            yield (
                f"is never reached: “{other.name}” (line {other.line}) takes all that it is "
                "for. Put it before that one, or take it out."
            )
        elif same and rule.shift * other.shift < 0:
            yield (
                f"contradicts “{other.name}” (line {other.line}): the same messages are moved "
                f"by {other.shift:+} there and by {rule.shift:+} here."
            )


def _implies(rule: TeamRule, other: TeamRule) -> bool:
    """True if everything that matches `rule` matches `other` too, as far as that is obvious."""
    return (
        _subset(rule.environments, other.environments)
        and rule.severity >= other.severity
        and rule.at_least >= other.at_least
        and _subset(rule.services, other.services)
        and _subset(rule.statuses, other.statuses)
        and _within(rule.modules, other.modules, "./")
        and _within(rule.routes, other.routes, "/")
        and (not other.contains or other.contains in _literal(rule))
        and (not other.match or rule.match == other.match or _matches(other.match, _literal(rule)))
    )


def _subset(mine: Sequence[object], others: Sequence[object]) -> bool:
    return not others or (bool(mine) and set(mine) <= set(others))


def _within(mine: Sequence[str], others: Sequence[str], ends: str) -> bool:
    return not others or (
        bool(mine)
        and all(any(_begins(o.rstrip("/") or "/", m, ends) for o in others) for m in mine)
    )


def _literal(rule: TeamRule) -> str:
    """Returns text that every match contains; empty if that is not obvious."""
    if rule.contains:
        return rule.contains
    plain = rule.match.replace("\\.", ".")
    return "" if re.search(r"[\\^$*+?{}\[\]|()]|(?<!\w)\.", plain) else plain.lower()


def _matches(pattern: str, literal: str) -> bool:
    """True if the pattern matches every text that contains the literal."""
    if re.search(r"\^|\$|\\[AZbB]|\(\?", pattern):
        return False
    return compiled(pattern).search(literal) is not None
