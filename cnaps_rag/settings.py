"""Every knob of the library, in one frozen dataclass."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a corpus is built and searched; the defaults are what the benchmarks measure.

    An unknown name is a `TypeError`, a value out of range a `ValueError`: nothing is silently ignored.

    Attributes:
        corpus_dir: Folder of the downloaded PDFs (`papers/` below it).
        index_dir: Folder of the shards and prompt indexes.
        embedder: Name or path of a sentence-transformers model; None takes the packaged all-MiniLM-L6-v2, or the
            same model from the hub where the package is not installed.
        passage_chars: A passage takes sentences until it is about this long.
        passage_sentences: A passage has at most this many sentences.
        k: How many passages a search returns.
        pool: How many passages each retriever hands to the fusion.
        rrf_constant: The constant of reciprocal rank fusion.
        offline: Never use the network.
        connect_timeout_s: How long to wait for a host to accept a connection.
        read_timeout_s: How long to wait for the next bytes of a download.
        max_pdf_bytes: Larger PDFs are refused.
        contact: An e-mail address or URL for the `User-Agent`, so that a host can reach whoever fetches.
    """

    corpus_dir: Path = Path("corpus")
    index_dir: Path = Path("index")
    embedder: str | None = None
    passage_chars: int = 600
    passage_sentences: int = 5
    k: int = 10
    pool: int = 100
    rrf_constant: int = 60
    offline: bool = False
    connect_timeout_s: float = 4.0
    read_timeout_s: float = 30.0
    max_pdf_bytes: int = 100_000_000
    contact: str | None = None

    def __post_init__(self) -> None:
        """Take strings for paths, and refuse numbers that make no sense."""
        object.__setattr__(self, "corpus_dir", Path(self.corpus_dir))
        object.__setattr__(self, "index_dir", Path(self.index_dir))
        positive = ("passage_chars", "passage_sentences", "k", "pool", "rrf_constant")
        limits = ("connect_timeout_s", "read_timeout_s", "max_pdf_bytes")
        for name in (*positive, *limits):
            if getattr(self, name) <= 0:
                message = f"Settings.{name} must be greater than 0, not {getattr(self, name)}"
                raise ValueError(message)
