"""The installation whose keys the tests use. RQ must know it before anything imports it."""

from __future__ import annotations

import os

from bot.adapters.redis.client import PREFIX
from bot.adapters.redis.queue.keys import VARIABLE

INSTALLATION = "tests"
os.environ[VARIABLE] = f"{PREFIX}:{INSTALLATION}:rq"
