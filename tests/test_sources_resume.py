"""Downloads that go on where they broke off, papers that are checked again, and hosts that the user allows."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cnaps_rag import cli
from cnaps_rag.listing import ListedPaper, Prompt
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings, host_name
from cnaps_rag.sources import AddressKind, Clock, FetchedPaper, Library, address_of
from cnaps_rag.sources.metadata import withdrawal
from cnaps_rag.sources.parts import PartFile, strong_validator
from tests.loopback import Hosts, Reply, Sleeper

PDF = b"%PDF-1.4 a paper\n" + bytes(range(256)) * 12_000 + b"\n%%EOF\n"
NEWER_PDF = b"%PDF-1.4 a corrected paper\n" + b"y" * 5000 + b"\n%%EOF\n"
CVF = "https://openaccess.thecvf.com/content/CVPR2021/papers/Chen_Learning_CVPR_2021_paper.pdf"
LIIF = "https://arxiv.org/pdf/2012.09161"
OWN = "https://papers.example.org/liif.pdf"
ETAG = {"ETag": '"one"'}
DATES = {"Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}
API = "https://export.arxiv.org/api/query"

Fetch = Callable[..., list[FetchedPaper]]


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with contextlib.closing(Hosts()) as running:
        yield running


@pytest.fixture
def fetch(tmp_path: Path, hosts: Hosts) -> Fetch:
    def fetch(*urls: str, clock: Clock | None = None, **settings: Any) -> list[FetchedPaper]:
        library = Library(Settings(corpus_dir=tmp_path, **settings), transport=hosts, clock=clock or Sleeper().clock)
        return library.fetch([ListedPaper(name="a paper", url=url) for url in urls])

    return fetch


def source(paper: FetchedPaper) -> dict[str, Any]:
    assert paper.path is not None
    loaded: dict[str, Any] = json.loads(paper.path.with_name("source.json").read_text())
    return loaded


@pytest.mark.parametrize("state", [ETAG, DATES, {**ETAG, **DATES}], ids=["etag", "date", "both"])
def test_goes_on_in_the_next_attempt(hosts: Hosts, fetch: Fetch, state: dict[str, str]) -> None:
    """A reset in mid-body costs only the rest of the body: it is asked for by Range, under If-Range."""
    hosts.replies[CVF] = [Reply(PDF, headers=state, ranges=True, cut=2_000_000), Reply(PDF, headers=state, ranges=True)]
    [paper] = fetch(CVF)
    assert paper.path is not None
    assert paper.path.read_bytes() == PDF
    first, second = hosts.asked_for(CVF)
    assert "range" not in first
    assert int(second["range"].removeprefix("bytes=").removesuffix("-")) > 0
    assert second["if-range"] == state.get("ETag", state.get("Last-Modified"))
    assert (source(paper)["etag"], source(paper)["last_modified"]) == (state.get("ETag"), state.get("Last-Modified"))
    assert sorted(path.name for path in paper.path.parent.iterdir()) == ["paper.pdf", "source.json"]


def test_goes_on_in_the_next_run(hosts: Hosts, fetch: Fetch) -> None:
    """What a run that failed had fetched is not fetched again by the next one."""
    hosts.replies[CVF] = [Reply(PDF, headers=ETAG, cut=1_500_000)]
    [failed] = fetch(CVF)
    assert (failed.status, failed.path) == (PaperStatus.FAILED, None)
    hosts.replies[CVF] = [Reply(PDF, headers=ETAG, ranges=True)]
    asked = len(hosts.asked_for(CVF))
    [paper] = fetch(CVF)
    assert paper.path is not None
    assert paper.path.read_bytes() == PDF
    [last] = hosts.asked_for(CVF)[asked:]
    assert int(last["range"].removeprefix("bytes=").removesuffix("-")) > 0


WRONG = {
    "another state of the file": Reply(PDF, headers={"ETag": '"two"'}, ranges=True),
    "no ranges": Reply(PDF, headers=ETAG),
    "another place": Reply(
        PDF[9:], status=206, headers={"Content-Range": f"bytes 9-{len(PDF) - 1}/{len(PDF)}", **ETAG}
    ),
    "another state, said in the part": Reply(
        PDF[9:], status=206, headers={"Content-Range": f"bytes 9-{len(PDF) - 1}/{len(PDF)}", "ETag": '"two"'}
    ),
    "no place": Reply(PDF[9:], status=206, headers=ETAG),
    "not satisfiable": Reply(status=416),
    "broken off again": Reply(PDF, headers=ETAG, ranges=True, cut=50_000),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_begins_again_where_nothing_fits(hosts: Hosts, fetch: Fetch, wrong: Reply) -> None:
    """Whatever a server sends instead of the rest, the file in the corpus is the whole right one."""
    good = Reply(PDF, headers=ETAG, ranges=True)
    hosts.replies[CVF] = [Reply(PDF, headers=ETAG, ranges=True, cut=2_000_000), wrong, good]
    [paper] = fetch(CVF)
    assert paper.path is not None
    assert paper.path.read_bytes() == PDF


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"a"'}, '"a"'),
        ({"etag": 'W/"a"', "last-modified": DATES["Last-Modified"]}, None),
        ({"last-modified": DATES["Last-Modified"], "date": "Wed, 01 Jan 2020 00:00:01 GMT"}, DATES["Last-Modified"]),
        ({"last-modified": DATES["Last-Modified"], "date": DATES["Last-Modified"]}, None),
        ({"last-modified": DATES["Last-Modified"]}, None),
        ({"last-modified": "yesterday", "date": "today"}, None),
        ({}, None),
    ],
)
def test_strong_validators(headers: dict[str, str], validator: str | None) -> None:
    """Only a state that names the file's bytes may be gone on from."""
    assert strong_validator(headers) == validator


@pytest.mark.parametrize(
    "note",
    [
        "{broken",
        "[]",
        '{"url": "https://elsewhere", "validator": "\\"a\\"", "bytes": 10}',
        '{"url": "u", "validator": 7, "bytes": 10}',
        '{"url": "u", "validator": "\\"a\\"\\r\\nX: y", "bytes": 10}',
        '{"url": "u", "validator": "\\"a\\"", "bytes": 11}',
        '{"url": "u", "validator": "\\"a\\"", "bytes": "10"}',
        '{"url": "u", "validator": "\\"a\\"", "bytes": -1}',
    ],
)
def test_notes_that_do_not_fit(tmp_path: Path, note: str) -> None:
    """A part file whose note is broken, of another URL, or says more bytes than there are, is begun again."""
    (tmp_path / "part").write_bytes(b"0123456789")
    (tmp_path / "part.json").write_text(note)
    part = PartFile(tmp_path / "part", "u")
    assert (part.size, part.validator) == (0, None)
    part.discard()


def test_only_what_was_on_disk_counts(tmp_path: Path) -> None:
    """Bytes behind the last checkpoint may be anything after a power cut, and are cut off."""
    part = PartFile(tmp_path / "part", "u")
    part.begin(httpx.Headers(ETAG))
    part.write(b"0123456789")
    part.leave()
    with (tmp_path / "part").open("ab") as file:
        file.write(b"\0" * 99)
    again = PartFile(tmp_path / "part", "u")
    assert (again.size, again.validator, again.head(99)) == (10, '"one"', b"0123456789")
    again.discard()
    assert list(tmp_path.iterdir()) == []


def test_recheck_keeps_what_is_unchanged(hosts: Hosts, fetch: Fetch) -> None:
    """With recheck the host is asked by ETag and date; a 304 keeps the PDF, and source.json says when."""
    hosts.replies[CVF] = [Reply(PDF, headers={**ETAG, **DATES})]
    [first] = fetch(CVF)
    assert fetch(CVF)[0].origin is Origin.CORPUS
    assert len(hosts.asked_for(CVF)) == 1
    [again] = fetch(CVF, recheck=True)
    asked = hosts.asked_for(CVF)[-1]
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"one"', DATES["Last-Modified"])
    assert (again.status, again.origin, again.sha256) == (PaperStatus.OK, Origin.CORPUS, first.sha256)
    assert (source(again)["checked_at"], source(again)["etag"]) == ("2025-01-02T03:04:05+00:00", '"one"')


def test_recheck_replaces_what_has_changed(hosts: Hosts, fetch: Fetch) -> None:
    """With recheck a changed PDF is fetched and takes the old one's place."""
    hosts.replies[CVF] = [Reply(PDF, headers=ETAG), Reply(NEWER_PDF, headers={"ETag": '"two"'})]
    fetch(CVF)
    [paper] = fetch(CVF, recheck=True)
    assert paper.path is not None
    assert (paper.path.read_bytes(), paper.origin, source(paper)["etag"]) == (NEWER_PDF, Origin.NETWORK, '"two"')


def test_recheck_after_a_kill_in_between(
    hosts: Hosts, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A run that is killed between the new description and the new PDF leaves a paper that is still rechecked."""
    newer = Reply(NEWER_PDF, headers={"ETag": '"two"'}, ranges=True)
    hosts.replies[CVF] = [Reply(PDF, headers=ETAG), newer]
    [paper] = fetch(CVF)
    with monkeypatch.context() as patch:
        patch.setattr(PartFile, "finish", kill)
        with pytest.raises(KeyboardInterrupt):
            fetch(CVF, recheck=True)
    assert paper.path is not None
    assert paper.path.read_bytes() == PDF
    assert fetch(CVF)[0].sha256 == paper.sha256
    [again] = fetch(CVF, recheck=True)
    assert (again.origin, paper.path.read_bytes()) == (Origin.NETWORK, NEWER_PDF)
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [".lock", "paper.pdf", "source.json"]


def kill(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("reply", [Reply(status=404), Reply(status=503), Reply(b"<html>"), Reply(PDF, cut=99)])
def test_failed_recheck_keeps_the_paper(hosts: Hosts, fetch: Fetch, reply: Reply) -> None:
    """A recheck that fails costs nothing: what the corpus holds is kept."""
    hosts.replies[CVF] = [Reply(PDF, headers=ETAG), reply]
    [first] = fetch(CVF)
    [again] = fetch(CVF, recheck=True)
    assert (again.status, again.origin, again.sha256) == (PaperStatus.OK, Origin.CORPUS, first.sha256)
    assert again.path is not None
    assert again.path.read_bytes() == PDF


def test_recheck_asks_only_for_what_was_fetched(hosts: Hosts, fetch: Fetch, tmp_path: Path) -> None:
    """What was put in or replaced by hand is not rechecked, and offline nothing is."""
    hosts.replies[CVF] = [Reply(PDF, headers=ETAG)]
    [paper] = fetch(CVF)
    by_hand = tmp_path / "papers" / "arxiv-2012.09161" / "paper.pdf"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(NEWER_PDF)
    asked = len(hosts.requests)
    assert [paper.origin for paper in fetch(CVF, LIIF, recheck=True, offline=True)] == [Origin.CORPUS] * 2
    assert paper.path is not None
    paper.path.write_bytes(NEWER_PDF)
    assert [paper.origin for paper in fetch(CVF, LIIF, recheck=True)] == [Origin.CORPUS] * 2
    assert len(hosts.requests) == asked


def test_allowed_host(hosts: Hosts, fetch: Fetch) -> None:
    """A host is fetched from where it is allowed by name, for that run; http is upgraded, redirects may lead there."""
    hosts.replies |= {OWN: [Reply(PDF)], CVF: [Reply(status=302, headers={"Location": OWN})]}
    assert [paper.status for paper in fetch(OWN)] == [PaperStatus.UNLISTED_HOST]
    assert hosts.requests == []
    papers = fetch("http://papers.example.org/liif.pdf", CVF, allowed_hosts=("Papers.Example.ORG.",))
    assert [paper.status for paper in papers] == [PaperStatus.OK] * 2
    assert fetch(OWN)[0].origin is Origin.CORPUS
    assert {httpx.URL(url).scheme for url in hosts.requests} == {"https"}
    assert "https://papers.example.org/robots.txt" in hosts.requests


@pytest.mark.parametrize(
    "url",
    [
        "https://sub.papers.example.org/liif.pdf",
        "https://papers.example.org:8443/liif.pdf",
        "https://me:secret@papers.example.org/liif.pdf",
        "https://papers.example.org.evil.example/liif.pdf",
        "ftp://papers.example.org/liif.pdf",
    ],
)
def test_allowed_means_that_host_only(url: str) -> None:
    """Allowing a host allows neither its subdomains nor other ports, credentials or schemes."""
    address = address_of(url, frozenset({"papers.example.org"}))
    assert (address.kind, address.download_url) == (AddressKind.OTHER, None)


def test_allowed_and_unallowed_share_a_key() -> None:
    """A paper put in by hand before its host was allowed is found after."""
    allowed = address_of(OWN, frozenset({"papers.example.org"}))
    assert (allowed.kind, allowed.site, allowed.download_url) == (AddressKind.ALLOWED, "papers.example.org", OWN)
    assert allowed.key == address_of(OWN).key


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]", "::1", "10.0.0.1."),
        *(
            "https://example.org",
            "example.org/x",
            "example.org:443",
            "*.example.org",
            "",
            " ",
            "a..b",
            "me@example.org",
        ),
    ],
)
def test_what_cannot_be_allowed(host: str) -> None:
    """IP addresses in any notation, URLs, ports and patterns are no host names."""
    with pytest.raises(ValueError, match="is not the name of one host"):
        Settings(allowed_hosts=(host,))


def test_one_text_is_not_a_list() -> None:
    """A host that is not in a tuple is not taken for a list of letters."""
    with pytest.raises(ValueError, match="names in a tuple"):
        Settings(allowed_hosts="example.org")  # type: ignore[arg-type]


def test_international_names() -> None:
    """An international name is the same in both its forms."""
    assert host_name("Bücher.example") == host_name("xn--bcher-kva.example")
    address = address_of("https://bücher.example/a.pdf", frozenset({host_name("bücher.example")}))
    assert address.kind is AddressKind.ALLOWED


def test_sites_side_by_side(hosts: Hosts, fetch: Fetch) -> None:
    """While one host is slow, the others are fetched from: nobody waits for the slowest."""
    together = threading.Barrier(3, timeout=10)

    class Meeting(Reply):
        def answer(self, asked: Any) -> tuple[int, dict[str, str], bytes]:
            together.wait()
            return super().answer(asked)

    hosts.replies |= {url: [Meeting(PDF)] for url in (LIIF, CVF, OWN)}
    papers = fetch(LIIF, CVF, OWN, allowed_hosts=("papers.example.org",))
    assert [paper.status for paper in papers] == [PaperStatus.OK] * 3


FEED = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:a="http://arxiv.org/schemas/atom"
 xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><opensearch:totalResults>1</opensearch:totalResults>
<entry><id>http://arxiv.org/abs/2012.09161v3</id><updated>2021-04-01T00:00:00Z</updated>
<published>2020-12-16T18:59:59Z</published><title>LIIF</title><author><name>A</name></author>
<a:comment>This paper has been withdrawn by the author: an error in lemma 2</a:comment></entry></feed>"""


@pytest.mark.parametrize(("reply", "status"), [(Reply(status=404), "not-found"), (Reply(PDF), "ok")])
def test_withdrawn(hosts: Hosts, fetch: Fetch, reply: Reply, status: str) -> None:
    """That a paper was withdrawn is said, in arXiv's words, whether its PDF can still be had or not."""
    hosts.replies |= {API: [Reply(FEED)], LIIF: [reply]}
    for paper in (*fetch(LIIF), *fetch(LIIF)):
        assert paper.status.value == status
        assert "withdrawn, arXiv says: This paper has been withdrawn by the author: an error" in (paper.reason or "")


@pytest.mark.parametrize(
    ("comment", "journal", "abstract", "said"),
    [
        ("Withdrawn due to an error", None, "We show.", True),
        (None, "retracted in 2020", None, True),
        ("12 pages", None, "This paper has been withdrawn by arXiv.", True),
        ("12 pages", "CVPR 2021", "The cash that was withdrawn from banks is studied.", False),
        (None, None, None, False),
    ],
)
def test_withdrawal_words(comment: str | None, journal: str | None, abstract: str | None, said: bool) -> None:
    """A withdrawal is told by the comment, the journal line, or an abstract that is a notice."""
    assert (withdrawal(comment, journal, abstract) is not None) == said


@pytest.mark.parametrize(("host", "code"), [("127.0.0.1", 2), ("https://example.org/", 2), ("papers.example.org", 3)])
def test_option(tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str, code: int) -> None:
    """`--allow-host` takes host names only: anything else is bad usage."""
    listed = ListedPaper(name="x", url="https://elsewhere.example/x.pdf")
    (tmp_path / "p.txt").write_text(Prompt(question="Why?", recommended=(listed,)).to_text())
    folders = ("--corpus", str(tmp_path / "corpus"), "--index", str(tmp_path / "index"))
    try:
        done = cli.main(["build", str(tmp_path / "p.txt"), "--allow-host", host, "--offline", *folders])
    except SystemExit as error:
        done = int(error.code or 0)
    assert done == code
    assert code == 3 or "is not the name of one host" in capsys.readouterr().err
