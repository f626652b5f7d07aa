"""The command line: each group of commands in a file of its own; ``commands`` joins them and says how they end."""

from postern.cli.commands import main

__all__ = ["main"]
