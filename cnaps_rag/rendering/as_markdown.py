"""An answer as Markdown.

Text from papers, prompts and models is shown as text: nothing in it can become a link, a heading, an image or HTML.
"""

import re
from collections.abc import Iterable, Iterator

from cnaps_rag.answers import Answer, Citation, Claim, PaperNote
from cnaps_rag.rendering.wording import (
    NOT_COVERED,
    NOTHING_FOUND,
    PAPERS,
    REFERENCES,
    STEPS,
    TASK,
    UNTITLED,
    WORKFLOW,
    citation_link,
    claim_caveat,
    claim_label,
    footer,
    gaps,
    gaps_lead,
    place,
    printable,
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
    return "\n\n".join(_blocks(answer)) + "\n"


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
    yield f"# {plain(answer.question)}"
    yield from _note(answer)
    yield f"## {TASK}"
    yield _claims(answer, answer.task)
    yield f"## {WORKFLOW}"
    for step, claims in answer.workflow.steps():
        yield f"### {STEPS[step]}"
        yield _claims(answer, claims)
    yield f"## {PAPERS}"
    yield _bullets(_paper(paper) for paper in answer.papers)
    if answer.not_covered:
        yield f"## {NOT_COVERED}"
        yield _bullets(plain(gap) for gap in answer.not_covered)
    if answer.citations:
        yield f"## {REFERENCES}"
        yield _bullets(_reference(citation) for citation in answer.citations)
    yield "---"
    yield from (plain(line) for line in footer(answer))


def _note(answer: Answer) -> Iterator[str]:
    found = gaps(answer)
    if found:
        lines = [
            f"**Note.** {gaps_lead(len(found))}",
            "",
            *(f"- {_bold(gap.name)}: {plain(gap.reason)}" for gap in found),
        ]
        yield "\n".join(f"> {line}".rstrip() for line in lines)


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _bold(text: str) -> str:
    return f"**{plain(text) or UNTITLED}**"


def _markers(numbers: Iterable[int]) -> str:
    return "".join(f"[{n}]" for n in numbers)


def _claims(answer: Answer, claims: Iterable[Claim]) -> str:
    return _bullets(_claim(answer, claim) for claim in claims) or f"*{NOTHING_FOUND}*"


def _claim(answer: Answer, claim: Claim) -> str:
    label, caveat = claim_label(answer, claim), claim_caveat(claim)
    parts = (
        f"{_bold(label)}:" if label else "",
        plain(claim.text),
        _markers(claim.citations),
        f"*({caveat})*" if caveat else "",
    )
    return " ".join(filter(None, parts))


def _link(text: str, url: str | None) -> str:
    link = web_link(url or "")
    return f"[{text}]({link})" if link else plain(url or "")


def _paper(paper: PaperNote) -> str:
    links = ", ".join(filter(None, (_link("paper", paper.url), _link("GitHub", paper.github))))
    note = " ".join(filter(None, (plain(paper.note), _markers(paper.citations))))
    return f"{_bold(paper.name)} ({paper.role}): {links}. {note}".rstrip()


def _reference(citation: Citation) -> str:
    link = citation_link(citation)
    source = f" [source]({link})" if link else ""
    title = plain(citation.title) or UNTITLED
    return f"**[{citation.n}]** {title}, {plain(place(citation))}: “{plain(citation.quote)}”{source}"
