"""Google's Logging query language, the part that clients of `entries.list` use.

`compile_filter(text)` returns a predicate over log entries in the JSON form of `gcloud logging read
--format=json`, or raises `FilterError` worded like Google's. The rules:

- NOT binds tightest, then OR, then AND; juxtaposition (also over newlines) is AND.
- Words and quoted strings ignore case, regular expressions do not.
- Comparing a field that LogEntry does not have is an error; a field missing from a payload or a
  label map fails every comparison; an unset LogEntry field has its default value.
- `sample(FIELD, FRACTION)` takes the entries whose field has a hash in the lowest fraction.

Source of the rules: cloud.google.com/logging/docs/view/logging-query-language.
"""

from __future__ import annotations

import re
import zlib
from urllib.parse import quote

from playground.logging.entry import nanoseconds
from playground.logging.filter_fields import (
    Predicate,
    anywhere,
    comparison,
    field_of,
    text_of,
    values,
)
from playground.logging.filter_tokens import (
    FilterError,
    Token,
    regex_text,
    syntax_error,
    tokens_of,
)

MAX_FILTER = 20_000  # characters; cloud.google.com/logging/quotas, "length of a query"


def compile_filter(text: str) -> Predicate:
    """Compiles a filter to a predicate; the empty filter matches everything."""
    if len(text) > MAX_FILTER:
        raise FilterError(f"Filter is too long: {len(text)} > {MAX_FILTER} characters")
    tokens = list(tokens_of(text))
    if len(tokens) == 1:  # only the end token
        return lambda _entry: True
    parser = _Parser(tokens)
    predicate = parser.conjunction()
    parser.expect_end()
    return predicate


def time_bounds(text: str) -> tuple[int, int]:
    """Returns nanoseconds [start, end) outside of which nothing matches, as a filter demands it.

    Knows no more than plain restrictions of `timestamp` beside all others; saves looking further.
    """
    start, end = -(2**63), 2**63
    tokens = [None, *tokens_of(text), None]
    depth = 0
    for before, name, op, value, after in zip(
        tokens, *(tokens[i:] for i in range(1, 5)), strict=False
    ):
        depth += (name.text == "(") - (name.text == ")") if name and name.kind == "punct" else 0
        if depth or not (name and op and value) or name.text != "timestamp":
            continue
        if {t.text for t in (before, after) if t and t.kind == "word"} & {"OR", "NOT"}:
            continue
        if op.text in {">=", "<"} and value.kind == "string":
            try:
                moment = nanoseconds(value.glued)
            except ValueError:
                continue
            start, end = (max(start, moment), end) if op.text == ">=" else (start, min(end, moment))
    return start, end


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
            raise syntax_error(self.now)
        self.at += 1

    def expect_end(self) -> None:
        if self.now.kind != "end":
            raise syntax_error(self.now)

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
            raise syntax_error(first)
        path = self.path()
        if self.now.text == "(" and self.now.kind == "punct" and first.kind == "word":
            return self.function(first, ".".join(path))
        if self.now.kind == "op":
            operator = self.take().text
            field = field_of(path, first)
            return self.argument(field, operator)
        words = ".".join(path)
        return lambda entry: anywhere(entry, words.lower())

    def path(self) -> list[str]:
        path = [self.take().glued]
        while self.now.text == "." and self.now.kind == "punct":
            self.take()
            if self.now.kind not in {"word", "string"}:
                raise syntax_error(self.now)
            path.append(self.take().glued)
        return path

    def argument(self, field: list[str], operator: str) -> Predicate:
        """Parses a value, or a parenthesised combination of values, for one comparison."""
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
            raise syntax_error(token)
        if operator in {"=~", "!~"}:
            return self.pattern(field, operator)
        quoted = token.kind == "string"
        text = self.take().glued
        while not quoted and self.now.text == "." and self.now.kind == "punct":
            self.take()  # 1.5, or an unquoted host name
            text += "." + self.take().glued
        if self.now.kind == "op":  # as in an unquoted time
            raise syntax_error(self.now)
        return comparison(field, operator, text, quoted=quoted, token=token)

    def pattern(self, field: list[str], operator: str) -> Predicate:
        token = self.take()
        if token.kind != "string":
            raise FilterError(
                "Unparseable filter: regular expressions must begin and end with '\"' at line "
                f"{token.line}, column {token.column}, token '{token.text}'"
            )
        source = regex_text(token.text)
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
            any(found.search(text_of(value)) is not None for value in values(entry, field))
            == wanted
        )

    def function(self, name: Token, called: str) -> Predicate:
        self.expect("(")
        if self.now.kind not in {"string", "word"}:
            raise syntax_error(self.now)
        if called == "sample":
            return self.sample()
        argument = self.take()
        self.expect(")")
        if called == "log_id":
            if argument.kind != "string":
                raise syntax_error(argument)
            ending = "/logs/" + quote(argument.glued, safe="")
            return lambda entry: str(entry.get("logName", "")).lower().endswith(ending.lower())
        if called == "SEARCH":
            words = argument.glued.lower().split()
            return lambda entry: all(anywhere(entry, word) for word in words)
        raise FilterError(
            f"Unparseable filter: unknown function '{called}' at line {name.line}, "
            f"column {name.column}"
        )

    def sample(self) -> Predicate:
        """Parses `sample(FIELD, FRACTION)`: those entries whose field hashes below the fraction."""
        field = field_of(self.path(), self.now)
        self.expect(",")
        token, number = self.now, ""
        while self.now.kind == "word" or self.now.text == ".":
            number += self.take().text
        self.expect(")")
        try:
            fraction = float(number)
        except ValueError:
            raise syntax_error(token) from None
        if not 0 <= fraction <= 1:
            raise FilterError(f"Unparseable filter: sampling fraction {number} is not in [0, 1]")
        bound = fraction * 2**32
        return lambda entry: any(
            zlib.crc32(text_of(value).encode()) < bound for value in values(entry, field)
        )
