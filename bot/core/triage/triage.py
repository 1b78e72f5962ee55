"""Judgement: a priority for every cluster and incident, with all that it was made of. Pure.

A base by the first rule that fits (`rules`, after the team's own), then the weights of figures
(`adjustments`), then the team's shifts and impacts. What people decided by hand comes last, with
the decisions (`Report.with_decisions`), since reports are cached without them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.clusters.clusters import Draft
from bot.core.clusters.incident import Joined
from bot.core.clusters.people import people, same_subject
from bot.core.entries import understand as entries
from bot.core.entries.understand import Kind
from bot.core.model import rfc3339
from bot.core.model.environment import Environment
from bot.core.model.report import Began, Factor, Traffic
from bot.core.model.values import Priority, Severity
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.tally import hour_of
from bot.core.text.access_lines import Client
from bot.core.text.lost_negation import turned
from bot.core.text.slot_values import drift, may_drift
from bot.core.trends.traffic import by_service
from bot.core.triage import team_rules
from bot.core.triage import weights as adjustments
from bot.core.triage.facts import Facts
from bot.core.triage.first_revision import Revisions, sentence
from bot.core.triage.rules import RULES, rule_for

_REQUEST = re.compile(r" (\d{3}) \(([a-z ]+)\)")
_HEALTH = re.compile(r"/(?:health|healthz|livez|readyz|ready|ping|_ah/health|status)(?:/|\b)")
_NOWHERE = Environment("", "")

VARIANTS = 16
"""Wordings of a cluster in which a drifting number is looked for."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a cluster, and why."""

    priority: Priority
    reasons: tuple[str, ...]
    cause: str | None = None
    impact: str | None = None
    next: str | None = None
    factors: tuple[Factor, ...] = ()
    notes: tuple[str, ...] = ()
    began: Began | None = None


def judge(
    drafts: Sequence[Draft],
    joined: Sequence[Joined],
    rollup: Rollup,
    environment: Environment = _NOWHERE,
    traffic: Traffic | None = None,
) -> dict[str, Verdict]:
    """A verdict for each draft, by its id. `environment` brings the team's own rules."""
    surveyed = _Survey(drafts, joined, rollup, traffic)
    verdicts = {draft.id: _verdict(draft, surveyed, environment) for draft in drafts}
    for incident in joined:
        _share(incident, verdicts, {d.id: d for d in drafts})
    revisions = Revisions(rollup, traffic)
    symptoms = {symptom for incident in joined for symptom in incident.symptoms}
    for draft in drafts:
        verdict = verdicts[draft.id]
        if verdict.priority > Priority.P2 or draft.id in symptoms:
            continue
        if (began := revisions.began(draft)) is not None:
            said = sentence(began)
            verdicts[draft.id] = replace(
                verdict,
                began=began,
                notes=(said, *verdict.notes),
                reasons=(*verdict.reasons, said),
            )
    return verdicts


def glance(kind: Kind, template: str, severity: Severity) -> Priority:
    """A first impression of a message that was seen once, for the progress line."""
    facts = _plain(kind, template, severity, 1)
    return rule_for(facts).priority(facts)


# --- facts ---------------------------------------------------------------------------------------


class _Survey:
    """What all clusters have in common: who else wrote, was asked, and joined what."""

    def __init__(
        self,
        drafts: Sequence[Draft],
        joined: Sequence[Joined],
        rollup: Rollup,
        traffic: Traffic | None,
    ) -> None:
        self.rollup = rollup
        # A read at WARNING holds only those that failed: who counts all of them knows better.
        self.requests = rollup.requests | by_service(traffic, rollup.services)
        self.roots = {j.root: j for j in joined}
        self.inside = {s: j for j in joined for s in j.symptoms}
        self.instances: dict[str, set[str]] = {}
        spans: dict[str, tuple[int, int]] = {}
        for place, (_count, first, last) in rollup.places.items():
            self.instances.setdefault(place.service, set()).add(place.instance)
            known = spans.get(place.service, (first, last))
            spans[place.service] = min(first, known[0]), max(last, known[1])
        self.middle = {
            service: hour_of((first + last) // 2)
            for service, (first, last) in spans.items()
            # Within two hours both halves lie in the same hours, and say nothing.
            if hour_of(last) - hour_of(first) >= 3
        }
        self.failed: Counter[str] = Counter()
        for draft in drafts:
            told = _REQUEST.search(draft.template) if draft.kind is Kind.REQUEST else None
            if told and told[1] >= "500" and "httpRequest" in draft.sample:
                for place, count in draft.tally.places.items():
                    self.failed[place.service] += count

    def facts(self, draft: Draft) -> Facts:
        """What a rule may know of it."""
        tally = draft.tally
        plain = _plain(draft.kind, draft.template, tally.severity, tally.occurrences)
        services = frozenset(tally.services)
        served = sum(self.requests.get(service, 0) for service in services)
        failed = sum(self.failed[service] for service in services)
        root, symptom = self.roots.get(draft.id), self.inside.get(draft.id)
        earlier, later = self._halves(draft, services)
        location = draft.location
        return replace(
            plain,
            root_of_crash=root is not None and root.kind == "crash",
            per_request=tally.occurrences / served if served else 0.0,
            failing=failed / served if served else 0.0,
            same_value=same_subject(people(draft, self.rollup)),
            swallowed=any(entries.swallows(entries.message(raw)) for raw in draft.samples),
            services=services,
            module=location.module if location else "",
            routes=tuple(sorted(tally.routes)),
            instances=len(tally.instances),
            of_instances=len(set().union(*(self.instances.get(s, set()) for s in services)) - {""}),
            revisions=len(tally.revisions),
            earlier=earlier,
            later=later,
            root_of=len(root.symptoms) if root else 0,
            symptom=symptom is not None,
        )

    def _halves(self, draft: Draft, services: frozenset[str]) -> tuple[int, int]:
        middles = [self.middle[service] for service in services if service in self.middle]
        if not middles:
            return 0, 0
        middle = min(middles)
        earlier = sum(count for at, count in draft.tally.hours.items() if at < middle)
        # The hour in the middle belongs to neither half.
        later = sum(count for at, count in draft.tally.hours.items() if at > middle)
        return earlier, later


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


# --- verdicts ------------------------------------------------------------------------------------


def _verdict(draft: Draft, survey: _Survey, environment: Environment) -> Verdict:
    samples = draft.samples
    words = [entries.title(raw, limit=4_000) for raw in samples]
    facts = survey.facts(draft)
    rule = rule_for(facts)
    base, reason, cause, following = rule.priority(facts), rule.reason, rule.cause, rule.next
    name = f"rule “{rule.name}”"
    if facts.root_of_crash:
        # That it ended is the priority; what it says still tells the likely cause.
        cause = next(r for r in RULES[1:] if r.fits(facts)).cause
    elif (own := team_rules.first(environment.rules, facts)) is not None:
        base = rule.priority(facts) if own.priority is None else own.priority
        reason = team_rules.reason(own)
        name, cause, following = f"your rule “{own.name}”", own.cause, own.next
    weights = adjustments.weigh(facts)
    priority = adjustments.moved(base, weights, facts)
    factors = [Factor(name, f"{base.name}: {reason}"), Factor("severity", facts.severity.name)]
    factors += weights
    for own in team_rules.shifts(environment.rules, facts):
        factors.append(Factor(f"your rule “{own.name}”", team_rules.reason(own), own.shift))
        priority = _clamped(priority + own.shift)
    impact, told = rule.impact, team_rules.impact(environment.impacts, facts)
    if told is not None and priority <= Priority.P5:
        impact = told.says
        factors.append(Factor("your impact", told.says, -told.weight))
        priority = min(priority, Priority(max(Priority.P1, priority - told.weight)))
    notes = _notes(draft, facts, words)
    root = survey.roots.get(draft.id)
    return Verdict(
        priority,
        _reasons(reason, facts, factors, notes, root),
        cause,
        impact,
        following,
        tuple(factors),
        notes,
    )


def _clamped(number: int) -> Priority:
    return Priority(max(Priority.P0, min(Priority.P9, number)))


def _reasons(
    reason: str,
    facts: Facts,
    factors: Sequence[Factor],
    notes: Sequence[str],
    root: Joined | None,
) -> tuple[str, ...]:
    """The sentences of what counts; `factors` has all, also what weighs nothing."""
    found = [reason]
    if root is not None:
        found.append(root.reason)
    if facts.same_value and "same user again" in reason:
        found.append(f"the same user again: {facts.same_value}")
    by_name = {factor.name: factor for factor in factors}
    found += [by_name["frequency"].said, f"severity {facts.severity.name}"]
    if facts.revisions > 1:
        found.append(by_name["revisions"].said)
    if facts.instances > 1:
        found.append(by_name["instances"].said)
    found += [
        f"{factor.said} ({factor.weight})"
        for factor in factors
        if factor.shift
        and factor.name not in ("frequency", "revisions", "incident")
        and not (factor.name == "instances" and facts.instances > 1)
    ]
    if facts.swallowed and "swallowed" not in reason:
        found.append("the service's own redaction has swallowed words of it")
    return tuple(dict.fromkeys([*found, *notes]))


def _notes(draft: Draft, facts: Facts, words: Sequence[str]) -> tuple[str, ...]:
    found = []
    if facts.swallowed and any(turned(entries.message(raw)) for raw in draft.samples):
        found.append("The service's own redaction has swallowed words of this message (…)")
    variants = [key.masked for key in draft.keys if may_drift(key.masked)][:VARIANTS]
    if variants:
        times = [rfc3339.parse(str(raw.get("timestamp") or "")) or 0 for raw in draft.samples]
        dated = list(zip(words, times, strict=True))
        drifted = drift((masked, text, time) for masked in variants for text, time in dated)
        if drifted is not None:
            found.append(f"Its number drifts: {drifted}")
    return tuple(found)


def _share(incident: Joined, verdicts: dict[str, Verdict], drafts: Mapping[str, Draft]) -> None:
    """The worst of an incident is the priority of all of it: it is one problem.

    Of an echo it is the root's own: a second telling of the same requests makes nothing worse.
    """
    root = verdicts[incident.root]
    worst = root.priority
    if incident.kind != "echo":
        worst = min([worst, *(verdicts[s].priority for s in incident.symptoms)])
    if worst < root.priority:
        said = f"a symptom of it is {worst.name}"
        verdicts[incident.root] = replace(
            root,
            priority=worst,
            reasons=(*root.reasons, said),
            factors=(*root.factors, Factor("symptoms", said, worst - root.priority)),
        )
    title = drafts[incident.root].title
    title = title if len(title) <= 80 else title[:79] + "…"
    for symptom in incident.symptoms:
        mine = verdicts[symptom]
        why = [f"part of the incident that begins with “{title}”"]
        if symptom in incident.evidence:
            why.append(incident.evidence[symptom])
        verdicts[symptom] = replace(
            mine,
            priority=worst,
            reasons=(*why, *mine.reasons),
            factors=(*mine.factors, Factor("incident's priority", worst.name)),
            next=None,
        )
