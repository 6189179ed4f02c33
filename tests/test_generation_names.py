"""This file ensures that names and relations of models are told by the papers' own words."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cnaps_rag.generation.drafts import DraftClaim, Evidence
from cnaps_rag.generation.names import abbreviations, expansions, relations, topic_of
from cnaps_rag.listing import ListedPaper, Prompt
from cnaps_rag.pipeline import answer
from cnaps_rag.retrieval import search
from cnaps_rag.testing import write_pdf

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex
    from tests.conftest import Desk

DEFINING = "Abstract\nWe present the Quick Lantern Restorer (QLR), which sharpens a blurry photo in one step.\n"
NAMING = "Abstract\nWe present the compass for photos. Unlike QLR it finds the direction in which a photo is blurred.\n"


def opened(desk: "Desk", *texts: str, names: tuple[str, str] = ("Deblur-QLR-Small", "Compass-Net")) -> "PromptIndex":
    papers = []
    for number, (name, text) in enumerate(zip(names, texts, strict=True), 1):
        (desk.pdf_dir / f"2201.0000{number}.pdf").write_bytes(write_pdf([f"{name}\n{text}"]))
        papers.append(ListedPaper(name=name, url=f"https://arxiv.org/pdf/2201.0000{number}"))
    return desk.index(Prompt(question="How is a photo sharpened?", recommended=tuple(papers), related=()))


def test_a_name_is_expanded_by_the_paper(desk: "Desk") -> None:
    """The part of a name that the paper defines is explained in the papers part, with a citation of that place."""
    index = opened(desk, DEFINING, NAMING)
    assert [one.quote for one in expansions(index, index.papers[0])] == ["Quick Lantern Restorer (QLR)"]
    assert expansions(index, index.papers[1]) == []
    found = answer(index)
    assert found.papers[0].note.endswith("; in its name: “Quick Lantern Restorer (QLR)”")
    assert "Quick Lantern Restorer (QLR)" in {citation.quote for citation in found.citations}


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (NAMING, "that of Compass-Net names the other"),
        (NAMING.replace("QLR", "others"), "neither of which names the other"),
    ],
)
def test_how_two_models_relate(desk: "Desk", second: str, said: str) -> None:
    """The answer says whether a paper names the other model."""
    index = opened(desk, DEFINING, second)
    [relation] = relations(index)
    assert said in relation
    assert relation in answer(index).relations


def test_a_data_set_in_a_name_is_no_model(desk: "Desk") -> None:
    """What a name says of data does not make two models related."""
    trained = NAMING.replace("QLR", "others") + "It is trained on Meadows like others.\n"
    index = opened(desk, DEFINING, trained, names=("Deblur-QLR", "Compass-Net"))
    first, second = index.papers
    index.papers = (replace(first, listed=replace(first.listed, name="Deblur-QLR-Meadows")), second)
    [relation] = relations(index)
    assert "neither of which names the other" in relation


def test_two_that_name_each_other(desk: "Desk") -> None:
    """Where both papers name the other model, the sentence says so once."""
    mutual = DEFINING + "Unlike the Compass, it is quick.\n"
    [relation] = relations(opened(desk, mutual, NAMING, names=("Deblur-QLR-Small", "Compass-Net")))
    assert relation.endswith("come from two papers; each names the other.")


def test_models_of_one_paper(desk: "Desk") -> None:
    """Two entries with one paper are said to share their workflow; one model alone relates to nothing."""
    index = opened(desk, DEFINING, NAMING)
    first = index.papers[0]
    index.papers = (first, replace(first, listed=replace(first.listed, name="Deblur-QLR-Large")))
    [relation] = relations(index)
    assert "Deblur-QLR-Small and Deblur-QLR-Large are listed with the same paper" in relation
    index.papers = (first,)
    assert list(relations(index)) == []


@pytest.mark.parametrize(
    ("title", "topic"),
    [
        ("Quick Lanterns for Dynamic Scene Deblurring via Shared Learning", "Dynamic Scene Deblurring"),
        ("LanternNet: Depth Estimation Using Adaptive Steps", "Depth Estimation"),
        ("LanternNet: A Quick Network for Blind Face Restoration", "Blind Face Restoration"),
        ("Deep Burst Super-Resolution", "Deep Burst Super-Resolution"),
        ("Using Lanterns", "Using Lanterns"),
    ],
)
def test_the_topic_of_a_title(title: str, topic: str) -> None:
    """What a title says that the paper is on is told from its name and its method."""
    assert topic_of(title) == topic


SPELLING = (
    "Abstract\nWe present a lamp for photos. It rests on a Wide Angle Lens (WAL) and a Narrow Beam Cone (NBC).\n"
    "The Wide Area Lamp (WAL) of others is weak.\n"
)


def test_abbreviations_get_the_words_of_the_paper_that_uses_them(desk: "Desk") -> None:
    """Each is told once, in order of use, by its paper's first definition; what is told already is left out."""
    index = opened(desk, SPELLING, "Abstract\nA paper of its own has a Quiet Zone (QZ) for each photo.\n")
    hits = {hit.paper.listed.name: hit for hit in search(index, "a paper has a lens for each photo", k=10)}
    lamp = (Evidence(hit=hits["Deblur-QLR-Small"], start=0, end=4),)

    def told(*texts: str, elsewhere: tuple[Evidence, ...] = ()) -> list[str]:
        claims = [DraftClaim(text=text, evidence=lamp) for text in texts]
        return [claim.text for claim in abbreviations(index, claims, elsewhere)]

    wide, narrow = "Wide Angle Lens (WAL)", "Narrow Beam Cone (NBC)"
    assert told("The NBC-based lamp has two WALs.", "A WAL is wide.") == [narrow, wide]
    assert told("The wide angle lens has no wal.") == []
    assert told("Our Wide Angle Lens (WAL) is wide.", "The WAL and the NBC are one.") == [narrow]
    assert told("The QZ is another paper's.") == []
    [definition] = abbreviations(index, [DraftClaim(text="A WAL.", evidence=lamp)], ())
    assert told("A WAL.", elsewhere=definition.evidence) == []


def test_an_answer_explains_its_abbreviations(desk: "Desk") -> None:
    """An abbreviation in the chosen sentences is explained where none of them does, and the place is cited."""
    shown = "Abstract\nFigure 2 shows the Wide Angle Lens (WAL) of the photo.\n"
    found = answer(opened(desk, shown + "Each photo is sharpened as the WAL bends the light that it lacks.\n", NAMING))
    assert not any("Wide Angle Lens" in claim.text for claim in found.claims())
    [explained] = found.abbreviations
    assert explained.text == "Wide Angle Lens (WAL)"
    [number] = explained.citations
    assert found.citations[number - 1].quote == explained.text
    assert number > max(one for claim in found.claims() for one in claim.citations)
