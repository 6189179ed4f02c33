"""When two texts or two links count as the same."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from cnaps_rag.listing import Prompt

STATED_SHARE_PERCENT = 60
STATED_MIN_CHARS = 30

_LINK = re.compile(r"https?://[^\s\"'<>)\]]+", re.IGNORECASE)
_NEITHER = re.compile(r"[^0-9a-z]")
_SCHEME = re.compile(r"^https?://(www\.)?", re.IGNORECASE)
_VERSION_AND_SUFFIX = re.compile(r"(v\d+)?(\.pdf)?$")


def bare(text: str) -> str:
    """Reduce a text to what is compared: Latin letters and digits.

    Args:
        text: Any text.

    Returns:
        The text NFKC-normalised, lower-cased and stripped of all else, so that hyphenation, ligatures and white space
        do not matter.
    """
    return _NEITHER.sub("", unicodedata.normalize("NFKC", text).lower())


def link_key(url: str) -> str:
    """Reduce a URL to what is compared: no scheme, `www.`, arXiv version, `.pdf` or slash at the end; `abs` is `pdf`.

    Args:
        url: A URL in any of its forms.

    Returns:
        What all forms of it have in common.
    """
    address = _VERSION_AND_SUFFIX.sub("", _SCHEME.sub("", url.strip()))
    return address.replace("/abs/", "/pdf/").rstrip("/")


def links_in(text: str) -> list[str]:
    """Find the http(s) URLs of a text."""
    return _LINK.findall(text)


def listed_links(prompt: Prompt) -> set[str]:
    """Collect the keys of all links that a prompt holds: of its papers and repositories, and inside its texts."""
    inside = {link_key(link) for text in _texts(prompt) for link in links_in(text)}
    entries = [link for _, paper in prompt.listed() for link in (paper.url, paper.github)]
    return inside | {link_key(link) for link in entries if link is not None}


def _texts(prompt: Prompt) -> Iterator[str]:
    yield prompt.question
    for _, paper in prompt.listed():
        yield from filter(None, (paper.name, paper.url, paper.github, paper.summary))


def holds(passages: Iterable[str], quotes: Iterable[str]) -> bool:
    """Say whether one of the quotes lies wholly within one of the passages; both come as `bare` gives them."""
    wanted = tuple(quotes)
    return any(quote in passage for passage in passages for quote in wanted)


def stated(quote: str, texts: Iterable[str]) -> bool:
    """Say whether enough of a quote stands, in one run, in one of the texts.

    Args:
        quote: A gold quote, as `bare` gives it.
        texts: What was said, as `bare` gives it.

    Returns:
        Whether 60 % of the quote, or 30 characters where that is more, are there in one run; a shorter quote must be
        there as a whole.

    Source:
        The evaluation set's scorer, nuggets@s.
    """
    share = -(-len(quote) * STATED_SHARE_PERCENT // 100)
    run_chars = max(STATED_MIN_CHARS, share)
    starts = range(max(1, len(quote) - run_chars + 1))
    runs = {quote[start : start + run_chars] for start in starts}
    return holds(texts, runs)
