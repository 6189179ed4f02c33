"""This file ensures that the real OpenAI client and scripted models are called, counted and survived."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cnaps_rag.chat_calls import ChatCaller, Request
from cnaps_rag.chat_models import find_chat_model
from cnaps_rag.chat_templates import Block, messages, schema
from cnaps_rag.errors import GenerationError
from cnaps_rag.reply_cache import ReplyCache
from tests.chat_server import ChatServer, Scripted, echo
from tests.scripted import ScriptedChat

BLOCK = Block(
    label="P1", paper="A", section=None, text="The network takes a blurry photo and predicts a sharp photo of it."
)
REQUEST = Request(messages=messages(["Why?"], [], [BLOCK]), schema=schema(["P1"], 1))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server, and an environment that leads to it."""
    with ChatServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.delenv("OPENAI_API_BASE", raising=False)
        yield running


def caller(**more: Any) -> ChatCaller:
    return ChatCaller(find_chat_model("openai:fake"), **more)


def test_the_request(server: ChatServer) -> None:
    """The server gets the messages, the schema with its enum, temperature 0 and a seed; no tools."""
    reply = caller().ask(REQUEST)
    assert json.loads(reply)["claims"][0]["citations"] == ["P1"]
    [sent] = server.requests
    assert (sent["temperature"], sent["seed"], sent["model"]) == (0, 0, "fake")
    assert "tools" not in sent
    claim = sent["response_format"]["json_schema"]["schema"]["properties"]["claims"]["items"]
    assert claim["properties"]["citations"]["items"]["enum"] == ["P1"]


def test_usage(server: ChatServer) -> None:
    """Calls, tokens and seconds are counted."""
    calling = caller()
    calling.ask(REQUEST)
    calling.ask(REQUEST)
    assert len(server.requests) == 2
    assert (calling.usage.calls, calling.usage.input_tokens, calling.usage.output_tokens) == (2, 200, 40)
    assert calling.usage.seconds > 0
    assert calling.name == "ChatOpenAI:fake"


def test_streams(server: ChatServer) -> None:
    """A stream comes in pieces, which together are the reply; also without blocking."""
    pieces = list(caller().stream(REQUEST))
    assert len(pieces) > 2

    async def collect() -> list[str]:
        streamed = "".join([piece async for piece in caller().astream(REQUEST)])
        asked = await caller().aask(REQUEST)
        await asyncio.sleep(0.05)  # the connections close
        return [streamed, asked]

    assert asyncio.run(collect()) == ["".join(pieces)] * 2
    assert "".join(pieces) == echo(server.requests[0]).text


def test_a_stream_that_breaks_off(server: ChatServer) -> None:
    """What came of a broken stream is handed on; then comes a temporary error."""
    server.scripts = [lambda request: Scripted(text=echo(request).text, cut=2)]
    pieces = []
    with pytest.raises(GenerationError) as caught:  # noqa: PT012  the pieces come before the error
        for piece in caller().stream(REQUEST):
            pieces.append(piece)  # noqa: PERF402
    assert caught.value.temporary
    assert pieces


@pytest.mark.parametrize(("status", "temporary"), [(429, True), (500, True), (503, True), (401, False), (404, False)])
def test_errors(server: ChatServer, status: int, temporary: bool) -> None:
    """Errors of a server are errors of this library, and say whether to try again."""
    server.scripts = [lambda _: Scripted(status=status)]
    with pytest.raises(GenerationError) as caught:
        caller().ask(REQUEST)
    assert caught.value.temporary is temporary
    assert str(status) in str(caught.value)


def test_a_server_that_recovers(server: ChatServer) -> None:
    """The client's own retries get over a busy moment."""
    server.scripts = [lambda _: Scripted(status=429), lambda _: Scripted(status=500), echo]
    assert "claims" in caller().ask(REQUEST)


def test_a_server_without_schemas(server: ChatServer) -> None:
    """A server that refuses a schema is asked without one, from then on."""
    server.scripts = [lambda _: Scripted(status=400), echo]
    calling = caller()
    assert "claims" in calling.ask(REQUEST)
    calling.ask(REQUEST)
    assert ["response_format" in sent for sent in server.requests] == [True, False, False]


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot be reached is an error that names the base URL as a cause."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:secret@127.0.0.1:9/v1")
    with pytest.raises(GenerationError, match=r"base URL \(http://127.0.0.1:9/v1/\S+ was called\), and") as caught:
        caller().ask(REQUEST)
    assert not caught.value.temporary


def test_a_model_that_takes_tools() -> None:
    """A model that calls the schema as a tool gives the call's arguments; it is bound nothing else."""
    model = ScriptedChat(script=['{"claims": []}'], structured=True)
    assert json.loads(ChatCaller(model).ask(REQUEST)) == {"claims": []}
    [[tool]] = model.bound
    assert tool["title"] == "Draft"


def test_a_model_that_takes_none() -> None:
    """A model without structured output is asked in words."""
    model = ScriptedChat(script=["hello"])
    calling = ChatCaller(model)
    assert calling.ask(REQUEST) == "hello"
    assert (model.bound, calling.usage.calls, calling.name) == ([None], 1, "ScriptedChat")


def test_the_cache(tmp_path: Path) -> None:
    """A kept reply costs no call, also as a stream; another request is asked anew."""
    model, cache = ScriptedChat(script=["hello"]), ReplyCache(folder=tmp_path)
    first, second = ChatCaller(model, cache=cache), ChatCaller(model, cache=cache)
    assert first.ask(REQUEST) == second.ask(REQUEST) == "".join(second.stream(REQUEST)) == "hello"
    assert (len(model.sent), first.usage.cached, second.usage.cached, second.usage.calls) == (1, 0, 2, 0)
    second.ask(Request(messages=messages(["How?"], [], [BLOCK]), schema=REQUEST.schema))
    assert len(model.sent) == 2


def test_endless_streams() -> None:
    """A stream that does not end is left."""
    model = ScriptedChat(script=["x" * 200_000])
    assert len("".join(ChatCaller(model).stream(REQUEST))) < 61_000
