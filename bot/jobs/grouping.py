"""Grouping rules: preview, confirm, list, undo. For admins only."""

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
"""Maximum number of merge candidates that a card's *Regroup…* offers."""
BUSY = 30
"""Seconds for which the lock around storing a rule is held."""


def preview(tools: Toolbox, asker: Asker, wanted: Taught, environment: Environment) -> None:
    """Previews a rule, with a button that confirms it. Stores nothing."""
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
    facts = rule_preview.facts(rule, known, now)
    computed = rule_preview.computed(report, now, environment.timezone)
    typed = replace(wanted, environment=environment.name).typed
    tell(tools, asker, drawn.preview(rule, facts, computed, environment.name, typed))


def confirm(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Stores the previewed rule. Idempotent."""
    environment = tools.environment(act.environment)
    _require_admin(tools, asker, environment)
    wanted = _read(act.note, environment)
    lock, token = f"teach:{environment.name}", uuid.uuid4().hex
    if not tools.locks.once(lock, BUSY, token):
        raise Refused("Somebody else teaches at this moment. Click again.")
    try:
        existing = _existing(tools, wanted, environment)
        rule = existing or _with_name(tools, environment, _rule(tools, asker, wanted, environment))
        if existing is None:
            tools.rules.put(environment.name, rule)
    finally:
        tools.locks.release(lock, token)
    again = f"The next report shows it; run /gardener {environment.name}."
    tell(tools, asker, drawn.taught(rule, environment.name, [again], before=existing is not None))


def undo(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Removes a rule; `act.note` is its id."""
    environment = tools.environment(act.environment)
    _require_admin(tools, asker, environment)
    rule = tools.rules.remove(environment.name, act.note)
    if rule is None:
        raise UsageError("Nothing to take back: that rule is gone already.")
    tell(tools, asker, drawn.untaught(rule))


def listed(tools: Toolbox, asker: Asker, environment: Environment) -> None:
    """Answers `/gardener rules`."""
    rules = tools.rules.all(environment.name)
    now = tools.now()
    message = drawn.rule_list(environment.name, rules, now=now)
    tell(tools, asker, message)


def regroup(tools: Toolbox, asker: Asker, act: Act) -> None:
    """Handles *Regroup…*: offers similar clusters to merge with and values to split by."""
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
    """Returns the named or default environment, else the first that knows the card.

    Raises `UsageError` if none does.
    """
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
    """Builds the requested rule. Raises `UsageError` if it makes no sense."""
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
    wordings = rule_preview.wordings(cluster.id, teaching, known)
    return split(cluster, wanted.token, wordings, teaching, by=asker.user, at=now)


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


def _existing(tools: Toolbox, wanted: Taught, environment: Environment) -> Rule | None:
    """Returns the equivalent stored rule, so that a second click is not an error."""
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


def _with_name(tools: Toolbox, environment: Environment, rule: Rule) -> Rule:
    """Gives the cluster that a split creates its C-number."""
    if not isinstance(rule, Split):
        return rule
    source = next(
        (each for each in tools.registry.all(environment.name) if each.id == rule.cluster.id), None
    )
    # It inherits first and last seen: splitting does not make it a new problem.
    first, last = (source.first_seen, source.last_seen) if source else (rule.at, rule.at)
    (identity,) = tools.registry.resolve(
        environment.name, [apart_candidate(rule.apart.id, first or rule.at, last or rule.at)]
    )
    return replace(rule, apart=replace(rule.apart, name=identity.name))


def _read(typed: str, environment: Environment) -> Taught:
    """Parses the command in a preview's button. Raises `UsageError`."""
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
    answer = may_administer(
        environment, asker.user, asker.channel, tools.slack, doing="teach grouping"
    )
    require(answer)
