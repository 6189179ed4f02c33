"""This file ensures that a draft says nothing but what retrieved passages say, of the papers that the prompt lists."""

from typing import TYPE_CHECKING

import pytest

from cnaps_rag.citations import verbatim, verify
from cnaps_rag.generation import Draft, ExtractiveGenerator, extractive
from cnaps_rag.generation.aspects import INPUT, OUTPUT
from cnaps_rag.generation.drafts import without_references
from cnaps_rag.listing import ListedPaper, Prompt, Role
from cnaps_rag.pipeline import answer
from cnaps_rag.records import PaperStatus
from cnaps_rag.rendering import Format, render
from cnaps_rag.testing import write_pdf

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex
    from tests.conftest import Desk


@pytest.fixture(scope="session")
def draft(shared_desk: "Desk", index: "PromptIndex") -> Draft:
    """The draft for the desk's prompt."""
    return ExtractiveGenerator().draft(index, index.prompt.question, shared_desk.settings)


def test_claims_are_verbatim(draft: Draft) -> None:
    """Every claim is made of the words of the passages that it cites, and each of those was retrieved."""
    shown = {hit.passage.id for hit in draft.hits}
    claims = list(draft.claims())
    assert claims
    for claim in claims:
        assert claim.evidence
        assert verbatim(claim.text, [evidence.quote for evidence in claim.evidence])
        assert {evidence.hit.passage.id for evidence in claim.evidence} <= shown


def test_nothing_is_dropped(draft: Draft, index: "PromptIndex") -> None:
    """Verification keeps all that the extractive generator drafts, and each claim ends with a citation."""
    answered = verify(draft, index, index.prompt.question)
    assert answered.dropped == ()
    assert len(list(answered.claims())) == len(list(draft.claims()))
    assert all(claim.citations for claim in answered.claims())


def test_quotes_are_on_their_pages(draft: Draft, index: "PromptIndex") -> None:
    """Every quote of the answer stands word for word at its place on its page."""
    documents = {paper.listed.url: paper.document or "" for paper in index.papers}
    for citation in verify(draft, index, "?").citations:
        page = index.page_text(documents[citation.url], citation.page_number)
        assert page is not None
        assert page[citation.start : citation.end] == citation.quote


def test_every_part_is_filled(draft: Draft) -> None:
    """Papers that say what goes in, what is done and what comes out fill every part of the answer."""
    assert all((draft.task, draft.input, draft.model, draft.output, draft.mechanism))


def test_steps_announce_themselves(draft: Draft) -> None:
    """Where a paper announces what goes in and what comes out, the statements under these steps are such ones."""
    for aspect, claims in ((INPUT, draft.input), (OUTPUT, draft.output)):
        assert claims
        assert all(aspect.cue.search(claim.text) for claim in claims)


def test_what_is_given() -> None:
    """`Given` announces an input before what is given, and not before a reason."""
    assert INPUT.cue.search("Given a blurry photo, the network makes a sharp one.")
    assert not INPUT.cue.search("Given the mechanism, the network makes many boxes.")


def test_the_task_is_the_titles(desk: "Desk") -> None:
    """Of two definitions, the one on what the paper's title says that it is on is taken as the task."""
    title = "Quick Lanterns for Photo Sharpening via Meta Learning"
    text = f"""{title}
Abstract
The goal of meta learning is to learn a model that learns from few examples of each
kind of photo. We tackle the problem of photo sharpening, in which the blur is removed from a photo.
1. Introduction
The network takes a blurry photo as its input, and the photo that it produces is sharp.
"""
    (desk.pdf_dir / "2201.00001.pdf").write_bytes(write_pdf([text]))
    model = ListedPaper(name=title, url="https://arxiv.org/pdf/2201.00001")
    prompt = Prompt(question="How does a model learn to sharpen a blurry photo?", recommended=(model,), related=())
    [task] = answer(desk.index(prompt), settings=desk.settings).task
    assert task.text.startswith("We tackle the problem of photo sharpening")


@pytest.mark.parametrize(
    ("beside", "task"),
    [
        ("Photo sharpening is an important task in computer vision with many applications.", "The blur should be"),
        ("Photo sharpening is the main building block of photo editing and of photo printing.", "The blur should be"),
        ("Photo sharpening refers to the removal of blur from a single photo.", "Photo sharpening refers to"),
    ],
)
def test_the_task_is_told(desk: "Desk", beside: str, task: str) -> None:
    """A definition comes before what should be, and that before a sentence that says only that the task matters."""
    text = f"""Quick Lanterns for Photo Sharpening
Abstract
{beside} The blur should be removed from a photo by photo sharpening.
1. Introduction
The network takes a blurry photo as its input, and the photo that it produces is sharp.
"""
    (desk.pdf_dir / "2201.00001.pdf").write_bytes(write_pdf([text]))
    model = ListedPaper(name="Quick Lanterns", url="https://arxiv.org/pdf/2201.00001")
    prompt = Prompt(question="How does a model learn to sharpen a blurry photo?", recommended=(model,), related=())
    [found] = answer(desk.index(prompt), settings=desk.settings).task
    assert found.text.startswith(task)


def test_each_recommended_model_is_spoken_of(draft: Draft) -> None:
    """With two recommended models, each gets claims under its name, quoted from its own paper."""
    names = {claim.about for claim in draft.claims()}
    assert {"Lantern", "Compass"} <= names
    for claim in draft.claims():
        if claim.about is not None:
            assert {evidence.hit.paper.listed.name for evidence in claim.evidence} == {claim.about}


def test_nothing_is_said_twice(draft: Draft) -> None:
    """No two claims of an answer have the same words."""
    texts = [claim.text for claim in draft.claims()]
    assert len(set(texts)) == len(texts)


def test_one_note_for_each_listed_paper(draft: Draft, index: "PromptIndex") -> None:
    """Part 3 has a line for every listed paper in the prompt's order, and none is empty."""
    assert len(draft.notes) == len(index.papers)
    assert all(note.note.strip() for note in draft.notes)


def test_notes_say_what_bears(draft: Draft) -> None:
    """A paper on something else is said not to bear on the question; of one that does, it is said why."""
    _, _, harbour, forest, _ = draft.notes
    assert "no passage of it bears on the question" in harbour.note
    assert harbour.evidence == ()
    assert "no passage of it bears" not in forest.note
    assert all(evidence.quote for evidence in forest.evidence)


def test_notes_quote_what_tells_something(desk: "Desk") -> None:
    """Why a related paper bears on the question is not told by a report of experiments, however close it comes."""
    question = "How is a blurry photo of a harbour sharpened?"
    own = "The lantern network sharpens a blurry photo of a harbour in a single quick step."
    report = "Experiments tell how a blurry photo of a harbour is sharpened by seven baselines."
    telling = "A blurry photo of a harbour is sharpened by looking at each lamp of the picture."
    papers = []
    for number, sentences in enumerate((own, f"{report} {telling}"), 1):
        pages = [f"Paper {number}\nAbstract\n{sentences}\n"]
        (desk.pdf_dir / f"2201.0000{number}.pdf").write_bytes(write_pdf(pages))
        papers.append(ListedPaper(name=f"Paper {number}", url=f"https://arxiv.org/pdf/2201.0000{number}"))
    index = desk.index(Prompt(question=question, recommended=tuple(papers[:1]), related=tuple(papers[1:])))
    _, note = ExtractiveGenerator().draft(index, question, desk.settings).notes
    assert [evidence.quote for evidence in note.evidence] == [telling]


def test_notes_tell_what_the_paper_itself_does(desk: "Desk") -> None:
    """Of a related paper that speaks of others too, its own work is quoted, though they come closer to the question."""
    question = "How is a blurry photo of a harbour sharpened?"
    others = "Previous methods sharpen a blurry photo of a harbour by a filter, as Miller et al. sharpened the harbour."
    own = "We propose a compass that sharpens each photo of a harbour by looking at its lamps, because they are bright."
    papers = []
    for number, text in enumerate(("The lantern network sharpens a blurry photo of a harbour.", f"{others} {own}"), 1):
        (desk.pdf_dir / f"2201.0000{number}.pdf").write_bytes(write_pdf([f"Paper {number}\nAbstract\n{text}\n"]))
        papers.append(ListedPaper(name=f"Paper {number}", url=f"https://arxiv.org/pdf/2201.0000{number}"))
    index = desk.index(Prompt(question=question, recommended=tuple(papers[:1]), related=tuple(papers[1:])))
    _, note = ExtractiveGenerator().draft(index, question, desk.settings).notes
    assert [evidence.quote for evidence in note.evidence] == [own]


@pytest.mark.parametrize(("cosine", "said"), [(0.36, True), (0.40, False)])
def test_a_model_for_something_else(
    index: "PromptIndex", shared_desk: "Desk", monkeypatch: pytest.MonkeyPatch, cosine: float, said: bool
) -> None:
    """Where no passage of the recommended papers comes close to the question, the answer says so and goes on."""
    monkeypatch.setattr(extractive, "closeness", lambda *_: cosine)
    found = ExtractiveGenerator().draft(index, index.prompt.question, shared_desk.settings)
    assert any(gap.startswith("the question itself") for gap in found.not_covered) is said
    assert found.task


@pytest.mark.parametrize(
    "reference",
    [
        " [7]",
        " [7, 9–11]",
        " [e.g. 5, 6]",
        " (Lamp et al., 2016; Wick & Oil, 2017)",
        " (see Lamp, 2016a)",
        " (Figure 1)",
    ],
)
def test_references_are_left_out(reference: str) -> None:
    """A paper's own references are left out of a statement; other parentheses stay."""
    text = "The lantern (QLR) sharpens{} a photo (in 2016 steps)."
    assert without_references(text.format(reference)) == text.format("")


def test_notes_say_what_is_missing(draft: Draft) -> None:
    """A paper that is there by its abstract alone, and one that is not there at all, are said to be so."""
    *_, forest, nobody = draft.notes
    assert "abstract" in forest.note
    assert "neither its PDF nor an abstract" in nobody.note
    assert "offline" in nobody.note


def test_same_bytes_every_time(shared_desk: "Desk", index: "PromptIndex") -> None:
    """The same index and question give the same answer to the byte, also from an index that is opened anew."""
    first, again, anew = (answer(one, settings=shared_desk.settings) for one in (index, index, shared_desk.open()))
    for format_ in Format:
        assert render(first, format_) == render(again, format_) == render(anew, format_)


def test_another_question(shared_desk: "Desk", index: "PromptIndex") -> None:
    """A question that is not the prompt's own is answered under the same rules."""
    answered = answer(index, question="How are ships counted?", settings=shared_desk.settings)
    assert answered.question == "How are ships counted?"
    assert answered.dropped == ()
    assert {citation.url for citation in answered.citations} <= {listed.url for _, listed in index.prompt.listed()}


def test_abstracts_alone(desk: "Desk") -> None:
    """Where there is no PDF, the answer is drawn from the abstract and every citation is marked as such."""
    answered = answer(desk.index(desk.subset(4)), settings=desk.settings)
    assert list(answered.claims())
    assert {(citation.page_number, citation.origin.value) for citation in answered.citations} == {(None, "abstract")}
    assert [paper.url for paper in answered.papers_unavailable] == [answered.papers[0].url]


def test_nothing_to_answer_from(desk: "Desk") -> None:
    """Where neither PDF nor abstract is to be had, nothing is claimed and every gap is owned to."""
    answered = answer(desk.index(desk.subset(5)), settings=desk.settings)
    assert list(answered.claims()) == []
    assert answered.citations == ()
    assert answered.not_covered
    assert len(answered.papers) == 1


def test_a_question_that_nothing_bears_on(index: "PromptIndex") -> None:
    """A question on something else altogether gets no statement, but what was searched."""
    found = answer(index, question="Quelle heure est-il?")
    assert list(found.claims()) == []
    assert found.citations == ()
    [gap] = [gap for gap in found.not_covered if gap.startswith("the question itself")]
    assert f"{len(index.passages)} passages of 4 papers were searched, and none comes close to it" in gap


def test_recommended_paper_missing(desk: "Desk") -> None:
    """Where the recommended paper cannot be had, related ones are quoted, and nothing is said in the model's name."""
    index = desk.index(desk.subset(5, 1))
    assert [(paper.role, paper.status) for paper in index.papers] == [
        (Role.RECOMMENDED, PaperStatus.OFFLINE),
        (Role.RELATED, PaperStatus.OK),
    ]
    answered = answer(index, settings=desk.settings)
    assert {claim.about for claim in answered.claims()} <= {None}


def test_links_are_the_prompts(desk: "Desk") -> None:
    """Names and links of part 3 are the prompt's own, to the letter, whatever the papers say."""
    odd = ListedPaper(name="Lantern", url="http://arxiv.org/abs/2101.00001", github="https://github.com/b/other")
    answered = answer(
        desk.index(Prompt(question="How is a blurry photo sharpened?", recommended=(odd,))), settings=desk.settings
    )
    [note] = answered.papers
    assert (note.name, note.url, note.github) == (odd.name, odd.url, odd.github)
    assert {citation.url for citation in answered.citations} == {odd.url}
