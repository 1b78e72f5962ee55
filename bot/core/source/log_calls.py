"""Extracts the possible messages of log calls from one Python file, with a hole for every value.

Recognises calls of logging, structlog and loguru by their names, `warnings.warn`, and the messages
of raised exceptions. A name is resolved through its assignments in the function, class or module;
alternatives (`a if b else c`, `x or "y"`, two assignments) give one text each. The file is neither
run nor imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from string import Formatter

HOLE = "\0"
"""Placeholder for a value that is known only at run time."""
CHOICES = 6
"""Alternative texts of one call; further ones are dropped."""
LONGEST = 2_000
"""Characters of a text; more is cut."""

Texts = list[str]


class CallKind(IntEnum):
    """How the text reaches the log; a lower kind is better evidence of where it is logged."""

    LOG = 0
    WARNING = 1
    RAISED = 2


@dataclass(frozen=True, slots=True)
class CallText:
    """One possible text of one call."""

    text: str
    kind: CallKind
    line: int
    function: str | None
    """The innermost function's name, as `funcName` in a log record; None at module level."""


@dataclass(slots=True)
class _Scope:
    """A scope in which names are resolved, innermost first."""

    node: ast.AST
    function: str | None
    outer: _Scope | None
    _names: dict[str, list[ast.expr]] | None = None

    def find(self, name: str) -> list[ast.expr]:
        """Returns the expressions assigned to a name in the innermost scope that has any."""
        if self._names is None:
            self._names = _assigned(self.node, within=self.function is not None)
        found = self._names.get(name)
        if found:
            return found
        return self.outer.find(name) if self.outer else []


@dataclass(slots=True)
class _Module:
    attributes: dict[str, list[ast.expr]] = field(default_factory=dict)
    """Assignments in class bodies, `NAME = "…"`: `self.NAME` may be any of them."""
    loggers: set[str] = field(default_factory=set)
    """Names that are assigned a logger, whatever they are called."""


def calls(tree: ast.Module) -> Iterator[CallText]:
    """Yields every possible text of the module's calls, in no particular order."""
    module = _Module()
    top = _Scope(tree, None, None)
    stack: list[tuple[ast.AST, _Scope]] = [(tree, top)]
    found: list[tuple[ast.Call, _Scope, bool]] = []
    while stack:
        node, scope = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = _Scope(node, node.name, scope)
        elif isinstance(node, ast.ClassDef):
            for name, values in _assigned(node, within=False).items():
                module.attributes.setdefault(name, []).extend(values)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.ImportFrom):
            module.loggers.update(_named_loggers(node))
        elif isinstance(node, ast.Call):
            found.append((node, scope, False))
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.append((node.exc, scope, True))
        stack.extend((child, scope) for child in ast.iter_child_nodes(node))
    for call, scope, raised in found:
        yield from _texts_of(call, scope, module, raised)


def _texts_of(call: ast.Call, scope: _Scope, module: _Module, raised: bool) -> Iterator[CallText]:
    reader = _Reader(scope, module)
    if raised:
        kind, texts = CallKind.RAISED, reader.raised(call)
    elif _is_warning(call):
        kind, texts = CallKind.WARNING, reader.texts(call.args[0]) if call.args else []
    elif _is_super(call):
        kind, texts = CallKind.RAISED, reader.raised(call)
    elif (at := _message_at(call, module)) is not None:
        kind, texts = CallKind.LOG, reader.logged(call, at)
    else:
        return
    for text in dict.fromkeys(texts):
        if text.strip(f"{HOLE} \n"):
            yield CallText(text[:LONGEST], kind, call.lineno, scope.function)


# --- which calls --------------------------------------------------------------------------------

_LEVELS = {
    "trace", "debug", "info", "success", "notice", "warn", "warning", "error", "critical", "fatal",
    "exception", "log",
}  # fmt: skip
_METHODS = _LEVELS | {"a" + level for level in _LEVELS} | {"msg", "failure"}
_WRAPPER = re.compile(
    r"_{0,2}log_?(?:debug|info|warn|warning|error|critical|exception|failure|event|message)"
)
_LOGGER_WORDS = {"log", "logs", "logger", "loggers", "logging", "lgr", "loguru", "structlog"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def _sounds_like_logger(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    return any(word in _LOGGER_WORDS or word.endswith("logger") for word in words)


def _chain(node: ast.expr) -> list[str]:
    """Returns the names in a chain, last first: `self.logger.bind(a=1)` → bind, logger, self."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            if isinstance(node, ast.Name):
                names.append(node.id)
            return names


def _message_at(call: ast.Call, module: _Module) -> int | None:
    """Returns the index of the message among the arguments; None if this is no log call."""
    func = call.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if _WRAPPER.fullmatch(name):
        return 0
    if not isinstance(func, ast.Attribute) or name not in _METHODS:
        return None
    names = _chain(func.value)
    if not any(_sounds_like_logger(n) for n in names) and not module.loggers & set(names):
        return None
    return 1 if name in ("log", "alog") and len(call.args) > 1 else 0


def _named_loggers(node: ast.Assign | ast.AnnAssign | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if alias.asname and _sounds_like_logger(alias.name):
                yield alias.asname
        return
    if not isinstance(node.value, ast.Call) or not _makes_logger(node.value.func):
        return
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Attribute):
            yield target.attr


def _makes_logger(func: ast.expr) -> bool:
    names = _chain(func)
    return bool(names) and (
        _sounds_like_logger(names[0]) or (names[0] in ("bind", "new") and len(names) > 1)
    ) and any(_sounds_like_logger(name) for name in names)  # fmt: skip


def _is_warning(call: ast.Call) -> bool:
    func = call.func
    if isinstance(func, ast.Attribute):
        return func.attr == "warn" and "warnings" in _chain(func.value)
    return isinstance(func, ast.Name) and func.id == "warn"


def _is_super(call: ast.Call) -> bool:
    """Returns whether this is `super().__init__("…")`, as in an exception with its own message."""
    func = call.func
    return (
        isinstance(func, ast.Attribute)
        and func.attr == "__init__"
        and isinstance(func.value, ast.Call)
        and isinstance(func.value.func, ast.Name)
        and func.value.func.id == "super"
    )


def _assigned(scope: ast.AST, *, within: bool) -> dict[str, list[ast.expr]]:
    """Returns the expressions assigned to each name.

    Searches a whole function if `within`, else only the top level of a module or class.
    """
    found: dict[str, list[ast.expr]] = {}
    body = getattr(scope, "body", [])
    nodes = ast.walk(scope) if within else iter(body)
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            if isinstance(node.target, ast.Name) and node.value is not None:
                found.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            hole = ast.Constant(HOLE)
            for value in found.get(node.target.id, [])[:CHOICES]:
                found[node.target.id].append(ast.BinOp(value, ast.Add(), hole))
    return found


# --- their texts --------------------------------------------------------------------------------

_PERCENT = re.compile(
    r"%(?:\(([^()]*)\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?([diouxXeEfFgGcrsa%])"
)
_STRIP_METHODS = {"strip", "lstrip", "rstrip", "dedent", "expandtabs"}
_TRANSLATES = {"_", "gettext", "gettext_lazy", "gettext_noop", "dedent", "cleandoc", "str"}
_NOT_VALUES = {"exc_info", "extra", "stack_info", "stacklevel"}
_MESSAGE_KEYWORDS = ("detail", "message", "msg", "reason", "description", "error")


class _Reader:
    """Evaluates expressions to possible texts, in one scope."""

    def __init__(self, scope: _Scope, module: _Module) -> None:
        self._scope = scope
        self._module = module
        self._following: set[str] = set()

    def logged(self, call: ast.Call, at: int) -> Texts:
        """Returns a log call's texts, with its arguments formatted as logging or loguru would."""
        node: ast.expr | None = call.args[at] if len(call.args) > at else None
        keywords = {k.arg: k.value for k in call.keywords if k.arg and k.arg not in _NOT_VALUES}
        if node is None:
            node = next(
                (keywords[k] for k in ("msg", "event", "message", "_event") if k in keywords), None
            )
        if node is None or isinstance(node, ast.Starred):
            return []
        values = call.args[at + 1 :]
        return [self._filled(text, values, keywords) for text in self.texts(node)]

    def raised(self, call: ast.Call) -> Texts:
        """Returns an exception's texts: those of its first argument with any words."""
        keywords = [k.value for k in call.keywords if k.arg in _MESSAGE_KEYWORDS]
        for node in (*call.args, *keywords):
            texts = [] if isinstance(node, ast.Starred) else self.texts(node)
            if any(len(text.strip(f"{HOLE} ")) > 3 for text in texts):
                return texts
        return []

    def texts(self, node: ast.expr) -> Texts:
        """Returns the possible texts of an expression; `[HOLE]` if none is known."""
        return self._texts(node)[:CHOICES]

    def _texts(self, node: ast.expr) -> Texts:
        if isinstance(node, ast.Constant):
            return [node.value if isinstance(node.value, str) else HOLE]
        if isinstance(node, ast.JoinedStr):
            return self._joined([self._piece(value) for value in node.values])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([self.texts(part) for part in _summands(node)])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return [self._percent(text, given) for text in self.texts(node.left)]
        if isinstance(node, ast.IfExp):
            return [*self.texts(node.body), *self.texts(node.orelse)]
        if isinstance(node, ast.BoolOp):
            return [text for value in node.values for text in self.texts(value)]
        if isinstance(node, ast.NamedExpr):
            return self.texts(node.value)
        if isinstance(node, ast.Call):
            return self._called(node)
        if isinstance(node, ast.Name):
            return self._named(node.id, self._scope.find(node.id))
        if isinstance(node, ast.Attribute):
            return self._named(node.attr, self._module.attributes.get(node.attr, []))
        return [HOLE]

    def _named(self, name: str, values: Sequence[ast.expr]) -> Texts:
        if name in self._following or not values or len(self._following) > CHOICES:
            return [HOLE]
        self._following.add(name)
        texts = [text for value in values[:CHOICES] for text in self.texts(value)]
        self._following.discard(name)
        return texts[:CHOICES]

    def _piece(self, node: ast.expr) -> Texts:
        if not isinstance(node, ast.FormattedValue):
            return self.texts(node)
        if node.conversion != -1 or node.format_spec is not None:
            return [HOLE]
        return [self._plain(node.value)]

    def _plain(self, node: ast.expr) -> str:
        """Returns the text of a value if there is exactly one, else a hole."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return str(node.value)
        texts = self.texts(node)
        return texts[0] if len(texts) == 1 and HOLE not in texts[0] else HOLE

    def _joined(self, pieces: Sequence[Texts]) -> Texts:
        texts = [""]
        for piece in pieces:
            texts = [(a + b)[: 2 * LONGEST] for a in texts for b in piece][:CHOICES]
        return texts

    def _called(self, node: ast.Call) -> Texts:
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "format":
            keywords = {k.arg: k.value for k in node.keywords if k.arg}
            return [self._brace(text, node.args, keywords) for text in self.texts(func.value)]
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        if name in _TRANSLATES and node.args and not isinstance(node.args[0], ast.Starred):
            return self.texts(node.args[0])
        if isinstance(func, ast.Attribute) and name in _STRIP_METHODS:
            return [text.strip() for text in self.texts(func.value)]
        return [HOLE]

    def _filled(self, text: str, values: Sequence[ast.expr], keywords: dict[str, ast.expr]) -> str:
        if values and _PERCENT.search(text):
            return self._percent(text, values)
        if "{" in text and (values or keywords):
            return self._brace(text, values, keywords)
        return text

    def _percent(self, text: str, values: Sequence[ast.expr]) -> str:
        left = iter(values)

        def put(match: re.Match[str]) -> str:
            if match[2] == "%":
                return "%"
            value = None if match[1] is not None else next(left, None)
            if value is None or match[0] != "%s" or isinstance(value, ast.Starred):
                return HOLE
            return self._plain(value)

        return _PERCENT.sub(put, text)

    def _brace(self, text: str, values: Sequence[ast.expr], keywords: dict[str, ast.expr]) -> str:
        try:
            pieces = list(Formatter().parse(text))
        except ValueError:  # not a format at all, such as JSON
            return text
        out: list[str] = []
        count = 0
        for literal, name, spec, conversion in pieces:
            out.append(literal)
            if name is None:
                continue
            value = keywords.get(name)
            if name == "" or name.isdecimal():
                at = count if name == "" else int(name)
                count += 1
                value = values[at] if at < len(values) else None
            simple = value is not None and not spec and not conversion
            out.append(
                self._plain(value)
                if simple and value is not None and not isinstance(value, ast.Starred)
                else HOLE
            )
        return "".join(out)


def _summands(node: ast.BinOp) -> list[ast.expr]:
    """Returns the operands of `a + b + c`, without recursion: chains can have thousands."""
    parts: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
        parts.append(left.right)
        left = left.left
    return [left, *reversed(parts)]
