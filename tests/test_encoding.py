"""This file ensures that passages are embedded in their context and get vectors of their own."""

from collections.abc import Sequence

import numpy as np
import pytest

from cnaps_rag.embedding import TokenEmbedder
from cnaps_rag.encoding import WINDOW_CHARS, encode_passages, encode_questions
from cnaps_rag.networks import Vectors
from cnaps_rag.records import Passage, PassageKind, SectionRole, Span
from cnaps_rag.testing import HashingEmbedder


class Recording(HashingEmbedder):
    """Keeps what it was given, and knows no word from some character on."""

    def __init__(self, window: int = 10**6) -> None:
        """Take the number of characters that the window holds."""
        super().__init__()
        self.window = window
        self.texts: list[str] = []

    def embed_spans(self, texts, spans, *, progress=False):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Embed what lies before the window's end."""
        self.texts += texts
        cut = [[(start, min(end, max(start, self.window))) for start, end in parts] for parts in spans]
        return super().embed_spans(texts, cut, progress=progress)


class Plain:
    """An embedder without token vectors."""

    fingerprint = "plain"

    def embed(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """Embed texts."""
        return HashingEmbedder().embed(texts, progress=progress)


def passage(text: str, section: str = "3. Method", kind: PassageKind = PassageKind.PROSE) -> Passage:
    ends = [place + 1 for place, character in enumerate(text) if character == "."]
    starts = [0, *(end + 1 for end in ends[:-1])]
    return Passage(
        document="d" * 64,
        text=text,
        kind=kind,
        section=section,
        section_role=SectionRole.METHOD,
        spans=(Span(page_number=1, start=0, end=len(text)),),
        sentences=tuple(zip(starts, ends, strict=True)),
    )


PASSAGES = (passage("Lanterns glow. Ships sail."), passage("Birds sing."), passage("Bread bakes.", section="4. Food"))
HEADED = (("Method", PASSAGES[0]), ("Method", PASSAGES[1]), ("Food", PASSAGES[2]))


def test_each_window_shows_title_section_and_neighbours() -> None:
    """Passages of a section are read together, behind title and heading; another section is read on its own."""
    embedder = Recording()
    encode_passages("A Paper", PASSAGES, embedder)
    assert embedder.texts == ["A Paper. Method. Lanterns glow. Ships sail. Birds sing.", "A Paper. Food. Bread bakes."]


def test_windows_overlap_by_a_neighbour() -> None:
    """Where a section is longer than a window, each passage is still read with the ones before and behind."""
    long = [passage(f"{word} {'x' * (WINDOW_CHARS // 2)}.") for word in ("One", "Two", "Three")]
    embedder = Recording()
    encode_passages(None, long, embedder)
    words = [[word for word in ("One", "Two", "Three") if word in text] for text in embedder.texts]
    assert words == [["One", "Two"], ["One", "Two", "Three"], ["Two", "Three"]]


@pytest.mark.parametrize("embedder", [HashingEmbedder(), Plain()], ids=["tokens", "no tokens"])
def test_a_vector_for_everything(embedder: HashingEmbedder) -> None:
    """Every passage gets a vector of unit length, nearest to its own words."""
    made = encode_passages(None, PASSAGES, embedder)
    assert len(made.vectors) == len(made.tokens.offsets) - 1 == 3
    assert np.linalg.norm(made.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    asked = encode_questions(["ships sail", "birds", "bread"], embedder)
    assert [int(np.argmax(made.vectors @ question.vector)) for question in asked] == [0, 1, 2]
    assert [int(np.argmax(made.tokens.nearest(question.tokens).mean(axis=0))) for question in asked] == [0, 1, 2]


def test_tokens_where_there_are_some() -> None:
    """An embedder with token vectors gives one for each word, of passages for two, one without one for each text."""
    assert isinstance(HashingEmbedder(), TokenEmbedder)
    assert not isinstance(Plain(), TokenEmbedder)
    assert len(encode_questions(["ships sail far"], HashingEmbedder())[0].tokens) == 3
    assert len(encode_questions(["ships sail far"], Plain())[0].tokens) == 1
    assert encode_passages(None, PASSAGES, HashingEmbedder()).tokens.offsets.tolist() == [0, 2, 4, 6]
    assert encode_passages(None, PASSAGES, Plain()).tokens.offsets.tolist() == [0, 1, 2, 3]


def test_what_lies_behind_the_window_is_read_alone() -> None:
    """A passage that the model's window cuts off gets the vectors of its own words."""
    cut = encode_passages(None, PASSAGES, Recording(window=34)).tokens
    whole = encode_passages(None, PASSAGES, HashingEmbedder()).tokens
    assert cut.offsets.tolist() == whole.offsets.tolist()
    [asked] = encode_questions(["bread bakes"], HashingEmbedder())
    assert cut.nearest(asked.tokens) == pytest.approx(whole.nearest(asked.tokens), abs=0.05)


def test_a_vector_alone_and_one_with_its_title() -> None:
    """One vector of a passage is that of its own words, the other of title, heading and words, neighbours left out."""
    embedder = HashingEmbedder()
    made = encode_passages("A Paper", PASSAGES, embedder)
    assert np.array_equal(made.vectors, embedder.embed([one.text for one in PASSAGES]))
    assert np.array_equal(made.titled, embedder.embed([f"A Paper. {heading}. {one.text}" for heading, one in HEADED]))
    plain = encode_passages("A Paper", PASSAGES, Plain())
    assert np.array_equal(plain.titled, made.titled)
    assert plain.tokens.nearest(made.titled).argmax(axis=1).tolist() == [0, 1, 2]


def test_nothing_to_encode() -> None:
    """A paper without passages has arrays without rows; no question has no vectors."""
    made = encode_passages("A Paper", (), HashingEmbedder())
    assert len(made.vectors) == len(made.titled) == len(made.tokens.codes) == 0
    assert encode_questions([], HashingEmbedder()) == []


def test_a_question_without_words() -> None:
    """A question without a letter or a digit has its own vector for a token."""
    [question] = encode_questions(["…"], HashingEmbedder())
    assert question.tokens.shape == (1, len(question.vector))
