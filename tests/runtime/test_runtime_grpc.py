"""Messages of gRPC: framed, as JSON, and what is no message."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.runtime.streams import grpc_messages
from perfgate.runtime.streams.grpc_answer import CallAnswer
from perfgate.runtime.streams.grpc_messages import PREFIX, Unframer, framed
from perfgate.runtime.streams.http2 import Piece
from perfgate.text.proto import ProtoError, declared, descriptor_set, files_of, method_of

PROTO = """syntax = "proto2";
package shop;
import "google/protobuf/any.proto";
message Query { required string text = 1; }
message Found { optional google.protobuf.Any detail = 1; optional int64 id = 2; }
service Catalog { rpc Search(Query) returns (Found); }
"""


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> grpc_messages.Method:
    path = tmp_path_factory.mktemp("proto") / "shop.proto"
    path.write_text(PROTO)
    return grpc_messages.method(method_of(declared(files_of(descriptor_set(path))), "/shop.Catalog/Search"))


def test_messages_are_the_same_in_any_pieces():
    data = framed(b"one") + framed(b"") + framed(b"three")
    for size in (1, 2, 7, len(data)):
        unframer = Unframer()
        parts = [unframer.feed(data[at : at + size]) for at in range(0, len(data), size)]
        assert [message for part in parts for message in part] == [b"one", b"", b"three"]
        assert not unframer.is_cut


@pytest.mark.parametrize(("prefix", "complaint"), [((True, 3), "compressed"), ((False, 1 << 30), "longer than")])
def test_what_is_no_message(prefix: tuple[bool, int], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        Unframer().feed(PREFIX.pack(*prefix))


def test_a_successful_call_that_ends_within_a_message_is_a_failure():
    answer = CallAnswer()
    answer.take(Piece(1, headers=[(":status", "200")]))
    answer.take(Piece(2, data=framed(b"three")[:-1]))
    answer.take(Piece(3, headers=[("grpc-status", "0")], is_end=True))

    with pytest.raises(ValueError, match="it ended within a message"):
        answer.check_end()


def test_the_body_of_an_error_page_is_no_message():
    answer = CallAnswer()
    answer.take(Piece(1, headers=[(":status", "503")]))

    assert answer.take(Piece(2, data=b"<html>busy", is_end=True)) == []
    assert answer.http_status == 503


def test_a_message_without_a_required_field_is_a_mistake_of_the_value(search: grpc_messages.Method):
    with pytest.raises(ValueError, match=r"not a shop\.Query"):
        search.encoded("{}")


def test_an_answer_that_has_no_json_is_a_failure_and_no_exception(search: grpc_messages.Method):
    message = search.answer()
    message.detail.type_url, message.detail.value = "type.googleapis.com/shop.Unknown", b"\x08\x01"

    with pytest.raises(ValueError, match="has no JSON"):
        search.as_json(message.SerializeToString())


def test_a_file_in_no_encoding_of_text_is_named(tmp_path: Path):
    path = tmp_path / "odd.proto"
    path.write_bytes(b'syntax = "proto3";\nimport "caf\xe9.proto";\n')

    with pytest.raises(ProtoError, match=r"odd\.proto"):
        descriptor_set(path)
