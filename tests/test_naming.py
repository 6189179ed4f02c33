"""This file ensures that names are told from words, and found again in their other spellings."""

import pytest

from cnaps_rag.naming import missing, names, stands_in, told_by_form


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The U-Net has a decoder.", ["U-Net"]),
        ("BasicVSR beats EDVR on REDS4.", ["BasicVSR", "EDVR", "REDS4"]),
        ("It uses the Gram matrix.", ["Gram"]),
        ("Sharpening is hard. Blur is easy.", []),
        ("I think a 3x3 kernel with 64-channel maps at 1.2 dB is fine.", []),
        ("An EfficientNet-B5 encodes it.", ["EfficientNet-B5"]),
    ],
)
def test_names(text: str, found: list[str]) -> None:
    """A name is told by its form, or by a capital within a sentence."""
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("It beats MetaSR.", "compared with Meta-SR"),
        ("It beats MetaSR.", "compared with Meta SR"),
        ("It stacks several CNNs.", "a CNN"),
        ("It trains a VAE.", "we train a Variational AutoEncoder"),
        ("It has U-Net-like parts.", "following U-Net"),
        ("It joins RDN-LIIF.", "RDN and LIIF"),
    ],
)
def test_a_name_in_another_spelling(text: str, source: str) -> None:
    """Hyphens, case, plurals and spelled-out acronyms do not matter."""
    assert missing(text, source) == []


def test_a_name_that_is_not_there() -> None:
    """A name is missing where the source has it in no spelling, also where it is part of another name there."""
    assert missing("It beats MetaSR and SR.", "compared with BasicVSR") == ["MetaSR", "SR"]


def test_the_own_name_of_a_paper() -> None:
    """A paper's own name needs not stand in each of its passages."""
    assert missing("LIIF is fast.", "our method is fast", ["Learning with LIIF"]) == []


def test_stands_in() -> None:
    """A name stands in a source in any of its forms."""
    assert stands_in("Reed-Net", "Two ReedNets are trained.")
    assert not stands_in("ReedNet", "Two reeds are trained.")


def test_told_by_form() -> None:
    """Names with capitals or digits within are told by their form, single letters and plain words are not."""
    assert told_by_form("We train ReedNet and B5 with x2 on Reeds, K times.") == ["ReedNet"]
