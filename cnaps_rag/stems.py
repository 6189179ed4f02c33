"""Words to stems, without the words that say nothing."""

import re
from functools import cached_property
from typing import Any

_WORD = re.compile(r"[a-z0-9]+")
_EMPTY = """
    a about above after again all also although am an and any are aren as at be because been before being below
    between both but by can cannot could did didn do does doesn doing don down during each either every few for from
    further had has hasn have haven having he her here hers him his how however i if in into is isn it its itself
    just let may me might more most much must my need neither no nor not now of off on once one only or other our
    ours out over own rather s same shall she should since so some such t than that the their theirs them themselves
    then there these they this those through thus to too two under until up upon us use used uses using very via was
    wasn we were what when where whether which while who whom whose why will with within without would you your
"""
EMPTY = frozenset(_EMPTY.split())


class Stems:
    """English stems; those of a text are found once."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[str, frozenset[str]] = {}

    @cached_property
    def _stemmer(self) -> Any:
        import Stemmer

        return Stemmer.Stemmer("english")

    def stem(self, word: str) -> str:
        """Reduce a word in lower case to its stem."""
        stem: str = self._stemmer.stemWord(word)
        return stem

    def content(self, text: str) -> frozenset[str]:
        """Take the stems of a text's words that say something."""
        known = self._known.get(text)
        if known is None:
            words = [word for word in _WORD.findall(text.lower()) if word not in EMPTY]
            known = self._known[text] = frozenset(self._stemmer.stemWords(words))
        return known
