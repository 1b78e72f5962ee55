"""An incident before judgement, and how its evidence is worded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IncidentDraft:
    """An incident before judgement. `root` and `symptoms` are ids of drafts."""

    kind: str
    """crash, failure, tail or echo."""
    root: str
    symptoms: tuple[str, ...]
    occurrences: int
    instances: int
    first: int | None
    last: int | None
    reason: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    """Symptom's id → why it belongs to the root."""

    @property
    def id(self) -> str:
        """Computes the id from the root alone, since symptoms come and go."""
        return "i-" + hashlib.blake2b(self.root.encode(), digest_size=6).hexdigest()


Joined = IncidentDraft
"""The former name, until every importer uses the new one."""


def many(count: int, one: str, more: str) -> str:
    """Renders `1 crash`, `1,204 crashes`."""
    return f"{count:,} {one if count == 1 else more}"


def span(seconds: float) -> str:
    """Renders `40 s`, `2 min 40 s`, `3 h 5 min`."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
