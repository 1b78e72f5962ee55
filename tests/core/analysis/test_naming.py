"""Names follow the judgement: what is C1, and what another run registers in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.analysis.reading import read_all
from bot.core.model.environment import Environment, Query
from bot.core.model.errors import Unavailable
from bot.core.model.report import Progress
from bot.core.model.values import Severity, State
from bot.core.ports import Candidate, Identity
from tests.core.logs import WINDOW, Entries, report, said
from tests.fakes.store import FakeRegistry

POOL, CART = "database pool is exhausted", "cart was empty"


def entries() -> list[dict[str, Any]]:
    """A rare error and a frequent warning."""
    return [
        *(said(CART, "WARNING", 60 * i) for i in range(20)),
        *(said(POOL, "CRITICAL", 90 * i) for i in range(4)),
    ]


class Overtaken(FakeRegistry):
    """Another run registers the pool's message just before this run does."""

    def resolve(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[Identity]:
        if not self.identities:
            super().resolve(environment, [Candidate("c-theirs", POOL, (POOL,), 5, 9)])
        return super().resolve(environment, candidates)


class Unsteady(FakeRegistry):
    """Other runs never stop registering this run's clusters."""

    def identify(self, environment: str, candidates: Sequence[Candidate]) -> Sequence[str]:
        return [f"{id_}-then" for id_ in super().identify(environment, candidates)]


@pytest.mark.parametrize("registry", [None, FakeRegistry()])
def test_the_most_important_is_c1_however_rare(registry: FakeRegistry | None) -> None:
    found = report(entries(), registry=registry)
    assert [(c.name, c.title) for c in found.clusters] == [("C1", POOL), ("C2", CART)]


def test_a_cluster_that_another_run_registers_meanwhile_is_reported_under_that_id() -> None:
    found = report(entries(), registry=Overtaken())
    assert [(c.title, c.id == "c-theirs", c.state) for c in found.clusters] == [
        (POOL, True, State.RECURRING),
        (CART, False, State.NEW),
    ]
    assert [c.name for c in found.clusters] == ["C1", "C2"]


def test_a_registry_that_never_rests_ends_the_analysis() -> None:
    with pytest.raises(Unavailable, match="Too many analyses"):
        report(entries(), registry=Unsteady())


def test_progress_names_the_worst_problem_so_far() -> None:
    query = Query("staging", "p", (), WINDOW, Severity.WARNING)
    seen: list[Progress] = []
    outside = Outside(Entries(entries(), page=12))
    found = analyze(
        outside, query, Environment("staging", "p"), now=WINDOW.end, listener=seen.append
    )
    assert [(each.worst or "").partition(" ")[2] for each in seen] == [CART, POOL]
    assert found.coverage.read == 24
    # Reading alone judges nothing.
    bare: list[Progress] = []
    read_all(outside.source, query, listener=bare.append)
    assert [(each.read, each.worst) for each in bare] == [(12, None), (24, None)]
