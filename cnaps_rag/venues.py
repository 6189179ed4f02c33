"""When and where a paper appeared, as far as its listed URL says so. Nothing is guessed: what it does not say is None.

CVF's addresses name conference and year; arXiv's identifiers hold the month in which the first version was submitted.
"""

import re
from dataclasses import dataclass

from cnaps_rag.sources.addresses import AddressKind, ArxivId, PaperAddress, address_of

CONFERENCES = {
    "ACCV": "Asian Conference on Computer Vision",
    "CVPR": "Conference on Computer Vision and Pattern Recognition",
    "ECCV": "European Conference on Computer Vision",
    "ICCV": "International Conference on Computer Vision",
    "WACV": "Winter Conference on Applications of Computer Vision",
}
"""The conferences whose papers CVF publishes; sponsors, which changed over the years, are left out."""

_CVF = re.compile(
    r"cvf:(?P<name>[A-Z]{4})(?P<before>W?)(?P<year>(?:19|20)[0-9]{2})(?P<after>W|WORKSHOPS)?(?P<part>\.[\w.]+)?"
    r"/(?P<surname>[^_/]+)_(?P<title>[^/]+?)_[A-Za-z]+_[0-9]{4}_paper\.pdf"
)
_NEW_ID = re.compile(r"(?P<year>[0-9]{2})(?P<month>0[1-9]|1[0-2])\.[0-9]+")
_OLD_ID = re.compile(r"[a-z-]+/(?P<year>[0-9]{2})(?P<month>0[1-9]|1[0-2])[0-9]{3}")
ARXIV_BEGAN = 91
ARTICLES = frozenset({"a", "an", "the"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """When and where a paper appeared.

    Attributes:
        name: `CVPR 2021`, `CVPR 2021 Workshops`, `arXiv:2012.09161`; None where the URL names none.
        year: The year of the conference, or of the submission to arXiv; else None.
        month: 1 to 12: the month of the submission to arXiv; else None.
        proceedings: The conference's name written out, or None where the URL names none.
        arxiv: The arXiv identifier, without version, or None.
        key: A short name of the paper that is made of the URL alone: `chan2021basicvsr`, `arxiv2012.09161`.
    """

    name: str | None = None
    year: int | None = None
    month: int | None = None
    proceedings: str | None = None
    arxiv: str | None = None
    key: str


def venue_of(url: str) -> Venue:
    """Read off a listed URL when and where the paper appeared.

    Args:
        url: The URL as listed, or any other text.

    Returns:
        What it says.

    Source:
        https://info.arxiv.org/help/arxiv_identifier.html (the first four digits are year and month of the
        submission); https://openaccess.thecvf.com/menu (names of the conferences' folders).
    """
    address = address_of(url)
    if address.arxiv is not None:
        return _arxiv(address.arxiv)
    conference = _CVF.fullmatch(address.canonical) if address.kind is AddressKind.CVF else None
    if conference is not None and conference["name"] in CONFERENCES:
        return _conference(conference)
    return Venue(key=_key(address))


def _arxiv(paper: ArxivId) -> Venue:
    key = f"arxiv{paper.paper.replace('/', '-')}"
    name = f"arXiv:{paper.paper}"
    new, old = _NEW_ID.fullmatch(paper.paper), _OLD_ID.fullmatch(paper.paper)
    found = new or old
    if found is None:
        return Venue(name=name, arxiv=paper.paper, key=key)
    short = int(found["year"])
    century = 1900 if old is not None and short >= ARXIV_BEGAN else 2000
    return Venue(name=name, year=century + short, month=int(found["month"]), arxiv=paper.paper, key=key)


def _conference(found: re.Match[str]) -> Venue:
    year = int(found["year"])
    workshops = " Workshops" if found["before"] or found["after"] else ""
    words = re.findall(r"[a-z0-9]+", found["title"].lower())
    first = next((word for word in words if word not in ARTICLES), "")
    return Venue(
        name=f"{found['name']} {year}{workshops}",
        year=year,
        proceedings=f"{CONFERENCES[found['name']]} ({found['name']}){workshops}",
        key=f"{_plain(found['surname'])}{year}{first}",
    )


def _key(address: PaperAddress) -> str:
    return _plain(address.key.removeprefix("web-").removeprefix("cvf-")) or "paper"


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "", text.lower())
