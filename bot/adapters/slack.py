"""Slack's Web API: what is posted, edited, opened, looked up; Slack's limits and our errors.

Nothing that creates a message is tried again, except where Slack said that it took none (429).
A response_url and a token are credentials: neither is ever logged or put into a message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.error import URLError
from urllib.parse import urlsplit

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from bot.garden.access import Person, Place
from bot.garden.errors import GardenerError, InputError, Refused, Unavailable

if TYPE_CHECKING:
    from slack_sdk import WebClient

T = TypeVar("T")

REMEMBERED = 60
"""Seconds for which a look-up of a person, a conversation or a group stands."""
PATIENCE = 30
"""Waits for a turn at most; then Slack itself says whether it is too much."""
FILE_LIMIT = 50 * 1024 * 1024
"""Bytes of a file that is read for an analysis."""

_log = structlog.get_logger(__name__)


class Notes(Protocol):
    """Somewhere to remember JSON for a while."""

    def get(self, environment: str, name: str) -> Any:
        """None where nothing is remembered."""
        ...

    def put(self, environment: str, name: str, value: object, seconds: int) -> None:
        """`environment` may be empty."""
        ...


class Sendable(Protocol):
    """A message as `blocks` draws it."""

    @property
    def text(self) -> str:
        """The fallback, escaped."""
        ...

    @property
    def blocks(self) -> list[dict[str, object]]:
        """Block Kit."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """Something to upload."""

    name: str
    content: bytes
    title: str
    alt: str = ""
    """For those who do not see a picture."""


class NotMember(Refused):
    """The bot is not in that conversation, or may not write there."""


class Gone(Refused):
    """The message, view or address is not there any more."""


_OUTSIDE = {"not_in_channel", "channel_not_found", "restricted_action", "is_archived"} | {
    "user_not_in_channel",
    "messages_tab_disabled",
    "restricted_action_read_only_channel",
}
_GONE = {
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "not_found",
    "view_not_found",
    "expired_trigger_id",
    "trigger_exchanged",
    "trigger_expired",
    "invalid_trigger_id",
    "expired_url",
    "used_url",
    "hash_conflict",
}
_TOKEN = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}


class SlackMessenger:
    """Everything that we tell and ask Slack. One object serves all threads."""

    def __init__(
        self,
        client: WebClient,
        *,
        notes: Notes | None = None,
        pace: Callable[[str], float] | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """`notes` remember look-ups for all processes: each job runs in a fresh one.

        `pace`, asked with a channel before each post, answers the seconds to wait and ask again;
        `wait` waits them.
        """
        self._client = client
        self._notes = notes
        self._turn = pace
        self._wait = wait or threading.Event().wait

    # --- messages --------------------------------------------------------------------------------

    def post(self, channel: str, message: Sendable, *, thread: str | None = None) -> str:
        """Posts and returns the message's `ts`. Raises `NotMember`, `Refused`, `Unavailable`."""
        self._pace(channel)
        with translated("post here"):
            answer = self._client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread,
                unfurl_links=False,
                unfurl_media=False,
            )
        return str(answer["ts"])

    def update(self, channel: str, ts: str, message: Sendable) -> None:
        """Edits one of our messages. Raises `Gone` where it is not there any more."""
        with translated("edit a message"):
            self._client.chat_update(
                channel=channel,
                ts=ts,
                text=message.text[:3_500],
                blocks=message.blocks,
                unfurl_links=False,
                unfurl_media=False,
            )

    def ephemeral(
        self, channel: str, user: str, message: Sendable, *, thread: str | None = None
    ) -> None:
        """For one person's eyes. Raises `NotMember` where the bot is not in the conversation."""
        with translated("answer here"):
            self._client.chat_postEphemeral(
                channel=channel,
                user=user,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread,
            )

    def respond(self, response_url: str, message: Sendable, *, replace: bool = False) -> None:
        """For the eyes of the person who typed or clicked; 5 times within 30 minutes.

        `replace`: in the place of the message that was clicked. Raises `Gone` after that.
        """
        body: dict[str, Any] = {
            "text": message.text,
            "blocks": message.blocks,
            "response_type": "ephemeral",
            "replace_original": replace,
        }
        try:
            answer = WebhookClient(
                response_url,
                timeout=10,
                retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)],
            ).send_dict(body)
        except (SlackClientError, URLError, HTTPException, OSError, ValueError):
            # Without the cause: its text may hold the address, which is a credential.
            raise Unavailable("Slack did not take the answer. Try again in a minute.") from None
        if answer.status_code != 200:
            said = answer.body[:300]
            if any(code in said for code in _GONE) or answer.status_code in {404, 410}:
                raise Gone("The time to answer there is over. Run /gardener again.")
            _log.warning("Slack refused an answer", status=answer.status_code, why=said)
            raise Refused("Slack refused the answer; my log says why.")

    def tell(
        self,
        user: str,
        message: Sendable,
        *,
        channel: str = "",
        response_url: str = "",
        thread: str | None = None,
    ) -> None:
        """Tells one person alone, by the first way that works: here, by answer, directly."""
        ways: list[Callable[[], object]] = []
        if channel:
            ways.append(lambda: self.ephemeral(channel, user, message, thread=thread))
        if response_url:
            ways.append(lambda: self.respond(response_url, message))
        ways.append(lambda: self.post(user, message))
        for i, way in enumerate(ways, start=1):
            try:
                way()
                return
            except Refused:
                if i == len(ways):
                    raise

    def permalink(self, channel: str, ts: str) -> str | None:
        """The message's address; None where Slack does not say."""
        try:
            with translated("link a message"):
                return str(
                    self._client.chat_getPermalink(channel=channel, message_ts=ts)["permalink"]
                )
        except GardenerError:
            return None

    def upload(self, channel: str, thread: str, files: Sequence[File]) -> None:
        """Files into a thread, as one message."""
        self._pace(channel)
        with translated("upload a file"):
            self._client.files_upload_v2(
                channel=channel,
                thread_ts=thread,
                file_uploads=[
                    {
                        "filename": file.name,
                        "content": file.content,
                        "title": file.title,
                        "alt_txt": file.alt or None,
                    }
                    for file in files
                ],
            )

    def direct(self, user: str) -> str:
        """The id of the direct conversation with somebody."""
        with translated("write to you directly"):
            return str(self._client.conversations_open(users=user)["channel"]["id"])

    def download(self, url: str) -> bytes:
        """A file that somebody shared. The token goes to Slack's own addresses only.

        Raises `InputError` where it is too large, `Refused` where it is not Slack's.
        """
        import urllib.request

        there, home = urlsplit(url), urlsplit(self._client.base_url)
        ours = (there.scheme, there.netloc) == (home.scheme, home.netloc)
        slack = there.scheme == "https" and (there.hostname or "").endswith(".slack.com")
        if not (ours or slack):
            raise Refused("That file is not on Slack, so I do not read it. Upload it here instead.")
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            url, headers={"Authorization": f"Bearer {self._client.token}"}
        )
        try:
            with _no_redirect().open(request, timeout=60) as answer:
                content: bytes = answer.read(FILE_LIMIT + 1)
        except (URLError, HTTPException, OSError):
            raise Unavailable("Slack did not give me the file. Try again in a minute.") from None
        if len(content) > FILE_LIMIT:
            raise InputError(
                f"The file is larger than {FILE_LIMIT >> 20} MB. "
                "Read it with `gardener analyze --from FILE` instead."
            )
        return content

    # --- views -----------------------------------------------------------------------------------

    def open_view(self, trigger: str, view: Mapping[str, object]) -> str:
        """Opens a modal within the trigger's three seconds; returns its id."""
        with translated("open a form"):
            answer = self._client.views_open(trigger_id=trigger, view=dict(view))
        return str(answer["view"]["id"])

    def update_view(self, view_id: str, view: Mapping[str, object]) -> None:
        """Draws an open modal anew. Raises `Gone` where the person closed it."""
        with translated("fill a form"):
            self._client.views_update(view_id=view_id, view=dict(view))

    def publish_home(self, user: str, view: Mapping[str, object]) -> None:
        """Somebody's home tab."""
        with translated("draw the home tab"):
            self._client.views_publish(user_id=user, view=dict(view))

    # --- who and where: access.Directory ---------------------------------------------------------

    def person(self, user: str) -> Person:
        """By id. What Slack leaves out is false."""
        found = self._remembered(f"person {user}", lambda: asdict(self._person(user)))
        return Person(**found)

    def place(self, channel: str) -> Place:
        """By id. What Slack leaves out is false."""
        found = self._remembered(f"place {channel}", lambda: asdict(self._place(channel)))
        return Place(**found)

    def group(self, handle: str) -> frozenset[str]:
        """The members of a user group, by handle or id; empty where there is none."""
        groups = self._remembered("groups", self._groups)
        ident = handle if handle in groups.values() else groups.get(handle.casefold())
        if ident is None:
            return frozenset()
        return frozenset(self._remembered(f"group {ident}", lambda: self._members(ident)))

    def _person(self, user: str) -> Person:
        with translated("look a person up"):
            found: Mapping[str, Any] = self._client.users_info(user=user)["user"]
        profile = found.get("profile") or {}
        home = self._remembered("team", self._team)
        team = str(found.get("team_id") or home)
        return Person(
            id=user,
            name=str(
                profile.get("display_name") or found.get("real_name") or found.get("name", "")
            ),
            guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
            foreign=bool(found.get("is_stranger"))
            or (team != home and not found.get("enterprise_user")),
        )

    def _team(self) -> str:
        with translated("ask who I am"):
            return str(self._client.auth_test()["team_id"])

    def _place(self, channel: str) -> Place:
        with translated("look a conversation up"):
            found: Mapping[str, Any] = self._client.conversations_info(channel=channel)["channel"]
        return Place(
            id=channel,
            name=str(found.get("name") or ""),
            shared=bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
            direct=bool(found.get("is_im") or found.get("is_mpim")),
        )

    def _groups(self) -> dict[str, str]:
        with translated("look the user groups up"):
            found: Any = self._client.usergroups_list()["usergroups"]
        return {str(g["handle"]).casefold(): str(g["id"]) for g in found}

    def _members(self, group: str) -> list[str]:
        with translated("look a user group up"):
            found: Any = self._client.usergroups_users_list(usergroup=group)["users"]
        return [str(user) for user in found]

    def _remembered(self, name: str, look_up: Callable[[], T]) -> T:
        """What somebody asked a moment ago; without a store it is asked again."""
        if self._notes is None:
            return look_up()
        try:
            known: T | None = self._notes.get("", f"slack {name}")
        except GardenerError:
            return look_up()
        if known is not None:
            return known
        found = look_up()
        with suppress(GardenerError):
            self._notes.put("", f"slack {name}", found, REMEMBERED)
        return found

    def _pace(self, channel: str) -> None:
        """Slack takes one post a second in a channel."""
        if self._turn is None:
            return
        with suppress(GardenerError):  # without a store, Slack itself says when it is too much
            for _ in range(PATIENCE):
                pause = self._turn(channel)
                if pause <= 0:
                    return
                self._wait(pause)


# --- errors --------------------------------------------------------------------------------------


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Slack's errors inside become ours. `doing` completes "I could not …"."""
    try:
        yield
    except SlackApiError as error:
        raise _ours(error, doing) from None
    except (SlackClientError, URLError, HTTPException, OSError) as error:
        raise Unavailable(
            f"Slack did not answer ({type(error).__name__}), so I could not {doing}. "
            "Try again in a minute."
        ) from None


def _ours(error: SlackApiError, doing: str) -> GardenerError:
    answer: Any = error.response
    try:
        code = str(answer.get("error") or "")
    except (AttributeError, ValueError):
        code = ""
    if code in _OUTSIDE:
        return NotMember("I am not in this conversation. Invite me: /invite @gardener")
    if code in _GONE:
        return Gone("That is not there any more. Run /gardener again.")
    if code == "missing_scope":
        needed = answer.get("needed") or "another scope"
        return Refused(
            f"Slack does not let me {doing}: the app lacks {needed}. "
            "Add it on the app's OAuth page and reinstall the app."
        )
    if code in _TOKEN:
        return Refused(f"Slack refused my token ({code}): set a new SLACK_BOT_TOKEN.")
    status = getattr(answer, "status_code", 0)
    if code in {"ratelimited", "rate_limited"} or status == 429:
        after = (getattr(answer, "headers", None) or {}).get("Retry-After")
        seconds = float(str(after)) if str(after).isdigit() else None
        return Unavailable("Slack asks me to slow down. Try again in a minute.", seconds)
    if code in {"internal_error", "fatal_error", "service_unavailable", "request_timeout"} or (
        status >= 500
    ):
        return Unavailable(f"Slack has troubles of its own, so I could not {doing}. Try again.")
    _log.warning("Slack refused", doing=doing, error=code, details=_details(answer))
    return Refused(f"Slack refused ({code or 'no reason given'}), so I could not {doing}.")


def _details(answer: Any) -> object:
    try:
        return (answer.get("response_metadata") or {}).get("messages")
    except (AttributeError, ValueError):
        return None


def _no_redirect() -> Any:
    """An opener that follows no redirection: the token must not travel elsewhere."""
    import urllib.request

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    return urllib.request.build_opener(Stay)
