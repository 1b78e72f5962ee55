"""The embedded store of a test's own folder."""

from pathlib import Path

from bot.adapters.redis.server import embedded


def stop(state_dir: Path) -> bool:
    """Ends its server whoever uses it; its data stays. False where none was running."""
    state_dir = state_dir.absolute()
    if not state_dir.is_dir():
        return False
    with embedded._guard, embedded._lock(state_dir):
        return embedded._end(state_dir)
