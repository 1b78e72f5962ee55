"""Computes what a grouping rule would change, before anyone confirms it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.model.decisions import Decisions
from bot.core.model.grouping_rules import (
    Rule,
    Same,
    Split,
    Teaching,
    holds,
)
from bot.core.model.report import Report
from bot.core.model.values import DAY
from bot.core.ports import Remembered
from bot.core.text import display

PREVIEWED = 7 * DAY
"""The period over which clusters are counted (nanoseconds)."""


@dataclass(frozen=True, slots=True)
class PreviewData:
    """The input of a preview."""

    teaching: Teaching
    clusters: Sequence[Remembered]
    decisions: Mapping[str, Decisions]
    """By the ids under which clusters exist today."""
    report: Report | None
    """The latest report."""


def facts(rule: Rule, known: PreviewData, now: int) -> list[str]:
    """Lists what would change, one sentence each."""
    found = [_count(rule, known.teaching, known.clusters, now)]
    if isinstance(rule, Split):
        found.append(_wordings(rule, known.teaching, known.clusters))
    elif known.report is not None and (line := _occurrences(rule, known.report)):
        found.append(line)
    affected = _affected(rule, known.decisions)
    return [*found, *(affected or ["No decision is affected."])]


def computed(report: Report | None, now: int, timezone: str) -> str:
    """Describes the source of a preview's figures."""
    text = "Computed from what I remember of each cluster"
    if report is not None:
        until = display.since(report.window.end, timezone, now)
        length = display.duration(report.window.end - report.window.start)
        text += f" and the latest report ({length} to {until})"
    return f"{text}; no log was read for it. The next report shows it exactly."


def _count(rule: Rule, teaching: Teaching, known: Sequence[Remembered], now: int) -> str:
    seen = [
        each.id for each in known if each.last_seen is not None and each.last_seen > now - PREVIEWED
    ]
    before = len({teaching.canonical(id_) for id_ in seen} | _ids(rule))
    if isinstance(rule, Same):
        several = 1 + len(rule.others)
        return (
            f"{several} clusters become 1: of the last seven days' {before} clusters "
            f"{before - several + 1} are left."
        )
    return f"1 cluster becomes 2: of the last seven days' {before} clusters come {before + 1}."


def _ids(rule: Rule) -> set[str]:
    if isinstance(rule, Same):
        return {rule.keep.id, *(other.id for other in rule.others)}
    return {rule.cluster.id}


def _occurrences(rule: Same, report: Report) -> str:
    found = [(each.name, report.cluster(each.id)) for each in (rule.keep, *rule.others)]
    there = [(name, cluster.occurrences) for name, cluster in found if cluster is not None]
    if len(there) < 2:
        return ""
    each = ", ".join(f"{name} {display.number(count)}×" for name, count in there)
    return f"In the latest report: {each}; together {display.number(sum(c for _, c in there))}×."


def wordings(cluster: str, teaching: Teaching, known: Sequence[Remembered]) -> list[str]:
    """Returns the remembered masked messages that belong to a cluster under the grouping rules."""
    ids = set(teaching.together(cluster))
    # A split's new cluster has no messages of its own; they stay with the cluster they came from.
    sources = {
        id_
        for rule in teaching.rules
        if isinstance(rule, Split) and teaching.canonical(rule.apart.id) in ids
        for id_ in teaching.together(rule.cluster.id)
    }
    return [
        message
        for each in known
        if each.id in ids | sources
        for message in each.masked
        if teaching.place(each.id, message) == teaching.canonical(cluster)
    ]


def _wordings(rule: Split, teaching: Teaching, known: Sequence[Remembered]) -> str:
    found = wordings(rule.cluster.id, teaching, known)
    having = sum(holds(message, rule.token) for message in found)
    known_ones = display.many(len(found), "known wording")
    return (
        f'{having} of its {known_ones} have "{rule.token}". A wording is a message with its values '
        "masked; of how many entries each is, the next report counts."
    )


def _affected(rule: Rule, decisions: Mapping[str, Decisions]) -> list[str]:
    if isinstance(rule, Split):
        decided = decisions.get(rule.cluster.id)
        if decided is None or decided == Decisions():
            return []
        counted = "1 acknowledgement affected: it" if decided.expected else "What was decided"
        return [f"{counted} stays with {rule.cluster.name} and does not cover what leaves it."]
    members = (rule.keep, *rule.others)
    acknowledgements = [
        (m, d.expected) for m in members if (d := decisions.get(m.id)) and d.expected
    ]
    issues = [(m, d.issue) for m in members if (d := decisions.get(m.id)) and d.issue]
    found = []
    if acknowledgements:
        names = " and ".join(member.name for member, _ in acknowledgements)
        counted = display.many(len(acknowledgements), "acknowledgement")
        whose = (
            f"that of {acknowledgements[0][0].name} holds for all"
            if len(acknowledgements) > 1
            else "holds for all"
        )
        found.append(f"{counted} affected ({names}): {whose}.")
    if issues:
        links = ", ".join(f"#{issue.number} of {member.name}" for member, issue in issues)
        found.append(f"Issues stay linked: {links}; the card shows the first.")
    if found and len(members) > 1:
        found.append("Nothing decided is lost: undo gives each its own again.")
    return found
