"""Measures how long 100,000 lines take to index, and how many of their messages are found.

    python -m benchmarks.source_index [LINES]

The repository is generated from a seed in a temporary folder: classes with docstrings and
arithmetic between log calls, which build their messages in seven ways. For every call one message
is formatted as the program would. "Found" means exactly its file and line, "wrong" another place.
One call in 50 repeats the message of another call; it should be reported as ambiguous.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
import zlib
from pathlib import Path

from bot.adapters.github.repository import opened
from bot.adapters.redis.source_index import _packed, _unpacked
from bot.core.source.index import build
from bot.core.source.match import Matcher

SEED = 20250914
LINES = 100_000
_NOUNS = (
    *("session", "cache", "pool", "worker", "token", "queue", "stream", "socket", "tenant"),
    *("invoice", "order", "payload", "index", "shard", "replica", "lease", "cursor", "batch"),
    *("upload", "thumbnail", "webhook", "schema", "migration", "quota", "ledger", "mailbox"),
)
_VERBS = ("failed", "expired", "stalled", "overflowed", "lagged", "retried", "rejected", "dropped")
_WAYS = (
    ("log.warning(f'{a} {{x}} {v}: {b} {{y!r}} of {c}')", "{a} 17 {v}: {b} 'q' of {c}"),
    ("log.error('{a} %s {v} while {b} waited %.1f s for {c}', x, y)",
     "{a} 17 {v} while {b} waited 2.5 s for {c}"),
    ("log.info('{a} {{}} {v}, {b} of {c} left'.format(x))", "{a} 17 {v}, {b} of {c} left"),
    ("log.critical('{a} {v}: ' + str(x) + ' {b}s of {c} gone')", "{a} {v}: 17 {b}s of {c} gone"),
    ("log.error('no {a} for {b}: {c} {v}')", "no {a} for {b}: {c} {v}"),
    ("message = f'{a} of {{x}} {v} after {c}'; log.error(message, extra={{'{b}': y}})",
     "{a} of 17 {v} after {c}"),
    ("raise ValueError(f'{a} {{x}} has no {b} in {c}: {v}')", "{a} 17 has no {b} in {c}: {v}"),
)  # fmt: skip
_BODY = """
    def step_{n}(self, x, y=None):
        \"\"\"Moves the {a} on by one {b}.

        Returns the new {c}.
        \"\"\"
        total = self.size * {n} + (y or {n})
        for item in self.items:
            if item.{a} > total and item.{b} is not None:
                total += item.{c}(x)[{n}] - len(str(y))
        if total < 0:
            {call}
        values = {{"{a}": total, "{b}": x, "{c}": [x, y, total]}}
        return sorted(values.items(), key=lambda pair: (pair[0], str(pair[1])))
"""


def write(top: Path, lines: int) -> list[tuple[str, str, int, bool]]:
    """Writes the repository; returns (message, file, line, is unique) of each log call."""
    rng = random.Random(SEED)
    written = 0
    calls: list[tuple[str, str, int]] = []
    last: tuple[str, str] = ("", "")
    while written < lines:
        number = len(calls)
        path = top / f"service_{number // 4_000}" / f"part_{number % 97}_{number}.py"
        text = "import logging\n\nlog = logging.getLogger(__name__)\n\n\nclass Part:\n"
        for _ in range(rng.randrange(5, 40)):
            number = len(calls)
            words = dict(zip("abc", rng.sample(_NOUNS, 3), strict=True))
            words["a"] += rng.choice(_NOUNS)
            words["c"] += f"-{rng.choice(_NOUNS)}"
            words["v"] = rng.choice(_VERBS)
            if rng.random() >= 0.02 or not last[0]:
                last = tuple(form.format(**words) for form in rng.choice(_WAYS))  # type: ignore[assignment]
            line = text.count("\n") + 1 + _BODY[: _BODY.index("{call}")].count("\n")
            calls.append((last[1], path.relative_to(top).as_posix(), line))
            text += _BODY.format(n=number, call=last[0], **words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        written += text.count("\n")
    times: dict[str, int] = {}
    for message, _, _ in calls:
        times[message] = times.get(message, 0) + 1
    return [(message, file, line, times[message] == 1) for message, file, line in calls]


def main() -> None:
    """Prints the figures; fails if indexing takes 30 s or more."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    with tempfile.TemporaryDirectory() as folder:
        calls = write(Path(folder), lines)
        begun = time.perf_counter()
        with opened(folder, None) as source:
            index = build(source.name, source.files, made=0)
        took = time.perf_counter() - begun
    packed = _packed(index)
    assert _unpacked(packed) == index
    begun = time.perf_counter()
    matcher = Matcher(_unpacked(packed))
    loaded = time.perf_counter() - begun
    found = wrong = ambiguous = 0
    begun = time.perf_counter()
    for message, file, line, single in calls:
        answer = matcher.find(message)
        if answer is None:
            ambiguous += not single
        elif (answer.template.file, answer.template.line) == (file, line):
            found += 1
        else:
            wrong += 1
    asked = time.perf_counter() - begun
    single = sum(one for _, _, _, one in calls)
    print(f"{index.lines:,} lines in {index.files:,} files: {took:.1f} s")
    print(
        f"{len(index.templates):,} templates, {len(packed) / 1e3:,.0f} kB kept, "
        f"{len(zlib.decompress(packed)) / 1e3:,.0f} kB unfolded, ready in {loaded:.2f} s"
    )
    print(
        f"found {found:,} of {single:,} that are said in one place, wrong {wrong:,}; "
        f"told as ambiguous {ambiguous:,} of {len(calls) - single:,}"
    )
    print(f"{asked / len(calls) * 1e3:.2f} ms a message")
    assert took < 30 or lines > LINES, "a repository of 100,000 lines takes less than 30 s"


if __name__ == "__main__":
    main()
