"""The papers that an answer cites, as BibTeX: what is known of them, and nothing else."""

from collections.abc import Iterator

from cnaps_rag.answers import Answer
from cnaps_rag.rendering.parts import UsedPaper, used_papers
from cnaps_rag.rendering.wording import UNTITLED, printable, web_link
from cnaps_rag.venues import Venue

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""The names that BibTeX styles define."""

SPECIAL = {
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    "<": r"{\textless}",
    ">": r"{\textgreater}",
    "|": r"{\textbar}",
    **{one: "\\" + one for one in "&%$#_"},
}
"""Braces within a value must be even, escaped ones too, so the commands stand for them."""


def answer_bibtex(answer: Answer) -> str:
    """Write the papers that an answer cites as BibTeX.

    Args:
        answer: The answer.

    Returns:
        One entry a paper, in order of their first citation, in UTF-8; empty where nothing is cited.
    """
    return "\n".join(map(_entry, used_papers(answer)))


def _entry(paper: UsedPaper) -> str:
    kind = "misc" if paper.venue.proceedings is None else "inproceedings"
    fields = "".join(f"  {name} = {value},\n" for name, value in _fields(paper, paper.venue))
    return f"@{kind}{{{paper.key},\n{fields}}}\n"


def _fields(paper: UsedPaper, venue: Venue) -> Iterator[tuple[str, str]]:
    yield "title", f"{{{_title(paper.title)}}}"
    if paper.authors:
        yield "author", f"{{{' and '.join(map(_author, paper.authors))}}}"
    else:
        yield "key", f"{{{_tex(paper.title) or UNTITLED}}}"  # styles sort by it where there is no author
    if venue.proceedings is not None:
        yield "booktitle", f"{{{_title(venue.proceedings)}}}"
    if venue.year is not None:
        yield "year", f"{{{venue.year}}}"
    if venue.month is not None:
        yield "month", MONTHS[venue.month - 1]
    if venue.arxiv is not None:
        yield "eprint", f"{{{venue.arxiv}}}"
        yield "archiveprefix", "{arXiv}"
    link = web_link(paper.url)
    if link is not None:
        yield "url", f"{{{link}}}"
    note = "; ".join(_notes(paper))
    if note:
        yield "note", f"{{{note}}}"


def _notes(paper: UsedPaper) -> Iterator[str]:
    if paper.journal is not None:
        yield f"Published in {_tex(paper.journal)}"
    for link in filter(None, map(web_link, paper.github)):
        yield rf"Code: \url{{{link}}}"


def _title(text: str) -> str:
    """Escape a title and keep the capitals that styles would make small: those of names such as `BasicVSR`."""
    words = printable(text).split() or [UNTITLED]
    return " ".join(f"{{{_tex(word)}}}" if any(map(str.isupper, word[1:])) else _tex(word) for word in words)


def _author(name: str) -> str:
    """Escape a name; one that BibTeX would take apart (`X Collaboration, Y and Z`) is kept whole."""
    words = printable(name).split()
    whole = "and" in map(str.lower, words) or "," in name
    return f"{{{_tex(name)}}}" if whole else _tex(name)


def _tex(text: str) -> str:
    return "".join(SPECIAL.get(one, one) for one in printable(text))
