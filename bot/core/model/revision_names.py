"""Names of revisions: `service-00598-qss` as Cloud Run counts them, or what a person chose."""

from __future__ import annotations

import re

_GIVEN = re.compile(r"\A(.+)-(\d{5,9})-[a-z0-9]{1,10}\Z")
_ALIKE = re.compile(r"\A(.*)-(\d{5,})-[a-z0-9]+\Z")


def numbered(name: str) -> tuple[str, str] | None:
    """(service, number as it is written) of a name that Cloud Run gave; None of any other."""
    found = _GIVEN.match(name)
    return (found[1], found[2]) if found else None


def alike(name: str) -> tuple[str, int] | None:
    """(service, number) of a name in that form, also of one that a person made up, however long."""
    found = _ALIKE.match(name)
    return (found[1], int(found[2])) if found else None
