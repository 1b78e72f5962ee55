"""The store's ports in memory: as short as they can be, and held to the same contract tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.clusters.grouping import joins, rewords
from bot.core.model.decisions import (
    Acknowledgement,
    Claim,
    Decision,
    Decisions,
    IssueLink,
    Override,
    Pending,
    Snooze,
)
from bot.core.model.grouping_rules import Rule, Teaching
from bot.core.model.history import Past
from bot.core.model.report import Report
from bot.core.model.watching import Watch, WatchMemory
from bot.core.ports import (
    Candidate,
    Identity,
    Remembered,
    Subscription,
)

_FIELDS = {
    Acknowledgement: "expected",
    IssueLink: "issue",
    Claim: "claim",
    Snooze: "snooze",
    Override: "override",
    Pending: "pending",
}


@dataclass
class FakeDecisionBook:
    """`ports.DecisionBook`."""

    stored: dict[str, dict[str, Decisions]] = field(default_factory=dict)

    def all(self, environment: str) -> Mapping[str, Decisions]:
        return dict(self.stored.get(environment, {}))

    def put(self, environment: str, decision: Decision) -> Decision | None:
        return self._swap(environment, decision.cluster, type(decision), decision)

    def remove(self, environment: str, cluster: str, kind: type[Decision]) -> Decision | None:
        return self._swap(environment, cluster, kind, None)

    def _swap(self, environment, cluster, kind, decision):
        of_environment = self.stored.setdefault(environment, {})
        known = of_environment.get(cluster, Decisions())
        name = _FIELDS[kind]
        changed = replace(known, **{name: decision})
        if changed == Decisions():
            of_environment.pop(cluster, None)
        else:
            of_environment[cluster] = changed
        return getattr(known, name)


@dataclass
class FakeRegistry:
    """`ports.Registry`."""

    decisions: FakeDecisionBook = field(default_factory=FakeDecisionBook)
    joins: Callable[[str, str], bool] = joins
    messages: dict[tuple[str, str], str] = field(default_factory=dict)
    """(environment, masked message) → cluster id"""
    templates: dict[tuple[str, str], str] = field(default_factory=dict)
    """(environment, cluster id) → template"""
    places: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """The same -> place; None: it has no variants"""
    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)

    def resolve(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[Identity]:
        before, templates = dict(self.identities), dict(self.templates)
        found = [self._one(environment, candidate, templates) for candidate in candidates]
        return tuple(
            before.get((environment, i.id), replace(i, first_seen=None, last_seen=None))
            for i in found
        )

    def identify(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[str]:
        scratch = FakeRegistry(
            self.decisions,
            self.joins,
            dict(self.messages),
            dict(self.templates),
            dict(self.places),
            dict(self.identities),
        )
        return [identity.id for identity in scratch.resolve(environment, candidates)]

    def find(self, environment: str, name: str) -> str | None:
        wanted = name.strip().casefold()
        for (of, id_), identity in self.identities.items():
            if of == environment and wanted in (id_, identity.name.casefold()):
                return id_
        return None

    def known(self, environment: str, masked: Sequence[str]) -> Mapping[str, str]:
        found = {message: self.messages.get((environment, message)) for message in masked}
        return {message: id_ for message, id_ in found.items() if id_ is not None}

    def all(self, environment: str) -> Sequence[Remembered]:
        return tuple(
            Remembered(
                id_,
                identity.name,
                self.templates[of, id_],
                tuple(m for (where, m), its in self.messages.items() if (where, its) == (of, id_)),
                identity.first_seen,
                identity.last_seen,
            )
            for (of, id_), identity in self.identities.items()
            if of == environment
        )

    def _one(self, environment, candidate, templates) -> Identity:
        id_ = self._known(environment, candidate, templates)
        before = self.identities.get((environment, id_)) if id_ else None
        if before is None:
            id_ = candidate.id
            number = 1 + sum(of == environment for of, _ in self.identities)
            before = Identity(id_, f"C{number}", None, None)
            self.templates[environment, id_] = candidate.template
            self.places[environment, id_] = None if candidate.exact else candidate.place
        for message in candidate.masked:
            self.messages.setdefault((environment, message), before.id)
        self.identities[environment, before.id] = replace(
            before,
            first_seen=_of(min, before.first_seen, candidate.first_seen),
            last_seen=_of(max, before.last_seen, candidate.last_seen),
        )
        return before

    def _known(self, environment, candidate, templates) -> str | None:
        ids = {
            self.messages[environment, message]
            for message in candidate.masked
            if (environment, message) in self.messages
        }
        if not ids and (environment, candidate.id) in self.identities:
            ids = {candidate.id}
        if not ids:
            ids = {
                id_
                for (of, id_), template in templates.items()
                if of == environment
                and not candidate.exact
                and self.places[of, id_] == candidate.place
                and any(
                    self.joins(template, m) or (candidate.place and rewords(template, m))
                    for m in candidate.bare
                )
            }
        decided = self.decisions.all(environment)
        order = list(self.identities)
        return min(
            ids, key=lambda i: (i not in decided, order.index((environment, i))), default=None
        )


@dataclass
class FakeRuleBook:
    """`ports.RuleBook`."""

    stored: dict[str, dict[str, Rule]] = field(default_factory=dict)

    def all(self, environment: str) -> Sequence[Rule]:
        return Teaching(self.stored.get(environment, {}).values()).rules

    def put(self, environment: str, rule: Rule) -> bool:
        of_environment = self.stored.setdefault(environment, {})
        return of_environment.setdefault(rule.id, rule) is rule

    def remove(self, environment: str, rule: str) -> Rule | None:
        return self.stored.get(environment, {}).pop(rule, None)


@dataclass
class FakeHistory:
    """`ports.History`; nothing expires."""

    stored: dict[str, Past] = field(default_factory=dict)

    def read(self, environment: str, since: int, until: int) -> Past:
        return self.stored.get(environment, Past())

    def record(self, environment: str, seen: Past) -> None:
        self.stored[environment] = self.stored.get(environment, Past()).merged(seen)


@dataclass
class FakeSubscriptions:
    """`ports.Subscriptions`."""

    stored: dict[tuple[str, str], Subscription] = field(default_factory=dict)

    def all(self) -> Sequence[Subscription]:
        return tuple(self.stored.values())

    def put(self, subscription: Subscription) -> None:
        self.stored[subscription.environment, subscription.channel] = subscription

    def remove(self, channel: str, environment: str | None) -> Sequence[Subscription]:
        names = [
            name for name in self.stored if name[1] == channel and environment in (None, name[0])
        ]
        return tuple(self.stored.pop(name) for name in names)


@dataclass
class FakeWatches:
    """`ports.Watches`."""

    stored: dict[tuple[str, str], Watch] = field(default_factory=dict)
    memories: dict[tuple[str, str], WatchMemory] = field(default_factory=dict)

    def all(self) -> Sequence[Watch]:
        return tuple(self.stored.values())

    def put(self, watch: Watch) -> None:
        self.stored[watch.environment, watch.channel] = watch

    def remove(self, channel: str, environment: str | None) -> Sequence[Watch]:
        names = [
            name for name in self.stored if name[1] == channel and environment in (None, name[0])
        ]
        return tuple(self.stored.pop(name) for name in names)

    def memory(self, environment: str, channel: str) -> WatchMemory:
        return self.memories.get((environment, channel), WatchMemory())

    def remember(self, environment: str, channel: str, memory: WatchMemory) -> None:
        self.memories[environment, channel] = memory


@dataclass
class FakeReportCache:
    """`ports.ReportCache`; `now` in seconds is the test's to move."""

    now: float = 0.0
    stored: dict[tuple[str, str], tuple[Report, float | None]] = field(default_factory=dict)

    def get(self, environment: str, key: str) -> Report | None:
        report, until = self.stored.get((environment, key), (None, None))
        return None if until is not None and self.now >= until else report

    def put(self, environment: str, key: str, report: Report, seconds: int | None) -> None:
        until = None if seconds is None else self.now + seconds
        self.stored[environment, key] = (report, until)


@dataclass
class FakeLocks:
    """`ports.Locks`; `now` in seconds is the test's to move."""

    now: float = 0.0
    held: dict[str, tuple[str, float]] = field(default_factory=dict)

    def once(self, key: str, seconds: int, token: str) -> bool:
        holder, until = self.held.get(key, (token, 0.0))
        if holder != token and self.now < until:
            return False
        if holder != token or self.now >= until:
            self.held[key] = (token, self.now + seconds)
        return True

    def release(self, key: str, token: str) -> None:
        if self.held.get(key, ("", 0.0))[0] == token:
            del self.held[key]


def _of(choose, *times):
    return choose((time for time in times if time is not None), default=None)
