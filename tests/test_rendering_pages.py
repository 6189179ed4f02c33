"""Answers as Markdown and HTML: what people see, and that hostile text stays text."""

import dataclasses
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnaps_rag.answers import Claim, Support, Workflow
from cnaps_rag.rendering import answer_html, answer_markdown, answer_text
from cnaps_rag.rendering.as_json import answer_record
from cnaps_rag.rendering.as_markdown import plain
from cnaps_rag.rendering.wording import citation_link, printable, web_link
from tests.sample_answers import GITHUB_URL, HOSTILE, LIIF_URL, LOST_URL, abstention, answer_with, two_models


class Tags(HTMLParser):
    """Collects the tags, the attributes and the visible text of a page."""

    def __init__(self, page: str) -> None:
        """Read the page."""
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: Counter[str] = Counter()
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, its attributes and where it links to."""
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        """Note visible text."""
        self.text.append(data)


def headings(markdown: str) -> list[str]:
    return re.findall(r"^#+ .*$", markdown, re.MULTILINE)


def test_markdown_reads_from_question_to_references() -> None:
    """The Markdown has question, notes, three parts, what could not be read, what was left out, and references."""
    shown = answer_markdown(answer_with("A *fact*"))
    assert headings(shown) == [
        "# Answer from the listed papers",
        "## 1. The task",
        "## 2. How the model works",
        *("### A \\*fact\\*", "#### Input", "#### Model", "#### Output and results", "#### Why it does that"),
        *("### LIIF", "#### Input", "#### Model", "#### Output and results", "#### Why it does that"),
        "## 3. Papers and tools",
        "## Papers that could not be read",
        "## Left out after checking",
        "## References",
    ]
    assert "\n**Question.** A \\*fact\\*\n" in shown
    assert "- **LIIF**: Plain. [1]\n" in shown
    assert "A \\*fact\\* [1][2] *(partly supported)*" in shown
    assert "- **A \\*fact\\*** (recommended): A \\*fact\\* [1][2]\n" in shown
    assert f"\n  - arXiv:2012.09161, December 2020, [paper]({LIIF_URL}), [GitHub]({GITHUB_URL})\n" in shown
    assert "- **Lost**: A \\*fact\\*" in shown
    assert "- “A \\*fact\\*”: A \\*fact\\*\n" in shown
    assert "No retrieved passage of the listed papers says anything on this." in shown


def test_markdown_references_say_where_and_link_there() -> None:
    """A reference stands under title and venue, names page and section, quotes, and links to the page."""
    shown = answer_markdown(answer_with("A *fact*"))
    assert "\n**A \\*fact\\***, arXiv:2012.09161, December 2020\n" in shown
    assert "\n- **[1]** [p. 3 (A \\*fact\\*)][ref-1-p3]: “A \\*fact\\*”\n" in shown
    assert "\n- **[2]** [abstract as given in the prompt][ref-2]: “A \\*fact\\*”\n" in shown
    assert shown.endswith(f"\n\n[ref-1-p3]: {LIIF_URL}#page=3\n[ref-2]: {LOST_URL}\n")


def test_markdown_names_each_address_once() -> None:
    """References to one page share its address, and every reference has one that is named once."""
    shown = answer_markdown(two_models())
    defined = re.findall(r"^\[(ref-.*?)\]: ", shown, re.MULTILINE)
    assert defined == ["ref-1-p3", "ref-2-p3"]
    assert re.findall(r"\]\[(ref-.*?)\]", shown) == ["ref-1-p3", "ref-1-p3", "ref-2-p3"]


def test_references_stand_paper_by_paper() -> None:
    """Each paper's title stands once, over its references in order, however the answer goes back and forth."""
    shown = answer_markdown(two_models()).split("## References")[1]
    assert re.findall(r"\*\*(.+?)\*\*", shown) == ["On A", "[1]", "[3]", "On B", "[2]"]


def test_what_the_papers_do_not_say_stands_before_the_answer() -> None:
    """Gaps, and recommended models whose paper could not be read, are told before the first part."""
    answer = answer_with("x")
    lost = dataclasses.replace(answer.papers[0], name="Lost too", url=LOST_URL)
    top = answer_markdown(dataclasses.replace(answer, papers=(lost,))).split("## 1.")[0]
    assert "> **What the papers do not say.**\n>\n> - x\n" in top
    rests = "its PDF could not be read; what is said of it rests on the abstract in the prompt."
    assert f"> **Not available.**\n>\n> - **Lost too**: {rests}\n" in top
    page = answer_html(dataclasses.replace(answer, papers=(lost,))).split("<h2>1.")[0]
    assert f"<b>Lost too</b>: {rests}" in page
    assert "<b>What the papers do not say.</b>" in page


def test_a_related_paper_that_is_missing_does_not_stand_at_the_top() -> None:
    """A related paper that could not be read is told of behind the answer, not before it."""
    assert "Not available" not in answer_markdown(answer_with("x"))
    assert "- **Lost**: x" in answer_markdown(answer_with("x")).split("## Papers that could not be read")[1]


def test_an_abstention_says_so() -> None:
    """Without a claim the answer says at the top that it is none, and why, and has no empty steps."""
    for shown in (answer_markdown(abstention()), answer_html(abstention())):
        top, rest = re.split("(?:## |<h2>)1. The task", shown)
        assert "No answer: no statement on this question could be drawn" in top
        assert "its PDF could not be read, and nothing in this answer rests on it." in top
        assert "the question itself" in top
        assert "Why it does that" not in rest


def test_markdown_of_a_whole_answer_has_no_empty_parts() -> None:
    """Without gaps, dropped claims and missing papers, nothing is said of them."""
    answer = dataclasses.replace(answer_with("x"), not_covered=(), dropped=(), papers_unavailable=(), citations=())
    shown = answer_markdown(answer)
    words = ("do not say", "## References", "Left out", "Not available", "could not be read", "ref-", "No answer")
    assert not any(one in shown for one in words)


def test_each_model_has_its_workflow() -> None:
    """Two models have a chain of steps each, drawn on one line; what is said of neither stands behind them."""
    shown = answer_markdown(two_models())
    assert [one for one in headings(shown) if one.startswith("### ")] == ["### B", "### A", "### C", "### In general"]
    assert "\nInput [2] → **B** (not described) → Output (not described); why: [2][3]\n" in shown
    assert "\nInput [1] → **A** [1] → Output [3][1]\n" in shown
    assert "### C\n\n*No retrieved passage of the listed papers says anything on this.*\n\n### In general" in shown


def test_one_model_needs_no_heading_of_its_own() -> None:
    """Where all claims speak of one model, its name is not repeated at each."""
    claim = Claim(text="Plain.", citations=(1,), support=Support.VERBATIM, about="LIIF")
    listed = dataclasses.replace(answer_with("x").papers[0], name="LIIF")
    answer = dataclasses.replace(answer_with("x"), task=(claim,), workflow=Workflow(model=(claim,)), papers=(listed,))
    assert "\n- Plain. [1]\n" in answer_markdown(answer)
    assert "\n### Input\n" in answer_markdown(answer)
    assert "<h4>" not in answer_html(answer)


def test_html_draws_the_workflow_as_a_list() -> None:
    """The picture is a list in reading order inside a named figure, each box with its references."""
    figure = re.findall(r"<figure.*?</figure>", answer_html(two_models()), re.DOTALL)[1]
    assert figure.startswith('<figure aria-label="Workflow: input, model, output">\n<ol>')
    words = re.sub(r"<[^>]+>", "|", figure)
    assert re.sub(r"\|+", "|", words).split("|")[1:-1] == [
        *("\n", "Input", " One photo. ", "[1]", "Model", " A ", "[1]", "Output", " A sharp photo. ", "[3]", "[1]", "\n")
    ]


def test_runs_of_numbers_are_shortened() -> None:
    """Three and more citations in a row are a range, with links at both ends; two are not."""
    answer = answer_with("x")
    numbers = tuple(range(1, 7))
    paper = dataclasses.replace(answer.papers[0], citations=(*numbers[:4], 6))
    cited = tuple(dataclasses.replace(answer.citations[0], n=n) for n in numbers)
    answer = dataclasses.replace(answer, papers=(paper,), citations=cited)
    assert "x [1]–[4][6]\n" in answer_markdown(answer)
    assert 'x <a href="#ref-1">[1]</a>–<a href="#ref-4">[4]</a><a href="#ref-6">[6]</a>' in answer_html(answer)


@pytest.mark.parametrize("text", HOSTILE)
def test_html_structure_does_not_depend_on_the_text(text: str) -> None:
    """Hostile text adds no tag, attribute or link to the page."""
    page, harmless = Tags(answer_html(answer_with(text))), Tags(answer_html(answer_with("harmless")))
    assert (page.tags, page.attributes, page.links) == (harmless.tags, harmless.attributes, harmless.links)


@settings(deadline=None)
@given(st.text(st.characters(), min_size=1).filter(printable))
def test_html_shows_any_text_as_it_is(text: str) -> None:
    """Whatever the text, the page has the same tags, shows it, and fits into a UTF-8 file."""
    markup = answer_html(answer_with(text))
    page = Tags(markup)
    assert page.tags == Tags(answer_html(answer_with("harmless"))).tags
    assert printable(text) in page.text
    assert markup.encode("utf-8").endswith(b"\n")


def test_html_needs_nothing_but_itself() -> None:
    """The page has no scripts, loads nothing, and its only links are listed URLs and its own references."""
    markup = answer_html(answer_with("x"))
    page = Tags(markup)
    assert not {"script", "img", "link", "iframe", "object"} & set(page.tags)
    assert "default-src 'none'" in markup
    outside = {link.partition("#")[0] for link in page.links} - {""}
    assert outside == {LIIF_URL, LOST_URL, GITHUB_URL}
    assert {f"#ref-{n}" for n in (1, 2)} == {link for link in page.links if link.startswith("#")}


def test_html_marker_without_reference_is_no_link() -> None:
    """A number that leads nowhere is shown, and links nowhere."""
    answer = dataclasses.replace(answer_with("x"), citations=())
    assert not [link for link in Tags(answer_html(answer)).links if link.startswith("#")]


@pytest.mark.parametrize(
    ("url", "page_number", "expected"),
    [
        (LIIF_URL, 3, f"{LIIF_URL}#page=3"),
        ("https://arxiv.org/abs/2012.09161", 3, "https://arxiv.org/abs/2012.09161"),
        ("http://x.org/a.PDF", 2, "http://x.org/a.PDF#page=2"),
        ("http://x.org/a.pdf", None, "http://x.org/a.pdf"),
        ("http://x.org/a.pdf#s", 2, "http://x.org/a.pdf#s"),
        ("http://x.org/a(b) c.pdf", 2, "http://x.org/a%28b%29%20c.pdf#page=2"),
        ("https://x.org/pdf/1", 2, "https://x.org/pdf/1"),
        ("javascript:alert(1)//a.pdf", 2, None),
    ],
)
def test_citation_links_stay_listed(url: str, page_number: int | None, expected: str | None) -> None:
    """A citation links to the listed URL, at its page where that is a PDF, and never to another scheme."""
    citation = dataclasses.replace(answer_with("x").citations[0], url=url, page_number=page_number)
    assert citation_link(citation) == expected


def test_other_schemes_are_text() -> None:
    """An entry whose URL is no web link is shown without being one."""
    [first, *_] = answer_with("x").papers
    answer = dataclasses.replace(answer_with("x"), papers=(dataclasses.replace(first, url="javascript://a"),))
    assert "- `javascript://a`, [GitHub]" in answer_markdown(answer)
    assert "javascript" not in "".join(Tags(answer_html(answer)).links)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# x", "\\# x"),
        ("- x", "\\- x"),
        ("1. x", "1\\. x"),
        ("12) x", "12\\) x"),
        ("3.5 dB", "3.5 dB"),
        ("see https://evil.example now", "see `https://evil.example` now"),
        ("a`http://x", "``a`http://x``"),
        ("`http://x`", "`` `http://x` ``"),
        ("mail a@b.org", "mail `a@b.org`"),
        ("mAP@0.5", "mAP@0.5"),
        ("at evil.com, or", "at `evil.com`, or"),
        ("a\n\n  b", "a b"),
        ("&lt; <b>", "\\&lt; \\<b\\>"),
    ],
)
def test_plain_escapes(text: str, expected: str) -> None:
    """Markdown's own characters are escaped, and words that would become links turn into code."""
    assert plain(text) == expected


hostile_text = st.one_of(
    st.text(st.characters(), min_size=1),
    st.lists(st.sampled_from([*HOSTILE, *"\\`*_[]()<>&~|$#!-+=1.:/@ \n", "http://", "www.a.b"])).map("".join),
)


@settings(deadline=None)
@example("".join(HOSTILE))
@given(hostile_text.filter(printable))
def test_markdown_parser_sees_only_our_structure(text: str) -> None:
    """A CommonMark parser finds the same blocks and links whatever the text, and gives the text back unchanged."""
    parser = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed").MarkdownIt(
        "commonmark", {"html": True}
    )
    parser.enable(["table", "strikethrough"])

    def structure(words: str) -> tuple[list[str], list[str], set[str]]:
        tokens = parser.parse(answer_markdown(answer_with(words)))
        inner = [child for token in tokens for child in token.children or []]
        links = [str(child.attrs["href"]) for child in inner if child.type == "link_open"]
        kinds = {child.type for child in inner} - {"code_inline", "text_special"}
        return [token.type for token in tokens], links, kinds

    assert structure(text) == structure("harmless")
    [_, inline, *_] = parser.parse(f"# {plain(text)}")
    assert "".join(child.content for child in inline.children or []) == printable(text)


def test_web_link_keeps_a_good_url() -> None:
    """A listed URL without odd characters is linked as it is written."""
    for url in (LIIF_URL, GITHUB_URL, "http://x.org/a%20b?c=1&d=~e_f*"):
        assert web_link(url) == url


def test_the_task_begins_with_what_is_asked() -> None:
    """The task part leads from what the user asks, without the scene, to the terms of the recommended papers."""
    answer = dataclasses.replace(answer_with("Model *A*"), question="I saw a camel. Why is it _sharp_?")
    shown = answer_markdown(answer)
    assert (
        "## 1. The task\n\nYou ask: “Why is it \\_sharp\\_?” For this, the prompt recommends Model \\*A\\*. " in shown
    )
    assert "In the terms of its paper, the task is this:\n\n- " in shown
    assert "<p>You ask: “Why is it _sharp_?” For this, the prompt recommends Model *A*. " in answer_html(answer)
    papers = tuple(dataclasses.replace(paper, citations=()) for paper in answer.papers)
    unread = answer_text(dataclasses.replace(answer, papers=papers)).replace("\n", " ")
    assert "No paper of it could be read; this is what “Model *A*” says of its own subject:" in unread
    assert "You ask" not in answer_markdown(abstention())


def test_how_models_relate_stands_beside_their_workflows() -> None:
    """How two models relate is told where their workflows begin, and in the JSON under a key of its own."""
    answer = dataclasses.replace(two_models(), relations=("A and B share a *paper*.",))
    for shown, told in (
        (answer_markdown(answer), "A and B share a \\*paper\\*."),
        (answer_html(answer), "<p>A and B share a *paper*.</p>"),
        (answer_text(answer), "A and B share a *paper*."),
    ):
        between = shown.split("How the model works")[1].split("Both are small")[0].split("One photo")[0]
        assert told in between
        assert shown.count(told) == 1
    assert answer_record(answer)["relations"] == ["A and B share a *paper*."]
    assert "relations" not in answer_record(two_models())


def test_abbreviations_stand_behind_the_workflow() -> None:
    """What abbreviations stand for is told once, behind the workflow, with its numbers; in the JSON as claims."""
    explained = (
        Claim(text="blind *spot* (BS)", citations=(1,), support=Support.VERBATIM),
        Claim(text="wide lens (WL)", citations=(2,), support=Support.VERBATIM),
    )
    answer = dataclasses.replace(two_models(), abbreviations=explained)
    for shown, told in (
        (answer_markdown(answer), "**Abbreviations:** blind \\*spot\\* (BS) [1]; wide lens (WL) [2]."),
        (answer_text(answer), "Abbreviations: blind *spot* (BS) [1]; wide lens (WL) [2]."),
    ):
        assert told in shown.split("How the model works")[1].split("Papers and tools")[0]
        assert shown.count("Abbreviations") == 1
    page = answer_html(answer).split("How the model works")[1].split("Papers and tools")[0]
    assert "<b>Abbreviations:</b> blind *spot* (BS) " in page
    assert [one["text"] for one in answer_record(answer)["abbreviations"]] == ["blind *spot* (BS)", "wide lens (WL)"]
    assert "Abbreviations" not in answer_text(two_models())
    assert "abbreviations" not in answer_record(two_models())
