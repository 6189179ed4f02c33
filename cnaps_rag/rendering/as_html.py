"""An answer as one HTML page that needs nothing but itself: no scripts, nothing loaded from elsewhere."""

from collections.abc import Iterable, Iterator
from html import escape

from cnaps_rag.answers import Answer, Citation, Claim, PaperNote
from cnaps_rag.graphs import CHAIN, Node, NodeKind
from cnaps_rag.rendering.parts import MissingPaper, ModelPart, missing_papers, model_parts, paper_title, references
from cnaps_rag.rendering.wording import (
    ABBREVIATIONS,
    DROPPED,
    DROPPED_LEAD,
    HEADINGS,
    NO_ANSWER,
    NOT_COVERED,
    NOT_DESCRIBED,
    NOTHING_FOUND,
    PAPERS,
    REFERENCES,
    STEPS,
    TASK,
    TITLE,
    UNAVAILABLE,
    UNTITLED,
    WORKFLOW,
    citation_link,
    claim_caveat,
    footer,
    place,
    printable,
    published,
    ranges,
    task_label,
    task_lead,
    web_link,
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.3; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
h3 { font-size: 1.1rem; } h4 { font-size: 1rem; margin-bottom: .25rem; }
li { margin: .35rem 0; overflow-wrap: anywhere; } blockquote { margin: 0; font-size: 1.1rem; }
aside { border-left: .25rem solid #c80; padding: .1rem 1rem; margin: 1rem 0; } :target { background: #fd06; }
q { font-style: italic; } footer { border-top: 1px solid #8888; margin-top: 2rem; font-size: .875rem; }
figure { margin: 1rem 0; } figure ol { display: flex; flex-wrap: wrap; list-style: none; margin: 0; padding: 0; }
figure li { flex: 1 1 8rem; border: 1px solid #8888; border-radius: .4rem; padding: .4rem .6rem; margin: .2rem 0; }
figure li + li { position: relative; margin-left: 1.75rem; }
figure li + li::before { content: "\\2192"; content: "\\2192" / ""; position: absolute; left: -1.45rem; top: .4rem; }
figure li b, figure p b { display: block; } figure .open { border-style: dashed; }
figure p { border: 1px solid #8888; border-radius: .4rem; padding: .4rem .6rem; margin: .5rem 0; font-size: .875rem; }
figure li { font-size: .875rem; }
@media (max-width: 34rem) {
  figure ol { flex-direction: column; } figure li { flex: none; } figure li + li { margin: 1.5rem 0 .2rem; }
  figure li + li::before { content: "\\2193"; content: "\\2193" / ""; left: 50%; top: -1.6rem; }
}
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
    missing = missing_papers(answer)
    yield f"<h1>{TITLE}</h1>"
    yield f"<blockquote>{_text(answer.question)}</blockquote>"
    yield from _notes(answer, missing)
    yield f"<h2>{TASK}</h2>"
    yield _paragraphs(filter(None, [task_lead(answer)]))
    yield _claims(((task_label(answer, claim), claim) for claim in answer.task), known)
    yield f"<h2>{WORKFLOW}</h2>"
    yield _paragraphs(answer.relations)
    yield from _workflow(model_parts(answer), known)
    if answer.abbreviations:
        explained = "; ".join(_claim(None, claim, known) for claim in answer.abbreviations)
        yield f"<p><b>{ABBREVIATIONS}:</b> {explained}.</p>"
    yield f"<h2>{PAPERS}</h2>"
    yield _list(_paper(answer, paper, known) for paper in answer.papers)
    if missing:
        yield f"<h2>{UNAVAILABLE}</h2>"
        yield _list(f"{_bold(paper.name)}: {_text(paper.reason)}" for paper in missing)
    if answer.dropped:
        yield f"<h2>{DROPPED}</h2>"
        yield f"<p>{DROPPED_LEAD}</p>"
        yield _list(f"<q>{_text(claim.text)}</q>: {_text(claim.reason)}" for claim in answer.dropped)
    if answer.citations:
        yield f"<h2>{REFERENCES}</h2>"
        yield from (_references(run) for run in references(answer))
    yield f"<footer>{_paragraphs(footer(answer))}</footer>"


def _notes(answer: Answer, missing: Iterable[MissingPaper]) -> Iterator[str]:
    if not any(answer.claims()):
        yield f"<aside><p><b>{NO_ANSWER}</b></p></aside>"
    recommended = [f"{_bold(paper.name)}: {paper.consequence}." for paper in missing if paper.recommended]
    if recommended:
        yield f"<aside><p><b>Not available.</b></p>\n{_list(recommended)}</aside>"
    if answer.not_covered:
        yield f"<aside><p><b>{NOT_COVERED}.</b></p>\n{_list(_text(gap) for gap in answer.not_covered)}</aside>"


def _workflow(parts: tuple[ModelPart, ...], known: set[int]) -> Iterator[str]:
    if not parts:
        yield f"<p><em>{NOTHING_FOUND}</em></p>"
    for part in parts:
        if len(parts) > 1:
            yield f"<h3>{_text(part.label) or UNTITLED}</h3>"
        yield _figure(part, known) if part.steps else f"<p><em>{NOTHING_FOUND}</em></p>"
        heading = "h4" if len(parts) > 1 else "h3"
        for kind, claims in part.steps:
            yield f"<{heading}>{HEADINGS[kind]}</{heading}>"
            yield _claims(((None, claim) for claim in claims), known)


def _figure(part: ModelPart, known: set[int]) -> str:
    """Draw the chain of a model: boxes in a list, so that it reads in order without its looks."""
    boxes = "".join(_box(part.nodes[kind], known) for kind in CHAIN)
    why = part.nodes.get(NodeKind.MECHANISM)
    below = "" if why is None else f"\n<p>{_node(why, known)}</p>"
    return f'<figure aria-label="Workflow: input, model, output">\n<ol>{boxes}</ol>{below}\n</figure>'


def _box(node: Node, known: set[int]) -> str:
    return f"<li>{_node(node, known)}</li>" if node.described else f'<li class="open">{_node(node, known)}</li>'


def _node(node: Node, known: set[int]) -> str:
    named = node.described or node.kind is NodeKind.MODEL
    words = f" {_text(node.label)}" if named else ""
    support = _markers(node.citations, known) if node.described else f"<em>({NOT_DESCRIBED})</em>"
    return f"<b>{STEPS[node.kind]}</b>{words} {support}"


def _list(entries: Iterable[str]) -> str:
    return "<ul>\n" + "".join(f"<li>{entry}</li>\n" for entry in entries) + "</ul>"


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{_text(text)}</p>" for text in texts)


def _bold(text: str) -> str:
    return f"<b>{_text(text) or UNTITLED}</b>"


def _markers(numbers: Iterable[int], known: set[int]) -> str:
    return "".join(
        _marker(first, known) if first == last else f"{_marker(first, known)}–{_marker(last, known)}"
        for first, last in ranges(numbers)
    )


def _marker(number: int, known: set[int]) -> str:
    return f'<a href="#ref-{number}">[{number}]</a>' if number in known else f"[{number}]"


def _claims(claims: Iterable[tuple[str | None, Claim]], known: set[int]) -> str:
    entries = [_claim(label, claim, known) for label, claim in claims]
    return _list(entries) if entries else f"<p><em>{NOTHING_FOUND}</em></p>"


def _claim(label: str | None, claim: Claim, known: set[int]) -> str:
    caveat = claim_caveat(claim)
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


def _paper(answer: Answer, paper: PaperNote, known: set[int]) -> str:
    note = " ".join(filter(None, (_text(paper.note), _markers(paper.citations, known))))
    title = _text(paper_title(answer, paper))
    cited = f"<cite>{title}</cite>" if title else ""
    source = (cited, published(paper.url), _link("paper", paper.url), _link("GitHub", paper.github))
    return f"{_bold(paper.name)} ({paper.role}): {note}<br>{', '.join(filter(None, source))}"


def _references(citations: tuple[Citation, ...]) -> str:
    first = citations[0]
    title = f"<cite>{_text(first.title) or UNTITLED}</cite>"
    entries = "".join(f'<li id="ref-{one.n}" value="{one.n}">{_reference(one)}</li>\n' for one in citations)
    return f"<p>{', '.join(filter(None, (title, published(first.url))))}</p>\n<ol>\n{entries}</ol>"


def _reference(citation: Citation) -> str:
    where, link = _text(place(citation)), citation_link(citation)
    return f"{_link(where, link) if link else where}: <q>{_text(citation.quote)}</q>"
