"""The figures equal those of the evaluation set's own scorer, which reads the command line's JSON."""

import contextlib
import dataclasses
import importlib.util
import io
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.answers import Answer, Citation, Claim, PaperNote, Support, Workflow
from cnaps_rag.evaluation import evaluate_case, queries_of, read_gold, summarise
from cnaps_rag.evaluation.cases import ANSWER_FIGURES, RETRIEVAL_FIGURES
from cnaps_rag.evaluation.matching import bare, link_key, stated
from cnaps_rag.listing import ListedPaper, Prompt, Role
from cnaps_rag.records import Origin
from cnaps_rag.rendering import answer_record

SCORER = Path(__file__).resolve().parents[2] / "shared" / "tools" / "score.py"
pytestmark = pytest.mark.skipif(not SCORER.exists(), reason="the evaluation set's scorer is not beside this checkout")

URLS = ("https://arxiv.org/pdf/2012.09161", "http://arxiv.org/abs/1905.11946v5", "https://x.org/off.pdf")
WORDS = ("We learn a con-\ntinuous represen-\ntation", "speciﬁc scale", "it can be shown at any size", "of", "images. ")
GOLD = {
    "case": "c-01",
    "question": "How does it enlarge?",
    "nuggets": [
        {"id": "n1", "vital": True, "evidence": [{"quote": "a continuous representation it can be shown at any"}]},
        {"id": "n2", "vital": True, "evidence": [{"quote": "absent from all"}, {"quote": "of images. specific scale"}]},
        {"id": "n3", "vital": False, "evidence": [{"quote": "of of"}]},
        {"id": "n4", "vital": True, "evidence": []},
    ],
    "queries": [{"id": "q1", "question": "Why?", "evidence": [{"quote": "specific scale of"}]}],
    "off_topic": ["http://www.x.org/off.pdf"],
    "not_covered": ["speed"],
}
PROMPT = Prompt(
    question="How does it enlarge?",
    recommended=(ListedPaper(name="LIIF", url=URLS[0], github="https://github.com/yinboc/liif"),),
    related=(ListedPaper(name="B", url=URLS[1]), ListedPaper(name="C", url=URLS[2], summary="At http://lab.org/c.")),
)

texts = st.lists(st.sampled_from([*WORDS, "x" * 700]), min_size=1, max_size=12).map(" ".join)
links = st.sampled_from(["", " https://evil.example/a", " http://lab.org/c.", " https://arxiv.org/abs/2012.09161v2,"])
claims = st.builds(
    Claim,
    text=st.builds("{}{}".format, texts, links),
    citations=st.lists(st.integers(1, 4), max_size=3).map(tuple),
    support=st.just(Support.VERBATIM),
)
claim_lists = st.lists(claims, max_size=3).map(tuple)


@st.composite
def citation_lists(draw: st.DrawFn) -> tuple[Citation, ...]:
    made = []
    for n in range(1, draw(st.integers(0, 3)) + 1):
        passage = draw(texts)
        quote = draw(st.sampled_from([passage, passage[5:60], passage[:1], "not there"]))
        made.append(
            Citation(
                n=n,
                url=draw(st.sampled_from([*URLS, "https://evil.example/b.pdf"])),
                title="T",
                page_number=1,
                section=None,
                start=0,
                end=len(quote),
                quote=quote,
                passage=passage,
                origin=Origin.CORPUS,
            )
        )
    return tuple(made)


answers = st.builds(
    Answer,
    question=st.just(PROMPT.question),
    prompt_id=st.just(PROMPT.id),
    generator=st.just("test"),
    task=claim_lists,
    workflow=st.builds(Workflow, input=claim_lists, model=claim_lists, output=claim_lists, mechanism=claim_lists),
    papers=st.lists(
        st.builds(
            PaperNote,
            role=st.just(Role.RELATED),
            name=st.just("N"),
            url=st.sampled_from([*URLS, "https://evil.example/c"]),
            github=st.sampled_from([None, "https://github.com/yinboc/liif", "https://github.com/evil/c"]),
            citations=st.just(()),
            note=st.just(""),
        ),
        max_size=3,
    ).map(tuple),
    citations=citation_lists(),
    not_covered=st.sampled_from([(), ("speed",)]),
)


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("set_scorer", SCORER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    gold, prompt = (tmp_path_factory.mktemp("set") / name for name in ("c-01.json", "c-01.txt"))
    gold.write_text(json.dumps(GOLD), encoding="utf-8")
    prompt.write_text(PROMPT.to_text(), encoding="utf-8")
    return gold, prompt


def scored(scorer: ModuleType, what: str, prompt: Path, output: str) -> dict[str, float]:
    # its own loader leaves files open, which is an error here
    stand_ins = {"load": lambda _: [(GOLD, prompt, {})], "run": lambda *_: output}
    vars(scorer).update(stand_ins)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(io.StringIO()):
        getattr(scorer, what)(SimpleNamespace(set=None, cmd="", llm=None, extra=[], verbose=False))
    figures: dict[str, float] = json.loads(shown.getvalue())
    return figures


@settings(deadline=None, max_examples=150)
@given(answer=answers)
def test_answer_figures_equal_the_scorers(scorer: ModuleType, files: tuple[Path, Path], answer: Answer) -> None:
    """For any answer, sound or not, every answer figure and the number of faults are the scorer's."""
    expected = scored(scorer, "answers", files[1], json.dumps(answer_record(answer)))
    result = evaluate_case(case="c-01", prompt=PROMPT, answer=answer, gold=read_gold(files[0]))
    means = summarise([result]).means()
    for name in ANSWER_FIGURES:
        assert means[name] == pytest.approx(expected[name], abs=6e-4), name
    assert len(result.closed_world.faults) == expected["faults"]


@settings(deadline=None, max_examples=100)
@given(main=st.lists(texts, max_size=12), extra=st.lists(texts, max_size=12))
def test_retrieval_figures_equal_the_scorers(
    scorer: ModuleType, files: tuple[Path, Path], main: list[str], extra: list[str]
) -> None:
    """For any hits every retrieval figure is the scorer's."""
    gold = read_gold(files[0])
    searched = dict(zip([name for name, _ in queries_of(gold)], (main, extra), strict=True))
    lines = (json.dumps({"id": name, "hits": [{"text": text} for text in hits]}) for name, hits in searched.items())
    expected = scored(scorer, "retrieval", files[1], "\n".join(lines))
    empty = Answer(question="q", prompt_id="p", generator="g", task=(), workflow=Workflow(), papers=(), citations=())
    means = summarise([evaluate_case(case="c-01", prompt=PROMPT, answer=empty, gold=gold, searched=searched)]).means()
    for name in RETRIEVAL_FIGURES:
        assert means[name] == pytest.approx(expected[name], abs=6e-4), name


@settings(deadline=None)
@given(st.text(), st.lists(st.text(), max_size=3))
def test_matching_equals_the_scorers(scorer: ModuleType, text: str, others: list[str]) -> None:
    """Texts are compared, and quotes found stated, just as the scorer does."""
    assert bare(text) == scorer.norm(text)
    assert stated(bare(text), map(bare, others)) == scorer.stated(text, [scorer.norm(other) for other in others])


def test_every_gold_file_of_the_set_is_read() -> None:
    """The set's own gold files are read whole."""
    for path in sorted(SCORER.parents[1].glob("gold/*.json")):
        gold = read_gold(path)
        raw = json.loads(path.read_text(encoding="utf-8"))
        assert gold.case == path.stem
        assert [dataclasses.asdict(n)["evidence"] for n in gold.nuggets] == [
            tuple(n["evidence"]) for n in raw["nuggets"]
        ]
        assert len(queries_of(gold)) == len(raw["queries"]) + 1


@pytest.mark.parametrize("url", [*URLS, "http://www.x.org/a/", "https://github.com/a/b", "x.org/v2"])
def test_link_keys_equal_the_scorers(scorer: ModuleType, url: str) -> None:
    """Links are compared just as the scorer does."""
    assert link_key(url) == scorer.url_key(url)
