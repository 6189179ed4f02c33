"""This file ensures that prompts and records hold their invariants, and that ids depend on content alone."""

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from cnaps_rag.errors import PromptError
from cnaps_rag.listing import ListedPaper, Prompt, Role, content_id, one_line, shorten, web_url
from cnaps_rag.records import (
    BuildReport,
    IndexedPaper,
    Origin,
    PaperStatus,
    Passage,
    PassageKind,
    SectionRole,
    Span,
    distinct,
)

LIIF = ListedPaper(name="LIIF", url="https://arxiv.org/pdf/2012.09161")
PROMPT_CODE = """
from cnaps_rag.listing import ListedPaper, Prompt
print(Prompt(question="How?", recommended=[ListedPaper(name="LIIF", url="https://arxiv.org/pdf/2012.09161")]).id)
"""


def indexed(**changes: Any) -> IndexedPaper:
    fields: dict[str, Any] = {"role": Role.RELATED, "listed": LIIF, "key": "arxiv-2012.09161", "title": "LIIF"}
    fields |= {"status": PaperStatus.OK, "origin": Origin.NETWORK}
    return IndexedPaper(**(fields | changes))


def test_ids_mind_the_borders() -> None:
    """Texts that only join up to the same string have different ids."""
    assert content_id("ab", "c") != content_id("a", "bc")
    assert len(content_id("ab")) == 16


def test_ids_are_the_same_in_another_process() -> None:
    """A prompt's id does not depend on the process that computes it."""
    other = subprocess.run([sys.executable, "-c", PROMPT_CODE], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == Prompt(question="How?", recommended=(LIIF,)).id


def test_every_field_of_a_prompt_is_in_its_id() -> None:
    """A change of the question, a role, or any field of an entry changes the id."""
    changes: list[dict[str, Any]] = [
        {"name": "L"},
        {"url": "https://a.org"},
        {"github": "https://a.org"},
        {"summary": "s"},
    ]
    entries = [dataclasses.replace(LIIF, **change) for change in changes]
    variants = [Prompt(question="How?", recommended=(entry,)) for entry in (LIIF, *entries)]
    variants.append(Prompt(question="Why?", recommended=(LIIF,)))
    variants.append(Prompt(question="How?", recommended=(LIIF, LIIF)))
    variants.append(Prompt(question="How?", recommended=(LIIF,), related=(LIIF,)))
    assert len({prompt.id for prompt in variants}) == len(variants)


def test_lists_make_the_same_prompt_as_tuples() -> None:
    """A prompt can be built from lists and from generators; it holds tuples and can be hashed."""
    prompt = Prompt(question="How?", recommended=[LIIF], related=(paper for paper in [LIIF]))  # type: ignore[arg-type]
    assert prompt == Prompt(question="How?", recommended=(LIIF,), related=(LIIF,))
    assert len({prompt, Prompt(question="How?", recommended=(LIIF,), related=(LIIF,))}) == 1


def test_wrapped_texts_are_the_same_texts() -> None:
    """Line breaks and runs of blanks become single spaces, so a wrapped prompt keeps its id."""
    wrapped = ListedPaper(name=" LIIF ", url=" https://arxiv.org/pdf/2012.09161\n", github=" ", summary="\n")
    assert wrapped == LIIF
    prompt = Prompt(question="How\r\n does  it work?", recommended=(wrapped,))
    assert prompt.id == Prompt(question="How does it work?", recommended=(LIIF,)).id


def test_replacing_changes_nothing_else() -> None:
    """Building a record from a record's own fields gives an equal one."""
    paper = ListedPaper(name="a \n b", url="https://a.org", github="https://b.org", summary=" c\n\nd ")
    assert dataclasses.replace(paper) == paper
    assert paper.summary == "c d"


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/2012.09161v1",
        "HTTP://ARXIV.ORG/pdf/2012.09161",
        "http://localhost:8000/a.pdf",
        "https://[::1]/a.pdf",
        "https://münchen.example/a.pdf",
        "https://example.org",
        "https://example.org./a?b=c#d",
    ],
)
def test_urls_are_taken(url: str) -> None:
    """Any http or https URL with a host is taken as it is."""
    assert web_url("the URL", url) == url


@pytest.mark.parametrize(
    "url",
    [
        "", "arxiv.org/pdf/2012.09161", "2012.09161", "ftp://arxiv.org/x", "file:///etc/passwd", "https://", "http:///x",
        "https:arxiv.org", "https://arxiv .org/x", "https://arxiv.org/a b", "https://a.org https://b.org", "https://...",
        "https://-", "https://a..b/x", "https://a.org:port/", "https://[::1/", "https://a.org/<x>", "https://a.org/\x07",
        "javascript:alert(1)", "[x](https://a.org)",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused(url: str) -> None:
    """A URL that is no URL is refused, showing it and how one is written."""
    with pytest.raises(PromptError, match=r"^the URL is not a URL: '.*'; write it in full, as in https://arxiv"):
        web_url("the URL", url)


def test_long_texts_are_shortened_in_errors() -> None:
    """An error shows the beginning of a long text only."""
    assert shorten("x" * 80) == "x" * 80
    assert shorten("x" * 1000) == "x" * 80 + "…"
    with pytest.raises(PromptError) as caught:
        ListedPaper(name="n" * 10_000, url="u" * 10_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (5, "the question must be text, not int"),
        (b"How?", "the question must be text, not bytes"),
        ("a\0b", "the question holds the character '\\x00', which is not text: take it out"),
        ("a\ud800b", "the question holds the character '\\ud800', which is not text: take it out"),
    ],
)
def test_what_is_no_text_is_refused(text: object, message: str) -> None:
    """What a text file cannot carry is refused when a record is built."""
    with pytest.raises(PromptError) as caught:
        one_line("the question", text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"question": "  "}, "a prompt needs a question"),
        ({"recommended": []}, "a prompt needs at least one recommended model"),
        ({"recommended": LIIF}, "recommended must be a list of ListedPaper, not ListedPaper"),
        ({"recommended": None}, "recommended must be a list of ListedPaper, not NoneType"),
        ({"related": [LIIF, "U-Net"]}, "related entry 2 must be a ListedPaper, not str"),
        ({"related": [{"name": "U-Net"}]}, "related entry 1 must be a ListedPaper, not dict"),
    ],
)
def test_prompts_built_wrongly_are_refused(fields: dict[str, Any], message: str) -> None:
    """A prompt built in code without a question or a model, or of other things, is refused."""
    with pytest.raises(PromptError) as caught:
        Prompt(**({"question": "How?", "recommended": [LIIF]} | fields))
    assert str(caught.value) == message
    assert (caught.value.path, caught.value.line) == (None, None)


def test_entries_without_a_name_are_refused() -> None:
    """A listed paper has a name."""
    with pytest.raises(PromptError, match="a listed paper needs a name"):
        ListedPaper(name="\n", url="https://a.org")


def test_an_entry_writes_only_what_it_has() -> None:
    """The lines of what an entry does not have are left out."""
    assert LIIF.to_text() == "Model: LIIF\nPaper: https://arxiv.org/pdf/2012.09161"


def test_a_part_of_a_passage_is_found_on_its_page() -> None:
    """A part within one stretch of page text has a place; one that crosses to the next page has none."""
    spans = (Span(page_number=1, start=90, end=100), Span(page_number=2, start=0, end=8, offset=11))
    passage = Passage(
        document="d", text="ten chars. the rest", kind=PassageKind.PROSE, section=None, section_role=SectionRole.METHOD,
        spans=spans, sentences=((0, 10), (11, 19)),
    )  # fmt: skip
    assert passage.page_number == 1
    assert passage.locate(0, 9) == Span(page_number=1, start=90, end=99)
    assert passage.locate(11, 14) == Span(page_number=2, start=0, end=3, offset=11)
    assert passage.locate(4, 14) is None
    assert passage.id != dataclasses.replace(passage, document="e").id


def test_papers_that_share_a_document_count_once() -> None:
    """The first of the papers that share a document is kept; one without a document is left out."""
    first, second, third = indexed(document="a"), indexed(document="a", title="B"), indexed(document="c")
    assert distinct([first, indexed(), second, third]) == (first, third)


def test_a_build_is_complete_when_every_pdf_is_there() -> None:
    """A report is complete only where the status of every paper is ok."""
    assert BuildReport(prompt_id="p", papers=(indexed(),)).complete
    assert not BuildReport(prompt_id="p", papers=(indexed(), indexed(status=PaperStatus.NOT_FOUND))).complete
