"""Whether a document is the paper that its title says: pure functions, tolerant of how PDFs print titles.

A title may be printed in capitals, over several lines, hyphenated, with ligatures, or with formulas that come out as
anything. So letters alone are compared, and a document is only called the wrong one where nothing speaks for it:

1. The listed title counts where it has at least three words; a shorter one ("MSSNet") may be a model's name, whose
   absence proves nothing. arXiv's title counts where no listed title does.
2. The title stands in the letters of the first page that has text, or of the document's own title: it is the paper.
3. Nearly all of its words stand in the head of that page: it is the paper (a listed title may leave out a word).
4. The abstract that the prompt gives stands on the first pages, for the most part: it is the paper under another
   title, as arXiv papers change theirs between versions.
5. Otherwise it is another paper. A document without text is not judged.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

from cnaps_rag.listing import shorten
from cnaps_rag.records import Document

LEAST_TITLE_WORDS = 3
LEAST_FIRST_LETTERS = 40
FIRST_PAGES = 2
HEAD_LETTERS = 400
WORDS_SHARE = 0.8
SHINGLE_WORDS = 4
ABSTRACT_SHARE = 0.4

_FORMULA = re.compile(r"\$[^$]*\$|\\[A-Za-z]+")
_HYPHEN_AT_END = re.compile(r"(?<=\w)[-\u00ad\u2010]\s*\n\s*(?=\w)")
_SMALL = frozenset({
    *("a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "is", "of", "on", "or", "over"),
    *("the", "to", "towards", "via", "using", "with", "without"),
})


def letters(text: str) -> str:
    """Keep the letters of a text, in one case and without accents.

    Args:
        text: The text.

    Returns:
        Its letters, joined; ligatures and full-width forms are resolved.
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if character.isalpha())


def words(text: str) -> list[str]:
    """Split a text into words of letters alone; formulas are left out.

    Args:
        text: The text.

    Returns:
        The words as `letters` gives them, hyphenated ones in their parts.
    """
    parts = re.split(r"[\s\-\u2010-\u2015/:,;.()]+", _FORMULA.sub(" ", text))
    return [word for part in parts if (word := letters(part))]


def is_title(name: str) -> bool:
    """Tell whether a listed name is long enough to be a paper's title, and not a model's name.

    Args:
        name: The name.

    Returns:
        Whether it has at least three words with blanks between them.
    """
    return len(name.split()) >= LEAST_TITLE_WORDS and len(words(name)) >= LEAST_TITLE_WORDS


def mismatch(
    document: Document, *, listed: str | None = None, arxiv: str | None = None, abstract: str | None = None
) -> str | None:
    """Say how a document is not the paper that was listed.

    Args:
        document: The document.
        listed: The title in the prompt, or None where the entry names a model.
        arxiv: The title by arXiv's metadata, where it is known.
        abstract: The paper's abstract as given in the prompt, where it is.

    Returns:
        What was expected and what was found, or None where the document fits or nothing can be said.
    """
    expected = next((title for title in (listed, arxiv) if title is not None and is_title(title)), None)
    filled = (page.text for page in document.pages if len(letters(page.text)) >= LEAST_FIRST_LETTERS)
    pages = list(islice(filled, FIRST_PAGES))
    if expected is None or not pages:
        return None
    if has_title(expected, (pages[0], document.title or "")) or (abstract and has_abstract(abstract, pages)):
        return None
    found = document.title or pages[0]
    return f"the PDF is another paper: its first page says {shorten(found)!r}, listed is {shorten(expected)!r}"


def has_title(title: str, texts: Iterable[str]) -> bool:
    """Find a title in the texts where a document's own title may stand.

    Args:
        title: The title.
        texts: The first page, and the document's own title.

    Returns:
        Whether one of them holds its letters, or the head of one holds nearly all of its words.
    """
    whole = letters(_FORMULA.sub(" ", title))
    telling = {word for word in words(title) if word not in _SMALL and len(word) > 1}
    for text in texts:
        printed = letters(_HYPHEN_AT_END.sub("", text))
        if whole in printed:
            return True
        head = printed[:HEAD_LETTERS]
        found = sum(word in head for word in telling)
        if len(telling) >= LEAST_TITLE_WORDS and found >= WORDS_SHARE * len(telling):
            return True
    return False


def has_abstract(abstract: str, texts: Iterable[str]) -> bool:
    """Find an abstract in a document's first pages.

    Args:
        abstract: The abstract.
        texts: The pages.

    Returns:
        Whether a good part of its runs of four words stands there.
    """
    listed = words(abstract)
    runs = ["".join(listed[start : start + SHINGLE_WORDS]) for start in range(0, len(listed), SHINGLE_WORDS)]
    runs = [run for run in runs if len(run) > 3 * SHINGLE_WORDS]
    printed = letters(" ".join(texts))
    return len(runs) > SHINGLE_WORDS and sum(run in printed for run in runs) >= ABSTRACT_SHARE * len(runs)
