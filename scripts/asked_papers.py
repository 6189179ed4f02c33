"""The questions that scripts/fit_questions.py learns from, and the papers that they are about.

`questions/of_papers.tsv` holds questions about real papers. What answers one is named by hashes of its sentences'
letters and digits, so that the file holds no text of any paper; the papers are read where they lie.
`questions/made_up/` holds papers that we made up, whole, with the questions about them, in the way that papers of many
fields are written. Their methods and numbers do not exist, and what they say of existing methods and data is made up as
well: nothing in them is a source of anything.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnaps_rag.records import Block, Document, Page, PassageKind, SectionRole
from cnaps_rag.sentences import split_sentences
from scripts import fit_rhetoric

FOLDER = Path(__file__).with_name("questions")
OF_PAPERS = FOLDER / "of_papers.tsv"
MADE_UP = FOLDER / "made_up"
HASH_DIGITS = 12
TITLE = re.compile(r"# (?P<text>.+)")
HEADING = re.compile(r"##+ (?P<text>.+)")
PASSAGE = re.compile(r"\[(?P<number>\d+)\] (?P<text>.+)")
ASKED = re.compile(r"Q (?P<kind>\w+) (?P<numbers>\d+(?: \d+)*) \| (?P<question>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a paper.

    Attributes:
        text: The question.
        sentences: Hashes of the sentences of which any passage is made that answers it.
    """

    text: str
    sentences: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPaper:
    """A paper and the questions about it.

    Attributes:
        document: The paper.
        made_up: Whether there is no such paper.
        questions: The questions.
    """

    document: Document
    made_up: bool
    questions: Sequence[Question]


def asked_papers(papers_dir: Path, qasper: Path) -> Iterator[AskedPaper]:
    """Read all papers that questions are about, real ones first.

    Args:
        papers_dir: Folder of PDFs.
        qasper: A file of QASPER.

    Yields:
        Each paper that has questions, with them.
    """
    of_papers = defaultdict(list)
    with OF_PAPERS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            asked = Question(text=row["question"], sentences=frozenset(row["sentences"].split()))
            of_papers[row["paper"]].append(asked)
    for name, document in fit_rhetoric.documents(papers_dir, qasper):
        if name in of_papers:
            yield AskedPaper(document=document, made_up=False, questions=of_papers[name])
    yield from map(read_made_up, sorted(MADE_UP.glob("*.txt")))


def read_made_up(path: Path) -> AskedPaper:
    """Read a made-up paper and the questions about it.

    Args:
        path: The file: a line with the title, lines with headings, with numbered passages, and with questions.

    Returns:
        A page of each section.

    Raises:
        ValueError: A line is none of these, or a question names a passage that there is not.
    """
    title, passages, questions = "", dict[str, str](), []
    sections: list[tuple[str, list[str]]] = []
    for line in filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())):
        if found := TITLE.fullmatch(line):
            title = found["text"]
        elif found := HEADING.fullmatch(line):
            sections.append((found["text"], []))
        elif sections and (found := PASSAGE.fullmatch(line)):
            passages[found["number"]] = found["text"]
            sections[-1][1].append(found["text"])
        elif (found := ASKED.fullmatch(line)) and set(found["numbers"].split()) <= passages.keys():
            texts = [passages[number] for number in found["numbers"].split()]
            sentences = [text[start:end] for text in texts for start, end in split_sentences(text)]
            questions.append(Question(text=found["question"], sentences=frozenset(map(hashed, sentences))))
        else:
            raise ValueError(f"{path}: no title, heading, passage or question on passages of this paper: {line}")
    pages = tuple(_page(number, heading, texts) for number, (heading, texts) in enumerate(sections, 1))
    document = Document(sha256=path.stem, title=title, pages=pages)
    return AskedPaper(document=document, made_up=True, questions=questions)


def _page(number: int, heading: str, paragraphs: Sequence[str]) -> Page:
    """Make a page of a section."""
    text = "\n".join(paragraphs)
    block = Block(start=0, end=len(text), kind=PassageKind.PROSE, section=heading, section_role=SectionRole.METHOD)
    return Page(number=number, text=text, blocks=(block,) if text else ())


def hashed(text: str) -> str:
    """Name a sentence by its letters and digits."""
    return fit_rhetoric.hashed(text)[:HASH_DIGITS]
