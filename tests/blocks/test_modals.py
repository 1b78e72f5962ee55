from __future__ import annotations

from typing import Any

import pytest

from blocks import modals
from blocks.buttons import FILE_ISSUE, FILING_CHOICE, Act
from blocks.forms import INPUT
from blocks.message import View
from bot.core.issues.issue_text import IssueDraft
from bot.core.issues.related import Related
from bot.core.ports import Issue, Repository
from tests.blocks.judges import judge_view
from tests.fakes.reports import NOW, crash_report, report

ACT = Act("create_issue", "staging", "c-legacy", report="r-1", channel="C0OPS", message="17.1")
DRAFT = IssueDraft(
    "GCP-new | P2 | Unknown message type",
    ("P2", "bug", "gardener"),
    "line\n" * 900 + "\n\n<!-- m -->",
    901,
)
OPEN = Issue(913, "Unknown message", "", "open", "https://github.com/a/b/issues/913", updated=NOW)
CLOSED = Issue(169, "Unknown type", "", "closed", "https://github.com/a/b/issues/169")
RELATED = (
    Related(OPEN, 90, ("same location",), "add", "open, 2 d ago"),
    Related(CLOSED, 80, ("title 90 % alike",), "reopen", "closed 3 d ago"),
)
PUBLIC = Repository("acme/backend", False, "https://github.com/acme/backend")
PRIVATE = Repository("acme/backend", True, "https://github.com/acme/backend")


def filing(**how: Any) -> View:
    arguments = {"related": RELATED, "repository": PUBLIC, "card": report().cards[0], **how}
    return modals.filing(DRAFT, act=ACT, **arguments)


def blocks(view: View) -> list[dict[str, Any]]:
    return view["blocks"]  # type: ignore[return-value]


def submit(view: View) -> str:
    return view["submit"]["text"]  # type: ignore[index]


def answers(**values: object) -> dict[str, object]:
    """A view as Slack submits it."""
    return {
        "state": {
            "values": {
                block: {
                    FILING_CHOICE if block == modals.CHOICE else INPUT: value
                    if isinstance(value, dict)
                    else {"type": "plain_text_input", "value": value}
                }
                for block, value in values.items()
            }
        }
    }


def chosen(value: str) -> dict[str, object]:
    return {"type": "radio_buttons", "selected_option": {"value": value}}


def test_it_opens_at_once_and_remembers_where_it_came_from() -> None:
    view = modals.filing_loading(ACT, "C1")
    judge_view(view)
    assert Act.decode(str(view["private_metadata"])) == ACT
    assert "submit" not in view


def test_the_filled_modal_is_that_of_the_design() -> None:
    view = filing()
    judge_view(view)
    shown = str(blocks(view))
    assert "acme/backend is public: the sample is left out" in shown
    assert "Add to #913 (open, same location, 2 d ago)" in shown
    assert "Reopen #169 (closed 3 d ago) as regression" in shown
    assert "<https://github.com/a/b/issues/913|#913 Unknown message>" in shown
    assert view["callback_id"] == FILE_ISSUE


@pytest.mark.parametrize(
    ("choice", "button", "has_title"),
    [
        ("new", "Create issue", True),
        ("add:913", "Add comment", False),
        ("reopen:169", "Reopen", False),
        (None, "Add comment", False),
        ("add:4", "Add comment", False),
    ],
)
def test_the_button_says_what_it_does(choice: str | None, button: str, has_title: bool) -> None:
    view = filing(choice=choice)
    judge_view(view)
    assert submit(view) == button
    assert any(b.get("block_id") == modals.TITLE for b in blocks(view)) is has_title


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [("new", "line"), ("add:913", "newest evidence"), ("reopen:169", "It is back")],
)
def test_the_preview_is_of_what_will_be_written(choice: str, wanted: str) -> None:
    comments = {"add": "newest evidence\n\n<!-- m -->", "reopen": "It is back\n\n<!-- m -->"}
    shown = str([b for b in blocks(filing(choice=choice, comments=comments)) if "elements" in b])
    bodies = {"newest evidence", "It is back", "line"}
    assert {body for body in bodies if body in shown} == {wanted}


def test_without_related_issues_there_is_nothing_to_choose() -> None:
    view = filing(related=(), repository=PRIVATE)
    judge_view(view)
    assert submit(view) == "Create issue"
    assert "public" not in str(blocks(view))
    assert not any(b.get("block_id") == modals.CHOICE for b in blocks(view))


def test_the_preview_says_how_much_is_filed_beyond_it() -> None:
    assert "lines, all filed" in str(blocks(filing()))


def test_an_incident_is_one_issue() -> None:
    assert "with its 4 symptoms" in str(blocks(filing(card=crash_report().cards[0])))


def test_what_was_typed_comes_out() -> None:
    form = answers(
        title=" A title ", labels="P2, bug,, bug , area: x", note="n", choice=chosen("new")
    )
    assert modals.parse_filing(form) == (
        modals.FilingForm("new", None, "A title", ("P2", "bug", "area: x"), "n"),
        {},
    )
    assert modals.parse_filing(answers(choice=chosen("add:913"), note=None)) == (
        modals.FilingForm("add", 913, "", (), ""),
        {},
    )
    assert modals.parse_filing(answers(title="T"))[0] == modals.FilingForm("new", None, "T", (), "")
    assert modals.chosen_now(answers(choice=chosen("reopen:169"), note="x")) == ("reopen:169", "x")


@pytest.mark.parametrize(
    ("form", "block"),
    [
        (answers(title="   "), "title"),
        ({}, "title"),
        ({"state": None}, "title"),
        (answers(title="x" * 257), "title"),
        (answers(title="x", labels="a,b,c,d,e"), "labels"),
        (answers(title="x", labels="l" * 51), "labels"),
        (answers(title="x", note="n" * 2001), "note"),
        (answers(choice=chosen("add:x")), "choice"),
        (answers(choice=chosen("add:²")), "choice"),
        (answers(choice=chosen("burn:1")), "choice"),
    ],
)
def test_what_cannot_be_filed_is_told_beside_its_block(form: dict[str, object], block: str) -> None:
    made, errors = modals.parse_filing(form)
    assert made is None
    assert list(errors) == [block]
    assert errors[block].endswith(".")


# --- expected ------------------------------------------------------------------------------------


def expected(**how: Any) -> View:
    arguments = {"counts": [(2, "2 d"), (9, "7 d")], "per_day": 5.0, "admin": False, **how}
    return modals.expected(report().cards[2], ACT, **arguments)


def choices(view: View) -> list[str]:
    (block,) = [b for b in blocks(view) if b.get("block_id") == modals.DURATION]
    return [option["text"]["text"] for option in block["element"]["options"]]


def test_the_modal_asks_why_and_for_how_long() -> None:
    view = expected(revision="netra-backend-staging-00598-qss")
    judge_view(view)
    shown = str(blocks(view))
    assert "User auto-created from JWT: 2 in 2 d, 9 in 7 d" in shown
    assert "Tell this channel if above 5 a day" in shown
    assert choices(view) == ["7 days", "30 days", "Until the next revision"]


def test_forever_is_for_admins_and_a_revision_must_be_known() -> None:
    assert choices(expected()) == ["7 days", "30 days"]
    assert choices(expected(admin=True)) == ["7 days", "30 days", "Forever"]


def test_what_breaks_it_is_listed() -> None:
    shown = str(blocks(expected(watch=["one user repeats", "it stops"])))
    assert "Tell this channel if above 5 a day, one user repeats, or it stops" in shown


def test_what_was_said_comes_out() -> None:
    tell = {"type": "checkboxes", "selected_options": [{"value": "tell"}]}
    form = answers(duration=chosen("30d"), reason=" sign-ups ", tell=tell)
    assert modals.parse_expected(form, admin=False) == (
        modals.Expected("30d", "sign-ups", True),
        {},
    )
    quiet = answers(duration=chosen("7d"), reason="x", tell={"selected_options": []})
    assert modals.parse_expected(quiet, admin=False)[0] == modals.Expected("7d", "x", False)


@pytest.mark.parametrize(
    ("form", "blocks_"),
    [
        (answers(duration=chosen("7d"), reason="  "), ["reason"]),
        (answers(duration=chosen("7d"), reason="x" * 301), ["reason"]),
        (answers(reason="x"), ["duration"]),
        (answers(duration=chosen("1000y"), reason="x"), ["duration"]),
        (answers(duration=chosen("forever"), reason="x"), ["duration"]),
        ({}, ["reason", "duration"]),
    ],
)
def test_what_cannot_be_acknowledged_is_told(form: dict[str, object], blocks_: list[str]) -> None:
    made, errors = modals.parse_expected(form, admin=False)
    assert made is None
    assert list(errors) == blocks_


def test_an_admin_may_say_forever() -> None:
    form = answers(duration=chosen("forever"), reason="x")
    assert modals.parse_expected(form, admin=True)[0] == modals.Expected("forever", "x", False)


def test_a_notice_takes_the_modals_place() -> None:
    view = modals.notice("File on GitHub", "GitHub refused the token. Ask an admin.", ACT)
    judge_view(view)
