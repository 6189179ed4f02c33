"""What never comes from a model into an answer: links, identifiers, references, markers, markup.

Also which sentences of a passage give orders to whoever reads it.
"""

import re
import unicodedata

MARKER = re.compile(r"\s*[\[(]\s*P\s?\d+(?:\s*[,;–-]\s*P?\s?\d+)*\s*[\])]", re.IGNORECASE)
_LINK = re.compile(r"!?\[(?P<words>[^\[\]]*)\]\([^()]*\)")
_BRACKETED = re.compile(r"\s*!?\[[^\[\]]{0,200}\]")
_NUMBERED = re.compile(r"\s*(?:\(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\)|(?<!\d)\^\s?\{?\d{1,3}\}?|\{\d{1,3}\})(?!\w)")
"""Numbers alone in parentheses or raised: how notes and references are marked."""
_RAISED = "¹²³⁰⁴-⁹"
_NOTE = re.compile(
    rf"(?:[①-⒛⓪-⓿❶-➓†‡¶⁑⁂]|(?<![\d)⁻{_RAISED}])(?<!\b[A-Za-z])(?<!\b[A-Za-z]{{2}})⁽?[{_RAISED}]+(?:,?\s?[{_RAISED}]+)*⁾?)"
)
"""Marks of notes, which are plain digits once normalised; `m²` and `10⁴` are none."""
_POWER = re.compile(rf"(?<![\w.,])(10|2)([⁺⁻]?[{_RAISED}]+)(?!\w)")
"""Powers of ten and two: normalised as it is, `10⁴` would be 104."""
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_ALIKE = str.maketrans({"。": ".", "∶": ":", "꞉": ":", "⁄": "/", "∕": "/", "⧸": "/"})
_DEFANGED = re.compile(r"\s?[\[({]\s?(?P<sign>[.:/@]|dot|at)\s?[\])}]\s?", re.IGNORECASE)
_SIGNS = {"dot": ".", "at": "@"}
_QUOTES = "‚„"
_MARKUP = re.compile(r"[*_`#~|]{2,}|(?<!\w)[*`#>|]+|[*`|]+(?!\w)|^\s*(?:[-+•]|\d+[.)])\s+")
_TAG = re.compile(r"<[/!?]?[a-z][^<>]*>", re.IGNORECASE)
_LINKS = (
    r"[a-z][a-z0-9+.-]*:\s?[/\\]{2}|\bwww\s?\.|\bhxxps?\b|\bclick\s+(?:here|on|this|the)\b|"
    r"\b(?:mailto|javascript|vbscript|data|ftp|file|tel|sms|geo|urn|blob|about|cite):\S|"
    r"\b(?:github|gitlab|bitbucket|hugging\s?face|zenodo|pypi)\s*[:/]|\bdot\s+(?:com|org|net|io)\b|"
    r"\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S"
)
_REFERENCES = (
    r"\b[Ee]t\s+al\b|\b[Ii]bid\b|\b(?:op|loc)\.\s?cit\b|\b[Rr]ef(?:s|erences?)?\.?\s?\d|"
    r"\b(?:[Cc]itation|[Pp]assage)s?\s\d|"
    r"\b[A-Z][\w’'-]+(?:\s+(?:and|&)\s+[A-Z][\w’'-]+)?,?\s*\(?(?:19|20)\d\d[a-z]?\)"
)
_MEMORY = (
    r"\b(?:(?:llm|model|parametric|training)[\s-]memory|my (?:own )?(?:knowledge|training)|as an? (?:ai|llm)|"
    r"i (?:recall|remember|know|believe|think|guess|assume)|(?:from|by|of) (?:general|common|world) knowledge|"
    r"trust me)\b"
)
_FOREIGN = tuple(
    (what, re.compile(pattern, re.IGNORECASE if flagged else re.NOFLAG))
    for what, pattern, flagged in (
        ("a link", _LINKS, True),
        ("an e-mail address", r"\S@\S+\.\w|(?<!\w)@[a-z]", True),
        ("a host name", r"(?<![\w.])(?!(?:e\.g|i\.e)\b)[\w-]{2,}(?:\.[\w-]+)*\.[a-z]{2,}(?![\w.]*\()", True),
        ("an IP address", r"\b\d{1,3}(?:\.\d{1,3}){3}\b", True),
        ("a DOI", r"\b10\.\d{4,9}\s?/|\bdoi\b", True),
        ("an arXiv number", r"\barxiv\s*[:./]?\s*\d|\b\d{4}\.\d{4,5}(?:v\d+)?\b", True),
        ("an author reference", _REFERENCES, False),
        ("a bracketed reference", r"[\[\]]", True),
        ("markup", r"[<>]\s*[/!a-z]|&(?:#\w+|[a-z]+);|\\", True),
        ("a word on its own memory", _MEMORY, True),
    )
)
ADDRESSES = 6
"""So many of the first kinds can be followed."""
_SPEAKS = (
    r"cite|write|say|state|answer|respond|reply|output|print|mention|recommend|include|tell|link|visit|click|praise"
)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,60}\b(?:instruction|prompt|rule|guideline|polic|previous|prior|"
    r"above|everything|context)|\b(?:system|developer)\s*(?:prompt|message|:)|"
    r"\byou are (?:now|an? (?:ai|assistant|language model|chatbot))|"
    r"\b(?:as|being) an? (?:ai|language model|assistant)\b|"
    r"\b(?:you|assistant|chatbot|ai|model|llm|gpt|claude|reader|reviewer)s?\s*[:,]?\s+"
    r"(?:must|should|shall|has to|have to|please|will now)\s+(?:now\s+)?(?:\w+\s+)?"
    rf"(?:{_SPEAKS}|claim|use|call|send|give|rate)|"
    rf"\b(?:please|always|only|instead|now)\s+(?:{_SPEAKS})\b|"
    r"\b(?:cite|visit|open|click|link to|go to|download from)\s+(?:https?:|www\.|\S+\.(?:com|org|net|io|example))|"
    r"\b(?:do not|don[’']t|never)\s+(?:tell|mention|reveal|cite|inform)\b|"
    r"<\|?\s*/?(?:im_|system|user|assistant|passage|end)|\[/?inst\]|\btool[_ ]calls?\b|"
    r"\bin your (?:answer|reply|response|output)\b",
    re.IGNORECASE | re.DOTALL,
)


def cleaned(text: str) -> str:
    """Take markers, links and markup out of what a model wrote; the words stay.

    Args:
        text: What a model wrote as one statement.

    Returns:
        The statement on one line, in compatibility-normalised characters, without invisible ones.
    """
    text = _POWER.sub(r"\1^\2", _NOTE.sub(" ", text))
    text = _visible(unicodedata.normalize("NFKC", text).translate(_ALIKE))
    text = MARKER.sub("", _LINK.sub(r"\g<words>", text))
    text = _DEFANGED.sub(lambda match: _SIGNS.get(match["sign"].lower(), match["sign"]), text)
    text = _NUMBERED.sub("", _MARKUP.sub("", _TAG.sub("", _BRACKETED.sub("", text))))
    return re.sub(r"\s+(?=[.,;:!?](?:\s|$))", "", " ".join(text.split())).strip(" \"'“”")


def _visible(text: str) -> str:
    """Leave out what is invisible or a pictogram, and write all kinds of brackets as `[` and `]`."""
    return "".join(map(_plain, _UNSEEN.sub("", text)))


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if char.isspace() or char in "(){}°" or char in _QUOTES:
        return char
    if category[0] == "C" or category in {"So", "Me"}:
        return ""
    return {"Ps": "[", "Pe": "]"}.get(category, char)


def foreign(text: str) -> str | None:
    """Name what a statement holds that a model must not write.

    Args:
        text: The statement; what it hides in look-alikes of characters is seen.

    Returns:
        What it is, or None.
    """
    text = _visible(unicodedata.normalize("NFKC", text).translate(_ALIKE))
    return next((what for what, pattern in _FOREIGN if pattern.search(text)), None)


def redacted(text: str) -> str:
    """Write a statement that was refused so that it can be listed: nothing in it can be followed.

    Args:
        text: What a model wrote.

    Returns:
        The words, each foreign thing replaced by its name.
    """
    text = cleaned(text)
    for what, pattern in _FOREIGN[:ADDRESSES]:
        text = " ".join(f"({what} left out)" if pattern.search(word) else word for word in text.split(" "))
    return text


def gives_orders(sentence: str) -> bool:
    """Tell whether a sentence of a passage talks to whoever drafts the answer, which a paper has no reason to do.

    Args:
        sentence: The sentence.

    Returns:
        Whether it reads like an instruction; it is then neither shown to a model nor accepted as support.
    """
    return _ORDERS.search(unicodedata.normalize("NFKC", sentence)) is not None
