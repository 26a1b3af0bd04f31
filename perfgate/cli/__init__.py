"""The command line: one file per verb. Only here are arguments, environment, clock and current folder read."""

from perfgate.cli.app import main

__all__ = ["main"]
