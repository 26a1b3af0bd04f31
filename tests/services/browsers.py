"""Ends a Chromium, or the processes of its pages, as a lack of memory does."""

from __future__ import annotations

from contextlib import suppress

import psutil


def end_browsers(*, only: str) -> None:
    """Ends what descends from this process: whole browsers, or only processes with an argument."""
    processes = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            command = process.cmdline()
            if "chrom" in process.name() and (only in command if only else not any("--type=" in it for it in command)):
                processes.append(process)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
