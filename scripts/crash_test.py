"""Kill builds at random moments of download, parse, embed and write, and see that nothing is ever half there.

    python scripts/crash_test.py --kills 60

A server on the loopback address plays arXiv and CVF and offers, by turns, one of two editions of a few generated
papers. A process builds the indexes of two prompts from it; it is killed (SIGKILL) shortly after it has entered a
random phase. Then each prompt's index must open and hold the edition that was there before or the new one, nothing in
between; and the next build must finish and hold the new edition. Every few rounds begin from an empty disk.
Exit code 0 where all that held.
"""

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.loopback import Hosts

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cnaps_rag.errors import IndexStateError  # noqa: E402  the package that stands beside this script
from cnaps_rag.index import open_prompt_index, write_prompt_index  # noqa: E402
from cnaps_rag.layout import Layout  # noqa: E402
from cnaps_rag.listing import ListedPaper, Prompt  # noqa: E402
from cnaps_rag.settings import Settings  # noqa: E402
from cnaps_rag.sources import Clock, Library  # noqa: E402
from cnaps_rag.testing import HashingEmbedder, write_pdf  # noqa: E402

PHASES = ("download", "parse", "embed", "write")
PAPERS = 6
EDITIONS = ("first", "second")
FROM_EMPTY_EVERY = 5
MAX_DELAY_S = 0.12
TIMEOUT_S = 120.0
WORDS = "lantern compass harbour forest river window garden mirror bridge engine signal pattern".split()  # noqa: SIM905


@dataclass(kw_only=True)
class Tally:
    """What happened in a run.

    Attributes:
        kills: Kills by the phase that they hit.
        states: How often a prompt's index was none, old or new after a kill.
        faults: What did not hold.
        part_files: How often a kill left a part of a download.
        resumed: How many requests went on with such a part.
        strays: Temporary files that lay about at the end.
    """

    kills: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    part_files: int = 0
    resumed: int = 0
    strays: int = 0


def url_of(number: int) -> str:
    """Give the URL of a paper; arXiv and CVF by turns."""
    if number % 2:
        return f"https://openaccess.thecvf.com/content/CVPR2021/papers/Author_Paper{number}_CVPR_2021_paper.pdf"
    return f"https://arxiv.org/pdf/2101.0000{number}"


def title_of(number: int) -> str:
    """Give the title of a paper."""
    return f"The {WORDS[number].title()} Network for Photographs of the Night"


def prompts() -> list[Prompt]:
    """List the papers in two prompts that share most of them."""
    listed = [ListedPaper(name=title_of(number), url=url_of(number)) for number in range(PAPERS)]
    return [
        Prompt(
            question=f"Question {start}?",
            recommended=tuple(listed[start : start + 1]),
            related=tuple(listed[start + 1 :]),
        )
        for start in (0, 1)
    ]


def pdf_of(number: int, edition: str) -> bytes:
    """Make an edition of a paper: text of its own on a few pages, and some weight for the download."""
    rng = random.Random(f"{number}/{edition}")  # noqa: S311  nothing secret
    pages = [f"{title_of(number)}\nAbstract\nThis is the {edition} edition of this paper."]
    for page in range(6):
        sentences = (f"On page {page} the {' '.join(rng.choices(WORDS, k=9))} is seen." for _ in range(30))
        pages.append(f"{page + 1}. Section\n" + "\n".join(sentences))
    return write_pdf(pages) + b"%" * rng.randrange(100_000, 2_500_000)


class Loopback(httpx.BaseTransport):
    """Sends what is meant for any host to a port of this machine."""

    def __init__(self, port: int) -> None:
        """Name the port."""
        self._port = port
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request there, and say so."""
        say("download")
        target = f"http://127.0.0.1:{self._port}/{request.url}"
        return self._inner.handle_request(httpx.Request(request.method, target, headers=request.headers))


class SlowEmbedder(HashingEmbedder):
    """Takes its time, so that there is some to be killed in."""

    def embed(self, texts: Sequence[str], *, progress: bool = False):  # type: ignore[no-untyped-def]  # noqa: ANN201
        """Embed texts; see `HashingEmbedder.embed`."""
        say("embed")
        time.sleep(0.05)
        return super().embed(texts, progress=progress)


def say(phase: str) -> None:
    """Tell the process that watches which phase has begun."""
    os.write(1, f"{phase}\n".encode())


def build(port: int, folder: Path) -> None:
    """Build both prompts, telling each phase: what the child process does.

    Args:
        port: Where the server listens.
        folder: Takes corpus and index.
    """
    from cnaps_rag import isolation, pipeline, shards  # noqa: PLC0415  only the child needs them

    def told(phase: str, holder: object, name: str) -> None:
        plain = getattr(holder, name)

        def telling(*args: object, **more: object) -> object:
            say(phase)
            return plain(*args, **more)

        setattr(holder, name, telling)

    told("write", shards.ShardStore, "write")
    told("write", pipeline, write_prompt_index.__name__)
    told("parse", isolation.PdfReader, "read")
    settings = settings_of(folder)
    library = Library(settings, transport=Loopback(port), clock=Clock(sleep=lambda seconds: time.sleep(seconds / 100)))
    for _report in pipeline.Builder(settings, embedder=SlowEmbedder(), library=library).build_all(prompts()):
        pass


def settings_of(folder: Path) -> Settings:
    """Lay corpus and index into a folder."""
    return Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", recheck=True)


def signature(folder: Path, prompt: Prompt) -> str:
    """Say what a prompt's index holds: nothing, or hashes of its papers and passages."""
    try:
        index = open_prompt_index(Layout.of(settings_of(folder)), prompt, HashingEmbedder())
    except IndexStateError as error:
        if error.found == "nothing":
            return "none"
        raise
    papers = ",".join(f"{paper.key}={paper.document}" for paper in index.papers)
    return f"{papers};{','.join(passage.id for passage in index.passages)};{index.vectors.shape}"


@contextlib.contextmanager
def child(port: int, folder: Path) -> "Iterator[subprocess.Popen[str]]":
    """Start a build in a process of its own; it is gone at the end."""
    words = [sys.executable, __file__, "--child", str(port), str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  itself
        try:
            yield process
        finally:
            process.kill()


def kill_one(port: int, folder: Path, rng: random.Random) -> str:
    """Start a build and kill it soon after a random phase has begun for the n-th time.

    Args:
        port: Where the server listens.
        folder: Takes corpus and index.
        rng: Says when.

    Returns:
        The last phase that it told of, or `finished` where it was done before.
    """
    phase, count = rng.choice(PHASES), rng.randrange(1, PAPERS + 2)
    last = "start"
    with child(port, folder) as process:
        for line in process.stdout or ():
            last = line.strip()
            count -= last == phase
            if count == 0:
                time.sleep(rng.uniform(0, MAX_DELAY_S))
                break
        else:
            return "finished"
        if process.poll() is not None:
            return "finished"
        process.kill()
        # what it still said before it died tells where it was hit
        return [last, *(line.strip() for line in process.stdout or ())][-1]


def finish_one(port: int, folder: Path) -> str | None:
    """Build to the end; returns what went wrong, or None."""
    with child(port, folder) as process:
        try:
            _, errors = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return f"the next build did not finish in {TIMEOUT_S:.0f} s"
    return f"the next build failed: {errors.strip()[-400:]}" if process.returncode else None


def round_of(hosts: "Hosts", folder: Path, rng: random.Random, new: dict[str, str], tally: Tally) -> None:
    """Kill one build and finish the next, comparing the indexes after each.

    Args:
        hosts: The server, which offers the new edition.
        folder: Corpus and index.
        rng: Says when to kill.
        new: What each prompt's index shall hold, by prompt id.
        tally: Takes what happened.
    """
    before = {prompt.id: signature(folder, prompt) for prompt in prompts()}
    phase = kill_one(hosts.port, folder, rng)
    tally.kills[phase] += phase != "finished"
    tally.part_files += sum(1 for _ in folder.rglob(".paper.pdf.part"))
    for prompt in prompts():
        try:
            held = signature(folder, prompt)
        except Exception as error:  # noqa: BLE001  what is looked for
            tally.faults.append(f"after a kill in {phase}: the index cannot be opened: {error}")
            continue
        if held not in {before[prompt.id], new[prompt.id]}:
            tally.faults.append(f"after a kill in {phase}: the index is neither the old nor the new one")
        tally.states["new" if held == new[prompt.id] else "none" if held == "none" else "old"] += 1
    fault = finish_one(hosts.port, folder)
    if fault is not None:
        tally.faults.append(f"after a kill in {phase}: {fault}")
    elif any(signature(folder, prompt) != new[prompt.id] for prompt in prompts()):
        tally.faults.append(f"after a kill in {phase}: the next build did not bring the new edition")


def offer(hosts: "Hosts", edition: str) -> None:
    """Let the server offer an edition of all papers, in bodies that may be gone on with."""
    from tests.loopback import Reply  # noqa: PLC0415  the killed processes do without

    for number in range(PAPERS):
        etag = {"ETag": f'"{edition}-{number}"'}
        hosts.replies[url_of(number)] = [Reply(pdf_of(number, edition), headers=etag, ranges=True, drip_s=0.0002)]


def reference(hosts: "Hosts", folder: Path, edition: str) -> dict[str, str]:
    """Build an edition on an empty disk, undisturbed, and say what the indexes hold."""
    offer(hosts, edition)
    fault = finish_one(hosts.port, folder)
    if fault is not None:
        raise RuntimeError(fault)
    return {prompt.id: signature(folder, prompt) for prompt in prompts()}


def run(kills: int, seed: int) -> Tally:
    """Kill so many builds.

    Args:
        kills: How many.
        seed: Seed of the moments.

    Returns:
        What happened.
    """
    rng, tally = random.Random(seed), Tally()  # noqa: S311  nothing secret
    from tests.loopback import Hosts  # noqa: PLC0415  the killed processes do without

    with contextlib.closing(Hosts()) as hosts, tempfile.TemporaryDirectory() as scratch:
        wanted = {edition: reference(hosts, Path(scratch) / edition, edition) for edition in EDITIONS}
        folder, rounds = Path(scratch) / "work", 0
        while tally.kills.total() < kills:
            if rounds % FROM_EMPTY_EVERY == 0:
                shutil.rmtree(folder, ignore_errors=True)
            edition = EDITIONS[rounds % 2]
            offer(hosts, edition)
            round_of(hosts, folder, rng, wanted[edition], tally)
            rounds += 1
        tally.resumed = sum("range" in headers for headers in hosts.headers)
        tally.strays = sum(1 for path in folder.rglob(".*") if path.name.endswith((".part", ".old")))
    return tally


def report(tally: Tally, seconds: float) -> Iterator[str]:
    """Say what happened, as lines."""
    phases = ", ".join(f"{phase} {count}" for phase, count in sorted(tally.kills.items()) if count)
    states = ", ".join(f"{state} {count}" for state, count in sorted(tally.states.items()))
    yield f"{tally.kills.total()} kills in {seconds:.0f} s: {phases}"
    yield f"indexes after a kill: {states}; neither of these, or not to be opened: {len(tally.faults)} faults"
    yield f"part files left by kills: {tally.part_files}; requests that went on with one: {tally.resumed}"
    yield f"temporary files at the end: {tally.strays}"
    yield from tally.faults


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script.

    Args:
        arguments: What stands behind its name; None takes the process's own.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--child", nargs=2, metavar=("PORT", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child is not None:
        build(int(options.child[0]), Path(options.child[1]))
        return 0
    begun_s = time.monotonic()
    tally = run(options.kills, options.seed)
    print("\n".join(report(tally, time.monotonic() - begun_s)))
    return int(bool(tally.faults))


if __name__ == "__main__":
    sys.exit(main())
