"""This file ensures that the sentences of an answer can stand alone, fit, and are not said twice."""

import numpy as np

from cnaps_rag.generation import extractive
from cnaps_rag.generation.aspects import ASPECTS, INPUT, TASK
from cnaps_rag.generation.quotes import quotable
from cnaps_rag.generation.selection import SECTION_WEIGHTS, Candidates, Selection, Weights
from cnaps_rag.testing import HashingEmbedder
from tests.sample_hits import hit

NEARLY_TWICE = (
    "The network needs only a single blurry photo as its input.",
    "The network needs only a single blurry photo as an input.",
    "Sixteen crops are drawn at random from every picture we own.",
)
"""The second says what the first says."""


def pool_of(*texts: str) -> Candidates:
    sentences = quotable(hit(text) for text in texts)
    vectors = HashingEmbedder().embed([one.quote for one in sentences])
    return Candidates(sentences, vectors, np.arange(len(sentences)) / max(len(sentences), 1))


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
    pool = pool_of(*NEARLY_TWICE)
    scores = np.array([1.0, 0.9, 0.5])
    selection = Selection(pool, budget_words=100, weights=Weights(repetition=-1.0))
    assert [selection.take(scores) for _ in range(4)] == [0, 2, 1, None]
    short = Selection(pool, budget_words=12)
    assert [short.take(scores) for _ in range(2)] == [0, None]


def test_what_says_the_same_comes_last() -> None:
    """A sentence that says a better one again in other words comes behind one that scores half as much."""
    pool = pool_of(*NEARLY_TWICE)
    scores = np.array([4.0, 3.9, 2.0])
    lenient = Selection(pool, budget_words=100, weights=Weights(restating=0.0))
    assert [lenient.take(scores) for _ in range(3)] == [0, 1, 2]
    strict = Selection(pool, budget_words=100)
    assert [strict.take(scores) for _ in range(3)] == [0, 2, 1]


def test_what_adds_too_little_is_left_out() -> None:
    """However many words are left, a sentence that scores less than is asked for is not taken."""
    pool = pool_of(
        "The network needs only a single blurry photo as its input.",
        "Sixteen crops are drawn at random from every picture we own.",
    )
    selection = Selection(pool, budget_words=100)
    scores = np.array([2.0, 1.0])
    assert [selection.take(scores, least=1.5) for _ in range(2)] == [0, None]
    assert selection.take(scores) == 1


def test_what_a_sentence_does_counts() -> None:
    """How the model is trained counts against a sentence, a reason for it."""
    pool = pool_of(
        "We train the network with the Adam optimizer for 40 epochs on crops of 64 photos.",
        "The lanterns share their light because a single one is too weak, so that the photos become sharper.",
    )
    asked = HashingEmbedder().embed(["How does it sharpen photos?"])
    features = pool.features(asked[0], asked)
    assert features["training"][0] > 4 * features["training"][1]
    assert features["why"][1] > 4 * features["why"][0]
    assert Weights().training < 0.0 < Weights().why


def test_a_steps_word_alone_does_not_lead_it() -> None:
    """A sentence on training or on others' work does not lead the input step for holding its word."""
    pool = pool_of(
        "The encoder takes a single blurry photo as its input and is followed by two lantern blocks.",
        "We train the network with the Adam optimizer for 40 epochs on input crops of the photos.",
        "Smith and Jones proposed to learn lanterns from the input photos of moths in earlier work.",
    )
    assert extractive._cued(pool, INPUT).tolist() == [1, 0, 0]


def test_announcements_say_little() -> None:
    """That experiments were made tells no more of a subject than that it matters."""
    pool = pool_of(
        "We conduct several experiments on photo benchmarks to verify the capabilities of the lantern.",
        "To demonstrate the effects, we compare the lantern with its unlit variant of the same size.",
        "We mainly evaluate our method on photos that were taken at night.",
        "The lantern compares each photo with its neighbours to find out what moved.",
    )
    blank = np.zeros(pool.vectors.shape[1], dtype=np.float32)
    assert pool.features(blank, blank[None])["vague"].tolist() == [1, 1, 1, 0]


def test_the_method_of_others() -> None:
    """A sentence on a method that the paper cites counts as one on other work, unless the authors use it."""
    pool = pool_of(
        "Our network is compared with BP-AIDE [6], which came before it.",
        "For each photo BP-AIDE must run a slow search for the level of noise.",
        "For each photo we run BP-AIDE and the network one after the other.",
        "For each photo Lantern runs a quick search for the level of noise.",
    )
    blank = np.zeros(pool.vectors.shape[1], dtype=np.float32)
    assert pool.features(blank, blank[None])["others"].tolist() == [0, 1, 0, 0]


def test_little_room_is_not_filled_with_whatever_fits() -> None:
    """A short sentence that scores far below the best one left is not taken for being short."""
    pool = pool_of(
        "The network restores a sharp photo from a blurry one with the help of learned light in the dark.",
        "The lantern holds a candle and some oil for the night.",
    )
    assert Selection(pool, 12).take(np.array([1.0, 0.9])) == 1
    assert Selection(pool, 12).take(np.array([5.0, 0.9])) is None
