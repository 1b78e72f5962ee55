"""Filed exactly once, however often it is clicked, retried, dropped or killed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

import pytest

from bot.core.issues.filing import ATTEMPTS, HOLD, SETTLE, Filing
from bot.core.issues.markers import marker
from bot.core.issues.orders import Filed, How, Order, Waiting
from bot.core.model.decisions import IssueLink, Pending
from bot.core.model.errors import Refused, Unavailable
from bot.core.model.values import SECOND
from tests.fakes.github import FakeTracker, Killed, unconfirmed
from tests.fakes.store import FakeDecisionBook, FakeLocks

SECRET, OLD = b"the secret of the tests", b"the one before"
ENV, REPO = "staging", "acme/backend"


class Locks(FakeLocks):
    """Several threads may use it, and who is killed releases nothing."""

    def __init__(self):
        super().__init__()
        self.guard = threading.Lock()
        self.killed = False

    def once(self, key, seconds, token):
        with self.guard:
            return super().once(key, seconds, token)

    def release(self, key, token):
        if not self.killed:
            with self.guard:
                super().release(key, token)


class Book(FakeDecisionBook):
    """Fails as often as a test says, by the kind of what is put."""

    def __init__(self):
        super().__init__()
        self.fail: dict[type, list[BaseException | None]] = {}

    def put(self, environment, decision):
        planned = self.fail.get(type(decision))
        if planned and (error := planned.pop(0)) is not None:
            raise error
        return super().put(environment, decision)


@dataclass
class World:
    """GitHub, store, clock and one process that files."""

    time: int = 1_000 * SECOND
    book: Book = field(default_factory=Book)
    locks: Locks = field(default_factory=Locks)
    tokens: count = field(default_factory=count)
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self):
        self.github = FakeTracker(now=lambda: self.time)
        self.filing = self.process()

    def process(self, *, tracker=None, pause=None) -> Filing:
        return Filing(
            tracker or self.github,
            self.book,
            self.locks,
            secrets=(SECRET, OLD),
            now=lambda: self.time,
            new_token=lambda: f"token-{next(self.tokens)}",
            pause=pause or self.pass_time,
        )

    def pass_time(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += round(seconds * SECOND)
        self.locks.now += seconds

    def die(self, call, *args) -> None:
        """Runs it in a process that is killed on the way."""
        self.locks.killed = True
        with pytest.raises(Killed):
            call(*args)
        self.locks.killed = False

    def reconcile(self):
        return self.process().reconcile(ENV)

    def link(self, cluster="c-1") -> IssueLink | None:
        decisions = self.book.all(ENV).get(cluster)
        return decisions.issue if decisions else None

    def pending(self, cluster="c-1") -> Pending | None:
        decisions = self.book.all(ENV).get(cluster)
        return decisions.pending if decisions else None


@pytest.fixture
def world() -> World:
    return World()


def order(cluster="c-1", *, secret=SECRET, **how) -> Order:
    nonce = how.get("nonce", "")
    values = {
        "environment": ENV,
        "repository": REPO,
        "cluster": cluster,
        "by": "U0ALICE",
        "title": "GCP-new | P2 | It fails, here:1",
        "body": f"What is known.\n\n{marker(cluster, secret, nonce)}",
        "labels": ("P2", "gardener"),
        "public": False,
    }
    return Order(**{**values, **how})


# --- once ----------------------------------------------------------------------------------------


def test_a_click_files_one_issue_and_stores_its_link(world):
    done = world.filing.file(order())

    assert isinstance(done, Filed)
    assert done.how is How.CREATED
    assert (done.link.number, done.link.by, done.link.state) == (1, "U0ALICE", "open")
    assert world.link() == done.link
    assert world.pending() is None
    assert world.github.issues[1].labels == ("P2", "gardener")


def test_a_second_click_gets_the_link_of_the_first(world):
    first = world.filing.file(order())
    second = world.filing.file(order(by="U0BOB"))

    assert second == Filed(first.link, How.FOUND)
    assert world.github.count("create") == 1


def test_two_people_clicking_at_once_get_one_issue(world):
    world.github.gate = threading.Event()

    def second_click(_seconds):
        world.github.gate.set()
        first_is_done.wait(40)

    first_is_done = threading.Event()
    other = world.process(pause=second_click)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(world.filing.file, order())
        first.add_done_callback(lambda _: first_is_done.set())
        world.github.entered.wait(40)
        second = pool.submit(other.file, order(by="U0BOB"))

    assert first.result().how is How.CREATED
    assert second.result().how is How.FOUND
    assert second.result().link.number == first.result().link.number == 1
    assert len(world.github.issues) == 1


def test_many_threads_file_one_issue(world):
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda _: world.process().file(order()), range(48)))

    assert len(world.github.issues) == 1
    numbers = {one.link.number for one in done if isinstance(one, Filed)}
    assert numbers == {1}
    assert sum(one.how is How.CREATED for one in done if isinstance(one, Filed)) == 1


def test_an_incident_is_filed_under_its_root_and_stands_on_each_symptom(world):
    world.filing.file(order(symptoms=("c-2", "c-3")))

    assert world.link("c-2").number == 1
    assert world.link("c-2").symptom_of == world.link("c-3").symptom_of == "c-1"
    assert world.filing.file(order("c-2")).how is How.FOUND
    assert len(world.github.issues) == 1


def test_an_issue_of_a_symptoms_own_stays(world):
    world.filing.file(order("c-2"))
    world.filing.file(order("c-1", symptoms=("c-2",)))

    assert world.link("c-2").number == 1
    assert world.link("c-2").symptom_of is None
    assert world.link("c-1").number == 2


def test_a_root_and_its_symptom_are_not_filed_at_the_same_time(world):
    world.github.gate = threading.Event()
    patient = world.process(
        pause=lambda _s: world.github.gate.set() or world.github.entered.wait(40)
    )
    with ThreadPoolExecutor(2) as pool:
        root = pool.submit(world.filing.file, order(symptoms=("c-2",)))
        world.github.entered.wait(40)
        symptom = pool.submit(patient.file, order("c-2"))
        outcomes = {type(root.result()), type(symptom.result())}

    assert len(world.github.issues) == 1
    assert Filed in outcomes


# --- what our store does not know ----------------------------------------------------------------


def test_an_issue_with_our_marker_is_found_where_the_store_was_lost(world):
    world.filing.file(order())
    world.book.stored.clear()

    assert world.filing.file(order()).how is How.FOUND
    assert world.link().number == 1
    assert world.github.count("create") == 1


def test_an_older_secret_orphans_nothing(world):
    world.github.add("filed before the rotation", marker("c-1", OLD))

    assert world.filing.file(order()).how is How.FOUND


@pytest.mark.parametrize(
    "body",
    [
        "<!-- gardener:v1:c-1 -->",
        f"<!-- gardener:v1:c-1:{'0' * 64} -->",
        marker("c-1", b"another secret"),
        marker("c-2", SECRET),
        marker("c-1", SECRET, "nonce"),
    ],
    ids=["bare", "forged", "foreign secret", "another cluster", "a comment's"],
)
def test_a_marker_that_is_not_ours_is_passed_over(world, body):
    world.github.add("look at me", body)

    assert world.filing.file(order()).link.number == 2


def test_of_a_copied_marker_the_oldest_issue_counts(world):
    world.github.add("ours", marker("c-1", SECRET), updated=1)
    world.github.add("copied", marker("c-1", SECRET), updated=2)

    assert world.filing.file(order()).link.number == 1


def test_a_person_may_want_a_new_issue_beside_a_closed_one(world):
    world.filing.file(order())
    done = world.filing.file(order(beside=1))

    assert (done.how, done.link.number) == (How.CREATED, 2)
    assert world.link().number == 2
    assert world.filing.file(order(beside=1)).how is How.FOUND


# --- unknown outcomes ----------------------------------------------------------------------------


def test_an_unconfirmed_issue_that_exists_is_found_at_once(world):
    world.github.after["create"] = [unconfirmed()]

    done = world.filing.file(order())

    assert (done.how, done.link.number) == (How.CREATED, 1)
    assert world.pending() is None
    assert world.github.count("create") == 1


def test_an_unconfirmed_issue_is_not_sent_again_before_it_can_no_longer_arrive(world):
    world.github.before["create"] = [unconfirmed()]

    first = world.filing.file(order())
    second = world.filing.file(order())

    assert isinstance(first, Waiting)
    assert "did not confirm (502)" in first.message
    assert "Clicking again is safe" in first.message
    assert isinstance(second, Waiting)
    assert world.github.count("create") == 1
    assert world.reconcile() == ()

    world.pass_time(SETTLE / SECOND)
    assert world.filing.file(order()).how is How.CREATED
    assert len(world.github.issues) == 1


def test_the_reconcile_job_finishes_what_was_not_confirmed(world):
    world.github.before["create"] = [unconfirmed()]
    world.filing.file(order(reply="C0OPS/1.2"))
    world.pass_time(SETTLE / SECOND)

    (done,) = world.reconcile()

    assert done.outcome.how is How.CREATED
    assert done.pending.reply == "C0OPS/1.2"
    assert world.link().number == 1
    assert world.reconcile() == ()


def test_an_issue_that_arrives_late_is_found_and_not_doubled(world):
    world.github.before["create"] = [unconfirmed()]
    world.filing.file(order())
    world.github.add("GCP-new | P2 | It fails, here:1", order().body)
    world.pass_time(SETTLE / SECOND)

    (done,) = world.reconcile()

    assert done.outcome.link.number == 1
    assert world.github.count("create") == 1


def test_github_that_never_confirms_is_given_up_with_a_sentence(world):
    world.github.before["create"] = [unconfirmed() for _ in range(ATTEMPTS)]
    world.filing.file(order())
    failures = []
    for _ in range(ATTEMPTS + 2):
        world.pass_time(SETTLE / SECOND)
        failures += [done.failure for done in world.reconcile()]

    assert len(failures) == 1
    assert "stop trying" in failures[0]
    assert world.github.count("create") == ATTEMPTS
    assert world.pending() is None


def test_looking_that_fails_is_not_taken_for_not_there(world):
    world.github.after["create"] = [unconfirmed()]
    # The first look of the click goes well, those after it do not.
    world.github.before["recent"] = [None, *[Unavailable("GitHub does not answer.")] * 3]

    assert isinstance(world.filing.file(order()), Waiting)
    world.pass_time(SETTLE / SECOND)
    world.github.before["recent"] = [Unavailable("GitHub does not answer.")]
    assert world.reconcile() == ()
    assert world.pending() is not None

    (done,) = world.reconcile()
    assert done.outcome.link.number == 1
    assert world.github.count("create") == 1


def test_a_refused_look_is_told_only_after_a_while(world):
    world.github.before["create"] = [unconfirmed()]
    world.filing.file(order())
    world.github.before["recent"] = [Refused("GitHub refuses the token.")] * 2
    world.pass_time(SETTLE / SECOND)

    assert world.reconcile() == ()
    world.pass_time(3_600)
    (done,) = world.reconcile()

    assert "look there before filing again" in done.failure
    assert world.pending() is None


# --- certain failures ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Refused("no"), Unavailable("later", 60)])
def test_what_was_certainly_not_done_leaves_nothing_behind(world, error):
    world.github.before["create"] = [error]

    with pytest.raises(type(error)):
        world.filing.file(order())

    assert world.pending() is None
    assert world.filing.file(order()).how is How.CREATED


def test_a_rate_limit_on_a_later_try_keeps_the_promise_of_an_answer(world):
    world.github.before["create"] = [unconfirmed(), Unavailable("slow down", 60)]
    world.filing.file(order())
    world.pass_time(SETTLE / SECOND)

    assert world.reconcile() == ()
    world.pass_time(SETTLE / SECOND)
    (done,) = world.reconcile()

    assert done.outcome.how is How.CREATED


def test_nothing_is_sent_where_it_cannot_be_written_down_first(world):
    world.book.fail[Pending] = [Unavailable("The store is away.")]

    with pytest.raises(Unavailable, match="store is away"):
        world.filing.file(order())

    assert world.github.count("create") == 0


def test_a_text_for_a_private_repository_never_goes_to_a_public_one(world):
    world.github.private = False
    world.github.add("theirs")

    with pytest.raises(Refused, match="public now"):
        world.filing.file(order())
    with pytest.raises(Refused, match="public now"):
        world.filing.add_to(order(nonce="v1"), 1)

    assert world.github.count("create") == world.github.count("comment") == 0
    assert world.filing.file(order(public=True)).how is How.CREATED


# --- killed --------------------------------------------------------------------------------------


def test_killed_after_github_took_it_the_next_click_finds_it(world):
    world.github.after["create"] = [Killed()]
    world.die(world.filing.file, order(symptoms=("c-2",)))
    assert world.link() is None

    busy = world.process().file(order())
    assert isinstance(busy, Waiting)

    world.pass_time(HOLD)
    done = world.process().file(order())
    assert done.link.number == 1
    assert world.link("c-2").symptom_of == "c-1"
    assert len(world.github.issues) == 1


def test_killed_before_github_took_it_the_reconcile_job_sends_it(world):
    world.github.before["create"] = [Killed()]
    world.die(world.filing.file, order())

    assert world.reconcile() == ()
    world.pass_time(max(HOLD, SETTLE / SECOND))
    (done,) = world.reconcile()

    assert done.outcome.how is How.CREATED
    assert len(world.github.issues) == 1


@pytest.mark.parametrize("at", [0, 1, 2], ids=["first symptom", "second symptom", "root"])
def test_killed_between_github_and_the_store(world, at):
    world.book.fail[IssueLink] = [*[None] * at, Killed()]
    world.die(world.filing.file, order(symptoms=("c-2", "c-3")))
    world.pass_time(HOLD)

    (done,) = world.reconcile()

    assert done.outcome.link.number == 1
    assert [world.link(c).number for c in ("c-1", "c-2", "c-3")] == [1, 1, 1]
    assert world.pending() is None
    assert world.github.count("create") == 1


def test_a_store_that_goes_away_after_filing_names_the_issue_and_catches_up(world):
    world.book.fail[IssueLink] = [Unavailable("The store is unreachable.")]

    with pytest.raises(Unavailable, match=r"#1 is on GitHub .*Clicking again is safe"):
        world.filing.file(order())

    assert world.filing.file(order()).link.number == 1
    assert world.github.count("create") == 1


def test_who_wakes_up_after_its_lock_ran_out_sends_nothing(world):
    class Slow:
        """Between looking and sending, a minute goes by and somebody else files it."""

        def __getattr__(self, name):
            return getattr(world.github, name)

        def repository(self, name):
            world.pass_time(HOLD + 1)
            world.filing.file(order(by="U0BOB"))
            return world.github.repository(name)

    sleeper = world.process(tracker=Slow())

    assert isinstance(sleeper.file(order()), Waiting)
    assert len(world.github.issues) == 1


# --- comments and reopening ----------------------------------------------------------------------


def test_a_comment_is_added_once_for_a_form_and_the_issue_stands_for_the_cluster(world):
    world.github.add("theirs")

    done = world.filing.add_to(order(nonce="V1"), 1)
    again = world.filing.add_to(order(nonce="V1"), 1)
    newer = world.filing.add_to(order(nonce="V2"), 1)

    assert {one.how for one in (done, again, newer)} == {How.COMMENTED}
    assert world.link().number == 1
    assert len(world.github.said[1]) == 2


def test_a_comment_that_was_not_confirmed_is_looked_for(world):
    world.github.add("theirs")
    world.github.after["comment"] = [unconfirmed()]

    assert world.filing.add_to(order(nonce="V1"), 1).how is How.COMMENTED
    assert len(world.github.said[1]) == 1


def test_a_comment_cut_off_by_a_kill_is_finished_by_the_reconcile_job(world):
    world.github.add("theirs")
    world.github.before["comment"] = [Killed()]
    world.die(world.filing.add_to, order(nonce="V1"), 1)
    world.pass_time(max(HOLD, SETTLE / SECOND))

    (done,) = world.reconcile()

    assert done.outcome.how is How.COMMENTED
    assert len(world.github.said[1]) == 1


def test_a_closed_issue_is_reopened_with_one_comment(world):
    world.github.add("theirs", state="closed")

    done = world.filing.reopen(order(nonce="V1"), 1)
    world.filing.reopen(order(nonce="V1"), 1)

    assert (done.how, done.link.state) == (How.REOPENED, "open")
    assert world.github.issues[1].state == "open"
    assert (world.github.count("reopen"), len(world.github.said[1])) == (1, 1)


def test_reopened_but_cut_off_before_the_comment(world):
    world.github.add("theirs", state="closed")
    world.github.before["comment"] = [Killed()]
    world.die(world.filing.reopen, order(nonce="V1"), 1)
    world.pass_time(max(HOLD, SETTLE / SECOND))

    (done,) = world.reconcile()

    assert done.outcome.how is How.REOPENED
    assert len(world.github.said[1]) == 1
    assert world.link().number == 1


def test_what_was_pending_is_finished_before_something_else_is_done(world):
    world.github.add("theirs")
    world.github.after["create"] = [Killed()]
    world.die(world.filing.file, order())
    world.pass_time(max(HOLD, SETTLE / SECOND))

    done = world.filing.add_to(order(nonce="V1"), 1)

    assert (done.how, done.link.number) == (How.COMMENTED, 1)
    assert len(world.github.issues) == 2
    assert world.github.count("create") == 1


def test_an_issue_that_is_gone_is_refused(world):
    with pytest.raises(Refused, match="not on GitHub"):
        world.filing.add_to(order(nonce="V1"), 7)

    assert world.pending() is None
