"""This file ensures that the graphs in the package are those that their script makes."""

import importlib
from pathlib import Path

import pytest

from cnaps_rag.onnx_graphs import LATE_INTERACTION, NETWORK

PACKAGE = Path(__file__).resolve().parents[1] / "cnaps_rag"


@pytest.mark.parametrize("graph", [NETWORK, LATE_INTERACTION])
def test_a_graph_is_what_its_script_makes(graph: str) -> None:
    """A graph in the package is the one that `scripts/make_graphs.py` writes."""
    pytest.importorskip("onnx")
    make_graphs = importlib.import_module("scripts.make_graphs")
    assert make_graphs.FOLDER == PACKAGE
    assert (PACKAGE / graph).read_bytes() == make_graphs.GRAPHS[graph]()
