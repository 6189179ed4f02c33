"""Does a passage entail a statement? The judgement of a natural language inference model."""

from functools import cached_property

import numpy as np

from cnaps_rag.cross_encoders import CrossEncoderModel

LABELS = ("contradiction", "entailment", "neutral")
"""The order of outputs where a model does not name them, as in `cross-encoder/nli-*`.

Source: https://sbert.net/docs/cross_encoder/pretrained_models.html
"""


class CrossEncoderEntailment:
    """A natural language inference model by name or folder; it is loaded when first used."""

    def __init__(self, name: str, *, offline: bool = False) -> None:
        """Name the model.

        Args:
            name: Folder, or name on the hub.
            offline: Never use the network.
        """
        self._model = CrossEncoderModel(name, offline=offline)

    @cached_property
    def _columns(self) -> tuple[int, int]:
        """Columns of entailment and of contradiction."""
        labels = self._model.labels
        known = labels if set(LABELS) <= set(labels) else {label: column for column, label in enumerate(LABELS)}
        return known["entailment"], known["contradiction"]

    def judge(self, premise: str, statement: str) -> tuple[float, float]:
        """Judge one pair; see `Entailment.judge`.

        Args:
            premise: The cited text.
            statement: The statement.

        Returns:
            Probabilities of entailment and of contradiction.

        Raises:
            CrossEncoderError: The model cannot be loaded, or has no three outputs, so it is none for entailment.
        """
        [scores] = self._model.scores([(premise, statement)], len(LABELS))
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        entailment, contradiction = self._columns
        return float(shares[entailment]), float(shares[contradiction])
