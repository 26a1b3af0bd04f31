"""Start Locust by its own command line, with perfgate's conductor in place."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from locust import argument_parser
from locust.main import main

from perfgate.recording import handover
from perfgate.recording.locustfile_paths import read_path
from perfgate.runtime.process.downloads import into_own_folder
from perfgate.runtime.process.joining import register

POLL_INTERVAL_S = 0.01  # s between two looks whether the load may begin


def _find_locustfiles(paths: list[str]) -> list[str]:
    return _find([read_path(path) for path in paths])


def _wait_for_go() -> None:
    """Returns when the service is ready. A perfgate that is gone takes this process along."""
    settings = handover.read(os.environ)
    while settings and not (Path(settings.folder) / handover.GO).exists():
        time.sleep(POLL_INTERVAL_S)


_find: Callable[[list[str]], list[str]] = argument_parser.parse_locustfile_paths


def launch() -> None:
    argument_parser.parse_locustfile_paths = _find_locustfiles
    argument_parser.parse_locustfiles_from_master = into_own_folder(argument_parser.parse_locustfiles_from_master)
    register()
    _wait_for_go()
    main()
