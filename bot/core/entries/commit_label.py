"""Reads the commit that wrote an entry from the labels that Cloud Build and deploy actions set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.core.model.values import JSON

LABELS = ("commit-sha", "git-commit", "commit_sha", "git_commit")
"""Labels of the service that Cloud Build and common deploy actions set; the first one counts."""

_NAMES = frozenset(LABELS)
_COMMIT = re.compile(r"([0-9a-f]{7,40})(?:\.\.\.)?")  # redaction keeps the first eight


def deployed(entry: JSON) -> str | None:
    """Returns the commit from the labels of the entry or its resource, perhaps abbreviated."""
    resource = entry.get("resource")
    of_resource = resource.get("labels") if isinstance(resource, Mapping) else None
    for labels in (entry.get("labels"), of_resource):
        # Nearly all entries have none of them, and this runs for each entry of a JSON array.
        if not isinstance(labels, Mapping) or _NAMES.isdisjoint(labels):
            continue
        for name in LABELS:
            found = _COMMIT.fullmatch(str(labels.get(name, "")))
            if found:
                return found[1]
    return None
