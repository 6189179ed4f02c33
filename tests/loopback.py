"""arXiv, CVF and whoever else, played by servers on the loopback address that misbehave on demand."""

import re
import socket
import socketserver
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import trustme

from cnaps_rag.sources import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

HOST_NAMES = ("arxiv.org", "export.arxiv.org", "openaccess.thecvf.com", "papers.example.org")


@dataclass
class Reply:
    """One answer of a server.

    Attributes:
        body: The body.
        status: The status.
        headers: Headers beside Content-Length; an ETag or Last-Modified among them answers conditional requests.
        length: What Content-Length says; None for the truth, -1 for nothing.
        ranges: Whether a part of the body may be asked for.
        cut: After how many bytes of the body the connection is reset, or None.
        drip_s: How long to wait after each 4 KiB.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    ranges: bool = False
    cut: int | None = None
    drip_s: float = 0.0

    def answer(self, asked: Any) -> tuple[int, dict[str, str], bytes]:
        """Say status, headers and body for a request's headers."""
        etag, modified = self.headers.get("ETag"), self.headers.get("Last-Modified")
        conditions = (asked["If-None-Match"], etag), (asked["If-Modified-Since"], modified)
        if self.status == 200 and any(wanted is not None and wanted == state for wanted, state in conditions):
            return 304, self.headers, b""
        match = re.fullmatch(r"bytes=(\d+)-", asked["Range"] or "")
        if match is None or not self.ranges or asked["If-Range"] not in {None, etag, modified}:
            return self.status, self.headers, self.body
        start = int(match[1])
        if start >= len(self.body):
            return 416, self.headers, b""
        place = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        return 206, {"Content-Range": place, **self.headers}, self.body[start:]


class Handler(BaseHTTPRequestHandler):
    """Answers from the replies of its stage."""

    stage: "Stage"
    base = ""

    def do_GET(self) -> None:
        """Send the next reply for the URL."""
        url = (self.base or "") + (self.path if self.base else self.path[1:])
        self.stage.heard(url, self.headers)
        reply = self.stage.next_reply(url.partition("?")[0])
        status, more, body = reply.answer(self.headers)
        self.send_response(status)
        length = len(body) if reply.length is None else reply.length
        headers = {} if length < 0 else {"Content-Length": str(length)}
        for name, value in (headers | more).items():
            self.send_header(name, value)
        self.end_headers()
        whole = body if reply.cut is None else body[: reply.cut]
        for start in range(0, len(whole), 4096):
            self.wfile.write(whole[start : start + 4096])
            if reply.drip_s:
                time.sleep(reply.drip_s)
        if reply.cut is not None:
            self.wfile.flush()
            time.sleep(0.1)  # a reset discards what the other side has not yet read
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def do_HEAD(self) -> None:
        """Be there."""
        self.stage.heard((self.base or "") + (self.path if self.base else self.path[1:]), self.headers)
        self.send_response(200)
        self.end_headers()

    def handle(self) -> None:
        """Serve until the other side has gone."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class Stage:
    """What is played: replies by URL, and what was asked for."""

    def __init__(self) -> None:
        """Know no URL: everything is 404."""
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.times_s: list[float] = []
        self.time_s: Callable[[], float] = time.monotonic
        self._lock = threading.Lock()

    def heard(self, url: str, headers: Any) -> None:
        """Note a request."""
        with self._lock:
            self.requests.append(url)
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self.times_s.append(self.time_s())

    def next_reply(self, url: str) -> Reply:
        """Take the next reply for a URL; the last one stays."""
        with self._lock:
            queue = self.replies.get(url, [Reply(status=404)])
            return queue.pop(0) if len(queue) > 1 else queue[0]

    def asked_for(self, url: str) -> list[dict[str, str]]:
        """Give the headers of each request for a URL."""
        return [headers for asked, headers in zip(self.requests, self.headers, strict=True) if asked == url]


class Hosts(Stage, httpx.BaseTransport):
    """Stands for all hosts: a transport that sends what is meant for them to a server on the loopback address."""

    def __init__(self) -> None:
        """Start the server."""
        super().__init__()
        self._inner = httpx.HTTPTransport()
        handler = type("StageHandler", (Handler,), {"stage": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def port(self) -> int:
        """Where the server listens."""
        return self._server.server_port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the server instead."""
        target = f"http://127.0.0.1:{self.port}/{request.url}"
        return self._inner.handle_request(httpx.Request(request.method, target, headers=request.headers))

    def close(self) -> None:
        """Stop the server."""
        self._inner.close()
        self._server.shutdown()
        self._server.server_close()


class Internet(Stage):
    """Stands for the internet: a proxy that answers CONNECT for any host by speaking TLS as that host.

    Attributes:
        tunnels: The first line of each request that the proxy heard.
    """

    def __init__(self, folder: Path) -> None:
        """Make a certificate authority and start the proxy.

        Args:
            folder: Takes the authority's certificate.
        """
        super().__init__()
        self.tunnels: list[bytes] = []
        authority = trustme.CA()
        self._certificate = folder / "test-ca.pem"
        authority.cert_pem.write_to_path(str(self._certificate))
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOST_NAMES).configure_cert(self._tls)
        internet = self

        class Tunnel(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                internet._tunnel(self.request, self.client_address, self.server)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a program here, and let it trust what it finds."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self._server.server_address[1]}",
            "SSL_CERT_FILE": str(self._certificate),
        }

    def close(self) -> None:
        """Stop the proxy."""
        self._server.shutdown()
        self._server.server_close()

    def _tunnel(self, connection: socket.socket, client: Any, server: Any) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096) or b"\r\n\r\n"
        self.tunnels.append(head.partition(b"\r\n")[0])
        match = re.match(rb"CONNECT ([\w.-]+):443 ", head)
        if match is None:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            with self._tls.wrap_socket(connection, server_side=True) as secure:
                base = f"https://{match[1].decode()}"
                type("TunnelHandler", (Handler,), {"stage": self, "base": base})(secure, client, server)
        except OSError:
            return


class Sleeper:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.now_s = 0.0
        self.sleeps: list[float] = []
        self.clock = Clock(
            monotonic=lambda: self.now_s, sleep=self._sleep, now=lambda: datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
        )

    def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now_s += seconds
