"""PDF to passages on real, odd, broken and generated files; the real ones are read once, in one fixture."""

import hashlib
import io
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf.errors import DependencyError

from cnaps_rag import pdf, pdfium_file
from cnaps_rag.chunking import Chunker
from cnaps_rag.errors import DocumentError, MissingExtraError
from cnaps_rag.lines import Line
from cnaps_rag.pdf import read_document
from cnaps_rag.records import Document, PaperStatus, Passage, PassageKind, SectionRole
from cnaps_rag.settings import PdfBackend
from cnaps_rag.testing import write_pdf

SHARED = Path(__file__).resolve().parents[2] / "shared"
TITLES = {
    "1505.04597": "U-Net: Convolutional Networks for Biomedical Image Segmentation",
    "1905.11946v5": "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    "2010.11929": "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
    "2502.08836v1": "Survey on Single-Image Reflection Removal Using Deep Learning Techniques",
    "2504.14582v2": "NTIRE 2025 Challenge on Image Super-Resolution (×4): Methods and Results",
    "Bhat_AdaBins": "AdaBins: Depth Estimation Using Adaptive Bins",
    "Bhat_Deep": "Deep Burst Super-Resolution",
    "Byun_FBI": "FBI-Denoiser: Fast Blind Image Denoiser for Poisson-Gaussian Noise",
    "Chaman_Truly": "Truly Shift-Invariant Convolutional Neural Networks",
    "Chan_BasicVSR": "BasicVSR: The Search for Essential Components in Video Super-Resolution and Beyond",
    "Chefer_": "Transformer Interpretability Beyond Attention Visualization",
    "Chen_Distilling": "Distilling Knowledge via Knowledge Review",
    "Chen_Exploring": "Exploring Simple Siamese Representation Learning",
    "Chen_Learning": "Learning Continuous Image Representation With Local Implicit Image Function",
    "Chen_Progressive": "Progressive Semantic-Aware Style Transformation for Blind Face Restoration",
    "Chen_Scene": "Scene Text Telescope: Text-Focused Scene Image Super-Resolution",
    "Chen_You": "You Only Look One-Level Feature",
    "Chi_": "Test-Time Fast Adaptation for Dynamic Scene Deblurring via Meta-Auxiliary Learning",
    "Cui_": "Asymmetric Gained Deep Image Compression With Continuous Rate Adaptation",
    "Ding_": "CDFI: Compression-Driven Network Design for Frame Interpolation",
    "Ghiasi_": "Simple Copy-Paste Is a Strong Data Augmentation Method for Instance Segmentation",
    "Gong_": (
        "MaxUp: Lightweight Adversarial Training With Data Augmentation Improves Neural Network Training"
    ),
}  # fmt: skip
QUOTES_FLOOR = 0.98
CUT_SENTENCES_CEILING = 0.01
WHOLE = write_pdf(["Abstract\nA sentence of the first page.", "Another page."], title="A Title of Its Own")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper as read, and what pypdf itself gave for each page."""

    name: str
    document: Document
    raw: dict[int, str]
    passages: tuple[Passage, ...]

    def page_text(self, number: int | None) -> str:
        """Give the cleaned text of a page."""
        return next(page.text for page in self.document.pages if page.number == number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """All papers, and what was logged while they were read."""

    papers: tuple[Paper, ...]
    logged: tuple[str, ...]
    backend: PdfBackend

    def passages(self) -> Iterator[tuple[Paper, Passage]]:
        """Yield each passage with its paper."""
        return ((paper, passage) for paper in self.papers for passage in paper.passages)


@pytest.fixture(scope="session", params=list(PdfBackend))
def library(request: pytest.FixtureRequest) -> Library:
    """Every paper of the evaluation set, read once a backend, with what it gave for each page and what was logged."""
    backend: PdfBackend = request.param
    if not (SHARED / "papers").is_dir():
        pytest.skip("the evaluation set's papers (../shared/papers) are not beside this checkout")
    chunker = Chunker(passage_chars=600, passage_sentences=5)
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    papers = []
    try:
        for path in sorted((SHARED / "papers").glob("*.pdf")):
            document, raw = _read_with_raw(path, backend)
            papers.append(Paper(name=path.name, document=document, raw=raw, passages=chunker.passages(document)))
    finally:
        logging.getLogger().removeHandler(handler)
    return Library(papers=tuple(papers), logged=tuple(logged), backend=backend)


def _read_with_raw(path: Path, backend: PdfBackend) -> tuple[Document, dict[int, str]]:
    """Keep what is extracted, for pypdf under the number that pypdf itself gives the page."""
    raw: dict[int, str] = {}
    if backend is PdfBackend.PDFIUM:
        file = pdf.open_pdf(path, backend)
        for index in range(file.page_count):
            raw[index + 1] = "\n".join(line.text for line in file.lines(index))
        return read_document(path, backend), raw
    extract = pypdf.PageObject.extract_text

    def recorded(page: pypdf.PageObject, *args: Any, **more: Any) -> str:
        text = extract(page, *args, **more)
        raw[(page.page_number or 0) + 1] = text
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pypdf.PageObject, "extract_text", recorded)
        return read_document(path), raw


def squeezed(text: str) -> str:
    """Keep letters and digits alone, in lower case, as the evaluation set's scorer does."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


both = pytest.mark.parametrize("backend", list(PdfBackend))


def reading(tmp_path: Path, content: bytes, backend: PdfBackend = PdfBackend.PYPDF) -> Document:
    path = tmp_path / "paper.pdf"
    path.write_bytes(content)
    return read_document(path, backend)


def refusal(tmp_path: Path, content: bytes, backend: PdfBackend = PdfBackend.PYPDF) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        reading(tmp_path, content, backend)
    assert caught.value.path == tmp_path / "paper.pdf"
    assert str(caught.value.path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


def test_every_paper_is_read_whole(library: Library) -> None:
    """All 22 papers are read, no page is lost, and pages are numbered from 1."""
    assert len(library.papers) == len(TITLES)
    for paper in library.papers:
        assert paper.document.lost_pages == ()
        assert [page.number for page in paper.document.pages] == list(range(1, len(paper.raw) + 1))


def test_nothing_is_logged(library: Library) -> None:
    """Neither pypdf nor fontTools says anything while the papers are read."""
    assert library.logged == ()


def test_titles(library: Library) -> None:
    """Each paper's title is found, in its metadata or on its first page."""
    for prefix, title in TITLES.items():
        found = [paper.document.title or "" for paper in library.papers if paper.name.startswith(prefix)]
        assert [squeezed(text) for text in found] == [squeezed(title)]


def test_every_span_reproduces_page_text(library: Library) -> None:
    """`page_text[start:end] == quote` holds for every stretch of every passage of every paper."""
    for paper, passage in library.passages():
        for span in passage.spans:
            quote = passage.text[span.offset : span.offset + span.end - span.start]
            assert quote == paper.page_text(span.page_number)[span.start : span.end] != ""


def test_every_located_sentence_reproduces_page_text(library: Library) -> None:
    """Each sentence lies in its passage, in order, and where it is located on a page it stands there verbatim."""
    located = total = 0
    for paper, passage in library.passages():
        last = 0
        for start, end in passage.sentences:
            assert last <= start < end <= len(passage.text)
            last = end
            place = passage.locate(start, end)
            total += 1
            if place is not None:
                located += 1
                assert paper.page_text(place.page_number)[place.start : place.end] == passage.text[start:end]
    assert located >= 0.9 * total


def test_page_numbers_are_not_off_by_one(library: Library) -> None:
    """The beginning of every sentence stands in what pypdf gives for the page that it is said to stand on."""
    for paper in library.papers:
        raw = {number: squeezed(text) for number, text in paper.raw.items()}
        for passage in paper.passages:
            for start, end in passage.sentences:
                place = passage.locate(start, end)
                if place is not None and place.page_number is not None:
                    assert squeezed(passage.text[start:end])[:60] in raw[place.page_number]


def test_passages_do_not_cross_sections(library: Library) -> None:
    """All blocks that a passage takes from stand under its heading, with its role."""
    for paper, passage in library.passages():
        blocks = {page.number: page.blocks for page in paper.document.pages}
        for span in passage.spans:
            taken = [b for b in blocks[span.page_number] if b.start < span.end and span.start < b.end]
            assert taken
            for block in taken:
                assert (block.section, block.section_role) == (passage.section, passage.section_role)
                assert block.kind is passage.kind or (block.kind is PassageKind.EQUATION and block.continues)


def test_passages_are_free_of_debris(library: Library) -> None:
    """No ligature, control character, base64 residue or arXiv stamp is left in any page's text or passage."""
    debris = re.compile(
        r"[\ufb00-\ufb06\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b]|latexit|base64|\(cid:"
        r"|arXiv:\S+v\d+ \[[\w.-]+\] \d{1,2} [A-Z][a-z]{2} (?:19|20)\d\d|[A-Za-z0-9+/=]{60}"
    )
    for paper in library.papers:
        for text in (*(page.text for page in paper.document.pages), *(passage.text for passage in paper.passages)):
            assert debris.search(text) is None


def test_page_numbers_and_running_heads_are_left_out(library: Library) -> None:
    """A CVF paper's running page numbers (four digits) stand at the foot of pypdf's text, and in no page's text."""
    seen = 0
    for paper in library.papers:
        for page in paper.document.pages:
            foot = paper.raw[page.number or 0].strip().rsplit("\n", 1)[-1].strip()
            if re.fullmatch(r"\d{4,5}", foot):
                seen += 1
                assert not re.search(rf"(?m)(^|\s){foot}$", page.text)
    assert seen > 100


def test_line_end_hyphens_are_mended(library: Library) -> None:
    """Hardly a word in any passage is still broken by a hyphen and a blank."""
    broken = sum(len(re.findall(r"[a-z]{2}- [a-z]{2}", passage.text)) for _, passage in library.passages())
    assert broken <= 0.02 * sum(len(paper.passages) for paper in library.papers)


def test_sections_of_every_paper(library: Library) -> None:
    """Each paper has its abstract, introduction, method or experiments, and references recognised."""
    for paper in library.papers:
        roles = {block.section_role for page in paper.document.pages for block in page.blocks}
        assert roles >= {SectionRole.ABSTRACT, SectionRole.INTRODUCTION, SectionRole.REFERENCES}
        assert roles & {SectionRole.METHOD, SectionRole.EXPERIMENTS}
        retrieved = {passage.section_role for passage in paper.passages}
        assert retrieved >= {SectionRole.ABSTRACT, SectionRole.INTRODUCTION}


def test_references_are_kept_out(library: Library) -> None:
    """A reference list is recognised in every paper, and no entry of it is in a passage."""
    begun = r"^(?:\[\d{1,3}\]|\d{1,3}\.) [A-Z](?:[a-z]+ [A-Z][a-z]+,|\.) "
    entry = re.compile(begun + r"|\bIn (?:Proceedings|Proc\.|CVPR|ICCV|ECCV|NeurIPS|ICML|ICLR)[,.]? ")
    for paper in library.papers:
        cited = [b for page in paper.document.pages for b in page.blocks if b.section_role is SectionRole.REFERENCES]
        assert sum(block.end - block.start for block in cited if block.kind is PassageKind.REFERENCE) > 1000
        for passage in paper.passages:
            assert passage.section_role is not SectionRole.REFERENCES
        assert sum(bool(entry.search(passage.text)) for passage in paper.passages) <= 0.02 * len(paper.passages)


def test_front_matter_is_kept_out(library: Library) -> None:
    """Authors and affiliations before the abstract are in no passage."""
    for _, passage in library.passages():
        assert passage.section_role is not SectionRole.FRONT_MATTER


def test_few_sentences_are_cut(library: Library) -> None:
    """Of the sentences in prose, few begin in lower case without being the "where" behind a formula."""
    prose = [
        passage.text[start:end]
        for _, passage in library.passages()
        if passage.kind is PassageKind.PROSE
        for start, end in passage.sentences
    ]
    cut = [sentence for sentence in prose if sentence[:1].islower() and not sentence.startswith("where")]
    assert len(cut) <= CUT_SENTENCES_CEILING * len(prose)


def test_gold_quotes_lie_within_passages(library: Library) -> None:
    """At least 98 % of the evidence quotes of the gold lie whole within one passage of their paper."""
    texts = {paper.name: [squeezed(passage.text) for passage in paper.passages] for paper in library.papers}
    files = sorted((SHARED / "gold").glob("*.json"))
    quotes = [quote for path in files for quote in _quotes(json.loads(path.read_text(encoding="utf-8")))]
    assert len(quotes) > 400
    found = sum(any(squeezed(quote) in text for text in texts[name]) for name, quote in quotes)
    assert found >= QUOTES_FLOOR * len(quotes)


def _quotes(gold: Any) -> Iterator[tuple[str, str]]:
    if isinstance(gold, dict):
        if {"file", "quote"} <= gold.keys():
            yield gold["file"], gold["quote"]
        for value in gold.values():
            yield from _quotes(value)
    elif isinstance(gold, list):
        for value in gold:
            yield from _quotes(value)


def test_a_second_reading_gives_the_same(library: Library) -> None:
    """Reading a paper again gives an equal document, so ids are equal on every machine."""
    paper = library.papers[0]
    assert read_document(SHARED / "papers" / paper.name, library.backend) == paper.document


@pytest.fixture
def odd() -> Path:
    folder = SHARED / "odd"
    if not folder.is_dir():
        pytest.skip("the evaluation set's odd PDFs (../shared/odd) are not beside this checkout")
    return folder


@both
def test_an_image_only_pdf_is_refused_with_advice(odd: Path, backend: PdfBackend) -> None:
    """A scan without a text layer has the status `no-text`, and the error says to run OCR."""
    with pytest.raises(DocumentError, match=r"image_only\.pdf: no page has text .* run OCR") as caught:
        read_document(odd / "image_only.pdf", backend)
    assert (caught.value.status, caught.value.path) == (PaperStatus.NO_TEXT, odd / "image_only.pdf")


@both
def test_a_blank_first_page_keeps_its_number(odd: Path, backend: PdfBackend) -> None:
    """A blank first page is page 1 with an empty text, and what follows is page 2."""
    document = read_document(odd / "blank_first_page.pdf", backend)
    assert [(page.number, bool(page.text)) for page in document.pages] == [(1, False), (2, True)]
    passages = Chunker(passage_chars=600, passage_sentences=5).passages(document)
    assert {passage.page_number for passage in passages} == {2}


@both
def test_two_columns_are_read_one_after_the_other(odd: Path, backend: PdfBackend) -> None:
    """A two-column page gives whole sentences."""
    document = read_document(odd / "multicolumn.pdf", backend)
    passages = Chunker(passage_chars=600, passage_sentences=5).passages(document)
    sentences = [passage.text[start:end] for passage in passages for start, end in passage.sentences]
    assert len(document.pages) == 3
    assert sum(sentence[:1].isupper() and sentence.endswith(".") for sentence in sentences) >= 0.9 * len(sentences)


@both
@pytest.mark.parametrize("content", [b"", b"\n", b"%PDF-1.5\n", b"<html>Not found</html>", b"PK\x03\x04", b"\0" * 5000])
def test_what_is_no_pdf_is_refused(tmp_path: Path, content: bytes, backend: PdfBackend) -> None:
    """An empty file, a web page, an archive and a bare header are refused, with what to do."""
    error = refusal(tmp_path, content, backend)
    assert re.search(r"not a readable PDF \(.+\); download it again$", str(error))
    assert (error.status, error.page_number) == (PaperStatus.FAILED, None)


def test_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    """A missing file and a folder are refused in one line."""
    with pytest.raises(DocumentError, match=r"a\.pdf: cannot be read \(No such file or directory\)"):
        read_document(tmp_path / "a.pdf")
    with pytest.raises(DocumentError, match=r"cannot be read \(Is a directory\)"):
        read_document(tmp_path)


@both
@given(st.integers(0, len(WHOLE) - 1))
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_truncated_pdfs_give_a_document_or_a_document_error(tmp_path: Path, backend: PdfBackend, cut: int) -> None:
    """Wherever a PDF is cut off, a document comes out or a DocumentError: no other exception."""
    try:
        document = reading(tmp_path, WHOLE[:cut], backend)
    except DocumentError:
        return
    assert document.pages


@both
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=20))
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_pdfs_give_a_document_or_a_document_error(
    tmp_path: Path, backend: PdfBackend, at: int, damage: bytes
) -> None:
    """Whatever is written over a PDF, a document comes out or a DocumentError: no other exception."""
    try:
        document = reading(tmp_path, WHOLE[:at] + damage + WHOLE[at + len(damage) :], backend)
    except DocumentError:
        return
    assert document.pages


def test_a_truncated_paper_gives_a_document_or_a_document_error(tmp_path: Path) -> None:
    """A real paper whose download broke off gives a document or a DocumentError as well."""
    path = SHARED / "papers" / "1505.04597.pdf"
    if not path.is_file():
        pytest.skip("the evaluation set's papers (../shared/papers) are not beside this checkout")
    content = path.read_bytes()
    for share in (0.02, 0.3, 0.7, 0.999):
        try:
            document = reading(tmp_path, content[: int(share * len(content))])
        except DocumentError as error:
            assert error.path == tmp_path / "paper.pdf"  # noqa: PT017
        else:
            assert document.pages


def encrypted(algorithm: str, user_password: str) -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(WHOLE))
    writer.encrypt(user_password, "owner", algorithm=algorithm)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


@both
def test_an_encrypted_pdf_is_refused(tmp_path: Path, backend: PdfBackend) -> None:
    """A PDF that needs a password is refused, and the error says to supply a copy without one."""
    assert str(refusal(tmp_path, encrypted("RC4-128", "secret"), backend)).endswith(
        "the PDF is encrypted; supply a copy without a password"
    )


@both
def test_an_encrypted_pdf_without_a_password_is_read(tmp_path: Path, backend: PdfBackend) -> None:
    """A PDF that is only protected against changes opens without a password, and is read."""
    document = reading(tmp_path, encrypted("RC4-128", ""), backend)
    assert [page.number for page in document.pages] == [1, 2]
    assert "A sentence of the first page." in document.pages[0].text


def test_an_unknown_cipher_is_called_encryption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pypdf lacks the package for a cipher, the PDF is said to be encrypted, not to be broken."""

    def lacking(*_: object) -> None:
        message = "cryptography>=3.1 is required for AES algorithm"
        raise DependencyError(message)

    monkeypatch.setattr(pypdf.PdfReader, "decrypt", lacking)
    assert "the PDF is encrypted" in str(refusal(tmp_path, encrypted("RC4-128", "")))


def break_page(monkeypatch: pytest.MonkeyPatch, number: int, error: Exception) -> None:
    extract: Callable[..., str] = pypdf.PageObject.extract_text

    def breaking(page: pypdf.PageObject, *args: Any, **more: Any) -> str:
        if page.page_number == number - 1:
            raise error
        return extract(page, *args, **more)

    monkeypatch.setattr(pypdf.PageObject, "extract_text", breaking)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("/Contents"), "KeyError: '/Contents'"),
        (RecursionError("too\ndeep"), "RecursionError: too deep"),
        (MemoryError(), "memory"),
        (pypdf.errors.PdfReadError("odd stream"), "odd stream"),
        (ValueError("x" * 500), "ValueError: " + "x" * 120),
    ],
)
def test_a_broken_page_is_lost_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    """A page that cannot be read is listed with its number and why; the others are kept under their numbers."""
    break_page(monkeypatch, 2, error)
    document = reading(tmp_path, write_pdf(["The first page.", "The second page.", "The third page."]))
    assert document.lost_pages == ((2, reason),)
    assert [(page.number, page.text) for page in document.pages] == [(1, "The first page."), (3, "The third page.")]


def test_no_page_left_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDF whose only page is lost has no text."""
    break_page(monkeypatch, 1, KeyError("x"))
    assert refusal(tmp_path, write_pdf(["The only page."])).status == PaperStatus.NO_TEXT


def test_the_hash_is_the_file_s(tmp_path: Path) -> None:
    """The document is named by the SHA-256 of its file, so another file is another document."""
    assert reading(tmp_path, WHOLE).sha256 == hashlib.sha256(WHOLE).hexdigest()
    assert reading(tmp_path, WHOLE).sha256 != reading(tmp_path, WHOLE + b"\n").sha256


@both
@pytest.mark.parametrize(
    ("metadata", "first_page", "title"),
    [
        ("A Title of Its Own", "Another First Line", "A Title of Its Own"),
        (None, "The First Line\nAn Author", "The First Line"),
        ("untitled", "The First Line\nAn Author", "The First Line"),
        ("Microsoft Word - final.docx", "The First Line", "The First Line"),
        ("main.tex", "The First Line", "The First Line"),
        ("short", "The First Line", "The First Line"),
        ("x" * 251, "The First Line", "The First Line"),
        (None, "A Title That Goes on:\nOver Two Lines\nAn Author", "A Title That Goes on: Over Two Lines"),
        (None, "A Title of\nThree\nAn Author", "A Title of Three"),
        (None, "A TITLE IN CAPITALS\nOVER LINES\nAn Author", "A TITLE IN CAPITALS OVER LINES"),
        (None, "A Title Hyphen-\nated Once\nAn Author", "A Title Hyphenated Once"),
        (None, "Published as a conference paper at ICLR 2021\nThe First Line", "The First Line"),
        (None, "arXiv:2010.11929v2  [cs.CV]  3 Jun 2021\nThe First Line", "The First Line"),
        (None, "\n\n  The   First Line \nAn Author", "The First Line"),
        (None, "A very long line. " * 20, ("A very long line. " * 20)[:250]),
    ],
)
def test_which_title_is_taken(
    tmp_path: Path, metadata: str | None, first_page: str, title: str, backend: PdfBackend
) -> None:
    """The metadata's title counts where it is one; else the first page's first line, and those it goes on in."""
    assert reading(tmp_path, write_pdf([first_page], title=metadata), backend).title == title


def test_a_title_on_a_later_page(tmp_path: Path) -> None:
    """Where the first page is blank, the title is taken from the first one with text."""
    assert reading(tmp_path, write_pdf(["", "The First Line"])).title == "The First Line"


def test_metadata_that_cannot_be_read_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken metadata costs the metadata's title alone."""

    def broken(_: pypdf.PdfReader) -> None:
        message = "broken"
        raise KeyError(message)

    monkeypatch.setattr(pypdf.PdfReader, "metadata", property(broken))
    assert reading(tmp_path, write_pdf(["The First Line"], title="A Title of Its Own")).title == "The First Line"


def test_half_a_surrogate_pair_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a surrogate pair, which pypdf lets through, reaches neither the text nor the title: both are UTF-8."""
    monkeypatch.setattr(
        pypdf.PageObject, "extract_text", lambda *_, **__: "A Title \ud835 of Its Own\nAbstract\nWe \udc00 try."
    )
    document = reading(tmp_path, WHOLE)
    for text in (document.title or "", *(page.text for page in document.pages)):
        assert text.encode()


def test_the_parser_s_fingerprint_names_its_versions() -> None:
    """The fingerprint changes with pypdf and with the cleaning, so that old shards are not taken for new ones."""
    assert pdf.fingerprint(PdfBackend.PYPDF).startswith(f"pypdf-{pypdf.__version__}+page-text-")
    assert pdf.fingerprint(PdfBackend.PDFIUM).startswith(f"pdfium-{version('pypdfium2')}+page-text-")


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pypdfium2 the backend says which extra brings it, before anything is read."""

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(pdfium_file, "version", missing)
    for attempt in (
        lambda: pdf.fingerprint(PdfBackend.PDFIUM),
        lambda: reading(tmp_path, WHOLE, PdfBackend.PDFIUM),
    ):
        with pytest.raises(MissingExtraError, match=re.escape('pip install "cnaps-rag[pdfium]"')):
            attempt()


def test_lines_have_places(tmp_path: Path) -> None:
    """Both backends give the same lines, with places, sizes and fonts that agree."""
    path = tmp_path / "paper.pdf"
    path.write_bytes(write_pdf(["The first line\nThe second well-\nknown line"]))
    read = [pdf.open_pdf(path, backend).lines(0) for backend in PdfBackend]
    assert [[line.text for line in lines] for lines in read] == [
        ["The first line", "The second well-", "known line"]
    ] * 2
    for one, other in zip(*read, strict=True):
        assert one.place is not None
        assert one.place == other.place
        assert (one.place.x, one.place.size, one.place.face) == (40.0, 9.0, "Helvetica")


def test_pieces_that_are_not_the_text_leave_lines_without_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pypdf's pieces do not make up its text, the text counts, and places are not guessed."""
    monkeypatch.setattr(pypdf.PageObject, "extract_text", lambda *_, **__: "A line\n\nAnother")
    path = tmp_path / "paper.pdf"
    path.write_bytes(WHOLE)
    assert pdf.open_pdf(path).lines(0) == [Line("A line"), Line("Another")]
