"""A window of log entries, page by page: every one is counted once, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bot.core.entries.audit_events import events
from bot.core.model.environment import Query
from bot.core.model.errors import InputError
from bot.core.model.report import (
    Coverage,
    Event,
    Progress,
    Traffic,
)
from bot.core.model.values import Priority, Severity, Window
from bot.core.ports import (
    Activity,
    LogSource,
    Page,
    ProgressListener,
)
from bot.core.rollup.gc_pause import few_collections
from bot.core.rollup.intake import Intake
from bot.core.rollup.rollup import Rollup
from bot.core.text.lost_negation import marked
from bot.core.triage.triage import glance

EVERYTHING = Window(-(2**62), 2**62)
"""As a query's window: whatever the source holds; the report's window is then its own span."""
MEMBERS = Query("", "", (), EVERYTHING, Severity.DEFAULT)
"""The query of `gardener members`: every entry, whatever its severity."""


@dataclass(slots=True)
class Reading:
    """What has been read so far: counts every entry once, whatever becomes of it."""

    query: Query
    keep_members: bool = False
    rollup: Rollup = field(init=False)
    read: int = 0
    broken: int = 0
    api_calls: int = 0
    missing: list[Window] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    events: set[Event] = field(default_factory=set)
    """What was done to services, where the audit log was among it."""
    traffic: Traffic | None = None
    """Requests, where somebody asked who counts them."""
    commits: dict[str, str] = field(default_factory=dict)
    """By revision, where its entries name one."""
    _intake: Intake = field(init=False)
    _worst: tuple[Priority, str] | None = None

    def __post_init__(self) -> None:
        self.rollup = Rollup(self.query.min_severity, self.keep_members)
        # Who only asks for members is told of nobody, and need not wait for it.
        self._intake = Intake(self.query.window, self.rollup, names=self.query != MEMBERS)

    def add(self, page: Page) -> None:
        """Counts a page."""
        rows = page.rows
        self.read += len(rows) + page.broken
        self.broken += page.broken
        self.api_calls += page.api_calls
        self.missing.extend(page.missing)
        self.notes.extend(page.notes)
        self.events.update(events(rows))
        for place, _, commit in rows.known:
            if commit and place.revision:
                known = self.commits.get(place.revision, "")
                self.commits[place.revision] = max(commit, known)
        self._intake.add(rows)

    def done(self) -> None:
        """Counts what is still waiting."""
        self._intake.flush()

    def look_around(self, activity: Activity, now: int) -> None:
        """Asks for requests, and for deploys until now: a deletion may be younger than it all."""
        self.traffic = activity.read_traffic(self.query)
        until = max(self.query.window.end, now)
        later = replace(self.query, window=Window(self.query.window.start, until))
        self.events.update(activity.read_events(later))

    def _glance(self) -> None:
        for key, severity in self._intake.fresh:
            if severity >= self.query.min_severity:
                priority = glance(key.kind, key.masked, severity)
                if self._worst is None or priority < self._worst[0]:
                    self._worst = (priority, marked(key.masked))
        self._intake.fresh.clear()

    def window(self, now: int) -> Window:
        """The query's; where that is everything, the span of what was read, if any has a time."""
        if self.query.window != EVERYTHING:
            return self.query.window
        if self._intake.first is None or self._intake.last is None:
            return Window(now, now)
        return Window(self._intake.first, self._intake.last + 1)

    def progress(self, page: Page) -> Progress:
        """Where the reading stands after the page."""
        self._intake.keep_up()
        self._glance()
        worst = f"{self._worst[0].name} {self._worst[1]}" if self._worst else None
        return Progress(self.read, page.reached, min(1.0, page.share), worst)

    def coverage(self, clustered: int, below: int) -> Coverage:
        """What became of all that was read."""
        return Coverage(
            read=self.read,
            clustered=clustered,
            below_severity=below,
            outside_window=self._intake.outside,
            duplicates=self._intake.duplicates,
            broken=self.broken,
            missing=tuple(_joined_windows(self.missing)),
            api_calls=self.api_calls,
            notes=tuple(dict.fromkeys(self.notes)),
        )


def _joined_windows(windows: Iterable[Window]) -> Iterable[Window]:
    """In order, and touching ones as one."""
    last: Window | None = None
    for window in sorted(windows, key=lambda w: (w.start, w.end)):
        if last is not None and window.start <= last.end:
            last = Window(last.start, max(last.end, window.end))
            continue
        if last is not None:
            yield last
        last = window
    if last is not None:
        yield last


def read_all(
    source: LogSource,
    query: Query,
    *,
    keep_members: bool = False,
    listener: ProgressListener | None = None,
) -> Reading:
    """Reads the whole window. The listener is told after each page and may raise `Cancelled`."""
    reading = Reading(query, keep_members)
    with few_collections():
        for page in source.read(query):
            reading.add(page)
            if listener is not None:
                listener(reading.progress(page))
        reading.done()
    return reading


def refuse_nothing_readable(reading: Reading) -> None:
    """Raises `InputError` where something was read and none of it is a log entry."""
    if reading.read and reading.read == reading.broken:
        which = (
            "The one line is no" if reading.read == 1 else f"None of {reading.read:,} lines is a"
        )
        noticed = "".join(f" {note}" for note in dict.fromkeys(reading.notes))
        raise InputError(
            f"{which} log entry.{noticed} Give JSON, CSV, YAML or text of a log; "
            "`gcloud logging read 'FILTER' --format=json > entries.json` writes a file that I read."
        )
