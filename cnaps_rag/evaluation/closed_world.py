"""Whether an answer keeps to what its prompt lists, and its citations to what they quote."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cnaps_rag.answers import Answer, Citation, Claim
from cnaps_rag.evaluation.matching import bare, link_key, links_in, listed_links
from cnaps_rag.listing import Prompt
from cnaps_rag.records import ABSTRACT_ORIGIN

PageText = Callable[[str, int | None], str | None]
"""Gives the indexed text of `(listed URL, page_number)`, None where it is not at hand; page None is the abstract."""

CHECKS_PER_CITATION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedWorld:
    """What the checks of an answer found.

    Attributes:
        checks: How many things were checked.
        faults: What is wrong, one line each.
        places_unchecked: Citations whose page text was not at hand; they count as right.
    """

    checks: int
    faults: tuple[str, ...]
    places_unchecked: int

    @property
    def closed(self) -> float:
        """Measure closed: the share of checks without a fault.

        Range: 0 to 1 (below 0 never, as a check has one fault at most); higher is better; 1 for an empty answer.

        Source:
            The evaluation set's scorer, `closed`. Where page texts are at hand, a quote must stand on its page
            character for character; the scorer compares its first 40 letters and digits.
        """
        return 1 - len(self.faults) / max(self.checks, 1)


def check_closed_world(prompt: Prompt, answer: Answer, page_text: PageText | None = None) -> ClosedWorld:
    """Check every citation, link and citation number of an answer.

    Args:
        prompt: The prompt that was answered.
        answer: The answer.
        page_text: Gives page texts; None leaves the places of quotes unchecked.

    Returns:
        The number of checks, and the faults. A citation counts as three checks (its URL is listed, its quote lies in
        its passage, its quote stands at its place); each link of the papers part and of the claims as one (listed, or
        part of a cited passage); each use of a number as one (there is such a citation).
    """
    listed = listed_links(prompt)
    links, uses = _links(answer), _uses(answer)
    texts = [_text_of(citation, page_text) for citation in answer.citations]
    faults = [
        *(fault for citation in answer.citations for fault in _source_faults(citation, listed)),
        *(
            fault
            for citation, text in zip(answer.citations, texts, strict=True)
            for fault in _place_faults(citation, text)
        ),
        *_link_faults(answer, links, listed),
        *_use_faults(answer, uses),
    ]
    checks = CHECKS_PER_CITATION * len(answer.citations) + len(links) + len(uses)
    return ClosedWorld(checks=checks, faults=tuple(faults), places_unchecked=texts.count(None))


def _text_of(citation: Citation, page_text: PageText | None) -> str | None:
    return None if page_text is None else page_text(citation.url, citation.page_number)


def _source_faults(citation: Citation, listed: set[str]) -> Iterator[str]:
    if link_key(citation.url) not in listed:
        yield f"citation {citation.n}: {citation.url} is not listed"
    if bare(citation.quote) not in bare(citation.passage):
        yield f"citation {citation.n}: its quote is not in its passage"


def _place_faults(citation: Citation, text: str | None) -> Iterator[str]:
    if text is not None and text[citation.start : citation.end] != citation.quote:
        place = ABSTRACT_ORIGIN if citation.page_number is None else f"page {citation.page_number}"
        yield f"citation {citation.n}: its quote is not at {citation.start}-{citation.end} of {place}"


def _links(answer: Answer) -> list[str]:
    texts = [link for paper in answer.papers for link in (paper.url, paper.github or "")]
    texts += [claim.text for claim in _stated(answer)]
    return [link for text in texts for link in links_in(text)]


def _link_faults(answer: Answer, links: list[str], listed: set[str]) -> Iterator[str]:
    passages = [bare(citation.passage) for citation in answer.citations]
    for link in links:
        quoted = any(bare(link) in passage for passage in passages)
        if not quoted and link_key(link.rstrip(".,;")) not in listed:
            yield f"link {link} is not listed"


def _uses(answer: Answer) -> list[int]:
    return [number for claim in _stated(answer) for number in claim.citations]


def _stated(answer: Answer) -> tuple[Claim, ...]:
    """Collect all that an answer states with citations."""
    return (*answer.claims(), *answer.abbreviations)


def _use_faults(answer: Answer, uses: list[int]) -> Iterator[str]:
    numbers = {citation.n for citation in answer.citations}
    yield from (f"a claim cites {number}, which is no citation" for number in uses if number not in numbers)
