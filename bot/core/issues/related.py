"""Finds issues of the repository that may be about a card, best first, with reasons."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rapidfuzz import fuzz

from bot.core.issues.markers import clusters
from bot.core.model.report import Card, Cluster
from bot.core.model.values import DAY, Location
from bot.core.ports import Issue
from bot.core.source import module_names
from bot.core.text import display

Suggestion = Literal["new", "add", "reopen"]

SHOWN = 5
"""Maximum number of issues returned: what a form's radio buttons and a reader can handle."""
LEAST = 50.0
"""The score below which an issue is not shown."""
SURE = 70.0
"""The score from which adding or reopening is suggested rather than a new issue."""
RECENT = 180 * DAY
"""An issue closed longer ago is shown, but a new one is suggested: probably another bug."""

BEGINNING = 45
"""Characters at a message's start that identify it: about seven words in order."""

_BODY: Final = 4_000  # characters of an issue's body to search
_PREFIX = re.compile(r"\s*GCP-\w+\s*\|\s*P\d\s*\|\s*")
_ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060\ufeff]")
_TOKEN = re.compile(r"[^\W\d_]{3,}|\d{3}(?!\d)")
_WORD = re.compile(r"\w+")
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Related:
    """An issue that may be about the card."""

    issue: Issue
    score: float
    """0 to 100; 100 means our own marker."""
    reasons: tuple[str, ...]
    """`same marker`, `same location`, `title 92 % alike`, the strongest first."""
    suggestion: Suggestion
    age: str
    """`open, 2 d ago` (last changed) or `closed 3 d ago`."""

    def __str__(self) -> str:
        """Renders `#913 (open, same location, 2 d ago)`."""
        state, _, ago = self.age.rpartition(", ")
        first = self.reasons[0] if self.reasons else ""
        parts = (state, first, ago) if state else (ago, first)
        return f"#{self.issue.number} ({', '.join(part for part in parts if part)})"


def rank(
    card: Card, issues: Iterable[Issue], secrets: Sequence[bytes], now: int
) -> tuple[Related, ...]:
    """Returns up to five issues most similar to the card, best first.

    A verified marker of the root or of a symptom outranks everything. Otherwise the score combines
    the title (edit distance), shared words weighted by their rarity among these issues, and the
    location.
    """
    pool = {issue.number: issue for issue in issues}
    if not pool:
        return ()
    texts = {n: _text(issue) for n, issue in pool.items()}
    words = {n: _tokens(text) for n, text in texts.items()}
    rarity = _Rarity(words.values())
    ours = {card.cluster.id, *(symptom.id for symptom in card.symptoms)}
    wanted = [_plain(card.cluster.title), _plain(card.cluster.template)]
    tokens = _tokens(" ".join(wanted))
    found: list[Related] = []
    for number, issue in pool.items():
        marked = ours & clusters(issue.body, secrets)
        score, reasons = _score(card.cluster, issue, texts[number], wanted)
        share = rarity.shared(tokens, words[number])
        score = min(95.0, max(score, 0.55 * score + 45 * share))
        if share >= 0.5:
            reasons.append("rare words in common")
        if marked:
            score = 100.0 if card.cluster.id in marked else 98.0
            reasons.insert(0, "same marker" if card.cluster.id in marked else "a symptom's marker")
        if score >= LEAST and reasons:
            found.append(
                Related(
                    issue,
                    round(score, 1),
                    tuple(reasons),
                    _suggest(issue, score, now),
                    _age(issue, now),
                )
            )
    found.sort(key=lambda r: (-r.score, r.issue.state != "open", -r.issue.updated, r.issue.number))
    return tuple(found[:SHOWN])


def _score(
    cluster: Cluster, issue: Issue, text: str, wanted: Sequence[str]
) -> tuple[float, list[str]]:
    title = _plain(_PREFIX.sub("", issue.title, count=1))
    alike = max(
        (fuzz.token_sort_ratio(title, mine) for mine in wanted if mine and title), default=0.0
    )
    reasons: list[str] = []
    score = float(alike)
    place = _same_place(cluster.location, text)
    if place == "location":
        # A location alone is not enough: a handler of all errors is one line too.
        score = max(score, min(95.0, 68.0 + 0.3 * alike))
        reasons.append("same location")
    elif place == "module":
        score = min(95.0, score + 8.0)
    quoted = _quoted(cluster, text)
    if quoted == "message":
        score = max(score, 85.0)
        reasons.append("quotes the message")
    elif quoted == "beginning":
        score = max(score, 60.0)
        reasons.append("quotes how the message begins")
    if alike >= 60:
        reasons.append(f"title {alike:.0f} % alike")
    if place == "module":
        reasons.append("same module")
    return score, reasons


def _same_place(location: Location | None, text: str) -> Literal["", "module", "location"]:
    if location is None or len(location.module) < 4:
        return ""
    module = location.module.casefold()
    name = re.escape(module_names.module(location).casefold())
    ending = rf"(?:\.\w{{1,4}})?[\"'`,: ]{{1,4}}(?:line )?{location.line}(?!\d)"
    if location.line is not None and name and re.search(rf"(?<!\w){name}{ending}", text):
        return "location"
    if not re.search(rf"(?<![\w.]){re.escape(module)}(?![\w])", text):
        return ""
    function = (location.function or "").casefold()
    if len(function) >= 4 and re.search(rf"(?<!\w){re.escape(function)}(?!\w)", text):
        return "location"  # lines move, functions stay
    return "module"


def _quoted(cluster: Cluster, text: str) -> Literal["", "message", "beginning"]:
    """Returns `message` if the text contains the longest fixed part, at least 30 characters.

    The first or last two thirds suffice: a quote by hand often loses an end. `beginning` if it
    contains only the first words of a long message: worth showing, too little to be sure.
    """
    longest = max(cluster.template.split("<*>"), key=len, default="")
    fixed = _BLANK.sub(" ", longest).strip(" .:,'\"").casefold()[:200]
    enough = max(30, len(fixed) * 2 // 3)
    if len(fixed) < 30:
        return ""
    if fixed[:enough] in text or fixed[-enough:] in text:
        return "message"
    begins = fixed[:BEGINNING].strip()
    return "beginning" if len(fixed) >= BEGINNING and begins in text else ""


class _Rarity:
    """Inverse document frequency of words among the repository's issues."""

    def __init__(self, documents: Iterable[frozenset[str]]) -> None:
        documents = list(documents)
        self._count = len(documents)
        self._seen = Counter(word for words in documents for word in words)

    def shared(self, mine: frozenset[str], theirs: frozenset[str]) -> float:
        """Returns the weight of shared words as a share of mine, 0 to 1.

        Words found in no issue weigh most, so a card unlike all others stays near 0.
        """
        total = sum(map(self._weight, mine))
        return sum(map(self._weight, mine & theirs)) / total if total else 0.0

    def _weight(self, word: str) -> float:
        return math.log(1 + (self._count + 1) / (1 + self._seen[word]))


def _suggest(issue: Issue, score: float, now: int) -> Suggestion:
    """Suggests what to do; our own marker (score above 95) is reopened however old the issue."""
    if score < SURE:
        return "new"
    if issue.state == "open":
        return "add"
    closed = issue.closed if issue.closed is not None else issue.updated
    return "reopen" if now - closed <= RECENT or score > 95 else "new"


def _age(issue: Issue, now: int) -> str:
    if issue.state == "open":
        return f"open, {display.ago(now - issue.updated)}"
    closed = issue.updated if issue.closed is None else issue.closed
    return f"closed {display.ago(now - closed)}"


def _text(issue: Issue) -> str:
    return _plain(f"{issue.title}\n{issue.body[:_BODY]}")


def _plain(text: str) -> str:
    bare = _ZERO_WIDTH.sub("", text).replace("<*>", " ").replace("\\", "")
    return _BLANK.sub(" ", bare).strip().casefold()


def _tokens(text: str) -> frozenset[str]:
    """Returns words, three-digit numbers (503), and whole identifiers as well as their parts."""
    identifiers = (word for word in _WORD.findall(text) if "_" in word.strip("_"))
    return frozenset([*_TOKEN.findall(text), *identifiers])
