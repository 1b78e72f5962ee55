"""Decisions and grouping rules, kept without expiry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.core.model.decisions import Decision, Decisions
from bot.core.model.grouping_rules import Rule


class DecisionBook(Protocol):
    """Stores decisions. They never expire and survive a restart."""

    def all(self, environment: str) -> Mapping[str, Decisions]:
        """Returns decisions by cluster id."""
        ...

    def put(self, environment: str, decision: Decision) -> Decision | None:
        """Stores a decision; returns the one of the same kind that it replaced, for undo."""
        ...

    def remove(self, environment: str, cluster: str, kind: type[Decision]) -> Decision | None:
        """Removes a decision; returns it, or None."""
        ...


class RuleBook(Protocol):
    """Stores grouping rules. They never expire and survive a restart."""

    def all(self, environment: str) -> Sequence[Rule]:
        """The oldest first."""
        ...

    def put(self, environment: str, rule: Rule) -> bool:
        """Adds a rule. Returns False if it exists already; its first author is kept."""
        ...

    def remove(self, environment: str, rule: str) -> Rule | None:
        """Removes a rule by its id; returns it, or None."""
        ...
