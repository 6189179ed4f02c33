"""PDFs made to hang, explode or kill their reader: what is lost, what is kept, and that nothing else stops."""

import hashlib
import io
import json
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdf
import pytest

from cnaps_rag import isolation, pdf
from cnaps_rag.errors import DocumentError
from cnaps_rag.isolation import PdfReader
from cnaps_rag.records import Document, Origin, PaperStatus
from cnaps_rag.settings import PdfBackend, Settings
from cnaps_rag.testing import write_pdf

if TYPE_CHECKING:
    from tests.conftest import Desk

HEAVY = b"BT /F1 9 Tf 11 TL 40 760 Td\n" + b"(word word) Tj T*\n" * 300_000 + b"ET"
"""A page that takes pypdf half a minute."""
BOMB = b"BT /F1 9 Tf 11 TL 40 760 Td\n" + b"(" + b"a" * 60_000_000 + b") Tj T*\nET"
"""A page that is 60 kB in the file and 60 MB when unpacked."""

Read = Callable[..., Document]


def prose(number: int) -> bytes:
    text = f"Page {number} speaks of topic {'abcdefghij'[number % 10] * 4}. It says what {number * 7} lanterns show."
    return b"BT /F1 9 Tf 11 TL 40 760 Td\n(%s) Tj T*\nET" % text.encode()


def pdf_of(*streams: bytes, count: int | None = None, kids: str | None = None) -> bytes:
    """Lay out a PDF with compressed pages; `count` and `kids` may lie."""
    font = 3 + 2 * len(streams)
    kids = kids or " ".join(f"{3 + 2 * number} 0 R" for number in range(len(streams)))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(streams) if count is None else count} >>".encode())
    for number, stream in enumerate(streams):
        resources = f"/Resources << /Font << /F1 {font} 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents {4 + 2 * number} 0 R {resources} >>".encode()
        )
        packed = zlib.compress(stream)
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed))
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    written, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(written))
    return written + head + table + trailer


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Read]:
    readers = []

    def read(content: bytes, **settings: Any) -> Document:
        path = tmp_path / "paper.pdf"
        path.write_bytes(content)
        readers.append(PdfReader(Settings(**settings)))
        return readers[-1].read(path, hashlib.sha256(content).hexdigest())

    yield read
    for reader in readers:
        reader.close()


@pytest.mark.parametrize("backend", list(PdfBackend))
def test_same_as_without_a_worker(read: Read, tmp_path: Path, backend: PdfBackend) -> None:
    """What the worker process reads is what the plain function reads."""
    content = write_pdf(
        ["A Title of a Paper\nSome “text” – here, as ever.", "Other words stand here."], title="A Title"
    )
    assert read(content, pdf_backend=backend) == pdf.read_document(tmp_path / "paper.pdf", backend)


def test_one_worker_for_many(tmp_path: Path) -> None:
    """One process reads PDF after PDF; one that ended between two of them is replaced."""
    path = tmp_path / "paper.pdf"
    path.write_bytes(pdf_of(prose(1)))
    reader = PdfReader(Settings())
    reader.read(path, "x")
    first = reader._worker
    reader.read(path, "x")
    assert first is not None
    assert reader._worker is first
    first._process.kill()
    first._process.wait()
    assert len(reader.read(path, "x").pages) == 1
    assert reader._worker is not first
    reader.close()


def test_hanging_page(read: Read) -> None:
    """A page that hangs is lost after its share of the time; the pages around it are kept."""
    document = read(pdf_of(prose(1), HEAVY, prose(3)), parse_timeout_s=4)
    assert [page.number for page in document.pages] == [1, 3]
    assert document.lost_pages == ((2, "timeout after 1 s on one page"),)


@pytest.mark.parametrize("count", [1, 9])
def test_nothing_but_hanging_pages(read: Read, count: int) -> None:
    """Where no page can be read in time, the paper fails with the limit and how to raise it."""
    with pytest.raises(DocumentError, match=r"^timeout after 1 s: .*raise Settings.parse_timeout_s") as raised:
        read(pdf_of(*[HEAVY] * count), parse_timeout_s=1)
    assert raised.value.status == "failed"


def test_out_of_memory(read: Read) -> None:
    """A page that needs more memory than allowed is lost, and the pages around it are kept."""
    document = read(pdf_of(prose(1), BOMB, prose(3)), parse_memory_bytes=128 << 20)
    assert [page.number for page in document.pages] == [1, 3]
    assert document.lost_pages == ((2, "memory: more than 128 MiB"),)


def test_nothing_but_bombs(read: Read) -> None:
    """Where memory allows no page, the paper fails with the limit and how to raise it."""
    with pytest.raises(DocumentError, match=r"^memory: more than 128 MiB: .*raise Settings.parse_memory_bytes"):
        read(pdf_of(BOMB), parse_memory_bytes=128 << 20)


def test_bomb_within_the_limits(read: Read) -> None:
    """A page of absurd length is lost although it could be unpacked."""
    endless = b"BT /F1 9 Tf (" + b"a" * 1_200_000 + b") Tj ET"
    document = read(pdf_of(prose(1), endless))
    assert len(document.pages) == 1
    assert document.lost_pages == ((2, "more than 1,000,000 characters on one page"),)


def test_killed_in_the_middle(tmp_path: Path) -> None:
    """A page that kills the process is lost; the pages before and behind it are kept."""
    path = tmp_path / "paper.pdf"
    path.write_bytes(pdf_of(prose(1), HEAVY, prose(3)))
    reader = PdfReader(Settings())
    reader.read(_small(tmp_path), "x")
    assert reader._worker is not None
    timer = threading.Timer(0.5, reader._worker._process.kill)
    timer.start()
    document = reader.read(path, "x")
    timer.join()
    reader.close()
    assert [page.number for page in document.pages] == [1, 3]
    assert document.lost_pages == ((2, "the reader's process died"),)


def _small(tmp_path: Path) -> Path:
    path = tmp_path / "small.pdf"
    path.write_bytes(pdf_of(prose(1)))
    return path


def test_too_many_pages(read: Read) -> None:
    """Pages beyond the limit are lost with a reason, the first ones are kept."""
    document = read(pdf_of(*map(prose, range(6))), max_pages=4)
    assert len(document.pages) == 4
    beyond = "beyond the 4 pages that Settings.max_pages allows"
    assert document.lost_pages == ((5, beyond), (6, beyond))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.4\nnothing", "not a readable PDF"),
        (pdf_of(prose(1))[:300], "not a readable PDF"),
        (pdf_of(prose(1), kids="2 0 R"), "paper.pdf"),
        (pdf_of(prose(1), kids="99 0 R"), "paper.pdf"),
        (pdf_of(b"\x00" * 1000), "no page has text"),
    ],
    ids=["garbage", "truncated", "cyclic", "dangling", "no text"],
)
def test_broken(read: Read, content: bytes, words: str) -> None:
    """A broken file is one error that names it, quickly."""
    with pytest.raises(DocumentError, match=words):
        read(content, parse_timeout_s=10)


def test_endless_document(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document with more text than any paper has keeps its first pages."""
    monkeypatch.setattr(isolation, "MOST_CHARS", 150)
    document = read(pdf_of(*map(prose, range(4))))
    assert [page.number for page in document.pages] == [1, 2]
    assert {reason for _, reason in document.lost_pages} == {isolation.TOO_LONG}


def test_lying_count(read: Read) -> None:
    """A page count of a billion does not make anybody wait."""
    assert len(read(pdf_of(prose(1), count=10**9), parse_timeout_s=10).pages) == 1


def test_encrypted(read: Read) -> None:
    """An encrypted PDF is said to be encrypted."""
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(pdf_of(prose(1)))))
    writer.encrypt("secret", algorithm="RC4-128")
    with pytest.raises(DocumentError, match="encrypted"):
        read(_bytes(writer))


def _bytes(writer: pypdf.PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def test_outdated() -> None:
    """Pages lost to a limit are worth another try under another limit, and only then."""
    reader = PdfReader(Settings(parse_timeout_s=2))
    lost = Document(sha256="x", title=None, pages=(), lost_pages=((2, "timeout after 0.5 s on one page"),))
    assert not reader.outdated(lost)
    assert PdfReader(Settings(parse_timeout_s=3)).outdated(lost)
    broken = Document(sha256="x", title=None, pages=(), lost_pages=((2, "KeyError: '/Font'"),))
    assert not PdfReader(Settings(parse_timeout_s=3)).outdated(broken)


def test_worker_that_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started, the paper fails and says so."""
    path = _small(tmp_path)
    for executable in (str(tmp_path / "no-python"), "/bin/false"):
        monkeypatch.setattr(sys, "executable", executable)
        with pytest.raises(DocumentError, match="the reader's process cannot be started"):
            PdfReader(Settings()).read(path, "x")


def test_worker_loads_little() -> None:
    """The worker process loads no model, no index and no network library, so that it starts at once."""
    code = "import json, sys, cnaps_rag.pdf_worker; print(json.dumps(list(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "faiss", "numpy", "httpx", "langchain_core", "sentence_transformers"} & set(json.loads(loaded))


def test_no_worker_is_left_behind(tmp_path: Path) -> None:
    """A reader that is dropped takes its process with it."""
    reader = PdfReader(Settings())
    reader.read(_small(tmp_path), "x")
    assert reader._worker is not None
    process = reader._worker._process
    del reader
    assert process.poll() is not None


def test_build_goes_on(desk: "Desk") -> None:
    """A hanging page costs that page and a hanging PDF that paper, each with its reason; the rest is built."""
    title = b"BT /F1 9 Tf 40 760 Td (Harbour: Counting Ships from Above) Tj (. Ships are counted by radar.) Tj ET"
    (desk.pdf_dir / "2101.00003.pdf").write_bytes(pdf_of(title, HEAVY))
    (desk.pdf_dir / "2101.00004.pdf").write_bytes(pdf_of(HEAVY))
    prompt = desk.subset(1, 3, 4)
    limited = desk.tuned(parse_timeout_s=2)
    report = desk.build(prompt, settings=limited)
    lantern, harbour, forest = report.papers
    assert (lantern.status, lantern.reason) == (PaperStatus.OK, None)
    assert (harbour.status, harbour.page_count, harbour.lost_page_count) == (PaperStatus.OK, 1, 1)
    assert harbour.reason == "1 page could not be read: page 2 (timeout after 2 s)"
    assert (forest.status, forest.origin) == (PaperStatus.FAILED, Origin.ABSTRACT)
    assert (forest.reason or "").startswith("timeout after 2 s: ")
    assert len(report.seconds) == 3
    assert report.seconds[2] > 1.5
    assert desk.build(prompt, settings=limited).papers == report.papers


def test_raised_limit_reads_again(desk: "Desk") -> None:
    """A paper that lost pages to a limit is read again once the limit is another one, and only then."""
    (desk.pdf_dir / "2101.00001.pdf").write_bytes(pdf_of(*map(prose, range(5))))
    prompt = desk.subset(1)
    few, all_of_them = desk.tuned(max_pages=3), desk.tuned()
    reports = [desk.build(prompt, settings=settings) for settings in (few, few, all_of_them, all_of_them)]
    assert [report.papers[0].lost_page_count for report in reports] == [2, 2, 0, 0]
    assert [report.documents_parsed for report in reports] == [1, 0, 1, 0]
