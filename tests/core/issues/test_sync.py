"""What is worth saying on GitHub, and what people did there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.entries.commit_label import deployed
from bot.core.issues import sync
from bot.core.model.issue_memory import Fix, Told
from bot.core.model.values import DAY, Location, State
from bot.core.ports import Issue
from bot.core.source import github_links
from tests.fakes.reports import NOW, issue, report

LINK = replace(issue(), labels=("P2",))
OPEN = Issue(LINK.number, LINK.title, "", "open", LINK.url, ("P2",))


def case(**cluster):
    found = report()
    card = found.cards[0]
    return replace(card, cluster=replace(card.cluster, **cluster)), found


@pytest.mark.parametrize(
    ("there", "changed"),
    [
        ({}, False),
        ({"state": "closed", "closed": 7}, False),  # the button says that by itself
        ({"title": "Another"}, True),
        ({"labels": ("P1",)}, True),
        ({"locked": True}, True),
    ],
)
def test_a_link_follows_its_issue(there, changed):
    link = sync.as_on_github(LINK, replace(OPEN, **there))
    assert link.changed is changed
    assert (link.state, link.closed_at) == (there.get("state", "open"), there.get("closed"))
    assert sync.as_on_github(link, replace(OPEN, **there)) == link


def test_a_reopened_issue_has_no_time_of_closing():
    closed = replace(LINK, state="closed", closed_at=7)
    assert sync.as_on_github(closed, OPEN).closed_at is None


def test_where_it_was_moved_from_is_kept():
    once = sync.transferred(LINK, "https://github.com/acme/other/issues/7")
    assert once
    twice = sync.transferred(once, "https://github.com/acme/third/issues/9")
    assert (twice.repository, twice.number) == ("acme/third", 9)
    assert twice.moved_from == f"{LINK.repository}#{LINK.number}"
    assert sync.transferred(LINK, "https://github.com/acme/other/discussions/7") is None


def test_what_the_issue_says_already_is_no_news():
    card, found = case()
    told = sync.at_filing(LINK.number, card, found)
    assert sync.news(told, LINK, card, found) is None


def test_nine_times_the_rate_is_no_news_and_ten_times_is():
    card, found = case()
    told = sync.at_filing(LINK.number, card, found)
    assert sync.news(replace(told, per_day=told.per_day / 9), LINK, card, found) is None
    grown = sync.news(replace(told, per_day=told.per_day / 10), LINK, card, found)
    assert grown.why.startswith("Ten times as often")


def test_a_new_revision_is_news_once():
    card, found = case(revisions=("svc-00002-b", "svc-00001-a"))
    told = Told(LINK.number, per_day=99.0, revisions=("svc-00001-a",))
    said = sync.news(told, LINK, card, found)
    assert said.why == "Also in svc-00002-b."
    assert sync.news(sync.after(told, card, found), LINK, card, found) is None


def test_of_a_closed_issue_only_a_regression_is_news():
    closed = replace(LINK, state="closed", closed_at=5)
    card, found = case(revisions=("svc-00002-b",), state=State.RECURRING)
    told = Told(LINK.number, revisions=("svc-00001-a",))
    assert sync.news(told, closed, card, found) is None  # it may be the old revision still
    assert sync.news(replace(told, fix="svc-00002-b"), closed, card, found).why.startswith(
        "It is written again after this was closed"
    )
    back, found = case(state=State.REGRESSED)
    assert sync.news(told, closed, back, found).nonce.startswith("regressed-")


def test_the_fix_is_the_first_revision_of_the_service_after_the_close():
    closed = replace(LINK, state="closed", closed_at=50)
    told = Told(LINK.number, usual=12.0, services=("svc",))
    seen = {"svc-1": 0, "svc-2": 40, "other-9": 55, "svc-3": 60, "svc-4": 70}
    fixed = sync.with_fix(told, closed, seen)
    assert (fixed.fix, fixed.fix_seen) == ("svc-3", 60)
    assert sync.with_fix(fixed, closed, {**seen, "svc-0": 51}) == fixed
    assert sync.with_fix(fixed, LINK, seen).fix == ""  # reopened


def test_a_revision_without_the_fix_is_not_the_fix():
    closed = replace(LINK, state="closed", closed_at=50)
    told = Told(LINK.number, usual=12.0, services=("svc",))
    seen = {"svc-3": 60, "svc-4": 70, "svc-5": 80}
    knows = {"svc-3": False, "svc-4": True}.get
    assert sync.with_fix(told, closed, seen, knows).fix == "svc-4"
    assert sync.with_fix(told, closed, seen, lambda _: False).fix == ""


def test_what_closed_an_issue_is_looked_for_again_when_it_is_closed_again():
    closed = replace(LINK, state="closed", closed_at=7, fixed_in="abc1234")
    there = replace(OPEN, state="closed", closed=7)
    assert sync.as_on_github(closed, there).fixed_in == "abc1234"
    assert sync.as_on_github(closed, replace(there, closed=8)).fixed_in is None


def test_a_fix_is_judged_after_a_day_and_once():
    told = Told(1, usual=12.0, fix="svc-3", fix_seen=NOW)
    assert sync.due([("c-1", told)], NOW + DAY - 1) == {}
    assert sync.due([("c-1", told)], NOW + DAY) == {"c-1": Fix("svc-3", 12.0)}
    assert sync.due([("c-1", replace(told, verdict_at=NOW))], NOW + 2 * DAY) == {}


@pytest.mark.parametrize(
    ("entry", "commit"),
    [
        ({"labels": {"commit-sha": "3f786850e387550fdab836ed7e6dc881de23001b"}}, "3f786850e387550fdab836ed7e6dc881de23001b"),
        ({"resource": {"labels": {"git-commit": "3f786850..."}}}, "3f786850"),
        ({"labels": {"commit-sha": "main"}}, None),
        ({"labels": "none", "resource": []}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_deployed_commit(entry, commit):
    assert deployed(entry) == commit


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("netra_backend.app.core", "netra_backend/app/core.py"),
        ("/app/src/server.js", "src/server.js"),
        ("./pool.go", "pool.go"),
        ("pool.go", "pool.go"),
        ("../../etc/passwd.py", None),
        ("<string>", None),
        ("", None),
    ],
)
def test_the_file_of_a_location(module, path):
    assert github_links.guessed(Location(module, None, 1)) == path
