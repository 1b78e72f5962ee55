"""Small typed pieces of Block Kit that stay within Slack's limits for any input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    BlockElement,
    ButtonElement,
    ContextBlock,
    InteractiveElement,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextPreformattedElement,
    SectionBlock,
    TextObject,
)

from blocks.buttons import OPTION_LIMIT, VALUE_LIMIT, Act
from blocks.escape import literal, mrkdwn, plain, shows_as_written, visible
from bot.core.text.display import cut

SECTION = 3000
BUTTON_TEXT = 75

NOTHING = "(empty)"
"""Slack rejects an empty text object."""


def markdown(text: str) -> MarkdownTextObject:
    """Wraps our own mrkdwn, with foreign parts already escaped, without auto-linking."""
    return MarkdownTextObject(text=text if visible(text) else NOTHING, verbatim=True)


def plain_text(text: str, limit: int = SECTION) -> PlainTextObject:
    """Wraps literal text; `:key:` stays `:key:`."""
    shown = plain(text, limit)
    return PlainTextObject(text=shown if visible(shown) else NOTHING, emoji=False)


def lines(texts: Sequence[str], limit: int = SECTION) -> PlainTextObject:
    """Wraps literal text, one line each, cut so that all fit into one text object."""
    each = max(20, limit // max(1, len(texts)) - 1)
    shown = "\n".join(plain(text, each) for text in texts)
    return PlainTextObject(text=shown if visible(shown) else NOTHING, emoji=False)


def titled(
    mark: str, head: str, words: str, limit: int, *, after: Sequence[str] = ()
) -> TextObject:
    """Renders `🟠 *head* words`, then the lines of `after`; foreign words are shown unchanged.

    If mrkdwn would change them (`__init__`, `:key:`, a backtick), everything becomes plain text
    without bold: the words matter more. `head` is ours and has no markup.
    """
    lines = [plain(line, 300) for line in after if line.strip()]
    title = plain(words, limit)
    if not visible(title):
        title = NOTHING
    if all(shows_as_written(text) for text in (title, *lines)):
        first = f"{mark} *{mrkdwn(head, 200)}*  {mrkdwn(title, limit + 500)}"
        return markdown("\n".join([first, *(mrkdwn(line, 800) for line in lines)]))
    whole = "\n".join([f"{mark} {head}  {title}", *lines])
    return PlainTextObject(text=cut(whole, SECTION), emoji=False)


def section(
    text: str | TextObject, accessory: BlockElement | None = None, block_id: str | None = None
) -> SectionBlock:
    """Builds a section; a `str` is our own mrkdwn."""
    shown = markdown(text) if isinstance(text, str) else text
    return SectionBlock(text=shown, accessory=accessory, block_id=block_id)


def context(*texts: str | TextObject) -> ContextBlock:
    """Builds small print of at most ten pieces; a `str` is our own mrkdwn."""
    shown = [markdown(t) if isinstance(t, str) else t for t in texts if t][:10]
    return ContextBlock(elements=shown or [markdown(NOTHING)])


def preformatted(text: str, limit: int) -> RichTextBlock:
    """Shows log text unchanged: no backtick ends it, no markup applies in it."""
    shown = literal(text, limit)
    return RichTextBlock(
        elements=[
            RichTextPreformattedElement(
                elements=[RichTextElementParts.Text(text=shown if visible(shown) else NOTHING)]
            )
        ]
    )


def button(
    text: str, act: Act, *, url: str | None = None, style: str | None = None, label: str = ""
) -> ButtonElement:
    """Builds a button whose action id is the act's kind; `label` is for screen readers."""
    return ButtonElement(
        text=PlainTextObject(text=plain(text, BUTTON_TEXT), emoji=False),
        action_id=act.kind,
        value=act.encode(VALUE_LIMIT),
        url=url,
        style=style,
        accessibility_label=plain(label, BUTTON_TEXT) if label else None,
    )


def menu(action_id: str, entries: Iterable[tuple[str, Act]]) -> OverflowMenuElement | None:
    """Builds an overflow menu of at most five entries; None without entries."""
    options = [
        Option(
            text=PlainTextObject(text=plain(text, BUTTON_TEXT), emoji=False),
            value=act.encode(OPTION_LIMIT),
        )
        for text, act in list(entries)[:5]
    ]
    return OverflowMenuElement(action_id=action_id, options=options) if options else None


def actions(*elements: InteractiveElement | None) -> ActionsBlock | None:
    """Builds a row of buttons; None without buttons."""
    kept = [e for e in elements if e is not None]
    return ActionsBlock(elements=kept) if kept else None
