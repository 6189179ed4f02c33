"""The shipped command, through a proxy and under a certificate authority that the environment names."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnaps_rag.listing import ListedPaper, Prompt
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources import Clock, Library
from cnaps_rag.testing import write_pdf
from tests.loopback import Internet, Reply

ROOT = Path(__file__).resolve().parents[1]
LIIF = "https://arxiv.org/pdf/2101.00001"
CVF = "https://openaccess.thecvf.com/content/CVPR2021/papers/Chen_Learning_CVPR_2021_paper.pdf"
API = "https://export.arxiv.org/api/query"
PDF = write_pdf([
    "Lanterns for Dark Photographs\nAbstract\nWe present a lantern network that makes dark photographs bright.",
    "Method\nThe lantern network takes a dark photograph as input. It gives a bright photograph as output.",
])
LONG_PDF = PDF + b"%" * 3_000_000
FEED = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"
 xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><opensearch:totalResults>1</opensearch:totalResults>
<entry><id>http://arxiv.org/abs/2101.00001v1</id><updated>2021-01-01T00:00:00Z</updated>
<published>2021-01-01T00:00:00Z</published><title>%s</title><author><name>A</name></author></entry></feed>"""
DRIVER = """
import signal, sys
from cnaps_rag import cli, pipeline
from cnaps_rag.testing import HashingEmbedder
signal.signal(signal.SIGINT, signal.default_int_handler)
pipeline.find_embedder = lambda *_, **__: HashingEmbedder()
sys.exit(cli.main())
"""
"""The command line with an embedder that needs no model, and Ctrl-C as on a terminal: a shell that puts the tests into
the background starts them with it ignored. Everything else is as shipped."""


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    with contextlib.closing(Internet(tmp_path)) as running:
        yield running


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    prompt = Prompt(
        question="How does it make dark photographs bright?",
        recommended=(ListedPaper(name="Lantern-Net", url=LIIF),),
        related=(ListedPaper(name="Lanterns for Dark Photographs", url=CVF),),
    )
    path = tmp_path / "prompt.txt"
    path.write_text(prompt.to_text(), encoding="utf-8")
    return path


def start(tmp_path: Path, internet: Internet, *arguments: object) -> "subprocess.Popen[str]":
    bare = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    folders = ("--corpus", tmp_path / "corpus", "--index", tmp_path / "index")
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, "build", *map(str, (*arguments, *folders))],
        env={**bare, **internet.environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_proxy_and_authority_of_the_environment(tmp_path: Path, internet: Internet, prompt: Path) -> None:
    """HTTPS_PROXY and SSL_CERT_FILE lead the command to its papers, over TLS that it checks."""
    internet.replies |= {LIIF: [Reply(PDF)], CVF: [Reply(PDF)], API: [Reply(FEED % b"Lanterns for Dark Photographs")]}
    process = start(tmp_path, internet, prompt)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, ""), out
    assert "2 of 2 listed papers by their PDF" in out
    assert {line.split()[1] for line in internet.tunnels} == {
        *(b"arxiv.org:443", b"export.arxiv.org:443", b"openaccess.thecvf.com:443"),
    }


def test_wrong_paper(tmp_path: Path, internet: Internet, prompt: Path) -> None:
    """A model's entry whose PDF bears another title than arXiv's metadata is kept out, unless it is accepted."""
    internet.replies |= {LIIF: [Reply(PDF)], CVF: [Reply(PDF)], API: [Reply(FEED % b"Counting Ships from Above")]}
    out, err = start(tmp_path, internet, prompt).communicate(timeout=60)
    assert "recommended  title-mismatch" in out, err
    assert "listed is 'Counting Ships from Above'" in out
    process = start(tmp_path, internet, prompt, "--accept-mismatch")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, ""), out
    assert "2 of 2 listed papers by their PDF" in out


def test_untrusted_certificate(tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for is refused, and the reason names SSL_CERT_FILE."""
    monkeypatch.setenv("HTTPS_PROXY", internet.environment["HTTPS_PROXY"])
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    internet.replies[LIIF] = [Reply(PDF)]
    library = Library(Settings(corpus_dir=tmp_path / "corpus"), clock=Clock(sleep=lambda _: None))
    [paper] = library.fetch([ListedPaper(name="x", url=LIIF)])
    assert paper.status is PaperStatus.UNREACHABLE
    assert "name its certificate in SSL_CERT_FILE" in (paper.reason or "")
    assert LIIF not in internet.requests


def wait_for(condition: object, seconds: float = 30.0) -> None:
    deadline_s = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.02)


def test_interrupted_download_goes_on(tmp_path: Path, internet: Internet, prompt: Path) -> None:
    """Ctrl-C in a download ends the command in seconds; the next run goes on from the part that was fetched."""
    slow = Reply(LONG_PDF, headers={"ETag": '"x"'}, ranges=True, drip_s=0.004)
    internet.replies |= {LIIF: [Reply(PDF)], CVF: [slow]}
    process = start(tmp_path, internet, prompt)
    part = tmp_path / "corpus" / "papers" / "cvf-CVPR2021-Chen_Learning" / ".paper.pdf.part"
    wait_for(lambda: part.exists() and part.stat().st_size > 1_200_000)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("interrupted; what was finished is kept, and the same command goes on from there\n")
    assert "Traceback" not in err
    assert part.stat().st_size >= 1_000_000
    slow.drip_s = 0.0
    process = start(tmp_path, internet, prompt)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    ranges = [headers.get("range") for headers in internet.asked_for(CVF)]
    assert ranges[0] is None
    assert int((ranges[-1] or "bytes=0-").removeprefix("bytes=").removesuffix("-")) >= 1_000_000
    assert part.with_name("paper.pdf").read_bytes() == LONG_PDF


def test_two_processes_and_one_corpus(tmp_path: Path, internet: Internet, prompt: Path) -> None:
    """Of two processes that build the same prompt one waits for the other; each paper is fetched once."""
    drip = Reply(PDF + b"%" * 100_000, drip_s=0.01)
    internet.replies |= {LIIF: [Reply(PDF)], CVF: [drip]}
    processes = [start(tmp_path, internet, prompt) for _ in range(2)]
    done = [process.communicate(timeout=90) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], done
    assert [len(internet.asked_for(url)) for url in (LIIF, CVF)] == [1, 1]
    library = Library(Settings(corpus_dir=tmp_path / "corpus", offline=True))
    papers = library.fetch([ListedPaper(name="x", url=url) for url in (LIIF, CVF)])
    assert [paper.origin for paper in papers] == [Origin.CORPUS] * 2
