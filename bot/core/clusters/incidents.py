"""Clusters → incidents: one event, however many messages report it.

Clusters are joined only on evidence, which is recorded with the incident:

- **crash** (`crashes`): an instance ended, and the symptom followed the root there.
- **failure**: requests failed, each with the same error beside it in the same instance.
- **shared tail**: different wordings from one service end in the same rare words.
- **echo**: a server's own access line records the same request as the request log.

Clusters that merely occur at the same time are not joined.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bot.core.clusters.clusters import Draft, is_error
from bot.core.clusters.crashes import MOSTLY, crashes
from bot.core.clusters.grouping import tokens
from bot.core.clusters.incident import IncidentDraft
from bot.core.entries.place import Place
from bot.core.entries.understand import Kind
from bot.core.model.values import SECOND
from bot.core.text.mask import SLOT


def incidents(drafts: Sequence[Draft]) -> list[IncidentDraft]:
    """Finds the incidents among the clusters; each cluster is part of at most one."""
    found: list[IncidentDraft] = []
    taken: set[str] = set()
    for find in (crashes, _failures, _tails, _echoes):
        for incident in find([d for d in drafts if d.id not in taken]):
            found.append(incident)
            taken.update((incident.root, *incident.symptoms))
    return found


# --- requests that fail with an error ------------------------------------------------------------

TOGETHER = 2 * SECOND
"""Maximum distance between a failed request and its error in the log, in either order."""
FAILURES = 3
"""How many failed requests must have the error beside them: two may be chance."""
CHANCE = 0.001
"""Maximum probability that they met by chance, given how often the error is logged."""


def _failures(drafts: Sequence[Draft]) -> list[IncidentDraft]:
    """Finds server errors in the request log that an error in the same instance explains.

    Evidence: at least three failed requests, and four in five of them, have the error within two
    seconds in the same instance; half of the errors have such a request (share); and chance would
    rarely produce as many (lift).
    """
    errors = [d for d in drafts if d.kind is not Kind.REQUEST and is_error(d)]
    alive = _alive(drafts)
    found: dict[str, list[tuple[Draft, str]]] = defaultdict(list)
    for request in drafts:
        if request.kind is Kind.REQUEST and is_error(request):
            scored = [
                (evidence, error) for error in errors if (evidence := _met(request, error, alive))
            ]
            if scored:
                (_, _, words), best = min(scored, key=lambda s: (s[0][0], s[0][1], s[1].id))
                found[best.id].append((request, words))
    by_id = {draft.id: draft for draft in errors}
    return [
        IncidentDraft(
            "failure",
            root,
            tuple(request.id for request, _ in sorted(mine, key=lambda m: m[0].id)),
            by_id[root].tally.occurrences,
            len(by_id[root].tally.instances),
            by_id[root].tally.first,
            by_id[root].tally.last,
            "requests fail with it",
            {request.id: words for request, words in mine},
        )
        for root, mine in sorted(found.items())
    ]


def _alive(drafts: Iterable[Draft]) -> dict[Place, int]:
    """Returns how long each instance is known to have logged, in nanoseconds."""
    spans: dict[Place, tuple[int, int]] = {}
    for draft in drafts:
        for place, times in draft.tally.moments.items():
            first, last = spans.get(place, (times[0], times[-1]))
            spans[place] = min(first, times[0]), max(last, times[-1])
    return {place: last - first for place, (first, last) in spans.items()}


def _met(
    request: Draft, error: Draft, alive: Mapping[Place, int]
) -> tuple[float, float, str] | None:
    """Returns (chance, minus share, evidence) if the error explains the requests; else None."""
    met = others = seen = 0
    chances: list[float] = []
    for place, times in request.tally.moments.items():
        beside = error.tally.moments.get(place, [])
        seen += len(times)
        hits = sum(any(abs(time - at) <= TOGETHER for at in beside) for time in times)
        met += hits
        others += sum(any(abs(time - at) <= TOGETHER for time in times) for at in beside)
        if hits:
            covered = len(beside) * 2 * TOGETHER / (alive[place] + 2 * TOGETHER)
            chances.append(min(1.0, covered) ** hits)
    written = sum(map(len, error.tally.moments.values()))
    if met < FAILURES or met < 0.8 * seen or others < MOSTLY * written:
        return None
    chance = math.prod(chances)
    if chance > CHANCE:
        return None
    return chance, -met / seen, f"{met} of {seen} came within 2 s of that error, in its instance"


# --- one cause in several wordings ---------------------------------------------------------------

_TAIL_WORDS = 4
_TAIL_LENGTH = 16


def _tails(drafts: Sequence[Draft]) -> list[IncidentDraft]:
    families: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.kind in (Kind.MESSAGE, Kind.TRACE) and (tail := _tail(draft.template)):
            families[tail].append(draft)
    found: list[IncidentDraft] = []
    for tail, family in sorted(families.items()):
        found.extend(_family(tail, group) for group in _same_service(family) if len(group) > 1)
    return found


def _tail(template: str) -> tuple[str, ...] | None:
    """Returns a message's last words if they are distinctive enough to identify a cause.

    These are the two to four words after the last colon, otherwise the last four; at least two
    words and 16 characters without slots.
    """
    words = tokens(template)
    colons = [i for i, word in enumerate(words[:-1]) if word.endswith(":")]
    after_colon = tuple(words[colons[-1] + 1 :]) if colons else ()
    if len(after_colon) < 2 and len(words) <= _TAIL_WORDS:
        return None
    tail = after_colon if 2 <= len(after_colon) <= _TAIL_WORDS else tuple(words[-_TAIL_WORDS:])
    plain = [word for word in tail if SLOT not in word]
    if len(plain) < 2 or sum(map(len, plain)) + len(plain) - 1 < _TAIL_LENGTH:
        return None
    return tail


def _same_service(family: Sequence[Draft]) -> Iterable[list[Draft]]:
    groups: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in family:
        groups[tuple(sorted(draft.tally.services))].append(draft)
    return groups.values()


def _family(tail: Sequence[str], group: Sequence[Draft]) -> IncidentDraft:
    def rank(draft: Draft) -> tuple[bool, int, str]:
        return (not is_error(draft), draft.tally.first or 0, draft.id)

    root, *rest = sorted(group, key=rank)
    return IncidentDraft(
        "tail",
        root.id,
        tuple(d.id for d in rest),
        max(d.tally.occurrences for d in group),
        len({i for d in group for i in d.tally.instances}),
        min((d.tally.first for d in group if d.tally.first is not None), default=None),
        max((d.tally.last for d in group if d.tally.last is not None), default=None),
        f"one cause in {len(group)} wordings: all end in “{' '.join(tail)}”",
    )


# --- the same requests in two logs ----------------------------------------------------------------

_STATUS = re.compile(r" (\d{3}) \(")


def _echoes(drafts: Sequence[Draft]) -> list[IncidentDraft]:
    """Attaches access lines to the request cluster of equal status that shares most routes."""
    requests = [d for d in drafts if d.kind is Kind.REQUEST and not _is_access(d)]
    echoes: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.kind is Kind.REQUEST and _is_access(draft):
            best = max(requests, key=lambda d: (_overlap(draft, d), d.id), default=None)
            if best is not None and _overlap(draft, best) > 0:
                echoes[best.id].append(draft)
    by_id = {d.id: d for d in requests}
    return [
        IncidentDraft(
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


def _overlap(access: Draft, request: Draft) -> int:
    mine, theirs = _STATUS.search(access.template), _STATUS.search(request.template)
    if mine is None or theirs is None or mine[1] != theirs[1]:
        return 0
    if not access.tally.services & request.tally.services:
        return 0
    mine_on, theirs_on = access.tally.routes, request.tally.routes
    return sum(min(count, theirs_on.get(route, 0)) for route, count in mine_on.items())
