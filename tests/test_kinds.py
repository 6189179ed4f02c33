"""Lines told apart by where and how they are set, as in two-column papers: what each page's blocks are."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.lines import Line, Place
from cnaps_rag.page_text import clean_pages
from cnaps_rag.records import Block, Page, PassageKind, SectionRole

BODY, BOLD, ITALIC, MATHS, OTHER = "Body-Regu", "Body-Bold", "Body-Ital", "CMMI10", "Helvetica"
LEFT, RIGHT, LEADING = 50.0, 310.0, 12.0
SENTENCE = (
    "the lantern network takes a blurry photo of a scene and",
    "gives a sharp photo of that scene, which is then the one",
    "that the next step of the workflow takes as its input in",
)


class Column:
    """Sets lines below each other."""

    def __init__(self, x: float = LEFT, y: float = 700.0) -> None:
        """Begin at a place."""
        self.x = x
        self.y = y
        self.lines: list[Line] = []

    def add(self, *texts: str, size: float = 10.0, face: str = BODY, indent: float = 0.0, gap: float = 0.0) -> "Column":
        """Set lines in one way, after a gap."""
        self.y -= gap
        for text in texts:
            self.y -= 1.2 * size
            maths = 0.6 if face == MATHS else 0.0
            faces = (face, BODY) if face == MATHS else (face,)
            place = Place(
                x=self.x + indent, y=self.y, size=size, tallest=size, faces=faces, maths=maths, bold=face == BOLD
            )
            self.lines.append(Line(text, place))
        return self

    def prose(self, count: int = 3, *, begin: str = "", end: str = "", gap: float = 0.0) -> "Column":
        """Set lines of prose; the first begins and the last ends as told."""
        texts = [SENTENCE[number % len(SENTENCE)] for number in range(count)]
        texts[0] = begin + texts[0]
        texts[-1] += end
        return self.add(*texts, gap=gap)


def page_of(*columns: Column) -> Page:
    """Clean one page, behind another of prose that shows how the paper is set."""
    before = Column().prose(30, begin="In the beginning ", end=".").lines
    return clean_pages([before, [line for column in columns for line in column.lines]])[1]


def texts(page: Page, kind: PassageKind, *, aside: bool = False) -> list[str]:
    return [page.text[block.start : block.end] for block in page.blocks if block.kind is kind and block.aside == aside]


def paragraphs(page: Page) -> list[str]:
    """Join prose that goes on."""
    joined: list[str] = []
    for block in page.blocks:
        if block.kind is PassageKind.PROSE and not block.aside:
            text = page.text[block.start : block.end]
            joined = [*joined[:-1], f"{joined[-1]} {text}"] if block.continues and joined else [*joined, text]
    return joined


def words(count: int, begin: str = "", end: str = "") -> str:
    return begin + " ".join(SENTENCE[number % len(SENTENCE)] for number in range(count)) + end


def test_a_sentence_runs_through_a_display_equation() -> None:
    """An equation is a block of its own, and the sentence around it is one stretch of the page."""
    page = page_of(
        Column()
        .prose(2, begin="We say that ", end=" as")
        .add("L = f(x) + g(y), (3)", face=MATHS, indent=60, gap=10)
        .prose(2, begin="where ", end=".", gap=10)
    )
    assert texts(page, PassageKind.EQUATION) == ["L = f(x) + g(y), (3)"]
    assert [block.continues for block in page.blocks] == [False, True, True]
    assert page.text == f"{words(2, 'We say that ', ' as')} L = f(x) + g(y), (3) {words(2, 'where ', '.')}"


def test_a_paragraph_behind_an_equation() -> None:
    """A sentence that begins behind an equation goes on no earlier one."""
    page = page_of(
        Column()
        .prose(2, begin="We have:", end=" as")
        .add("L = f(x) + g(y). (3)", face=MATHS, indent=60, gap=10)
        .prose(2, begin="Here ", end=".", gap=10)
    )
    assert [block.continues for block in page.blocks] == [False, True, False]


def test_a_formula_far_from_prose_is_a_label() -> None:
    """Signs in a figure are no equation."""
    page = page_of(Column().add("x = f(y)", face=MATHS, indent=60), Column(y=500).prose(end="."))
    assert texts(page, PassageKind.EQUATION) == []
    assert texts(page, PassageKind.RESIDUE) == ["x = f(y)"]


def test_a_caption_ends_where_it_is_set_apart() -> None:
    """Prose below a caption is no part of it, and a paragraph above goes on behind it."""
    page = page_of(
        Column().prose(2, begin="The photo ", end=" of"),
        Column(x=RIGHT)
        .add("Encoder", "Decoder 3", face=OTHER, size=6)
        .add("Figure 2: The lantern is shown with all of its many parts", "and with the photo that it takes", gap=8)
        .prose(2, end=".", gap=14),
    )
    assert texts(page, PassageKind.CAPTION) == [
        "Figure 2: The lantern is shown with all of its many parts and with the photo that it takes"
    ]
    assert texts(page, PassageKind.RESIDUE) == ["Encoder Decoder 3"]
    assert paragraphs(page) == [f"{words(2, 'The photo ', ' of')} {words(2, '', '.')}"]


def test_a_caption_in_smaller_type_ends_where_the_prose_begins() -> None:
    """A caption in smaller type ends at the first line of prose, however near that stands."""
    page = page_of(
        Column()
        .add("Table 1. The lantern and its parts, as they were bought by", "all of those who wanted one", size=9)
        .prose(2, end=".")
    )
    assert texts(page, PassageKind.CAPTION) == [
        "Table 1. The lantern and its parts, as they were bought by all of those who wanted one"
    ]


def test_a_sentence_that_begins_with_a_figure_s_name_is_prose() -> None:
    """A line within a paragraph may begin as a caption does."""
    page = page_of(Column().prose(2, end=" in").add("Figure 2. " + SENTENCE[0], SENTENCE[1] + "."))
    assert texts(page, PassageKind.CAPTION) == []
    assert len(paragraphs(page)) == 1


@pytest.mark.parametrize("mark", ["1", "2 ", "∗", "†"])
def test_footnotes_stand_at_the_page_s_end(mark: str) -> None:
    """A footnote is moved out of the paragraph that goes on in the next column, and goes on nothing."""
    page = page_of(
        Column(y=200).prose(end=" of").add(f"{mark}The code of it all is at hand", "and free for all.", size=8, gap=6),
        Column(x=RIGHT).prose(2, end="."),
    )
    assert texts(page, PassageKind.PROSE, aside=True) == [f"{mark}The code of it all is at hand and free for all."]
    assert page.blocks[-1].aside
    assert paragraphs(page) == [f"{words(3, '', ' of')} {words(2, '', '.')}"]


def test_small_type_is_not_joined_to_prose() -> None:
    """Prose in small type, as below a table, leaves the paragraph around it open."""
    small = (SENTENCE[0].replace("the", "The", 1), SENTENCE[1], SENTENCE[2] + " all.")
    page = page_of(Column().prose(end=" of").add(*small, size=8, gap=20), Column(x=RIGHT).prose(2, end="."))
    assert [block.continues for block in page.blocks] == [False, False, True]


def heading(page: Page) -> list[str]:
    return texts(page, PassageKind.HEADING)


def test_a_heading_of_two_lines() -> None:
    """A numbered heading goes on in a second line that is set like it, also over a hyphen."""
    page = page_of(
        Column()
        .add("1. Introduction", face=BOLD, size=12)
        .prose(begin="So ", end=".")
        .add("2. Lanterns for the Restora-", "tion of Photos", face=BOLD, size=12, gap=10)
        .prose(begin="So ", end=".", gap=6)
    )
    assert heading(page) == ["1. Introduction", "2. Lanterns for the Restoration of Photos"]
    assert page.blocks[-1].section == "2. Lanterns for the Restoration of Photos"


def test_bold_words_below_a_heading_are_no_part_of_it() -> None:
    """A paragraph that begins in bold type below a heading is prose."""
    page = page_of(
        Column().add("1. Introduction", face=BOLD, size=12).add("Lanterns. " + SENTENCE[0], SENTENCE[1], face=BODY)
    )
    assert heading(page) == ["1. Introduction"]


def test_a_numbered_line_in_the_prose_s_type_is_no_heading() -> None:
    """What looks like a heading and is set as prose is a list's point."""
    page = page_of(Column().add("1. Introduction").prose(end="."))
    assert heading(page) == []


def roles(blocks: Sequence[Block]) -> list[tuple[str | None, SectionRole]]:
    return [(block.section, block.section_role) for block in blocks if block.kind is PassageKind.HEADING]


def test_ieee_headings() -> None:
    """Roman sections with small capitals set apart, and lettered subsections that start over in each."""
    column = Column()
    for title in ("I. I NTRODUCTION", "II. E XPERIMENTS"):
        place = Place(x=120, y=column.y - 20, size=8, tallest=10, faces=(BODY,))
        column.lines.append(Line(title, place))
        column.y -= 26
        column.prose(end=".").add("A. The First Part", face=ITALIC, gap=6).prose(end=".", gap=4)
        column.add("B. The Other Part", face=ITALIC, gap=6).prose(end=".", gap=4)
    assert roles(page_of(column).blocks) == [
        ("I. INTRODUCTION", SectionRole.INTRODUCTION),
        ("A. The First Part", SectionRole.INTRODUCTION),
        ("B. The Other Part", SectionRole.INTRODUCTION),
        ("II. EXPERIMENTS", SectionRole.EXPERIMENTS),
        ("A. The First Part", SectionRole.EXPERIMENTS),
        ("B. The Other Part", SectionRole.EXPERIMENTS),
    ]


def test_headings_without_numbers() -> None:
    """Where a paper numbers no section, a short bold or large line apart from the text above is a heading."""
    column = Column().add("Abstract", face=BOLD).prose(end=".", gap=4)
    column.add("Lanterns in Use", face=BOLD, gap=10).prose(end=".", gap=4)
    column.add("Results for Photos", size=13, gap=10).prose(end=".", gap=4)
    assert roles(page_of(column).blocks) == [
        ("Abstract", SectionRole.ABSTRACT),
        ("Lanterns in Use", SectionRole.METHOD),
        ("Results for Photos", SectionRole.EXPERIMENTS),
    ]


def test_tables_without_numbers_are_known_by_their_caption() -> None:
    """Rows of words next to a table's caption are a table, its header with them; a figure's labels are not."""
    page = page_of(
        Column()
        .add("Part Maker Colour", "Glass Anna red", "Wick Bert 12 white", size=8)
        .add("Table 3. Who made the lantern.", size=9, gap=6)
        .prose(end=".", gap=14)
    )
    assert texts(page, PassageKind.TABLE) == ["Part Maker Colour Glass Anna red Wick Bert 12 white"]


def test_the_steps_of_an_algorithm_are_no_prose() -> None:
    """What stands below an algorithm's caption is kept together, apart from the prose behind."""
    page = page_of(
        Column()
        .add("Algorithm 1: How to light the lantern in the dark")
        .add("Input: a lantern that has been filled with oil and a match", "end", indent=8)
        .prose(end=".", gap=30)
    )
    assert texts(page, PassageKind.TABLE) == ["Input: a lantern that has been filled with oil and a match end"]
    assert paragraphs(page) == [words(3, "", ".")]


def test_paragraphs_are_told_by_their_indent() -> None:
    """A paragraph whose last line is full ends where the next one is indented."""
    full = SENTENCE[2].removesuffix(" in") + "."
    page = page_of(Column().add(SENTENCE[0], full).add("Then " + SENTENCE[0], indent=12).add(SENTENCE[1] + "."))
    assert len(paragraphs(page)) == 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from([
                "1 Introduction",
                "Figure 1: A lantern.",
                "x = y (1)",
                "1.0 2.0 3.0",
                "References",
                *SENTENCE,
            ])
            | st.text(min_size=1, max_size=20).map(lambda text: " ".join(text.split())).filter(bool),
            st.floats(-50, 700),
            st.floats(-50, 900),
            st.sampled_from([0.0, 6.0, 10.0, 12.0]),
            st.sampled_from([BODY, BOLD, MATHS, OTHER, ""]),
        ),
        max_size=25,
    )
)
@settings(deadline=None, max_examples=200)
def test_wherever_lines_stand_none_is_lost(drawn: list[tuple[str, float, float, float, str]]) -> None:
    """Lines set in any way and anywhere come out in blocks that make up the page's text, with no character new."""
    lines = [
        Line(
            text, Place(x=x, y=y, size=size, tallest=size, faces=(face,), maths=float(face == MATHS), bold=face == BOLD)
        )
        for text, x, y, size, face in drawn
    ]
    (page,) = clean_pages([lines])
    end = -1
    for block in page.blocks:
        assert page.text[end : block.start] in {"\n", " ", ""} or end < 0
        assert block.start == end + 1
        end = block.end
    assert set(page.text) <= {*"".join(text for text, *_ in drawn), "\n", " "}
