"""The tokens of a Logging query, each with its position for error messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
    """A filter that Google would reject; the text is worded like Google's."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token with its position, 1-based as in Google's messages."""

    kind: str
    text: str
    line: int
    column: int

    @property
    def glued(self) -> str:
        """Returns the token as written, without quotes and escapes."""
        return _unquote(self.text) if self.kind == "string" else self.text


def _unquote(text: str) -> str:
    return re.sub(
        r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text[1:-1], flags=re.DOTALL
    )


def regex_text(text: str) -> str:
    """In a regular expression only the quote's own escape goes; a class such as digits stays."""
    return re.sub(r'\\(["\\])', lambda f: '"' if f[1] == '"' else "\\\\", text[1:-1])


def tokens_of(text: str) -> Iterator[Token]:
    """Yields all tokens, then one of kind `end`. Raises `FilterError`."""
    at, line, start = 0, 1, 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise syntax_error(Token("bad", text[at], line, at - start + 1))
        kind, body = str(found.lastgroup), found[0]
        if kind != "space":
            yield Token(kind, body, line, at - start + 1)
        if newlines := body.count("\n"):
            line += newlines
            start = at + body.rindex("\n") + 1
        at = found.end()
    yield Token("end", "", line, at - start + 1)


def syntax_error(token: Token) -> FilterError:
    """Builds Google's error for a token in the wrong place."""
    shown = "end of filter" if token.kind == "end" else f"token '{token.text}'"
    return FilterError(
        f"Unparseable filter: syntax error at line {token.line}, column {token.column}, {shown}"
    )
