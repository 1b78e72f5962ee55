"""One thing has one name: retired words stay out of the product and its docs."""

from __future__ import annotations

import ast
import re

import pytest

from tests.paths import ROOT

RETIRED = {
    # One word for a person's "expected": acknowledgement.
    "acknowledgement": re.compile(
        r"\b_?(?:agreed|agreements?|watched|contracts?)\b|_agreements?\b|\bagreements?_",
        re.IGNORECASE,
    ),
}
ELSEWHERE = re.compile(r"import contracts?|tests/contract|\[\[tool\.importlinter\.contracts\]\]")
"""Where `contract` means something else: what import-linter holds, and the tests of a port."""
SUFFIXES = {".py", ".js", ".md", ".toml", ".html"}
PLACES = ("bot", "handlers", "blocks", "playground", "benchmarks", "docs", "README.md")


def texts():
    for place in PLACES:
        root = ROOT / place
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.suffix in SUFFIXES:
                yield path


@pytest.mark.parametrize("instead", RETIRED)
def test_a_retired_word_is_not_used(instead):
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if RETIRED[instead].search(ELSEWHERE.sub("", line))
    ]
    assert not found, f"say {instead}:\n" + "\n".join(found)


def test_two_types_do_not_share_a_name():
    found: dict[str, list[str]] = {}
    for room in ("bot", "handlers", "blocks"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}
