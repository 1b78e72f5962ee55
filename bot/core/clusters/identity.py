"""Gives one run's clusters their lasting ids: from the registry, then from grouping rules.

Grouping sees one window at a time, so it may join what two earlier windows kept apart. Only a
person may merge two known ids: such a cluster is split again by what the registry knows. After that
only grouping rules split and merge.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.clusters.clusters import Draft, content_id
from bot.core.clusters.grouping import group
from bot.core.entries.understand import Key, Kind
from bot.core.model.grouping_rules import Rule, Teaching
from bot.core.ports import Candidate, Identity, Registry
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.tally import Counted, size, tally_of


def registered(key: Key) -> str:
    """Returns the registry's key for a message, which includes its place, as in `content_id`."""
    return key.masked if not key.place else f"{key.masked} in {key.place}"


def settle(
    drafts: Sequence[Draft],
    rollup: Rollup,
    environment: str,
    registry: Registry | None,
    rules: Iterable[Rule] = (),
) -> tuple[list[Draft], Mapping[str, Identity]]:
    """Returns the drafts under their lasting, distinct ids, and the identity of each.

    `drafts` must be in the order in which new ones are to get their C-numbers. Without a registry,
    ids come from content alone, and grouping rules do not apply, since they name lasting ids.
    """
    if registry is None:
        alone = [Identity(draft.id, f"C{i}", None) for i, draft in enumerate(drafts, start=1)]
        return list(drafts), {identity.id: identity for identity in alone}
    teaching = Teaching(rules)
    cutter = _Cutter(rollup)
    drafts = _split_by_known_ids(drafts, environment, registry, cutter)
    found = registry.resolve(environment, [candidate(draft) for draft in drafts])
    placed = _placed(drafts, found, teaching, cutter)
    _register_splits(placed, teaching, environment, registry)
    return _merged(placed, rollup)


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
        template = min(group({key.masked: 1 for key in keys}).values())
        counted = [one for key in keys for one in self._of(key)]
        return Draft(
            content_id(draft.kind, template, keys[0].place),
            draft.kind,
            template,
            tuple(keys),
            tally_of(counted, self.rollup.bounds, self.rollup.keep_members),
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


@dataclass(slots=True)
class _Placed:
    """A draft with its identity before grouping rules, and the cluster it belongs to by them."""

    draft: Draft
    was: Identity
    to: str
    name: str


def _placed(
    drafts: Sequence[Draft],
    identities: Sequence[Identity],
    teaching: Teaching,
    cutter: _Cutter,
) -> list[_Placed]:
    placed: list[_Placed] = []
    for draft, identity in zip(drafts, identities, strict=True):
        if not teaching:
            placed.append(_Placed(draft, identity, identity.id, identity.name))
            continue
        for to, part in cutter.cut(draft, _targets(teaching, identity.id)):
            named = teaching.named(to)
            name = named.name if named and to != identity.id else identity.name
            placed.append(_Placed(part, identity, to, name))
    return placed


def _targets(teaching: Teaching, cluster: str) -> Callable[[Key], str]:
    return lambda key: teaching.place(cluster, registered(key))


def _register_splits(
    placed: Sequence[_Placed], teaching: Teaching, environment: str, registry: Registry
) -> None:
    """Registers the times of what a split took out, without any messages of its own.

    So undoing the split gives everything back.
    """
    found = [each for each in placed if each.to in teaching.apart and each.to != each.was.id]
    if not found:
        return
    asking = [
        apart_candidate(each.to, each.draft.tally.first, each.draft.tally.last) for each in found
    ]
    for each, identity in zip(found, registry.resolve(environment, asking), strict=True):
        each.was, each.name = identity, identity.name


def apart_candidate(cluster: str, first: int | None, last: int | None) -> Candidate:
    """Builds the registry query for a split's new cluster; no message ever joins it."""
    return Candidate(cluster, f"split/{cluster}", (), first, last, exact=True)


def _merged(
    placed: Sequence[_Placed], rollup: Rollup
) -> tuple[list[Draft], Mapping[str, Identity]]:
    """Merges drafts with the same target id, in order of first appearance."""
    groups: dict[str, list[_Placed]] = {}
    for each in placed:
        groups.setdefault(each.to, []).append(each)
    drafts: list[Draft] = []
    names: dict[str, Identity] = {}
    for to, parts in groups.items():
        # Prefer the surviving cluster's own wording, if it is present.
        parts.sort(key=lambda each: each.was.id != to)
        first = parts[0]
        firsts = [p.was.first_seen for p in parts if p.was.first_seen is not None]
        lasts = [p.was.last_seen for p in parts if p.was.last_seen is not None]
        names[to] = Identity(to, first.name, min(firsts, default=None), max(lasts, default=None))
        if len(parts) == 1:
            drafts.append(replace(first.draft, id=to))
            continue
        tallies = [part.draft.tally for part in parts]
        keys = {key for part in parts for key in part.draft.keys}
        drafts.append(
            replace(
                first.draft,
                id=to,
                keys=tuple(sorted(keys, key=str)),
                tally=tally_of(tallies, rollup.bounds, rollup.keep_members),
            )
        )
    return drafts, names
