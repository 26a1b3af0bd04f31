"""The command line: one file per verb. Only here are arguments, environment, clock and current folder read."""

import gc

gc.set_threshold(100_000, 20, 20)  # loading a library makes little garbage: looking for it took a tenth of the time

from perfgate.cli.app import main  # noqa: E402

__all__ = ["main"]
