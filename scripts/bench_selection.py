"""Fit the weights of the extractive generator's sentence features, leaving each prompt out in turn.

    python scripts/bench_selection.py PROMPTS_DIR --gold GOLD_DIR --index DIR

A sentence counts as good when it states a vital nugget of the gold. Prints how many vital nuggets the chosen sentences
state with the default weights, with weights fitted on the other prompts, and without each feature; then the weights
fitted on all prompts.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from cnaps_rag.embedding import find_embedder
from cnaps_rag.evaluation import GoldCase, read_gold_folder
from cnaps_rag.evaluation.matching import bare, stated
from cnaps_rag.fusion import Scores
from cnaps_rag.generation.extractive import BUDGET_WORDS
from cnaps_rag.generation.quotes import quotable
from cnaps_rag.generation.selection import Candidates, Selection, Weights
from cnaps_rag.index import PromptIndex
from cnaps_rag.listing import Role
from cnaps_rag.pipeline import open_index, prompt_files
from cnaps_rag.records import Hit, ScoreKind, distinct
from cnaps_rag.sentences import split_sentences
from cnaps_rag.settings import Settings

REGULARISATION = 0.05
DEFAULTS = Weights().by_feature()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """The sentences of one recommended paper of one prompt.

    Attributes:
        case: Name of the prompt.
        pool: The sentences.
        features: Their features, by name.
        facts: Which vital nuggets each states. Shape: (n_sentences, n_nuggets), bool.
        budget_words: How many words may be chosen.
    """

    case: str
    pool: Candidates
    features: Mapping[str, Scores]
    facts: npt.NDArray[np.bool_]
    budget_words: int


def main() -> int:
    """Run the measurements and print them.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts_dir", type=Path, metavar="PROMPTS_DIR")
    parser.add_argument("--gold", type=Path, required=True, metavar="DIR")
    parser.add_argument("--index", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    settings, embedder = Settings(index_dir=options.index), find_embedder()
    golds = read_gold_folder(options.gold)
    subjects: list[Subject] = []
    for path in prompt_files(options.prompts_dir):
        if path.stem in golds:
            index = open_index(path, settings=settings, embedder=embedder)
            subjects += subjects_of(path.stem, index, golds[path.stem])
    names = list(subjects[0].features)
    print("| weights | vital nuggets stated |\n| --- | ---: |")
    print(f"| defaults | {share(subjects, lambda _: DEFAULTS):.3f} |")
    print(f"| fitted, each prompt left out | {left_out(subjects, names):.3f} |")
    for name in names:
        kept = [other for other in names if other != name]
        print(f"| the same without `{name}` | {left_out(subjects, kept):.3f} |")
    fitted = fit(subjects, names)
    print("\nFitted on all prompts: " + ", ".join(f"{name} {weight:.2f}" for name, weight in fitted.items()))
    return 0


def subjects_of(case: str, index: PromptIndex, gold: GoldCase) -> list[Subject]:
    """Take the sentences of a prompt's recommended papers.

    Args:
        case: Name of the prompt.
        index: Its index.
        gold: Its gold.

    Returns:
        One subject for each distinct recommended paper.
    """
    question = index.prompt.question
    parts = [question[start:end] for start, end in split_sentences(question)]
    asked = index.embedder.embed([question, *parts])
    papers = distinct(paper for paper in index.papers if paper.role is Role.RECOMMENDED)
    made = []
    for paper in papers:
        passages = [passage for passage in index.passages if passage.document == paper.document]
        hits = [Hit(rank=1, score=0, score_kind=ScoreKind.LINEAR, passage=passage, paper=paper) for passage in passages]
        pool = Candidates.of(quotable(hits), index)
        made.append(
            Subject(
                case=case,
                pool=pool,
                features={str(name): feature for name, feature in pool.features(asked[0], asked[1:]).items()},
                facts=facts_of(pool, gold),
                budget_words=BUDGET_WORDS // len(papers),
            )
        )
    return made


def facts_of(pool: Candidates, gold: GoldCase) -> npt.NDArray[np.bool_]:
    """Tell which vital nuggets each sentence states.

    Args:
        pool: The sentences.
        gold: The gold.

    Returns:
        Shape: (n_sentences, n_nuggets).
    """
    texts = [[bare(one.quote)] for one in pool.evidence]
    return np.array([
        [any(stated(bare(e.quote), text) for e in nugget.evidence) for nugget in gold.vital()] for text in texts
    ])


def fit(subjects: Sequence[Subject], names: Sequence[str]) -> dict[str, float]:
    """Fit a logistic regression that tells sentences with a vital nugget from others.

    Args:
        subjects: The sentences.
        names: The features to use.

    Returns:
        A weight for each feature, in the feature's own unit.
    """
    features = np.concatenate([np.stack([one.features[name] for name in names], axis=1) for one in subjects])
    good = np.concatenate([one.facts.any(axis=1) for one in subjects])
    spread = features.std(axis=0) + 1e-9
    model = LogisticRegression(C=REGULARISATION, max_iter=3000, class_weight="balanced")
    model.fit((features - features.mean(axis=0)) / spread, good)
    return dict(zip(names, model.coef_[0] / spread, strict=True))


def left_out(subjects: Sequence[Subject], names: Sequence[str]) -> float:
    """Measure weights that were fitted on the other prompts.

    Args:
        subjects: The sentences.
        names: The features to use.

    Returns:
        Mean share of vital nuggets stated.
    """
    cases = {subject.case for subject in subjects}
    fitted = {case: fit([one for one in subjects if one.case != case], names) for case in cases}
    return share(subjects, lambda case: fitted[case])


def share(subjects: Sequence[Subject], weights_of: Callable[[str], Mapping[str, float]]) -> float:
    """Measure how many vital nuggets the chosen sentences state.

    Args:
        subjects: The sentences.
        weights_of: The weights to use for each prompt.

    Returns:
        Mean over prompts of the share of vital nuggets stated.
    """
    said: dict[str, list[npt.NDArray[np.bool_]]] = {}
    for subject in subjects:
        weights = weights_of(subject.case)
        scores = sum(
            (weights[name] * subject.features[name] for name in weights if name in subject.features), np.array(0.0)
        )
        selection, rows = Selection(subject.pool, subject.budget_words), []
        while (row := selection.take(scores)) is not None:
            rows.append(row)
        said.setdefault(subject.case, []).append(np.asarray(subject.facts[rows].any(axis=0)))
    return float(np.mean([np.any(facts, axis=0).mean() for facts in said.values()]))


if __name__ == "__main__":
    sys.exit(main())
