"""This file ensures that no misbehaviour of a chat model gets into an answer, and that good statements do."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cnaps_rag.answering import VerifiedClaim, aanswer, answer, astream_answer, stream_answer
from cnaps_rag.answers import Answer, Support
from cnaps_rag.chat_templates import REASK_TOKENS, request_tokens
from cnaps_rag.errors import GenerationError
from cnaps_rag.generation import ChatGenerator, ExtractiveGenerator
from cnaps_rag.generation.aspects import ASPECTS
from cnaps_rag.generation.aspects import INPUT as INPUT_STEP
from cnaps_rag.generation.aspects import OUTPUT as OUTPUT_STEP
from cnaps_rag.generation.drafts import Draft
from cnaps_rag.generation.shown import choose
from cnaps_rag.settings import Settings
from tests.scripted import ScriptedChat, citing, reply

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex

INPUT = "A blurry photo of any size goes into the lantern network, which encodes it into features."
MODULES = "Encoder and decoder have 5 modules each."
TASK = "The lantern network sharpens a blurry photo from a single input image."
WHERE = {INPUT: "takes as input a blurry", MODULES: "five modules", TASK: "sharpening a blurry photo"}
PARTS = {INPUT: "input", MODULES: "model", TASK: "task"}


def good(passages: dict[str, str], *more: tuple[str, str, Any]) -> str:
    claims = [(PARTS[text], text, [citing(words, passages)]) for text, words in WHERE.items()]
    return reply(*claims, *more, not_covered=[1])


def adding(part: str, text: str, words: str = "five modules") -> Callable[[dict[str, str]], str]:
    """Write a script that adds a statement, citing the passage with these words, to the good ones."""
    return lambda passages: good(passages, (part, text, [citing(words, passages)]))


def worded(found: Answer) -> list[str]:
    """List the statements that the model worded."""
    own = {claim.text for claim in ExtractiveGenerator().draft(*FIRST).claims()} if FIRST else set()
    return [claim.text for claim in found.claims() if claim.text not in own]


FIRST: list[Any] = []


@pytest.fixture(autouse=True)
def _own_words(index: "PromptIndex") -> None:
    FIRST[:] = [index, index.prompt.question, Settings()]


@pytest.mark.parametrize("structured", [True, False])
def test_good_statements_stand(index: "PromptIndex", structured: bool) -> None:
    """Statements that their passages say stand, with citations, links and the model's name written by the code."""
    model = ScriptedChat(script=[good], structured=structured)
    found = answer(index, llm=model)
    assert worded(found) == [TASK, INPUT, MODULES]
    [claim] = found.workflow.input
    assert (claim.support, claim.about) == (Support.SUPPORTED, "Lantern")
    [number] = claim.citations
    cited = found.citations[number - 1]
    assert (cited.url, cited.page_number) == ("https://arxiv.org/pdf/2101.00001", 2)
    assert "takes as input a blurry photo of any size" in cited.quote
    assert found.usage is not None
    assert (found.usage.calls, found.usage.input_tokens) == (1, 10)
    assert found.dropped == ()


def test_parts_that_stay_empty(index: "PromptIndex") -> None:
    """Parts without a statement that passed hold the papers' own sentences, and the answer says so."""
    found = answer(index, llm=ScriptedChat(script=[good]))
    assert found.generator == "ScriptedChat, with extractive for output, mechanism"
    assert all(claim.support is Support.VERBATIM for claim in (*found.workflow.output, *found.workflow.mechanism))
    assert found.workflow.output
    assert any("No statement of the model passed for output, mechanism" in remark for remark in found.remarks)


def test_gaps_that_the_model_filled(index: "PromptIndex") -> None:
    """That no sentence was found for a step is not said where a statement of the model passed for it."""

    class Speechless(ExtractiveGenerator):
        """Finds no sentence for any step."""

        def draft(self, index: "PromptIndex", question: str, settings: Settings) -> Draft:
            """Leave all steps empty."""
            found = super().draft(index, question, settings)
            gaps = tuple(aspect.unsaid for aspect in ASPECTS)
            return replace(found, task=(), input=(), model=(), output=(), mechanism=(), not_covered=gaps)

    found = answer(index, generator=ChatGenerator(ScriptedChat(script=[good]), fallback=Speechless()))
    assert found.workflow.input
    assert not found.workflow.output
    assert INPUT_STEP.unsaid not in found.not_covered
    assert OUTPUT_STEP.unsaid in found.not_covered


def test_open_sentences(index: "PromptIndex") -> None:
    """What the model finds no passage for is said in the question's own words, not in the model's."""
    found = answer(index, llm=ScriptedChat(script=[good]))
    assert found.not_covered[-1] == f"“{index.prompt.question}”: the model found no passage that answers it"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("model", "The encoder has seven modules."),
        ("model", "The encoder has 5 modules and 81 layers."),
        ("model", "The ResNet-50 encoder has five modules."),
        ("model", "The encoder does not have five modules."),
        ("model", "The encoder has five modules, see https://evil.example."),
        ("model", "The encoder has five modules (Smith et al., 2021)."),
        ("model", "The encoder has five modules, doi:10.1234/evil.5."),
        ("model", "Der Encoder besteht aus vielen Modulen und der Decoder ebenso."),
        ("model", "Ships are counted by radar from satellite tiles in harbours."),
        ("model", "The assistant must cite the encoder with five modules."),
        ("model", "Yes."),
        ("model", "The encoder has five modules and " + "so on and " * 100 + "more."),
        ("papers", "The encoder has five modules and much more."),
        ("", "The encoder has five modules and more."),
    ],
)
def test_bad_statements_do_not(index: "PromptIndex", part: str, text: str) -> None:
    """A bad statement is asked for again with its reason, then dropped and listed; the good ones stand."""
    model = ScriptedChat(script=[adding(part, text)])
    found = answer(index, llm=model)
    assert worded(found) == [TASK, INPUT, MODULES]
    assert len(found.dropped) == 1
    assert len(model.sent) == 2
    assert "did not pass the check" in model.sent[1]
    assert "evil" not in json.dumps([one.text for one in found.claims()])
    assert "https" not in found.dropped[0].text


@pytest.mark.parametrize(
    ("labels", "reason"),
    [(["P99"], "P99, which was not shown"), ([], "cites no passage"), ([f"P{n}" for n in range(1, 6)], "5 passages")],
)
def test_bad_citations(index: "PromptIndex", labels: list[str], reason: str) -> None:
    """A statement that cites what was not shown, nothing, or everything does not stand."""
    text = "The encoder of the lantern network has five modules."
    found = answer(index, llm=ScriptedChat(script=[lambda passages: good(passages, ("model", text, labels))]))
    assert text not in worded(found)
    assert reason in found.dropped[0].reason


@pytest.mark.parametrize(
    "text", [f"{MODULES[:-1]} [P3].", f"**{MODULES}**", f"{MODULES} [12]", f"{MODULES} [LLM memory]"]
)
def test_marks_of_the_model(index: "PromptIndex", text: str) -> None:
    """Marks and markup of the model are taken off a statement that is good without them."""
    script = [lambda passages: reply(("model", text, [citing("five modules", passages)]))]
    found = answer(index, llm=ScriptedChat(script=script))
    shown = [claim.text.rstrip(".") for claim in found.workflow.model]
    assert not any(mark in "".join(shown) for mark in "[]*")


def test_the_same_again(index: "PromptIndex") -> None:
    """A statement that is repeated stands once."""
    found = answer(index, llm=ScriptedChat(script=[adding("model", MODULES.upper().capitalize())]))
    assert [claim.text for claim in found.workflow.model].count(MODULES) == 1


def test_a_second_chance(index: "PromptIndex") -> None:
    """A statement that is corrected on the second request stands; the first form is listed as dropped."""
    first = adding("mechanism", "The decoder has nine modules as the encoder has.")
    second = adding("mechanism", "The decoder has as many modules as the encoder.")
    found = answer(index, llm=ScriptedChat(script=[first, second]))
    assert [claim.text for claim in found.workflow.mechanism] == ["The decoder has as many modules as the encoder."]
    assert [one.reason for one in found.dropped] == ["the number nine is not in what it cites"]


def test_a_corrected_citation(index: "PromptIndex") -> None:
    """A statement whose citation alone was wrong stands once that is corrected, and is not listed as dropped."""
    script: list[Any] = [reply(("model", MODULES, ["P99"])), good]
    found = answer(index, llm=ScriptedChat(script=script))
    assert MODULES in worded(found)
    assert found.dropped == ()


@pytest.mark.parametrize("junk", ["I would rather not.", "", '{"claims": [{"part": "task", "te', "[[[["])
def test_an_unreadable_reply(index: "PromptIndex", junk: str) -> None:
    """An unreadable reply is followed by one request with the exact error."""
    model = ScriptedChat(script=[junk, good])
    assert worded(answer(index, llm=model)) == [TASK, INPUT, MODULES]
    assert "Your last reply could not be used: it was" in model.sent[1]


def test_only_unreadable_replies(index: "PromptIndex") -> None:
    """Where no reply can be read, the whole answer is made of the papers' own sentences, and says so."""
    model = ScriptedChat(script=["no"])
    found, plain = answer(index, llm=model), answer(index)
    assert len(model.sent) == 2
    assert list(found.claims()) == list(plain.claims())
    assert found.generator == "extractive; ScriptedChat gave no statement that passed"
    assert found.remarks[0].startswith("The model's last reply could not be used in full: it was no")
    assert "No statement of the model passed for task" in found.remarks[1]


def test_prose_with_marks(index: "PromptIndex") -> None:
    """A model that cannot write JSON may mark its lines."""

    def prose(passages: dict[str, str]) -> str:
        lines = [f"{PARTS[text]}:\n- {text} [{citing(words, passages)}]" for text, words in WHERE.items()]
        return "\n".join(lines)

    assert worded(answer(index, llm=ScriptedChat(script=[prose]))) == [TASK, INPUT, MODULES]


def test_endless_claims(index: "PromptIndex") -> None:
    """A part has so many statements and no more."""

    def endless(passages: dict[str, str]) -> str:
        label = citing("five modules", passages)
        return reply(*(("model", f"{MODULES[:-1]}, {'and ' * count}so on.", [label]) for count in range(100)))

    assert len(answer(index, llm=ScriptedChat(script=[endless])).workflow.model) <= 6


def test_errors_that_pass(index: "PromptIndex") -> None:
    """A model that is busy leaves the answer to the papers' own sentences; a wrong key is raised."""

    def busy(_: dict[str, str]) -> str:
        raise TimeoutError("busy")

    found = answer(index, llm=ScriptedChat(script=[busy]))
    assert found.remarks[0].startswith("ScriptedChat: the model did not answer (TimeoutError: busy); run again later.")
    assert found.generator == "extractive; ScriptedChat gave no statement that passed"
    assert list(found.claims()) == list(answer(index).claims())

    def wrong(_: dict[str, str]) -> str:
        raise PermissionError("no such key")

    with pytest.raises(GenerationError, match="no such key"):
        answer(index, llm=ScriptedChat(script=[wrong]))


def test_a_later_failure(index: "PromptIndex") -> None:
    """Where a second request fails for good, what passed stays."""

    def wrong(_: dict[str, str]) -> str:
        raise PermissionError("too long")

    found = answer(index, llm=ScriptedChat(script=[adding("model", "The encoder has seven modules."), wrong]))
    assert worded(found) == [TASK, INPUT, MODULES]
    assert found.remarks[0].startswith("The model failed on the way: ScriptedChat: ")
    assert "too long" in found.remarks[0]


def test_streaming(index: "PromptIndex") -> None:
    """Claims come one by one, verified, with the numbers that they have in the answer, which comes last."""
    events = list(stream_answer(index, llm=ScriptedChat(script=[adding("model", "The encoder has seven modules.")])))
    *claims, found = events
    assert isinstance(found, Answer)
    assert [one.claim.text for one in claims if isinstance(one, VerifiedClaim)][:3] == [INPUT, MODULES, TASK]
    streamed = {one.claim for one in claims if isinstance(one, VerifiedClaim)}
    assert streamed == set(found.claims())
    for one in claims:
        assert isinstance(one, VerifiedClaim)
        assert one.citations == tuple(found.citations[number - 1] for number in one.claim.citations)


def test_streaming_without_a_model(index: "PromptIndex") -> None:
    """The papers' own sentences stream too."""
    *claims, found = stream_answer(index)
    assert isinstance(found, Answer)
    assert found == answer(index)
    assert [one.claim for one in claims if isinstance(one, VerifiedClaim)] == list(found.claims())


def test_without_blocking(index: "PromptIndex") -> None:
    """Without blocking, the answer is the same."""

    async def streamed() -> list[Any]:
        return [event async for event in astream_answer(index, llm=ScriptedChat(script=[good]))]

    found = answer(index, llm=ScriptedChat(script=[good]))
    waited = asyncio.run(aanswer(index, llm=ScriptedChat(script=[good])))
    assert list(waited.claims()) == list(found.claims())
    assert [one.text for one in asyncio.run(streamed())[-1].claims()] == [one.text for one in found.claims()]
    assert list(asyncio.run(aanswer(index)).claims()) == list(answer(index).claims())


@pytest.mark.parametrize("budget", [1900, 2200, 3000, 8000])
def test_the_budget_holds(index: "PromptIndex", budget: int) -> None:
    """A request never exceeds its budget, a second one neither; what was left out is counted and said."""
    shown = choose(index, index.prompt.question, Settings(), budget)
    request = shown.request("x" * 10**5 and "No. " * 200)
    assert shown.tokens + REASK_TOKENS <= budget
    assert request_tokens(request.messages, dict(request.schema)) <= budget
    everything = choose(index, index.prompt.question, Settings(), 10**6)
    assert len(shown.hits) + shown.left_out == len(everything.hits) + everything.left_out
    assert shown.hits == everything.hits[: len(shown.hits)]
    found = answer(index, generator=ChatGenerator(ScriptedChat(script=["{}"]), budget_tokens=budget))
    said = f"{shown.left_out} passages at the bottom of the ranking were not shown to the model."
    assert (said in found.remarks) is bool(shown.left_out)


def test_a_budget_too_small(index: "PromptIndex") -> None:
    """A budget that holds no passage is an error that names what is needed."""
    with pytest.raises(GenerationError, match="set a larger budget"):
        choose(index, index.prompt.question, Settings(), 100)


def test_llm_or_generator(index: "PromptIndex") -> None:
    """A model and a generator cannot both be given."""
    with pytest.raises(TypeError, match="give one of them"):
        answer(index, llm=ScriptedChat(), generator=ExtractiveGenerator())


def test_no_model_no_usage(index: "PromptIndex") -> None:
    """An answer without a model says nothing of one."""
    found = answer(index)
    assert found.usage is None
    assert not any("the model" in remark for remark in found.remarks)


class Empty:
    """A generator without statements, whose note on the first paper rests on it and quotes it."""

    def draft(self, index: "PromptIndex", question: str, settings: Settings) -> Draft:
        """Draft notes alone; see `Generator.draft`."""
        base = ExtractiveGenerator().draft(index, question, settings)
        first, *rest = base.notes
        assert first.rests
        notes = (replace(first, evidence=base.task[0].evidence), *rest)
        return replace(base, task=(), input=(), model=(), output=(), mechanism=(), notes=notes)


def test_notes_say_what_is_cited(index: "PromptIndex") -> None:
    """A note says that the answer rests on a paper where it cites it, and does not where it cites another alone."""
    claim = "The compass network is given one photo and predicts an arrow for every pixel of it."

    def arrows(passages: dict[str, str]) -> str:
        return reply(("output", claim, [citing("predicts an arrow", passages)]))

    found = answer(index, generator=ChatGenerator(ScriptedChat(script=[arrows]), fallback=Empty()))
    assert [one.text for one in found.claims()] == [claim]
    assert [paper.note for paper in found.papers[:2]] == [
        "listed; the answer above does not cite it",
        "the answer above rests on it",
    ]


@pytest.mark.parametrize("llm", [42, ScriptedChat, object()])
def test_no_model(index: "PromptIndex", llm: Any) -> None:
    """What is no chat model is refused before anything is done, whether it is called later or not."""
    with pytest.raises(TypeError, match="llm must be a langchain-core chat model or PROVIDER:MODEL, not "):
        answer(index, llm=llm)
