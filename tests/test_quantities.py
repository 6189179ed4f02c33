"""This file ensures that numbers are the same however they are written, and different when they are different."""

from decimal import Decimal

import pytest

from cnaps_rag.quantities import missing, quantities


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("70,000 portraits", "70000", None),
        ("118k images", "118000", None),
        ("seventy thousand portraits", "70000", None),
        ("twenty-one layers", "21", None),
        ("×30 larger", "30", "×"),
        ("x4 larger", "4", "×"),
        ("30 times larger", "30", "×"),
        ("forty times quicker", "40", "×"),
        ("fourfold", "4", "×"),
        ("a gain of 1.19 dB", "1.19", "dB"),
        ("modifies rule 13 s.t. it holds", "13", None),
        ("0.1s a picture", "0.1", "s"),
        ("5.3 percent", "5.3", "%"),
        ("a tenth of it", "0.1", None),
        ("a rate of 2.5×10−5", "0.000025", None),
        ("a weight of 1e-4", "0.0001", None),
        ("10⁴ steps", "10000", None),
        ("10⁻⁴ of it", "0.0001", None),
        ("3 × 10^{5} steps", "300000", None),
        ("a weight of 10^-4", "0.0001", None),
        ("2.5·10^+2 steps", "250", None),
        ("1e6 steps", "1000000", None),
    ],
)
def test_a_number(text: str, value: str, unit: str | None) -> None:
    """A number has one value and one spelling of its unit, in figures and in words."""
    [found] = quantities(text)
    assert (found.value, found.unit) == (Decimal(value), unit)


@pytest.mark.parametrize("text", ["ResNet50 and VGG16", "EfficientNet-B5", "a 2-D map", "2D codes", "none at all"])
def test_digits_of_names(text: str) -> None:
    """Digits that belong to a name are no number."""
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("It has 70,000 portraits.", "It consists of 70, 000 images [3]."),
        ("It has seventy thousand portraits.", "It consists of 70,000 images."),
        ("It is 2000 times faster.", "It is faster (×2000)."),
        ("It enlarges ×30.", "even ⇥30 larger"),
        ("It takes five steps.", "We perform 5 updates."),
        ("A tenth of the data suffices.", "only 10% of COCO"),
        ("From 16×64 to 32×128.", "resized to 16 × 64 and 32 × 128"),
        ("The rate is 0.0001.", "a rate of 10−4"),
        ("It enlarges fourfold.", "by a factor s = 4"),
        ("From 10-15 frames.", "for 10-15 frames"),
        ("It falls from ×2 to ×30.", "Method ×2 ×3 ×4 ×30"),
        ("From 512x512 pixels.", "on 512 × 512 pixels"),
        ("It takes 10^4 steps.", "for 10,000 steps"),
        ("It takes 10,000 steps.", "for 10⁴ steps"),
        ("It takes 10^4 steps.", "for 104 steps, where the PDF has lost what is raised"),
        ("It takes 3 × 10^4 steps.", "for 3 × 104 steps"),
        ("The rate is 10^-4.", "a rate of 10−4"),
        ("Two branches share weights.", "a pair of branches, and three branches more"),
        ("One branch sees colour.", "It has three branches."),
        ("The first two branches see colour.", "It has three branches."),
        ("Two of the branches see colour.", "It has three branches."),
        ("The two networks are trained.", "PGE-Net has three layers, FBI-Net 5 layers."),
        ("Two networks are trained.", "PGE-Net and then FBI-Net are trained."),
    ],
)
def test_a_number_that_is_there(text: str, source: str) -> None:
    """A number stands in the source in any of its forms."""
    assert missing(text, source) == []


@pytest.mark.parametrize(
    ("text", "source", "words"),
    [
        ("It has 70,001 portraits.", "It consists of 70,000 images.", ["70,001"]),
        ("It takes 12 steps.", "as in [12], see Figure 12, Table 12 and Eq. (12)", ["12"]),
        ("It gains 3 dB.", "It takes 3 ms.", ["3 dB"]),
        ("It gains 5 %.", "It is 5 times faster.", ["5 %"]),
        ("It takes seven steps.", "It takes 5 steps.", ["seven"]),
        ("It sums to ten.", "It sums to 1 with a margin of 10−3.", ["ten"]),
        ("It takes five steps.", "at a rate of 2.5×10−5", ["five"]),
        ("It takes four frames.", "enlarged ×4", ["four"]),
        ("It takes seven frames.", "a window of 7 × 7", ["seven"]),
        ("It takes 10^5 steps.", "for 10⁴ steps", ["10^5"]),
        ("It takes 10^4 steps.", "for 103 steps", ["10^4"]),
        ("It takes 104 steps.", "for 10⁴ steps", ["104"]),
        ("The rate is 10^4.", "a rate of 10−4", ["10^4"]),
        ("It takes 3 × 10^4 steps.", "for 5 × 104 steps", ["3 × 10^4"]),
        ("It has two branches.", "It has three parallel branches.", ["two branches"]),
        ("It has two branches.", "It has 4 branches, see Figure 2.", ["two branches"]),
        ("It takes 3 steps.", "where x is a map (3)", ["3"]),
        ("It takes 3 steps.", "the set “Reeds”3 is new", ["3"]),
    ],
)
def test_a_number_that_is_not_there(text: str, source: str, words: list[str]) -> None:
    """A number is missing where its value, or its value with that unit, is nowhere in the source."""
    assert missing(text, source) == words
