"""Worker incidents: a server ended a worker that took too long over a request.

The server's sentence about the time-out is the root. What the dying worker logged, the signal that
ended it (with gunicorn's guess at memory) and the requests that failed with it are its symptoms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.core.clusters.clusters import Draft, is_error
from bot.core.clusters.incident import IncidentDraft
from bot.core.entries.understand import Kind
from bot.core.model.values import SECOND, Severity
from bot.core.text.display import many


class TimeoutLine(NamedTuple):
    """How one server says that a worker took too long."""

    server: str
    find: re.Pattern[str]
    example: str
    counter: str


TIMEOUT_LINES: tuple[TimeoutLine, ...] = (
    TimeoutLine(
        "gunicorn",
        re.compile(r"worker timeout\b", re.IGNORECASE),
        "WORKER TIMEOUT (pid:<*>)",
        "worker timeout_graceful_shutdown = 30",
    ),
    TimeoutLine(
        "uWSGI",
        re.compile(r"harakiri (?:on worker|triggered)", re.IGNORECASE),
        "*** HARAKIRI ON WORKER <*> (pid: <*>, try: <*>) ***",
        "harakiri option is set to 30",
    ),
    TimeoutLine(
        "Puma",
        re.compile(r"terminating timed out worker", re.IGNORECASE),
        "! Terminating timed out worker (worker failed to check in within <*> seconds): <*>",
        "worker timed out option is 60",
    ),
    TimeoutLine(
        "Unicorn",
        re.compile(r"worker=\S+ pid:\S+ timeout \(.{1,40}\), killing", re.IGNORECASE),
        "worker=<*> PID:<*> timeout (<*> > <*>), killing",
        "worker=0 ready",
    ),
    TimeoutLine(
        "PHP-FPM",
        re.compile(r"execution timed out \(.{1,40}\), terminating", re.IGNORECASE),
        '[pool www] child <*>, script "/app/index.php" execution timed out (<*> sec), terminating',
        "executing too slow (<*> sec), logging",
    ),
    TimeoutLine(
        "Celery",
        re.compile(r"hard time limit \(.{1,20}\) exceeded", re.IGNORECASE),
        "Hard time limit (<*>) exceeded for app.tasks.report[<*>]",
        "hard time limit is <*>",
    ),
)
"""The sentences of servers that end a worker; none has more to say about the cause."""

BEFORE, AFTER = 2 * SECOND, 5 * SECOND
"""What the end of a worker logs comes this near to the sentence about the time-out."""
MOSTLY = 0.5


def says_worker_timed_out(text: str) -> bool:
    """True if the text is a server's sentence about a worker that took too long."""
    return any(line.find.search(text) for line in TIMEOUT_LINES)


def worker_timeouts(drafts: Sequence[Draft]) -> list[IncidentDraft]:
    """Finds the time-outs of workers, with what followed from each."""
    found = []
    taken: set[str] = set()
    for root in sorted(drafts, key=lambda d: (-d.tally.occurrences, d.id)):
        if root.kind not in (Kind.MESSAGE, Kind.TRACE) or not says_worker_timed_out(root.template):
            continue
        follows = {
            draft.id: f"{share:.0%} of it came within seconds of a time-out, in its instance"
            for draft in drafts
            if draft.id not in taken and draft.id != root.id and (share := _share(draft, root))
        }
        taken.update((root.id, *follows))
        found.append(
            IncidentDraft(
                "worker",
                root.id,
                tuple(sorted(follows)),
                root.tally.occurrences,
                len(root.tally.instances),
                root.tally.first,
                root.tally.last,
                f"the server ended {many(root.tally.occurrences, 'worker')} that took too long",
                follows,
            )
        )
    return [incident for incident in found if incident.symptoms]


def _share(draft: Draft, root: Draft) -> float:
    """Returns the share of occurrences near a time-out in the same instance; 0.0 if too low."""
    if draft.kind is Kind.AUDIT or draft.tally.severity < Severity.WARNING:
        return 0.0
    if says_worker_timed_out(draft.template):
        return 0.0
    if draft.kind is Kind.REQUEST and not is_error(draft):
        return 0.0
    near = seen = 0
    for place, times in draft.tally.moments.items():
        ends = root.tally.moments.get(place, ())
        seen += len(times)
        near += sum(any(-BEFORE <= time - at <= AFTER for at in ends) for time in times)
    return near / seen if seen and near >= MOSTLY * seen else 0.0
