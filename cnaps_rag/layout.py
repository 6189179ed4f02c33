"""Where everything lies on disk."""

from dataclasses import dataclass
from pathlib import Path

from cnaps_rag.settings import Settings

FORMAT = 3
"""Version of the on-disk format; an index of another version is rebuilt, not read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Every path of a corpus and of its indexes.

    ```
    corpus/papers/<paper_key>/paper.pdf, source.json
    index/shards/<shard>/shard.json, pages.jsonl, passages.jsonl, *.npy
    index/prompts/<prompt_id>.json
    index/set-aside/<name>          what was corrupt or foreign
    ```

    Attributes:
        corpus_dir: Root of the corpus.
        index_dir: Root of the indexes.
    """

    corpus_dir: Path
    index_dir: Path

    @classmethod
    def of(cls, settings: Settings) -> "Layout":
        """Take the two roots from the settings."""
        return cls(settings.corpus_dir, settings.index_dir)

    def paper_dir(self, paper_key: str) -> Path:
        """Folder of one paper."""
        return self.corpus_dir / "papers" / paper_key

    def paper_pdf(self, paper_key: str) -> Path:
        """The paper's PDF."""
        return self.paper_dir(paper_key) / "paper.pdf"

    def paper_source(self, paper_key: str) -> Path:
        """Where the PDF came from."""
        return self.paper_dir(paper_key) / "source.json"

    @property
    def shards_dir(self) -> Path:
        """Folder of all shards."""
        return self.index_dir / "shards"

    def shard_dir(self, shard: str) -> Path:
        """Folder of one shard."""
        return self.shards_dir / shard

    @property
    def prompts_dir(self) -> Path:
        """Folder of the prompt indexes."""
        return self.index_dir / "prompts"

    def prompt_index(self, prompt_id: str) -> Path:
        """The manifest of one prompt index."""
        return self.prompts_dir / f"{prompt_id}.json"

    @property
    def set_aside_dir(self) -> Path:
        """Where corrupt or foreign files are moved."""
        return self.index_dir / "set-aside"

    @property
    def corpus_lock(self) -> Path:
        """Lock file of the corpus's writers."""
        return self.corpus_dir / ".lock"

    @property
    def index_lock(self) -> Path:
        """Lock file of the indexes' writers."""
        return self.index_dir / ".lock"
