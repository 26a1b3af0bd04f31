"""Response: contents as sent over the wire, decoded when asked for."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import brotli
import pytest

from perfgate.runtime.http import decoding
from perfgate.runtime.http.responses import Response

TEXT = b"tea and a pot, " * 50


def encoded(encoding: str) -> dict[str, Any]:
    """What a response knows of a body with this content encoding."""
    line = f"Content-Encoding: {encoding}\r\n" if encoding else ""
    return {"head": f"HTTP/1.1 200 OK\r\n{line}\r\n".encode(), "encoded": bool(encoding)}


def raw_deflate(data: bytes, window: int = -15) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("UTF-8", TEXT),
        ("none", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("X-GZIP", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT, 9)),  # a small window: the first byte is not the usual one
        ("deflate", raw_deflate(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("gzip, br", brotli.compress(gzip.compress(TEXT, mtime=0))),
        (" gzip , ", gzip.compress(TEXT, mtime=0)),
    ],
)
def test_contents_are_decoded(encoding, body):
    response = Response(body=body, size=len(body), **encoded(encoding))
    assert response.content == TEXT
    assert response.text == TEXT.decode()
    assert response.body == body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize(
    "body", [b"plain text", gzip.compress(TEXT, mtime=0)[:-20], brotli.compress(TEXT)[:-3], zlib.compress(TEXT)[:9]]
)
def test_contents_that_do_not_decode_are_an_error(encoding, body):
    with pytest.raises(ValueError, match="not valid"):
        _ = Response(body=body, **encoded(encoding)).content


def test_all_members_of_a_gzip_body_are_read():
    members = gzip.compress(TEXT[:100], mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(TEXT[100:], mtime=0)
    assert Response(body=members, **encoded("gzip")).content == TEXT
    assert Response(body=members + b"\0" * 10, **encoded("gzip")).content == TEXT  # padding
    with pytest.raises(ValueError, match="not valid gzip"):
        _ = Response(body=members[:-9], **encoded("gzip")).content


@pytest.mark.parametrize("encoding", ["br", "gzip", "deflate", "gzip, br"])
def test_a_small_body_that_unpacks_to_more_than_the_limit_is_an_error(encoding, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_DECODED_BYTES", 1 << 20)
    packers = {"br": brotli.compress, "gzip": gzip.compress, "deflate": zlib.compress}

    def packed(size: int) -> bytes:
        data = bytes(size)
        for name in encoding.split(", "):
            data = packers[name](data)
        return data

    assert len(Response(body=packed(1 << 20), **encoded(encoding)).content) == 1 << 20
    with pytest.raises(ValueError, match="unpacks to more than"):
        _ = Response(body=packed(1 << 26), **encoded(encoding)).content


def test_an_unknown_encoding_is_named():
    with pytest.raises(ValueError, match="unknown content encoding 'zstd'"):
        _ = Response(body=TEXT, **encoded("zstd")).content


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_no_body_decodes_to_none(encoding):
    """A HEAD or 304 names the encoding of what it leaves out."""
    assert Response(**encoded(encoding)).content == b""


@pytest.mark.parametrize("body", [b'{"a": "\xc3\xbc"}', '{"a": "ü"}'.encode("utf-16"), b'{"a": "\\u00fc"}'])
def test_json_is_read_in_its_encoding(body):
    assert Response(body=body).json == {"a": "ü"}


def test_the_hops_of_a_redirect_add_up():
    first = Response(
        size=5, queue=1, wait=10, dns=1, connect=2, tls=3, connections=1, service=100, first_byte=60, delivery=7
    )
    last = Response(size=3, wait=1, dns=4, connections=1, service=50, first_byte=40, delivery=3, clock_stepped=True)
    last.add(first)
    assert last == Response(
        size=8,
        wait=11,
        dns=5,
        connect=2,
        tls=3,
        connections=2,
        service=150,
        first_byte=140,
        delivery=10,
        clock_stepped=True,
    )
