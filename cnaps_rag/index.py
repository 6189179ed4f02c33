"""A prompt's index: the passages of its listed papers and nothing else, ready to be searched."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cnaps_rag.embedding import Embedder
from cnaps_rag.errors import IndexStateError, PromptError
from cnaps_rag.fusion import Rows
from cnaps_rag.joining import adjoins, joined, stretches
from cnaps_rag.layout import FORMAT, Layout
from cnaps_rag.lexical import LexicalIndex
from cnaps_rag.listing import ListedPaper, Prompt, Role
from cnaps_rag.networks import Vectors
from cnaps_rag.prompts import prompt_from_mapping, prompt_to_mapping
from cnaps_rag.records import IndexedPaper, Origin, PaperStatus, Passage, distinct
from cnaps_rag.shards import Fingerprints, Shard, ShardStore
from cnaps_rag.storage import write_json
from cnaps_rag.vectors import VectorIndex

STRETCH_CHARS = 700
"""A quote is shown with as much of its section around it as makes about this length."""


class PromptIndex:
    """The searchable passages of one prompt.

    The scope is the prompt: only shards of its listed papers are ever loaded, so nothing else can be returned.

    Attributes:
        prompt: The prompt.
        papers: Its listed papers as indexed, in the prompt's order.
        embedder: Turns questions into vectors.
        passages: All passages, paper by paper, in reading order.
        vectors: One a passage, of its own words. Shape: (n_passages, dim), float32, unit L2 norm.
        titled_vectors: The same, read behind title and heading. Shape: (n_passages, dim), float32, unit L2 norm.
        documents: SHA-256 of each passage's document. Shape: (n_passages,), str.
        recommended: 1 for passages of recommended models' papers, else 0. Shape: (n_passages,), float64.
        adjoining: For each passage whether the next one adjoins it.
        lengths: Characters of each passage.
    """

    def __init__(
        self, prompt: Prompt, papers: Sequence[IndexedPaper], shards: Sequence[Shard], embedder: Embedder
    ) -> None:
        """Put the shards of a prompt's papers together.

        Args:
            prompt: The prompt.
            papers: Its listed papers as indexed.
            shards: One for each distinct document of `papers`.
            embedder: The embedder that made the shards' vectors.

        Raises:
            IndexStateError: A shard belongs to a document that the prompt does not list.
        """
        self.prompt = prompt
        self.papers = tuple(papers)
        self.embedder = embedder
        self._papers = {paper.document: paper for paper in distinct(papers)}
        foreign = [shard.document.sha256 for shard in shards if shard.document.sha256 not in self._papers]
        if foreign:
            raise IndexStateError(
                f"prompt {prompt.id}: document {foreign[0][:16]} is not one of its listed papers; build it again",
                scope=prompt.id,
                expected=", ".join(sorted(str(document)[:16] for document in self._papers)),
                found=foreign[0][:16],
            )
        self._pages = {
            (shard.document.sha256, page.number): page.text for shard in shards for page in shard.document.pages
        }
        self.passages = tuple(passage for shard in shards for passage in shard.passages)
        self._filled = [shard for shard in shards if shard.passages]
        self.vectors = _stacked([shard.encoded.vectors for shard in self._filled])
        self.titled_vectors = _stacked([shard.encoded.titled for shard in self._filled])
        self.documents = np.array([passage.document for passage in self.passages], dtype=np.str_)
        roles = [self._papers[passage.document].role for passage in self.passages]
        self.recommended = np.array([role is Role.RECOMMENDED for role in roles], dtype=np.float64)
        self.adjoining = [*(adjoins(*pair) for pair in pairwise(self.passages)), False]
        self.lengths = [len(passage.text) for passage in self.passages]

    @cached_property
    def dense(self) -> VectorIndex:
        """Search by meaning over `vectors`."""
        return VectorIndex(self.vectors)

    @cached_property
    def titled(self) -> VectorIndex:
        """Search by meaning over `titled_vectors`."""
        return VectorIndex(self.titled_vectors)

    @cached_property
    def lexical(self) -> LexicalIndex:
        """Search by words over `passages`."""
        return LexicalIndex([passage.text for passage in self.passages])

    def nearest_tokens(self, question: Vectors, documents: Collection[str]) -> Vectors:
        """Find how near each passage comes to each token of a question.

        Args:
            question: The question's tokens. Shape: (n_question_tokens, dim), float32.
            documents: SHA-256 of the documents to look into.

        Returns:
            The largest cosine to a token of the passage, times the L2 norm of the question's; 0 for passages of other
            documents. Shape: (n_question_tokens, n_passages), float32.
        """
        found = [
            shard.encoded.tokens.nearest(question)
            if shard.document.sha256 in documents
            else np.zeros((len(question), len(shard.passages)), dtype=np.float32)
            for shard in self._filled
        ]
        return np.concatenate(found, axis=1)

    @cached_property
    def _stretch_rows(self) -> list[list[int]]:
        return stretches(self.passages, STRETCH_CHARS)

    @cached_property
    def stretches(self) -> tuple[Passage, ...]:
        """The same text in larger pieces: what a quote is shown in. They do not overlap."""
        return tuple(joined([self.passages[row] for row in rows]) for rows in self._stretch_rows)

    @cached_property
    def _stretch_of(self) -> dict[str, int]:
        numbered = list(enumerate(self._stretch_rows))
        own = {self.stretches[number].id: number for number, _ in numbered}
        return {self.passages[row].id: number for number, rows in numbered for row in rows} | own

    def stretch_row(self, passage: Passage) -> int | None:
        """Find the stretch that holds a passage, by its place in `stretches`; None where none does."""
        return self._stretch_of.get(passage.id)

    def rows_of(self, documents: Collection[str | None] | None) -> Rows:
        """List the passages of some documents, by their place in `passages`.

        Args:
            documents: Their SHA-256; None takes all of the index.

        Returns:
            The rows, in order. Shape: (n_rows,), int.
        """
        if documents is None:
            return np.arange(len(self.passages))
        return np.flatnonzero(np.isin(self.documents, [one for one in documents if one is not None]))

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {passage.id: row for row, passage in enumerate(self.passages)}

    def rows_in(self, passage: Passage) -> list[int]:
        """List the passages that one consists of (a stretch, a joined hit), by their place in `passages`.

        Args:
            passage: The passage.

        Returns:
            The rows, in order; none where it does not come from this index.
        """
        if passage.id in self._rows:
            return [self._rows[passage.id]]
        stretch = self.stretch_row(passage)
        return self._joined_rows(passage) if stretch is None else self._stretch_rows[stretch]

    def _joined_rows(self, passage: Passage) -> list[int]:
        places = {(span.page_number, span.start, span.end) for span in passage.spans}
        rows = [
            row
            for row, one in enumerate(self.passages)
            if one.document == passage.document
            and places.issuperset((span.page_number, span.start, span.end) for span in one.spans)
        ]
        return rows if rows and joined([self.passages[row] for row in rows]).id == passage.id else []

    @cached_property
    def _positions(self) -> dict[str, dict[tuple[int, int], int]]:
        starts: dict[str, dict[tuple[int, int], int]] = {}
        for passage in self.passages:
            rows = starts.setdefault(passage.document, {})
            rows.setdefault((passage.page_number or 0, passage.spans[0].start), len(rows))
        return starts

    def position(self, passage: Passage) -> float:
        """Tell how far into its paper a passage begins: 0 for its first passage, near 1 for its last."""
        rows = self._positions[passage.document]
        return rows[passage.page_number or 0, passage.spans[0].start] / len(rows)

    def paper_of(self, passage: Passage) -> IndexedPaper:
        """Find the listed paper that a passage belongs to (the first, where entries share one).

        Args:
            passage: A passage of this index.

        Returns:
            The paper.

        Raises:
            IndexStateError: The passage is not of this index.
        """
        paper = self._papers.get(passage.document)
        if paper is None:
            raise IndexStateError(
                f"prompt {self.prompt.id}: a passage of document {passage.document[:16]} is out of its scope",
                scope=self.prompt.id,
                found=passage.document[:16],
            )
        return paper

    def page_text(self, document: str, page_number: int | None) -> str | None:
        """Look up the frozen text that citations point into.

        Args:
            document: SHA-256 of the document.
            page_number: 1-based page, or None for an abstract taken from the prompt.

        Returns:
            The page's text, or None where there is no such page.
        """
        return self._pages.get((document, page_number))


def _stacked(arrays: Sequence[Vectors]) -> Vectors:
    return np.concatenate(arrays) if arrays else np.zeros((0, 1), dtype=np.float32)


def write_prompt_index(
    layout: Layout, prompt: Prompt, papers: Sequence[IndexedPaper], fingerprints: Fingerprints
) -> None:
    """Write the manifest that makes shards the index of a prompt.

    Args:
        layout: Where.
        prompt: The prompt.
        papers: Its listed papers as indexed.
        fingerprints: What their shards were made with.
    """
    manifest = {
        "format": FORMAT,
        "prompt_id": prompt.id,
        **asdict(fingerprints),
        "prompt": prompt_to_mapping(prompt),
        "papers": [{name: value for name, value in asdict(paper).items() if name != "listed"} for paper in papers],
    }
    write_json(layout.prompt_index(prompt.id), manifest)


def open_prompt_index(layout: Layout, prompt: Prompt, embedder: Embedder) -> PromptIndex:
    """Open the index of a prompt.

    Args:
        layout: Where it lies.
        prompt: The prompt; its id is the scope.
        embedder: The embedder that questions will be turned into vectors with.

    Returns:
        The index.

    Raises:
        IndexStateError: There is none, it is corrupt, or it was made for another prompt or by another embedder.
    """
    path = layout.prompt_index(prompt.id)
    manifest = read_manifest(path)
    _expect(path, prompt.id, "prompt", prompt.id, manifest.get("prompt_id"))
    _expect(path, prompt.id, "embedder", embedder.fingerprint, manifest.get("embedder"))
    papers = papers_of(manifest, path)
    if [paper.listed for paper in papers] != [listed for _, listed in prompt.listed()]:
        raise _unusable(path, prompt.id, "its papers are not those that the prompt lists")
    store = ShardStore(layout)
    shards = [store.read(paper.shard) for paper in distinct(papers) if paper.shard is not None]
    return PromptIndex(prompt, papers, shards, embedder)


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of a prompt index.

    Args:
        path: The manifest.

    Returns:
        Its content, of the current format.

    Raises:
        IndexStateError: There is none, it is corrupt, or it is of another format.
    """
    scope = path.stem
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise IndexStateError(
            f"{path}: there is no index for this prompt here; run: cnaps-rag build PROMPT --index {path.parent.parent}",
            scope=scope,
            expected="a prompt index",
            found="nothing",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _unusable(path, scope, f"{type(error).__name__}: {error}") from error
    if not isinstance(manifest, dict):
        raise _unusable(path, scope, "it is not a manifest")
    _expect(path, scope, "format", FORMAT, manifest.get("format"))
    return manifest


def papers_of(manifest: dict[str, Any], path: Path) -> tuple[IndexedPaper, ...]:
    """Take the listed papers out of a manifest.

    Args:
        manifest: The manifest.
        path: Where it was read from.

    Returns:
        The papers, in the prompt's order.

    Raises:
        IndexStateError: The manifest is corrupt.
    """
    try:
        prompt = prompt_from_mapping(manifest["prompt"])
        pairs = zip(manifest["papers"], prompt.listed(), strict=True)
        return tuple(_paper(row, role, listed) for row, (role, listed) in pairs)
    except (KeyError, TypeError, ValueError, PromptError) as error:
        raise _unusable(path, path.stem, f"{type(error).__name__}: {error}") from error


def _paper(row: dict[str, Any], role: Role, listed: ListedPaper) -> IndexedPaper:
    fields = {**row, "role": role, "listed": listed, "authors": tuple(row.get("authors", ()))}
    return IndexedPaper(**{**fields, "status": PaperStatus(row["status"]), "origin": Origin(row["origin"])})


def _expect(path: Path, scope: str, what: str, expected: object, found: object) -> None:
    if expected != found:
        raise IndexStateError(
            f"{path}: made for another {what} ({found}, not {expected}); name the one it was made with, or build the "
            "prompt again",
            scope=scope,
            expected=str(expected),
            found=str(found),
        )


def _unusable(path: Path, scope: str, reason: str) -> IndexStateError:
    return IndexStateError(
        f"{path}: the prompt index cannot be used ({reason}); build the prompt again, which makes it anew",
        scope=scope,
        expected="a prompt index",
        found=reason,
    )
