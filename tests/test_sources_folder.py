"""A folder of PDFs given with --pdf-dir, and the corpus that its PDFs are stored in."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cnaps_rag.errors import SourceError, StorageError
from cnaps_rag.listing import ListedPaper
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources import FetchedPaper, Library, address_of

SHARED = Path(__file__).resolve().parents[2] / "shared"
PDF = b"%PDF-1.4 one\n%%EOF\n"
OTHER_PDF = b"%PDF-1.4 another\n%%EOF\n"
LIIF = "https://arxiv.org/pdf/2012.09161"
CVF = "https://openaccess.thecvf.com/content/CVPR2021/papers/Chen_Learning_CVPR_2021_paper.pdf"
MSSNET = "https://cg.postech.ac.kr/Research/MSSNet/MSSNet.pdf"


def fetch(tmp_path: Path, *urls: str, pdf_dir: Path | None = None, **settings: Any) -> list[FetchedPaper]:
    library = Library(Settings(corpus_dir=tmp_path / "corpus", offline=True, **settings), pdf_dir=pdf_dir)
    return library.fetch([ListedPaper(name="a paper", url=url) for url in urls])


def folder(tmp_path: Path, files: dict[str, bytes], manifest: Any = None) -> Path:
    place = tmp_path / "pdfs"
    place.mkdir()
    for name, content in files.items():
        (place / name).write_bytes(content)
    if manifest is not None:
        (place / "manifest.json").write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    return place


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        (LIIF, "2012.09161.pdf"),
        (LIIF, "2012.09161v1.pdf"),
        (LIIF, "arxiv-2012.09161.pdf"),
        (f"{LIIF}v3", "2012.09161.pdf"),
        ("https://arxiv.org/abs/cs/0112017", "cs_0112017.pdf"),
        ("https://arxiv.org/abs/cs/0112017", "cs.0112017v1.pdf"),
        (CVF, "Chen_Learning_CVPR_2021_paper.pdf"),
        (CVF, "cvf-CVPR2021-Chen_Learning.pdf"),
        (MSSNET, "MSSNet.PDF"),
    ],
)
def test_found_by_name(tmp_path: Path, listed: str, name: str) -> None:
    """A PDF is found by arXiv identifier, CVF name or file name, and stored under the paper's key."""
    [paper] = fetch(tmp_path, listed, pdf_dir=folder(tmp_path, {name: PDF}))
    assert (paper.status, paper.origin, paper.reason) == (PaperStatus.OK, Origin.PDF_FOLDER, None)
    assert paper.path == tmp_path / "corpus" / "papers" / paper.address.key / "paper.pdf"
    assert paper.path.read_bytes() == PDF
    source = json.loads((paper.path.parent / "source.json").read_text())
    assert (source["listed_url"], source["sha256"], source["origin"]) == (listed, paper.sha256, "pdf-dir")


@pytest.mark.parametrize(
    "url", [LIIF, "http://www.arxiv.org/abs/2012.09161", "https://export.arxiv.org/pdf/2012.09161v1.pdf"]
)
def test_found_by_manifest(tmp_path: Path, url: str) -> None:
    """The manifest goes first, and any spelling of an address will do in it; two addresses may name one file."""
    manifest = [{"url": other, "file": "liif.pdf", "sha256": hashlib.sha256(PDF).hexdigest()} for other in (url, CVF)]
    place = folder(tmp_path, {"liif.pdf": PDF, "2012.09161.pdf": OTHER_PDF}, manifest)
    papers = fetch(tmp_path, LIIF, CVF, pdf_dir=place)
    assert [paper.status for paper in papers] == [PaperStatus.OK, PaperStatus.OK]
    assert {paper.sha256 for paper in papers} == {hashlib.sha256(PDF).hexdigest()}


@pytest.mark.parametrize("manifest", [None, [{"url": f"{LIIF}v1", "file": "2012.09161v1.pdf"}]])
def test_other_version_is_another_paper(tmp_path: Path, manifest: Any) -> None:
    """Another version than the listed one is not taken, and the reason names both."""
    [paper] = fetch(tmp_path, f"{LIIF}v3", pdf_dir=folder(tmp_path, {"2012.09161v1.pdf": PDF}, manifest))
    assert paper.status is PaperStatus.OFFLINE
    assert "has version 1 of it (2012.09161v1.pdf), listed is 3" in (paper.reason or "")


def test_manifest_overrules_names(tmp_path: Path) -> None:
    """A file that the manifest gives to one paper is never taken for another one by its name."""
    manifest = [
        {"url": "https://example.org/a.pdf", "file": "MSSNet.pdf"},
        {"url": f"{LIIF}v1", "file": "2012.09161.pdf"},
    ]
    place = folder(tmp_path, {"MSSNet.pdf": PDF, "2012.09161.pdf": PDF}, manifest)
    statuses = [paper.status for paper in fetch(tmp_path, MSSNET, f"{LIIF}v3", pdf_dir=place)]
    assert statuses == [PaperStatus.UNLISTED_HOST, PaperStatus.OFFLINE]


def test_best_version(tmp_path: Path) -> None:
    """Of several versions the listed one is taken, or the latest where none is listed."""
    place = folder(tmp_path, {f"2012.09161v{n}.pdf": PDF + bytes([n]) for n in (1, 2, 10)})
    papers = fetch(tmp_path, LIIF, f"{LIIF}v2", pdf_dir=place)
    assert [paper.path and paper.path.read_bytes()[-1] for paper in papers] == [10, 2]


def test_wrong_hash(tmp_path: Path) -> None:
    """A file that is not what the manifest says fails that paper, with both hashes, and no other."""
    manifest = [{"url": LIIF, "file": "liif.pdf", "sha256": "0" * 64}, {"url": CVF, "file": "liif.pdf"}]
    wrong, right = fetch(tmp_path, LIIF, CVF, pdf_dir=folder(tmp_path, {"liif.pdf": PDF}, manifest))
    assert (wrong.status, wrong.path, right.status) == (PaperStatus.FAILED, None, PaperStatus.OK)
    assert "0" * 64 in (wrong.reason or "")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("{not json", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ({"url": LIIF}, "not a list"),
        ([7], "entry 1"),
        ([{"url": LIIF}], "entry 1"),
        ([{"url": LIIF, "file": "a.pdf"}, {"url": LIIF, "file": "../a.pdf"}], "entry 2 names '../a.pdf'"),
        ([{"url": LIIF, "file": "/etc/passwd"}], "not inside the folder"),
        ([{"url": LIIF, "file": "..\\a.pdf"}], "not inside the folder"),
        ([{"url": LIIF, "file": ""}], "not inside the folder"),
        ([{"url": LIIF, "file": "a.pdf", "sha256": "short"}], "64 hexadecimal digits"),
    ],
)
def test_broken_manifest(tmp_path: Path, manifest: Any, words: str) -> None:
    """A manifest that cannot be used is one clear error: which file, what, and what is expected."""
    place = folder(tmp_path, {}, manifest)
    with pytest.raises(SourceError, match=re.escape(words)) as raised:
        fetch(tmp_path, LIIF, pdf_dir=place)
    assert str(place / "manifest.json") in str(raised.value)


def test_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is one clear error."""
    with pytest.raises(SourceError, match="give --pdf-dir a folder that can be read"):
        fetch(tmp_path, LIIF, pdf_dir=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "limit", "status"),
    [(b"<html>", 1000, PaperStatus.NOT_A_PDF), (b"", 1000, PaperStatus.NOT_A_PDF), (PDF, 5, PaperStatus.TOO_LARGE)],
)
def test_judged_by_its_bytes(tmp_path: Path, content: bytes, limit: int, status: PaperStatus) -> None:
    """What is no PDF, or too large, is refused by its content, in the folder as in the corpus."""
    dropped = tmp_path / "corpus" / "papers" / "arxiv-2012.09161" / "paper.pdf"
    dropped.parent.mkdir(parents=True)
    dropped.write_bytes(content)
    place = folder(tmp_path, {"MSSNet.pdf": content})
    papers = fetch(tmp_path, LIIF, MSSNET, pdf_dir=place, max_pdf_bytes=limit)
    assert [paper.status for paper in papers] == [status, status]
    assert str(dropped) in (papers[0].reason or "")


@pytest.mark.parametrize("source", [None, "{broken", '{"sha256": "of another file", "arxiv": {"title": "LIIF"}}'])
def test_dropped_in_by_hand(tmp_path: Path, source: str | None) -> None:
    """The PDF in the corpus counts as it is: without source.json, with a broken one, or after it was replaced."""
    dropped = tmp_path / "corpus" / "papers" / address_of(MSSNET).key / "paper.pdf"
    dropped.parent.mkdir(parents=True)
    dropped.write_bytes(PDF)
    if source is not None:
        (dropped.parent / "source.json").write_text(source)
    [paper] = fetch(tmp_path, MSSNET)
    assert (paper.status, paper.origin, paper.path) == (PaperStatus.OK, Origin.CORPUS, dropped)
    assert (paper.sha256, paper.bytes) == (hashlib.sha256(PDF).hexdigest(), len(PDF))
    assert paper.title == ("LIIF" if source and "LIIF" in source else None)


@pytest.mark.parametrize("authors", ['"Ada Roe"', "null", "[1, null]", "{}"])
def test_odd_metadata(tmp_path: Path, authors: str) -> None:
    """Metadata of another form than arXiv's cost no paper, and name no author."""
    [stored] = fetch(tmp_path, MSSNET, pdf_dir=folder(tmp_path, {"MSSNet.pdf": PDF}))
    assert stored.path is not None
    record = f'{{"arxiv": {{"title": 1, "journal": [], "authors": {authors}}}}}'
    (stored.path.parent / "source.json").write_text(record)
    [paper] = fetch(tmp_path, MSSNET)
    assert (paper.status, paper.title, paper.authors, paper.journal) == (PaperStatus.OK, None, (), None)


def test_folder_goes_before_corpus(tmp_path: Path) -> None:
    """The folder given now replaces what the corpus held, even where that was no PDF."""
    first = folder(tmp_path, {"2012.09161.pdf": PDF, "MSSNet.pdf": PDF})
    [stored, _] = fetch(tmp_path, LIIF, MSSNET, pdf_dir=first)
    assert stored.path is not None
    stored.path.write_bytes(b"<html>")
    (first / "MSSNet.pdf").write_bytes(OTHER_PDF)
    papers = fetch(tmp_path, LIIF, MSSNET, pdf_dir=first)
    assert [paper.path and paper.path.read_bytes() for paper in papers] == [PDF, OTHER_PDF]


def test_reading_writes_nothing(tmp_path: Path) -> None:
    """With everything in the corpus, a read-only corpus is enough, and the folder may still be given."""
    place = folder(tmp_path, {"2012.09161.pdf": PDF, "MSSNet.pdf": PDF})
    fetch(tmp_path, LIIF, MSSNET, pdf_dir=place)
    (tmp_path / "corpus" / ".lock").unlink()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for pdf_dir, origin in ((None, Origin.CORPUS), (place, Origin.PDF_FOLDER)):
        papers = fetch(tmp_path, LIIF, MSSNET, pdf_dir=pdf_dir)
        assert [(paper.status, paper.origin) for paper in papers] == [(PaperStatus.OK, origin)] * 2
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_corpus_that_cannot_be_written(tmp_path: Path) -> None:
    """A corpus that cannot be written stops the run and says so, rather than failing paper by paper."""
    (tmp_path / "corpus").write_text("a file stands where the folder should be")
    with pytest.raises(StorageError):
        fetch(tmp_path, LIIF, pdf_dir=folder(tmp_path, {"2012.09161.pdf": PDF}))


def test_order_and_sharing(tmp_path: Path) -> None:
    """The outcomes come in the order listed, one for each entry; a paper listed twice is handled once."""
    place = folder(tmp_path, {"2012.09161.pdf": PDF})
    library = Library(Settings(corpus_dir=tmp_path / "corpus", offline=True), pdf_dir=place)
    urls = [LIIF, MSSNET, "http://arxiv.org/abs/2012.09161", CVF]
    handled: list[str] = []
    papers = library.fetch([ListedPaper(name="x", url=url) for url in urls], lambda p: handled.append(p.address.key))
    assert [paper.address.url for paper in papers] == urls
    statuses = [PaperStatus.OK, PaperStatus.UNLISTED_HOST, PaperStatus.OK, PaperStatus.OFFLINE]
    assert [paper.status for paper in papers] == statuses
    assert sorted(handled) == sorted({paper.address.key for paper in papers})


def test_advice(tmp_path: Path) -> None:
    """Who gets no PDF is told where to put it, by path and by the option with the file's name."""
    for paper in fetch(tmp_path, LIIF, MSSNET):
        assert str(tmp_path / "corpus" / "papers" / paper.address.key / "paper.pdf") in (paper.reason or "")
        assert f"as {paper.address.file_name} into a folder given with --pdf-dir DIR" in (paper.reason or "")


@pytest.mark.skipif(not (SHARED / "papers").is_dir(), reason="the shared papers are not beside this checkout")
def test_dev_prompts_resolve(tmp_path: Path) -> None:
    """Of the ten dev prompts' papers, all but the one that the shared folder lacks come from there."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((SHARED / "prompts").glob("dev-*.txt"))]
    urls = sorted(set(re.findall(r"^Paper: (\S+)$", "\n".join(texts), re.MULTILINE)))
    papers = fetch(tmp_path, *urls, pdf_dir=SHARED / "papers")
    assert len(urls) > 15
    missing = {paper.address.url: paper.reason for paper in papers if paper.status is not PaperStatus.OK}
    assert list(missing) == [MSSNET]
