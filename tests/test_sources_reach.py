"""Whether arXiv and CVF can be reached at all: no internet, hosts that hang, proxies and broken settings."""

import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from cnaps_rag.listing import ListedPaper
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources import Clock, FetchedPaper, Library

PDF = b"%PDF-1.4 a paper\n%%EOF\n"
LIIF, UNET = "https://arxiv.org/pdf/2012.09161", "https://arxiv.org/pdf/1505.04597v1"
CVF = "https://openaccess.thecvf.com/content/CVPR2021/papers/Chen_Learning_CVPR_2021_paper.pdf"
ROBOTS = ["https://arxiv.org/robots.txt", "https://openaccess.thecvf.com/robots.txt"]
NO_WAITING = Clock(sleep=lambda _: None)


class Nowhere(httpx.BaseTransport):
    """A network on which arXiv cannot be had, at once or by never answering."""

    def __init__(self, *, hangs: bool) -> None:
        """Choose which of the two."""
        self.requests: list[str] = []
        self.over = threading.Event()
        self._hangs = hangs

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer for CVF only."""
        self.requests.append(str(request.url))
        if request.url.host != "arxiv.org":
            return httpx.Response(200, stream=httpx.ByteStream(PDF))
        if self._hangs:
            self.over.wait(30)
        raise httpx.ConnectError("Name or service not known", request=request)


@pytest.mark.parametrize("hangs", [False, True])
def test_unreachable(tmp_path: Path, hangs: bool) -> None:
    """A host that cannot be reached is found out once and quickly; papers of the other host still come in."""
    network = Nowhere(hangs=hangs)
    settings = Settings(corpus_dir=tmp_path, connect_timeout_s=0.1)
    library = Library(settings, transport=network, clock=NO_WAITING)
    listed = [ListedPaper(name="x", url=url) for url in (LIIF, UNET, CVF)]
    start_s = time.monotonic()
    try:
        papers = library.fetch(listed) + library.fetch(listed)
    finally:
        network.over.set()
    assert time.monotonic() - start_s < 3
    statuses = [PaperStatus.UNREACHABLE, PaperStatus.UNREACHABLE, PaperStatus.OK]
    assert [paper.status for paper in papers] == statuses * 2
    assert "--pdf-dir" in (papers[0].reason or "")
    assert sorted(network.requests) == sorted([*ROBOTS, CVF])


def test_lost_on_the_way(tmp_path: Path) -> None:
    """A host that goes away in the middle of a run is not asked again in that run."""
    answers = iter([True, True])
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if next(answers, False):
            return httpx.Response(200, stream=httpx.ByteStream(PDF))
        raise httpx.ConnectTimeout("timed out", request=request)

    library = Library(Settings(corpus_dir=tmp_path), transport=httpx.MockTransport(answer), clock=NO_WAITING)
    papers = library.fetch([ListedPaper(name="x", url=CVF.replace("Chen", f"Chen{n}")) for n in range(5)])
    assert [paper.status for paper in papers] == [PaperStatus.OK] + [PaperStatus.UNREACHABLE] * 4
    assert len(asked) == 3


def test_stored_by_another_process(tmp_path: Path) -> None:
    """What another process stored while this one waited for its turn is not downloaded again."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        stored = tmp_path / "papers" / "arxiv-2012.09161" / "paper.pdf"
        stored.parent.mkdir(parents=True)
        stored.write_bytes(PDF)
        return httpx.Response(200)

    library = Library(Settings(corpus_dir=tmp_path), transport=httpx.MockTransport(answer), clock=NO_WAITING)
    [paper] = library.fetch([ListedPaper(name="x", url=LIIF)])
    assert (paper.status, paper.origin, asked) == (PaperStatus.OK, Origin.CORPUS, ROBOTS[:1])


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("SSL_CERT")]:
        monkeypatch.delenv(name)
    return monkeypatch


def real(tmp_path: Path, **settings: Any) -> FetchedPaper:
    library = Library(Settings(corpus_dir=tmp_path / "corpus", **settings))
    return library.fetch([ListedPaper(name="x", url=LIIF)])[0]


def test_hanging_name_lookup(tmp_path: Path, bare_environment: pytest.MonkeyPatch) -> None:
    """Without internet a name lookup may hang for minutes; the run does not wait for it."""
    over = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    bare_environment.setattr(socket, "getaddrinfo", hang)
    start_s = time.monotonic()
    try:
        paper = real(tmp_path, connect_timeout_s=0.1)
    finally:
        over.set()
    assert time.monotonic() - start_s < 3
    assert (paper.status, "arxiv.org cannot be reached" in (paper.reason or "")) == (PaperStatus.UNREACHABLE, True)
    assert not (tmp_path / "corpus").exists()


def test_proxy_of_the_environment(tmp_path: Path, bare_environment: pytest.MonkeyPatch) -> None:
    """The proxy named by HTTPS_PROXY is asked, and nothing goes past it."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        heard: list[bytes] = []

        def refuse() -> None:
            connection, _ = proxy.accept()
            with connection:
                heard.append(connection.recv(1000).split(b"\r\n")[0])
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        bare_environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        paper = real(tmp_path)
        thread.join()
    assert heard == [b"CONNECT arxiv.org:443 HTTP/1.1"]
    assert (paper.status, "403 Forbidden" in (paper.reason or "")) == (PaperStatus.UNREACHABLE, True)


@pytest.mark.parametrize(("name", "value"), [("SSL_CERT_FILE", "/no/such/file"), ("HTTPS_PROXY", "nonsense://x")])
def test_broken_environment(tmp_path: Path, bare_environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Network settings of the environment that cannot be used are said to be the reason."""
    bare_environment.setenv(name, value)
    paper = real(tmp_path)
    assert paper.status is PaperStatus.UNREACHABLE
    assert "the network settings of this machine (proxy, SSL_CERT_FILE) cannot be used" in (paper.reason or "")
