"""Learns when each cluster of an analysis was first seen at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.ports import Candidate, Identity, Registry, Remembered


class FirstSeen:
    """A registry that also records when each resolved cluster was first seen."""

    def __init__(self, registry: Registry, now: int) -> None:
        self._registry = registry
        self._now = now
        self.first_seen: dict[str, int | None] = {}

    def resolve(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[Identity]:
        """Delegates, and records `first_seen`."""
        found = self._registry.resolve(environment, candidates)
        for candidate, identity in zip(candidates, found, strict=True):
            ever = identity.first_seen
            if ever is None:
                ever = candidate.first_seen
            self.first_seen[identity.id] = self._now if ever is None else ever
        return found

    def identify(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[str]:
        """As the registry does."""
        return self._registry.identify(environment, candidates)

    def find(self, environment: str, name: str) -> str | None:
        """Delegates."""
        return self._registry.find(environment, name)

    def known(self, environment: str, masked: Sequence[str]) -> Mapping[str, str]:
        """Delegates."""
        return self._registry.known(environment, masked)

    def all(self, environment: str) -> Sequence[Remembered]:
        """Delegates."""
        return self._registry.all(environment)
