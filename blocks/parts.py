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
from blocks.moments import marked, tokens
from bot.core.text.display import cut, one_line

SECTION = 3000
BUTTON_TEXT = 75

NOTHING = "(empty)"
"""Slack rejects an empty text object."""


def markdown(text: str) -> MarkdownTextObject:
    """Wraps our own mrkdwn, with foreign parts already escaped, without auto-linking."""
    shown = tokens(text)
    return MarkdownTextObject(text=shown if visible(shown) else NOTHING, verbatim=True)


def plain_text(text: str, limit: int = SECTION) -> PlainTextObject:
    """Wraps literal text; `:key:` stays `:key:`."""
    shown = plain(text, limit)
    return PlainTextObject(text=shown if visible(shown) else NOTHING, emoji=False)


def sentence(text: str, limit: int = SECTION) -> TextObject:
    """Wraps literal text with times, so that each reader sees their own.

    Where mrkdwn would change its words, it becomes plain text and its times are in UTC.
    """
    if marked(text) and shows_as_written(plain(text, limit)):
        return markdown(mrkdwn(text, limit))
    return plain_text(text, limit)


def lines(texts: Sequence[str], limit: int = SECTION) -> TextObject:
    """Wraps literal text as `sentence`, one line each, cut so that all fit into one text object."""
    each = max(20, limit // max(1, len(texts)) - 1)
    shown = "\n".join(plain(text, each) for text in texts)
    if any(map(marked, texts)) and all(shows_as_written(plain(text, each)) for text in texts):
        return markdown("\n".join(mrkdwn(text, each) for text in texts))
    return PlainTextObject(text=shown if visible(shown) else NOTHING, emoji=False)


def titled(
    mark: str, head: str, words: str, limit: int, *, after: Sequence[str] = ()
) -> TextObject:
    """Renders `🟠 *head* words`, then the lines of `after`; foreign words are shown unchanged.

    If mrkdwn would change them (`__init__`, `:key:`, a backtick), everything becomes plain text
    without bold: the words matter more. `head` is ours and has no markup.
    """
    said = [line for line in after if line.strip()]
    lines = [plain(line, 300) for line in said]
    title = plain(words, limit)
    if not visible(title):
        title = NOTHING
    if all(shows_as_written(text) for text in (title, *lines)):
        first = f"{mark} *{mrkdwn(head, 200)}*  {mrkdwn(title, limit + 500)}"
        below = (mrkdwn(cut(one_line(line), 300), 800) for line in said)
        return markdown("\n".join([first, *below]))
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
