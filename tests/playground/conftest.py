import pytest
from slack_sdk import WebClient

from tests.standins.slack import serve_in_thread
from tests.waiting import PATIENCE


@pytest.fixture
def ack_seconds() -> float:
    """How long an acknowledgement is waited for. Who wants none to come in time overrides it."""
    return PATIENCE


@pytest.fixture
def slack(ack_seconds):
    """A stand-in whose rate limits are off: most tests ask faster than a second a post."""
    with serve_in_thread(rate_limits=False, ack_seconds=ack_seconds) as server:
        yield server


@pytest.fixture
def client(slack):
    return WebClient(token=slack.bot_token, base_url=slack.api_url)
