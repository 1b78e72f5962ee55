"""Grouping rules: preview, confirmation, the list of rules, and a card's Regroup menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blocks import buttons, moments, parts
from blocks.buttons import Act
from blocks.escape import fallback, mrkdwn, user
from blocks.message import Message, message
from bot.core.model.grouping_rules import Member, Rule, Same
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block, ButtonElement

LISTED = 20
TITLE = 120


def headline(rule: Rule) -> str:
    """Renders `C5 is the same as C3`, `C18 is what has "legacy" of C3`."""
    if isinstance(rule, Same):
        others = _and([other.name for other in rule.others])
        return f"{others} {'is' if len(rule.others) == 1 else 'are'} the same as {rule.keep.name}"
    token = display.cut(display.one_line(rule.token), 60)
    if rule.apart.name:
        return f'{rule.apart.name} is what has "{token}" of {rule.cluster.name}'
    return f'What has "{token}" leaves {rule.cluster.name}, as a cluster of its own'


def preview(
    rule: Rule, facts: Sequence[str], computed: str, environment: str, typed: str
) -> Message:
    """Shows what would change, with a button to apply it. `computed`: the source of the figures."""
    text = f"{headline(rule)}, if you confirm."
    confirm = parts.button(
        "Confirm",
        Act(buttons.TEACH, environment, note=typed),
        label=f"Teach: {headline(rule)}",
        style="primary",
    )
    found: list[Block] = [parts.section(parts.plain_text(text, 600))]
    named = [rule.keep, *rule.others] if isinstance(rule, Same) else [rule.cluster]
    found += [parts.context(parts.plain_text(_titled(each), 300)) for each in named[:8]]
    found.append(parts.section(parts.lines(facts, 2500)))
    found.append(parts.context(parts.plain_text(computed, 600)))
    row = parts.actions(confirm)
    return message(fallback(text), [*found, *([row] if row else [])])


def taught(rule: Rule, environment: str, more: Sequence[str], *, before: bool = False) -> Message:
    """Confirms a new rule, with [Undo]. `before`: the rule existed already."""
    text = f"{headline(rule)}{'' if not before else ', as it was taught before'}. " + " ".join(more)
    section = parts.section(parts.plain_text(text.strip(), 2500), _undo(rule, environment))
    return message(fallback(text), [section])


def untaught(rule: Rule) -> Message:
    """Confirms that a rule was removed."""
    text = f"No longer so: {headline(rule)}. Their own decisions hold for each again."
    if not isinstance(rule, Same):
        text = (
            f"No longer so: {headline(rule)}. What was decided about "
            f"{rule.apart.name or 'it'} is kept, in case you split it so again."
        )
    return message(fallback(text), [parts.section(parts.plain_text(text, 900))])


def rule_list(environment: str, rules: Sequence[Rule], *, now: int) -> Message:
    """Renders `/gardener rules staging`, newest first."""
    where = display.one_line(environment)
    if not rules:
        text = f'{where}: nothing was taught. Try same C3 C5, or split C3 "word".'
        return message(fallback(text), [parts.section(parts.plain_text(text, 300))])
    text = f"{where}: {display.many(len(rules), 'rule')} taught."
    found: list[Block] = [parts.section(parts.plain_text(text, 300))]
    for rule in list(reversed(rules))[:LISTED]:
        found.append(parts.section(parts.plain_text(headline(rule), 300), _undo(rule, environment)))
        day = moments.date(rule.at, now)
        first = rule.keep if isinstance(rule, Same) else rule.cluster
        title = mrkdwn(display.cut(display.one_line(first.title), TITLE), TITLE + 20)
        who = f"{user(rule.by)}, {day}" if rule.by else "By a better mask of values"
        found.append(parts.context(f"{who}: {title}"))
    if len(rules) > LISTED:
        found.append(parts.context(f"and {len(rules) - LISTED} older"))
    return message(fallback(text), found)


def regroup(
    cluster: Member, alike: Sequence[Member], tokens: Sequence[str], environment: str
) -> Message:
    """Offers a card's regrouping: clusters that read alike, and words that only a part has."""
    name = cluster.name
    text = f"{name} can be made one with another card, or a part can be taken out."
    found: list[Block] = [
        parts.section(parts.plain_text(text, 300)),
        parts.context(parts.plain_text(_titled(cluster), 300)),
    ]
    for each in alike:
        typed = f"same {name} {each.name} {environment}"
        same = parts.button(
            f"Same as {each.name}…",
            Act(buttons.RUN, environment, query=typed),
            label=f"{name} is the same as {each.name}",
        )
        found.append(parts.section(parts.plain_text(_titled(each), 200), same))
    for token in tokens:
        split = parts.button(
            "Split…",
            Act(buttons.RUN, environment, query=f'split {name} "{token}" {environment}'),
            label=f"Take what has {token} out of {name}",
        )
        shown = f'Only a part has "{display.cut(token, 60)}"'
        found.append(parts.section(parts.plain_text(shown, 200), split))
    hint = f'Or type /gardener same {name} C5, /gardener split {name} "word". Nothing changes yet.'
    found.append(parts.context(parts.plain_text(hint, 300)))
    return message(fallback(text), found)


def _undo(rule: Rule, environment: str) -> ButtonElement:
    return parts.button(
        "Undo",
        Act(buttons.UNTEACH, environment, note=rule.id),
        label=f"Undo: {headline(rule)}",
    )


def _titled(each: Member) -> str:
    return f"{each.name} {display.cut(display.one_line(each.title), TITLE)}".strip()


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
