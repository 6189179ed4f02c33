"""This file ensures that abbreviations get the words that a text gives them, and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.abbreviations import definitions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We use a Local Implicit Lantern Function (LILF) here.", ["Local Implicit Lantern Function (LILF)"]),
        ("It is the lantern network (LaNet) of old.", ["lantern network (LaNet)"]),
        ("A Sharp-Photo Restorer (SPR), and a tree voting scheme (TVS).", [
            "Sharp-Photo Restorer (SPR)",
            "tree voting scheme (TVS)",
        ]),
        ("The results (see) are good (PSNR).", []),
        ("We tested it on others (XYZ).", []),
        ("On ships (SAR) and radar (SR) tiles.", []),
        ("Peak Signal-to-Noise Ratio of Lanterns (PSNRL) is told.", ["Peak Signal-to-Noise Ratio of Lanterns (PSNRL)"]),
        ("A coder of all vases (VaeCoder) and a variational autoencoder (VAE).", ["variational autoencoder (VAE)"]),
        ("We learn Poisson-Gaussian noise with a separate network (PGE-Net).", []),
        ("(LILF) is first.", []),
    ],
)  # fmt: skip
def test_definitions(text: str, found: list[str]) -> None:
    """Words whose letters make up the abbreviation are its meaning; where they do not, it has none."""
    assert [text[one.start : one.end] for one in definitions(text)] == found


@given(st.text(alphabet="abAB ()-1", max_size=60))
def test_any_text(text: str) -> None:
    """Whatever the text, a definition lies within it, begins a word and ends with its abbreviation."""
    for one in definitions(text):
        assert text[one.start : one.end].endswith(f"({one.short})")
        assert one.start == 0 or not text[one.start - 1].isalnum()
