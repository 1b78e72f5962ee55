"""Judges every cluster and incident: a priority and everything that led to it. Pure.

The first matching rule gives a base (`rules`, after the team's own), figures move it (`weights`),
then the team's shifts and impacts apply. Priorities set by hand come later, with the other
decisions (`Report.with_decisions`), since reports are cached without them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.clusters.clusters import Draft
from bot.core.clusters.failures import is_access, status_of
from bot.core.clusters.incident import IncidentDraft
from bot.core.clusters.people import people, same_subject
from bot.core.entries import understand as entries
from bot.core.entries.understand import Kind
from bot.core.model import rfc3339
from bot.core.model.environment import Environment
from bot.core.model.report import Began, Factor, Traffic
from bot.core.model.values import JSON, Priority, Severity
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.tally import hour_of
from bot.core.text.access_lines import Client
from bot.core.text.display import many
from bot.core.text.lost_negation import turned
from bot.core.text.slot_values import drift, may_drift
from bot.core.trends.serving import Serving
from bot.core.trends.traffic import by_service
from bot.core.triage import named, team_rules
from bot.core.triage import weights as adjustments
from bot.core.triage.facts import Facts
from bot.core.triage.first_revision import Revisions, sentence
from bot.core.triage.health_checks import is_health_check
from bot.core.triage.roll_back import advice
from bot.core.triage.rules import behind, rule_for
from bot.core.triage.rules_process import NOT_STARTED

_REQUEST = re.compile(r"^[^:]{0,260}? (\d{3})(?: \(([a-z ]+)\))?(?=: |$)")
_METHOD = re.compile(r"^([A-Z]{3,10}|WebSocket) (\S+) \d{3}(?: \(|: |$)")
_NOWHERE = Environment("", "")

VARIANTS = 16
"""How many wordings of a cluster to search for a drifting number."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The priority of a cluster, and why."""

    priority: Priority
    reasons: tuple[str, ...]
    cause: str | None = None
    impact: str | None = None
    next: str | None = None
    factors: tuple[Factor, ...] = ()
    notes: tuple[str, ...] = ()
    began: Began | None = None
    back: str | None = None
    """Whether to roll back, and to which revision; None if that is no help."""
    impact_then: str | None = None
    """The impact once it has ended."""
    rolls_back: bool = False


def judge(
    drafts: Sequence[Draft],
    incidents: Sequence[IncidentDraft],
    rollup: Rollup,
    environment: Environment = _NOWHERE,
    traffic: Traffic | None = None,
    *,
    serving: Serving | None = None,
) -> dict[str, Verdict]:
    """Returns a verdict for each draft, by its id; `environment` holds the team's own rules.

    `serving` is that of the same rollup and traffic, if the caller has it.
    """
    surveyed = _Survey(drafts, incidents, rollup, traffic)
    verdicts = {draft.id: _verdict(draft, surveyed, environment) for draft in drafts}
    for incident in incidents:
        _share(incident, verdicts, {d.id: d for d in drafts})
    revisions = Revisions(rollup, traffic)
    symptoms = {symptom for incident in incidents for symptom in incident.symptoms}
    serving = serving or Serving(rollup, traffic)
    failing = {r for d in drafts if status_of(d) >= 500 for r in d.tally.revisions}
    for draft in drafts:
        verdict = verdicts[draft.id]
        if verdict.priority > Priority.P2 or draft.id in symptoms:
            continue
        if (began := revisions.began(draft)) is not None:
            note = sentence(began)
            verdict = replace(
                verdict, notes=(note, *verdict.notes), reasons=(*verdict.reasons, note)
            )
        back = None
        if verdict.rolls_back:
            back, began = advice(draft, began, serving, failing)
        verdicts[draft.id] = replace(verdict, began=began, back=back)
    return verdicts


def glance(kind: Kind, template: str, severity: Severity) -> Priority:
    """Returns a provisional priority for a message seen once, for the progress line."""
    facts = _plain(kind, template, severity, 1)
    return rule_for(facts).priority(facts)


# --- facts ---------------------------------------------------------------------------------------


class _Survey:
    """Facts shared by all clusters: instances, requests and failures by service, and incidents."""

    def __init__(
        self,
        drafts: Sequence[Draft],
        incidents: Sequence[IncidentDraft],
        rollup: Rollup,
        traffic: Traffic | None,
    ) -> None:
        self.rollup = rollup
        self.by_id = {draft.id: draft for draft in drafts}
        # A read at WARNING holds only failed requests; the traffic counts cover all of them.
        self.requests = rollup.requests | by_service(traffic, rollup.services)
        self.roots = {each.root: each for each in incidents}
        self.inside = {s: each for each in incidents for s in each.symptoms}
        self.instances: dict[str, set[str]] = {}
        spans: dict[str, tuple[int, int]] = {}
        for place, (_count, first, last) in rollup.places.items():
            self.instances.setdefault(place.service, set()).add(place.instance)
            known = spans.get(place.service, (first, last))
            spans[place.service] = min(first, known[0]), max(last, known[1])
        self.middle = {
            service: hour_of((first + last) // 2)
            for service, (first, last) in spans.items()
            # With less than three hours between them, both halves fall into the same hours.
            if hour_of(last) - hour_of(first) >= 3
        }
        self.templates = {draft.id: draft.template.lower() for draft in drafts}
        self.failed: Counter[str] = Counter()
        for draft in drafts:
            request = _REQUEST.search(draft.template) if draft.kind is Kind.REQUEST else None
            if request and request[1] >= "500" and "httpRequest" in draft.sample:
                for place, count in draft.tally.places.items():
                    self.failed[place.service] += count

    def facts(self, draft: Draft) -> Facts:
        """Collects the facts about a cluster that rules can match on."""
        tally = draft.tally
        plain = _plain(draft.kind, draft.template, tally.severity, tally.occurrences)
        services = frozenset(tally.services)
        served = sum(self.requests.get(service, 0) for service in services)
        failed = sum(self.failed[service] for service in services)
        root, symptom = self.roots.get(draft.id), self.inside.get(draft.id)
        earlier, later = self._halves(draft, services)
        location = draft.location
        client = plain.client or _weightiest(draft.callers)
        around = root or symptom
        inside = (around.root, *around.symptoms) if around else ()
        return replace(
            plain,
            words=_words(draft.samples),
            client=client,
            root_of_crash=root is not None and root.kind == "crash",
            nothing_starts=any(NOT_STARTED(self.templates.get(name, "")) for name in inside),
            job=draft.is_job,
            health_check=_probed(draft, client),
            per_request=tally.occurrences / served if served else 0.0,
            failing=failed / served if served else 0.0,
            same_value=same_subject(people(draft, self.rollup)),
            swallowed=draft.swallowed,
            judged_by_words=draft.judged_by_words,
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
            answered=max(map(status_of, self.requests_of(around)), default=0),
        )

    def requests_of(self, root: IncidentDraft | None) -> list[Draft]:
        """Returns the failed requests of an incident, each counted once, the most frequent first.

        Access lines count only where the request log has none of it.
        """
        parts = [self.by_id[name] for name in root.symptoms] if root is not None else []
        requests = [part for part in parts if status_of(part) >= 400]
        requests = [part for part in requests if not is_access(part)] or requests
        return sorted(requests, key=lambda d: (-d.tally.occurrences, d.template, d.id))

    def _halves(self, draft: Draft, services: frozenset[str]) -> tuple[int, int]:
        middles = [self.middle[service] for service in services if service in self.middle]
        if not middles:
            return 0, 0
        middle = min(middles)
        earlier = sum(count for at, count in draft.tally.hours.items() if at < middle)
        # The middle hour belongs to neither half.
        later = sum(count for at, count in draft.tally.hours.items() if at > middle)
        return earlier, later


def _weightiest(callers: Mapping[str, int]) -> Client | None:
    """Returns the caller who matters most: a person with a browser, else the most frequent."""
    found = [Client(name) for name in callers]
    users = [client for client in (Client.OWN_PAGE, Client.BROWSER) if client in found]
    return next(iter([*users, *found]), None)


def _plain(kind: Kind, template: str, severity: Severity, occurrences: int) -> Facts:
    status, client = _status(kind, template)
    return Facts(
        text=template.lower(),
        words=template,
        kind=kind,
        severity=severity,
        occurrences=occurrences,
        repeats=occurrences >= 3,
        status=status,
        client=client,
        health_check=kind is Kind.REQUEST and _is_probe(template, client, ()),
    )


def _status(kind: Kind, template: str) -> tuple[int, Client | None]:
    if kind is Kind.REQUEST and (match := _REQUEST.search(template)):
        return int(match[1]), Client(match[2]) if match[2] else None
    return 0, None


def _is_probe(template: str, client: Client | None, agents: Sequence[str]) -> bool:
    asked = _METHOD.match(template)
    return asked is not None and is_health_check(asked[1], asked[2], client, agents)


def _probed(draft: Draft, client: Client | None) -> bool:
    """True if a prober asked, by the route and by who sent every request that was kept."""
    if draft.kind is not Kind.REQUEST:
        return False
    requests = [http for raw in draft.samples if isinstance(http := raw.get("httpRequest"), dict)]
    agents = [str(http.get("userAgent") or "") for http in requests]
    return _is_probe(draft.template, client, agents)


HEAD, TAIL = 30, 50
"""Lines of a representative that names are looked for in; a traceback ends with its exception."""
WIDE = 600


def _words(samples: Sequence[JSON]) -> str:
    """Joins the representatives' messages, redacted and cut."""
    found: dict[str, None] = {}
    for raw in samples:
        lines = [line[:WIDE] for line in entries.body(raw).split("\n")]
        if len(lines) > HEAD + TAIL:
            lines = lines[:HEAD] + lines[-TAIL:]
        found["\n".join(lines)] = None
    return "\n".join(found)


# --- verdicts ------------------------------------------------------------------------------------


def _verdict(draft: Draft, survey: _Survey, environment: Environment) -> Verdict:
    samples = draft.samples
    words = [entries.title(raw, limit=4_000) for raw in samples]
    facts = survey.facts(draft)
    rule = rule_for(facts)
    base, reason = rule.priority(facts), rule.reason
    ended = max(facts.severity, Severity.ERROR) if facts.root_of_crash else facts.severity
    why = behind(rule, replace(facts, root_of_crash=False, severity=ended))
    cause, following = named.said(why.cause, facts), named.said(why.next, facts)
    if why is not rule and (further := named.said(rule.next, facts)):
        following = f"{following} {further}" if following else further
    name = f"rule “{rule.name}”"
    first = None if facts.root_of_crash else team_rules.first(environment.rules, facts)
    if (own := first) is not None:
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
    impact, then = named.said(rule.impact, facts), named.said(rule.impact_then, facts)
    own_impact = team_rules.impact(environment.impacts, facts)
    if own_impact is not None and priority <= Priority.P5:
        impact, then = own_impact.says, None
        factors.append(Factor("your impact", own_impact.says, -own_impact.weight))
        priority = min(priority, Priority(max(Priority.P1, priority - own_impact.weight)))
    root = survey.roots.get(draft.id)
    failed = survey.requests_of(root) if draft.kind is not Kind.REQUEST else []
    notes = (*_failed_requests(failed), *_notes(draft, facts, words))
    return Verdict(
        priority,
        _reasons(reason, facts, factors, notes, root),
        cause,
        impact,
        following,
        tuple(factors),
        notes,
        impact_then=then or impact,
        rolls_back=rule.rolls_back and first is None,
    )


def _clamped(number: int) -> Priority:
    return Priority(max(Priority.P0, min(Priority.P9, number)))


def _reasons(
    reason: str,
    facts: Facts,
    factors: Sequence[Factor],
    notes: Sequence[str],
    root: IncidentDraft | None,
) -> tuple[str, ...]:
    """Selects the sentences worth showing; `factors` holds all, including those of weight 0."""
    found = [reason]
    if root is not None:
        found.append(root.reason)
    if facts.same_value and "same user again" in reason:
        found.append(f"the same user again: {facts.same_value}")
    by_name = {factor.name: factor for factor in factors}
    found += [by_name["frequency"].said, f"severity {facts.severity.name}"]
    if facts.judged_by_words:
        found.append(facts.judged_by_words)
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


ROUTES = 5
"""Routes named in the note on failed requests."""


def _failed_requests(requests: Sequence[Draft]) -> Iterator[str]:
    """Yields `5 requests failed with it: GET /api/a, POST /api/b`; at most one sentence."""
    if requests:
        routes = [match[1] for d in requests if (match := _ROUTE.match(d.template))]
        named = list(dict.fromkeys(route for route in routes if "404 (" not in route))
        count = sum(draft.tally.occurrences for draft in requests)
        refused = all(status_of(draft) < 500 for draft in requests)
        text = f"{many(count, 'request')} {'refused' if refused else 'failed'} with it"
        if named:
            more = f" and {len(named) - ROUTES} more" if len(named) > ROUTES else ""
            text += f": {', '.join(named[:ROUTES])}{more}"
        yield text


_ROUTE = re.compile(r"([A-Z]{3,10} /\S{0,200}) \d{3}\b")


def _notes(draft: Draft, facts: Facts, words: Sequence[str]) -> tuple[str, ...]:
    found = []
    if len(draft.callers) > 1:
        found.append("Called by: " + ", ".join(f"{who} {n}" for who, n in draft.callers.items()))
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


def _share(
    incident: IncidentDraft, verdicts: dict[str, Verdict], drafts: Mapping[str, Draft]
) -> None:
    """Gives the whole incident the highest priority within it: it is one problem.

    An echo keeps its root's priority: a second record of the same requests makes nothing worse.
    """
    root = verdicts[incident.root]
    worst = root.priority
    if incident.kind != "echo":
        worst = min([worst, *(verdicts[s].priority for s in incident.symptoms)])
    if incident.kind == "crash":
        # Each end of a process is P0 on its own; what it means is the root's to say.
        worst = min(root.priority, max(worst, Priority.P1))
    if worst < root.priority:
        why = f"a symptom of it is {worst.name}"
        verdicts[incident.root] = replace(
            root,
            priority=worst,
            reasons=(*root.reasons, why),
            factors=(*root.factors, Factor("symptoms", why, worst - root.priority)),
        )
    title = drafts[incident.root].title
    title = title if len(title) <= 80 else title[:79] + "…"
    for symptom in incident.symptoms:
        mine = verdicts[symptom]
        reasons = [f"part of the incident that begins with “{title}”"]
        if symptom in incident.evidence:
            reasons.append(incident.evidence[symptom])
        verdicts[symptom] = replace(
            mine,
            priority=worst,
            reasons=(*reasons, *mine.reasons),
            factors=(*mine.factors, Factor("incident's priority", worst.name)),
            next=mine.next if incident.kind == "reason" else None,
        )
