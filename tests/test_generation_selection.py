"""This file ensures that the sentences of an answer can stand alone, fit, and are not said twice."""

import numpy as np
import pytest

from cnaps_rag.generation.aspects import ASPECTS, TASK
from cnaps_rag.generation.selection import SECTION_WEIGHTS, Candidates, Selection, Weights, quotable
from cnaps_rag.listing import ListedPaper, Role
from cnaps_rag.records import Hit, IndexedPaper, Origin, PaperStatus, Passage, PassageKind, ScoreKind, SectionRole, Span
from cnaps_rag.sentences import split_sentences
from cnaps_rag.testing import HashingEmbedder

PAPER = IndexedPaper(
    role=Role.RECOMMENDED,
    listed=ListedPaper(name="Lantern", url="https://arxiv.org/pdf/2012.09161"),
    key="arxiv-2012.09161",
    status=PaperStatus.OK,
    origin=Origin.CORPUS,
    document="d" * 64,
    title="Lantern",
)


def hit(
    text: str, *, role: SectionRole = SectionRole.METHOD, kind: PassageKind = PassageKind.PROSE, cut: int = 0
) -> Hit:
    spans = [Span(page_number=1, start=0, end=len(text))]
    if cut:
        spans = [
            Span(page_number=1, start=0, end=cut),
            Span(page_number=2, start=0, end=len(text) - cut, offset=cut),
        ]
    passage = Passage(
        document="d" * 64,
        text=text,
        kind=kind,
        section="3. Method",
        section_role=role,
        spans=tuple(spans),
        sentences=split_sentences(text),
    )
    return Hit(rank=1, score=1.0, score_kind=ScoreKind.LINEAR, passage=passage, paper=PAPER)


def pool_of(*texts: str) -> Candidates:
    sentences = quotable(hit(text) for text in texts)
    vectors = HashingEmbedder().embed([one.quote for one in sentences])
    return Candidates(sentences, vectors, np.arange(len(sentences)) / max(len(sentences), 1))


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        (
            "However, the network needs only a single blurry photo as input.",
            "the network needs only a single blurry photo as input.",
        ),
        (
            "Note that the network needs only a single blurry photo as input.",
            "the network needs only a single blurry photo as input.",
        ),
        (
            "Instead of a grid, the network keeps a continuous picture of the scene.",
            "Instead of a grid, the network keeps a continuous picture of the scene.",
        ),
        (
            "In addition to photos, the network takes the size of each pixel.",
            "In addition to photos, the network takes the size of each pixel.",
        ),
        (
            "First we train the encoder on small crops of large photos.",
            "First we train the encoder on small crops of large photos.",
        ),
    ],
)
def test_a_leading_connective_is_left_out(sentence: str, quote: str) -> None:
    """Only a connective that a comma sets off is left out; a word that the sentence needs stays."""
    assert [evidence.quote for evidence in quotable([hit(sentence)])] == [quote]


@pytest.mark.parametrize(
    "sentence",
    [
        "Too short to say much.",
        "where the loss is computed between the two pictures as a whole.",
        "The loss L = |x − y| + λ · Σ w ∈ W over all z ∗ in Z is small.",
        "Does the network need more than a single blurry photo as input?",
        " ".join(["The network", *["sees"] * 60, "it."]),
    ],
)
def test_what_reads_badly_alone_is_not_quotable(sentence: str) -> None:
    """Fragments, formulas, questions and endless sentences are no quotes."""
    assert quotable([hit(sentence)]) == []


def test_only_prose_within_one_stretch_is_quotable() -> None:
    """A caption is no claim, and a sentence that runs over a page's end is no verbatim quote."""
    sentence = "The network needs only a single blurry photo as input."
    assert quotable([hit(sentence, kind=PassageKind.CAPTION)]) == []
    assert quotable([hit(sentence, cut=20)]) == []
    assert len(quotable([hit(sentence)])) == 1


def test_a_sentence_is_taken_once() -> None:
    """The same words in two passages are one candidate."""
    sentence = "The network needs only a single blurry photo as input."
    assert len(quotable([hit(sentence), hit(f"{sentence} The output is the sharp photo of the same scene.")])) == 2


def test_every_feature_has_a_weight() -> None:
    """Salience is the weighted sum of named features, each of the shape (n_sentences,)."""
    pool = pool_of(
        "The network needs only a single blurry photo as input.",
        "We propose a small decoder that sharpens blurry photos.",
    )
    asked = HashingEmbedder().embed(["How does it sharpen photos?"])
    features = pool.features(asked[0], asked)
    weights = {name: getattr(Weights(), name, None) for name in features}
    assert all(weights[name] is not None or name in {str(role) for role in SECTION_WEIGHTS} for name in features)
    assert {feature.shape for feature in features.values()} == {(2,)}
    assert pool.salience(asked[0], asked).shape == (2,)


def test_affinity_prefers_the_aspects_own_words() -> None:
    """A sentence that announces the task is nearer to the task than one that does not."""
    pool = pool_of(
        "Our batches hold sixteen crops of the training photos each.",
        "We tackle the problem of removing blur; the goal is to recover a sharp photo.",
    )
    query = HashingEmbedder().embed([TASK.query])[0]
    affinity = pool.affinity(TASK, query)
    assert affinity[1] > affinity[0]
    assert len({aspect.name for aspect in ASPECTS}) == len(ASPECTS)


def test_selection_takes_the_best_that_fits_and_avoids_repetition() -> None:
    """The best sentence comes first, its near copy last, and the words never exceed the budget."""
    pool = pool_of(
        "The network needs only a single blurry photo as its input.",
        "The network needs only a single blurry photo as an input.",
        "Sixteen crops are drawn at random from every picture we own.",
    )
    scores = np.array([1.0, 0.9, 0.5])
    selection = Selection(pool, budget_words=100, weights=Weights(repetition=-1.0))
    assert [selection.take(scores) for _ in range(4)] == [0, 2, 1, None]
    short = Selection(pool, budget_words=12)
    assert [short.take(scores) for _ in range(2)] == [0, None]
