"""The outside systems of one analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.model.grouping_rules import Rule
from bot.core.ports import (
    Activity,
    Contains,
    DecisionBook,
    History,
    KeptRollups,
    LogSource,
    NewestEntries,
    Registry,
)
from bot.core.source.match import Locate


@dataclass(frozen=True, slots=True)
class Outside:
    """What an analysis needs from outside. Only the log source is required."""

    source: LogSource
    registry: Registry | None = None
    """Without it ids come from content alone, names count from C1, and every state is new."""
    decisions: DecisionBook | None = None
    """Without it the report shows no decisions, and no issue makes a cluster regressed."""
    history: History | None = None
    """Without it nothing is escalating, regressed or quiet, and the run is not remembered."""
    activity: Activity | None = None
    """Without it requests are unknown, and deploys too unless the audit log was read."""
    locate: Locate | None = None
    """Without it a cluster has a source line only if the log names one."""
    kept: KeptRollups | None = None
    """Without it or a secret nothing is kept: each question reads its whole window."""
    rules: Sequence[Rule] = ()
    """People's grouping rules; they name lasting ids, so without a registry they do not apply."""
    secret: bytes | None = None
    """Keys the hashes of values and wordings; without it acknowledgements compare neither."""
    newest: NewestEntries | None = None
    """Without it a service is not called silent where the query hides a part of what it writes."""
    unfiltered: bool = False
    """True if the source gives entries of every severity, whatever the query asks for."""
    contains: Contains | None = None
    """Without it only times tell whether a revision has the fix of an issue."""
