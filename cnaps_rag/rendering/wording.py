"""The words and links that all renderings for people share."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from cnaps_rag.answers import Answer, Citation, Claim, Support
from cnaps_rag.records import ABSTRACT_ORIGIN, Origin

TASK = "1. The task"
WORKFLOW = "2. How the model works"
PAPERS = "3. Papers and tools"
NOT_COVERED = "What the papers do not say"
REFERENCES = "References"
STEPS = {"input": "Input", "model": "Model", "output": "Output", "mechanism": "Why it does that"}
NOTHING_FOUND = "No retrieved passage of the listed papers says anything on this."
UNTITLED = "(untitled)"

URL_SAFE = "%/:?#@!$&*+,=~-._"
"""What stays as it is in a link; `()[]<>;'"` and white space would end it, or begin something else, in Markdown."""

_INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they turn the direction of writing, and hide what is there
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A listed paper whose PDF is not in the index, as an answer's reader is told.

    Attributes:
        name: The entry's name, or the URL where the answer names none.
        url: The paper's URL as listed.
        reason: Why, and what to do.
    """

    name: str
    url: str
    reason: str


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


def gaps(answer: Answer) -> tuple[Gap, ...]:
    """Name the papers that the answer could not read."""
    names: dict[str, list[str]] = {}
    for paper in answer.papers:
        names.setdefault(paper.url, []).append(paper.name)
    return tuple(
        Gap(name=" / ".join(dict.fromkeys(names.get(paper.url, [paper.url]))), url=paper.url, reason=paper.reason)
        for paper in answer.papers_unavailable
    )


def gaps_lead(count: int) -> str:
    """Say what it means for the answer that so many papers could not be read."""
    what = "one listed paper" if count == 1 else f"{count} listed papers"
    which = "it" if count == 1 else "them"
    return (
        f"The PDF of {what} is not in the index. What is said of {which} here rests at most on the abstract "
        "that the prompt gives."
    )


def claim_label(answer: Answer, claim: Claim) -> str | None:
    """Name the model that a claim speaks of, where the answer speaks of more than one."""
    models = {other.about for other in answer.claims()} - {None}
    return claim.about if len(models) > 1 else None


def claim_caveat(claim: Claim) -> str | None:
    """Say it where a claim is not fully supported by what it cites."""
    caveats = {Support.PARTIAL: "partly supported", Support.UNSUPPORTED: "not supported"}
    return caveats.get(claim.support)


def footer(answer: Answer) -> Iterator[str]:
    """Yield the closing lines: what else to know, what was left out, and what made the answer."""
    yield from map(printable, answer.remarks)
    if answer.dropped:
        statements = "statement was" if len(answer.dropped) == 1 else "statements were"
        yield f"{len(answer.dropped)} drafted {statements} left out because verification failed."
    yield f"Generator: {printable(answer.generator)}. Prompt: {printable(answer.prompt_id)}."
