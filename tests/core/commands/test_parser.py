from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands.commands import (
    Analyze,
    Diff,
    DigestNow,
    DigestOff,
    DigestOn,
    ExpectedList,
    Help,
    Suggestion,
    WatchOff,
    WatchOn,
    Why,
)
from bot.core.commands.parser import default_environment, parse
from bot.core.model.days import Days
from bot.core.model.environment import Environment
from bot.core.model.values import DAY, HOUR, SECOND, Priority, Severity

NOW = 1_757_900_000 * SECOND
STAGING = Environment("staging", "p", timezone="Europe/Berlin")
PROD = Environment("prod", "p")
BOTH = [STAGING, PROD]


def read(text, default="staging", environments=BOTH):
    return parse(text, environments=environments, default=default, now=NOW)


def test_the_forms_of_the_command_table():
    two_days = read("staging 2d")
    assert isinstance(two_days, Analyze)
    assert two_days.environment == "staging"
    assert two_days.span.window.end - two_days.span.window.start == 2 * DAY
    assert read("staging").span.typed == "1d"
    assert read("").typed == "staging 1d"
    full = read("staging 36h service=netra-auth-staging severity=ERROR")
    assert full.span.window.end - full.span.window.start == 36 * HOUR
    assert full.services == ("netra-auth-staging",)
    assert full.severity is Severity.ERROR
    assert read("staging service=main/shop/checkout,nightly").services == (
        "main/shop/checkout",
        "nightly",
    )
    assert read("staging since 2025-09-12").span.typed == "since 2025-09-12"
    assert read("digest staging 09:00 Europe/Berlin") == DigestOn(
        "staging", "09:00", "Europe/Berlin"
    )
    assert read("digest off") == DigestOff(None)
    assert read("digest off prod") == DigestOff("prod")
    assert read("digest now") == DigestNow("staging")
    assert read("digest now prod") == DigestNow("prod")
    assert read("expected staging") == ExpectedList("staging")
    assert read("expected") == ExpectedList("staging")
    assert read("why C3") == Why("C3")
    assert read("why c3 prod") == Why("C3", "prod")
    assert read("diff staging 00597 00598") == Diff("staging", "00597", "00598")
    assert read("diff 00597-ABC 00598-qss") == Diff("staging", "00597-abc", "00598-qss")
    assert read("diff staging") == Diff("staging")
    assert read("diff") == Diff("staging")
    assert read("watch staging") == WatchOn("staging", 300, Priority.P1)
    assert read("watch") == WatchOn("staging")
    assert read("watch staging every 5m from P1") == WatchOn("staging")
    assert read("watch PROD from p3 every 1h") == WatchOn("prod", 3600, Priority.P3)
    assert read("watch staging every 10 minutes") == WatchOn("staging", 600)
    assert read("watch off") == WatchOff(None)
    assert read("watch off prod") == WatchOff("prod")
    assert read("help") == Help()


@pytest.mark.parametrize(
    "said",
    [
        "since Friday 18:00",
        "SINCE FRIDAY 18:00",
        "since “Friday 18:00”",
        "since\u00a0Friday\u00a018:00",
        "since Friday, 18:00",
        "since Friday 6pm",
    ],
)
def test_a_window_is_understood_however_it_is_written(said):
    found = read(f"staging {said}")
    assert isinstance(found, Analyze)
    assert found.run == "staging since 2025-09-12T16:00:00Z"
    with_options = read(f"staging severity=ERROR {said} service=auth")
    assert with_options.span == found.span
    assert with_options.run == f"{found.run} service=auth severity=ERROR"


def test_times_are_in_the_zone_of_whoever_types_them():
    here = read("staging since Friday 18:00")
    there = parse(
        "staging since Friday 18:00",
        environments=BOTH,
        default=None,
        now=NOW,
        timezone="America/New_York",
    )
    assert here.run == "staging since 2025-09-12T16:00:00Z"
    assert there.run == "staging since 2025-09-12T22:00:00Z"
    again = parse(there.run, environments=BOTH, default=None, now=NOW, timezone="Asia/Tokyo")
    assert again.span.window == there.span.window
    assert again.run == there.run


def test_case_and_spaces_do_not_matter():
    assert read("  STAGING   2D ") == read("staging 2d")
    assert read("Digest OFF") == DigestOff(None)
    assert read("digest staging 9:00 europe/berlin") == DigestOn(
        "staging", "09:00", "Europe/Berlin"
    )


def test_a_digest_on_weekdays():
    wanted = DigestOn("staging", "09:00", "UTC", Days.WEEKDAYS)
    assert read("digest staging weekdays 09:00 UTC") == wanted
    assert read("digest staging 09:00 weekdays UTC") == wanted
    assert wanted.typed == "digest staging weekdays 09:00 UTC"
    assert read("digest staging daily 09:00 UTC") == DigestOn("staging", "09:00", "UTC")


def test_without_a_zone_a_digest_takes_the_environments():
    assert read("digest staging 09:00") == DigestOn("staging", "09:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("stagin 2d", "staging 2d"),
        ("stagin", "staging 1d"),
        ("satging 2d", "staging 2d"),
        ("2d staging", "staging 2d"),
        ("2d stagin", "staging 2d"),
        ("severity=ERROR staging 2d", "staging 2d severity=ERROR"),
        ("2d", "staging 2d"),
        ("yesterday", "staging yesterday"),
        ("since 2025-09-12", "staging since 2025-09-12"),
        ("“staging” 2d", "staging 2d"),
        ("'staging' 2d", "staging 2d"),
        ("staging ２d", "staging 2d"),
        ("staging 2d.", "staging 2d"),
        ("staging, 2d!", "staging 2d"),
        ("`staging 2d`", "staging 2d"),
        ("/gardener staging 2d", "staging 2d"),
        ("staging 2x", "staging 2d"),
        ("staging 0d", "staging 1d"),
        ("staging 9999999d", "staging 30d"),
        ("staging 400h", None),
        ("staging since tomorrow", "staging 1d"),
        ("staging yesteday", "staging yesterday"),
        ("staging 2d please", "staging 2d"),
        ("staging for 2d", "staging 2d"),
        ("staging severity=warn", "staging 1d severity=WARNING"),
        ("staging severity=EROR 2d", "staging 2d severity=ERROR"),
        ("staging sevrity=ERROR", "staging 1d severity=ERROR"),
        ("staging --severity=ERROR", "staging 1d severity=ERROR"),
        ("staging servce=x 2d", "staging 2d service=x"),
        ("staging service=", "staging 1d"),
        ("staging colour=red 2d", "staging 2d"),
        ("digest", "digest now staging"),
        ("digest staging", "digest staging 09:00 Europe/Berlin"),
        ("digest staging now", "digest now staging"),
        ("digest staging weekdays", "digest staging weekdays 09:00 Europe/Berlin"),
        ("digest staging weekday 09:00", "digest staging weekdays 09:00 Europe/Berlin"),
        ("digest staging weekdays 25:00", "digest staging weekdays 09:00 Europe/Berlin"),
        ("digest staging weekdays 09:00 berlin", "digest staging weekdays 09:00 Europe/Berlin"),
        ("digest staging off", "digest off staging"),
        ("digest 09:00", "digest staging 09:00 Europe/Berlin"),
        ("digest stagin 09:00", "digest staging 09:00 Europe/Berlin"),
        ("digest staging 25:00 UTC", "digest staging 09:00 UTC"),
        ("digest staging 09:00 berlin", "digest staging 09:00 Europe/Berlin"),
        ("digest of", "digest off"),
        ("digst off", "digest off"),
        ("off", "digest off"),
        ("expectd staging", "expected staging"),
        ("expected stagin", "expected staging"),
        ("why 3", "why C3"),
        ("why", "why C1"),
        ("C3", "why C3"),
        ("diff stagin", "diff staging"),
        ("diff prod 00597", "diff prod"),
        ("wacht staging", "watch staging every 5m from P1"),
        ("watch stagin", "watch staging every 5m from P1"),
        ("watch staging every 5", None),
        ("watch staging every 90m", "watch staging every 60m from P1"),
        ("watch staging every 0m", "watch staging every 1m from P1"),
        ("watch staging every 30s", "watch staging every 1m from P1"),
        ("watch staging from P7", "watch staging every 5m from P3"),
        ("watch staging always", "watch staging every 5m from P1"),
        ("watch staging off", "watch off staging"),
        ("watch staging prod", "watch staging every 5m from P1"),
        ("staging since Fryday 18:00", "staging since Friday 18:00"),
        ("staging last nihgt", "staging last night"),
        ("staging yesterday 9:00 ot 12:00", "staging yesterday 9:00"),
        ("staging between 2025-09-13 and 2025-09-12", "staging between 2025-09-12 and 2025-09-13"),
        ("staging on 12/09/2025", "staging on 2025-09-12"),
        ("staging since 12.09", "staging since 12:09"),
        ("staging next week", "staging last week"),
        ("last night", "staging last night"),
        ("last night staging", "staging last night"),
        ("Friday 18:00 to 20:00", "staging Friday 18:00 to 20:00"),
        ("between 9 and 12 yesterday in staging", "staging between 9 and 12 yesterday"),
        ("diff stagin 00597 00598", "diff staging 00597 00598"),
        ("diff 00597 00598 staging", "diff staging 00597 00598"),
        ("diff staging 00597 and 00598", "diff staging 00597 00598"),
        ("dif staging 00597 00598", "diff staging 00597 00598"),
        ("diff staging 00597 00597", "diff staging"),
        ("hlep", "help"),
        ("?", "staging 1d"),
    ],
)
def test_anything_else_gets_the_nearest_right_form(typed, command):
    found = read(typed)
    if command is None:
        assert isinstance(found, Analyze | WatchOn) or found.command is None
        return
    if typed == "?":  # nothing is left of it: this channel's environment
        assert isinstance(found, Suggestion)
    assert isinstance(found, Suggestion)
    assert found.command == command
    assert found.sentence


def test_the_sentence_of_the_design():
    found = read("stagin 2d")
    assert found.sentence == (
        'I know no "stagin". Did you mean /gardener staging 2d? Known: staging, prod.'
    )


def test_without_a_default_it_asks_which():
    found = read("", default=None)
    assert isinstance(found, Suggestion)
    assert "Which environment?" in found.sentence
    assert "staging, prod" in found.sentence
    assert found.command == "staging 1d"
    assert read("digest now", default=None).command == "digest now staging"
    assert read("expected", default=None).command == "expected staging"


def test_without_any_environment_it_says_so():
    for text in ("", "staging 2d", "2d", "digest", "digest now", "expected", "nonsense"):
        found = read(text, default=None, environments=[])
        assert isinstance(found, Suggestion), text
        assert found.command == "help"


@given(st.text(max_size=60))
def test_any_text_is_a_command_or_leads_to_one(text):
    found = read(text)
    if isinstance(found, Suggestion) and found.command is not None:
        right = read(found.command)
        assert not isinstance(right, Suggestion), (text, found.command, right)


WORDS = st.sampled_from(
    [
        "staging",
        "prod",
        "stagin",
        "2d",
        "36h",
        "2x",
        "0d",
        "yesterday",
        "since",
        "tomorrow",
        "2025-09-12",
        "digest",
        "off",
        "now",
        "09:00",
        "25:00",
        "berlin",
        "Europe/Berlin",
        "expected",
        "diff",
        "00597",
        "why",
        "C3",
        "3",
        "help",
        "service=a",
        "watch",
        "every",
        "90m",
        "from",
        "P7",
        "Friday",
        "last",
        "night",
        "to",
        "between",
        "and",
        "noon",
        "severity=warn",
        "x=y",
        ".",
        "“a”",
    ]
)


@given(st.lists(WORDS, max_size=6).map(" ".join), st.sampled_from(["staging", None]))
def test_every_suggestion_is_a_right_form(text, default):
    found = read(text, default)
    if isinstance(found, Suggestion):
        assert found.command is not None
        right = read(found.command, default)
        assert not isinstance(right, Suggestion), (text, found.command, right)
    else:
        assert read(found.typed, default) == found


def test_a_channels_environment():
    ops = Environment("ops", "p", channels=("C1", "#deploys"))
    other = Environment("other", "p", channels=("C2",))
    assert default_environment([ops, other], "C1") == "ops"
    assert default_environment([ops, other], "C9", "deploys") == "ops"
    assert default_environment([ops, other], "C9") is None
    assert default_environment([ops, other], "C9", last="other") == "other"
    assert default_environment([ops, other], "C9", last="gone") is None
    assert default_environment([STAGING], "C9") == "staging"
