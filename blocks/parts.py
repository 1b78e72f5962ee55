"""Small typed pieces of Block Kit, each within Slack's limits whatever goes in."""

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
"""Slack refuses an empty text object."""


def said(text: str) -> MarkdownTextObject:
    """Our own mrkdwn, whose foreign parts are escaped already. Nothing in it is auto-linked."""
    return MarkdownTextObject(text=text if visible(text) else NOTHING, verbatim=True)


def plain_text(text: str, limit: int = SECTION) -> PlainTextObject:
    """Literal text; `:key:` stays `:key:`."""
    shown = plain(text, limit)
    return PlainTextObject(text=shown if visible(shown) else NOTHING, emoji=False)


def lines(texts: Sequence[str], limit: int = SECTION) -> PlainTextObject:
    """Literal text, one line each, cut so that all fit into one text object."""
    each = max(20, limit // max(1, len(texts)) - 1)
    shown = "\n".join(plain(text, each) for text in texts)
    return PlainTextObject(text=shown if visible(shown) else NOTHING, emoji=False)


def titled(
    mark: str, head: str, words: str, limit: int, *, after: Sequence[str] = ()
) -> TextObject:
    """`🟠 *head*  words`, then one line each of `after`: foreign words, shown as they are.

    Where mrkdwn would swallow a character of them (`__init__`, `:key:`, a backtick) the whole is
    plain text without bold: the words matter more. `head` is ours and has no markup.
    """
    lines = [plain(line, 300) for line in after if line.strip()]
    title = plain(words, limit)
    if not visible(title):
        title = NOTHING
    if all(shows_as_written(text) for text in (title, *lines)):
        first = f"{mark} *{mrkdwn(head, 200)}*  {mrkdwn(title, limit + 500)}"
        return said("\n".join([first, *(mrkdwn(line, 800) for line in lines)]))
    whole = "\n".join([f"{mark} {head}  {title}", *lines])
    return PlainTextObject(text=cut(whole, SECTION), emoji=False)


def section(
    text: str | TextObject, accessory: BlockElement | None = None, block_id: str | None = None
) -> SectionBlock:
    """A section; a `str` is our own mrkdwn."""
    shown = said(text) if isinstance(text, str) else text
    return SectionBlock(text=shown, accessory=accessory, block_id=block_id)


def context(*texts: str | TextObject) -> ContextBlock:
    """Small print, at most ten pieces; a `str` is our own mrkdwn."""
    shown = [said(t) if isinstance(t, str) else t for t in texts if t][:10]
    return ContextBlock(elements=shown or [said(NOTHING)])


def preformatted(text: str, limit: int) -> RichTextBlock:
    """Log text as it is: no backtick ends it, no mark-up acts in it."""
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
    """A button whose action id is the act's kind; `label` is what a screen reader says."""
    return ButtonElement(
        text=PlainTextObject(text=plain(text, BUTTON_TEXT), emoji=False),
        action_id=act.kind,
        value=act.encode(VALUE_LIMIT),
        url=url,
        style=style,
        accessibility_label=plain(label, BUTTON_TEXT) if label else None,
    )


def menu(action_id: str, entries: Iterable[tuple[str, Act]]) -> OverflowMenuElement | None:
    """An overflow menu of at most five entries; None where there is none."""
    options = [
        Option(
            text=PlainTextObject(text=plain(text, BUTTON_TEXT), emoji=False),
            value=act.encode(OPTION_LIMIT),
        )
        for text, act in list(entries)[:5]
    ]
    return OverflowMenuElement(action_id=action_id, options=options) if options else None


def actions(*elements: InteractiveElement | None) -> ActionsBlock | None:
    """A row of buttons; None where nothing is left of it."""
    kept = [e for e in elements if e is not None]
    return ActionsBlock(elements=kept) if kept else None
