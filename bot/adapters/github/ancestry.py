"""Whether a commit contains a fix; asks GitHub once, since a commit's contents never change."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.core.model.errors import GardenerError
from bot.core.model.values import DAY, HOUR, SECOND
from bot.core.ports import CommitPair, Compared, ComparedCommits, Contains, IssueTracker

KEPT = 400 * DAY // SECOND
"""Seconds for which an answer is cached."""
UNKNOWN = HOUR // SECOND
"""Seconds until an unknown commit is looked up again: it may be pushed late."""
ASKED = 20
"""Questions to GitHub per run; the rest waits for the next run."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ancestry:
    """Implements `ports.Contains` from the cache, else from GitHub."""

    tracker: IssueTracker
    known: ComparedCommits

    def of(self, environment: str) -> Contains:
        """Returns the function for one run over an environment."""
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
