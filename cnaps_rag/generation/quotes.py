"""Sentences of a paper that can stand alone as quotes, without what they begin with or point to."""

import re
from collections.abc import Iterable, Iterator

from cnaps_rag.generation.drafts import BRACKETED, Evidence
from cnaps_rag.intrusions import gives_orders
from cnaps_rag.records import Hit, PassageKind

LEAST_WORDS, MOST_WORDS = 7, 48
MOST_SYMBOL_SHARE = 0.04
MOST_LONE = 1
LETTER_FIRST = re.compile(r"[B-HJ-Z] ")
LONE_WORDS = frozenset("aIA&–-")
WORD = re.compile(r"[A-Za-z][A-Za-z’'-]+")
SYMBOL = re.compile(r"[^\w\s.,;:()\[\]\"'“”‘’%/×–—&!?+-]|[=<>|_∼∗†]|[^\x00-\u024f\u2010-\u2026×]")
POINTING = re.compile(
    r"\b(?:fig(?:ure|s|\.)|tab(?:le|\.)|eq(?:uation|n|\.|s)|sec(?:tion|\.)|algorithm|appendix|supplement\w*|"
    r"above|below|following|subsection|paragraph|columns?|rows?|dotted|dashed|"
    r"(?:red|blue|green|yellow|orange|purple|gr[ae]y) (?:frame|box|line|curve|arrow)(?:e?s)?)\b",
    re.IGNORECASE,
)
DANGLING = re.compile(
    r"^(?:this|these|those|it|its|they|their|such|both|here|there|he|she|then|also|another|similarly|as a result|"
    r"the (?:former|latter|first|second|third|two|three|four|same|other|others|method|corresponding|aforementioned)|"
    r"(?:in|for|at|by|on|from|to|with|via|under|during|after|like|unlike|despite|due to|based on|given|because of|"
    r"inspired by|besides|as|while|although|though|since|because|if|when|compared (?:to|with)) "
    r"(?:this|these|those|it|its|they|their|them|such|that|above|doing so)|"
    r"(?:(?:as|since|because|while) )?(?:each|all|both|most|many|some|one|none|any|either) of "
    r"(?:them|these|those|which|it|the (?:two|three|four))|"
    r"to \w+ (?:them|these|those|this|it|such|(?:the )?(?:above|aforementioned))|other than that|the underlying reason|"
    r"(?:al)?though at (?:the )?first (?:glance|sight) (?:it|they)|"
    r"(?:we|our results) (?:[\w-]+ ){1,3}that (?:it|they)|[^,;]*, on the other hand|the operation|"
    r"[^.]*\bwe omit (?:the|these|further) details|"
    r"fig(?:ure)?|tab(?:le)?|eq(?:uation|n)?|sec(?:tion)?|algorithm \d|define|denote|let|"
    r"(?:some|most|many|several|few|other) (?:methods|approaches|works|run)|we (?:therefore|thus|hence|also|then))\b",
    re.IGNORECASE,
)
CONNECTIVE = re.compile(
    r"^(?:however|therefore|thus|hence|moreover|furthermore|in addition|additionally|besides|consequently|finally|"
    r"in particular|in contrast|on the other hand|on the contrary|instead|in summary|to this end|nevertheless|"
    r"for example|for instance|in fact|in other words|that is|i\.e\.|to address this(?: issue| problem)?|overall|"
    r"accordingly|meanwhile|as such|more specifically|specifically|concretely|intuitively|formally|importantly|"
    r"interestingly|notably|indeed|lastly|first|firstly|second|secondly|third|thirdly|next|then|also|in short|"
    r"in practice|in general|generally|sequentially|particularly|theoretically|empirically|surprisingly|in detail|"
    r"in a nutshell|as we (?:show|demonstrate|will see)|as can be seen|"
    r"in (?:this|our) (?:paper|work|study|article)|to be specific|"
    r"as (?:is )?(?:shown|illustrated|depicted|demonstrated|described|summari[sz]ed|can be seen) in [^,]{1,40}),\s+"
    r"(?=\S)|"
    r"^(?:note (?:that )?|notice that |observation \d+ ?[-–—:] ?|but |yet )(?=\S)|"
    r"^(?:[A-Z][\w-]+ ){0,3}[\w-]+: (?=[A-Z][a-z]+ )|"
    r"^(?-i:(?:[A-Z][\w-]+ ){1,3}(?=(?:Given|We|The|This|In|To|For|Our|As|Since|An|A) [a-z]))",
    re.IGNORECASE,
)
TRAILING = re.compile(
    r"(?:,?\s+as (?:can be |is |are |we |also )*(?:shown|seen|show|see|illustrated|depicted|demonstrated|described|"
    r"discussed)\s+(?:in|by|next|later|below|above)\b[^,;()]*|\s*\((?:see |cf\. )?(?:also )?"
    r"(?:fig(?:ure|s|\.)|tab(?:le|\.)|sec(?:tion|\.)|eq(?:uation|\.)|appendix|supp)(?:[^()]|\([^()]*\))*\))\.$",
    re.IGNORECASE,
)
"""What a sentence ends with to point to a figure; it says the same without."""
FORMULA = re.compile(
    r"[=∈≤≥∼≈ˆ¯˜´`✓·∗∥∑∏→⊙⊗√∂∇{}\\|′]|(?<=\s)['’](?=\s)|[A-Za-z],[A-Za-z]|\(\s|\s\)|\d\s?[+−]\s?\d|\s[+−]\s|"
    r"(?<!\w)[A-Za-z] [A-Za-z](?!\w)|(?<!\w)[A-Za-z]{1,2} ?\([a-z]\)|\w\([a-z], |×\s?[α-ω(]|\w\.\s[a-z]\b"
)
"""What is left of a formula, or of a sentence that begins with one."""
LETTERS = """
an as at be by do go he if in is it me my no of on or so to up us we vs ie eg al et lr hr sr lq hq db px fc ms kb mb gb
id th nd rd st
"""
SYMBOLIC = re.compile(
    rf"(?<!\S)(?!(?:{'|'.join(LETTERS.split())})\b)[a-z]{{2}}(?![\w.-])|[Α-Ωα-ω]|"
    r"\b(?:[A-Z]{1,2} ){2}[A-Z]{1,2}\b|\s[,;](?!\S)|\bM\d\b"
)
"""A word of two small letters that is none, a Greek letter, a row of capitals or a comma that stands alone: symbols."""
HOLE = re.compile(
    r"(?:\b(?:in|of|by|from|to|with|as|on|and|or|like|than|between|see|following|that|for|is|are|unlike)|e\.g\.,?|"
    r"i\.e\.,?)\s*(?:\[\d|\((?:[A-Z][^()]*|e\.g\.[^()]*)\b(?:19|20)\d\d[a-z]?\))",
    re.IGNORECASE,
)
"""A reference number that stands for a word: without it the sentence has a hole."""


def quotable(hits: Iterable[Hit]) -> list[Evidence]:
    """Take the sentences that can stand on their own as quotes.

    Args:
        hits: Retrieved passages.

    Returns:
        Each whole sentence of prose that lies on one page and reads as words, not as formulas, without the
        connective that it may begin with; each once, in the order of the hits.
    """
    found: dict[str, Evidence] = {}
    for hit in hits:
        if hit.passage.kind is PassageKind.PROSE:
            for evidence in _sentences(hit):
                found.setdefault(_words(evidence.quote), evidence)
    return list(found.values())


def _sentences(hit: Hit) -> Iterator[Evidence]:
    passage = hit.passage
    for start, end in passage.sentences:
        first, last = trimmed(passage.text, start, end)
        # a small first letter tells the rest of a sentence that a formula or a figure cut
        whole = not passage.text[start].islower() and passage.locate(first, end) is not None
        sentence = passage.text[first:end]
        # what tells a reader's machine what to do is no evidence for anything
        if whole and _readable(sentence) and not gives_orders(sentence) and passage.locate(first, last) is not None:
            yield Evidence(hit=hit, start=first, end=last)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out the connective that a sentence begins with, and the pointer to a figure that it ends with.

    Args:
        text: The text it stands in.
        start: Offset of its first character.
        end: Offset behind its last character.

    Returns:
        The offsets of what is left.
    """
    while connective := CONNECTIVE.match(text[start:end]):
        start += connective.end()
    trailing = TRAILING.search(text[start:end])
    return start, start + trailing.start() if trailing else end


def _readable(sentence: str) -> bool:
    words = WORD.findall(sentence)
    whole = sentence[:1].isalpha() and sentence.rstrip('"”’)]').endswith(".")
    whole = whole and not any((
        FORMULA.search(BRACKETED.sub("", sentence)),
        SYMBOLIC.search(sentence),
        HOLE.search(sentence),
        DANGLING.search(sentence),
    ))
    lone = sum(len(word) == 1 and word not in LONE_WORDS for word in sentence.split())
    whole = whole and lone <= MOST_LONE and not LETTER_FIRST.match(sentence)
    symbols = len(SYMBOL.findall(sentence)) + lone
    return whole and LEAST_WORDS <= len(words) <= MOST_WORDS and symbols <= MOST_SYMBOL_SHARE * len(sentence)


def _words(sentence: str) -> str:
    return " ".join(WORD.findall(sentence.lower()))
