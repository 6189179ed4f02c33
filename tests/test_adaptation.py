"""This file ensures that questions, and questions alone, are read with the weights fitted for their embedder."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cnaps_rag.adaptation import Adaptation, load_adaptation
from cnaps_rag.embedding import PACKAGED_WEIGHTS_SHA256, MeanPoolingEmbedder
from cnaps_rag.torch_network import TorchNetwork

QUESTION = "How does it know which photo was taken at night?"


def test_what_is_added_is_a_product() -> None:
    """A parameter that the adaptation names gets the product of its factors added, in a copy."""
    weights = {name: np.ones((2, 3), dtype=np.float32) for name in ("weight", "other")}
    down, up = np.array([[1.0, 2.0, 3.0]], dtype=np.float16), np.array([[1.0], [10.0]], dtype=np.float16)
    changed = Adaptation(base="", factors={"weight": (down, up)}, emphasis=np.zeros(3)).changed(weights)
    assert changed.keys() == {"weight"}
    assert changed["weight"].tolist() == [[2.0, 3.0, 4.0], [11.0, 21.0, 31.0]]
    assert (weights["weight"] == 1).all()


def test_tokens_are_emphasised() -> None:
    """Tokens keep their directions and count as exponentials of their products, one on average; none stay none."""
    adaptation = Adaptation(base="", factors={}, emphasis=np.log([3.0, 1.0], dtype=np.float16))
    tokens = np.eye(2, dtype=np.float32)
    assert adaptation.emphasised(tokens) == pytest.approx(np.array([[1.5, 0.0], [0.0, 0.5]]), abs=1e-3)
    assert adaptation.emphasised(tokens[:0]).shape == (0, 2)


def test_the_words_that_tell_most_count_most(embedder: MeanPoolingEmbedder) -> None:
    """Of a question's tokens, those count that say what is asked for; all count one on average."""
    [read] = embedder.embed_questions(["How is the blurry picture sharpened?"])
    counts = np.linalg.norm(read.tokens, axis=1)
    assert counts.mean() == pytest.approx(1.0, abs=1e-3)
    the, sharpened = counts[2], counts[5]
    assert sharpened > the


def test_the_adaptation_is_for_the_default_embedder(network: TorchNetwork) -> None:
    """The adaptation that comes with the library names the default weights and parameters of their network.

    A network with it shares all others.
    """
    adaptation = load_adaptation()
    assert adaptation.base == PACKAGED_WEIGHTS_SHA256
    assert adaptation.factors
    changed = network.changed(adaptation)
    for name, before in network.module.named_parameters():
        after = changed.module.get_parameter(name)
        assert torch.isfinite(after).all()
        assert torch.equal(after, before) is (after is before) is (name not in adaptation.factors)


def test_questions_alone_are_read_otherwise(embedder: MeanPoolingEmbedder) -> None:
    """A question is read with the adaptation, a passage without, and neither with one that other weights have."""
    [read] = embedder.embed_questions([QUESTION])
    [[plain]] = embedder.embed_spans([QUESTION], [[(0, len(QUESTION))]])
    assert read.tokens.shape == plain.tokens.shape
    assert not np.allclose(read.mean, plain.mean, atol=1e-2)
    of_another = replace(load_adaptation(), base="0" * 64)
    [unchanged] = MeanPoolingEmbedder(embedder.folder, name="x", adaptation=of_another).embed_questions([QUESTION])
    assert np.array_equal(unchanged.tokens, plain.tokens)


def test_questions_keep_their_order(embedder: MeanPoolingEmbedder) -> None:
    """Questions of any number and length are each given their own vectors; none gives none."""
    questions = [f"{QUESTION} {'And why? ' * number}" for number in range(40, 0, -1)]
    together = embedder.embed_questions(questions)
    [alone] = embedder.embed_questions([questions[7]])
    assert len(together) == len(questions)
    assert np.allclose(together[7].mean, alone.mean, atol=1e-2)
    assert embedder.embed_questions([]) == []
