"""Measures how well messages are grouped, on labelled sets, compared with Drain3.

GA and FGA as loghub-2.0's benchmark defines them (Jiang et al., "A Large-scale Evaluation for Log
Parsing Techniques: How Far are We?", ISSTA 2024, section 3.3; https://github.com/logpai/loghub-2.0;
the sets: Zhu et al., "Loghub: A Large Collection of System Log Datasets for AI-driven Log
Analytics", ISSRE 2023). A predicted group is right when its entries are exactly those of one true
template. GA is the share of entries in right groups; FGA is the harmonic mean of right groups /
predicted groups and right groups / true templates.

GA and FGA count a group as wrong whether one line is missing or two problems are one. Two more
figures tell these apart. Pairwise F1 asks of each two entries whether they are together (Rand 1971;
precision and recall over pairs). *Hidden problems* are true templates that speak of a failure and
most of whose entries lie in groups that another template dominates: nobody would see them.

Leave-out: the sets are two halves. What was chosen by the figures of one half is judged by those of
the other, and the other way round; `halves` prints both.

Our groups are those that `gardener members --from` prints, so parsing and redaction are included.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import drain

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "loghub"

SECOND_HALF = ("Hadoop", "OpenSSH", "OpenStack", "Zookeeper")
"""Sets whose lines were not read during development, though steps were chosen by their scores:
docs/decisions/0003-grouping.md. The others are the first half."""

_FAILURE = re.compile(
    r"(?i)error|fail|denied|refused|timed out|exception|cannot|invalid|abort|lost|missing|not found"
)


@dataclass(frozen=True, slots=True)
class Score:
    """How well entries were grouped."""

    ga: float
    """Grouping accuracy, 0 to 1."""
    fga: float
    """F1 of grouping accuracy over templates, 0 to 1."""
    pairs: float
    """F1 over pairs of entries, 0 to 1."""
    hidden: float
    """Hidden problems: a count, or the mean of counts."""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Texts, each with its true template."""

    path: Path
    texts: tuple[str, ...]
    ids: tuple[str, ...]
    true: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> LabelledSet:
        """Reads a file of JSON Lines with `insertId`, `textPayload` and `event`."""
        with path.open(encoding="utf-8") as lines:
            entries = [json.loads(line) for line in lines]
        columns = (tuple(e[key] for e in entries) for key in ("textPayload", "insertId", "event"))
        return cls(path, *columns)


def score(predicted: Sequence[Hashable], true: Sequence[str]) -> Score:
    """Compares two labellings of the same entries."""
    pairs = Counter(zip(predicted, true, strict=True))
    sizes, true_sizes = Counter(predicted), Counter(true)
    right = [n for (p, t), n in pairs.items() if sizes[p] == n == true_sizes[t]]
    together = sum(map(_pairs, pairs.values()))
    either = sum(map(_pairs, sizes.values())) + sum(map(_pairs, true_sizes.values()))
    return Score(
        ga=sum(right) / len(true),
        fga=2 * len(right) / (len(sizes) + len(true_sizes)),
        pairs=2 * together / either if either else 1.0,
        hidden=len(hidden(predicted, true)),
    )


def hidden(predicted: Sequence[Hashable], true: Sequence[str]) -> list[str]:
    """Returns the hidden problems: true templates, sorted."""
    pairs = Counter(zip(predicted, true, strict=True))
    most: dict[Hashable, tuple[int, str]] = {}
    for (group, template), n in pairs.items():
        most[group] = max(most.get(group, (0, "")), (n, template))
    unseen: Counter[str] = Counter()
    for (group, template), n in pairs.items():
        if most[group][1] != template and _FAILURE.search(template):
            unseen[template] += n
    sizes = Counter(true)
    return sorted(template for template, n in unseen.items() if 2 * n > sizes[template])


def _pairs(n: int) -> int:
    return n * (n - 1) // 2


def gardener(labelled: LabelledSet) -> list[Hashable]:
    """Returns Gardener's cluster of each entry, from the command line."""
    command = [sys.executable, "-m", "bot", "members", "--from", str(labelled.path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    cluster = dict(line.split("\t") for line in answer.stdout.splitlines())
    return [cluster[each] for each in labelled.ids]


PARSERS: dict[str, Callable[[LabelledSet], Sequence[Hashable]]] = {
    "gardener": gardener,
    "Drain3": lambda labelled: drain.clusters(labelled.texts, masks=False),
    "Drain3, its example's masks": lambda labelled: drain.clusters(labelled.texts, masks=True),
}


def main() -> None:
    """Prints a row per set, and the means."""
    paths = sorted(DATA.glob("*.jsonl"))
    if not paths:
        print("quality: the labelled sets are not in ../shared/data/loghub")
        return
    parsers = dict(PARSERS)
    try:
        drain.python()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"quality: without Drain3, which could not be installed ({error})")
        parsers = {"gardener": gardener}
    table: dict[str, list[Score]] = {}
    for path in paths:
        labelled = LabelledSet.read(path)
        table[path.stem] = [score(parse(labelled), labelled.true) for parse in parsers.values()]
    print(f"{'GA / FGA / F1, hidden':28}" + "".join(f"{name:>30}" for name in parsers))
    for name, scores in table.items():
        _row(name, scores)
    for title, names in halves(list(table)).items():
        _row(title, [_mean(column) for column in zip(*(table[n] for n in names), strict=True)])
    _row("mean", [_mean(column) for column in zip(*table.values(), strict=True)])


def halves(names: Sequence[str]) -> dict[str, list[str]]:
    """Splits the sets in two for leave-out figures: what one half chose, the other judges."""
    return {
        "mean of the first half": [name for name in names if name not in SECOND_HALF],
        "mean of the second half": [name for name in names if name in SECOND_HALF],
    }


def _mean(scores: Sequence[Score]) -> Score:
    columns = zip(*((each.ga, each.fga, each.pairs, each.hidden) for each in scores), strict=True)
    return Score(*(sum(column) / len(scores) for column in columns))


def _row(name: str, scores: Sequence[Score]) -> None:
    cells = [f"{s.ga:.3f} / {s.fga:.3f} / {s.pairs:.3f}, {s.hidden:4.1f}" for s in scores]
    print(f"{name:28}" + "".join(f"{cell:>30}" for cell in cells))


if __name__ == "__main__":
    main()
