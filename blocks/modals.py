"""The modals: opened at once, filled later; and parsing what was entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from slack_sdk.models.blocks import (
    CheckboxesElement,
    InputBlock,
    PlainTextObject,
    RadioButtonsElement,
)

from blocks import buttons, forms, parts
from blocks.buttons import Act
from blocks.escape import link
from blocks.message import View
from bot.core.issues.issue_text import IssueDraft, preview
from bot.core.issues.related import Related
from bot.core.model.report import Card
from bot.core.ports import Repository
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

TITLE_LIMIT = 256
"""GitHub's limit for an issue's title."""
LABELS = 4
LABEL_LIMIT = 50
"""GitHub's limit for a label's name."""
NOTE_LIMIT = 2000
REASON_LIMIT = 300
PREVIEW = 2500

# Block ids; Slack shows an error beside the block that it names.
CHOICE, TITLE, LABELS_BLOCK, NOTE = "choice", "title", "labels", "note"
DURATION, REASON, TELL = "duration", "reason", "tell"
NEW = "new"
Duration = Literal["7d", "30d", "revision", "forever"]
_DURATIONS: tuple[tuple[Duration, str], ...] = (
    ("7d", "7 days"),
    ("30d", "30 days"),
    ("revision", "Until the next revision"),
    ("forever", "Forever"),
)


# --- filing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FilingForm:
    """The content of the filing form."""

    choice: Literal["new", "add", "reopen"]
    number: int | None
    """The number of the issue to add to or to reopen."""
    title: str
    labels: tuple[str, ...]
    note: str


def filing_loading(act: Act, name: str = "") -> View:
    """Opens within the trigger's three seconds; `views.update` fills it later."""
    which = f" for {name}" if name else ""
    text = parts.plain_text(f"Looking for related issues{which}…", 200)
    return forms.view("File on GitHub", [parts.section(text)], act, callback=buttons.FILE_ISSUE)


def notice(title: str, sentence: str, act: Act) -> View:
    """Replaces the loading modal with an explanation of why it cannot go on."""
    return forms.view(title, [parts.section(parts.plain_text(sentence, 2500))], act)


def filing(
    draft: IssueDraft,
    related: Sequence[Related],
    repository: Repository,
    card: Card,
    act: Act,
    *,
    choice: str | None = None,
    note: str = "",
    assignee: str | None = None,
    comments: Mapping[str, str] = MappingProxyType({}),
) -> View:
    """Builds the filled modal. `choice` is the radio's value (`new`, `add:913`, `reopen:169`).

    None selects what the best related issue suggests. A click on the radio sends the action
    `filing_choice`: draw the modal again with the new choice, since the submit button names what it
    does. `assignee`: the file's owner by CODEOWNERS. `comments`: the comment to be written for
    `add` and for `reopen`.
    """
    options = [(NEW, "New issue", "")] + [_option(r) for r in related[:9]]
    values = [value for value, _, _ in options]
    suggested = values[1] if len(related) > 0 and related[0].suggestion != "new" else NEW
    chosen = choice if choice in values else suggested
    public = "" if repository.private else " is public: the sample is left out"
    where = f"{repository.full_name}{public}"
    found: list[Block] = [parts.context(parts.plain_text(where, 300))]
    if len(options) > 1:
        found.append(_choice(options, chosen))
        found.append(parts.context(*[_related_link(r) for r in related[:9]]))
    if chosen == NEW:
        found += [
            forms.text_input(TITLE, "Title", draft.title, limit=TITLE_LIMIT),
            forms.text_input(
                LABELS_BLOCK,
                "Labels",
                ", ".join(draft.labels),
                limit=250,
                hint="At most four, with commas between them.",
                optional=True,
            ),
        ]
    found.append(
        forms.text_input(NOTE, "Note", note, limit=NOTE_LIMIT, optional=True, multiline=True)
    )
    kind = chosen.partition(":")[0]
    shown, beyond = preview(comments.get(kind, draft.body), PREVIEW)
    found.append(parts.preformatted(shown, PREVIEW))
    if beyond > 0:
        found.append(parts.context(f"+{display.number(beyond)} lines, all filed"))
    if assignee and chosen == NEW:
        text = f"Assigned to {assignee}, who owns the file"
        found.append(parts.context(parts.plain_text(text, 200)))
    if card.symptoms:
        n = display.many(len(card.symptoms), "symptom")
        found.append(parts.context(f"One issue for the incident, with its {n}"))
    submit = {"new": "Create issue", "add": "Add comment", "reopen": "Reopen"}
    return forms.view(
        "File on GitHub",
        found,
        act,
        callback=buttons.FILE_ISSUE,
        submit=submit[kind],
    )


def parse_filing(view: Mapping[str, object]) -> tuple[FilingForm | None, dict[str, str]]:
    """Parses a submitted view; returns the form, or error texts by block id."""
    text = str(forms.value(view, CHOICE) or NEW)
    kind, _, digits = text.partition(":")
    title = str(forms.value(view, TITLE) or "").strip()
    note = str(forms.value(view, NOTE) or "").strip()
    labels = tuple(
        dict.fromkeys(
            filter(None, map(str.strip, str(forms.value(view, LABELS_BLOCK) or "").split(",")))
        )
    )
    errors: dict[str, str] = {}
    if kind == NEW and not title:
        errors[TITLE] = "An issue needs a title."
    if len(title) > TITLE_LIMIT:
        errors[TITLE] = f"At most {TITLE_LIMIT} characters; this has {len(title)}."
    if len(labels) > LABELS:
        errors[LABELS_BLOCK] = f"At most {LABELS} labels; these are {len(labels)}."
    elif long := next((label for label in labels if len(label) > LABEL_LIMIT), None):
        errors[LABELS_BLOCK] = f'"{long[:30]}…" is longer than {LABEL_LIMIT} characters.'
    if len(note) > NOTE_LIMIT:
        errors[NOTE] = f"At most {NOTE_LIMIT} characters; this has {len(note)}."
    number = int(digits) if digits.isascii() and digits.isdigit() else None
    if errors:
        return None, errors
    if kind == "add" and number is not None:
        return FilingForm("add", number, title, labels, note), {}
    if kind == "reopen" and number is not None:
        return FilingForm("reopen", number, title, labels, note), {}
    if kind == NEW:
        return FilingForm("new", None, title, labels, note), {}
    return None, {CHOICE: "Choose what to do."}


def chosen_now(view: Mapping[str, object]) -> tuple[str, str]:
    """Returns the radio's value and the note so far, from the view of a `filing_choice` click."""
    return str(forms.value(view, CHOICE) or NEW), str(forms.value(view, NOTE) or "")


def _option(related: Related) -> tuple[str, str, str]:
    issue = related.issue
    described = f"{issue.title}"
    if issue.state == "closed":
        text = f"Reopen #{issue.number} ({related.age}) as regression"
        return f"reopen:{issue.number}", text, described
    reason = related.reasons[0] if related.reasons else ""
    inside = ", ".join(
        filter(None, [*related.age.split(", ")[:1], reason, *related.age.split(", ")[1:]])
    )
    return f"add:{issue.number}", f"Add to #{issue.number} ({inside})", described


def _related_link(related: Related) -> str:
    issue = related.issue
    return link(issue.url, f"#{issue.number} {issue.title}"[:120])


def _choice(options: Sequence[tuple[str, str, str]], chosen: str) -> InputBlock:
    made = {value: forms.radio(value, text, description) for value, text, description in options}
    return InputBlock(
        block_id=CHOICE,
        label=PlainTextObject(text="What to do"),
        element=RadioButtonsElement(
            action_id=buttons.FILING_CHOICE,
            options=list(made.values()),
            initial_option=made[chosen],
        ),
        dispatch_action=True,
    )


# --- expected ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """The content of the form that marks a problem as expected."""

    duration: Duration
    reason: str
    tell: bool


def expected(
    card: Card,
    act: Act,
    *,
    counts: Sequence[tuple[int, str]],
    per_day: float,
    admin: bool,
    revision: str | None = None,
    watch: Sequence[str] = (),
    covered: str | None = None,
) -> View:
    """Asks for reason and duration.

    `counts`: (occurrences, `2 d`), the report's window first. `per_day`: the suggested bound
    (`acknowledgement.suggested_rate`). `admin`: may choose forever. `revision`: the newest, if
    known. `watch`: what else breaks it, `one user repeats`. `covered`: a sentence about last week.
    """
    seen = ", ".join(f"{display.number(n)} in {span}" for n, span in counts)
    title = display.cut(display.one_line(card.cluster.title), 150)
    offered = [
        (value, text)
        for value, text in _DURATIONS
        if (value != "forever" or admin) and (value != "revision" or revision)
    ]
    made = {
        value: forms.radio(
            value,
            text,
            f"Now {display.revision(revision, card.cluster.services)}"
            if value == "revision" and revision
            else "",
        )
        for value, text in offered
    }
    conditions = [f"above {display.rate(per_day)}", *watch]
    alert = forms.radio("tell", f"Tell this channel if {display.cut(_either(conditions), 50)}", "")
    found: list[Block] = [
        parts.context(parts.plain_text(f"{card.cluster.name} {title}: {seen}", 400)),
        InputBlock(
            block_id=DURATION,
            label=PlainTextObject(text="For how long"),
            element=RadioButtonsElement(
                action_id=forms.INPUT, options=list(made.values()), initial_option=made["7d"]
            ),
        ),
        forms.text_input(
            REASON,
            "Why?",
            "",
            limit=REASON_LIMIT,
            multiline=True,
            hint="The next person reads it on the card.",
        ),
        InputBlock(
            block_id=TELL,
            label=PlainTextObject(text="If it changes"),
            element=CheckboxesElement(
                action_id=forms.INPUT, options=[alert], initial_options=[alert]
            ),
            optional=True,
        ),
    ]
    if covered:
        found.append(parts.context(parts.plain_text(covered, 300)))
    return forms.view(
        "Mark as expected", found, act, callback=buttons.MARK_EXPECTED, submit="Mark as expected"
    )


def parse_expected(
    view: Mapping[str, object], *, admin: bool
) -> tuple[Expected | None, dict[str, str]]:
    """Parses a submitted view; returns the form, or error texts by block id."""
    reason = str(forms.value(view, REASON) or "").strip()
    text = forms.value(view, DURATION)
    duration = next((value for value, _ in _DURATIONS if value == text), None)
    errors: dict[str, str] = {}
    if not reason:
        errors[REASON] = "Say why: the next person reads it on the card."
    elif len(reason) > REASON_LIMIT:
        errors[REASON] = f"At most {REASON_LIMIT} characters; this has {len(reason)}."
    if duration is None:
        errors[DURATION] = "Choose for how long."
    elif duration == "forever" and not admin:
        errors[DURATION] = "Only an admin of this environment may say forever."
    if errors or duration is None:
        return None, errors
    return Expected(duration, reason, bool(forms.value(view, TELL))), {}


def _either(conditions: Sequence[str]) -> str:
    if len(conditions) == 1:
        return conditions[0]
    return f"{', '.join(conditions[:-1])}, or {conditions[-1]}"
