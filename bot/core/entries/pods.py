"""Reads the workload and its revision from the name that Kubernetes gave a pod."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class PodForm:
    """A form of generated names; the first that fits counts."""

    name: str
    pattern: re.Pattern[str]
    """The group `workload`, and `revision` if the name has one."""
    example: str
    counter: str
    why: str


class Pod(NamedTuple):
    """The parts of a pod's name."""

    workload: str
    revision: str = ""
    """The ReplicaSet's hash, or the name of the Job that a CronJob created."""
    scheduled: bool = False
    """True for a pod of a CronJob."""


FORMS: tuple[PodForm, ...] = (
    PodForm(
        "CronJob",
        re.compile(r"(?P<revision>(?P<workload>.+)-\d{8})-[a-z0-9]{5}"),
        "nightly-import-29287620-x7k2p",
        "checkout-7d9f8b6c5d-x7k2p",
        "the Job's name ends in the scheduled time, in minutes since 1970",
    ),
    PodForm(
        "Deployment",
        re.compile(
            r"(?P<workload>.+)-(?P<revision>(?=[a-z]*\d)[a-z0-9]{5,10}|[bcdf]{5,10})-[a-z0-9]{5}"
        ),
        "checkout-7d9f8b6c5d-x7k2p",
        "checkout-worker-x7k2p",
        "the ReplicaSet's hash, then five characters; a word without a digit is no hash",
    ),
    PodForm(
        "StatefulSet",
        re.compile(r"(?P<workload>.+)-\d{1,4}"),
        "redis-0",
        "redis",
        "the ordinal",
    ),
    PodForm(
        "DaemonSet, Job",
        re.compile(r"(?P<workload>.+)-[b-df-hj-np-tv-xz2-9]{5}"),
        "log-agent-x7k2p",
        "web-proxy",
        "five characters of Kubernetes' alphabet, which has no vowels, so that they spell no word",
    ),
)

GENERATED = r"((-([a-z0-9]*[0-9][a-z0-9]*|[bcdf]+))?-([a-z0-9]{5}|[0-9]{1,4}))?"
"""What may follow a workload in its pods' names, for RE2, which has no lookahead."""


def pod(name: str) -> Pod:
    """Reads a pod's name; one of no known form is its own workload."""
    for form in FORMS:
        if (found := form.pattern.fullmatch(name)) is not None:
            parts = found.groupdict()
            return Pod(parts["workload"], parts.get("revision", ""), form.name == "CronJob")
    return Pod(name)
