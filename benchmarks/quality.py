"""Measures how well messages are grouped: GA and FGA on labelled sets, compared with Drain3.

GA and FGA as loghub-2.0's benchmark defines them (Jiang et al., "A Large-scale Evaluation for Log
Parsing Techniques: How Far are We?", ISSTA 2024, section 3.3; https://github.com/logpai/loghub-2.0;
the sets: Zhu et al., "Loghub: A Large Collection of System Log Datasets for AI-driven Log
Analytics", ISSRE 2023). A predicted group is right when its entries are exactly those of one true
template. GA is the share of entries in right groups; FGA is the harmonic mean of right groups /
predicted groups and right groups / true templates.

Our groups are those that `gardener members --from` prints, so parsing and redaction are included.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import drain

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "loghub"

UNSEEN = ("Hadoop", "OpenSSH", "OpenStack", "Zookeeper")
"""Sets that were not looked at during development: docs/decisions/0003-grouping.md."""


@dataclass(frozen=True, slots=True)
class Score:
    """Grouping accuracy, and F1 of grouping accuracy over templates; both 0 to 1."""

    ga: float
    fga: float


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


def score(predicted: Sequence[Hashable], true: Sequence[Hashable]) -> Score:
    """Compares two labellings of the same entries."""
    pairs = Counter(zip(predicted, true, strict=True))
    sizes, true_sizes = Counter(predicted), Counter(true)
    right = [n for (p, t), n in pairs.items() if sizes[p] == n == true_sizes[t]]
    return Score(ga=sum(right) / len(true), fga=2 * len(right) / (len(sizes) + len(true_sizes)))


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
    print(f"{'GA / FGA':18}" + "".join(f"{name:>30}" for name in parsers))
    for name, scores in table.items():
        _row(name + (" (unseen)" if name in UNSEEN else ""), scores)
    unseen = [scores for name, scores in table.items() if name in UNSEEN]
    _row("mean of unseen", [_mean(column) for column in zip(*unseen, strict=True)])
    _row("mean", [_mean(column) for column in zip(*table.values(), strict=True)])


def _mean(scores: Sequence[Score]) -> Score:
    n = len(scores)
    return Score(sum(each.ga for each in scores) / n, sum(each.fga for each in scores) / n)


def _row(name: str, scores: Sequence[Score]) -> None:
    cells = [f"{each.ga:.3f} / {each.fga:.3f}" for each in scores]
    print(f"{name:18}" + "".join(f"{cell:>30}" for cell in cells))


if __name__ == "__main__":
    main()
