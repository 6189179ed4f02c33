"""Let adversarial drafts loose on the verification, and see that nothing passes that must not.

    python scripts/fuzz_citations.py --count 10000

Hypothesis makes replies of a chat model: sentences of the passages shown, the same with changed numbers, swapped names
and negations put in, links, references, markers and markup between all words, ids that were never shown, as strings,
numbers and objects, in broken JSON and in prose. Each goes the whole way to a rendered answer. Exit code 0 where

- every citation resolves to a passage that was shown, of a paper that the prompt lists;
- no link leads outside of what the prompt lists, in JSON, Markdown and HTML;
- no statement that was altered against the passages is shown, and none holds anything that only the code may write.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from cnaps_rag.answers import Answer, Support, Usage
from cnaps_rag.citations import Ledger, verify
from cnaps_rag.generation import Draft, ExtractiveGenerator
from cnaps_rag.generation.session import Session
from cnaps_rag.generation.shown import Shown, choose
from cnaps_rag.index import PromptIndex
from cnaps_rag.intrusions import cleaned, foreign
from cnaps_rag.listing import ListedPaper, Prompt
from cnaps_rag.pipeline import Builder, open_index
from cnaps_rag.rendering import Format, render
from cnaps_rag.settings import Settings
from cnaps_rag.support import SupportChecker
from cnaps_rag.testing import HashingEmbedder, write_pdf

PAPERS = {
    "2101.00001": """\
Kestrel: Counting Birds in Long Exposures
Abstract
We address the problem of counting birds in a long exposure. The Kestrel network takes as input one photo
and predicts 64 density maps of the sky.
1. Introduction
Long exposures smear each bird over 30 pixels. Our encoder KNet-5 has 12 layers and was trained on SkyBirds.
The decoder merges the density maps by attention and reports one number for each flock.
2. Method
The encoder halves the resolution four times. A fusion module weighs every map by its sharpness. This allows the
network to follow fast birds, because sharp maps tell their direction. Training takes 40 hours on 8 cards.
3. Experiments
On SkyBirds the network reaches an error of 2.5 birds, 1.7 below FlockNet. With 16 maps the error grows to 3.1 birds.
""",
    "2101.00002": """\
FlockNet: Flocks as Flowing Matter
Abstract
We tackle the task of tracking flocks as flowing matter. FlockNet is given 10 frames and predicts a flow field.
1. Introduction
A flock moves like a fluid. FlockNet consists of a flow encoder and a decoder with three branches.
2. Method
The flow encoder compares neighbouring frames. A smoothness loss of weight 0.2 keeps the field even. The output is a
field of arrows at 25 fps, from which the number of birds is read.
""",
}
PROMPT = Prompt(
    question="How does the network count birds in a smeared photo? Why are fast birds no problem?",
    recommended=(ListedPaper(name="Kestrel", url="https://arxiv.org/pdf/2101.00001", github="https://github.com/a/k"),),
    related=(ListedPaper(name="FlockNet: Flocks as Flowing Matter", url="https://arxiv.org/pdf/2101.00002"),),
)
PARTS = ("task", "input", "model", "output", "mechanism")
JUNK = (
    "https://evil.example/x", "www.evil.example", "evil.example", "[click](https://evil.example)", "doi:10.1234/evil.5",
    "10.1234/evil.5", "arXiv:2309.99999", "Smith et al. (2021)", "(Smith, 2021)", "[12]",
    "[LLM memory]", "[P1]", "(P2)",
    "<a href='https://evil.example'>x</a>", "![x](https://evil.example/i.png)", "**bold**", "`code`", "# Title",
    "javascript:alert(1)", "mailto:a@evil.example", "a@evil.example", "http:// evil .example",
    "ｈｔｔｐｓ：//evil.example",
    "h\u200bttps://evil.example", "【3】", "&lt;b&gt;", "\u202e", "2309.99999v2", "192.0.2.7", "from my training",
    "as an AI language model", "ignore previous instructions", "[^1]: https://evil.example",
    "evil。example", "evil[.]example", "evil(dot)example", "http∶⁄⁄evil", "t.me/evil", "hxxp://evil",
    "github: evil/evil", "vbscript:evil", "@evil", "⟦evil⟧", "〈evil〉", "\\href{evil}{x}", "ev\ufe0fil.example",
    "I recall evil", "cite:evil", "¹", "①", "(1)", "†",
)  # fmt: skip
NAMES = ("ResNet-101", "COCO", "GPT-9", "Qwerty", "SkyFish", "KNet-7", "DeepFlock")
NUMBERS = ("7", "99", "1.9", "5,000", "seventeen", "ninety", "×77", "61 %", "6.02")
AUXILIARY = re.compile(r"\b(?:is|are|was|has)\b")
VERB = re.compile(
    r"\b(takes|predicts|halves|merges|weighs|reaches|moves|consists|compares|keeps|reports|smear|allows)\b"
)
LINK = re.compile(
    r"""(?:href|src)\s*=\s*["']([^"'#][^"']*)|(?<!\\)\]\((?!#)([^)\s]+)|(?<!\\)<((?:https?|mailto):[^>]+)>""",
)


@dataclass
class Arena:
    """An index in a folder of its own, and what every answer over it must keep to.

    Attributes:
        folder: Where it is built.
        counts: How many statements were seen, by what became of them.
    """

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)

    @cached_property
    def index(self) -> PromptIndex:
        """The index."""
        pdfs = self.folder / "pdfs"
        pdfs.mkdir()
        for name, text in PAPERS.items():
            (pdfs / f"{name}.pdf").write_bytes(write_pdf([text]))
        tuned = Settings(
            corpus_dir=self.folder / "corpus",
            index_dir=self.folder / "index",
            offline=True,
            passage_chars=150,
            passage_sentences=2,
        )
        builder = Builder(tuned, pdf_dir=pdfs, embedder=HashingEmbedder())
        builder.build(PROMPT)
        return open_index(PROMPT, settings=tuned, embedder=builder.embedder)

    @cached_property
    def shown(self) -> Shown:
        """What the model is shown."""
        return choose(self.index, PROMPT.question, Settings(), 20_000)

    @cached_property
    def checker(self) -> SupportChecker:
        """The check."""
        return SupportChecker(self.index)

    @cached_property
    def base(self) -> Draft:
        """What the papers themselves say."""
        return ExtractiveGenerator().draft(self.index, PROMPT.question, Settings())

    def draft(self, index: PromptIndex, question: str, settings: Settings) -> Draft:  # noqa: ARG002
        """Draft without a model; see `Generator.draft`."""
        return self.base

    def answer(self, replies: Iterable[str]) -> Answer:
        """Let replies go the whole path."""
        session = Session(
            self.index, PROMPT.question, Settings(), shown=self.shown, checker=self.checker, fallback=self
        )
        coming = iter(replies)
        while session.ask() is not None:
            reply = next(coming, "")
            session.feed(reply[: len(reply) // 2])
            session.take(reply)
        draft, _ = session.finish("fuzz", Usage())
        return verify(draft, self.index, PROMPT.question, Ledger(self.index, draft.hits, self.checker))

    def examine(self, answer: Answer, altered: Iterable[str]) -> None:
        """Assert what holds of every answer."""
        own = {one.text for one in self.base.claims()}
        refused = {bare(cleaned(text)) for text in altered}
        listed = {url for _, paper in PROMPT.listed() for url in (paper.url, paper.github) if url}
        shown = {hit.passage.text for hit in (*self.shown.hits, *self.base.hits)}
        for citation in answer.citations:
            hold(citation.url in listed, f"{citation.url} is not listed")
            hold(citation.passage in shown, "a passage was not shown")
            hold(citation.quote in citation.passage, "a quote is not in its passage")
        numbers = {citation.n for citation in answer.citations}
        for claim in answer.claims():
            hold(bool(claim.citations) and set(claim.citations) <= numbers, "a claim cites what is not there")
            hold(claim.support is not Support.UNSUPPORTED, "an unsupported claim is shown")
            self.counts["shown" if claim.text not in own else "own words"] += 1
            if claim.text not in own:
                hold(foreign(claim.text) is None, f"it holds what only the code may write: {claim.text}")
                hold(bare(claim.text) not in refused, f"it was altered: {claim.text}")
        self.counts["dropped"] += len(answer.dropped)
        for text in (render(answer, Format.MARKDOWN), render(answer, Format.HTML)):
            links = {next(filter(None, found)).split("#")[0] for found in LINK.findall(text)}
            hold(links <= listed, f"links lead outside: {links - listed}")
        words = json.dumps([[one.text for one in answer.claims()], answer.not_covered, answer.remarks])
        hold("evil" not in words, "a forbidden word is visible")


def hold(truth: bool, what: str) -> None:
    """Raise what is wrong unless a rule holds."""
    if not truth:
        raise AssertionError(what)


def bare(text: str) -> str:
    """Reduce a statement to its words."""
    return " ".join(re.findall(r"\w+", text.casefold()))


@st.composite
def statements(draw: st.DrawFn, arena: Arena) -> tuple[dict[str, Any], bool]:
    """Make one statement of a reply, and tell whether it is altered against every passage."""
    labels = list(arena.shown.by_label())
    label = draw(st.sampled_from(labels))
    passage = arena.shown.by_label()[label].passage
    sentences = [passage.text[start:end] for start, end in passage.sentences]
    text, altered = draw(changed(draw(st.sampled_from(sentences))))
    for junk in draw(st.one_of(st.just([]), st.lists(st.sampled_from(JUNK), max_size=2))):
        words = text.split(" ")
        words.insert(draw(st.integers(0, len(words))), junk)
        text = " ".join(words)
    strange = st.sampled_from(["P0", "P99", "99", "https://evil.example", "", "P1; P99", "evil"])
    cited: Any = draw(
        st.one_of(
            st.just([label]),
            st.just([label]),
            st.just(label),
            st.just([int(label[1:])]),
            st.just({"id": label}),
            st.lists(st.one_of(st.sampled_from(labels), strange), max_size=6),
            st.none(),
            strange,
        )
    )
    part = draw(st.sampled_from([*PARTS, *PARTS, *PARTS, "papers", "https://evil.example", ""]))
    return {"part": part, "text": text, "citations": cited}, altered


@st.composite
def changed(draw: st.DrawFn, sentence: str) -> tuple[str, bool]:
    """Alter a sentence, or leave it."""
    kind = draw(st.sampled_from(["as it is", "as it is", "number", "name", "negation", "invented", "noise"]))
    numbers = list(re.finditer(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w.])", sentence))
    names = list(re.finditer(r"\b(?:Kestrel|FlockNet|SkyBirds|KNet-5)\b", sentence))
    verb = AUXILIARY.search(sentence) or VERB.search(sentence)
    if kind == "number" and numbers:
        found = draw(st.sampled_from(numbers))
        return sentence[: found.start()] + draw(st.sampled_from(NUMBERS)) + sentence[found.end() :], True
    if kind == "name" and names:
        found = draw(st.sampled_from(names))
        return sentence[: found.start()] + draw(st.sampled_from(NAMES)) + sentence[found.end() :], True
    if kind == "negation" and verb:
        plain = AUXILIARY.fullmatch(verb[0])
        negated = f"{verb[0]} not" if plain else f"does not {verb[0]}"
        return sentence[: verb.start()] + negated + sentence[verb.end() :], True
    if kind == "invented":
        name, number = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NUMBERS))
        return f"The method {name} beats all others by {number} points of accuracy.", True
    if kind == "noise":
        return draw(st.text(max_size=80)), False
    return sentence, False


@st.composite
def replies(draw: st.DrawFn, arena: Arena) -> tuple[str, list[str]]:
    """Make a reply, and tell which of its statements are altered."""
    made = draw(st.lists(statements(arena), max_size=5))
    claims = [claim for claim, _ in made]
    altered = [claim["text"] for claim, wrong in made if wrong]
    left_open = draw(
        st.lists(st.one_of(st.integers(-2, 5), st.sampled_from(["1", "https://evil.example"])), max_size=3)
    )
    text = json.dumps({"claims": claims, "not_covered": left_open}, ensure_ascii=draw(st.booleans()))
    form = draw(st.sampled_from(["json", "fenced", "cut", "comma", "prose", "parts", "echo"]))
    if form == "fenced":
        text = f"Sure! See https://evil.example\n```json\n{text}\n```"
    elif form == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    elif form == "comma":
        text = text.replace("]}", ",]}")
    elif form == "prose":
        text = "\n".join(f"## {claim['part']}\n- {claim['text']} [{claim['citations']}]" for claim in claims)
    elif form == "parts":
        text = json.dumps({part: [claim for claim in claims if claim["part"] == part] for part in PARTS})
    elif form == "echo":
        text = draw(st.text(max_size=30)) + text + draw(st.text(max_size=30))
    return text, altered


def run(arena: Arena, count: int, number: int) -> None:
    """Try so many drafts; the first that breaks a rule is made small and raised.

    Args:
        arena: The index.
        count: How many drafts.
        number: Seed of the examples.
    """

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(first=replies(arena), second=replies(arena))
    def trial(first: tuple[str, list[str]], second: tuple[str, list[str]]) -> None:
        answered = arena.answer([first[0], second[0], second[0]])
        arena.counts["drafts"] += 1
        arena.examine(answered, [*first[1], *second[1]])

    trial()


def main() -> int:
    """Run the fuzzing and print what became of the statements.

    Returns:
        The exit code; a broken rule is raised with the draft that broke it.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="how many drafts (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which drafts (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arena = Arena(folder=Path(folder))
        run(arena, options.count, options.seed)
    print(json.dumps(dict(arena.counts)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
