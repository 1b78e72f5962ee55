"""What the core needs from outside, as Protocols of a few methods; one file per subject.

Adapters in `bot/adapters` implement them and translate every foreign error into `errors`:
`Unavailable` (try again later), `Refused` (someone must mend it), `UnknownOutcome` (look first).
May import `entries` and `model`.
"""

from __future__ import annotations

from bot.core.ports.decisions import (
    DecisionBook,
    RuleBook,
)
from bot.core.ports.github import (
    Comment,
    CommitPair,
    Compared,
    ComparedCommits,
    Contains,
    Issue,
    IssueTracker,
    Repository,
)
from bot.core.ports.identity import (
    Candidate,
    History,
    Identity,
    Registry,
    Remembered,
)
from bot.core.ports.kept import KeptRollups, Mark
from bot.core.ports.log import (
    Activity,
    LogSource,
    NewestEntries,
    Page,
    PartPage,
    PartSource,
    ProgressListener,
)
from bot.core.ports.memory import (
    ConversationMemory,
    LookUps,
    Posted,
    RecentReports,
    ShownReports,
    SyncMemory,
    UnlinkedIssues,
    Worklogs,
)
from bot.core.ports.store import (
    Locks,
    ReportCache,
    Subscription,
    Subscriptions,
    Watches,
)

__all__ = [
    "Activity",
    "Candidate",
    "Comment",
    "CommitPair",
    "Compared",
    "ComparedCommits",
    "Contains",
    "ConversationMemory",
    "DecisionBook",
    "History",
    "Identity",
    "Issue",
    "IssueTracker",
    "KeptRollups",
    "Locks",
    "LogSource",
    "LookUps",
    "Mark",
    "NewestEntries",
    "Page",
    "PartPage",
    "PartSource",
    "Posted",
    "ProgressListener",
    "RecentReports",
    "Registry",
    "Remembered",
    "ReportCache",
    "Repository",
    "RuleBook",
    "ShownReports",
    "Subscription",
    "Subscriptions",
    "SyncMemory",
    "UnlinkedIssues",
    "Watches",
    "Worklogs",
]
