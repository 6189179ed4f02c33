"""The workflow of an answer as a Mermaid flowchart, which GitHub and many editors draw.

Source: https://mermaid.js.org/syntax/flowchart.html (quoted labels, subgraphs, entity codes).
"""

import re
from collections.abc import Iterator

from cnaps_rag.answers import Answer
from cnaps_rag.graphs import Node, NodeKind
from cnaps_rag.rendering.wording import NOT_DESCRIBED, STEPS, UNTITLED, markers, printable

SHAPES = {
    NodeKind.INPUT: ("[/", "/]"),
    NodeKind.MODEL: ("[", "]"),
    NodeKind.OUTPUT: ("[/", "/]"),
    NodeKind.MECHANISM: ("(", ")"),
}
"""Slanted boxes for what goes in and out, a box for the model, a rounded one for the reason."""

_LIST_MARK = re.compile(r"^([0-9]*)([-+.)])")
"""What begins a list in Markdown, which labels are read as."""
HARMLESS = frozenset(" .,:-()+/")


def answer_mermaid(answer: Answer) -> str:
    """Draw the workflow of an answer.

    Args:
        answer: The answer.

    Returns:
        The source of a flowchart, ending in a newline; without any node where no claim describes a model.
    """
    return "\n".join(_lines(answer)) + "\n"


def _lines(answer: Answer) -> Iterator[str]:
    graph = answer.workflow_graph
    yield "flowchart LR"
    for number, chain in enumerate(graph.chains(), 1):
        yield f'  subgraph m{number}["{_label(chain[NodeKind.MODEL].label)}"]'
        yield from (f"    {_node(node)}" for node in chain.values())
        yield "  end"
    for edge in graph.edges:
        arrow = "-.->" if edge.source.endswith(NodeKind.MECHANISM) else "-->"
        yield f"  {edge.source} {arrow}|{edge.label}| {edge.target}"


def _node(node: Node) -> str:
    left, right = SHAPES[node.kind]
    named = node.kind is NodeKind.MODEL or not node.described
    words = "" if named else f": {_label(node.label)}"
    support = _label(markers(node.citations)) if node.described else NOT_DESCRIBED
    return f'{node.id}{left}"{STEPS[node.kind]}{words} {support}"{right}'


def _label(text: str) -> str:
    """Write any text so that Mermaid shows it as it is: what might mean something to it becomes a number."""
    words = "".join(one if one.isalnum() or one in HARMLESS else f"#{ord(one)};" for one in printable(text))
    return _LIST_MARK.sub(lambda mark: f"{mark[1]}#{ord(mark[2])};", words) or UNTITLED
