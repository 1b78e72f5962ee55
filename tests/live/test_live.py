"""Against the real Slack, GitHub and Google: `make live`. Never part of `make test`.

What is not set is skipped, with its name. It leaves nothing behind: the one message that it posts
is deleted, GitHub and Cloud Logging are only read.

The addresses may be set as everywhere (SLACK_API_URL, GITHUB_API_URL, GARDENER_LOGGING_ENDPOINT),
so that the same runs against the stand-ins.
"""

from __future__ import annotations

import os
import time
from itertools import islice

import pytest
from slack_sdk import WebClient

from blocks import replies
from bot.adapters.github.tracker import (
    API_URL,
    App,
    GitHubTracker,
    Token,
)
from bot.adapters.google import monitoring
from bot.adapters.google.cloud_logging import CloudLogging
from bot.adapters.slack.messenger import Gone, SlackMessenger
from bot.core.model.environment import Query
from bot.core.model.errors import Missing, Refused
from bot.core.model.values import HOUR, Window

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


def needed(*names: str) -> list[str]:
    """The values of these variables; skips with the name of each that is missing."""
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        pytest.skip(f"not set: {', '.join(missing)} (see CONTRIBUTING.md)")
    return [os.environ[name] for name in names]


def test_slack_takes_edits_and_deletes_a_message():
    token, channel = needed("SLACK_BOT_TOKEN", "LIVE_CHANNEL")
    url = os.environ.get("SLACK_API_URL") or "https://slack.com/api/"
    client = WebClient(token=token, base_url=url)
    slack = SlackMessenger(client)

    ts = slack.post(channel, replies.note("A test of gardener. It is deleted in a moment."))
    try:
        slack.update(channel, ts, replies.note("A test of gardener, edited."))
        assert slack.permalink(channel, ts)
    finally:
        client.chat_delete(channel=channel, ts=ts)
    with pytest.raises(Gone):
        slack.update(channel, ts, replies.note("This must not appear."))


def credentials() -> Token | App:
    """The token where there is one, else the App."""
    if os.environ.get("GITHUB_APP_ID") and not os.environ.get("GITHUB_TOKEN"):
        return App(*needed("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"))
    return Token(*needed("GITHUB_TOKEN"))


def test_github_lists_issues_and_says_what_is_missing():
    who = credentials()
    (name,) = needed("LIVE_REPOSITORY")
    tracker = GitHubTracker(who, base_url=os.environ.get("GITHUB_API_URL") or API_URL)

    repository = tracker.repository(name)
    assert repository.full_name.lower() == name.lower()
    issues = tracker.recent(repository.full_name, 100)
    assert list(issues) == sorted(issues, key=lambda issue: -issue.updated)
    for issue in islice(issues, 1):
        assert tracker.issue(repository.full_name, issue.number).url == issue.url
        assert all(c.id for c in tracker.comments(repository.full_name, issue.number))
    for issue in islice((i for i in issues if i.state == "closed"), 3):
        fix = tracker.fix(repository.full_name, issue.number)
        assert fix is None or tracker.contains(repository.full_name, fix, fix) in (True, None)
    assert tracker.text(repository.full_name, "no/such/file-of-gardener.txt") is None
    with pytest.raises(Missing):
        tracker.issue(repository.full_name, 2_000_000_000)


def test_cloud_logging_gives_a_page():
    (project,) = needed("LIVE_PROJECT")
    endpoint = os.environ.get("GARDENER_LOGGING_ENDPOINT")
    if not endpoint:
        auth = pytest.importorskip("google.auth")
        try:
            auth.default()
        except auth.exceptions.DefaultCredentialsError:
            pytest.skip("no Application Default Credentials: gcloud auth application-default login")
    now = time.time_ns()
    query = Query("live", project, (), Window(now - HOUR, now))

    source = CloudLogging(endpoint) if endpoint else CloudLogging()
    page = next(source.read(query))

    assert page.api_calls >= 1
    assert not page.missing


def test_cloud_monitoring_counts_requests_where_the_role_is_there():
    (project,) = needed("LIVE_PROJECT")
    now = time.time_ns()
    query = Query("live", project, (), Window(now - 25 * HOUR, now))
    endpoint = os.environ.get("GARDENER_MONITORING_ENDPOINT")
    counts = monitoring.metrics(endpoint, os.environ.get("GARDENER_LOGGING_ENDPOINT"))
    if counts is None:
        pytest.skip("the logs are not Google's")
    try:
        found = counts.read_traffic(query)
    except Refused as error:
        pytest.skip(str(error))

    assert found is not None
    assert all(query.window.start // HOUR <= at <= now // HOUR for _, at, _ in found.hours)
