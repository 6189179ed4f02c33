"""Every knob of the library, in one frozen dataclass."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")


class PdfBackend(StrEnum):
    """What reads PDFs."""

    PYPDF = "pypdf"
    PDFIUM = "pdfium"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a corpus is built and searched; the defaults are what the benchmarks measure.

    An unknown name is a `TypeError`, a value out of range a `ValueError`: nothing is silently ignored.

    Attributes:
        corpus_dir: Folder of the downloaded PDFs (`papers/` below it).
        index_dir: Folder of the shards and prompt indexes.
        embedder: Name or path of a sentence-transformers model; None takes the packaged all-MiniLM-L6-v2, or the
            same model from the hub where the package is not installed.
        device: What the embedder runs on, as torch names it (`cpu`, `cuda`). None has ONNX Runtime run the default
            model on the processor where it is installed, without torch, and takes the fastest that torch finds for
            any other.
        passage_chars: A passage takes sentences until it is about this long.
        passage_sentences: A passage has at most this many sentences.
        k: How many passages a search returns.
        joined_depth: Among so many of the best passages, those that stand side by side are joined to one hit.
        joined_chars: A joined hit is no longer than this.
        reranker: Name or path of a cross-encoder that orders the best passages of a search anew; None does without.
        reranked_depth: How many of the best passages it orders.
        offline: Never use the network.
        connect_timeout_s: How long to wait for a host to accept a connection.
        read_timeout_s: How long to wait for the next bytes of a download.
        max_pdf_bytes: Larger PDFs are refused.
        allowed_hosts: Hosts beside arXiv and CVF that listed PDFs may be fetched from, by name.
        recheck: Ask the hosts whether papers in the corpus that came from there have changed.
        accept_mismatch: Index a PDF also where its first page bears another title than the listed one.
        pdf_backend: What reads PDFs: `pypdf`, or `pdfium`, which is faster and needs the extra `[pdfium]`.
        parse_timeout_s: How long the reading of one PDF may take.
        parse_memory_bytes: How much memory the reading of PDFs may take.
        max_pages: Pages of a PDF beyond this number are not read.
        contact: An e-mail address or URL for the `User-Agent`, so that a host can reach whoever fetches.
    """

    corpus_dir: Path = Path("corpus")
    index_dir: Path = Path("index")
    embedder: str | None = None
    device: str | None = None
    passage_chars: int = 250
    passage_sentences: int = 2
    k: int = 10
    joined_depth: int = 20
    joined_chars: int = 1500
    reranker: str | None = None
    reranked_depth: int = 40
    offline: bool = False
    connect_timeout_s: float = 4.0
    read_timeout_s: float = 30.0
    max_pdf_bytes: int = 100_000_000
    allowed_hosts: tuple[str, ...] = ()
    recheck: bool = False
    accept_mismatch: bool = False
    pdf_backend: PdfBackend = PdfBackend.PYPDF
    parse_timeout_s: float = 120.0
    parse_memory_bytes: int = 2 << 30
    max_pages: int = 2000
    contact: str | None = None

    def __post_init__(self) -> None:
        """Take strings for paths and names, and refuse numbers that make no sense."""
        object.__setattr__(self, "corpus_dir", Path(self.corpus_dir))
        object.__setattr__(self, "index_dir", Path(self.index_dir))
        if self.pdf_backend not in set(PdfBackend):
            message = f"Settings.pdf_backend must be {' or '.join(PdfBackend)}, not {self.pdf_backend!r}"
            raise ValueError(message)
        object.__setattr__(self, "pdf_backend", PdfBackend(self.pdf_backend))
        if isinstance(self.allowed_hosts, str):
            message = f"Settings.allowed_hosts must be names in a tuple, not the text {self.allowed_hosts!r}"
            raise ValueError(message)  # noqa: TRY004  every value that makes no sense is one
        object.__setattr__(self, "allowed_hosts", tuple(host_name(host) for host in self.allowed_hosts))
        positive = ("passage_chars", "passage_sentences", "k", "joined_depth", "joined_chars", "reranked_depth")
        limits = ("connect_timeout_s", "read_timeout_s", "max_pdf_bytes", "parse_timeout_s", "parse_memory_bytes")
        for name in (*positive, *limits, "max_pages"):
            if getattr(self, name) <= 0:
                message = f"Settings.{name} must be greater than 0, not {getattr(self, name)}"
                raise ValueError(message)


def host_name(text: str) -> str:
    """Check that a text is the name of a host, and bring it into one form.

    Args:
        text: The text.

    Returns:
        The name in lower case, international names in their ASCII form.

    Raises:
        ValueError: It is a URL, an IP address, a pattern, or otherwise not the name of one host.

    Source: a name whose last label is a number is an IP address, https://url.spec.whatwg.org/#ends-in-a-number-checker
    """
    try:
        name = text.strip().removesuffix(".").encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    if not _HOST.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        message = f"{text!r} is not the name of one host: write it as in papers.example.org, no URL and no IP address"
        raise ValueError(message)
    return name
