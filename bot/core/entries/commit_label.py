"""Which commit wrote an entry: the label that Cloud Build and the usual deploy actions set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.core.model.values import JSON

LABELS = ("commit-sha", "git-commit", "commit_sha", "git_commit")
"""Of the service: what Cloud Build and the usual deploy actions set; the first that is there."""

_COMMIT = re.compile(r"([0-9a-f]{7,40})(?:\.\.\.)?")  # redaction keeps the first eight


def deployed(entry: JSON) -> str | None:
    """The commit that the entry's labels or its resource's name; perhaps its first digits only."""
    resource = entry.get("resource")
    of_resource = resource.get("labels") if isinstance(resource, Mapping) else None
    for labels in (entry.get("labels"), of_resource):
        if not isinstance(labels, Mapping):
            continue
        for name in LABELS:
            found = _COMMIT.fullmatch(str(labels.get(name, "")))
            if found:
                return found[1]
    return None
