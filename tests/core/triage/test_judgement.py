"""What a priority was made of: factors, weights, where it began, what people and teams say."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from blocks import evidence
from blocks.buttons import Act
from blocks.report import report as message
from blocks.text import as_text
from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.analysis.reading import read_all
from bot.core.clusters.clusters import clusters
from bot.core.model.decisions import Decisions, Override
from bot.core.model.environment import Environment, Query
from bot.core.model.report import Began, Cluster, Traffic
from bot.core.model.values import HOUR, Priority, Severity
from bot.core.reports.rollback import rollback
from tests.core.logs import (
    START,
    WINDOW,
    Entries,
    Entry,
    entry,
    report,
    request,
    said,
    shuffled,
)
from tests.core.resource_entries import PLACES
from tests.fakes.logs import FakeLogs

OLD, NEW = "netra-backend-staging-00597-abc", "netra-backend-staging-00598-qss"


def _deploy() -> list[dict[str, object]]:
    """An old revision that served well, and a new one that fails."""
    entries = [request(200, "/", 10 * i, revision=OLD) for i in range(30)]
    entries += [request(200, "/", 400 + 10 * i, revision=NEW) for i in range(30)]
    return entries + [
        said("'Session' object has no attribute 'configure'", "ERROR", 405 + 10 * i, revision=NEW)
        for i in range(12)
    ]


def test_a_card_says_with_which_revision_it_began() -> None:
    found = report(shuffled(_deploy()))
    (only,) = found.clusters
    assert "Began with 00598-qss; 00597-abc never wrote it in 30 entries" in only.notes
    assert only.notes[0] in only.reasons
    drawn = message(found, now=found.generated, age=None, query=Act("run"), more=False)
    shown = as_text(drawn, buttons=False)
    assert "Began with 00598-qss; 00597-abc never wrote it" in shown


def test_the_evidence_holds_the_command_that_routes_back() -> None:
    found = report(_deploy())
    shown = as_text(
        evidence.evidence(found.cards[0], found, now=found.generated, query=Act("run")),
        buttons=False,
    )
    assert (
        "gcloud run services update-traffic netra-backend-staging --project netra-staging "
        f"--region us-central1 --to-revisions={OLD}=100"
    ) in shown


def test_where_no_revision_is_without_it_nothing_is_said() -> None:
    entries = _deploy()
    for older in (said("'Session' object has no attribute 'configure'", "ERROR", 3, revision=OLD),):
        found = report([*entries, older])
        assert found.clusters[0].began is None
        assert not found.clusters[0].notes
    alone = report([e for e in entries if NEW in str(e)])
    assert alone.clusters[0].began is None


def _moved(entries: list[dict[str, object]], name: str) -> list[dict[str, object]]:
    """The same entries, written by the resource of that name; OLD and NEW stay apart."""
    resource, labels, _ = PLACES[name]
    moved = []
    for each in entries:
        tag = "new00" if NEW in str(each) else "old00"
        text = json.dumps([resource, labels]).replace("x7k2p", tag).replace("7d9f8b6c5d", f"{tag}5")
        changed, its = json.loads(text)
        moved.append({**each, "resource": changed, "labels": its})
    return moved


def test_a_problem_of_a_job_began_with_no_execution() -> None:
    found = report(_moved(_deploy(), "job"))
    assert found.services == ("nightly-import",)
    assert found.clusters[0].began is None
    assert not found.clusters[0].notes


def test_a_workload_has_no_traffic_that_gcloud_could_route_back() -> None:
    began = report(_moved(_deploy(), "workload by its pod's name")).clusters[0].began
    assert began is not None
    assert (began.service, began.revision, began.before) == ("checkout", "new005", "old005")
    assert rollback(began) is None


def test_a_draft_knows_whether_jobs_alone_logged_it() -> None:
    job, service = _moved(_deploy(), "job"), _deploy()
    for entries, wanted in ((job, True), (service, False), ([*job, *service], False)):
        query = Query("staging", "netra-staging", (), WINDOW, Severity.WARNING)
        drafts = clusters(read_all(Entries(entries), query).rollup.stitched())
        assert {draft.is_job for draft in drafts} == {wanted}


def _asked(entries: list[Entry], traffic: Traffic | None) -> Cluster:
    """The only cluster, with these requests."""
    query = Query("staging", "netra-staging", (), WINDOW, Severity.WARNING)
    found = analyze(
        Outside(Entries(shuffled(entries)), activity=FakeLogs(traffic=traffic)), query,
        Environment("staging", "netra-staging"), now=WINDOW.end,
    )  # fmt: skip
    assert found.traffic == traffic
    (only,) = found.clusters
    return only


HOUR_0 = START // HOUR
OLDER = "netra-backend-staging-00596-abc"


@pytest.mark.parametrize(
    ("hours", "sampled", "said"),
    [
        # it served: in requests, whatever it wrote
        (((OLD, 9_412), (NEW, 40)), False, "00597-abc never wrote it in 9,412 requests"),
        # it served and wrote nothing that was read
        (((OLDER, 7_000), (NEW, 40)), False, "00596-abc never wrote it in 7,000 requests"),
        # it was deployed and never asked, no other one was
        (((NEW, 40),), False, None),
        # what came before the sample is not known
        (((NEW, 40),), True, "00597-abc never wrote it in 30 entries"),
        # a service that nobody asks
        (((OLD, 0),), False, "00597-abc never wrote it in 30 entries"),
        ((("netra-backend-staging-jobs-00001-abc", 5),), False, "in 30 entries"),
    ],
)
def test_the_last_revision_without_it_is_one_that_served_requests(
    hours: tuple[tuple[str, int], ...], sampled: bool, said: str | None
) -> None:
    traffic = Traffic(tuple((name, HOUR_0, n) for name, n in hours), START, sampled)
    found = _asked(_deploy(), traffic)
    if said is None:
        assert found.began is None
    else:
        assert said in found.notes[0]


def test_what_every_request_writes_is_told_by_all_requests_not_by_those_that_were_read() -> None:
    lone = [said("cache is cold", "WARNING", 500 + i, revision=NEW) for i in range(40)]
    few = _asked(lone, Traffic(((NEW, HOUR_0, 40),), START))
    many = _asked(lone, Traffic(((NEW, HOUR_0, 40_000),), START))
    assert any("what every request writes says little" in r for r in few.reasons)
    assert not any("request" in r for r in many.reasons)


def test_a_warning_gets_no_such_line() -> None:
    entries = [said("cache is cold", "WARNING", 500 + i, revision=NEW) for i in range(9)]
    found = report([*_deploy()[:30], *entries])
    assert found.clusters[0].began is None


def test_a_name_that_a_shell_would_read_makes_no_command() -> None:
    began = Began("svc", "svc-2", "svc-1; rm -rf x", 9, "project", "region")
    assert rollback(began) is None
    assert rollback(replace(began, before="svc-1", region="")) is None
    assert rollback(replace(began, before="svc-1")) is not None


def test_why_prints_each_factor() -> None:
    found = report(_deploy())
    shown = as_text(evidence.why(found.clusters[0]), buttons=False)
    for factor in ("rule “API drift”: P2", "severity: ERROR", "frequency: 12 times", "trend: ",
                   "instances: ", "revisions: ", "incident: ", "users: ", "every request: 0.20"):  # fmt: skip
        assert factor in shown, factor


def test_what_a_figure_weighs_is_said() -> None:
    entries = [
        entry("cache is cold", "WARNING", 60 * i / 10, instance=f"i{i % 4}") for i in range(3_000)
    ]
    found = report(entries)
    shown = as_text(evidence.why(found.clusters[0]), buttons=False)
    assert "frequency, ½ up: 3,000 times in the window: more than anybody reads" in shown
    assert "instances, ¼ up: on 4 instances" in shown
    assert found.clusters[0].priority is Priority.P4


def test_a_priority_set_by_hand_is_the_priority() -> None:
    found = report(_deploy())
    (only,) = found.clusters
    mine = Override(only.id, "U1", 5, Priority.P6, only.priority)
    decided = found.with_decisions({only.id: Decisions(override=mine)})
    assert decided.cards[0].priority is Priority.P6
    assert decided.clusters[0].reasons[0] == "set to P6 by hand; the rules said P2"
    assert found.with_decisions({}).cards[0].priority is Priority.P2
