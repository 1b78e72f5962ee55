"""Judgement: a priority for every cluster and incident, with its reasons. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.garden import entry as entries
from bot.garden.clusters import Draft
from bot.garden.entry import Kind
from bot.garden.joined import Joined
from bot.garden.model import Priority, Severity
from bot.garden.requests import Client
from bot.garden.rules import RULES, Facts, Rule
from bot.garden.slots import same_subject

_REQUEST = re.compile(r" (\d{3}) \(([a-z ]+)\)")
_HEALTH = re.compile(r"/(?:health|healthz|livez|readyz|ready|ping|_ah/health|status)(?:/|\b)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a cluster, and why."""

    priority: Priority
    reasons: tuple[str, ...]
    cause: str | None = None
    impact: str | None = None
    next: str | None = None


def judge(
    drafts: Sequence[Draft], joined: Sequence[Joined], requests: Mapping[str, int]
) -> dict[str, Verdict]:
    """A verdict for each draft, by its id. `requests` counts what each service logged."""
    roots = {j.root: j for j in joined}
    inside = {s: j for j in joined for s in j.symptoms}
    verdicts: dict[str, Verdict] = {}
    for draft in drafts:
        facts = _facts(draft, roots.get(draft.id), inside.get(draft.id), requests)
        verdicts[draft.id] = _verdict(facts, draft, roots.get(draft.id))
    for incident in joined:
        _share(incident, verdicts, {d.id: d for d in drafts})
    return verdicts


def rule_for(facts: Facts) -> Rule:
    """The first rule of the table that fits; the last one always does."""
    return next(rule for rule in RULES if rule.fits(facts))


def glance(draft_kind: Kind, template: str, severity: Severity) -> Priority:
    """A first impression of a message that was seen once, for the progress line."""
    return rule_for(_plain(draft_kind, template, severity, 1)).priority(
        _plain(draft_kind, template, severity, 1)
    )


def _plain(kind: Kind, template: str, severity: Severity, occurrences: int) -> Facts:
    status, client = 0, None
    if kind is Kind.REQUEST and (match := _REQUEST.search(template)):
        status, client = int(match[1]), Client(match[2])
    return Facts(
        text=template.lower(),
        kind=kind,
        severity=severity,
        occurrences=occurrences,
        repeats=occurrences >= 3,
        status=status,
        client=client,
        health_check=bool(_HEALTH.search(template)) and kind is Kind.REQUEST,
    )


def _facts(
    draft: Draft, root: Joined | None, symptom: Joined | None, requests: Mapping[str, int]
) -> Facts:
    plain = _plain(draft.kind, draft.template, draft.tally.severity, draft.tally.occurrences)
    served = sum(requests.get(service, 0) for service in draft.tally.services)
    words = [entries.title(raw, limit=4_000) for raw in draft.samples]
    return Facts(
        text=plain.text,
        kind=plain.kind,
        severity=plain.severity,
        occurrences=plain.occurrences,
        repeats=plain.repeats,
        root_of_crash=root is not None and root.kind == "crash",
        symptom_of_crash=symptom is not None and symptom.kind == "crash",
        status=plain.status,
        client=plain.client,
        health_check=plain.health_check,
        per_request=draft.tally.occurrences / served if served else 0.0,
        same_value=same_subject(draft.template, words),
        swallowed=any(entries.swallows(text) for text in words),
    )


def _verdict(facts: Facts, draft: Draft, root: Joined | None) -> Verdict:
    rule = rule_for(facts)
    reasons = [rule.reason]
    if rule.name == "the same value again" and facts.same_value:
        reasons.append(f"the same user again: {facts.same_value}")
    times = facts.occurrences
    if facts.repeats:
        reasons.append(f"{times:,} times in the window: it repeats")
    else:
        reasons.append("once in the window" if times == 1 else f"{times} times in the window")
    reasons.append(f"severity {draft.tally.severity.name}")
    if len(draft.tally.revisions) > 1:
        reasons.append(f"on {len(draft.tally.revisions)} revisions")
    if len(draft.tally.instances) > 1:
        reasons.append(f"on {len(draft.tally.instances):,} instances")
    if facts.swallowed and "swallowed" not in rule.name:
        reasons.append("the service's own redaction has swallowed words of it")
    if root is not None:
        reasons.insert(1, root.reason)
    return Verdict(rule.priority(facts), tuple(reasons), rule.cause, rule.impact, rule.next)


def _share(incident: Joined, verdicts: dict[str, Verdict], drafts: Mapping[str, Draft]) -> None:
    """The worst of an incident is the priority of all of it: it is one problem.

    Of an echo it is the root's own: a second telling of the same requests makes nothing worse.
    """
    root = verdicts[incident.root]
    worst = root.priority
    if incident.kind != "echo":
        worst = min([worst, *(verdicts[s].priority for s in incident.symptoms)])
    if worst < root.priority:
        reasons = (*root.reasons, f"a symptom of it is {worst.name}")
        verdicts[incident.root] = Verdict(worst, reasons, root.cause, root.impact, root.next)
    title = drafts[incident.root].title
    title = title if len(title) <= 80 else title[:79] + "…"
    for symptom in incident.symptoms:
        mine = verdicts[symptom]
        why = [f"part of the incident that begins with “{title}”"]
        if symptom in incident.evidence:
            why.append(incident.evidence[symptom])
        verdicts[symptom] = Verdict(worst, (*why, *mine.reasons), mine.cause, mine.impact, None)
