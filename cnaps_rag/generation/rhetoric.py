"""What a sentence of a paper does there: tells the task, a problem, how the method works, why, what came out.

The weights in `rhetoric.json` are a logistic regression on sentences of 32 papers, labelled by reading;
`scripts/fit_rhetoric.py` makes them from `scripts/rhetoric_labels.tsv`, and `docs/benchmarks.md` tells how often they
are right on papers that they were not fitted on.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

import numpy as np

from cnaps_rag.fusion import Scores
from cnaps_rag.records import SectionRole

WEIGHTS_FILE = "rhetoric.json"
TOKEN = re.compile(r"[A-Za-z]+(?:[-’'][A-Za-z]+)*|\d[\d.,]*|\[[\d,\s–-]+\]|[^\w\s]")
START, END, NUMBER, NAME, REFERENCE = "^", "$", "0", "NAME", "[0]"
LONGEST_PHRASE = 3
LONG_ENOUGH_WORDS = 40
"""A sentence longer than this has all that a sentence needs."""
SHORT_WORDS = 12
EIGHTHS = 8
HEADING_WORDS = (
    *("ablation", "architecture", "conclusion", "dataset", "discussion", "evaluation", "experiment", "formulation"),
    *("implementation", "limitation", "loss", "module", "motivation", "network", "notation", "overview", "related"),
    *("result", "train"),
)


class RhetoricalRole(StrEnum):
    """What a sentence does.

    Attributes:
        TASK: Says what is to be solved.
        PROBLEM: Says why that is hard, or what goes wrong without the paper's idea.
        INPUT: Says what goes into the paper's own method.
        METHOD: Says how the method works.
        WHY: Gives a reason why it works, or is made so.
        OUTPUT: Says what the method gives, or lets one do.
        TRAINING: Says how it is trained: losses, data, schedules.
        RESULT: Tells measurements, comparisons and how they were made.
        LIMIT: Tells what the method cannot do.
        RELATED: Speaks of other people's work as such.
        FILLER: Tells the paper's structure or notation, points somewhere, or says nothing.
    """

    TASK = "task"
    PROBLEM = "problem"
    INPUT = "input"
    METHOD = "method"
    WHY = "why"
    OUTPUT = "output"
    TRAINING = "training"
    RESULT = "result"
    LIMIT = "limit"
    RELATED = "related"
    FILLER = "filler"


ROLES = tuple(RhetoricalRole)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedSentence:
    """A sentence, and where it stands in its paper.

    Attributes:
        text: The sentence.
        section: Heading of its section, if any.
        section_role: What kind of section that is.
        position: How far into the paper it stands, 0 to 1.
    """

    text: str
    section: str | None
    section_role: SectionRole
    position: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RhetoricModel:
    """A multinomial logistic regression over phrases and places.

    Attributes:
        intercepts: One for each of `ROLES`. Shape: (n_roles,).
        weights: For each feature one for each of `ROLES`. Shape of each: (n_roles,).
    """

    intercepts: Scores
    weights: Mapping[str, Scores]

    def probabilities(self, sentences: Sequence[PlacedSentence]) -> Scores:
        """Tell how likely each sentence does what.

        Args:
            sentences: The sentences.

        Returns:
            One row for each sentence, its sum 1; columns as `ROLES`. Shape: (n_sentences, n_roles).
        """
        scores = np.tile(self.intercepts, (len(sentences), 1))
        for row, sentence in enumerate(sentences):
            for name, value in features(sentence).items():
                if name in self.weights:
                    scores[row] += value * self.weights[name]
        likely = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(likely / likely.sum(axis=1, keepdims=True), dtype=np.float64)


@lru_cache(maxsize=1)
def load_model() -> RhetoricModel:
    """Read the weights that come with the library."""
    stored = json.loads(files(__package__).joinpath(WEIGHTS_FILE).read_text(encoding="utf-8"))
    columns = [stored["roles"].index(role.value) for role in ROLES]
    weights = {name: np.array(row, dtype=np.float64)[columns] for name, row in stored["weights"].items()}
    return RhetoricModel(intercepts=np.array(stored["intercepts"], dtype=np.float64)[columns], weights=weights)


def share(probabilities: Scores, roles: Iterable[RhetoricalRole]) -> Scores:
    """Add up how likely sentences do one of several things.

    Args:
        probabilities: As `RhetoricModel.probabilities` gives them. Shape: (n_sentences, n_roles).
        roles: What they may do.

    Returns:
        0 to 1. Shape: (n_sentences,).
    """
    return np.asarray(probabilities[:, [ROLES.index(role) for role in roles]].sum(axis=1), dtype=np.float64)


def features(sentence: PlacedSentence) -> dict[str, float]:
    """Describe a sentence by its phrases of up to three words and by where it stands.

    Numbers, names and references are told as such, not which; `^` and `$` stand for the sentence's ends.

    Args:
        sentence: The sentence.

    Returns:
        What is not named is 0.
    """
    words = len(sentence.text.split())
    length = min(words / LONG_ENOUGH_WORDS, 1.5)
    heading = (sentence.section or "").lower()
    described = dict.fromkeys(phrases(sentence.text), 1.0)
    described |= {f"in heading: {word}": 1.0 for word in HEADING_WORDS if word in heading}
    described |= {
        f"section: {sentence.section_role.value}": 1.0,
        f"eighth: {int(sentence.position * EIGHTHS)}": 1.0,
        "position": sentence.position,
        "length": length,
        "length squared": length**2,
        "short": float(words < SHORT_WORDS),
    }
    return described


def phrases(text: str) -> set[str]:
    """List the phrases of up to three tokens of a sentence."""
    tokens = [START, *(_plain(token, first=not place) for place, token in enumerate(TOKEN.findall(text))), END]
    runs = range(1, LONGEST_PHRASE + 1)
    found = {" ".join(tokens[at : at + size]) for size in runs for at in range(len(tokens) - size + 1)}
    return found - {START, END}


def _plain(token: str, *, first: bool) -> str:
    if token[0] == "[" and len(token) > 1:
        return REFERENCE
    if token[0].isdigit():
        return NUMBER
    capitals = sum(letter.isupper() for letter in token)
    return NAME if capitals > 1 or (capitals and not first and token[0].isupper()) else token.lower()
