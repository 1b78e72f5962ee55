"""Whether a commit has a fix, asked of GitHub once: what is in a commit never changes."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.core.model.errors import GardenerError
from bot.core.model.values import DAY, HOUR, SECOND
from bot.core.ports import CommitPair, Compared, ComparedCommits, Contains, IssueTracker

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
    known: ComparedCommits

    def of(self, environment: str) -> Contains:
        """For one run over an environment."""
        left = ASKED

        def contains(repository: str, commit: str, fix: str) -> bool | None:
            nonlocal left
            pair = CommitPair(repository, commit, fix)
            known = self.known.get(environment, pair)
            if known is not None:
                return known.contains
            if left == 0:
                return None
            left -= 1
            try:
                found = self.tracker.contains(repository, commit, fix)
            except GardenerError as error:
                _log.info("Two commits could not be compared: %s", error)
                return None
            seconds = UNKNOWN if found is None else KEPT
            self.known.put(environment, pair, Compared(found), seconds)
            return found

        return contains
