"""What workers of one machine get from their master: no two share a file."""

from __future__ import annotations

import json
from pathlib import Path

import forked

TWICE = """
import json, os, stat, sys
from locust import argument_parser
from perfgate.runtime.process.downloads import into_own_folder

parse = into_own_folder(argument_parser.parse_locustfiles_from_master)
paths = [parse([{"filename": "scenario.py", "contents": f"number = {number}"}])[0] for number in (1, 2)]
print(json.dumps([[path, open(path).read(), stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode)] for path in paths]))
"""


def test_each_scenario_has_a_folder_of_its_own_which_ends_with_the_process():

    done = forked.in_locust(TWICE)

    assert done.returncode == 0, done.stderr
    (one, first, mode), (two, second, _) = json.loads(done.stdout)
    assert one != two
    assert (first, second) == ("number = 1", "number = 2")
    assert mode == 0o700
    assert not Path(one).parent.exists()
