from __future__ import annotations

from dataclasses import replace
from typing import Any

from blocks import review
from blocks.buttons import Act
from blocks.forms import INPUT
from blocks.review import ReviewChoice, Row
from bot.core.model.report import Card
from bot.core.ports import Repository
from tests.blocks.judges import judge_view
from tests.blocks.test_modals import RELATED
from tests.fakes.reports import report

ACT = Act("review_all", "staging", report="r-1", channel="C0OPS", message="17.1")
PRIVATE = Repository("acme/backend", True, "https://github.com/acme/backend")


def submitted(**by_block):
    values: dict[str, Any] = {
        block: {INPUT: {"selected_option": {"value": value}}}
        for block, value in by_block.items()
        if block.startswith("card:")
    }
    values["reason"] = {INPUT: {"type": "plain_text_input", "value": by_block.get("reason")}}
    return {"state": {"values": values}}


def test_a_hundred_cards_fit_into_one_form() -> None:
    first = report().cards[0].cluster
    cards = [
        Card(replace(first, id=f"c-{n}", name=f"C{n}", title="<!channel> & `long` " * 40))
        for n in range(120)
    ]
    view: Any = review.review([Row(card, RELATED[0]) for card in cards], PRIVATE, ACT, filed=3)
    judge_view(view)
    assert len(view["blocks"]) <= 100
    assert "30 more in the next review" in str(view["blocks"])
    judge_view(review.progress([f"C{n} is filed as #{n}" for n in range(90)], 120, ACT))


def test_what_is_suggested_is_chosen_at_first() -> None:
    card = report().cards[0]
    for row, value in (
        (Row(card), "new"),
        (Row(card, beside=169), "new:169"),
        (Row(card, RELATED[0]), "add:913"),
        (Row(card, RELATED[1]), "reopen:169"),
        (Row(card, RELATED[1], fileable=False), "skip"),
    ):
        view: Any = review.review([row], PRIVATE, ACT)
        [block] = [b for b in view["blocks"] if "card:" in str(b.get("block_id"))]
        assert block["element"]["initial_option"]["value"] == value


def test_what_was_chosen_is_read() -> None:
    view = submitted(
        **{
            "card:c-1": "new:169",
            "card:c-2": "add:913",
            "card:c-3": "skip",
            "card:c-4": "expected",
            "card:c-5": "reopen:x",
            "reason": " Load test ",
        }
    )
    chosen, reason, errors = review.parse(view)
    assert chosen == (
        ReviewChoice("c-1", "new", 169),
        ReviewChoice("c-2", "add", 913),
        ReviewChoice("c-4", "expected"),
    )
    assert (reason, errors) == ("Load test", {})


def test_expected_needs_a_reason() -> None:
    assert "reason" in review.parse(submitted(**{"card:c-4": "expected"}))[2]
