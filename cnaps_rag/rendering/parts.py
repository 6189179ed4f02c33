"""An answer arranged as people read it: what is missing first, then one workflow for each model."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cnaps_rag.answers import GENERAL, Answer, Citation, Claim, PaperNote
from cnaps_rag.graphs import CHAIN, Node, NodeKind
from cnaps_rag.listing import Role
from cnaps_rag.records import Origin
from cnaps_rag.rendering.wording import BESIDE, NOT_DESCRIBED, STEPS, markers
from cnaps_rag.venues import Venue, venue_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPaper:
    """A listed paper whose PDF is not in the index.

    Attributes:
        name: The entry's name, or the URL where the answer names none; several names where entries share the paper.
        url: The paper's URL as listed.
        recommended: Whether it is the paper of a recommended model.
        by_abstract: Whether the answer quotes the abstract that the prompt gives.
        reason: Why, and what to do.
    """

    name: str
    url: str
    recommended: bool
    by_abstract: bool
    reason: str

    @property
    def consequence(self) -> str:
        """What it means for the answer."""
        if self.by_abstract:
            return "its PDF could not be read; what is said of it rests on the abstract in the prompt"
        return "its PDF could not be read, and nothing in this answer rests on it"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPart:
    """What the workflow part says of one model.

    Attributes:
        label: The model's name, or what is spoken of beside the recommended models.
        nodes: Its nodes of the graph, by their kind; a model that no claim describes has one.
        steps: Each step with its claims, in order; empty where no claim describes the model.
    """

    label: str
    nodes: dict[NodeKind, Node]
    steps: tuple[tuple[NodeKind, tuple[Claim, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedPaper:
    """A paper that the answer cites.

    Attributes:
        key: A short name of it, unique within the answer: `chan2021basicvsr`.
        venue: When and where it appeared.
        url: Its URL as listed.
        title: Its title.
        authors: Its authors, where they are known.
        journal: Where it was published by arXiv's knowledge, or None.
        github: Repositories that the prompt lists with it.
    """

    key: str
    venue: Venue
    url: str
    title: str
    authors: tuple[str, ...]
    journal: str | None
    github: tuple[str, ...]


def missing_papers(answer: Answer) -> tuple[MissingPaper, ...]:
    """Name the papers that could not be read, those of recommended models first."""
    quoted = {citation.url for citation in answer.citations if citation.origin is Origin.ABSTRACT}
    missing = []
    for paper in answer.papers_unavailable:
        notes = [note for note in answer.papers if note.url == paper.url]
        missing.append(
            MissingPaper(
                name=" / ".join(dict.fromkeys(note.name for note in notes)) or paper.url,
                url=paper.url,
                recommended=any(note.role is Role.RECOMMENDED for note in notes),
                by_abstract=paper.url in quoted,
                reason=paper.reason,
            )
        )
    return tuple(sorted(missing, key=lambda paper: not paper.recommended))


def model_parts(answer: Answer) -> tuple[ModelPart, ...]:
    """Divide the workflow part by model; nothing where it has no claim at all."""
    claims = dict(answer.workflow.steps())
    if not any(claims.values()):
        return ()
    parts = []
    for nodes in answer.workflow_graph.chains():
        described = any(node.described for node in nodes.values())
        steps = tuple(
            (kind, tuple(claims[kind][row] for row in nodes[kind].claims) if kind in nodes else ()) for kind in NodeKind
        )
        model = nodes[NodeKind.MODEL]
        label = model.label if model.about is not None or model.label == GENERAL else f"{BESIDE}: {model.label}"
        parts.append(ModelPart(label=label, nodes=nodes, steps=steps if described else ()))
    return tuple(parts)


def arrow_line(part: ModelPart, written: Callable[[str], str]) -> str:
    """Draw the chain of a described model on one line.

    Args:
        part: The model.
        written: Writes its name.

    Returns:
        `Input [1] → NAME [2]–[4] → Output [5]; why: [6]`.
    """
    line = " → ".join(_step(part.nodes[kind], written) for kind in CHAIN)
    why = part.nodes.get(NodeKind.MECHANISM)
    return line if why is None else f"{line}; why: {markers(why.citations)}"


def _step(node: Node, written: Callable[[str], str]) -> str:
    words = written(node.label) if node.kind is NodeKind.MODEL else STEPS[node.kind]
    return f"{words} {markers(node.citations) if node.described else f'({NOT_DESCRIBED})'}"


def paper_title(answer: Answer, paper: PaperNote) -> str:
    """Find the title of a cited paper that is listed under another name; else there is nothing to add."""
    titles = (citation.title for citation in answer.citations if citation.n in paper.citations)
    title = next(titles, "")
    return "" if _letters(title) == _letters(paper.name) else title


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def references(answer: Answer) -> Iterator[tuple[Citation, ...]]:
    """Yield the references paper by paper, in order of first citation; those of one paper by their number."""
    papers: dict[tuple[str, str], list[Citation]] = {}
    for citation in answer.citations:
        papers.setdefault((citation.url, citation.title), []).append(citation)
    yield from map(tuple, papers.values())


def used_papers(answer: Answer) -> Iterator[UsedPaper]:
    """Yield the papers that are cited, in order of their first citation."""
    first: dict[str, Citation] = {}
    for citation in answer.citations:
        first.setdefault(citation.url, citation)
    keys: Counter[str] = Counter()
    for url, citation in first.items():
        venue = venue_of(url)
        keys[venue.key] += 1
        notes = [note for note in answer.papers if note.url == url or citation.n in note.citations]
        yield UsedPaper(
            key=venue.key if keys[venue.key] == 1 else f"{venue.key}-{keys[venue.key]}",
            venue=venue,
            url=url,
            title=citation.title,
            authors=next((note.authors for note in notes if note.authors), ()),
            journal=next((note.journal for note in notes if note.journal), None),
            github=tuple(dict.fromkeys(note.github for note in notes if note.github)),
        )
