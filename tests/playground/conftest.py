import pytest
from slack_sdk import WebClient

from tests.standins.slack import serve_in_thread


@pytest.fixture
def slack():
    """A stand-in whose rate limits are off: most tests ask faster than a second a post."""
    with serve_in_thread(rate_limits=False, ack_seconds=0.3) as server:
        yield server


@pytest.fixture
def client(slack):
    return WebClient(token=slack.bot_token, base_url=slack.api_url)
