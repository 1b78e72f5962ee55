"""The buttons and the menu of a card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blocks import buttons, parts
from blocks.buttons import OFFERED
from blocks.escape import web
from bot.core.model.report import Card, Cluster

if TYPE_CHECKING:
    from slack_sdk.models.blocks import ButtonElement, OverflowMenuElement

    from blocks.card import Setting


def issue_link(cluster: Cluster, at: Setting) -> ButtonElement | None:
    """Returns the button `#1432 ↗` or `#1432 closed ↗`; None without an issue."""
    issue = cluster.decisions.issue
    if issue is None:
        return None
    closed = " closed" if issue.state == "closed" else ""
    return parts.button(
        f"#{issue.number}{closed} ↗",
        at.query.of(buttons.OPEN_ISSUE, cluster.id),
        url=issue.url if web(issue.url) else None,
        label=f"Open issue {issue.number} on GitHub",
    )


def issue_buttons(card: Card, at: Setting) -> Sequence[ButtonElement]:
    """Returns the link to the issue, and the button that creates one where that is possible."""
    cluster = card.cluster
    link = issue_link(cluster, at)
    create = parts.button(
        "Create issue" if link is None else "File again",
        at.query.of(buttons.CREATE_ISSUE, cluster.id),
        label=f"Create a GitHub issue for {cluster.name}",
    )
    if cluster.deleted is not None:
        return [link] if link else []
    if link is None:
        return [create]
    issue = cluster.decisions.issue
    return [link, create] if issue and issue.state == "closed" else [link]


def expected_button(card: Card, at: Setting) -> ButtonElement:
    """Returns the button that opens the form for an acknowledgement."""
    return parts.button(
        "Expected…",
        at.query.of(buttons.EXPECTED, card.cluster.id),
        label=f"Mark {card.cluster.name} as expected",
    )


def unclaim(card: Card, at: Setting) -> ButtonElement | None:
    """Returns the button that ends a claim; None without one."""
    if card.cluster.decisions.claim is None:
        return None
    return parts.button(
        "Undo: on it",
        at.query.of(buttons.UNDO, card.cluster.id, buttons.UNDO_CLAIM),
        label=f"Nobody is on {card.cluster.name}",
    )


def one_button(card: Card, at: Setting) -> ButtonElement:
    """Returns the one button of a small card."""
    return issue_link(card.cluster, at) or expected_button(card, at)


def menu(card: Card, at: Setting) -> OverflowMenuElement | None:
    """Returns a full card's overflow menu."""
    name = card.priority.name
    claimed = card.cluster.decisions.claim is not None
    entries = (
        (buttons.WHY, f"Why {name}?"),
        (buttons.EVIDENCE, "Evidence"),
        (buttons.MINE, "I'm on it instead" if claimed else "I'm on it"),
        (buttons.SNOOZE, "Snooze…"),
        (buttons.REGROUP, "Regroup…"),
    )
    return parts.menu(
        buttons.MENU,
        [(text, at.query.of(kind, card.cluster.id)) for kind, text in entries if kind in OFFERED],
    )
