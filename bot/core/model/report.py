"""The parts of a report: clusters, incidents, cards, coverage and traffic.

As in `values`, times are nanoseconds since the epoch; text is redacted but not escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.core.model.decisions import Decisions
from bot.core.model.values import JSON, Location, Priority, Severity, State, Values, Window


@dataclass(frozen=True, slots=True)
class Coverage:
    """Accounts for every entry that was read. The five parts add up to `read`."""

    read: int = 0
    clustered: int = 0
    below_severity: int = 0
    outside_window: int = 0
    duplicates: int = 0
    broken: int = 0
    missing: tuple[Window, ...] = ()
    """Parts of the window that could not be read, ascending and disjoint."""
    sampled: float = 1.0
    """Share of the entries that were read before a budget ended; 1.0 is all."""
    api_calls: int = 0
    kept: int = 0
    """Entries of `read` that were read for an earlier question and kept since."""
    notes: tuple[str, ...] = ()
    """Sentences for a person: why something is missing and when to try again."""
    outside_span: Window | None = None
    """From the first to the last of the entries outside the window, its end included."""

    @property
    def complete(self) -> bool:
        """True only if all entries were read, parsed and counted."""
        return not self.missing and self.broken == 0 and self.sampled == 1.0


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a priority."""

    name: str
    """`frequency`, `trend`, …"""
    said: str
    """The finding, as text for a person."""
    shift: float = 0.0
    """Steps by which it moves the priority; below zero is towards P0."""

    @property
    def weight(self) -> str:
        """The shift as text: `½ up` (towards P0), `1 down`; empty if there is none."""
        size = {0.25: "¼", 0.5: "½", 0.75: "¾"}.get(abs(self.shift), f"{abs(self.shift):g}")
        return f"{size} {'up' if self.shift < 0 else 'down'}" if self.shift else ""


@dataclass(frozen=True, slots=True)
class Began:
    """The revision in which a cluster began, if an earlier one ran without it."""

    service: str
    revision: str
    before: str
    """The newest earlier revision that was active; it never wrote the cluster."""
    entries: int
    """Entries of any kind by `before` among those read."""
    project: str = ""
    region: str = ""
    """Both are empty if it is no Cloud Run service, whose traffic could be routed back."""
    requests: int | None = None
    """Requests that `before` served; None: not counted, or the service serves none."""


@dataclass(frozen=True, slots=True)
class Ended:
    """That a problem does not go on, and how that is known."""

    since: int
    evidence: str
    """`00613-fix served 417 requests without it`."""
    by: str = ""
    """The later revision that serves without it; empty if it is known from silence alone."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One problem: log entries with the same message. The fields are those of the JSON output."""

    id: str
    """`c-…`; lasts across runs if there is a registry."""
    name: str
    """`C3`: the short name, stable within an environment."""
    title: str
    """The message in one line."""
    template: str
    """The message with `<*>` for its values."""
    severity: Severity
    """The highest severity of its entries."""
    priority: Priority
    reasons: tuple[str, ...]
    count: int
    """Log entries."""
    occurrences: int
    """Events, with the fragments of a traceback joined to one. Cards show these."""
    first_seen: int | None
    last_seen: int | None
    histogram: tuple[int, ...] = ()
    """Entries per UTC hour, from the hour of the window's start to that of its end."""
    services: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    instances: int = 0
    location: Location | None = None
    routes: tuple[str, ...] = ()
    cause: str | None = None
    impact: str | None = None
    next: str | None = None
    state: State = State.NEW
    decisions: Decisions = field(default_factory=Decisions)
    incident: str | None = None
    sample: JSON = field(default_factory=dict)
    """One representative entry, redacted, in the shape of `gcloud logging read --format=json`."""
    examples: tuple[JSON, ...] = ()
    """The first and the last few entries, redacted, for the evidence."""
    members: tuple[str, ...] = ()
    """insertIds, if they were requested."""
    estimated: bool = False
    """True if a memory bound made some figures estimates."""
    change: str | None = None
    """Why it is escalating or regressed: `12 a day → 340 in the last hour`."""
    deleted: int | None = None
    """When its service was deleted; the cluster is then never new and no issue is offered."""
    factors: tuple[Factor, ...] = ()
    """All factors considered for the priority, including those without weight."""
    notes: tuple[str, ...] = ()
    """Further findings as sentences, such as where it began or which value drifts."""
    began: Began | None = None
    values: tuple[Values, ...] = ()
    """The users and accounts concerned, hashed (`expected.fingerprints`); empty if unknown."""
    variants: tuple[tuple[str, str], ...] = ()
    """(keyed hash, masked message) of each wording, for acknowledgements."""
    by_revision: tuple[tuple[str, int], ...] = ()
    """(revision, occurrences) of all revisions that wrote it; empty if not all are known."""
    silent: int = 0
    """Nanoseconds from its last entry to the newest one, if requests arrived; 0: unknown."""
    ended: Ended | None = None
    """None while it goes on, or if that is unknown."""
    bursts: tuple[Window, ...] = ()
    """Two or more bursts that are clearly apart, from first to last minute; else empty."""

    @property
    def repeats(self) -> bool:
        """True for three or more occurrences in the window."""
        return self.occurrences >= 3


@dataclass(frozen=True, slots=True)
class Incident:
    """A root cluster and the symptom clusters that followed from it."""

    id: str
    root: str
    symptoms: tuple[str, ...]
    occurrences: int
    priority: Priority
    reasons: tuple[str, ...] = ()
    instances: int = 0
    first_seen: int | None = None
    last_seen: int | None = None
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """The content of one card: a single cluster, or an incident's root with its symptoms."""

    cluster: Cluster
    symptoms: tuple[Cluster, ...] = ()
    incident: Incident | None = None

    @property
    def priority(self) -> Priority:
        """The priority of the incident, else of the cluster."""
        return self.incident.priority if self.incident else self.cluster.priority

    @property
    def occurrences(self) -> int:
        """The occurrences of the incident, else of the cluster; 15 instances crashing are 15."""
        return self.incident.occurrences if self.incident else self.cluster.occurrences

    @property
    def ended(self) -> Ended | None:
        """The end of the incident, else of the cluster; None while it goes on."""
        return self.incident.ended if self.incident else self.cluster.ended

    @property
    def first_seen(self) -> int | None:
        """When the incident, else the cluster, was first seen."""
        return self.incident.first_seen if self.incident else self.cluster.first_seen

    @property
    def last_seen(self) -> int | None:
        """When the incident, else the cluster, was last seen."""
        return self.incident.last_seen if self.incident else self.cluster.last_seen


@dataclass(frozen=True, slots=True)
class Event:
    """A deploy or deletion of a service, from the audit log."""

    kind: str
    """`deploy` or `delete`."""
    service: str
    at: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts of requests. Without a source for them there is no `Traffic`, meaning unknown."""

    hours: tuple[tuple[str, int, int], ...] = ()
    """(revision, whole UTC hours since 1970, requests)."""
    since: int = 0
    """Start of the counted span, which ends with the window (nanoseconds)."""
    sampled: bool = False
    """True if the call budget ended first, so that `since` is after the window's start."""
    source: str = "request log"
    """The source of the counts."""
    points: tuple[tuple[str, int, int], ...] = field(default=(), compare=False)
    """(revision, second since 1970 at which a minute or second begins, requests in it), of those
    hours that were counted so finely; `hours` has them too."""

    @property
    def requests(self) -> int:
        """Total number of requests."""
        return sum(count for _, _, count in self.hours)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A known cluster that is absent although there is traffic; it has no card."""

    cluster: str
    name: str
    title: str
    last_seen: int | None
    expected: float
    """Occurrences expected in the window from its usual rate."""
    reason: str


@dataclass(frozen=True, slots=True)
class Silence:
    """A service that logs nothing, or gets no requests, for longer than is usual for it."""

    service: str
    since: int
    """Time of its last entry, or of its last request."""
    said: str
    """The finding with its figures, as a sentence; `{since}` stands for that time."""

    def text(self, show: Callable[[int], str]) -> str:
        """Returns the sentence with its time as `show` renders it."""
        return self.said.replace("{since}", show(self.since))


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one analysis, rendered later as blocks, Markdown or JSON."""

    environment: str
    services: tuple[str, ...]
    project: str
    region: str
    query: str
    window: Window
    coverage: Coverage
    clusters: tuple[Cluster, ...]
    incidents: tuple[Incident, ...] = ()
    generated: int = 0
    """When the log was read."""
    min_severity: Severity = Severity.WARNING
    timezone: str = "UTC"
    revisions: tuple[str, ...] = ()
    """All revisions among the entries read, of any severity, newest first."""
    spans: tuple[tuple[str, int, int], ...] = ()
    """(revision, time of first entry, of last entry) among the entries read, of any severity."""
    severities: tuple[tuple[str, int], ...] = ()
    """(severity name, entries) among the entries read, highest severity first."""
    quiet: tuple[Quiet, ...] = ()
    """Quiet clusters; also empty if the history does not suffice to find them."""
    traffic: Traffic | None = None
    """None: unknown."""
    silences: tuple[Silence, ...] = ()
    """Silent services, the longest silent first; only if the window reaches now."""
    heard: int | None = None
    """Time of the newest entry of any severity, if it was looked up since nothing was read."""
    last_entry: int | None = None
    """Time of the newest entry ever read, if a history is kept."""
    commits: tuple[tuple[str, str], ...] = ()
    """(revision, commit) of the newest revisions whose entries name one, if a history is kept."""
    partial: bool = False
    """True if the query named other services than the environment does; their silence then does
    not mean that the environment is silent."""
    known: tuple[str, ...] = ()
    """The names that `service=` takes: the environment's, else those of its last report."""
    counts_requests: bool = True
    """False if none of the sources is a Cloud Run service: a job that logs nothing may just not
    have run."""

    @property
    def cards(self) -> tuple[Card, ...]:
        """Incidents and single clusters: active before ended, by priority, then as `clusters`."""
        return tuple(self._cards())

    def _cards(self) -> Iterator[Card]:
        by_id = {cluster.id: cluster for cluster in self.clusters}
        roots = {incident.root: incident for incident in self.incidents}
        inside = {symptom for incident in self.incidents for symptom in incident.symptoms}
        cards: list[Card] = []
        for cluster in self.clusters:
            if cluster.id in inside:
                continue
            incident = roots.get(cluster.id)
            symptoms = tuple(by_id[s] for s in incident.symptoms) if incident else ()
            cards.append(Card(cluster, symptoms, incident))
        yield from sorted(cards, key=lambda card: (card.ended is not None, card.priority))

    def cluster(self, name_or_id: str) -> Cluster | None:
        """Returns the cluster named `C3` or with the id `c-…`, in any case; None if absent."""
        wanted = name_or_id.casefold()
        return next(
            (c for c in self.clusters if wanted in (c.name.casefold(), c.id.casefold())), None
        )

    def with_decisions(self, decisions: Mapping[str, Decisions]) -> Report:
        """Returns the report with people's current decisions, which cached reports do not have.

        A priority set by hand applies to the cluster and to the incident of which it is the root.
        """
        clusters = [_decided(c, decisions.get(c.id, Decisions())) for c in self.clusters]
        by_hand = {c.id: c.priority for c in clusters if c.decisions.override}
        if by_hand:
            clusters.sort(key=lambda c: c.priority)
        return replace(
            self,
            clusters=tuple(clusters),
            incidents=tuple(
                replace(i, priority=by_hand.get(i.root, i.priority)) for i in self.incidents
            ),
        )


def _decided(cluster: Cluster, decisions: Decisions) -> Cluster:
    override = decisions.override
    if override is None:
        return replace(cluster, decisions=decisions)
    reason = f"set to {override.priority.name} by hand; the rules said {cluster.priority.name}"
    return replace(
        cluster,
        decisions=decisions,
        priority=override.priority,
        reasons=(reason, *cluster.reasons),
        factors=(*cluster.factors, Factor("people", reason, override.priority - cluster.priority)),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a running read."""

    read: int
    read_back_to: int | None
    """All entries of the window after this time have been read (before it, if read forwards)."""
    share: float
    """Share of the window that was read, 0.0 to 1.0."""
    worst: str | None = None
    """The worst problem so far: `P0 No module named 'auth_service'`."""
