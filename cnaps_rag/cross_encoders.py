"""Models that read two texts together and score the pair, through sentence-transformers."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cnaps_rag.errors import CrossEncoderError
from cnaps_rag.inference import precision, silence


class CrossEncoderModel:
    """A cross-encoder by name or folder; it is loaded when first used.

    Source: Nogueira and Cho, "Passage Re-ranking with BERT", arXiv:1901.04085
    """

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
        silence()
        from sentence_transformers import CrossEncoder

        try:
            return CrossEncoder(self.name, local_files_only=self._offline)
        except Exception as error:
            words = " ".join(str(error).split())[:200]
            raise CrossEncoderError(
                f"{self.name}: not a cross-encoder that can be loaded ({type(error).__name__}: {words}); name a "
                "folder or a model on the hub",
                model=self.name,
            ) from error

    @cached_property
    def labels(self) -> dict[str, int]:
        """Columns of the scores by what the model calls them, in lower case."""
        named = getattr(self._model.model.config, "id2label", None) or {}
        return {str(label).lower(): int(column) for column, label in named.items()}

    def scores(self, pairs: Sequence[tuple[str, str]], columns: int) -> npt.NDArray[np.float64]:
        """Score pairs of texts.

        Args:
            pairs: The pairs, at least one.
            columns: How many scores a pair must have.

        Returns:
            Shape: (n_pairs, columns).

        Raises:
            CrossEncoderError: The model cannot be loaded, or gives another number of scores.
        """
        with precision(self._model.model.device.type):
            found: Any = self._model.predict(list(pairs))
        scores = np.asarray(found, dtype=np.float64).reshape(len(pairs), -1)
        if scores.shape[1] != columns:
            raise CrossEncoderError(
                f"{self.name}: gives {scores.shape[1]} scores a pair, not {columns}; it was made for something else",
                model=self.name,
            )
        return scores
