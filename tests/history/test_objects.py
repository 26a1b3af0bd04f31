"""Object storage: a real S3 client against moto's server. The rest is in the contract test, with `memory:`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import make_acceptance, make_past_run

from perfgate import history
from perfgate.model.errors import HistoryError

boto3 = pytest.importorskip("boto3")
pytest.importorskip("s3fs")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="results")
    yield "results"
    server.stop()


def test_s3(bucket: str, tmp_path: Path) -> None:
    with history.open(f"s3://{bucket}/shop", root=tmp_path) as store:
        assert store.entries() == ()
        store.save_all([make_past_run(number) for number in (1, 2, 3)])
        store.accept("run-0002", make_acceptance())
        assert store.save(make_past_run(2)) is False
    with history.open(f"s3://{bucket}/shop", root=tmp_path) as store:
        assert [entry.id for entry in store.entries()] == ["run-0003", "run-0002", "run-0001"]
        assert store.get("run-0002") == make_past_run(2, acceptances=[make_acceptance()])
        assert store.delete(["run-0002"]) == 1
        assert [past_run.run.id for past_run in store.runs("shop")] == ["run-0003", "run-0001"]
    with history.open(f"s3://{bucket}", root=tmp_path) as store, pytest.raises(HistoryError, match="no perfgate"):
        store.entries()


def test_a_bucket_that_does_not_exist(bucket: str, tmp_path: Path) -> None:
    with history.open("s3://other/shop", root=tmp_path) as store, pytest.raises(HistoryError, match="cannot be used"):
        store.save(make_past_run())


@pytest.mark.parametrize("url", ["s3:", "s3://", "s3:///x", "s3:x"])
def test_malformed(url: str, tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="does not name a bucket"):
        history.open(url, root=tmp_path)


def test_a_file_system_that_is_not_installed_says_how(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="needs gcsfs") as caught:
        history.open("gs://results/shop", root=tmp_path)
    assert "pip install" in caught.value.hint
