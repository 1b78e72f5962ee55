"""Shortens source locations: the module's own name, and the package that contains it.

A file keeps its ending (`index.js`, `main.go`); a Python file is named as the module that it is.
"""

from __future__ import annotations

import re

from bot.core.model.values import Location

_ENDING = re.compile(
    r"\.(?:py|js|ts|mjs|cjs|mts|cts|jsx|tsx|vue|svelte|go|java|kt|kts|scala|groovy|clj|rb|erb|rake"
    r"|php|rs|cs|cshtml|fs|vb|ex|exs|erl|swift|dart|lua|pl|sh|cc|cpp|cxx|c|h|hpp)$",
    re.IGNORECASE,
)
_PYTHON = re.compile(r"\.py$", re.IGNORECASE)
_PART = re.compile(r"[./\\]+")


def module(location: Location) -> str:
    """Returns `websocket_ssot` of `netra_backend.app.routes.websocket_ssot` or of its file."""
    return (_parts(location) or [""])[-1]


def room(location: Location) -> str:
    """Returns the package or folder that contains the module (`routes`); empty if none."""
    parts = _parts(location)
    return parts[-2] if len(parts) >= 2 else ""


def short(location: Location) -> str:
    """Formats module or file, and line: `websocket_ssot:1619`, `index.js:19`."""
    name = _file(location.module.strip()) or module(location)
    return name if location.line is None else f"{name}:{location.line}"


def _file(name: str) -> str:
    """Returns the name of a file that is no Python module; else empty."""
    if _PYTHON.search(name) or not _ENDING.search(name):
        return ""
    return re.split(r"[/\\]", name)[-1]


def _parts(location: Location) -> list[str]:
    return [part for part in _PART.split(_ENDING.sub("", location.module.strip())) if part]
