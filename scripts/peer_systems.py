"""Build and search one retrieval system over the PDFs of each prompt; scripts/bench_peers.py starts it, once a system.

    python scripts/peer_systems.py SYSTEM JOB RESULT

JOB and RESULT are JSON files. Each system uses its own reader, chunker and store, as its documentation has them, and
the embedding model that the job names. A paper is read and embedded once however many prompts list it (txtai: its index
embeds for itself), and each prompt has an index of its own. Nothing here imports cnaps_rag but `Ours`: the peers run in
an environment that need not have it.
"""

import asyncio
import importlib.metadata
import json
import os
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

Case = Mapping[str, Any]
Search = Callable[[str], list[str]]

KIB_PER_MIB = 1024
MS_PER_S = 1000
MISSING = 3
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "TOKENIZERS_PARALLELISM": "false",
}


class System:
    """A retrieval system.

    Attributes:
        title: What people call it.
        recipe: Reader, chunker, store and search that are measured, with their sizes.
        distributions: The packages whose versions count.
    """

    title: ClassVar[str]
    recipe: ClassVar[str]
    distributions: ClassVar[tuple[str, ...]]

    def __init__(self, job: Mapping[str, Any]) -> None:
        """Keep what the job says; systems load their model here too.

        Args:
            job: Names the model's folder and how many passages a search returns.
        """
        self.model = str(job["model"])
        self.k = int(job["k"])

    def build(self, cases: Sequence[Case]) -> tuple[dict[str, Search], int]:
        """Build an index for each case.

        Args:
            cases: Name, prompt file and PDFs of each.

        Returns:
            The search of each case by its name, and how many passages were made of all PDFs.
        """
        raise NotImplementedError


class Peer(System):
    """What the peers have in common: papers are read one by one, and a case's index is made of its papers."""

    def build(self, cases: Sequence[Case]) -> tuple[dict[str, Search], int]:
        """Read each paper once and build an index for each case.

        Args:
            cases: Name and PDFs of each.

        Returns:
            The search of each case by its name, and how many passages were made of all PDFs.
        """
        pdfs = sorted({pdf for case in cases for pdf in case["pdfs"]})
        passages = {pdf: self.read(pdf) for pdf in pdfs}
        searches = {case["case"]: self.index([one for pdf in case["pdfs"] for one in passages[pdf]]) for case in cases}
        return searches, sum(map(len, passages.values()))

    def read(self, pdf: str) -> list[Any]:
        """Read and cut one paper, and embed its passages.

        Args:
            pdf: Path of the PDF.

        Returns:
            The passages in the system's own type.
        """
        raise NotImplementedError

    def index(self, passages: Sequence[Any]) -> Search:
        """Index passages.

        Args:
            passages: What `read` gave for each paper of the case.

        Returns:
            Finds the texts of the passages that match a question, best first.
        """
        raise NotImplementedError


class LangChain(Peer):
    """The recipe of LangChain's tutorial on retrieval from PDFs.

    Source: https://docs.langchain.com/oss/python/langchain/knowledge-base
    """

    title = "LangChain"
    recipe = "PyPDFLoader, RecursiveCharacterTextSplitter 1000/200 characters, FAISS, similarity search"
    distributions = (
        "langchain-community",
        "langchain-text-splitters",
        "langchain-huggingface",
        "langchain-core",
        "pypdf",
    )

    def __init__(self, job: Mapping[str, Any]) -> None:
        """Load the model and make the splitter; see `System`."""
        super().__init__(job)
        from langchain_huggingface import HuggingFaceEmbeddings
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        self.embeddings = HuggingFaceEmbeddings(model_name=self.model)
        self.splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)

    def read(self, pdf: str) -> list[tuple[str, list[float]]]:
        """Give texts with their vectors; see `Peer.read`."""
        from langchain_community.document_loaders import PyPDFLoader

        texts = [chunk.page_content for chunk in self.splitter.split_documents(PyPDFLoader(pdf).load())]
        return list(zip(texts, self.embeddings.embed_documents(texts), strict=True))

    def index(self, passages: Sequence[tuple[str, list[float]]]) -> Search:
        """Put them into a FAISS store; see `Peer.index`."""
        from langchain_community.vectorstores import FAISS

        store = FAISS.from_embeddings(list(passages), self.embeddings)
        return lambda question: [found.page_content for found in store.similarity_search(question, k=self.k)]


class LlamaIndex(Peer):
    """The starter example of LlamaIndex: everything at its default.

    Source: https://developers.llamaindex.ai/python/framework/getting_started/starter_example_local
    """

    title = "LlamaIndex, dense"
    recipe = "SimpleDirectoryReader, SentenceSplitter 1024/200 tokens, VectorStoreIndex"
    distributions: ClassVar[tuple[str, ...]] = (
        "llama-index-core",
        "llama-index-readers-file",
        "llama-index-embeddings-huggingface",
        "pypdf",
    )
    splitting: ClassVar[Mapping[str, int]] = {}

    def __init__(self, job: Mapping[str, Any]) -> None:
        """Load the model and make the splitter; see `System`."""
        super().__init__(job)
        from llama_index.core.node_parser import SentenceSplitter
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        self.embeddings = HuggingFaceEmbedding(model_name=self.model)
        self.splitter = SentenceSplitter(**self.splitting)

    def read(self, pdf: str) -> list[Any]:
        """Give nodes with their vectors; see `Peer.read`."""
        from llama_index.core import SimpleDirectoryReader
        from llama_index.core.ingestion import run_transformations

        documents = SimpleDirectoryReader(input_files=[pdf]).load_data()
        return list(run_transformations(documents, [self.splitter, self.embeddings]))

    def index(self, passages: Sequence[Any]) -> Search:
        """Put them into a vector index; see `Peer.index`."""
        retriever = self.retriever(passages)
        return lambda question: [found.node.get_content() for found in retriever.retrieve(question)]

    def retriever(self, nodes: Sequence[Any]) -> Any:
        """Make the retriever of an index over nodes.

        Args:
            nodes: What `read` gave.

        Returns:
            LlamaIndex's retriever.
        """
        return self.vectors(nodes).as_retriever(similarity_top_k=self.k)

    def vectors(self, nodes: Sequence[Any]) -> Any:
        """Make a vector index over nodes, which keeps the vectors that they have.

        Args:
            nodes: What `read` gave.

        Returns:
            LlamaIndex's index.
        """
        from llama_index.core import VectorStoreIndex

        return VectorStoreIndex(nodes=list(nodes), embed_model=self.embeddings)


class LlamaIndexHybrid(LlamaIndex):
    """LlamaIndex's example of dense and BM25 retrieval with reciprocal rank fusion.

    Source: https://developers.llamaindex.ai/python/framework/integrations/retrievers/reciprocal_rerank_fusion
    """

    title = "LlamaIndex, dense + BM25"
    recipe = (
        "SimpleDirectoryReader, SentenceSplitter 256/200 tokens, VectorStoreIndex and BM25Retriever, "
        "QueryFusionRetriever (reciprocal rank fusion)"
    )
    distributions = (*LlamaIndex.distributions, "llama-index-retrievers-bm25")
    splitting: ClassVar[Mapping[str, int]] = {"chunk_size": 256}

    def retriever(self, nodes: Sequence[Any]) -> Any:
        """Fuse the two retrievers; see `LlamaIndex.retriever`."""
        from llama_index.core.llms import MockLLM
        from llama_index.core.retrievers import QueryFusionRetriever
        from llama_index.retrievers.bm25 import BM25Retriever

        dense = super().retriever(nodes)
        lexical = BM25Retriever.from_defaults(nodes=list(nodes), similarity_top_k=self.k)
        return QueryFusionRetriever(
            [dense, lexical],
            llm=MockLLM(),
            similarity_top_k=self.k,
            num_queries=1,
            mode="reciprocal_rerank",
            use_async=False,
        )


class Txtai(Peer):
    """The RAG quick start of txtai, with the hybrid index that its documentation offers.

    Source: https://github.com/neuml/txtai/blob/master/examples/rag_quickstart.py
    """

    title = "txtai, hybrid"
    recipe = "Textractor (LiteParse) by sections, Embeddings with hybrid=True (dense + BM25)"
    distributions: ClassVar[tuple[str, ...]] = ("txtai", "liteparse", "beautifulsoup4")
    cutting: ClassVar[Mapping[str, bool]] = {"sections": True}

    def __init__(self, job: Mapping[str, Any]) -> None:
        """Make the reader, without the OCR that would be downloaded; see `System`."""
        super().__init__(job)
        import liteparse
        from txtai.pipeline import Textractor

        self.textractor = Textractor(backend="liteparse", **self.cutting)
        self.textractor.html.backend.liteparse = liteparse.LiteParse(
            output_format="markdown", ocr_enabled=False, quiet=True
        )

    def read(self, pdf: str) -> list[str]:
        """Give texts; the index embeds them; see `Peer.read`."""
        return list(self.textractor(pdf))

    def index(self, passages: Sequence[str]) -> Search:
        """Embed and index them; see `Peer.index`."""
        from txtai import Embeddings

        embeddings = Embeddings(path=self.model, content=True, hybrid=True)
        embeddings.index(list(passages))
        return lambda question: [found["text"] for found in embeddings.search(question, self.k)]


class TxtaiParagraphs(Txtai):
    """The same with the finer cut that Textractor offers.

    Source: https://neuml.github.io/txtai/pipeline/data/textractor
    """

    title = "txtai, hybrid, paragraphs"
    recipe = "Textractor (LiteParse) by paragraphs, Embeddings with hybrid=True (dense + BM25)"
    cutting: ClassVar[Mapping[str, bool]] = {"paragraphs": True}


class PaperQa(Peer):
    """The reader, chunker and store of paper-qa at its default settings.

    Source: https://github.com/Future-House/paper-qa#readme
    """

    title = "paper-qa"
    recipe = "its pypdf reader, chunks of 5000/250 characters, Docs over NumpyVectorStore (MMR, lambda 1)"
    distributions = ("paper-qa", "paper-qa-pypdf", "fhlmi", "pypdf")

    def __init__(self, job: Mapping[str, Any]) -> None:
        """Load the model and take the default settings, but no language model for figures; see `System`."""
        super().__init__(job)
        from lmi import SentenceTransformerEmbeddingModel
        from paperqa import Settings

        self.settings = Settings()
        self.settings.parsing.multimodal = False
        self.embeddings = SentenceTransformerEmbeddingModel(name=self.model)

    def read(self, pdf: str) -> list[Any]:
        """Give paper-qa's texts with their vectors; see `Peer.read`."""
        return asyncio.run(self._read(pdf))

    async def _read(self, pdf: str) -> list[Any]:
        from paperqa import Doc
        from paperqa.readers import read_doc

        parsing = self.settings.parsing
        doc = Doc(docname=Path(pdf).stem, dockey=pdf, citation=Path(pdf).stem)
        texts: Any = await read_doc(pdf, doc, parse_pdf=parsing.parse_pdf, parse_media=False, **parsing.reader_config)
        vectors = await self.embeddings.embed_documents([text.text for text in texts])
        for text, vector in zip(texts, vectors, strict=True):
            text.embedding = vector
        return list(texts)

    def index(self, passages: Sequence[Any]) -> Search:
        """Put them into paper-qa's Docs; see `Peer.index`."""
        from paperqa import Docs

        docs = Docs()
        loop = asyncio.new_event_loop()
        by_doc: dict[str, list[Any]] = {}
        for text in passages:
            by_doc.setdefault(str(text.doc.dockey), []).append(text)
        for texts in by_doc.values():
            loop.run_until_complete(docs.aadd_texts(texts, texts[0].doc, self.settings, self.embeddings))

        def search(question: str) -> list[str]:
            found = docs.retrieve_texts(question, self.k, self.settings, self.embeddings)
            return [text.text for text in loop.run_until_complete(found)]

        return search


class Ours(System):
    """This library at its defaults."""

    title = "cnaps_rag"
    recipe = "all defaults"
    distributions = ("pypdf",)

    def __init__(self, job: Mapping[str, Any]) -> None:
        """Load the model; see `System`."""
        super().__init__(job)
        from cnaps_rag.embedding import find_embedder

        self.pdf_dir = Path(job["pdf_dir"])
        self.embedder = find_embedder(self.model)
        self.embedder.embed(["load the model"])

    def build(self, cases: Sequence[Case]) -> tuple[dict[str, Search], int]:
        """Build and open the prompts' indexes; see `System.build`."""
        from cnaps_rag.pipeline import Builder, open_index
        from cnaps_rag.prompts import read_prompt
        from cnaps_rag.settings import Settings

        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index"), offline=True)
            builder = Builder(settings, pdf_dir=self.pdf_dir, embedder=self.embedder)
            prompts = {case["case"]: read_prompt(case["prompt"]) for case in cases}
            passages = sum(builder.build(prompt).passages_embedded for prompt in prompts.values())
            indexes = {
                name: open_index(prompt, settings=settings, embedder=self.embedder) for name, prompt in prompts.items()
            }
        return {name: self._search(index) for name, index in indexes.items()}, passages

    def _search(self, index: Any) -> Search:
        from cnaps_rag.retrieval import search

        return lambda question: [hit.passage.text for hit in search(index, question, k=self.k)]


SYSTEMS: Mapping[str, type[System]] = {
    "cnaps-rag": Ours,
    "langchain": LangChain,
    "llama-index": LlamaIndex,
    "llama-index-hybrid": LlamaIndexHybrid,
    "txtai": Txtai,
    "txtai-paragraphs": TxtaiParagraphs,
    "paper-qa": PaperQa,
}


def main() -> int:
    """Measure one system.

    Returns:
        0, or `MISSING` where one of the system's packages is not installed; the result says which.
    """
    name, job_file, result_file = sys.argv[1:]
    system = SYSTEMS[name]
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    result: dict[str, Any] = {"title": system.title, "recipe": system.recipe}
    versions = versions_of(system.distributions)
    missing = [package for package, version in versions.items() if version is None]
    if not missing:
        result |= {"versions": versions, **measure(system, job)}
    Path(result_file).write_text(json.dumps(result | {"missing": missing}), encoding="utf-8")
    return MISSING if missing else 0


def versions_of(distributions: Sequence[str]) -> dict[str, str | None]:
    """Look up installed versions.

    Args:
        distributions: Names of packages.

    Returns:
        The version of each, None where it is not installed.
    """

    def version(name: str) -> str | None:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None

    return {name: version(name) for name in distributions}


def measure(make: Callable[[Mapping[str, Any]], System], job: Mapping[str, Any]) -> dict[str, Any]:
    """Build and search, without network.

    Args:
        make: Makes the system.
        job: Model, k, repeats and cases.

    Returns:
        What was found for each query of each case, times and memory.
    """
    forbid_network()
    system = make(job)
    started = time.perf_counter()
    searches, passages = system.build(job["cases"])
    build_s = time.perf_counter() - started
    found: dict[str, dict[str, list[str]]] = {}
    times_ms: list[float] = []
    for case in job["cases"]:
        search = searches[case["case"]]
        search(case["questions"][0][1])
        found[case["case"]] = {query: search(question) for query, question in case["questions"]}
        times_ms += timed(search, [question for _, question in case["questions"]], job["repeats"])
    return {
        "build_s": build_s,
        "passages": passages,
        "search_ms": times_ms,
        "median_chars": statistics.median(
            len(text) for texts in found.values() for hits in texts.values() for text in hits
        ),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB,
        "found": found,
    }


def timed(search: Search, questions: Sequence[str], repeats: int) -> Iterator[float]:
    """Time searches.

    Args:
        search: The search, warm.
        questions: What to ask.
        repeats: How many times.

    Yields:
        Milliseconds of each search.
    """
    for question in list(questions) * repeats:
        started = time.perf_counter()
        search(question)
        yield (time.perf_counter() - started) * MS_PER_S


def forbid_network() -> None:
    """Make every connection fail at once, and tell libraries not to try."""
    os.environ.update(OFFLINE)

    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise OSError("this benchmark uses no network")

    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, refuse)
    setattr(socket, "getaddrinfo", refuse)  # noqa: B010  mypy lets no other type be assigned


if __name__ == "__main__":
    sys.exit(main())
