"""Does a passage entail a statement? The judgement of a natural language inference model."""

from functools import cached_property

import numpy as np

from cnaps_rag.cross_encoders import CrossEncoderModel

LABELS = ("contradiction", "entailment", "neutral")
"""The order of outputs where a model does not name them, as in `cross-encoder/nli-*`.

Source: https://sbert.net/docs/cross_encoder/pretrained_models.html
"""


class CrossEncoderEntailment(CrossEncoderModel):
    """A natural language inference model: a cross-encoder with three outputs."""

    @cached_property
    def _columns(self) -> tuple[int, int]:
        """Columns of entailment and of contradiction."""
        named = set(LABELS) <= set(self.labels)
        known = self.labels if named else {label: column for column, label in enumerate(LABELS)}
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
        [scores] = self.scores([(premise, statement)], len(LABELS))
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        entailment, contradiction = self._columns
        return float(shares[entailment]), float(shares[contradiction])
