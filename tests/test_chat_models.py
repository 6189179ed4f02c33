"""This file ensures that models are found by name, that none is called unasked, and that what is missing is named."""

import sys
from typing import Any

import pytest

from cnaps_rag.chat_models import PROVIDERS, find_chat_model, server_of
from cnaps_rag.errors import GenerationError, MissingExtraError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for name in provider.base_url:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "k")


@pytest.mark.parametrize("name", ["", "gpt", "openai:", "nobody:gpt", ":gpt"])
def test_no_model_by_this_name(name: str) -> None:
    """A name without a known provider and a model is refused, and the providers are listed."""
    with pytest.raises(GenerationError, match="PROVIDER:MODEL, PROVIDER one of openai, anthropic, ollama"):
        find_chat_model(name)


def test_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of OpenAI, or of a server that speaks like it, is set up with temperature 0 and a seed."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    model: Any = find_chat_model("openai:some-model", offline=True)
    assert (model.model_name, model.temperature, model.seed) == ("some-model", 0, 0)


def test_anthropic(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of Anthropic is set up with temperature 0."""
    pytest.importorskip("langchain_anthropic", reason="the extra [anthropic] is not installed")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    model: Any = find_chat_model("anthropic:some-model")
    assert (model.model, model.temperature) == ("some-model", 0)


def test_ollama() -> None:
    """A model of Ollama is set up with temperature 0 and a seed; it is on this machine unless told otherwise."""
    pytest.importorskip("langchain_ollama", reason="the extra [ollama] is not installed")
    model: Any = find_chat_model("ollama:llama3.1:8b", offline=True)
    assert (model.model, model.temperature, model.seed) == ("llama3.1:8b", 0, 0)


def test_a_model_may_have_colons_in_its_name() -> None:
    """Only the first colon divides provider and model."""
    model: Any = find_chat_model("openai:ft:gpt:me")
    assert model.model_name == "ft:gpt:me"


@pytest.mark.parametrize("known", PROVIDERS)
def test_a_missing_package(known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package is named with the command that installs its extra."""
    module = PROVIDERS[known].module
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf'pip install "cnaps-rag\[{known}\]"'):
        find_chat_model(f"{known}:some-model")


@pytest.mark.parametrize("known", ["openai", "anthropic"])
def test_a_missing_key(known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing key is named before anything is sent; a server of one's own may ask for none, its client does."""
    pytest.importorskip(PROVIDERS[known].module, reason="the provider's package is not installed")
    for name in PROVIDERS[known].keys:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(GenerationError, match=rf"there is no key; set {known.upper()}_API_KEY$"):
        find_chat_model(f"{known}:some-model")
    monkeypatch.setenv(PROVIDERS[known].base_url[-1], "http://127.0.0.1:9/v1")
    with pytest.raises(GenerationError, match=r"\(any word, where http://127.0.0.1:9/v1 asks for none\)"):
        find_chat_model(f"{known}:some-model")


def test_offline_keeps_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline, only a server on this machine is accepted."""
    with pytest.raises(GenerationError, match=r"https://api.openai.com/v1 is not on this machine"):
        find_chat_model("openai:some-model", offline=True)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://models.example/v1")
    with pytest.raises(GenerationError, match=r"http://models.example/v1 is not on this machine"):
        find_chat_model("openai:some-model", offline=True)


def test_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is told by the environment variables that the provider's client reads, with or without a scheme."""
    assert server_of(PROVIDERS["ollama"]) == "http://127.0.0.1:11434"
    monkeypatch.setenv("OLLAMA_HOST", "far.example:1")
    assert server_of(PROVIDERS["ollama"]) == "http://far.example:1"
