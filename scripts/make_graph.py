"""Writes the graph of all-MiniLM-L6-v2 that `cnaps_rag.onnx_network` runs: what is computed, without the weights.

    python -m scripts.make_graph

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

from cnaps_rag.onnx_network import GRAPH_FILE, IDS, MASK, STATES

GRAPH = Path(str(importlib.resources.files("cnaps_rag"))) / GRAPH_FILE
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
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, *shape: int) -> str:
        """Add a parameter whose values come from elsewhere, under the name that torch gives it."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="given when the graph is loaded")
        self.weights.append(tensor)
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


def model() -> onnx.ModelProto:
    """Make the model.

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
    return helper.make_model(
        helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, outputs, graph.weights),
        opset_imports=[helper.make_opsetid("", OPERATORS), helper.make_opsetid(FUSED, FUSED_OPERATORS)],
        ir_version=FORMAT,
    )


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


if __name__ == "__main__":
    GRAPH.write_bytes(model().SerializeToString(deterministic=True))
    print(f"Written: {GRAPH}")
