"""The stand-in's Block Kit rules: Slack's limits, against two independent libraries and slack_sdk."""

import json

import blockkit
import pytest
import slackblocks
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models import blocks as sdk

from playground.slack.blockkit import (
    ALL_TEXT,
    block_problems,
    message_error,
    text_total,
    view_error,
)


def plain(text):
    return {"type": "plain_text", "text": text}


def mrkdwn(text):
    return {"type": "mrkdwn", "text": text}


def section(text="hello", **more):
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action_id="go", **more):
    return {"type": "button", "action_id": action_id, "text": plain("Go"), **more}


def actions(*elements, **more):
    return {"type": "actions", "elements": list(elements), **more}


def option(value, text="An option"):
    return {"text": plain(text), "value": value}


def options(count):
    return [option(f"v{i}") for i in range(count)]


def radio(count=2, **more):
    return {"type": "radio_buttons", "action_id": "r", "options": options(count), **more}


def entry(element=None, **more):
    return {
        "type": "input",
        "label": plain("Why?"),
        "element": element or {"type": "plain_text_input", "action_id": "t"},
        **more,
    }


def modal(*blocks, **more):
    return {
        "type": "modal",
        "title": plain("Form"),
        "submit": plain("Send"),
        "blocks": list(blocks) or [section()],
        **more,
    }


def rich(*elements):
    return {"type": "rich_text", "elements": list(elements)}


def pre(*texts):
    parts = [{"type": "text", "text": text} for text in texts]
    return {"type": "rich_text_preformatted", "elements": parts}


def says(blocks, surface="message"):
    return [str(problem) for problem in block_problems(blocks, surface)]


ACCEPTED = {
    "section": section(),
    "section at the limit": section("x" * 3000),
    "fields": {"type": "section", "fields": [mrkdwn("x" * 2000)] * 10},
    "overflow": section(accessory={"type": "overflow", "action_id": "o", "options": options(5)}),
    "25 buttons": actions(*(button(f"b{i}") for i in range(25))),
    "styled button": actions(button(style="danger", value="v" * 2000)),
    "confirmation": actions(
        button(
            confirm={
                "title": plain("Sure?"),
                "text": mrkdwn("Really"),
                "confirm": plain("Yes"),
                "deny": plain("No"),
            }
        )
    ),
    "header": {"type": "header", "text": plain("x" * 150)},
    "context": {"type": "context", "elements": [mrkdwn("x")] * 10},
    "divider": {"type": "divider", "block_id": "b"},
    "image": {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A chart"},
    "preformatted": rich(pre("a `backtick` <stays> & is literal")),
    "list": rich(
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
            ],
        }
    ),
    "radio": section(accessory=radio(10, initial_option=option("v3"))),
    "input in a message": entry(),
}


@pytest.mark.parametrize("block", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_slack_takes_is_taken(block):
    assert says([block]) == []


REFUSED = {
    "text too long": (
        section("x" * 3001),
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "empty text": (
        section(""),
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    "no text": (
        {"type": "section"},
        "must define either `text` or `fields` [json-pointer:/blocks/0]",
    ),
    "text is a string": (
        {"type": "section", "text": "x"},
        "must provide an object [json-pointer:/blocks/0/text]",
    ),
    "unknown kind": (
        {"type": "carousel"},
        "unsupported type: carousel [json-pointer:/blocks/0/type]",
    ),
    "no kind": ({}, "missing required field: type [json-pointer:/blocks/0]"),
    "unknown key": (
        section(colour="red"),
        "invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    "emoji in mrkdwn": (
        {"type": "section", "text": {**mrkdwn("x"), "emoji": True}},
        "invalid additional property: emoji [json-pointer:/blocks/0/text]",
    ),
    "mrkdwn header": (
        {"type": "header", "text": mrkdwn("x")},
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    "long header": (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "mrkdwn button": (
        actions({**button(), "text": mrkdwn("x")}),
        "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
    ),
    "long button text": (
        actions({**button(), "text": plain("x" * 76)}),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "long button value": (
        actions(button(value="x" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "number as value": (
        actions(button(value=3)),
        "must provide a string [json-pointer:/blocks/0/elements/0/value]",
    ),
    "unknown style": (
        actions(button(style="secondary")),
        "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]",
    ),
    "null style": (
        actions(button(style=None)),
        "must provide a string [json-pointer:/blocks/0/elements/0/style]",
    ),
    "26 buttons": (
        actions(*(button(f"b{i}") for i in range(26))),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "no buttons": (actions(), "must provide at least 1 items [json-pointer:/blocks/0/elements]"),
    "text input among actions": (
        actions({"type": "plain_text_input", "action_id": "t"}),
        "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    "same action twice": (
        actions(button("go"), button("go")),
        '`action_id` "go" already exists [json-pointer:/blocks/0/elements/1/action_id]',
    ),
    "long action id": (
        actions(button("x" * 256)),
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    "overflow of six": (
        section(accessory={"type": "overflow", "action_id": "o", "options": options(6)}),
        "no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    "overflow of one": (
        section(accessory={"type": "overflow", "action_id": "o", "options": options(1)}),
        "must provide at least 2 items [json-pointer:/blocks/0/accessory/options]",
    ),
    "eleven radios": (
        section(accessory=radio(11)),
        "no more than 10 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    "initial option unknown": (
        section(accessory=radio(2, initial_option=option("other"))),
        "must exactly match one of the options [json-pointer:/blocks/0/accessory/initial_option]",
    ),
    "long option value": (
        section(accessory=radio(0, options=[option("x" * 151)])),
        "must be less than 151 characters [json-pointer:/blocks/0/accessory/options/0/value]",
    ),
    "eleven in context": (
        {"type": "context", "elements": [mrkdwn("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "button in context": (
        {"type": "context", "elements": [button()]},
        "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
    ),
    "eleven fields": (
        {"type": "section", "fields": [mrkdwn("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "long field": (
        {"type": "section", "fields": [mrkdwn("x" * 2001)]},
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "picture without words": (
        {"type": "image", "image_url": "https://example.com/a.png"},
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    "picture of this machine": (
        {"type": "image", "image_url": "http://127.0.0.1:80/a.png", "alt_text": "x"},
        "downloading image failed [json-pointer:/blocks/0/image_url]",
    ),
    "empty rich text": (
        rich(pre("")),
        "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
    ),
    "bold that is a word": (
        rich(
            {
                "type": "rich_text_section",
                "elements": [{"type": "text", "text": "x", "style": "bold"}],
            }
        ),
        "must provide an object [json-pointer:/blocks/0/elements/0/elements/0/style]",
    ),
    "text straight in rich_text": (
        rich({"type": "text", "text": "x"}),
        "unsupported type: text [json-pointer:/blocks/0/elements/0/type]",
    ),
    "mention in preformatted": (
        rich({"type": "rich_text_preformatted", "elements": [{"type": "user", "user_id": "U1"}]}),
        "unsupported type: user [json-pointer:/blocks/0/elements/0/elements/0/type]",
    ),
    "label in mrkdwn": (
        {**entry(), "label": mrkdwn("x")},
        "unsupported type: mrkdwn [json-pointer:/blocks/0/label/type]",
    ),
    "button in input": (
        entry(button()),
        "unsupported type: button [json-pointer:/blocks/0/element/type]",
    ),
    "long initial value": (
        entry({"type": "plain_text_input", "action_id": "t", "initial_value": "x" * 3001}),
        "must be less than 3001 characters [json-pointer:/blocks/0/element/initial_value]",
    ),
    "least above most": (
        entry({"type": "plain_text_input", "min_length": 9, "max_length": 3}),
        "`min_length` must not be more than `max_length` [json-pointer:/blocks/0/element]",
    ),
}


@pytest.mark.parametrize(("block", "complaint"), REFUSED.values(), ids=REFUSED.keys())
def test_what_slack_refuses_is_refused_in_its_words(block, complaint):
    assert complaint in says([block])


def test_a_union_is_reported_as_slack_reports_it():
    assert says([section("x" * 3001)]) == [
        "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]


def test_fifty_blocks_in_a_message_and_a_hundred_in_a_view():
    assert says([section()] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]
    assert says([section()] * 50) == []
    assert says([section()] * 100, "modal") == []
    assert says([section()] * 101, "home") == [
        "no more than 100 items allowed [json-pointer:/blocks]"
    ]


def test_a_block_id_appears_once():
    assert says([section(block_id="a"), section(block_id="a")]) == [
        '`block_id` "a" already exists [json-pointer:/blocks/1/block_id]'
    ]


def test_the_same_action_id_may_stand_in_two_blocks():
    assert says([actions(button("go")), actions(button("go"))]) == []


def test_all_text_together_has_a_limit_that_slack_does_not_document():
    fits = [section("x" * 2750)] * 4
    assert text_total(fits) == ALL_TEXT
    assert message_error(fits) is None
    assert message_error([*fits, section("x")]) == ("msg_blocks_too_long", [])


def test_some_blocks_are_for_messages_only():
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    markdown = {"type": "markdown", "text": "# x"}
    assert says([table, markdown]) == []
    assert says([table, markdown], "modal") == [
        "unsupported type: table [json-pointer:/blocks/0/type]",
        "unsupported type: markdown [json-pointer:/blocks/1/type]",
    ]
    refusal = message_error([table, table])
    assert refusal
    assert refusal[0] == "invalid_attachments"


def view_says(view, surface="modal"):
    code, problems = view_error(view, surface) or (None, [])
    assert code == "invalid_arguments"
    return [str(problem) for problem in problems]


def test_views_that_slack_takes():
    assert view_error(modal(entry(), private_metadata="x" * 3000), "modal") is None
    assert view_error({"type": "home", "blocks": [section()]}, "home") is None


@pytest.mark.parametrize(
    ("view", "complaint"),
    [
        (
            modal(title=plain("x" * 25)),
            "must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        (modal(title=mrkdwn("x")), "unsupported type: mrkdwn [json-pointer:/view/title/type]"),
        ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
        (
            modal(private_metadata="x" * 3001),
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        (
            modal(submit_disabled=False),
            "invalid additional property: submit_disabled [json-pointer:/view]",
        ),
        (modal(submit=None), "must provide an object [json-pointer:/view/submit]"),
        (
            {"type": "modal", "title": plain("x"), "blocks": [section(), entry()]},
            "must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/1/input]",
        ),
        (
            modal(section("x" * 3001)),
            "must be less than 3001 characters [json-pointer:/view/blocks/0/text/text]",
        ),
        ({"type": "home", "blocks": []}, "unsupported type: home [json-pointer:/view/type]"),
        ("form", "must provide an object [json-pointer:/view]"),
    ],
)
def test_views_that_slack_refuses(view, complaint):
    assert complaint in view_says(view)
    assert "failed to match all allowed schemas [json-pointer:/view]" in view_says(view)


def test_a_view_over_250_kilobytes_is_too_large():
    many = [section("ü" * 3000, block_id=str(i)) for i in range(50)]
    assert view_error(modal(*many), "modal") == ("view_too_large", [])


SDK = [
    sdk.SectionBlock(
        text="*hello*", accessory=sdk.ButtonElement(text="Go", action_id="go", value="v")
    ),
    sdk.SectionBlock(fields=["a", "b"]),
    sdk.ContextBlock(elements=[sdk.MarkdownTextObject(text="x")]),
    sdk.HeaderBlock(text="Title"),
    sdk.DividerBlock(),
    sdk.ActionsBlock(
        elements=[
            sdk.ButtonElement(
                text="Go",
                action_id="a",
                style="primary",
                confirm=sdk.ConfirmObject(title="Sure?", text="Really?", confirm="Yes", deny="No"),
            ),
            sdk.StaticSelectElement(
                action_id="b", placeholder="Choose", options=[sdk.Option(value="1", text="One")]
            ),
            sdk.OverflowMenuElement(
                action_id="c",
                options=[sdk.Option(value="1", text="One"), sdk.Option(value="2", text="Two")],
            ),
        ]
    ),
    sdk.InputBlock(
        label="Why?",
        hint="A sentence",
        element=sdk.PlainTextInputElement(action_id="t", multiline=True, max_length=300),
    ),
    sdk.InputBlock(
        label="How long?",
        element=sdk.RadioButtonsElement(
            action_id="r",
            options=[sdk.Option(value="7", text="7 days"), sdk.Option(value="30", text="30 days")],
            initial_option=sdk.Option(value="7", text="7 days"),
        ),
    ),
    sdk.InputBlock(
        label="Tell?",
        optional=True,
        element=sdk.CheckboxesElement(
            action_id="k", options=[sdk.Option(value="y", text="Tell this channel")]
        ),
    ),
    sdk.ImageBlock(image_url="https://example.com/a.png", alt_text="A chart", title="Chart"),
    sdk.RichTextBlock(
        elements=[
            sdk.RichTextSectionElement(
                elements=[
                    sdk.RichTextElementParts.Text(
                        text="x", style=sdk.RichTextElementParts.TextStyle(bold=True)
                    )
                ]
            ),
            sdk.RichTextPreformattedElement(
                elements=[sdk.RichTextElementParts.Text(text="log line")], border=0
            ),
            sdk.RichTextListElement(
                style="bullet",
                elements=[
                    sdk.RichTextSectionElement(
                        elements=[
                            sdk.RichTextElementParts.Link(url="https://example.com", text="y")
                        ]
                    )
                ],
            ),
        ]
    ),
]


@pytest.mark.parametrize("block", SDK, ids=lambda block: block.type)
def test_what_slack_sdks_models_write_is_taken(block):
    # As it goes over the wire: the models' own dictionaries hold objects.
    assert says([json.loads(json.dumps(block.to_dict()))]) == []


@pytest.mark.parametrize(
    ("limit", "build"),
    [
        (3000, lambda n: (lambda: slackblocks.SectionBlock("x" * n), section("x" * n))),
        (
            150,
            lambda n: (
                lambda: slackblocks.HeaderBlock("x" * n),
                {"type": "header", "text": plain("x" * n)},
            ),
        ),
        (
            75,
            lambda n: (
                lambda: slackblocks.ActionsBlock([slackblocks.Button("x" * n, "go")]),
                actions({**button(), "text": plain("x" * n)}),
            ),
        ),
        (
            2000,
            lambda n: (
                lambda: slackblocks.ActionsBlock([slackblocks.Button("x", "go", value="x" * n)]),
                actions(button(value="x" * n)),
            ),
        ),
        (
            255,
            lambda n: (
                lambda: slackblocks.ActionsBlock([slackblocks.Button("x", "x" * n)]),
                actions(button("x" * n)),
            ),
        ),
        (
            25,
            lambda n: (
                lambda: slackblocks.ActionsBlock(
                    [slackblocks.Button("x", f"b{i}") for i in range(n)]
                ),
                actions(*(button(f"b{i}") for i in range(n))),
            ),
        ),
        (
            10,
            lambda n: (
                lambda: slackblocks.ContextBlock([slackblocks.Text("x")] * n),
                {"type": "context", "elements": [mrkdwn("x")] * n},
            ),
        ),
    ],
)
@pytest.mark.parametrize("over", [0, 1])
def test_both_draw_the_line_at_the_same_place(limit, build, over):
    theirs, ours = build(limit + over)
    try:
        theirs()
        taken = True
    except slackblocks.InvalidUsageError:
        taken = False
    assert taken is (over == 0)
    assert (says([ours]) == []) is taken


BLOCKKIT = [
    blockkit.Section(text="hello", accessory=blockkit.Button("Go", action_id="a", value="v")),
    blockkit.Header("Title"),
    blockkit.Divider(),
    blockkit.Context([blockkit.Text("x")]),
    blockkit.Actions([blockkit.Button("Go", action_id="a", style=blockkit.Button.DANGER)]),
    blockkit.Input("Why?", blockkit.PlainTextInput(action_id="t", multiline=True)),
    blockkit.RichText([blockkit.RichTextPreformatted([blockkit.RichTextEl("log line")])]),
    blockkit.Section(
        "x",
        accessory=blockkit.Overflow(
            options=[blockkit.Option("One", "1"), blockkit.Option("Two", "2")], action_id="o"
        ),
    ),
]


@pytest.mark.parametrize("block", BLOCKKIT, ids=lambda block: type(block).__name__)
def test_what_blockkit_writes_is_taken(block):
    assert says([block.build()]) == []


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "text",
                    "fields",
                    "accessory",
                    "elements",
                    "element",
                    "options",
                    "option_groups",
                    "initial_option",
                    "initial_options",
                    "value",
                    "action_id",
                    "block_id",
                    "label",
                    "image_url",
                    "slack_file",
                    "title",
                ]
            ),
            inner
            | st.sampled_from(
                [
                    "section",
                    "actions",
                    "context",
                    "input",
                    "rich_text",
                    "button",
                    "overflow",
                    "radio_buttons",
                    "image",
                    "modal",
                    "static_select",
                    "mrkdwn",
                    "plain_text",
                    "rich_text_section",
                    "rich_text_list",
                    "table",
                ]
            ),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(JUNK)
def test_no_junk_makes_the_rules_stumble(junk):
    message_error(junk)
    message_error([junk])
    view_error(junk, "modal")
    view_error({"type": "modal", "blocks": junk}, "modal")
