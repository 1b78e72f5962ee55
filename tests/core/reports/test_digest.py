from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.expected.acknowledgement import breach, holds, suggested_rate
from bot.core.model.days import Days
from bot.core.model.decisions import Claim, Decisions
from bot.core.model.errors import UsageError
from bot.core.model.report import Cluster, Coverage, Ended, Report
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Priority, State, Window
from bot.core.ports import Subscription
from bot.core.reports.digest import compare
from bot.core.reports.digest_schedule import last_due, next_due, occasion
from tests.fakes.reports import (
    JWT,
    LEGACY,
    NOW,
    SESSION,
    acknowledgement,
    crash_report,
    issue,
    report,
    t,
)

MORNING = Window(NOW, NOW + DAY)
LATER = MORNING.end


def today(*clusters: Cluster, **changes: object) -> Report:
    """The report one day after `report()`."""
    return report(*clusters, **{"window": MORNING, "generated": LATER, **changes})


def yesterday(*clusters: Cluster) -> Report:
    return report(*clusters, window=Window(NOW - DAY, NOW))


# --- what changed --------------------------------------------------------------------------------


def test_the_window_is_since_the_last_digest() -> None:
    assert compare(yesterday(), today(), {}, LATER).since == NOW
    first = compare(None, today(), {}, LATER)
    assert (first.since, first.first) == (MORNING.start, True)


def test_new_is_what_nobody_has_seen() -> None:
    found = compare(yesterday(SESSION), today(LEGACY, SESSION), {}, LATER)
    assert [c.cluster.id for c in found.new] == ["c-legacy"]
    assert [c.cluster.id for c in found.same] == ["c-session"]


def test_a_problem_of_the_last_digest_is_not_new_whatever_its_state_says() -> None:
    found = compare(yesterday(LEGACY), today(LEGACY), {}, LATER)
    assert not found.new
    assert [c.cluster.id for c in found.same] == ["c-legacy"]


def test_what_someone_already_looked_at_this_morning_is_still_new_in_the_digest() -> None:
    seen = replace(LEGACY, state=State.RECURRING)
    told = compare(yesterday(SESSION), today(seen), {}, LATER, first_seen={"c-legacy": NOW + HOUR})
    old = compare(yesterday(SESSION), today(seen), {}, LATER, first_seen={"c-legacy": NOW - DAY})
    assert [c.cluster.id for c in told.new] == ["c-legacy"]
    assert not old.new


def test_worse_in_priority_tells_both_and_both_rates() -> None:
    before = replace(SESSION, occurrences=12)
    after = replace(SESSION, occurrences=8160, priority=Priority.P2)
    (worse,) = compare(yesterday(before), today(after), {}, LATER).worse
    assert (worse.before, worse.after) == (Priority.P4, Priority.P2)
    assert (worse.rate_before_per_day, worse.rate_now_per_day) == (12, 8160)


@pytest.mark.parametrize(
    ("before", "now", "is_worse"),
    [
        (12, 14, False),
        (2, 6, False),
        (1, 3, False),
        (12, 120, True),
        (3, 40, True),
        (100, 250, False),
    ],
)
def test_a_rate_is_worse_where_chance_does_not_explain_it(
    before: int, now: int, is_worse: bool
) -> None:
    was, is_ = replace(SESSION, occurrences=before), replace(SESSION, occurrences=now)
    assert bool(compare(yesterday(was), today(is_), {}, LATER).worse) is is_worse


def test_rates_are_compared_and_not_counts() -> None:
    """A weekend's window is three times as long, and so is its count."""
    was = replace(SESSION, occurrences=10)
    weekend = replace(SESSION, occurrences=30)
    long = report(weekend, window=Window(NOW, NOW + 3 * DAY), generated=NOW + 3 * DAY)
    assert not compare(yesterday(was), long, {}, NOW + 3 * DAY).worse


def test_an_urgent_problem_needs_a_decision_until_somebody_decides() -> None:
    urgent = replace(LEGACY, priority=Priority.P1)
    for before in (yesterday(SESSION), yesterday(urgent)):
        found = compare(before, today(urgent, SESSION), {}, LATER)
        assert [c.cluster.id for c in found.decide] == ["c-legacy"]
        assert not found.new
    known = {"c-legacy": Decisions(claim=Claim("c-legacy", "U0BOB", NOW))}
    assert not compare(yesterday(SESSION), today(urgent), known, LATER).decide


def test_a_known_urgent_problem_is_no_news() -> None:
    urgent = replace(LEGACY, priority=Priority.P1)
    assert compare(yesterday(urgent), today(urgent), {}, LATER).quiet
    assert not compare(yesterday(), today(urgent), {}, LATER).quiet


def test_what_ended_is_told_once_and_is_not_the_worst() -> None:
    over = replace(LEGACY, priority=Priority.P1, ended=Ended(NOW + HOUR, "it is over"))
    found = compare(yesterday(LEGACY, SESSION), today(over, SESSION), {}, LATER)
    assert [c.cluster.id for c in found.ended] == ["c-legacy"]
    assert (found.worst, found.quiet, found.worse) == (Priority.P4, False, ())
    assert compare(yesterday(over, SESSION), today(over, SESSION), {}, LATER).quiet


def test_gone_is_what_was_there_and_is_not() -> None:
    found = compare(yesterday(LEGACY, SESSION), today(SESSION), {}, LATER)
    assert [c.id for c in found.gone] == ["c-legacy"]


@pytest.mark.parametrize(
    "coverage",
    [
        Coverage(read=10, clustered=10, missing=(Window(NOW, NOW + HOUR),)),
        Coverage(read=10, clustered=9, broken=1),
        Coverage(read=10, clustered=10, sampled=0.5),
        Coverage(read=0),
    ],
)
def test_nothing_is_gone_where_not_everything_was_read(coverage: Coverage) -> None:
    assert not compare(yesterday(LEGACY), today(coverage=coverage), {}, LATER).gone


def test_no_logs_at_all_is_an_alarm_and_not_quiet() -> None:
    silent = replace(today(coverage=Coverage(read=0)), clusters=())
    found = compare(yesterday(LEGACY), silent, {}, LATER)
    assert found.silent
    assert not found.quiet


def test_a_symptom_that_stands_alone_now_is_not_new_and_not_gone() -> None:
    crash = replace(crash_report(), window=Window(NOW - DAY, NOW))
    alone = replace(crash.clusters[2], incident=None, state=State.RECURRING)
    found = compare(crash, today(alone), {}, LATER)
    assert not found.new
    assert [c.id for c in found.gone] == ["c-root"]


def test_what_has_an_issue_or_a_person_is_in_hand() -> None:
    known = {
        "c-legacy": Decisions(issue=issue()),
        "c-session": Decisions(claim=Claim("c-session", "U0BOB", NOW)),
    }
    found = compare(yesterday(), today(), known, LATER)
    assert {i.cluster for i in found.in_hand} == {"c-legacy", "c-session"}
    assert not found.gone


def test_a_closed_issue_says_what_was_expected_and_what_was_seen() -> None:
    was = replace(LEGACY, occurrences=12)
    known = {"c-legacy": Decisions(issue=issue(state="closed"))}
    (hand,) = compare(yesterday(was), today(SESSION), known, LATER).in_hand
    assert (hand.seen, hand.expected, hand.name) == (0, 12.0, "C1")
    again = compare(
        today(SESSION),
        replace(today(SESSION), window=Window(LATER, LATER + DAY)),
        known,
        LATER + DAY,
    )
    assert not again.in_hand  # told once


def test_what_is_expected_is_listed_with_its_hits() -> None:
    found = compare(yesterday(), today(), {"c-jwt": Decisions(expected=acknowledgement())}, LATER)
    assert [(k.acknowledgement.cluster, k.seen) for k in found.expected] == [("c-jwt", 2)]
    assert "c-jwt" not in {c.cluster.id for c in found.same}


def test_an_acknowledgement_that_breaks_is_told_as_worse_and_once() -> None:
    loud = replace(JWT, occurrences=40)
    known = {"c-jwt": Decisions(expected=acknowledgement())}
    found = compare(yesterday(JWT), today(loud), known, LATER)
    assert [w.broken for w in found.worse] == ["acknowledged up to 5 a day, now 40 a day"]
    assert not found.expected
    expired = {"c-jwt": Decisions(expected=acknowledgement(at=NOW - 9 * DAY, until=NOW + HOUR))}
    assert compare(yesterday(JWT), today(JWT), expired, LATER).worse
    next_day = report(JWT, window=Window(LATER, LATER + DAY))
    assert not compare(today(JWT), next_day, expired, LATER + DAY).worse


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_card_is_in_exactly_one_list(data: st.DataObject) -> None:
    def some(n: int) -> list[Cluster]:
        return [
            replace(
                JWT,
                id=f"c-{i}",
                name=f"C{i}",
                occurrences=data.draw(st.integers(1, 500)),
                priority=data.draw(st.sampled_from(Priority)),
                state=data.draw(st.sampled_from(State)),
                ended=data.draw(st.none() | st.just(Ended(NOW, "it is over"))),
            )
            for i in data.draw(st.sets(st.integers(0, 8), max_size=n))
        ]

    before, now = some(9), some(9)
    known = {
        f"c-{i}": Decisions(
            expected=data.draw(st.none() | st.just(acknowledgement(f"c-{i}"))),
            issue=data.draw(st.none() | st.just(issue(f"c-{i}"))),
            claim=data.draw(st.none() | st.just(Claim(f"c-{i}", "U0ANA", NOW))),
        )
        for i in data.draw(st.sets(st.integers(0, 8)))
    }
    current = replace(today(), clusters=tuple(now))
    previous = data.draw(st.sampled_from([None, replace(yesterday(), clusters=tuple(before))]))
    found = compare(previous, current, known, LATER)
    listed = Counter(
        [c.cluster.id for c in (*found.decide, *found.new, *found.same, *found.ended)]
        + [w.cluster.id for w in found.worse]
        + [i.cluster for i in found.in_hand]
        + [k.acknowledgement.cluster for k in found.expected]
        + [c.id for c in found.gone]
    )
    assert all(listed[c.cluster.id] == 1 for c in current.cards)
    assert max(listed.values(), default=0) <= 1


# --- acknowledgements ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "revisions", "occurrences", "broken"),
    [
        ({}, (), 5, None),
        ({}, (), 11, "acknowledged up to 5 a day, now 6 a day"),
        ({"per_day": None}, (), 10**6, None),
        ({"until": NOW}, (), 1, "its time is over"),
        ({"until": None, "until_revision": "svc-00598-qss"}, ("svc-00598-qss",), 1, None),
        ({"until": None, "until_revision": "svc-00598-qss"}, ("svc-00597-abc",), 1, None),
        (
            {"until": None, "until_revision": "svc-00598-qss"},
            ("svc-00598-qss", "svc-00599-xyz"),
            1,
            "revision 00599-xyz still writes it",
        ),
        ({"until": None, "until_revision": "svc-00598-qss"}, ("other-00700-abc",), 1, None),
        ({"until": None, "per_day": None}, ("svc-09999-abc",), 10**9, None),
    ],
)
def test_when_an_acknowledgement_holds(
    changes: dict[str, Any], revisions: tuple[str, ...], occurrences: int, broken: str | None
) -> None:
    cluster = replace(
        JWT, revisions=revisions, decisions=Decisions(expected=acknowledgement(**changes))
    )
    window = Window(NOW - 2 * DAY, NOW)
    said = cluster.decisions.expected
    assert said is not None
    assert breach(said, cluster, occurrences, window, NOW) == broken
    assert holds(cluster, occurrences, window, NOW) is (broken is None)


def test_four_in_a_short_window_do_not_break_five_a_day() -> None:
    assert breach(acknowledgement(), JWT, 4, Window(NOW - HOUR, NOW), NOW) is None


@given(st.integers(0, 10**9))
def test_the_rate_that_is_offered_covers_what_was_seen(seen: int) -> None:
    window = Window(NOW - 2 * DAY, NOW)
    rate = suggested_rate(seen, window)
    assert rate >= 5
    assert rate >= seen
    assert rate <= max(10, 1.3 * seen)


# --- when ----------------------------------------------------------------------------------------


def sub(
    at: str = "09:00", timezone: str = "Europe/Berlin", since: str = "2020-01-01"
) -> Subscription:
    return Subscription("staging", "C0OPS", at, timezone, "U0ANA", t(since))


def test_on_weekdays_there_is_none_on_saturday_and_sunday() -> None:
    weekdays = replace(sub("09:00", "Europe/Berlin"), days=Days.WEEKDAYS)
    found = dues(weekdays, "2025-09-18T00:00:00", 5)
    shown = [datetime.fromtimestamp(due / SECOND, UTC).strftime("%a") for due in found]
    assert shown == ["Thu", "Fri", "Mon", "Tue", "Wed"]
    friday = found[1]
    assert last_due(weekdays, friday + 20 * HOUR) == friday
    assert last_due(weekdays, friday + 30 * HOUR) is None  # nobody reads it on Saturday evening
    assert last_due(weekdays, found[2] + MINUTE) == found[2]


def dues(subscription: Subscription, start: str, days: int) -> list[int]:
    found, after = [], t(start)
    for _ in range(days):
        after = next_due(subscription, after)
        found.append(after)
    return found


def local(ns: int, timezone: str) -> str:
    return f"{datetime.fromtimestamp(ns // SECOND, UTC).astimezone(ZoneInfo(timezone)):%d %H:%M}"


@pytest.mark.parametrize(
    ("at", "start", "wanted"),
    [
        # the clocks go forward on 30 March 2025 at 02:00
        ("09:00", "2025-03-29T00:00", ["29 09:00", "30 09:00", "31 09:00"]),
        ("02:30", "2025-03-29T00:00", ["29 02:30", "30 03:30", "31 02:30"]),
        ("02:00", "2025-03-29T00:00", ["29 02:00", "30 03:00", "31 02:00"]),
        # and back on 26 October at 03:00
        ("09:00", "2025-10-25T00:00", ["25 09:00", "26 09:00", "27 09:00"]),
        ("02:30", "2025-10-25T00:00", ["25 02:30", "26 02:30", "27 02:30"]),
        ("00:00", "2025-10-24T23:00", ["26 00:00", "27 00:00", "28 00:00"]),
    ],
)
def test_once_a_day_when_the_clocks_change(at: str, start: str, wanted: list[str]) -> None:
    found = dues(sub(at), start, 3)
    assert [local(d, "Europe/Berlin") for d in found] == wanted
    assert len({occasion(sub(at), d) for d in found}) == 3


def test_of_two_times_the_first_counts() -> None:
    (due,) = dues(sub("02:30"), "2025-10-25T12:00", 1)
    assert due == t("2025-10-26T00:30")  # summer time, UTC+2
    assert next_due(sub("02:30"), due) == t("2025-10-27T01:30")


ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "America/Asuncion",
    "Asia/Beirut",
    "America/Nuuk",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/St_Johns",
)


@given(
    st.sampled_from(ZONES),
    st.integers(0, 23),
    st.integers(0, 59),
    st.dates(date(2011, 6, 1), date(2027, 1, 1)),
)
@settings(max_examples=150, deadline=None)
def test_every_calendar_day_has_one_digest_in_every_zone(
    zone: str, hour: int, minute: int, start: date
) -> None:
    subscription = sub(f"{hour:02}:{minute:02}", zone, "2010-01-01")
    found = dues(subscription, start.isoformat(), 10)
    assert found == sorted(set(found))
    gaps = {b - a for a, b in pairwise(found)}
    assert all(DAY - 2 * HOUR <= gap <= DAY + 2 * HOUR for gap in gaps), gaps
    slots = [occasion(subscription, d) for d in found]
    assert len(set(slots)) == len(slots)


@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 400 * 24 * 60))
@settings(max_examples=100, deadline=None)
def test_the_last_due_time_and_the_next_enclose_now(zone: str, hour: int, minutes: int) -> None:
    subscription = sub(f"{hour}:30", zone, "2020-01-01")
    now = t("2025-01-01") + minutes * MINUTE
    last = last_due(subscription, now)
    assert last is not None
    assert last <= now < next_due(subscription, now)
    assert next_due(subscription, last) == next_due(subscription, now)
    assert next_due(subscription, last - 1) == last


def test_no_digest_is_due_before_it_was_subscribed() -> None:
    subscription = sub("09:00", "UTC", "2025-09-15T10:00")
    assert last_due(subscription, t("2025-09-15T12:00")) is None
    assert next_due(subscription, 0) == t("2025-09-16T09:00")


def test_a_slot_is_a_channels_day_and_fits_a_job_id() -> None:
    due = t("2025-09-15T07:00")
    assert occasion(sub(), due) == "digest-staging-C0OPS-2025-09-15"
    assert occasion(sub("08:30"), due - 30 * MINUTE) == occasion(
        sub(), due
    )  # moved the same day: once
    odd = replace(sub(), environment="a b/ü")
    assert set(occasion(odd, due)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )
    assert occasion(odd, due) != occasion(replace(odd, environment="a_b__"), due)


def test_midnight_of_a_zone_ahead_is_the_local_day() -> None:
    subscription = sub("00:15", "Pacific/Kiritimati")
    due = next_due(subscription, t("2025-09-14T12:00"))
    assert occasion(subscription, due).endswith("2025-09-16") or occasion(
        subscription, due
    ).endswith("2025-09-15")
    assert local(due, "Pacific/Kiritimati").endswith("00:15")


@pytest.mark.parametrize("at", ["9", "24:00", "09:60", "nine", "", "٠٩:٠٠", "09:00:00"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    with pytest.raises(UsageError, match="09:00"):
        next_due(sub(at), NOW)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../../etc/passwd", "x" * 500])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(UsageError, match="Europe/Berlin"):
        next_due(sub(timezone=zone), NOW)


def test_days_follow_each_other_over_years() -> None:
    subscription = sub("02:30", "America/New_York")
    found = dues(subscription, "2024-01-01", 800)
    days = [date.fromisoformat(occasion(subscription, d)[-10:]) for d in found]
    assert all(b - a == timedelta(days=1) for a, b in pairwise(days))
