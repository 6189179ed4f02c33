"""Answers, hits and build reports as JSON and as text."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.answers import Answer, Citation, Claim, DroppedClaim, PaperNote, Support, UnavailablePaper, Workflow
from cnaps_rag.listing import ListedPaper, Role
from cnaps_rag.records import (
    ABSTRACT_ORIGIN,
    BuildReport,
    Hit,
    IndexedPaper,
    Origin,
    PaperStatus,
    Passage,
    PassageKind,
    ScoreKind,
    SectionRole,
    Span,
)
from cnaps_rag.rendering import Format, build_record, build_table, hit_records, hits_text, json_line, json_text, render

LIIF_URL = "https://arxiv.org/pdf/2012.09161"
LOST_URL = "https://example.org/lost.pdf"


def citation(n: int, **changes: object) -> Citation:
    quote = "a continuous representation"
    base = Citation(
        n=n,
        url=LIIF_URL,
        title="Local Implicit Image Function",
        page_number=3,
        section="3. Method",
        start=10,
        end=10 + len(quote),
        quote=quote,
        passage=f"We learn {quote}.",
        origin=Origin.CORPUS,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def sample_answer() -> Answer:
    claims = [Claim(text=f"Claim {n}.", citations=(n,), support=Support.VERBATIM, about="LIIF") for n in (1, 2)]
    return Answer(
        question="How does it enlarge?",
        prompt_id="0123456789abcdef",
        generator="extractive",
        task=(claims[0],),
        workflow=Workflow(model=(claims[1],)),
        papers=(
            PaperNote(
                role=Role.RECOMMENDED,
                name="LIIF",
                url=LIIF_URL,
                github="https://github.com/yinboc/liif",
                citations=(1,),
                note="It answers the question.",
            ),
            PaperNote(role=Role.RELATED, name="Lost", url=LOST_URL, github=None, citations=(2,), note="By abstract."),
        ),
        citations=(
            citation(1),
            citation(2, url=LOST_URL, page_number=None, section=None, origin=Origin.ABSTRACT),
        ),
        not_covered=("how long it takes",),
        dropped=(DroppedClaim(text="It is quick.", reason="not in the passage"),),
        papers_unavailable=(UnavailablePaper(url=LOST_URL, reason="unlisted-host: put the PDF in by hand"),),
    )


def indexed(**changes: object) -> IndexedPaper:
    base = IndexedPaper(
        role=Role.RECOMMENDED,
        listed=ListedPaper(name="LIIF", url=LIIF_URL),
        key="arxiv-2012.09161",
        status=PaperStatus.OK,
        origin=Origin.PDF_FOLDER,
        title="Local Implicit Image Function",
        page_count=9,
        passage_count=120,
        bytes=1000,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def hit(**changes: object) -> Hit:
    text = "We learn a continuous\nrepresentation."
    base = Passage(
        document="d",
        text=text,
        kind=PassageKind.PROSE,
        section="Method",
        section_role=SectionRole.METHOD,
        spans=(Span(page_number=3, start=5, end=5 + len(text)),),
        sentences=((0, len(text)),),
    )
    passage = dataclasses.replace(base, **changes)  # type: ignore[arg-type]
    return Hit(rank=1, score=0.5, score_kind=ScoreKind.LINEAR, passage=passage, paper=indexed())


def test_answer_json_has_the_promised_keys_in_order() -> None:
    """The JSON of an answer has exactly the keys that tools rely on."""
    record = json.loads(render(sample_answer(), Format.JSON))
    assert list(record) == [
        "question",
        "parts",
        "papers",
        "citations",
        "not_covered",
        "dropped",
        "papers_unavailable",
        "generator",
        "prompt_id",
        "workflow_graph",
        "bibliography",
    ]
    assert list(record["parts"]) == ["task", "workflow", "papers"]
    assert list(record["parts"]["workflow"]) == ["input", "model", "output", "mechanism"]
    assert record["parts"]["task"] == [
        {"text": "Claim 1.", "citations": [1], "support": "verbatim", "about": "LIIF"},
    ]
    assert record["papers"] == record["parts"]["papers"]
    assert list(record["papers"][0]) == ["role", "name", "url", "github", "citations", "note"]
    assert record["dropped"] == [{"text": "It is quick.", "reason": "not in the passage"}]
    assert record["papers_unavailable"][0]["url"] == LOST_URL


def test_answer_json_tells_an_abstract_from_a_page() -> None:
    """A citation says whether it quotes a page of the PDF or the prompt's abstract."""
    first, second = json.loads(render(sample_answer(), Format.JSON))["citations"]
    assert list(first) == [
        *("n", "url", "title", "page_number", "section"),
        *("start", "end", "quote", "passage", "origin", "source"),
    ]
    assert (first["page_number"], first["origin"], first["source"]) == (3, "corpus", "PDF")
    assert (second["page_number"], second["origin"], second["source"]) == (None, "abstract", ABSTRACT_ORIGIN)


@pytest.mark.parametrize("form", ["md", "text", "html", "json", "bibtex", "mermaid"])
def test_render_takes_plain_strings(form: str) -> None:
    """A format may be given as the command line's own string."""
    assert render(sample_answer(), Format(form)) == render(sample_answer(), form)  # type: ignore[arg-type]


def test_render_refuses_an_unknown_format() -> None:
    """A format that does not exist is an error, not some default."""
    with pytest.raises(ValueError, match="pdf"):
        render(sample_answer(), "pdf")  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.recursive(st.text(st.characters()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_round_trips_and_can_be_written(value: object) -> None:
    """Any text survives JSON and fits into a UTF-8 file, lone surrogates of broken PDFs too."""
    for text in (json_text(value), json_line(value)):
        assert json.loads(text.encode("utf-8")) == value
    assert json_line(value).count("\n") == 1


def test_hit_records_follow_the_contract() -> None:
    """A hit's JSON has the promised keys, with the file that the caller names."""
    [record] = hit_records([hit()], lambda paper: f"papers/{paper.key}/paper.pdf")
    assert record == {
        "rank": 1,
        "score": 0.5,
        "url": LIIF_URL,
        "file": "papers/arxiv-2012.09161/paper.pdf",
        "page_number": 3,
        "section": "Method",
        "text": "We learn a continuous\nrepresentation.",
    }


def test_hits_text_shows_place_and_words() -> None:
    """A hit for people shows rank, score, title, page, section, link and the text on wrapped lines."""
    assert hits_text([hit()]) == (
        "1. [linear 0.5000] Local Implicit Image Function, p. 3, Method\n"
        f"   {LIIF_URL}\n"
        "   We learn a continuous representation.\n"
    )


def test_hits_text_marks_an_abstract() -> None:
    """A hit without a page says that it is the prompt's abstract."""
    span = Span(page_number=None, start=0, end=3)
    assert ABSTRACT_ORIGIN in hits_text([hit(spans=(span,))])


def test_hits_text_cannot_steer_the_terminal() -> None:
    """Escape sequences in a PDF's text do not reach the terminal."""
    shown = hits_text([hit(text="\x1b]0;owned\x07 red \x1b[31m\u202etxt", section="\x1b[2J")])
    assert not any(odd in shown for odd in "\x1b\x07\u202e")


def test_build_record_follows_the_contract() -> None:
    """A build's JSON has the counters and, for each paper, the promised keys."""
    report = BuildReport(prompt_id="p", papers=(indexed(lost_page_count=1),), passages_embedded=120, seconds=(1.23456,))
    assert build_record(report) == {
        "prompt_id": "p",
        "complete": True,
        "documents_parsed": 0,
        "passages_embedded": 120,
        "papers": [
            {
                "url": LIIF_URL,
                "name": "LIIF",
                "role": "recommended",
                "key": "arxiv-2012.09161",
                "status": "ok",
                "pages": 9,
                "lost_pages": 1,
                "passages": 120,
                "bytes": 1000,
                "origin": "pdf-dir",
                "reason": None,
                "seconds": 1.235,
            }
        ],
    }
    assert build_record(dataclasses.replace(report, seconds=()))["papers"][0]["seconds"] is None


def test_build_table_gives_each_reason_below_its_paper() -> None:
    """The table counts what is there by PDF, by abstract and not at all, and says why below the row."""
    papers = (
        indexed(),
        indexed(
            listed=ListedPaper(name="Second", url=LOST_URL),
            status=PaperStatus.UNLISTED_HOST,
            origin=Origin.ABSTRACT,
            reason="neither arXiv nor CVF\nput the PDF in by hand",
        ),
        indexed(
            listed=ListedPaper(name="T" * 90, url=LOST_URL),
            status=PaperStatus.OFFLINE,
            origin=Origin.NONE,
            reason="no network",
        ),
    )
    report = BuildReport(
        prompt_id="p", papers=papers, documents_parsed=2, passages_embedded=9, seconds=(12.34, 0.0, 0.0)
    )
    lines = build_table(report).splitlines()
    assert lines[0] == f"Prompt p: 1 of 3 listed papers by their PDF, 1 by {ABSTRACT_ORIGIN}, 1 not at all"
    assert lines[1].split() == ["role", "status", "origin", "bytes", "pages", "lost", "passages", "seconds", "name"]
    assert lines[2].split() == ["recommended", "ok", "pdf-dir", "1,000", "9", "0", "120", "12.3", "LIIF"]
    assert lines[3].split()[-1] == "Second"
    assert lines[4] == "    neither arXiv nor CVF put the PDF in by hand"
    assert lines[5].endswith("TTT…")
    assert lines[6:] == ["    no network", "Parsed 2 documents, embedded 9 passages."]


def test_build_table_says_that_nothing_was_to_do() -> None:
    """A second build of a built prompt says that nothing was embedded."""
    assert "nothing embedded" in build_table(BuildReport(prompt_id="p", papers=(indexed(),)))
