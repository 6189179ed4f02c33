"""Closed-world retrieval-augmented QA: answers from the papers that a prompt lists, and from nothing else.

```python
from cnaps_rag import answer, build_index

index = build_index("prompt.txt", pdf_dir="papers")
print(answer(index))
```

Importing this package loads neither torch nor faiss nor sentence_transformers nor langchain_core; they are loaded when
first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnaps_rag import version

if TYPE_CHECKING:
    from cnaps_rag.answering import VerifiedClaim as VerifiedClaim
    from cnaps_rag.answering import aanswer as aanswer
    from cnaps_rag.answering import astream_answer as astream_answer
    from cnaps_rag.answering import stream_answer as stream_answer
    from cnaps_rag.answers import Answer as Answer
    from cnaps_rag.errors import CnapsRagError as CnapsRagError
    from cnaps_rag.generation import ChatGenerator as ChatGenerator
    from cnaps_rag.listing import ListedPaper as ListedPaper
    from cnaps_rag.listing import Prompt as Prompt
    from cnaps_rag.pipeline import answer as answer
    from cnaps_rag.pipeline import build_index as build_index
    from cnaps_rag.pipeline import evaluate_prompts as evaluate_prompts
    from cnaps_rag.pipeline import open_index as open_index
    from cnaps_rag.prompts import read_prompt as read_prompt
    from cnaps_rag.rendering import render as render
    from cnaps_rag.retrieval import search as search
    from cnaps_rag.runnables import Embeddings as Embeddings
    from cnaps_rag.runnables import Retriever as Retriever
    from cnaps_rag.runnables import answer_runnable as answer_runnable
    from cnaps_rag.settings import Settings as Settings

__version__ = version.VERSION

_HOMES = {
    "Answer": "answers",
    "ChatGenerator": "generation",
    "CnapsRagError": "errors",
    "Embeddings": "runnables",
    "ListedPaper": "listing",
    "Prompt": "listing",
    "Retriever": "runnables",
    "Settings": "settings",
    "VerifiedClaim": "answering",
    "aanswer": "answering",
    "answer": "answering",
    "answer_runnable": "runnables",
    "astream_answer": "answering",
    "build_index": "pipeline",
    "evaluate_prompts": "pipeline",
    "open_index": "pipeline",
    "read_prompt": "prompts",
    "render": "rendering",
    "search": "retrieval",
    "stream_answer": "answering",
}

__all__ = [
    "Answer",
    "ChatGenerator",
    "CnapsRagError",
    "Embeddings",
    "ListedPaper",
    "Prompt",
    "Retriever",
    "Settings",
    "VerifiedClaim",
    "aanswer",
    "answer",
    "answer_runnable",
    "astream_answer",
    "build_index",
    "evaluate_prompts",
    "open_index",
    "read_prompt",
    "render",
    "search",
    "stream_answer",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for.

    Args:
        name: The name.

    Returns:
        What it names.

    Raises:
        AttributeError: It is not public.
    """
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
