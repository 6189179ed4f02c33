"""An answer as plain text: for a terminal, a mail, a log."""

import textwrap
from collections.abc import Iterable, Iterator

from cnaps_rag.answers import Answer, Citation, Claim, PaperNote
from cnaps_rag.rendering.parts import (
    MissingPaper,
    ModelPart,
    arrow_line,
    missing_papers,
    model_parts,
    paper_title,
    references,
)
from cnaps_rag.rendering.wording import (
    ABBREVIATIONS,
    DROPPED,
    DROPPED_LEAD,
    HEADINGS,
    NO_ANSWER,
    NOT_COVERED,
    NOTHING_FOUND,
    PAPERS,
    REFERENCES,
    TASK,
    TITLE,
    UNAVAILABLE,
    UNTITLED,
    WORKFLOW,
    claim_caveat,
    footer,
    markers,
    place,
    printable,
    published,
    task_label,
    task_lead,
)

WIDTH_CHARS = 80


def answer_text(answer: Answer) -> str:
    """Write an answer as plain text.

    Args:
        answer: The answer.

    Returns:
        The text, wrapped, ending in a newline.
    """
    return "\n\n".join(filter(None, _blocks(answer))) + "\n"


def _blocks(answer: Answer) -> Iterator[str]:
    missing = missing_papers(answer)
    yield _heading(TITLE, "=")
    yield _wrap(f"Question: {printable(answer.question)}")
    yield from _notes(answer, missing)
    yield _heading(TASK, "=")
    yield _wrap(printable(task_lead(answer) or ""))
    yield _claims((task_label(answer, claim), claim) for claim in answer.task)
    yield _heading(WORKFLOW, "=")
    yield from (_wrap(printable(relation)) for relation in answer.relations)
    yield from _workflow(model_parts(answer))
    if answer.abbreviations:
        yield _wrap(f"{ABBREVIATIONS}: {'; '.join(_claim(None, claim) for claim in answer.abbreviations)}.")
    yield _heading(PAPERS, "=")
    yield "\n".join(_paper(answer, paper) for paper in answer.papers)
    if missing:
        yield _heading(UNAVAILABLE, "=")
        yield _bullets(f"{_named(paper.name)}: {printable(paper.reason)}" for paper in missing)
    if answer.dropped:
        yield _heading(DROPPED, "=")
        yield _wrap(DROPPED_LEAD)
        yield _bullets(f"“{printable(claim.text)}”: {printable(claim.reason)}" for claim in answer.dropped)
    if answer.citations:
        yield _heading(REFERENCES, "=")
        for run in references(answer):
            yield _source(run[0])
            yield "\n".join(map(_reference, run))
    yield "-" * WIDTH_CHARS
    yield from map(_wrap, footer(answer))


def _notes(answer: Answer, missing: Iterable[MissingPaper]) -> Iterator[str]:
    if not any(answer.claims()):
        yield _wrap(f"! {NO_ANSWER}")
    recommended = [f"{_named(paper.name)}: {paper.consequence}." for paper in missing if paper.recommended]
    if recommended:
        yield f"! Not available:\n{_bullets(recommended)}"
    if answer.not_covered:
        yield f"! {NOT_COVERED}:\n{_bullets(printable(gap) for gap in answer.not_covered)}"


def _workflow(parts: tuple[ModelPart, ...]) -> Iterator[str]:
    if not parts:
        yield _wrap(NOTHING_FOUND)
    for part in parts:
        if len(parts) > 1:
            yield _heading(_named(part.label), "-")
        yield _wrap(arrow_line(part, printable) if part.steps else NOTHING_FOUND)
        for kind, claims in part.steps:
            yield f"{HEADINGS[kind]}:\n{_claims((None, claim) for claim in claims)}"


def _heading(text: str, line: str) -> str:
    wrapped = _wrap(text)
    return f"{wrapped}\n{line * max(map(len, wrapped.splitlines()))}"


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    # a link that is broken over two lines is none, and neither is a compound that has lost its end
    return textwrap.fill(
        text, WIDTH_CHARS, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(_wrap(text, "- ", "  ") for text in texts)


def _named(name: str) -> str:
    return printable(name) or UNTITLED


def _claims(claims: Iterable[tuple[str | None, Claim]]) -> str:
    return _bullets(_claim(label, claim) for label, claim in claims) or _wrap(NOTHING_FOUND)


def _claim(label: str | None, claim: Claim) -> str:
    caveat = claim_caveat(claim)
    parts = (
        f"{printable(label)}:" if label else "",
        printable(claim.text),
        markers(claim.citations),
        f"({caveat})" if caveat else "",
    )
    return " ".join(filter(None, parts))


def _paper(answer: Answer, paper: PaperNote) -> str:
    note = " ".join(filter(None, (printable(paper.note), markers(paper.citations))))
    source = ", ".join(filter(None, (printable(paper_title(answer, paper)), published(paper.url))))
    links = (printable(url) for url in (paper.url, paper.github) if url)
    head = _wrap(f"{_named(paper.name)} ({paper.role}): {note}", "- ", "  ")
    return "\n".join((head, *(_wrap(line, "  ", "  ") for line in (source, *links) if line)))


def _source(citation: Citation) -> str:
    title = ", ".join(filter(None, (_named(citation.title), published(citation.url))))
    return f"{_wrap(title)}\n{printable(citation.url)}"


def _reference(citation: Citation) -> str:
    head = f"[{citation.n}] "
    return _wrap(f"{place(citation)}: “{printable(citation.quote)}”", head, " " * len(head))
