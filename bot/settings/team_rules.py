"""Parses [[rules]] and [[impact]] of gardener.toml; errors name the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from bot.core.model.environment import Environment, Impact, TeamRule
from bot.core.model.values import Priority
from bot.core.triage import team_rules
from bot.settings.values import (
    FileMistake,
    list_of,
    nearest,
    only_known,
    severity_of,
    text_of,
)

LONGEST = 300
"""Maximum characters of a sentence that a card quotes."""


@dataclass(frozen=True, slots=True)
class TeamRules:
    """A team's own rules and impacts."""

    rules: tuple[TeamRule, ...] = ()
    impacts: tuple[Impact, ...] = ()

    def added(self, environment: Environment) -> Environment:
        """Returns the environment with these rules and impacts in place of its own."""
        name = environment.name.casefold()
        return replace(
            environment,
            rules=tuple(r for r in self.rules if not r.environments or name in _fold(r)),
            impacts=tuple(i for i in self.impacts if not i.environments or name in _fold(i)),
        )


def _fold(each: TeamRule | Impact) -> set[str]:
    return {name.casefold() for name in each.environments}


def read(data: Mapping[str, object], text: str, known: Mapping[str, Environment]) -> TeamRules:
    """Reads the rules and impacts of a parsed file. Raises `FileMistake` at the first mistake.

    `known`: the existing environments; if empty, any name is accepted.
    """
    rules = [_rule(at, line, table) for at, line, table in _tables("rules", data, text)]
    impacts = [_impact(at, line, table) for at, line, table in _tables("impact", data, text)]
    for impact in impacts:
        _environments(impact, known)
    for rule in rules:
        _environments(rule, known)
        _services(rule, known)
        if any(other.name == rule.name and other.line < rule.line for other in rules):
            raise FileMistake(f"{_where(rule)} has the name of an earlier rule: give it its own.")
    for rule, wrong in team_rules.mistakes(rules):
        raise FileMistake(f"{_where(rule)} {wrong}")
    return TeamRules(tuple(rules), tuple(impacts))


def _where(rule: TeamRule) -> str:
    line = f"line {rule.line}: " if rule.line else ""
    return f"{line}rule “{rule.name}”"


def _tables(
    name: str, data: Mapping[str, object], text: str
) -> Iterator[tuple[str, int, Mapping[str, object]]]:
    """Yields (place for messages, line or 0 if unknown, table) of each."""
    tables = data.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(t, Mapping) for t in tables):
        raise FileMistake(f"{name} must be a list of tables: write [[{name}]] above each.")
    lines = _lines(name, text)
    for i, table in enumerate(tables):
        line = lines[i] if i < len(lines) else 0
        at = f"[[{name}]] number {i + 1}"
        yield (f"line {line}: {at}" if line else at), line, table


def _lines(name: str, text: str) -> list[int]:
    """Returns the line numbers, from 1, of each [[name]]; skips multi-line strings."""
    head = re.compile(rf"\s*\[\[\s*[\"']?{name}[\"']?\s*\]\]")
    found: list[int] = []
    closes = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not closes and head.match(line):
            found.append(number)
        rest = line
        while mark := re.search(re.escape(closes) if closes else "\"\"\"|'''", rest):
            closes = "" if closes else mark[0]
            rest = rest[mark.end() :]
    return found


# --- one table -----------------------------------------------------------------------------------


def _rule(at: str, line: int, table: Mapping[str, object]) -> TeamRule:
    _keys(at, table, RULE_KEYS)
    values = {key: RULE_KEYS[key](f"{at}: {key}", value) for key, value in table.items()}
    if "name" not in values:
        raise FileMistake(f'{at}: name is missing: write name = "…", which reasons quote.')
    if ("priority" in values) == ("shift" in values):
        raise FileMistake(
            f'{at}: give it either priority = "P2", which sets it, or shift = -1, which moves it.'
        )
    if not set(values) & CONDITIONS:
        raise FileMistake(
            f"{at}: it asks for nothing, so it would take every message: say what it is for with "
            f"{', '.join(sorted(CONDITIONS))}."
        )
    return TeamRule(line=line, **values)  # type: ignore[arg-type]


def _impact(at: str, line: int, table: Mapping[str, object]) -> Impact:
    _keys(at, table, IMPACT_KEYS)
    values = {key: IMPACT_KEYS[key](f"{at}: {key}", value) for key, value in table.items()}
    if "says" not in values:
        raise FileMistake(f'{at}: says is missing: write says = "Customers cannot pay."')
    if not values.keys() & {"routes", "modules"}:
        raise FileMistake(f"{at}: say where it holds: routes = […] or modules = […].")
    return Impact(line=line, **values)  # type: ignore[arg-type]


def _keys(at: str, table: Mapping[str, object], known: Mapping[str, object]) -> None:
    try:
        only_known("", table, known)
    except FileMistake as mistake:
        raise FileMistake(f"{at}: {mistake}") from None


def _sentence(at: str, value: object) -> str:
    text = " ".join(text_of(at, value).split())
    if len(text) > LONGEST:
        raise FileMistake(f"{at} has {len(text)} characters; a card has room for {LONGEST}.")
    return text


def _lower(at: str, value: object) -> str:
    return " ".join(text_of(at, value).lower().split())


def _priority(at: str, value: object) -> Priority:
    text = text_of(at, value).upper()
    if text not in Priority.__members__:
        raise FileMistake(f'{at}: "{value}" is no priority. Write "P0" to "P9".')
    return Priority[text]


def _whole(least: int, most: int, *, but: int | None = None) -> Callable[[str, object], int]:
    def reader(at: str, value: object) -> int:
        right = isinstance(value, int) and not isinstance(value, bool)
        if not right or not least <= int(str(value)) <= most or value == but:
            without = f" and not {but}" if but is not None else ""
            raise FileMistake(f"{at} must be a whole number from {least} to {most}{without}.")
        return int(str(value))

    return reader


RULE_KEYS: Mapping[str, Callable[[str, object], object]] = {
    "name": _sentence,
    "contains": _lower,
    "match": text_of,
    "severity": severity_of,
    "services": list_of(text_of),
    "modules": list_of(text_of),
    "routes": list_of(text_of),
    "statuses": list_of(_whole(0, 999)),
    "at_least": _whole(1, 1_000_000_000),
    "environments": list_of(text_of),
    "priority": _priority,
    "shift": _whole(-9, 9, but=0),
    "reason": _sentence,
    "cause": _sentence,
    "next": _sentence,
}
CONDITIONS = {"contains", "match", "severity", "services", "modules", "routes", "statuses"}
IMPACT_KEYS: Mapping[str, Callable[[str, object], object]] = {
    "says": _sentence,
    "routes": list_of(text_of),
    "modules": list_of(text_of),
    "weight": _whole(0, 3),
    "environments": list_of(text_of),
}


# --- names in rules ------------------------------------------------------------------------------


def _environments(each: TeamRule | Impact, known: Mapping[str, Environment]) -> None:
    names = {name.casefold() for name in known}
    for name in each.environments if known else ():
        if name.casefold() not in names:
            meant = nearest(name, known)
            asked = f" Did you mean {meant}?" if meant else ""
            where = _where(each) if isinstance(each, TeamRule) else f"line {each.line}: [[impact]]"
            raise FileMistake(f'{where} can never match: there is no environment "{name}".{asked}')


def _services(rule: TeamRule, known: Mapping[str, Environment]) -> None:
    """Raises `FileMistake` if the rule's environments all list services, and none of the rule's."""
    of = [e for e in known.values() if not rule.environments or e.name.casefold() in _fold(rule)]
    listed = all(e.names and not e.sources.filter for e in of)
    if not rule.services or not of or not listed:
        return
    read_ = {name for e in of for name in e.names}
    if not read_ & set(rule.services):
        meant = nearest(rule.services[0], read_)
        asked = f" Did you mean {meant}?" if meant else ""
        raise FileMistake(
            f'{_where(rule)} can never match: no environment reads "{rule.services[0]}".{asked}'
        )
