"""The papers of an answer as BibTeX, read back by a real parser."""

import dataclasses
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnaps_rag.answers import Answer
from cnaps_rag.rendering import answer_bibtex, answer_record
from cnaps_rag.rendering.wording import printable
from tests.sample_answers import GITHUB_URL, HOSTILE, LIIF_URL, LOST_URL, abstention, answer_with

CVF_URL = "https://openaccess.thecvf.com/content/CVPR2021/papers/Roe_Light_of_Day_CVPR_2021_paper.pdf"


def entries(answer: Answer) -> dict[str, Any]:
    database = pytest.importorskip("pybtex.database", reason="pybtex is not installed")
    return dict(database.parse_string(answer_bibtex(answer), "bibtex").entries)


def shown(value: str) -> str:
    """Read a value as TeX would set it."""
    text = pytest.importorskip("pybtex.richtext", reason="pybtex is not installed").Text.from_latex(value)
    return str(text.render_as("text"))


def answer_on(*urls: str, title: str = "Light", **note: Any) -> Answer:
    """Make an answer that cites one paper for each URL."""
    base = answer_with(title)
    return dataclasses.replace(
        base,
        citations=tuple(dataclasses.replace(base.citations[0], n=n, url=url) for n, url in enumerate(urls, 1)),
        papers=tuple(
            dataclasses.replace(base.papers[0], url=url, citations=(n,), **note) for n, url in enumerate(urls, 1)
        ),
    )


def test_a_preprint() -> None:
    """A paper of arXiv is a @misc with eprint, year, month, URL and repository."""
    assert answer_bibtex(answer_on(LIIF_URL)) == (
        "@misc{arxiv2012.09161,\n"
        "  title = {Light},\n"
        "  key = {Light},\n"
        "  year = {2020},\n"
        "  month = dec,\n"
        "  eprint = {2012.09161},\n"
        "  archiveprefix = {arXiv},\n"
        f"  url = {{{LIIF_URL}}},\n"
        f"  note = {{Code: \\url{{{GITHUB_URL}}}}},\n"
        "}\n"
    )


def test_a_conference_paper() -> None:
    """A paper of CVF is an @inproceedings with the conference and its year."""
    [(key, entry)] = entries(answer_on(CVF_URL)).items()
    assert (key, entry.type, entry.fields["year"]) == ("roe2021light", "inproceedings", "2021")
    assert shown(entry.fields["booktitle"]) == "Conference on Computer Vision and Pattern Recognition (CVPR)"


def test_what_is_not_known_is_left_out() -> None:
    """A paper elsewhere has title, URL and repository, and neither year nor author."""
    [entry] = entries(answer_on(LOST_URL)).values()
    assert (entry.type, set(entry.fields), dict(entry.persons)) == ("misc", {"title", "key", "url", "note"}, {})


def test_authors_are_taken_from_arxiv() -> None:
    """Known authors are listed; a name that BibTeX would take apart stays whole."""
    names = ("Ada B. Roe", "José Müller", "Light and Shade Collaboration")
    [entry] = entries(answer_on(LIIF_URL, authors=names, journal="Proc. of Light & Co., 2021")).values()
    people = entry.persons["author"]
    assert [str(people[0]), str(people[1])] == ["Roe, Ada B.", "Müller, José"]
    assert people[2].last_names == ["{Light and Shade Collaboration}"]
    assert shown(entry.fields["note"]).startswith("Published in Proc. of Light & Co., 2021; Code: ")


def test_names_keep_their_capitals() -> None:
    """Words with capitals inside are braced, so that no style makes them small; others are left to the style."""
    bibtex = answer_bibtex(answer_on(LIIF_URL, title="BasicVSR: The U-Net in 3D for Burst Photos"))
    assert "title = {{BasicVSR:} The {U-Net} in {3D} for Burst Photos}" in bibtex


def test_only_cited_papers_once_each() -> None:
    """A paper is listed once however often it is cited, and not at all where it is not."""
    answer = answer_on(LIIF_URL, CVF_URL, LIIF_URL)
    assert list(entries(answer)) == ["arxiv2012.09161", "roe2021light"]
    assert answer_bibtex(abstention()) == ""


def test_keys_are_unique() -> None:
    """Papers that would have the same key are numbered."""
    other = CVF_URL.replace("of_Day", "of_Night")
    assert list(entries(answer_on(CVF_URL, other))) == ["roe2021light", "roe2021light-2"]
    assert [one["key"] for one in answer_record(answer_on(CVF_URL, other))["bibliography"]] == [
        *("roe2021light", "roe2021light-2")
    ]


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("50% of $5 & #1_2", r"50\% of \$5 \& \#1\_2"),
        ("a\\b", r"a{\textbackslash}b"),
        ("{x} ~a^b", r"{\textbraceleft}x{\textbraceright} {\textasciitilde}a{\textasciicircum}b"),
        ('<b> | "c"', r'{\textless}b{\textgreater} {\textbar} "c"'),
        ("é ×4\n α", "é ×4 α"),
        ("\x1b\u202e", "(untitled)"),
    ],
)
def test_specials_are_escaped(title: str, written: str) -> None:
    """What has a meaning in TeX is written as the command that prints it."""
    assert f"  title = {{{written}}},\n" in answer_bibtex(answer_on(LIIF_URL, title=title))


def test_other_schemes_are_left_out() -> None:
    """A URL that is no web link gets into no entry."""
    answer = answer_on("javascript:alert(1)", github="javascript:alert(2)")
    assert "javascript:" not in answer_bibtex(answer)
    assert [set(entry.fields) for entry in entries(answer).values()] == [{"title", "key"}]


@settings(deadline=None)
@example("".join(HOSTILE))
@given(
    st.one_of(
        st.text(st.characters(), min_size=1),
        st.lists(st.sampled_from([*HOSTILE, *'\\{}%&$#_~^<>|"@,= aB'])).map("".join),
    ).filter(printable)
)
def test_any_title_is_one_entry(text: str) -> None:
    """Whatever a title holds, the parser finds one entry of the same fields, and braces are even."""
    [(key, entry)] = entries(answer_on(LIIF_URL, title=text)).items()
    assert (key, entry.type) == ("arxiv2012.09161", "misc")
    assert set(entry.fields) == {"title", "key", "year", "month", "eprint", "archiveprefix", "url", "note"}
    assert entry.fields["title"].count("{") == entry.fields["title"].count("}")
