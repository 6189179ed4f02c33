"""This file ensures that what questions are fitted on is well formed, and that the fit is of what is searched with."""

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from cnaps_rag.adaptation import read_adaptation
from cnaps_rag.embedding import MeanPoolingEmbedder
from cnaps_rag.encoding import EncodedQuestion
from cnaps_rag.fusion import MatchWeights
from cnaps_rag.pipeline import chunker_of
from cnaps_rag.retrieval import match
from cnaps_rag.settings import Settings
from cnaps_rag.torch_network import TorchNetwork
from scripts.asked_papers import MADE_UP, OF_PAPERS, AskedPaper, asked_papers, hashed, read_made_up
from scripts.bench_retrieval import index_of
from scripts.fit_questions import SIGNS, Paper, QuestionReader, fit, measured, read, save

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="module")
def asked() -> AskedPaper:
    """A made-up paper, its questions."""
    return read_made_up(min(MADE_UP.glob("*.txt")))


@pytest.fixture(scope="module")
def paper(asked: AskedPaper, embedder: MeanPoolingEmbedder) -> Paper:
    """The same, embedded."""
    return read(asked, embedder)


@pytest.mark.parametrize("path", sorted(MADE_UP.glob("*.txt")), ids=lambda path: path.stem)
def test_made_up_papers_are_well_formed(path: Path) -> None:
    """Each has a title and sections, and passages of it answer each of its questions."""
    made_up = read_made_up(path)
    passages = chunker_of(Settings()).passages(made_up.document)
    found = {hashed(passage.text[start:end]) for passage in passages for start, end in passage.sentences}
    assert made_up.document.title
    assert made_up.questions
    assert all(found & question.sentences for question in made_up.questions)


@pytest.mark.parametrize("line", ["Q lay 2 | Why?", "Q lay 1", "[2]", "loose words"])
def test_made_up_papers_that_are_not(tmp_path: Path, line: str) -> None:
    """A line of another kind, or a question on a passage that there is not, is refused with file and line."""
    path = tmp_path / "paper.txt"
    path.write_text(f"# Lanterns\n## 1. Light\n[1] Lanterns glow.\nQ lay 1 | Do they?\n{line}\n")
    with pytest.raises(ValueError, match=re.escape(f"{path}: ")) as caught:
        read_made_up(path)
    assert str(caught.value).endswith(line)


def test_questions_about_papers_are_well_formed() -> None:
    """Each question is asked of a paper once, and what answers it is named by hashes alone."""
    with OF_PAPERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert Counter((row["paper"], row["question"]) for row in rows).most_common(1)[0][1] == 1
    assert {row["kind"] for row in rows} == {"lay", "engineer", "scene"}
    assert all(re.fullmatch(r"[0-9a-f]{12}( [0-9a-f]{12})*", row["sentences"]) for row in rows)


def test_what_is_fitted_is_what_is_searched_with(
    asked: AskedPaper, paper: Paper, embedder: MeanPoolingEmbedder, network: TorchNetwork
) -> None:
    """Before it is fitted, the reader scores the passages of a paper as a search with plainly read questions does."""
    index = index_of(asked.document, embedder)
    one = paper.asked[3]
    [[plain]] = embedder.embed_spans([one.text], [[(0, len(one.text))]])
    question = EncodedQuestion(text=one.text, vector=plain.mean, tokens=plain.tokens)
    with torch.no_grad():
        [scores] = QuestionReader(network)([paper], [one]).numpy()
    weights = MatchWeights(**SIGNS, recommended=0.0)
    searched = match(index, np.arange(len(index.passages)), question, weights)
    # a search rounds the question's tokens, the fit does not
    assert scores == pytest.approx(searched, abs=0.1)
    assert np.corrcoef(scores, searched)[0, 1] > 0.999


def test_a_fit_is_read_back(paper: Paper, embedder: MeanPoolingEmbedder, network: TorchNetwork, tmp_path: Path) -> None:
    """A fit brings the answers of its own questions up, and an embedder with its file reads questions as it does."""
    before = measured(QuestionReader(network), [paper])
    reader = fit([paper], network)
    assert measured(reader, [paper])[:, -1].mean() > before[:, -1].mean()
    save(reader.adaptation(without=[paper]), tmp_path / "fitted.safetensors")
    adaptation = read_adaptation(tmp_path / "fitted.safetensors")
    fitted = MeanPoolingEmbedder(embedder.folder, name="x", adaptation=adaptation)
    assert adaptation.without == (paper.document,)
    text = paper.asked[0].text
    [read_back] = fitted.embed_questions([text])
    with torch.no_grad():
        vectors, [tokens] = reader.read([text])
    assert tokens.numpy() == pytest.approx(read_back.tokens, abs=2e-2)
    assert vectors[0].numpy() == pytest.approx(read_back.mean, abs=2e-2)
    assert float(vectors[0].numpy() @ read_back.mean) > 1 - 1e-4


def test_questions_about_papers_are_found(tmp_path: Path) -> None:
    """The passages that answer the questions about a real paper are found again in its PDF."""
    path = SHARED / "papers" / "1505.04597.pdf"
    if not path.exists():
        pytest.skip("needs a real paper in ../shared/papers")
    (tmp_path / path.name).symlink_to(path)
    (tmp_path / "none.json").write_text("[]")
    of_paper, *made_up = asked_papers(tmp_path, tmp_path / "none.json")
    passages = chunker_of(Settings()).passages(of_paper.document)
    found = {hashed(passage.text[start:end]) for passage in passages for start, end in passage.sentences}
    assert [of_paper.made_up, *{each.made_up for each in made_up}] == [False, True]
    assert len(of_paper.questions) > 100
    assert all(found & question.sentences for question in of_paper.questions)
