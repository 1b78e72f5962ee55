from __future__ import annotations

from typing import TYPE_CHECKING

from blocks import buttons, home, replies
from blocks import report as draw
from blocks.buttons import Act
from blocks.message import Message
from blocks.text import as_text
from bot.core.model.decisions import Claim, Decisions
from bot.core.model.environment import Environment
from bot.core.model.errors import Refused
from bot.core.model.values import HOUR, MINUTE
from bot.core.ports import Subscription
from tests.blocks.judges import judge_message, judge_view
from tests.fakes.reports import JWT, LEGACY, NOW, SESSION, acknowledgement, issue, report

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

QUERY = Act("report", "staging", query="staging 2d")
STAGING = Environment("staging", "netra-staging", ("netra-backend-staging",), "acme/backend")
DIGEST = Subscription("staging", "C0OPS", "09:00", "Europe/Berlin", "U0ANA", NOW)


def say(message: Message) -> str:
    judge_message(message)
    return as_text(message, names={"U0ANA": "Ana", "C0OPS": "ops"})


def first_act(message: Message) -> Act:
    accessory = message.blocks[0]["accessory"]
    return Act.decode(accessory["value"])  # type: ignore[index]


def test_a_wrong_command_gets_the_nearest_right_one() -> None:
    message = replies.wrong(
        'I know no "stagin". Did you mean /gardener staging 2d? Known: staging, prod.',
        "staging 2d",
        QUERY,
    )
    assert say(message) == (
        'I know no "stagin". Did you mean /gardener staging 2d? Known: staging, prod.  [Run it]'
    )
    assert first_act(message) == Act(buttons.RUN, "staging", query="staging 2d")


def test_a_suggestion_that_the_sentence_lacks_is_added() -> None:
    assert "Did you mean /gardener staging 2d?  [Run it]" in say(
        replies.wrong("That is no window.", "staging 2d", QUERY)
    )
    assert "[" not in say(replies.wrong("That is no window.", None, QUERY))


def test_an_error_is_its_sentence_with_the_reference() -> None:
    again = QUERY.of(buttons.EVIDENCE, "c-1")
    message = replies.error(Refused("Google refused."), reference="7f3a", again=again)
    assert say(message) == "Google refused. Reference 7f3a.  [Try again]"
    act = first_act(message)
    assert (act.kind, act.note, act.cluster) == (buttons.RETRY, buttons.EVIDENCE, "c-1")


def test_where_the_bot_is_no_member_it_names_the_invitation() -> None:
    wanted = "I am not in this conversation, so only you see this. To share: /invite @gardener"
    assert say(replies.not_in_channel()) == wanted
    whole = draw.report(report(), now=NOW, age=None, query=QUERY, more=False)
    assert say(replies.not_in_channel(whole)).startswith(wanted + "\nstaging, last 2 d")


def test_decisions_are_confirmed_with_undo() -> None:
    kept = {"now": NOW, "query": QUERY}
    shown = say(replies.saved(acknowledgement(), "C3", **kept))  # type: ignore[arg-type]
    assert shown == (
        "C3 is expected: @Ana, 13 Sep, until 20 Sep, up to 5 a day: sign-ups in staging  [Undo]"
    )
    claim = replies.saved(Claim("c-1", "U0ANA", NOW), "C1", **kept)  # type: ignore[arg-type]
    assert say(claim) == "@Ana is on C1.  [Undo]"
    assert first_act(claim).note == buttons.UNDO_CLAIM
    filed = say(replies.saved(issue(), "C1", **kept))  # type: ignore[arg-type]
    assert filed.startswith("C1 is filed as #1432 ")
    assert say(replies.undone(buttons.UNDO_CLAIM, "C1")) == "Nobody is on C1 now."


def test_lists_and_the_rest(snapshot: SnapshotAssertion) -> None:
    shown = [
        say(replies.help_([STAGING], QUERY)),
        say(replies.subscribed(DIGEST, NOW + 4 * HOUR, now=NOW)),
        say(replies.unsubscribed([DIGEST])),
        say(replies.unsubscribed([])),
        say(
            replies.expected_list(
                "staging",
                [acknowledgement()],
                now=NOW,
                names={"c-jwt": "C3"},
                query=QUERY,
            )
        ),
        say(replies.expected_list("staging", [], now=NOW, names={}, query=QUERY)),
        say(replies.reconciling()),
        say(replies.joined("staging")),
        say(replies.unexpected("7f3a")),
        say(replies.finished("U0ANA", report(), draw.summary(report(), NOW + MINUTE, QUERY))),
    ]
    assert "\n---\n".join(shown) == snapshot


def test_the_home_tab(snapshot: SnapshotAssertion) -> None:
    for environments, subscriptions in (([STAGING], [DIGEST]), ([], [])):
        view = home.home(
            environments,
            subscriptions,
            now=NOW,
            latest={"staging": report()} if environments else {},
        )
        judge_view(view)
        assert as_text(Message("", view["blocks"])) == snapshot  # type: ignore[arg-type]


def test_the_home_tab_counts_problems_as_the_report_does() -> None:
    acknowledge = {"c-jwt": Decisions(expected=acknowledgement())}
    latest = {"staging": report(LEGACY, SESSION, JWT).with_decisions(acknowledge)}
    view = home.home([STAGING], [], now=NOW, latest=latest)
    assert "2 problems, 1 new, 1 expected, worst P2" in as_text(
        Message("", view["blocks"])  # type: ignore[arg-type]
    )


def test_without_blocks_the_fallback_is_the_text() -> None:
    assert as_text(Message("a &lt;b&gt; &amp; c")) == "a <b> & c"
