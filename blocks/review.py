"""Review all: every problem of a report in one form, and the outcome of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slack_sdk.models.blocks import InputBlock, Option, PlainTextObject, StaticSelectElement

from blocks import buttons, card, forms, parts
from blocks.buttons import Act
from blocks.escape import plain
from blocks.message import View
from bot.core.issues.related import Related
from bot.core.model.report import Card
from bot.core.ports import Repository
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

TITLE = "Review all"
MOST = 90
"""Maximum number of cards in one form; Slack allows 100 blocks."""
REASON, REASON_LIMIT = "reason", 300
_CARD = "card:"
Decision = Literal["new", "add", "reopen", "expected", "skip"]


@dataclass(frozen=True, slots=True)
class Row:
    """One card, and what can be done with it."""

    card: Card
    related: Related | None = None
    """The best issue that may be about it."""
    beside: int | None = None
    """The newest closed issue that contains its marker."""
    fileable: bool = True
    """False without a repository, or if the service was deleted."""


@dataclass(frozen=True, slots=True)
class ReviewChoice:
    """The person's choice for one card."""

    cluster: str
    what: Decision
    number: int | None = None
    """The issue to add to or to reopen; for `new`, the closed issue to file beside."""


def loading(act: Act) -> View:
    """Opens within the trigger's three seconds."""
    text = parts.plain_text("Looking for related issues…", 200)
    return forms.view(TITLE, [parts.section(text)], act, callback=buttons.REVIEW)


def review(
    rows: Sequence[Row],
    repository: Repository | None,
    act: Act,
    *,
    filed: int = 0,
    expected: int = 0,
) -> View:
    """Builds the filled form. `filed`, `expected`: numbers of cards left out as already decided."""
    found: list[Block] = []
    if repository is not None:
        public = "" if repository.private else " is public: samples are left out"
        found.append(parts.context(parts.plain_text(f"{repository.full_name}{public}", 300)))
    else:
        found.append(parts.context("No repository is set up, so nothing can be filed"))
    found += [_row(row) for row in rows[:MOST]]
    found.append(
        forms.text_input(
            REASON,
            "Why expected?",
            "",
            limit=REASON_LIMIT,
            optional=True,
            hint="For those that you mark as expected; it holds for 7 days.",
        )
    )
    aside = [
        f"{display.number(n)} {what}"
        for n, what in (
            (filed, "filed already"),
            (expected, "expected"),
            (max(0, len(rows) - MOST), "more in the next review"),
        )
        if n
    ]
    if aside:
        found.append(parts.context(parts.plain_text(f"Not listed: {', '.join(aside)}", 300)))
    return forms.view(TITLE, found, act, callback=buttons.REVIEW, submit="Do it")


def parse(view: Mapping[str, object]) -> tuple[tuple[ReviewChoice, ...], str, dict[str, str]]:
    """Parses the choices (without skipped ones), the reason, and errors by block id."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    chosen: list[ReviewChoice] = []
    for block_id in values if isinstance(values, Mapping) else ():
        if not isinstance(block_id, str) or not block_id.startswith(_CARD):
            continue
        kind, _, digits = str(forms.value(view, block_id) or "skip").partition(":")
        number = int(digits) if digits.isascii() and digits.isdigit() else None
        cluster = block_id.removeprefix(_CARD)
        if kind == "new":
            chosen.append(ReviewChoice(cluster, "new", number))
        elif kind == "expected":
            chosen.append(ReviewChoice(cluster, "expected"))
        elif kind == "add" and number is not None:
            chosen.append(ReviewChoice(cluster, "add", number))
        elif kind == "reopen" and number is not None:
            chosen.append(ReviewChoice(cluster, "reopen", number))
    reason = str(forms.value(view, REASON) or "").strip()
    errors: dict[str, str] = {}
    if not reason and any(each.what == "expected" for each in chosen):
        errors[REASON] = "Say why: the next person reads it on the card."
    return tuple(chosen), reason, errors


def progress(done: Sequence[str], total: int, act: Act) -> View:
    """Shows progress, then the result. `done`: one line per card. May be closed at any time."""
    left = total - len(done)
    head = (
        f"{len(done)} of {total} done" if left else ("Done" if total == 1 else f"All {total} done")
    )
    more = ". About one a second; you may close this." if left else ""
    found: list[Block] = [parts.section(parts.plain_text(f"{head}{more}", 200))]
    if done:
        found.append(parts.section(parts.lines(done, 2_900)))
    return forms.view(TITLE, found, act)


def _row(row: Row) -> InputBlock:
    each = row.card
    label = f"{card.head(each)} {display.cut(display.one_line(each.cluster.title), 110)}"
    label += f", {card.times(each)}"
    if each.symptoms:
        label += f", {display.many(len(each.symptoms), 'symptom')}"
    choices: list[tuple[str, str]] = []
    if row.fileable:
        beside = f":{row.beside}" if row.beside else ""
        choices.append((f"new{beside}", "New issue"))
        if row.related is not None:
            choices.append(_related(row.related))
    choices += [("expected", "Expected, for 7 days"), ("skip", "Skip")]
    made = [
        Option(value=value, text=PlainTextObject(text=plain(text, 75), emoji=False))
        for value, text in choices
    ]
    suggested = "new" if row.fileable else "skip"
    if row.fileable and row.related is not None and row.related.suggestion != "new":
        suggested = row.related.suggestion
    return InputBlock(
        block_id=f"{_CARD}{each.cluster.id}",
        label=PlainTextObject(text=plain(label, 300), emoji=False),
        element=StaticSelectElement(
            action_id=forms.INPUT,
            options=made,
            initial_option=next(o for o in made if str(o.value).startswith(suggested)),
        ),
    )


def _related(related: Related) -> tuple[str, str]:
    issue = related.issue
    if issue.state == "closed":
        return f"reopen:{issue.number}", f"Reopen #{issue.number} ({related.age}) as regression"
    return f"add:{issue.number}", f"Add to #{issue.number} {display.one_line(issue.title)}"
