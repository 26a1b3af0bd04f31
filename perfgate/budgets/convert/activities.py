"""Shape of what an endpoint does beyond one request -> Poll, Callback, Events, WebSocket, Grpc."""

from __future__ import annotations

from typing import Any

from perfgate.budgets.convert.expectations import conditions
from perfgate.budgets.shape.activity_shape import UNITS, CallbackShape, PollShape, StatedShape
from perfgate.budgets.shape.stream_shape import NEXT, EventsShape, GrpcShape, ListenShape, WebSocketShape
from perfgate.budgets.shape.texts import split_request
from perfgate.model.budget_file.activity import Callback, Events, Grpc, Listen, Poll, StatedTime, WebSocket


def poll(written: PollShape) -> Poll:
    return Poll(
        path=split_request(written.request)[1],
        until=tuple(conditions(written.until)),
        fails=tuple(conditions(written.fails or {})),
        every=Poll.every if written.every is None else written.every,
        timeout=Poll.timeout if written.timeout is None else written.timeout,
        queued=stated(written.queued),
        work=stated(written.work),
    )


def callback(written: CallbackShape) -> Callback:
    return Callback(
        until=tuple(conditions(written.until or {})),
        fails=tuple(conditions(written.fails or {})),
        timeout=Callback.timeout if written.timeout is None else written.timeout,
        queued=stated(written.queued),
        work=stated(written.work),
        listen=written.listen or Callback.listen,
        host=written.host or "",
    )


def stated(written: Any) -> StatedTime | None:
    if written is None:
        return None
    if isinstance(written, StatedShape):
        [(unit, path)] = ((name, getattr(written, name)) for name in written.model_fields_set)
        return StatedTime(start=path, unit=UNITS[unit])
    if isinstance(written, list):
        return StatedTime(start=written[0], end=written[1])
    return StatedTime(start=written)


def events(written: EventsShape) -> Events:
    return Events(
        listen=_listen(written),
        ends=bool(written.ends),
        event=written.event or "",
        fails=tuple(conditions(written.fails or {})),
    )


def websocket(written: WebSocketShape) -> WebSocket:
    usual = NEXT if written.send is not None and written.sent is None else ""
    return WebSocket(
        listen=_listen(written),
        first=_several(written.first),
        send=_several(written.send),
        every=WebSocket.every if written.every is None else written.every,
        reply=usual if written.reply is None else written.reply,
        subprotocol=written.subprotocol or "",
        ready=tuple(conditions(written.ready or {})),
        ends=bool(written.ends),
        fails=tuple(conditions(written.fails or {})),
    )


def grpc(written: GrpcShape) -> Grpc:
    return Grpc(proto=written.proto or "", status=written.status or Grpc.status, listen=_listen(written))


def _listen(written: ListenShape) -> Listen:
    return Listen(
        seconds=Listen.seconds if written.for_ is None else written.for_,
        count=written.count or 0,
        silence=written.silence or 0.0,
        sent=stated(written.sent),
    )


def _several(written: Any) -> tuple[Any, ...]:
    return () if written is None else tuple(written) if isinstance(written, list) else (written,)
