"""Finds the source line that logs a card's message, and an owner of the file.

Optional details: what cannot be found is omitted and never stops a filing.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.core.entries.commit_label import deployed
from bot.core.model.errors import GardenerError
from bot.core.model.report import Card
from bot.core.model.values import Location
from bot.core.ports import Repository
from bot.core.source import github_links
from bot.core.source.codeowners import (
    PLACES,
    OwnerRule,
    owners,
    rules,
)
from bot.core.source.index import SourceIndex
from bot.toolbox import Toolbox

ASKED = 3
"""Maximum owners per file to check; teams and email addresses cannot be assigned."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source line and its owner, both verified at GitHub; None if unknown."""

    url: str | None = None
    """Permalink to the line at the deployed commit."""
    assignee: str | None = None
    """An assignable login from CODEOWNERS."""


class Origins:
    """Looks up source lines for one environment; caches GitHub's answers."""

    def __init__(self, tools: Toolbox, environment: str, repository: Repository) -> None:
        self._tools = tools
        self._environment = environment
        self._repository = repository
        self._rules: tuple[OwnerRule, ...] | None = None
        self._files: dict[tuple[str, str], bool] = {}
        self._assignable: dict[str, bool] = {}
        self._index: SourceIndex | None = None
        self._indexed = False

    def of(self, card: Card) -> SourceLine:
        """Returns a card's source line, empty if it is unknown. Raises no `GardenerError`."""
        location = card.cluster.location
        if location is None:
            return SourceLine()
        try:
            return self._of(card, location)
        except GardenerError as error:
            _log.info("where it is written was not found out", why=str(error))
            return SourceLine()

    def _of(self, card: Card, location: Location) -> SourceLine:
        commit = deployed(card.cluster.sample) or ""
        path = self._path(location, commit)
        if path is None:
            return SourceLine()
        url = (
            github_links.line_url(self._repository.url, commit, path, location.line)
            if commit
            else None
        )
        return SourceLine(url, self._owner(path))

    def _path(self, location: Location, commit: str) -> str | None:
        if not self._indexed:
            self._index, self._indexed = self._tools.sources.get(self._environment), True
        path = self._index.file_of(location) if self._index else None
        path = path or github_links.guessed(location)
        if path is None:
            return None
        if (path, commit) not in self._files:
            text = self._tools.tracker.text(self._repository.full_name, path, commit)
            self._files[path, commit] = text is not None
        return path if self._files[path, commit] else None

    def _owner(self, path: str) -> str | None:
        people = [o[1:] for o in owners(self._owned(), path) if o[0] == "@" and "/" not in o]
        return next((login for login in people[:ASKED] if self._may(login)), None)

    def _owned(self) -> tuple[OwnerRule, ...]:
        if self._rules is None:
            name = self._repository.full_name
            texts = (self._tools.tracker.text(name, place) for place in PLACES)
            self._rules = rules(next((text for text in texts if text is not None), ""))
        return self._rules

    def _may(self, login: str) -> bool:
        if login not in self._assignable:
            name = self._repository.full_name
            self._assignable[login] = self._tools.tracker.assignable(name, login)
        return self._assignable[login]
