"""A real gRPC server (grpcio): a catalogue with a unary and a streaming method, with and without reflection."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from google.protobuf import message_factory
from grpc_reflection.v1alpha import reflection

from perfgate.text.proto import declared, descriptor_set, files_of

PROTO = """
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";

message Query { string text = 1; int32 page = 2; Options options = 3; }
message Options { bool exact = 1; }
message Found { repeated Product products = 1; string asked = 2; string token = 3; }
message Product { int64 id = 1; string name = 2; }
message Update { int64 id = 1; double sent_at = 2; google.protobuf.Timestamp at = 3; }

service Catalog {
  rpc Search(Query) returns (Found);
  rpc Watch(Query) returns (stream Update);
  rpc Upload(stream Query) returns (Found);
}
"""


class Catalog:
    """`delay` is how long a search takes (s); a stream has `messages`, one each `every` s. `metadata` is what came."""

    def __init__(self, known: Any, *, delay: float = 0.02, messages: int = 5, every: float = 0.05) -> None:
        self.delay, self.messages, self.every = delay, messages, every
        self.metadata: list[dict[str, str]] = []
        self.texts: list[str] = []
        self.sessions: set[str] = set()  # each is good for one call
        kinds = ("Query", "Found", "Update")
        self.query, self.found, self.update = (
            message_factory.GetMessageClass(known.pool.FindMessageTypeByName(f"shop.{kind}")) for kind in kinds
        )

    def search(self, query: Any, context: grpc.ServicerContext) -> Any:
        self.metadata.append(dict(context.invocation_metadata()))
        self.texts.append(query.text)
        time.sleep(10 if query.text == "hang" else self.delay)
        if query.text == "gone":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such product: 100 % gone")
        token = f"s-{uuid4()}" if query.text == "log in" else "t-1"
        if query.text == "log in":
            self.sessions.add(token)
        if query.text == "private" and not self._is_taken(dict(context.invocation_metadata()).get("x-session", "")):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "log in first")
        found = self.found(asked=query.text, token=token)
        found.products.add(id=7, name="pot")
        return found

    def _is_taken(self, session: str) -> bool:
        try:
            self.sessions.remove(session)
        except KeyError:
            return False
        return True

    def watch(self, query: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        number = 0
        while number < self.messages or query.text == "for ever":
            time.sleep(self.every)
            yield self.update(id=number, sent_at=time.time())
            number += 1
            if query.text == "break" and number == 2:
                context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")

    def handlers(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            "shop.Catalog",
            {
                "Search": grpc.unary_unary_rpc_method_handler(
                    self.search, self.query.FromString, self.found.SerializeToString
                ),
                "Watch": grpc.unary_stream_rpc_method_handler(
                    self.watch, self.query.FromString, self.update.SerializeToString
                ),
            },
        )


@contextmanager
def serving(
    folder: Path,
    *,
    reflects: bool = False,
    credentials: Any = None,
    options: tuple[tuple[str, int], ...] = (),
    **how: Any,
) -> Iterator[tuple[str, Catalog]]:
    """Address and catalogue of a server; its shop.proto is in `folder`."""
    file = folder / "shop.proto"
    file.write_text(PROTO, encoding="utf-8")
    known = declared(files_of(descriptor_set(file)))
    catalog = Catalog(known, **how)
    server = grpc.server(ThreadPoolExecutor(32), options=options)
    server.add_generic_rpc_handlers((catalog.handlers(),))
    if reflects:
        reflection.enable_server_reflection(["shop.Catalog", reflection.SERVICE_NAME], server, pool=known.pool)
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield f"{'http' if credentials is None else 'https'}://127.0.0.1:{port}", catalog
    finally:
        server.stop(0).wait(60)
