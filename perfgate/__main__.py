"""`python -m perfgate`: the same as `perfgate`."""

from perfgate.cli import main

main()
