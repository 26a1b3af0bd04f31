"""An HTTP server whose answers take known times: /a 5 ms, /b 20 ms and one in ten 60 ms, /fail 2 ms and status 500.
Prints its port; ends with stdin."""

from __future__ import annotations

import asyncio
import sys
from itertools import cycle

DELAYS = {"/a": (0.005,), "/b": (0.020,) * 9 + (0.060,), "/fail": (0.002,)}
ROUNDS = {path: cycle(delays) for path, delays in DELAYS.items()}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ", 2)[1].decode().partition("?")[0]
            known = path in ROUNDS
            await asyncio.sleep(next(ROUNDS[path]) if known else 0)
            status = b"200 OK" if known and path != "/fail" else b"500 Failed" if known else b"404 Not Found"
            close = b"HTTP/1.0" in head.split(b"\r\n", 1)[0]
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: 2\r\n%s\r\nok" % (status, b"Connection: close\r\n" * close))
            await writer.drain()
            if close:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
