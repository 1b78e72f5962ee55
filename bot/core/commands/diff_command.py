"""Parses the command that compares revisions: `diff staging 00597 00598`, `diff staging`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.core.commands import did_you_mean
from bot.core.commands.commands import Diff

NotUnderstood = tuple[str, str]
"""What is wrong, and the nearest valid command."""


def read_diff(
    rest: Sequence[str], environments: Mapping[str, str], default: str | None
) -> Diff | NotUnderstood:
    """Parses what follows `diff`.

    `environments`: names by their lower case; `default`: this channel's. Without revisions, those
    compared are the two newest.
    """
    listed = did_you_mean.known(list(environments.values()))
    where = [environments[w.casefold()] for w in rest if w.casefold() in environments]
    given = [w.casefold() for w in rest if w.casefold() not in environments]
    named = [w for w in given if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", w)]
    environment = where[0] if where else default
    distinct = list(dict.fromkeys(named))
    if len(named) in {1, 3} and not where:
        near = did_you_mean.nearest(named[0], environments)
        if near is not None:
            right = Diff(environments[near], *(distinct[1:] if len(distinct) == 3 else ())).typed
            return f'I know no "{did_you_mean.quoted(named[0])}". {listed}', right
    if environment is None:
        name = next(iter(environments.values()), None)
        if name is None:
            return f"Of which environment? {listed}", "help"
        right = Diff(name, *(distinct if len(distinct) == 2 else ())).typed
        return f"Of which environment? {listed}", right
    if not given and len(where) < 2:
        return Diff(environment)
    if len(named) < 2:
        text = "Name two revisions, the older first, or none for the two newest."
        return text, Diff(environment).typed
    wanted = Diff(environment, named[0], named[-1])
    if named[0] == named[-1]:
        text = "These two are the same. Without any, the two newest are compared."
        return text, Diff(environment).typed
    if [w.casefold() for w in rest] in (
        wanted.typed.casefold().split()[1:],
        [wanted.a, wanted.b],
    ):
        return wanted
    return "Two revisions, the older first.", wanted.typed
