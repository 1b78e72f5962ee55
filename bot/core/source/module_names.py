"""Shortens source locations: the module's own name, and the package that contains it."""

from __future__ import annotations

import re

from bot.core.model.values import Location

_ENDING = re.compile(
    r"\.(?:py|js|ts|mjs|cjs|jsx|tsx|go|java|kt|rb|php|rs|cs|cc|cpp|c)$", re.IGNORECASE
)
_PART = re.compile(r"[./\\]+")


def module(location: Location) -> str:
    """Returns `websocket_ssot` of `netra_backend.app.routes.websocket_ssot` or of its file."""
    return (_parts(location) or [""])[-1]


def room(location: Location) -> str:
    """Returns the package or folder that contains the module (`routes`); empty if none."""
    parts = _parts(location)
    return parts[-2] if len(parts) >= 2 else ""


def short(location: Location) -> str:
    """Formats module and line: `websocket_ssot:1619`."""
    name = module(location)
    return name if location.line is None else f"{name}:{location.line}"


def _parts(location: Location) -> list[str]:
    return [part for part in _PART.split(_ENDING.sub("", location.module.strip())) if part]
