"""Metrics, computed by hand, on records made for it."""

import dataclasses
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.answers import Answer, Citation, Claim, PaperNote, Support, Workflow
from cnaps_rag.evaluation import evaluate_case, queries_of
from cnaps_rag.evaluation.answer_metrics import cited, honest, nuggets_in_passages, nuggets_stated, off, words
from cnaps_rag.evaluation.closed_world import check_closed_world
from cnaps_rag.evaluation.gold import Evidence, GoldCase, GoldQuery, Nugget
from cnaps_rag.evaluation.matching import bare, link_key, links_in, stated
from cnaps_rag.evaluation.retrieval_metrics import evaluate_queries, first_rank, recall_at, reciprocal_rank
from cnaps_rag.listing import ListedPaper, Prompt, Role
from cnaps_rag.records import Origin

LIIF_URL = "https://arxiv.org/pdf/2012.09161"
OFF_URL = "https://openaccess.thecvf.com/Off_paper.pdf"
PAGE = "We learn a continuous representation of images. It can be shown in arbitrary resolution."
QUOTE = "a continuous representation of images"
PROMPT = Prompt(
    question="How does it enlarge?",
    recommended=(ListedPaper(name="LIIF", url=LIIF_URL, github="https://github.com/yinboc/liif"),),
    related=(ListedPaper(name="Off", url=OFF_URL, summary="Code: https://x.org/code"),),
)


def citation(n: int = 1, **changes: object) -> Citation:
    base = Citation(
        n=n,
        url=LIIF_URL,
        title="LIIF",
        page_number=1,
        section=None,
        start=PAGE.index(QUOTE),
        end=PAGE.index(QUOTE) + len(QUOTE),
        quote=QUOTE,
        passage=PAGE,
        origin=Origin.CORPUS,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def claim(text: str, *numbers: int) -> Claim:
    return Claim(text=text, citations=numbers, support=Support.VERBATIM)


def answer(claims: Sequence[Claim], citations: Sequence[Citation] = (), **changes: object) -> Answer:
    base = Answer(
        question=PROMPT.question,
        prompt_id=PROMPT.id,
        generator="extractive",
        task=tuple(claims[:1]),
        workflow=Workflow(mechanism=tuple(claims[1:])),
        papers=(),
        citations=tuple(citations),
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def nugget(name: str, *quotes: str, vital: bool = True) -> Nugget:
    return Nugget(id=name, vital=vital, evidence=tuple(Evidence(quote=quote) for quote in quotes))


def gold(*nuggets: Nugget, **changes: object) -> GoldCase:
    base = GoldCase(case="c", question="How?", nuggets=nuggets, queries=())
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Up-\nsampling", "upsampling"), ("speciﬁc", "specific"), ("×4, é!", "4"), ("ＡＢ１", "ab1"), (" \n", "")],
)
def test_bare_keeps_letters_and_digits(text: str, expected: str) -> None:
    """Hyphens, ligatures, case and white space do not count in a comparison."""
    assert bare(text) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://arxiv.org/pdf/2012.09161v1.pdf",
        "https://www.arxiv.org/abs/2012.09161",
        "HTTPS://arxiv.org/pdf/2012.09161/",
        " https://arxiv.org/pdf/2012.09161v3 ",
    ],
)
def test_forms_of_a_url_are_one_link(url: str) -> None:
    """Scheme, version, suffix and the abs form do not make another link."""
    assert link_key(url) == link_key(LIIF_URL)


def test_links_end_where_markup_begins() -> None:
    """A link in running text ends at white space, quotes and closing brackets."""
    assert links_in('(https://a.b/c) "http://d.e" <https://f.g>') == ["https://a.b/c", "http://d.e", "https://f.g"]


def test_stated_needs_sixty_percent_in_one_run() -> None:
    """60 % of a quote in one run is enough, two runs of half are not, and a short quote must be whole."""
    quote = "".join(f"{i:02d}" for i in range(50))
    assert stated(quote, [f"x{quote[10:70]}x"])
    assert not stated(quote, [f"x{quote[10:69]}x"])
    assert not stated(quote, [quote[:50], quote[50:]])
    assert stated(quote[:40], [quote[:30]])
    assert not stated(quote[:40], [quote[:29]])
    assert stated("short", ["a short one"])
    assert not stated("short", ["shor"])


@settings(deadline=None)
@given(st.text("ab", min_size=1, max_size=90), st.text("ab", max_size=60))
def test_stated_agrees_with_trying_every_run(quote: str, text: str) -> None:
    """A quote is stated just where some run of the needed length lies in the text."""
    run = min(len(quote), max(30, -(-len(quote) * 60 // 100)))
    tried = any(quote[i : i + run] in text for i in range(len(quote) - run + 1))
    assert stated(quote, [text]) == tried


def test_rank_and_reciprocal_rank() -> None:
    """The first passage that holds any of the quotes wholly gives the rank."""
    passages = ["nothing", "half a contin-", "It is a continuous represen-\ntation of images, they say"]
    assert first_rank(passages, ["absent", QUOTE]) == 3
    assert reciprocal_rank(passages, [QUOTE]) == pytest.approx(1 / 3)
    assert (first_rank(passages, []), reciprocal_rank(passages, [])) == (None, 0.0)


def test_recall_stops_at_the_budget() -> None:
    """A quote counts only where it ends within the first N characters, and never across two passages."""
    passages = ["x" * 100, QUOTE]
    whole = 100 + len(QUOTE)
    assert recall_at(passages, [QUOTE], whole) == 1.0
    assert recall_at(passages, [QUOTE], whole - 1) == 0.0
    assert recall_at([QUOTE[:10], QUOTE[10:]], [QUOTE], 1000) == 0.0


@settings(deadline=None)
@given(st.lists(st.text("abc ", max_size=20), max_size=8), st.text("abc", min_size=1, max_size=3))
def test_recall_grows_with_the_budget(passages: list[str], quote: str) -> None:
    """Reading more never loses evidence, and reading all finds what has a rank."""
    found = [recall_at(passages, [quote], budget) for budget in range(200)]
    assert found == sorted(found)
    assert bool(found[-1]) == (first_rank(passages, [quote]) is not None)


def test_main_query_seeks_the_evidence_of_vital_nuggets() -> None:
    """The prompt's own question looks for vital evidence, a further question for its own."""
    case = gold(
        nugget("n1", "vital words"),
        nugget("n2", "other words", vital=False),
        queries=(GoldQuery(id="q1", question="Why?", evidence=(Evidence(quote="because"),)),),
    )
    assert queries_of(case) == [("main", "How?"), ("q1", "Why?")]
    main, extra = evaluate_queries(case, {"main": ["other words", "vital words"], "q1": ["because"]})
    assert (main.rank, extra.rank) == (2, 1)
    assert main.figures() == {"recall@1500c": 1.0, "recall@3000c": 1.0, "recall@6000c": 1.0, "mrr": 0.5}


def test_query_that_was_not_searched_is_an_error() -> None:
    """A forgotten query does not quietly count as found or lost."""
    with pytest.raises(ValueError, match="not searched: main"):
        evaluate_queries(gold(), {})


def test_cited_counts_claims_with_a_number() -> None:
    """Two of three claims with a citation are two thirds; an answer without claims has none."""
    assert cited(answer([claim("a", 1), claim("b"), claim("c", 1)])) == pytest.approx(2 / 3)
    assert cited(answer([])) == 0.0


def test_nuggets_in_passages_count_cited_passages_only() -> None:
    """A nugget is found where its quote lies in a passage that a claim cites, not in one that no claim cites."""
    case = gold(nugget("n1", QUOTE), nugget("n2", "rest"), nugget("n3", "absent", vital=False), nugget("n4"))
    given_answer = answer([claim("a", 1)], [citation(1), citation(2, passage="the rest")])
    assert nuggets_in_passages(given_answer, case) == 0.5
    assert nuggets_in_passages(given_answer, gold()) == 0.0


def test_nuggets_in_passages_count_eight_thousand_characters() -> None:
    """What stands behind the first 8,000 cited characters does not count, whatever its number."""
    long = citation(1, passage="x" * 7990)
    case = gold(nugget("n1", "0123456789"))
    fits, cut = citation(2, passage="0123456789"), citation(2, passage="a0123456789")
    assert nuggets_in_passages(answer([claim("a", 1, 2)], [long, fits]), case) == 1.0
    assert nuggets_in_passages(answer([claim("a", 1, 1, 2)], [long, fits]), case) == 1.0
    assert nuggets_in_passages(answer([claim("a", 1, 2)], [long, cut]), case) == 0.0
    assert nuggets_in_passages(answer([claim("a", 2, 1)], [long, cut]), case) == 1.0


def test_nuggets_stated_in_claims_or_cited_quotes() -> None:
    """A nugget is stated by the claim itself or by the first 300 characters of the quote it cites."""
    case = gold(nugget("n1", QUOTE))
    assert nuggets_stated(answer([claim(f"They learn {QUOTE}.")]), case) == 1.0
    assert nuggets_stated(answer([claim("It does.", 1)], [citation()]), case) == 1.0
    assert nuggets_stated(answer([claim("It does.", 1)], [citation(quote="x" * 290 + QUOTE)]), case) == 0.0
    assert nuggets_stated(answer([claim("It does.")], [citation()]), case) == 0.0


def test_nuggets_stated_count_five_hundred_words() -> None:
    """A claim that runs over the first 500 words does not count, nor does any after it."""
    case = gold(nugget("n1", QUOTE))
    size = len(QUOTE.split())
    assert nuggets_stated(answer([claim("w " * (500 - size)), claim(QUOTE)]), case) == 1.0
    assert nuggets_stated(answer([claim("w " * (501 - size)), claim(QUOTE)]), case) == 0.0


def test_off_counts_uses_of_off_topic_papers() -> None:
    """One of three uses points to an off-topic paper, given by another form of its URL."""
    case = gold(off_topic=(OFF_URL.replace("https", "http"),))
    citations = [citation(1), citation(2, url=OFF_URL)]
    assert off(answer([claim("a", 1, 2), claim("b", 1)], citations), case) == pytest.approx(1 / 3)
    assert off(answer([]), case) == 0.0


def test_words_and_honesty() -> None:
    """Claims are measured in words; an answer must own to a gap where the gold knows of one."""
    silent = answer([claim("two words"), claim("one  two\nthree")])
    owning = dataclasses.replace(silent, not_covered=("speed",))
    gap = gold(not_covered=("speed",))
    assert words(silent) == 5
    assert [honest(silent, gap), honest(owning, gap), honest(silent, gold()), honest(owning, gold())] == [0, 1, 1, 1]


def test_a_sound_answer_is_closed() -> None:
    """Listed links, true quotes and known numbers make no fault; each is counted as a check."""
    note = PaperNote(
        role=Role.RECOMMENDED,
        name="LIIF",
        url=LIIF_URL,
        github="https://github.com/yinboc/liif",
        citations=(1,),
        note="",
    )
    sound = answer([claim("See https://x.org/code.", 1)], [citation(url="http://arxiv.org/abs/2012.09161v2")])
    found = check_closed_world(PROMPT, dataclasses.replace(sound, papers=(note,)), lambda *_: PAGE)
    assert (found.checks, found.faults, found.closed, found.places_unchecked) == (7, (), 1.0, 0)


@pytest.mark.parametrize(
    ("claims", "citations", "fault"),
    [
        ([claim("a", 1)], [citation(url="https://evil.example")], "citation 1: https://evil.example is not listed"),
        ([claim("a", 1)], [citation(passage="other")], "citation 1: its quote is not in its passage"),
        ([claim("a", 1)], [citation(start=10)], "citation 1: its quote is not at 10-46 of page 1"),
        ([claim("see https://evil.example", 1)], [citation()], "link https://evil.example is not listed"),
        ([claim("a", 1, 7)], [citation()], "a claim cites 7, which is no citation"),
    ],
)
def test_each_breach_is_a_fault(claims: list[Claim], citations: list[Citation], fault: str) -> None:
    """Every way out of the closed world is found, named and counted."""
    found = check_closed_world(PROMPT, answer(claims, citations), lambda *_: PAGE)
    assert found.faults == (fault,)
    assert found.closed == 1 - 1 / found.checks


def test_abstracts_and_missing_pages() -> None:
    """An abstract is checked as page None; a place whose text is not at hand is counted as unchecked."""
    asked: list[tuple[str, int | None]] = []

    def page_text(url: str, page_number: int | None) -> str | None:
        asked.append((url, page_number))
        return "another text" if page_number is None else None

    found = check_closed_world(PROMPT, answer([], [citation(1, page_number=None), citation(2)]), page_text)
    assert found.faults == ("citation 1: its quote is not at 9-46 of abstract as given in the prompt",)
    assert found.places_unchecked == 1
    assert asked == [(LIIF_URL, None), (LIIF_URL, 1)]


def test_a_link_that_a_paper_prints_is_allowed() -> None:
    """A claim may repeat a link that stands in a cited passage."""
    printed = citation(passage=f"{PAGE} Code at https://lab.example/code.")
    assert check_closed_world(PROMPT, answer([claim("https://lab.example/code.", 1)], [printed])).faults == ()


def test_listed_urls_with_brackets_are_listed() -> None:
    """A listed URL that a link finder would cut short is still listed."""
    url = "https://a.org/x(1).pdf"
    prompt = Prompt(question="How?", recommended=(ListedPaper(name="A", url=url),))
    assert check_closed_world(prompt, answer([claim("a", 1)], [citation(url=url)])).faults == ()


def test_case_without_gold_has_closed_world_figures_only() -> None:
    """Without gold, what needs it has no value instead of a zero."""
    result = evaluate_case(case="mine", prompt=PROMPT, answer=answer([claim("one two", 1)], [citation()]))
    figures = result.figures()
    assert {name for name, value in figures.items() if value is not None} == {"closed", "cited", "words"}
    assert (figures["closed"], figures["cited"], figures["words"]) == (1.0, 1.0, 2.0)


def test_case_with_gold_has_every_figure() -> None:
    """With gold and searches every figure has a value."""
    result = evaluate_case(
        case="mine",
        prompt=PROMPT,
        answer=answer([claim("a", 1)], [citation()]),
        gold=gold(nugget("n1", QUOTE)),
        searched={"main": ["x" * 2000, PAGE]},
        page_text=lambda *_: PAGE,
    )
    assert result.figures() == {
        "closed": 1.0,
        "cited": 1.0,
        "nuggets@p": 1.0,
        "nuggets@s": 1.0,
        "off": 0.0,
        "words": 1.0,
        "honest": 1.0,
        "recall@1500c": 0.0,
        "recall@3000c": 1.0,
        "recall@6000c": 1.0,
        "mrr": 0.5,
    }
