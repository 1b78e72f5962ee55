"""Short answers, mostly to one person: mistakes, refusals, confirmations, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from blocks import buttons, card, moments, parts
from blocks.buttons import Act
from blocks.escape import fallback, link, mrkdwn, user
from blocks.message import Message, message
from bot.core.model.days import Days
from bot.core.model.decisions import Acknowledgement, Claim, Decision, IssueLink, Override, Snooze
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError
from bot.core.model.report import Report
from bot.core.ports import Subscription
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

LISTED = 14

_FORMS = (
    ("{name} 2d", "what went wrong in two days"),
    ("{name}", "the last day"),
    ("", "the last day of this channel's environment"),
    ("{name} 36h service=NAME severity=ERROR", "one service, errors only"),
    ("{name} since Friday 18:00", "from then until now, in your time zone"),
    ("{name} yesterday 09:00 to 12:00", "also: last night, this week, 12 Sep"),
    ("digest {name} 09:00 Europe/Berlin", "every morning in this channel"),
    ("digest {name} weekdays 09:00", "Monday to Friday"),
    ("digest off", "stops the digest"),
    ("watch {name}", "alert this channel to what is new or worse; watch off stops it"),
    ("expected {name}", "problems marked as expected"),
    ("why C3", "each reason for a priority"),
    ("diff {name} 00597 00598", "what changed; without numbers, between the two newest"),
    ("same C3 C5", "two cards are one problem"),
    ('split C3 "token"', "messages with that word become their own card"),
    ("rules {name}", "grouping rules, with undo"),
)


# --- mistakes ------------------------------------------------------------------------------------


def wrong(sentence: str, suggestion: str | None, query: Act) -> Message:
    """Answers a command that was not understood.

    `sentence` explains the mistake and lists what exists; `suggestion` is the nearest valid
    command, after /gardener, which the button runs.
    """
    text = display.cut(display.one_line(sentence), 1500)
    run = None
    if suggestion:
        typed = f"/gardener {display.one_line(suggestion)}"
        if typed not in text:
            text = f"{text} Did you mean {typed}?"
        run = parts.button("Run it", _run(query, suggestion), label=f"Run {typed}")
    return message(fallback(text), [parts.section(parts.plain_text(text, 2500), run)])


def error(
    problem: GardenerError, *, reference: str | None = None, again: Act | None = None
) -> Message:
    """Reports an error that has a message. `again`: the act to offer for another try."""
    return _failed(str(problem), reference, again)


def unexpected(reference: str, *, again: Act | None = None) -> Message:
    """Reports an unexpected error: only the log has details, under the reference."""
    return _failed("Something failed that should not. It is in my log.", reference, again)


def note(sentence: str) -> Message:
    """Shows one sentence unchanged, such as a refusal or a confirmation."""
    return _failed(sentence, None, None)


def not_in_channel(then: Message | None = None) -> Message:
    """Explains, only to the asker, that the bot is not a member; precedes the report if any."""
    text = "I am not in this conversation, so only you see this. To share: /invite @gardener"
    hint: list[Block] = [parts.context(parts.plain_text(text, 300))]
    if then is None:
        return message(fallback(text), [parts.section(parts.plain_text(text, 300))])
    return Message(then.text, [*(b.to_dict() for b in hint), *then.blocks])


def _failed(sentence: str, reference: str | None, again: Act | None) -> Message:
    text = display.cut(display.one_line(sentence), 2000) or "That did not work."
    if reference:
        text += f" Reference {display.one_line(reference)}."
    retry = None
    if again is not None:
        retry = parts.button(
            "Try again", again.of(buttons.RETRY, again.cluster, again.note or again.kind)
        )
    return message(fallback(text), [parts.section(parts.plain_text(text, 2500), retry)])


# --- help ----------------------------------------------------------------------------------------


def help_(environments: Sequence[Environment], query: Act) -> Message:
    """Renders `/gardener help`."""
    names = ", ".join(display.one_line(e.name) for e in environments) or "none yet"
    text = "Gardener reads a service's log and says what to mend first."
    first = environments[0].name if environments else ""
    name = display.cut(display.one_line(first), 40) or "staging"
    typed = [
        f"/gardener {form.format(name=name)}".rstrip() + f"\n    {meaning}"
        for form, meaning in _FORMS
    ]
    run = parts.button(f"Run {first} 1d", _run(query, f"{first} 1d")) if first else None
    found: list[Block] = [
        parts.section(parts.plain_text(text), run),
        parts.preformatted("\n".join(typed), 1800),
        parts.context(parts.plain_text(f"Environments: {names}", 600)),
    ]
    return message(fallback(f"{text} Try /gardener {first or 'help'}"), found)


# --- the digest's subscription -------------------------------------------------------------------


def subscribed(subscription: Subscription, due: int, *, now: int) -> Message:
    """Confirms a subscription in the channel. `due`: the first digest, from `next_due`."""
    when = moments.since(due, now)
    environment = display.one_line(subscription.environment)
    how_often = "on weekdays" if subscription.days is Days.WEEKDAYS else "every day"
    text = (
        f"{environment}: a digest {how_often} at {subscription.at} {subscription.timezone}, "
        f"the first {when}."
    )
    off = parts.button(
        "Stop",
        Act(buttons.UNSUBSCRIBE, subscription.environment),
        label=f"Stop the digest of {environment}",
    )
    return message(fallback(text), [parts.section(parts.sentence(text, 600), off)])


def unsubscribed(removed: Sequence[Subscription]) -> Message:
    """Confirms which digests were stopped, or that there were none."""
    if not removed:
        text = "This channel had no digest."
    else:
        names = ", ".join(display.one_line(s.environment) for s in removed)
        text = f"No more digests here of {names}."
    return message(fallback(text), [parts.section(parts.plain_text(text, 900))])


# --- decisions -----------------------------------------------------------------------------------


def expected_list(
    environment: str,
    acknowledgements: Sequence[Acknowledgement],
    *,
    now: int,
    names: Mapping[str, str],
    query: Act,
    hits: Mapping[str, int] | None = None,
    broken: Mapping[str, str] | None = None,
) -> Message:
    """Renders `/gardener expected staging`. `names`: cluster id → `C3`, if known.

    By cluster id: `hits` since the acknowledgement, and what broke it (`broken`).
    """
    where = display.one_line(environment)
    if not acknowledgements:
        text = f"{where}: nothing is marked as expected."
        return message(fallback(text), [parts.section(parts.plain_text(text, 300))])
    text = f"{where}: {display.number(len(acknowledgements))} marked as expected."
    found: list[Block] = [parts.section(parts.plain_text(text, 300))]
    for each in acknowledgements[:LISTED]:
        title = display.cut(display.one_line(each.title or each.cluster), 120)
        name = names.get(each.cluster, "")
        undo = card.button_undo(query, each.cluster, buttons.UNDO_EXPECTED, name or title)
        found.append(parts.section(parts.plain_text(f"{name} {title}".strip(), 200), undo))
        since = (hits or {}).get(each.cluster)
        counted = f"{display.number(since)}× since. " if since is not None else ""
        line = f"{counted}{card.acknowledgement_text(each, now=now)}"
        if (why := (broken or {}).get(each.cluster)) is not None:
            line = f"→ No longer matches the acknowledgement: {mrkdwn(why, 200)}\n{line}"
        found.append(parts.context(line))
    if len(acknowledgements) > LISTED:
        found.append(parts.context(f"and {len(acknowledgements) - LISTED} more"))
    return message(fallback(text), found)


def saved(decision: Decision, name: str, *, now: int, query: Act) -> Message:
    """Confirms a decision, with [Undo] if it can be undone."""
    title = mrkdwn(name, 60)
    undo: str | None = None
    if isinstance(decision, Acknowledgement):
        undo = buttons.UNDO_EXPECTED
        details = card.acknowledgement_text(decision, now=now)
        text = f"{title} is expected: {details}"
        short = f"{name} is marked as expected."
    elif isinstance(decision, Claim):
        undo = buttons.UNDO_CLAIM
        text, short = f"{user(decision.by)} is on {title}.", f"{name} is taken care of."
    elif isinstance(decision, Snooze):
        undo = buttons.UNDO_SNOOZE
        text = f"{title}: {card.snoozed_text(decision, now=now)}"
        short = f"{name} is snoozed."
    elif isinstance(decision, Override):
        undo = buttons.UNDO_PRIORITY
        text = f"{title} is {decision.priority.name} now, was {decision.was.name}."
        short = f"{name} is {decision.priority.name} now."
    elif isinstance(decision, IssueLink):
        return filed(decision, name)
    else:
        return reconciling()
    button = card.button_undo(query, decision.cluster, undo, name) if undo else None
    return message(fallback(short), [parts.section(text, button)])


def undone(what: str, name: str, query: Act | None = None, cluster: str = "") -> Message:
    """Confirms an undo; `what` is one of the UNDO_ words.

    With `query` it offers to restore what was undone: an issue is linked again.
    """
    text = {
        buttons.UNDO_EXPECTED: f"{name} is no longer marked as expected.",
        buttons.UNDO_CLAIM: f"Nobody is on {name} now.",
        buttons.UNDO_SNOOZE: f"{name} is no longer snoozed.",
        buttons.UNDO_PRIORITY: f"{name} has the priority that the rules give it.",
        buttons.UNDO_ISSUE: f"{name} is no longer tied to its issue, which stays as it is.",
    }.get(what, f"{name}: taken back.")
    back = card.button_undo(query, cluster, buttons.UNDO_UNLINK, name) if query else None
    return message(fallback(text), [parts.section(parts.plain_text(text, 300), back)])


def nothing_to_undo(name: str) -> Message:
    """Answers if somebody else already undid it."""
    text = f"{name}: nothing to take back, it was done already."
    return message(fallback(text), [parts.section(parts.plain_text(text, 300))])


def filed(issue: IssueLink, name: str, done: str = "filed as") -> Message:
    """Renders `C1 is filed as #1432 Title`; `done` may be `added to` or `reopened as`."""
    title = display.cut(display.one_line(issue.title), 120)
    text = f"{mrkdwn(name, 60)} is {mrkdwn(done, 40)} {link(issue.url, f'#{issue.number} {title}')}"
    line = f"{name} is {done} #{issue.number}."
    return message(fallback(line), [parts.section(text)])


def reconciling() -> Message:
    """Explains that the outcome of a create is unknown."""
    text = (
        "GitHub did not confirm. I check whether the issue exists and answer within a minute. "
        "Clicking again is safe."
    )
    return message(fallback(text), [parts.section(parts.plain_text(text, 400))])


# --- long runs -----------------------------------------------------------------------------------


def joined(environment: str) -> Message:
    """Explains that the same report is already being read for somebody else."""
    text = f"{display.one_line(environment)}: the same is being read already. You get that answer."
    return message(fallback(text), [parts.section(parts.plain_text(text, 300))])


def finished(by: str, report: Report, sentence: str) -> Message:
    """Announces in the thread that a run of over 30 s is done: an edit does not notify.

    `sentence` is the report's `summary`.
    """
    if not sentence.startswith(report.environment):
        sentence = f"{display.one_line(report.environment)}: {sentence}"
    text = f"{user(by)} {fallback(sentence, 460)}"
    return message(text, [parts.section(f"{user(by)} {mrkdwn(sentence, 460)}")])


def _run(query: Act, command: str) -> Act:
    return Act(buttons.RUN, query.environment, query=command, channel=query.channel)
