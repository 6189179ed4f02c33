"""Writes the graphs that ONNX Runtime runs: all-MiniLM-L6-v2, without its weights, and the products of tokens.

    python -m scripts.make_graphs

It needs the package `onnx`. The operators of the domain `com.microsoft` are those that ONNX Runtime makes of a BERT
anyway (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md); written out at once, the graph is
small and quick to load.

Source of the architecture: Devlin et al., "BERT", arXiv:1810.04805; of its sizes: the model's config.json.
"""

import importlib.resources
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from cnaps_rag.onnx_graphs import LATE_INTERACTION, NETWORK
from cnaps_rag.onnx_network import IDS, MASK, STATES
from cnaps_rag.token_vectors import (
    AXES,
    CODE_OFFSET,
    CODES,
    LARGEST_QUESTION_CODE,
    LEAST_STEP,
    PRODUCTS,
    QUESTION,
    STEPS,
)

FOLDER = Path(str(importlib.resources.files("cnaps_rag")))
LAYERS, WIDTH, HEADS, INNER_WIDTH = 6, 384, 12, 1536
WORDS, POSITIONS, SEGMENTS = 30522, 512, 2
EPSILON = 1e-12
OPERATORS, FUSED_OPERATORS = 17, 1
"""Versions of ONNX's own operators and of those of `FUSED`."""
FUSED = "com.microsoft"
UNUSED_OUTPUTS = {"EmbedLayerNormalization": ("",)}
"""Outputs that an operator must name although nobody takes them."""
FORMAT = 8
"""Version of the file format that came with these operators."""


class Graph:
    """A graph as it grows; values are told by their names."""

    def __init__(self) -> None:
        """Start without anything."""
        self.nodes: list[onnx.NodeProto] = []
        self.parameters: list[onnx.TensorProto] = []

    def weight(self, name: str, *shape: int) -> str:
        """Add a parameter whose values come from elsewhere, under the name that torch gives it."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="given when the graph is loaded")
        self.parameters.append(tensor)
        return name

    def number(self, name: str, kind: int, value: float) -> str:
        """Add a number."""
        self.parameters.append(helper.make_tensor(name, kind, [], [value]))
        return name

    def add(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator; only its first output is used."""
        outputs = [output, *UNUSED_OUTPUTS.get(kind, ())]
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return output

    def transposed(self, layer: str, n_out: int, n_in: int) -> str:
        """Add the weights of a linear layer, as a matrix product takes them."""
        return self.add("Transpose", [self.weight(f"{layer}.weight", n_out, n_in)], f"{layer}.transposed")

    def normalisation(self, layer: str) -> list[str]:
        """Add the parameters of a layer's normalisation."""
        return [self.weight(f"{layer}.LayerNorm.{kind}", WIDTH) for kind in ("weight", "bias")]

    def added_to(self, before: str, values: str, layer: str, n_in: int, output: str) -> str:
        """Add a linear layer, what comes around it, and the normalisation of their sum."""
        product = self.add("MatMul", [values, self.transposed(f"{layer}.dense", WIDTH, n_in)], f"{layer}.product")
        inputs = [before, product, *self.normalisation(layer), self.weight(f"{layer}.dense.bias", WIDTH)]
        return self.add("SkipLayerNormalization", inputs, output, FUSED, epsilon=EPSILON)

    def model(self, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> bytes:
        """Make the file's content."""
        model = helper.make_model(
            helper.make_graph(self.nodes, name, inputs, outputs, self.parameters),
            opset_imports=[helper.make_opsetid("", OPERATORS), helper.make_opsetid(FUSED, FUSED_OPERATORS)],
            ir_version=FORMAT,
        )
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def network() -> bytes:
    """Make the graph of the default model.

    Returns:
        It, its parameters named and shaped but without values.
    """
    graph = Graph()
    states = _embedded(graph)
    for number in range(LAYERS):
        states = _layer(
            graph, states, f"encoder.layer.{number}", STATES if number == LAYERS - 1 else f"states.{number}"
        )
    shape = ["texts", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in (IDS, MASK)]
    outputs = [helper.make_tensor_value_info(STATES, TensorProto.FLOAT, [*shape, WIDTH])]
    return graph.model("all-MiniLM-L6-v2", inputs, outputs)


def late_interaction() -> bytes:
    """Make the graph of what `cnaps_rag.token_vectors` multiplies.

    Returns:
        It: projects a question's tokens on a paper's axes, rounds them to whole numbers of steps, and multiplies those
        with the paper's codes.
    """
    graph = Graph()
    projected = graph.add("MatMul", [QUESTION, AXES], "projected")
    largest = graph.add("ReduceMax", [graph.add("Abs", [projected], "sizes")], "largest", axes=[1], keepdims=1)
    positive = graph.add("Max", [largest, graph.number("least", TensorProto.FLOAT, LEAST_STEP)], "positive")
    steps = graph.add("Div", [positive, graph.number("levels", TensorProto.FLOAT, LARGEST_QUESTION_CODE)], STEPS)
    rounded = graph.add("Round", [graph.add("Div", [projected, steps], "exact")], "rounded")
    columns = graph.add("Transpose", [graph.add("Cast", [rounded], "whole", to=TensorProto.INT8)], "columns")
    offset = graph.number("offset", TensorProto.UINT8, CODE_OFFSET)
    graph.add("Transpose", [graph.add("MatMulInteger", [CODES, columns, offset], "by_token")], PRODUCTS)
    inputs = [
        helper.make_tensor_value_info(QUESTION, TensorProto.FLOAT, ["question_tokens", "dim"]),
        helper.make_tensor_value_info(AXES, TensorProto.FLOAT, ["dim", "axes"]),
        helper.make_tensor_value_info(CODES, TensorProto.UINT8, ["tokens", "axes"]),
    ]
    outputs = [
        helper.make_tensor_value_info(PRODUCTS, TensorProto.INT32, ["question_tokens", "tokens"]),
        helper.make_tensor_value_info(STEPS, TensorProto.FLOAT, ["question_tokens", 1]),
    ]
    return graph.model("late interaction", inputs, outputs)


def _embedded(graph: Graph) -> str:
    layer = "embeddings"
    sizes = {"word": WORDS, "position": POSITIONS, "token_type": SEGMENTS}
    tables = [graph.weight(f"{layer}.{kind}_embeddings.weight", size, WIDTH) for kind, size in sizes.items()]
    zero = helper.make_tensor("zero", TensorProto.INT32, [1], [0])
    segments = graph.add("ConstantOfShape", [graph.add("Shape", [IDS], "shape")], "segments", value=zero)
    inputs = [IDS, segments, *tables, *graph.normalisation(layer)]
    return graph.add("EmbedLayerNormalization", inputs, "embedded", FUSED, epsilon=EPSILON)


def _layer(graph: Graph, states: str, name: str, output: str) -> str:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    weights = graph.add("Concat", [graph.transposed(part, WIDTH, WIDTH) for part in parts], f"{name}.weights", axis=1)
    biases = graph.add("Concat", [graph.weight(f"{part}.bias", WIDTH) for part in parts], f"{name}.biases", axis=0)
    attended = graph.add("Attention", [states, weights, biases, MASK], f"{name}.attended", FUSED, num_heads=HEADS)
    states = graph.added_to(states, attended, f"{name}.attention.output", WIDTH, f"{name}.normalised")
    inner = f"{name}.intermediate.dense"
    product = graph.add("MatMul", [states, graph.transposed(inner, INNER_WIDTH, WIDTH)], f"{inner}.product")
    active = graph.add("BiasGelu", [product, graph.weight(f"{inner}.bias", INNER_WIDTH)], f"{inner}.active", FUSED)
    return graph.added_to(states, active, f"{name}.output", INNER_WIDTH, output)


GRAPHS = {NETWORK: network, LATE_INTERACTION: late_interaction}

if __name__ == "__main__":
    for name, made in GRAPHS.items():
        (FOLDER / name).write_bytes(made())
        print(f"Written: {FOLDER / name}")
