"""Tells the errors of `entries.list` apart by what to do about them."""

from __future__ import annotations

from bot.adapters.google.log_filter import projects
from bot.core.model.environment import Query
from bot.core.model.errors import GardenerError, Refused, Unavailable


class OverQuota(Unavailable):
    """The project's calls of this minute are used up: wait, with all calls."""


class TooLarge(Unavailable):
    """The page exceeds a limit on messages: ask for fewer entries."""


class DeadToken(Unavailable):
    """The page token is no longer accepted: ask again, from the oldest time reached."""


TRANSIENT = "Cloud Logging does not answer ({}). Try again in a minute."


def meaning(error: Exception, query: Query, *, token: str) -> GardenerError:
    """Returns what to raise for an error of a call; the same error if it is none that we know.

    `token`: the page token of the call. gRPC reports two things as RESOURCE_EXHAUSTED, the quota
    and a message over the size limit, which only the text tells apart.
    """
    from google.api_core import exceptions
    from google.auth import exceptions as auth
    from google.protobuf.message import DecodeError

    match error:
        case exceptions.PermissionDenied() | exceptions.Unauthenticated():
            return Refused(_refusal(query, error.message))
        case auth.DefaultCredentialsError():
            return Refused(
                "Google refused: there are no credentials here; nothing was read. "
                "Run `gcloud auth application-default login`, or give the service account's key "
                "in GOOGLE_APPLICATION_CREDENTIALS."
            )
        case auth.GoogleAuthError():
            return Refused(
                "Google refused the credentials; nothing was read. "
                "Run `gcloud auth application-default login` again."
            )
        case exceptions.InvalidArgument():
            if token:
                return DeadToken(
                    f"Cloud Logging dropped the position in the log: {error.message}. "
                    "Try again in a minute."
                )
            return Refused(f"Google did not accept the query: {error.message}")
        case exceptions.NotFound():
            return Refused(_unknown(query, error.message))
        case exceptions.ResourceExhausted():
            if "larger than max" in str(error.message):
                return TooLarge(
                    "Entries exceed the size limit of one answer. Read these in the Logs Explorer."
                )
            return OverQuota(
                "The project's read quota of Cloud Logging (60 calls a minute) is used up. "
                "Ask again in a minute."
            )
        case DecodeError():
            return Unavailable("Cloud Logging's answer came broken. Try again in a minute.")
        case (
            exceptions.ServiceUnavailable()
            | exceptions.DeadlineExceeded()
            | exceptions.Aborted()
            | exceptions.InternalServerError()
            | exceptions.Unknown()
            | exceptions.Cancelled()
            | exceptions.RetryError()
            | exceptions.GatewayTimeout()
            | exceptions.BadGateway()
        ):
            return Unavailable(TRANSIENT.format(type(error).__name__))
        case _:
            raise error


def _unknown(query: Query, detail: str | None) -> str:
    if query.sources.views:
        why = f" ({detail.rstrip('.')})" if detail else ""
        return f"Google does not know one of the log views{why}. Check `views` in gardener.toml."
    return f"Google knows no project {query.project}. Check `project` in gardener.toml."


def _refusal(query: Query, detail: str | None) -> str:
    why = f" ({detail.rstrip('.')})" if detail else ""
    role, project = "viewer", query.project
    if query.sources.views:
        role = "viewAccessor"  # roles/logging.viewer opens no view but a project's own
        names = projects(query)
        project = next((name for name in names if f"/{name}" in why), names[0])
    known = {"viewer": "Logs Viewer", "viewAccessor": "Logs View Accessor"}[role]
    return (
        f"Google refused: this account lacks {known} on {project}{why}; nothing was "
        f"read. Fix: gcloud projects add-iam-policy-binding {project} "
        f"--member=serviceAccount:ACCOUNT --role=roles/logging.{role}"
    )
