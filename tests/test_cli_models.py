"""This file ensures that `ask` brings in a model when asked to, from the command line to the answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnaps_rag import cli, pipeline
from tests.chat_server import ChatServer, Scripted

if TYPE_CHECKING:
    from tests.conftest import Desk


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server, and an environment that leads to it."""
    with ChatServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.delenv("OPENAI_API_BASE", raising=False)
        yield running


@pytest.fixture
def ask(shared_desk: "Desk", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words of `ask` over the shared desk, without a model yet."""
    monkeypatch.setattr(pipeline, "find_embedder", lambda *_, **__: shared_desk.embedder)
    prompt = tmp_path / "prompt.txt"
    prompt.write_text(shared_desk.prompt.to_text(), encoding="utf-8")
    return ["ask", str(prompt), "--index", str(shared_desk.index_dir), "--offline"]


def test_a_model_words_the_answer(ask: list[str], server: ChatServer, capsys: pytest.CaptureFixture[str]) -> None:
    """`--llm` puts the model's verified statements into the answer, says what it cost, and remarks go to stderr too."""
    assert cli.main([*ask, "--llm", "openai:fake", "--format", "json"]) == 0
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert record["generator"].startswith("ChatOpenAI:fake")
    assert (record["usage"]["calls"], record["usage"]["input_tokens"]) == (
        len(server.requests),
        100 * len(server.requests),
    )
    assert said.err.splitlines() == record.get("remarks", [])


def test_without_a_model_nothing_is_new(ask: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--llm` the JSON holds no usage and no remark on a model, and two runs are the same to the byte."""
    outputs = []
    for _ in range(2):
        assert cli.main([*ask, "--format", "json"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    found = json.loads(outputs[0])
    assert "usage" not in found
    assert not any("the model" in remark for remark in found.get("remarks", []))


def test_show_prompt(ask: list[str], server: ChatServer, capsys: pytest.CaptureFixture[str]) -> None:
    """`--show-prompt` prints what would be sent and its token count, within the budget, and sends nothing."""
    assert cli.main([*ask, "--show-prompt", "--budget-tokens", "2000"]) == 0
    shown = capsys.readouterr().out
    assert not server.requests
    last = shown.splitlines()[-1]
    tokens = int(last.split()[1])
    assert tokens < 2000
    assert "left out" in last
    assert cli.main([*ask, "--llm", "openai:fake", "--budget-tokens", "2000", "--format", "json"]) == 0
    for message in server.requests[0]["messages"]:
        assert message["content"] in shown


def test_the_reply_cache(
    ask: list[str], server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--reply-cache` the same answer comes again without a call."""
    outputs = []
    for _ in range(2):
        assert (
            cli.main([*ask, "--llm", "openai:fake", "--reply-cache", str(tmp_path / "kept"), "--format", "json"]) == 0
        )
        outputs.append(json.loads(capsys.readouterr().out))
    assert outputs[0]["parts"] == outputs[1]["parts"]
    assert outputs[1]["usage"]["calls"] == 0
    assert outputs[1]["usage"]["cached"] == len(server.requests)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--nli", "x"], 2, "--nli does nothing without --llm"),
        (["--reranker", "x"], 2, "--reranker does nothing without --llm"),
        (["--reply-cache", "x"], 2, "--reply-cache does nothing without --llm"),
        (["--show-prompt", "--budget-tokens", "5"], 1, "set a larger budget"),
    ],
)
def test_what_cannot_be_done(
    ask: list[str], words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be done is said in one line, with the exit code of its kind."""
    assert cli.main([*ask, *words]) == code
    said = capsys.readouterr()
    assert message in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("name", ["nobody:x", "openai:", "gpt"])
def test_no_such_provider(ask: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that tells no provider and model is bad usage."""
    with pytest.raises(SystemExit) as caught:
        cli.main([*ask, "--llm", name])
    assert caught.value.code == 2
    assert "PROVIDER one of openai, anthropic, ollama" in capsys.readouterr().err


def test_a_wrong_key(ask: list[str], server: ChatServer, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused key is one line on stderr and exit code 1, not an answer without the model."""
    server.scripts = [lambda _: Scripted(status=401)]
    assert cli.main([*ask, "--llm", "openai:fake"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.endswith("check the key\n")


def test_a_failing_server(ask: list[str], server: ChatServer, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that fails leaves the papers' own sentences, and the answer says why."""
    server.scripts = [lambda _: Scripted(status=500)]
    assert cli.main([*ask, "--llm", "openai:fake"]) == 0
    said = capsys.readouterr()
    assert "ChatOpenAI:fake: the model did not answer" in said.err
    assert "ChatOpenAI:fake: the model did not answer" in said.out
