"""Lines of runs: what a line says, where it stands, how most of it is set, and its way through JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.lines import Line, Place, Run, line_of

places = st.builds(
    Place,
    x=st.floats(-1e4, 1e4),
    y=st.floats(-1e4, 1e4),
    size=st.floats(0, 100),
    tallest=st.floats(0, 100),
    faces=st.lists(st.text(max_size=9), max_size=3).map(tuple),
    maths=st.floats(0, 1),
    upright=st.booleans(),
    bold=st.booleans(),
)


def run(text: str, **more: object) -> Run:
    given_: dict[str, object] = {"x": 50.0, "y": 700.0, "size": 10.0, "face": "Body-Regu"}
    return Run(text=text, **{**given_, **more})  # type: ignore[arg-type]


def test_a_line_is_set_as_most_of_it() -> None:
    """Size and baseline are those of most characters, so that subscripts and footnote marks do not count."""
    line = line_of([run("1", size=6.0, y=704.0), run("The size of "), run("x", face="CMMI10", x=120.0)])
    assert line is not None
    assert line.text == "1The size of x"
    assert line.place == Place(x=50.0, y=700.0, size=10.0, tallest=10.0, faces=("Body-Regu", "CMMI10"), maths=0.09)


@pytest.mark.parametrize(
    "face", ["NimbusRomNo9L-Medi", "CMBX12", "Times-Bold", "Arial,Bold", "LinBiolinumTB", "SFBX1000"]
)
def test_bold_faces(face: str) -> None:
    """A line is bold where its first font is, by the names that PDFs give bold fonts."""
    line = line_of([run("Method. ", face=face), run("The lantern", x=90.0)])
    assert line is not None
    assert line.place is not None
    assert line.place.bold


def test_what_says_nothing_is_no_line() -> None:
    """Blanks, controls and arXiv's stamp make no line."""
    assert line_of([]) is None
    assert line_of([run(" \x00")]) is None
    assert line_of([run("arXiv:2010.11929v2  [cs.CV]  3 Jun 2021")]) is None


@pytest.mark.parametrize("face", ["NimbusRomNo9L-Regu", "CMR10", "LinLibertineT", "Times-Italic", "Helvetica", ""])
def test_faces_that_are_not_bold(face: str) -> None:
    """Other fonts are not bold."""
    line = line_of([run("Method. ", face=face)])
    assert line is not None
    assert line.place is not None
    assert not line.place.bold


def test_a_size_of_nothing_is_no_place() -> None:
    """A line whose characters have no size is kept, and its place is not trusted."""
    assert line_of([run("Hidden", size=0.0)]) == Line("Hidden")


@given(st.builds(Line, st.text(), st.none() | places))
def test_through_json_and_back(line: Line) -> None:
    """A line comes back from JSON as it went."""
    assert Line.from_record(json.loads(json.dumps(line.to_record()))) == line
