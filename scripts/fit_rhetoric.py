"""Fit the model that tells what a sentence of a paper does, from labelled sentences.

    python -m scripts.fit_rhetoric PAPERS_DIR --qasper FILE [--write] [--without PDF ...]

The labels (scripts/rhetoric_labels.tsv) hold no text of any paper: a sentence is named by a hash of its letters and
digits and found again in the PDFs of PAPERS_DIR and in the full texts of QASPER. Prints how often the model is right on
papers left out of its fit, one after the other; `--write` replaces the weights that come with the library by those
fitted on all papers but the ones named after `--without`.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from cnaps_rag.evaluation.matching import bare
from cnaps_rag.generation import rhetoric
from cnaps_rag.generation.aspects import ASPECTS
from cnaps_rag.generation.quotes import trimmed
from cnaps_rag.generation.rhetoric import ROLES, PlacedSentence, RhetoricalRole, RhetoricModel
from cnaps_rag.generation.selection import BESIDE
from cnaps_rag.pdf import read_document
from cnaps_rag.pipeline import chunker_of
from cnaps_rag.records import Document, PassageKind
from cnaps_rag.settings import Settings
from scripts.bench_retrieval import qasper_document

LABELS = Path(__file__).with_name("rhetoric_labels.tsv")
WEIGHTS = Path(rhetoric.__file__).with_name(rhetoric.WEIGHTS_FILE)
HASH_DIGITS = 16
REGULARISATION = 0.1
LEAST_SENTENCES, LEAST_PAPERS = 10, 4
"""A feature counts when so many sentences of so many papers have it; so none tells what a single paper says."""
DECIMALS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A labelled sentence.

    Attributes:
        paper: Name of the PDF, or QASPER's identifier.
        sentence: The sentence.
        features: As `rhetoric.features` gives them.
        role: What it does, as labelled.
        worth: Whether the labeller would quote it in an answer: 0 no, 1 perhaps, 2 yes.
    """

    paper: str
    sentence: PlacedSentence
    features: Mapping[str, float]
    role: RhetoricalRole
    worth: int


def main() -> int:
    """Fit, and print what came out.

    Returns:
        The exit code.
    """
    parser = parser_of(__doc__)
    parser.add_argument("--write", action="store_true", help="replace the library's weights")
    parser.add_argument("--without", nargs="*", default=[], metavar="PDF", help="papers that --write leaves out")
    options = parser.parse_args()
    examples = list(labelled(options.papers_dir, options.qasper))
    papers = sorted({example.paper for example in examples})
    print(f"{len(examples)} labelled sentences of {len(papers)} papers")
    if options.write:
        WEIGHTS.write_text(written(fit([one for one in examples if one.paper not in options.without])))
        print(f"Written: {WEIGHTS}")
    else:
        for line in report(examples, papers):
            print(line)
    return 0


def labelled(papers_dir: Path, qasper: Path) -> Iterator[Example]:
    """Find the labelled sentences in their papers."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        labels = {row["sentence"]: row for row in csv.DictReader(file, delimiter="\t")}
    chunker = chunker_of(Settings())
    for paper, document in documents(papers_dir, qasper):
        passages = chunker.passages(document)
        for row, passage in enumerate(passages):
            for start, end in passage.sentences if passage.kind is PassageKind.PROSE else ():
                first, last = trimmed(passage.text, start, end)
                text = passage.text[first:last]
                label = labels.pop(hashed(text), None)
                if label is not None:
                    sentence = PlacedSentence(
                        text=text,
                        section=passage.section,
                        section_role=passage.section_role,
                        position=row / len(passages),
                    )
                    yield Example(
                        paper=paper,
                        sentence=sentence,
                        features=rhetoric.features(sentence),
                        role=RhetoricalRole(label["role"]),
                        worth=int(label["worth"]),
                    )
    if labels:
        print(f"{len(labels)} labelled sentences were not found in these papers.", file=sys.stderr)


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """Begin the command line of a script that learns from papers.

    Args:
        description: What the script does.

    Returns:
        A parser that takes what `documents` takes.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("papers_dir", type=Path, metavar="PAPERS_DIR")
    parser.add_argument("--qasper", type=Path, required=True, metavar="FILE")
    return parser


def documents(papers_dir: Path, qasper: Path) -> Iterator[tuple[str, Document]]:
    """Read the papers."""
    for path in sorted(papers_dir.glob("*.pdf")):
        yield path.name, read_document(path)
    for paper in json.loads(qasper.read_text(encoding="utf-8")):
        yield paper["id"], qasper_document(paper)


def hashed(text: str) -> str:
    """Name a sentence by its letters and digits."""
    return hashlib.sha256(bare(text).encode()).hexdigest()[:HASH_DIGITS]


def fit(examples: Sequence[Example]) -> RhetoricModel:
    """Fit the model.

    Args:
        examples: The sentences to learn from.

    Returns:
        The model.
    """
    kept = common(examples)
    vectorizer = DictVectorizer()
    table = vectorizer.fit_transform([
        {name: one.features[name] for name in kept & one.features.keys()} for one in examples
    ])
    regression = LogisticRegression(C=REGULARISATION, max_iter=1000)
    regression.fit(table, [one.role.value for one in examples])
    order = [list(regression.classes_).index(role.value) for role in ROLES]
    weights = regression.coef_[order].round(DECIMALS).T
    names = vectorizer.get_feature_names_out().tolist()
    return RhetoricModel(
        intercepts=regression.intercept_[order].round(DECIMALS), weights=dict(zip(names, weights, strict=True))
    )


def common(examples: Sequence[Example]) -> set[str]:
    """Find the features that sentences of several papers have."""
    counts: Counter[str] = Counter()
    papers: defaultdict[str, set[str]] = defaultdict(set)
    for one in examples:
        counts.update(one.features.keys())
        for name in one.features:
            papers[name].add(one.paper)
    return {name for name in counts if counts[name] >= LEAST_SENTENCES and len(papers[name]) >= LEAST_PAPERS}


def written(model: RhetoricModel) -> str:
    """Write a model as the library reads it: a line for each feature."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(list(row))}" for name, row in sorted(model.weights.items()))
    head = f'"roles": {json.dumps([role.value for role in ROLES])},\n"intercepts": {json.dumps(list(model.intercepts))}'
    return f'{{\n{head},\n"weights": {{\n{lines}\n}}\n}}\n'


def report(examples: Sequence[Example], papers: Collection[str]) -> Iterator[str]:
    """Say how often the model is right on papers that it was not fitted on."""
    truth, likely = [], []
    for paper in papers:
        left = [one for one in examples if one.paper == paper]
        model = fit([one for one in examples if one.paper != paper])
        truth += left
        likely.append(model.probabilities([one.sentence for one in left]))
    found = np.concatenate(likely)
    roles = [ROLES[column] for column in found.argmax(axis=1)]
    commonest = Counter(one.role for one in examples).most_common(1)[0][1] / len(examples)
    yield "\n| papers left out of the fit | right | always the commonest |\n| --- | ---: | ---: |"
    right = fmean(one.role is role for one, role in zip(truth, roles, strict=True))
    yield f"| which of {len(ROLES)} roles, all sentences | {right:.3f} | {commonest:.3f} |"
    steps = {role: aspect.name for aspect in ASPECTS for role in aspect.roles}
    quoted = [row for row, one in enumerate(truth) if one.worth and one.role in steps]
    shares = np.stack([rhetoric.share(found[quoted], aspect.roles) for aspect in ASPECTS], axis=1)
    told = [ASPECTS[column].name for column in shares.argmax(axis=1)]
    wanted = [steps[truth[row].role] for row in quoted]
    commonest = Counter(wanted).most_common(1)[0][1] / len(wanted)
    right = fmean(one == other for one, other in zip(told, wanted, strict=True))
    yield f"| which step of an answer, {len(wanted)} sentences worth a quote | {right:.3f} | {commonest:.3f} |"
    beside = [one.role in BESIDE for one in truth]
    guessed = rhetoric.share(found, BESIDE) > 1 / 2
    right = fmean(one == bool(other) for one, other in zip(beside, guessed, strict=True))
    commonest = max(fmean(beside), 1 - fmean(beside))
    yield f"| other people's work or filler, all sentences | {right:.3f} | {commonest:.3f} |"
    yield "\n| role | sentences | found | right where told |\n| --- | ---: | ---: | ---: |"
    for role in ROLES:
        rows = [one.role is role for one in truth]
        hits = sum(one and other is role for one, other in zip(rows, roles, strict=True))
        yield f"| {role} | {sum(rows)} | {hits / sum(rows):.2f} | {hits / max(1, roles.count(role)):.2f} |"


if __name__ == "__main__":
    sys.exit(main())
