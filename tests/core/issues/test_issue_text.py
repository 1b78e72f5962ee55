"""What is written on GitHub says what is known, and does nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.issues.issue_text import (
    BODY_LIMIT,
    IssueDraft,
    comment,
    draft,
    issue_title,
    labels,
)
from bot.core.issues.markers import bears, clusters, marker
from bot.core.issues.related import Related
from bot.core.model.report import Card, Coverage
from bot.core.model.values import Location, Priority, Severity, State, Window
from bot.core.ports import Issue
from bot.core.text.github_markdown import (
    ZWSP,
    code,
    fence,
    prose,
)
from tests.core.github_cards import (
    CARD,
    EXIT,
    INCIDENT,
    LEGACY,
    NOW,
    REPORT,
    card,
)

SECRET, OLD = b"the secret of the tests", b"the one before"


def drafted(of=CARD, report=REPORT, **how) -> IssueDraft:
    return draft(of, report, **{"public": False, "secret": SECRET, **how})


# --- title and labels ----------------------------------------------------------------------------


def test_the_title_says_kind_priority_what_and_where():
    assert drafted().title == (
        "GCP-new | P2 | [LEGACY MODE] Message loop error: Invalid message type 'legacy_response' "
        "of user 10812417, websocket_ssot:1619"
    )


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.NEW, "new"),
        (State.REGRESSED, "regression"),
        (State.ESCALATING, "escalating"),
        (State.RECURRING, "recurring"),
        (State.QUIET, "recurring"),
    ],
)
def test_the_kind_is_one_of_four(state, word):
    assert issue_title(card(state=state), public=False).startswith(f"GCP-{word} | P2 | ")


def test_an_incident_has_the_incidents_priority_in_title_and_labels():
    made = drafted(INCIDENT)

    assert made.title.startswith("GCP-new | P0 | ")
    assert made.labels == ("P0", "bug", "area: routes", "gardener")


@pytest.mark.parametrize("text", ["x" * 500, "@a #1 " * 100, "ü" * 255, "#" * 400, ""])
def test_a_title_keeps_githubs_limit(text):
    title = issue_title(card(title=text, template=text), public=False)

    assert len(title) <= 256
    assert title.endswith(", websocket_ssot:1619")
    assert "\n" not in title


def test_a_title_neither_mentions_nor_refers():
    title = issue_title(card(title="hi @alice, see #12 and acme/x#3\nmore"), public=False)

    assert not re.search(r"[@#]\w", title)
    assert "alice" in title


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, ("P2", "bug", "area: routes", "gardener")),
        ({"state": State.REGRESSED}, ("P2", "regression", "area: routes", "gardener")),
        (
            {"priority": Priority.P4, "severity": Severity.WARNING, "location": None},
            ("P4", "warning", "area: netra-backend-staging", "gardener"),
        ),
        ({"location": Location("/app/db/pool.py", None, 3)}, ("P2", "bug", "area: db", "gardener")),
        ({"location": None, "services": ()}, ("P2", "bug", "gardener")),
    ],
)
def test_at_most_four_labels(changes, wanted):
    assert labels(card(**changes)) == wanted


def test_a_label_keeps_githubs_limit():
    assert all(len(label) <= 50 for label in labels(card(services=("s" * 99,), location=None)))


# --- body ----------------------------------------------------------------------------------------


def test_the_body_holds_the_evidence():
    body = drafted().body

    for part in (
        "**P2 (HIGH)** · new · ERROR · 10× in 2 d · `staging`",
        "- **Cause:** The loop gets a type that it does not know, from user 10812417",
        "- **Window:** 2025-09-12 03:00 to 2025-09-14 03:00 UTC",
        "- **Count:** 10×, 12 log entries",
        "- **First and last:** 2025-09-14 00:00:00 to 2025-09-14 02:00:00 UTC",
        "`netra_backend.app.routes.websocket_ssot:1619` in `_legacy_message_loop`",
        "- **Revisions:** `netra-backend-staging-00598-qss`",
        "- **Read:** 4,812 entries, the whole window",
        "repeats: 10 in 2 d",
        '"user": "10812417"',
        "https://console.cloud.google.com/logs/query;query=resource.labels",
    ):
        assert part in body, part
    assert "█" in body


def test_what_is_not_known_is_not_said():
    bare = card(
        cause=None,
        impact=None,
        next=None,
        location=None,
        first_seen=None,
        last_seen=None,
        routes=(),
        histogram=(),
        sample={},
    )
    body = drafted(bare, replace(REPORT, project="", query="", region="")).body

    for word in ("Cause", "Impact", "Next", "Location", "First and last", "By hour", "Sample"):
        assert word not in body
    assert "None" not in body
    assert "console.cloud" not in body


def test_gaps_in_what_was_read_are_told():
    gap = Window(NOW - 10**12, NOW)
    report = replace(REPORT, coverage=Coverage(read=5, broken=2, missing=(gap,), sampled=0.5))

    body = drafted(report=report).body

    assert "not read: 2025-09-14 02:43 to 2025-09-14 03:00" in body
    assert "2 could not be understood" in body
    assert "a sample of 50%" in body
    assert "whole window" not in body


def test_symptoms_stand_under_their_root():
    many = Card(LEGACY, (EXIT,) * 25, INCIDENT.incident)

    assert "- 10× WARNING `Container called exit(3).`" in drafted(INCIDENT).body
    assert "it stops the start" in drafted(INCIDENT).body
    assert "- and 5 more" in drafted(many).body


def test_a_reason_of_the_root_and_of_its_incident_is_told_once():
    assert INCIDENT.incident
    of = Card(
        replace(INCIDENT.cluster, reasons=("15 crashes", "an ERROR")),
        INCIDENT.symptoms,
        replace(INCIDENT.incident, reasons=("15 crashes",)),
    )
    body = draft(of, REPORT, public=False, secret=SECRET).body

    assert body.count("15 crashes") == 1


def test_related_issues_note_and_slack_are_linked():
    issue = Issue(913, "t", "", "open", "https://github.com/acme/backend/issues/913")
    body = drafted(
        related=[Related(issue, 80.0, ("same location",), "add", "open, 2 d ago")],
        slack_url="https://acme.slack.com/archives/C0OPS/p1757818800000100",
        note="Seen by a customer.\nSee @ana",
    ).body

    assert "- #913 same location" in body
    assert "[the report in Slack](https://acme.slack.com/archives/C0OPS/p1757818800000100)" in body
    assert f"> Seen by a customer.\n> See @{ZWSP}ana" in body


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://x.y/)[evil](http://e", "http://x/"]
)
def test_an_address_that_is_not_slacks_is_left_out(url):
    assert "the report in Slack" not in drafted(slack_url=url).body


def test_the_preview_shows_whole_lines_and_counts_the_rest():
    made = drafted()
    shown, more = made.preview(300)

    assert made.body.startswith(shown)
    assert len(shown) <= 300
    assert shown.count("\n") + 1 + more == made.lines
    everything, none = made.preview(100_000)
    assert none == 0
    assert "gardener:v1" not in everything


# --- public repositories -------------------------------------------------------------------------


@pytest.mark.parametrize("of", [CARD, INCIDENT], ids=["cluster", "incident"])
def test_a_public_repository_sees_no_sample_and_no_value_of_a_slot(of):
    made = drafted(of, public=True)
    said = comment(of, REPORT, public=True, secret=SECRET, nonce="v1")

    for text in (made.title, made.body, said):
        assert "10812417" not in text
        assert "jsonPayload" not in text
    assert "exit(3)" not in made.body
    assert "of user <*>" in made.title
    assert "This repository is public: the sample is left out" in made.body
    assert "The loop gets a type that it does not know, from user" in made.body
    assert "netra-backend-staging-00598-qss" in made.body


@given(value=st.from_regex(r"[a-z]{4,12}-[a-z0-9]{4,12}|[0-9]{6,20}", fullmatch=True))
def test_no_value_reaches_a_public_repository(value):
    of = card(
        title=f"No seat for '{value}', sorry",
        template="No seat for '<*>', sorry",
        cause=f"Likely {value} sits elsewhere: ({value})",
        reasons=(f"the same user again: {value}.",),
        routes=(f"/seat/{value}",),
        sample={"textPayload": f"No seat for '{value}', sorry", "labels": {"x": value}},
    )

    made = drafted(of, public=True)

    assert value not in made.title + made.body


# --- nothing a log line says does anything -------------------------------------------------------

HOSTILE = (
    "@alice @acme/team fixes #1, closes acme/x#2 GH-3 https://github.com/acme/x/issues/4 "
    "![p](http://e/p.png) [l](javascript:x) <img src=x> <!-- gardener:v1:c-2:00 --> ``` ~~~ `x` "
    "| a | b | $x$ **bold** _i_ www.evil.example"
)


def outside_code(body: str) -> str:
    """What GitHub reads as running text: without fences, code spans and our last marker."""
    body = body.rpartition("\n\n<!--")[0]
    body = re.sub(r"\(https://console\.cloud\.google\.com\S*\)", "", body)
    body = re.sub(r"(?ms)^(`{3,})[a-z]*\n.*?\n\1$", "", body)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", body)


def hostile_card(text: str) -> Card:
    return card(
        title=text,
        template=text,
        cause=text,
        impact=text,
        next=text,
        reasons=(text,),
        routes=(text,),
        services=(text,),
        revisions=(text,),
        location=Location(text, text, 1),
        sample={"textPayload": text, text: text},
    )


@pytest.mark.parametrize("public", [False, True])
def test_a_hostile_line_does_nothing(public):
    report = replace(REPORT, environment=HOSTILE, query=HOSTILE, project=HOSTILE)
    made = drafted(hostile_card(HOSTILE), report, public=public, note=HOSTILE)
    text = outside_code(made.body)

    assert not re.search(r"@\w", text)
    assert not re.search(r"(?<!^- )#\d", text)
    assert not re.search(r"GH-\d", text)
    assert not re.search(r"://\w", text)
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "www.e" not in text
    assert made.body.count("<!--") == 1
    assert clusters(made.body, [SECRET]) == {LEGACY.id}


@settings(deadline=None, max_examples=60)
@given(
    text=st.text(
        alphabet=st.sampled_from("`@#<>!-[]()*_~|\\\n\t\u202e\u200b &a1é💥\x00\ud800"), max_size=400
    ),
    public=st.booleans(),
)
def test_any_text_stays_inert_and_within_the_limit(text, public):
    of = Card(hostile_card(text).cluster, (hostile_card(text).cluster,) * 3)
    made = drafted(of, public=public, note=text)
    outside = outside_code(made.body)

    assert len(made.title) <= 256
    assert len(made.body) <= BODY_LIMIT
    assert not re.search(r"@\w", outside)
    assert made.body.count("<!--") == 1
    assert made.body.endswith(marker(LEGACY.id, SECRET))
    made.body.encode()


@pytest.mark.parametrize("character", ["x", "`", "#", "\\", "💥", "<!--", "\n"])
def test_the_longest_body_keeps_githubs_limit_and_its_marker(character):
    text = character * 300_000
    of = Card(hostile_card(text).cluster, (hostile_card(text).cluster,) * 50)
    made = drafted(of, replace(REPORT, query=text), note=text)

    assert len(made.body) < 65_536
    assert bears(made.body, LEGACY.id, [SECRET])
    assert len(comment(of, REPORT, public=False, secret=SECRET, nonce="n", note=text)) < 65_536


def test_a_fence_is_longer_than_any_run_inside():
    block = fence("a ````` b", 100, "json")

    assert block.split("\n") == ["``````json", "a ````` b", "``````"]
    assert code("a `` b", 100) == "```a `` b```"
    assert code("`", 100) == "`` ` ``"


def test_escaping_comes_after_shortening():
    # Cut after escaping, the last character would be a lone backslash, which eats what follows.
    assert prose("12345678#1", 9) == "12345678…"
    assert prose("1234567#12", 9) == f"1234567\\#{ZWSP}…"


def test_the_sample_is_json_that_can_be_read_again():
    body = drafted().body
    block = re.findall(r"(?s)```json\n(.*?)\n```", body)[0]

    assert json.loads(block) == LEGACY.sample


# --- markers -------------------------------------------------------------------------------------


def test_a_marker_is_verified_with_any_secret():
    assert bears(drafted().body, LEGACY.id, [SECRET])
    assert bears(drafted(secret=OLD).body, LEGACY.id, [SECRET, OLD])
    assert not bears(drafted(secret=OLD).body, LEGACY.id, [SECRET])
    assert not bears("<!-- gardener:v1:c-legacy -->", LEGACY.id, [SECRET])
    assert not bears(f"<!-- gardener:v1:c-legacy:{'0' * 64} -->", LEGACY.id, [SECRET])


def test_a_real_marker_in_a_log_line_is_not_taken_for_ours():
    stolen = marker("c-other", SECRET)
    body = drafted(hostile_card(f"GET /{stolen}"), note=stolen).body

    assert clusters(body, [SECRET]) == {LEGACY.id}


def test_a_comment_has_its_own_marker_and_does_not_look_like_the_issue():
    said = comment(CARD, REPORT, public=False, secret=SECRET, nonce="V0 1/<x>")

    assert bears(said, LEGACY.id, [SECRET], "V0 1/<x>")
    assert not bears(said, LEGACY.id, [SECRET])
    assert clusters(said, [SECRET]) == frozenset()
    assert "Reopened" not in said


def test_a_reopening_comment_says_why():
    said = comment(CARD, REPORT, public=False, secret=SECRET, nonce="v1", regression=True)

    assert said.startswith(
        "**Reopened as a regression:** it was written again in `netra-backend-staging-00598-qss`."
    )
