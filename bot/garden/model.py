"""The values that travel between the rooms: what an entry, a cluster and a report are.

All times are integers, nanoseconds since the Unix epoch in UTC: Cloud Logging's own resolution,
exact to compare and to add, and free of time zones until a person reads them. All text in here
has been redacted (see `redact`); nothing has been escaped, since that depends on where it goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

JSON = Mapping[str, object]
"""A JSON object as it was read."""


class Severity(IntEnum):
    """Cloud Logging's `LogSeverity`, with its numbers."""

    DEFAULT = 0
    DEBUG = 100
    INFO = 200
    NOTICE = 300
    WARNING = 400
    ERROR = 500
    CRITICAL = 600
    ALERT = 700
    EMERGENCY = 800


class Priority(IntEnum):
    """P0 (the service is down) to P9 (noise); the table is in `docs/priorities.md`."""

    P0 = 0
    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4
    P5 = 5
    P6 = 6
    P7 = 7
    P8 = 8
    P9 = 9

    @property
    def level(self) -> str:
        """HIGH for P0-P2, MEDIUM for P3-P5, LOW for P6-P9."""
        if self <= Priority.P2:
            return "HIGH"
        return "MEDIUM" if self <= Priority.P5 else "LOW"


class State(StrEnum):
    """What became of a cluster since it was last looked at."""

    NEW = "new"
    RECURRING = "recurring"
    ESCALATING = "escalating"
    REGRESSED = "regressed"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [start, end) in nanoseconds."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start) / SECOND

    def __contains__(self, timestamp: int) -> bool:
        return self.start <= timestamp < self.end


@dataclass(frozen=True, slots=True)
class Location:
    """Where a message was written: module (or file), function and line, as the log names them."""

    module: str
    function: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        return self.module if self.line is None else f"{self.module}:{self.line}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of every entry that was read. The five parts add up to `read`."""

    read: int = 0
    clustered: int = 0
    below_severity: int = 0
    outside_window: int = 0
    duplicates: int = 0
    broken: int = 0
    missing: tuple[Window, ...] = ()
    """Parts of the window that could not be read, in order, not overlapping."""
    sampled: float = 1.0
    """Share of the entries that were read, where a budget cut in; 1.0 is all."""
    api_calls: int = 0
    notes: tuple[str, ...] = ()
    """Sentences for a person: why something is missing and when to try again."""

    @property
    def complete(self) -> bool:
        """True only where everything was read, understood and counted."""
        return not self.missing and self.broken == 0 and self.sampled == 1.0


# --- what people decided -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Values:
    """Who stood in one place of a cluster's messages: hashes only."""

    before: str
    """What they are called: `user`."""
    seen: tuple[tuple[str, int], ...] = ()
    """(keyed hash, time), of the most frequent ones; see `watched`."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A person says that a cluster is expected behaviour: who, why, and how long that holds."""

    cluster: str
    by: str
    """Slack user id."""
    reason: str
    at: int
    until: int | None = None
    """Ends then; None with `until_revision` None means forever."""
    until_revision: str | None = None
    """Ends when a revision other than this (the newest when it was said) writes it."""
    tell: bool = True
    """Tell the channel when it breaks: above `per_day`, one value repeats, or it stops."""
    per_day: float | None = None
    """The agreed rate, occurrences a day; None: no bound."""
    title: str = ""
    """The cluster's title when it was said, so that the list reads without a report."""
    channel: str = ""
    """Where it was said, and is told when it breaks; empty: not known."""
    usual: float = 0.0
    """Occurrences a day when it was said; 0: not known."""
    values: tuple[Values, ...] = ()
    """Whom it was said about."""
    variants: tuple[str, ...] = ()
    """Hashes of the masked messages that were known then; empty: a new one says nothing."""

    @property
    def forever(self) -> bool:
        """Neither a time nor a revision ends it."""
        return self.until is None and self.until_revision is None


@dataclass(frozen=True, slots=True)
class IssueLink:
    """The GitHub issue that stands for a cluster."""

    cluster: str
    repository: str
    """`owner/name`"""
    number: int
    url: str
    title: str
    by: str
    at: int
    state: str = "open"
    """`open` or `closed`, as last seen."""
    closed_at: int | None = None
    """When it was closed; None: it is open, or that is not known."""
    fixed_in: str | None = None
    """The commit that closed it; empty: no commit did, None: nobody has looked yet."""
    symptom_of: str | None = None
    """The root's cluster id, where the issue was filed for the whole incident."""
    labels: tuple[str, ...] = ()
    """As last seen."""
    locked: bool = False
    changed: bool = False
    """True where title, labels, place or lock are not what they were when it was filed."""
    moved_from: str | None = None
    """`owner/name#12`, where it was transferred since."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Someone said that they are on it."""

    cluster: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Snooze:
    """A person does not want to hear of it for a while."""

    cluster: str
    by: str
    at: int
    until: int | None = None
    until_revision: str | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A person set the priority by hand."""

    cluster: str
    by: str
    at: int
    priority: Priority
    was: Priority


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that was about to be sent to GitHub, stored before it is.

    It outlives the process that sent it: whoever finds it (a later click, the reconcile job)
    looks on GitHub whether it was done, and finishes it.
    """

    cluster: str
    """The root's id."""
    by: str
    at: int
    """When it was last sent, or about to be."""
    repository: str
    kind: str
    """`create`, `comment` or `reopen`."""
    body: str
    """As it was sent, its marker included."""
    public: bool
    """What the body was written for: one for a private repository never goes to a public one."""
    title: str = ""
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    number: int | None = None
    """The issue that gets the comment; where one is created, those up to it are other ones."""
    nonce: str = ""
    """Of the comment's marker."""
    symptoms: tuple[str, ...] = ()
    """Clusters that the issue stands for as well."""
    attempts: int = 1
    reply: str = ""
    """Where the person is told what became of it; only the caller reads it."""


Decision = Acknowledgement | IssueLink | Claim | Snooze | Override | Pending


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that people decided about one cluster."""

    expected: Acknowledgement | None = None
    issue: IssueLink | None = None
    claim: Claim | None = None
    snooze: Snooze | None = None
    override: Override | None = None
    pending: Pending | None = None


# --- judgement -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Factor:
    """One of the things that a priority was made of."""

    name: str
    """`frequency`, `trend`, …"""
    said: str
    """What was found, for a person."""
    shift: float = 0.0
    """Steps of priority; below zero is towards P0."""

    @property
    def weight(self) -> str:
        """`½ up`, `1 down`: how far it moves a priority, P0 being at the top; empty: not at all."""
        size = {0.25: "¼", 0.5: "½", 0.75: "¾"}.get(abs(self.shift), f"{abs(self.shift):g}")
        return f"{size} {'up' if self.shift < 0 else 'down'}" if self.shift else ""


@dataclass(frozen=True, slots=True)
class Began:
    """The first revision that wrote a cluster, where the log shows one before that did not."""

    service: str
    revision: str
    before: str
    """The newest revision before it that did something: it never wrote the cluster."""
    entries: int
    """So many entries of any kind did `before` write in what was read."""
    project: str = ""
    region: str = ""
    requests: int | None = None
    """So many did `before` serve; None: nobody counted them, or the service serves none."""


@dataclass(frozen=True, slots=True)
class TeamRule:
    """One `[[rules]]` of gardener.toml. What is empty is not asked; all that is said must hold."""

    name: str
    line: int = 0
    """Where it stands in its file; 0: not known."""
    contains: str = ""
    """Words of the message, in lower case."""
    match: str = ""
    """A regular expression on the message, whose values are `<*>`; case does not matter."""
    severity: Severity = Severity.DEFAULT
    """At least this."""
    services: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """The module that the log names, or a package that it is in."""
    routes: tuple[str, ...] = ()
    """A route, or what it begins with in whole parts."""
    statuses: tuple[int, ...] = ()
    at_least: int = 1
    """Occurrences in the window."""
    environments: tuple[str, ...] = ()
    priority: Priority | None = None
    """Sets the priority; of those that do, the first that fits counts."""
    shift: int = 0
    """Moves it; below zero is towards P0. All that fit count."""
    reason: str = ""
    cause: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """One `[[impact]]` of gardener.toml: what it means where a route or module fails."""

    says: str
    routes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    weight: int = 0
    """Steps of priority towards P0."""
    line: int = 0
    environments: tuple[str, ...] = ()


# --- the report ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cluster:
    """One problem: log entries that say the same thing. Field by field as in the contract."""

    id: str
    """`c-…`; outlives the run where a registry is there."""
    name: str
    """`C3`: the short name, stable within an environment."""
    title: str
    """One line in the message's own words."""
    template: str
    """The message with `<*>` for what varies."""
    severity: Severity
    """The highest that its entries carry."""
    priority: Priority
    reasons: tuple[str, ...]
    count: int
    """Log entries."""
    occurrences: int
    """Events, after the fragments of a traceback were stitched. Cards show these."""
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
    """insertIds, only where they were asked for."""
    estimated: bool = False
    """True where a memory bound made figures estimates."""
    change: str | None = None
    """What makes it escalating or regressed: `12 a day → 340 in the last hour`."""
    deleted: int | None = None
    """When the service that wrote it was deleted: nothing of it is new, no issue is offered."""
    factors: tuple[Factor, ...] = ()
    """Everything that was looked at for the priority, also what weighs nothing."""
    notes: tuple[str, ...] = ()
    """Sentences on what the log shows beside cause and impact: where it began, what drifts."""
    began: Began | None = None
    values: tuple[Values, ...] = ()
    """For agreements (`watched`); empty where nobody can be told from another."""
    variants: tuple[tuple[str, str], ...] = ()
    """(keyed hash, masked message) of each wording, for agreements."""
    by_revision: tuple[tuple[str, int], ...] = ()
    """(revision, occurrences) of each that wrote it; empty: not known, or not all of them are."""
    silent: int = 0
    """Nanoseconds without it until the newest entry, where requests arrived; 0: not known."""

    @property
    def repeats(self) -> bool:
        """Three or more occurrences in the window."""
        return self.occurrences >= 3


@dataclass(frozen=True, slots=True)
class Incident:
    """A root and the symptoms that followed it."""

    id: str
    root: str
    symptoms: tuple[str, ...]
    occurrences: int
    priority: Priority
    reasons: tuple[str, ...] = ()
    instances: int = 0
    first_seen: int | None = None
    last_seen: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What one card shows: a lone cluster, or an incident's root with its symptoms."""

    cluster: Cluster
    symptoms: tuple[Cluster, ...] = ()
    incident: Incident | None = None

    @property
    def priority(self) -> Priority:
        """Of the incident where there is one."""
        return self.incident.priority if self.incident else self.cluster.priority

    @property
    def occurrences(self) -> int:
        """Of the incident where there is one: a crash in fifteen instances is fifteen."""
        return self.incident.occurrences if self.incident else self.cluster.occurrences


@dataclass(frozen=True, slots=True)
class Event:
    """What someone did to a service, from the audit log."""

    kind: str
    """`deploy` or `delete`."""
    service: str
    at: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that arrived. Where nobody could count them there is no `Traffic`: unknown."""

    hours: tuple[tuple[str, int, int], ...] = ()
    """(revision, whole UTC hours since 1970, requests)."""
    since: int = 0
    """Requests are counted from then on to the end of what was asked for (nanoseconds)."""
    sampled: bool = False
    """True where the budget of calls ended before the window did: `since` is then later."""
    source: str = "request log"
    """Who counted."""

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(count for _, _, count in self.hours)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A known cluster that fell silent although there is traffic; it has no card."""

    cluster: str
    name: str
    title: str
    last_seen: int | None
    expected: float
    """Occurrences that its own rate let expect in the window."""
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one question, ready to be shown as blocks, Markdown or JSON."""

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
    """When it was read."""
    min_severity: Severity = Severity.WARNING
    timezone: str = "UTC"
    revisions: tuple[str, ...] = ()
    """Every revision seen in what was read, newest first, whatever its entries' severity."""
    spans: tuple[tuple[str, int, int], ...] = ()
    """(revision, time of its first entry, of its last) of those that were read, any severity."""
    severities: tuple[tuple[str, int], ...] = ()
    """Entries by severity name among all that was read, highest severity first."""
    quiet: tuple[Quiet, ...] = ()
    """What fell silent; empty as well where nothing can be said about it."""
    traffic: Traffic | None = None
    """None: unknown."""
    last_entry: int | None = None
    """The newest entry that was ever read, where a history is kept."""
    commits: tuple[tuple[str, str], ...] = ()
    """(revision, its commit) of the newest ones whose entries name one, where a history is kept."""

    @property
    def cards(self) -> tuple[Card, ...]:
        """Incidents and lone clusters, the most important first (the clusters' own order)."""
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
        yield from sorted(cards, key=lambda card: card.priority)

    def cluster(self, name_or_id: str) -> Cluster | None:
        """The cluster called `C3` (in any case) or `c-…`; None where there is none."""
        wanted = name_or_id.casefold()
        return next(
            (c for c in self.clusters if wanted in (c.name.casefold(), c.id.casefold())), None
        )

    def with_decisions(self, decisions: Mapping[str, Decisions]) -> Report:
        """The same report with what people have decided since: reports are cached without.

        A priority that a person set by hand is the cluster's, and its incident's.
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
    said = f"set to {override.priority.name} by hand; the rules said {cluster.priority.name}"
    return replace(
        cluster,
        decisions=decisions,
        priority=override.priority,
        reasons=(said, *cluster.reasons),
        factors=(*cluster.factors, Factor("people", said, override.priority - cluster.priority)),
    )


# --- asking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Environment:
    """One `[environments.NAME]` of `gardener.toml`."""

    name: str
    project: str
    services: tuple[str, ...] = ()
    """Cloud Run services; empty: all of the project's."""
    github: str | None = None
    min_severity: Severity = Severity.WARNING
    timezone: str = "UTC"
    channels: tuple[str, ...] | None = None
    """None: every channel that the bot is in and that is not shared with another company."""
    act: tuple[str, ...] | None = None
    """None: every full member, no guests; empty: nobody."""
    admin: tuple[str, ...] = ()
    rules: tuple[TeamRule, ...] = ()
    """The team's own, in the order of the file."""
    impacts: tuple[Impact, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What to read: an environment's entries in a window. Hashable, so it is a cache key too."""

    environment: str
    project: str
    services: tuple[str, ...]
    window: Window
    min_severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running read has come."""

    read: int
    read_back_to: int | None
    """Every entry of the window later than this (or, reading forwards, earlier) was seen."""
    share: float
    """Of the window, 0.0 to 1.0."""
    worst: str | None = None
    """`P0 No module named 'auth_service'`: the worst so far."""
