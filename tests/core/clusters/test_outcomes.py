"""Words that say what happened are never values."""

import pytest

from bot.core.clusters.grouping import joins
from bot.core.clusters.outcomes import WORDS, OutcomeForm, is_cause
from tests.core.clusters.test_grouping import USERS, apart, groups, together
from tests.core.logs import entry, report

ENDINGS = {
    "Node's system errors": (
        "connect 10.0.0.3:5432 failed: {}",
        "ECONNREFUSED ETIMEDOUT ENOTFOUND ECONNRESET EPIPE",
    ),
    "gRPC in Go": (
        "rpc error: code = {} desc = transport is closing",
        "Unavailable DeadlineExceeded NotFound PermissionDenied ResourceExhausted",
    ),
    "states, nothing else constant": ("Task {}", "begin end idle hung dead wait"),
    "Sidekiq": (
        "Mailer in 0.3 sec: {} while it was sent",
        "Net::ReadTimeout PG::ConnectionBad Redis::CannotConnectError IOError Errno::EPIPE",
    ),
    "Java": (
        "Handler dispatch of orders raised {} once",
        "java.io.IOException java.lang.OutOfMemoryError java.net.ConnectException SQLException NoRouteError",
    ),
    "JavaScript": (
        "Unhandled {} in request 5f3a",
        "TypeError RangeError ReferenceError SyntaxError AssertionError",
    ),
    "declined cards": (
        "order 17 declined: {}",
        "insufficient_funds expired_card do_not_honor lost_card stolen_card",
    ),
    "a reason in brackets": (
        "The charge was declined (reason: {})",
        "stolen expired limit fraud unknown",
    ),
    "a pair": ("payment of order 5 by visa, reason={}", "limit fraud expired stolen blocked"),
    "status": ("charge for ana status: {}", "pending settled refunded rejected disputed"),
    "state": ("Upload of the file changed to {}", "queued running stopped failed cancelled"),
    "signals": ("worker 12 of the pool exited: {}", "SIGKILL SIGTERM SIGSEGV SIGABRT SIGHUP"),
    "constants": (
        "broadcast of {} by the phone was received",
        "a.intent.SCREEN_ON a.intent.TIME_TICK a.intent.BATTERY_LOW a.intent.SHUTDOWN USER_GONE",
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_what_happened_stays_apart(name):
    line, words = ENDINGS[name]
    assert apart(*(line.format(word) for word in words.split()))


def test_what_happened_to_many_stays_apart_and_the_names_are_one():
    states = ["pending", "settled", "refunded", "rejected", "disputed"]
    lines = [f"charge for {user} status: {state}" for state in states for user in USERS]
    assert groups(lines) == [
        {f"charge for {user} status: {state}" for user in USERS} for state in sorted(states)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "session opened for user {}",
        "the queue {} is drained",
        "sending the mail to {} took long",
        "Failed password for {} from 10.0.0.3",
    ],
)
def test_names_are_still_values(line):
    assert together(*(line.format(user) for user in USERS))


def test_a_cause_before_names_without_end_is_no_cause():
    names = [f"{a}{b}{c}" for a in "bcdf" for b in "aeiou" for c in "lmnr"]
    assert together(*(f"the login failed: {name}" for name in names))


def test_words_with_different_severities_stay_apart():
    levels = {"ana": "WARNING", "bob": "WARNING", "carl": "ERROR", "dora": "CRITICAL"}
    levels["emil"] = "CRITICAL"
    texts = {f"The nightly job went {word}": level for word, level in levels.items()}
    entries = [entry(text, level, i) for i, (text, level) in enumerate(texts.items())]
    assert len(report(entries).clusters) == len(texts)
    same = [entry(text, "ERROR", i) for i, text in enumerate(texts)]
    assert len(report(same).clusters) == 1


@pytest.mark.parametrize("form", WORDS, ids=[form.name for form in WORDS])
def test_each_form_knows_its_example(form: OutcomeForm):
    assert form.pattern.search(form.example)
    assert not form.pattern.search(form.counter)
    assert form.source


def test_a_cause_needs_a_sign():
    assert is_cause(["reason", ":", "x"], 2)
    assert is_cause(["code", "=", "'", "x"], 3)
    assert not is_cause(["reason", "x"], 1)


@pytest.mark.parametrize(
    ("known", "new"),
    [
        (
            "connect to the upstream service failed: ECONNREFUSED",
            "connect to the upstream service failed: ETIMEDOUT",
        ),
        (
            "the charge of an order was refused, reason: limit",
            "the charge of an order was refused, reason: fraud",
        ),
        ("job mail of the shop raised: KeyError", "job mail of the shop raised: ValueError"),
    ],
)
def test_another_outcome_does_not_join_a_known_cluster(known, new):
    assert not joins(known, new)
