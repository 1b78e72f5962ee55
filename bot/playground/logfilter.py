"""Google's Logging query language, as much of it as a client of `entries.list` uses.

`compile_filter(text)` gives a predicate over log entries in the JSON form that `gcloud logging
read --format=json` prints, or raises `FilterError` with Google's kind of sentence. What is held to:

- NOT binds tightest, then OR, then AND; juxtaposition (also over newlines) is AND.
- Words and quoted strings compare without regard to case, regular expressions with it.
- Comparing a field that LogEntry does not have is an error; a field that a payload or a map of
  labels lacks fails every comparison; a LogEntry field that is not set has its default value.

Source of the rules: cloud.google.com/logging/docs/view/logging-query-language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.playground.logentry import SEVERITIES, nanoseconds, severity_number

Entry = dict[str, Any]
Predicate = Callable[[Entry], bool]

MAX_FILTER = 20_000  # characters; cloud.google.com/logging/quotas, "length of a query"

SCALARS = {
    "logName": "",
    "textPayload": "",
    "insertId": "",
    "trace": "",
    "spanId": "",
    "traceSampled": False,
    "timestamp": "",
    "receiveTimestamp": "",
    "severity": "DEFAULT",
}
"""LogEntry's own fields with the default that an absent one compares as."""

NESTED: dict[str, set[str] | None] = {
    "resource": {"type", "labels"},
    "httpRequest": {
        "requestMethod",
        "requestUrl",
        "requestSize",
        "status",
        "responseSize",
        "userAgent",
        "remoteIp",
        "serverIp",
        "referer",
        "latency",
        "cacheLookup",
        "cacheHit",
        "cacheValidatedWithOriginServer",
        "cacheFillBytes",
        "protocol",
    },
    "operation": {"id", "producer", "first", "last"},
    "sourceLocation": {"file", "line", "function"},
    "split": {"uid", "index", "totalSplits"},
    "errorGroups": {"id"},
    "labels": None,
    "jsonPayload": None,
    "protoPayload": None,
}
"""LogEntry's message fields; None: any name may follow."""

TIMES = {"timestamp", "receiveTimestamp"}
OPERATORS = ("<=", ">=", "!=", "=~", "!~", "=", ":", "<", ">")
TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
      |(?P<string>"(?:[^"\\]|\\.)*")
      |(?P<op><=|>=|!=|=~|!~|=|:|<|>)
      |(?P<punct>[(),.])
      |(?P<word>[^\s"()<>=!:~,.]+)""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class FilterError(ValueError):
    """The filter is not one that Google would take; its text is what Google would say."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token with its place, 1-based as Google counts."""

    kind: str
    text: str
    line: int
    column: int

    @property
    def glued(self) -> str:
        """The token as written, without quotes and escapes."""
        return _unquote(self.text) if self.kind == "string" else self.text


def compile_filter(text: str) -> Predicate:
    """The predicate that `text` describes; the empty filter takes everything."""
    if len(text) > MAX_FILTER:
        raise FilterError(f"Filter is too long: {len(text)} > {MAX_FILTER} characters")
    tokens = list(_tokens(text))
    if len(tokens) == 1:  # the end alone
        return lambda _entry: True
    parser = _Parser(tokens)
    predicate = parser.conjunction()
    parser.expect_end()
    return predicate


def _unquote(text: str) -> str:
    return re.sub(
        r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text[1:-1], flags=re.DOTALL
    )


def _regex_text(text: str) -> str:
    """In a regular expression only the quote's own escape goes; a class such as digits stays."""
    return re.sub(r'\\(["\\])', lambda f: '"' if f[1] == '"' else "\\\\", text[1:-1])


def _tokens(text: str) -> Iterator[Token]:
    at, line, start = 0, 1, 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise _syntax(Token("bad", text[at], line, at - start + 1))
        kind, body = str(found.lastgroup), found[0]
        if kind != "space":
            yield Token(kind, body, line, at - start + 1)
        if newlines := body.count("\n"):
            line += newlines
            start = at + body.rindex("\n") + 1
        at = found.end()
    yield Token("end", "", line, at - start + 1)


def _syntax(token: Token) -> FilterError:
    shown = "end of filter" if token.kind == "end" else f"token '{token.text}'"
    return FilterError(
        f"Unparseable filter: syntax error at line {token.line}, column {token.column}, {shown}"
    )


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.now
        self.at += 1
        return token

    def word(self, text: str) -> bool:
        return self.now.kind == "word" and self.now.text == text

    def expect(self, text: str) -> None:
        if self.now.text != text or self.now.kind == "string":
            raise _syntax(self.now)
        self.at += 1

    def expect_end(self) -> None:
        if self.now.kind != "end":
            raise _syntax(self.now)

    def conjunction(self) -> Predicate:
        parts = [self.disjunction()]
        while not (self.now.kind == "end" or self.now.text == ")"):
            if self.word("AND"):
                self.take()
            parts.append(self.disjunction())
        return parts[0] if len(parts) == 1 else lambda entry: all(part(entry) for part in parts)

    def disjunction(self) -> Predicate:
        parts = [self.negation()]
        while self.word("OR"):
            self.take()
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else lambda entry: any(part(entry) for part in parts)

    def negation(self) -> Predicate:
        if self.word("NOT"):
            self.take()
            inner = self.negation()
            return lambda entry: not inner(entry)
        if self.now.kind == "word" and self.now.text.startswith("-") and len(self.now.text) > 1:
            token = self.now
            self.tokens[self.at] = Token("word", token.text[1:], token.line, token.column + 1)
            inner = self.negation()
            return lambda entry: not inner(entry)
        if self.now.text == "(" and self.now.kind == "punct":
            self.take()
            group = self.conjunction()
            self.expect(")")
            return group
        return self.restriction()

    def restriction(self) -> Predicate:
        first = self.now
        if first.kind not in {"word", "string"} or (
            first.kind == "word" and first.text in {"AND", "OR"}
        ):
            raise _syntax(first)
        path = self.path()
        if self.now.text == "(" and self.now.kind == "punct" and first.kind == "word":
            return self.function(first, ".".join(path))
        if self.now.kind == "op":
            operator = self.take().text
            field = _field(path, first)
            return self.argument(field, operator)
        words = ".".join(path)
        return lambda entry: _anywhere(entry, words.lower())

    def path(self) -> list[str]:
        path = [self.take().glued]
        while self.now.text == "." and self.now.kind == "punct":
            self.take()
            if self.now.kind not in {"word", "string"}:
                raise _syntax(self.now)
            path.append(self.take().glued)
        return path

    def argument(self, field: list[str], operator: str) -> Predicate:
        """One value, or a parenthesised combination of values, for the same comparison."""
        if not (self.now.text == "(" and self.now.kind == "punct"):
            return self.value(field, operator)
        self.take()
        predicate = self.combined(field, operator)
        self.expect(")")
        return predicate

    def combined(self, field: list[str], operator: str) -> Predicate:
        ands: list[Predicate] = []
        while True:
            ors = [self.single(field, operator)]
            while self.word("OR"):
                self.take()
                ors.append(self.single(field, operator))
            ands.append(lambda entry, ors=ors: any(part(entry) for part in ors))  # type: ignore[misc]
            if self.word("AND"):
                self.take()
            elif self.now.kind == "end" or self.now.text == ")":
                return lambda entry: all(part(entry) for part in ands)

    def single(self, field: list[str], operator: str) -> Predicate:
        if self.word("NOT"):
            self.take()
            inner = self.single(field, operator)
            return lambda entry: not inner(entry)
        return self.argument(field, operator)

    def value(self, field: list[str], operator: str) -> Predicate:
        token = self.now
        if token.kind not in {"word", "string"}:
            raise _syntax(token)
        if operator in {"=~", "!~"}:
            return self.pattern(field, operator)
        quoted = token.kind == "string"
        text = self.take().glued
        while not quoted and self.now.text == "." and self.now.kind == "punct":
            self.take()  # 1.5, or an unquoted host name
            text += "." + self.take().glued
        if self.now.kind == "op":  # as in an unquoted time
            raise _syntax(self.now)
        return _comparison(field, operator, text, quoted=quoted, token=token)

    def pattern(self, field: list[str], operator: str) -> Predicate:
        token = self.take()
        if token.kind != "string":
            raise FilterError(
                "Unparseable filter: regular expressions must begin and end with '\"' at line "
                f"{token.line}, column {token.column}, token '{token.text}'"
            )
        source = _regex_text(token.text)
        try:
            if re.search(r"\\[1-9]|\(\?(?:[=!]|<[=!])", source):  # RE2 has neither
                raise re.error("lookaround and back-references are not supported")
            found = re.compile(source)
        except re.error as error:
            raise FilterError(
                f"Unparseable filter: invalid regular expression '{source}': {error}"
            ) from None
        wanted = operator == "=~"
        return lambda entry: (
            any(found.search(_text(value)) is not None for value in _values(entry, field)) == wanted
        )

    def function(self, name: Token, called: str) -> Predicate:
        self.expect("(")
        if self.now.kind not in {"string", "word"}:
            raise _syntax(self.now)
        argument = self.take()
        self.expect(")")
        if called == "log_id":
            if argument.kind != "string":
                raise _syntax(argument)
            ending = "/logs/" + quote(argument.glued, safe="")
            return lambda entry: str(entry.get("logName", "")).lower().endswith(ending.lower())
        if called == "SEARCH":
            words = argument.glued.lower().split()
            return lambda entry: all(_anywhere(entry, word) for word in words)
        raise FilterError(
            f"Unparseable filter: unknown function '{called}' at line {name.line}, "
            f"column {name.column}"
        )


def _field(path: list[str], token: Token) -> list[str]:
    """The path in JSON's spelling, or an error for a field that no LogEntry can have."""
    head = re.sub(r"_([a-z])", lambda found: found[1].upper(), path[0])
    known = NESTED.get(head, set())
    if head in SCALARS:
        fine = len(path) == 1
    elif head in NESTED:
        fine = known is None or len(path) == 1 or path[1] in known
    else:
        fine = False
    if not fine:
        raise FilterError(
            f"Field not found: '{'.'.join(path)}' at line {token.line}, column {token.column}"
        )
    return [head, *path[1:]]


def _values(entry: Entry, field: list[str]) -> list[Any]:
    """What stands at the path; more than one where a list is on the way."""
    level: list[Any] = [entry]
    for name in field:
        flat = (each for item in level for each in (item if isinstance(item, list) else [item]))
        level = [each[name] for each in flat if isinstance(each, dict) and name in each]
    if not level and len(field) == 1 and field[0] in SCALARS:
        return [SCALARS[field[0]]]
    if not level and field[0] in {"httpRequest", "operation", "sourceLocation"} and len(field) > 1:
        return [0 if field[1] in {"status", "line"} else ""]
    return [part for item in level for part in (item if isinstance(item, list) else [item])]


def _comparison(
    field: list[str], operator: str, text: str, *, quoted: bool, token: Token
) -> Predicate:
    if operator == ":":
        if text == "*" and not quoted:
            return lambda entry: _exists(entry, field)
        if field != ["severity"]:
            wanted = text.lower()
            return lambda entry: any(_has(value, wanted) for value in _values(entry, field))
        operator = "="
    if field == ["severity"]:
        return _by_severity(operator, text, token)
    if len(field) == 1 and field[0] in TIMES:
        try:
            moment = nanoseconds(text)
        except ValueError:
            raise FilterError(f"Unparseable filter: invalid timestamp '{text}'") from None
        return lambda entry: _compare(
            operator, nanoseconds(str(entry.get(field[0]) or "1970-01-01T00:00:00Z")), moment
        )
    return lambda entry: any(_loose(operator, value, text) for value in _values(entry, field))


def _by_severity(operator: str, text: str, token: Token) -> Predicate:
    if text.upper() not in SEVERITIES and not text.isdigit():
        raise FilterError(
            f"Unparseable filter: invalid severity '{text}' at line {token.line}, "
            f"column {token.column}"
        )
    level = severity_number(text)
    return lambda entry: _compare(operator, severity_number(entry.get("severity")), level)


def _loose(operator: str, value: Any, text: str) -> bool:
    """Compares as the field's own type wants it: numbers and booleans first, then words."""
    if isinstance(value, bool):
        return _compare(operator, str(value).lower(), text.lower())
    if isinstance(value, int | float):
        try:
            return _compare(operator, float(value), float(text))
        except ValueError:
            return operator == "!="
    return _compare(operator, _text(value).lower(), text.lower())


def _compare(operator: str, left: Any, right: Any) -> bool:
    if operator == "=":
        return bool(left == right)
    if operator == "!=":
        return bool(left != right)
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    return bool(left > right) if operator == ">" else bool(left >= right)


def _exists(entry: Entry, field: list[str]) -> bool:
    level: Any = entry
    for name in field:
        if isinstance(level, list):
            level = next((item for item in level if isinstance(item, dict) and name in item), None)
        if not isinstance(level, dict) or name not in level:
            return False
        level = level[name]
    return level not in (None, "", [], {})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ("" if value is None else str(value))


def _has(value: Any, wanted: str) -> bool:
    """Google's `:`: a part of a string, or of anything inside a message, or a key of it."""
    if isinstance(value, dict):
        return any(key.lower() == wanted or _has(item, wanted) for key, item in value.items())
    if isinstance(value, list):
        return any(_has(item, wanted) for item in value)
    return wanted in _text(value).lower()


def _anywhere(entry: Entry, wanted: str) -> bool:
    return _has(entry, wanted)
