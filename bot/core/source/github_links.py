"""Guesses the repository file of a location, and links to its line on GitHub."""

from __future__ import annotations

import re
from urllib.parse import quote

from bot.core.model.values import Location

_FILE = re.compile(
    r"[\w.@+-]+(?:/[\w.@+-]+)*\."
    r"(?:py|js|ts|mjs|cjs|jsx|tsx|go|java|kt|rb|php|rs|cs|cc|cpp|c|scala|ex|exs)",
    re.ASCII,
)
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


def guessed(location: Location) -> str | None:
    """Guesses the repository path of a module or file; None if there is no plausible one."""
    module = location.module.strip().removeprefix("./")
    if "/" in module or _FILE.fullmatch(module):
        for root in ("/workspace/", "/app/", "/usr/src/app/", "/"):
            if module.startswith(root):
                module = module.removeprefix(root)
                break
        return module if _FILE.fullmatch(module) and ".." not in module else None
    return f"{module.replace('.', '/')}.py" if _MODULE.fullmatch(module) else None


def line_url(repository_url: str, commit: str, path: str, line: int | None) -> str:
    """Returns the URL of a line on GitHub at a commit."""
    at = f"#L{line}" if line else ""
    return f"{repository_url.rstrip('/')}/blob/{quote(commit, safe='')}/{quote(path)}{at}"
