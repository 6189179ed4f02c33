"""The default generator: the papers' own sentences, chosen and ordered. No model, no key, no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnaps_rag.generation.aspects import ASPECTS, Aspect
from cnaps_rag.generation.drafts import Draft, DraftClaim, DraftNote, Evidence, without_references
from cnaps_rag.generation.selection import Candidate, candidates, choose
from cnaps_rag.index import PromptIndex
from cnaps_rag.records import Hit, IndexedPaper, PaperStatus, Role, distinct
from cnaps_rag.retrieval import search_many
from cnaps_rag.settings import Settings

DEPTH = 12
"""How many passages are retrieved for each aspect of each recommended paper, and over all papers."""
RELATED_DEPTH = 10
"""A related paper bears on the question when a passage of it is among the first so many of all papers."""
LEAST_COSINE = 0.25
"""A passage less similar than this to the question does not bear on it."""
NOT_COVERED = {
    "task": "what the task is",
    "input": "what goes into the model",
    "model": "what the model is made of",
    "output": "what comes out of the model",
    "mechanism": "why the model does what the question asks about",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractiveGenerator:
    """Fills the three parts with sentences of retrieved passages.

    Attributes:
        depth: How many passages to retrieve for each aspect.
    """

    depth: int = DEPTH

    def draft(self, index: PromptIndex, question: str, settings: Settings) -> Draft:
        """Draft an answer; see `Generator.draft`.

        Args:
            index: The prompt's index.
            question: The question.
            settings: Depth of the searches.

        Returns:
            The draft.
        """
        subjects = distinct(paper for paper in index.papers if paper.role is Role.RECOMMENDED)
        overall = search_many(index, [question], k=max(self.depth, RELATED_DEPTH), settings=settings)[0]
        # where no recommended paper could be had at all, the related ones are what there is to answer from
        subjects = subjects or distinct(hit.paper for hit in overall[:1])
        parts: dict[str, list[DraftClaim]] = {aspect.name: [] for aspect in ASPECTS}
        shown = list(overall)
        for paper in subjects:
            hits, chosen = self._subject(index, paper, question, settings, share=len(subjects))
            shown += hits
            for name, picked in chosen.items():
                parts[name] += [_claim(candidate, _about(paper)) for candidate in picked]
        return Draft(
            generator="extractive",
            hits=tuple({hit.passage.id: hit for hit in shown}.values()),
            notes=_notes(index, question, overall, subjects),
            not_covered=tuple(f"{NOT_COVERED[name]}: no passage says so" for name in parts if not parts[name]),
            **{name: tuple(claims) for name, claims in parts.items()},
        )

    def _subject(
        self, index: PromptIndex, paper: IndexedPaper, question: str, settings: Settings, *, share: int
    ) -> tuple[list[Hit], dict[str, list[Candidate]]]:
        """Choose the sentences of one recommended paper, for each aspect."""
        documents = {paper.document} if paper.document else set()
        queries = [question, *(aspect.query for aspect in ASPECTS)]
        found = search_many(index, queries, k=self.depth, documents=documents, settings=settings)
        hits = list({hit.passage.id: hit for ranked in found for hit in ranked}.values())
        pool = candidates(hits, index.embedder)
        vectors = index.embedder.embed(queries)
        chosen: dict[str, list[Candidate]] = {}
        for aspect, vector in zip(ASPECTS, vectors[1:], strict=True):
            taken = [candidate for picked in chosen.values() for candidate in picked]
            count = _share(aspect, share)
            chosen[aspect.name] = choose(pool, aspect, query=vector, question=vectors[0], taken=taken, count=count)
        return hits, chosen


def _share(aspect: Aspect, subjects: int) -> int:
    return max(1, -(-aspect.claims // subjects))


def _about(paper: IndexedPaper) -> str | None:
    return paper.listed.name if paper.role is Role.RECOMMENDED else None


def _claim(candidate: Candidate, about: str | None) -> DraftClaim:
    return DraftClaim(text=_statement(candidate.evidence), evidence=(candidate.evidence,), about=about)


def _statement(evidence: Evidence) -> str:
    """Write a quote as a statement: first letter large, the paper's own reference numbers left out."""
    words = without_references(evidence.quote)
    return words[:1].upper() + words[1:]


def _notes(
    index: PromptIndex, question: str, overall: Sequence[Hit], subjects: Sequence[IndexedPaper]
) -> tuple[DraftNote, ...]:
    """Say of each listed paper why it matters here, or that nothing of it bears on the question."""
    answered = {paper.document for paper in subjects}
    near = _bearing(index, question, overall[:RELATED_DEPTH])
    return tuple(_note(paper, answered, near) for paper in index.papers)


def _note(paper: IndexedPaper, answered: Iterable[str | None], near: dict[str, Evidence]) -> DraftNote:
    if paper.document is None:
        return DraftNote(note=f"listed, but neither its PDF nor an abstract is here ({paper.status.value})")
    source = "" if paper.status is PaperStatus.OK else ", known here by its abstract alone"
    if paper.document in answered:
        return DraftNote(note=f"{paper.role.value}; the answer above rests on it{source}")
    evidence = near.get(paper.document)
    if evidence is None:
        return DraftNote(note=f"listed, but no passage of it bears on the question{source}")
    return DraftNote(note=f"bears on the question{source}: “{_statement(evidence)}”", evidence=(evidence,))


def _bearing(index: PromptIndex, question: str, overall: Sequence[Hit]) -> dict[str, Evidence]:
    """Find, for each paper with a passage among the best of all, the sentence closest to the question."""
    vector = index.embedder.embed([question])[0]
    nearest: dict[str, tuple[float, Evidence]] = {}
    for candidate in candidates(overall, index.embedder):
        document = candidate.evidence.hit.passage.document
        cosine = float(candidate.vector @ vector)
        if cosine >= max(LEAST_COSINE, nearest.get(document, (0.0,))[0]):
            nearest[document] = (cosine, candidate.evidence)
    return {document: evidence for document, (_, evidence) in nearest.items()}
