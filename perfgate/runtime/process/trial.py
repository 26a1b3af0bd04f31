"""`python -m` this module SCENARIO TARGET SLOW_S: every task of a generated scenario, sent once."""

import sys

from perfgate.runtime.process.quick_imports import quick_imports

with quick_imports():
    from perfgate.runtime.users.trial import main

main(*sys.argv[1:])
