"""Decisions of clusters that a grouping rule has merged.

A decision about one of them applies to all. Nothing is moved in the store, so undoing the rule
gives each cluster its own decisions back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from bot.core.model.decisions import Decision, Decisions, Pending
from bot.core.model.grouping_rules import Teaching
from bot.core.model.report import Cluster, Incident, Report
from bot.core.ports import DecisionBook, RuleBook


class ByCluster(Mapping[str, Decisions]):
    """Decisions by cluster id: stored under the surviving id, found under any merged id."""

    def __init__(self, found: Mapping[str, Decisions], teaching: Teaching) -> None:
        self._found = found
        self._teaching = teaching

    def __getitem__(self, cluster: str) -> Decisions:
        return self._found[self._teaching.canonical(cluster)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class AliasedDecisions:
    """Wraps a `ports.DecisionBook` and applies the grouping rules to it."""

    def __init__(self, book: DecisionBook, rules: RuleBook) -> None:
        self._book = book
        self._rules = rules

    def all(self, environment: str) -> Mapping[str, Decisions]:
        """Returns decisions by cluster id; merged clusters share theirs.

        If several have a decision of the same kind, the surviving cluster's wins, then the next in
        the order of `Teaching.together`.
        """
        own = self._book.all(environment)
        teaching = Teaching(self._rules.all(environment)) if own else Teaching()
        if not teaching:
            return own
        roots = dict.fromkeys(teaching.canonical(cluster) for cluster in own)
        found = {root: _together(own, teaching, root) for root in roots}
        return ByCluster(found, teaching)

    def put(self, environment: str, decision: Decision) -> Decision | None:
        """Stores a decision for the surviving cluster; returns the previous one."""
        teaching = Teaching(self._rules.all(environment))
        ids = teaching.together(decision.cluster)
        held = None
        if len(ids) > 1:
            kind = type(decision)
            own = self._book.all(environment)
            held = next((d for id_ in ids if (d := _of(own.get(id_), kind))), None)
        if not isinstance(decision, Pending):  # its id is in a marker that was already sent
            decision = replace(decision, cluster=ids[0])
        before = self._book.put(environment, decision)
        return before or held

    def remove(self, environment: str, cluster: str, kind: type[Decision]) -> Decision | None:
        """Removes a decision from all merged clusters; returns the previous one."""
        teaching = Teaching(self._rules.all(environment))
        gone = [self._book.remove(environment, id_, kind) for id_ in teaching.together(cluster)]
        return next((decision for decision in gone if decision is not None), None)


def as_taught(report: Report, teaching: Teaching) -> Report:
    """Applies today's grouping rules to an older report, so that it compares with a newer one.

    Merged clusters get the sum of their counts. What a split takes out stays where it was, since a
    report does not keep its messages.
    """
    if all(teaching.canonical(cluster.id) == cluster.id for cluster in report.clusters):
        return report
    found: dict[str, Cluster] = {}
    for cluster in report.clusters:
        root = teaching.canonical(cluster.id)
        named = teaching.named(root)
        before = found.get(root)
        if before is None:
            name = named.name if named and root != cluster.id else cluster.name
            found[root] = replace(cluster, id=root, name=name)
            continue
        found[root] = replace(
            before,
            count=before.count + cluster.count,
            occurrences=before.occurrences + cluster.occurrences,
            priority=min(before.priority, cluster.priority),
        )
    incidents: dict[str, Incident] = {}
    for incident in report.incidents:
        root = teaching.canonical(incident.root)
        symptoms = dict.fromkeys(map(teaching.canonical, incident.symptoms))
        symptoms.pop(root, None)
        incidents.setdefault(root, replace(incident, root=root, symptoms=tuple(symptoms)))
    return replace(report, clusters=tuple(found.values()), incidents=tuple(incidents.values()))


def _together(own: Mapping[str, Decisions], teaching: Teaching, root: str) -> Decisions:
    whole = Decisions()
    for cluster in teaching.together(root):
        theirs = own.get(cluster)
        if theirs is None:
            continue
        missing: dict[str, Any] = {
            each.name: getattr(theirs, each.name)
            for each in fields(Decisions)
            if getattr(whole, each.name) is None
        }
        whole = replace(whole, **missing)
    return whole


def _of(decisions: Decisions | None, kind: type[Decision]) -> Decision | None:
    found = (getattr(decisions, each.name) for each in fields(Decisions)) if decisions else ()
    return next((decision for decision in found if isinstance(decision, kind)), None)
