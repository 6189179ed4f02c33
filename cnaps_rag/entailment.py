"""A cross-encoder that judges whether a passage entails a statement, through sentence-transformers."""

from functools import cached_property
from typing import Any

import numpy as np

from cnaps_rag.errors import GenerationError

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
        self.name = name
        self._offline = offline

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import CrossEncoder

        try:
            return CrossEncoder(self.name, local_files_only=self._offline)
        except Exception as error:
            words = " ".join(str(error).split())[:200]
            raise GenerationError(
                f"{self.name}: not a cross-encoder that can be loaded ({type(error).__name__}: {words}); name a "
                "folder or a model on the hub"
            ) from error

    @cached_property
    def _columns(self) -> tuple[int, int]:
        """Columns of entailment and of contradiction."""
        named = getattr(self._model.model.config, "id2label", None) or {}
        labels = {str(label).lower(): int(column) for column, label in named.items()}
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
            GenerationError: The model has no three outputs, so it is none for entailment.
        """
        scores = np.asarray(self._model.predict([(premise, statement)]), dtype=np.float64).reshape(-1)
        if len(scores) != len(LABELS):
            raise GenerationError(f"{self.name}: gives {len(scores)} scores, not entailment, contradiction and neutral")
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        entailment, contradiction = self._columns
        return float(shares[entailment]), float(shares[contradiction])
