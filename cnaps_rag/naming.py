"""Names in running text: models, data sets, acronyms, people; and whether a source has them."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

_TOKEN = re.compile(r"[^\W_]+(?:[-/’'][^\W_]+)*\+*")
_PIECE = re.compile(r"[^\W_]+")
_BREAK = re.compile(r"(?:^\s*|[.!?:;(“\"•–—]\s*)$")
_CONTRACTED = re.compile(r"[’'](?:s|t|re|ve|ll|d|m)?$", re.IGNORECASE)
_PLURAL = (
    "are|were|have|do|can|could|will|would|may|might|must|come|go|get|make|help|need|show|give|take|let|and|or|that|"
    "which"
)
"""What follows a noun in the plural: `Sharp outlines come` has no name, `Qwerty outlines the` has."""
_VERB = re.compile(
    rf"\s+(?:[a-z]+[^s\W]s(?!\s+(?:{_PLURAL})\b)|is|was|has|had|can|could|will|would|may|might|must|does|did)\b"
)
_DERIVED = ("ing", "ed", "ly", "tion", "ness", "ment")
LONGEST_NAME_PIECES = 4
LEAST_ACRONYM_CHARS = 2
COMMON = frozenset({"i", "ai", "a", "ok"})
UNITS = frozenset({"db", "hz", "khz", "mhz", "ghz", "gb", "mb", "kb", "px", "mpix", "gflops", "flops"})


def names(text: str, is_word: Callable[[str], bool] | None = None) -> list[str]:
    """Find the names of a statement.

    Args:
        text: The statement.
        is_word: Tells whether a word in small letters is one that the papers use.

    Returns:
        Words with a capital behind the first letter or a digit beside letters (`U-Net`, `LIIF`, `B5`), and capitalised
        words that do not begin a sentence. The first word of a sentence counts where its own form tells, and where it
        is no word of the papers and a verb follows it.
    """
    found = []
    for match in _TOKEN.finditer(text):
        word = _CONTRACTED.sub("", match[0])
        if not word or word.lower() in COMMON:
            continue
        if word.lower() in UNITS:
            continue
        first = _BREAK.search(text[: match.start()]) is not None
        strange = first and is_word is not None and not is_word(word.lower()) and _subject(word, text[match.end() :])
        if _shaped(word) or (_capitalised(word) and (strange or not first)):
            found.append(word)
    return list(dict.fromkeys(found))


def _shaped(word: str) -> bool:
    """Tell whether the form of a word tells a name: inner capitals, or letters with digits."""
    letters = [char for char in word if char.isalpha()]
    digits = any(char.isdigit() for char in word)
    if not letters:
        return False
    inner = any(char.isupper() for char in word[1:])
    number_like = re.fullmatch(r"[x×]?\d[\d.,]*[a-z×%]{0,3}|\d+-[a-z]+(?:-[a-z]+)*|\d+[x×]\d+\w*", word, re.IGNORECASE)
    return inner or (digits and not number_like)


def _subject(word: str, rest: str) -> bool:
    """Tell whether a first word may be the subject of a verb as a name is: `Qwerty predicts`, not `Redrawing helps`."""
    return not word.endswith(_DERIVED) and _VERB.match(rest) is not None


def _capitalised(word: str) -> bool:
    return word[0].isupper() and len(word) > LEAST_ACRONYM_CHARS


def missing(
    text: str, source: str, known: Iterable[str] = (), is_word: Callable[[str], bool] | None = None
) -> list[str]:
    """Name the names of a statement that a source does not have.

    Args:
        text: The statement.
        source: The text that it cites.
        known: Names that need not be in the source: those of the cited paper itself.
        is_word: Tells whether a word in small letters is one that the papers use.

    Returns:
        The names as the statement writes them. Hyphens, case and a plural ending do not matter; an acronym is there too
        where the source spells it out.
    """
    found = names(text, is_word)
    if not found:
        return []
    have = _runs(source).union(*(_runs(name) for name in known))
    return [name for name in found if not _has(name, have, source)]


def stands_in(name: str, source: str) -> bool:
    """Tell whether a source has a name in one of its forms; see `missing`."""
    return _has(name, _runs(source), source)


def told_by_form(source: str) -> list[str]:
    """List the names of a source that capitals or digits within the word tell as such."""
    found = (name for name in names(source) if _shaped(name))
    return [name for name in found if sum(map(str.isalpha, name)) >= LEAST_ACRONYM_CHARS]


@lru_cache(maxsize=4096)
def _runs(text: str) -> frozenset[str]:
    """Join each run of up to four neighbouring words, so that `Meta SR` and `Meta-SR` have `metasr`."""
    pieces = [piece.lower() for piece in _PIECE.findall(text)]
    runs = ("".join(pieces[at : at + size]) for size in range(1, LONGEST_NAME_PIECES + 1) for at in range(len(pieces)))
    return frozenset(runs)


def _has(name: str, have: frozenset[str], source: str) -> bool:
    forms = _forms(name)
    if forms & have:
        return True
    # what is small in a compound (`U-Net-like`, `CNN-based`) is no name
    parts = [part for part in re.split(r"[-/]", name) if part and not part.islower()]
    joined = "-".join(parts)
    if parts and joined != name and _forms(joined) & have:
        return True
    if len(parts) > 1 and all(_forms(part) & have for part in parts):
        return True
    return _spelled_out(name, source)


def _forms(name: str) -> set[str]:
    bare = "".join(_PIECE.findall(name)).lower()
    forms = {bare, f"{bare}s"}
    for ending in ("s", "es"):
        if bare.endswith(ending) and len(bare) - len(ending) >= LEAST_ACRONYM_CHARS:
            forms.add(bare.removesuffix(ending))
    return forms


def _spelled_out(name: str, source: str) -> bool:
    letters = name.rstrip("s")
    if not letters.isupper() or not letters.isalpha() or len(letters) <= LEAST_ACRONYM_CHARS:
        return False
    return letters.lower() in _initials(source)


@lru_cache(maxsize=1024)
def _initials(source: str) -> str:
    letters = (piece[0] + "".join(filter(str.isupper, piece[1:])) for piece in _PIECE.findall(source))
    return "".join(letters).lower()
