"""Passages: whole sentences of one section, every character of which is found again on its page."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.chunking import Chunker, embedding_text
from cnaps_rag.page_text import clean_pages
from cnaps_rag.records import Block, Document, Page, Passage, PassageKind, SectionRole

RUNNING = {PassageKind.PROSE, PassageKind.EQUATION}
CHUNKER = Chunker(passage_chars=600, passage_sentences=5)
SENTENCES = (
    "The lantern network takes a blurry photo as its input.",
    "It gives a sharp photo of the same scene as its output.",
    "The next step of the workflow takes the sharp photo over.",
    "Nothing else is known of the lanterns in this paper.",
)

words = st.text(st.sampled_from("abcdXYZé-.,!?()[]1•"), min_size=1, max_size=9)
sections = st.sampled_from([
    (None, SectionRole.FRONT_MATTER),
    ("Abstract", SectionRole.ABSTRACT),
    ("1 Method", SectionRole.METHOD),
    ("2 Method", SectionRole.METHOD),
    ("References", SectionRole.REFERENCES),
])


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Make a document of any blocks, such that some go on what others began."""
    pages = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        text, blocks = "", []
        for _ in range(draw(st.integers(0, 5))):
            body = " ".join(draw(st.lists(words, min_size=1, max_size=12)))
            section, role = draw(sections)
            start = len(text) + bool(text)
            text = f"{text}\n{body}" if text else body
            blocks.append(
                Block(
                    start=start,
                    end=len(text),
                    kind=draw(st.sampled_from([PassageKind.PROSE, PassageKind.PROSE, *PassageKind])),
                    section=section,
                    section_role=role,
                    continues=draw(st.booleans()),
                )
            )
        pages.append(Page(number=number, text=text, blocks=tuple(blocks)))
    return Document(sha256="d", title=None, pages=tuple(pages))


def document(*raw: str) -> Document:
    return Document(sha256="d", title=None, pages=clean_pages(raw))


def quotes(made: Document, passage: Passage) -> Iterator[tuple[str, str]]:
    """Yield each stretch of a passage, and what stands in its place on the page."""
    texts = {page.number: page.text for page in made.pages}
    for span in passage.spans:
        length = span.end - span.start
        yield passage.text[span.offset : span.offset + length], texts[span.page_number][span.start : span.end]


@given(documents(), st.integers(20, 300), st.integers(1, 5))
@settings(deadline=None, max_examples=300)
def test_every_character_is_found_again(made: Document, chars: int, most: int) -> None:
    """Spans reproduce page text, are in order and without overlap, and hold all of a passage but blanks."""
    for passage in Chunker(passage_chars=chars, passage_sentences=most).passages(made):
        end = 0
        for span, (quote, printed) in zip(passage.spans, quotes(made, passage), strict=True):
            assert quote == printed != ""
            assert not passage.text[end : span.offset].strip()
            end = span.offset + span.end - span.start
        assert not passage.text[end:].strip()
        assert passage.page_number == passage.spans[0].page_number


@given(documents(), st.integers(20, 300), st.integers(1, 5))
@settings(deadline=None, max_examples=300)
def test_passages_keep_their_bounds(made: Document, chars: int, most: int) -> None:
    """No passage has too many sentences or is twice too long, and its sentences tile it."""
    for passage in Chunker(passage_chars=chars, passage_sentences=most).passages(made):
        assert 1 <= len(passage.sentences) <= most
        assert len(passage.text) <= (chars if len(passage.sentences) > 1 else 2 * chars)
        assert (passage.sentences[0][0], passage.sentences[-1][1]) == (0, len(passage.text))
        last = 0
        for start, end in passage.sentences:
            assert start < end
            assert not passage.text[last:start].strip()
            last = end


@given(documents())
@settings(deadline=None, max_examples=200)
def test_passages_are_of_one_section_and_kind(made: Document) -> None:
    """Every block that a passage takes from has its heading, role and kind, or is an equation within its sentences."""
    blocks = {page.number: page.blocks for page in made.pages}
    for passage in CHUNKER.passages(made):
        assert passage.section_role is not SectionRole.REFERENCES
        assert passage.kind in {PassageKind.PROSE, PassageKind.CAPTION, PassageKind.TABLE, PassageKind.EQUATION}
        for span in passage.spans:
            taken = [b for b in blocks[span.page_number] if b.start < span.end and span.start < b.end]
            assert taken
            for block in taken:
                assert (block.section, block.section_role) == (passage.section, passage.section_role)
                assert block.kind is passage.kind or {block.kind, passage.kind} <= RUNNING


@given(documents())
@settings(deadline=None, max_examples=200)
def test_located_parts_are_verbatim(made: Document) -> None:
    """Where a sentence is located on a page it stands there word for word; else it crosses two stretches."""
    texts = {page.number: page.text for page in made.pages}
    for passage in CHUNKER.passages(made):
        for start, end in passage.sentences:
            place = passage.locate(start, end)
            if place is None:
                assert sum(s.offset < end and start < s.offset + s.end - s.start for s in passage.spans) > 1
            else:
                assert texts[place.page_number][place.start : place.end] == passage.text[start:end]


@given(documents())
@settings(deadline=None, max_examples=100)
def test_equal_documents_give_equal_passages(made: Document) -> None:
    """Chunking is a function of the document, and no two passages of it share an id."""
    passages = CHUNKER.passages(made)
    assert passages == CHUNKER.passages(made)
    assert len({passage.id for passage in passages}) == len(passages)


def test_a_passage_takes_sentences_until_it_is_long() -> None:
    """A passage is closed before the sentence that would make it too long, or one too many."""
    made = document("\n".join(SENTENCES))
    assert [p.text for p in CHUNKER.passages(made)] == [" ".join(SENTENCES)]
    short = Chunker(passage_chars=120, passage_sentences=5).passages(made)
    assert [p.text for p in short] == [" ".join(SENTENCES[:2]), " ".join(SENTENCES[2:])]
    few = Chunker(passage_chars=600, passage_sentences=3).passages(made)
    assert [len(p.sentences) for p in few] == [3, 1]


def test_what_has_no_sentence_s_end_is_cut_at_a_blank() -> None:
    """A text without a full stop is cut into passages of at most twice the length, between words."""
    made = document(" ".join(["photograph"] * 500))
    passages = CHUNKER.passages(made)
    assert len(passages) == 5
    assert " ".join(passage.text for passage in passages) == made.pages[0].text
    assert all(len(passage.text) <= 1200 and set(passage.text.split()) == {"photograph"} for passage in passages)


def test_a_passage_may_run_over_a_page_s_end() -> None:
    """A paragraph that a page cuts is one passage with two spans; its cut sentence is located on neither page."""
    made = document(f"{SENTENCES[0]} It gives a sharp photo of the same", f"scene as its output. {SENTENCES[2]}")
    (passage,) = CHUNKER.passages(made)
    assert passage.text == " ".join(SENTENCES[:3])
    assert [span.page_number for span in passage.spans] == [1, 2]
    located = [passage.locate(start, end) for start, end in passage.sentences]
    assert [place and place.page_number for place in located] == [1, None, 2]


def test_a_word_hyphenated_at_a_page_s_end_is_whole() -> None:
    """A word that a page's end hyphenates is joined without its hyphen, and both parts keep their places."""
    made = document(f"{SENTENCES[0]} It gives a sharp photo-", f"graph of the same scene. {SENTENCES[2]}")
    (passage,) = CHUNKER.passages(made)
    assert "It gives a sharp photograph of the same scene." in passage.text
    assert [quote for quote, _ in quotes(made, passage)] == [printed for _, printed in quotes(made, passage)]
    assert made.pages[0].text.endswith("photo-")


def test_captions_and_tables_are_passages_of_their_own() -> None:
    """Prose goes on around a figure as one passage; the caption is another, and short labels are none."""
    caption = "Figure 1. A lantern in the dark, and a blurry photo of the same."
    made = document(
        f"{SENTENCES[0]}\nIt gives a sharp photo of the same scene\nEncoder\n{caption}\nas its output. {SENTENCES[2]}"
    )
    prose, figure = CHUNKER.passages(made)
    assert (prose.kind, prose.text) == (PassageKind.PROSE, " ".join(SENTENCES[:3]))
    assert (figure.kind, figure.text) == (PassageKind.CAPTION, caption)
    assert len(prose.spans) == 2


def test_what_is_searched() -> None:
    """References, headings and what stands before the abstract are in no passage; without headings all is text."""
    authors = "A. Author, University of Lanterns, and many others too"
    cited = "[1] A. Author. Seeing in the dark. In Proceedings of the Conference on Light, 2020."
    parts = (authors, "Abstract", SENTENCES[0], "1 Introduction", SENTENCES[1], "References", cited)
    made = document("\n".join(parts))
    assert [(p.section_role, p.text) for p in CHUNKER.passages(made)] == [
        (SectionRole.ABSTRACT, SENTENCES[0]), (SectionRole.INTRODUCTION, SENTENCES[1]),
    ]  # fmt: skip
    assert [p.section_role for p in CHUNKER.passages(document(SENTENCES[0]))] == [SectionRole.FRONT_MATTER]


def test_a_page_without_letters_gives_no_passage() -> None:
    """What has hardly a letter in it is no evidence."""
    assert CHUNKER.passages(document("1.0 2.0 3.0 4.0\n(1)", "", "A few words.")) == ()


@pytest.mark.parametrize(
    ("title", "section", "text"),
    [
        ("Lanterns", "1. Method", "Lanterns. Method. We try."),
        ("Why?", None, "Why? We try."),
        (None, "3.1 Loss", "Loss. We try."),
        (None, None, "We try."),
        (" ", "2", "We try."),
    ],
)
def test_context_of_a_passage(title: str | None, section: str | None, text: str) -> None:
    """A passage is embedded behind its paper's title and its heading, without the heading's number."""
    passage = Passage(
        document="d",
        text="We try.",
        kind=PassageKind.PROSE,
        section=section,
        section_role=SectionRole.METHOD,
        spans=(),
        sentences=((0, 7),),
    )
    assert embedding_text(title, passage) == text


def test_the_fingerprint_tells_the_settings() -> None:
    """Passages of other lengths have another fingerprint, and so another shard."""
    fingerprints = {Chunker(passage_chars=c, passage_sentences=s).fingerprint for c in (300, 600) for s in (3, 5)}
    assert len(fingerprints) == 4
    assert all(fingerprint.startswith("chunks-") for fingerprint in fingerprints)
