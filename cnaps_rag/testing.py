"""Fakes for the tests of programs that use this library: no model, no network, no PDF needed."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnaps_rag.embedding import SpanVectors
from cnaps_rag.networks import Vectors, unit

DIM = 64
WORD = re.compile(r"[a-z0-9]+")


class HashingEmbedder:
    """An embedder without a model: each word adds a direction of its own, so texts that share words are similar.

    Attributes:
        texts_embedded: How many texts it was given so far.
    """

    def __init__(self, name: str = "hashing") -> None:
        """Name it; embedders of different names have different fingerprints.

        Args:
            name: Part of the fingerprint.
        """
        self._name = name
        self.texts_embedded = 0

    @property
    def fingerprint(self) -> str:
        """Its name and its dimension."""
        return f"{self._name}-{DIM}"

    def embed(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:  # noqa: ARG002
        """Embed texts; see `Embedder.embed`.

        Args:
            texts: The texts.
            progress: Nothing; there is nothing to wait for.

        Returns:
            One vector a text. Shape: (n_texts, 64), float32, unit L2 norm.
        """
        self.texts_embedded += len(texts)
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(len(texts), DIM)

    def embed_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[tuple[int, int]]],
        *,
        progress: bool = False,  # noqa: ARG002
    ) -> list[list[SpanVectors]]:
        """Embed parts of texts, a token for each word; see `TokenEmbedder.embed_spans`.

        Args:
            texts: The texts.
            spans: For each text `(start, end)` of its parts, in characters.
            progress: Nothing; there is nothing to wait for.

        Returns:
            For each text the vectors of its parts.
        """
        self.texts_embedded += len(texts)
        pairs = zip(texts, spans, strict=True)
        return [[self._span(text[start:end]) for start, end in parts] for text, parts in pairs]

    def embed_questions(self, questions: Sequence[str]) -> list[SpanVectors]:
        """Embed questions, as any text; see `TokenEmbedder.embed_questions`.

        Args:
            questions: The questions.

        Returns:
            The vectors of each.
        """
        return [span for (span,) in self.embed_spans(questions, [[(0, len(text))] for text in questions])]

    def _span(self, text: str) -> SpanVectors:
        words = [_direction(word) for word in WORD.findall(text.lower())]
        return SpanVectors(mean=self._vector(text), tokens=unit(np.array(words).reshape(len(words), DIM)))

    def _vector(self, text: str) -> Vectors:
        return unit(np.sum([np.full(DIM, 1e-3), *map(_direction, WORD.findall(text.lower()))], axis=0))


def _direction(word: str) -> npt.NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(DIM)


def write_pdf(pages: Sequence[str], *, title: str | None = None) -> bytes:
    """Make a small PDF with a text layer, for tests of the whole path.

    Args:
        pages: The text of each page; lines are kept. Characters outside Latin-1 become question marks.
        title: The document's title, in any characters, or None.

    Returns:
        The file's bytes.

    Source:
        PDF Reference 1.7, section 3.4, https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/pdfreference1.7old.pdf
    """
    font = 3 + 2 * len(pages)
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode()]
    for number, text in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {4 + 2 * number} 0 R "
            f"/Resources << /Font << /F1 {font} 0 R >> >> >>".encode()
        )
        stream = _text_stream(text)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    info = b"" if title is None else b"<< /Title <%s> >>" % ("\ufeff" + title).encode("utf-16-be").hex().encode()
    return _file([*objects, *([info] if info else [])], has_info=bool(info))


def _text_stream(text: str) -> bytes:
    lines = b"".join(b"(%s) Tj T*\n" % _literal(line) for line in text.splitlines())
    return b"BT /F1 9 Tf 11 TL 40 760 Td\n" + lines + b"ET"


def _literal(text: str) -> bytes:
    return re.sub(rb"([\\()])", rb"\\\1", text.encode("cp1252", "replace"))


def _file(objects: Sequence[bytes], *, has_info: bool) -> bytes:
    written, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    info = b" /Info %d 0 R" % len(objects) if has_info else b""
    return (
        written
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
        + b"trailer\n<< /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, info, len(written))
    )
