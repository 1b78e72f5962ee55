"""Files on GitHub exactly once, despite double clicks, retries, lost responses and crashes.

The safeguards, in this order:

1. A lock on the root and its symptoms: of two clicks at once, one files and one gets the link.
2. The decision book: what is already filed is not filed again.
3. The repository's own issues: a verified marker counts even if our store lost the link.
4. A `Pending` decision, stored before anything is sent. Whoever finds one looks on GitHub first,
   and sends again only once the earlier request can no longer arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from bot.core.issues.markers import bears
from bot.core.issues.orders import Filed, How, Order, Outcome, Reconciled, Waiting
from bot.core.model.decisions import IssueLink, Pending
from bot.core.model.errors import (
    GardenerError,
    Refused,
    Unavailable,
    UnknownOutcome,
)
from bot.core.model.values import SECOND
from bot.core.ports import (
    DecisionBook,
    Issue,
    IssueTracker,
    Locks,
)

HOLD = 60
"""Seconds that a lock outlives a killed process."""
SETTLE = 60 * SECOND
"""After this long (nanoseconds), a sent request can no longer take effect: the rate limiter (15 s),
a token (20 s), connecting and answering (20 s). GitHub aborts its own after ten."""
LOOKS = (0.0, 3.0, 10.0)
"""Seconds to wait before each look after an unknown outcome."""
PATIENCE = 30
"""Seconds that a second click waits for the first one's link."""
KEEP = 3_600 * SECOND
"""How long to go on looking if GitHub refuses even that (nanoseconds); then a person has to."""
ATTEMPTS = 5
"""How often to send one request, each after a look, before leaving it to the person."""
RECENT = 100
RECENT_LONG = 300
"""How many issues to look at: one page before the first attempt, three after a request was sent."""


class Filing:
    """Files issues and comments exactly once. Safe to share between threads."""

    def __init__(
        self,
        tracker: IssueTracker,
        book: DecisionBook,
        locks: Locks,
        *,
        secrets: Sequence[bytes],
        now: Callable[[], int],
        new_token: Callable[[], str],
        pause: Callable[[float], None],
    ) -> None:
        """Takes its clocks as functions.

        `now` returns nanoseconds, `new_token` a fresh random word; `pause` sleeps for some seconds.
        """
        self._tracker = tracker
        self._book = book
        self._locks = locks
        self._secrets = tuple(secrets)
        self._now = now
        self._new_token = new_token
        self._pause = pause

    # --- what a person asks for ------------------------------------------------------------------

    def file(self, order: Order) -> Outcome:
        """Files one issue for the cluster and its symptoms, or returns the existing one.

        Raises `Refused` or `Unavailable` if nothing was filed.
        """
        return self._do(order, _pending(order, "create", order.beside, self._now()))

    def add_to(self, order: Order, number: int) -> Outcome:
        """Adds a comment with the newest evidence to an issue and links it to the cluster."""
        return self._do(order, _pending(order, "comment", number, self._now()))

    def reopen(self, order: Order, number: int) -> Outcome:
        """Reopens a closed issue as a regression, with a comment that explains why."""
        return self._do(order, _pending(order, "reopen", number, self._now()))

    def reconcile(self, environment: str) -> tuple[Reconciled, ...]:
        """Finishes an environment's pending requests, except those held by another process.

        Raises `Unavailable` only if the store is down.
        """
        waiting = [d.pending for d in self._book.all(environment).values() if d.pending]
        return tuple(done for pending in waiting if (done := self._reconcile(environment, pending)))

    # --- the road --------------------------------------------------------------------------------

    def _do(self, order: Order, wanted: Pending) -> Outcome:
        waited = 0
        while True:
            with self._locked(order.environment, wanted) as held:
                if held is not None:
                    return self._alone(order, wanted, held)
            # Another process is filing; return its link as soon as it is stored.
            if wanted.kind == "create" and (link := self._link(order)):
                return Filed(link, How.FOUND)
            if waited >= PATIENCE:
                return Waiting(
                    "Somebody is filing this right now, or was cut off while doing so. I look "
                    "after it and answer within two minutes. Clicking again is safe."
                )
            self._pause(1.0)
            waited += 1

    def _alone(self, order: Order, wanted: Pending, held: Callable[[], bool]) -> Outcome:
        earlier = self._earlier(order.environment, wanted)
        if earlier:
            outcome = self._resume(order.environment, earlier, held)
            same = (earlier.kind, earlier.nonce) == (wanted.kind, wanted.nonce)
            if isinstance(outcome, Waiting) or same:
                return outcome
        if wanted.kind == "create" and (link := self._link(order)):
            return Filed(link, How.FOUND)
        if done := self._look(wanted, RECENT):
            return self._settle(order.environment, wanted, done, found=True)
        return self._send(order.environment, wanted, held)

    def _resume(self, environment: str, pending: Pending, held: Callable[[], bool]) -> Outcome:
        """Finishes an earlier request, ours or that of a killed process."""
        try:
            done = self._look(pending, RECENT_LONG)
        except Refused as error:
            if self._now() - pending.at < KEEP:
                raise Unavailable(str(error)) from error
            raise Refused(
                f"I could not learn whether it reached {pending.repository}; look there before "
                f"filing again. {error}"
            ) from error
        if done:
            return self._settle(environment, pending, done)
        if self._now() - pending.at < SETTLE:
            return Waiting(_UNCONFIRMED)
        if pending.attempts >= ATTEMPTS:
            self._forget(environment, pending)
            raise Refused(
                f"GitHub did not confirm {pending.attempts} tries in {pending.repository}, and "
                "nothing is to be seen there. I stop trying; clicking starts anew."
            )
        again = replace(pending, at=self._now(), attempts=pending.attempts + 1)
        return self._send(environment, again, held)

    def _send(self, environment: str, pending: Pending, held: Callable[[], bool]) -> Outcome:
        self._check_public(pending)
        # The slow steps are done; from here on we must still hold the lock.
        if not held() or self._overtaken(environment, pending):
            return Waiting(_UNCONFIRMED)
        pending = replace(pending, at=self._now())
        self._book.put(environment, pending)
        try:
            done = self._carry_out(pending)
        except UnknownOutcome as unknown:
            seen = self._look_patiently(pending)
            if seen is None:
                return Waiting(f"{unknown} {_UNCONFIRMED}")
            done = seen
        except Unavailable:
            # Certainly not done. Someone who just clicked can click again; if an answer was
            # promised, it stays pending and this attempt does not count.
            if pending.attempts == 1:
                self._forget(environment, pending)
            else:
                self._book.put(environment, replace(pending, attempts=pending.attempts - 1))
            raise
        except GardenerError:
            self._forget(environment, pending)
            raise
        return self._settle(environment, pending, done)

    def _carry_out(self, pending: Pending) -> Issue:
        if pending.number is None or pending.kind == "create":
            return self._tracker.create(
                pending.repository,
                pending.title,
                pending.body,
                pending.labels,
                pending.assignees,
            )
        # Read first: this rejects an issue that was moved to another repository.
        issue = self._tracker.issue(pending.repository, pending.number)
        if pending.kind == "reopen" and issue.state != "open":
            issue = self._tracker.reopen(pending.repository, pending.number)
        self._tracker.comment(pending.repository, pending.number, pending.body)
        return issue

    def _settle(
        self, environment: str, pending: Pending, issue: Issue, *, found: bool = False
    ) -> Filed:
        link = IssueLink(
            cluster=pending.cluster,
            repository=pending.repository,
            number=issue.number,
            url=issue.url,
            title=issue.title,
            by=pending.by,
            at=self._now(),
            state=issue.state,
            closed_at=issue.closed if issue.state == "closed" else None,
            labels=issue.labels,
            opened=issue.created,
        )
        try:
            known = self._book.all(environment)
            for symptom in pending.symptoms:
                own = known[symptom].issue if symptom in known else None
                if own is None or own.symptom_of is not None:
                    self._book.put(
                        environment, replace(link, cluster=symptom, symptom_of=pending.cluster)
                    )
            # Store the root's link last and only then clear the pending entry: after a crash
            # anywhere in between, the next attempt repeats this with the same result.
            self._book.put(environment, link)
            self._book.remove(environment, pending.cluster, Pending)
        except Unavailable as error:
            raise Unavailable(
                f"#{issue.number} is on GitHub ({issue.url}), but not yet on the card: {error} "
                "I add it as soon as the store answers. Clicking again is safe.",
                error.retry_after,
            ) from error
        if pending.kind == "create":
            return Filed(link, How.FOUND if found else How.CREATED)
        return Filed(link, How.REOPENED if pending.kind == "reopen" else How.COMMENTED)

    # --- looking ---------------------------------------------------------------------------------

    def _look(self, pending: Pending, limit: int) -> Issue | None:
        """Finds the issue if the request has already been carried out."""
        if pending.number is not None and pending.kind != "create":
            written = any(
                bears(comment.body, pending.cluster, self._secrets, pending.nonce)
                for comment in self._tracker.comments(pending.repository, pending.number)
            )
            return self._tracker.issue(pending.repository, pending.number) if written else None
        beyond = pending.number or 0
        marked = [
            issue
            for issue in self._tracker.recent(pending.repository, limit)
            if issue.number > beyond and bears(issue.body, pending.cluster, self._secrets)
        ]
        # Take the oldest: a marker can be copied into a later issue.
        return min(marked, key=lambda issue: issue.number, default=None)

    def _look_patiently(self, pending: Pending) -> Issue | None:
        for seconds in LOOKS:
            if seconds:
                self._pause(seconds)
            try:
                if done := self._look(pending, RECENT):
                    return done
            except GardenerError:
                continue  # GitHub is failing; the pending entry is stored, so we look again later
        return None

    def _link(self, order: Order) -> IssueLink | None:
        decisions = self._book.all(order.environment).get(order.cluster)
        link = decisions.issue if decisions else None
        return link if link and link.number > (order.beside or 0) else None

    def _earlier(self, environment: str, wanted: Pending) -> Pending | None:
        """Finds a pending request for any of these clusters, as root or as symptom."""
        ours = {wanted.cluster, *wanted.symptoms}
        for decisions in self._book.all(environment).values():
            pending = decisions.pending
            if pending and ours & {pending.cluster, *pending.symptoms}:
                return pending
        return None

    def _forget(self, environment: str, pending: Pending) -> None:
        # Best effort: leftovers are checked again later, and the first error is the one to raise.
        with suppress(Unavailable):
            self._book.remove(environment, pending.cluster, Pending)

    def _overtaken(self, environment: str, pending: Pending) -> bool:
        """True if another process finished or started it after our lock expired."""
        known = self._book.all(environment).get(pending.cluster)
        if known is None:
            return False
        if pending.kind == "create" and known.issue and known.issue.number > (pending.number or 0):
            return True
        stored = known.pending
        return stored is not None and stored.attempts >= pending.attempts

    def _check_public(self, pending: Pending) -> None:
        repository = self._tracker.repository(pending.repository)
        if not repository.private and not pending.public:
            raise Refused(
                f"{repository.full_name} is public now, and this text was written for a private "
                "repository. Nothing was filed. Open the form again: samples are left out then."
            )

    # --- reconciling and locks -------------------------------------------------------------------

    def _reconcile(self, environment: str, pending: Pending) -> Reconciled | None:
        with self._locked(environment, pending) as held:
            if held is None:
                return None
            current = self._earlier(environment, pending)
            if current is None:
                return None  # finished while we took the lock
            try:
                outcome = self._resume(environment, current, held)
            except Unavailable:
                return None  # try again later
            except GardenerError as error:
                self._forget(environment, current)
                return Reconciled(current, None, str(error))
            return Reconciled(current, outcome) if isinstance(outcome, Filed) else None

    @contextmanager
    def _locked(self, environment: str, pending: Pending) -> Iterator[Callable[[], bool] | None]:
        """Locks all clusters or none; yields a check that we still hold the locks, else None."""
        ids = sorted({pending.cluster, *pending.symptoms})
        keys = [f"issue:{environment}:{cluster}" for cluster in ids]
        token = self._new_token()
        taken: list[str] = []

        def held() -> bool:
            return all(self._locks.once(key, HOLD, token) for key in keys)

        try:
            for key in keys:
                if not self._locks.once(key, HOLD, token):
                    break
                taken.append(key)
            yield held if len(taken) == len(keys) else None
        finally:
            self._release(taken, token)

    def _release(self, keys: Sequence[str], token: str) -> None:
        for key in keys:
            with suppress(Unavailable):  # the lock expires by itself
                self._locks.release(key, token)


_UNCONFIRMED = "I check whether it exists and answer within two minutes. Clicking again is safe."


def _pending(order: Order, kind: str, number: int | None, now: int) -> Pending:
    return Pending(
        cluster=order.cluster,
        by=order.by,
        at=now,
        repository=order.repository,
        kind=kind,
        body=order.body,
        public=order.public,
        title=order.title,
        labels=order.labels,
        assignees=order.assignees,
        number=number,
        nonce=order.nonce,
        symptoms=order.symptoms,
        reply=order.reply,
    )
