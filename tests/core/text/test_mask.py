"""What varies in a message becomes a slot; what says what happened stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text.mask import (
    MASKS,
    MaskRule,
    collapse,
    mask,
)
from bot.core.text.redact import redact


@pytest.mark.parametrize("rule", MASKS, ids=lambda rule: rule.name)
def test_each_rule_does_what_its_row_says(rule: MaskRule):
    assert mask(rule.example) == rule.example_masked
    assert not rule.pattern.search(collapse(rule.counter))


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        # What says which problem it is stays, quoted or not.
        ("No module named 'auth_service'", "No module named 'auth_service'"),
        ("'X' object has no attribute 'configure'", "'X' object has no attribute 'configure'"),
        (
            "Message loop error: Invalid message type 'legacy_response': Unknown type: 'a'",
            "Message loop error: Invalid message type 'legacy_response': Unknown type: 'a'",
        ),
        ("java.net.ConnectException: refused", "java.net.ConnectException: refused"),
        ("must be installed to access request.session", "must be installed to access request.session"),
        ('level=error msg="disk full" user="ana"', 'level=<*> msg="disk full" user=<*>'),
        (
            "rpc error: code = Unavailable desc = no route, status=FAILED",
            "rpc error: code = Unavailable desc = no route, status=FAILED",
        ),
        # What varies goes.
        ("exit code=5, errno = 110, status=200", "exit code=<*>, errno = <*>, status=<*>"),
        ("Container called exit(3).", "Container called exit(<*>)."),
        ("timeout after 25.0s", "timeout after <*>"),
        ("did not reach 'services' within 1.2s - WebSocket 1011", "did not reach 'services' within <*> - WebSocket <*>"),
        (
            "Created user ***@example.org from JWT=REDACTED (env: staging, user_id: 10812417..., demo_mode: False)",
            "Created user <*> from JWT=<*> (env: <*>, user_id: <*>, demo_mode: <*>)",
        ),
        ('10.0.0.1:80 - "GET /a/b?c=1 HTTP/1.1" 200', '<*> - "GET <*> HTTP/<*>" <*>'),
        ("from 2001:db8::1 and ::1", "from <*> and <*>"),
        ("temperature -3 to +5", "temperature <*> to <*>"),
        (r"open C:\Windows\x.dll and \\host\share", "open <*> and <*>"),
        ("pod web-7d4b9c6f5-x2x9z of 00598-qss", "pod web-<*> of <*>"),
        ("rdd_42_20, blk_-389", "rdd_<*>, blk_<*>"),
        ("fans ( 3552 3534 3375 )", "fans ( <*> )"),
        # Embedded JSON is known by its keys.
        ('error: {"message": "Missing", "n": [1, {"a": null}]}', 'error: {"message": <*>, "n": [<*>, {"a": <*>}]}'),
        (r'got {\"a\": \"b\", \"c\":1}', r'got {\"a\": <*>, \"c\": <*>}'),
        ("config {'size': 5, 'echo': False, 'pool': Foo('x')}", "config {'size': <*>, 'echo': <*>, 'pool': <*>}"),
        ('cut off {"a": "b", "c": "no end', 'cut off {"a": <*>, "c": <*>'),
        # An exception without text is not one with.
        ("Session failed: ", "Session failed:"),
        ("", ""),
        ("   ", ""),
        ("?", "?"),
    ],
)  # fmt: skip
def test_what_stays_and_what_goes(line: str, masked: str):
    assert mask(line) == masked


@pytest.mark.parametrize(
    "glyph", ["\U0001f511", "[\U0001f511]", "[?]", "?", "[U+1F511]", "\u26a0\ufe0f", ""]
)
def test_a_glyph_in_front_is_one_message_in_all_its_forms(glyph: str):
    assert mask(f"{glyph} USER AUTO-CREATED: done") == "USER AUTO-CREATED: done"


@pytest.mark.parametrize("name", ["e\u0301te\u0301", "\u202eשלום", "日本語", "\x00\x01", "\ud800"])
def test_any_script_and_binary_passes(name: str):
    assert mask(f"hello {name} 5").endswith(f"{name} <*>")


LETTERS = "abz019AZ-+._/\\:=,;'\"()[]{}<>*@#%?~ \n\té🔑"
PIECES = [
    "<*>",
    "0x1f",
    "9f86d081...",
    "true",
    "a=b",
    "k: v",
    '{"a": 1, ',
    "Jan 5",
    "KB",
    "/a/b",
    "x.com",
    "://",
    "REDACTED",
]
messy = st.lists(st.one_of(st.sampled_from(PIECES), st.text(LETTERS, max_size=6)), max_size=12).map(
    "".join
)


@given(st.one_of(messy, st.text()))
def test_it_depends_on_the_collapsed_text_alone(text: str):
    assert mask(text) == mask(collapse(text))


@given(st.one_of(messy, st.text()))
def test_a_rule_matches_only_where_what_it_needs_stands(text: str):
    for rule in MASKS:
        if rule.needs and not any(need in text for need in rule.needs):
            assert not rule.pattern.search(text)


@given(
    st.sampled_from(["user {} left", "id={}", "for {}: no", "x-{}", "({})", "{}"]),
    st.one_of(
        st.from_regex(r"[0-9]{16,30}", fullmatch=True),
        st.uuids().map(str),
        st.from_regex(r"[0-9a-f]{24,40}", fullmatch=True),
        st.from_regex(r"[g-z][0-9][A-Za-z0-9]{22,40}", fullmatch=True),
    ),
)
def test_an_id_that_redaction_cut_masks_like_the_whole(message: str, name: str):
    if any(c in "0123456789" for c in name[:8]):
        assert mask(redact(message.format(name))) == mask(message.format(name))


SHAPES = [
    "a", "0", "0a", ".", "a.", "/", "/a", "a/", "a-", "-", "=", "a=", '"', "\\", '\\"', "{", '{"', '{"a":', '{"a":"',
    "[", "[?", "?", "\U0001f511", "<*>", "<*> ", "<*>, ", "a@", "a@b.", "a://", "Mon ", "Jan 0 ", "0:", " :", "f:",
    "f-", "a: b, ", "(a: ", "e\u0301", "\u202ea", "\x00", "{'a': ", " []", "true ", " ~0", "x_", "a=b(", "1 KB ", "~",
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_lines_are_masked_in_linear_time(shape: str):
    # Past the limit nothing is looked at, so the rules are held to the whole of a long text. At
    # this length a rule that takes quadratic time runs into the test's time-out of a minute.
    text = collapse((shape * 131_072)[:131_072]) + "!"
    for rule in MASKS:
        if rule.may_match(text):
            rule.pattern.sub(rule.replacement, text)


def test_a_line_of_256_kib_has_a_short_mask():
    assert len(mask("x" * 262_144) + mask("key=value " * 26_214)) < 10_000


def test_a_slot_swallows_no_neighbour():
    assert re.findall(r"\w+", mask("took 5 ms, then 10.0.0.1 left at 12:00 with code -1")) == [
        *("took", "then", "left", "at", "with", "code"),
    ]


WORDS = ["user", "10.0.0.1", "5", "7 ms", "2.5 KB", "a=b", "(x: y, z: 7)", "/a/b", "x.com", "true", "Jan 5", "3f2e9a10-1b2c",
         "blk_7", "[1, 2]", '{"a": [1, {"b": "c"}]}', "'a'", "-", ":", "failed:", "Foo@1a2b", "web-598-qss", "***@x.org", "k=",
         "pool=Foo(1, 2 - 3)", "https://x.org/?a=b", "()", "20 %", "null", "a/b/c.py:12"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join))
def test_a_masked_message_masks_to_itself(text: str):
    # The registry finds a cluster of an older mask by masking its message again.
    assert mask(mask(text)) == mask(text)
