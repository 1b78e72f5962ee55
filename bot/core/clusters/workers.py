"""Worker incidents: a server ended a worker that took too long over a request.

The server's sentence about the time-out is the root. What the dying worker logged, the signal that
ended it (with gunicorn's guess at memory) and the requests that failed with it are its symptoms.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.clusters.clusters import Draft, is_error
from bot.core.clusters.incident import MOSTLY, IncidentDraft
from bot.core.entries.understand import Kind
from bot.core.model.values import SECOND, Severity
from bot.core.text.display import many
from bot.core.text.slow_workers import says_worker_timed_out

BEFORE, AFTER = 2 * SECOND, 5 * SECOND
"""What the end of a worker logs comes this near to the sentence about the time-out."""


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
