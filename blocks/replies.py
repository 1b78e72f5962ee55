"""Short answers, mostly to one person: mistakes, refusals, confirmations, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from blocks import buttons, card, parts
from blocks.buttons import Act
from blocks.escape import fallback, link, mrkdwn, user
from blocks.message import Message, message
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
    ("", "the same, of this channel's environment"),
    ("{name} 36h service=NAME severity=ERROR", "one service, errors only"),
    ("{name} since 2025-09-12", "from a day on"),
    ("digest {name} 09:00 Europe/Berlin", "every morning in this channel"),
    ("digest off", "no more of it"),
    ("expected {name}", "problems marked as expected"),
    ("why C3", "each reason for a priority"),
    ("diff {name} 00597 00598", "what changed between revisions"),
    ("same C3 C5", "two cards are one problem"),
    ('split C3 "token"', "a part of a card is another"),
    ("rules {name}", "what was taught so"),
)


# --- mistakes ------------------------------------------------------------------------------------


def wrong(sentence: str, suggestion: str | None, query: Act) -> Message:
    """A command that was not understood. `suggestion`: the nearest right one, after /gardener.

    `sentence` says what is wrong and names what exists; the button runs the suggestion.
    """
    said = display.cut(display.one_line(sentence), 1500)
    run = None
    if suggestion:
        typed = f"/gardener {display.one_line(suggestion)}"
        if typed not in said:
            said = f"{said} Did you mean {typed}?"
        run = parts.button("Run it", _run(query, suggestion), label=f"Run {typed}")
    return message(fallback(said), [parts.section(parts.plain_text(said, 2500), run)])


def error(
    problem: GardenerError, *, reference: str | None = None, again: Act | None = None
) -> Message:
    """A failure that has a sentence. `again`: the act that may be tried once more."""
    return _failed(str(problem), reference, again)


def unexpected(reference: str, *, again: Act | None = None) -> Message:
    """A failure of ours that has none: only the log knows more, under the reference."""
    return _failed("Something failed that should not. It is in my log.", reference, again)


def note(sentence: str) -> Message:
    """One sentence as it is: an answer of `access`, a confirmation."""
    return _failed(sentence, None, None)


def not_in_channel(then: Message | None = None) -> Message:
    """Where the bot is no member: told to the asker alone, before the report where there is one."""
    said = "I am not in this conversation, so only you see this. To share: /invite @gardener"
    hint: list[Block] = [parts.context(parts.plain_text(said, 300))]
    if then is None:
        return message(fallback(said), [parts.section(parts.plain_text(said, 300))])
    return Message(then.text, [*(b.to_dict() for b in hint), *then.blocks])


def _failed(sentence: str, reference: str | None, again: Act | None) -> Message:
    said = display.cut(display.one_line(sentence), 2000) or "That did not work."
    if reference:
        said += f" Reference {display.one_line(reference)}."
    retry = None
    if again is not None:
        retry = parts.button(
            "Try again", again.of(buttons.RETRY, again.cluster, again.note or again.kind)
        )
    return message(fallback(said), [parts.section(parts.plain_text(said, 2500), retry)])


# --- help ----------------------------------------------------------------------------------------


def help_(environments: Sequence[Environment], query: Act) -> Message:
    """`/gardener help`."""
    names = ", ".join(display.one_line(e.name) for e in environments) or "none yet"
    said = "Gardener reads a service's log and says what to mend first."
    first = environments[0].name if environments else ""
    name = display.cut(display.one_line(first), 40) or "staging"
    typed = [
        f"/gardener {form.format(name=name)}".rstrip() + f"\n    {meaning}"
        for form, meaning in _FORMS
    ]
    run = parts.button(f"Run {first} 1d", _run(query, f"{first} 1d")) if first else None
    found: list[Block] = [
        parts.section(parts.plain_text(said), run),
        parts.preformatted("\n".join(typed), 1500),
        parts.context(parts.plain_text(f"Environments: {names}", 600)),
    ]
    return message(fallback(f"{said} Try /gardener {first or 'help'}"), found)


# --- the digest's subscription -------------------------------------------------------------------


def subscribed(subscription: Subscription, due: int, *, now: int) -> Message:
    """Seen by the channel. `due`: the first digest, from `next_due`."""
    when = display.since(due, subscription.timezone, now)
    environment = display.one_line(subscription.environment)
    said = (
        f"{environment}: a digest every day at {subscription.at} {subscription.timezone}, "
        f"the first {'today ' if ' ' not in when else ''}{when}."
    )
    off = parts.button(
        "Stop",
        Act(buttons.UNSUBSCRIBE, subscription.environment),
        label=f"Stop the digest of {environment}",
    )
    return message(fallback(said), [parts.section(parts.plain_text(said, 600), off)])


def unsubscribed(removed: Sequence[Subscription]) -> Message:
    """What is no longer sent; with nothing removed it says that there was nothing."""
    if not removed:
        said = "This channel had no digest."
    else:
        names = ", ".join(display.one_line(s.environment) for s in removed)
        said = f"No more digests here of {names}."
    return message(fallback(said), [parts.section(parts.plain_text(said, 900))])


# --- decisions -----------------------------------------------------------------------------------


def expected_list(
    environment: str,
    acknowledgements: Sequence[Acknowledgement],
    *,
    now: int,
    timezone: str,
    names: Mapping[str, str],
    query: Act,
    hits: Mapping[str, int] | None = None,
    broken: Mapping[str, str] | None = None,
) -> Message:
    """`/gardener expected staging`. `names`: cluster id → `C3`, where known.

    By cluster id: `hits` since it was acknowledged, and what broke it (`broken`).
    """
    where = display.one_line(environment)
    if not acknowledgements:
        said = f"{where}: nothing is marked as expected."
        return message(fallback(said), [parts.section(parts.plain_text(said, 300))])
    said = f"{where}: {display.number(len(acknowledgements))} marked as expected."
    found: list[Block] = [parts.section(parts.plain_text(said, 300))]
    for each in acknowledgements[:LISTED]:
        title = display.cut(display.one_line(each.title or each.cluster), 120)
        name = names.get(each.cluster, "")
        undo = card.button_undo(query, each.cluster, buttons.UNDO_EXPECTED, name or title)
        found.append(parts.section(parts.plain_text(f"{name} {title}".strip(), 200), undo))
        since = (hits or {}).get(each.cluster)
        counted = f"{display.number(since)}× since. " if since is not None else ""
        line = f"{counted}{card.acknowledgement_text(each, now=now, timezone=timezone)}"
        if (why := (broken or {}).get(each.cluster)) is not None:
            line = f"→ No longer matches the acknowledgement: {mrkdwn(why, 200)}\n{line}"
        found.append(parts.context(line))
    if len(acknowledgements) > LISTED:
        found.append(parts.context(f"and {len(acknowledgements) - LISTED} more"))
    return message(fallback(said), found)


def saved(decision: Decision, name: str, *, now: int, timezone: str, query: Act) -> Message:
    """What was just decided, with [Undo] where it can be taken back."""
    title = mrkdwn(name, 60)
    undo: str | None = None
    if isinstance(decision, Acknowledgement):
        undo = buttons.UNDO_EXPECTED
        details = card.acknowledgement_text(decision, now=now, timezone=timezone)
        said = f"{title} is expected: {details}"
        short = f"{name} is marked as expected."
    elif isinstance(decision, Claim):
        undo = buttons.UNDO_CLAIM
        said, short = f"{user(decision.by)} is on {title}.", f"{name} is taken care of."
    elif isinstance(decision, Snooze):
        undo = buttons.UNDO_SNOOZE
        said = f"{title}: {card.snoozed_text(decision, now=now, timezone=timezone)}"
        short = f"{name} is snoozed."
    elif isinstance(decision, Override):
        undo = buttons.UNDO_PRIORITY
        said = f"{title} is {decision.priority.name} now, was {decision.was.name}."
        short = f"{name} is {decision.priority.name} now."
    elif isinstance(decision, IssueLink):
        return filed(decision, name)
    else:
        return reconciling()
    button = card.button_undo(query, decision.cluster, undo, name) if undo else None
    return message(fallback(short), [parts.section(said, button)])


def undone(what: str, name: str, query: Act | None = None, cluster: str = "") -> Message:
    """`what`: one of the UNDO_ words. With `query` there is a way back: an issue is tied again."""
    said = {
        buttons.UNDO_EXPECTED: f"{name} is no longer marked as expected.",
        buttons.UNDO_CLAIM: f"Nobody is on {name} now.",
        buttons.UNDO_SNOOZE: f"{name} is no longer snoozed.",
        buttons.UNDO_PRIORITY: f"{name} has the priority that the rules give it.",
        buttons.UNDO_ISSUE: f"{name} is no longer tied to its issue, which stays as it is.",
    }.get(what, f"{name}: taken back.")
    back = card.button_undo(query, cluster, buttons.UNDO_UNLINK, name) if query else None
    return message(fallback(said), [parts.section(parts.plain_text(said, 300), back)])


def nothing_to_undo(name: str) -> Message:
    """Someone else was faster."""
    said = f"{name}: nothing to take back, it was done already."
    return message(fallback(said), [parts.section(parts.plain_text(said, 300))])


def filed(issue: IssueLink, name: str, done: str = "filed as") -> Message:
    """`C1 is filed as #1432 Title`; `done` may be `added to` or `reopened as`."""
    title = display.cut(display.one_line(issue.title), 120)
    text = f"{mrkdwn(name, 60)} is {mrkdwn(done, 40)} {link(issue.url, f'#{issue.number} {title}')}"
    said = f"{name} is {done} #{issue.number}."
    return message(fallback(said), [parts.section(text)])


def reconciling() -> Message:
    """After an unknown outcome of a create."""
    said = (
        "GitHub did not confirm. I check whether the issue exists and answer within a minute. "
        "Clicking again is safe."
    )
    return message(fallback(said), [parts.section(parts.plain_text(said, 400))])


# --- long runs -----------------------------------------------------------------------------------


def joined(environment: str) -> Message:
    """Someone else asked the same a moment ago."""
    said = f"{display.one_line(environment)}: the same is being read already. You get that answer."
    return message(fallback(said), [parts.section(parts.plain_text(said, 300))])


def finished(by: str, report: Report, sentence: str) -> Message:
    """In the thread after more than 30 s, since an edit does not notify. `sentence`: `summary`."""
    text = f"{user(by)} {mrkdwn(sentence, 400)}"
    if not sentence.startswith(report.environment):
        text = f"{user(by)} {mrkdwn(report.environment, 60)}: {mrkdwn(sentence, 400)}"
    return message(text, [parts.section(text)])


def _run(query: Act, command: str) -> Act:
    return Act(buttons.RUN, query.environment, query=command, channel=query.channel)
