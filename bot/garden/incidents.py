"""Clusters → incidents: what is one event however many messages tell of it.

Two clusters are joined only on evidence that is written down with the incident:

- **crash**: an instance ended, and in that instance the symptom followed the root. The root is
  the earliest error of the minute before an end; both are seen mostly then, not all day long.
- **echo**: a server's own access line tells of the request that the request log tells of.
- **shared tail**: different wordings end in the same rare words, and come from the same service.

Clusters that merely occur at the same time are not joined.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.garden.clusters import Draft, is_error
from bot.garden.entry import Kind
from bot.garden.grouping import tokens
from bot.garden.mask import SLOT
from bot.garden.model import MINUTE, SECOND, Severity
from bot.garden.tally import Place

RUN_UP = 2 * MINUTE
"""How long before an instance's end an error can still be its cause."""
PAUSE = MINUTE
"""Errors further apart than this are not one chain; ends closer than this are one end."""
SETTLE = 5 * SECOND
"""Lines written while a process dies arrive a little after the platform says that it ended."""
AFTERMATH = 10 * MINUTE
"""How long requests to a revision that cannot start go on failing because of it."""
MOSTLY = 0.5
"""The share of a cluster's occurrences that must fall into the incident."""

_ENDS = re.compile(
    r"container called exit\(|container terminated on signal|worker failed to boot"
    r"|application startup failed|container failed to start|failed to start and then listen"
    r"|startup probe failed|failed the configured startup probe|memory limit of .{1,40}exceeded"
    r"|the user-provided container failed|worker \(pid:<\*>\) exited with code"
    r"|process (?:was )?(?:killed|terminated)|out of memory: killed",
    re.IGNORECASE,
)
_CLEAN_EXIT = re.compile(r"exit\(0\)|exited with code 0\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Joined:
    """An incident before it has a priority. `root` and `symptoms` are drafts' ids."""

    kind: str
    """crash, echo or tail."""
    root: str
    symptoms: tuple[str, ...]
    occurrences: int
    instances: int
    first: int | None
    last: int | None
    reason: str

    @property
    def id(self) -> str:
        """From the root alone: symptoms come and go."""
        return "i-" + hashlib.blake2b(self.root.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class _Episode:
    """One end of one instance, with the errors that led to it."""

    revision: str
    instance: str
    start: int
    end: int
    root: str


def ends(draft: Draft) -> bool:
    """Whether the message says that a process or container ended, and not of its own will."""
    if draft.kind is Kind.REQUEST or not _ENDS.search(draft.template):
        return False
    samples = [str(raw.get("textPayload", "")) for raw in draft.samples]
    return not (samples and all(_CLEAN_EXIT.search(text) for text in samples))


def incidents(drafts: Sequence[Draft]) -> list[Joined]:
    """The incidents among the clusters; a cluster is part of one at the most."""
    found: list[Joined] = []
    taken: set[str] = set()
    for find in (_crashes, _tails, _echoes):
        for joined in find([d for d in drafts if d.id not in taken]):
            found.append(joined)
            taken.update((joined.root, *joined.symptoms))
    return found


# --- crashes -------------------------------------------------------------------------------------

_Timeline = list[tuple[int, Draft]]


def _crashes(drafts: Sequence[Draft]) -> list[Joined]:
    timelines: dict[tuple[str, str], _Timeline] = defaultdict(list)
    for draft in drafts:
        if draft.kind is Kind.REQUEST:
            continue
        for place, times in draft.tally.moments.items():
            timelines[_where(place)].extend((time, draft) for time in times)
    chains = [
        (where, chain)
        for where, timeline in timelines.items()
        for chain in _chains(sorted(timeline, key=lambda m: (m[0], m[1].id)))
    ]
    rare = _mostly_in(chains)
    episodes: dict[str, list[_Episode]] = defaultdict(list)
    for (revision, instance), chain in chains:
        causes = [m for m in chain if is_error(m[1]) and m[1].id in rare and not ends(m[1])]
        start, root = (causes or [m for m in chain if ends(m[1])])[0]
        episodes[root.id].append(_Episode(revision, instance, start, chain[-1][0], root.id))
    by_weight = sorted(episodes.items(), key=lambda item: (-len(item[1]), item[0]))
    found: list[Joined] = []
    taken = set(episodes)
    for root_id, mine in by_weight:
        symptoms = [d for d in drafts if d.id not in taken and _follows(d, mine)]
        taken.update(d.id for d in symptoms)
        root = next(d for d in drafts if d.id == root_id)
        if symptoms:
            found.append(_crash(root, mine, symptoms))
    return found


def _where(place: Place) -> tuple[str, str]:
    return place.revision, place.instance


def _chains(timeline: _Timeline) -> Iterable[_Timeline]:
    """The errors that lead to each end of an instance, oldest first, the end last."""
    stops = [time for time, draft in timeline if ends(draft)]
    while stops:
        last = stops[0]
        for stop in stops:
            if stop - last <= PAUSE:
                last = stop
        first = min(stops)
        chain: _Timeline = []
        previous = last
        for time, draft in reversed(timeline):
            if time > last + SETTLE or not (is_error(draft) or ends(draft)):
                continue
            if previous - time > PAUSE or first - time > RUN_UP:
                break
            chain.append((time, draft))
            previous = time
        yield chain[::-1]
        stops = [stop for stop in stops if stop > last]


def _mostly_in(chains: Sequence[tuple[tuple[str, str], _Timeline]]) -> set[str]:
    """The clusters that are seen mostly in such chains: what is said all day causes no crash."""
    inside: dict[str, set[tuple[str, str, int]]] = defaultdict(set)
    drafts: dict[str, Draft] = {}
    for (revision, instance), chain in chains:
        for time, draft in chain:
            inside[draft.id].add((revision, instance, time))
            drafts[draft.id] = draft
    return {
        name
        for name, seen in inside.items()
        if len(seen) >= MOSTLY * sum(len(t) for t in drafts[name].tally.moments.values())
    }


def _follows(draft: Draft, episodes: Sequence[_Episode]) -> bool:
    """Whether the cluster was seen mostly after the root of one of these episodes."""
    if draft.kind is Kind.AUDIT or draft.tally.severity < Severity.WARNING:
        return False
    moments = [(_where(p), time) for p, times in draft.tally.moments.items() for time in times]
    after = sum(any(_within(draft, where, time, e) for e in episodes) for where, time in moments)
    return bool(moments) and after >= MOSTLY * len(moments)


def _within(draft: Draft, where: tuple[str, str], time: int, episode: _Episode) -> bool:
    if where[0] != episode.revision:
        return False
    if draft.kind is Kind.REQUEST:
        return is_error(draft) and episode.start <= time <= episode.end + AFTERMATH
    return where[1] == episode.instance and episode.start <= time <= episode.end + SETTLE


def _crash(root: Draft, episodes: Sequence[_Episode], symptoms: Sequence[Draft]) -> Joined:
    instances = len({(e.revision, e.instance) for e in episodes})
    seconds = (max(e.end for e in episodes) - min(e.start for e in episodes)) / SECOND
    times = len(episodes)
    return Joined(
        "crash",
        root.id,
        tuple(d.id for d in sorted(symptoms, key=lambda d: (d.tally.first or 0, d.id))),
        times,
        instances,
        min(e.start for e in episodes),
        max(e.end for e in episodes),
        f"{_many(times, 'crash', 'crashes')} on {_many(instances, 'instance', 'instances')} "
        f"within {_span(seconds)}: the process ended each time after this message",
    )


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


# --- one cause in several wordings ---------------------------------------------------------------

_TAIL_WORDS = 4
_TAIL_LENGTH = 16


def _tails(drafts: Sequence[Draft]) -> list[Joined]:
    families: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.kind in (Kind.MESSAGE, Kind.TRACE) and (tail := _tail(draft.template)):
            families[tail].append(draft)
    found: list[Joined] = []
    for tail, family in sorted(families.items()):
        found.extend(_family(tail, group) for group in _same_service(family) if len(group) > 1)
    return found


def _tail(template: str) -> tuple[str, ...] | None:
    """The last words of a message, where they are telling enough to be a cause's own.

    After the last colon at least two words, otherwise the last four; 16 characters without slots.
    """
    words = tokens(template)
    colons = [i for i, word in enumerate(words[:-1]) if word.endswith(":")]
    after_colon = tuple(words[colons[-1] + 1 :]) if colons else ()
    if len(after_colon) < 2 and len(words) <= _TAIL_WORDS:
        return None
    tail = after_colon if 2 <= len(after_colon) <= _TAIL_WORDS else tuple(words[-_TAIL_WORDS:])
    said = [word for word in tail if SLOT not in word]
    if len(said) < 2 or sum(map(len, said)) + len(said) - 1 < _TAIL_LENGTH:
        return None
    return tail


def _same_service(family: Sequence[Draft]) -> Iterable[list[Draft]]:
    groups: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in family:
        groups[tuple(sorted(draft.tally.services))].append(draft)
    return groups.values()


def _family(tail: Sequence[str], group: Sequence[Draft]) -> Joined:
    def rank(draft: Draft) -> tuple[bool, int, str]:
        return (not is_error(draft), draft.tally.first or 0, draft.id)

    root, *rest = sorted(group, key=rank)
    return Joined(
        "tail",
        root.id,
        tuple(d.id for d in rest),
        max(d.tally.occurrences for d in group),
        len({i for d in group for i in d.tally.instances}),
        min((d.tally.first for d in group if d.tally.first is not None), default=None),
        max((d.tally.last for d in group if d.tally.last is not None), default=None),
        f"one cause in {len(group)} wordings: all end in “{' '.join(tail)}”",
    )


# --- the same requests, told twice ---------------------------------------------------------------

_STATUS = re.compile(r" (\d{3}) \(")


def _echoes(drafts: Sequence[Draft]) -> list[Joined]:
    """Access lines under the request-log cluster with the same status that shares most routes."""
    told = [d for d in drafts if d.kind is Kind.REQUEST and not _is_access(d)]
    echoes: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.kind is Kind.REQUEST and _is_access(draft):
            best = max(told, key=lambda d: (_overlap(draft, d), d.id), default=None)
            if best is not None and _overlap(draft, best) > 0:
                echoes[best.id].append(draft)
    by_id = {d.id: d for d in told}
    return [
        Joined(
            "echo",
            root,
            tuple(d.id for d in sorted(mine, key=lambda d: d.id)),
            by_id[root].tally.occurrences,
            len(by_id[root].tally.instances),
            by_id[root].tally.first,
            by_id[root].tally.last,
            "the server's own access log tells of the same requests",
        )
        for root, mine in sorted(echoes.items())
    ]


def _is_access(draft: Draft) -> bool:
    return "httpRequest" not in draft.sample


def _overlap(access: Draft, told: Draft) -> int:
    mine, theirs = _STATUS.search(access.template), _STATUS.search(told.template)
    if mine is None or theirs is None or mine[1] != theirs[1]:
        return 0
    if not access.tally.services & told.tally.services:
        return 0
    mine_on, theirs_on = access.tally.routes, told.tally.routes
    return sum(min(count, theirs_on.get(route, 0)) for route, count in mine_on.items())
