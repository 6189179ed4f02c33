"""Passages and questions to the vectors that a search compares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cnaps_rag.chunking import embedding_text
from cnaps_rag.embedding import Embedder, SpanVectors, TokenEmbedder
from cnaps_rag.joining import adjoins
from cnaps_rag.networks import Vectors
from cnaps_rag.records import Passage
from cnaps_rag.token_vectors import TokenVectors, pooled

VERSION = "encoding-3"
WINDOW_CHARS = 640
"""Passages that stand side by side are embedded together up to about this length, with their neighbours as context."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedPassages:
    """The vectors of one paper's passages.

    Attributes:
        vectors: One a passage, of its own words. Shape: (n_passages, dim), float32, unit L2 norm.
        titled: The same, read behind title and heading. Shape: (n_passages, dim), float32, unit L2 norm.
        tokens: The token vectors of each passage, read among its neighbours and pooled; its vector of `titled` alone
            where the embedder gives no token vectors.
    """

    vectors: Vectors
    titled: Vectors
    tokens: TokenVectors


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedQuestion:
    """A question and its vectors.

    Attributes:
        text: The question.
        vector: Shape: (dim,), float32, unit L2 norm.
        tokens: Its tokens, or its vector alone where the embedder gives no token vectors. Their L2 norms tell how much
            each counts, and have the mean 1. Shape: (n_tokens, dim), float32.
    """

    text: str
    vector: Vectors
    tokens: Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """A text to embed, and where the passages that it is embedded for stand in it."""

    text: str
    spans: tuple[tuple[int, int], ...]


def encode_questions(questions: Sequence[str], embedder: Embedder) -> list[EncodedQuestion]:
    """Turn questions into vectors.

    Args:
        questions: Any texts.
        embedder: The embedder.

    Returns:
        The vectors of each.
    """
    if not isinstance(embedder, TokenEmbedder):
        embedded = zip(questions, embedder.embed(questions), strict=True)
        return [EncodedQuestion(text=text, vector=vector, tokens=vector[None]) for text, vector in embedded]
    spans = zip(questions, embedder.embed_questions(questions), strict=True)
    return [EncodedQuestion(text=text, vector=span.mean, tokens=_worded(span)) for text, span in spans]


def encode_passages(
    title: str | None, passages: Sequence[Passage], embedder: Embedder, *, progress: bool = False
) -> EncodedPassages:
    """Turn the passages of a paper into vectors, each read alone, with title and section, and among its neighbours.

    Args:
        title: The paper's title, or None.
        passages: The passages, in reading order.
        embedder: The embedder.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The vectors.
    """
    both = [*(passage.text for passage in passages), *(embedding_text(title, passage) for passage in passages)]
    vectors, titled = np.split(embedder.embed(both), 2)
    if isinstance(embedder, TokenEmbedder):
        tokens = _token_vectors(title, passages, embedder, progress=progress)
    else:
        tokens = [vector[None] for vector in titled]
    compressed = TokenVectors.compress(tokens, vectors.shape[1])
    return EncodedPassages(vectors=vectors, titled=titled, tokens=compressed)


def _token_vectors(
    title: str | None, passages: Sequence[Passage], embedder: TokenEmbedder, *, progress: bool
) -> list[Vectors]:
    windows = list(_windows(title, passages))
    found = embedder.embed_spans([w.text for w in windows], [w.spans for w in windows], progress=progress)
    spans = _completed(passages, [span for spans in found for span in spans], embedder)
    return [pooled(_worded(span)) for span in spans]


def _windows(title: str | None, passages: Sequence[Passage]) -> Iterator[_Window]:
    """Cut the passages into runs that stand side by side, none much longer than a window."""
    first, chars = 0, 0
    for row, passage in enumerate(passages):
        chars += len(passage.text)
        if row > first and (chars > WINDOW_CHARS or not adjoins(passages[row - 1], passage)):
            yield _window(title, passages, range(first, row))
            first, chars = row, len(passage.text)
    if passages:
        yield _window(title, passages, range(first, len(passages)))


def _window(title: str | None, passages: Sequence[Passage], rows: range) -> _Window:
    before, after = rows.start - 1, rows.stop
    shown = [*rows]
    if before >= 0 and adjoins(passages[before], passages[rows.start]):
        shown.insert(0, before)
    if after < len(passages) and adjoins(passages[after - 1], passages[after]):
        shown.append(after)
    text = embedding_text(title, passages[shown[0]]).removesuffix(passages[shown[0]].text)
    spans: list[tuple[int, int]] = []
    for row in shown:
        text += " " * bool(text and not text.endswith(" "))
        if row in rows:
            spans.append((len(text), len(text) + len(passages[row].text)))
        text += passages[row].text
    return _Window(text=text, spans=tuple(spans))


def _completed(passages: Sequence[Passage], spans: Sequence[SpanVectors], embedder: TokenEmbedder) -> list[SpanVectors]:
    """Read what lies behind the end of the model's window without its context."""
    lost = [row for row, span in enumerate(spans) if not len(span.tokens)]
    texts = [passages[row].text for row in lost]
    alone = embedder.embed_spans(texts, [[(0, len(text))] for text in texts]) if texts else []
    found = dict(zip(lost, (span for (span,) in alone), strict=True))
    return [found.get(row, span) for row, span in enumerate(spans)]


def _worded(span: SpanVectors) -> Vectors:
    """Take a text's token vectors, or its mean where no token of it has a letter or a digit."""
    return span.tokens if len(span.tokens) else span.mean[None]
