"""A prompt as data: the question, the models and papers it lists, and their text form.

Ids are content hashes: equal inputs give equal ids on every machine.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from cnaps_rag.errors import PromptError

ID_CHARS = 16
ROLE_LINE = "You are an AI scientist."
QUESTION_LINE = "A user has asked the following question:"
EXPLAIN_LINE = "Based on the following recommended models, explain:"
DEMAND_LINES = (
    "1. What task the user is trying to perform.",
    "2. How the model(s) would work in a CNAPS AI-like workflow (input → model → output).",
    "3. List relevant papers and tools (with GitHub or ArXiv links) that support your answer.",
)
CLOSED_WORLD_LINE = "Use **only the provided models and papers**. Do not refer to outside sources."
RECOMMENDED_HEADER = "### Recommended AI Models:"
RELATED_HEADER = "### Related Papers:"
ANSWER_LINE = "Answer:"
_NOT_IN_A_TEXT_FILE = re.compile("[\0\ud800-\udfff]")
_NOT_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f<>\"]")
_HOST = re.compile(r"(?:\w(?:[\w-]*\w)?)(?:\.\w(?:[\w-]*\w)?)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_SHOWN_CHARS = 80


def content_id(*parts: str) -> str:
    """Hash texts to a short id.

    Args:
        *parts: The texts; their order and their borders count.

    Returns:
        The first 16 hexadecimal digits of a SHA-256.
    """
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:ID_CHARS]


class Role(StrEnum):
    """Why a paper is listed in a prompt."""

    RECOMMENDED = "recommended"
    RELATED = "related"


def shorten(text: str) -> str:
    """Put a text on one line, and keep the beginning of one that is too long to be shown in an error."""
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"


def one_line(what: str, text: object) -> str:
    """Join the words of a text by single spaces, so that it is the same text however it was wrapped.

    Args:
        what: What the text is, for the error.
        text: The text.

    Returns:
        The text on one line; empty where there is no word in it.

    Raises:
        PromptError: It is no text, or no text file can carry it.
    """
    if not isinstance(text, str):
        raise PromptError(f"{what} must be text, not {type(text).__name__}")
    if odd := _NOT_IN_A_TEXT_FILE.search(text):
        raise PromptError(f"{what} holds the character {odd.group()!a}, which is not text: take it out")
    return " ".join(text.split())


def web_url(what: str, text: object) -> str:
    """Check that a text is an http or https URL with a host.

    Args:
        what: What the URL is for, for the error.
        text: The URL.

    Returns:
        The URL as written, without blanks around it.

    Raises:
        PromptError: It is no such URL.
    """
    url = one_line(what, text)
    try:
        parts = urlsplit(url)
        host = "" if parts.port == 0 else parts.hostname or ""
    except ValueError:  # a broken port or IPv6 address
        host = ""
    if not _HOST.fullmatch(host) or parts.scheme not in {"http", "https"} or _NOT_IN_A_URL.search(url):
        raise PromptError(
            f"{what} is not a URL: {shorten(url)!r}; write it in full, as in https://arxiv.org/pdf/2012.09161"
        )
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPaper:
    """One entry of a prompt: a recommended model or a related paper.

    Line breaks and runs of blanks in a name or summary become single spaces: a wrapped text is the same text, and has
    the same id. An empty `github` or `summary` becomes None.

    Attributes:
        name: The entry's `Model:` line: a model's name, or a paper's title.
        url: The entry's `Paper:` line, as written.
        github: The repository's URL, or None.
        summary: The paper's abstract as given in the prompt, or None.
    """

    name: str
    url: str
    github: str | None = None
    summary: str | None = None

    def __post_init__(self) -> None:
        """Put the texts on one line; refuse an entry that has no name or whose links are no links."""
        name = one_line("the name of a listed paper", self.name)
        if not name:
            raise PromptError("a listed paper needs a name")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "url", web_url(f"{shorten(name)}: the paper URL", self.url))
        if self.github is not None:
            github = one_line(f"{shorten(name)}: the GitHub URL", self.github)
            object.__setattr__(self, "github", web_url(f"{shorten(name)}: the GitHub URL", github) if github else None)
        if self.summary is not None:
            object.__setattr__(self, "summary", one_line(f"{shorten(name)}: the summary", self.summary) or None)

    def to_text(self) -> str:
        """Write the entry as it stands in a prompt file, without a final newline."""
        lines = (("Model", self.name), ("Paper", self.url), ("GitHub", self.github), ("Summary", self.summary))
        return "\n".join(f"{key}: {value}" for key, value in lines if value is not None)


def _listed_papers(what: str, papers: Iterable[ListedPaper]) -> tuple[ListedPaper, ...]:
    try:
        entries = tuple(papers)
    except TypeError:
        raise PromptError(f"{what} must be a list of ListedPaper, not {type(papers).__name__}") from None
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, ListedPaper):
            raise PromptError(f"{what} entry {number} must be a ListedPaper, not {type(entry).__name__}")
    return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A question with the models and papers that may answer it.

    Line breaks and runs of blanks in the question become single spaces.

    Attributes:
        question: The layperson's question, without the quotes around it.
        recommended: The recommended AI models, at least one; any iterable will do.
        related: The related papers, perhaps none; any iterable will do.
    """

    question: str
    recommended: Sequence[ListedPaper]
    related: Sequence[ListedPaper] = ()

    def __post_init__(self) -> None:
        """Take lists too, and refuse a prompt without a question or a model."""
        object.__setattr__(self, "question", one_line("the question", self.question))
        object.__setattr__(self, "recommended", _listed_papers("recommended", self.recommended))
        object.__setattr__(self, "related", _listed_papers("related", self.related))
        if not self.question:
            raise PromptError("a prompt needs a question")
        if not self.recommended:
            raise PromptError("a prompt needs at least one recommended model")

    @property
    def id(self) -> str:
        """Hash of the question and of every listed paper."""
        rows = [[role, p.name, p.url, p.github, p.summary] for role, p in self.listed()]
        return content_id(self.question, json.dumps(rows, ensure_ascii=False))

    def listed(self) -> Iterator[tuple[Role, ListedPaper]]:
        """Yield every listed paper with its role, recommended models first."""
        yield from ((Role.RECOMMENDED, paper) for paper in self.recommended)
        yield from ((Role.RELATED, paper) for paper in self.related)

    def to_text(self) -> str:
        """Write the prompt in the form that `prompts.parse_prompt` reads."""
        paragraphs = (
            ROLE_LINE,
            f'{QUESTION_LINE}\n"{self.question}"',
            EXPLAIN_LINE,
            "\n".join(DEMAND_LINES),
            CLOSED_WORLD_LINE,
            f"{RECOMMENDED_HEADER}\n" + "\n\n".join(paper.to_text() for paper in self.recommended),
            f"{RELATED_HEADER}\n" + "\n\n".join(paper.to_text() for paper in self.related),
            f"\n{ANSWER_LINE}\n",
        )
        return "\n\n".join(paragraphs)
