"""The words and links that all renderings for people share."""

import calendar
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlsplit

from cnaps_rag.answers import Answer, Citation, Claim, Support
from cnaps_rag.listing import Role
from cnaps_rag.questions import asking
from cnaps_rag.records import ABSTRACT_ORIGIN, Origin
from cnaps_rag.venues import venue_of

TITLE = "Answer from the listed papers"
TASK = "1. The task"
WORKFLOW = "2. How the model works"
PAPERS = "3. Papers and tools"
NOT_COVERED = "What the papers do not say"
UNAVAILABLE = "Papers that could not be read"
DROPPED = "Left out after checking"
DROPPED_LEAD = "These were drafted, but what they cite does not bear them out. They are no part of the answer."
REFERENCES = "References"
STEPS = {"input": "Input", "model": "Model", "output": "Output", "mechanism": "Why it does that"}
HEADINGS = {**STEPS, "output": "Output and results"}
"""Of the statements under each step; what was measured stands with what comes out."""
ABBREVIATIONS = "Abbreviations"
NOTHING_FOUND = "No retrieved passage of the listed papers says anything on this."
NO_ANSWER = "No answer: no statement on this question could be drawn from the listed papers and verified."
NOT_DESCRIBED = "not described"
BESIDE = "Beside the recommended models"
UNTITLED = "(untitled)"

URL_SAFE = "%/:?#@!$&*+,=~-._"
"""What stays as it is in a link; `()[]<>;'"` and white space would end it, or begin something else, in Markdown."""

SHORT_RUN = 2
"""So many numbers in a row are still written one by one."""

_INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they turn the direction of writing, and hide what is there
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """Make one printable line of any text.

    Args:
        text: Text from a PDF, a prompt or a model.

    Returns:
        The text with white space collapsed and without control characters, direction overrides (which could make a
        line read as something else) and lone surrogates (which no file can hold).
    """
    visible = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    return " ".join(_SURROGATE.sub("\ufffd", visible).split())


def web_link(url: str) -> str | None:
    """Make a URL fit for a link.

    Args:
        url: A URL as listed.

    Returns:
        The same URL, characters that no URL may hold percent-encoded; None where it is no http(s) URL, since a link
        with another scheme may run code.
    """
    if not url.lower().startswith(("http://", "https://")):
        return None
    return quote(url, safe=URL_SAFE, errors="replace")


def citation_link(citation: Citation) -> str | None:
    """Link to what a citation quotes.

    Args:
        citation: The citation.

    Returns:
        The listed URL, at the quoted page where it leads to a PDF; None where it is no http(s) URL.

    Source:
        RFC 8118, section 3: the fragment `page=N` of `application/pdf`.
    """
    link = web_link(citation.url)
    if link is None or citation.page_number is None or "#" in link or not _is_pdf(link):
        return link
    return f"{link}#page={citation.page_number}"


def _is_pdf(link: str) -> bool:
    address = urlsplit(link)
    on_arxiv = address.netloc.lower().removeprefix("www.") in {"arxiv.org", "export.arxiv.org"}
    return address.path.lower().endswith(".pdf") or (on_arxiv and address.path.startswith("/pdf/"))


def place(citation: Citation) -> str:
    """Say where in its paper a quote stands: the page, or that it is the prompt's abstract; then the section."""
    from_abstract = citation.origin is Origin.ABSTRACT or citation.page_number is None
    where = ABSTRACT_ORIGIN if from_abstract else f"p. {citation.page_number}"
    section = printable(citation.section or "")
    return where if from_abstract or not section else f"{where} ({section})"


def published(url: str) -> str:
    """Say when and where a paper appeared, as far as its listed URL says so; else nothing."""
    venue = venue_of(url)
    month = "" if venue.month is None else f"{calendar.month_name[venue.month]} {venue.year}"
    return ", ".join(filter(None, (venue.name, month)))


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join three and more numbers in a row to a range.

    Args:
        numbers: The numbers, in the order in which they are shown.

    Yields:
        First and last number of each range; of a number that stands alone, twice the number.
    """
    run: list[int] = []
    for number in [*numbers, None]:
        if number is not None and run and number == run[-1] + 1:
            run.append(number)
            continue
        if len(run) > SHORT_RUN:
            yield run[0], run[-1]
        else:
            yield from ((one, one) for one in run)
        run = [] if number is None else [number]


def markers(numbers: Iterable[int]) -> str:
    """Write the numbers of citations: `[1][2]`, `[1]–[4]`."""
    return "".join(f"[{first}]" if first == last else f"[{first}]–[{last}]" for first, last in ranges(numbers))


def task_label(answer: Answer, claim: Claim) -> str | None:
    """Name the model that a claim of the task part speaks of, where that part speaks of more than one."""
    models = {other.about for other in answer.task} - {None}
    return claim.about if len(models) > 1 else None


def task_lead(answer: Answer) -> str | None:
    """Lead from the user's own words to the task in the field's terms.

    Args:
        answer: The answer.

    Returns:
        What is asked, and whose paper the statements on the task are from; None where there are none.
    """
    if not answer.task:
        return None
    asked = " ".join(answer.question[start:end] for start, end in asking(answer.question))
    cited = {number for claim in answer.task for number in claim.citations}
    recommended = [paper for paper in answer.papers if paper.role is Role.RECOMMENDED]
    read = [paper.name for paper in recommended if cited.intersection(paper.citations)]
    names = " and ".join(dict.fromkeys(read or (paper.name for paper in recommended)))
    lead = f"You ask: “{asked}” For this, the prompt recommends {names}."
    if read:
        papers = len({paper.url for paper in recommended if paper.name in read})
        source = "their papers" if papers > 1 else "its paper" if len(read) == 1 else "their paper"
        return f"{lead} In the terms of {source}, {'the tasks are these' if papers > 1 else 'the task is this'}:"
    titles = dict.fromkeys(citation.title for citation in answer.citations if citation.n in cited)
    return f"{lead} No paper of it could be read; this is what “{'” and “'.join(titles)}” says of its own subject:"


def claim_caveat(claim: Claim) -> str | None:
    """Say it where a claim is not fully supported by what it cites."""
    caveats = {Support.PARTIAL: "partly supported", Support.UNSUPPORTED: "not supported"}
    return caveats.get(claim.support)


def footer(answer: Answer) -> Iterator[str]:
    """Yield the closing lines: what else to know, and what made the answer."""
    yield from map(printable, answer.remarks)
    yield f"Generator: {printable(answer.generator)}. Prompt: {printable(answer.prompt_id)}."
