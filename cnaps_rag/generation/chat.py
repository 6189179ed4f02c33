"""The generator that lets a chat model write, and code verify."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from cnaps_rag.chat_calls import ChatCaller, Config
from cnaps_rag.errors import GenerationError
from cnaps_rag.generation.drafts import Draft, Generator
from cnaps_rag.generation.extractive import ExtractiveGenerator
from cnaps_rag.generation.session import PartClaim, Session
from cnaps_rag.generation.shown import Shown, choose
from cnaps_rag.index import PromptIndex
from cnaps_rag.reply_cache import ReplyCache
from cnaps_rag.settings import Settings
from cnaps_rag.support import Entailment, SupportChecker

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

BUDGET_TOKENS = 8000


class ChatGenerator:
    """Drafts with a chat model; each statement is checked against exactly the passages that it cites."""

    def __init__(
        self,
        model: "BaseChatModel",
        *,
        budget_tokens: int = BUDGET_TOKENS,
        entailment: Entailment | None = None,
        cache: ReplyCache | None = None,
        config: Config | None = None,
        fallback: Generator | None = None,
    ) -> None:
        """Take the model and how to use it.

        Args:
            model: Any langchain-core chat model.
            budget_tokens: What a request may take at most.
            entailment: A model that judges statements in addition to the support check.
            cache: Where replies are kept, or None.
            config: A langchain config, passed to every call.
            fallback: Fills the parts that the model leaves empty; None takes the extractive generator.
        """
        self.model = model
        self.budget_tokens = budget_tokens
        self.entailment = entailment
        self.cache = cache
        self.config = config
        self.fallback = fallback or ExtractiveGenerator()

    def with_config(self, config: Config) -> "ChatGenerator":
        """Make the same generator with another langchain config."""
        return ChatGenerator(
            self.model,
            budget_tokens=self.budget_tokens,
            entailment=self.entailment,
            cache=self.cache,
            config=config,
            fallback=self.fallback,
        )

    def caller(self) -> ChatCaller:
        """Make a caller with counts of its own."""
        return ChatCaller(self.model, cache=self.cache, config=self.config)

    def shown(self, index: PromptIndex, question: str, settings: Settings) -> Shown:
        """Choose what the model will be shown; see `choose`."""
        return choose(index, question, settings, self.budget_tokens)

    def session(self, index: PromptIndex, question: str, settings: Settings) -> Session:
        """Begin a conversation.

        Args:
            index: The prompt's index.
            question: The question.
            settings: How neighbours are joined.

        Returns:
            The conversation, nothing asked yet.
        """
        checker = SupportChecker(index, self.entailment)
        shown = self.shown(index, question, settings)
        return Session(index, question, settings, shown=shown, checker=checker, fallback=self.fallback)

    def draft(self, index: PromptIndex, question: str, settings: Settings) -> Draft:
        """Draft an answer; see `Generator.draft`.

        Args:
            index: The prompt's index.
            question: The question.
            settings: How neighbours are joined.

        Returns:
            The draft.
        """
        return self.run(self.session(index, question, settings))

    def run(self, session: Session) -> Draft:
        """Hold a conversation.

        Args:
            session: The conversation.

        Returns:
            The draft.
        """
        caller = self.caller()
        while (request := session.ask()) is not None:
            try:
                session.take(caller.ask(request))
            except GenerationError as error:
                session.fail(error)
        return session.finish(caller.name, caller.usage)[0]

    async def arun(self, session: Session) -> Draft:
        """Hold a conversation without blocking; see `run`.

        Args:
            session: The conversation.

        Returns:
            The draft.
        """
        caller = self.caller()
        while (request := session.ask()) is not None:
            try:
                reply = await caller.aask(request)
            except GenerationError as error:
                session.fail(error)
            else:
                await asyncio.to_thread(session.take, reply)
        draft, _ = await asyncio.to_thread(session.finish, caller.name, caller.usage)
        return draft

    def stream(self, session: Session) -> Iterator[PartClaim | Draft]:
        """Hold a conversation and hand on statements as they pass.

        Args:
            session: The conversation.

        Yields:
            The statements that passed, one by one, then the draft.
        """
        caller = self.caller()
        while (request := session.ask()) is not None:
            text = ""
            try:
                for piece in caller.stream(request):
                    text += piece
                    if "}" in piece:
                        yield from session.feed(text)
            except GenerationError as error:
                yield from self._broken(session, text, error)
            else:
                yield from session.take(text)
        draft, added = session.finish(caller.name, caller.usage)
        yield from added
        yield draft

    async def astream(self, session: Session) -> AsyncIterator[PartClaim | Draft]:
        """Hold a conversation and hand on statements as they pass, without blocking; see `stream`.

        Args:
            session: The conversation.

        Yields:
            The statements that passed, one by one, then the draft.
        """
        caller = self.caller()
        while (request := session.ask()) is not None:
            text = ""
            try:
                async for piece in caller.astream(request):
                    text += piece
                    if "}" in piece:
                        for passed in await asyncio.to_thread(session.feed, text):
                            yield passed
            except GenerationError as error:
                for passed in self._broken(session, text, error):
                    yield passed
            else:
                for passed in await asyncio.to_thread(session.take, text):
                    yield passed
        draft, added = await asyncio.to_thread(session.finish, caller.name, caller.usage)
        for passed in added:
            yield passed
        yield draft

    def _broken(self, session: Session, text: str, error: GenerationError) -> list[PartClaim]:
        """Go on after a stream that broke off; a call that gave nothing at all failed."""
        if text and error.temporary:
            return session.broken_off(text)
        session.fail(error)
        return []
