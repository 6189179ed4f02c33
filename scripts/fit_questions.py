"""Fit how the embedder reads questions, from questions and the passages that answer them.

    python -m scripts.fit_questions PAPERS_DIR --qasper FILE [--write | --folds DIR]

The questions (scripts/asked_papers.py) are our own, most of them in everyday words, about the PDFs of PAPERS_DIR, the
full texts of QASPER, and papers that we made up. The passages' vectors stay as they are; a low-rank change of the
network that reads the question, and how much each of its tokens counts, are fitted so that the passages that answer it
come first among those of its paper and of papers near to that.
Prints how well that does on real papers left out of the fit, a quarter of them at a time; `--folds` keeps the
adaptations of these quarters for scripts/bench_retrieval.py, `--write` replaces the one that comes with the library by
one fitted on all papers.
"""

import sys
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torch.nn.functional import log_softmax, normalize, softmax

from cnaps_rag import adaptation
from cnaps_rag.adaptation import ADAPTATION_FILE, BASE, DOWN, EMPHASIS, UP, WITHOUT, Adaptation
from cnaps_rag.embedding import PACKAGED_WEIGHTS_SHA256, MeanPoolingEmbedder, find_embedder, rows_of_span
from cnaps_rag.encoding import encode_passages
from cnaps_rag.joining import adjoins
from cnaps_rag.lexical import LexicalIndex
from cnaps_rag.pipeline import chunker_of
from cnaps_rag.retrieval import BEST_OF_PAPER
from cnaps_rag.settings import Settings
from cnaps_rag.torch_network import TorchNetwork
from scripts.asked_papers import AskedPaper, asked_papers, hashed
from scripts.fit_rhetoric import parser_of

WEIGHTS = Path(adaptation.__file__).with_name(ADAPTATION_FILE)
LAYERS = "encoder.layer"
RANK = 8
FOLDS = 4
EPOCHS = 2
BATCH_SIZE = 12
OTHER_PAPERS = 2
"""A question's answers compete with the passages of so many other papers, as in the search of a prompt."""
NEAREST_PAPERS = 6
"""These are drawn from as many that are nearest to the paper."""
LEARNING_RATE = 7e-4
EMPHASIS_LEARNING_RATE = 2e-2
SIGNS_LEARNING_RATE = 5e-3
WEIGHT_DECAY = 1e-2
WARM_UP = 0.1
LARGEST_GRADIENT = 1.0
LENGTH_JITTER = 15.0
"""Characters: questions of about one length make a batch, others in each epoch."""
DEPTHS = 3, 6, 12
SIGNS = {"tokens": 0.5, "passage": 0.3, "titled": 0.2, "words": 0.3, "neighbours": 0.6, "paper": 0.5}
"""What the weights of the signs start from; most of `MatchWeights` are what they come to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """A question about a paper.

    Attributes:
        text: The question.
        right: The passages that answer it, by their place.
    """

    text: str
    right: torch.Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paper:
    """A paper, as its shard holds it, and the questions about it.

    Attributes:
        document: SHA-256 of the document.
        made_up: Whether there is no such paper.
        vectors: One a passage, of its own words. Shape: (n_passages, dim).
        titled: The same, read behind title and heading. Shape: (n_passages, dim).
        axes: What a question's token is multiplied with. Shape: (dim, n_axes).
        codes: Its tokens. Shape: (n_tokens, n_axes).
        lengths: Tokens of each passage. Shape: (n_passages,).
        linked: The passages that the next one adjoins.
        lexical: The passages' words.
        asked: The questions.
    """

    document: str
    made_up: bool
    vectors: torch.Tensor
    titled: torch.Tensor
    axes: torch.Tensor
    codes: torch.Tensor
    lengths: torch.Tensor
    linked: torch.Tensor
    lexical: LexicalIndex
    asked: Sequence[Asked]


class QuestionReader(torch.nn.Module):
    """The network that reads questions, its weights changed by products of thin matrices that are to be fitted.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685
    """

    def __init__(self, plain: TorchNetwork) -> None:
        """Start from the embedder's network, which does not change."""
        super().__init__()
        self.plain = plain
        self.network = deepcopy(plain.module).requires_grad_(requires_grad=False)
        found = self.network.named_modules()
        layers = {name: each for name, each in found if name.startswith(LAYERS) and isinstance(each, torch.nn.Linear)}
        self.names = [f"{name}.weight" for name in layers]
        shapes = [layer.weight.shape for layer in layers.values()]
        self.down = torch.nn.ParameterList([torch.randn(RANK, n_in) / n_in**0.5 for _, n_in in shapes])
        self.up = torch.nn.ParameterList([torch.zeros(n_out, RANK) for n_out, _ in shapes])
        for layer, down, up in zip(layers.values(), self.down, self.up, strict=True):
            layer.register_forward_hook(partial(_added, down, up))
        self.emphasis = torch.nn.Parameter(torch.zeros(plain.module.config.hidden_size))
        self.signs = torch.nn.Parameter(torch.tensor([*SIGNS.values()]))

    def forward(self, papers: Sequence[Paper], asked: Sequence[Asked]) -> torch.Tensor:
        """Score the passages of some papers for questions. Shape: (n_questions, n_passages)."""
        texts = [one.text for one in asked]
        vectors, tokens = self.read(texts)
        signs = map(torch.hstack, zip(*(_signs(paper, texts, vectors, tokens) for paper in papers), strict=True))
        weighted = [weight * _standardised(sign) for weight, sign in zip(self.signs, signs, strict=True)]
        return torch.stack(weighted).sum(dim=0)

    def read(self, texts: list[str]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Embed questions. Shapes: (n_questions, dim), and (n_tokens, dim) of each, as long as each token counts."""
        inputs, offsets = self.plain.tokenize(texts)
        states = self.network(**inputs).last_hidden_state
        rows = [rows_of_span(text, places, (0, len(text))) for text, places in zip(texts, offsets, strict=True)]
        means = torch.stack([state[inside].mean(dim=0) for state, (inside, _) in zip(states, rows, strict=True)])
        tokens = [normalize(state[worded], dim=-1) for state, (_, worded) in zip(states, rows, strict=True)]
        counts = [len(token) * softmax(token @ self.emphasis, dim=0) for token in tokens]
        emphasised = [token * count[:, None] for token, count in zip(tokens, counts, strict=True)]
        return normalize(means, dim=-1), emphasised

    def adaptation(self, without: Sequence[Paper] = ()) -> Adaptation:
        """Take out what was fitted.

        Args:
            without: The papers that were left out.

        Returns:
            It.
        """
        pairs = zip(self.names, self.down, self.up, strict=True)
        factors = {name: (down.detach().numpy(), up.detach().numpy()) for name, down, up in pairs}
        left_out = tuple(paper.document for paper in without)
        return Adaptation(
            base=PACKAGED_WEIGHTS_SHA256, without=left_out, factors=factors, emphasis=self.emphasis.detach().numpy()
        )


def _added(
    down: torch.Tensor, up: torch.Tensor, _layer: torch.nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor
) -> torch.Tensor:
    """Add what a change of a layer's weights by `up @ down` adds to its output."""
    return output + inputs[0] @ down.T @ up.T


def _signs(paper: Paper, texts: Sequence[str], vectors: torch.Tensor, tokens: list[torch.Tensor]) -> list[torch.Tensor]:
    """Collect the signs of a match with a paper's passages, as `SIGNS`. Shape of each: (n_questions, n_passages)."""
    near = torch.segment_reduce(paper.codes @ (torch.cat(tokens) @ paper.axes).T, "max", lengths=paper.lengths)
    around = near.clone()
    around[paper.linked] = torch.maximum(near[paper.linked], near[paper.linked + 1])
    around[paper.linked + 1] = torch.maximum(around[paper.linked + 1], near[paper.linked])
    counts = [len(token) for token in tokens]
    late, neighbours = (
        torch.stack([part.mean(dim=1) for part in torch.split(each, counts, dim=1)]) for each in (near, around)
    )
    words = torch.from_numpy(np.log1p([paper.lexical.scores(text) for text in texts])).float()
    best = late.topk(min(BEST_OF_PAPER, late.shape[1]), dim=1).values.mean(dim=1, keepdim=True).expand_as(late)
    return [late, vectors @ paper.vectors.T, vectors @ paper.titled.T, words, neighbours, best]


def _standardised(sign: torch.Tensor) -> torch.Tensor:
    return (sign - sign.mean(dim=1, keepdim=True)) / (sign.std(dim=1, keepdim=True, correction=0) + 1e-6)


def main() -> int:
    """Fit, and print what came out.

    Returns:
        The exit code.
    """
    parser = parser_of(__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="replace the library's adaptation")
    what.add_argument("--folds", type=Path, metavar="DIR", help="keep the adaptations fitted without a quarter each")
    options = parser.parse_args()
    embedder = find_embedder()
    if not isinstance(embedder, MeanPoolingEmbedder):
        parser.error("the default embedder is needed")
    read_papers = (read(asked, embedder) for asked in asked_papers(options.papers_dir, options.qasper))
    papers = [paper for paper in read_papers if paper.asked]
    network = TorchNetwork.load(embedder.folder, device="cpu")
    print(f"{sum(len(paper.asked) for paper in papers)} questions about {len(papers)} papers")
    if options.write:
        reader = fit(papers, network)
        save(reader.adaptation(), WEIGHTS)
        print(f"Written: {WEIGHTS}; weights of the signs:")
        print(", ".join(f"{name} {weight:.2f}" for name, weight in zip(SIGNS, reader.signs.tolist(), strict=True)))
        return 0
    print(f"\n| papers left out of the fit | {' | '.join(f'among {depth}' for depth in DEPTHS)} | MRR |")
    print(f"| --- |{' ---: |' * (len(DEPTHS) + 1)}")
    for label, figures in folded(papers, network, options.folds).items():
        print(f"| {label} | {' | '.join(f'{figure:.3f}' for figure in figures)} |")
    return 0


def folded(papers: Sequence[Paper], network: TorchNetwork, folder: Path | None) -> dict[str, Any]:
    """Fit without a quarter of the real papers at a time, and measure on these.

    Args:
        papers: All papers.
        network: The embedder's network.
        folder: Where to keep the adaptations, if anywhere.

    Returns:
        The means over the questions on real papers, for the plain and for the fitted reader.
    """
    real = [paper for paper in papers if not paper.made_up]
    plain, fitted = [], []
    for fold in range(FOLDS):
        left = real[fold::FOLDS]
        reader = fit([paper for paper in papers if paper not in left], network)
        plain.append(measured(QuestionReader(network), left))
        fitted.append(measured(reader, left))
        if folder:
            save(reader.adaptation(without=left), folder / f"{fold}.safetensors")
    return {
        "questions read as passages are": np.concatenate(plain).mean(axis=0),
        "read with the adaptation": np.concatenate(fitted).mean(axis=0),
    }


def read(asked: AskedPaper, embedder: MeanPoolingEmbedder) -> Paper:
    """Embed a paper, and find the passages that answer the questions about it.

    Args:
        asked: The paper and the questions.
        embedder: The embedder.

    Returns:
        The paper; questions whose passages are not in it are left out.
    """
    passages = chunker_of(Settings()).passages(asked.document)
    encoded = encode_passages(asked.document.title, passages, embedder)
    sentences = [{hashed(passage.text[start:end]) for start, end in passage.sentences} for passage in passages]
    questions = []
    for question in asked.questions:
        right = [place for place, found in enumerate(sentences) if found & question.sentences]
        if right:
            questions.append(Asked(text=question.text, right=torch.tensor(right)))
    return Paper(
        document=asked.document.sha256,
        made_up=asked.made_up,
        vectors=torch.from_numpy(encoded.vectors),
        titled=torch.from_numpy(encoded.titled),
        axes=torch.from_numpy(encoded.tokens.axes),
        codes=torch.from_numpy(encoded.tokens.codes).float(),
        lengths=torch.from_numpy(np.diff(encoded.tokens.offsets)),
        linked=torch.tensor([place for place, (one, other) in enumerate(pairwise(passages)) if adjoins(one, other)]),
        lexical=LexicalIndex([passage.text for passage in passages]),
        asked=questions,
    )


def fit(papers: Sequence[Paper], network: TorchNetwork) -> QuestionReader:
    """Fit the reader: a passage that answers is to come before the others of its paper and of papers near to that.

    Args:
        papers: The papers and the questions about them.
        network: The embedder's network.

    Returns:
        The reader.
    """
    torch.manual_seed(0)
    chance = np.random.default_rng(0)
    reader = QuestionReader(network)
    low = [*reader.down, *reader.up]
    rates = LEARNING_RATE, EMPHASIS_LEARNING_RATE, SIGNS_LEARNING_RATE
    optimizer = torch.optim.AdamW([
        {"params": low, "weight_decay": WEIGHT_DECAY},
        {"params": [reader.emphasis], "weight_decay": 0.0},
        {"params": [reader.signs], "weight_decay": 0.0},
    ])
    nearest = _nearest(papers)
    batches = [batch for _ in range(EPOCHS) for batch in _batches(papers, chance)]
    steps = len(batches)
    for step, (paper, asked) in enumerate(batches):
        pace = min((step + 1) / (WARM_UP * steps), 1 - step / steps)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * pace
        near = nearest[paper.document]
        others = [near[row] for row in chance.permutation(len(near))[:OTHER_PAPERS]]
        likely = log_softmax(reader([paper, *others], asked), dim=1)
        loss = -torch.stack([row[one.right].logsumexp(0) for row, one in zip(likely, asked, strict=True)]).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(low, LARGEST_GRADIENT)
        optimizer.step()
    return reader


def _nearest(papers: Sequence[Paper]) -> dict[str, list[Paper]]:
    """Find for each paper, by its document, those whose passages are nearest to its own."""
    means = normalize(torch.stack([paper.titled.mean(dim=0) for paper in papers]), dim=-1)
    cosines = (means @ means.T).fill_diagonal_(-torch.inf)
    count = min(NEAREST_PAPERS, len(papers) - 1)
    orders = cosines.topk(count, dim=1).indices.tolist()
    return {paper.document: [papers[row] for row in order] for paper, order in zip(papers, orders, strict=True)}


def _batches(papers: Sequence[Paper], chance: np.random.Generator) -> list[tuple[Paper, list[Asked]]]:
    """Put questions about one paper and of about one length together, in any order."""
    made = []
    for paper in papers:
        lengths = [len(one.text) + chance.normal() * LENGTH_JITTER for one in paper.asked]
        parts = np.array_split(np.argsort(lengths), max(1, len(paper.asked) // BATCH_SIZE))
        made += [(paper, [paper.asked[row] for row in part]) for part in parts]
    return [made[row] for row in chance.permutation(len(made))]


@torch.no_grad()
def measured(reader: QuestionReader, papers: Iterable[Paper]) -> Any:
    """Tell for each question whether a right passage is among the best ones, and the reciprocal of its rank."""
    rows = []
    for paper in papers:
        for first in range(0, len(paper.asked), BATCH_SIZE):
            asked = paper.asked[first : first + BATCH_SIZE]
            for scores, one in zip(reader([paper], asked), asked, strict=True):
                rank = 1 + int((scores > scores[one.right].max()).sum())
                rows.append([*(rank <= depth for depth in DEPTHS), 1 / rank])
    return np.array(rows, dtype=np.float64)


def save(fitted: Adaptation, path: Path) -> None:
    """Write an adaptation as the library reads it."""
    tensors = {}
    for name, (down, up) in fitted.factors.items():
        tensors[name + DOWN] = np.ascontiguousarray(down, dtype=np.float16)
        tensors[name + UP] = np.ascontiguousarray(up, dtype=np.float16)
    tensors[EMPHASIS] = np.asarray(fitted.emphasis, dtype=np.float16)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, {BASE: fitted.base, WITHOUT: " ".join(fitted.without)})


if __name__ == "__main__":
    sys.exit(main())
