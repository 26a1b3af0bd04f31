"""What an application may add so that perfgate sees where the time of its requests goes: one line, no dependency.

    app.add_middleware(ServerTimingASGI)                    # FastAPI, Starlette
    app.wsgi_app = ServerTimingWSGI(app.wsgi_app)           # Flask, any WSGI
    MIDDLEWARE = ["perfgate.middleware.django.ServerTimingMiddleware", ...]

Only requests with the secret of PERFGATE_TIMING_SECRET in the header X-Perfgate-Timing are measured, and only their
answers have a Server-Timing header. Imports nothing else of perfgate.
"""

from perfgate.middleware.asgi import ServerTimingASGI
from perfgate.middleware.wsgi import ServerTimingWSGI

__all__ = ["ServerTimingASGI", "ServerTimingWSGI"]
