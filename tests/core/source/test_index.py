"""What calls say, which of them wrote a message, and who owns the file."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from bot.core.analysis import analyze
from bot.core.analysis.outside import Outside
from bot.core.model.environment import Environment, Query
from bot.core.model.values import DAY, Location, Window
from bot.core.source import codeowners
from bot.core.source.index import (
    TEMPLATE_LIMIT,
    SourceFile,
    build,
)
from bot.core.source.log_calls import (
    HOLE,
    CallKind,
    CallText,
    calls,
)
from bot.core.source.match import Matcher, words
from playground.service.service import SampleService
from tests.core import sample_sources
from tests.fakes.logs import FakeLogs


def said(code: str) -> list[CallText]:
    return sorted(calls(ast.parse(textwrap.dedent(code))), key=lambda s: (s.line, s.text))


def texts(code: str) -> list[str]:
    return [s.text.replace(HOLE, "<*>") for s in said(code)]


def index(*sources: str, **files: str) -> Matcher:
    named = {f"src/shop/m{number}.py": text for number, text in enumerate(sources)}
    return Matcher(
        build("acme/shop", [SourceFile(p, t.encode()) for p, t in (named | files).items()], made=1)
    )


def lines(matcher: Matcher, text: str) -> int | None:
    found = matcher.find(text)
    return found.template.line if found else None


# --- what calls say -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("log.warning('cannot reach %s in %d ms', host, 3)", ["cannot reach <*> in <*> ms"]),
        ("log.warning('100%% of %(what)s' % values)", ["100% of <*>"]),
        ("log.warning('no arguments: 5% of all')", ["no arguments: 5% of all"]),
        ("self.logger.error(f'cannot reach {host!r} in {took:.1f} s')", ["cannot reach <*> in <*> s"]),
        ("logging.getLogger('a').info('from {} to {name}'.format(a, name=b))", ["from <*> to <*>"]),
        ("logger.info('from {} to {name}', a, name=b)", ["from <*> to <*>"]),
        ("logger.info('{\"json\": 1}')", ['{"json": 1}']),
        ("logger.info('bad {format', 1)", ["bad {format"]),
        ("structlog.get_logger().bind(a=1).warning('an event', key=value)", ["an event"]),
        ("log.warning(event='an event')", ["an event"]),
        ("log.info('one ' + two + ' three')", ["one <*> three"]),
        ("log.log(logging.INFO, 'with a level %s', x)", ["with a level <*>"]),
        ("app.logger.opt(exception=True).critical('it broke')", ["it broke"]),
        ("log.info('yes it is' if x else 'no it is not')", ["no it is not", "yes it is"]),
        ("log.info(text or 'nothing said')", ["nothing said"]),
        ("log_error('from a wrapper')", ["from a wrapper"]),
        ("self._log_warning('from a wrapper')", ["from a wrapper"]),
        ("warnings.warn('the old name', DeprecationWarning)", ["the old name"]),
        ("raise ValueError(f'no such thing: {x}')", ["no such thing: <*>"]),
        ("raise HTTPException(status_code=403, detail='not allowed here')", ["not allowed here"]),
        ("log.info(textwrap.dedent('  in folds  '))", ["  in folds  "]),
        ("await log.awarning('asynchronous')", ["asynchronous"]),
        ("log.info(_('translated words'))", ["translated words"]),
        ("log.info('%s' % x)", []),
        ("log.info(x)", []),
        ("log.info()", []),
        ("log.info(*args)", []),
        ("raise", []),
        ("raise Broken", []),
        ("math.log('no log')", []),
        ("catalog.error('no log')", []),
        ("dialog.info('no log')", []),
        ("print('no log')", []),
    ],
)  # fmt: skip
def test_a_call_says(code: str, expected: list[str]) -> None:
    assert texts(f"async def f():\n    {code}") == expected


def test_names_are_followed_to_where_they_were_assigned() -> None:
    code = """
        NAME = "the session pool"
        class A:
            WHO = "worker"
            def f(self, audit):
                log.info("no %s", NAME)
                log.info(f"{self.WHO} of {NAME} left")
                message = "first words"
                if audit:
                    message += f" and {audit}"
                log.error(message)
        def other(NAME=1):
            log.info(unknown + " name")
    """
    assert texts(code) == [
        "no the session pool",
        "worker of the session pool left",
        "first words",
        "first words<*>",
        "<*> name",
    ]


def test_a_logger_is_known_by_where_it_comes_from() -> None:
    code = """
        from loguru import logger as L
        audit = logging.getLogger("audit")
        L.info("through the other name")
        audit.info("through its own name")
    """
    assert texts(code) == ["through the other name", "through its own name"]


def test_an_exception_may_carry_its_message() -> None:
    code = """
        class Missing(Exception):
            def __init__(self, name):
                super().__init__(f"no tenant called {name}")
    """
    (found,) = said(code)
    assert (found.text, found.kind, found.function) == (
        f"no tenant called {HOLE}", CallKind.RAISED, "__init__",
    )  # fmt: skip


def test_circles_and_choices_without_end_are_cut() -> None:
    choices = "\n".join(f"    word = '{n}' + word" for n in range(40))
    assert len(texts(f"def f(word):\n{choices}\n    log.info(word + word + word + ' said')")) <= 6
    long = " + ".join(["'a word '"] * 300)
    (text,) = texts(f"log.info({long})")
    assert text.startswith("a word a word")


# --- which of them wrote it ---------------------------------------------------------------------


def test_the_most_specific_template_wins() -> None:
    found = index(
        "log.error(f'request failed: {e}')\n"
        "log.error(f'request failed: timeout after {n} s')\n"
        "log.error(f'request {x} failed: timeout after {n} s')\n"
    )
    assert lines(found, "request failed: no such host") == 1
    assert lines(found, "request failed: timeout after 8.0 s") == 2
    assert lines(found, "request 12 failed: timeout after 8.0 s") == 3
    assert lines(found, "the request failed: no such host") is None


def test_two_places_that_say_the_same_are_none() -> None:
    found = index("log.error('cannot connect at all')", "\n\nlog.error('cannot connect at all')")
    assert found.find("cannot connect at all") is None


def test_twice_in_one_function_names_the_function() -> None:
    found = index(
        "def f():\n    log.error('cannot connect at all')\n    log.error('cannot connect at all')"
    )
    assert found.locate("cannot connect at all") == Location("shop.m0", "f", None)


def test_where_it_was_logged_beats_where_it_was_raised() -> None:
    found = index(
        "raise ValueError(f'unknown type of message: {x}')\nlog.error(f'the loop broke: {e}')\n"
    )
    assert lines(found, "the loop broke: unknown type of message: 'a'") == 2
    assert lines(found, "elsewhere it broke: unknown type of message: 'a'") == 1
    assert lines(found, "unknown type of message: 'a'") == 1


def test_a_warning_stands_inside_what_python_makes_of_it() -> None:
    found = index("warnings.warn('the old name is deprecated, use the new one')")
    shown = "/app/x.py:3: DeprecationWarning: the old name is deprecated, use the new one\n  f()"
    assert lines(found, shown) == 1


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f511 SESSION lost for user 7: pool empty",
        "[U+1F511] SESSION lost for user 7: pool empty",
        "[?] SESSION lost for user 7: pool empty",
        "SESSION  lost for\tuser 7: pool empty",
        "SESSION lost for user : pool empty",
        "SESSION lost for user 7: pool empty\nTraceback (most recent call last):\n  …",
    ],
)
def test_the_same_message_in_other_clothes(text: str) -> None:
    assert lines(index("log.error(f'\U0001f511 SESSION lost for user {u}: pool empty')"), text) == 1


def test_an_exception_without_words() -> None:
    assert (
        lines(index("log.error(f'agent execution failed: {e}')"), "agent execution failed: ") == 1
    )


def test_words_that_the_services_filter_swallowed() -> None:
    found = index("log.error('SERVICE_SECRET not found in config or environment - auth will fail')")
    text = "SERVICE_SECRET=REDACTED found in config or environment - auth=REDACTED fail"
    assert lines(found, text) == 1


def test_what_fits_everybodys_words_fits_nobodys() -> None:
    found = index("log.error('Error: %s', e)\nlog.error('failed')\nlog.error(f'{a} {b}')\n")
    assert found.find("Error: from some library") is None
    assert lines(found, "failed") == 2
    assert found.find("") is None
    assert found.find("anything else") is None


def test_a_secret_in_the_source_is_not_kept() -> None:
    found = index("log.error('connecting with AKIAIOSFODNN7EXAMPLE as usual %s', x)")
    (template,) = found.index.templates
    assert "AKIA" not in template.text
    assert lines(found, "connecting with AKIAIOSFODNN7EXAMPLE as usual 5") == 1


def test_hostile_messages_end_soon() -> None:
    parts = " ".join(f"part {n} {{a}}" for n in range(50))
    found = index(f"log.error(f'{parts} end')")
    assert found.find("part 0 " * 200_000) is None


# --- building -----------------------------------------------------------------------------------

ODD = [
    (b"print 'hello'\n", "Python 2"),
    (b"try:\n    f()\nexcept ValueError, e:\n    pass\n", "Python 2"),
    (b"def f(:\n", "syntax error"),
    (b"x = 1\0\n", "syntax error"),
    (b"x = '\xff\xfe'\n", "not UTF-8, nor what it says it is"),
    (b"# coding: klingon\n", "not UTF-8, nor what it says it is"),
    (b"x = " + b"(" * 5_000 + b")" * 5_000, "nested too deep"),
    (b"#" * 2_000_001, "larger than 2 MB"),
]


@pytest.mark.parametrize(("data", "why"), ODD, ids=[why for _, why in ODD])
def test_a_file_that_cannot_be_read_is_named_and_never_fatal(data: bytes, why: str) -> None:
    good = SourceFile("good.py", b"log.error('all is well here')")
    found = build("acme/shop", [SourceFile("odd.py", data), good], made=1)
    assert found.files == 1
    assert len(found.templates) == 1
    assert [name for name, _ in found.named] == ["odd.py"]
    # Where a parser gives up on brackets is the Python version's own business.
    if why != "nested too deep":
        assert found.skipped == ((why, 1),)


def test_a_file_in_another_encoding_that_says_so_is_read() -> None:
    data = "# -*- coding: latin-1 -*-\nlog.error('größer als erlaubt')\n".encode("latin-1")
    found = Matcher(build("acme/shop", [SourceFile("a.py", data)], made=1))
    assert lines(found, "größer als erlaubt") == 2
    bom = b"\xef\xbb\xbflog.error('with a mark in front')\n"
    assert build("acme/shop", [SourceFile("a.py", bom)], made=1).files == 1


def test_only_so_many_templates_are_kept() -> None:
    assert TEMPLATE_LIMIT >= 100_000


# --- owners -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "owned", "free"),
    [
        ("*", ["a.py", "a/b/c.py"], []),
        ("*.py", ["a.py", "a/b.py"], ["a.js"]),
        ("/docs/", ["docs/a.py", "docs/a/b.py"], ["a/docs/b.py", "docs"]),
        ("docs/", ["docs/a.py", "x/docs/a.py"], ["docs"]),
        ("docs/*", ["docs/a.py"], ["docs/a/b.py"]),
        ("/apps/shop", ["apps/shop", "apps/shop/a.py"], ["apps/shopping/a.py", "x/apps/shop"]),
        ("**/logs", ["logs/a.py", "x/y/logs/a.py"], ["x/mylogs/a.py"]),
        ("apps/**/test.py", ["apps/test.py", "apps/a/b/test.py"], ["apps/a/best.py"]),
        ("apps/**", ["apps/a.py", "apps/a/b.py"], ["app/a.py"]),
        ("a?c.py", ["abc.py"], ["a/c.py", "ac.py"]),
        ("with\\ blank.py", ["with blank.py"], ["with"]),
        ("a.py", ["a.py", "x/a.py"], ["aXpy"]),
    ],
)
def test_codeowners_patterns(pattern: str, owned: list[str], free: list[str]) -> None:
    rules = codeowners.rules(f"{pattern} @me")
    assert [p for p in [*owned, *free] if codeowners.owners(rules, p)] == owned


def test_the_last_line_that_matches_decides() -> None:
    text = "# who\n* @acme/all me@acme.example  # everybody\n/src/ @acme/src nonsense\n/src/free/\n!x @no\n[a] @no\n"
    rules = codeowners.rules(text)
    assert codeowners.owners(rules, "a.py") == ("@acme/all", "me@acme.example")
    assert codeowners.owners(rules, "src/a.py") == ("@acme/src",)
    assert codeowners.owners(rules, "src/free/a.py") == ()


def test_an_index_knows_files_their_owners_and_their_lines() -> None:
    files = [
        SourceFile("CODEOWNERS", b"* @acme/root"),
        SourceFile(".github/CODEOWNERS", b"* @acme/all\n/src/ @acme/src"),
        SourceFile("src/shop/cart.py", b"log.error('the cart is empty')"),
        SourceFile("a/x.py", b"log.error('one of two of a name')"),
        SourceFile("b/x.py", b"log.error('the other of that name')"),
    ]
    found = build("acme/shop", files, made=1)
    where = Matcher(found).find("the cart is empty")
    assert where is not None
    assert where.owners == ("@acme/src",)
    assert where.location == Location("shop.cart", None, 1)
    assert found.file_of(where.location) == "src/shop/cart.py"
    assert found.file_of(Location("cart")) == "src/shop/cart.py"
    assert found.file_of(Location("/app/src/shop/cart.py")) is None
    assert found.file_of(Location("x")) is None


# --- the sample service -------------------------------------------------------------------------

NOW = 1_758_000_000


def service() -> Iterator[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    SampleService(kept.extend, clock=lambda: NOW, broken=True).start()
    yield from kept


def sources() -> Matcher:
    files = [SourceFile(name, text.encode()) for name, text in sample_sources.FILES.items()]
    return Matcher(build("netra/backend", files, made=1))


def test_every_message_that_the_sample_services_source_holds_is_found() -> None:
    matcher = sources()
    heard = {words(entry) for entry in service()}
    found = [matcher.find(text) for text in heard]
    located = {(f.template.file, f.template.line) for f in found if f}
    logged = {(t.file, t.line): t.text for t in matcher.index.templates if t.kind is CallKind.LOG}
    silent = {text[:40] for place, text in logged.items() if place not in located}
    assert (len(logged), len(logged.keys() & located)) == (13, 12)
    # The one line is of a service that is configured worse than the sample.
    assert silent == {"SERVICE_SECRET not found in config or en"}


@pytest.mark.parametrize(
    ("text", "module", "function"),
    [
        ("Session access failed (middleware", "netra_backend.app.core.sessions", "read"),
        ("[?] USER AUTO-CREATED", "netra_backend.app.auth.users", "create"),
        ("[LEGACY MODE]", "netra_backend.app.routes.websocket_ssot", "_legacy_message_loop"),
        ("Webhook delivery refused", "netra_backend.app.services.webhooks", "deliver"),
        ("SERVICE_ID contained whitespace", "netra_backend.app.core.configuration", "load"),
        ("Sentry SDK not available", "netra_backend.app.monitoring.tracing", "setup"),
        ("[ClickHouse] Using mock", "netra_backend.app.db.clickhouse", "connect"),
        (
            "CRITICAL: Enhanced middleware",
            "netra_backend.app.core.middleware_setup",
            "setup_middleware",
        ),
    ],
)
def test_the_sample_services_messages_get_their_place(
    text: str, module: str, function: str
) -> None:
    matcher = sources()
    heard = {words(e) for e in service() if words(e).startswith(text)}
    assert heard
    for said_ in heard:
        found = matcher.locate(said_)
        assert found is not None, said_
        assert (found.module, found.function) == (module, function)


def test_a_report_names_the_source_only_where_the_log_does_not() -> None:
    window = Window((NOW - 2 * 86_400) * 10**9, (NOW + 1) * 10**9)
    query = Query("staging", "p", (), window)
    environment = Environment("staging", "p")
    entries = list(service())

    def report(**more: Any) -> dict[str, Location | None]:
        outside = Outside(FakeLogs(entries), **more)
        found = analyze.analyze(outside, query, environment, now=window.end + DAY)
        return {cluster.title: cluster.location for cluster in found.clusters}

    without, located = report(), report(locate=sources().locate)
    session = next(title for title in located if title.startswith("Session access failed"))
    assert without[session] is None
    assert located[session] == Location("netra_backend.app.core.sessions", "read", 12)
    for title, place in without.items():
        if place is not None:
            assert located[title] == place
