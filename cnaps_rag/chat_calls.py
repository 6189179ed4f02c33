"""Calls of a langchain-core chat model: structured where it can, its errors and usage in the library's terms."""

import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cnaps_rag.answers import Usage
from cnaps_rag.chat_templates import Messages
from cnaps_rag.errors import GenerationError
from cnaps_rag.replies import MOST_CHARS
from cnaps_rag.reply_cache import ReplyCache

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

Config = Mapping[str, Any]
"""A langchain `RunnableConfig`: callbacks, tags, metadata."""

BUSY, SERVER_ERROR, TIMEOUT, UNKNOWN = 429, 500, 408, 404
REFUSES_ALL = frozenset({401, 403, 407})
BREAKS = ("timeout", "remoteprotocol", "incompleteread", "readerror", "connectionreset", "brokenpipe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a model is asked.

    Attributes:
        messages: The messages.
        schema: JSON schema of the reply.
    """

    messages: Messages
    schema: Mapping[str, Any]

    def record(self) -> list[Any]:
        """Lay it out as JSON has it."""
        return [[list(message) for message in self.messages], self.schema]


class _Heard:
    """What came of a streamed reply so far, and when it began, pauses of whoever takes the pieces left out."""

    def __init__(self) -> None:
        self.message: Any = None
        self.text = ""
        self.begun_s = time.perf_counter()

    @property
    def full(self) -> bool:
        """Whether it is longer than any reply that is read."""
        return len(self.text) > MOST_CHARS

    def take(self, chunk: Any) -> str:
        """Add a chunk and return what it adds to the text."""
        message = _raw(chunk)
        if message is None:
            return ""
        self.message = message if self.message is None else self.message + message
        piece = _piece(message)
        self.text += piece
        return piece

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out the time until the next piece is asked for."""
        paused_s = time.perf_counter()
        yield
        self.begun_s += time.perf_counter() - paused_s


class ChatCaller:
    """Asks one chat model, and keeps count."""

    def __init__(
        self, model: "BaseChatModel", *, cache: ReplyCache | None = None, config: Config | None = None
    ) -> None:
        """Take the model.

        Args:
            model: Any langchain-core chat model.
            cache: Where replies are kept, or None.
            config: Passed to every call.
        """
        self.model = model
        self._cache = cache
        self._config: Any = dict(config or {})
        self._structured = True
        self._calls, self._cached, self._seconds = 0, 0, 0.0
        self._tokens: dict[str, int] = {}

    @property
    def name(self) -> str:
        """What people call the model."""
        named = (getattr(self.model, field, None) for field in ("model_name", "model"))
        found = next((name for name in named if isinstance(name, str) and name), None)
        return f"{type(self.model).__name__}:{found}" if found else type(self.model).__name__

    @property
    def usage(self) -> Usage:
        """What the calls so far cost."""
        return Usage(
            calls=self._calls,
            seconds=round(self._seconds, 3),
            input_tokens=self._tokens.get("input_tokens"),
            output_tokens=self._tokens.get("output_tokens"),
            cached=self._cached,
        )

    def ask(self, request: Request) -> str:
        """Send a request and wait for the reply.

        Args:
            request: The request.

        Returns:
            The reply's text, or its arguments where it is a tool call.
        """
        cached = self._recalled(request)
        if cached is not None:
            return cached
        while True:
            runnable = self._runnable(request)
            begun_s = time.perf_counter()
            try:
                reply = runnable.invoke(list(request.messages), self._config)
            except Exception as error:  # noqa: BLE001  every provider has errors of its own
                self._failed(error, begun_s)
            else:
                return self._kept(request, self._counted(_raw(reply), begun_s))

    async def aask(self, request: Request) -> str:
        """Send a request and wait for the reply, without blocking; see `ask`.

        Args:
            request: The request.

        Returns:
            The reply's text.
        """
        cached = self._recalled(request)
        if cached is not None:
            return cached
        while True:
            runnable = self._runnable(request)
            begun_s = time.perf_counter()
            try:
                reply = await runnable.ainvoke(list(request.messages), self._config)
            except Exception as error:  # noqa: BLE001  as in `ask`
                self._failed(error, begun_s)
            else:
                return self._kept(request, self._counted(_raw(reply), begun_s))

    def stream(self, request: Request) -> Iterator[str]:
        """Send a request and take the reply as it comes in.

        Args:
            request: The request.

        Yields:
            Pieces of the reply's text.
        """
        cached = self._recalled(request)
        if cached is not None:
            yield cached
            return
        while True:
            heard = _Heard()
            try:
                for chunk in self._runnable(request).stream(list(request.messages), self._config):
                    piece = heard.take(chunk)
                    if piece:
                        with heard.paused():
                            yield piece
                    if heard.full:
                        break
            except Exception as error:  # noqa: BLE001  as in `ask`
                self._failed(error, heard.begun_s, begun=bool(heard.text))
            else:
                self._counted(heard.message, heard.begun_s)
                self._kept(request, heard.text)
                return

    async def astream(self, request: Request) -> AsyncIterator[str]:
        """Send a request and take the reply as it comes in, without blocking; see `stream`.

        Args:
            request: The request.

        Yields:
            Pieces of the reply's text.
        """
        cached = self._recalled(request)
        if cached is not None:
            yield cached
            return
        while True:
            heard = _Heard()
            try:
                async for chunk in self._runnable(request).astream(list(request.messages), self._config):
                    piece = heard.take(chunk)
                    if piece:
                        with heard.paused():
                            yield piece
                    if heard.full:
                        break
            except Exception as error:  # noqa: BLE001  as in `ask`
                self._failed(error, heard.begun_s, begun=bool(heard.text))
            else:
                self._counted(heard.message, heard.begun_s)
                self._kept(request, heard.text)
                return

    def _runnable(self, request: Request) -> "Runnable[Any, Any]":
        """Bind the schema, where the model can; the schema is the only tool that it is ever given."""
        if self._structured:
            try:
                return _asking(self.model.with_structured_output(dict(request.schema), include_raw=True))
            except (NotImplementedError, TypeError, ValueError, AttributeError):
                self._structured = False
        return self.model

    def _failed(self, error: Exception, begun_s: float, *, begun: bool = False) -> None:
        """Fall back to plain replies once where structured ones fail; else raise what the caller can act on."""
        self._calls += 1
        self._seconds += time.perf_counter() - begun_s
        status, temporary = _status(error), _temporary(error)
        if self._structured and not temporary and not begun and status not in REFUSES_ALL and not _unreachable(error):
            self._structured = False
            return
        words = " ".join(str(error).split())[:300]
        advice = "run again later" if temporary else _advice(error)
        raise GenerationError(
            f"{self.name}: the model did not answer ({type(error).__name__}: {words}); {advice}", temporary=temporary
        ) from error

    def _recalled(self, request: Request) -> str | None:
        reply = None if self._cache is None else self._cache.get(self._identity(), request.record())
        self._cached += reply is not None
        return reply

    def _kept(self, request: Request, text: str) -> str:
        if self._cache is not None and text.strip():
            self._cache.put(self._identity(), request.record(), text)
        return text

    def _identity(self) -> str:
        kind = type(self.model)
        parameters = json.dumps(dict(self.model._identifying_params), sort_keys=True, default=str)  # noqa: SLF001
        return f"{kind.__module__}.{kind.__qualname__} {parameters}"

    def _counted(self, message: Any, begun_s: float) -> str:
        self._calls += 1
        self._seconds += time.perf_counter() - begun_s
        usage = getattr(message, "usage_metadata", None) or {}
        for name in ("input_tokens", "output_tokens"):
            if isinstance(usage.get(name), int):
                self._tokens[name] = self._tokens.get(name, 0) + usage[name]
        return _text(message)


def _asking(chain: Any) -> "Runnable[Any, Any]":
    """Take the call out of a chain that parses behind it: the parser holds back what streams, and fails on flaws."""
    first = getattr(chain, "first", None)
    asking: Runnable[Any, Any] = (getattr(first, "steps__", None) or {}).get("raw", chain)
    return asking


def _raw(reply: Any) -> Any:
    """Take the message out of what a structured or a plain call gives."""
    return reply.get("raw") if isinstance(reply, Mapping) else reply


def _text(message: Any) -> str:
    """Take the text of a message: its tool call's arguments, else its content."""
    if message is None:
        return ""
    for call in getattr(message, "tool_calls", None) or ():
        return json.dumps(call.get("args") or {}, ensure_ascii=False)
    for call in getattr(message, "invalid_tool_calls", None) or ():
        return str(call.get("args") or "")
    return _content(message)


def _piece(message: Any) -> str:
    """Take what a chunk adds to the text."""
    called = "".join(str(call.get("args") or "") for call in getattr(message, "tool_call_chunks", None) or ())
    return called or _content(message)


def _content(message: Any) -> str:
    content = getattr(message, "content", message)
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    texts = [
        block if isinstance(block, str) else block.get("text") for block in blocks if isinstance(block, str | dict)
    ]
    return "".join(text for text in texts if isinstance(text, str))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _status(error: Exception) -> int | None:
    for one in _chain(error):
        status = getattr(one, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _temporary(error: Exception) -> bool:
    status = _status(error)
    if status is not None:
        return status in {BUSY, TIMEOUT} or status >= SERVER_ERROR
    return any(word in type(one).__name__.lower() for one in _chain(error) for word in BREAKS)


def _advice(error: Exception) -> str:
    """Say what to look at after a failure that stays."""
    if _unreachable(error):
        return f"check the base URL{_called(error)}, and that a server runs there"
    status = _status(error)
    if status in REFUSES_ALL:
        return "check the key"
    return f"check the model's name{'' if status == UNKNOWN else ', the key'} and the base URL"


def _called(error: Exception) -> str:
    """Tell which address was called, where an error knows; a password in it is left out."""
    for one in _chain(error):
        url = getattr(vars(one).get("request"), "url", None)
        if url is not None:
            parts = urlsplit(str(url))
            return f" ({parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path} was called)"
    return ""


def _unreachable(error: Exception) -> bool:
    return any("connect" in type(one).__name__.lower() for one in _chain(error))
