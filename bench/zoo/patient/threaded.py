"""Django (WSGI, threads, its ORM) with SQLAlchemy beside it for the ledger: `python -m ... PORT`"""

from __future__ import annotations

import os
import sys
import threading
import time

import django
import redis
import requests
import sqlalchemy
from django.core.wsgi import get_wsgi_application
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from sqlalchemy.engine import make_url

from bench.zoo.patient import ailments
from bench.zoo.patient.ailments import PAGE, REGIONS, RELATED, is_on
from bench.zoo.patient.threads import serve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.zoo.patient.settings")
django.setup()

_redis = redis.Redis.from_url(ailments.REDIS)
_url = make_url(ailments.DATABASE).set(drivername="postgresql+psycopg")
_ledger = sqlalchemy.create_engine(_url, pool_size=1 if is_on("pool of one") else 10, max_overflow=0)
_local = threading.local()
JOBS = f"jobs-{ailments.SIDE}"


class Customer(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.TextField()
    notes = models.TextField()

    class Meta:
        app_label, db_table, managed = "zoo", "customer", False


class Purchase(models.Model):
    id = models.IntegerField(primary_key=True)
    customer = models.ForeignKey(Customer, models.DO_NOTHING)
    region = models.IntegerField()
    cents = models.IntegerField()
    note = models.TextField()

    class Meta:
        app_label, db_table, managed = "zoo", "purchase", False


class Stock(models.Model):
    id = models.IntegerField(primary_key=True)
    pieces = models.IntegerField()

    class Meta:
        app_label, db_table, managed = "zoo", "stock", False


def _json(body: dict[str, object]) -> HttpResponse:
    return HttpResponse(ailments.text(body), content_type="application/json")


def _rows(region: int) -> list[dict[str, object]]:
    found = Purchase.objects.filter(region=region).order_by("cents", "id")
    if not is_on("n+1"):
        found = found.select_related("customer")
        if not is_on("wide rows"):
            found = found.only("id", "cents", "customer__id", "customer__name")
    page = list(found[: 2000 if is_on("more rows") else PAGE])[:PAGE]
    return [{"id": item.id, "cents": item.cents, "customer": item.customer.name} for item in page]


def orders(request: HttpRequest) -> HttpResponse:
    return _json({"rows": _rows(1 + int(request.GET.get("n", 1)) % REGIONS)})


def report(request: HttpRequest) -> HttpResponse:
    ailments.burn()
    ailments.leak()
    return _json(ailments.answer(_rows(1 + int(request.GET.get("n", 1)) % REGIONS)))


def product(request: HttpRequest) -> HttpResponse:
    number = int(request.GET.get("n", 1)) % 200
    key = f"{ailments.PREFIX}:product:{number}"
    related = [f"{ailments.PREFIX}:related:{(number + step) % 200}" for step in range(RELATED)]
    if is_on("cache n+1"):
        names = [_redis.get(name) for name in related]
    elif not is_on("cache off"):
        names = _redis.mget(related)
    value = None if is_on("cache off") else _redis.get(key)
    if value is None:
        total = Purchase.objects.filter(note__contains=f"{number:x}").aggregate(models.Sum("cents"))["cents__sum"] or 0
        value = str(total).encode()
        names = [b"name"] * RELATED
        if not is_on("cache off"):
            _redis.mset({key: value, **dict.fromkeys(related, b"name")})
    return _json({"total": value.decode(), "related": [(name or b"").decode() for name in names]})


def stock(request: HttpRequest) -> HttpResponse:
    number = 1 if is_on("lock wait") else 1 + (int(request.GET.get("n", 1)) * 7919 + threading.get_native_id()) % 400
    with transaction.atomic():
        Stock.objects.filter(id=number).update(pieces=models.F("pieces") + 1)
        time.sleep(0.008)
    return _json({"done": True})


def ledger(_: HttpRequest) -> HttpResponse:
    with _ledger.connect() as connection:
        connection.execute(sqlalchemy.text("select pg_sleep(0.006)"))
        [total] = connection.execute(sqlalchemy.text("select sum(pieces) from stock")).one()
    return _json({"total": total})


def quote(_: HttpRequest) -> HttpResponse:
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
    price = _local.session.get(f"{ailments.PRICES}/price?s={ailments.PRICE_S}", timeout=5).json()
    return _json(price)


def export(_: HttpRequest) -> HttpResponse:
    _redis.rpush(JOBS, b"export")
    return HttpResponse(status=202)


def work() -> None:
    """The worker of the queue."""
    while True:
        _redis.blpop([JOBS], timeout=1)
        time.sleep(0.080 if is_on("queue backlog") else 0.0005)


def ping(_: HttpRequest) -> HttpResponse:
    return HttpResponse("pong " * 10)


urlpatterns = [
    path(f"{view.__name__}", view) for view in (orders, report, product, stock, ledger, quote, export, ping)
] + [path("healthz", ping)]


if __name__ == "__main__":
    threading.Thread(target=work, daemon=True).start()
    serve(get_wsgi_application(), int(sys.argv[1]), is_kept_open=not is_on("connections closed"))
