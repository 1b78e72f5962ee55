"""What a click says: every action id, and the value that a button carries.

Handlers register the constants. A value is one small versioned object that any later version
reads, since buttons work as long as their message exists.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from bot.core.model.errors import UsageError
from bot.core.text.display import encodable

VALUE_LIMIT = 2000
"""Slack's, of a button's value."""
OPTION_LIMIT = 150
"""Slack's, of an option's value."""
METADATA_LIMIT = 3000
"""Slack's, of a view's private_metadata."""

# Buttons. The action id is the kind.
CREATE_ISSUE = "create_issue"
OPEN_ISSUE = "open_issue"
"""A link: Slack tells of the click all the same, and it wants an ack."""
EXPECTED = "expected"
UNDO = "undo"
"""`note` says what: one of the UNDO_ words."""
REFRESH = "refresh"
REVIEW_ALL = "review_all"
RUN = "run"
"""`query` is the command to run, as typed after /gardener."""
CANCEL = "cancel"
EXTEND = "extend"
"""An acknowledgement that ends soon."""
RETRY = "retry"
"""`note` is the kind of the act that failed; the rest is that act."""
OPEN_CONSOLE = "open_console"
"""A link to the Cloud console; wants an ack only."""
UNSUBSCRIBE = "unsubscribe"
TEACH = "teach"
"""`note` is what to teach, as typed after /gardener."""
UNTEACH = "unteach"
"""`note` is the id of the rule to take back."""

# Entries of a card's overflow menu: one action id, the kind is in the option's value.
MENU = "card_menu"
WHY = "why"
EVIDENCE = "evidence"
MINE = "mine"
SNOOZE = "snooze"
REGROUP = "regroup"

# What UNDO takes back.
UNDO_EXPECTED = "expected"
UNDO_CLAIM = "claim"
UNDO_SNOOZE = "snooze"
UNDO_ISSUE = "issue"
UNDO_PRIORITY = "priority"
UNDO_UNLINK = "unlink"

# Modals: callback ids, and the radio button that changes what a submit does.
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
"""Those that Slack only tells of: ack and nothing else."""

OFFERED = frozenset({*BUTTONS, *MENU_ENTRIES})
"""What is shown. A kind that no handler answers yet is not offered: a dead button costs trust."""

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
"""Left out in this order where a value would be too long: a handler finds a way without."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person wants done, in the shape that travels inside a button."""

    kind: str
    """One of this module's kinds."""
    environment: str = ""
    cluster: str = ""
    """`c-…`; the click acts on the cluster as it is now."""
    query: str = ""
    """What was asked, as typed after /gardener: `staging 2d`. Refresh and Run run it again."""
    report: str = ""
    """The cache's key of the report that the button stands under."""
    note: str = ""
    """What the kind needs beside: see the kinds."""
    channel: str = ""
    """Where the message with the button is; only in a modal's metadata, Slack tells it else."""
    message: str = ""
    """`ts` of that message."""
    thread: str = ""
    """`ts` of its thread, where it is in one."""

    def of(self, kind: str, cluster: str = "", note: str = "") -> Act:
        """The same question, another act."""
        return replace(self, kind=kind, cluster=cluster, note=note)

    def encode(self, limit: int = VALUE_LIMIT) -> str:
        """At most `limit` characters. Raises ValueError where even the necessary does not fit.

        Environment, cluster and kind always travel; `query` and `report` give way.
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
        """Reads what any version wrote: what is unknown is ignored, what is missing is empty.

        Raises `UsageError` where the value is not an act at all.
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
