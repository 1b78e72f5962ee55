"""Teaching grouping: a preview, a confirmation, a list, and undo. For admins alone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from blocks import grouping as drawn
from blocks.buttons import Act
from bot.asker import Asker
from bot.core.clusters import rule_preview
from bot.core.clusters.identity import apart_candidate
from bot.core.commands import grouping_commands
from bot.core.commands.access import may_administer, may_look
from bot.core.commands.grouping_commands import SameAs, SplitBy, Taught
from bot.core.model.environment import Environment
from bot.core.model.errors import Refused, UsageError
from bot.core.model.grouping_rules import (
    Member,
    Rule,
    Split,
    Teaching,
    dividing,
    same,
    split,
)
from bot.core.model.report import Report
from bot.core.model.values import DAY
from bot.core.ports import Remembered
from bot.core.text import display
from bot.jobs import report_messages
from bot.jobs.common import require, tell
from bot.toolbox import Toolbox

ALIKE = 4
"""Clusters that a card's Regroup… offers to be made one with."""
BUSY = 30
"""Seconds for which one who teaches keeps the others out."""


def preview(tools: Toolbox, asker: Asker, wanted: Taught, environment: Environment) -> None:
    """What would change, with a button that changes it. Nothing is stored."""
    _require_admin(tools, asker, environment)
    rule = _rule(tools, asker, wanted, environment)
    report = report_messages.latest(tools, environment.name)
    now = tools.now()
    known = rule_preview.PreviewData(
        Teaching(tools.rules.all(environment.name)),
        tools.registry.all(environment.name),
        tools.decisions.all(environment.name),
        report,
    )
    told = rule_preview.facts(rule, known, now)
    computed = rule_preview.computed(report, now, environment.timezone)
    typed = replace(wanted, environment=environment.name).typed
    tell(tools, asker, drawn.preview(rule, told, computed, environment.name, typed))


def confirm(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Stores the rule. Clicked twice, it is there once."""
    environment = tools.environment(act.environment)
    _require_admin(tools, asker, environment)
    wanted = _read(act.note, environment)
    lock, token = f"teach:{environment.name}", uuid.uuid4().hex
    if not tools.locks.once(lock, BUSY, token):
        raise Refused("Somebody else teaches at this moment. Click again.")
    try:
        there = _there(tools, wanted, environment)
        rule = there or _named(tools, environment, _rule(tools, asker, wanted, environment))
        if there is None:
            tools.rules.put(environment.name, rule)
    finally:
        tools.locks.release(lock, token)
    again = f"The next report shows it; run /gardener {environment.name}."
    tell(tools, asker, drawn.taught(rule, environment.name, [again], before=there is not None))


def undo(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Takes a rule back."""
    environment = tools.environment(act.environment)
    _require_admin(tools, asker, environment)
    rule = tools.rules.remove(environment.name, act.note)
    if rule is None:
        raise UsageError("Nothing to take back: that rule is gone already.")
    tell(tools, asker, drawn.untaught(rule))


def listed(tools: Toolbox, asker: Asker, environment: Environment) -> None:
    """`/gardener rules`."""
    rules = tools.rules.all(environment.name)
    now = tools.now()
    message = drawn.rule_list(environment.name, rules, now=now, timezone=environment.timezone)
    tell(tools, asker, message)


def regroup(tools: Toolbox, asker: Asker, act: Act) -> None:
    """A card's Regroup…: what reads alike, and what could be taken out."""
    environment = tools.environment(act.environment)
    require(may_look(environment, asker.user, asker.channel, tools.slack))
    _require_admin(tools, asker, environment)
    teaching = Teaching(tools.rules.all(environment.name))
    known = tools.registry.all(environment.name)
    cluster = teaching.canonical(act.cluster)
    own = next((each for each in known if each.id == cluster), None)
    if own is None:
        raise UsageError(
            f"I do not remember this cluster any more. Run /gardener {environment.name} again."
        )
    titles = _titles(report_messages.latest(tools, environment.name))
    recent = tools.now() - 30 * DAY
    others = [
        each
        for each in known
        if teaching.canonical(each.id) == each.id != cluster
        and each.id not in teaching.apart
        and (each.last_seen or 0) > recent
    ]
    others.sort(key=lambda each: (-fuzz.token_sort_ratio(own.template, each.template), each.id))
    message = drawn.regroup(
        _as_named(own, titles),
        [_as_named(each, titles) for each in others[:ALIKE]],
        dividing(rule_preview.wordings(cluster, teaching, known)),
        environment.name,
    )
    tell(tools, asker, message)


def environment_of(
    tools: Toolbox, wanted: Taught, default: str | None, visible: Sequence[Environment]
) -> Environment:
    """The environment that was named or is meant here, else the first that knows the card."""
    name = wanted.environment or default
    if name is not None:
        return tools.environment(name)
    first = wanted.names[0] if isinstance(wanted, SameAs) else wanted.name
    found = next((e for e in visible if tools.registry.find(e.name, first) is not None), None)
    if found is None:
        known = ", ".join(e.name for e in visible)
        raise UsageError(f"Which environment? Say it last: {wanted.typed} {known}.")
    return found


# --- making the rule -----------------------------------------------------------------------------


def _rule(tools: Toolbox, asker: Asker, wanted: Taught, environment: Environment) -> Rule:
    """The rule that was asked for. Raises `UsageError` where it makes no sense."""
    name = environment.name
    teaching = Teaching(tools.rules.all(name))
    known = tools.registry.all(name)
    titles = _titles(report_messages.latest(tools, name))
    now = tools.now()
    if isinstance(wanted, SameAs):
        clusters = [_find(known, each, name, titles) for each in wanted.names]
        decided = tools.decisions.all(name).keys()
        return same(clusters, decided, teaching, by=asker.user, at=now)
    cluster = _find(known, wanted.name, name, titles)
    said = rule_preview.wordings(cluster.id, teaching, known)
    return split(cluster, wanted.token, said, teaching, by=asker.user, at=now)


def _find(
    known: Sequence[Remembered], name: str, environment: str, titles: Mapping[str, str]
) -> Member:
    found = next((each for each in known if name in (each.name, each.id)), None)
    if found is None:
        raise UsageError(
            f"I know no {name} in {environment}. The names stand on the cards: run "
            f"/gardener {environment} first."
        )
    return _as_named(found, titles)


def _as_named(known: Remembered, titles: Mapping[str, str]) -> Member:
    return Member(
        known.id, known.name, titles.get(known.id, display.template(known.template))[:200]
    )


def _there(tools: Toolbox, wanted: Taught, environment: Environment) -> Rule | None:
    """The rule, where it was taught already: a second click must not be told off."""
    rules = tools.rules.all(environment.name)
    for rule in reversed(rules):
        if isinstance(rule, Split):
            if isinstance(wanted, SplitBy) and (rule.cluster.name, rule.token.casefold()) == (
                wanted.name,
                wanted.token.casefold(),
            ):
                return rule
        elif isinstance(wanted, SameAs) and {rule.keep.name, *(o.name for o in rule.others)} == set(
            wanted.names
        ):
            return rule
    return None


def _named(tools: Toolbox, environment: Environment, rule: Rule) -> Rule:
    """With the C-number of what is taken out."""
    if not isinstance(rule, Split):
        return rule
    source = next(
        (each for each in tools.registry.all(environment.name) if each.id == rule.cluster.id), None
    )
    # Known as long as what it came from: taking it out makes it no new problem.
    first, last = (source.first_seen, source.last_seen) if source else (rule.at, rule.at)
    (identity,) = tools.registry.resolve(
        environment.name, [apart_candidate(rule.apart.id, first or rule.at, last or rule.at)]
    )
    return replace(rule, apart=replace(rule.apart, name=identity.name))


def _read(typed: str, environment: Environment) -> Taught:
    """What a preview's button carries."""
    which, _, rest = typed.partition(" ")
    names = {environment.name.casefold()}
    found = (
        grouping_commands.read_same(rest.split(), names)
        if which == "same"
        else grouping_commands.read_split(rest.replace('"', " ").split(), _token(rest), names)
    )
    if isinstance(found, tuple):
        raise UsageError(f"I do not understand this button any more. {found[0]}")
    return found


def _token(rest: str) -> str | None:
    return grouping_commands.quoted(rest)


def _titles(report: Report | None) -> Mapping[str, str]:
    return {c.id: c.title for c in report.clusters} if report is not None else {}


def _require_admin(tools: Toolbox, asker: Asker, environment: Environment) -> None:
    said = may_administer(
        environment, asker.user, asker.channel, tools.slack, doing="teach grouping"
    )
    require(said)
