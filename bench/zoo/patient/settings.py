"""Django's settings of the threaded application."""

from __future__ import annotations

from sqlalchemy.engine import make_url

from bench.zoo.patient import ailments

_url = make_url(ailments.DATABASE)
ROOT_URLCONF = "__main__"  # the application is a script
SECRET_KEY = "zoo"
ALLOWED_HOSTS = ["*"]
MIDDLEWARE = [
    *(["perfgate.middleware.django.ServerTimingMiddleware"] if ailments.MIDDLEWARE else []),
    *([] if ailments.is_on("compression off") else ["django.middleware.gzip.GZipMiddleware"]),
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _url.host,
        "PORT": _url.port,
        "NAME": _url.database,
        "USER": _url.username,
        "CONN_MAX_AGE": None,
        "OPTIONS": {"options": str(_url.query["options"])},
    }
}
