"""The command line: one file a command, which parses, calls a room, and prints."""

from kerasdl.cli.app import main

__all__ = ["main"]
