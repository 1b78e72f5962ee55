"""Reports that nobody would like to draw."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from bot.core.model.decisions import Acknowledgement, Claim, Decisions, IssueLink, Override
from bot.core.model.report import (
    Cluster,
    Coverage,
    Incident,
    Report,
)
from bot.core.model.values import DAY, HOUR, Location, Priority, Severity, State, Window
from bot.core.text.display import encodable
from tests.fakes.reports import NOW

_NASTY = (
    "<!channel> <@U0ANA> @here & &amp; <https://evil.example|click>",
    "*bold* _it_ ~gone~ `code` ```fence``` :key: > quote",
    "\u202egnirts\u202c \u2066x\u2069 \x1b[31mred\x1b[0m \x00\x07",
    "\ud800 lone \udfff halves",
    "👩‍👩‍👧‍👦" * 30 + "🇩🇪" * 40,
    "a" + "\u0301" * 400,
    "&" * 400,
    "<" * 3000,
    "مرحبا بالعالم " * 20,
    "漢字" * 300,
    " \n\t\r\u2028 ",
    "\u200b\u200b",
    "x" * 20_000,
    "",
)
hostile = st.one_of(
    st.sampled_from(_NASTY),
    st.text(max_size=60),
    st.tuples(st.text(max_size=30), st.sampled_from(_NASTY)).map("".join),
)
short = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
counts = st.one_of(st.integers(0, 20), st.integers(0, 10**15))
times = st.integers(NOW - 40 * DAY, NOW + DAY)
users = st.one_of(st.just("U0ANA"), hostile)
urls = st.one_of(
    st.just("https://github.com/acme/backend/issues/1"),
    st.just("javascript:alert(1)"),
    st.just("https://x/" + "y" * 4000),
    hostile,
)


def _of(cluster: str) -> st.SearchStrategy[Decisions]:
    acknowledgement = st.builds(
        Acknowledgement,
        cluster=st.just(cluster),
        by=users,
        reason=hostile,
        at=times,
        until=st.none() | times,
        until_revision=st.none() | short,
        per_day=st.none() | st.floats(0, 1e6),
        title=hostile,
    )
    link = st.builds(
        IssueLink,
        cluster=st.just(cluster),
        repository=short,
        number=st.integers(1, 10**9),
        url=urls,
        title=hostile,
        by=users,
        at=times,
        state=st.sampled_from(["open", "closed"]),
    )
    return st.builds(
        Decisions,
        expected=st.none() | acknowledgement,
        issue=st.none() | link,
        claim=st.none() | st.builds(Claim, cluster=st.just(cluster), by=users, at=times),
        override=st.none()
        | st.builds(
            Override,
            cluster=st.just(cluster),
            by=users,
            at=times,
            priority=st.sampled_from(Priority),
            was=st.sampled_from(Priority),
        ),
    )


def _cluster(i: int) -> st.SearchStrategy[Cluster]:
    name = f"c-{i:032x}"
    return st.builds(
        Cluster,
        id=st.just(name),
        name=st.just(f"C{i + 1}"),
        title=hostile,
        template=hostile,
        severity=st.sampled_from(Severity),
        priority=st.sampled_from(Priority),
        reasons=st.lists(hostile, max_size=4).map(tuple),
        count=counts,
        occurrences=counts,
        first_seen=st.none() | times,
        last_seen=st.none() | times,
        histogram=st.lists(counts, max_size=60).map(tuple),
        services=st.lists(short, max_size=3).map(tuple),
        revisions=st.lists(short, max_size=3).map(tuple),
        instances=counts,
        location=st.none()
        | st.builds(
            Location, module=hostile, function=st.none() | hostile, line=st.none() | counts
        ),
        routes=st.lists(hostile, max_size=2).map(tuple),
        cause=st.none() | hostile,
        impact=st.none() | hostile,
        next=st.none() | hostile,
        state=st.sampled_from(State),
        decisions=_of(name),
        sample=st.dictionaries(st.text(max_size=5), hostile, max_size=2),
        examples=st.lists(
            st.fixed_dictionaries({"textPayload": hostile, "timestamp": hostile}), max_size=3
        ).map(tuple),
        estimated=st.booleans(),
    )


@st.composite
def reports(draw: st.DrawFn, most: int = 60) -> Report:
    """Up to 60 clusters, of which some are an incident."""
    kinds = draw(st.lists(_cluster(0), min_size=1, max_size=4))
    n = draw(st.integers(0, most))
    clusters = [draw(_cluster(i)) if i < 3 else _again(kinds[i % len(kinds)], i) for i in range(n)]
    incidents: list[Incident] = []
    if n >= 3 and draw(st.booleans()):
        symptoms = tuple(c.id for c in clusters[1 : draw(st.integers(2, n))])
        incidents.append(
            Incident(
                "i-1",
                clusters[0].id,
                symptoms,
                draw(counts),
                draw(st.sampled_from(Priority)),
                reasons=draw(st.lists(hostile, max_size=3).map(tuple)),
                instances=draw(counts),
                first_seen=draw(st.none() | times),
                last_seen=draw(st.none() | times),
            )
        )
    length = draw(st.sampled_from([HOUR, DAY, 2 * DAY, 30 * DAY, 0]))
    missing = st.builds(lambda at: Window(at, at + HOUR), times)
    return Report(
        environment=draw(short),
        services=draw(st.lists(hostile, max_size=5).map(tuple)),
        project=draw(short),
        region=draw(short),
        query=draw(hostile.map(encodable)),
        window=Window(NOW - length, NOW),
        coverage=draw(
            st.builds(
                Coverage,
                read=counts,
                clustered=counts,
                broken=counts,
                missing=st.lists(missing, max_size=8).map(tuple),
                sampled=st.sampled_from([1.0, 0.1]),
                notes=st.lists(hostile, max_size=4).map(tuple),
            )
        ),
        clusters=tuple(clusters),
        incidents=tuple(incidents),
        generated=NOW,
        min_severity=draw(st.sampled_from(Severity)),
        timezone=draw(st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "No/Where"])),
        revisions=draw(st.lists(hostile, max_size=3).map(tuple)),
        severities=(("ERROR", 3),),
    )


def _again(cluster: Cluster, i: int) -> Cluster:
    return replace(cluster, id=f"c-{i:032x}", name=f"C{i + 1}")
