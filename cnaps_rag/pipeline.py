"""Where the parts are put together: prompt to index, index to answer, prompts to figures."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tqdm import tqdm

from cnaps_rag import evaluation, pdf
from cnaps_rag.chunking import Chunker, embedding_text
from cnaps_rag.citations import verify
from cnaps_rag.embedding import Embedder, find_embedder
from cnaps_rag.errors import CnapsRagError, DocumentError, EvaluationError, IndexStateError
from cnaps_rag.generation import ExtractiveGenerator, Generator
from cnaps_rag.index import PromptIndex, open_prompt_index, papers_of, read_manifest, write_prompt_index
from cnaps_rag.layout import Layout
from cnaps_rag.page_text import abstract_page
from cnaps_rag.prompts import read_prompt
from cnaps_rag.records import (
    Answer,
    BuildReport,
    Document,
    IndexedPaper,
    ListedPaper,
    Origin,
    PaperStatus,
    Prompt,
    Role,
)
from cnaps_rag.retrieval import search_many
from cnaps_rag.settings import Settings
from cnaps_rag.shards import Fingerprints, Shard, ShardStore
from cnaps_rag.sources import FetchedPaper, Library
from cnaps_rag.storage import set_aside, writer_lock

PROMPT_SUFFIXES = frozenset({".txt", ".json", ".yaml", ".yml"})
EVALUATED_HITS = 60
"""How many passages of each query an evaluation looks at."""


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
        self.embedder = embedder or find_embedder(self.settings.embedder, offline=self.settings.offline)
        self._library = library or Library(self.settings, pdf_dir=pdf_dir)
        self._layout = Layout.of(self.settings)
        self._store = ShardStore(self._layout)
        self._chunker = chunker_of(self.settings)
        self._fingerprints = fingerprints_of(self.settings, self.embedder)
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
        self._parsed = self._embedded = 0
        listed = list(prompt.listed())
        fetched = self._library.fetch([paper for _, paper in listed])
        summaries = _by_key(fetched, [paper.summary for _, paper in listed])
        titles = _by_key(fetched, [paper.name if role is Role.RELATED else None for role, paper in listed])
        done: dict[str, IndexedPaper] = {}
        papers = []
        pairs = list(zip(listed, fetched, strict=True))
        for (role, paper), source in tqdm(pairs, "papers", unit="paper", disable=not self._progress, leave=False):
            key = source.address.key
            title = source.title or titles.get(key)
            if key not in done:
                done[key] = self._index(role, paper, source, title=title, summary=summaries.get(key))
            papers.append(replace(done[key], role=role, listed=paper))
        self._write(prompt, papers)
        return BuildReport(
            prompt_id=prompt.id,
            papers=tuple(papers),
            documents_parsed=self._parsed,
            passages_embedded=self._embedded,
        )

    def _index(
        self, role: Role, paper: ListedPaper, source: FetchedPaper, *, title: str | None, summary: str | None
    ) -> IndexedPaper:
        """Index the paper's PDF, else its abstract, else nothing."""
        entry = IndexedPaper(
            role=role,
            listed=paper,
            key=source.address.key,
            status=source.status,
            origin=source.origin,
            title=title or paper.name,
            bytes=source.bytes,
            reason=source.reason,
        )
        if source.path is not None and source.sha256 is not None:
            try:
                shard_name, shard = self._shard(source.sha256, source.path)
            except DocumentError as error:
                entry = replace(entry, status=PaperStatus(error.status), origin=Origin.NONE, reason=error.message)
            else:
                return _filled(entry, shard_name, shard, title or shard.document.title or paper.name)
        if summary is None:
            return entry
        document = _abstract(entry.title, summary)
        return _filled(replace(entry, origin=Origin.ABSTRACT), *self._shard(document.sha256, document), entry.title)

    def _shard(self, sha256: str, source: Path | Document) -> tuple[str, Shard]:
        """Read the shard of a document, or make it where there is none that can be used."""
        name = self._fingerprints.shard_name(sha256)
        if self._store.exists(name):
            try:
                return name, self._store.read(name)
            except IndexStateError:
                with writer_lock(self._layout.index_lock):
                    self._store.set_aside(name)
        document = source if isinstance(source, Document) else self._parse(source)
        passages = self._chunker.passages(document)
        texts = [embedding_text(document.title, passage) for passage in passages]
        self._embedded += len(texts)
        shard = Shard(document=document, passages=passages, vectors=self.embedder.embed(texts, progress=self._progress))
        with writer_lock(self._layout.index_lock):
            self._store.write(name, shard, self._fingerprints)
        return name, shard

    def _parse(self, path: Path) -> Document:
        self._parsed += 1
        return pdf.read_document(path)

    def _write(self, prompt: Prompt, papers: Sequence[IndexedPaper]) -> None:
        """Write the manifest unless it already says the same; one that cannot be read is set aside first."""
        path = self._layout.prompt_index(prompt.id)
        try:
            manifest = read_manifest(path)
            known = {name: manifest.get(name) for name in asdict(self._fingerprints)}
            if known == asdict(self._fingerprints) and papers_of(manifest, path) == tuple(papers):
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
    embedder = embedder or find_embedder(settings.embedder, offline=settings.offline)
    return open_prompt_index(Layout.of(settings), prompt, embedder)


def answer(
    index: PromptIndex,
    *,
    question: str | None = None,
    generator: Generator | None = None,
    settings: Settings | None = None,
) -> Answer:
    """Answer a question from a prompt's index.

    Args:
        index: The index.
        question: The question; None asks the prompt's own.
        generator: Drafts the answer; None takes the extractive generator, which needs no model and no network.
        settings: Depth of the searches.

    Returns:
        The answer: every citation of it resolves to a retrieved passage.
    """
    question = index.prompt.question if question is None else question
    draft = (generator or ExtractiveGenerator()).draft(index, question, settings or Settings())
    return verify(draft, index, question)


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
    embedder = embedder or find_embedder(settings.embedder, offline=settings.offline)
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


def chunker_of(settings: Settings) -> Chunker:
    """Make the chunker that the settings describe."""
    return Chunker(passage_chars=settings.passage_chars, passage_sentences=settings.passage_sentences)


def fingerprints_of(settings: Settings, embedder: Embedder) -> Fingerprints:
    """Name what shards made under these settings depend on."""
    return Fingerprints(parser=pdf.FINGERPRINT, chunker=chunker_of(settings).fingerprint, embedder=embedder.fingerprint)


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


def _by_key(fetched: Iterable[FetchedPaper], values: Iterable[str | None]) -> dict[str, str]:
    """Take the first value that any entry of a paper has; entries of a prompt may share a paper."""
    found: dict[str, str] = {}
    for source, value in zip(fetched, values, strict=True):
        if value is not None:
            found.setdefault(source.address.key, value)
    return found


def _abstract(title: str, summary: str) -> Document:
    page = abstract_page(summary)
    sha256 = hashlib.sha256(f"{title}\n{page.text}".encode()).hexdigest()
    return Document(sha256=sha256, title=title, pages=(page,))


def _filled(entry: IndexedPaper, shard_name: str, shard: Shard, title: str) -> IndexedPaper:
    document = shard.document
    return replace(
        entry,
        document=document.sha256,
        title=title,
        shard=shard_name,
        page_count=sum(page.number is not None for page in document.pages),
        lost_page_count=len(document.lost_pages),
        passage_count=len(shard.passages),
    )
