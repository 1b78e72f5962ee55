from __future__ import annotations

import pytest

from playground.render import blocks_text, message_text, plain

NAMES = {"U1": "Alice", "C1": "ops", "B": "gardener"}


def name(key):
    return NAMES.get(key, key)


def text(words, kind="mrkdwn"):
    return {"type": kind, "text": words}


def button(words):
    return {"type": "button", "text": text(words, "plain_text")}


@pytest.mark.parametrize(
    ("mrkdwn", "wanted"),
    [
        ("*bold* &lt;b&gt; &amp;amp;", "*bold* <b> &amp;"),
        ("<https://x/1|#12> by <@U1> in <#C1>", "#12 by @Alice in #ops"),
        ("<https://x/1> <!here> <!subteam^S1|@oncall>", "https://x/1 @here @oncall"),
    ],
)
def test_mrkdwn_reads_as_people_see_it(mrkdwn, wanted):
    assert plain(mrkdwn, name) == wanted


def test_every_block_of_a_report_has_its_line():
    blocks = [
        {"type": "header", "text": text("Head", "plain_text")},
        {"type": "section", "text": text("*C1*"), "accessory": button("Refresh")},
        {"type": "section", "fields": [text("a"), text("b")]},
        {"type": "context", "elements": [text("10×"), {"type": "image", "alt_text": "chart"}]},
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [
                button("Create issue"),
                {"type": "overflow", "options": [{"text": text("Why?"), "value": "1"}]},
                {"type": "static_select", "placeholder": text("Choose"), "options": []},
            ],
        },
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_preformatted", "elements": [text("one\n<two>", "text")]},
                {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U1"}]},
                {
                    "type": "rich_text_list",
                    "elements": [{"type": "rich_text_section", "elements": [text("x", "text")]}],
                },
                {"type": "rich_text_quote", "elements": [{"type": "link", "url": "https://x"}]},
            ],
        },
        {"type": "image", "alt_text": "a curve"},
        {"type": "novelty"},
    ]
    assert blocks_text(blocks, name).splitlines() == [
        "Head",
        "*C1*",
        "[Refresh]",
        "a",
        "b",
        "10×  [image: chart]",
        "--",
        "[Create issue]  [Why?]  [Choose]",
        "| one",
        "| <two>",
        "@Alice",
        "- x",
        "> https://x",
        "[image: a curve]",
        "[novelty]",
    ]


def test_a_message_says_who_sees_it_and_where():
    message = {"ts": "1757991600.000100", "user": "B", "text": "a &lt; b", "blocks": []}
    assert message_text(message, name) == "gardener (03:00)\n  a < b"
    reply = message | {
        "thread_ts": "1.0",
        "ephemeral_for": "U1",
        "files": [{"name": "worklog.md", "size": 12}],
    }
    assert message_text(reply, name) == (
        "  gardener (03:00, only Alice sees this, in the thread)\n"
        "    a < b\n    [file worklog.md, 12 bytes]"
    )
