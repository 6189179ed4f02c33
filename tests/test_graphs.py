"""The workflow of an answer as a graph."""

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.answers import Answer, Claim, Support, Workflow
from cnaps_rag.graphs import LABEL_CHARS, Edge, NodeKind, WorkflowGraph, beginning, draw_graph
from cnaps_rag.index import PromptIndex
from cnaps_rag.pipeline import answer
from cnaps_rag.rendering import answer_record, json_text
from tests.sample_answers import abstention, answer_with, two_models


def uncited(answer: Answer, graph: WorkflowGraph) -> list[str]:
    """List the nodes that say more than the claims they name, or cite other than these do."""
    steps = dict(answer.workflow.steps())
    names = {paper.name for paper in answer.papers} | {one.title for one in answer.citations} | {"In general"}
    wrong = []
    for node in graph.nodes:
        claims = [steps[node.kind][row] for row in node.claims]
        words = [beginning(claims[0].text)] if claims else [str(node.kind)]
        allowed = names if node.kind is NodeKind.MODEL else set(words)
        cited = {number for claim in claims for number in claim.citations}
        known = set(node.label.split(" / ")) <= allowed
        if not known or set(node.citations) != cited or {claim.about for claim in claims} - {node.about}:
            wrong.append(node.id)
    return wrong


def test_each_model_is_a_chain() -> None:
    """Input leads to model, model to output; the mechanism points at the model; models are in the prompt's order."""
    graph = two_models().workflow_graph
    assert [(node.id, node.label, node.claims, node.citations) for node in graph.nodes] == [
        ("m1-input", "Ten photos.", (1,), (2,)),
        ("m1-model", "B", (), ()),
        ("m1-output", "output", (), ()),
        ("m1-mechanism", "Ten show more than one.", (0, 1), (2, 3)),
        ("m2-input", "One photo.", (0,), (1,)),
        ("m2-model", "A", (0,), (1,)),
        ("m2-output", "A sharp photo.", (0,), (3, 1)),
        ("m3-model", "C", (), ()),
        ("m4-input", "input", (), ()),
        ("m4-model", "In general", (1,), (1, 2)),
        ("m4-output", "output", (), ()),
    ]
    assert [edge for edge in graph.edges if edge.source.startswith("m1") or edge.target.startswith("m1")] == [
        Edge(source="m1-input", target="m1-model", label="goes into"),
        Edge(source="m1-model", target="m1-output", label="gives"),
        Edge(source="m1-mechanism", target="m1-model", label="explains"),
    ]


def test_what_is_not_described_says_so() -> None:
    """A step without claims is marked; a model without any is a node that no arrow touches."""
    graph = two_models().workflow_graph
    assert [node.id for node in graph.nodes if not node.described] == [
        *("m1-model", "m1-output", "m3-model", "m4-input", "m4-output")
    ]
    assert not [edge for edge in graph.edges if "m3" in edge.source + edge.target]
    assert [node.described for node in abstention().workflow_graph.nodes] == [False]


def test_entries_of_one_paper_share_a_chain() -> None:
    """Two recommended models with one paper are one chain with both names."""
    both = two_models()
    papers = tuple(dataclasses.replace(paper, citations=(1, 3)) for paper in both.papers)
    graph = dataclasses.replace(both, papers=papers).workflow_graph
    assert [chain[NodeKind.MODEL].label for chain in graph.chains()] == ["B / C", "A", "In general"]


def test_claims_on_no_model_are_named_by_their_paper() -> None:
    """What stands in one paper and speaks of no recommended model has that paper's title."""
    claim = Claim(text="It votes.", citations=(3, 1), support=Support.VERBATIM)
    answer = dataclasses.replace(two_models(), workflow=Workflow(model=(claim,)))
    assert [node.label for node in answer.workflow_graph.nodes if node.about is None] == ["input", "On A", "output"]


def test_a_name_that_is_not_listed_is_no_label() -> None:
    """A model that a generator made up does not get into the graph's words."""
    claim = Claim(text="It votes.", citations=(1,), support=Support.VERBATIM, about="Made up")
    answer = dataclasses.replace(two_models(), workflow=Workflow(model=(claim,)))
    assert [node.label for node in answer.workflow_graph.nodes if node.about == "Made up"] == [
        "input",
        "On A",
        "output",
    ]


def test_the_graph_says_nothing_uncited() -> None:
    """Labels are names, titles or the first words of claims, and citations are those of the claims named."""
    for one in (two_models(), answer_with("A fact."), abstention()):
        assert uncited(one, one.workflow_graph) == []


def test_the_graph_of_a_real_answer(index: PromptIndex) -> None:
    """An answer from an index has a chain for each described model, and every claim is in exactly one node."""
    found = answer(index)
    graph = found.workflow_graph
    assert uncited(found, graph) == []
    assert [chain[NodeKind.MODEL].label for chain in graph.chains()] == ["Lantern", "Compass"]
    for step, claims in found.workflow.steps():
        assert sorted(row for node in graph.nodes if node.kind == step for row in node.claims) == [*range(len(claims))]


def test_json_round_trip() -> None:
    """The graph in an answer's JSON is read back as the same graph, and numbers claims as the JSON has them."""
    both = two_models()
    record = json.loads(json_text(answer_record(both)))
    assert WorkflowGraph.from_record(record["workflow_graph"]) == both.workflow_graph
    assert list(record["workflow_graph"]["nodes"][0]) == [
        *("id", "kind", "label", "about", "described", "claims", "citations")
    ]
    assert list(record["workflow_graph"]["edges"][0]) == ["from", "to", "label"]
    for node in record["workflow_graph"]["nodes"]:
        claims = [record["parts"]["workflow"][node["kind"]][row] for row in node["claims"]]
        assert {number for claim in claims for number in claim["citations"]} == set(node["citations"])


@given(st.text())
def test_a_label_is_the_beginning_of_its_text(text: str) -> None:
    """A label is short, on one line, and says nothing that the text does not."""
    label = beginning(text)
    assert len(label) <= LABEL_CHARS
    assert " ".join(text.split()).startswith(label.removesuffix("…").rstrip())


def test_a_long_label_ends_at_a_word() -> None:
    """A text that is too long is cut between words, and the cut is shown."""
    assert beginning("word " * 30) == "word " * 13 + "word…"
    assert beginning("x" * 100) == "x" * 71 + "…"


def test_no_models_no_graph() -> None:
    """Without models there is nothing to draw."""
    assert draw_graph({}, {}) == WorkflowGraph()
