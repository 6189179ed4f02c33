"""The graphs in this package, and ONNX Runtime, which runs them. The one module that knows it.

`scripts/make_graphs.py` makes the graphs.
"""

import importlib.util
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RUNTIME = "onnxruntime"
NETWORK = "minilm_l6.onnx"
LATE_INTERACTION = "late_interaction.onnx"


@cache
def available() -> bool:
    """Tell whether ONNX Runtime is installed; costs no loading of it."""
    return importlib.util.find_spec(RUNTIME) is not None


def load_graph(
    name: str, weights: Mapping[str, npt.NDArray[np.float32]] | None = None, *, threads: int | None = None
) -> "InferenceSession":
    """Load a graph.

    Args:
        name: File of the graph, in this package.
        weights: The parameters that the graph names; they have to outlive what is returned.
        threads: How many threads it runs on; None takes one a core.

    Returns:
        What runs it; threads may share it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    if threads is not None:
        options.intra_op_num_threads = threads
    values = {key: onnxruntime.OrtValue.ortvalue_from_numpy(value) for key, value in (weights or {}).items()}
    options.add_external_initializers(list(values), list(values.values()))
    graph = files(__package__).joinpath(name).read_bytes()
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
