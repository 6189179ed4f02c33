"""This file ensures that a build does its work once, keeps what is good, and says what became of every paper."""

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnaps_rag import pipeline
from cnaps_rag.errors import EvaluationError, IndexStateError, PromptError, StorageError
from cnaps_rag.pipeline import answer, build_index, evaluate_prompts, open_index, prompt_files
from cnaps_rag.records import IndexedPaper, Origin, PaperStatus
from cnaps_rag.rendering import answer_record, build_record
from cnaps_rag.testing import HashingEmbedder, write_pdf

if TYPE_CHECKING:
    from tests.conftest import Desk, Refuse

BLANK = write_pdf(["", ""])
NUMBERS_ONLY = write_pdf(["7", "8"])


def kept(papers: tuple[IndexedPaper, ...]) -> list[tuple[str, str, int]]:
    return [(paper.status.value, paper.origin.value, paper.page_count) for paper in papers]


def test_what_became_of_each_paper(desk: "Desk") -> None:
    """PDFs are indexed by their pages, else abstracts stand in, else nothing; each with its status and reason."""
    report = desk.build()
    assert kept(report.papers) == [
        ("ok", "pdf-dir", 2),
        ("ok", "pdf-dir", 2),
        ("ok", "pdf-dir", 1),
        ("offline", "abstract", 0),
        ("offline", "none", 0),
    ]
    assert [paper.reason is None for paper in report.papers] == [True, True, True, False, False]
    assert not report.complete
    assert report.documents_parsed == 3
    assert report.passages_embedded == sum(paper.passage_count for paper in report.papers) > 0


def test_complete_when_every_pdf_is_there(desk: "Desk") -> None:
    """A build is complete exactly when the PDF of every listed paper is in the index."""
    assert desk.build(desk.subset(1, 2, 3)).complete
    assert not desk.build(desk.subset(1, 4)).complete


def test_progress_is_shown_on_stderr(desk: "Desk", capsys: pytest.CaptureFixture[str]) -> None:
    """Progress, where it is wanted, is shown on stderr, paper by paper, and nothing of it on stdout."""
    desk.build(progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "arxiv-2101.00001" in said.err
    desk.build()
    assert capsys.readouterr() == ("", "")


def test_a_second_build_does_nothing(desk: "Desk") -> None:
    """Building a built prompt again parses nothing, embeds nothing, writes nothing, and reports the same papers."""
    first = desk.build()
    before, state = desk.embedder.texts_embedded, desk.state()
    second = desk.build()
    assert (second.documents_parsed, second.passages_embedded) == (0, 0)
    assert desk.embedder.texts_embedded == before
    assert desk.state() == state
    assert second.papers == first.papers
    record = build_record(second)
    assert (record["passages_embedded"], record["documents_parsed"]) == (0, 0)


def test_five_prompts_one_paper(desk: "Desk") -> None:
    """A paper that five prompts list is parsed once and embedded once, and has one shard."""
    builder = desk.builder()
    prompts = [desk.subset(1, question=f"Question number {number}?") for number in range(5)]
    reports = [builder.build(prompt) for prompt in prompts]
    assert [report.documents_parsed for report in reports] == [1, 0, 0, 0, 0]
    assert [report.passages_embedded > 0 for report in reports] == [True, False, False, False, False]
    embedded = desk.embedder.texts_embedded
    desk.builder().build(prompts[0])
    assert desk.embedder.texts_embedded == embedded
    assert len(desk.shard_folders()) == 1
    assert {desk.open(prompt).passages for prompt in prompts} == {desk.open(prompts[0]).passages}


def test_a_prompt_over_known_papers(desk: "Desk") -> None:
    """A new prompt over papers that others brought costs no parsing and no embedding, only a manifest."""
    desk.build()
    shards = desk.shard_folders()
    report = desk.build(desk.subset(3, 1, 4))
    assert (report.documents_parsed, report.passages_embedded) == (0, 0)
    assert desk.shard_folders() == shards
    assert desk.manifest(desk.subset(3, 1, 4)).is_file()


def test_the_same_from_the_corpus(desk: "Desk") -> None:
    """A build without the folder of PDFs finds them in the corpus, and leaves the index as it was."""
    desk.build()
    state = desk.state()
    report = desk.build(pdf_dir=None)
    assert {paper.origin for paper in report.papers[:3]} == {Origin.CORPUS}
    assert report.passages_embedded == 0
    assert desk.state() == state


@pytest.mark.parametrize(
    "tuned", [{"passage_chars": 80}, {"passage_sentences": 1}], ids=["passage_chars", "passage_sentences"]
)
def test_other_settings_other_shards(desk: "Desk", tuned: dict[str, int]) -> None:
    """Passages of another size are shards of their own, and the index is then made of those."""
    prompt = desk.subset(1)
    before = desk.build(prompt).papers[0]
    after = desk.build(prompt, settings=desk.tuned(**tuned)).papers[0]
    assert after.shard != before.shard
    assert after.passage_count > before.passage_count
    assert len(desk.shard_folders()) == 2
    assert len(desk.open(prompt).passages) == after.passage_count


def test_another_embedder(desk: "Desk") -> None:
    """Another embedder makes shards of its own; the index then opens with it, and with the first no more."""
    prompt, other = desk.subset(1), HashingEmbedder("other")
    desk.build(prompt)
    assert desk.build(prompt, embedder=other).passages_embedded > 0
    assert open_index(prompt, settings=desk.settings, embedder=other).passages
    with pytest.raises(IndexStateError, match="made for another embedder"):
        desk.open(prompt)


def test_a_pdf_that_turns_up_later(desk: "Desk") -> None:
    """When the PDF of a paper that was there by its abstract turns up, a build takes it, and only it is embedded."""
    prompt = desk.subset(1, 4)
    desk.build(prompt)
    before = desk.embedder.texts_embedded
    text = "Forest: Sharp Photos from Many Trees\nAbstract\nForest asks many trees how sharp each patch of a photo was."
    (desk.pdf_dir / "2101.00004.pdf").write_bytes(write_pdf([text]))
    report = desk.build(prompt)
    assert kept(report.papers)[1] == ("ok", "pdf-dir", 1)
    assert report.passages_embedded == report.papers[1].passage_count == 1
    # alone, behind title and heading, and among its neighbours
    assert desk.embedder.texts_embedded - before == 3
    assert report.complete


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"%PDF-1.4 and then nothing of the kind", "failed", "not a readable PDF"),
        (b"<html>Please log in</html>", "not-a-pdf", "is not a PDF"),
        (b"", "not-a-pdf", "is not a PDF"),
        (BLANK, "no-text", "no page has text"),
        (NUMBERS_ONLY, "no-text", "text"),
    ],
    ids=["broken", "HTML", "empty", "no text", "nothing to quote"],
)
@pytest.mark.parametrize("number", [3, 5], ids=["abstract", "nothing"])
def test_a_pdf_that_cannot_be_used(desk: "Desk", content: bytes, status: str, words: str, number: int) -> None:
    """A PDF that cannot be read, or has no text, gives a status and a reason; the abstract stands in."""
    (desk.pdf_dir / f"2101.0000{number}.pdf").write_bytes(content)
    prompt = desk.subset(1, number)
    report = desk.build(prompt)
    paper = report.papers[1]
    assert (paper.status.value, paper.origin.value) == (status, "abstract" if number == 3 else "none")
    assert words in (paper.reason or "")
    assert "\n" not in (paper.reason or "")
    assert report.papers[0].status is PaperStatus.OK
    assert desk.build(prompt).passages_embedded == 0
    assert len({passage.document for passage in desk.open(prompt).passages}) == (2 if number == 3 else 1)


@pytest.mark.parametrize("name", ["image_only.pdf", "blank_first_page.pdf"])
def test_odd_pdfs(desk: "Desk", shared: Path, name: str) -> None:
    """A scan without text falls back to the abstract; a PDF whose first page is blank is read from the second on."""
    shutil.copy(shared / "odd" / name, desk.pdf_dir / "2101.00003.pdf")
    settings = desk.tuned(accept_mismatch=True)
    report = desk.build(desk.subset(1, 3), settings=settings)
    expected = ("no-text", "abstract") if name == "image_only.pdf" else ("ok", "pdf-dir")
    assert (report.papers[1].status.value, report.papers[1].origin.value) == expected


def test_authors_reach_the_answer(desk: "Desk") -> None:
    """Authors that arXiv named when the paper was fetched are in the index, and in what the answer says of it."""
    assert {paper.authors for paper in desk.index().papers} == {()}
    source = desk.root / "corpus" / "papers" / "arxiv-2101.00001" / "source.json"
    record = json.loads(source.read_bytes())
    record["arxiv"] = {"authors": ["Ada Roe", "B. Poe"], "journal": "Light 7"}
    source.write_text(json.dumps(record), encoding="utf-8")
    found = answer(desk.index())
    assert [(paper.authors, paper.journal) for paper in found.papers[:2]] == [
        (("Ada Roe", "B. Poe"), "Light 7"),
        ((), None),
    ]
    assert [(one["authors"], one["journal"]) for one in answer_record(found)["bibliography"]][:1] == [
        (["Ada Roe", "B. Poe"], "Light 7")
    ]


def test_an_index_without_authors_is_read(desk: "Desk") -> None:
    """An index that was written before authors were kept is opened as it is."""
    desk.build()
    manifest = json.loads(desk.manifest().read_bytes())
    manifest["papers"] = [
        {name: value for name, value in row.items() if name not in {"authors", "journal"}} for row in manifest["papers"]
    ]
    desk.manifest().write_text(json.dumps(manifest), encoding="utf-8")
    assert {paper.authors for paper in desk.open().papers} == {()}


def test_citations_of_abstracts_are_marked(desk: "Desk") -> None:
    """Every citation of a paper that is there by its abstract says so, in the record that the JSON is made of."""
    (desk.pdf_dir / "2101.00001.pdf").unlink()
    lantern = replace(desk.subset(1).recommended[0], summary="Lantern takes a blurry photo and predicts a sharp photo.")
    prompt = replace(desk.subset(1), recommended=(lantern,))
    record = answer_record(answer(desk.index(prompt), settings=desk.settings))
    assert record["citations"]
    assert {citation["source"] for citation in record["citations"]} == {"abstract as given in the prompt"}
    assert {citation["page_number"] for citation in record["citations"]} == {None}
    assert [paper["url"] for paper in record["papers_unavailable"]] == [lantern.url]


@pytest.mark.parametrize("file", ["vectors.npy", "passages.jsonl", "pages.jsonl", "shard.json"])
def test_a_corrupt_shard_is_set_aside(desk: "Desk", file: str) -> None:
    """A shard that cannot be trusted is set aside and made anew, it alone, and the index is as before."""
    desk.build()
    state = desk.state()
    folder = desk.shard_folders()[0]
    (folder / file).write_bytes((folder / file).read_bytes()[:-3])
    with pytest.raises(IndexStateError, match=r"the shard cannot be used .*; build the prompt again"):
        desk.open()
    report = desk.build()
    assert 0 < report.passages_embedded < len(desk.open().passages)
    after = desk.state()
    aside = {name for name in after if "set-aside" in name}
    assert {Path(name).name for name in aside} == {path.name for path in folder.iterdir()}
    assert {name: content for name, content in after.items() if name not in aside} == state


def test_a_half_written_shard(desk: "Desk") -> None:
    """A shard folder without its manifest, as a killed program of another kind leaves it, is made anew."""
    desk.build()
    state = desk.state()
    (desk.shard_folders()[0] / "shard.json").unlink()
    assert desk.build().passages_embedded > 0
    assert desk.state() == state


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 99}', b"\xff\xfe", b"[]"])
def test_a_corrupt_manifest_is_set_aside(desk: "Desk", content: bytes) -> None:
    """A manifest that cannot be trusted is set aside and written anew, and nothing is embedded again."""
    prompt = desk.subset(1, 4)
    desk.build(prompt)
    good = desk.manifest(prompt).read_bytes()
    desk.manifest(prompt).write_bytes(content)
    assert desk.build(prompt).passages_embedded == 0
    assert desk.manifest(prompt).read_bytes() == good
    [aside] = [path for path in (desk.index_dir / "set-aside").rglob("*.json")]  # noqa: C416
    assert aside.read_bytes() == content


def test_a_read_only_index_serves(desk: "Desk", refuse_writes: "Refuse") -> None:
    """Where the index and the corpus can only be read, a built prompt builds, opens, and answers."""
    before = answer(desk.index(), settings=desk.settings)
    state = desk.state()
    refuse_writes(desk.root)
    assert desk.build().passages_embedded == 0
    assert desk.build(pdf_dir=None).passages_embedded == 0
    assert answer(desk.open(), settings=desk.settings) == before
    assert desk.state() == state


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_read_only_index_takes_nothing_new(desk: "Desk", refuse_writes: "Refuse", code: int) -> None:
    """Where the index can only be read, a new prompt is a storage error with what to do; the old ones go on."""
    desk.build()
    state = desk.state()
    refuse_writes(desk.index_dir, code)
    with pytest.raises(StorageError, match=r"name (a folder that can be written|another folder)"):
        desk.build(desk.subset(1, question="Something new?"))
    assert desk.state() == state
    assert desk.open().passages


def test_a_full_disk(desk: "Desk", fill_disk: "Refuse") -> None:
    """Where the disk is full, a new prompt is a storage error with what to do; the old ones go on."""
    desk.build(desk.subset(1))
    state = desk.state()
    fill_disk()
    with pytest.raises(StorageError, match="the disk is full: free some space and run again"):
        desk.build(desk.subset(1, 2))
    assert desk.state() == state
    assert desk.build(desk.subset(1)).passages_embedded == 0
    assert desk.open(desk.subset(1)).passages


def test_build_index_takes_files(desk: "Desk") -> None:
    """`build_index` takes a prompt or its file, builds, and gives the open index."""
    prompt = desk.subset(1, 4)
    path = desk.prompt_file(prompt)
    more = {"settings": desk.settings, "pdf_dir": str(desk.pdf_dir), "embedder": desk.embedder}
    built = [build_index(one, **more) for one in (prompt, path, str(path))]  # type: ignore[arg-type]
    assert {index.prompt for index in built} == {prompt}
    assert len({index.passages for index in built}) == 1
    assert open_index(str(path), settings=desk.settings, embedder=desk.embedder).passages == built[0].passages


def test_the_embedder_is_found_by_the_settings(desk: "Desk", monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an embedder given, the one that the settings name is looked for, offline and on a device as they say."""
    asked = []

    def find(name: str | None, *, offline: bool, device: str | None) -> HashingEmbedder:
        asked.append((name, offline, device))
        return desk.embedder

    monkeypatch.setattr(pipeline, "find_embedder", find)
    settings = desk.tuned(embedder="some/model", device="cuda")
    build_index(desk.subset(4), settings=settings)
    open_index(desk.subset(4), settings=desk.tuned())
    assert asked == [("some/model", True, "cuda"), (None, True, None)]


def test_a_file_that_is_no_prompt(desk: "Desk") -> None:
    """A file that holds no prompt is refused before anything is built."""
    path = desk.root / "empty.txt"
    path.write_text("")
    with pytest.raises(PromptError, match=r"empty\.txt"):
        build_index(path, settings=desk.settings, embedder=desk.embedder)
    assert not desk.index_dir.exists()


def prompt_folder(desk: "Desk") -> Path:
    folder = desk.root / "prompts"
    folder.mkdir()
    for name, prompt in (("a", desk.subset(1, 4)), ("b", desk.subset(2, 3))):
        (folder / f"{name}.txt").write_text(prompt.to_text(), encoding="utf-8")
        desk.build(prompt)
    return folder


def gold(case: str) -> dict[str, object]:
    evidence = [{"quote": "takes as input a blurry photo"}]
    return {
        "case": case,
        "question": "How?",
        "nuggets": [{"id": "n1", "vital": True, "evidence": evidence}],
        "queries": [{"id": "q1", "question": "What is the input of the lantern network?", "evidence": evidence}],
        "off_topic": [],
        "not_covered": [],
    }


def test_evaluate(desk: "Desk") -> None:
    """Every prompt of a folder is answered and measured; those with gold by its nuggets and queries too."""
    folder = prompt_folder(desk)
    (desk.root / "gold").mkdir()
    (desk.root / "gold" / "a.json").write_text(json.dumps(gold("a")))
    report = evaluate_prompts(folder, gold_dir=desk.root / "gold", settings=desk.settings, embedder=desk.embedder)
    first, second = report.cases
    assert [first.case, second.case, report.failures] == ["a", "b", ()]
    assert (first.closed_world.closed, first.cited, first.closed_world.places_unchecked) == (1.0, 1.0, 0)
    assert (second.closed_world.closed, second.cited) == (1.0, 1.0)
    assert first.figures()["recall@3000c"] == 1.0
    assert first.nuggets_in_passages is not None
    assert second.nuggets_in_passages is None
    assert second.queries == ()


def test_evaluate_goes_on_past_a_failure(desk: "Desk") -> None:
    """A prompt that cannot be read, and one that was not built, are failures with a reason; the others are measured."""
    folder = prompt_folder(desk)
    (folder / "0-empty.txt").write_text("")
    (folder / "c.txt").write_text(desk.subset(5).to_text(), encoding="utf-8")
    report = evaluate_prompts(folder, settings=desk.settings, embedder=desk.embedder)
    assert [case.case for case in report.cases] == ["a", "b"]
    assert [failure.case for failure in report.failures] == ["0-empty", "c"]
    assert "0-empty.txt" in report.failures[0].reason
    assert "there is no index for this prompt here; run: cnaps-rag build" in report.failures[1].reason


def test_prompt_files(tmp_path: Path) -> None:
    """The prompt files of a folder are those with a prompt's suffix, by name."""
    for name in ("b.txt", "a.JSON", "c.yml", "d.yaml", "notes.md", "e.txt~"):
        (tmp_path / name).write_text("")
    assert [path.name for path in prompt_files(tmp_path)] == ["a.JSON", "b.txt", "c.yml", "d.yaml"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (None, "there is no such folder"),
        ((), "holds no prompt file"),
        (("a.txt", "a.json"), "holds two prompt files named a; rename one of them"),
    ],
)
def test_folders_that_cannot_be_evaluated(tmp_path: Path, names: tuple[str, ...] | None, words: str) -> None:
    """A folder that is missing, empty, or holds two prompts of one stem is refused, with its path."""
    folder = tmp_path / "prompts"
    if names is not None:
        folder.mkdir()
        for name in names:
            (folder / name).write_text("")
    with pytest.raises(EvaluationError, match=words) as caught:
        prompt_files(folder)
    assert str(folder) in str(caught.value)
