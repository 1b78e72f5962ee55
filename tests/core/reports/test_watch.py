"""What a watch posts, from a sequence of reports."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.model.report import Cluster, Coverage, Ended, Incident, Report, Silence
from bot.core.model.values import DAY, HOUR, MINUTE, Priority, Severity, State, Window
from bot.core.model.watching import Watch, WatchMemory
from bot.core.reports.watch import CAP, Step, done, steps

P0, P1, P2 = Priority.P0, Priority.P1, Priority.P2
START = 20_000 * DAY
READ = Coverage(read=9, clustered=9)
WATCH = Watch("staging", "C0OPS", 300, P1, "U0ALICE", START)


def cluster(
    name: str = "c-1",
    priority: Priority = P1,
    state: State = State.NEW,
    *,
    count: int = 3,
    first: int = START,
    last: int = START,
    ended: Ended | None = None,
) -> Cluster:
    return Cluster(
        id=name, name=name.upper(), title=f"{name} fails", template=name, severity=Severity.ERROR,
        priority=priority, reasons=(), count=count, occurrences=count, first_seen=first,
        last_seen=last, state=state, ended=ended,
    )  # fmt: skip


@dataclass
class Channel:
    """A channel with a watch, as time passes."""

    watch: Watch = WATCH
    memory: WatchMemory = field(default_factory=WatchMemory)
    now: int = START
    resting: frozenset[str] = frozenset()
    posted: list[str] = field(default_factory=list)

    def look(
        self,
        *clusters: Cluster,
        after: int = 5 * MINUTE,
        coverage: Coverage = READ,
        **more: object,
    ) -> list[str]:
        """Returns `kind key` of each step of the next look."""
        self.now += after
        report = Report(
            environment="staging", services=("shop",), project="p", region="", query="",
            window=Window(self.now - HOUR, self.now), coverage=coverage,
            clusters=clusters, generated=self.now, **more,  # type: ignore[arg-type]
        )  # fmt: skip
        found: list[Step] = list(
            steps(
                self.watch,
                self.memory,
                report,
                resting=lambda card: card.cluster.id in self.resting,
                first_seen={c.id: c.first_seen for c in clusters},
            )
        )
        for step in found:
            self.memory = done(self.memory, step, f"ts{len(self.posted)}", self.now)
            self.posted.append(f"{step.kind} {step.key}")
        self.memory = replace(self.memory, looked=self.now)
        return [f"{step.kind} {step.key}" for step in found]


def over(since: int) -> Ended:
    return Ended(since, "00613-fix served 417 requests without it")


def test_a_new_problem_is_posted_once_followed_and_ended_once():
    channel = Channel()
    assert channel.look(cluster()) == ["post c-1"]
    assert channel.look(cluster(state=State.RECURRING)) == []
    assert channel.look(cluster(count=9, state=State.RECURRING)) == ["edit c-1"]
    assert channel.look(cluster(count=9, ended=over(channel.now))) == ["over c-1"]
    assert channel.look(cluster(count=9, ended=over(channel.now))) == []


def test_only_what_is_new_escalating_or_regressed_and_important_enough():
    for state in (State.NEW, State.ESCALATING, State.REGRESSED):
        assert Channel().look(cluster(state=state)) == ["post c-1"]
    assert Channel().look(cluster(state=State.RECURRING)) == []
    assert Channel().look(cluster(priority=P2)) == []
    assert Channel(replace(WATCH, worst=P2)).look(cluster(priority=P2)) == ["post c-1"]
    assert Channel().look(cluster(ended=over(START))) == []


def test_what_began_since_the_last_look_is_new_whoever_saw_it_first():
    channel = Channel()
    channel.look()
    began = channel.now + MINUTE
    assert channel.look(cluster(state=State.RECURRING, first=began)) == ["post c-1"]


def test_one_incident_is_one_message_whichever_root_it_gets():
    channel = Channel()
    exit_line = cluster("c-exit", P0)
    assert channel.look(exit_line) == ["post c-exit"]
    root = cluster("c-cause", P0)
    incident = Incident("i-1", "c-cause", ("c-exit",), 3, P0)
    assert channel.look(root, exit_line, incidents=(incident,)) == ["edit c-exit"]
    gone = replace(incident, ended=over(channel.now))
    assert channel.look(root, exit_line, incidents=(gone,)) == ["over c-exit"]


def test_a_problem_that_becomes_p0_is_said_so():
    channel = Channel()
    channel.look(cluster())
    assert channel.look(cluster(priority=P0)) == ["worse c-1"]


def test_a_flapping_problem_stays_in_its_thread_with_a_growing_pause():
    channel = Channel()
    found = channel.look(cluster())
    for _ in range(60):
        found += channel.look(cluster(ended=over(channel.now)))
        found += channel.look(cluster(last=channel.now + 4 * MINUTE))
    assert found.count("post c-1") == 1
    assert 3 <= found.count("again c-1") <= 6
    assert abs(found.count("again c-1") + 1 - found.count("over c-1")) <= 1


def test_what_is_no_longer_in_the_window_is_over_only_if_everything_was_read():
    channel = Channel()
    channel.look(cluster())
    missing = Coverage(read=3, missing=(Window(START, START + MINUTE),))
    assert channel.look(coverage=missing) == []
    assert channel.look() == ["over c-1"]


def test_snoozes_and_acknowledgements_hold_and_survive_an_end():
    channel = Channel(resting=frozenset({"c-1"}))
    assert channel.look(cluster()) == []
    channel = Channel()
    channel.look(cluster())
    channel.resting = frozenset({"c-1"})
    assert channel.look(cluster(ended=over(channel.now))) == ["over c-1"]
    assert channel.look(cluster(last=channel.now + 4 * MINUTE)) == []


def test_a_silence_is_posted_once_and_its_end_too():
    channel = Channel()
    silent = (Silence("shop", START, "shop has logged nothing since 00:00"),)
    assert channel.look(silences=silent) == ["post silence shop"]
    assert channel.look(silences=silent) == []
    assert channel.look() == ["over silence shop"]
    assert channel.look(silences=silent) == ["again silence shop"]


def test_a_days_cap_holds_back_all_but_a_p0():
    channel = Channel()
    many = [cluster(f"c-{i}") for i in range(CAP + 3)]
    found = channel.look(*many, cluster("c-p0", P0))
    assert sum(step.startswith("post") for step in found) == CAP + 1
    assert "post c-p0" in found
    assert sum(step.startswith("hold") for step in found) == 3
    assert channel.look(*many, cluster("c-p0", P0)) == []
    later = channel.look(*(cluster(f"c-{i}") for i in range(CAP, CAP + 3)), after=DAY)
    assert [step for step in later if step.startswith("post")] == [
        f"post c-{i}" for i in range(CAP, CAP + 3)
    ]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["c-1", "c-2", "c-3"]),
            st.tuples(st.sampled_from([P0, P1, P2]), st.sampled_from(list(State)), st.booleans()),
        ),
        max_size=12,
    )
)
def test_however_problems_come_and_go_none_is_posted_twice(looks):
    channel = Channel()
    for look in looks:
        channel.look(
            *(
                cluster(
                    name, priority, state, last=channel.now + MINUTE,
                    ended=over(channel.now) if ended else None,
                )
                for name, (priority, state, ended) in look.items()
            )
        )  # fmt: skip
    posts = [step for step in channel.posted if step.startswith("post")]
    assert len(posts) == len(set(posts))
    for name in ("c-1", "c-2", "c-3"):
        mine = [s.split()[0] for s in channel.posted if s.endswith(name) and "edit" not in s]
        states = [s for s in mine if s in {"post", "over", "again"}]
        assert all(a != b for a, b in itertools.pairwise(states))
