"""Headings are told from list points, table rows and labels by the paper's own numbering."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.records import SectionRole
from cnaps_rag.sections import Heading, Outline, role_of

lines = st.lists(
    st.sampled_from(["1 Introduction", "2. Method", "3.1 Loss Function", "References", "A Proofs", "IV. Results", "x"])
    | st.text(max_size=40)
)  # fmt: skip


def headings(*text: str) -> list[Heading]:
    """Take lines in order, each with the one below it."""
    outline = Outline()
    taken = (outline.take(line, below) for line, below in zip(text, (*text[1:], ""), strict=True))
    return [heading for heading in taken if heading is not None]


def spaced(*text: str) -> list[Heading]:
    """Take lines with text below each, as headings have it."""
    return headings(*(part for line in text for part in (line, "Photos are blurry.")))


def found(*text: str) -> list[tuple[str, SectionRole, int]]:
    return [(heading.title, heading.role, heading.level) for heading in spaced(*text)]


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Abstract", SectionRole.ABSTRACT),
        ("INTRODUCTION", SectionRole.INTRODUCTION),
        ("Related Works", SectionRole.RELATED_WORK),
        ("Related Methods and Discussion", SectionRole.RELATED_WORK),
        ("Problem Setting and Preliminaries", SectionRole.RELATED_WORK),
        ("Local Implicit Image Function", SectionRole.METHOD),
        ("Proposed Method", SectionRole.METHOD),
        ("Experimental Results", SectionRole.EXPERIMENTS),
        ("Implementation details", SectionRole.EXPERIMENTS),
        ("Ablation Study", SectionRole.EXPERIMENTS),
        ("Failure Cases", SectionRole.LIMITATIONS),
        ("Conclusions and Future Work", SectionRole.CONCLUSION),
        ("Concluding Remarks", SectionRole.CONCLUSION),
        ("Acknowledgment", SectionRole.ACKNOWLEDGEMENTS),
        ("Acknowlegements", SectionRole.ACKNOWLEDGEMENTS),
        ("References", SectionRole.REFERENCES),
        ("Supplementary Material", SectionRole.APPENDIX),
        ("", SectionRole.METHOD),
    ],
)
def test_roles(title: str, role: SectionRole) -> None:
    """A heading's words tell its section's role; one that tells none is a method's."""
    assert role_of(title) is role


@pytest.mark.parametrize(
    "style", [("1 ", "2 ", "2.1 ", "3 "), ("1. ", "2. ", "2.1. ", "3. "), ("1. ", "2. ", "2.1 ", "3. ")]
)
def test_numbered_headings(style: tuple[str, ...]) -> None:
    """Headings with numbers are found, dotted or not; a subsection plays its section's role."""
    first, second, sub, third = style
    assert found(f"{first}Introduction", f"{second}Our Lantern", f"{sub}Light Source", f"{third}Experiments") == [
        ("Introduction", SectionRole.INTRODUCTION, 1),
        ("Our Lantern", SectionRole.METHOD, 1),
        ("Light Source", SectionRole.METHOD, 2),
        ("Experiments", SectionRole.EXPERIMENTS, 1),
    ]


def test_headings_in_capitals_and_without_numbers() -> None:
    """Headings in capitals are found with numbers, with Roman ones, and the usual ones with none."""
    assert [heading.text for heading in headings("ABSTRACT", "I. INTRODUCTION", "II. METHOD", "IV. RESULTS")] == [
        "ABSTRACT", "I. INTRODUCTION", "II. METHOD", "IV. RESULTS",
    ]  # fmt: skip
    assert [heading.title for heading in headings("Abstract", "Introduction", "Methods:", "Results", "Appendix")] == [
        "Abstract", "Introduction", "Methods", "Results", "Appendix",
    ]  # fmt: skip


def test_subsections_with_a_role_of_their_own() -> None:
    """Limitations, experiments and related work keep their role below another section; a summary does not."""
    text = ("1 Method", "1.1 Limitations", "1.2 Datasets", "1.3 Prior work", "1.4 Summary")
    assert [role for _, role, _ in found(*text)] == [
        SectionRole.METHOD,
        SectionRole.LIMITATIONS,
        SectionRole.EXPERIMENTS,
        SectionRole.RELATED_WORK,
        SectionRole.METHOD,
    ]  # fmt: skip


@pytest.mark.parametrize("dash", [".", ":", "—", " -", "–"])
def test_text_may_stand_behind_a_heading(dash: str) -> None:
    """The abstract's text may begin on its heading's line, and is given back as the rest."""
    (heading,) = headings(f"Abstract{dash} We sharpen photos")
    assert (heading.title, heading.rest, heading.role) == ("Abstract", "We sharpen photos", SectionRole.ABSTRACT)


def test_one_heading_may_be_missed() -> None:
    """A number may be two steps on, since a heading may have been lost; three are too many."""
    assert [heading.text for heading in headings("1 Introduction", "3 Method", "3.2 Loss", "6 Results")] == [
        "1 Introduction", "3 Method", "3.2 Loss",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "2. We propose a lantern that sharpens photos.",
        "2 0.315 0.0428",
        "2 Conv3x3 224 × 224 32 1",
        "2 is the number of photos",
        "5 Lantern modules",
        "1 Lantern",
        "2. Lantern",
        "2 A B",
        "2 The lantern network takes as input a blurry photo of any size at all and encodes it into many",
        "2.1 Light Source",
        "0 Lantern",
        "2 x = y + z, where",
        "2 Photos, lanterns,",
        "2 Loss =",
        "A Lantern of Light",
        "abstract",
        "introduction",
        "In the introduction",
        "Results show that",
        "abstract: we sharpen",
        "",
    ],
)
def test_what_is_no_heading(line: str) -> None:
    """Sentences, table rows, labels, numbers out of turn or of another style are no headings."""
    assert [heading.text for heading in spaced("1 Introduction", line)] == ["1 Introduction"]


def test_points_of_a_list_are_no_headings() -> None:
    """A point that goes on in lower case, or has its neighbour right above or below, is none; the sequence goes on."""
    text = (
        "1. Introduction",
        "Photos are blurry.",
        "2. We propose a lantern network",
        "which sharpens photos",
        "In short:",
        "2. We sharpen photos",
        "3. We release them",
        "4. We stop here",
        "That is all we do.",
        "2. Related Work",
    )
    assert [heading.text for heading in headings(*text)] == ["1. Introduction", "2. Related Work"]


def test_a_table_of_contents_does_not_use_up_the_numbers() -> None:
    """Headings listed ahead, with leaders or page numbers, leave the paper's own headings to be found."""
    text = (
        "Abstract", "1 Introduction . . . . . 1", "2 Method . . . . . . . . 3", "2.1 Loss . . . . . . 4", "x",
        "1 Introduction", "Text.", "2 Method", "Text.", "2.1 Loss", "Text.",
    )  # fmt: skip
    assert [heading.text for heading in headings(*text)] == ["Abstract", "1 Introduction", "2 Method", "2.1 Loss"]
    bare = (
        "1 Introduction 1", "1.1 Motivation 2", "2 Method 3", "2.1 Loss 4", "3 Conclusion 7", "A Proofs 9", "x",
        "1 Introduction", "Text.", "2 Method", "Text.", "2.1 Loss", "Text.", "3 Conclusion", "Text.", "A Proofs",
    )  # fmt: skip
    assert [heading.text for heading in headings(*bare)][-5:] == [
        "1 Introduction", "2 Method", "2.1 Loss", "3 Conclusion", "A Proofs",
    ]  # fmt: skip


def test_appendices() -> None:
    """Letters number the appendix once the paper has come to its end, and not before."""
    text = ("A Proofs", "1 Introduction", "2 Conclusion", "A Proofs", "A.1 First Proof", "B More Results", "D Data")
    assert found(*text) == [
        ("Introduction", SectionRole.INTRODUCTION, 1),
        ("Conclusion", SectionRole.CONCLUSION, 1),
        ("Proofs", SectionRole.APPENDIX, 2),
        ("First Proof", SectionRole.APPENDIX, 2),
        ("More Results", SectionRole.APPENDIX, 2),
    ]


def test_within_references() -> None:
    """An entry of the reference list is no heading; an appendix behind the list is."""
    text = (
        "1 Introduction",
        "References",
        "2 Author and Others",
        "A. Author and B. Author",
        "Abstract: x",
        "A PROOFS",
        "B Data",
    )
    assert [heading.text for heading in headings(*text)] == ["1 Introduction", "References", "A PROOFS", "B Data"]
    assert [heading.text for heading in headings("References", "Appendix", "A Proofs")][1:] == ["Appendix", "A Proofs"]


@given(lines)
@settings(deadline=None, max_examples=200)
def test_any_lines_are_headings_or_not(text: list[str]) -> None:
    """Whatever lines come, each is a heading or none, and a heading's parts are on its line."""
    outline = Outline()
    for line in text:
        heading = outline.take(line.strip())
        if heading is not None:
            assert heading.text in line
            assert heading.title in heading.text
            assert heading.rest in line
            assert heading.level >= 1
