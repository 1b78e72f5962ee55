"""An acknowledgement that something is expected: when it holds, and each thing that breaks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.expected.acknowledgement import (
    asleep,
    broken,
    observed,
    stopped,
    watches,
)
from bot.core.model import codec
from bot.core.model.decisions import Acknowledgement, Decisions, Snooze
from bot.core.model.environment import Environment, Query
from bot.core.model.history import KnownCluster, Past
from bot.core.model.report import Coverage, Quiet, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, Severity, Window
from bot.core.trends.quiet import noted
from tests.fakes.logs import FakeLogs, entry
from tests.fakes.reports import JWT, NOW, report

SECRET = b"a secret of the tests, long enough"
THEN = NOW - DAY
CREATED = "USER AUTO-CREATED: created user {} from JWT"
ENVIRONMENT = Environment("staging", "netra-staging", ("netra-backend-staging",))


def read(lines, *, now=NOW, days=2, secret=SECRET):
    """A report of (text, time) lines."""
    entries = [entry(text, at, i, severity="WARNING") for i, (text, at) in enumerate(lines)]
    window = Window(now - days * DAY, now)
    query = Query("staging", "netra-staging", ENVIRONMENT.services, window, Severity.WARNING)
    return analyze(Outside(FakeLogs(entries), secret=secret), query, ENVIRONMENT, now=now)


def acknowledge(found, *, at=THEN, **changes):
    """The acknowledgement about the only card of a report."""
    [card] = found.cards
    bare = Acknowledgement(card.cluster.id, "U0ANA", "sign-ups", at, until=at + 7 * DAY, **changes)
    return observed(bare, card, found.window)


def why(acknowledgement, found, now=NOW):
    [card] = found.cards
    return broken(acknowledgement, card.cluster, card.occurrences, found.window, now)


TWO = [(CREATED.format(n), THEN - HOUR - n * MINUTE) for n in (40, 41)]


def test_it_holds_while_others_come():
    acknowledgement = acknowledge(read(TWO, now=THEN))
    later = [(CREATED.format(n), THEN + n * MINUTE) for n in (50, 51, 52)]
    assert why(acknowledgement, read([*TWO, *later])) is None


def test_the_same_user_again_breaks_it_and_is_not_named():
    acknowledgement = acknowledge(read(TWO, now=THEN))
    later = [(CREATED.format(77), THEN + n * MINUTE) for n in range(1, 6)]
    found = why(acknowledgement, read([*TWO, *later]))
    assert found.kind == "repeats"
    assert found.said == "the same user 5 times"
    assert "77" not in found.said + found.which


def test_who_came_before_it_was_said_counts_with_those_after():
    acknowledgement = acknowledge(read(TWO, now=THEN))
    later = [(CREATED.format(40), THEN + n * MINUTE) for n in (1, 2)]
    assert why(acknowledgement, read([*TWO, *later])).said == "the same user 3 times"
    assert why(acknowledgement, read([*TWO, later[0]])) is None


def test_who_repeated_already_was_acknowledged():
    same = [(CREATED.format(40), THEN - n * MINUTE) for n in range(1, 5)]
    acknowledgement = acknowledge(read(same, now=THEN))
    again = (CREATED.format(40), THEN + MINUTE)
    assert why(acknowledgement, read([*same, again])) is None


def test_mails_are_told_apart_although_none_is_kept():
    text = "Created account for user {} after login"
    mails = [(text.format(f"{n}@example.org"), THEN - HOUR - MINUTE * i) for i, n in
             enumerate(("ana", "bob"))]  # fmt: skip
    acknowledgement = acknowledge(read(mails, now=THEN))
    assert "ana" not in codec.dumps(acknowledgement).decode()
    new = [(text.format(f"{n}@example.org"), THEN + MINUTE * i) for i, n in
           enumerate(("cy", "di", "ed", "flo"))]  # fmt: skip
    assert why(acknowledgement, read([*mails, *new])) is None
    same = [(text.format("cy@example.org"), THEN + MINUTE * i) for i in range(4)]
    assert why(acknowledgement, read([*mails, *same])).kind == "repeats"


@pytest.mark.parametrize(
    "name",
    [str, "{}@example.org".format, lambda n: "".join(chr(97 + int(digit)) for digit in f"{n:04}")],
    ids=["number", "mail", "word"],
)
def test_one_among_five_hundred_others_is_found_whatever_came_when(name):
    before = [(CREATED.format(name(n)), THEN - HOUR - n) for n in range(40)]
    acknowledgement = replace(acknowledge(read(before, now=THEN)), per_day=None)
    others = [(CREATED.format(name(100 + n)), THEN + n * MINUTE) for n in range(500)]
    calm = [*before, *others]
    assert why(acknowledgement, read(calm)) is None
    again = [(CREATED.format(name(77)), THEN + (1 + n * 100) * MINUTE) for n in range(5)]
    for lines in ([*calm, *again], [*again, *calm[::-1]]):
        assert why(acknowledgement, read(lines)).said == "the same user 5 times"


def test_what_came_before_it_was_said_does_not_break_its_rate():
    before = [(CREATED.format(n), THEN - HOUR - n) for n in range(40)]
    acknowledgement = replace(acknowledge(read(before, now=THEN)), per_day=5.0)
    later = [(CREATED.format(100 + n), THEN + HOUR + n * MINUTE) for n in range(8)]
    assert why(acknowledgement, read([*before, *later[:5]])) is None
    found = why(acknowledgement, read([*before, *later]))
    assert found.said == "acknowledged up to 5 a day, now 8 a day"


def test_a_wording_that_was_not_there_breaks_it():
    cluster = replace(JWT, variants=(("ab12one", "User created"),))
    acknowledgement = observed(
        Acknowledgement("c-jwt", "U0ANA", "why", THEN), card(cluster), WINDOW
    )
    assert broken(acknowledgement, cluster, 2, WINDOW, NOW) is None
    more = replace(cluster, variants=(*cluster.variants, ("ab12two", "User lost")))
    assert broken(acknowledgement, more, 2, WINDOW, NOW).said == "a new wording: “User lost”"


def test_hashes_under_another_key_say_nothing():
    cluster = replace(JWT, variants=(("ab12one", "User created"),))
    acknowledgement = observed(
        Acknowledgement("c-jwt", "U0ANA", "why", THEN), card(cluster), WINDOW
    )
    rotated = replace(cluster, variants=(("cd34one", "User created"),))
    assert broken(acknowledgement, rotated, 2, WINDOW, NOW) is None
    old = read(TWO, now=THEN, secret=b"another secret, long enough as well")
    later = [(CREATED.format(n), THEN + n * MINUTE) for n in (50, 51, 52)]
    assert why(acknowledge(old), read([*TWO, *later])) is None


WINDOW = Window(NOW - 2 * DAY, NOW)


def card(cluster):
    return report(cluster).cards[0]


@pytest.mark.parametrize(
    ("changes", "revisions", "occurrences", "kind"),
    [
        ({"until": NOW}, (), 1, "over"),
        ({"until": NOW + 1}, (), 1, None),
        ({"until_revision": "api-00598-qss"}, ("api-00598-qss", "api-00597-abc"), 1, None),
        ({"until_revision": "api-00598-qss"}, ("api-00599-xyz",), 1, "revision"),
        ({"per_day": 5.0}, (), 10, None),
        ({"per_day": 5.0}, (), 11, "rate"),
        ({}, (), 10_000, None),
    ],
)
def test_time_revision_and_rate(changes, revisions, occurrences, kind):
    acknowledgement = Acknowledgement("c-jwt", "U0ANA", "why", NOW - 3 * DAY, **changes)
    found = broken(acknowledgement, replace(JWT, revisions=revisions), occurrences, WINDOW, NOW)
    assert (found and found.kind) == kind


def test_an_acknowledgement_of_an_older_version_is_read_and_observed_for_what_it_knows():
    old = b'{"cluster":"c-jwt","by":"U0ANA","reason":"why","at":1,"per_day":5.0}'
    acknowledgement = codec.loads(Acknowledgement, old)
    found = read([(CREATED.format(77), THEN + n * MINUTE) for n in range(5)])
    assert broken(acknowledgement, found.cards[0].cluster, 5, found.window, NOW) is None
    assert broken(acknowledgement, found.cards[0].cluster, 50, found.window, NOW).kind == "rate"


class TestStops:
    acknowledgement = Acknowledgement("c-gone", "U0ANA", "why", NOW - 3 * DAY, usual=10.0)

    def test_when_nothing_comes_where_ten_would(self):
        found = stopped(self.acknowledgement, report(JWT))
        assert found.said == "it stopped: usual were 10 a day, none came in 2 d"

    def test_when_the_history_says_that_it_is_quiet(self):
        quiet = Quiet("c-gone", "C9", "x", None, 6.0, "0 in 9,120 requests, 6 expected")
        rare = replace(self.acknowledgement, usual=1.0)
        assert stopped(rare, report(JWT)) is None
        assert stopped(rare, report(JWT, quiet=(quiet,))).kind == "stopped"

    @pytest.mark.parametrize(
        "changes",
        [
            {"coverage": Coverage()},
            {"coverage": Coverage(read=9, clustered=9, missing=(Window(1, 2),))},
            {"traffic": Traffic()},
        ],
    )
    def test_not_where_nobody_can_know(self, changes):
        assert stopped(self.acknowledgement, report(JWT, **changes)) is None

    def test_not_before_it_could_have_come(self):
        assert stopped(replace(self.acknowledgement, at=NOW - HOUR), report(JWT)) is None
        assert stopped(replace(self.acknowledgement, usual=1.0), report(JWT)) is None
        assert (
            stopped(replace(self.acknowledgement, cluster="c-jwt", usual=10.0), report(JWT)) is None
        )


class TestSilence:
    """Judged with the history, where all of the environment was read."""

    START = NOW // DAY * DAY

    def month(self, silent_days, *, usual=2.0, traffic=None, life=True):
        """Thirty days were read; the acknowledged cluster has been silent for the last ones."""
        last = self.START - silent_days * DAY
        acknowledgement = Acknowledgement(
            "c-rare", "U0ANA", "why", self.START - 30 * DAY, usual=usual
        )
        hours = range((self.START - 30 * DAY) // HOUR, self.START // HOUR)
        past = Past(
            covered=dict.fromkeys(hours, 3_600),
            counts={"c-other": dict.fromkeys(hours, 1)} if life else {},
            clusters={"c-rare": KnownCluster("C9", "Rare", last_seen=last)},
        )
        found = report(
            JWT, window=Window(self.START, self.START + DAY), traffic=traffic,
            spans=(("r", self.START, self.START + DAY),),
        )  # fmt: skip
        return noted(found, past, {"c-rare": Decisions(expected=acknowledgement)}), acknowledgement

    @pytest.mark.parametrize(("days", "told"), [(0, False), (1, False), (2, True), (20, True)])
    def test_a_rare_one_is_missed_after_days(self, days, told):
        found, acknowledgement = self.month(days)
        assert (stopped(acknowledgement, found) is not None) is told
        assert [q.name for q in found.quiet] == (["C9"] if told else [])

    def test_days_in_which_nothing_was_written_say_nothing(self):
        found, acknowledgement = self.month(20, life=False)
        assert stopped(acknowledgement, found) is None

    def test_one_that_is_still_in_the_window_is_drawn_as_broken(self):
        cluster = replace(JWT, silent=2 * DAY)
        acknowledgement = Acknowledgement("c-jwt", "U0ANA", "why", THEN - DAY, usual=10.0)
        found = broken(acknowledgement, cluster, 2, WINDOW, NOW)
        assert found.said == "it stopped: usual were 10 a day, none came in 2 d"
        assert broken(replace(acknowledgement, usual=1.0), cluster, 2, WINDOW, NOW) is None
        assert broken(replace(acknowledgement, at=NOW - HOUR), cluster, 2, WINDOW, NOW) is None
        assert broken(acknowledgement, replace(JWT, silent=HOUR), 2, WINDOW, NOW) is None

    def test_silence_is_measured_while_others_write_and_requests_come(self):
        def silent(**changes):
            seen = replace(JWT, last_seen=NOW - 2 * DAY)
            made = report(seen, spans=(("r", NOW - 3 * DAY, NOW - HOUR),), **changes)
            return noted(made, Past(), {}).clusters[0].silent

        assert silent() == 2 * DAY - HOUR
        asked = Traffic(hours=(("r", NOW // HOUR - 1, 1),))
        assert silent(traffic=asked) == 2 * DAY - HOUR
        assert silent(traffic=Traffic(hours=(("r", NOW // HOUR - 99, 1),))) == 0
        assert silent(coverage=Coverage(read=9, clustered=9, missing=(Window(1, 2),))) == 0


def test_what_is_snoozed_wakes_on_time_or_on_a_newer_revision():
    cluster = replace(JWT, revisions=("api-00598-qss",))
    day = Snooze("c-jwt", "U0ANA", NOW, until=NOW + DAY)
    assert asleep(day, cluster, NOW + DAY - 1)
    assert not asleep(day, cluster, NOW + DAY)
    deploy = Snooze("c-jwt", "U0ANA", NOW, until_revision="api-00598-qss")
    assert asleep(deploy, cluster, NOW + 90 * DAY)
    assert not asleep(deploy, replace(cluster, revisions=("api-00599-xyz",)), NOW + HOUR)
    assert not asleep(None, cluster, NOW)


def test_the_form_names_what_is_observed():
    assert watches(read(TWO, now=THEN).cards[0].cluster) == ["one user repeats", "it stops"]
    assert watches(JWT) == ["it stops"]
