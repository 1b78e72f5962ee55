"""Whether a commit has a fix, asked of GitHub once: what is in a commit never changes."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.core.model.errors import GardenerError
from bot.core.model.values import DAY, HOUR, SECOND
from bot.core.ports import Contains, IssueTracker, Notes

KEPT = 400 * DAY // SECOND
"""Seconds for which an answer is kept."""
UNKNOWN = HOUR // SECOND
"""Seconds after which is asked again what GitHub did not know: a commit may be pushed late."""
ASKED = 20
"""Questions to GitHub in one run; what is left is not known, and asked in the next."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ancestry:
    """Answers `ports.Contains` from what is remembered, else from GitHub."""

    tracker: IssueTracker
    notes: Notes

    def of(self, environment: str) -> Contains:
        """For one run over an environment."""
        left = ASKED

        def contains(repository: str, commit: str, fix: str) -> bool | None:
            nonlocal left
            name = f"contains:{repository}:{commit}:{fix}"
            known = self.notes.get(environment, name)
            if known is not None:
                return known if isinstance(known, bool) else None
            if left == 0:
                return None
            left -= 1
            try:
                found = self.tracker.contains(repository, commit, fix)
            except GardenerError as error:
                _log.info("Two commits could not be compared: %s", error)
                return None
            if found is None:
                self.notes.put(environment, name, "?", UNKNOWN)
            else:
                self.notes.put(environment, name, found, KEPT)
            return found

        return contains
