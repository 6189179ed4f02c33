"""Measure how well the support check tells true statements from altered ones.

    python scripts/bench_support.py PROMPTS_DIR --gold GOLD_DIR --index DIR [--claims FOLDER] [--seed N] [-v]

True statements: the gold's nuggets with the passages that hold their evidence. Altered ones: the same with another
passage of the same paper, with a number changed, with a name swapped, with a negation put in. Counted apart: the same
with an article changed to "no"; nuggets of other prompts with the passage of this prompt that is closest to them. A
statement is caught, or lost, when the verdict is "unsupported". The threshold is also chosen leaving each prompt out in
turn. `--claims` names a folder with `claims_dev.jsonl` and `corpus.jsonl`: claims on abstracts, with sentences that
support or refute them.
"""

import argparse
import itertools
import json
import math
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnaps_rag import naming, quantities
from cnaps_rag.answers import Support
from cnaps_rag.embedding import Embedder, find_embedder
from cnaps_rag.encoding import EncodedPassages
from cnaps_rag.evaluation import GoldCase, read_gold_folder
from cnaps_rag.evaluation.matching import bare
from cnaps_rag.index import PromptIndex
from cnaps_rag.listing import ListedPaper, Prompt, Role
from cnaps_rag.networks import unit
from cnaps_rag.pipeline import open_index, prompt_files
from cnaps_rag.records import (
    Document,
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
from cnaps_rag.settings import Settings
from cnaps_rag.shards import Shard
from cnaps_rag.support import SupportChecker
from cnaps_rag.token_vectors import TokenVectors

SEED = 20
OTHERS = 3
"""How many other passages of the paper each statement is paired with."""
PIECE = 20
"""So many letters of a quote found in a passage make it a passage of the evidence, where none has the whole quote."""
LOST_SHARE = 0.03
"""How many true statements the score may lose, where it is chosen anew."""
TRUE, ELSEWHERE, NONE = "true", "claim of another prompt", "an article changed to no"
APART = frozenset({TRUE, ELSEWHERE, NONE})
"""Kinds that are not counted among the altered statements."""
ARTICLE = re.compile(r"\b(?:a|an|the)\b")
AUXILIARY = re.compile(r"\b(?:is|are|was|were|can|could|will|would|should|must|may|has|have)\b(?! not)")
MARKS = re.compile(r"\s*\[?<\|\w+\|>\]?")
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One statement with what it cites.

    Attributes:
        prompt: Name of the prompt.
        kind: Whether it is true, or how it was altered.
        text: The statement.
        hits: The cited passages.
    """

    prompt: str
    kind: str
    text: str
    hits: tuple[Hit, ...]


def main() -> int:
    """Run the measurement and print it.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts_dir", type=Path, metavar="PROMPTS_DIR")
    parser.add_argument("--gold", type=Path, required=True, metavar="DIR")
    parser.add_argument("--index", type=Path, required=True, metavar="DIR")
    parser.add_argument("--claims", type=Path, metavar="FOLDER", help="also measure claims on abstracts")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="which alterations (default: %(default)s)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every error")
    options = parser.parse_args()
    settings, embedder = Settings(index_dir=options.index), find_embedder()
    golds = read_gold_folder(options.gold)
    indexes = {
        path.stem: open_index(path, settings=settings, embedder=embedder)
        for path in prompt_files(options.prompts_dir)
        if path.stem in golds
    }
    cases = list(cases_of(indexes, golds, options.seed))
    checkers = {name: SupportChecker(index) for name, index in indexes.items()}
    verdicts = [checkers[case.prompt].check(case.text, case.hits) for case in cases]
    refused = np.array([verdict.support is Support.UNSUPPORTED for verdict in verdicts])
    if options.verbose:
        for case, verdict in zip(cases, verdicts, strict=True):
            if (verdict.support is Support.UNSUPPORTED) == (case.kind == TRUE):
                print(case.prompt, case.kind, round(verdict.standing, 2), verdict.reasons, case.text, sep=" | ")
    print_table(cases, refused)
    facts = np.array([bool(checkers[case.prompt].facts(case.text, case.hits)) for case in cases])
    standings = np.array([
        math.inf if checkers[case.prompt].quoted(case.text, case.hits) else verdict.standing
        for case, verdict in zip(cases, verdicts, strict=True)
    ])
    print_thresholds(cases, facts, standings)
    if options.claims is not None:
        print_claims(options.claims, embedder)
    return 0


def cases_of(indexes: dict[str, PromptIndex], golds: dict[str, GoldCase], seed: int) -> Iterator[Case]:
    """Make the statements of all prompts, true and altered."""
    rng = random.Random(seed)  # noqa: S311  the same draws each time are wanted
    true = [case for name, index in indexes.items() for case in true_cases(name, index, golds[name])]
    for case in true:
        index = indexes[case.prompt]
        mates = [other.text for other in true if other.prompt == case.prompt]
        yield case
        for hit in others(index, case, rng):
            yield Case(prompt=case.prompt, kind="another passage", text=case.text, hits=(hit,))
        for kind, text in altered(case, index, mates, rng):
            yield Case(prompt=case.prompt, kind=kind, text=text, hits=case.hits)
        foreign = rng.choice([other for other in true if other.prompt != case.prompt])
        hits = (as_hit(index, nearest_stretch(index, foreign.text)),)
        yield Case(prompt=case.prompt, kind=ELSEWHERE, text=foreign.text, hits=hits)


def nearest_stretch(index: PromptIndex, text: str) -> int:
    """Find the stretch whose passages point most into the direction of a text."""
    [vector] = index.embedder.embed([text])
    means = unit(np.stack([index.vectors[index.rows_in(stretch)].mean(axis=0) for stretch in index.stretches]))
    return int(np.argmax(means @ vector))


def true_cases(name: str, index: PromptIndex, gold: GoldCase) -> Iterator[Case]:
    """Pair each nugget with the passages that hold its evidence."""
    texts = [bare(passage.text) for passage in index.stretches]
    for nugget in gold.nuggets:
        rows = [row for evidence in nugget.evidence for row in holding(bare(evidence.quote), texts)]
        if rows:
            hits = tuple(as_hit(index, row) for row in dict.fromkeys(rows))
            yield Case(prompt=name, kind=TRUE, text=nugget.text, hits=hits)


def holding(quote: str, texts: Sequence[str]) -> list[int]:
    """Find the passages with a quote, or with a good part of it."""
    whole = [row for row, text in enumerate(texts) if quote in text]
    pieces = [quote[at : at + PIECE] for at in range(0, max(1, len(quote) - PIECE), 4)]
    return whole or [row for row, text in enumerate(texts) if any(piece in text for piece in pieces)]


def as_hit(index: PromptIndex, row: int) -> Hit:
    """Make a hit of a passage."""
    passage = index.stretches[row]
    return Hit(rank=1, score=0.0, score_kind=ScoreKind.LINEAR, passage=passage, paper=index.paper_of(passage))


def others(index: PromptIndex, case: Case, rng: random.Random) -> list[Hit]:
    """Draw other passages of the papers that a statement cites."""
    cited = {hit.passage.id for hit in case.hits}
    documents = {hit.passage.document for hit in case.hits}
    rows = [row for row, one in enumerate(index.stretches) if one.document in documents and one.id not in cited]
    return [as_hit(index, row) for row in rng.sample(rows, OTHERS)]


def altered(case: Case, index: PromptIndex, mates: Sequence[str], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Alter a statement: each kind of change that its words allow, once."""
    text = case.text
    numbers = quantities.quantities(text)
    if numbers:
        number = rng.choice(numbers)
        yield (
            "a number changed",
            re.sub(
                rf"(?<!\w){re.escape(number.words)}(?!\w)",
                other_number(number, rng),
                text,
                count=1,
                flags=re.IGNORECASE,
            ),
        )
    own = naming.names(text)
    pool = {name for mate in mates for name in naming.names(mate)} | {
        listed.name for _, listed in index.prompt.listed() if " " not in listed.name
    }
    # another name of the cited paper's own model is no change
    same = bare(" ".join(f"{hit.paper.title} {hit.paper.listed.name}" for hit in case.hits))
    strange = sorted(name for name in pool if bare(name) not in bare(text) and bare(name) not in same)
    if own and strange:
        yield "a name swapped", text.replace(rng.choice(own), rng.choice(strange), 1)
    auxiliary = AUXILIARY.search(text)
    if auxiliary:
        yield "a negation put in", f"{text[: auxiliary.end()]} not{text[auxiliary.end() :]}"
    else:
        yield "a negation put in", f"It is not true that {text[:1].lower()}{text[1:]}"
    if ARTICLE.search(text):
        yield NONE, ARTICLE.sub("no", text, count=1)


def other_number(number: quantities.Quantity, rng: random.Random) -> str:
    """Write another number in the same way."""
    if number.spelled:
        return rng.choice([word for word in COUNTS if word != number.words])
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", number.words)
    value = digits[0] if digits else "0"
    changed = value
    while changed == value:
        changed = "".join(rng.choice("123456789") if char.isdigit() and char != "0" else char for char in value)
        changed = str(int(value) + 3) if value.isdigit() and len(value) == 1 else changed
    return number.words.replace(value, changed, 1)


def print_table(cases: Sequence[Case], refused: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> None:
    """Print how many of each kind were refused, and precision, recall and F1 of refusing."""
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for case, flag in zip(cases, refused, strict=True):
        by_kind[case.kind].append(bool(flag))
    print("| statements | number | refused |\n| --- | ---: | ---: |")
    for kind, flags in by_kind.items():
        print(f"| {kind} | {len(flags)} | {np.mean(flags):.3f} |")
    wrong = np.array([case.kind not in {TRUE, NONE} for case in cases])
    altered_kinds = np.array([case.kind not in APART for case in cases])
    print(f"| all altered | {altered_kinds.sum()} | {refused[altered_kinds].mean():.3f} |")
    # altered statements outnumber true ones, so precision is that of as many of each
    true = np.array([case.kind == TRUE for case in cases])
    caught, lost = float(refused[wrong].mean()), float(refused[true].mean())
    precision = caught / (caught + lost)
    f1 = 2 * precision * caught / (precision + caught)
    print(f"\nRefusing: precision {precision:.3f}, recall {caught:.3f}, F1 {f1:.3f}")


def print_thresholds(
    cases: Sequence[Case],
    facts: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    standings: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> None:
    """Print what other thresholds would do, and thresholds chosen on the other prompts."""
    true = np.array([case.kind == TRUE for case in cases])
    prompts = np.array([case.prompt for case in cases])
    other = np.array([case.kind == "another passage" for case in cases])
    altered_kinds = np.array([case.kind not in APART for case in cases])

    def row(flags: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> str:
        return f"{flags[true].mean():.3f} | {flags[other].mean():.3f} | {flags[altered_kinds].mean():.3f}"

    print("\n| threshold | true lost | other passage caught | all altered caught |\n| --- | ---: | ---: | ---: |")
    for threshold in np.arange(0.4, 2.6, 0.2):
        print(f"| {threshold:.1f} | {row(facts | (standings < threshold))} |")
    flags = np.zeros(len(cases), dtype=bool)
    for prompt in sorted(set(prompts)):
        seen = standings[true & (prompts != prompt)]
        threshold = float(np.quantile(seen, LOST_SHARE, method="lower"))
        flags[prompts == prompt] = (facts | (standings < threshold))[prompts == prompt]
    print(f"| chosen on the other nine | {row(flags)} |")


def print_claims(folder: Path, embedder: Embedder) -> None:
    """Print how many claims on abstracts are refused, by what their evidence says."""
    claims = read_lines(folder / "claims_dev.jsonl")
    cited = {int(document) for claim in claims for document in claim["cited_doc_ids"]}
    corpus = read_lines(folder / "corpus.jsonl")
    abstracts = {row["doc_id"]: row["abstract"] for row in corpus if row["doc_id"] in cited}
    index = index_of(abstracts, embedder)
    checker, rng = SupportChecker(index), random.Random(SEED)  # noqa: S311  as above
    refused: dict[str, list[str]] = defaultdict(list)
    for claim in claims:
        text = MARKS.sub("", claim["claim"])
        for name, evidence in claim["evidence"].items():
            sentences = abstracts.get(int(name), [])
            for one in evidence:
                rows = holders(index, name, [sentences[at] for at in one["sentences"] if at < len(sentences)])
                strange = [row for row, passage in enumerate(index.stretches) if passage.document != name]
                pairs = ((one["label"].lower(), rows), ("another abstract", [rng.choice(strange)]))
                for kind, shown in pairs if one["label"] == "SUPPORT" else pairs[:1]:
                    if shown:
                        refused[kind].append(why(checker, text, tuple(as_hit(index, row) for row in shown)))
    print("\n| claims on abstracts | number | refused | by a fact | by standing |\n| --- | ---: | ---: | ---: | ---: |")
    for kind, found in refused.items():
        facts, standing = found.count("fact") / len(found), found.count("standing") / len(found)
        print(f"| {kind} | {len(found)} | {facts + standing:.3f} | {facts:.3f} | {standing:.3f} |")


def why(checker: SupportChecker, text: str, hits: tuple[Hit, ...]) -> str:
    """Tell what refuses a statement: a fact, its standing, or nothing."""
    if checker.check(text, hits).support is not Support.UNSUPPORTED:
        return "nothing"
    return "fact" if checker.facts(text, hits) else "standing"


def holders(index: PromptIndex, document: str, sentences: Sequence[str]) -> list[int]:
    """Find the passages of a document that hold any of these sentences."""
    return [
        row
        for row, passage in enumerate(index.stretches)
        if passage.document == document and any(sentence in passage.text for sentence in sentences)
    ]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def index_of(abstracts: dict[int, list[str]], embedder: Embedder) -> PromptIndex:
    """Make an index of abstracts, cut into passages of the usual number of sentences, without vectors for searches."""
    papers, shards, most = [], [], Settings().passage_sentences
    cut = {
        str(number): [passage_of(str(number), sentences[at : at + most]) for at in range(0, len(sentences), most)]
        for number, sentences in abstracts.items()
    }
    vectors = iter(embedder.embed([passage.text for passages in cut.values() for passage in passages]))
    for name, passages in cut.items():
        listed = ListedPaper(name=name, url=f"https://example.org/{name}")
        papers.append(
            IndexedPaper(
                role=Role.RELATED,
                listed=listed,
                key=name,
                status=PaperStatus.OK,
                origin=Origin.ABSTRACT,
                document=name,
                title="",
            )
        )
        own = np.stack([next(vectors) for _ in passages])
        tokens = TokenVectors.compress([vector[None, :1] for vector in own], 1)
        encoded = EncodedPassages(vectors=own, titled=own, tokens=tokens)
        document = Document(sha256=name, title=None, pages=())
        shards.append(Shard(document=document, passages=tuple(passages), encoded=encoded))
    prompt = Prompt(question="?", recommended=(papers[0].listed,), related=tuple(one.listed for one in papers[1:]))
    return PromptIndex(prompt, papers, shards, embedder)


def passage_of(document: str, sentences: Sequence[str]) -> Passage:
    """Join sentences into a passage."""
    text = " ".join(sentences)
    ends = list(itertools.accumulate(len(sentence) + 1 for sentence in sentences))
    places = tuple((end - 1 - len(sentence), end - 1) for sentence, end in zip(sentences, ends, strict=True))
    return Passage(
        document=document,
        text=text,
        kind=PassageKind.PROSE,
        section=None,
        section_role=SectionRole.ABSTRACT,
        spans=(Span(page_number=None, start=0, end=len(text)),),
        sentences=places,
    )


if __name__ == "__main__":
    sys.exit(main())
