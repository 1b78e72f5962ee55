"""The command line."""

import click

from bot import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gardener")
def main() -> None:
    """Reads a service's log and says what to mend first."""


if __name__ == "__main__":
    main()
