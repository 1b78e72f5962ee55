"""Times are shown by one function: tokens where Slack renders them, UTC everywhere else."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks import moments, parts
from blocks.escape import fallback, literal, mrkdwn, plain
from blocks.message import message
from blocks.text import as_text
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Window
from playground.render import plain as page_text
from tests.blocks.judges import judge_message
from tests.paths import ROOT

AT = int(datetime(2025, 9, 12, 3, 10, tzinfo=UTC).timestamp()) * SECOND
NOW = AT + 2 * MINUTE
BOTH = "{date_short_pretty} {time}"
TIMES = st.integers(0, 4_000_000_000).map(lambda seconds: seconds * SECOND)


@pytest.mark.parametrize(
    ("shown", "utc"),
    [
        (moments.clock(AT, NOW), "03:10 UTC"),
        (moments.clock(AT), "12 Sep 03:10 UTC"),
        (moments.clock(AT, NOW + DAY), "12 Sep 03:10 UTC"),
        (moments.clock(AT, NOW + 365 * DAY), "12 Sep 2025 03:10 UTC"),
        (moments.since(AT, NOW + DAY), "Fri 03:10 UTC"),
        (moments.since(AT, NOW), "03:10 UTC"),
        (moments.since(AT, NOW + 7 * DAY), "12 Sep 03:10 UTC"),
        (moments.day(AT, NOW), "today"),
        (moments.day(AT, NOW + DAY), "Fri"),
        (moments.date(AT, NOW), "12 Sep"),
        (moments.date(AT, NOW + 365 * DAY), "12 Sep 2025"),
        (moments.span(AT, AT + HOUR, NOW), "03:10-04:10 UTC"),
        (moments.span(AT, AT, NOW), "03:10 UTC"),
        (moments.span(AT, AT + HOUR, NOW + DAY), "12 Sep 03:10-04:10 UTC"),
        (moments.span(AT - 4 * HOUR, AT, NOW), "11 Sep 23:10 to 12 Sep 03:10 UTC"),
        (moments.span(None, AT, NOW), ""),
        (moments.window(Window(NOW - DAY, NOW), NOW), "last 1 d"),
        (moments.window(Window(AT - DAY, AT), NOW + DAY), "11 Sep 03:10 to 12 Sep 03:10 UTC"),
    ],
)
def test_how_times_are_shown(shown, utc):
    said = f"staging since {shown}: 1 problem"
    assert (
        plain(said, 300)
        == literal(said, 300)
        == fallback(said)
        == f"staging since {utc}: 1 problem"
    )
    assert page_text(mrkdwn(said, 300), str) == f"staging since {utc}: 1 problem"
    section = parts.section(f"*{mrkdwn(said, 300)}*")
    made = message(fallback(said), [section])
    judge_message(made)
    assert as_text(made) == f"staging since {utc}: 1 problem"


def test_a_token_gives_each_reader_their_own_time():
    assert mrkdwn(moments.clock(AT, NOW), 99) == f"<!date^{AT // SECOND}^{BOTH}|03:10 UTC>"
    assert mrkdwn(moments.span(AT, AT + HOUR, NOW), 99) == (
        f"<!date^{AT // SECOND}^{BOTH}|03:10>-<!date^{(AT + HOUR) // SECOND}^{{time}}|04:10 UTC>"
    )
    made = message("x", [parts.section(mrkdwn(moments.span(AT, AT + HOUR, NOW), 99))])
    assert as_text(made, timezone="Asia/Kolkata", now=NOW) == "08:40-09:40 IST"
    assert as_text(made, timezone="America/New_York", now=NOW) == "23:10-00:10 EDT"


@pytest.mark.parametrize("letter", moments.FORMS)
def test_each_form_is_its_example(letter):
    form = moments.FORMS[letter]
    assert moments.in_utc(f"\ue0f0{letter}{AT // SECOND}\ue0f1") == form.example


def test_words_that_mrkdwn_would_change_keep_utc():
    said = parts.sentence(f"{moments.clock(AT, NOW)} `rm` *all*", 99).to_dict()
    assert said == {"type": "plain_text", "text": "03:10 UTC `rm` *all*", "emoji": False}
    assert parts.sentence("no time here", 99).to_dict()["type"] == "plain_text"


@given(
    st.text(alphabet=st.sampled_from("a1 \ue0f0\ue0f1<>&|^!tdTe{}`*")),
    TIMES,
    st.text(max_size=20),
    st.integers(2, 60),
)
def test_no_log_line_forges_a_token_and_no_limit_breaks_one(before, at, after, limit):
    said = f"{before}{moments.clock(at, NOW)}{after}"
    whole = parts.markdown(mrkdwn(said, limit)).text
    judge_message(message("x", [parts.section(parts.markdown(whole))]))
    for text in (whole, plain(said, limit), fallback(said, limit), literal(said, limit)):
        assert not re.search("\ue0f0[a-zA-Z]\\d+", text)


def test_a_log_line_with_a_token_shows_as_written():
    forged = "<!date^0^{date}|x>"
    made = message("x", [parts.section(mrkdwn(forged, 99)), parts.preformatted(forged, 99)])
    assert as_text(made, timezone="Asia/Tokyo", now=NOW).split() == [forged, forged]


def test_messages_show_times_in_no_other_way():
    other = re.compile(r"display\.(?:clock|since|day|date|span|window|moment)\(|strftime|isoformat")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "blocks").glob("*.py"))
        if path.name != "moments.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if other.search(line)
    ]
    assert not found, "use blocks.moments:\n" + "\n".join(found)
