"""The public fakes: PDFs that pypdf reads back word for word, and vectors that need no model."""

import io

import numpy as np
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.testing import DIM, HashingEmbedder, write_pdf

LATIN = [code for code in range(33, 256) if not 127 <= code <= 160 and code != 173]
words = st.text(st.sampled_from([chr(code) for code in LATIN]), min_size=1, max_size=12)
lines = st.lists(words, min_size=1, max_size=6).map(" ".join)
page_texts = st.lists(lines, max_size=5).map("\n".join)


def read_back(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content), strict=True).pages]


def test_pages_are_read_back_line_by_line() -> None:
    """Each page and each line comes back as written, in order, in a file that strict reading accepts."""
    pages = ["First line.\nSecond line.", "Another page.", "A third."]
    assert [text.strip() for text in read_back(write_pdf(pages))] == pages


@given(st.lists(page_texts, max_size=4))
@settings(deadline=None, max_examples=60)
def test_latin_text_survives(pages: list[str]) -> None:
    """Whatever Latin-1 text is written, brackets and backslashes among it, is read back."""
    assert [text.split() for text in read_back(write_pdf(pages))] == [text.split() for text in pages]


@pytest.mark.parametrize(
    "text", ["a (b) c", "((", "))", "\\", "\\n \\( \\", "“quoted” – dashed — naïve ×4", "50 % & <b>"]
)
def test_special_characters_survive(text: str) -> None:
    """Parentheses, backslashes, typographic quotes and dashes survive in the text and in the title."""
    content = write_pdf([text], title=text)
    assert read_back(content)[0].strip() == text
    metadata = pypdf.PdfReader(io.BytesIO(content)).metadata
    assert metadata is not None
    assert metadata.title == text


def test_what_latin_cannot_write_becomes_a_question_mark() -> None:
    """Characters outside the font's encoding come back as question marks."""
    assert read_back(write_pdf(["α → β"]))[0].strip() == "? ? ?"


def test_a_pdf_may_have_no_title_and_no_page() -> None:
    """Without a title there is no metadata, and a document of no pages is one."""
    reader = pypdf.PdfReader(io.BytesIO(write_pdf([])))
    assert (len(reader.pages), reader.metadata) == (0, None)


def test_a_blank_page_has_no_text() -> None:
    """A page without lines is a page, and has no text."""
    assert [text.strip() for text in read_back(write_pdf(["", "x"]))] == ["", "x"]


def test_equal_pages_give_equal_bytes() -> None:
    """The file depends on nothing but its pages and title."""
    assert write_pdf(["a", "b"], title="t") == write_pdf(["a", "b"], title="t") != write_pdf(["a", "b"])


def test_vectors_are_what_an_embedder_s_are() -> None:
    """Vectors are float32 rows of unit length; no text gives no row."""
    vectors = HashingEmbedder().embed(["a lantern", "", "???"])
    assert vectors.shape == (3, DIM)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert HashingEmbedder().embed([]).shape == (0, DIM)


def test_shared_words_make_texts_similar() -> None:
    """Texts that share words are nearer than texts that do not, whatever the case and order."""
    same, other = HashingEmbedder(), HashingEmbedder("other")
    photo, shuffled, ships = same.embed(["a blurry photo", "Photo, blurry: a", "ships enter harbours"])
    assert np.allclose(photo, shuffled, atol=1e-6)
    assert photo @ ships < 0.5
    assert np.array_equal(other.embed(["a blurry photo"])[0], photo)


def test_the_embedder_counts_and_names_itself() -> None:
    """It counts the texts it was given; its fingerprint tells its name and dimension."""
    embedder = HashingEmbedder("mine")
    embedder.embed(["a", "b"], progress=True)
    embedder.embed(["c"])
    assert (embedder.texts_embedded, embedder.fingerprint) == (3, f"mine-{DIM}")
