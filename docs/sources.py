"""Writes the table of docs/sources.md from the code: `.venv/bin/python docs/sources.py`."""  # noqa: INP001 - a script

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.core.entries import pods
from bot.core.entries.resources import OTHER, RESOURCES, Part

PAGE = Path(__file__).with_name("sources.md")


def page(text: str) -> str:
    """Returns the page with the tables of the code in the place of those that it has."""
    for name, lines in (("resources", _resources()), ("pods", _pods())):
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        text = "\n".join([before + begin, *lines, "", end + after])
    return text


def _resources() -> Iterator[str]:
    yield "| resource type | what | service | revision | instance |"
    yield "|---|---|---|---|---|"
    for row in (*RESOURCES, OTHER):
        name = f"`{row.type}`" if row.type else "any other"
        parts = " | ".join(map(_parts, (row.service, row.revision, row.instance)))
        yield f"| {name} | {row.what} | {parts} |"


def _parts(parts: tuple[Part, ...]) -> str:
    return ", else ".join(f"`{p.text}`" if p.path else p.text for p in parts) or "none"


def _pods() -> Iterator[str]:
    yield "| of | pod | workload | revision | no such pod | why |"
    yield "|---|---|---|---|---|---|"
    for form in pods.FORMS:
        read = pods.pod(form.example)
        revision = f"`{read.revision}`" if read.revision else "none"
        cells = (f"`{form.example}`", f"`{read.workload}`", revision, f"`{form.counter}`")
        yield f"| {form.name} | {' | '.join(cells)} | {form.why} |"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
