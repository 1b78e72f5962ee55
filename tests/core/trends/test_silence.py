"""Silence: a service that logs nothing while requests arrive, or that gets no requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from blocks.buttons import Act
from blocks.report import report as message
from blocks.text import as_text
from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.entries.json_rows import of_json
from bot.core.entries.request_log import is_request_log
from bot.core.model import rfc3339
from bot.core.model.environment import Environment, Query, Sources
from bot.core.model.report import Event, Report, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Severity, Window
from bot.core.ports import Page
from bot.core.rollup.pulse import Pulse
from bot.core.text import display
from tests.core.logs import START, Entry, entry, request, shuffled
from tests.fakes.store import FakeHistory, FakeRegistry

SERVICE = "netra-backend-staging"
ENVIRONMENT = Environment("staging", "netra-staging", (SERVICE,))
NOW = START + 26 * MINUTE
"""03:26."""
QUIET_FROM = 12 * 60
"""Seconds after `START`: 03:12."""


def time_of(each: Entry) -> int:
    return rfc3339.parse(each["timestamp"]) or 0


class Project:
    """A log that answers as Cloud Logging does: by severity, and by what was written last."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = list(entries)
        self.asked: list[bool] = []
        self.refuses = False

    def describe(self, query: Query) -> str:
        return "a log"

    def read(self, query: Query) -> Iterator[Page]:
        least = query.min_severity
        found = [
            each
            for each in self.entries
            if "severity" not in each or Severity[each["severity"]] >= least
        ]
        yield Page(of_json(found, range(1, len(found) + 1)), api_calls=1)

    def newest(self, query: Query, service: str, *, requests: bool) -> Sequence[int] | None:
        self.asked.append(requests)
        if self.refuses:
            return None
        times = [
            time_of(each)
            for each in self.entries
            if is_request_log(each["logName"]) is requests
            and each["resource"]["labels"]["service_name"] == service
        ]
        return sorted((at for at in times if at in query.window), reverse=True)[:1_000]

    def read_traffic(self, query: Query) -> Traffic | None:
        counted: dict[tuple[str, int], int] = {}
        for each in self.entries:
            at = time_of(each)
            if is_request_log(each["logName"]) and at in query.window:
                key = each["resource"]["labels"]["revision_name"], at // HOUR
                counted[key] = counted.get(key, 0) + 1
        hours = tuple((name, hour, n) for (name, hour), n in sorted(counted.items()))
        return Traffic(hours, query.window.start) if hours else None

    def read_events(self, query: Query) -> Sequence[Event]:
        return ()


def lines(
    every: float, until: float, *, since: float = -3_600, severity: str | None = None
) -> list[Entry]:
    """A line of the service every so many seconds, the last at `until`."""
    count = int((until - since) // every)
    return [entry("Tick of the loop", severity, until - i * every) for i in range(count + 1)]


def requests(count: int, since: float, until: float) -> list[Entry]:
    return [request(200, at=since + 0.5 + i * (until - since) / count) for i in range(count)]


def heard(
    project: Project,
    *,
    now: int = NOW,
    hours: int = 1,
    severity: Severity = Severity.WARNING,
    history: FakeHistory | None = None,
    environment: Environment = ENVIRONMENT,
    end: int | None = None,
) -> Report:
    window = Window((end or now) - hours * HOUR, end or now)
    outside = Outside(
        project, activity=project, newest=project, history=history, registry=FakeRegistry()
    )
    return analyze(outside, environment.query(window, (), severity), environment, now=now)


def said(report: Report) -> list[str]:
    end = report.window.end
    return [s.text(lambda ns: display.clock(ns, "UTC", end)) for s in report.silences]


SILENT = [
    *lines(40, QUIET_FROM),
    *requests(50, -3_000, QUIET_FROM - 30),
    *requests(312, QUIET_FROM, 26 * 60 - 1),
]


class TestAServiceThatLogsNothing:
    SAID = (
        f"{SERVICE} has logged nothing since 03:12 (14 min; its longest gap here was 40 s) "
        "while 312 requests arrived"
    )

    def test_is_told_with_the_last_entry_and_the_figures(self) -> None:
        report = heard(Project(SILENT))
        assert said(report) == [self.SAID]
        assert report.silences[0].since == START + QUIET_FROM * SECOND

    def test_is_the_first_line_of_the_message_and_of_the_lock_screen(self) -> None:
        failing = [entry("Pool exhausted", "ERROR", -i * 60.0) for i in range(1, 4)]
        shown = message(
            heard(Project([*SILENT, *failing])), now=NOW, age=None, query=Act("run"), more=False
        )
        first, second = as_text(shown).splitlines()[:2]
        told = self.SAID.replace("03:12", "03:12 UTC")
        assert first == f"🔴 {told}."
        assert "1 problem" in second
        assert shown.text.startswith(f"🔴 {told}. staging: 1 problem")

    def test_whatever_the_order_and_the_severity_that_is_read(self) -> None:
        assert said(heard(Project(shuffled(SILENT)), severity=Severity.DEFAULT)) == [self.SAID]

    def test_a_file_needs_no_look_up(self) -> None:
        query = Query("staging", "", (), Window(NOW - HOUR, NOW))
        outside = Outside(Project(SILENT), unfiltered=True)
        everything = replace(query, min_severity=Severity.DEFAULT)
        found = said(analyze(outside, everything, ENVIRONMENT, now=NOW))
        # Counted in steps of ten seconds, so the first of them may be missing.
        assert found == [self.SAID.replace("312", "at least 308")]

    @pytest.mark.parametrize(
        ("why", "entries"),
        [
            ("its lines go on", [*SILENT, *lines(40, 25 * 60)]),
            ("it is silent for two minutes", [*lines(10, 24 * 60), *requests(300, 1440, 1559)]),
            ("nine times its gap", [*lines(100, 11 * 60), *requests(300, 661, 1559)]),
            ("nineteen requests", [*lines(40, QUIET_FROM), *requests(19, 721, 1559)]),
            ("nobody asks it anything", lines(40, QUIET_FROM)),
            ("it never logged", requests(300, 0, 1559)),
        ],
    )
    def test_is_not_silent_where(self, why: str, entries: list[Entry]) -> None:
        assert said(heard(Project(entries))) == [], why

    def test_the_platforms_own_entries_are_no_sign_of_life(self) -> None:
        alive = [
            entry("Starting new instance.", "WARNING", QUIET_FROM + i, log=name)
            for i, name in enumerate(("varlog%2Fsystem", "requests"))
        ]
        assert said(heard(Project([*SILENT, *alive])))[0].startswith(f"{SERVICE} has logged")

    def test_a_window_that_ended_long_ago_is_not_about_now(self) -> None:
        assert said(heard(Project(SILENT), now=NOW + 10 * MINUTE, end=NOW)) == []
        assert said(heard(Project(SILENT), now=NOW + 4 * MINUTE, end=NOW)) == [self.SAID]

    def test_jobs_are_never_silent(self) -> None:
        jobs = Environment("staging", "netra-staging", sources=Sources(jobs=(SERVICE,)))
        assert said(heard(Project(SILENT), environment=jobs)) == []


TALKS = [
    *lines(5, 26 * 60 - 2, severity="INFO"),
    *lines(900, 0, severity="WARNING"),
    *requests(600, -3_000, 26 * 60 - 1),
]
FELL_SILENT = [
    *lines(5, QUIET_FROM, severity="INFO"),
    *lines(900, 0, severity="WARNING"),
    *requests(600, -3_000, 26 * 60 - 1),
]


class TestWhatTheFilterHides:
    """A read at WARNING lacks the lines at INFO that a service writes with their severity."""

    def test_a_service_that_writes_at_info_is_not_silent(self) -> None:
        project = Project(TALKS)
        assert said(heard(project)) == []
        assert project.asked == [False]  # what it wrote last, in one call

    def test_one_that_wrote_at_info_and_stopped_is(self) -> None:
        (text,) = said(heard(Project(FELL_SILENT)))
        assert "since 03:12 (14 min; the longest gap in its last 8" in text
        assert "entries was 5 s)" in text

    def test_nothing_is_claimed_where_the_look_up_fails(self) -> None:
        project = Project(FELL_SILENT)
        project.refuses = True
        assert said(heard(project)) == []

    def test_a_healthy_service_costs_no_call(self) -> None:
        project = Project([*lines(40, 26 * 60 - 1), *requests(600, -3_000, 1_559)])
        assert said(heard(project)) == []
        assert project.asked == []

    def test_a_log_without_a_warning_is_no_log_without_entries(self) -> None:
        project = Project(lines(5, 26 * 60 - 60, severity="INFO"))
        shown = message(heard(project), now=NOW, age=None, query=Act("run"), more=False)
        assert shown.text.endswith(
            "nothing at WARNING or above; last entry of any level 03:25 UTC."
        )
        assert "🔴" not in as_text(shown)

    def test_a_log_that_ended_before_the_window_says_when(self) -> None:
        project = Project(lines(5, -3_500, since=-4_000, severity="INFO"))
        shown = message(heard(project), now=NOW, age=None, query=Act("run"), more=False)
        assert shown.text == "🔴 staging sends no logs since 02:01 UTC, traffic unknown."


class TestWithAWeekOfHistory:
    """Every day the service rests from 03:00 to 03:08, while requests arrive as ever."""

    def day(self, number: int, *, silent_from: float = 1e9) -> list[Entry]:
        begin = number * 86_400.0
        found = []
        for i in range(1_080):
            at = i * 80.0
            if not 0 < at < 480 and at <= silent_from:
                found.append(entry("Tick of the loop", None, begin + at))
        return [*found, *(request(200, at=begin + i * 30.0) for i in range(2_880))]

    def after_a_week(self, today: list[Entry], minutes: float) -> Report:
        history = FakeHistory()
        entries = [each for number in range(-7, 1) for each in self.day(number)]
        for number in range(-7, 0):
            end = START + (number + 1) * DAY
            part = [e for e in entries if end - DAY <= time_of(e) < end]
            heard(Project(part), now=end, hours=24, history=history)
        now = START + int(minutes * MINUTE)
        before = [e for e in entries if time_of(e) < START]
        mine = [e for e in today if time_of(e) < now]
        return heard(Project([*before, *mine]), now=now, hours=2, history=history)

    def test_what_is_usual_at_this_hour_is_no_silence(self) -> None:
        assert said(self.after_a_week(self.day(0, silent_from=0), 15)) == []

    def test_longer_than_twice_what_it_ever_was_at_this_hour_is(self) -> None:
        (text,) = said(self.after_a_week(self.day(0, silent_from=0), 17))
        assert text == (
            f"{SERVICE} has logged nothing since 03:00 (17 min; its longest gap at this hour in "
            "the last week was 8 min) while 33 requests arrived"
        )

    def test_no_request_where_there_always_are(self) -> None:
        today = [e for e in self.day(0) if not is_request_log(e["logName"]) or time_of(e) < START]
        (text,) = said(self.after_a_week(today, 25))
        assert text == (
            f"{SERVICE} has had no request since 02:59 (25 min); at this hour it had at least "
            "120 requests on each known day of the last week"
        )
        assert said(self.after_a_week(today, 6)) == []  # twelve are usual by then


class TestPulse:
    def test_merging_does_not_mind_the_order_and_keeps_the_bounds(self) -> None:
        def of(hour: int, service: str) -> Pulse:
            return Pulse({service: {hour: 1 << hour % 360}}, {service: hour}, {service: {hour: 1}})

        parts = [of(hour, f"s{hour % 80}") for hour in range(0, 4_000, 3)]
        one, other = Pulse(), Pulse()
        for part in parts:
            one.merge(part)
        for part in reversed(parts):
            other.merge(part)
        assert one == other
        assert len(one.logged) <= 64
        assert (
            min(min(hours) for hours in one.logged.values())
            > max(max(hours) for hours in one.logged.values()) - 31 * 24
        )

    def test_a_gap_in_which_something_was_not_read_is_none(self) -> None:
        pulse = Pulse({"api": {0: 1 | 1 << 3 | 1 << 100}})
        assert pulse.longest("api") == 970 * SECOND
        assert pulse.longest("api", [Window(500 * SECOND, 600 * SECOND)]) == 30 * SECOND
        assert pulse.longest_by_hour("api") == {0: 970}
