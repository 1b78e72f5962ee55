"""The Web API stand-in through slack_sdk's own client: Slack's answers and Slack's refusals."""

import json
import urllib.request

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from playground.slack.people import DEFAULT_SCOPES, AppSetup
from tests.standins.slack import serve_in_thread


def plain(text):
    return {"type": "plain_text", "text": text}


def section(text="hello", **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id="go"):
    return {"type": "button", "action_id": action_id, "text": plain("Go")}


def modal(*blocks, **more):
    return {"type": "modal", "title": plain("Form"), "blocks": list(blocks) or [section()], **more}


def refusal(call, **args):
    with pytest.raises(SlackApiError) as caught:
        call(**args)
    return caught.value.response


def error(call, **args):
    return refusal(call, **args)["error"]


def post(url, body, content_type, token=None):
    headers = {"Content-Type": content_type}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class TestWhoMayCall:
    def test_the_bot_is_known(self, client):
        who = client.auth_test()
        assert (who["team_id"], who["user_id"]) == ("T0GARDEN", "U0GARDEN")

    def test_no_token_wrong_token_wrong_kind_of_token(self, slack):
        assert error(WebClient(base_url=slack.api_url).auth_test) == "not_authed"
        assert error(WebClient(token="xoxb-x", base_url=slack.api_url).auth_test) == "invalid_auth"
        app = WebClient(token=slack.app_token, base_url=slack.api_url)
        assert error(app.auth_test) == "not_allowed_token_type"
        bot = WebClient(token=slack.bot_token, base_url=slack.api_url)
        assert (
            error(bot.apps_connections_open, app_token=slack.bot_token) == "not_allowed_token_type"
        )

    def test_a_method_that_nobody_uses_is_unknown(self, client):
        assert error(client.api_call, api_method="chat.scheduleMessage") == "unknown_method"

    def test_a_missing_scope_is_named(self):
        with serve_in_thread(setup=AppSetup(scopes=DEFAULT_SCOPES - {"users:read"})) as slack:
            client = WebClient(token=slack.bot_token, base_url=slack.api_url)
            answer = refusal(client.users_info, user="U0ALICE")
            assert answer["error"] == "missing_scope"
            assert answer["needed"] == "users:read"
            assert "chat:write" in answer["provided"].split(",")


class TestHowArgumentsCome:
    def test_as_json_as_a_form_and_with_the_token_in_the_form(self, slack):
        url = slack.api_url + "chat.postMessage"
        said = {"channel": "C0OPS", "text": "x", "blocks": json.dumps([section()])}
        as_json = post(
            url, json.dumps(said).encode(), "application/json; charset=utf-8", slack.bot_token
        )
        form = urllib.parse.urlencode({**said, "token": slack.bot_token}).encode()
        as_form = post(url, form, "application/x-www-form-urlencoded")
        assert as_json["ok"] is True
        assert as_form["ok"] is True
        assert as_form["message"]["blocks"][0]["text"]["text"] == "hello"

    def test_json_without_a_charset_is_warned_of(self, slack):
        answer = post(slack.api_url + "auth.test", b"{}", "application/json", slack.bot_token)
        assert answer["warning"] == "missing_charset"

    def test_bodies_that_slack_cannot_read(self, slack):
        url = slack.api_url + "chat.postMessage"
        assert post(url, b"{", "application/json", slack.bot_token)["error"] == "invalid_json"
        assert post(url, b"[]", "application/json", slack.bot_token)["error"] == "json_not_object"
        assert post(url, b"x", "text/csv", slack.bot_token)["error"] == "invalid_post_type"

    def test_a_reading_method_does_not_look_into_json(self, slack):
        answer = post(
            slack.api_url + "files.getUploadURLExternal",
            json.dumps({"filename": "a", "length": 1}).encode(),
            "application/json; charset=utf-8",
            slack.bot_token,
        )
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] missing required field: length",
            "[ERROR] missing required field: filename",
        ]

    def test_a_channel_that_is_a_number(self, slack):
        answer = post(
            slack.api_url + "chat.postMessage",
            json.dumps({"channel": 5, "text": "x"}).encode(),
            "application/json; charset=utf-8",
            slack.bot_token,
        )
        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] must provide a string [json-pointer:/channel]"
        ]


class TestPosting:
    def test_a_message_gets_ids_for_what_had_none(self, client):
        answer = client.chat_postMessage(
            channel="#ops",
            text="x",
            blocks=[{"type": "actions", "elements": [{"type": "button", "text": plain("Go")}]}],
        )
        assert answer["channel"] == "C0OPS"
        block = answer["message"]["blocks"][0]
        assert block["block_id"]
        assert block["elements"][0]["action_id"]
        assert answer["message"]["bot_id"] == "B0GARDEN"

    @pytest.mark.parametrize(
        ("args", "code"),
        [
            ({"channel": "C0NONE", "text": "x"}, "channel_not_found"),
            ({"channel": "C0QUIET", "text": "x"}, "not_in_channel"),
            ({"channel": "C0OPS", "text": " "}, "no_text"),
            ({"channel": "C0OPS", "blocks": []}, "no_text"),
            ({"channel": "C0OPS", "text": "x" * 40_001}, "msg_too_long"),
            ({"channel": "C0OPS", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
            ({"channel": "C0OPS", "text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
            ({"channel": "C0OPS", "text": "x", "blocks": [section("x" * 3001)]}, "invalid_blocks"),
            ({"channel": "C0OPS", "text": "x", "blocks": [section("x" * 2800)] * 4}, "msg_blocks_too_long"),
            ({"channel": "C0OPS", "text": "x", "thread_ts": "yesterday"}, "invalid_thread_ts"),
            ({"channel": "C0OPS", "text": "x", "thread_ts": "1700000000.000001"}, "thread_not_found"),
            ({"channel": "C0OPS", "text": "x", "metadata": {"a": 1}}, "invalid_metadata_format"),
        ],
    )  # fmt: skip
    def test_what_is_refused(self, client, args, code):
        assert error(client.chat_postMessage, **{"text": "", **args}) == code

    def test_invalid_blocks_say_where(self, client):
        answer = refusal(
            client.chat_postMessage, channel="C0OPS", text="x", blocks=[section("x" * 3001)]
        )
        where = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
        assert f"[ERROR] {where}" in answer["response_metadata"]["messages"]
        assert where in answer["errors"]

    def test_an_archived_channel(self, slack, client):
        slack.state.channels["C0OPS"].is_archived = True
        assert error(client.chat_postMessage, channel="C0OPS", text="x") == "is_archived"

    def test_blocks_without_text_are_warned_of(self, client):
        answer = client.chat_postMessage(channel="C0OPS", text="", blocks=[section()])
        assert answer["response_metadata"]["warnings"] == ["missing_text_in_message"]

    def test_a_reply_counts_in_its_thread(self, slack, client):
        parent = client.chat_postMessage(channel="C0OPS", text="x")["ts"]
        reply = client.chat_postMessage(channel="C0OPS", text="y", thread_ts=parent)
        assert reply["message"]["thread_ts"] == parent
        assert [m["reply_count"] for m in slack.messages("C0OPS")] == [1, 0]
        link = client.chat_getPermalink(channel="C0OPS", message_ts=reply["ts"])["permalink"]
        assert link.endswith(f"?thread_ts={parent}&cid=C0OPS")

    def test_a_person_stands_for_the_conversation_with_them(self, slack, client):
        assert client.chat_postMessage(channel="U0BOB", text="x")["channel"] == "D0BOB"

    def test_one_a_second_after_a_short_burst(self):
        clock = [1_700_000_000.0]
        with serve_in_thread(now=lambda: clock[0]) as slack:
            client = WebClient(token=slack.bot_token, base_url=slack.api_url)
            for _ in range(5):
                client.chat_postMessage(channel="C0OPS", text="x")
            answer = refusal(client.chat_postMessage, channel="C0OPS", text="x")
            assert answer.status_code == 429
            assert answer.headers["Retry-After"] == "1"
            client.chat_postMessage(channel="C0SHARED", text="another channel")
            clock[0] += 1
            client.chat_postMessage(channel="C0OPS", text="x")
            assert error(client.chat_postMessage, channel="C0OPS", text="x") == "ratelimited"

    def test_slack_sdks_handler_understands_it(self):
        with serve_in_thread() as slack:
            client = WebClient(token=slack.bot_token, base_url=slack.api_url)
            client.retry_handlers = [RateLimitErrorRetryHandler(max_retry_count=1)]
            for _ in range(6):
                client.chat_postMessage(channel="C0OPS", text="x")
            assert slack.call_names().count("chat.postMessage: ratelimited") == 1


class TestChanging:
    def test_an_edit_replaces_and_says_so(self, slack, client):
        ts = client.chat_postMessage(channel="C0OPS", text="x", blocks=[section()])["ts"]
        client.chat_update(channel="C0OPS", ts=ts, text="y", blocks=[section("new")])
        message = slack.messages("C0OPS")[0]
        assert message["edited"]
        assert message["blocks"][0]["text"]["text"] == "new"
        client.chat_update(channel="C0OPS", ts=ts, text="only text")
        assert slack.messages("C0OPS")[0]["blocks"] == []

    @pytest.mark.parametrize(
        ("args", "code"),
        [
            ({"ts": "1700000000.000001", "text": "x"}, "message_not_found"),
            ({"channel": "#ops", "text": "x"}, "channel_not_found"),
            ({"text": ""}, "no_text"),
            ({"text": "ü" * 2001}, "msg_too_long"),
            ({"text": "x", "blocks": [section("")]}, "invalid_blocks"),
        ],
    )
    def test_what_is_refused(self, client, args, code):
        ts = client.chat_postMessage(channel="C0OPS", text="x")["ts"]
        assert error(client.chat_update, **{"channel": "C0OPS", "ts": ts, **args}) == code

    def test_other_peoples_messages_stay(self, slack, client):
        ts = slack.say("U0BOB", "C0OPS", "hello").message.ts
        assert error(client.chat_update, channel="C0OPS", ts=ts, text="x") == "cant_update_message"
        assert error(client.chat_delete, channel="C0OPS", ts=ts) == "cant_delete_message"

    def test_a_deleted_message_is_gone(self, slack, client):
        ts = client.chat_postMessage(channel="C0OPS", text="x")["ts"]
        client.chat_delete(channel="C0OPS", ts=ts)
        assert slack.messages("C0OPS") == []
        assert error(client.chat_update, channel="C0OPS", ts=ts, text="x") == "message_not_found"

    def test_an_ephemeral_is_seen_by_one_and_edited_by_none(self, slack, client):
        ts = client.chat_postEphemeral(channel="C0OPS", user="U0BOB", text="x")["message_ts"]
        assert len(slack.messages("C0OPS", "U0BOB")) == 1
        assert slack.messages("C0OPS", "U0ALICE") == []
        assert error(client.chat_update, channel="C0OPS", ts=ts, text="y") == "message_not_found"
        assert (
            error(client.chat_postEphemeral, channel="C0OPS", user="U0OTHER", text="x")
            == "user_not_in_channel"
        )


class TestViews:
    def trigger(self, slack, view=None):
        return slack.call_in_loop(lambda: slack.state.new_trigger("U0ALICE", view))

    def test_a_trigger_works_once(self, slack, client):
        trigger = self.trigger(slack)
        view = client.views_open(trigger_id=trigger, view=modal(external_id="e"))["view"]
        assert view["root_view_id"] == view["id"]
        assert error(client.views_open, trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
        assert error(client.views_open, trigger_id="1.2.x", view=modal()) == "invalid_trigger_id"

    def test_a_trigger_lives_three_seconds(self):
        clock = [1_700_000_000.0]
        with serve_in_thread(now=lambda: clock[0]) as slack:
            client = WebClient(token=slack.bot_token, base_url=slack.api_url)
            trigger = self.trigger(slack)
            clock[0] += 3.1
            assert (
                error(client.views_open, trigger_id=trigger, view=modal()) == "expired_trigger_id"
            )

    def test_a_refused_view_does_not_spend_the_trigger(self, slack, client):
        trigger = self.trigger(slack)
        answer = refusal(client.views_open, trigger_id=trigger, view=modal(section("")))
        assert answer["error"] == "invalid_arguments"
        assert client.views_open(trigger_id=trigger, view=modal())["ok"]

    def test_an_update_needs_the_newest_hash(self, slack, client):
        view = client.views_open(trigger_id=self.trigger(slack), view=modal())["view"]
        newer = client.views_update(view_id=view["id"], hash=view["hash"], view=modal())["view"]
        assert newer["hash"] != view["hash"]
        old = {"view_id": view["id"], "hash": view["hash"], "view": modal()}
        assert error(client.views_update, **old) == "hash_conflict"
        assert error(client.views_update, view_id="V0NONE", view=modal()) == "not_found"

    def test_three_modals_on_top_of_each_other(self, slack, client):
        first = client.views_open(trigger_id=self.trigger(slack), view=modal())["view"]
        second = first
        for _ in range(2):
            trigger = self.trigger(slack, first["id"])
            second = client.views_push(trigger_id=trigger, view=modal())["view"]
        assert second["root_view_id"] == first["id"]
        trigger = self.trigger(slack, first["id"])
        assert error(client.views_push, trigger_id=trigger, view=modal()) == "push_limit_reached"
        assert error(client.views_push, trigger_id=self.trigger(slack), view=modal()) == (
            "invalid_arguments"
        )

    def test_an_external_id_is_taken_once(self, slack, client):
        client.views_open(trigger_id=self.trigger(slack), view=modal(external_id="e"))
        trigger = self.trigger(slack)
        with_name = modal(external_id="e")
        client.views_update(external_id="e", view=modal(external_id="e"))
        client.views_publish(user_id="U0BOB", view={"type": "home", "blocks": [section()]})
        home = {"type": "home", "blocks": [], "external_id": "e"}
        assert error(client.views_publish, user_id="U0ALICE", view=home) == "duplicate_external_id"
        assert client.views_open(trigger_id=trigger, view=with_name)["ok"]  # the old one gave way

    def test_a_home_tab(self, slack, client):
        home = {"type": "home", "blocks": [section("hello")]}
        first = client.views_publish(user_id="U0ALICE", view=home)["view"]
        assert slack.home("U0ALICE")["blocks"][0]["text"]["text"] == "hello"
        client.views_publish(user_id="U0ALICE", view=home, hash=first["hash"])
        again = {"user_id": "U0ALICE", "view": home, "hash": first["hash"]}
        assert error(client.views_publish, **again) == "hash_conflict"
        assert error(client.views_publish, user_id="U0NONE", view=home) == "invalid_arguments"

    def test_what_was_entered_survives_an_update(self, slack, client):
        field = {
            "type": "input",
            "block_id": "b",
            "label": plain("Why?"),
            "element": {"type": "plain_text_input", "action_id": "a", "initial_value": "first"},
        }
        form = modal(field, submit=plain("Send"))
        view = client.views_open(trigger_id=self.trigger(slack), view=form)["view"]
        assert view["state"]["values"]["b"]["a"]["value"] == "first"


class TestWhoAndWhere:
    def test_guests_and_strangers_are_told_as_slack_tells_them(self, client):
        assert client.users_info(user="U0GUEST")["user"]["is_restricted"] is True
        stranger = client.users_info(user="U0OTHER")["user"]
        assert stranger["is_stranger"] is True
        assert stranger["team_id"] == "T0OTHER"
        assert "is_restricted" not in stranger
        member = client.users_info(user="U0ALICE")["user"]
        assert "is_stranger" not in member
        assert member["is_admin"] is True
        assert error(client.users_info, user="U0NONE") == "user_not_found"
        assert "U0OTHER" not in [each["id"] for each in client.users_list()["members"]]

    def test_channels(self, client):
        assert client.conversations_info(channel="C0QUIET")["channel"]["is_member"] is False
        assert client.conversations_info(channel="C0SHARED")["channel"]["is_ext_shared"] is True
        im = client.conversations_info(channel="D0ALICE")["channel"]
        assert (im["is_im"], im["user"]) == (True, "U0ALICE")
        assert error(client.conversations_info, channel="#ops") == "channel_not_found"
        listed = client.conversations_list(types="public_channel", limit=2)
        assert len(listed["channels"]) == 2
        rest = client.conversations_list(
            types="public_channel", cursor=listed["response_metadata"]["next_cursor"]
        )
        assert len(rest["channels"]) == 1
        assert error(client.conversations_list, types="all") == "invalid_types"
        assert "U0GARDEN" in client.conversations_members(channel="C0OPS")["members"]

    def test_opening_and_joining(self, client):
        assert client.conversations_open(users="U0BOB")["channel"]["id"] == "D0BOB"
        assert client.conversations_open(users="U0GUEST")["channel"]["id"] == "D0GUEST"
        assert error(client.conversations_open, users="U0NONE") == "user_not_found"
        assert error(client.conversations_join, channel="C0QUIET") == "missing_scope"

    def test_user_groups(self, client):
        group = client.usergroups_list(include_users=True)["usergroups"][0]
        assert (group["handle"], group["users"]) == ("oncall", ["U0ALICE"])
        assert client.usergroups_users_list(usergroup="S0ONCALL")["users"] == ["U0ALICE"]
        assert error(client.usergroups_users_list, usergroup="S0NONE") == "no_such_subteam"


class TestFiles:
    def test_slack_sdks_upload_puts_a_file_into_a_thread(self, slack, client):
        parent = client.chat_postMessage(channel="C0OPS", text="x")["ts"]
        answer = client.files_upload_v2(
            channel="C0OPS", thread_ts=parent, filename="worklog.md", content="# Worklog",
            title="Worklog", initial_comment="The worklog",
        )  # fmt: skip
        message = slack.messages("C0OPS", thread_ts=parent)[0]
        assert message["text"] == "The worklog"
        assert message["files"][0]["preview"] == "# Worklog"
        kept = client.files_info(file=answer["file"]["id"])["file"]
        assert kept["title"] == "Worklog"
        assert error(client.files_info, file="F0NONE") == "file_not_found"

    def test_a_download_needs_the_token(self, slack, client):
        file_id = client.files_upload_v2(filename="a.txt", content="secret")["file"]["id"]
        url = client.files_info(file=file_id)["file"]["url_private_download"]
        with urllib.request.urlopen(url) as answer:
            assert answer.headers.get_content_type() == "text/html"  # Slack's sign-in page
        request = urllib.request.Request(
            url, headers={"Authorization": f"Bearer {slack.bot_token}"}
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.read() == b"secret"

    def test_a_deleted_file_leaves_a_tombstone_in_its_message(self, slack, client):
        parent = client.chat_postMessage(channel="C0OPS", text="x")["ts"]
        file_id = client.files_upload_v2(
            channel="C0OPS", thread_ts=parent, filename="a.md", content="# a"
        )["file"]["id"]
        [message] = slack.messages("C0OPS", thread_ts=parent)
        shares = client.files_info(file=file_id)["file"]["shares"]
        assert [(s["ts"], s["thread_ts"]) for s in shares["public"]["C0OPS"]] == [
            (message["ts"], parent)
        ]
        assert client.files_delete(file=file_id)["ok"]
        [message] = slack.messages("C0OPS", thread_ts=parent)
        assert message["files"] == [
            {"id": file_id, "name": "This file was deleted.", "size": 0, "deleted": True}
        ]
        for call in (client.files_delete, client.files_info):
            assert error(call, file=file_id) == "file_deleted"
        client.chat_delete(channel="C0OPS", ts=message["ts"])
        assert slack.messages("C0OPS", thread_ts=parent) == []

    def test_only_ones_own_file_can_be_deleted(self, slack, client):
        told = client.files_getUploadURLExternal(filename="a.txt", length=3)
        assert error(client.files_delete, file=told["file_id"]) == "file_not_found"
        assert error(client.files_delete, file="F0NONE") == "file_not_found"
        file_id = client.files_upload_v2(filename="a.txt", content="x")["file"]["id"]
        slack.state.files[file_id].user = "U0ALICE"
        assert error(client.files_delete, file=file_id) == "cant_delete_file"

    def test_the_announced_length_holds(self, client):
        told = client.files_getUploadURLExternal(filename="a.txt", length=3)
        request = urllib.request.Request(told["upload_url"], data=b"four")
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request)
        files = [{"id": told["file_id"]}]
        assert error(client.files_completeUploadExternal, files=files) == "file_not_found"

    def test_an_uploaded_picture_may_stand_in_blocks(self, slack, client):
        picture = client.files_upload_v2(filename="chart.png", content=b"\x89PNG")["file"]["id"]
        other = client.files_upload_v2(filename="a.txt", content="x")["file"]["id"]

        def image(file_id):
            return [{"type": "image", "slack_file": {"id": file_id}, "alt_text": "x"}]

        client.chat_postMessage(channel="C0OPS", text="x", blocks=image(picture))
        for wrong in (other, "F0NONE"):
            assert (
                error(client.chat_postMessage, channel="C0OPS", text="x", blocks=image(wrong))
                == "invalid_blocks"
            )


class TestResponseUrl:
    def url(self, slack, message=None):
        return slack.call_in_loop(lambda: slack.state.new_response_url("U0BOB", "C0OPS", message))

    def test_five_uses(self, slack):
        hook = WebhookClient(self.url(slack))
        for _ in range(5):
            assert hook.send(text="x").status_code == 200
        assert hook.send(text="x").status_code == 404
        assert len(slack.messages("C0OPS", "U0BOB")) == 5
        assert slack.messages("C0OPS", "U0ALICE") == []

    def test_half_an_hour(self):
        clock = [1_700_000_000.0]
        with serve_in_thread(now=lambda: clock[0]) as slack:
            hook = WebhookClient(self.url(slack))
            clock[0] += 1801
            answer = hook.send(text="x")
            assert (answer.status_code, json.loads(answer.body)["error"]) == (404, "expired_url")

    def test_it_works_where_the_bot_is_no_member(self, slack):
        url = slack.call_in_loop(lambda: slack.state.new_response_url("U0BOB", "C0QUIET"))
        assert WebhookClient(url).send(text="x").status_code == 200

    def test_replacing_and_deleting_the_original(self, slack, client):
        ts = client.chat_postEphemeral(channel="C0OPS", user="U0BOB", text="old")["message_ts"]
        hook = WebhookClient(self.url(slack, ts))
        hook.send(text="new", replace_original=True)
        assert [m["text"] for m in slack.messages("C0OPS", "U0BOB")] == ["new"]
        hook.send(delete_original=True)
        assert slack.messages("C0OPS", "U0BOB") == []

    def test_the_blocks_are_judged_there_too(self, slack):
        answer = WebhookClient(self.url(slack)).send(text="x", blocks=[section("")])
        assert answer.status_code == 400
        assert json.loads(answer.body)["error"] == "invalid_blocks"

    def test_for_everyone(self, slack):
        WebhookClient(self.url(slack)).send(text="x", response_type="in_channel")
        assert len(slack.messages("C0OPS", "U0ALICE")) == 1
