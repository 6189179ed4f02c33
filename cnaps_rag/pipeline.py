"""Where the parts are put together: prompt to index, index to answer, prompts to figures."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from cnaps_rag import evaluation, pdf, titles
from cnaps_rag.answering import answer
from cnaps_rag.chunking import Chunker
from cnaps_rag.embedding import Embedder, find_embedder
from cnaps_rag.encoding import VERSION as ENCODING
from cnaps_rag.encoding import encode_passages
from cnaps_rag.entries import abstract_document, alike, filled, first_of_each
from cnaps_rag.errors import CnapsRagError, DocumentError, EvaluationError, IndexStateError
from cnaps_rag.index import PromptIndex, open_prompt_index, papers_of, read_manifest, write_prompt_index
from cnaps_rag.isolation import PdfReader
from cnaps_rag.layout import Layout
from cnaps_rag.listing import ListedPaper, Prompt, Role
from cnaps_rag.prompts import PROMPT_SUFFIXES, read_prompt
from cnaps_rag.records import BuildReport, Document, IndexedPaper, Origin, PaperStatus
from cnaps_rag.retrieval import search_many
from cnaps_rag.settings import Settings
from cnaps_rag.shards import Fingerprints, Shard, ShardStore
from cnaps_rag.sources import FetchedPaper, Library
from cnaps_rag.storage import set_aside, tidy, writer_lock

__all__ = ["Builder", "answer", "build_index", "evaluate_prompts", "open_index"]

EVALUATED_HITS = 60
"""How many passages of each query an evaluation looks at."""


Judge = Callable[[Document], None]
"""Raises a `DocumentError` for a document that must not be indexed."""


class Builder:
    """Builds the indexes of prompts; what one prompt has parsed and embedded the next one finds done."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        pdf_dir: Path | None = None,
        embedder: Embedder | None = None,
        library: Library | None = None,
        progress: bool = False,
    ) -> None:
        """Find the embedder and open the sources; nothing is fetched or loaded yet.

        Args:
            settings: Where everything lies, and the passages' size.
            pdf_dir: A folder of PDFs that is asked before the corpus and the network.
            embedder: Turns passages into vectors; None finds the one that the settings name.
            library: Fetches the PDFs; None makes one of the settings and `pdf_dir`.
            progress: Whether to show progress bars on stderr.
        """
        self.settings = settings or Settings()
        self.embedder = embedder or embedder_of(self.settings)
        self._library = library or Library(self.settings, pdf_dir=pdf_dir)
        self._layout = Layout.of(self.settings)
        self._store = ShardStore(self._layout)
        self._chunker = chunker_of(self.settings)
        self._fingerprints = fingerprints_of(self.settings, self.embedder)
        self._reader = PdfReader(self.settings)
        self._progress = progress
        self._parsed = 0
        self._embedded = 0

    def build(self, prompt: Prompt) -> BuildReport:
        """Build the index of a prompt, or find that it is built.

        Args:
            prompt: The prompt.

        Returns:
            What became of each listed paper, and how much had to be parsed and embedded for it.
        """
        return next(self.build_all([prompt]))

    def build_all(self, prompts: Sequence[Prompt]) -> Iterator[BuildReport]:
        """Build the indexes of several prompts; their papers are fetched first, those of different hosts side by side.

        Args:
            prompts: The prompts.

        Yields:
            What `build` returns, prompt by prompt.
        """
        tidy((self._layout.shards_dir, self._layout.prompts_dir), self._layout.index_lock)
        everything = [paper for prompt in prompts for _, paper in prompt.listed()]
        fetched = iter(self._library.fetch(everything, self._tell if self._progress else None))
        for prompt in prompts:
            yield self._build(prompt, list(islice(fetched, len(list(prompt.listed())))))

    def _build(self, prompt: Prompt, fetched: Sequence[FetchedPaper]) -> BuildReport:
        self._parsed = self._embedded = 0
        listed = list(prompt.listed())
        summaries = first_of_each(fetched, [paper.summary for _, paper in listed])
        names = first_of_each(fetched, [paper.name if role is Role.RELATED else None for role, paper in listed])
        done: dict[str, IndexedPaper] = {}
        papers, seconds = [], []
        pairs = list(zip(listed, fetched, strict=True))
        for (role, paper), source in tqdm(pairs, "papers", unit="paper", disable=not self._progress, leave=False):
            key = source.address.key
            begun_s = time.perf_counter() - source.seconds
            if key not in done:
                done[key] = self._index(role, paper, source, name=names.get(key), summary=summaries.get(key))
                seconds.append(time.perf_counter() - begun_s)
            else:
                seconds.append(0.0)
            papers.append(replace(done[key], role=role, listed=paper))
        self._write(prompt, papers)
        return BuildReport(
            prompt_id=prompt.id,
            papers=tuple(papers),
            documents_parsed=self._parsed,
            passages_embedded=self._embedded,
            seconds=tuple(seconds),
        )

    def _tell(self, paper: FetchedPaper) -> None:
        size = f" ({paper.bytes:,} bytes)" if paper.bytes else ""
        tqdm.write(f"{paper.address.key}: {paper.status}, {paper.origin}{size}", file=sys.stderr)

    def _index(
        self, role: Role, paper: ListedPaper, source: FetchedPaper, *, name: str | None, summary: str | None
    ) -> IndexedPaper:
        """Index the paper's PDF, else its abstract, else nothing; `name` is the title that the prompt gives it."""
        title = source.title or name
        entry = IndexedPaper(
            role=role,
            listed=paper,
            key=source.address.key,
            status=source.status,
            origin=source.origin,
            title=title or paper.name,
            bytes=source.bytes,
            reason=source.reason,
            authors=source.authors,
            journal=source.journal,
        )
        if source.path is not None and source.sha256 is not None:
            judge = partial(self._judge, source.path, listed=name, arxiv=source.title, abstract=summary)
            try:
                shard_name, shard = self._pdf_shard(source.sha256, source.path, judge)
            except DocumentError as error:
                entry = replace(entry, status=PaperStatus(error.status), origin=Origin.NONE, reason=error.message)
                if entry.status is PaperStatus.TITLE_MISMATCH:
                    entry = replace(entry, title=name or entry.title)
            else:
                return filled(entry, shard_name, shard, title or shard.document.title or paper.name)
        if summary is None:
            return entry
        document = abstract_document(entry.title, summary)
        return filled(replace(entry, origin=Origin.ABSTRACT), *self._shard(document.sha256, document), entry.title)

    def _judge(
        self, path: Path, document: Document, *, listed: str | None, arxiv: str | None, abstract: str | None
    ) -> None:
        """Refuse a document that is another paper than the listed one."""
        wrong = titles.mismatch(document, listed=listed, arxiv=arxiv, abstract=abstract)
        if wrong is not None and not self.settings.accept_mismatch:
            message = f"{path}: {wrong}; correct the prompt, replace the PDF, or build with --accept-mismatch"
            raise DocumentError(message, path=path, status=PaperStatus.TITLE_MISMATCH)

    def _pdf_shard(self, sha256: str, path: Path, judge: Judge) -> tuple[str, Shard]:
        name, shard = self._shard(sha256, path, judge)
        if not shard.passages:
            raise DocumentError(
                f"{path}: its text holds no sentence to quote; supply a PDF with a text layer",
                path=path,
                status=PaperStatus.NO_TEXT,
            )
        return name, shard

    def _shard(self, sha256: str, source: Path | Document, judge: Judge | None = None) -> tuple[str, Shard]:
        """Read the shard of a document, or make it where there is none that can be used."""
        name = self._fingerprints.shard_name(sha256)
        known = self._known(name)
        if known is None:
            document = source if isinstance(source, Document) else self._parse(source, sha256)
        else:
            document = known.document
        if judge is not None:
            judge(document)
        if known is not None:
            return name, known
        passages = self._chunker.passages(document)
        self._embedded += len(passages)
        encoded = encode_passages(document.title, passages, self.embedder, progress=self._progress)
        shard = Shard(document=document, passages=passages, encoded=encoded)
        with writer_lock(self._layout.index_lock):
            self._store.write(name, shard, self._fingerprints)
        return name, shard

    def _known(self, name: str) -> Shard | None:
        """Read a shard; one that is broken is set aside, one whose pages fell to other limits than now is read anew."""
        if not self._store.exists(name):
            return None
        try:
            shard = self._store.read(name)
        except IndexStateError:
            with writer_lock(self._layout.index_lock):
                self._store.set_aside(name)
            return None
        return None if self._reader.outdated(shard.document) else shard

    def _parse(self, path: Path, sha256: str) -> Document:
        self._parsed += 1
        return self._reader.read(path, sha256)

    def _write(self, prompt: Prompt, papers: Sequence[IndexedPaper]) -> None:
        """Write the manifest unless it already says the same; one that cannot be read is set aside first."""
        path = self._layout.prompt_index(prompt.id)
        try:
            manifest = read_manifest(path)
            known = {name: manifest.get(name) for name in asdict(self._fingerprints)}
            if known == asdict(self._fingerprints) and alike(papers_of(manifest, path), papers):
                return
        except IndexStateError:
            if path.exists():
                with writer_lock(self._layout.index_lock):
                    set_aside(path, self._layout.set_aside_dir)
        with writer_lock(self._layout.index_lock):
            write_prompt_index(self._layout, prompt, papers, self._fingerprints)


def build_index(
    prompt: Prompt | Path | str,
    *,
    settings: Settings | None = None,
    pdf_dir: Path | str | None = None,
    embedder: Embedder | None = None,
    progress: bool = False,
) -> PromptIndex:
    """Build the index of a prompt and open it.

    Args:
        prompt: The prompt, or its file.
        settings: Where everything lies, and the passages' size.
        pdf_dir: A folder of PDFs that is asked before the corpus and the network.
        embedder: Turns passages and questions into vectors; None finds the one that the settings name.
        progress: Whether to show progress bars on stderr.

    Returns:
        The index; its `papers` say what became of each listed paper.
    """
    prompt = prompt if isinstance(prompt, Prompt) else read_prompt(prompt)
    folder = None if pdf_dir is None else Path(pdf_dir)
    builder = Builder(settings, pdf_dir=folder, embedder=embedder, progress=progress)
    builder.build(prompt)
    return open_index(prompt, settings=builder.settings, embedder=builder.embedder)


def open_index(
    prompt: Prompt | Path | str, *, settings: Settings | None = None, embedder: Embedder | None = None
) -> PromptIndex:
    """Open the index of a prompt that was built before.

    Args:
        prompt: The prompt, or its file.
        settings: Where the index lies, and the embedder.
        embedder: The embedder that it was built with; None finds the one that the settings name.

    Returns:
        The index.
    """
    settings = settings or Settings()
    prompt = prompt if isinstance(prompt, Prompt) else read_prompt(prompt)
    embedder = embedder or embedder_of(settings)
    return open_prompt_index(Layout.of(settings), prompt, embedder)


def evaluate_prompts(
    prompts_dir: Path,
    *,
    gold_dir: Path | None = None,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
    progress: bool = False,
) -> evaluation.EvaluationReport:
    """Answer every prompt of a folder and measure the answers and the retrieval.

    Args:
        prompts_dir: The prompt files; their indexes must have been built.
        gold_dir: One gold file a prompt, of the same stem; None measures what needs no gold.
        settings: Where the indexes lie.
        embedder: The embedder that they were built with.
        progress: Whether to show a progress bar on stderr.

    Returns:
        Figures by prompt and their means; prompts that failed are listed with the reason.
    """
    settings = settings or Settings()
    embedder = embedder or embedder_of(settings)
    golds = {} if gold_dir is None else evaluation.read_gold_folder(gold_dir)
    results, failures = [], []
    for path in tqdm(prompt_files(prompts_dir), desc="prompts", unit="prompt", disable=not progress, leave=False):
        try:
            index = open_index(path, settings=settings, embedder=embedder)
            results.append(_evaluate(path.stem, index, golds.get(path.stem), settings))
        except CnapsRagError as error:
            failures.append(evaluation.Failure(case=path.stem, reason=str(error)))
    return evaluation.summarise(results, failures)


def prompt_files(folder: Path) -> list[Path]:
    """List the prompt files of a folder.

    Args:
        folder: The folder.

    Returns:
        The files, by name.

    Raises:
        EvaluationError: There is no such folder, it holds no prompt file, or two of one stem.
    """
    if not folder.is_dir():
        raise EvaluationError("there is no such folder; name the folder of the prompt files", path=folder)
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in PROMPT_SUFFIXES)
    if not files:
        raise EvaluationError(f"holds no prompt file ({', '.join(sorted(PROMPT_SUFFIXES))})", path=folder)
    stems = [path.stem for path in files]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise EvaluationError(f"holds two prompt files named {twice[0]}; rename one of them", path=folder)
    return files


def embedder_of(settings: Settings) -> Embedder:
    """Find the embedder that the settings name."""
    return find_embedder(settings.embedder, offline=settings.offline, device=settings.device)


def chunker_of(settings: Settings) -> Chunker:
    """Make the chunker that the settings describe."""
    return Chunker(passage_chars=settings.passage_chars, passage_sentences=settings.passage_sentences)


def fingerprints_of(settings: Settings, embedder: Embedder) -> Fingerprints:
    """Name what shards made under these settings depend on."""
    return Fingerprints(
        parser=pdf.fingerprint(settings.pdf_backend),
        chunker=f"{chunker_of(settings).fingerprint}-{ENCODING}",
        embedder=embedder.fingerprint,
    )


def _evaluate(
    case: str, index: PromptIndex, gold: evaluation.GoldCase | None, settings: Settings
) -> evaluation.CaseResult:
    searched: Mapping[str, Sequence[str]] | None = None
    if gold is not None:
        queries = evaluation.queries_of(gold)
        found = search_many(index, [question for _, question in queries], k=EVALUATED_HITS, settings=settings)
        texts = [[hit.passage.text for hit in hits] for hits in found]
        searched = {name: passages for (name, _), passages in zip(queries, texts, strict=True)}
    documents = {paper.listed.url: paper.document for paper in index.papers}

    def page_text(url: str, page_number: int | None) -> str | None:
        document = documents.get(url)
        return None if document is None else index.page_text(document, page_number)

    return evaluation.evaluate_case(
        case=case,
        prompt=index.prompt,
        answer=answer(index, settings=settings),
        gold=gold,
        searched=searched,
        page_text=page_text,
    )
