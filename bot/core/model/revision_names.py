"""Parses names of revisions: Cloud Run's own, `service-00598-qss`, and those that people chose."""

from __future__ import annotations

import re

_GIVEN = re.compile(r"\A(.+)-(\d{5,9})-[a-z0-9]{1,10}\Z")
_ALIKE = re.compile(r"\A(.*)-(\d{5,})-[a-z0-9]+\Z")


def numbered(name: str) -> tuple[str, str] | None:
    """Returns (service, number as written) of a name that Cloud Run generated; else None."""
    found = _GIVEN.match(name)
    return (found[1], found[2]) if found else None


def alike(name: str) -> tuple[str, int] | None:
    """Returns (service, number) of any name of that form, even a person's; else None."""
    found = _ALIKE.match(name)
    return (found[1], int(found[2])) if found else None
