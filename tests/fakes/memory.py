"""What jobs remember, in memory: nothing expires, and a value is kept as it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core.model.decisions import IssueLink
from bot.core.model.issue_memory import Fix, Told
from bot.core.model.shown import (
    JOINS,
    Posting,
    ReportThread,
    ShownMessage,
    ShownReport,
    WorklogCopy,
    WorklogVersion,
)
from bot.core.ports import CommitPair, Compared
from bot.runs import RunReading, Unanswered, Want


@dataclass
class FakeShownReports:
    """`ports.ShownReports`."""

    reports: dict[tuple[str, str], ShownReport] = field(default_factory=dict)
    messages: dict[tuple[str, str, str], str] = field(default_factory=dict)
    judged: dict[tuple[str, str], Mapping[str, Fix]] = field(default_factory=dict)

    def get(self, environment: str, key: str) -> ShownReport:
        return self.reports.get((environment, key), ShownReport())

    def put(self, environment: str, key: str, shown: ShownReport) -> None:
        self.reports[environment, key] = shown

    def add(self, environment: str, key: str, place: ShownMessage) -> None:
        known = self.get(environment, key)
        places = tuple(dict.fromkeys((*known.places, place)))
        self.reports[environment, key] = replace(known, places=places)
        self.messages[environment, place.channel, place.ts] = key

    def outdated(self, environment: str, key: str, channel: str, address: str) -> None:
        known = self.get(environment, key)
        newer = tuple(sorted({**dict(known.newer), channel: address}.items()))
        self.reports[environment, key] = replace(known, newer=newer)

    def key_of(self, environment: str, channel: str, ts: str) -> str:
        return self.messages.get((environment, channel, ts), "")

    def put_fixes(self, environment: str, key: str, fixes: Mapping[str, Fix]) -> None:
        self.judged[environment, key] = dict(fixes)

    def fixes(self, environment: str, key: str) -> Mapping[str, Fix]:
        return self.judged.get((environment, key), {})


@dataclass
class FakeRecentReports:
    """`ports.RecentReports`."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[str, str, str], tuple[str, int]] = field(default_factory=dict)

    def add(self, environment: str, key: str, *, latest: bool) -> None:
        self.keys[environment] = (key, *self.newest(environment))[:12]
        if latest:
            self.last[environment] = key

    def latest(self, environment: str) -> str:
        return self.last.get(environment, "")

    def newest(self, environment: str) -> Sequence[str]:
        return self.keys.get(environment, ())

    def put_answer(
        self, environment: str, question: str, rules: str, key: str, *, now: int
    ) -> None:
        self.answers[environment, question, rules] = key, now

    def answer(self, environment: str, question: str, rules: str, *, now: int) -> str:
        key, at = self.answers.get((environment, question, rules), ("", now))
        return key if abs(now - at) <= JOINS else ""


@dataclass
class FakeConversationMemory:
    """`ports.ConversationMemory`."""

    reports: dict[tuple[str, str], str] = field(default_factory=dict)
    environments: dict[str, str] = field(default_factory=dict)

    def report(self, environment: str, channel: str) -> str:
        return self.reports.get((environment, channel), "")

    def saw(self, environment: str, channel: str, key: str) -> None:
        self.reports[environment, channel] = key

    def environment(self, channel: str) -> str:
        return self.environments.get(channel, "")

    def asked(self, channel: str, environment: str) -> None:
        self.environments[channel] = environment


@dataclass
class FakePosted:
    """`ports.Posted`."""

    posts: dict[tuple[str, Posting], str] = field(default_factory=dict)
    threads: dict[tuple[str, ReportThread], tuple[str, ...]] = field(default_factory=dict)

    def get(self, environment: str, what: Posting) -> str | None:
        return self.posts.get((environment, what))

    def put(self, environment: str, what: Posting, ts: str) -> None:
        self.posts[environment, what] = ts

    def parts(self, environment: str, thread: ReportThread) -> Sequence[str]:
        return self.threads.get((environment, thread), ())

    def put_parts(self, environment: str, thread: ReportThread, parts: Sequence[str]) -> None:
        self.threads[environment, thread] = tuple(parts)


@dataclass
class FakeWorklogs:
    """`ports.Worklogs`."""

    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    versions: dict[tuple[str, str], WorklogVersion] = field(default_factory=dict)
    files: dict[tuple[str, str], tuple[WorklogCopy, ...]] = field(default_factory=dict)

    def ask(self, environment: str, key: str, token: str) -> None:
        self.tokens[environment, key] = token

    def asked(self, environment: str, key: str) -> str:
        return self.tokens.get((environment, key), "")

    def version(self, environment: str, key: str) -> WorklogVersion:
        return self.versions.get((environment, key), WorklogVersion())

    def put_version(self, environment: str, key: str, version: WorklogVersion) -> None:
        self.versions[environment, key] = version

    def copies(self, environment: str, key: str) -> Sequence[WorklogCopy]:
        return self.files.get((environment, key), ())

    def put_copies(self, environment: str, key: str, copies: Sequence[WorklogCopy]) -> None:
        self.files[environment, key] = tuple(copies)


@dataclass
class FakeSyncMemory:
    """`ports.SyncMemory`."""

    issues: dict[tuple[str, str], Told] = field(default_factory=dict)
    seen: dict[str, Mapping[str, int]] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)

    def told(self, environment: str, cluster: str) -> Told | None:
        return self.issues.get((environment, cluster))

    def put_told(self, environment: str, cluster: str, told: Told) -> None:
        self.issues[environment, cluster] = told

    def forget(self, environment: str, cluster: str) -> None:
        self.issues.pop((environment, cluster), None)

    def revisions(self, environment: str) -> Mapping[str, int] | None:
        return self.seen.get(environment)

    def put_revisions(self, environment: str, revisions: Mapping[str, int]) -> None:
        self.seen[environment] = dict(revisions)

    def turn(self, environment: str) -> int:
        return self.turns.get(environment, 0)

    def put_turn(self, environment: str, turn: int) -> None:
        self.turns[environment] = turn


@dataclass
class FakeUnlinkedIssues:
    """`ports.UnlinkedIssues`."""

    links: dict[tuple[str, str], IssueLink] = field(default_factory=dict)

    def get(self, environment: str, cluster: str) -> IssueLink | None:
        return self.links.get((environment, cluster))

    def put(self, environment: str, link: IssueLink) -> None:
        self.links[environment, link.cluster] = link


@dataclass
class FakeLookUps:
    """`ports.LookUps`; two of a kind that share `known` are two processes on one store."""

    known: dict[str, Any] = field(default_factory=dict)

    def get(self, kind, name):
        found = self.known.get(name)
        return found if isinstance(found, getattr(kind, "__origin__", kind)) else None

    def put(self, name: str, value: object, seconds: int) -> None:
        self.known[name] = value


@dataclass
class FakeComparedCommits:
    """`ports.ComparedCommits`, with for how long each answer is kept."""

    known: dict[tuple[str, CommitPair], Compared] = field(default_factory=dict)
    seconds: dict[Compared, int] = field(default_factory=dict)

    def get(self, environment: str, pair: CommitPair) -> Compared | None:
        return self.known.get((environment, pair))

    def put(self, environment: str, pair: CommitPair, compared: Compared, seconds: int) -> None:
        self.known[environment, pair] = compared
        self.seconds[compared] = seconds


@dataclass
class FakeRuns:
    """`runs.Runs`; what was started is in `jobs`."""

    people: dict[tuple[str, str], dict[str, Want]] = field(default_factory=dict)
    jobs: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    left: set[tuple[str, str]] = field(default_factory=set)

    def ask(self, environment, run, job, kwargs, want) -> bool:
        name = environment, run
        starts = name not in self.people
        self.people.setdefault(name, {})[want.who] = want
        self.left.discard(name)
        if starts:
            self.jobs.append((job, kwargs))
        return starts

    def waiting(self, environment: str, run: str) -> Mapping[str, Want]:
        return dict(self.people.get((environment, run), {}))

    def answer(self, environment: str, run: str) -> Mapping[str, Want]:
        self.left.discard((environment, run))
        return self.people.pop((environment, run), {})

    def leave(self, environment: str, run: str, who: str) -> bool:
        waiting = self.people.get((environment, run), {})
        waiting.pop(who, None)
        if waiting or (environment, run) not in self.people:
            return False
        self.left.add((environment, run))
        return True

    def cancelled(self, environment: str, run: str) -> bool:
        return (environment, run) in self.left


@dataclass
class FakeRunProgress:
    """`runs.RunProgress`."""

    readings: dict[tuple[str, str], RunReading] = field(default_factory=dict)
    left: dict[tuple[str, str], Unanswered] = field(default_factory=dict)

    def reading(self, environment: str, run: str) -> RunReading | None:
        return self.readings.get((environment, run))

    def put_reading(self, environment: str, run: str, reading: RunReading) -> None:
        self.readings[environment, run] = reading

    def unanswered(self, environment: str, run: str) -> Unanswered | None:
        return self.left.get((environment, run))

    def put_unanswered(self, environment: str, run: str, unanswered: Unanswered) -> None:
        self.left[environment, run] = unanswered

    def answered(self, environment: str, run: str) -> None:
        self.left.pop((environment, run), None)
