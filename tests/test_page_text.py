"""Cleaned pages: what is text is kept in order, debris is named or left out, and blocks tile the text."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.hyphens import mend
from cnaps_rag.lines import readable
from cnaps_rag.page_text import abstract_page, clean_pages
from cnaps_rag.records import Page, PassageKind, SectionRole

PROSE = (
    "The lantern network takes a blurry photo as input and",
    "gives a sharp photo of the same scene as its output,",
    "which the next step of the workflow then takes over.",
)
RESIDUE = "AAAB6nicbVBNS8NAEJ3Ur1q/qh69LBbBU0mkoseiF48V7Qe0oWy2m3bpZhN2J0IJ/QlePCji1V"

raw_lines = st.text(max_size=30) | st.sampled_from([
    *("", "12", "1 Introduction", "Abstract", "References", "A Proofs", "Figure 1. A lantern.", "Table 2: Numbers"),
    *("well-", "known", "1.0 2.0 3.0 4.0", "• A point of a list", "[1] A. Author. A title. In Light, 2020."),
    *("arXiv:2010.11929v2  [cs.CV]  3 Jun 2021", "a\ud835b", "\x00\x0c\x85\u2028", RESIDUE, *PROSE),
])
raw_pages = st.lists(st.none() | st.lists(raw_lines, max_size=12).map("\n".join), max_size=6)


def cleaned(*pages: str | None) -> tuple[Page, ...]:
    return clean_pages(pages)


def blocks(page: Page, *kinds: PassageKind) -> list[str]:
    return [page.text[block.start : block.end] for block in page.blocks if not kinds or block.kind in kinds]


def kept(page: str) -> str:
    """Clean a page, and give its text."""
    return cleaned(page)[0].text


def lines(*parts: str) -> str:
    return "\n".join(parts)


@given(raw_pages)
@settings(deadline=None, max_examples=300)
def test_blocks_tile_the_text(pages: list[str | None]) -> None:
    """Whatever the pages hold, blocks are in order, do not overlap, and leave out nothing but the newlines between."""
    result = clean_pages(pages)
    assert [page.number for page in result] == [n for n, text in enumerate(pages, 1) if text is not None]
    for page in result:
        between = {page.text[one.end : other.start] for one, other in pairwise(page.blocks)}
        assert between <= {"\n", " "}
        end = -1
        for block in page.blocks:
            assert block.start == end + 1
            end = block.end
        assert all("\n" not in text and text == text.strip() != "" for text in blocks(page))
        assert page.text.encode().decode() == page.text


@given(raw_pages)
@settings(deadline=None, max_examples=100)
def test_no_character_is_invented(pages: list[str | None]) -> None:
    """Cleaning takes characters away and adds none but blanks and newlines."""
    for page in clean_pages(pages):
        given_ = Counter(readable(pages[(page.number or 0) - 1] or ""))
        extra = Counter(page.text) - given_
        assert set(extra) <= {" ", "\n"}


def test_pages_are_numbered_by_their_place() -> None:
    """A page that could not be read leaves a gap in the numbers; one without text is an empty page."""
    assert [(page.number, page.text) for page in cleaned("", None, "Photos are blurry here.")] == [
        (1, ""), (3, "Photos are blurry here."),
    ]  # fmt: skip
    assert cleaned() == ()


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("ﬁnd ﬂat oﬀ eﬃcient aﬄict ﬅ ﬆ", "find flat off efficient afflict st st"),
        ("a\u00a0b\tc", "a b c"),
        ("a\u200bb\ufeffc", "abc"),
        ("a\x00b\x1bc\x7fd\x90e", "abcde"),
        ("3⇥3", "3×3"),
        ("well\u00adknown", "well-known"),
        ("\ud835\udc00", "𝐀"),
        ("a\ud835b", "a\ufffdb"),
        ("naïve 𝓁 × λ “x” – ✓", "naïve 𝓁 × λ “x” – ✓"),
    ],
)
def test_characters(printed: str, text: str) -> None:
    """Ligatures become letters, odd spaces blanks, controls nothing; what is text is left as it is."""
    assert readable(printed) == text


@pytest.mark.parametrize(
    ("before", "after", "vocabulary", "joined"),
    [
        ("the defor-", "mations are", {}, "the deformations are"),
        ("the state-of-the-", "art is", {}, "the state-of-theart is"),
        ("a well-", "known one", {"well-known": 1}, "a well-known one"),
        ("a well-", "known one", {"well-known": 1, "wellknown": 2}, "a wellknown one"),
        ("the U-", "Net is", {}, "the U-Net is"),
        ("Deep-", "learning is", {"deep-learning": 2}, "Deep-learning is"),
        ("a multi-", "scale, fast", {"multi-scale": 1}, "a multi-scale, fast"),
        ("x-", "y", {}, "xy"),
    ],
)
def test_line_end_hyphens(before: str, after: str, vocabulary: dict[str, int], joined: str) -> None:
    """The hyphen stays where the document writes the word with one elsewhere, or before a capital; else it goes."""
    assert mend(before, after, Counter(vocabulary)) == joined


@given(st.text(max_size=20), st.text(max_size=20), st.dictionaries(st.text(max_size=5), st.integers(1, 3)))
@settings(deadline=None, max_examples=100)
def test_mending_takes_a_hyphen_at_most(head: str, after: str, vocabulary: dict[str, int]) -> None:
    """Mending joins the two parts with their hyphen or without it, and changes nothing else."""
    before = head + "a-"
    assert mend(before, after, Counter(vocabulary)) in {before + after, before[:-1] + after}


def test_a_word_is_mended_by_the_document_s_own_use() -> None:
    """Words hyphenated at a line's end are joined, and keep a hyphen that the document writes on another page."""
    page = "The blurry photo is given to a sharp-\nening network, and to a well-\nknown one that is slow to answer."
    first, _ = cleaned(page, "There is a well-known network that takes any blurry photo.")
    assert first.text == (
        "The blurry photo is given to a sharpening network, and to a well-known one that is slow to answer."
    )


@pytest.mark.parametrize(
    ("head", "tail"), [("a ResNet-", "50 network"), ("a 1-", "dimensional one"), ("a CIFAR-", "10")]
)
def test_hyphens_of_names_and_numbers_stay(head: str, tail: str) -> None:
    """A line's end within a name or behind a number leaves the hyphen, without a blank."""
    (page,) = cleaned(f"The lantern network is compared with {head}\n{tail} that is slow to answer us.")
    assert head + tail in page.text


def test_a_footnote_is_not_joined_to_a_hyphenated_word() -> None:
    """A footnote's number below a hyphenated word does not become a part of it."""
    (page,) = cleaned(
        "The lantern network is compared with all that are avail-\n1We thank all of those who are available."
    )
    assert "avail- 1We" in page.text


HEAD = "Lantern Networks for Blurry Photos"


def paper_pages(count: int, *, head: str = "", foot: str = "") -> list[str]:
    """Make pages of prose that differ, with a head and a foot; `#` stands for the page's number."""
    names = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen"]
    pages = []
    for number, name in enumerate(names[:count], 1):
        body = [*(f"{line[:-3]} {name}" for line in PROSE), f"That is all about the {name}."]
        edges = [edge.replace("#", str(number)) for edge in (head, foot)]
        pages.append(lines(edges[0], *body, edges[1]).strip())
    return pages


@pytest.mark.parametrize("foot", ["#", "862#", "- # -", "-#-"])
def test_page_numbers_are_left_out(foot: str) -> None:
    """A number alone at a page's foot or head is in no page's text, even on a single page."""
    for count in (1, 5):
        plain = [page.text for page in clean_pages(paper_pages(count))]
        assert [page.text for page in clean_pages(paper_pages(count, foot=foot))] == plain
        assert [page.text for page in clean_pages(paper_pages(count, head=foot))] == plain


def test_running_heads_are_left_out() -> None:
    """A line that comes back at the edge of many pages is left out, digits in it aside."""
    plain = [page.text for page in clean_pages(paper_pages(6))]
    for head in (HEAD, f"# {HEAD}", f"{HEAD} page #"):
        assert [page.text for page in clean_pages(paper_pages(6, head=head))] == plain
        assert [page.text for page in clean_pages(paper_pages(6, foot=head))] == plain


def test_running_heads_of_even_and_odd_pages() -> None:
    """Authors on even pages and the title on odd ones are left out as well."""
    odd, even = paper_pages(8, head=HEAD), paper_pages(8, head="A. Author and B. Author #")
    pages = [(odd if n % 2 else even)[n - 1] for n in range(1, 9)]
    assert [page.text for page in clean_pages(pages)] == [page.text for page in clean_pages(paper_pages(8))]


def test_a_line_that_comes_back_inside_pages_is_text() -> None:
    """What is said again in the middle of pages, or at the edge of two, is text."""
    middle = [lines(*PROSE, "We say this again and again.", *PROSE) for _ in range(6)]
    assert all("We say this again and again." in page.text for page in clean_pages(middle))
    twice = paper_pages(6)
    twice[0] = lines("We say this twice in all of the paper.", twice[0])
    twice[4] = lines("We say this twice in all of the paper.", twice[4])
    assert [n for n, page in enumerate(clean_pages(twice)) if "say this twice" in page.text] == [0, 4]


@pytest.mark.parametrize(
    "stamp",
    [
        "arXiv:1505.04597v1  [cs.CV]  18 May 2015",
        "arXiv:2010.11929v12  [cs.CV]  3 Jun 2021",
        "arXiv:math/0309136v1  [math.DG]  8 Sep 2003",
        "arXiv:hep-th/9711200v3  22 Jan 1998",
        "arXiv:2004.00001v1  [cond-mat.mes-hall]  1 Apr 2020",
    ],
)
def test_stamps_are_left_out(stamp: str) -> None:
    """The stamp that arXiv prints up the first page's side goes, on its own line or glued to another's end."""
    plain = kept(lines(*PROSE))
    assert kept(lines(stamp, *PROSE)) == kept(lines(*PROSE, stamp)) == kept(lines(*PROSE) + stamp) == plain
    assert kept(lines(PROSE[0], stamp, *PROSE[1:])) == plain


def test_a_cited_preprint_is_no_stamp() -> None:
    """An arXiv identifier in a reference stays."""
    text = lines(*PROSE, "This was said in arXiv:1411.5752 [cs.CV] in 2014 for the first time.")
    assert "arXiv:1411.5752 [cs.CV]" in kept(text)


@pytest.mark.parametrize(
    "residue",
    [
        f'<latexit sha1_base64="96Omxy49SPGED3hOl6/e89unjWM=">{RESIDUE}</latexit>',
        RESIDUE,
        "xi</latexit>",
        "(cid:12)(cid:13)",
    ],
)
def test_residue_is_left_out(residue: str) -> None:
    """Base64 and character codes that figures leave behind are in no text, and split what stood around them."""
    page = cleaned(lines(*PROSE[:2], residue, *PROSE))[0]
    assert blocks(page) == [" ".join(PROSE[:2]), " ".join(PROSE)]


def test_long_links_are_no_residue() -> None:
    """A long link is kept, though it has no blank."""
    link = "https://openaccess.thecvf.com/content/CVPR2021/papers/Chen/LearningContinuousImageRepresentationWithLocalImplicit"
    assert link in kept(lines(*PROSE, f"The paper is to be found at {link} for all."))


def test_captions_and_tables_are_told_from_prose() -> None:
    """A caption, a table's rows and a figure's labels are blocks of their own, and prose goes on behind them."""
    page = cleaned(
        lines(
            PROSE[0],
            "Encoder Decoder",
            "Figure 1. A lantern in the dark. The photo on the left is",
            "blurry, and that on the right is sharp.",
            "Table 2: The numbers of photos.",
            "Lantern 30.1 28.2 0.913 0.041",
            "Compass 29.0 27.7 0.893 0.052",
            PROSE[1],
            PROSE[2],
        )
    )[0]
    assert blocks(page, PassageKind.PROSE) == [PROSE[0], f"{PROSE[1]} {PROSE[2]}"]
    assert [block.continues for block in page.blocks if block.kind is PassageKind.PROSE] == [False, True]
    assert blocks(page, PassageKind.RESIDUE) == ["Encoder Decoder"]
    assert blocks(page, PassageKind.TABLE) == ["Lantern 30.1 28.2 0.913 0.041 Compass 29.0 27.7 0.893 0.052"]
    assert blocks(page, PassageKind.CAPTION) == [
        "Figure 1. A lantern in the dark. The photo on the left is blurry, and that on the right is sharp.",
        "Table 2: The numbers of photos.",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "photos of 640 × 480 pixels and patches of 64 × 64 pixels",
        "with 4, 8, 12, 16, 20 output features (in that order)",
        "which has 3 steps, (1) to blur, (2) to wait, (3) to look",
        "maps of shape ⟨224, 224, 3⟩ to those of ⟨7, 7, 512⟩ here",
        "as others do [19, 10, 1] and [3, 4, 5, 6], and as we do",
    ],
)
def test_numbers_in_prose_make_no_table(line: str) -> None:
    """Sizes, tuples, enumerations and citations within a sentence leave it prose."""
    page = cleaned(lines(PROSE[0], line, "which the next step of the workflow then takes over."))[0]
    assert blocks(page, PassageKind.PROSE) == [page.text]


def test_a_sentence_that_points_at_a_figure_is_no_caption() -> None:
    """A line that begins with a figure's name within a sentence is prose."""
    page = cleaned(
        lines("The lantern network takes a blurry photo, as shown in", "Figure 2. It gives a sharp one as its output.")
    )[0]
    assert blocks(page, PassageKind.PROSE) == [page.text]


def test_points_of_a_list_begin_paragraphs() -> None:
    """Each bullet begins a block of its own, which goes on no earlier paragraph."""
    page = cleaned(
        lines(PROSE[0], "• Blur: we first make a photo blurry with one of our", "own lanterns.", "• Wait: we wait.")
    )[0]
    assert blocks(page)[:2] == [PROSE[0], "• Blur: we first make a photo blurry with one of our own lanterns."]
    assert [block.continues for block in page.blocks][:2] == [False, False]


def test_an_abbreviation_at_a_line_s_end_ends_no_paragraph() -> None:
    """A page that ends in "e.g." or "et al." leaves its sentence open for the next page."""
    for abbreviation in ("e.g.", "i.e.", "Smith et al.", "Fig.", "cf."):
        first, second = cleaned(f"The lantern network takes a photo like many others, {abbreviation}", lines(*PROSE))
        assert not first.blocks[-1].continues
        assert second.blocks[0].continues


def test_a_paragraph_goes_on_over_a_page_s_end() -> None:
    """A paragraph that a page cuts goes on on the next; one that has ended does not, nor over a heading."""
    assert cleaned(PROSE[0], PROSE[1])[1].blocks[0].continues
    assert not cleaned(PROSE[2], PROSE[0])[1].blocks[0].continues
    assert not any(block.continues for block in cleaned(PROSE[0], lines("1 Introduction", PROSE[0]))[1].blocks)


def test_sections_are_carried_from_page_to_page() -> None:
    """Text stands under the last heading, also where that was on an earlier page; before the first, under none."""
    first, second = cleaned(
        lines("Lanterns", "Abstract", *PROSE, "1 Introduction", PROSE[0]),
        lines(PROSE[2], "References", "[1] A. Author."),
    )
    sections = [(block.kind.value, block.section, block.section_role) for block in (*first.blocks, *second.blocks)]
    assert sections == [
        ("residue", None, SectionRole.FRONT_MATTER),
        ("heading", "Abstract", SectionRole.ABSTRACT),
        ("prose", "Abstract", SectionRole.ABSTRACT),
        ("heading", "1 Introduction", SectionRole.INTRODUCTION),
        ("prose", "1 Introduction", SectionRole.INTRODUCTION),
        ("prose", "1 Introduction", SectionRole.INTRODUCTION),
        ("heading", "References", SectionRole.REFERENCES),
        ("reference", "References", SectionRole.REFERENCES),
    ]


def test_text_on_a_heading_s_line_is_prose() -> None:
    """The abstract's first words, printed behind its heading, are prose of the abstract."""
    page = cleaned(lines("Abstract. " + PROSE[0], *PROSE[1:]))[0]
    assert blocks(page) == ["Abstract.", " ".join(PROSE)]


def test_an_abstract_is_a_page_without_a_number() -> None:
    """The prompt's abstract becomes one block of the abstract, white space folded; an empty one has no block."""
    page = abstract_page("  We sharpen\n photos. ")
    assert (page.number, page.text) == (None, "We sharpen photos.")
    assert [(b.start, b.end, b.section_role) for b in page.blocks] == [(0, 18, SectionRole.ABSTRACT)]
    assert abstract_page(" \n").blocks == ()


@pytest.mark.parametrize(
    "line", ["1" * 50_000, "[1," * 20_000, ". " * 30_000, "arXiv:" * 10_000, "A-" * 20_000, "1 × " * 20_000]
)
def test_hopeless_lines_are_cleaned_all_the_same(line: str) -> None:
    """Lines that no one wrote, of digits, dots or brackets alone, take no more time than others their size."""
    assert len(cleaned(line, PROSE[0])) == 2
