"""An answer as one HTML page that needs nothing but itself: no scripts, nothing loaded from elsewhere."""

from collections.abc import Iterable, Iterator
from html import escape

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

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; line-height: 1.3; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
li { margin: .35rem 0; overflow-wrap: anywhere; }
aside { border-left: .25rem solid #c80; padding: .1rem 1rem; } :target { background: #fd06; }
q { font-style: italic; } footer { border-top: 1px solid #8888; margin-top: 2rem; font-size: .875rem; }
"""


def answer_html(answer: Answer) -> str:
    """Write an answer as an HTML page.

    Args:
        answer: The answer.

    Returns:
        The page, ending in a newline.
    """
    body = "\n".join(_blocks(answer))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{_text(answer.question)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _text(text: str) -> str:
    return escape(printable(text))


def _blocks(answer: Answer) -> Iterator[str]:
    known = {citation.n for citation in answer.citations}
    yield f"<h1>{_text(answer.question)}</h1>"
    yield from _note(answer)
    yield f"<h2>{TASK}</h2>"
    yield _claims(answer, answer.task, known)
    yield f"<h2>{WORKFLOW}</h2>"
    for step, claims in answer.workflow.steps():
        yield f"<h3>{STEPS[step]}</h3>"
        yield _claims(answer, claims, known)
    yield f"<h2>{PAPERS}</h2>"
    yield _list(_paper(paper, known) for paper in answer.papers)
    if answer.not_covered:
        yield f"<h2>{NOT_COVERED}</h2>"
        yield _list(_text(gap) for gap in answer.not_covered)
    if answer.citations:
        yield f"<h2>{REFERENCES}</h2>"
        yield _references(answer.citations)
    yield "<footer>" + "".join(f"<p>{_text(line)}</p>" for line in footer(answer)) + "</footer>"


def _note(answer: Answer) -> Iterator[str]:
    found = gaps(answer)
    if found:
        named = _list(f"<b>{_text(gap.name) or UNTITLED}</b>: {_text(gap.reason)}" for gap in found)
        yield f"<aside><p><b>Note.</b> {gaps_lead(len(found))}</p>\n{named}</aside>"


def _list(entries: Iterable[str]) -> str:
    return "<ul>\n" + "".join(f"<li>{entry}</li>\n" for entry in entries) + "</ul>"


def _markers(numbers: Iterable[int], known: set[int]) -> str:
    return "".join(f'<a href="#ref-{n}">[{n}]</a>' if n in known else f"[{n}]" for n in numbers)


def _claims(answer: Answer, claims: tuple[Claim, ...], known: set[int]) -> str:
    if not claims:
        return f"<p><em>{NOTHING_FOUND}</em></p>"
    return _list(_claim(answer, claim, known) for claim in claims)


def _claim(answer: Answer, claim: Claim, known: set[int]) -> str:
    label, caveat = claim_label(answer, claim), claim_caveat(claim)
    parts = (
        f"<b>{_text(label)}</b>:" if label else "",
        _text(claim.text),
        _markers(claim.citations, known),
        f"<em>({caveat})</em>" if caveat else "",
    )
    return " ".join(filter(None, parts))


def _link(text: str, url: str | None) -> str:
    link = web_link(url or "")
    return f'<a href="{escape(link)}" rel="noopener noreferrer">{text}</a>' if link else _text(url or "")


def _paper(paper: PaperNote, known: set[int]) -> str:
    links = ", ".join(filter(None, (_link("paper", paper.url), _link("GitHub", paper.github))))
    note = " ".join(filter(None, (_text(paper.note), _markers(paper.citations, known))))
    return f"<b>{_text(paper.name) or UNTITLED}</b> ({paper.role}): {links}. {note}"


def _references(citations: Iterable[Citation]) -> str:
    entries = (
        f'<li id="ref-{citation.n}" value="{citation.n}">{_reference(citation)}</li>\n' for citation in citations
    )
    return "<ol>\n" + "".join(entries) + "</ol>"


def _reference(citation: Citation) -> str:
    link = citation_link(citation)
    source = f" {_link('source', link)}" if link else ""
    title = _text(citation.title) or UNTITLED
    return f"<cite>{title}</cite>, {_text(place(citation))}: <q>{_text(citation.quote)}</q>{source}"
