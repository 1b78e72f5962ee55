"""A Cloud Logging that reads parts and counts its calls, and kept windows in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.entries.json_rows import of_json
from bot.core.model.environment import Query
from bot.core.model.rfc3339 import parse
from bot.core.model.values import Window
from bot.core.ports import Mark, Page, PartPage

JsonEntry = Mapping[str, object]


def _time(entry: JsonEntry, name: str) -> int:
    found = parse(str(entry[name]))
    assert found is not None
    return found


@dataclass
class FakePartLogs:
    """`ports.PartSource`. An entry is there once its `receiveTimestamp` has passed `now`."""

    now: int
    entries: list[JsonEntry] = field(default_factory=list)
    page: int = 1_000
    calls: int = 0
    queries: list[Query] = field(default_factory=list)
    unreadable: Sequence[Window] = ()
    """Of these windows nothing can be read."""
    repeats: bool = False
    """Hands out every page twice, as after a token that died."""
    sampled: bool = False
    """Hands out every second entry of each page, and says so."""

    def describe(self, query: Query) -> str:
        return f"{query.services}"

    def read(self, query: Query) -> Iterator[Page]:
        for got in self.read_parts(query, [query.window]):
            yield got.page

    def read_parts(self, query: Query, parts: Sequence[Window]) -> Iterator[PartPage]:
        self.queries.append(query)
        for part in parts:
            found = sorted(self._in(query, part), key=lambda e: -_time(e, "timestamp"))
            lost = [w for w in self.unreadable if w.start < part.end and part.start < w.end]
            found = [e for e in found if not any(_time(e, "timestamp") in w for w in lost)]
            pages = max(1, -(-len(found) // self.page))
            for i in range(pages):
                self.calls += 1
                some = found[i * self.page : (i + 1) * self.page]
                last = i + 1 == pages
                all_of_page = len(some)
                some = some[::2] if self.sampled else some
                page = Page(
                    of_json(some, range(len(some))),
                    left_out=all_of_page - len(some),
                    reached=part.start if last else _time(some[-1], "timestamp"),
                    missing=tuple(lost) if last else (),
                    api_calls=1,
                )
                if self.repeats:
                    yield PartPage(part, page, done=False)
                yield PartPage(part, page, done=last and not lost and not self.sampled)

    def _in(self, query: Query, part: Window) -> Iterator[JsonEntry]:
        for entry in self.entries:
            at, received = _time(entry, "timestamp"), _time(entry, "receiveTimestamp")
            if at not in part or received > self.now:
                continue
            if query.parts and not any(
                at in p.window and received > p.received_after for p in query.parts
            ):
                continue
            yield entry


@dataclass
class FakeKept:
    """`ports.KeptRollups`."""

    bound: int = 32 * 1024 * 1024
    held: dict[tuple[str, str, Window], tuple[Mark, bytes]] = field(default_factory=dict)

    def marks(self, environment: str, query: str) -> Mapping[Window, Mark]:
        return {w: m for (e, q, w), (m, _) in self.held.items() if (e, q) == (environment, query)}

    def get(
        self, environment: str, query: str, windows: Sequence[Window]
    ) -> Mapping[Window, bytes]:
        found = {w: self.held.get((environment, query, w)) for w in windows}
        return {w: known[1] for w, known in found.items() if known is not None}

    def put(
        self,
        environment: str,
        query: str,
        window: Window,
        data: bytes,
        swept: int,
        *,
        instead_of: str = "",
        replaces: Sequence[Window] = (),
    ) -> bool:
        known = self.held.get((environment, query, window))
        if (known[0].version if known else "") != instead_of:
            return False
        mark = Mark(len(data), f"{hash(data):x}".strip("-"), swept)
        self.held[environment, query, window] = mark, data
        for other in replaces:
            if other != window:
                self.held.pop((environment, query, other), None)
        return True

    def sweep(self, environment: str, query: str, swept: Mapping[Window, Mark]) -> None:
        for window, mark in swept.items():
            known = self.held.get((environment, query, window))
            if known is not None and known[0].version == mark.version:
                self.held[environment, query, window] = mark, known[1]

    def remove(self, environment: str, query: str, windows: Sequence[Window]) -> None:
        for window in windows:
            self.held.pop((environment, query, window), None)

    def size(self, environment: str) -> tuple[int, int]:
        sizes = [mark.size for (e, _, _), (mark, _) in self.held.items() if e == environment]
        return len(sizes), sum(sizes)

    def excess(self, environment: str) -> int:
        return self.size(environment)[1] - self.bound

    def drop_oldest(self, environment: str) -> bool:
        found = [(w.start, q, w) for e, q, w in self.held if e == environment]
        if found:
            _, query, window = min(found, key=lambda each: each[:2])
            del self.held[environment, query, window]
        return bool(found)

    def check(self) -> None:
        pass
