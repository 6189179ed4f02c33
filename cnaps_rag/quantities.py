"""Numbers and units in running text, in one form: `70,000`, `seventy thousand` and `70k` are the same number."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS: dict[str, Decimal] = {
    **{word: Decimal(value) for value, word in enumerate(_SMALL.split())},
    **{word: Decimal(10 * value) for value, word in enumerate(_TENS.split(), 2)},
}
SCALES = {"hundred": Decimal(100), "thousand": Decimal(1000), "million": Decimal(10**6), "billion": Decimal(10**9)}
FRACTIONS = {"half": "0.5", "halves": "0.5", "third": "", "quarter": "0.25", "fifth": "0.2", "tenth": "0.1"}
MULTIPLES = {"twice": 2, "thrice": 3, "double": 2, "triple": 3, "twofold": 2, "threefold": 3, "fourfold": 4}
MULTIPLES |= {"fivefold": 5, "eightfold": 8, "tenfold": 10}
EASY = frozenset(map(Decimal, (0, 1, 2)))
"""In words these count things so loosely (both, a pair, one more) that papers need not print them."""

_TWO = re.compile(r"(?P<before>\b\w+\s+)?\btwo\s+(?P<noun>[a-z]{4,}s)\b(?!\s+(?:of|by|after|to)\b)", re.IGNORECASE)
_SOME = frozenset(["first", "last", "next", "other", "remaining", "any", "between", "these", "those", "top", "of"])
"""`the first two stages` may be two of four."""
_PAIRED = re.compile(r"\b(?:both|pairs?|couple|twice|dual|either|double|two)\b", re.IGNORECASE)
"""A source with one of these may well speak of two of a thing."""

TIMES, SIZE = "×", "××"
_UNITS = {
    "%": "%", "percent": "%", "per cent": "%", "percentage": "%", "×": TIMES, "x": TIMES, "⇥": TIMES, "times": TIMES,
    "fold": TIMES, "-fold": TIMES, "db": "dB", "ms": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "seconds": "s",
    "second": "s", "minutes": "min", "min": "min", "hours": "h", "hour": "h", "days": "d", "gb": "GB", "mb": "MB",
    "fps": "fps", "hz": "Hz", "kb": "KB", "km": "km", "cm": "cm", "mm": "mm",
}  # fmt: skip
RATIOS = frozenset({TIMES, SIZE, "%", "dB"})
"""What is counted in words (`four frames`) is not there where only `×4`, `4 × 4` or `4 dB` stands."""
_SUFFIXES = {"k": Decimal(1000), "m": Decimal(10**6)}
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_FIGURE = re.compile(
    rf"(?:(?P<before>(?<![\w.,])x(?=\d)|[×⇥]\s?)|(?<![\w.,])(?<!\w-))(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?P<suffix>[km](?![a-z]))?(?:\s?(?P<unit>{_UNIT})(?![a-z]|\.[a-z]\.))?(?!\w|-?d\b)",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![\w.,×⇥])\d{1,5}(?:\s?[×x⇥]\s?\d{1,5})+(?![\w.]*\d)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)?|[^\sa-z]+", re.IGNORECASE)
_ANY_DIGITS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


_POINTER = re.compile(
    r"\[\d[\d,;\s–-]*\]|\(\d{1,2}\)|(?<=[”’\"])\d{1,2}\b|\b(?:fig(?:ure|s|\.)?|tab(?:le|\.)?|eqs?(?:uation|n|\.)?|sec(?:tion|t|\.)?|alg(?:orithm|\.)?)"
    r"\s?\(?\d+(?:\.\d+)*\)?",
    re.IGNORECASE,
)
"""Numbers of references, figures, tables, equations, sections and notes state nothing."""
_POWER = re.compile(
    r"(?<![\w.,])(?:(?P<factor>\d+(?:\.\d+)?)\s?[×·⇥]\s?)?10(?:\s?\^\s?[{(]?\s?(?P<sign>[+−⁻-]?)\s?(?P<power>\d{1,2})(?!\d)[})]?|"
    r"[−⁻]\s?(?P<plain>[1-9])(?!\d)|(?P<raised>[⁺⁻]?[⁰¹²³⁴-⁹]{1,2}))|"
    r"(?<![\w.,])(?P<digits>\d+(?:\.\d+)?)(?:e(?P<mark>[+−⁻-]?)|\s?[×·⇥]\s?10\s?[−⁻-]\s?)(?P<exponent>\d{1,2})(?!\w)",
    re.IGNORECASE,
)
"""Powers of ten (`10−4`, `10^4`, `10⁴`, `2.5×10−5`, `1e-4`); a plain hyphen behind a ten may be a range."""
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SPLIT_THOUSANDS = re.compile(r"(?<!\d)(\d{1,3}),\s(\d{3})(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number as a text states it.

    Attributes:
        value: The number.
        unit: Its unit in one spelling, or None where none is known.
        words: How the text writes it.
        spelled: Whether it is written in words.
        flat: What is left of a power of ten where a PDF loses its raised digits: `3 × 10⁴` is `3 × 104`.
    """

    value: Decimal
    unit: str | None
    words: str
    spelled: bool = False
    flat: tuple[Decimal, ...] = ()


def quantities(text: str) -> list[Quantity]:
    """Find the numbers of a statement.

    Args:
        text: The statement.

    Returns:
        Its numbers in figures and in words; digits that belong to a name (`ResNet50`, `B5`, `2-D`) are none.
    """
    rest = _POWER.sub(" ", text)
    plain = _SIZE.sub(" ", rest)
    return [*_powers(text), *_sizes(rest), *_figures(plain), *_spelled(plain)]


def _powers(text: str) -> Iterator[Quantity]:
    for match in _POWER.finditer(text):
        factor, power = Decimal(match["factor"] or match["digits"] or "1"), _exponent(match)
        flat = (*((factor,) if match["factor"] else ()), Decimal(f"10{power}")) if power > 0 else ()
        yield Quantity(value=factor.scaleb(power), unit=None, words=match[0].strip(), flat=flat)


def _exponent(match: re.Match[str]) -> int:
    if match["raised"]:
        return int(match["raised"].translate(_RAISED))
    if match["power"]:
        return int(match["power"]) if match["sign"] in {"", "+"} else -int(match["power"])
    up = match["exponent"] and match["mark"] in {"", "+"}
    return int(match["exponent"]) if up else -int(match["plain"] or match["exponent"])


def _figures(text: str) -> list[Quantity]:
    found = []
    for match in _FIGURE.finditer(text):
        value = Decimal(match["digits"].replace(",", "")) * _SUFFIXES.get((match["suffix"] or "").lower(), Decimal(1))
        unit = TIMES if match["before"] else _UNITS.get((match["unit"] or "").lower())
        found.append(Quantity(value=value, unit=unit, words=match[0].strip()))
    return found


def _sizes(text: str) -> Iterator[Quantity]:
    for match in _SIZE.finditer(text):
        for digits in re.findall(r"\d+", match[0]):
            yield Quantity(value=Decimal(digits), unit=SIZE, words=digits)


def _spelled(text: str) -> list[Quantity]:
    found: list[Quantity] = []
    tokens = [match[0].lower() for match in _WORD.finditer(text)]
    at = 0
    while at < len(tokens):
        value, used = _number_at(tokens, at)
        if value is None:
            at += 1
            continue
        following = tokens[at + used] if at + used < len(tokens) else ""
        words = " ".join(tokens[at : at + used])
        unit = TIMES if words in MULTIPLES else _unit_word(following)
        found.append(Quantity(value=value, unit=unit, words=words, spelled=True))
        at += used
    return found


def _unit_word(word: str) -> str | None:
    return None if len(word) == 1 and word.isalpha() else _UNITS.get(word)


def _number_at(tokens: list[str], at: int) -> tuple[Decimal | None, int]:
    """Read a number in words: its value, None where there is none, and how many tokens it takes."""
    token = tokens[at]
    if token in MULTIPLES:
        return Decimal(MULTIPLES[token]), 1
    if FRACTIONS.get(token) and at and tokens[at - 1] in {"a", "one"}:
        return Decimal(FRACTIONS[token]), 1
    total, used = Decimal(0), 0
    while at + used < len(tokens):
        parts = tokens[at + used].split("-")
        if parts[0] in SCALES and used and len(parts) == 1:
            total *= SCALES[parts[0]]
        elif parts[0] in WORDS and (not used or total % 100 == 0):
            total += WORDS[parts[0]] + (WORDS.get(parts[1], Decimal(0)) if len(parts) > 1 else 0)
        else:
            break
        used += 1
    return (total, used) if used else (None, 0)


def _counted_otherwise(text: str, source: str) -> list[str]:
    """Name what a statement has two of while its source has another number of the same, and speaks of no pair."""
    found = []
    for match in () if _PAIRED.search(source) else _TWO.finditer(text):
        if (match["before"] or "").strip().lower() in _SOME:
            continue
        stem = re.escape(match["noun"][:-1].removesuffix("e"))
        counted = re.finditer(rf"(?P<before>[\w-]+\s+(?:[\w-]+\s+)?){stem}e?s?\b", source, re.IGNORECASE)
        counts = {one.value for place in counted for one in quantities(place["before"]) if one.unit is None}
        if counts - {Decimal(1)} and Decimal(2) not in counts:
            found.append(f"two {match['noun']}")
    return found


def missing(text: str, source: str) -> list[str]:
    """Name the numbers of a statement that a source does not have.

    Args:
        text: The statement.
        source: The text that it cites.

    Returns:
        The numbers as the statement writes them: those whose value is nowhere in the source, and those that stand
        there with another unit only; a count in words also where only a ratio of that size stands. Zero, one and two in
        words are let pass, but for "two" of a thing that the source has another number of.
    """
    wanted = [one for one in quantities(text) if not (one.spelled and one.value in EASY)]
    source = _SPLIT_THOUSANDS.sub(r"\1\2", _POINTER.sub(" ", source))
    two = _counted_otherwise(text, source)
    if not wanted:
        return two
    stated = quantities(source)
    loose = {Decimal(match[0].replace(",", "")) for match in _ANY_DIGITS.finditer(_POWER.sub(" ", source))}
    return [one.words for one in wanted if not _stated(one, stated, loose)] + two


def _stated(one: Quantity, stated: list[Quantity], loose: set[Decimal]) -> bool:
    values = {one.value}
    if one.unit is None and 0 < one.value < 1:
        values.add(one.value * 100)  # a tenth is 10 %
    units = {other.unit for other in stated if other.value in values}
    if one.flat and not units:
        return loose.issuperset(one.flat)
    if not units:
        return not one.spelled and bool(values & loose)
    if one.spelled and one.unit is None and one.value >= 1:
        return bool(units - RATIOS)
    return one.unit is None or one.unit in units or None in units
