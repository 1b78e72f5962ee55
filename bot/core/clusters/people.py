"""Finds the users, accounts and mail addresses that a cluster's messages name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.core.clusters.clusters import Draft
from bot.core.entries.understand import Key
from bot.core.model.values import Severity
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.subjects import LATEST, finder_of, shown_and_hash, subjects_in
from bot.core.rollup.tally import Single
from bot.core.text.mask import SLOT
from bot.core.text.redact import redact
from bot.core.text.slot_values import values


def people(draft: Draft, rollup: Rollup) -> Mapping[tuple[str, str], list[int]]:
    """Returns (subject, value) → the latest times of its messages, in order."""
    found: dict[tuple[str, str], list[int]] = {}
    if finder_of(draft.template) is None:
        return found
    for key in draft.keys:
        for who, times in rollup.named.of(key.masked).items():
            found.setdefault(who, []).extend(times)
        # A value found by comparing messages rather than by a mask makes each message its own key.
        for who in subjects_in(values(draft.template, key.masked)):
            if SLOT not in who[1]:
                found.setdefault(who, []).extend(_times(rollup, key))
    return {who: sorted(times)[-LATEST:] for who, times in found.items()}


def same_subject(seen: Mapping[tuple[str, str], Sequence[int]], least: int = 3) -> str | None:
    """Returns a user, account or mail seen at least `least` times, redacted; None if there is none.

    Prefers one that is still recognisable after redaction.
    """
    often = sorted((-len(times), value) for (_, value), times in seen.items())
    redacted = ((count, redact(shown_and_hash(value)[0])) for count, value in often[:9])
    shown = [(text.startswith("***"), count, text) for count, text in redacted]
    return min((each for each in shown if -each[1] >= least), default=(0, 0, None))[2]


def _times(rollup: Rollup, key: Key) -> Iterator[int]:
    """Yields the known times of a message, at most one per entry."""
    for severity in Severity:
        counted = rollup.counted.get((key, int(severity)))
        if isinstance(counted, Single):
            yield counted.time or 0
        elif counted is not None:
            moments = sorted(at for times in counted.moments.values() for at in times)
            yield from moments[: counted.count]
