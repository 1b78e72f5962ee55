"""An incident before it has a priority."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

MOSTLY = 0.5
"""The share of a cluster's occurrences that must fall into an incident."""


@dataclass(frozen=True, slots=True)
class IncidentDraft:
    """An incident before judgement. `root` and `symptoms` are ids of drafts."""

    kind: str
    """crash, worker, failure, reason, tail or echo."""
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
