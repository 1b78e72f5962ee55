"""The Slack adapter against the stand-in: what is sent, and each refusal as our own error."""

from __future__ import annotations

import http.server
import threading
from dataclasses import dataclass, field

import pytest
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.adapters.slack.messenger import (
    Gone,
    NotMember,
    SlackMessenger,
    Upload,
)
from bot.core.model.errors import Refused, Unavailable
from playground.slack.people import AppSetup
from tests.fakes.memory import FakeLookUps
from tests.standins.slack import serve_in_thread


@dataclass
class Said:
    text: str
    blocks: list = field(default_factory=list)


def messenger(server, token=None, **how):
    client = WebClient(
        token=token or server.bot_token,
        base_url=server.api_url,
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)],
    )
    return SlackMessenger(client, **how)


@pytest.fixture
def server():
    with serve_in_thread(rate_limits=False, ack_seconds=0.05) as running:
        yield running


@pytest.fixture
def slack(server):
    return messenger(server)


def test_post_edit_and_answer_in_a_thread(server, slack):
    ts = slack.post("C0OPS", Said("one"))
    slack.update("C0OPS", ts, Said("two"))
    reply = slack.post("C0OPS", Said("three"), thread=ts)
    seen = server.messages("C0OPS")
    assert [m["text"] for m in seen] == ["two", "three"]
    assert seen[1]["thread_ts"] == ts
    assert slack.permalink("C0OPS", reply).startswith("https://")
    call = server.api_calls("chat.postMessage")[0]
    assert str(call.args["unfurl_links"]).lower() in {"false", "0"}


def test_who_is_not_there_is_told_apart(slack):
    with pytest.raises(NotMember, match="/invite @gardener"):
        slack.post("C0QUIET", Said("hello"))
    with pytest.raises(NotMember):
        slack.post("C0NOWHERE", Said("hello"))
    with pytest.raises(Gone):
        slack.update("C0OPS", "1.000001", Said("hello"))
    title = {"type": "plain_text", "text": "Form"}
    with pytest.raises(Gone):
        slack.open_view("1.2.x", {"type": "modal", "title": title, "blocks": []})
    assert slack.permalink("C0OPS", "1.000001") is None


def test_a_person_is_told_by_the_first_way_that_works(server, slack):
    slack.tell("U0ALICE", Said("here"), channel="C0OPS")
    [seen] = server.messages("C0OPS")
    assert seen["ephemeral_for"] == "U0ALICE"
    answer = server.call_in_loop(lambda: server.state.new_response_url("U0ALICE", "C0QUIET"))
    slack.tell("U0ALICE", Said("by answer"), channel="C0QUIET", response_url=answer)
    assert server.messages("C0QUIET")[0]["text"] == "by answer"
    assert server.messages("C0QUIET", "U0BOB") == []


def test_an_answer_can_be_given_five_times(server, slack):
    answer = server.call_in_loop(lambda: server.state.new_response_url("U0ALICE", "C0OPS"))
    for _ in range(5):
        slack.respond(answer, Said("again"))
    with pytest.raises(Gone):
        slack.respond(answer, Said("once too often"))


def test_an_answers_address_is_never_told():
    slack = SlackMessenger(WebClient(token="xoxb-1"))
    with pytest.raises(Unavailable) as error:
        slack.respond("http://127.0.0.1:9/secret-address", Said("x"))
    assert "secret-address" not in str(error.value)
    assert error.value.__cause__ is None


def test_files_are_one_message_in_the_thread(server, slack):
    ts = slack.post("C0OPS", Said("report"))
    files = [Upload("a.md", b"# a", "A"), Upload("b.png", b"\x89PNG", "B", "a b")]
    ids = slack.upload("C0OPS", ts, files)
    [message] = server.wait_for(lambda: server.messages("C0OPS", thread_ts=ts)[-1:])
    assert [(f["name"], f["id"]) for f in message["files"]] == [("a.md", ids[0]), ("b.png", ids[1])]


def test_a_file_is_taken_back_with_its_message(server, slack):
    ts = slack.post("C0OPS", Said("report"))
    [file] = slack.upload("C0OPS", ts, [Upload("a.md", b"# a", "A")])
    slack.withdraw("C0OPS", file)
    assert server.messages("C0OPS", thread_ts=ts) == []
    for gone in (file, "F0NONE"):
        with pytest.raises(Gone):
            slack.withdraw("C0OPS", gone)
    [theirs] = slack.upload("C0OPS", ts, [Upload("b.md", b"# b", "B")])
    server.state.files[theirs].user = "U0ALICE"
    with pytest.raises(Refused, match="delete a file"):
        slack.withdraw("C0OPS", theirs)


def test_people_places_and_groups(server, slack):
    alice, guest, other = map(slack.person, ("U0ALICE", "U0GUEST", "U0OTHER"))
    assert (alice.name, alice.guest, alice.foreign) == ("Alice", False, False)
    assert alice.timezone == "Europe/Berlin"
    assert guest.guest
    assert other.foreign
    assert not slack.place("C0OPS").shared
    assert slack.place("C0OPS").name == "ops"
    assert slack.place("C0SHARED").shared
    assert slack.place("D0ALICE").direct
    assert slack.group("oncall") == slack.group("S0ONCALL") == {"U0ALICE"}
    assert slack.group("nobody") == frozenset()
    with pytest.raises(Refused):
        slack.person("U0NOBODY")


def test_look_ups_are_remembered_for_other_processes(server):
    look_ups = FakeLookUps()
    first = messenger(server, look_ups=look_ups)
    assert first.person("U0ALICE") == messenger(server, look_ups=look_ups).person("U0ALICE")
    assert first.group("oncall") == messenger(server, look_ups=look_ups).group("oncall")
    assert len(server.api_calls("users.info")) == 1
    assert len(server.api_calls("usergroups.list")) == 1


def test_a_post_waits_for_its_turn(server):
    turns = [0.4, 0.0]
    waited: list[float] = []
    slack = messenger(server, pace=lambda channel: turns.pop(0), wait=waited.append)
    slack.post("C0OPS", Said("one"))
    assert waited == [0.4]


def test_a_missing_scope_is_named():
    setup = AppSetup(scopes=frozenset({"users:read"}))
    with (
        serve_in_thread(setup=setup) as server,
        pytest.raises(Refused, match="the app lacks chat:write"),
    ):
        messenger(server).post("C0OPS", Said("x"))


def test_a_wrong_token_is_not_repeated(server):
    with pytest.raises(Refused, match="SLACK_BOT_TOKEN") as error:
        messenger(server, token="xoxb-wrong-and-secret").post("C0OPS", Said("x"))
    assert "wrong-and-secret" not in str(error.value)


def test_blocks_that_slack_refuses_are_a_refusal(slack):
    with pytest.raises(Refused, match="invalid_blocks"):
        slack.post("C0OPS", Said("x", [{"type": "nonsense"}]))


def test_where_nobody_answers_it_is_unavailable():
    slack = SlackMessenger(WebClient(token="x", base_url="http://127.0.0.1:9/", retry_handlers=[]))
    with pytest.raises(Unavailable, match="Slack did not answer"):
        slack.post("C0OPS", Said("x"))


# --- downloads -----------------------------------------------------------------------------------


@pytest.fixture
def elsewhere():
    """Another server, which must never see the token."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def test_a_shared_file_is_read_with_the_token(server, slack):
    server.drop_file("U0ALICE", "C0OPS", "log.json", b'{"a": 1}')
    [message] = server.messages("C0OPS")
    ident = message["files"][0]["id"]
    files = server.call_in_loop(lambda: server.state.files[ident].api(server.base_url))
    assert slack.download(files["url_private_download"]) == b'{"a": 1}'


@pytest.mark.parametrize("path", ["/x", "@files.slack.com/x", "/files.slack.com/x"])
def test_the_token_goes_nowhere_else(slack, elsewhere, path):
    address, seen = elsewhere
    with pytest.raises(Refused, match="not on Slack"):
        slack.download(address + path)
    assert seen == []


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "https://files.slack.com.evil.example/x", "http://files.slack.com/x",
     "https://evilslack.com/x", "ftp://files.slack.com/x", ""],
)  # fmt: skip
def test_what_is_not_slacks_is_not_asked(slack, url):
    with pytest.raises(Refused, match="not on Slack"):
        slack.download(url)
