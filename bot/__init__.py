"""The program: command line, settings, wiring and what gardener knows."""

from importlib.metadata import version

__version__ = version("gardener")
