"""`python -m perfgate.runtime`: Locust's own command line, with perfgate's conductor in place."""

from locust.main import main

import perfgate.runtime  # noqa: F401 - registers the conductor before Locust reads its arguments

main()
