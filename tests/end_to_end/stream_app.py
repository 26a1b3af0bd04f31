"""A real server of streams of known timing: FastAPI under uvicorn. `python stream_app.py PORT`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.websockets import WebSocketDisconnect

app = FastAPI()


@app.get("/")
async def ready() -> dict[str, bool]:
    return {"ready": True}


def _event(number: int) -> str:
    return f": a comment\nevent: price\ndata: {json.dumps({'n': number, 't': time.time() * 1000})}\n\n"


@app.get("/events")
@app.post("/events")
async def events(request: Request, every: float = 0.1, first: float = 0.05, count: int = 1000) -> StreamingResponse:
    async def stream() -> AsyncIterator[str]:
        await asyncio.sleep(first)
        for number in range(count):
            yield _event(number)
            if await request.is_disconnected():
                return
            await asyncio.sleep(every)

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.get("/cut")
async def cut() -> StreamingResponse:
    """Breaks in the middle: the last chunk never comes."""

    async def stream() -> AsyncIterator[str]:
        yield _event(0)
        await asyncio.sleep(0.05)
        raise ConnectionError("cut")

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.get("/gzip")
async def compressed(request: Request) -> StreamingResponse:
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["accept"] == "text/event-stream"
    return StreamingResponse(iter(["x"]), media_type="text/event-stream", headers={"content-encoding": "gzip"})


uses: dict[str, int] = {}  # of each token


@app.post("/login")
async def login() -> dict[str, str]:
    token = str(len(uses))
    uses[token] = 0
    return {"token": token}


@app.post("/private")
async def private(request: Request) -> Response:
    """Takes each token twice."""
    token = request.headers["authorization"]
    uses[token] += 1
    return await events(request, 0.05, 0.1, 4) if uses[token] <= 2 else Response(status_code=401)


@app.get("/json")
async def no_stream() -> JSONResponse:
    return JSONResponse({})


@app.websocket("/chat")
async def chat(socket: WebSocket, delay: float = 0.02) -> None:
    """Answers each message after a delay, and reverses the order of two that come at once."""
    await socket.accept(subprotocol="chat.v1" if "chat.v1" in socket.scope["subprotocols"] else None)

    async def answer(text: str) -> None:
        await asyncio.sleep(delay)
        await socket.send_text(text)

    tasks = set()
    try:
        while True:
            tasks.add(asyncio.create_task(answer(await socket.receive_text())))
    except (WebSocketDisconnect, RuntimeError):
        return


@app.websocket("/polite")
async def polite(socket: WebSocket, end: int = 1000) -> None:
    """Answers after `hello` was welcomed, and not before; ends after three answers."""
    await socket.accept()
    hello, welcomed = await socket.receive_json(), time.monotonic() + 0.05
    await socket.send_json({"notice": "please wait"})
    await asyncio.sleep(0.05)
    await socket.send_json({"type": "ack" if hello.get("token") == "good" else "error", "why": "no such token"})
    for _ in range(3):
        message = await socket.receive_json()
        assert time.monotonic() >= welcomed
        await socket.send_json(message)
    await socket.close(end)


@app.websocket("/mute")
async def mute(socket: WebSocket) -> None:
    """Answers the first message alone."""
    await socket.accept()
    try:
        await socket.send_text(await socket.receive_text())
        while True:
            await socket.receive_text()
    except (WebSocketDisconnect, RuntimeError):
        return


@app.websocket("/leave")
async def leave(socket: WebSocket) -> None:
    """Answers the first message, has the second for longer than any way through the network, and closes the connection
    as if all were well."""
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.receive_text()
    await asyncio.sleep(0.2)
    await socket.close()


@app.websocket("/drop")
async def drop(socket: WebSocket) -> None:
    await socket.accept()
    for number in range(3):
        await socket.send_text(str(number))
        await asyncio.sleep(0.05)
    await socket.close(1011, "overloaded")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", ws="wsproto", loop="asyncio")
