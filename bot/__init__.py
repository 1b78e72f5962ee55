"""The program: command line, processes, jobs, wiring, settings, adapters and core."""

from importlib.metadata import version

__version__ = version("gardener")
