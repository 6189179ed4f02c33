"""An OpenAI-compatible server on the loopback address that replies by script, and misbehaves on demand.

Run alone (`python -m tests.chat_server`), it prints its base URL and replies to every request with sentences of the
passages that it was shown.
"""

import html
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PASSAGE = re.compile(r'<passage id="(P\d+)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
SENTENCE = re.compile(r"[A-Z][^.!?]{40,220}\.(?=\s|$)")
PARTS = ("task", "input", "model", "output", "mechanism")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """What the server does with one request.

    Attributes:
        text: The reply's content.
        status: The HTTP status.
        cut: After how many pieces a stream breaks off, or None.
    """

    text: str = ""
    status: int = 200
    cut: int | None = None


Script = Callable[[dict[str, Any]], Scripted]


def passages_of(request: dict[str, Any]) -> dict[str, str]:
    """Take the passages out of a request, by id."""
    text = "\n".join(str(message["content"]) for message in request["messages"])
    return {label: html.unescape(words) for label, words in PASSAGE.findall(text)}


def echo(request: dict[str, Any]) -> Scripted:
    """Reply with sentences of the passages, in turn for each part."""
    claims: list[dict[str, Any]] = []
    for number, (label, words) in enumerate(passages_of(request).items()):
        sentence = SENTENCE.search(words)
        if sentence and len(claims) < 2 * len(PARTS):
            claims.append({"part": PARTS[number % len(PARTS)], "text": sentence[0], "citations": [label]})
    return Scripted(text=json.dumps({"claims": claims, "not_covered": []}))


@dataclass
class ChatServer:
    """The server.

    Attributes:
        scripts: What to do with each request; the last one goes on.
        requests: The requests that came.
    """

    scripts: list[Script] = field(default_factory=lambda: [echo])
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Bind a free port; nothing is served yet."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """Stay quiet."""

            def do_POST(self) -> None:
                owner.reply(self)

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Stay quiet: clients hang up on broken replies."""

        self._http = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._http.shutdown()
        self._http.server_close()

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request by the script."""
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
        self.requests.append(request)
        scripted = script(request)
        if scripted.status != 200:
            _send(handler, scripted.status, {"error": {"message": "scripted", "type": "error", "code": None}})
        elif request.get("stream"):
            _stream(handler, request, scripted)
        else:
            _send(handler, 200, _completion(request, scripted.text))


def _completion(request: dict[str, Any], text: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if request.get("tools"):
        name = request["tools"][0]["function"]["name"]
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": text}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


def _send(handler: BaseHTTPRequestHandler, status: int, value: Any) -> None:
    body = json.dumps(value).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("retry-after-ms", "1")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(body)


def _stream(handler: BaseHTTPRequestHandler, request: dict[str, Any], scripted: Scripted) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.send_header("Connection", "close")
    handler.end_headers()
    for number, piece in enumerate(_pieces(request, scripted.text)):
        if scripted.cut is not None and number >= scripted.cut:
            handler.close_connection = True
            return
        _chunk(handler, f"data: {json.dumps(piece)}\n\n")
    _chunk(handler, "data: [DONE]\n\n")
    handler.wfile.write(b"0\r\n\r\n")


def _pieces(request: dict[str, Any], text: str) -> Iterator[dict[str, Any]]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": request["model"]}
    for at in range(0, len(text), 40):
        delta = {"role": "assistant", "content": text[at : at + 40]}
        yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def _chunk(handler: BaseHTTPRequestHandler, text: str) -> None:
    body = text.encode()
    handler.wfile.write(f"{len(body):X}\r\n".encode() + body + b"\r\n")
    handler.wfile.flush()


if __name__ == "__main__":
    with ChatServer() as server:
        print(server.url, flush=True)  # noqa: T201  the address is what it is run for
        while True:
            time.sleep(3600)
