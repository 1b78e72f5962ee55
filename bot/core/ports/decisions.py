"""What people decided and taught: kept for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.core.model.decisions import Decision, Decisions
from bot.core.model.grouping_rules import Rule


class DecisionBook(Protocol):
    """What people decided. Never expires, survives a restart."""

    def all(self, environment: str) -> Mapping[str, Decisions]:
        """By cluster id."""
        ...

    def put(self, environment: str, decision: Decision) -> Decision | None:
        """Stores it in the place of the one of its kind; returns that one, for undo."""
        ...

    def remove(self, environment: str, cluster: str, kind: type[Decision]) -> Decision | None:
        """Takes it back; returns what was there."""
        ...


class RuleBook(Protocol):
    """What people taught about grouping. Never expires, survives a restart."""

    def all(self, environment: str) -> Sequence[Rule]:
        """The oldest first."""
        ...

    def put(self, environment: str, rule: Rule) -> bool:
        """False where the same rule is there already: who taught it first is kept."""
        ...

    def remove(self, environment: str, rule: str) -> Rule | None:
        """By the rule's id; returns what was there."""
        ...
