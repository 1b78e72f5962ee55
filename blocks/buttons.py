"""Button actions: every action id, and the value that a button carries.

Handlers register the constants. A value is a small versioned object that every later version can
read, since buttons work as long as their message exists.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from bot.core.model.errors import UsageError
from bot.core.text.display import encodable

VALUE_LIMIT = 2000
"""Slack's limit for a button's value."""
OPTION_LIMIT = 150
"""Slack's limit for an option's value."""
METADATA_LIMIT = 3000
"""Slack's limit for a view's private_metadata."""

# Buttons. The action id is the kind.
CREATE_ISSUE = "create_issue"
OPEN_ISSUE = "open_issue"
"""A link; Slack sends its click all the same, and it must be acknowledged."""
EXPECTED = "expected"
UNDO = "undo"
"""`note` is the decision to undo: one of the UNDO_ words."""
REFRESH = "refresh"
REVIEW_ALL = "review_all"
RUN = "run"
"""`query` is the command to run, as typed after /gardener."""
CANCEL = "cancel"
EXTEND = "extend"
"""Extends an acknowledgement that ends soon."""
RETRY = "retry"
"""`note` is the kind of the act that failed; the other fields are that act's."""
OPEN_CONSOLE = "open_console"
"""A link to the Cloud console; needs only an acknowledgement to Slack."""
UNSUBSCRIBE = "unsubscribe"
TEACH = "teach"
"""`note` is the grouping command, as typed after /gardener."""
UNTEACH = "unteach"
"""`note` is the id of the grouping rule to remove."""

# Entries of a card's overflow menu share one action id; the kind is in the option's value.
MENU = "card_menu"
WHY = "why"
EVIDENCE = "evidence"
MINE = "mine"
SNOOZE = "snooze"
REGROUP = "regroup"

# What UNDO can undo.
UNDO_EXPECTED = "expected"
UNDO_CLAIM = "claim"
UNDO_SNOOZE = "snooze"
UNDO_ISSUE = "issue"
UNDO_PRIORITY = "priority"
UNDO_UNLINK = "unlink"

# Modals: callback ids, and the radio button that decides what a submit does.
FILE_ISSUE = "file_issue"
MARK_EXPECTED = "mark_expected"
SNOOZE_FORM = "snooze_form"
FILING_CHOICE = "filing_choice"
REVIEW = "review"

BUTTONS = (
    CREATE_ISSUE,
    OPEN_ISSUE,
    EXPECTED,
    UNDO,
    REFRESH,
    REVIEW_ALL,
    RUN,
    CANCEL,
    EXTEND,
    RETRY,
    OPEN_CONSOLE,
    UNSUBSCRIBE,
    TEACH,
    UNTEACH,
)
"""Every action id of a button."""
MENU_ENTRIES = (WHY, EVIDENCE, MINE, SNOOZE, REGROUP)
LINKS = (OPEN_ISSUE, OPEN_CONSOLE)
"""Link buttons, whose clicks need only an acknowledgement to Slack."""

OFFERED = frozenset({*BUTTONS, *MENU_ENTRIES})
"""The kinds that are shown. A kind without a handler is left out: a dead button costs trust."""

_SHORT = {
    "kind": "k",
    "environment": "e",
    "cluster": "c",
    "query": "q",
    "report": "r",
    "note": "n",
    "channel": "h",
    "message": "m",
    "thread": "t",
}
_DISPENSABLE = ("thread", "query", "report")
"""Fields to drop, in this order, from a value that is too long: handlers work without them."""


@dataclass(frozen=True, slots=True)
class Act:
    """An action that a person requests, in the form that a button carries."""

    kind: str
    """One of this module's kinds."""
    environment: str = ""
    cluster: str = ""
    """`c-…`; a click acts on the cluster's current state."""
    query: str = ""
    """The command as typed after /gardener: `staging 2d`. Refresh and Run repeat it."""
    report: str = ""
    """Cache key of the report that the button belongs to."""
    note: str = ""
    """A further argument, depending on the kind."""
    channel: str = ""
    """The channel of the button's message; only in a modal's metadata, elsewhere Slack sends it."""
    message: str = ""
    """`ts` of that message."""
    thread: str = ""
    """`ts` of its thread, if it is in one."""

    def of(self, kind: str, cluster: str = "", note: str = "") -> Act:
        """Returns an act of another kind for the same question."""
        return replace(self, kind=kind, cluster=cluster, note=note)

    def again(self) -> Act:
        """Returns the act of [Try again], which keeps this one as `kind/note` in its note."""
        return self.of(
            self.kind, self.cluster, f"{self.kind}/{self.note}" if self.note else self.kind
        )

    def encode(self, limit: int = VALUE_LIMIT) -> str:
        """Encodes the act in at most `limit` characters.

        Environment, cluster and kind are always kept; `thread`, `query` and `report` are dropped if
        needed. Raises ValueError if even that does not fit.
        """
        full = {short: getattr(self, name) for name, short in _SHORT.items()}
        for i in range(len(_DISPENSABLE) + 1):
            dropped = {_SHORT[name] for name in _DISPENSABLE[:i]}
            kept = {k: v for k, v in full.items() if (v or k == "k") and k not in dropped}
            text = json.dumps({"v": 1, **kept}, ensure_ascii=False, separators=(",", ":"))
            if len(text) <= limit:
                return encodable(text)
        raise ValueError(f"an act of kind {self.kind} does not fit into {limit} characters")

    @classmethod
    def decode(cls, value: str | None) -> Act:
        """Decodes a value of any version: ignores unknown fields, leaves missing ones empty.

        Raises `UsageError` if the value is not an act.
        """
        try:
            data = json.loads(value or "")
            kind = data["k"]
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(_NOT_OURS) from error
        fields = {name: data.get(short, "") for name, short in _SHORT.items()}
        if not isinstance(kind, str) or not all(isinstance(v, str) for v in fields.values()):
            raise UsageError(_NOT_OURS)
        return cls(**fields)


_NOT_OURS = "I do not understand this button any more. Run /gardener again for a fresh one."
