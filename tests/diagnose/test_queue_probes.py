"""Queues, the application's own metrics and MySQL, beside real servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import amqp
import pymysql
import pytest
import redis
from processes import wait_for
from services import mariadb, rabbitmq, redis_server

from perfgate.diagnose.facts import PassFacts, numbers
from perfgate.diagnose.probes import MysqlProbe, PrometheusProbe, QueueProbe, queues
from perfgate.diagnose.rules import Case, explain
from perfgate.loadtest.service.ports import free_ports
from perfgate.model.errors import DiagnosisError

pytestmark = pytest.mark.timeout(180)


SOUND = PassFacts(samples=300, alone=0.010, loaded=0.012, canary_idle=0.001, canary_loaded=0.002, cpu=0.004)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with redis_server.serving(tmp_path) as url:
        yield url


@pytest.mark.needs("redis")
def test_jobs_that_wait_on_redis_and_how_many_more_per_request(redis_url: str):
    with redis.Redis.from_url(redis_url) as client:
        client.lpush("celery", "a")
        client.lpush("celery\x06\x169", "urgent")
        client.lpush("mail", "b")
        probe = QueueProbe(redis_url, ["celery", "mail"])
        probe.begin()
        for _ in range(10):
            client.lpush("celery", "job")
        values = probe.counted(requests=20).values
        probe.close()

        assert values == {"queued": 13, "queue_growth": 0.5}
        assert client.llen("celery") == 11  # nothing was taken


def test_a_queue_that_piles_up_is_a_backlog():
    base = replace(SOUND, queue_growth_loaded=0.0, queued_loaded=0.0)
    head = replace(SOUND, alone=0.030, loaded=0.040, queue_growth_loaded=0.9, queued_loaded=412.0)

    codes = {cause.code: cause.sentence for cause in explain(Case(base=base, head=head))}

    assert codes["backlog"] == "0.9 jobs more wait in the queue after each request instead of 0, 412 in all"


@pytest.fixture(scope="module")
def broker() -> Iterator[rabbitmq.Broker]:
    with rabbitmq.serving() as broker:
        yield broker


@pytest.mark.needs("rabbitmq")
def test_jobs_that_wait_on_rabbitmq(broker: rabbitmq.Broker):
    probe = QueueProbe(broker.url, ["celery"])
    assert probe.counted(requests=0).values == {"queued": 0}  # nobody has declared it yet
    with amqp.Connection(broker.url.split("@")[1].rstrip("/")) as connection:
        channel = connection.channel()
        channel.queue_declare("celery", durable=True, auto_delete=False)
        probe.begin()
        for _ in range(8):
            channel.basic_publish(amqp.Message("job"), routing_key="celery")
        channel.queue_declare("celery", passive=True)  # all have arrived

        values = probe.counted(requests=4).values
        again = probe.counted(requests=4).values
    probe.close()

    assert values == again == {"queued": 8, "queue_growth": 2}

    managed = QueueProbe(broker.management, ["celery"])
    wait_for(lambda: managed.counted(requests=0).values["queued"] == 8, "the management interface")
    managed.close()


@pytest.mark.needs("rabbitmq")
def test_a_broker_that_refuses_says_what_to_grant_and_never_the_password(broker: rabbitmq.Broker):
    for url in (broker.url, broker.management):
        with pytest.raises(DiagnosisError) as failure:
            QueueProbe(url.replace("guest:guest", "guest:s3cret"))

        assert "diagnose.celery" in str(failure.value)
        assert "s3cret" not in str(failure.value)
    assert "set_user_tags" in failure.value.hint


def test_a_broker_of_another_kind_is_named():
    with pytest.raises(DiagnosisError, match="`sqs` is not known; give redis:// or amqp://"):
        QueueProbe("sqs://")


def test_a_url_without_a_scheme_is_not_shown():
    with pytest.raises(DiagnosisError, match="its URL has no scheme; give redis:// or amqp://") as failure:
        QueueProbe("s3cret@broker:5672")

    assert "s3cret" not in str(failure.value)


def test_an_ipv6_address_of_a_broker_stays_in_brackets():
    assert queues.place("amqp://ada:s3cret@[::1]/shop", 5672) == "[::1]:5672"
    assert queues.place("http://broker:8080", 15672) == "broker:8080"


METRICS = """\
# TYPE jobs_total counter
jobs_total{{kind="mail"}} {jobs}
# TYPE db_seconds histogram
db_seconds_bucket{{le="+Inf"}} {jobs}
db_seconds_sum {seconds}
db_seconds_count {jobs}
# TYPE pool_size gauge
pool_size 5
# TYPE restarted_total counter
restarted_total {left}
"""


class Application(BaseHTTPRequestHandler):
    jobs = 0

    def do_GET(self) -> None:
        jobs = Application.jobs
        body = METRICS.format(jobs=jobs, seconds=jobs / 4, left=100 - jobs).encode()
        if self.path != "/metrics":
            body = b"<html>no metrics</html>"
        self.send_response(200 if self.path != "/login" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def application() -> Iterator[str]:
    Application.jobs = 10
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://ada:s3cret@127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_counters_per_request_and_gauges_of_the_applications_own_metrics(application: str):
    probe = PrometheusProbe(f"{application}/metrics")
    probe.begin()
    Application.jobs = 50
    values = probe.counted(requests=20).values
    probe.close()

    assert values == {
        'metric:jobs_total{kind="mail"}': 2,
        "metric:db_seconds_sum": 0.5,
        "metric:db_seconds_count": 2,
        "metric:pool_size": 5,
    }


@pytest.mark.parametrize(
    ("path", "words"), [("/login", "answered 401"), ("/elsewhere", "has no metrics of Prometheus")]
)
def test_what_is_no_metrics_is_said_without_its_password(application: str, path: str, words: str):
    with pytest.raises(DiagnosisError, match=words) as failure:
        PrometheusProbe(application + path)

    assert "s3cret" not in str(failure.value)


class MetricsText(PrometheusProbe):
    """Reads metrics that need no server."""

    def _text(self) -> str:
        return (
            "# TYPE lag gauge\nlag NaN\n# TYPE room gauge\nroom +Inf\n"
            '# TYPE took summary\ntook{quantile="0.5"} 0.25\ntook{quantile="0.9"} NaN\ntook_sum 4\ntook_count 8\n'
        )


def test_metrics_that_are_no_numbers_are_left_out_and_quantiles_do_not_grow():
    probe = MetricsText("http://127.0.0.1:1/metrics")
    probe.begin()

    assert probe.counted(requests=2).values == {'metric:took{quantile="0.5"}': 0.25}


def test_only_the_metrics_that_moved_are_told():
    base = PassFacts(samples=1, metrics={f"steady_{at}": 1.0 for at in range(20)} | {"jobs": 1.0})
    head = PassFacts(samples=1, metrics={f"steady_{at}": 1.1 for at in range(20)} | {"jobs": 9.0, "new": 1.0})

    assert {name: pair for name, pair in numbers(base, head).items() if name.startswith("metric:")} == {
        "metric:new": (None, 1.0),
        "metric:jobs": (1.0, 9.0),
    }


@pytest.fixture(scope="module")
def mysql_url() -> Iterator[str]:
    with mariadb.serving() as url:
        yield url


def connected(url: str) -> pymysql.Connection:
    port = int(url.split(":")[2].split("/")[0])
    return pymysql.connect(host="127.0.0.1", port=port, user="root", database="shop", autocommit=True)


@pytest.mark.needs("mariadb")
def test_mariadb_counts_statements_rows_and_names_the_missing_index(mysql_url: str):
    with connected(mysql_url) as connection, connection.cursor() as cursor:
        cursor.execute("create table items (id int auto_increment primary key, order_id int, sku varchar(40))")
        cursor.executemany(
            "insert into items (order_id, sku) values (%s, %s)", [(n % 500, f"sku{n}") for n in range(5000)]
        )
        probe = MysqlProbe(mysql_url)
        probe.begin()
        for order in range(20):
            cursor.execute("select sku from items where order_id = %s and sku <> 'a secret' limit 5", (order,))
            cursor.fetchall()
            cursor.execute("select sku from items where id = %s", (order + 1,))
        connection.ping()  # the server counts a statement after it has answered
        counts = probe.counted(requests=10)

        cursor.execute("create index by_order on items (order_id)")
        connection.ping()  # counted before the probe looks
        probe.begin()
        cursor.execute("select sku from items where order_id = %s and sku <> 'a secret' limit 5", (7,))
        connection.ping()
        indexed = probe.counted(requests=1)
        probe.close()

    assert counts.values["queries"] == 4
    assert counts.values["rows"] == 12
    assert counts.values["database"] > 0
    scanned, quick = sorted(counts.statements, key=lambda item: item.rows, reverse=True)
    assert (scanned.calls, scanned.scans) == (2, ("items",))
    assert "order_id" in scanned.columns
    assert scanned.indexes == {"items": "ALTER TABLE `items` ADD INDEX (`order_id`);"}
    assert "secret" not in scanned.fingerprint
    assert quick.scans == ()
    assert [item.scans for item in indexed.statements] == [()]


@pytest.mark.needs("mariadb")
def test_tables_are_named_and_no_derived_ones_and_nothing_can_be_written(mysql_url: str):
    with connected(mysql_url) as connection, connection.cursor() as cursor:
        cursor.execute("create table parcels (id int auto_increment primary key, place int, weight int)")
        cursor.executemany("insert into parcels (place, weight) values (%s, %s)", [(n % 9, n) for n in range(900)])
        cursor.execute("select @@socket")
        [socket] = cursor.fetchone() or ()
        probe = MysqlProbe(f"mysql://root@nowhere.invalid/shop?unix_socket={quote(socket, safe='')}")
        probe.begin()
        cursor.execute(
            "select count(*) from (select p.place, max(p.weight) as most from parcels p where p.weight > %s "
            "group by p.place) as places where places.most > %s",
            (5, 7),
        )
        cursor.fetchall()
        connection.ping()  # the server counts a statement after it has answered
        [statement] = probe.counted(requests=1).statements
        with pytest.raises(pymysql.MySQLError, match="READ ONLY"):
            probe._connection.cursor().execute("insert into parcels (place) values (1)")
        probe.close()

    assert statement.scans == ("parcels",)
    assert statement.indexes == {"parcels": "ALTER TABLE `parcels` ADD INDEX (`weight`);"}


@pytest.mark.needs("mariadb")
def test_row_locks_are_waited_for(mysql_url: str):
    waits = "show global status like 'Innodb_row_lock_current_waits'"
    update = "update locked set n = n + 1"

    def is_waiting() -> bool:
        cursor.execute(waits)
        return bool(int((cursor.fetchone() or ("", 0))[1]))

    def wait() -> None:
        with connected(mysql_url) as other, other.cursor() as late:
            late.execute(update)

    with connected(mysql_url) as connection, connection.cursor() as cursor:
        cursor.execute("create table locked (id int primary key, n int) engine = InnoDB")
        cursor.execute("insert into locked values (1, 0)")
        probe = MysqlProbe(mysql_url)
        probe.begin()
        connection.begin()
        cursor.execute(update)
        waiting = threading.Thread(target=wait)
        waiting.start()
        wait_for(is_waiting, "the lock that is waited for")
        threading.Event().wait(0.3)
        connection.commit()
        waiting.join()
        connection.ping()
        counts = probe.counted(requests=2)
        probe.close()

    assert counts.values["lock_wait"] > 0.02


@pytest.mark.needs("mariadb")
def test_a_mariadb_that_counts_nothing_says_what_to_switch_on():
    with mariadb.serving(counting=False) as url, pytest.raises(DiagnosisError, match="performance_schema is off") as e:
        MysqlProbe(url)

    assert "performance_schema = ON" in e.value.hint
    assert "GRANT SELECT ON performance_schema" in e.value.hint


def test_a_mysql_that_is_not_there_never_shows_its_password():
    [port] = free_ports(1)
    with pytest.raises(DiagnosisError) as failure:
        MysqlProbe(f"mysql://ada:s3cret@127.0.0.1:{port}/shop")

    assert "s3cret" not in str(failure.value)
