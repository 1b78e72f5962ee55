"""Everything that is queued can be run, by the name of this version and of the one before."""

from __future__ import annotations

import inspect

import pytest

from bot.job_names import OLD_ARGUMENTS, OLD_PREFIX, JobName, understood
from bot.jobs import JOBS

# The worker runs what the version before left in the queue: a name that is gone would lose a job.
BEFORE = [
    "analyze",
    "click",
    "command",
    "compare",
    "digest",
    "digest_now",
    "fill_expected",
    "fill_filing",
    "fill_review",
    "fill_snooze",
    "home",
    "mention",
    "reconcile",
    "renew",
    "submit_expected",
    "submit_filing",
    "submit_review",
    "submit_snooze",
    "sync",
    "tell_ended",
]


def test_every_name_has_its_function():
    assert set(JOBS) == set(JobName)


@pytest.mark.parametrize("name", BEFORE)
def test_what_the_version_before_queued_is_run(name):
    found, _ = understood(OLD_PREFIX + name, {})
    assert found in JOBS


@pytest.mark.parametrize("name", OLD_ARGUMENTS)
def test_a_renamed_argument_is_one_that_the_job_takes(name):
    taken = inspect.signature(JOBS[name]).parameters
    assert set(OLD_ARGUMENTS[name].values()) <= set(taken)
    assert not set(OLD_ARGUMENTS[name]) & set(taken)
