"""`python -m perfgate.runtime`: Locust's own command line, with perfgate's conductor in place."""

from locust.main import main

from perfgate.runtime.joining import register

register()
main()
