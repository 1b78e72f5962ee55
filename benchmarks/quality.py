"""How well messages are grouped: GA and FGA on labelled sets, one row a set.

GA and FGA as loghub-2.0's benchmark defines them (Jiang et al., "A Large-scale Evaluation for Log
Parsing Techniques: How Far are We?", ISSTA 2024, section 3.3; github.com/logpai/loghub-2.0):
a predicted group is right when its entries are exactly those of one true template. GA is the
share of entries in right groups; FGA is the harmonic mean of right groups / predicted groups
and right groups / true templates.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "loghub"
UNSEEN = ("Hadoop", "OpenSSH", "OpenStack", "Zookeeper")
"""Kept unseen while designing: docs/decisions/0003-grouping.md."""


@dataclass(frozen=True, slots=True)
class Score:
    """Grouping accuracy and its F1 over templates, both 0 to 1."""

    ga: float
    fga: float
    predicted: int
    true: int


def score(predicted: Sequence[Hashable], true: Sequence[Hashable]) -> Score:
    """Compare two labellings of the same entries."""
    pairs = Counter(zip(predicted, true, strict=True))
    sizes, true_sizes = Counter(predicted), Counter(true)
    right = [n for (p, t), n in pairs.items() if sizes[p] == n == true_sizes[t]]
    return Score(
        ga=sum(right) / len(true),
        fga=2 * len(right) / (len(sizes) + len(true_sizes)),
        predicted=len(sizes),
        true=len(true_sizes),
    )


def load(name: str) -> tuple[list[str], list[str]]:
    """The texts of a set and their true templates."""
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    return [e["textPayload"] for e in entries], [e["event"] for e in entries]


def gardener(texts: Sequence[str]) -> list[str]:
    """The template of each text, as gardener groups them."""
    from bot.garden.grouping import group
    from bot.garden.mask import mask

    masked = [mask(text) for text in texts]
    template = group(Counter(masked))
    return [template[m] for m in masked]


def table(names: Sequence[str], parser: Callable[[Sequence[str]], list[str]]) -> dict[str, Score]:
    """One score a set."""
    return {name: score(parser(load(name)[0]), load(name)[1]) for name in names}


def main() -> None:
    """Print the table."""
    names = sys.argv[1:] or sorted(path.stem for path in DATA.glob("*.jsonl"))
    scores = table(names, gardener)
    for name, s in scores.items():
        print(f"{name:10} GA {s.ga:.3f}  FGA {s.fga:.3f}  {s.predicted} groups for {s.true}")
    n = len(scores)
    ga, fga = sum(s.ga for s in scores.values()) / n, sum(s.fga for s in scores.values()) / n
    print(f"{'mean':10} GA {ga:.3f}  FGA {fga:.3f}")


if __name__ == "__main__":
    main()
