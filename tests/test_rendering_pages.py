"""Answers as Markdown and HTML: what people see, and that hostile text stays text."""

import dataclasses
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnaps_rag.answers import Answer, Citation, Claim, DroppedClaim, PaperNote, Support, UnavailablePaper, Workflow
from cnaps_rag.listing import Role
from cnaps_rag.records import Origin
from cnaps_rag.rendering import answer_html, answer_markdown
from cnaps_rag.rendering.as_markdown import plain
from cnaps_rag.rendering.wording import citation_link, printable, web_link

LIIF_URL = "https://arxiv.org/pdf/2012.09161"
LOST_URL = "https://example.org/lost.pdf"
GITHUB_URL = "https://github.com/yinboc/liif"
HOSTILE = (
    "[click](https://evil.example)",
    "![pixel](https://evil.example/p.png)",
    "see https://evil.example, or www.evil.example; mail me@evil.example",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\n\n# A heading\n\n- a list\n\n1. more",
    "# heading",
    "- - 1. nested",
    "12) twelve",
    "[1]: https://evil.example",
    "[^1]: note",
    "<https://evil.example>",
    "`code` ``more`` *em* **strong** ~~gone~~ $x$ | cell |",
    "&lt;b&gt; &#35; &copy;",
    '" onmouseover="alert(1)',
    "</title></style></main>",
    "`https://evil.example` ``www.evil.example`",
    "ends with a backslash \\",
    "--- === +++ ***",
    "\u202eright to left\x1b[31m\x00\udc80",
    "$$x$$ :smile: > [!NOTE]",
    "    code",
    "evil.com/x",
    "~~~\nfence\n~~~",
)


def answer_with(text: str) -> Answer:
    claim = Claim(text=text, citations=(1, 2), support=Support.PARTIAL, about=text)
    other = Claim(text="Plain.", citations=(1,), support=Support.VERBATIM, about="LIIF")
    quote = Citation(
        n=1,
        url=LIIF_URL,
        title=text,
        page_number=3,
        section=text,
        start=0,
        end=len(text),
        quote=text,
        passage=text,
        origin=Origin.CORPUS,
    )
    return Answer(
        question=text,
        prompt_id="0123456789abcdef",
        generator=text,
        task=(claim, other),
        workflow=Workflow(input=(claim,), mechanism=(other,)),
        papers=(
            PaperNote(role=Role.RECOMMENDED, name=text, url=LIIF_URL, github=GITHUB_URL, citations=(1, 2), note=text),
            PaperNote(role=Role.RELATED, name="Lost", url=LOST_URL, github=None, citations=(), note="No passage."),
        ),
        citations=(
            quote,
            dataclasses.replace(quote, n=2, url=LOST_URL, page_number=None, section=None, origin=Origin.ABSTRACT),
        ),
        not_covered=(text,),
        dropped=(DroppedClaim(text=text, reason=text),),
        papers_unavailable=(UnavailablePaper(url=LOST_URL, reason=text),),
    )


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


def test_markdown_reads_from_question_to_references() -> None:
    """The Markdown has the note, three parts, the gaps, the references and the count of what was left out."""
    shown = answer_markdown(answer_with("A *fact*"))
    headings = re.findall(r"^#+ .*$", shown, re.MULTILINE)
    assert headings == [
        "# A \\*fact\\*",
        "## 1. The task",
        "## 2. How the model works",
        *("### Input", "### Model", "### Output", "### Why it does that"),
        "## 3. Papers and tools",
        "## What the papers do not say",
        "## References",
    ]
    assert "> - **Lost**: A \\*fact\\*" in shown
    assert "- **LIIF**: Plain. [1]\n" in shown
    assert "A \\*fact\\* [1][2] *(partly supported)*" in shown
    assert f"(recommended): [paper]({LIIF_URL}), [GitHub]({GITHUB_URL}). A \\*fact\\* [1][2]" in shown
    assert f"**[1]** A \\*fact\\*, p. 3 (A \\*fact\\*): “A \\*fact\\*” [source]({LIIF_URL}#page=3)" in shown
    assert f"A \\*fact\\*, abstract as given in the prompt: “A \\*fact\\*” [source]({LOST_URL})" in shown
    assert "1 drafted statement was left out" in shown
    assert "No retrieved passage of the listed papers says anything on this." in shown


def test_markdown_of_a_whole_answer_has_no_empty_parts() -> None:
    """Without gaps, dropped claims and missing papers, nothing is said of them."""
    answer = dataclasses.replace(answer_with("x"), not_covered=(), dropped=(), papers_unavailable=(), citations=())
    shown = answer_markdown(answer)
    assert not any(words in shown for words in ("What the papers do not say", "## References", "left out", "Note."))


def test_model_names_are_shown_only_where_they_differ() -> None:
    """Where all claims speak of one model, its name is not repeated at each."""
    claim = Claim(text="Plain.", citations=(1,), support=Support.VERBATIM, about="LIIF")
    answer = dataclasses.replace(answer_with("x"), task=(claim,), workflow=Workflow())
    assert "\n- Plain. [1]\n" in answer_markdown(answer)


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
    assert "`javascript://a`, [GitHub]" in answer_markdown(answer)
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
