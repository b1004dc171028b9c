"""The command line: it parses, calls the other rooms, and prints what they return."""

from gpunet.cli.app import main

__all__ = ["main"]
