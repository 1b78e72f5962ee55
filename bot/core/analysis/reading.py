"""Reads a window of log entries page by page and counts every entry once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from bot.core.entries.audit_events import events
from bot.core.entries.envelope import GOOD_FILE
from bot.core.entries.understand import Key, Kind
from bot.core.model.environment import Query
from bot.core.model.errors import InputError
from bot.core.model.report import (
    Coverage,
    Event,
    Progress,
    Traffic,
)
from bot.core.model.values import Priority, Severity, Window, joined
from bot.core.ports import (
    Activity,
    LogSource,
    Page,
    ProgressListener,
)
from bot.core.rollup.gc_pause import few_collections
from bot.core.rollup.intake import Intake
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.subjects import Subjects
from bot.core.text.lost_negation import marked

Surroundings = tuple[Traffic | None, Sequence[Event]]
"""Requests, and deploys and deletions."""
EVERYTHING = Window(-(2**62), 2**62)
"""As a query's window: all that the source holds; the report's window is then the entries' span."""
MEMBERS = Query("", "", (), EVERYTHING, Severity.DEFAULT)
"""The query of `gardener members`: every entry, whatever its severity."""

Glance = Callable[[Kind, str, Severity], Priority]
"""(kind, masked message, severity): a first guess at a message's priority, for the progress."""


@dataclass(slots=True)
class Reading:
    """What has been read so far. Every entry is counted once, whatever becomes of it."""

    query: Query
    keep_members: bool = False
    glance: Glance | None = None
    """Without it the progress names no worst problem."""
    rollup: Rollup = field(init=False)
    read: int = 0
    broken: int = 0
    left_out: int = 0
    """Estimated entries that a sample left out."""
    api_calls: int = 0
    missing: list[Window] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    events: set[Event] = field(default_factory=set)
    """Deploys and deletions, if the audit log was read."""
    traffic: Traffic | None = None
    """Requests; None until `look_around` finds them."""
    commits: dict[str, str] = field(default_factory=dict)
    """By revision, if its entries name one."""
    hide: Callable[[str], str] | None = None
    """Hashes values that may not be kept, with a key; without it none is hidden."""
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    """What to do once the report is made: it keeps what was read."""
    kept: int = 0
    """Entries that are not read anew but come from kept windows."""
    _intake: Intake = field(init=False)
    _worst: tuple[Priority, str] | None = None

    def __post_init__(self) -> None:
        self.rollup = Rollup(
            self.query.min_severity, self.keep_members, named=Subjects(hide=self.hide)
        )
        # `gardener members` shows no users or accounts, so it does not look for them.
        self._intake = Intake(self.query.window, self.rollup, names=self.query != MEMBERS)

    def add(self, page: Page) -> None:
        """Counts a page."""
        rows = page.rows
        self.read += len(rows) + page.broken
        self.broken += page.broken
        self.left_out += page.left_out
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
        """Counts what still waits in the intake."""
        self._intake.flush()

    @property
    def worst(self) -> tuple[Priority, str] | None:
        """The worst problem so far, as `glance` guesses, with its message."""
        return self._worst

    @property
    def waiting(self) -> int:
        """Rows that wait in the intake."""
        return self._intake.waiting

    @property
    def duplicates(self) -> int:
        """Entries that were read twice."""
        return self._intake.duplicates

    def merge(self, other: Reading) -> None:
        """Adds what another reading read, of disjoint entries; both must be done."""
        self.rollup.merge(other.rollup)
        self.read += other.read
        self.kept += other.kept
        self.broken += other.broken
        self.left_out += other.left_out
        self._intake.duplicates += other._intake.duplicates
        self._intake.outside += other._intake.outside
        self.api_calls += other.api_calls
        self.missing.extend(other.missing)
        self.notes.extend(other.notes)
        self.events.update(other.events)
        for revision, commit in other.commits.items():
            self.commits[revision] = max(commit, self.commits.get(revision, ""))

    def restore(self, rollup: Rollup, *, read: int, duplicates: int) -> None:
        """Makes this the reading of a kept window; it must be empty."""
        self.rollup = rollup
        self._intake = Intake(self.query.window, rollup, duplicates=duplicates)
        self.read = self.kept = read

    def look_around(self, activity: Activity, now: int) -> None:
        """Asks for requests, and for deploys until now: deletions may follow the window."""
        self.surround(surroundings(activity, self.query, now))

    def surround(self, found: Surroundings) -> None:
        """Takes requests and deploys that were asked for elsewhere."""
        self.traffic, events = found
        self.events.update(events)

    def look_at_all(self, glance: Glance) -> None:
        """Looks for the worst problem among all that is counted, as in a kept window."""
        self._look_at(((key, Severity(level)) for key, level in self.rollup.counted), glance)

    def _look_at(self, messages: Iterable[tuple[Key, Severity]], glance: Glance) -> None:
        for key, severity in messages:
            if severity >= self.query.min_severity:
                priority = glance(key.kind, key.masked, severity)
                if self._worst is None or priority < self._worst[0]:
                    self._worst = (priority, marked(key.masked))

    def window(self, now: int) -> Window:
        """Returns the query's window; for EVERYTHING the span of the entries that have a time."""
        if self.query.window != EVERYTHING:
            return self.query.window
        if self._intake.first is None or self._intake.last is None:
            return Window(now, now)
        return Window(self._intake.first, self._intake.last + 1)

    def progress(self, page: Page) -> Progress:
        """Returns how far the reading is after the page."""
        self._intake.keep_up()
        if self.glance is not None:
            self._look_at(self._intake.fresh, self.glance)
        self._intake.fresh.clear()
        worst = f"{self._worst[0].name} {self._worst[1]}" if self._worst else None
        return Progress(self.read, page.reached, min(1.0, page.share), worst)

    def coverage(self, clustered: int, below: int) -> Coverage:
        """Returns what became of all that was read."""
        first, last = self._intake.outside_first, self._intake.outside_last
        return Coverage(
            read=self.read,
            clustered=clustered,
            below_severity=below,
            outside_window=self._intake.outside,
            duplicates=self._intake.duplicates,
            broken=self.broken,
            missing=tuple(joined(self.missing)),
            sampled=self.read / (self.read + self.left_out) if self.left_out else 1.0,
            api_calls=self.api_calls,
            kept=self.kept,
            notes=tuple(dict.fromkeys(self.notes)),
            outside_span=None if first is None or last is None else Window(first, last),
        )


def surroundings(activity: Activity, query: Query, now: int) -> Surroundings:
    """Asks for requests in the query's window, and for deploys until now."""
    until = max(query.window.end, now)
    later = replace(query, window=Window(query.window.start, until))
    return activity.read_traffic(query), activity.read_events(later)


def read_all(
    source: LogSource,
    query: Query,
    *,
    keep_members: bool = False,
    listener: ProgressListener | None = None,
    glance: Glance | None = None,
) -> Reading:
    """Reads the whole window. The listener is called after each page and may raise `Cancelled`.

    `glance` guesses priorities for the listener; without it no progress names a worst problem.
    """
    reading = Reading(query, keep_members, glance)
    with few_collections():
        for page in source.read(query):
            reading.add(page)
            if listener is not None:
                listener(reading.progress(page))
        reading.done()
    return reading


def refuse_nothing_readable(reading: Reading) -> None:
    """Raises `InputError` if something was read and none of it is a log entry."""
    if reading.read and reading.read == reading.broken:
        which = (
            "The one line is no" if reading.read == 1 else f"None of {reading.read:,} lines is a"
        )
        noticed = "".join(f" {note}" for note in dict.fromkeys(reading.notes))
        raise InputError(
            f"{which} log entry.{noticed} Give JSON, CSV, YAML or text of a log; {GOOD_FILE}"
        )
