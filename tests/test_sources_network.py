"""Downloads from arXiv and CVF, played by a server on the loopback address that misbehaves on demand."""

import contextlib
import errno
import gzip
import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cnaps_rag.errors import StorageError
from cnaps_rag.listing import ListedPaper
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources import Clock, FetchedPaper, Library
from tests.loopback import Hosts, Reply, Sleeper

PDF = b"%PDF-1.4 a paper\n" + b"x" * 5000 + b"\n%%EOF\n"
LIIF, UNET = "https://arxiv.org/pdf/2012.09161", "https://arxiv.org/pdf/1505.04597v1"
CVF = "https://openaccess.thecvf.com/content/CVPR2021/papers/Chen_Learning_CVPR_2021_paper.pdf"
ROBOTS = ["https://arxiv.org/robots.txt", "https://openaccess.thecvf.com/robots.txt"]
HTML = {"Content-Type": "text/html"}


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with contextlib.closing(Hosts()) as running:
        yield running


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture
def fetch(tmp_path: Path, hosts: Hosts, sleeper: Sleeper) -> Callable[..., list[FetchedPaper]]:
    def fetch(*urls: str, **settings: Any) -> list[FetchedPaper]:
        library = Library(Settings(corpus_dir=tmp_path / "corpus", **settings), transport=hosts, clock=sleeper.clock)
        return library.fetch([ListedPaper(name="a paper", url=url) for url in urls])

    return fetch


Fetch = Callable[..., list[FetchedPaper]]


def test_download(hosts: Hosts, fetch: Fetch) -> None:
    """A listed PDF is fetched, stored with where it came from, and not fetched again."""
    hosts.replies[CVF] = [Reply(PDF)]
    [paper] = fetch(CVF, contact="mailto:me@example.org")
    assert (paper.status, paper.origin, paper.bytes) == (PaperStatus.OK, Origin.NETWORK, len(PDF))
    assert paper.path is not None
    assert paper.path.read_bytes() == PDF
    assert sorted(path.name for path in paper.path.parent.iterdir()) == ["paper.pdf", "source.json"]
    assert json.loads((paper.path.parent / "source.json").read_text()) == {
        "listed_url": CVF,
        "final_url": CVF,
        "sha256": paper.sha256,
        "bytes": len(PDF),
        "etag": None,
        "last_modified": None,
        "replaces": None,
        "fetched_at": "2025-01-02T03:04:05+00:00",
        "origin": "network",
        "arxiv": None,
    }
    assert all(headers["user-agent"].endswith(" (+mailto:me@example.org)") for headers in hosts.headers)
    asked = len(hosts.requests)
    [again] = fetch(CVF)
    assert (again.origin, again.sha256, len(hosts.requests)) == (Origin.CORPUS, paper.sha256, asked)


REDIRECT = "https://openaccess.thecvf.com/moved.pdf"
MISBEHAVIOUR = [
    ("404", [Reply(status=404)], PaperStatus.NOT_FOUND, "HTTP 404", 1),
    ("410", [Reply(status=410)], PaperStatus.NOT_FOUND, "HTTP 410", 1),
    ("html page with status 200", [Reply(b"<html>captcha", headers=HTML)], PaperStatus.NOT_A_PDF, "text/html", 1),
    ("empty body", [Reply(b"")], PaperStatus.NOT_A_PDF, "no PDF", 1),
    (
        "gzip bomb",
        [Reply(gzip.compress(b"%PDF-1.4" + b"x" * 10**7), headers={"Content-Encoding": "gzip"})],
        PaperStatus.NOT_A_PDF,
        "no PDF",
        1,
    ),
    ("gzip said, not done", [Reply(PDF, headers={"Content-Encoding": "gzip"})], PaperStatus.OK, "", 1),
    ("403", [Reply(status=403)], PaperStatus.FAILED, "HTTP 403 (tried 3 times)", 3),
    ("401", [Reply(status=401)], PaperStatus.FAILED, "HTTP 401", 1),
    ("429, then there", [Reply(status=429, headers={"Retry-After": "17"}), Reply(PDF)], PaperStatus.OK, "", 2),
    ("429 for an hour", [Reply(status=429, headers={"Retry-After": "3600"})], PaperStatus.FAILED, "in 3600 s", 1),
    ("503, then there", [Reply(status=503), Reply(status=503), Reply(PDF)], PaperStatus.OK, "", 3),
    ("503 for good", [Reply(status=503)], PaperStatus.FAILED, "tried 3 times", 3),
    ("reset in the body", [Reply(PDF, cut=99)], PaperStatus.FAILED, "broken off", 3),
    ("reset, then there", [Reply(PDF, cut=99), Reply(PDF)], PaperStatus.OK, "", 2),
    ("body longer than announced", [Reply(PDF, length=4000)], PaperStatus.OK, "", 1),
    ("body too short", [Reply(PDF, length=len(PDF) + 9)], PaperStatus.FAILED, "broken off", 3),
    ("a part unasked for", [Reply(PDF, status=206)], PaperStatus.FAILED, "another part came", 3),
    ("not modified, unasked for", [Reply(status=304)], PaperStatus.FAILED, "HTTP 304", 1),
    ("10 GB announced", [Reply(PDF, length=10**10)], PaperStatus.TOO_LARGE, "max_pdf_bytes", 1),
    ("too long, unannounced", [Reply(PDF * 20, length=-1)], PaperStatus.TOO_LARGE, "max_pdf", 1),
    ("redirect within the host", [Reply(status=302, headers={"Location": "/moved.pdf"})], PaperStatus.OK, "", 2),
    (
        "redirect to http",
        [Reply(status=301, headers={"Location": REDIRECT.replace("s", "", 1)})],
        PaperStatus.OK,
        "",
        2,
    ),
    (
        "redirect in a circle",
        [Reply(status=302, headers={"Location": CVF})],
        PaperStatus.FAILED,
        "more than 5 times",
        6,
    ),
    ("redirect to nowhere", [Reply(status=302)], PaperStatus.FAILED, "not followed", 1),
    *(
        (
            f"redirect to {target}",
            [Reply(status=302, headers={"Location": target})],
            PaperStatus.FAILED,
            "not followed",
            1,
        )
        for target in (
            "https://evil.example/paper.pdf",
            "http://127.0.0.1/paper.pdf",
            "file:///etc/passwd",
            "https://arxiv.org:8443/pdf/2012.09161",
            "https://u:p@arxiv.org/pdf/2012.09161",
            "//evil.example/paper.pdf",
        )
    ),
]


@pytest.mark.parametrize(
    ("replies", "status", "words", "requests"), [row[1:] for row in MISBEHAVIOUR], ids=[row[0] for row in MISBEHAVIOUR]
)
def test_misbehaviour(
    hosts: Hosts, fetch: Fetch, tmp_path: Path, replies: list[Reply], status: PaperStatus, words: str, requests: int
) -> None:
    """Whatever the server does ends in the right status, with a reason, few requests, and nothing half-written."""
    hosts.replies[CVF], hosts.replies[REDIRECT] = list(replies), [Reply(PDF)]
    [paper] = fetch(CVF, max_pdf_bytes=50_000)
    assert (paper.status, paper.path is not None) == (status, status is PaperStatus.OK)
    assert words in (paper.reason or "")
    assert len([url for url in hosts.requests if url not in ROBOTS]) == requests
    assert {httpx.URL(url).host for url in hosts.requests} == {"openaccess.thecvf.com"}
    left = {path.name for path in (tmp_path / "corpus").rglob("*") if path.is_file()} - {".lock"}
    assert left == ({"paper.pdf", "source.json"} if status is PaperStatus.OK else set())


def test_one_polite_schedule(hosts: Hosts, fetch: Fetch, sleeper: Sleeper) -> None:
    """Requests to arXiv start three seconds apart, the one for metadata among them, and those to CVF one second."""
    hosts.replies |= {url: [Reply(PDF)] for url in (LIIF, UNET, CVF, REDIRECT)}
    hosts.time_s = lambda: sleeper.now_s
    papers = [*fetch(LIIF, UNET), *fetch(CVF, REDIRECT)]  # one site at a time, as they share this test's clock
    assert {paper.status for paper in papers} == {PaperStatus.OK}
    for name, interval_s, count in (("arxiv.org", 3.0, 4), ("thecvf.com", 1.0, 3)):
        starts = [start_s for url, start_s in zip(hosts.requests, hosts.times_s, strict=True) if name in url]
        assert len(starts) == count
        assert all(later - earlier >= interval_s for earlier, later in itertools.pairwise(starts))


@pytest.mark.parametrize("asked", ["17", "Thu, 02 Jan 2025 03:04:22 GMT"])
def test_retry_after(hosts: Hosts, fetch: Fetch, sleeper: Sleeper, asked: str) -> None:
    """The server's own waiting time is kept, given in seconds or as a date."""
    hosts.replies[CVF] = [Reply(status=429, headers={"Retry-After": asked}), Reply(PDF)]
    assert fetch(CVF)[0].status is PaperStatus.OK
    assert 17.0 in sleeper.sleeps


def test_slow_drip(tmp_path: Path, hosts: Hosts) -> None:
    """A transfer that never ends is ended, although bytes go on coming."""
    hosts.replies[CVF] = [Reply(PDF)]
    clock = Clock(monotonic=itertools.count(0, 700).__next__, sleep=lambda _: None)
    library = Library(Settings(corpus_dir=tmp_path), transport=hosts, clock=clock)
    [paper] = library.fetch([ListedPaper(name="x", url=CVF)])
    assert (paper.status, "not finished after 600 s" in (paper.reason or "")) == (PaperStatus.FAILED, True)


def test_no_packet(hosts: Hosts, fetch: Fetch, tmp_path: Path) -> None:
    """Offline, or for another host, nothing is sent and nothing written; the reason says what to do."""
    other = "https://cg.postech.ac.kr/Research/MSSNet/MSSNet.pdf"
    assert [paper.status for paper in fetch(LIIF, other, offline=True)] == [
        PaperStatus.OFFLINE,
        PaperStatus.UNLISTED_HOST,
    ]
    [paper] = fetch(other)
    assert "cg.postech.ac.kr is neither arXiv nor CVF" in (paper.reason or "")
    assert "MSSNet.pdf into a folder given with --pdf-dir" in (paper.reason or "")
    assert hosts.requests == []
    assert not (tmp_path / "corpus").exists()


def test_one_bad_paper_stops_no_other(hosts: Hosts, fetch: Fetch) -> None:
    """Good papers come in whatever became of those before them."""
    hosts.replies |= {LIIF: [Reply(status=500)], UNET: [Reply(b"<html>")], CVF: [Reply(PDF)]}
    statuses = [PaperStatus.FAILED, PaperStatus.NOT_A_PDF, PaperStatus.OK]
    assert [paper.status for paper in fetch(LIIF, UNET, CVF)] == statuses


def test_full_disk(hosts: Hosts, fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk stops the run with one clear error and leaves no half-written file."""
    hosts.replies[CVF] = [Reply(PDF)]

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        fetch(CVF)
    assert list((tmp_path / "corpus").rglob("*.pdf*")) == []


def test_left_over_part(hosts: Hosts, fetch: Fetch, tmp_path: Path) -> None:
    """What a killed run left behind is written over, not read."""
    hosts.replies[LIIF] = [Reply(PDF)]
    part = tmp_path / "corpus" / "papers" / "arxiv-2012.09161" / ".paper.pdf.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"%PDF-1.4 half of a lo" * 999)
    [paper] = fetch(LIIF)
    assert (paper.status, paper.bytes, part.exists()) == (PaperStatus.OK, len(PDF), False)


FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:a="http://arxiv.org/schemas/atom"
 xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><opensearch:totalResults>1</opensearch:totalResults>
<entry><id>http://arxiv.org/abs/2012.09161v2</id><updated>2021-04-01T00:00:00Z</updated>
<published>2020-12-16T18:59:59Z</published><title>Learning Continuous
  Image Representation</title><author><name>Yinbo Chen</name></author>
<summary>We show.</summary><a:comment>12
  pages</a:comment><a:journal_ref>CVPR 2021</a:journal_ref><a:doi>10.1/liif</a:doi>
<a:primary_category term="cs.CV"/><category term="cs.CV"/>
<link rel="license" href="http://creativecommons.org/licenses/by/4.0/"/></entry></feed>"""


def test_metadata(hosts: Hosts, fetch: Fetch) -> None:
    """One request asks arXiv for all titles of the run; they are kept beside the PDFs."""
    api = "https://export.arxiv.org/api/query"
    hosts.replies |= {LIIF: [Reply(PDF)], UNET: [Reply(PDF)], api: [Reply(FEED.encode())]}
    liif, unet = fetch(LIIF, UNET)
    assert (liif.title, unet.title) == ("Learning Continuous Image Representation", None)
    assert (liif.authors, liif.journal, unet.authors) == (("Yinbo Chen",), "CVPR 2021", ())
    again = fetch(LIIF)[0]
    assert (again.title, again.authors, again.journal) == (liif.title, liif.authors, liif.journal)
    [asked] = [url for url in hosts.requests if url.startswith(api)]
    assert httpx.URL(asked).params["id_list"] == "2012.09161,1505.04597v1"
    assert liif.path is not None
    record = json.loads((liif.path.parent / "source.json").read_text())["arxiv"]
    assert record == {
        "id": "2012.09161v2",
        "title": liif.title,
        "authors": ["Yinbo Chen"],
        "published": "2020-12-16",
        "updated": "2021-04-01",
        "year": 2020,
        "version": 2,
        "categories": ["cs.CV"],
        "doi": "10.1/liif",
        "journal": "CVPR 2021",
        "comment": "12 pages",
        "licence": "http://creativecommons.org/licenses/by/4.0/",
        "withdrawn": None,
    }


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(b"<html>"), Reply(FEED.replace("2020", "x").encode())])
def test_metadata_is_not_needed(hosts: Hosts, fetch: Fetch, reply: Reply) -> None:
    """No failure of the metadata costs a paper."""
    hosts.replies |= {LIIF: [Reply(PDF)], "https://export.arxiv.org/api/query": [reply]}
    assert [(paper.status, paper.title) for paper in fetch(LIIF)] == [(PaperStatus.OK, None)]
