"""Measure what each sign of a match is worth, for the tables of docs/benchmarks.md.

    python scripts/bench_retrieval.py PROMPTS_DIR --gold GOLD_DIR --index DIR --folds DIR [--qasper FILE]

Two sets of queries: those of the gold, over the prompts' indexes, and the questions of a QASPER file, each over its one
paper, whose evidence sentences are the quotes. A query is read with the adaptation that was fitted without the paper
that holds its evidence (`python -m scripts.fit_questions --folds DIR`), unless a row says otherwise. Rows that say
*fitted* have weights from a logistic regression on the gold's queries of the other prompts, the rest the default ones.
Intervals: 95 %, bootstrap over queries.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from cnaps_rag.adaptation import Adaptation, load_adaptation, read_adaptation
from cnaps_rag.embedding import Embedder, MeanPoolingEmbedder, find_embedder
from cnaps_rag.encoding import encode_passages, encode_questions
from cnaps_rag.evaluation import queries_of, read_gold_folder
from cnaps_rag.evaluation.gold import quotes_of
from cnaps_rag.evaluation.matching import bare, holds
from cnaps_rag.evaluation.retrieval_metrics import BUDGETS_CHARS, recall_at, reciprocal_rank
from cnaps_rag.fusion import MatchWeights, Scores, combine
from cnaps_rag.index import PromptIndex
from cnaps_rag.listing import ListedPaper, Prompt, Role
from cnaps_rag.pipeline import chunker_of, open_index, prompt_files
from cnaps_rag.records import Block, Document, IndexedPaper, Origin, Page, PaperStatus, PassageKind, SectionRole
from cnaps_rag.retrieval import ranked, signs
from cnaps_rag.settings import Settings
from cnaps_rag.shards import Shard

SIGNS = [field.name for field in fields(MatchWeights)]
NAMES = [*(f"recall@{budget}c" for budget in BUDGETS_CHARS), "mrr"]
ALONE = Settings(joined_depth=1)
APART = 100.0
DEPTH = 60
RRF_CONSTANT = 60
REGULARISATION = 0.1
LEAST_QUOTE = 30
RESAMPLES = 2000

Scorer = Callable[["Query"], Scores]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readers:
    """The same embedder, each reading questions in its way.

    Attributes:
        plain: Reads them as passages.
        shipped: Reads them with the adaptation that comes with the library.
        folds: Read them with the adaptations fitted without some papers, by these papers' documents.
    """

    plain: MeanPoolingEmbedder
    shipped: MeanPoolingEmbedder
    folds: Mapping[str, MeanPoolingEmbedder]

    @classmethod
    def of(cls, embedder: MeanPoolingEmbedder, folder: Path) -> "Readers":
        """Read the adaptations of a folder."""
        folds: dict[str, MeanPoolingEmbedder] = {}
        for path in sorted(folder.glob("*.safetensors")):
            adaptation = read_adaptation(path)
            folds |= dict.fromkeys(adaptation.without, _reading(embedder, adaptation))
        of_other_weights = replace(load_adaptation(), base="")
        return cls(plain=_reading(embedder, of_other_weights), shipped=embedder, folds=folds)

    def without(self, documents: Iterable[str]) -> MeanPoolingEmbedder:
        """Choose the reader fitted without the first of some documents; any will do where none was fitted on."""
        return next((self.folds[document] for document in documents if document in self.folds), self.plain)


def _reading(embedder: MeanPoolingEmbedder, adaptation: Adaptation) -> MeanPoolingEmbedder:
    return MeanPoolingEmbedder(embedder.folder, name=embedder.name, adaptation=adaptation)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Query:
    """A question, the index it is asked of, and what answers it.

    Attributes:
        group: The prompt or paper that it belongs to.
        index: The index.
        quotes: Any of them answers it.
        signs: The signs of a match, by name, the question read without its paper. Shape of each: (n_passages,).
        plain: The same, the question read as passages are.
        shipped: The same, the question read with the adaptation that comes with the library.
        right: Which passages hold a quote. Shape: (n_passages,), bool.
    """

    group: str
    index: PromptIndex
    quotes: Sequence[str]
    signs: Mapping[str, Scores]
    plain: Mapping[str, Scores]
    shipped: Mapping[str, Scores]
    right: npt.NDArray[np.bool_]


def main() -> int:
    """Run the measurements and print them.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts_dir", type=Path, metavar="PROMPTS_DIR")
    parser.add_argument("--gold", type=Path, required=True, metavar="DIR")
    parser.add_argument("--index", type=Path, required=True, metavar="DIR")
    parser.add_argument("--folds", type=Path, required=True, metavar="DIR", help="what fit_questions --folds wrote")
    parser.add_argument("--qasper", type=Path, metavar="FILE")
    options = parser.parse_args()
    embedder = find_embedder()
    if not isinstance(embedder, MeanPoolingEmbedder):
        parser.error("the default embedder is needed")
    readers = Readers.of(embedder, options.folds)
    gold = list(gold_queries(options.prompts_dir, options.gold, Settings(index_dir=options.index), readers))
    print(f"{len(gold)} queries of the gold, {len({query.group for query in gold})} prompts\n")
    table(gold, gold)
    fitted = fit(gold, SIGNS)
    print("\nFitted on all prompts: " + ", ".join(f"{name} {weight:.2f}" for name, weight in fitted.items()))
    if options.qasper:
        others = list(qasper_queries(json.loads(options.qasper.read_text(encoding="utf-8")), readers))
        print(f"\n{len(others)} questions of QASPER, {len({query.group for query in others})} papers\n")
        table(others, gold)
    return 0


def table(queries: Sequence[Query], fitted_on: Sequence[Query]) -> None:
    """Print the figures of each way to rank.

    Args:
        queries: The queries to measure.
        fitted_on: The queries to fit weights on; the prompt that a measured query belongs to is left out.
    """
    print(f"| ranked by | {' | '.join(NAMES)} |\n| --- |{' ---: |' * len(NAMES)}")
    line("cosine of the passage alone", queries, lambda query: by_order(query.signs["passage"]))
    line("BM25 alone", queries, lambda query: by_order(query.signs["words"]))
    line("reciprocal rank fusion of these two", queries, lambda query: by_order(reciprocal_ranks(query)))
    line("tokens alone", queries, lambda query: by_order(query.signs["tokens"]))
    line("all signs, default weights", queries, lambda query: combine(query.signs, MatchWeights()))
    line("the same, questions read as passages", queries, lambda query: combine(query.plain, MatchWeights()))
    line("the same, as shipped", queries, lambda query: combine(query.shipped, MatchWeights()))
    line(
        "the same, joined passages not added up",
        queries,
        lambda query: by_order(combine(query.signs, MatchWeights())),
    )
    line("the same, neighbours not joined", queries, lambda query: combine(query.signs, MatchWeights()), ALONE)
    line("all signs, fitted, own prompt left out", queries, left_out(queries, fitted_on, SIGNS))
    for name in SIGNS:
        kept = [other for other in SIGNS if other != name]
        line(f"the same without `{name}`", queries, left_out(queries, fitted_on, kept))


def line(label: str, queries: Sequence[Query], scorer: Scorer, settings: Settings | None = None) -> None:
    """Print the mean of each figure, with its interval."""
    rows = np.array([measure(query, scorer(query), settings or Settings()) for query in queries])
    drawn = np.random.default_rng(0).integers(0, len(rows), (RESAMPLES, len(rows)))
    low, high = np.percentile(rows[drawn].mean(axis=1), [2.5, 97.5], axis=0)
    cells = [f"{mean:.3f} ({a:.2f}–{b:.2f})" for mean, a, b in zip(rows.mean(axis=0), low, high, strict=True)]
    print(f"| {label} | {' | '.join(cells)} |", flush=True)


def measure(query: Query, scores: Scores, settings: Settings) -> list[float]:
    """Measure one ranking."""
    hits = ranked(query.index, np.arange(len(scores)), scores, DEPTH, settings)
    texts = [hit.passage.text for hit in hits]
    recall = [recall_at(texts, query.quotes, budget) for budget in BUDGETS_CHARS]
    return [*recall, reciprocal_rank(texts, query.quotes)]


def by_order(scores: Scores) -> Scores:
    """Keep the order of scores alone: so far apart that joined passages take the place of their best.

    Args:
        scores: Higher is better. Shape: (n_passages,).

    Returns:
        Higher is better. Shape: (n_passages,).
    """
    return np.asarray(-APART * np.argsort(np.argsort(-scores, kind="stable")), dtype=np.float64)


def reciprocal_ranks(query: Query) -> Scores:
    """Fuse the rankings by cosine and by BM25.

    Args:
        query: The query.

    Returns:
        Higher is better. Shape: (n_passages,).

    Source: Cormack, Clarke, Buettcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114
    """
    orders = [np.argsort(np.argsort(-query.signs[name], kind="stable")) for name in ("passage", "words")]
    return np.asarray(np.sum([1 / (RRF_CONSTANT + 1 + order) for order in orders], axis=0))


def left_out(queries: Sequence[Query], fitted_on: Sequence[Query], names: Sequence[str]) -> Scorer:
    """Make a scorer whose weights were fitted without the prompt that a query belongs to."""
    groups = {query.group for query in queries}
    fits = {group: fit([query for query in fitted_on if query.group != group], names) for group in groups}
    return lambda query: np.sum([weight * query.signs[name] for name, weight in fits[query.group].items()], axis=0)


def fit(queries: Iterable[Query], names: Sequence[str]) -> dict[str, float]:
    """Fit weights that tell passages with a quote from others; each query counts once for either kind."""
    found = [query for query in queries if query.right.any()]
    signs_of = np.concatenate([np.stack([query.signs[name] for name in names], axis=1) for query in found])
    right = np.concatenate([query.right for query in found])
    shares = [np.where(query.right, 1 / query.right.sum(), 1 / (~query.right).sum()) for query in found]
    model = LogisticRegression(C=REGULARISATION, max_iter=3000)
    model.fit(signs_of, right, sample_weight=10 * np.concatenate(shares))
    return dict(zip(names, map(float, model.coef_[0]), strict=True))


def gold_queries(prompts: Path, gold: Path, settings: Settings, readers: Readers) -> Iterable[Query]:
    """Yield the queries of the gold."""
    cases = read_gold_folder(gold)
    for path in prompt_files(prompts):
        if path.stem in cases:
            index, quotes = open_index(path, settings=settings, embedder=readers.shipped), quotes_of(cases[path.stem])
            for name, question in queries_of(cases[path.stem]):
                yield query_of(path.stem, index, question, quotes[name], readers)


def qasper_queries(papers: Iterable[Mapping[str, Any]], readers: Readers) -> Iterable[Query]:
    """Yield the questions of QASPER that sentences of running text answer.

    Source: Dasigi et al., "A Dataset of Information-Seeking Questions and Answers Anchored in Research Papers",
    arXiv:2105.03011
    """
    for paper in papers:
        index = index_of(qasper_document(paper), readers.shipped)
        asked = zip(paper["qas"]["question"], paper["qas"]["answers"], strict=True)
        for question, answers in asked:
            evidence = {quote for answer in answers["answer"] for quote in answer["highlighted_evidence"]}
            quotes = sorted(quote for quote in evidence if "FLOAT" not in quote and len(bare(quote)) > LEAST_QUOTE)
            if quotes:
                yield query_of(paper["id"], index, question, quotes, readers)


def index_of(document: Document, embedder: Embedder) -> PromptIndex:
    """Index one paper, as that of a recommended model."""
    title = document.title or document.sha256
    passages = chunker_of(Settings()).passages(document)
    encoded = encode_passages(document.title, passages, embedder)
    listed = ListedPaper(name=title, url=f"https://arxiv.org/pdf/{document.sha256}")
    entry = IndexedPaper(
        role=Role.RECOMMENDED,
        listed=listed,
        key=document.sha256,
        status=PaperStatus.OK,
        origin=Origin.CORPUS,
        document=document.sha256,
        title=title,
    )
    prompt = Prompt(question=title, recommended=(listed,), related=())
    return PromptIndex(prompt, [entry], [Shard(document=document, passages=passages, encoded=encoded)], embedder)


def qasper_document(paper: Mapping[str, Any]) -> Document:
    """Make a document of a paper of QASPER, named by its identifier."""
    return Document(sha256=paper["id"], title=paper["title"], pages=tuple(qasper_pages(paper)))


def qasper_pages(paper: Mapping[str, Any]) -> Iterable[Page]:
    """Make a page of each section, a block of each paragraph."""
    sections = zip(paper["full_text"]["section_name"], paper["full_text"]["paragraphs"], strict=True)
    for number, (name, paragraphs) in enumerate([("Abstract", [paper["abstract"]]), *sections], 1):
        heading = (name or "").rpartition(" ::: ")[2]
        role = SectionRole.ABSTRACT if number == 1 else SectionRole.METHOD
        blocks, text = [], ""
        for paragraph in paragraphs:
            blocks.append(
                Block(
                    start=len(text),
                    end=len(text) + len(paragraph),
                    kind=PassageKind.PROSE,
                    section=heading,
                    section_role=role,
                )
            )
            text += paragraph + "\n"
        yield Page(number=number, text=text.removesuffix("\n"), blocks=tuple(blocks))


def query_of(group: str, index: PromptIndex, question: str, quotes: Sequence[str], readers: Readers) -> Query:
    """Collect what is needed to rank an index's passages for a question."""
    wanted = [bare(quote) for quote in quotes]
    right = np.array([holds([bare(passage.text)], wanted) for passage in index.passages], dtype=bool)

    def read(embedder: MeanPoolingEmbedder) -> Mapping[str, Scores]:
        [encoded] = encode_questions([question], embedder)
        return signs(index, np.arange(len(index.passages)), encoded)

    return Query(
        group=group,
        index=index,
        quotes=quotes,
        signs=read(readers.without(index.documents[right].tolist())),
        plain=read(readers.plain),
        shipped=read(readers.shipped),
        right=right,
    )


if __name__ == "__main__":
    sys.exit(main())
