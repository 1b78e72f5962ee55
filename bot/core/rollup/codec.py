"""A Rollup in bytes and back, for the store. Only redacted Rollups belong there (`for_keeping`).

The bytes are zlib's; inside are the length of a JSON head, the head, and a blob with the packed
entries, each once. Places and keys stand in tables, and every collection is sorted: equal Rollups
have equal bytes. No insertIds of members are kept.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from bot.core.entries.place import Place, PlaceKind, Raw
from bot.core.entries.rows import loads
from bot.core.entries.understand import Key, Kind
from bot.core.model.codec import CodecError, dump_json, load_json
from bot.core.model.values import JSON, Severity
from bot.core.rollup.last_lines import LastLine
from bot.core.rollup.pulse import Pulse
from bot.core.rollup.rollup import MessageKey, Rollup
from bot.core.rollup.stitch import Fragment
from bot.core.rollup.subjects import Subjects
from bot.core.rollup.tally import Bounds, Counted, Edge, Sample, Single, Tally
from bot.core.text.tracebacks import LineKind, Piece

FORMAT = 2
"""Raise it with every change of the layout; what another format wrote counts as absent."""
LARGEST = 256 * 1024 * 1024
"""Bytes after decompression; more is refused, since a store's content is not trusted."""
_LEVEL = 3
_LENGTH = 8
_ALL = 2**64


def pack(head: JSON, blob: bytes) -> bytes:
    """Compresses a JSON head and a blob into one value."""
    text = dump_json(head)
    return zlib.compress(len(text).to_bytes(_LENGTH, "big") + text + blob, _LEVEL)


def unpack(data: bytes) -> tuple[JSON, bytes]:
    """Returns what `pack` compressed. Raises `CodecError` for anything else."""
    opened = zlib.decompressobj()
    try:
        whole = opened.decompress(data, LARGEST)
    except zlib.error as error:
        raise CodecError("not compressed") from error
    if not opened.eof or opened.unused_data:
        raise CodecError("cut, or too large")
    end = _LENGTH + int.from_bytes(whole[:_LENGTH], "big")
    if len(whole) < end:
        raise CodecError("cut")
    head = load_json(whole[_LENGTH:end])
    if not isinstance(head, Mapping):
        raise CodecError("no object")
    return head, whole[end:]


class _Table:
    """Numbers values in the order in which they are asked for."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def __call__(self, value: object) -> int:
        return self.numbers.setdefault(value, len(self.numbers))


def _bound(limit: int) -> int | None:
    """JSON's readers take no number of more than 64 bits; None stands for "all are kept"."""
    return None if limit >= _ALL else limit


def _name(name: bytes) -> str:
    return name.decode("latin-1")


class _Writer:
    """Encodes one Rollup."""

    def __init__(self) -> None:
        self.places, self.keys, self.raws = _Table(), _Table(), _Table()

    def rollup(self, rollup: Rollup) -> JSON:
        alike, limits = rollup.bounds_reached()
        return {
            "min": int(rollup.min_severity),
            "counted": [self._message(m, c) for m, c in sorted(rollup.counted.items(), key=_first)],
            "rest": [self._message(m, c) for m, c in sorted(rollup.rest.items(), key=_first)],
            "alike": alike,
            "limits": [[self.keys(k), s, limit] for (k, s), limit in sorted(limits.items())],
            "fragments": [
                self._fragment(f) for f in sorted(rollup.fragments.all(), key=_of_fragment)
            ],
            "fragment_limit": _bound(rollup.fragments.limit),
            "below": rollup.below,
            "severities": sorted((int(s), n) for s, n in rollup.severities.items() if n),
            "places_seen": [[self.places(p), *c] for p, c in sorted(rollup.places.items())],
            "requests": sorted((s, n) for s, n in rollup.requests.items() if n),
            "served": list(rollup.served.rows()),
            "failed": list(rollup.failed.rows()),
            "pulse": _pulse(rollup.pulse),
            "named": sorted((m, *who, times) for m, who, times in rollup.named.items()),
            "named_limit": _bound(rollup.named.limit),
            "lines": [
                [self.places(p), [self._line(n) for n in lines]]
                for p, lines in sorted(rollup.last_lines.items())
            ],
            "line_limit": _bound(rollup.last_lines.limit),
            # After the rest, which fills them.
            "places": list(map(list, self.places.numbers)),
            "keys": list(map(list, self.keys.numbers)),
            "raws": [len(raw.data) for raw in self.raws.numbers],
        }

    def blob(self) -> bytes:
        return b"".join(raw.data for raw in self.raws.numbers)

    def _message(self, message: MessageKey, counted: Counted) -> list[object]:
        what = self._tally(counted) if isinstance(counted, Tally) else self._single(counted)
        return [self.keys(message[0]), message[1], what]

    def _single(self, one: Single) -> list[object]:
        severity, time, place, route, name, raw, trace = one
        where, data = self.places(place), self.raws(raw)
        return [int(severity), time, where, route, _name(name), data, trace]

    def _tally(self, tally: Tally) -> JSON:
        return {
            "count": tally.count,
            "occurrences": tally.occurrences,
            "severity": int(tally.severity),
            "hours": sorted(tally.hours.items()),
            "minutes": sorted(tally.minutes.items()),
            "elsewhen": tally.elsewhen,
            "places": [
                [self.places(p), n, tally.moments.get(p, [])]
                for p, n in sorted(tally.places.items())
            ],
            "routes": sorted(tally.routes.items()),
            "samples": [[s.order, _name(s.name), self.raws(s.raw)] for s in tally.samples],
            "edges": [
                edge and [edge.time, _name(edge.name), self.raws(edge.raw)]
                for edge in (tally.first_entry, tally.last_entry)
            ],
            "span": [tally.first, tally.last],
            "traces": sorted(tally.traces.items()),
            "trace_limit": tally.trace_limit,
            "estimated": tally.estimated,
        }

    def _fragment(self, f: Fragment) -> list[object]:
        return [
            f.time, _name(f.name), self.places(f.place), f.log, int(f.severity), self.keys(f.key),
            f.piece.kind.value, f.piece.exception, f.text, self.raws(f.raw), f.trace,
        ]  # fmt: skip

    def _line(self, line: LastLine) -> list[object]:
        key, raw = self.keys(line.key), self.raws(line.raw)
        return [line.time, line.length, _name(line.name), key, int(line.severity), raw]


def _pulse(pulse: Pulse) -> JSON:
    # The bits of an hour are more than a number of JSON may have.
    return {
        "logged": [
            [service, sorted((hour, f"{bits:x}") for hour, bits in hours.items())]
            for service, hours in sorted(pulse.logged.items())
        ],
        "last": sorted(pulse.last.items()),
        "requests": [
            [service, sorted(counts.items())] for service, counts in sorted(pulse.requests.items())
        ],
    }


def _pulse_of(found: Mapping[str, Any]) -> Pulse:
    return Pulse(
        {
            _str(service): {_int(hour): int(_str(bits), 16) for hour, bits in hours}
            for service, hours in found["logged"]
        },
        {_str(service): _int(at) for service, at in found["last"]},
        {
            _str(service): {_int(slot): _count(n) for slot, n in counts}
            for service, counts in found["requests"]
        },
    )


def _first(item: tuple[MessageKey, object]) -> MessageKey:
    return item[0]


def _of_fragment(f: Fragment) -> tuple[object, ...]:
    return f.place, f.log, -1 if f.time is None else f.time, f.name, f.raw.data


def encode(rollup: Rollup) -> tuple[JSON, bytes]:
    """Returns a redacted Rollup as a JSON head and a blob, for `pack`."""
    writer = _Writer()
    head = writer.rollup(rollup)
    return head, writer.blob()


def decode(head: object, blob: bytes, bounds: Bounds, named: Subjects) -> Rollup:
    """Returns the Rollup that `encode` wrote. Raises `CodecError`.

    `named`: an empty collection, which receives the subjects.
    """
    try:
        return _Reader(cast("Mapping[str, Any]", head), blob, bounds).rollup(named)
    except CodecError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise CodecError(f"no Rollup ({type(error).__name__})") from error


class _Reader:
    """Decodes one Rollup. Any mistake in the data raises one of the errors that `decode` knows."""

    def __init__(self, head: Mapping[str, Any], blob: bytes, bounds: Bounds) -> None:
        self._head = head
        self._bounds = bounds
        self._places = [_place_of(*place) for place in head["places"]]
        self._keys = [Key(Kind(kind), _str(m), _str(place)) for kind, m, place in head["keys"]]
        self._raws: list[Raw] = []
        at = 0
        for length in map(_count, head["raws"]):
            self._raws.append(Raw(blob[at : at + length], loads))
            at += length
        if at != len(blob):
            raise CodecError("cut")

    def rollup(self, named: Subjects) -> Rollup:
        head = self._head
        made = Rollup(Severity(head["min"]), bounds=self._bounds, named=named)
        rest: dict[MessageKey, Tally] = {}
        for message, counted in self._messages(head["rest"]):
            if not isinstance(counted, Tally):
                raise CodecError("no tally")
            rest[message] = counted
        limits = {(self._key(k), int(Severity(s))): _count(n) for k, s, n in head["limits"]}
        made.restore(dict(self._messages(head["counted"])), rest, (_count(head["alike"]), limits))
        made.fragments.limit = _limit(head["fragment_limit"])
        for fragment in head["fragments"]:
            made.fragments.put(self._fragment(*fragment))
        made.below = _int(head["below"])
        made.severities = Counter({Severity(s): _count(n) for s, n in head["severities"]})
        for place, count, first, last in head["places_seen"]:
            made.places[self._place(place)] = (_count(count), _int(first), _int(last))
        made.requests = Counter({_str(s): _count(n) for s, n in head["requests"]})
        for part, rows in ((made.served, head["served"]), (made.failed, head["failed"])):
            for revision, minute, count in rows:
                part.add(_str(revision), _int(minute), _count(count))
        made.pulse = _pulse_of(head["pulse"])
        named.limit = _limit(head["named_limit"])
        for masked, subject, value, times in head["named"]:
            named.put(_str(masked), (_str(subject), _str(value)), list(map(_int, times)))
        made.last_lines.limit = _limit(head["line_limit"])
        for place, lines in head["lines"]:
            made.last_lines.put(self._place(place), [self._line(*line) for line in lines])
        return made

    def _place(self, number: int) -> Place:
        return self._places[_count(number)]

    def _key(self, number: int) -> Key:
        return self._keys[_count(number)]

    def _raw(self, number: int) -> Raw:
        return self._raws[_count(number)]

    def _messages(self, messages: Sequence[Any]) -> Iterable[tuple[MessageKey, Counted]]:
        for key, severity, what in messages:
            message = self._key(key), int(Severity(severity))
            yield message, self._tally(what) if isinstance(what, Mapping) else self._single(*what)

    def _single(  # noqa: PLR0917 - the fields of a Single
        self,
        severity: int,
        time: int | None,
        place: int,
        route: str | None,
        name: str,
        raw: int,
        trace: int,
    ) -> Single:
        return Single(
            Severity(severity),
            _time(time),
            self._place(place),
            None if route is None else _str(route),
            _str(name).encode("latin-1"),
            self._raw(raw),
            _int(trace),
        )

    def _tally(self, of: Mapping[str, Any]) -> Tally:
        tally = Tally(
            self._bounds,
            count=_count(of["count"]),
            occurrences=_count(of["occurrences"]),
            severity=Severity(of["severity"]),
            hours={_int(hour): _count(n) for hour, n in of["hours"]},
            minutes={_int(hour): _count(bits) for hour, bits in of["minutes"]},
            elsewhen=_count(of["elsewhen"]),
            routes={_str(route): _count(n) for route, n in of["routes"]},
            samples=[
                Sample(_int(order), _str(name).encode("latin-1"), self._raw(raw))
                for order, name, raw in of["samples"]
            ],
            traces={_int(trace): _time(at) for trace, at in of["traces"]},
            trace_limit=_count(of["trace_limit"]),
            estimated=bool(of["estimated"]),
        )
        for number, count, moments in of["places"]:
            place = self._place(number)
            tally.places[place] = _count(count)
            if moments:
                tally.moments[place] = list(map(_int, moments))
        tally.first, tally.last = map(_time, of["span"])
        tally.first_entry, tally.last_entry = (
            edge and Edge(_int(edge[0]), _str(edge[1]).encode("latin-1"), self._raw(edge[2]))
            for edge in of["edges"]
        )
        return tally

    def _fragment(  # noqa: PLR0917 - the fields of a Fragment
        self,
        time: int | None,
        name: str,
        place: int,
        log: str,
        severity: int,
        key: int,
        kind: str,
        exception: str | None,
        text: str,
        raw: int,
        trace: int | None,
    ) -> Fragment:
        return Fragment(
            _time(time),
            _str(name).encode("latin-1"),
            self._place(place),
            _str(log),
            Severity(severity),
            self._key(key),
            Piece(LineKind(kind), None if exception is None else _str(exception)),
            _str(text),
            self._raw(raw),
            None if trace is None else _int(trace),
        )

    def _line(  # noqa: PLR0917 - the fields of a LastLine
        self, time: int, length: int, name: str, key: int, severity: int, raw: int
    ) -> LastLine:
        return LastLine(
            _int(time),
            _count(length),
            _str(name).encode("latin-1"),
            self._key(key),
            Severity(severity),
            self._raw(raw),
        )


def _place_of(  # noqa: PLR0917 - the fields of a Place
    service: str, revision: str, instance: str, region: str, project: str, kind: str
) -> Place:
    return Place(
        _str(service), _str(revision), _str(instance), _str(region), _str(project), PlaceKind(kind)
    )


def _int(value: object) -> int:
    if type(value) is not int:
        raise CodecError("no number")
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise CodecError("no count")
    return value


def _limit(value: object) -> int:
    return _ALL if value is None else _count(value)


def _str(value: object) -> str:
    if type(value) is not str:
        raise CodecError("no text")
    return value


def _time(value: object) -> int | None:
    return None if value is None else _int(value)
