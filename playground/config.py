"""Prepares the gardener.toml that the bot gets: the nearest one, with Alice as admin."""

from __future__ import annotations

import os
import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

ADMIN = "U0ALICE"
OWN = """\
[environments.staging]
project  = "netra-staging"
services = ["netra-backend-staging"]
github   = "owner/name"
min_severity = "WARNING"
timezone = "UTC"
"""
"""Used if neither the working directory nor the checkout has a gardener.toml."""

_TABLE = re.compile(r"(?m)^[ \t]*\[environments\.[^\[\]\n]+\][^\n]*\n?")
_OFFERED = re.compile(r"(?m)^#[ \t]*admin[ \t]*=[^\n]*\n?")


def config_for(state_dir: Path) -> Path:
    """Returns the file for GARDENER_CONFIG.

    A file named by the environment is used unchanged. Otherwise the nearest gardener.toml is copied
    into `state_dir`, with Alice as admin of environments without one: the committed file names
    nobody, but in the stand-in workspace somebody must be able to change grouping rules and to
    choose "forever". A file that cannot be parsed is returned itself, so that the bot reports the
    mistake.
    """
    if named := os.environ.get("GARDENER_CONFIG"):
        return Path(named).absolute()
    found = next(
        (p / "gardener.toml" for p in (Path.cwd(), ROOT) if (p / "gardener.toml").is_file()), None
    )
    try:
        text = with_admin(OWN if found is None else found.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # includes TOMLDecodeError
        if found is None:
            raise
        return found
    copy = state_dir / "gardener.toml"
    copy.write_text(text, encoding="utf-8")
    return copy


def with_admin(text: str) -> str:
    """Adds Alice as admin of each environment that has none, and changes nothing else.

    Raises ValueError if that cannot be done line by line, as with inline tables.
    """
    wanted = tomllib.loads(text)
    for table in _environments(wanted).values():
        table.setdefault("admin", [ADMIN])
    ends = [*(found.start() for found in _TABLE.finditer(text)), len(text)]
    made = text[: ends[0]]
    for start, end in pairwise(ends):
        made += _table(text[start:end])
    if tomllib.loads(made) != wanted:
        raise ValueError("its environments are not written as [environments.NAME]")
    return made


def _table(part: str) -> str:
    """Handles one table: from its heading to the next."""
    if any("admin" in table for table in _environments(tomllib.loads(part)).values()):
        return part
    line = f'admin    = ["{ADMIN}"]\n'
    if _OFFERED.search(part):  # replaced in place, so that the lines below keep their numbers
        return _OFFERED.sub(line, part, count=1)
    heading, _, rest = part.partition("\n")
    return f"{heading}\n{line}{rest}"


def _environments(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = data.get("environments", {})
    if not isinstance(found, dict) or not all(isinstance(t, dict) for t in found.values()):
        raise ValueError("environments are no tables")
    return found
