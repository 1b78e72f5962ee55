"""The command line: parses options, calls `bot.cli` or `bot.processes`, reports errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from bot import __version__
from bot.core.model.errors import GardenerError, UsageError

DONE, FAILED, USAGE = 0, 1, 2
INTERRUPTED = 130
"""The conventional exit code after Ctrl-C: 128 + SIGINT."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gardener")
def commands() -> None:
    """Reads a service's log and says what to mend first."""


def _settings(*, read_config: bool = True) -> Any:
    """Loads the settings and configures the log accordingly. Raises `SettingsError`."""
    from bot import log_setup
    from bot.settings.settings import load

    settings = load(read_config=read_config)
    log_setup.configure(settings.log_level, hide=settings.hidden)
    return settings


@commands.command()
@click.argument("environment", required=False, metavar="[ENV or FILE]")
@click.argument("window", nargs=-1, metavar="[WINDOW]")
@click.option(
    "--from", "file", metavar="FILE", help="Log entries in any format; `-`: standard input."
)
@click.option("--now", metavar="RFC3339", help="Fix the clock.")
@click.option("--min-severity", metavar="NAME", help="WARNING by default; DEFAULT takes all.")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text")
@click.option("--members", is_flag=True, help="Add each cluster's insertIds to the JSON.")
@click.option("--no-store", is_flag=True, help="Neither read nor write Redis.")
def analyze(**options: Any) -> None:
    """One analysis in the terminal: gardener analyze staging 2d, or of a file: FILE [WINDOW]."""
    from bot import log_setup
    from bot.cli import analyze as terminal

    log_setup.configure("WARNING")

    options["store"] = not options.pop("no_store")
    terminal.analyze(terminal.AnalyzeOptions(**options))


@commands.command()
@click.option("--from", "file", metavar="FILE", required=True, help="`-`: standard input.")
def members(file: str) -> None:
    """Print `insertId<TAB>cluster id` for every entry of a file."""
    from bot.cli import analyze as terminal

    terminal.members(file)


@commands.command()
@click.option("--rules", metavar="FILE", required=True, help="With [[rules]] and [[impact]].")
@click.option("--last", metavar="WINDOW", help="7d by default; of a file all of it.")
@click.argument("environment", required=False, metavar="[ENV]")
@click.option(
    "--from", "file", metavar="FILE", help="Log entries in any format; `-`: standard input."
)
@click.option("--now", metavar="RFC3339", help="Fix the clock.")
def replay(**options: Any) -> None:
    """Say what rules would have changed, in the place of those in gardener.toml."""
    from bot.cli import replay as room

    room.replay(room.ReplayOptions(**options))


@commands.command()
def serve() -> None:
    """The Slack app: Socket Mode where SLACK_APP_TOKEN is set, otherwise HTTP on PORT."""
    from bot.processes import web

    web.serve(_settings())


@commands.command()
def worker() -> None:
    """Run queued analyses."""
    from bot.processes import processes

    processes.worker(_settings())


@commands.command()
def clock() -> None:
    """Post the daily digests when they are due."""
    from bot.processes import processes

    processes.clock(_settings())


@commands.command()
@click.option(
    "--logs",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Each process writes to DIR/NAME.log; standard output gets their states as JSON.",
)
def up(logs: Path | None) -> None:
    """Web, worker and clock together, for one machine or one container."""
    from bot.processes import processes

    processes.up(_settings(), logs)


@commands.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="8765 by default; 0: a free one.")
@click.option("--say", multiple=True, metavar="TEXT", help="Type this and print the channel.")
@click.option("--exit", "exit_after", is_flag=True, help="End after what --say has said.")
def playground(port: int | None, say: tuple[str, ...], exit_after: bool) -> None:
    """The real bot against a local Slack, GitHub and Cloud Logging, in a page."""
    from bot.cli import playground as start

    sys.exit(start.playground(port, list(say), exit_after=exit_after))


@commands.command()
def doctor() -> None:
    """Check every setting and every connection, and say how to mend what fails."""
    from bot.cli.doctor import doctor as examine

    sys.exit(DONE if examine() else FAILED)


@commands.command()
@click.argument("environment", required=False, metavar="[ENV]")
@click.option("--repo", metavar="PATH|OWNER/NAME", help="By default the environment's `github`.")
def index(environment: str | None, repo: str | None) -> None:
    """Read a repository's log calls, so that messages without a location get one."""
    from bot.cli import index as sources

    sources.index(_settings(), environment, repo)


@commands.command()
@click.argument("environment", metavar="ENV")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(environment: str, yes: bool) -> None:
    """Erase all that is stored of an environment, after a confirmation."""
    from bot.cli import forget as erase

    erase.forget(_settings(), environment, ask=not yes)


def main() -> None:
    """Runs the command; every error becomes one sentence, never a traceback."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        commands.main(args=arguments, prog_name="gardener", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        return _say("Stopped; nothing was changed.", INTERRUPTED)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "gardener"
        return _say(f"{error.format_message()} See {command} --help.", USAGE)
    except click.ClickException as error:
        return _say(error.format_message(), FAILED)
    except UsageError as error:
        return _say(str(error), USAGE)
    except GardenerError as error:
        return _say(str(error), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe; without this, Python would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except MemoryError:
        return _say("Out of memory. Read a shorter window, or give this machine more.", FAILED)
    except Exception as error:  # noqa: BLE001 - the last resort: a sentence and a place to look
        return _say(f"This is a mistake of ours: {_saved_traceback(error)}", FAILED)
    return DONE


def _saved_traceback(error: Exception) -> str:
    """Saves the traceback to a file and returns a sentence that names it."""
    import tempfile
    import traceback
    import uuid

    reference = uuid.uuid4().hex[:4]
    path = Path(tempfile.gettempdir()) / f"gardener-{reference}.txt"
    try:
        path.touch(mode=0o600)
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return f"{type(error).__name__}, reference {reference}."
    return f"{type(error).__name__}. Please report it with {path} (it may quote your log)."


def _say(sentence: str, code: int) -> int:
    click.echo(f"gardener: {sentence}", err=True)
    return code


if __name__ == "__main__":
    main()
