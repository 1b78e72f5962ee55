"""Gives one run's clusters their lasting ids: from the registry, then from grouping rules.

Grouping sees one window at a time, so it may put beside each other what two earlier windows held
apart. Two ids that are known are merged only by a person: such a cluster is cut along what the
registry knows. Then the grouping rules cut and join, and those alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.clusters.clusters import Draft, callers_of, content_id, templates_of
from bot.core.entries.understand import Key, Kind
from bot.core.model.grouping_rules import Rule, Teaching
from bot.core.ports import Candidate, Identity, Registry
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.tally import Counted, size, tally_of


def registered(key: Key) -> str:
    """Returns the registry's key for a message, which includes its place, as in `content_id`."""
    return key.masked if not key.place else f"{key.masked} in {key.place}"


class LastingIds:
    """Gives the drafts of one run their lasting ids, then their names.

    Naming comes last, since new clusters get their C-numbers in the order of their importance, and
    that is known only after judgement.
    """

    def __init__(
        self,
        rollup: Rollup,
        environment: str,
        registry: Registry | None,
        rules: Iterable[Rule] = (),
    ) -> None:
        """Without a registry ids come from content alone, and grouping rules do not apply."""
        self._rollup = rollup
        self._environment = environment
        self._registry = registry
        self._teaching = Teaching(rules)
        self._cutter = _Cutter(rollup)
        self._candidates: Sequence[Candidate] = ()
        self._parts: Sequence[_Part] = ()
        self._before: dict[str, Identity] = {}
        """By id, as the registry knew it before this run."""

    def settle(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Returns the drafts under their lasting ids, one draft an id. Stores nothing."""
        if self._registry is None:
            return list(drafts)
        known = _split_by_known_ids(drafts, self._environment, self._registry, self._cutter)
        # Where two become one, the more frequent lends its words.
        known.sort(key=lambda draft: (-draft.tally.occurrences, draft.id))
        self._candidates = [candidate(draft) for draft in known]
        ids = self._registry.identify(self._environment, self._candidates)
        self._parts = [
            _Part(part, i, was, to)
            for i, (draft, was) in enumerate(zip(known, ids, strict=True))
            for to, part in self._placed(draft, was)
        ]
        return [self._merged(to, parts) for to, parts in self._by_id().items()]

    def name(self, order: Sequence[str]) -> Mapping[str, Identity] | None:
        """Registers what `settle` found and returns the identities by id.

        `order`: the ids of the settled drafts, the most important first. None if another run has
        registered one of them differently since; settle and judge again then.
        """
        if self._registry is None:
            return {id_: Identity(id_, f"C{i}", None) for i, id_ in enumerate(order, start=1)}
        rank = {id_: i for i, id_ in enumerate(order)}
        parts = sorted(self._parts, key=lambda part: rank[part.to])
        asked = list(dict.fromkeys(part.of for part in parts))
        found = self._resolve(self._registry, [self._candidates[i] for i in asked])
        ids = dict(zip(asked, found, strict=True))
        if any(ids[part.of] != part.was for part in parts):
            return None
        apart = dict.fromkeys(part.to for part in parts if self._is_apart(part))
        self._resolve(self._registry, [self._apart_candidate(id_) for id_ in apart])
        return {to: self._identity(to, its) for to, its in self._by_id().items()}

    def _resolve(self, registry: Registry, candidates: Sequence[Candidate]) -> list[str]:
        found = registry.resolve(self._environment, candidates)
        for identity in found:
            self._before.setdefault(identity.id, identity)
        return [identity.id for identity in found]

    def _placed(self, draft: Draft, was: str) -> list[tuple[str, Draft]]:
        """Returns (id, part of the draft) for each cluster that the rules put a part of it into."""
        if not self._teaching:
            return [(was, draft)]
        return self._cutter.cut(draft, lambda key: self._teaching.place(was, registered(key)))

    def _is_apart(self, part: _Part) -> bool:
        return part.to != part.was and part.to in self._teaching.apart

    def _by_id(self) -> Mapping[str, Sequence[_Part]]:
        """Groups the parts by lasting id, the part that had this id already first."""
        groups: dict[str, list[_Part]] = {}
        for part in self._parts:
            groups.setdefault(part.to, []).append(part)
        for parts in groups.values():
            parts.sort(key=lambda part: part.was != part.to and not self._is_apart(part))
        return groups

    def _merged(self, to: str, parts: Sequence[_Part]) -> Draft:
        first = parts[0].draft
        if len(parts) == 1:
            return first if first.id == to else replace(first, id=to)
        keys = {key for part in parts for key in part.draft.keys}
        tallies = [part.draft.tally for part in parts]
        callers = sum((Counter(part.draft.callers) for part in parts), Counter())
        return replace(
            first,
            id=to,
            keys=tuple(sorted(keys, key=str)),
            tally=tally_of(tallies, self._rollup.bounds, self._rollup.keep_members),
            callers=dict(callers.most_common()),
        )

    def _apart_candidate(self, cluster: str) -> Candidate:
        """Asks with the times of all its parts.

        The registry remembers when a split's part was seen, but none of its messages, so that a
        split that is undone gives back all that it took.
        """
        parts = [part.draft for part in self._parts if part.to == cluster and self._is_apart(part)]
        firsts = [part.tally.first for part in parts if part.tally.first is not None]
        lasts = [part.tally.last for part in parts if part.tally.last is not None]
        return apart_candidate(cluster, min(firsts, default=None), max(lasts, default=None))

    def _identity(self, to: str, parts: Sequence[_Part]) -> Identity:
        before = [self._before[to if self._is_apart(part) else part.was] for part in parts]
        named = self._teaching.named(to)
        name = named.name if named and before[0].id != to else before[0].name
        firsts = [each.first_seen for each in before if each.first_seen is not None]
        lasts = [each.last_seen for each in before if each.last_seen is not None]
        return Identity(to, name, min(firsts, default=None), max(lasts, default=None))


def candidate(draft: Draft) -> Candidate:
    """Builds the registry query for a draft."""
    return Candidate(
        id=draft.id,
        template=draft.template,
        masked=tuple(map(registered, draft.keys)),
        first_seen=draft.tally.first,
        last_seen=draft.tally.last,
        occurrences=draft.tally.occurrences,
        place=draft.keys[0].place,
        exact=draft.kind in (Kind.REQUEST, Kind.AUDIT),
    )


@dataclass(slots=True)
class _Cutter:
    """Splits drafts; reads the rollup only if one has to be split."""

    rollup: Rollup
    _counted: dict[Key, list[Counted]] | None = None

    def cut(self, draft: Draft, label: Callable[[Key], str]) -> list[tuple[str, Draft]]:
        """Splits a draft by label; returns (label, part) sorted by label.

        One label: the whole draft.
        """
        parts: dict[str, list[Key]] = defaultdict(list)
        for key in draft.keys:
            parts[label(key)].append(key)
        if len(parts) == 1:
            return [(next(iter(parts)), draft)]
        return [(name, self._part(draft, keys)) for name, keys in sorted(parts.items())]

    def size(self, key: Key) -> int:
        """Counts the entries of a message."""
        return sum(map(size, self._of(key)))

    def _part(self, draft: Draft, keys: Sequence[Key]) -> Draft:
        kind, sizes = draft.kind, {key.masked: self.size(key) for key in keys}
        template = min(templates_of(kind, dict.fromkeys(sizes, 1)).values())
        counted = [one for key in keys for one in self._of(key)]
        return Draft(
            content_id(kind, template, keys[0].place),
            kind,
            template,
            tuple(keys),
            tally_of(counted, self.rollup.bounds, self.rollup.keep_members),
            callers_of(sizes) if kind is Kind.REQUEST else {},
        )

    def _of(self, key: Key) -> list[Counted]:
        if self._counted is None:
            self._counted = defaultdict(list)
            for (its, _severity), counted in self.rollup.messages():
                self._counted[its].append(counted)
        return self._counted[key]


def _split_by_known_ids(
    drafts: Sequence[Draft], environment: str, registry: Registry, cutter: _Cutter
) -> list[Draft]:
    messages = [registered(key) for draft in drafts for key in draft.keys]
    known = registry.known(environment, messages)
    result: list[Draft] = []
    for draft in drafts:
        ids = {known[m] for key in draft.keys if (m := registered(key)) in known}
        if len(ids) < 2:
            result.append(draft)
            continue
        sizes: Counter[str] = Counter()
        for key in draft.keys:
            if registered(key) in known:
                sizes[known[registered(key)]] += cutter.size(key)
        # New messages go to the largest part: grouping found that they belong to all of them.
        home = min(sizes, key=lambda id_: (-sizes[id_], id_))
        result += [part for _, part in cutter.cut(draft, _labels(known, home))]
    return result


def _labels(known: Mapping[str, str], home: str) -> Callable[[Key], str]:
    return lambda key: known.get(registered(key), home)


@dataclass(frozen=True, slots=True)
class _Part:
    """A draft, or what the rules cut out of one, and the cluster that it belongs to."""

    draft: Draft
    of: int
    """Index of its candidate."""
    was: str
    """The registry's id of that candidate."""
    to: str
    """The id by the rules."""


def apart_candidate(cluster: str, first: int | None, last: int | None) -> Candidate:
    """Builds the registry query for a split's new cluster; no message ever joins it."""
    return Candidate(cluster, f"split/{cluster}", (), first, last, exact=True)
