"""Recognising section headings, and the canonical role of the section below."""

import re
from dataclasses import dataclass

from cnaps_rag.records import SectionRole

NUMBERED = re.compile(r"^(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})(?P<dot>\.?)\s+(?P<title>[A-Z\d].{1,90})$")
LETTERED = re.compile(
    r"^(?P<letter>[A-Z])(?P<rest>(?:\.\d{1,2}){0,2})\.?\s+(?P<title>[A-Z](?:[^.;\"“”]|(?<=[A-Z])\.){2,80})$"
)
ROMAN = re.compile(r"^(?P<number>[IVX]{1,5})\.\s+(?P<title>[A-Z].{2,90})$")
SUBLETTER = re.compile(r"^(?P<letter>[A-Z])\.\s+(?P<title>[A-Z].{2,90})$")
RUN_IN = re.compile(r"^(?P<title>abstract|acknowled?ge?ments?)\s*[.:—–-]\s*(?P<rest>\S.*)$", re.IGNORECASE)
OWN_ROLES = frozenset({SectionRole.LIMITATIONS, SectionRole.EXPERIMENTS, SectionRole.RELATED_WORK})
"""Roles that a subsection may have of its own; else it plays its section's role."""
LEADER = re.compile(r"(?:\s?[.·…]){3}\s*\d*$")
MOST_WORDS = 14
MOST_STYLED_WORDS = 8
LONGEST_STEP = 2

ROLES: tuple[tuple[SectionRole, str], ...] = (
    (SectionRole.ABSTRACT, r"abstract|summary"),
    (SectionRole.INTRODUCTION, r"introduction|motivation|overview of the problem"),
    (
        SectionRole.RELATED_WORK,
        r"related (?:works?|methods?|approaches|research)|background|prior work|preliminar\w+|literature",
    ),
    (SectionRole.ACKNOWLEDGEMENTS, r"acknowled?ge?ments?|funding|author contributions|affiliations"),
    (SectionRole.REFERENCES, r"references|bibliography|literature cited"),
    (SectionRole.APPENDIX, r"appendix|appendices|supplement\w*"),
    (SectionRole.LIMITATIONS, r"limitations?|failure cases|broader impact|ethic\w*"),
    (SectionRole.CONCLUSION, r"conclusions?|concluding remarks|discussion|future work"),
    (
        SectionRole.EXPERIMENTS,
        r"experiment\w*|evaluations?|results?|ablation\w*|datasets?|comparisons?|implementation details|empirical",
    ),
)
_ROLE_PATTERNS = tuple((role, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for role, words in ROLES)
_ALONE = re.compile(
    r"^(?:abstract|introduction|related works?|background|methods?|methodology|approach|experiments?|results|"
    r"discussions?|conclusions?|limitations|references|bibliography|acknowled?ge?ments?|appendix|appendices|"
    r"supplementary materials?|broader impact)$",
    re.IGNORECASE,
)


def begins_numbered(line: str) -> bool:
    """Tell whether a line begins with a section's number or letter.

    Args:
        line: The line.

    Returns:
        Whether it does.
    """
    return any(pattern.match(line) for pattern in (NUMBERED, LETTERED, ROMAN))


def role_of(title: str) -> SectionRole:
    """Map a heading to the role that sections of that name play.

    Args:
        title: The heading, without its number.

    Returns:
        The role; METHOD for a heading that names none, which is where papers put headings of their own.
    """
    for role, pattern in _ROLE_PATTERNS:
        if pattern.search(title):
            return role
    return SectionRole.METHOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A recognised heading.

    Attributes:
        text: The heading as printed, number included.
        title: The heading without its number.
        role: The canonical role of the section below it.
        level: 1 for a section, 2 for a subsection, and so on.
        rest: Text of the section that stands on the heading's own line, or "".
    """

    text: str
    title: str
    role: SectionRole
    level: int = 1
    rest: str = ""


class Outline:
    """The headings seen so far; what numbering they follow decides what may be the next one.

    A figure's label or a table's row often looks like a heading ("3 Conv layers"); that it also carries the next
    number of the paper's own sequence, in the paper's own style, is unlikely. A table of contents lists the headings
    before they come: where the first one comes again, the sequence starts over.
    """

    def __init__(self) -> None:
        """Start before the first heading."""
        self._last: tuple[int, ...] = (0,)
        self._first_title = ""
        self._listed: tuple[int, ...] = ()
        self._dotted: bool | None = None
        self._letter = ""
        self._roman_style = False
        self._subletter = ""
        self._top_role = SectionRole.FRONT_MATTER
        self._in_references = False

    def take(self, line: str, following: str = "") -> Heading | None:
        """Recognise a line as the next heading.

        Args:
            line: A line of page text, stripped.
            following: The line below it.

        Returns:
            The heading, or None where the line is none.
        """
        self._listed = _number(line) if self._is_listed(line, following) else ()
        if self._listed or LEADER.search(line):
            return None
        heading = self._alone(line) or self._lettered(line)
        if heading is None and not self._in_references:
            heading = self._run_in(line) or self._numbered(line, following) or self._roman(line)
            heading = heading or self._sublettered(line)
        if heading is not None and heading.level == 1:
            self._top_role = heading.role
            self._in_references = heading.role is SectionRole.REFERENCES
        return heading

    def take_styled(self, line: str) -> Heading | None:
        """Recognise a line that is set as a heading in a paper that numbers none.

        Args:
            line: A line of page text, stripped.

        Returns:
            The heading, or None where the paper numbers its headings, has not begun, or is at its references.
        """
        outside = self._in_references or self._top_role is SectionRole.FRONT_MATTER
        if outside or self._last != (0,) or not _titled(line) or len(line.split()) > MOST_STYLED_WORDS:
            return None
        self._top_role = role_of(line)
        return Heading(text=line, title=line, role=self._top_role)

    @property
    def in_references(self) -> bool:
        """Whether the list of references has begun and not ended."""
        return self._in_references

    def _is_listed(self, line: str, following: str) -> bool:
        """Tell whether a line is a point of a list: the next point is right above or below, as no heading's is."""
        number = _number(line)
        return bool(number) and (number == _successor(self._listed) or _number(following) == _successor(number))

    def _alone(self, line: str) -> Heading | None:
        words = line.rstrip(":.").strip()
        if not _ALONE.match(words) or (words[:1].islower()):
            return None
        return Heading(text=words, title=words, role=role_of(words))

    def _run_in(self, line: str) -> Heading | None:
        match = RUN_IN.match(line)
        if match is None or match["title"][0].islower():
            return None
        return Heading(text=match["title"], title=match["title"], role=role_of(match["title"]), rest=match["rest"])

    def _numbered(self, line: str, following: str) -> Heading | None:
        match = NUMBERED.match(line)
        if match is None or not _titled(match["title"]):
            return None
        number = _number(line)
        # a point of a numbered list goes on in lower case; a section's heading seldom takes two lines
        if len(number) == 1 and following[:1].islower():
            return None
        dotted = bool(match["dot"])
        title = match["title"].rstrip("0123456789 ").casefold()
        if number == (1,) and title == self._first_title:
            self._last, self._letter = (0,), ""
        if (len(number) == 1 and self._dotted not in {None, dotted}) or not _follows(self._last, number):
            return None
        if len(number) == 1:
            self._dotted = dotted
            self._first_title = self._first_title or title
        self._last = number
        return self._heading(line, match["title"], len(number))

    def _roman(self, line: str) -> Heading | None:
        match = ROMAN.match(line)
        if match is None or not _titled(match["title"]):
            return None
        number = (_roman_value(match["number"]),)
        if not _follows(self._last, number):
            return None
        self._last = number
        self._roman_style, self._subletter = True, ""
        return self._heading(line, match["title"], 1)

    def _sublettered(self, line: str) -> Heading | None:
        """Take the next subsection below a section with a Roman number, as the IEEE letters them."""
        match = SUBLETTER.match(line)
        expected = chr(ord(self._subletter) + 1) if self._subletter else "A"
        if not self._roman_style or match is None or match["letter"] != expected or not _titled(match["title"]):
            return None
        self._subletter = expected
        return self._heading(line, match["title"], 2)

    def _lettered(self, line: str) -> Heading | None:
        match = LETTERED.match(line)
        at_end = self._top_role in {
            SectionRole.REFERENCES,
            SectionRole.APPENDIX,
            SectionRole.ACKNOWLEDGEMENTS,
            SectionRole.CONCLUSION,
        }
        if match is None or not at_end or not _titled(match["title"]) or "," in match["title"]:
            return None
        expected = {"A"} if not self._letter else {self._letter, chr(ord(self._letter) + 1)}
        if match["letter"] not in expected or (self._in_references and not match["title"].isupper()):
            return None
        self._letter = match["letter"]
        self._top_role, self._in_references = SectionRole.APPENDIX, False
        return Heading(text=line, title=match["title"], role=SectionRole.APPENDIX, level=2)

    def _heading(self, line: str, title: str, level: int) -> Heading:
        role = role_of(title)
        if level > 1 and role not in OWN_ROLES:
            role = self._top_role
        return Heading(text=line, title=title, role=role, level=level)


def _number(line: str) -> tuple[int, ...]:
    match = NUMBERED.match(line)
    return () if match is None else tuple(int(part) for part in match["number"].split("."))


def _successor(number: tuple[int, ...]) -> tuple[int, ...] | None:
    return None if not number else (*number[:-1], number[-1] + 1)


def _titled(title: str) -> bool:
    words = title.split()
    letters = sum(character.isalpha() for character in title)
    named = [word for word in words if word[:1].isalpha()]
    return (
        len(words) <= MOST_WORDS
        and bool(named)
        and letters >= 0.6 * len(title.replace(" ", ""))
        and max(map(len, named)) > LONGEST_STEP
        and not title.rstrip().endswith((".", ",", ";", "="))
    )


def _follows(last: tuple[int, ...], number: tuple[int, ...]) -> bool:
    """Tell whether a section number may come after another, allowing one heading to have been missed."""
    depth = len(number) - 1
    if number[:depth] != last[:depth] or (depth and len(last) < depth):
        return False
    before = last[depth] if len(last) > depth else 0
    return 1 <= number[depth] - before <= LONGEST_STEP


def _roman_value(text: str) -> int:
    values = {"I": 1, "V": 5, "X": 10}
    digits = [values[letter] for letter in text]
    pairs = zip(digits, [*digits[1:], 0], strict=True)
    return sum(-digit if digit < following else digit for digit, following in pairs)
