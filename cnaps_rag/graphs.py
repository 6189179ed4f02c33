"""The workflow of an answer as a graph: input → model → output for each model, and why beside it.

A graph is drawn from verified statements and says nothing of its own: a node's words are a model's name as listed, a
title, or the beginning of a statement, and every node but the models names the statements and citations it rests on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

LABEL_CHARS = 72
ELLIPSIS = "…"


class Statement(Protocol):
    """What a graph needs to know of a claim."""

    @property
    def text(self) -> str:
        """The statement."""

    @property
    def citations(self) -> tuple[int, ...]:
        """Numbers of the citations that support it."""

    @property
    def about(self) -> str | None:
        """Name of the recommended model that it speaks of, or None."""


class NodeKind(StrEnum):
    """What a node stands for: a step of the workflow, by the name that the step has in an answer."""

    INPUT = "input"
    MODEL = "model"
    OUTPUT = "output"
    MECHANISM = "mechanism"


EDGES = (
    (NodeKind.INPUT, NodeKind.MODEL, "goes into"),
    (NodeKind.MODEL, NodeKind.OUTPUT, "gives"),
    (NodeKind.MECHANISM, NodeKind.MODEL, "explains"),
)
CHAIN = (NodeKind.INPUT, NodeKind.MODEL, NodeKind.OUTPUT)
"""What every described model has a node for, whether the papers describe it or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A step of the workflow of one model.

    Attributes:
        id: Name of the node within the graph: `m1-input`, `m1-model`, …; models are counted in the prompt's order.
        kind: What it stands for.
        label: The model's name; else the beginning of its first statement; else the kind's name.
        about: Name of the recommended model, or None for statements that speak of none.
        claims: Which statements of the answer's step of that kind it stands for, counted from 0.
        citations: Numbers of the citations that these rest on.
    """

    id: str
    kind: NodeKind
    label: str
    about: str | None
    claims: tuple[int, ...] = ()
    citations: tuple[int, ...] = ()

    @property
    def described(self) -> bool:
        """Whether any statement describes it."""
        return bool(self.claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An arrow.

    Attributes:
        source: Id of the node that it leaves.
        target: Id of the node that it enters.
        label: What it means: `goes into`, `gives` or `explains`.
    """

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowGraph:
    """Input → model → output for each model, and what explains it.

    Attributes:
        nodes: The steps, model by model: input, model, output, mechanism. A model that no statement describes has a
            node without arrows.
        edges: The arrows; none leads from one model to another.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    def chains(self) -> Iterator[dict[NodeKind, Node]]:
        """Yield the nodes of each model by their kind, in order."""
        found: dict[str | None, dict[NodeKind, Node]] = {}
        for node in self.nodes:
            found.setdefault(node.about, {})[node.kind] = node
        yield from found.values()

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "WorkflowGraph":
        """Make a graph of its JSON.

        Args:
            record: What the answer's JSON has under `workflow_graph`.

        Returns:
            The graph.
        """
        nodes = (
            Node(
                id=node["id"],
                kind=NodeKind(node["kind"]),
                label=node["label"],
                about=node["about"],
                claims=tuple(node["claims"]),
                citations=tuple(node["citations"]),
            )
            for node in record["nodes"]
        )
        edges = (Edge(source=edge["from"], target=edge["to"], label=edge["label"]) for edge in record["edges"])
        return cls(nodes=tuple(nodes), edges=tuple(edges))


def draw_graph(steps: Mapping[str, Sequence[Statement]], models: Mapping[str | None, str]) -> WorkflowGraph:
    """Draw the graph of a workflow.

    Args:
        steps: The statements of each step.
        models: The label of each model that gets a chain, by the name that statements have in `about`, in order.

    Returns:
        The graph. Input and output of a described model that no statement speaks of are nodes too, not described;
        a mechanism is one only where it is described.
    """
    nodes: list[Node] = []
    edges: list[Edge] = []
    for number, (about, label) in enumerate(models.items(), 1):
        chain = {kind: _node(f"m{number}-{kind}", kind, about, steps.get(kind, ())) for kind in NodeKind}
        if not any(node.described for node in chain.values()):
            kinds: Iterable[NodeKind] = (NodeKind.MODEL,)
        else:
            kinds = [kind for kind in NodeKind if kind in CHAIN or chain[kind].described]
        for kind in kinds:
            node = chain[kind]
            nodes.append(replace(node, label=label) if kind is NodeKind.MODEL else node)
        edges += [
            Edge(source=chain[source].id, target=chain[target].id, label=words)
            for source, target, words in EDGES
            if {source, target} <= set(kinds)
        ]
    return WorkflowGraph(nodes=tuple(nodes), edges=tuple(edges))


def _node(name: str, kind: NodeKind, about: str | None, statements: Sequence[Statement]) -> Node:
    claims = tuple(row for row, statement in enumerate(statements) if statement.about == about)
    citations = dict.fromkeys(number for row in claims for number in statements[row].citations)
    label = beginning(statements[claims[0]].text) if claims else str(kind)
    return Node(id=name, kind=kind, label=label, about=about, claims=claims, citations=tuple(citations))


def beginning(text: str) -> str:
    """Take the beginning of a text.

    Args:
        text: The text.

    Returns:
        As many whole words as fit into a label, with an ellipsis where there are more.
    """
    words = " ".join(text.split())
    if len(words) <= LABEL_CHARS:
        return words
    room = words[: LABEL_CHARS - len(ELLIPSIS)]
    kept = room if words[len(room)] == " " else room.rpartition(" ")[0] or room
    return kept.rstrip(" ,;:(") + ELLIPSIS
