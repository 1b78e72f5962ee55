"""Which issues may already be about a card: reasons, order, suggestion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.issues.issue_text import draft
from bot.core.issues.markers import marker
from bot.core.issues.related import SHOWN, rank
from bot.core.model.values import DAY, HOUR, MINUTE, Location
from bot.core.ports import Issue
from tests.core.github_cards import (
    CARD,
    INCIDENT,
    LEGACY,
    NOW,
    REPORT,
    card,
)

SECRET, OLD = b"the secret of the tests", b"the one before"
NOISE = [
    "Dark mode for the agent console",
    "Session middleware is configured twice in staging",
    "Upgrade the database driver",
    "Redis pool exhausted under load",
    "Message of the day is wrong",
    "Error pages lack a title",
    "Document the type checker setup",
]


def issue(number: int, title: str, body: str = "", **how) -> Issue:
    values = {"state": "open", "url": f"https://x/{number}", "updated": NOW - 2 * DAY, **how}
    return Issue(number, title, body, **values)


def noise() -> list[Issue]:
    return [issue(100 + n, title) for n, title in enumerate(NOISE)]


def ranked(*issues: Issue, of=CARD, secrets=(SECRET, OLD)):
    return rank(of, [*issues, *noise()], secrets, NOW)


def test_unrelated_issues_are_not_named():
    assert ranked() == ()
    assert rank(CARD, [], [SECRET], NOW) == ()


def test_our_marker_beats_everything():
    same_words = issue(1, LEGACY.title)
    marked = issue(2, "renamed by a person", f"text\n\n{marker(LEGACY.id, OLD)}")

    first, second = ranked(same_words, marked)

    assert (first.issue.number, first.score, first.reasons[0]) == (2, 100.0, "same marker")
    assert first.suggestion == "add"
    assert second.issue.number == 1


@pytest.mark.parametrize(
    "body",
    ["<!-- gardener:v1:c-legacy -->", marker("c-legacy", b"forged"), marker("c-other", SECRET)],
)
def test_a_marker_that_is_not_ours_says_nothing(body):
    assert ranked(issue(1, "Look at me", body)) == ()


def test_a_symptoms_marker_counts_for_the_incident():
    (first,) = ranked(issue(1, "Look", marker("c-exit", SECRET)), of=INCIDENT)

    assert first.reasons == ("a symptom's marker",)
    assert first.suggestion == "add"


def test_a_title_alike_says_how_much():
    title = "WebSocket: Invalid message type 'legacy_response' in the legacy message loop"
    (first,) = ranked(issue(1, title))

    assert first.score >= 50
    assert any("alike" in r or "rare words" in r for r in first.reasons)


def test_an_issue_of_ours_without_its_marker_is_still_recognised():
    made = draft(CARD, REPORT, public=False, secret=SECRET)
    (first,) = ranked(issue(1, made.title, made.body.rpartition("<!--")[0]))

    assert first.score >= 90
    assert first.suggestion == "add"
    assert "same location" in first.reasons


@pytest.mark.parametrize(
    "body",
    [
        "It happens in websocket_ssot:1619.",
        'File "/app/netra_backend/app/routes/websocket_ssot.py", line 1619, in x',
        "`netra_backend.app.routes.websocket_ssot` in `_legacy_message_loop`, line 860 back then",
    ],
    ids=["short", "traceback", "moved line"],
)
def test_the_same_location_is_a_reason(body):
    (first,) = ranked(issue(1, "Something is wrong with the socket", body))

    assert first.reasons[0] == "same location"


def test_a_location_may_be_a_file():
    of = card(location=Location("/app/routes/websocket_ssot.py", None, 1619))

    assert ranked(issue(1, "Odd", "websocket_ssot.py:1619"), of=of)[0].reasons == ("same location",)


def test_another_line_of_another_file_is_none():
    text = "See websocket_ssot_v2:16190 and my_websocket_ssot:1619"

    assert all(r.reasons[0] != "same location" for r in ranked(issue(1, "Odd", text)))


def test_a_quoted_message_is_a_reason():
    body = (
        "Since today:\n> [LEGACY MODE] Message loop error: Invalid message type 'legacy_response'"
    )
    (first,) = ranked(issue(1, "Chat is broken", body), of=card(location=None))

    assert "quotes the message" in first.reasons
    assert first.suggestion == "add"


def test_how_a_long_message_begins_is_a_reason_but_no_certainty():
    text = (
        "[LEGACY MODE] Message loop error: Invalid message type 'legacy_response': Unknown message "
        "type: 'legacy_response'. Valid types: ['CONNECT', 'DISCONNECT', 'HEARTBEAT', 'ping']"
    )
    of = card(title=text, template=text, location=None)
    other = "`[LEGACY MODE] Message loop error: Invalid message type 'legacy_request'` since today"
    (first,) = ranked(issue(1, "Chat is broken", other, state="closed", closed=NOW - DAY), of=of)

    assert first.reasons[0] == "quotes how the message begins"
    assert first.suggestion == "new"
    assert ranked(issue(1, "Chat is broken", "[LEGACY MODE] Message loop error"), of=of) == ()


def test_rare_words_weigh_more_than_common_ones():
    rare = issue(1, "legacy_response breaks the legacy message loop")
    common = [issue(n, f"Message error: invalid user type no {n}") for n in range(2, 40)]

    assert ranked(rare, *common)[0].issue.number == 1


@pytest.mark.parametrize(
    ("state", "closed", "wanted"),
    [
        ("open", None, "add"),
        ("closed", NOW - 3 * DAY, "reopen"),
        ("closed", NOW - 400 * DAY, "new"),
    ],
)
def test_what_is_suggested(state, closed, wanted):
    (first,) = ranked(issue(1, LEGACY.title, state=state, closed=closed))

    assert first.suggestion == wanted


@pytest.mark.parametrize(
    ("how", "age"),
    [
        ({"updated": NOW - 2 * DAY}, "open, 2 d ago"),
        ({"updated": NOW - 5 * HOUR}, "open, 5 h ago"),
        ({"updated": NOW - 7 * MINUTE}, "open, 7 min ago"),
        ({"updated": NOW + HOUR}, "open, just now"),
        ({"state": "closed", "closed": NOW - 3 * DAY}, "closed 3 d ago"),
        ({"state": "closed", "closed": NOW - 800 * DAY}, "closed 2 y ago"),
    ],
)
def test_how_old_it_is(how, age):
    assert ranked(issue(1, LEGACY.title, **how))[0].age == age


def test_it_reads_as_in_the_form():
    (place,) = ranked(issue(913, "Odd", "websocket_ssot:1619"))
    marked = issue(169, "Old", marker(LEGACY.id, SECRET), state="closed", closed=NOW - 3 * DAY)

    assert str(place) == "#913 (open, same location, 2 d ago)"
    assert str(ranked(marked)[0]) == "#169 (closed 3 d ago, same marker)"


def test_no_more_than_a_form_holds_and_open_ones_first():
    closed = [issue(n, LEGACY.title, state="closed", closed=NOW - DAY) for n in range(1, 9)]
    found = ranked(*closed, issue(9, LEGACY.title))

    assert len(found) == SHOWN
    assert found[0].issue.number == 9


def test_the_order_of_the_issues_does_not_matter():
    issues = [issue(n, f"{LEGACY.title} {n % 3}") for n in range(1, 20)] + noise()

    assert rank(CARD, issues, [SECRET], NOW) == rank(CARD, issues[::-1], [SECRET], NOW)


def test_hostile_text_costs_nothing_and_breaks_nothing():
    texts = ["", "`" * 60_000, "a" * 60_000, "\\" * 60_000, "websocket_ssot " * 5_000, "\u202e💥"]
    issues = [issue(n, text[:256], text) for n, text in enumerate(texts * 20, 1)]
    odd = card(title="", template="<*>", location=Location(".*(", "(", 1))

    assert isinstance(rank(CARD, issues, [SECRET], NOW), tuple)
    assert isinstance(rank(odd, issues, [SECRET], NOW), tuple)
    assert isinstance(
        rank(replace(odd, cluster=replace(LEGACY, title="x")), issues, (), NOW), tuple
    )
