"""`gardener forget`: erases everything stored for an environment."""

from __future__ import annotations

import click

from bot.adapters.redis import client
from bot.settings.settings import Settings
from bot.wiring import build


def forget(settings: Settings, environment: str, *, ask: bool) -> None:
    """Erases an environment's data, with `ask` after a confirmation. Raises `click.Abort`."""
    if environment not in settings.environments and ask:
        click.echo(f"gardener.toml has no {environment} any more; what is stored of it can go.")
    if ask:
        click.confirm(
            f"Erase clusters, decisions, issue links and digests of {environment}?", abort=True
        )
    count = client.forget(build(settings).redis_client, environment)
    click.echo(f"{environment}: {count:,} keys erased.")
