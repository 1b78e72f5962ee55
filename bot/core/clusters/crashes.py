"""Crash incidents: an instance ended, with the entries that led to it or followed from it.

The root is the earliest error in the minutes before an end, among those that occur mostly there: a
message that is logged all day causes no crash. A line that only announces an exception gives way to
the exception. A symptom occurs mostly after the root in the same instance or, if it is a failing
request, in the same revision until that has recovered.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.core.clusters.clusters import Draft, is_error
from bot.core.clusters.incident import MOSTLY, IncidentDraft
from bot.core.entries.place import Place
from bot.core.entries.understand import Kind
from bot.core.model.values import MINUTE, SECOND, Severity
from bot.core.text.display import duration, many

RUN_UP = 2 * MINUTE
"""How long before an instance's end an error can still be its cause."""
PAUSE = MINUTE
"""Errors further apart than this are not one chain; ends closer than this are one end."""
SETTLE = 5 * SECOND
"""Delay with which a dying process's last lines arrive after the platform logs its end."""
LEAD = 2 * SECOND
"""How long before the first error its instance can log a warning that announces it."""
AFTERMATH = 10 * MINUTE
"""How long requests to a revision that cannot start may keep failing because of it, and how long
after it the platform may say that the service is not ready."""

_ANNOUNCES = re.compile(
    r"(?:exception|error) in (?:worker process|asgi application)$|unhandled exception:?$"
    r"|uncaught exception:?$|application run failed$|(?:error|exception)?[\W_]*$"
    r"|(?:unable|failed) to load \w+ application[.:]?$"
    r"|.{0,200}failureanalysisreporter\s*:?\s*$",
    re.IGNORECASE,
)
"""Lines that only announce an exception: the next entry has the exception, which is the cause."""
_WARNS_OF_END = re.compile(
    r"\bexception\b|startup failed|failed to start|cannot start|cancelling|aborting"
    r"|overflowed its stack",
    re.IGNORECASE,
)
"""Warnings that announce the end of the process, such as Spring's on its context."""


class _Where(NamedTuple):
    """The instance that ended; empty for what the platform says of a whole service."""

    service: str
    revision: str
    instance: str


@dataclass(frozen=True, slots=True)
class _Episode:
    """One end of one instance, with the errors that led to it."""

    where: _Where
    start: int
    end: int


_Timeline = list[tuple[int, Draft]]
_Chain = tuple[_Where, _Timeline]


def crashes(drafts: Sequence[Draft]) -> list[IncidentDraft]:
    """Finds the incidents in which instances ended, the one with the most ends first."""
    timelines: dict[_Where, _Timeline] = defaultdict(list)
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
    episodes = _by_root(chains, rare)
    by_id = {draft.id: draft for draft in drafts}
    found: list[IncidentDraft] = []
    # "Container called exit(1)" is a root only for ends that nothing else explains.
    unexplained = {name for name in episodes if by_id[name].is_end}
    taken = set(episodes) - unexplained

    def weight(root_id: str) -> tuple[bool, bool, int, str]:
        return (
            root_id in unexplained,
            by_id[root_id].is_of_service,
            -len(episodes[root_id]),
            root_id,
        )

    for root_id in sorted(episodes, key=weight):
        mine = episodes[root_id]
        if root_id in unexplained and root_id in taken:
            continue
        taken.add(root_id)
        follows = {d.id: share for d in drafts if d.id not in taken and (share := _share(d, mine))}
        taken.update(follows)
        if follows:
            symptoms = [by_id[name] for name in follows]
            found.append(_crash(by_id[root_id], mine, symptoms, follows))
    return found


def _by_root(chains: Sequence[_Chain], rare: set[str]) -> dict[str, list[_Episode]]:
    """Groups the ends by cause.

    Where instances log the same errors in different orders, the error that is most often the
    earliest becomes the cause of all ends it led to: one crash is one incident.
    """
    open_ends: list[tuple[_Where, int, _Timeline, _Timeline]] = []
    for where, chain in chains:
        may_be = [
            m for m in chain if m[1].id in rare and not m[1].is_end and not m[1].is_of_service
        ]
        errors = [m for m in may_be if is_error(m[1])]
        if not any(not _ANNOUNCES.match(draft.template) for _, draft in errors):
            errors = [m for m in may_be if m[1].says_failure] or errors
        errors = errors or [m for m in chain if m[1].is_end][:1]
        causes = [m for m in errors if not _ANNOUNCES.match(m[1].template)] or errors
        open_ends.append((where, errors[0][0], chain, causes))
    episodes: dict[str, list[_Episode]] = {}
    within: dict[str, Counter[str]] = {}
    while open_ends:
        earliest = Counter(causes[0][1].id for *_, causes in open_ends)
        root = min(earliest, key=lambda name: (-earliest[name], name))
        mine = [e for e in open_ends if any(draft.id == root for _, draft in e[-1])]
        episodes[root] = [_Episode(where, began, chain[-1][0]) for where, began, chain, _ in mine]
        within[root] = Counter(name for *_, causes in mine for name in {d.id for _, d in causes})
        open_ends = [e for e in open_ends if e not in mine]
    return _folded(episodes, within)


def _folded(
    episodes: dict[str, list[_Episode]], within: Mapping[str, Counter[str]]
) -> dict[str, list[_Episode]]:
    """Adds the ends of a message to the cause that it mostly follows from.

    A message that ended one instance alone and is a symptom in others has the others' cause, whose
    own line was lost there.
    """
    for root in sorted(episodes, key=lambda name: (len(episodes[name]), name)):
        above = [
            (-counts[root], name)
            for name, counts in within.items()
            if name != root and name in episodes and counts[root] > len(episodes[root])
        ]
        if above:
            episodes[min(above)[1]] += episodes.pop(root)
    return episodes


def _where(place: Place) -> _Where:
    return _Where(place.service, place.revision, place.instance)


def _chains(timeline: _Timeline) -> Iterable[_Timeline]:
    """Yields the errors that lead to each end of an instance, oldest first, the end last."""
    stops = [time for time, draft in timeline if draft.is_end]
    while stops:
        last = stops[0]
        for stop in stops:
            if stop - last <= PAUSE:
                last = stop
        first = min(stops)
        chain: _Timeline = []
        previous = last
        for time, draft in reversed(timeline):
            if time > last + SETTLE or not _may_lead(draft):
                continue
            if previous - time > PAUSE or first - time > RUN_UP:
                break
            chain.append((time, draft))
            previous = time
        yield chain[::-1]
        stops = [stop for stop in stops if stop > last]


def _may_lead(draft: Draft) -> bool:
    """True for an error, an end, or a line without level that says that something failed."""
    if is_error(draft) or draft.is_end:
        return True
    level = draft.tally.severity < Severity.WARNING or bool(draft.judged_by_words)
    return level and draft.says_failure


def _mostly_in(chains: Sequence[_Chain]) -> set[str]:
    """Finds clusters that occur mostly in these chains; constant messages cause no crash."""
    inside: dict[str, set[tuple[_Where, int]]] = defaultdict(set)
    drafts: dict[str, Draft] = {}
    for where, chain in chains:
        for time, draft in chain:
            inside[draft.id].add((where, time))
            drafts[draft.id] = draft
    return {
        name
        for name, seen in inside.items()
        if len(seen) >= MOSTLY * sum(len(t) for t in drafts[name].tally.moments.values())
    }


def _share(draft: Draft, episodes: Sequence[_Episode]) -> float:
    """Returns the share of occurrences that follow these episodes; 0.0 if below `MOSTLY`."""
    if draft.kind is Kind.AUDIT and not draft.is_of_service:
        return 0.0
    if draft.tally.severity < Severity.WARNING:
        return 0.0
    moments = [(_where(p), time) for p, times in draft.tally.moments.items() for time in times]
    after = sum(any(_within(draft, where, time, e) for e in episodes) for where, time in moments)
    return after / len(moments) if moments and after >= MOSTLY * len(moments) else 0.0


def _within(draft: Draft, where: _Where, time: int, episode: _Episode) -> bool:
    its = episode.where
    if where.service != its.service:
        return False
    if draft.is_of_service and where.instance != its.instance:
        same = not (where.revision and its.revision) or where.revision == its.revision
        return same and episode.start <= time <= episode.end + AFTERMATH
    if where.revision != its.revision:
        return False
    if draft.kind is Kind.REQUEST:
        return is_error(draft) and episode.start <= time <= episode.end + AFTERMATH
    lead = LEAD if _WARNS_OF_END.search(draft.template[:400]) else 0
    return where.instance == its.instance and episode.start - lead <= time <= episode.end + SETTLE


def _crash(
    root: Draft,
    episodes: Sequence[_Episode],
    symptoms: Sequence[Draft],
    shares: Mapping[str, float],
) -> IncidentDraft:
    instances = len({e.where for e in episodes})
    lasted = max(e.end for e in episodes) - min(e.start for e in episodes)
    times = len(episodes)
    return IncidentDraft(
        "crash",
        root.id,
        tuple(d.id for d in sorted(symptoms, key=lambda d: (d.tally.first or 0, d.id))),
        times,
        instances,
        min(e.start for e in episodes),
        max(e.end for e in episodes),
        f"{many(times, 'crash', 'crashes')} on {many(instances, 'instance')} "
        f"within {duration(max(1, round(lasted / SECOND)) * SECOND)}: "
        "the process ended each time after this message",
        {
            name: f"{share:.0%} of it followed that message in the same instance or revision"
            for name, share in shares.items()
        },
    )
