"""People's grouping rules: which clusters to merge, and which messages to split off. Pure.

A rule refers to clusters by their lasting ids, so it also applies to variants that join them later.
The result is a function of the set of rules: the order in which they were made or stored does not
matter, and a rule that is removed leaves no trace.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.model.errors import UsageError

TOKEN_LIMIT = 200
"""Characters of the longest token; nothing longer is a word of a message."""


@dataclass(frozen=True, slots=True)
class Member:
    """A cluster as stored in a rule."""

    id: str
    name: str
    """`C3`"""
    title: str = ""
    """Its title when the rule was made, so that a list can be shown without a report."""

    @property
    def number(self) -> tuple[int, str]:
        """Sort key: C2 before C10, names without a number last."""
        digits = self.name[1:]
        return (int(digits) if digits.isascii() and digits.isdigit() else 1 << 62, self.id)


@dataclass(frozen=True, slots=True)
class Same:
    """Merges clusters: `keep` remains, and the others' ids become aliases of it."""

    keep: Member
    others: tuple[Member, ...]
    by: str = ""
    """Slack user id."""
    at: int = 0

    @property
    def id(self) -> str:
        """The rule's id, independent of who made it and when."""
        return _rule_id("same", self.keep.id, *sorted(other.id for other in self.others))


@dataclass(frozen=True, slots=True)
class Split:
    """Moves the messages of `cluster` that contain `token` to a cluster of their own, `apart`."""

    cluster: Member
    token: str
    apart: Member
    by: str = ""
    at: int = 0

    @property
    def id(self) -> str:
        """The rule's id, independent of who made it and when."""
        return _rule_id("split", self.cluster.id, self.token.casefold())


Rule = Same | Split


def _rule_id(*parts: str) -> str:
    data = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return "t-" + hashlib.blake2b(data, digest_size=6).hexdigest()


def apart_id(cluster: str, token: str) -> str:
    """Returns the id of the cluster that a split creates; the same if the split is made again."""
    data = f"{cluster}\x1fapart\x1f{token.casefold()}".encode("utf-8", "surrogatepass")
    return "c-" + hashlib.blake2b(data, digest_size=6).hexdigest()


def holds(message: str, token: str) -> bool:
    """Returns whether a masked message contains the token as whole words.

    Ignores case and the amount of whitespace.
    """
    wanted = " ".join(token.split())
    if not wanted:
        return False
    before = r"(?<!\w)" if re.match(r"\w", wanted) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", wanted) else ""
    pattern = f"{before}{re.escape(wanted)}{after}"
    return re.search(pattern, " ".join(message.split()), re.IGNORECASE) is not None


class Teaching:
    """All grouping rules of an environment, indexed."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        by_id = {rule.id: rule for rule in rules}
        self.rules: Sequence[Rule] = sorted(by_id.values(), key=lambda rule: (rule.at, rule.id))
        self._named: dict[str, Member] = {}
        self._splits = [rule for rule in self.rules if isinstance(rule, Split)]
        self._roots = self._joined([rule for rule in self.rules if isinstance(rule, Same)])
        for split in self._splits:
            self._named.setdefault(split.cluster.id, split.cluster)
            self._named.setdefault(split.apart.id, split.apart)

    def __bool__(self) -> bool:
        return bool(self.rules)

    @property
    def version(self) -> str:
        """A hash of this set of rules; empty if there are none."""
        return _rule_id(*sorted(rule.id for rule in self.rules)) if self.rules else ""

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all clusters in a rule."""
        return frozenset(self._named)

    @property
    def apart(self) -> frozenset[str]:
        """The ids of clusters that a split created."""
        return frozenset(split.apart.id for split in self._splits)

    def named(self, cluster: str) -> Member | None:
        """Returns the cluster as stored in the rules; None if it is in none."""
        return self._named.get(cluster)

    def canonical(self, cluster: str) -> str:
        """Returns the id of the cluster into which this one was merged, else its own id."""
        return self._roots.get(cluster, cluster)

    def together(self, cluster: str) -> tuple[str, ...]:
        """Returns all ids of the same merged cluster: the canonical one, then by C-number."""
        root = self.canonical(cluster)
        others = [id_ for id_, its in self._roots.items() if its == root and id_ != root]
        return (root, *sorted(others, key=lambda id_: self._named[id_].number))

    def place(self, cluster: str, message: str) -> str:
        """Returns the id of the cluster to which the rules assign a message of `cluster`."""
        here = self.canonical(cluster)
        left = list(self._splits)
        while True:
            rule = next(
                (
                    split
                    for split in left
                    if self.canonical(split.cluster.id) == here and holds(message, split.token)
                ),
                None,
            )
            if rule is None:
                return here
            left.remove(rule)
            here = self.canonical(rule.apart.id)

    def _joined(self, rules: Sequence[Same]) -> Mapping[str, str]:
        """Returns cluster id → canonical id, for all clusters in a `Same`."""
        groups: list[set[str]] = []
        kept, given_up = set(), set()
        for rule in rules:
            members = {rule.keep.id, *(other.id for other in rule.others)}
            for named in (rule.keep, *rule.others):
                self._named.setdefault(named.id, named)
            kept.add(rule.keep.id)
            given_up |= members - {rule.keep.id}
            touching = [group for group in groups if group & members]
            groups = [group for group in groups if not group & members]
            groups.append(members.union(*touching))
        roots: dict[str, str] = {}
        for group in groups:
            # Merges can be chained: C5 into C3, and later C3 into C1.
            living = (group & kept) - given_up or group
            root = min(living, key=lambda id_: self._named[id_].number)
            roots.update(dict.fromkeys(group, root))
        return roots


# --- making a rule -------------------------------------------------------------------------------


def same(
    clusters: Sequence[Member], decided: Iterable[str], teaching: Teaching, *, by: str, at: int
) -> Same:
    """Makes the rule that merges clusters; keeps one in `decided`, else the one seen first.

    Raises `UsageError` if they are one already, or if a split separated them.
    """
    by_root: dict[str, Member] = {}
    for cluster in clusters:
        root = teaching.canonical(cluster.id)
        known = cluster if root == cluster.id else teaching.named(root) or cluster
        by_root.setdefault(root, known)
    if len(by_root) < 2:
        names = " and ".join(dict.fromkeys(cluster.name for cluster in clusters))
        raise UsageError(
            f"{names} are one already." if len(clusters) > 1 else f"{names} alone is one already."
        )
    for rule in teaching.rules:
        if (
            isinstance(rule, Split)
            and {
                teaching.canonical(rule.cluster.id),
                teaching.canonical(rule.apart.id),
            }
            <= by_root.keys()
        ):
            raise UsageError(
                f'{rule.apart.name} was split from {rule.cluster.name} by "{rule.token}". '
                "To make them one, undo that: /gardener rules lists it."
            )
    having = {teaching.canonical(id_) for id_ in decided}
    ordered = sorted(by_root.values(), key=lambda each: (each.id not in having, *each.number))
    return Same(ordered[0], tuple(sorted(ordered[1:], key=lambda e: e.number)), by, at)


def split(
    cluster: Member, token: str, wordings: Sequence[str], teaching: Teaching, *, by: str, at: int
) -> Split:
    """Makes the rule that splits the messages with the token off the cluster.

    `wordings`: the cluster's stored masked messages. Raises `UsageError` if all or none of them
    contain the token. `apart` has an id but no name yet; the registry assigns one.
    """
    token = " ".join(token.split())
    if not token or len(token) > TOKEN_LIMIT:
        raise UsageError(f'Split {cluster.name} by which word? Try split {cluster.name} "word".')
    having = [wording for wording in wordings if holds(wording, token)]
    if not having:
        raise UsageError(
            f'No wording of {cluster.name} that I remember has "{token}" in it. Values such as '
            "numbers, names and ids are masked, so nothing can be split by them."
        )
    if len(having) == len(wordings):
        raise UsageError(
            f'Every wording of {cluster.name} that I remember has "{token}" in it, so that divides '
            "nothing. Choose a word that only some of them have."
        )
    root = teaching.canonical(cluster.id)
    kept = cluster if root == cluster.id else teaching.named(root) or cluster
    apart = Member(apart_id(root, token), "", having[0])
    return Split(kept, token, apart, by, at)


def dividing(wordings: Sequence[str], limit: int = 4) -> tuple[str, ...]:
    """Returns words that some wordings contain and others do not, the most even split first."""
    split_ = [
        {word.strip(".,;:!?()[]{}\"'") for word in wording.split() if "<*>" not in word}
        for wording in wordings
    ]
    counts: dict[str, int] = {}
    for found in split_:
        for word in found:
            if len(word) >= 3:
                counts[word] = counts.get(word, 0) + 1
    half = len(wordings) / 2
    known = [word for word, count in counts.items() if count < len(wordings)]
    return tuple(sorted(known, key=lambda word: (abs(counts[word] - half), word))[:limit])
