"""Decides what a watch posts: pure, from what it posted before and a fresh report.

A problem is posted once, when it is new, escalating or regressed. While it goes on its message is
edited; when it ends its thread gets one answer; if it begins again the same thread gets another,
after a pause that doubles each time. Silence is a problem like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.core.model.report import Card, Report, Silence
from bot.core.model.values import DAY, MINUTE, SECOND, Priority, State
from bot.core.model.watching import Alert, Watch, WatchMemory
from bot.core.text import display

CAP = 12
"""New problems that a channel gets a day; more wait for the digest. A P0 is never held back."""
PAUSE = 10 * MINUTE
"""After its first end a problem is taken up again at once if it comes back; after its second end
not before this, then twice this, and so on up to `LONGEST_PAUSE`."""
LONGEST_PAUSE = 6 * 60 * MINUTE
FORGOTTEN = 7 * DAY
"""A problem that ended longer ago is a new one if it comes back."""
OVERLAP = 2 * MINUTE
"""An entry may arrive this long after its own time."""
GROWN = 1.2
"""A message is edited when there are this many times as many occurrences."""

_ALARMING = (State.NEW, State.ESCALATING, State.REGRESSED)


class StepKind(StrEnum):
    """What to do with a problem."""

    POST = "post"
    EDIT = "edit"
    """Draw its message again, without a notification."""
    WORSE = "worse"
    """Draw it again, and say in its thread that it is P0 now."""
    OVER = "over"
    AGAIN = "again"
    HOLD = "hold"
    """Leave it to the digest: the day's cap is reached."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    kind: StepKind
    key: str
    """The alert's key in the memory."""
    card: Card | None = None
    """None for a silence, and for a problem that the report no longer has."""
    silence: Silence | None = None
    said: str = ""
    """Of an end: how it is known, and what it came to."""


def steps(
    watch: Watch,
    memory: WatchMemory,
    report: Report,
    *,
    resting: Callable[[Card], bool],
    first_seen: Mapping[str, int | None],
) -> Iterator[Step]:
    """Yields what to do, the worst first.

    `resting`: acknowledged or snoozed, which holds here too. `first_seen`: when each cluster was
    first seen at all, by id; one that began after the last look is new, whoever saw it first.
    """
    now = report.generated or report.window.end
    known = _recent(memory, now)
    of_cluster = {cluster: key for key, alert in known.items() for cluster in alert.clusters}
    there: set[str] = set()
    room = CAP - (memory.posts if memory.day == now // DAY else 0)
    for card in report.cards:
        keys = [of_cluster[i] for i in _ids(card) if i in of_cluster]
        key = min(keys, key=lambda k: (known[k].over is not None, known[k].begun, k), default="")
        there.update(keys)
        if key:
            if step := _of_known(key, known[key], card, now, rest=resting(card)):
                yield step
                if step.kind is StepKind.OVER:
                    others = (k for k in dict.fromkeys(keys) if k != key and known[k].over is None)
                    yield from (replace(step, key=other) for other in others)
        elif _alarms(watch, memory, card, first_seen) and not resting(card) and card.ended is None:
            if card.priority is Priority.P0 or room > 0:
                room -= card.priority is not Priority.P0
                yield Step(StepKind.POST, card.cluster.id, card)
            elif card.cluster.id not in memory.held:
                yield Step(StepKind.HOLD, card.cluster.id, card)
    yield from _silences(known, report.silences, report)
    if report.coverage.complete and not report.partial:
        for key, alert in known.items():
            if key not in there and alert.over is None and not key.startswith(SILENCE):
                span = display.duration(now - report.window.start)
                yield Step(StepKind.OVER, key, said=f"not seen in the last {span}")


def done(memory: WatchMemory, step: Step, ts: str, now: int) -> WatchMemory:
    """Returns the memory after a step. `ts`: the message that was posted, for `POST`."""
    alerts = dict(_recent(memory, now))
    if memory.day != now // DAY:
        memory = replace(memory, day=now // DAY, posts=0, held=())
    if step.kind is StepKind.HOLD:
        return replace(memory, held=(*memory.held, step.key))
    if step.kind is StepKind.POST:
        alerts[step.key] = _alert(step, ts, now)
        counts = step.card is not None and step.card.priority is not Priority.P0
        return replace(memory, alerts=alerts, posts=memory.posts + counts)
    alert = alerts[step.key]
    if step.card is not None:
        alert = replace(
            alert,
            clusters=tuple(dict.fromkeys((*alert.clusters, *_ids(step.card)))),
            priority=step.card.priority,
            occurrences=step.card.occurrences,
        )
    if step.kind is StepKind.OVER:
        pause = min(LONGEST_PAUSE, PAUSE * 2 ** (alert.times - 2)) if alert.times > 1 else 0
        alert = replace(alert, over=now, quiet_until=now + pause)
    elif step.kind is StepKind.AGAIN:
        alert = replace(alert, over=None, times=alert.times + 1)
    alerts[step.key] = alert
    return replace(memory, alerts=alerts)


# --- one problem ----------------------------------------------------------------------------------


def _of_known(key: str, alert: Alert, card: Card, now: int, *, rest: bool) -> Step | None:
    ended = card.ended
    if alert.over is None:
        if ended is not None:
            return Step(StepKind.OVER, key, card, said=_came_to(card, ended.since, ended.evidence))
        if card.priority is Priority.P0 < alert.priority and not rest:
            return Step(StepKind.WORSE, key, card)
        grown = card.occurrences > max(alert.occurrences, GROWN * alert.occurrences)
        other = card.priority != alert.priority or not set(_ids(card)) <= set(alert.clusters)
        return Step(StepKind.EDIT, key, card) if grown or other else None
    last = _last(card)
    back = ended is None and last is not None and last > alert.over
    return (
        Step(StepKind.AGAIN, key, card) if back and not rest and now >= alert.quiet_until else None
    )


def _came_to(card: Card, since: int, evidence: str) -> str:
    """Renders `16 times in 7 min; 00613-fix served 417 requests without it`."""
    first = card.first_seen
    what = "crash" if card.incident and "crash" in " ".join(card.incident.reasons) else "time"
    count = display.many(card.occurrences, what, "crashes" if what == "crash" else "times")
    if first is not None and since - first >= SECOND:
        count += f" in {display.duration(since - first)}"
    return f"{count}; {evidence}" if evidence else count


def _alarms(
    watch: Watch, memory: WatchMemory, card: Card, first_seen: Mapping[str, int | None]
) -> bool:
    if card.priority > watch.worst:
        return False
    if card.cluster.state in _ALARMING:
        return True
    first = first_seen.get(card.cluster.id)
    return memory.looked > 0 and first is not None and first >= memory.looked - OVERLAP


def _ids(card: Card) -> Sequence[str]:
    return [card.cluster.id, *(symptom.id for symptom in card.symptoms)]


def _last(card: Card) -> int | None:
    seen = [c.last_seen for c in (card.cluster, *card.symptoms) if c.last_seen is not None]
    return max(seen, default=None)


def _alert(step: Step, ts: str, now: int) -> Alert:
    if step.card is None:
        return Alert(ts, (), Priority.P0, step.silence.since if step.silence else now)
    first = step.card.cluster.first_seen
    return Alert(
        ts,
        tuple(_ids(step.card)),
        step.card.priority,
        now if first is None else first,
        step.card.occurrences,
    )


# --- silence ------------------------------------------------------------------------------------

SILENCE = "silence "
"""How the key of a silence begins; the service follows."""


def _silences(
    known: Mapping[str, Alert], silences: Iterable[Silence], report: Report
) -> Iterator[Step]:
    now = report.generated or report.window.end
    found = {SILENCE + silence.service: silence for silence in silences}
    for key, silence in sorted(found.items()):
        alert = known.get(key)
        if alert is None:
            yield Step(StepKind.POST, key, silence=silence)
        elif alert.over is not None and now >= alert.quiet_until:
            yield Step(StepKind.AGAIN, key, silence=silence)
    if not report.coverage.complete:
        return
    for key, alert in known.items():
        if key.startswith(SILENCE) and key not in found and alert.over is None:
            lasted = display.duration(max(SECOND, now - alert.begun))
            yield Step(StepKind.OVER, key, said=f"it was silent for {lasted} at most")


def _recent(memory: WatchMemory, now: int) -> Mapping[str, Alert]:
    """Returns the alerts that are not forgotten."""
    return {
        key: alert
        for key, alert in memory.alerts.items()
        if alert.over is None or now - alert.over < FORGOTTEN
    }
