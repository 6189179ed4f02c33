"""Answers for the tests of the renderings, and text that is out to harm them."""

import dataclasses

from cnaps_rag.answers import Answer, Citation, Claim, DroppedClaim, PaperNote, Support, UnavailablePaper, Workflow
from cnaps_rag.listing import Role
from cnaps_rag.records import Origin

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
    "[run](javascript:alert(1)) <javascript:alert(1)>",
    "[x][ref-1-p3]\n\n[ref-1-p3]: https://evil.example",
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
            PaperNote(role=Role.RELATED, name="LIIF", url=LIIF_URL, github=None, citations=(1,), note="Listed."),
        ),
        citations=(
            quote,
            dataclasses.replace(quote, n=2, url=LOST_URL, page_number=None, section=None, origin=Origin.ABSTRACT),
        ),
        not_covered=(text,),
        dropped=(DroppedClaim(text=text, reason=text),),
        papers_unavailable=(UnavailablePaper(url=LOST_URL, reason=text),),
    )


def abstention() -> Answer:
    return Answer(
        question="Why?",
        prompt_id="0123456789abcdef",
        generator="extractive",
        task=(),
        workflow=Workflow(),
        papers=(
            PaperNote(role=Role.RECOMMENDED, name="Lost", url=LOST_URL, github=None, citations=(), note="Not here."),
        ),
        citations=(),
        not_covered=("the question itself",),
        papers_unavailable=(UnavailablePaper(url=LOST_URL, reason="offline"),),
    )


def two_models() -> Answer:
    """Make an answer on two models with papers of their own, and one claim on none."""

    def claim(text: str, *citations: int, about: str | None) -> Claim:
        return Claim(text=text, citations=citations, support=Support.VERBATIM, about=about)

    cited = answer_with("x").citations[0]
    return dataclasses.replace(
        answer_with("x"),
        task=(),
        workflow=Workflow(
            input=(claim("One photo.", 1, about="A"), claim("Ten photos.", 2, about="B")),
            model=(claim("An encoder.", 1, about="A"), claim("Both are small.", 1, 2, about=None)),
            output=(claim("A sharp photo.", 3, 1, about="A"),),
            mechanism=(claim("Ten show more than one.", 2, 3, about="B"), claim("They vote.", 2, about="B")),
        ),
        papers=tuple(
            PaperNote(role=Role.RECOMMENDED, name=name, url=url, github=None, citations=numbers, note="It answers.")
            for name, url, numbers in (("B", LOST_URL, (2,)), ("A", LIIF_URL, (1, 3)), ("C", GITHUB_URL, ()))
        ),
        citations=tuple(
            dataclasses.replace(cited, n=n, url=url, title=title)
            for n, url, title in ((1, LIIF_URL, "On A"), (2, LOST_URL, "On B"), (3, LIIF_URL, "On A"))
        ),
        not_covered=(),
        dropped=(),
        papers_unavailable=(),
    )
