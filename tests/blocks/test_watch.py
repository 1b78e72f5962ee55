from __future__ import annotations

from dataclasses import replace

from blocks import watch as draw
from blocks.buttons import Act
from blocks.message import Message
from blocks.text import as_text
from bot.core.model.report import Ended, Silence
from bot.core.model.values import MINUTE, Priority
from bot.core.model.watching import Alert, Watch
from tests.blocks.judges import judge_message
from tests.fakes.reports import LEGACY, NOW, crash_report, report

QUERY = Act("report", "staging", query="staging 1h", report="r-1")
ALERT = Alert("17.5", ("c-1",), Priority.P0, NOW)


def shown(message: Message) -> str:
    judge_message(message)
    return as_text(message)


def test_a_problem_names_the_group_only_if_it_is_p0() -> None:
    crash = crash_report()
    card = crash.cards[0]
    text = str(draw.problem(card, crash, now=NOW, query=QUERY, mention="S0ONCALL").blocks)
    assert card.priority is Priority.P0
    assert "<!subteam^S0ONCALL>" in text
    other = report(LEGACY)
    text = str(draw.problem(other.cards[0], other, now=NOW, query=QUERY, mention="S0ONCALL").blocks)
    assert "subteam" not in text
    hostile = draw.problem(card, crash, now=NOW, query=QUERY, mention="S1> <!channel")
    assert "!channel" not in str(hostile.blocks)


def test_the_fallback_says_which_environment_how_bad_and_what() -> None:
    crash = crash_report()
    message = draw.problem(crash.cards[0], crash, now=NOW, query=QUERY)
    judge_message(message)
    assert message.text.startswith("staging: P0, new. ")
    assert crash.cards[0].cluster.title[:40] in message.text


def test_a_problem_that_ended_says_since_when() -> None:
    crash = crash_report()
    (incident,) = crash.incidents
    ended = replace(incident, ended=Ended(NOW - 5 * MINUTE, "00613-fix served 417 requests"))
    crash = replace(crash, incidents=(ended,))
    text = shown(draw.problem(crash.cards[0], crash, now=NOW, query=QUERY, times=2))
    assert "for the 2nd time, over since" in text


def test_the_answers_in_its_thread() -> None:
    said = "16 crashes in 7 min; 00613-fix served 417 requests without it"
    assert said in shown(draw.over(said, at=NOW, now=NOW))
    card = crash_report().cards[0]
    assert "Again, for the 3rd time: 15 times." in shown(draw.again(replace(ALERT, times=3), card))
    assert "It is P0 now." in shown(draw.worse(mention="S0ONCALL"))


def test_a_silence_and_the_confirmations() -> None:
    silence = Silence(
        "shop", NOW, "shop has logged nothing since {since} while 312 requests arrived"
    )
    text = shown(draw.silence(silence, "staging", now=NOW))
    assert "staging: shop has logged nothing since 03:12" in text
    watch = Watch("staging", "C0OPS", 300, Priority.P1, "U0ALICE", NOW)
    assert "every 5 min" in shown(draw.watching(watch))
    assert "P0 to P1" in shown(draw.watching(watch))
    assert "no longer watch staging" in shown(draw.unwatched([watch]))
    assert "This channel had no watch" in shown(draw.unwatched([]))
    assert "12 alerts" in shown(draw.capped("staging", 12))
