"""An answer as Markdown.

Text from papers, prompts and models is shown as text: nothing in it can become a link, a heading, an image or HTML.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

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
    citation_link,
    claim_caveat,
    footer,
    markers,
    place,
    printable,
    published,
    task_label,
    task_lead,
    web_link,
)

_SPECIAL = re.compile(r"[\\`*_\[\]<>&~|$#]")
"""What has a meaning in Markdown."""

_LEADING_NUMBER = re.compile(r"^\d+[.)](?=\s|$)")
_LINK_LIKE = re.compile(r"://|www\.|@[^@]*\.[a-z]|\w\.[^\W\d]{2}", re.IGNORECASE)
"""What a renderer may turn into a link on its own: a URL, a mail address, and where it guesses, a bare host name."""

_CORE = re.compile(r"^(?P<before>[(\[“‘'\"]*)(?P<core>.+?)(?P<after>[)\]”’'\",;:.!?]*)$")


def answer_markdown(answer: Answer) -> str:
    """Write an answer as Markdown.

    Args:
        answer: The answer.

    Returns:
        The text, ending in a newline.
    """
    return "\n\n".join(filter(None, _blocks(answer))) + "\n"


def plain(text: str) -> str:
    """Write any text so that Markdown shows it as it is, on one line.

    Args:
        text: Text from a PDF, a prompt or a model.

    Returns:
        The text with special characters escaped. Words that renderers turn into links on their own (bare URLs, mail
        addresses) become code: some renderers link them even where they are escaped.

    Source:
        GitHub Flavored Markdown 0.29, sections 2.4 (backslash escapes) and 6.9 (extended autolinks).
    """
    words = printable(text).split(" ")
    line = " ".join(_code(word) if _LINK_LIKE.search(word) else _escape(word) for word in words)
    return _escape_start(line)


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _escape_start(line: str) -> str:
    number = _LEADING_NUMBER.match(line)
    if number:
        return f"{line[: number.end() - 1]}\\{line[number.end() - 1 :]}"
    return f"\\{line}" if line.startswith(("-", "+", "=")) else line


def _code(word: str) -> str:
    match = _CORE.match(word)
    before, core, after = match.group("before", "core", "after") if match else ("", word, "")
    longest = max((len(run) for run in re.findall("`+", core)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if "`" in {core[0], core[-1]} else ""
    return f"{_escape(before)}{fence}{pad}{core}{pad}{fence}{_escape(after)}"


def _blocks(answer: Answer) -> Iterator[str]:
    missing, addresses = missing_papers(answer), _addresses(answer)
    yield f"# {TITLE}"
    yield f"**Question.** {plain(answer.question)}"
    yield from _notes(answer, missing)
    yield f"## {TASK}"
    yield plain(task_lead(answer) or "")
    yield _claims((task_label(answer, claim), claim) for claim in answer.task)
    yield f"## {WORKFLOW}"
    yield from map(plain, answer.relations)
    yield from _workflow(model_parts(answer))
    if answer.abbreviations:
        yield f"**{ABBREVIATIONS}:** {'; '.join(_claim(None, claim) for claim in answer.abbreviations)}."
    yield f"## {PAPERS}"
    yield _bullets(_paper(answer, paper) for paper in answer.papers)
    if missing:
        yield f"## {UNAVAILABLE}"
        yield _bullets(f"{_bold(paper.name)}: {plain(paper.reason)}" for paper in missing)
    if answer.dropped:
        yield f"## {DROPPED}"
        yield DROPPED_LEAD
        yield _bullets(f"“{plain(claim.text)}”: {plain(claim.reason)}" for claim in answer.dropped)
    if answer.citations:
        yield f"## {REFERENCES}"
        for run in references(answer):
            yield ", ".join(filter(None, (_bold(run[0].title), published(run[0].url))))
            yield _bullets(_reference(citation, addresses) for citation in run)
    yield "---"
    yield from map(plain, footer(answer))
    # the addresses stand last, where they do not come between a reader of the source and the words
    yield "\n".join(f"[{label}]: {link}" for link, label in addresses.items())


def _notes(answer: Answer, missing: Iterable[MissingPaper]) -> Iterator[str]:
    """Say before the answer what its reader must know of it."""
    if not any(answer.claims()):
        yield f"> **{NO_ANSWER}**"
    recommended = [f"{_bold(paper.name)}: {paper.consequence}." for paper in missing if paper.recommended]
    if recommended:
        yield _quoted(f"**Not available.**\n\n{_bullets(recommended)}")
    if answer.not_covered:
        yield _quoted(f"**{NOT_COVERED}.**\n\n{_bullets(plain(gap) for gap in answer.not_covered)}")


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _bold(text: str) -> str:
    return f"**{plain(text) or UNTITLED}**"


def _workflow(parts: tuple[ModelPart, ...]) -> Iterator[str]:
    if not parts:
        yield f"*{NOTHING_FOUND}*"
    for part in parts:
        if len(parts) > 1:
            yield f"### {plain(part.label) or UNTITLED}"
        yield arrow_line(part, _bold) if part.steps else f"*{NOTHING_FOUND}*"
        for kind, claims in part.steps:
            yield f"{'####' if len(parts) > 1 else '###'} {HEADINGS[kind]}"
            yield _claims((None, claim) for claim in claims)


def _claims(claims: Iterable[tuple[str | None, Claim]]) -> str:
    return _bullets(_claim(label, claim) for label, claim in claims) or f"*{NOTHING_FOUND}*"


def _claim(label: str | None, claim: Claim) -> str:
    caveat = claim_caveat(claim)
    parts = (
        f"{_bold(label)}:" if label else "",
        plain(claim.text),
        markers(claim.citations),
        f"*({caveat})*" if caveat else "",
    )
    return " ".join(filter(None, parts))


def _link(text: str, url: str | None) -> str:
    link = web_link(url or "")
    return f"[{text}]({link})" if link else plain(url or "")


def _paper(answer: Answer, paper: PaperNote) -> str:
    note = " ".join(filter(None, (plain(paper.note), markers(paper.citations))))
    title = plain(paper_title(answer, paper))
    source = (
        f"*{title}*" if title else "",
        published(paper.url),
        _link("paper", paper.url),
        _link("GitHub", paper.github),
    )
    return f"{_bold(paper.name)} ({paper.role}): {note}\n  - {', '.join(filter(None, source))}"


def _addresses(answer: Answer) -> dict[str, str]:
    """Name the address of each page that is cited, by paper and page."""
    labels: dict[str, str] = {}
    for number, run in enumerate(references(answer), 1):
        for citation in run:
            link = citation_link(citation)
            page = "" if citation.page_number is None else f"-p{citation.page_number}"
            if link:
                labels.setdefault(link, f"ref-{number}{page}")
    return labels


def _reference(citation: Citation, addresses: Mapping[str, str]) -> str:
    where, label = plain(place(citation)), addresses.get(citation_link(citation) or "")
    return f"**[{citation.n}]** {f'[{where}][{label}]' if label else where}: “{plain(citation.quote)}”"
