"""Teaching grouping in Slack: a preview, a confirmation, every later report, and undo."""

from __future__ import annotations

import pytest

from bot.core.model.environment import Environment
from tests.journey.conftest import STAGING, all_text

pytestmark = pytest.mark.redis


@pytest.fixture
def environments():
    return [
        Environment(
            STAGING.name,
            STAGING.project,
            STAGING.services,
            STAGING.github,
            admin=("U0ALICE",),
        )
    ]


def cards(message):
    return [f"C{n}" for n in range(1, 9) if f"C{n} ·" in all_text(message)]


def test_two_cards_become_one_and_two_again(town):
    town.types("staging 2d")
    report = town.report()
    assert cards(report) == ["C1", "C2", "C3"]
    town.types("same C1 C2")
    preview = town.sees("C2 is the same as C1, if you confirm")
    assert preview["ephemeral_for"] == "U0ALICE"
    said = all_text(preview)
    assert "2 clusters become 1: of the last seven days' 3 clusters 2 are left." in said
    assert "C1 10×, C2 4×; together 14×" in said
    assert "no log was read for it" in said

    town.clicks(preview, "teach")
    taught = town.sees("shows it; run /gardener")
    town.types("staging 2d")
    one = town.sees("2 problems")
    assert cards(one) == ["C1", "C3"]
    assert "14×" in all_text(one)

    town.clicks(taught, "unteach")
    town.sees("No longer so: C2 is the same as C1")
    town.types("rules")
    town.sees("nothing was taught")
    town.types("staging 36h")
    assert cards(town.sees("*staging, last 36 h: 3 problems")) == ["C1", "C2", "C3"]


def test_a_button_on_an_older_card_acts_on_the_one_that_lives_on(town):
    town.types("staging 2d")
    report = town.report()
    town.types("same C1 C2")
    town.clicks(town.sees("if you confirm"), "teach")
    town.sees("shows it; run /gardener")
    second = [
        element
        for block in report["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == "expected"
    ][1]
    town.clicks(report, "expected", block_id=_block_of(report, second))
    form = town.form("For how long")
    outcome = town.slack.submit("U0ALICE", form["id"], {"reason": {"value": {"value": "As built"}}})
    assert outcome.ok
    town.sees("is expected")
    town.types("staging 36h")
    one = town.sees("*staging, last 36 h: 2 problems")
    assert cards(one) == ["C1", "C3"]
    # C2 had 4, so 5 a day were acknowledged; C1 and C2 together had 14 in 36 hours.
    assert "No longer matches the acknowledgement" in all_text(one)
    town.types("expected staging")
    assert "As built" in all_text(town.sees("1 marked as expected"))


def _block_of(message, element):
    return next(
        block["block_id"] for block in message["blocks"] if element in block.get("elements", [])
    )


def test_a_card_offers_to_be_regrouped(town):
    town.types("staging 2d")
    town.chooses(town.report(), "Regroup…")
    offered = town.sees("C1 can be made one with another card")
    assert "Same as C2…" in all_text(offered)
    town.clicks(offered, "run")
    town.sees("if you confirm")


def test_the_list_says_who_taught_what_and_takes_it_back(town):
    town.types("staging 2d")
    town.report()
    town.types("same C3 C2 staging")
    preview = town.sees("C3 is the same as C2")
    town.clicks(preview, "teach")
    town.sees("shows it; run /gardener")
    town.clicks(preview, "teach")
    town.sees("as it was taught before")
    town.types("rules staging", user="U0BOB")
    listed = town.sees("1 rule taught", "U0BOB")
    assert "<@U0ALICE>" in all_text(listed)
    town.clicks(listed, "unteach", user="U0BOB")
    town.sees("Only an admin may teach grouping", "U0BOB")
    assert len(town.wiring.rules.all("staging")) == 1


def test_what_divides_nothing_is_told(town):
    town.types("staging 2d")
    town.report()
    town.types('split C1 "zebra"')
    assert "masked" in all_text(town.sees('No wording of C1 that I remember has "zebra"'))
    town.types("same C1 C77")
    town.sees("I know no C77 in staging")
    town.types("same C1")
    town.sees("Which cards are the same?")


def test_only_admins_teach(town):
    town.types("staging 2d", user="U0BOB")
    town.report("U0BOB")
    town.types("same C1 C2", user="U0BOB")
    town.sees("Only an admin may teach grouping. Ask one of: Alice", "U0BOB")
