"""Rollup → clusters: groups masked messages with the same meaning and computes their figures."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from bot.core.clusters.grouping import group
from bot.core.entries import understand as entries
from bot.core.entries.place import Raw
from bot.core.entries.understand import Key, Kind
from bot.core.model.values import JSON, Location, Severity, Window
from bot.core.rollup.gc_pause import few_collections
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.tally import Counted, Tally, hour_of, size, tally_of
from bot.core.text.access_lines import without_caller
from bot.core.text.last_words import says_failure
from bot.core.text.lost_negation import marked, turned
from bot.core.text.process_ends import is_clean_end, is_end, says_not_ready
from bot.core.text.redact import redact_json


@dataclass(frozen=True)  # no slots: cached_property needs __dict__
class Draft:
    """A cluster before judgement: its content and figures, still mergeable."""

    id: str
    kind: Kind
    template: str
    keys: tuple[Key, ...]
    tally: Tally
    callers: Mapping[str, int] = field(default_factory=dict)
    """Of failed requests: the kind of client → its entries."""

    @cached_property
    def title(self) -> str:
        """Returns the title of the representative with the lowest hash."""
        title = entries.title(self.sample) or "(empty message)"
        if len(self.callers) > 1:
            title = without_caller(title)[0]
        # Only the service's own redaction can swallow a "not"; ours never does, so it is not
        # marked.
        if turned(title) and self.swallowed:
            return marked(title)
        return title

    @cached_property
    def swallowed(self) -> bool:
        """True if the service's own log filter replaced words of a representative."""
        return any(
            entries.swallows(entries.message(raw.unpack(raw.data)))
            for _, _, raw in self.tally.samples
            if not raw.ours
        )

    @cached_property
    def sample(self) -> JSON:
        """Returns the representative entry, redacted."""
        return _shown(self.tally.samples[0].raw) if self.tally.samples else {}

    @property
    def is_job(self) -> bool:
        """True if jobs alone logged it: no revision of a job serves, so none can be rolled back."""
        return bool(self.tally.places) and all(place.is_job for place in self.tally.places)

    @property
    def samples(self) -> list[JSON]:
        """Returns all representatives, not all of them redacted: for analysis, never to show."""
        return [raw.unpack(raw.data) for _, _, raw in self.tally.samples]

    @property
    def edges(self) -> list[JSON]:
        """Returns the first and the last entry, redacted."""
        edges = {e[:2]: e for e in (self.tally.first_entry, self.tally.last_entry) if e}
        known = self.tally.samples[0].raw if self.tally.samples else None
        return [
            self.sample if (raw := edges[place].raw) == known else _shown(raw)
            for place in sorted(edges)
        ]

    @cached_property
    def location(self) -> Location | None:
        """Returns the source location that most representatives name; None if none does."""
        found = Counter(
            place for raw in self.samples if (place := entries.location(raw)) is not None
        )
        if not found:
            return None
        return min(found.items(), key=lambda item: (-item[1], str(item[0])))[0]

    @cached_property
    def is_end(self) -> bool:
        """True if the message reports that a process or container ended abnormally."""
        if self.kind is Kind.REQUEST or not is_end(self.template):
            return False
        samples = [str(raw.get("textPayload", "")) for raw in self.samples]
        return not (samples and all(map(is_clean_end, samples)))

    @cached_property
    def is_of_service(self) -> bool:
        """True for what the platform says of a service that is not ready, or its audit log."""
        return (
            (self.kind is Kind.AUDIT or (self.kind is Kind.MESSAGE and not self.tally.instances))
            and is_error(self)
            and says_not_ready(self.template)
        )

    @cached_property
    def says_failure(self) -> bool:
        """True if the message says that something failed, whatever its severity."""
        return says_failure(self.title)

    @cached_property
    def judged_by_words(self) -> str:
        """Why its severity comes from its words alone; empty if an entry names a level."""
        found = [entries.judged_by_words(raw) for raw in self.samples]
        return max(found, default="") if all(found) else ""

    def histogram(self, window: Window) -> tuple[int, ...]:
        """Counts entries per UTC hour, from the hour of the window's start to that of its end."""
        start, end = hour_of(window.start), hour_of(window.end)
        return tuple(self.tally.hours.get(at, 0) for at in range(start, end + 1))


def _shown(raw: Raw) -> JSON:
    clean = redact_json(raw.unpack(raw.data))
    return clean if isinstance(clean, dict) else {}


def content_id(kind: Kind, template: str, place: str = "") -> str:
    """Computes a cluster's id from its content alone: the same on every machine."""
    words = f"{kind.value}\x1f{template}\x1f{place}".encode("utf-8", "surrogatepass")
    return "c-" + hashlib.blake2b(words, digest_size=6).hexdigest()


@few_collections()
def clusters(rollup: Rollup) -> list[Draft]:
    """Groups a stitched rollup into clusters, sorted by id.

    Only messages of one kind and, for tracebacks, one place are compared: others are different
    problems.
    """
    drafts: list[Draft] = []
    for (kind, place), found in _partitions(rollup):
        counted = {text: [one for _, one in of] for text, of in found.items()}
        severities = {text: frozenset(level for level, _ in of) for text, of in found.items()}
        counts = {text: sum(map(size, of)) for text, of in counted.items()}
        templates = templates_of(kind, counts, severities)
        members: dict[str, list[str]] = {}
        for masked in sorted(templates):
            members.setdefault(templates[masked], []).append(masked)
        for template, texts in members.items():
            parts = [part for text in texts for part in counted[text]]
            whole = tally_of(parts, rollup.bounds, rollup.keep_members)
            keys = tuple(Key(kind, text, place) for text in texts)
            made = Draft(content_id(kind, template, place), kind, template, keys, whole)
            if kind is Kind.REQUEST:
                made = replace(made, callers=callers_of({text: counts[text] for text in texts}))
            drafts.append(made)
    return sorted(drafts, key=lambda draft: draft.id)


def callers_of(sizes: Mapping[str, int]) -> Mapping[str, int]:
    """Counts the entries of failed requests by who called; `sizes`: by masked message."""
    found: Counter[str] = Counter()
    for text, count in sizes.items():
        found[without_caller(text)[1]] += count
    del found[""]
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


_Part = dict[str, list[tuple[int, Counted]]]
"""Masked message -> (severity, what was counted of it)."""


def _partitions(rollup: Rollup) -> Iterator[tuple[tuple[Kind, str], _Part]]:
    parts: dict[tuple[Kind, str], _Part] = {}
    for (key, severity), counted in rollup.messages():
        part = parts.setdefault((key.kind, key.place), {})
        part.setdefault(key.masked, []).append((severity, counted))
    yield from sorted(parts.items(), key=lambda item: (item[0][0].value, item[0][1]))


def templates_of(
    kind: Kind,
    counts: Mapping[str, int],
    severities: Mapping[str, frozenset[int]] = MappingProxyType({}),
) -> Mapping[str, str]:
    """Maps each masked message to its template; requests and audit entries are exact already."""
    if kind is Kind.REQUEST:
        return {masked: without_caller(masked)[0] for masked in counts}
    if kind is Kind.AUDIT:
        return {masked: masked for masked in counts}
    return group(counts, severities)


def is_error(draft: Draft) -> bool:
    """True for severity ERROR or above, or an exception."""
    return draft.tally.severity >= Severity.ERROR or draft.kind is Kind.TRACE
