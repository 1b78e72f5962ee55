"""The closed loop with GitHub: all at once, what people do there, and what is said again."""

from __future__ import annotations

import pytest

from bot import jobs
from bot.garden.filing import SETTLE
from bot.garden.model import HOUR, IssueLink
from bot.playground.github_records import Fault
from tests.fakes.logs import CREATED, LEGACY, POOL, entry
from tests.journey.conftest import all_text, buttons

pytestmark = pytest.mark.redis

REPO = "owner/name"


def repo(town):
    return town.github.state.repo(REPO)


def filed(town):
    """Our issues, by their number."""
    return {i.number: i for i in repo(town).issues.values() if i.title.startswith("GCP-")}


def harder(town):
    """Three problems that are worth an issue."""
    now = town.wiring.now()
    town.logs.entries = [
        entry(text, now - HOUR - i * 1_000_000_000, n * 100 + i)
        for n, text in enumerate((LEGACY, POOL, "Payment service answers 500"))
        for i in range(4)
    ]


def chosen(form, **by_words):
    """Values for the review's form: `new` for all, but for blocks whose label has the words."""
    values = {}
    for block in form["blocks"]:
        if not block.get("block_id", "").startswith("card:"):
            continue
        wanted = next((v for w, v in by_words.items() if w in all_text(block["label"])), None)
        if wanted is None:
            continue
        options = block["element"]["options"]
        option = next(o for o in options if o["value"].startswith(wanted))
        values[block["block_id"]] = {"value": {"selected_option": option}}
    return values


def review(town, report, user="U0ALICE", reason="", **by_words):
    town.clicks(report, "review_all", user)
    form = town.form("Why expected?", user)
    values = chosen(form, **by_words)
    if reason:
        values["reason"] = {"value": {"value": reason}}
    outcome = town.slack.submit(user, form["id"], values)
    assert outcome.ok, outcome.error
    return form


# --- all at once ---------------------------------------------------------------------------------


def test_review_all_files_three_issues_once_each(town):
    harder(town)
    town.types("staging 2d")
    report = town.report()
    review(town, report)
    town.form("All 3 done")
    told = town.sees("Reviewed.")
    assert told["ephemeral_for"] == "U0ALICE"
    titles = [i.title for i in filed(town).values()]
    assert len(titles) == 3
    assert [sum(w in t for t in titles) for w in ("legacy_", "pool", "Payment")] == [1, 1, 1]
    drawn = next(m for m in town.slack.messages("C0OPS") if m["ts"] == report["ts"])
    assert "Create issue" not in buttons(drawn)
    town.clicks(drawn, "review_all")
    town.form("Nothing is left to review")


def test_each_card_may_be_decided_otherwise(town):
    harder(town)
    town.types("staging 2d")
    report = town.report()
    review(
        town, report, reason="Load test", Connection="expected", Payment="skip", Message="reopen"
    )
    town.form("All 2 done")
    assert filed(town) == {}
    reopened = next(i for i in repo(town).issues.values() if "legacy_request" in i.title)
    assert reopened.state == "open"
    assert len(reopened.comments) == 1
    drawn = all_text(town.sees("expected*"))
    assert f"#{reopened.number} ↗" in drawn
    assert "Load test" in drawn


def test_expected_wants_a_reason(town):
    harder(town)
    town.types("staging 2d")
    town.clicks(town.report(), "review_all")
    form = town.form("Why expected?")
    town.slack.submit("U0ALICE", form["id"], chosen(form, Payment="expected"))
    assert "reason" in town.slack.view("U0ALICE")["errors"]
    assert filed(town) == {}


def test_one_that_fails_leaves_the_others_alone(town):
    harder(town)
    town.types("staging 2d")
    report = town.report()
    town.github.state.inject(Fault("403", "POST", "/issues$"))
    review(town, report)
    shown = all_text(town.form("All 3 done"))
    assert shown.count("not done") == 1
    assert len(filed(town)) == 2
