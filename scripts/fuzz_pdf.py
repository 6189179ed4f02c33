"""Read thousands of damaged PDFs and see that each ends in a document or in a DocumentError, in time.

    python scripts/fuzz_pdf.py PAPERS_DIR --count 2000

Every file is made from the ones in the folder by a seeded mutation: bit flips, truncation, a splice of two files,
changed numbers and names in the structure, or blocks doubled, dropped and zeroed. It is read as a build reads it: in
the worker process with its limits, then cut into passages whose offsets must reproduce the page's text, then
compared with a title. Exit code 0 where no file crashed the reader, hung or raised anything else.
"""

import argparse
import hashlib
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from cnaps_rag import titles
from cnaps_rag.chunking import Chunker, embedding_text
from cnaps_rag.errors import DocumentError
from cnaps_rag.isolation import DIED, PdfReader
from cnaps_rag.records import Document
from cnaps_rag.settings import Settings

NUMBER = re.compile(rb"(?<=[ /\[<(])[0-9]{1,10}(?=[ \]>/\r\n])")
NAME = re.compile(rb"/[A-Z][A-Za-z0-9]{1,20}")
GRACE_S = 15.0
CHUNKER = Chunker(passage_chars=Settings().passage_chars, passage_sentences=Settings().passage_sentences)
BAD = ("crash", "hang", "unmapped", "wrong offsets")

Mutation = Callable[[random.Random, bytes, bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one damaged file.

    Attributes:
        number: Its number, from which it can be made again.
        mutation: What was done to it.
        verdict: How it ended.
        detail: The reader's words, or None.
        seconds: How long it took.
    """

    number: int
    mutation: str
    verdict: str
    detail: str | None
    seconds: float


def bit_flips(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Flip between one and 200 bits anywhere."""
    damaged = bytearray(content)
    for _number in range(rng.choice((1, 5, 30, 200))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def truncation(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Keep the beginning."""
    return content[: rng.randrange(1, len(content))]


def splice(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """Put a piece of another file into this one, or join the head of one to the tail of the other."""
    at, start = rng.randrange(len(content)), rng.randrange(len(other))
    if rng.choice((True, False)):
        return content[:at] + other[start:]
    piece = other[start : start + rng.randrange(1, 20_000)]
    return content[:at] + piece + content[at + len(piece) :]


def numbers(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Change numbers of the structure: counts, lengths, offsets, references."""
    odd = (b"0", b"-1", b"1", b"2147483648", b"99999999999", b"3", b"7")
    return _replaced(rng, content, NUMBER, lambda found: rng.choice((*odd, str(rng.randrange(2000)).encode(), found)))


def names(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Change names of the structure into one another."""
    known = [match.group() for match in NAME.finditer(content[:200_000])] or [b"/Type"]
    return _replaced(rng, content, NAME, lambda _found: rng.choice(known))


def blocks(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Double, drop or zero a block."""
    start = rng.randrange(len(content))
    end = min(len(content), start + rng.randrange(1, 50_000))
    block = rng.choice((content[start:end] * 2, b"", b"\0" * (end - start), content[start:end][::-1]))
    return content[:start] + block + content[end:]


MUTATIONS: dict[str, Mutation] = {
    "bit flips": bit_flips,
    "truncation": truncation,
    "splice": splice,
    "numbers": numbers,
    "names": names,
    "blocks": blocks,
}


def _replaced(rng: random.Random, content: bytes, pattern: re.Pattern[bytes], make: Callable[[bytes], bytes]) -> bytes:
    places = list(pattern.finditer(content))
    for match in sorted(rng.sample(places, min(len(places), rng.choice((1, 3, 10)))), key=lambda m: -m.start()):
        content = content[: match.start()] + make(match.group()) + content[match.end() :]
    return content


def damaged(seed: int, number: int, originals: Sequence[bytes]) -> tuple[str, bytes]:
    """Make a damaged file.

    Args:
        seed: Seed of the run.
        number: Number of the file in the run.
        originals: What to make it of.

    Returns:
        What was done, and the file; the same for the same arguments.
    """
    rng = random.Random(f"{seed}/{number}")  # noqa: S311  nothing secret
    names_of_both = rng.choices(sorted(MUTATIONS), k=rng.choice((1, 1, 2)))
    content = rng.choice(originals)
    for name in names_of_both:
        content = MUTATIONS[name](rng, content or b"%PDF-", rng.choice(originals))
    return " + ".join(names_of_both), content


def examine(reader: PdfReader, path: Path, timeout_s: float) -> tuple[str, str | None]:
    """Read a damaged file as a build does.

    Args:
        reader: Reads it.
        path: The file.
        timeout_s: The reader's limit.

    Returns:
        How it ended, and the reader's words.
    """
    begun_s = time.monotonic()
    try:
        document = reader.read(path, hashlib.sha256(path.read_bytes()).hexdigest())
        verdict, detail = _verdict(document)
    except DocumentError as error:
        reason = error.message.replace(str(path), "FILE")
        verdict, detail = _limit(reason) or f"refused: {error.status}", reason
    except Exception as error:  # noqa: BLE001  what is looked for
        verdict, detail = "unmapped", f"{type(error).__name__}: {error}"
    if time.monotonic() - begun_s > timeout_s + GRACE_S:
        return "hang", f"{time.monotonic() - begun_s:.0f} s"
    return verdict, detail


def _verdict(document: Document) -> tuple[str, str | None]:
    titles.mismatch(document, listed="A Title That No Paper Bears", abstract="No paper has this abstract either.")
    json.dumps(asdict(document), ensure_ascii=False).encode()
    pages = {page.number: page.text for page in document.pages}
    for passage in CHUNKER.passages(document):
        embedding_text(document.title, passage).encode()
        for span in passage.spans:
            quote = passage.text[span.offset : span.offset + span.end - span.start]
            if pages[span.page_number][span.start : span.end] != quote:
                return "wrong offsets", f"page {span.page_number}, {span.start}-{span.end}"
    reasons = [reason for _, reason in document.lost_pages]
    limits = [limit for reason in reasons if (limit := _limit(reason))]
    if limits:
        return limits[0], reasons[0]
    return ("read, pages lost" if reasons else "read whole"), (reasons[0] if reasons else None)


def _limit(reason: str) -> str | None:
    if reason.startswith(DIED):
        return "crash"
    if reason.startswith("timeout"):
        return "stopped: time"
    return "stopped: memory" if reason.startswith("memory") else None


def run(folder: Path, seed: int, share: Sequence[int], timeout_s: float) -> list[Outcome]:
    """Read some of the damaged files of a run, one after another.

    Args:
        folder: The original files.
        seed: Seed of the run.
        share: Numbers of the files.
        timeout_s: The limit of each.

    Returns:
        What became of each.
    """
    originals = [path.read_bytes() for path in sorted(folder.glob("*.pdf"))]
    reader = PdfReader(Settings(parse_timeout_s=timeout_s, parse_memory_bytes=1 << 30))
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "damaged.pdf"
        for number in share:
            mutation, content = damaged(seed, number, originals)
            path.write_bytes(content)
            begun_s = time.monotonic()
            verdict, detail = examine(reader, path, timeout_s)
            seconds = time.monotonic() - begun_s
            outcomes.append(Outcome(number=number, mutation=mutation, verdict=verdict, detail=detail, seconds=seconds))
    reader.close()
    return outcomes


def report(outcomes: Sequence[Outcome], seconds: float) -> Iterator[str]:
    """Say what became of the files, as lines."""
    yield f"{len(outcomes)} damaged PDFs in {seconds:.0f} s"
    for verdict, count in Counter(outcome.verdict for outcome in outcomes).most_common():
        yield f"  {count:5d}  {verdict}"
    kinds = Counter(kind for outcome in outcomes for kind in outcome.mutation.split(" + "))
    yield "mutations: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    yield f"slowest: {slowest.seconds:.1f} s (number {slowest.number}, {slowest.mutation}, {slowest.verdict})"
    for outcome in outcomes:
        if outcome.verdict in BAD or outcome.verdict.startswith("stopped"):
            yield f"number {outcome.number} ({outcome.mutation}): {outcome.verdict}: {outcome.detail}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script.

    Args:
        arguments: What stands behind its name; None takes the process's own.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of PDFs to damage")
    parser.add_argument("--count", type=int, default=2000, help="how many files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds for each file (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write each outcome there")
    options = parser.parse_args(arguments)
    if not any(options.folder.glob("*.pdf")):
        parser.error(f"{options.folder} holds no PDF")
    begun_s = time.monotonic()
    shares = [range(start, options.count, options.jobs) for start in range(options.jobs)]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        tasks = [pool.submit(run, options.folder, options.seed, share, options.timeout) for share in shares]
        outcomes = sorted((one for task in tasks for one in task.result()), key=lambda one: one.number)
    print("\n".join(report(outcomes, time.monotonic() - begun_s)))
    if options.json is not None:
        rows = [[one.number, one.mutation, one.verdict, one.detail, round(one.seconds, 2)] for one in outcomes]
        options.json.write_text(json.dumps(rows, indent=0))
    return int(any(outcome.verdict in BAD for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
