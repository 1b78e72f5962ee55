"""The gardener.toml that the playground hands to the bot: the nearest one, with Alice as admin."""

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
"""Where neither the working directory nor the checkout holds a gardener.toml."""

_TABLE = re.compile(r"(?m)^[ \t]*\[environments\.[^\[\]\n]+\][^\n]*\n?")
_OFFERED = re.compile(r"(?m)^#[ \t]*admin[ \t]*=[^\n]*\n?")


def config_for(state_dir: Path) -> Path:
    """The file for GARDENER_CONFIG.

    One that the environment names is taken as it is. Otherwise the nearest gardener.toml is copied
    into `state_dir`, with Alice as admin where an environment has none: the committed file names
    nobody, and in a workspace of stand-ins somebody must be able to teach and to say "forever".
    A file that cannot be read so is handed on itself, so that the bot names its mistake.
    """
    if named := os.environ.get("GARDENER_CONFIG"):
        return Path(named).absolute()
    found = next(
        (p / "gardener.toml" for p in (Path.cwd(), ROOT) if (p / "gardener.toml").is_file()), None
    )
    try:
        text = with_admin(OWN if found is None else found.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a TOMLDecodeError is one
        if found is None:
            raise
        return found
    copy = state_dir / "gardener.toml"
    copy.write_text(text, encoding="utf-8")
    return copy


def with_admin(text: str) -> str:
    """The file with Alice as admin of each environment that has none, and nothing else changed.

    Raises ValueError where that cannot be done line by line, as with inline tables.
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
    """From a table's heading to the next one's."""
    if any("admin" in table for table in _environments(tomllib.loads(part)).values()):
        return part
    line = f'admin    = ["{ADMIN}"]\n'
    if _OFFERED.search(part):  # in its place: the lines below keep their numbers
        return _OFFERED.sub(line, part, count=1)
    heading, _, rest = part.partition("\n")
    return f"{heading}\n{line}{rest}"


def _environments(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = data.get("environments", {})
    if not isinstance(found, dict) or not all(isinstance(t, dict) for t in found.values()):
        raise ValueError("environments are no tables")
    return found
