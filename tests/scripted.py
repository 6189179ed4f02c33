"""Chat models that reply by script, for tests: with structured output or without it."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun  # noqa: TID253
from langchain_core.language_models import BaseChatModel  # noqa: TID253
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage  # noqa: TID253
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult  # noqa: TID253
from langchain_core.runnables import Runnable  # noqa: TID253
from pydantic import Field

from tests.chat_server import PASSAGE

Write = Callable[[dict[str, str]], str]
"""Gives a reply for the passages shown, by id."""


class ScriptedChat(BaseChatModel):
    """Replies what its script says, one entry a call, the last one again and again.

    Attributes:
        script: Texts, or functions of the passages shown.
        structured: Whether it takes the schema as a tool and calls it.
        sent: The text of every request.
        bound: The tools of every request.
        temperature: Sampling temperature, to be looked at.
    """

    script: Sequence[str | Write] = ()
    structured: bool = False
    sent: list[str] = Field(default_factory=list)
    bound: list[Any] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"structured": self.structured}

    def bind_tools(self, tools: Sequence[Any], **more: Any) -> Runnable[Any, AIMessage]:
        """Take tools, where it is one that can."""
        if not self.structured:
            raise NotImplementedError
        return self.bind(tools=list(tools), **more)

    def _text(self, messages: list[BaseMessage], **more: Any) -> str:
        asked = "\n".join(str(message.content) for message in messages)
        self.sent.append(asked)
        self.bound.append(more.get("tools"))
        entry = self.script[min(len(self.sent), len(self.script)) - 1]
        return entry if isinstance(entry, str) else entry(dict(PASSAGE.findall(asked)))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **more: Any,
    ) -> ChatResult:
        text = self._text(messages, **more)
        usage: Any = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
        if more.get("tools"):
            call = {"name": "Draft", "args": json.loads(text), "id": "1"}
            message = AIMessage(content="", tool_calls=[call], usage_metadata=usage)
        else:
            message = AIMessage(content=text, usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **more: Any,
    ) -> Iterator[ChatGenerationChunk]:
        text = self._text(messages, **more)
        for piece in re.findall(r"(?s).{1,25}", text):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))


def reply(*claims: tuple[str, str, Any], not_covered: Sequence[int] = ()) -> str:
    """Write a reply of claims, each a part, a text and what it cites."""
    rows = [{"part": part, "text": text, "citations": cited} for part, text, cited in claims]
    return json.dumps({"claims": rows, "not_covered": list(not_covered)})


def citing(words: str, passages: dict[str, str]) -> str:
    """Name the passage that has these words."""
    return next(label for label, text in passages.items() if words in text)
