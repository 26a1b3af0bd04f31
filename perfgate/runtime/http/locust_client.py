"""`client: locust`: Locust's own HTTP client (geventhttpclient) behind the same recorder.

For what the fast client does not do. Times are taken in user space: they end when Python gets round to reading.
"""

from __future__ import annotations

from base64 import b64decode
from time import monotonic_ns
from typing import Any

from geventhttpclient._parser import HTTPParseError
from geventhttpclient.client import HTTPClient
from geventhttpclient.response import HTTPConnectionClosed

from perfgate.runtime.http.client import SendOptions, failure_of
from perfgate.runtime.http.dialling import Origin, TlsConfig, proxy_for, tls_context
from perfgate.runtime.http.headers import coding_fault, is_chunked
from perfgate.runtime.http.locust_pool import READ_BYTES, Pool, TlsPool, timer
from perfgate.runtime.http.observations import Observations
from perfgate.runtime.http.responses import Failure, Response, decoded_size
from perfgate.runtime.http.watchdog import TimedOut

CUT_OFF = ("EOF", "Incomplete", "closed")  # words of the library for an answer that ends too early


class PromptClient(HTTPClient):
    """Sends the body of a request at once, as the fast client does: a server that does not know `Expect: 100-continue`
    would be waited for until the timeout (RFC 9110, section 10.1.1)."""

    def _wait_for_continue_response(self, _sock: Any, _method: str) -> tuple[bytes, None]:
        return b"", None


class LocustClient:
    """One keep-alive connection of geventhttpclient, which FastHttpUser is made of."""

    def __init__(self, where: Origin, tls_config: TlsConfig, observations: Observations | None = None) -> None:
        self._where, self._tls = where, tls_config
        self._observations = observations or Observations()
        self._proxy = proxy_for(where)
        self._client, self._pool = self._new_client()

    def _new_client(self) -> tuple[HTTPClient, Pool]:
        where, proxy = self._where, self._proxy
        options: dict[str, Any] = {"connection_timeout": None, "network_timeout": None}  # each request has its own
        if proxy:
            user, _, password = b64decode(proxy.authorization.removeprefix("Basic ")).decode().partition(":")
            options |= {"proxy_user": user or None, "proxy_password": password or None}
        secure = {
            "insecure": self._tls.insecure,
            "ssl_context_factory": lambda **_: tls_context(self._tls),
        }
        to_proxy = {"proxy_host": proxy.host, "proxy_port": proxy.port} if proxy else {}
        client = PromptClient(where.host, port=where.port, ssl=where.tls, **options, **secure, **to_proxy)
        ends = (*(proxy[:2] if proxy else (where.host, where.port)), where.host, where.port)
        options |= {"size": 1, "use_proxy": proxy is not None}
        if where.tls:
            secure["ssl_options"] = {"server_hostname": self._tls.server_name or where.host}
        pool = TlsPool(*ends, **options, **secure) if where.tls else Pool(*ends, **options)
        pool.observations = self._observations
        client._connection_pool = pool
        return client, pool

    def send(self, data: bytes, options: SendOptions) -> Response:
        began = monotonic_ns()
        self._pool.begin(options)
        try:
            with timer(options.timeouts.total, "no complete answer"):
                return self._exchange(data, options, began)
        except TimedOut as late:
            said = str(late)
            failure = Failure(
                "timeout", said.replace("complete answer", "connection") if self._pool.is_connecting else said
            )
        except TimeoutError:  # the kernel gave up a host that does not answer
            failure = Failure("timeout", f"no connection within {(monotonic_ns() - began) / 1e9:.1f} s")
        except HTTPConnectionClosed:
            failure = Failure("connection", "closed before it answered")
        except OSError as error:
            failure = failure_of(error, self._observations)
        except HTTPParseError as error:
            failure = _broken(str(error))
        except RuntimeError as error:  # what it says of proxies
            failure = Failure("connection", str(error)[:120])
        except UnicodeError as error:  # a name that TLS cannot ask for
            failure = Failure("connection", f"TLS: {error}"[:120])
        except ValueError as error:  # what it refuses to send
            failure = Failure("expectation", str(error)[:120])
        finally:
            self._pool.first_byte.close()
        response = self._timed(Response(failure=failure), began)
        self.close()
        self._client, self._pool = self._new_client()  # a closed one takes no more requests
        return response

    def _exchange(self, data: bytes, options: SendOptions, began: int) -> Response:
        head, _, body = data.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        answer: Any = self._client.request(options.method, line.split(" ")[1], body or None, headers)
        self._pool.first_byte.close()
        first_byte = monotonic_ns()
        size, content, end = 0, [], b""
        while chunk := answer.read(READ_BYTES):
            size += len(chunk)
            end = (end + bytes(chunk[-4:]))[-4:]
            if options.keep_body:
                content.append(bytes(chunk))
        self._pool.end(answer.status_code)
        head = self._pool.socket.head if self._pool.socket else b""
        response = Response(answer.status_code, head, b"".join(content), size, sets_cookies=True, encoded=True)
        response.decoded = decoded_size(response, end)
        if is_chunked(response.headers) and (fault := coding_fault(head)):
            response.failure = Failure("protocol", fault)
        response.first_byte = first_byte - (self._pool.opened or began)
        return self._timed(response, began)

    def _timed(self, response: Response, began: int) -> Response:
        """Adds the times of a request that ends now; opening the connection comes before the send."""
        now, opened = monotonic_ns(), self._pool.opened
        response.service = now - (opened or began)
        if opened:
            response.connections, response.wait = 1, opened - began
            response.dns, response.connect, response.tls = self._pool.phases
        return response

    def close(self) -> None:
        self._client.close()


def _broken(text: str) -> Failure:
    """A connection that was lost in the middle is none of the protocol's faults."""
    if any(word in text for word in CUT_OFF):
        return Failure("connection", "closed in the middle of the answer")
    return Failure("protocol", f"not HTTP: {text[:80]}")
