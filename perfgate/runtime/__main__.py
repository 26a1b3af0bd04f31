"""`python -m perfgate.runtime`: Locust's own command line, with perfgate's conductor in place."""

from collections.abc import Callable

from locust import argument_parser
from locust.main import main

from perfgate.locustfiles import read_path
from perfgate.runtime.joining import register


def _find_locustfiles(paths: list[str]) -> list[str]:
    return _find([read_path(path) for path in paths])


_find: Callable[[list[str]], list[str]] = argument_parser.parse_locustfile_paths
argument_parser.parse_locustfile_paths = _find_locustfiles
register()
main()
