"""Clusters → incidents: one event, however many messages report it.

Clusters are joined only on evidence, which is recorded with the incident:

- **crash** (`crashes`): an instance ended, and the symptom followed the root there.
- **worker**: a server ended a worker whose request took too long (`workers`).
- **failure** (`failures`): requests failed, each with the same error in its trace or beside it.
- **reason**: the platform gave the same reason for failed requests.
- **shared tail**: different wordings from one service end in the same rare words.
- **echo**: a server's own access line records the same request as the request log.

Clusters that merely occur at the same time are not joined.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bot.core.clusters.clusters import Draft, is_error
from bot.core.clusters.crashes import crashes
from bot.core.clusters.failures import failures, is_access, status_of
from bot.core.clusters.grouping import tokens
from bot.core.clusters.incident import IncidentDraft
from bot.core.clusters.workers import worker_timeouts
from bot.core.entries.place import Place
from bot.core.entries.understand import Kind
from bot.core.text import platform_reasons
from bot.core.text.mask import SLOT


def incidents(
    drafts: Sequence[Draft], spans: Mapping[Place, tuple[int, int]] | None = None
) -> list[IncidentDraft]:
    """Finds the incidents among the clusters; each cluster is part of at most one.

    `spans`: first and last time of any entry per place without instance, to know how long an
    instance lived that logs little.
    """
    found: list[IncidentDraft] = []
    taken: set[str] = set()
    finders: tuple[Callable[[Sequence[Draft]], list[IncidentDraft]], ...] = (
        crashes,
        worker_timeouts,
        partial(failures, spans=spans),
        _platform_reasons,
        _tails,
    )
    for find in finders:
        for incident in find([d for d in drafts if d.id not in taken]):
            found.append(incident)
            taken.update((incident.root, *incident.symptoms))
    return _with_echoes(drafts, found, taken)


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
    reason = f"one cause in {len(group)} wordings: all end in “{' '.join(tail)}”"
    # The same event in several wordings is not several.
    return _incident("tail", root, rest, reason, group, max(d.tally.occurrences for d in group))


# --- one reason of the platform -------------------------------------------------------------------

_REASONS = tuple(re.compile(reason.says, re.IGNORECASE) for reason in platform_reasons.REASONS)


def _reason_of(draft: Draft) -> str:
    """Returns the platform's own reason for a failed request, in its words; empty if none."""
    if draft.kind is not Kind.REQUEST:
        return ""
    found = (reason.search(draft.template) for reason in _REASONS)
    return next((match[0].lower() for match in found if match), "")


def _platform_reasons(drafts: Sequence[Draft]) -> list[IncidentDraft]:
    """Joins requests of one service that failed for the same reason of the platform's own."""
    families: dict[tuple[str, tuple[str, ...]], list[Draft]] = defaultdict(list)
    for draft in drafts:
        if reason := _reason_of(draft):
            families[reason, tuple(sorted(draft.tally.services))].append(draft)
    found = []
    for (words, _), family in sorted(families.items()):
        if len(family) > 1:
            root, *rest = sorted(family, key=lambda d: (-d.tally.occurrences, d.id))
            found.append(
                _incident(
                    "reason",
                    root,
                    rest,
                    f"the platform gave one reason for requests of {len(family)} kinds: {words}",
                    family,
                )
            )
    return found


def _incident(  # noqa: PLR0917 - the parts of an incident
    kind: str,
    root: Draft,
    rest: Sequence[Draft],
    reason: str,
    group: Sequence[Draft],
    occurrences: int | None = None,
) -> IncidentDraft:
    """Returns an incident. `occurrences`: those of all parts together if not given."""
    return IncidentDraft(
        kind,
        root.id,
        tuple(d.id for d in rest),
        sum(d.tally.occurrences for d in group) if occurrences is None else occurrences,
        len({i for d in group for i in d.tally.instances}),
        min((d.tally.first for d in group if d.tally.first is not None), default=None),
        max((d.tally.last for d in group if d.tally.last is not None), default=None),
        reason,
    )


# --- the same requests in two logs ----------------------------------------------------------------

_ECHO = "the server's own access log has the same requests"


def _with_echoes(
    drafts: Sequence[Draft], found: Sequence[IncidentDraft], taken: set[str]
) -> list[IncidentDraft]:
    """Attaches access lines to the request cluster of equal status that shares most routes.

    Where that is part of an incident, they become symptoms of its root.
    """
    requests = [d for d in drafts if d.kind is Kind.REQUEST and not is_access(d)]
    echoes: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.id not in taken and is_access(draft):
            best = max(requests, key=lambda d: (_overlap(draft, d), d.id), default=None)
            if best is not None and _overlap(draft, best) > 0:
                echoes[best.id].append(draft)
    by_id = {d.id: d for d in requests}
    result = []
    for incident in found:
        mine = [d for n in (incident.root, *incident.symptoms) for d in echoes.pop(n, ())]
        more = dict.fromkeys((d.id for d in mine), _ECHO)
        result.append(
            replace(
                incident,
                symptoms=(*incident.symptoms, *sorted(more)),
                evidence={**incident.evidence, **more},
            )
        )
    for name, mine in sorted(echoes.items()):
        root = by_id[name]
        rest = sorted(mine, key=lambda d: d.id)
        result.append(_incident("echo", root, rest, _ECHO, [root]))
    return result


def _overlap(access: Draft, request: Draft) -> int:
    mine, theirs = status_of(access), status_of(request)
    if not mine or mine != theirs:
        return 0
    if not access.tally.services & request.tally.services:
        return 0
    mine_on, theirs_on = access.tally.routes, request.tally.routes
    return sum(min(count, theirs_on.get(route, 0)) for route, count in mine_on.items())
