"""Whether a PDF is the listed paper, told by its first page."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag import pdf, titles
from cnaps_rag.listing import Role
from cnaps_rag.prompts import read_prompts
from cnaps_rag.records import Block, Document, Origin, Page, PaperStatus, PassageKind, SectionRole
from cnaps_rag.sources import address_of
from cnaps_rag.sources.folder import read_manifest

if TYPE_CHECKING:
    from tests.conftest import Desk

TITLE = "Deep Burst Super-Resolution: Efficient Fusion of Many Raw Photographs"
ABSTRACT = (
    "While single-image super-resolution has attracted substantial interest in recent years, the proposed approaches "
    "are limited to learning image priors in order to add high frequency details. In contrast, multi-frame methods "
    "offer the possibility of reconstructing rich details by combining signal information from several images."
)
BODY = "Somebody, Somewhere University\nWe look into an altogether different question, with other words, for a while."


def document(*texts: str, title: str | None = None) -> Document:
    pages = []
    for number, text in enumerate(texts, 1):
        block = Block(
            start=0, end=len(text), kind=PassageKind.PROSE, section=None, section_role=SectionRole.FRONT_MATTER
        )
        pages.append(Page(number=number, text=text, blocks=(block,)))
    return Document(sha256="0" * 64, title=title, pages=tuple(pages))


@pytest.mark.parametrize(
    "printed",
    [
        TITLE,
        TITLE.upper(),
        "Deep Burst Super-Resolution:\nEfficient Fusion of Many Raw\nPhotographs",
        "Deep Burst Super-Resolution: Efficient Fu-\nsion of Many Raw Photo-\ngraphs",
        "Deep Burst Super-Resolution: Eﬃcient Fusion of Many Raw Photographs",
        "Deep Burst Super Resolution – Efficient fusion of many RAW photographs¹",
        "D E E P  B U R S T  S U P E R - R E S O L U T I O N : Efficient Fusion of Many Raw Photographs",
        "Deep Burst Super-Resolution: Efficient Fusion of Raw Photographs",
        "arXiv:2101.12345v1 [cs.CV] 1 Jan 2021\nDëep Bürst Süper-Resolution: Efficient Fusion of Many Raw Photographs",
    ],
)
def test_the_right_paper(printed: str) -> None:
    """A title is found however it is printed: capitals, line ends, hyphens, ligatures, accents, a word left out."""
    assert titles.mismatch(document(f"{printed}\n{BODY}"), listed=TITLE) is None


def test_another_paper() -> None:
    """Another title on the first page is told, with both titles."""
    wrong = titles.mismatch(document(f"Counting Ships from Above\n{BODY}", title="Counting Ships"), listed=TITLE)
    assert wrong is not None
    assert "'Counting Ships'" in wrong
    assert "Deep Burst" in wrong


def test_cited_is_not_printed() -> None:
    """A title that only stands on a later page, among the references, does not make a paper the right one."""
    pages = (f"Counting Ships from Above\n{BODY}", f"References [1] A. Bhat. {TITLE}. CVPR 2021.")
    assert titles.mismatch(document(*pages), listed=TITLE) is not None


@pytest.mark.parametrize("name", ["MSSNet", "Mask R-CNN", "SISR-Any-LIIF-RDN", "× 4 (2)", ""])
def test_short_names_are_not_titles(name: str) -> None:
    """A name of fewer than three words may be a model's: that the page lacks it proves nothing."""
    assert titles.mismatch(document(f"Counting Ships from Above\n{BODY}"), listed=name) is None


def test_arxiv_title_where_no_title_is_listed() -> None:
    """A model's entry is checked by arXiv's title; a listed title goes before arXiv's."""
    ships = document(f"Counting Ships from Above\n{BODY}")
    assert titles.mismatch(ships, listed=None, arxiv=TITLE) is not None
    assert titles.mismatch(ships, listed="ShipNet", arxiv="Counting Ships from Above") is None
    assert titles.mismatch(ships, listed=TITLE, arxiv="Counting Ships from Above") is not None
    assert titles.mismatch(ships) is None


def test_renamed_paper() -> None:
    """A paper under an earlier title is known by the abstract that the prompt gives."""
    earlier = document(f"Super-Resolving Handheld Bursts\nA. Author\nAbstract\n{ABSTRACT}")
    assert titles.mismatch(earlier, listed=TITLE, abstract=ABSTRACT) is None
    assert titles.mismatch(earlier, listed=TITLE, abstract="Too short to tell anything.") is not None
    assert titles.mismatch(document(f"Counting Ships\n{BODY}"), listed=TITLE, abstract=ABSTRACT) is not None


def test_formulas_do_not_count() -> None:
    """What LaTeX stands in arXiv's title is printed in some other way and left out of the comparison."""
    printed = document(f"On ℓ1 Balls and the K-Theory of Rings\n{BODY}")
    assert titles.mismatch(printed, arxiv=r"On $\ell_1$ Balls and the \'K-Theory of Rings") is None


@pytest.mark.parametrize("texts", [(), ("",), ("1", "  \n")])
def test_no_text_is_not_judged(texts: tuple[str, ...]) -> None:
    """Where the first pages hold no text, nothing is said; a blank page before the title is skipped."""
    assert titles.mismatch(document(*texts), listed=TITLE) is None
    assert titles.mismatch(document(*texts, f"{TITLE}\n{BODY}"), listed=TITLE) is None


def test_title_from_the_metadata() -> None:
    """The document's own title speaks for it where the page's text lacks it."""
    assert titles.mismatch(document(BODY, title=TITLE), listed=TITLE) is None


@given(st.text(), st.text(), st.text())
def test_any_text(name: str, page: str, abstract: str) -> None:
    """No text makes the check fail, and a page that begins with the title always fits."""
    titles.mismatch(document(page), listed=name, abstract=abstract)
    assert titles.mismatch(document(f"{name}\n{page}"), listed=name) is None


def first_pages(path: Path) -> Document:
    reader = pdf.open_pdf(path)
    raw = [pdf.read_page(reader, index)[0] for index in range(titles.FIRST_PAGES)]
    return pdf.assemble(path, "0" * 64, raw, (), pdf.metadata_title(reader))


def test_no_false_alarm_and_no_miss_on_the_shared_papers(shared: Path) -> None:
    """Each title listed in the 13 prompts fits its own paper and no other one of the 22."""
    offers = {offer.canonical: offer.file for offer in read_manifest(shared / "papers" / "manifest.json")}
    documents = {file: first_pages(shared / "papers" / file) for file in set(offers.values())}
    pairs = [
        entry for _, prompt in read_prompts(sorted((shared / "prompts").glob("*.txt"))) for entry in prompt.listed()
    ]
    checked = 0
    for role, paper in pairs:
        own = offers.get(address_of(paper.url).canonical)
        if own is None or role is not Role.RELATED:
            continue
        for file, found in documents.items():
            wrong = titles.mismatch(found, listed=paper.name, abstract=paper.summary)
            assert (wrong is None) == (file == own), (paper.name, file, wrong)
            checked += 1
    assert checked > 500


def test_another_paper_is_kept_out(desk: "Desk") -> None:
    """A PDF under another title than the listed one is not embedded and not indexed; the abstract stands in."""
    (desk.pdf_dir / "2101.00003.pdf").write_bytes((desk.pdf_dir / "2101.00002.pdf").read_bytes())
    prompt = desk.subset(1, 3)
    report = desk.build(prompt)
    harbour = report.papers[1]
    assert (harbour.status, harbour.origin) == (PaperStatus.TITLE_MISMATCH, Origin.ABSTRACT)
    assert "first page says 'Compass: Finding the Direction" in (harbour.reason or "")
    assert "--accept-mismatch" in (harbour.reason or "")
    assert not report.complete
    assert not any("compass" in passage.text.lower() for passage in desk.open(prompt).passages)
    assert report.documents_parsed == len(desk.shard_folders()) == 2


def test_another_paper_may_be_accepted(desk: "Desk") -> None:
    """With accept_mismatch the PDF is indexed, and another prompt that lists it rightly is not touched by that."""
    (desk.pdf_dir / "2101.00003.pdf").write_bytes((desk.pdf_dir / "2101.00002.pdf").read_bytes())
    report = desk.build(desk.subset(1, 3), settings=desk.tuned(accept_mismatch=True))
    assert report.complete
    assert desk.build(desk.subset(1, 3)).papers[1].status is PaperStatus.TITLE_MISMATCH
    assert desk.build(desk.subset(2, 1)).complete
