"""What sentences do, told from their phrases and place; the weights and the labels they were fitted on."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cnaps_rag.generation.rhetoric import (
    ROLES,
    PlacedSentence,
    RhetoricalRole,
    features,
    load_model,
    phrases,
    share,
)
from cnaps_rag.records import SectionRole
from scripts import fit_rhetoric

SCRIPTS = Path(__file__).parents[1] / "scripts"
SHARED = Path(__file__).parents[2] / "shared"


def placed(text: str, role: SectionRole = SectionRole.METHOD, heading: str = "3. Method") -> PlacedSentence:
    """Put a sentence into the middle of a paper."""
    return PlacedSentence(text=text, section=heading, section_role=role, position=0.4)


def test_phrases_name_no_names() -> None:
    """Numbers, names and references are told as such; a capital at the sentence's start is none of a name."""
    found = phrases("Adding LanternNet [3, 4] to Berlin takes 2.5 hours.")
    assert {"^ adding NAME", "NAME [0] to", "takes 0 hours", ". $"} <= found
    assert not found & {"^", "$", "lanternnet", "berlin"}


def test_features_tell_the_place() -> None:
    """Section, heading, position and length are features; what is not named is 0."""
    found = features(placed("The loss is small.", heading="3.2. Training loss"))
    assert found["section: method"] == found["eighth: 3"] == found["short"] == 1.0
    assert found["in heading: loss"] == found["in heading: train"] == 1.0
    assert "in heading: result" not in found
    assert found["position"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("text", "role", "told"),
    [
        ("The rest of the paper is organized as follows.", SectionRole.INTRODUCTION, RhetoricalRole.FILLER),
        ("Smith et al. [3] proposed to learn lanterns from moths.", SectionRole.RELATED_WORK, RhetoricalRole.RELATED),
        ("The encoder is followed by two lantern blocks.", SectionRole.METHOD, RhetoricalRole.METHOD),
        ("We train the network with the Adam optimizer for 40 epochs.", SectionRole.METHOD, RhetoricalRole.TRAINING),
        ("Ours outperforms LanternNet by 2.1 dB on the MOTH dataset.", SectionRole.EXPERIMENTS, RhetoricalRole.RESULT),
    ],
)
def test_plain_sentences_are_told(text: str, role: SectionRole, told: RhetoricalRole) -> None:
    """Sentences that leave no doubt to a reader leave none here."""
    likely = load_model().probabilities([placed(text, role, "")])
    assert ROLES[likely[0].argmax()] is told


def test_probabilities_add_up() -> None:
    """Each row sums to one, shares are sums of its columns, and nothing asked is nothing told."""
    likely = load_model().probabilities([placed("A lantern."), placed("It is dark, because lanterns are rare.")])
    assert likely.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert share(likely, ROLES) == pytest.approx([1.0, 1.0])
    assert share(likely, ()) == pytest.approx([0.0, 0.0])
    assert load_model().probabilities([]).shape == (0, len(ROLES))


def test_no_feature_is_a_papers_own() -> None:
    """The weights hold short phrases of several papers, finite numbers, and each role once."""
    model = load_model()
    assert model.intercepts.shape == (len(ROLES),)
    assert all(np.isfinite(row).all() and row.shape == (len(ROLES),) for row in model.weights.values())
    assert max(len(name.split()) for name in model.weights) <= 4


def test_labels_are_well_formed() -> None:
    """Each label names a sentence once, by a hash, and says what it does."""
    with (SCRIPTS / "rhetoric_labels.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert Counter(row["sentence"] for row in rows).most_common(1)[0][1] == 1
    assert {row["role"] for row in rows} == {role.value for role in RhetoricalRole}
    assert {row["alone"] for row in rows} == {"0", "1"}
    assert {row["worth"] for row in rows} == {"0", "1", "2"}


def test_labels_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fit finds the labelled sentences of a real paper, and its model is written as the library reads it."""
    paper = SHARED / "papers" / "2010.11929.pdf"
    if not paper.exists():
        pytest.skip("needs a real paper in ../shared/papers")
    (tmp_path / paper.name).symlink_to(paper)
    (tmp_path / "none.json").write_text("[]")
    examples = list(fit_rhetoric.labelled(tmp_path, tmp_path / "none.json"))
    assert len(examples) > 100
    monkeypatch.setattr(fit_rhetoric, "LEAST_PAPERS", 1)
    stored = json.loads(fit_rhetoric.written(fit_rhetoric.fit(examples)))
    assert len(stored["intercepts"]) == len(stored["roles"]) == len(ROLES)
