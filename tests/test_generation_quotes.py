"""This file ensures that only sentences that can stand alone are quoted, without what they begin with or point to."""

import pytest

from cnaps_rag.generation.quotes import quotable
from cnaps_rag.records import PassageKind
from tests.sample_hits import hit


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
        (
            "As shown in Fig. 2, the network needs only a single blurry photo as input.",
            "the network needs only a single blurry photo as input.",
        ),
        (
            "In this paper, we restore a sharp photo from a single blurry one.",
            "we restore a sharp photo from a single blurry one.",
        ),
        (
            "Inference Given a blurry photo, the network makes a sharp one of the same size.",
            "Given a blurry photo, the network makes a sharp one of the same size.",
        ),
        (
            "However, as we show, the network needs only a single blurry photo as input.",
            "the network needs only a single blurry photo as input.",
        ),
        (
            "Observation 2 – The network needs only a single blurry photo as input.",
            "The network needs only a single blurry photo as input.",
        ),
        (
            "Notice that a single blurry photo is all that the network needs.",
            "a single blurry photo is all that the network needs.",
        ),
        (
            "Training loss: The network is trained on pairs of blurry and sharp photos.",
            "The network is trained on pairs of blurry and sharp photos.",
        ),
    ],
)
def test_a_leading_connective_is_left_out(sentence: str, quote: str) -> None:
    """A connective or a heading that is set off is left out; a word that the sentence needs stays."""
    assert [evidence.quote for evidence in quotable([hit(sentence)])] == [quote]


@pytest.mark.parametrize(
    "sentence",
    [
        "Too short to say much.",
        "where the loss is computed between the two pictures as a whole.",
        "The loss L = |x − y| + λ · Σ w ∈ W over all z ∗ in Z is small.",
        "Does the network need more than a single blurry photo as input?",
        "Fig. 2 shows an overview of the network and of all of its modules.",
        "In this task, the network takes a single blurry photo as its input.",
        "While these networks restore sharp photos, blurry ones remain hard for them.",
        "Each of them restores a sharp photo from a single blurry one.",
        "We follow the idea of [7] and restore a sharp photo from a blurry one.",
        "The network restores the pixels xhr,shr of a sharp photo from a blurry one.",
        "The pair of photos and maps (I i L and the map of its parts) goes into the network.",
        "The encoder maps a photo to a code. z also needs to be stored beside the photo.",
        "The network turns a sequence of s tokens of dimension d into a sharp photo.",
        "The meaning of fcell(z, [x, c]) is what the value of a sharp photo should be.",
        "M outputs a sharp photo of the same size as the blurry one.",
        "The underlying reason is that blurry photos hold less than sharp ones do.",
        "The network needs no large batches of blurry photos (unlike [8, 15]) to be trained.",
        "As was found by (Lamp & Wick, 2016), wider networks sharpen more of the photos.",
        "The main idea is that the ratio dl tells how much of the photo is needed.",
        "The network sharpens the photo, and its weights θ are learned from pairs of photos.",
        "For the teacher network T , the photo is sharpened in almost the same way.",
        "The LM KD R loss is added to the one with which the network was trained.",
        "To tackle them, the network takes a single blurry photo as its input.",
        "To tackle the above limitation, the network takes a single blurry photo as its input.",
        "Since each of the three layers has to be lit separately, the network is slow to sharpen.",
        "Although at the first glance it shares some parts with the lantern, the network is new.",
        "We show that it is in fact able to sharpen all of the blurry photos.",
        "Large photos, on the other hand, are sharpened by the network in two steps.",
        " ".join(["The network", *["sees"] * 60, "it."]),
    ],
)
def test_what_reads_badly_alone_is_not_quotable(sentence: str) -> None:
    """Fragments, formulas, questions, endless sentences and what points back or lacks a word are no quotes."""
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


@pytest.mark.parametrize(
    "pointer",
    [", as shown in Fig. 3", " (see Figure 3)", " as can be seen in Table 2", " (Sec. 4)", " (Fig. 2(a)-(c))"],
)
def test_a_trailing_pointer_is_left_out(pointer: str) -> None:
    """A sentence that ends by pointing to a figure is quoted without that, and what it cites ends there too."""
    text = f"The network needs only a single blurry photo as input{pointer}."
    [evidence] = quotable([hit(text)])
    assert evidence.quote == "The network needs only a single blurry photo as input"
