"""Drafting an answer from retrieved passages; `citations` verifies what is drafted here."""

from cnaps_rag.generation.chat import ChatGenerator
from cnaps_rag.generation.drafts import Draft, DraftClaim, DraftNote, Evidence, Generator
from cnaps_rag.generation.extractive import ExtractiveGenerator

__all__ = ["ChatGenerator", "Draft", "DraftClaim", "DraftNote", "Evidence", "ExtractiveGenerator", "Generator"]
