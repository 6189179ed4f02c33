"""What names and abbreviations mean, and how the recommended models relate: by the papers' own words."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise

from cnaps_rag.abbreviations import definitions
from cnaps_rag.generation.drafts import DraftClaim, Evidence
from cnaps_rag.index import PromptIndex
from cnaps_rag.listing import Role
from cnaps_rag.records import Hit, IndexedPaper, Passage, PassageKind, ScoreKind

PART = re.compile(r"[A-Za-z][A-Za-z0-9]+")
COMPOUND = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
LEAST_LETTERS = 3
METHOD_PART = re.compile(r"\s(?:via|using|with|by|through|based on|from)\s.*$", re.IGNORECASE)
BEFORE_TASK = re.compile(r"^.*?(?:\bfor|:)\s+", re.IGNORECASE)


def expansions(index: PromptIndex, paper: IndexedPaper) -> list[Evidence]:
    """Find what the parts of a model's name stand for.

    Args:
        index: The prompt's index.
        paper: The model's entry.

    Returns:
        For each part of the name that a listed paper defines, its definition; the model's own paper is asked first.
    """
    parts = list(dict.fromkeys(part.casefold() for part in PART.findall(paper.listed.name)))
    prose = [passage for passage in index.stretches if passage.kind is PassageKind.PROSE]
    ordered = sorted(prose, key=lambda passage: passage.document != paper.document)
    found: dict[str, Evidence] = {}
    for short, evidence in _defined(index, ordered):
        found.setdefault(short.casefold(), evidence)
    return [found[part] for part in parts if part in found]


def abbreviations(index: PromptIndex, claims: Sequence[DraftClaim], told: Iterable[Evidence]) -> list[DraftClaim]:
    """Say what the abbreviations in statements stand for, where no statement does.

    Args:
        index: The prompt's index.
        claims: The statements, in reading order.
        told: Definitions that the answer gives elsewhere.

    Returns:
        For each abbreviation that a statement's own paper defines, its first definition there, in order of first use.
    """
    documents = {one.hit.passage.document for claim in claims for one in claim.evidence}
    known: dict[tuple[str, str], Evidence] = {}
    for short, evidence in _defined(index, [one for one in index.stretches if one.document in documents]):
        known.setdefault((evidence.hit.passage.document, _singular(short)), evidence)
    said = [*(claim.text for claim in claims), *(evidence.quote for evidence in told)]
    explained = {_singular(one.short) for text in said for one in definitions(text)}
    used = [
        (one.hit.passage.document, short) for claim in claims for short in _shorts(claim.text) for one in claim.evidence
    ]
    found: dict[str, Evidence] = {}
    for key in used:
        if key in known and key[1] not in explained:
            found.setdefault(key[1], known[key])
    return [DraftClaim(text=one.quote, evidence=(one,)) for one in found.values()]


def _defined(index: PromptIndex, passages: Iterable[Passage]) -> Iterator[tuple[str, Evidence]]:
    """Find the abbreviations that passages define, each with the words that it can be quoted with."""
    for passage in passages:
        for one in definitions(passage.text):
            if passage.locate(one.start, one.end) is not None:
                paper = index.paper_of(passage)
                hit = Hit(rank=1, score=0.0, score_kind=ScoreKind.COSINE, passage=passage, paper=paper)
                yield one.short, Evidence(hit=hit, start=one.start, end=one.end)


def _shorts(text: str) -> Iterator[str]:
    """List what may be an abbreviation in a text: words with a capital, and the parts of compounds."""
    for word in COMPOUND.findall(text):
        for part in dict.fromkeys((word, *word.split("-"))):
            if any(map(str.isupper, part)):
                yield _singular(part)


def _singular(short: str) -> str:
    return short[:-1] if short.endswith("s") and short[-2:-1].isupper() else short


def relations(index: PromptIndex) -> Iterator[str]:
    """Say how recommended models relate.

    Args:
        index: The prompt's index.

    Yields:
        A sentence for each two of them that have a text here: whether they share a paper, or whether one paper names
        the other model.
    """
    models = [paper for paper in index.papers if paper.role is Role.RECOMMENDED and paper.document is not None]
    for one, other in combinations(models, 2):
        names = f"{one.listed.name} and {other.listed.name}"
        if one.document == other.document:
            yield f"{names} are listed with the same paper, so that one workflow stands for both."
            continue
        naming = [a.listed.name for a, b in ((one, other), (other, one)) if _mentions(index, a, b)]
        if naming:
            said = f"that of {naming[0]} names the other" if len(naming) == 1 else "each names the other"
            yield f"{names} come from two papers; {said}."
        else:
            yield f"{names} come from two papers, neither of which names the other; each workflow rests on its own."


def _mentions(index: PromptIndex, paper: IndexedPaper, other: IndexedPaper) -> bool:
    telling = (_parts(other.listed.name) - _parts(paper.listed.name)) & _own_names(index, other)
    texts = _texts(index, paper)
    words = {word.casefold() for text in texts for word in re.findall(r"[A-Za-z][A-Za-z0-9-]+", text)}
    joined = {word.replace("-", "") for word in words}
    return any(part in joined for part in telling) or any(other.title.casefold() in text.casefold() for text in texts)


def _own_names(index: PromptIndex, paper: IndexedPaper) -> set[str]:
    """Collect what a paper calls its own: the names of its title, and those that it spells out; no data sets."""
    words = [word.replace("-", "") for word in re.findall(r"[A-Za-z][A-Za-z0-9-]+", paper.title)]
    runs = {first + second for first, second in pairwise(words)}
    shorts = {one.short for text in _texts(index, paper) for one in definitions(text)}
    return {name.replace("-", "").casefold() for name in {*words, *runs, *shorts, *PART.findall(paper.title)}}


def _texts(index: PromptIndex, paper: IndexedPaper) -> Sequence[str]:
    return [index.passages[row].text for row in index.rows_of([paper.document])]


def _parts(name: str) -> set[str]:
    return {part.casefold() for part in PART.findall(name) if len(part) >= LEAST_LETTERS}


def topic_of(title: str) -> str:
    """Take the part of a title that names the task: `NAME: How We Do It for TASK via METHOD`.

    Args:
        title: A paper's title.

    Returns:
        The words after `for`, else those behind the name that a colon sets off, without how it is done.
    """
    topic = METHOD_PART.sub("", title)
    while BEFORE_TASK.search(topic):
        topic = BEFORE_TASK.sub("", topic)
    return topic or title
