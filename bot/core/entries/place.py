"""The place that wrote an entry, and the packed entry itself."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from bot.core.model.values import JSON


class PlaceKind(StrEnum):
    """The kind of program that wrote an entry, by its resource (see `resources`)."""

    SERVICE = "service"
    """A Cloud Run service: it serves requests, and its traffic can go back to a revision."""
    JOB = "job"
    """It runs to completion; its revisions are executions, and none of them serves."""
    FUNCTION = "function"
    """A function of the first generation; one of the second is a Cloud Run service."""
    WORKLOAD = "workload"
    """A Kubernetes workload whose pods stay; a Kubernetes Job is a `JOB`."""
    APP = "app"
    """A service of App Engine."""
    MACHINE = "machine"
    UNKNOWN = ""


class Place(NamedTuple):
    """The instance that wrote an entry; which labels name it: `resources`."""

    service: str
    """The service, job, function, workload or machine."""
    revision: str
    """The revision, version, execution, or the hash of a ReplicaSet."""
    instance: str
    """The instance, the pod, or the execution with its task and attempt."""
    region: str
    project: str
    kind: PlaceKind = PlaceKind.UNKNOWN

    @property
    def is_job(self) -> bool:
        """True if it runs to completion, so that no other revision serves."""
        return self.kind is PlaceKind.JOB


class Raw(NamedTuple):
    """An entry as it was read, packed. It is unpacked and redacted only to be shown.

    Comparable by its bytes: equal bytes always come with the same `unpack`.
    """

    data: bytes
    unpack: Callable[[bytes], JSON]

    @property
    def ours(self) -> bool:
        """True if `=REDACTED` in it comes from our redaction, not from the service's own filter."""
        return self.data.startswith(_OURS)

    def as_ours(self) -> Raw:
        """Returns the entry, which is JSON, marked as `ours`."""
        return self if self.ours else self._replace(data=_OURS + self.data)


_OURS = b" "
"""Before the entry; JSON ignores it."""

order_of = zlib.crc32
"""32-bit sort order of an insertId among samples; the same in every run and on every machine."""
