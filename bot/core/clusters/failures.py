"""Failure incidents: requests failed, each because of the same error.

An equal trace is proof: the error was logged while that request was served. Over all routes
together, the first error in a trace is the cause. Requests and errors that name no traces are tied
by time, if they met too often, too closely, in one instance, for chance to explain it.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.core.clusters.clusters import Draft, is_error
from bot.core.clusters.incident import MOSTLY, IncidentDraft
from bot.core.entries.place import Place
from bot.core.entries.resources import place_of
from bot.core.entries.understand import ACCESS_LOG, Kind
from bot.core.model import rfc3339
from bot.core.model.values import JSON, MINUTE, SECOND, Severity

NEARLY_ALL = 0.8
"""The share of an error's traces that must be those of an incident's requests."""

WINDOWS = (SECOND // 20, SECOND // 4, SECOND, 2 * SECOND)
"""Distances between a failed request and its error in the log, in either order; the closest that
holds them all is the evidence."""
CLOSE = SECOND // 4
"""Within this, and if each had the other, fewer than `FAILURES` are evidence, too."""
FAILURES = 3
"""How many failed requests must have the error beside them: two may be chance."""
CHANCE = 0.001
"""Maximum probability that they met by chance, given how often the error is logged."""
CHANCE_EACH = 0.02
"""The same, where each failure has its own error and there are no others of either: a failed
request without an error in the log, and an error beside it without a request, are rare."""
LIFE = 5 * MINUTE
"""How long an instance is taken to have lived if its service was read for at least as long."""

_CALLERS_MISTAKES = frozenset({400, 405, 411, 413, 414, 415, 422, 431})
"""Answers below 500 with which a service refuses what a caller sent, and may log an error."""
_STATUS = re.compile(r" (\d{3})(?: \(|: |$)")


def status_of(draft: Draft) -> int:
    """Returns the status of a cluster of requests; 0 for anything else."""
    found = _STATUS.search(draft.template) if draft.kind is Kind.REQUEST else None
    return int(found[1]) if found else 0


def is_access(draft: Draft) -> bool:
    """True for access lines that the server itself wrote, not the request log."""
    return draft.kind is Kind.REQUEST and draft.keys[0].place == ACCESS_LOG


def failures(
    drafts: Sequence[Draft], spans: Mapping[Place, tuple[int, int]] | None = None
) -> list[IncidentDraft]:
    """Finds errors with the requests that failed because of them.

    `spans`: first and last time of any entry per place without instance.
    """
    errors = [d for d in drafts if d.kind in (Kind.MESSAGE, Kind.TRACE) and is_error(d)]
    requests = [d for d in drafts if d.kind is Kind.REQUEST and status_of(d) >= 400]
    # A service that refuses a request may log that as a warning.
    warned = [d for d in drafts if d.kind is Kind.MESSAGE and _warns(d)]
    found: dict[str, list[tuple[Draft, str]]] = defaultdict(list)
    traced = list(_traced(errors, requests))
    for root, part, words in (*traced, *_beside(errors, traced)):
        found[root.id].append((part, words))
    tied = {part.id for parts in found.values() for part, _ in parts}
    alive = _alive(drafts, spans or {})
    for request in requests:
        if request.id in tied or not _may_be_tied_by_time(request):
            continue
        tries = _tries(request, _spans(request))
        scored = [
            (evidence, error)
            for error in (errors if status_of(request) >= 500 else [*errors, *warned])
            if not _traces_decide(request, error)
            and (evidence := _named(request, error, tries) or _met(request, error, tries, alive))
        ]
        if scored:
            (_, _, words), best = min(scored, key=lambda s: (s[0][0], s[0][1], s[1].id))
            found[best.id].append((request, words))
    by_id = {draft.id: draft for draft in [*errors, *warned]}
    # An error that is part of another's incident takes what it explains along.
    above = {part.id: name for name, parts in found.items() for part, _ in parts}
    for name in [name for name in found if name in above]:
        found[above[name]] += found.pop(name)
    return [
        IncidentDraft(
            "failure",
            root,
            tuple(part.id for part, _ in sorted(mine, key=lambda m: m[0].id)),
            by_id[root].tally.occurrences,
            len(by_id[root].tally.instances),
            by_id[root].tally.first,
            by_id[root].tally.last,
            "requests fail with it",
            {part.id: words for part, words in mine},
        )
        for root, mine in sorted(found.items())
    ]


def _warns(draft: Draft) -> bool:
    return draft.tally.severity == Severity.WARNING and not is_error(draft) and not draft.is_end


# --- equal traces ---------------------------------------------------------------------------------


def _shared(mine: Draft, other: Draft) -> tuple[int, int]:
    """Returns how many traces of `mine` `other` has, and of how many that is known."""
    limit = min(mine.tally.trace_limit, other.tally.trace_limit)
    known = [trace for trace in mine.tally.traces if trace < limit]
    return sum(trace in other.tally.traces for trace in known), len(known)


def _traces_decide(request: Draft, error: Draft) -> bool:
    """True if both name their traces, so that time is no evidence."""
    limit = min(request.tally.trace_limit, error.tally.trace_limit)
    return all(any(trace < limit for trace in draft.tally.traces) for draft in (request, error))


def _traced(
    errors: Sequence[Draft], requests: Sequence[Draft]
) -> Iterator[tuple[Draft, Draft, str]]:
    """Yields (error, request, evidence) for requests that failed in the error's own traces."""
    failed = {trace for request in requests for trace in request.tally.traces}
    limit = min((request.tally.trace_limit for request in requests), default=0)
    first: dict[int, tuple[bool, int, bool, str]] = {}
    by_id = {error.id: error for error in errors}
    for error in errors:
        known = {t: at for t, at in error.tally.traces.items() if t < limit}
        if sum(trace in failed for trace in known) < max(1, MOSTLY * len(known)):
            continue  # what is logged in requests that succeed makes none fail
        for trace, at in known.items():
            mine = (at is None, at or 0, error.kind is not Kind.TRACE, error.id)
            first[trace] = min(first.get(trace, mine), mine)
    for request in requests:
        votes = Counter(first[trace][-1] for trace in request.tally.traces if trace in first)
        if not votes:
            continue
        root = by_id[min(votes, key=lambda name: (-votes[name], name))]
        shared, known_of = _shared(request, root)
        if shared and shared >= MOSTLY * known_of:
            yield root, request, f"{shared} of {known_of} share a trace id with it"


def _beside(
    errors: Sequence[Draft], traced: Sequence[tuple[Draft, Draft, str]]
) -> Iterator[tuple[Draft, Draft, str]]:
    """Yields (error, another error, evidence) for errors of the same failed requests."""
    roots = {root.id: root for root, _, _ in traced}
    served: dict[str, set[int]] = defaultdict(set)
    limits: dict[str, int] = {}
    for root, request, _ in traced:
        served[root.id].update(request.tally.traces)
        limit = min(root.tally.trace_limit, request.tally.trace_limit)
        limits[root.id] = min(limits.get(root.id, limit), limit)
    for error in errors:
        if error.id in roots:
            continue
        scored = []
        for name in roots:
            known = [trace for trace in error.tally.traces if trace < limits[name]]
            shared = sum(trace in served[name] for trace in known)
            if shared and shared >= NEARLY_ALL * len(known):
                scored.append((-shared, name, len(known)))
        if scored:
            most, name, of = min(scored)
            yield roots[name], error, f"{-most} of {of} were logged for the same failed requests"


# --- near in time ---------------------------------------------------------------------------------


def _may_be_tied_by_time(request: Draft) -> bool:
    return request.tally.severity >= Severity.ERROR or status_of(request) in _CALLERS_MISTAKES


def _alive(drafts: Iterable[Draft], spans: Mapping[Place, tuple[int, int]]) -> Mapping[Place, int]:
    """Returns how long each instance is known to have logged, in nanoseconds."""
    found: dict[Place, tuple[int, int]] = {}
    for draft in drafts:
        for place, times in draft.tally.moments.items():
            first, last = found.get(place, (times[0], times[-1]))
            found[place] = min(first, times[0]), max(last, times[-1])
    alive = {}
    for place, (first, last) in found.items():
        begin, end = spans.get(place._replace(instance=""), (first, last))
        alive[place] = max(last - first, min(end - begin, LIFE))
    return alive


_Spans = Mapping[Place, Sequence[tuple[int, int]]]
"""When requests began and ended, per place."""
_Evidence = tuple[float, float, str]
"""The chance, minus the share of the requests, a sentence."""


def _spans(request: Draft) -> _Spans:
    """Returns when the requests began and ended; empty if not all of them are known.

    The platform's entry has the time at which a request began, and how long it took.
    """
    if len(request.tally.samples) < request.tally.occurrences:
        return {}
    found: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    for raw in request.samples:
        http = raw.get("httpRequest")
        began = rfc3339.parse(str(raw.get("timestamp") or ""))
        took = _LATENCY.fullmatch(str(http.get("latency"))) if isinstance(http, Mapping) else None
        if began is None or took is None:
            return {}
        found[_place(raw)].append((began, began + round(float(took[1]) * SECOND)))
    return {place: sorted(times) for place, times in found.items()}


def _place(raw: JSON) -> Place:
    resource, labels = raw.get("resource"), raw.get("labels")
    whole = resource if isinstance(resource, Mapping) else {}
    about = whole.get("labels")
    return place_of(
        whole.get("type"),
        about if isinstance(about, Mapping) else {},
        labels if isinstance(labels, Mapping) else {},
    )


_LATENCY = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")
_PATH = re.compile(r"[A-Z]{3,10} (/\S{1,200}) \d{3}(?: \(|: |$)")


def _tries(request: Draft, spans: _Spans) -> list[_Spans]:
    """Returns the times to look beside: when requests began, when they ended, and in between."""
    begun = {place: [(at, at) for at in at_all] for place, at_all in request.tally.moments.items()}
    if not spans:
        return [begun]
    return [begun, {place: [(end, end) for _, end in both] for place, both in spans.items()}, spans]


def _named(request: Draft, error: Draft, tries: Sequence[_Spans]) -> _Evidence | None:
    """Returns evidence if the error names the route of these failed requests, at their time."""
    path = _PATH.match(request.template)
    if path is None or status_of(request) < 500 or path[1] not in error.template:
        return None
    if not re.search(rf"(?<![\w/.]){re.escape(path[1])}(?![\w/-])", error.template):
        return None
    seen = sum(map(len, request.tally.moments.values()))
    met = sum(
        any(began - WINDOWS[-1] <= at <= end + WINDOWS[-1] for at in beside)
        for place, times in tries[-1].items()
        if (beside := error.tally.moments.get(place, ()))
        for began, end in times
    )
    if met and met >= MOSTLY * seen:
        return 0.0, -met / seen, f"that error names {path[1]}, and {met} of {seen} met it"
    return None


def _met(
    request: Draft, error: Draft, tries: Sequence[_Spans], alive: Mapping[Place, int]
) -> _Evidence | None:
    """Returns evidence if errors in or beside the requests explain them."""
    found = [_close(request, error, spans, alive, len(tries)) for spans in tries]
    return min((evidence for evidence in found if evidence), default=None)


def _close(
    request: Draft, error: Draft, spans: _Spans, alive: Mapping[Place, int], tries: int
) -> _Evidence | None:
    pairs = [
        (place, times, error.tally.moments[place])
        for place, times in spans.items()
        if place in error.tally.moments
    ]
    if not pairs:
        return None
    seen = sum(map(len, spans.values()))
    written = sum(map(len, error.tally.moments.values()))
    refused = status_of(request) < 500
    furthest = max(_gap(a, b, beside) for _, times, beside in pairs for a, b in times)
    exact = [max(furthest, SECOND // 1_000)] if furthest <= CLOSE else []
    for window in (*exact, *WINDOWS):
        met = others = 0
        chances: list[float] = []
        for place, times, beside in pairs:
            hits = sum(any(a - window <= at <= b + window for at in beside) for a, b in times)
            met += hits
            others += sum(any(a - window <= at <= b + window for a, b in times) for at in beside)
            if hits:
                took = sum(b - a for a, b in times) / len(times) + 2 * window
                covered = len(beside) * took / (alive[place] + 2 * window)
                chances.append(min(1.0, covered) ** hits)
        if not met or met < 0.8 * seen or others < MOSTLY * written:
            continue
        each = window <= CLOSE and met == seen and others == written
        if (met < FAILURES or refused) and not each:
            continue
        # The largest distance is one try; of the fixed ones the best is taken.
        chance = math.prod(chances) * tries * (1 if window in exact else len(WINDOWS))
        if chance <= (CHANCE_EACH if each and met == others else CHANCE):
            words = f"{met} of {seen} came within {_shown(window)} of that error, in its instance"
            return chance, -met / seen, words
    return None


def _gap(began: int, end: int, beside: Sequence[int]) -> int:
    """Returns how far the nearest of these times is from a request; 0 if it is within."""
    return min(max(began - at, at - end, 0) for at in beside)


def _shown(window: int) -> str:
    return f"{window / SECOND:.2g} s"
