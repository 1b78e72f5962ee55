"""What any test may ask for: the real store, started for the session and empty for each test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.adapters.redis import client as store
from bot.adapters.redis.server import embedded
from playground.service.lines import Entry
from tests import sample_entries, stores
from tests.installation import INSTALLATION
from tests.waiting import PATIENCE

# A slow machine is no failure, and a red run must be red again for whoever looks at it.
settings.register_profile("gardener", deadline=None, derandomize=True)
settings.load_profile("gardener")


@pytest.fixture(scope="session")
def _state_of_session() -> Iterator[Path]:
    # Not pytest's own directories: their paths are too long for a socket.
    directory = Path(tempfile.mkdtemp(prefix="gardener-"))
    yield directory
    embedded.leave(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(params=sample_entries.SETS)
def cloud_run(request: pytest.FixtureRequest) -> list[Entry]:
    """The entries of a whole service: ours, and the shared real ones where they are there."""
    return sample_entries.cloud_run_entries(request.param)


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state directory of the test's own; the server in it is ended after the test."""
    directory = Path(tempfile.mkdtemp(prefix="gardener-"))
    yield directory
    embedded.leave(directory)
    stores.stop(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def redis_client(_state_of_session):
    """An empty embedded Valkey, the real one."""
    # A busy machine can make it wait longer than a person who clicked should.
    client = store.connect(None, _state_of_session, INSTALLATION, timeout=PATIENCE)
    # Who kills a server takes one of its own from `state_dir`, which syncs before it answers.
    client.config_set("appendfsync", "no")
    client.flushall()
    yield client
    client.close()
