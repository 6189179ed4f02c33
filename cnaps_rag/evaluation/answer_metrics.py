"""How good an answer is, apart from whether it keeps to the closed world."""

from collections.abc import Iterator

from cnaps_rag.answers import Answer, Citation
from cnaps_rag.evaluation.gold import GoldCase
from cnaps_rag.evaluation.matching import bare, holds, link_key, stated
from cnaps_rag.evaluation.retrieval_metrics import within_budget

PASSAGES_CHARS = 8000
CLAIMS_WORDS = 500
QUOTE_CHARS = 300


def cited(answer: Answer) -> float:
    """Measure cited: the share of claims that carry a citation.

    Range: 0 to 1; higher is better; 0 for an answer without claims.

    Args:
        answer: The answer.

    Returns:
        The figure.

    Source:
        The evaluation set's scorer, `cited`.
    """
    claims = list(answer.claims())
    return sum(bool(claim.citations) for claim in claims) / max(len(claims), 1)


def nuggets_in_passages(answer: Answer, gold: GoldCase) -> float:
    """Measure nuggets@p: the share of vital nuggets with a gold quote inside a passage that a claim cites.

    Range: 0 to 1; higher is better; 0 where the gold has no vital nugget with evidence. The first 8,000 characters of
    cited passages count, in the order of citation.

    Args:
        answer: The answer.
        gold: What it should hold.

    Returns:
        The figure.

    Source:
        The evaluation set's scorer, `nuggets@p`; nuggets after Voorhees, Overview of the TREC 2003 Question Answering
        Track, section 4.
    """
    cited_once = dict.fromkeys(citation.n for citation in _uses(answer))
    citations = _by_number(answer)
    passages = [citations[n].passage for n in cited_once]
    shown = [bare(passage) for passage in within_budget(passages, PASSAGES_CHARS)]
    found = sum(holds(shown, [bare(evidence.quote) for evidence in nugget.evidence]) for nugget in gold.vital())
    return found / max(len(gold.vital()), 1)


def nuggets_stated(answer: Answer, gold: GoldCase) -> float:
    """Measure nuggets@s: the share of vital nuggets that a claim, or the quote it cites, states.

    Range: 0 to 1; higher is better; 0 where the gold has no vital nugget with evidence. Stated is a nugget of whose
    gold quote at least 60 % stand there in one run. The claims within the first 500 words count, and 300 characters
    of each quote.

    Args:
        answer: The answer.
        gold: What it should hold.

    Returns:
        The figure.

    Source:
        The evaluation set's scorer, `nuggets@s`.
    """
    said = [bare(text) for text in _said(answer)]
    found = sum(any(stated(bare(e.quote), said) for e in nugget.evidence) for nugget in gold.vital())
    return found / max(len(gold.vital()), 1)


def off(answer: Answer, gold: GoldCase) -> float:
    """Measure off: the share of citation uses that point to papers which the gold calls off topic.

    Range: 0 to 1; lower is better; 0 for an answer that cites nothing.

    Args:
        answer: The answer.
        gold: Which papers are off topic.

    Returns:
        The figure.

    Source:
        The evaluation set's scorer, `off`.
    """
    off_topic = {link_key(url) for url in gold.off_topic}
    uses = sum(len(claim.citations) for claim in answer.claims())
    return sum(link_key(citation.url) in off_topic for citation in _uses(answer)) / max(uses, 1)


def words(answer: Answer) -> int:
    """Measure words: the length of all claims.

    Range: 0 upwards; neither high nor low is better in itself.

    Args:
        answer: The answer.

    Returns:
        The figure.

    Source:
        The evaluation set's scorer, `words`.
    """
    return sum(len(claim.text.split()) for claim in answer.claims())


def honest(answer: Answer, gold: GoldCase) -> float:
    """Measure honest: where the gold says that something is not covered, the answer says so of something too.

    Range: 0 or 1; higher is better; 1 where the gold knows of no gap.

    Args:
        answer: The answer.
        gold: What the papers do not cover.

    Returns:
        The figure.

    Source:
        The evaluation set's scorer, `honest`.
    """
    return float(bool(answer.not_covered) or not gold.not_covered)


def _by_number(answer: Answer) -> dict[int, Citation]:
    return {citation.n: citation for citation in answer.citations}


def _uses(answer: Answer) -> Iterator[Citation]:
    citations = _by_number(answer)
    for claim in answer.claims():
        yield from (citations[n] for n in claim.citations if n in citations)


def _said(answer: Answer) -> Iterator[str]:
    citations = _by_number(answer)
    length = 0
    for claim in answer.claims():
        length += len(claim.text.split())
        if length > CLAIMS_WORDS:
            return
        yield claim.text
        yield from (citations[n].quote[:QUOTE_CHARS] for n in claim.citations if n in citations)
