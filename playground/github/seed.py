"""The repositories that the playground starts with."""

from __future__ import annotations

from typing import Any

from playground.github.records import Issue
from playground.github.state import GithubState

DAY = 86_400
PRIVATE, PUBLIC = "owner/name", "owner/public"
CODEOWNERS = b"""\
# Who looks after what
*                                       @alice
/netra_backend/app/routes/              @bob
/netra_backend/app/core/                @alice @bob
"""
LABELS = {
    "bug": "d73a4a",
    "enhancement": "a2eeef",
    "gardener": "0e8a16",
    "P0": "b60205",
    "P1": "d93f0b",
    "P2": "fbca04",
    "area: websocket": "c5def5",
}


def seeded(**how: Any) -> GithubState:
    """Creates a private `owner/name` for the sample environment, and a public `owner/public`."""
    state = GithubState(**how)
    for name, private in ((PRIVATE, True), (PUBLIC, False)):
        repo = state.add_repo(
            name, private=private, people={"alice", "bob"}, files={".github/CODEOWNERS": CODEOWNERS}
        )
        for label, colour in LABELS.items():
            state.create_label(repo, {"name": label, "color": colour})
    _write(
        state,
        9,
        "WebSocket: Unknown message type 'legacy_request' in the legacy message loop",
        "`[LEGACY MODE] Message loop error: Invalid message type 'legacy_request'`\n\nFixed by "
        "adding the type to the list in `websocket_ssot`.",
        ["bug", "area: websocket"],
        closed=3,
    )
    _write(
        state,
        21,
        "Session middleware is configured twice in staging",
        "Harmless, but the second registration wins and its cookie name differs.",
        ["bug"],
    )
    _write(state, 30, "Dark mode for the agent console", "People work at night.", ["enhancement"])
    return state


def _write(
    state: GithubState, age: int, title: str, body: str, labels: list[str], *, closed: int = 0
) -> Issue:
    """Adds an issue opened `age` days ago and closed `closed` days ago (0: still open)."""
    repo = state.repo(PRIVATE)
    issue = state.create(repo, {"title": title, "body": body, "labels": labels}, "alice")
    if closed:
        state.update(repo, issue, {"state": "closed"}, "bob")
    now = state.clock()
    issue.created_at = now - age * DAY
    issue.updated_at = now - (closed or age) * DAY
    issue.closed_at = now - closed * DAY if closed else None
    return issue
