"""The command line: data on stdout, messages on stderr.

Exit codes: 0 done; 1 it could not be done (no index, no embedder, disk full …); 2 bad usage or bad input; 3 built, but
some papers are there by their abstract only or not at all; 130 interrupted.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cnaps_rag import evaluation, rendering
from cnaps_rag.errors import CnapsRagError, EvaluationError, PromptError
from cnaps_rag.generation.shown import choose
from cnaps_rag.inventory import take_inventory
from cnaps_rag.layout import Layout
from cnaps_rag.model_options import add_model_options, generator_of, prompt_text
from cnaps_rag.pipeline import Builder, answer, evaluate_prompts, open_index
from cnaps_rag.prompts import read_prompts
from cnaps_rag.records import IndexedPaper, PaperStatus
from cnaps_rag.retrieval import search_many
from cnaps_rag.settings import PdfBackend, Settings, host_name
from cnaps_rag.storage import storage_error, write_bytes
from cnaps_rag.version import VERSION

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

Run = Callable[[argparse.Namespace], int]
OWN_QUESTION = "default: the prompt's own question"
DONE, FAILED, BAD_INPUT, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What stands behind the program's name; None takes the process's own.

    Returns:
        The exit code.
    """
    options = parser().parse_args(arguments)
    run: Run = options.run
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # papers hold characters that not every locale has
    try:
        code = run(options)
        sys.stdout.flush()
    except (PromptError, EvaluationError) as error:
        return _fail(error, BAD_INPUT)
    except CnapsRagError as error:
        return _fail(error, FAILED)
    except BrokenPipeError:
        # whoever read the output has seen enough
        _discard_output()
        return DONE
    except OSError as error:
        return _fail(_system_error(error), FAILED)
    except KeyboardInterrupt:
        _say("interrupted; what was finished is kept, and the same command goes on from there")
        return INTERRUPTED
    return code


def build_main(arguments: Sequence[str] | None = None) -> int:
    """Run `cnaps-rag build`, for `scripts/build_index.py`.

    Args:
        arguments: What stands behind the script's name; None takes the process's own.

    Returns:
        The exit code.
    """
    return main(["build", *(sys.argv[1:] if arguments is None else arguments)])


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    root = argparse.ArgumentParser(
        prog="cnaps-rag",
        description="Answers from the papers that a prompt lists, and from nothing else.",
        epilog="Exit codes: 0 done, 1 could not be done, 2 bad usage or input, 3 built but some papers are missing.",
    )
    root.add_argument("--version", action="version", version=f"cnaps-rag {VERSION}")
    commands = root.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_build(commands)
    _add_search(commands)
    _add_ask(commands)
    _add_evaluate(commands)
    _add_show(commands)
    return root


def _command(commands: "Commands", name: str, run: Run, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    defaults = Settings()
    command.add_argument(
        "--corpus", type=Path, default=defaults.corpus_dir, help="folder of PDFs (default: %(default)s)"
    )
    command.add_argument("--index", type=Path, default=defaults.index_dir, help="index folder (default: %(default)s)")
    command.add_argument("--embedder", metavar="MODEL", help="name or folder of a sentence-transformers model")
    command.add_argument("--device", help="what the embedder runs on, as torch names it: cpu, cuda …")
    command.add_argument("--offline", action="store_true", help="never use the network")
    return command


def _add_build(commands: "Commands") -> None:
    text = "Fetch the listed PDFs and build the index of each prompt."
    command = _command(commands, "build", _build, text)
    command.add_argument("prompts", nargs="+", type=Path, metavar="PROMPT", help="prompt file (.txt, .json, .yaml)")
    command.add_argument("--pdf-dir", type=Path, metavar="DIR", help="take PDFs from this folder before the network")
    command.add_argument(
        "--pdf-backend",
        choices=[str(backend) for backend in PdfBackend],
        default=str(Settings().pdf_backend),
        help="what reads PDFs (default: %(default)s; pdfium needs the extra [pdfium])",
    )
    command.add_argument(
        "--allow-host",
        action="append",
        default=[],
        type=_host,
        metavar="HOST",
        help="fetch listed PDFs from this host too, beside arXiv and CVF (may be given more than once)",
    )
    command.add_argument("--recheck", action="store_true", help="ask the hosts whether fetched PDFs have changed")
    command.add_argument(
        "--accept-mismatch", action="store_true", help="index a PDF also where its title is not the listed one"
    )
    command.add_argument("--contact", help="e-mail address or URL for the User-Agent of downloads")
    command.add_argument("--json", action="store_true", help="print what became of each paper as JSON")


def _add_search(commands: "Commands") -> None:
    command = _command(commands, "search", _search, "Find the passages that match a question.")
    command.add_argument("prompt", type=Path, metavar="PROMPT", help="prompt file whose index is searched")
    command.add_argument("question", nargs="?", type=_question_text, metavar="QUESTION", help=OWN_QUESTION)
    command.add_argument("--questions", type=Path, metavar="FILE", help='one JSON {"id", "question"} a line')
    _add_reranker(command)
    command.add_argument("-k", type=_positive, default=Settings().k, help="how many passages (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_reranker(command: argparse.ArgumentParser) -> None:
    command.add_argument("--reranker", metavar="MODEL", help="cross-encoder that orders the best passages anew")


def _add_ask(commands: "Commands") -> None:
    command = _command(commands, "ask", _ask, "Answer a prompt's question with citations.")
    command.add_argument("prompt", type=Path, metavar="PROMPT", help="prompt file whose index answers")
    command.add_argument("question", nargs="?", type=_question_text, metavar="QUESTION", help=OWN_QUESTION)
    command.add_argument("--format", choices=[str(one) for one in rendering.Format], default="md", help="default: md")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there instead of stdout")
    add_model_options(command)


def _add_evaluate(commands: "Commands") -> None:
    text = "Answer every prompt of a folder and measure the answers."
    command = _command(commands, "evaluate", _evaluate, text)
    command.add_argument("prompts_dir", type=Path, metavar="PROMPTS_DIR", help="folder of prompt files")
    command.add_argument("--gold", type=Path, metavar="DIR", help="folder of gold files, named like the prompts")
    _add_reranker(command)
    command.add_argument("--report", type=Path, metavar="DIR", help="write report.json and report.md there")
    command.add_argument("--json", action="store_true", help="print JSON instead of Markdown")


def _add_show(commands: "Commands") -> None:
    command = _command(commands, "show", _show, "Tell what is in an index folder, or in one prompt's index.")
    command.add_argument("what", nargs="?", type=Path, metavar="INDEX", help="index folder, or a file of its prompts/")
    command.add_argument("--json", action="store_true", help="print JSON")


def _build(options: argparse.Namespace) -> int:
    bad: list[int] = []
    prompts = read_prompts(options.prompts, failed=lambda error: bad.append(_fail(error, BAD_INPUT)))
    settings = _settings(options)
    builder = Builder(settings, pdf_dir=options.pdf_dir, progress=_terminal())
    reports = []
    built = builder.build_all([prompt for _, prompt in prompts])
    for (path, _), report in zip(prompts, built, strict=True):
        reports.append(report)
        if not options.json:
            print(f"{path}\n{rendering.build_table(report)}")
    if options.json:
        pairs = zip(prompts, reports, strict=True)
        records = [{"prompt": str(path), **rendering.build_record(report)} for (path, _), report in pairs]
        print(rendering.json_text(records), end="")
    return BAD_INPUT if bad else DONE if all(report.complete for report in reports) else INCOMPLETE


def _search(options: argparse.Namespace) -> int:
    if options.question is not None and options.questions is not None:
        raise PromptError("QUESTION and --questions were given; give one of them")
    settings = _settings(options)
    index = open_index(options.prompt, settings=settings)
    if options.questions is not None:
        questions = _questions(options.questions)
    else:
        questions = [("", options.question or index.prompt.question)]
    found = search_many(index, [question for _, question in questions], k=options.k, settings=settings)
    for (name, _), hits in zip(questions, found, strict=True):
        records = rendering.hit_records(hits, _file_of(settings))
        if options.questions is not None:
            print(rendering.json_line({"id": name, "hits": records}), end="")
        elif options.json:
            print(rendering.json_text(records), end="")
        else:
            print(rendering.hits_text(hits), end="")
    return DONE


def _questions(path: Path) -> list[tuple[str, str]]:
    try:
        # not splitlines, which would split at line separators inside a question too
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"cannot be read as a file of questions ({error})", path=path) from error
    questions = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            questions.append(_question(path, number, line))
    return questions


def _question(path: Path, number: int, line: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        name, question = row["id"], row["question"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PromptError('expected one JSON {"id", "question"} a line', path=path, line=number) from error
    if not isinstance(question, str) or not question.strip():
        raise PromptError("expected a question that is a text", path=path, line=number)
    return name, question


def _ask(options: argparse.Namespace) -> int:
    settings = _settings(options)
    drafter = None if options.show_prompt else generator_of(options, settings)
    index = open_index(options.prompt, settings=settings)
    if options.show_prompt:
        shown = choose(index, options.question or index.prompt.question, settings, options.budget_tokens)
        text = prompt_text(shown, options.budget_tokens)
    else:
        answered = answer(index, question=options.question, generator=drafter, settings=settings)
        for remark in answered.remarks if options.llm else ():
            _say(remark)
        text = rendering.render(answered, rendering.Format(options.format))
    if options.output is None:
        print(text, end="")
    else:
        write_bytes(options.output, text.encode())
        _say(f"written to {options.output}")
    return DONE


def _evaluate(options: argparse.Namespace) -> int:
    report = evaluate_prompts(
        options.prompts_dir, gold_dir=options.gold, settings=_settings(options), progress=_terminal()
    )
    if options.report is not None:
        write_bytes(options.report / "report.json", evaluation.to_json(report).encode())
        write_bytes(options.report / "report.md", evaluation.to_markdown(report).encode())
        _say(f"written to {options.report / 'report.json'} and report.md")
    print(evaluation.to_json(report) if options.json else evaluation.to_markdown(report), end="")
    for failure in report.failures:
        _say(f"{failure.case}: {failure.reason}")
    return FAILED if report.failures else DONE


def _show(options: argparse.Namespace) -> int:
    entries = take_inventory(options.what or options.index)
    record = rendering.inventory_record(entries)
    print(rendering.json_text(record) if options.json else rendering.inventory_text(entries), end="")
    return DONE


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        corpus_dir=options.corpus,
        index_dir=options.index,
        embedder=options.embedder,
        device=options.device,
        reranker=getattr(options, "reranker", None),
        offline=options.offline,
        contact=getattr(options, "contact", None),
        allowed_hosts=tuple(getattr(options, "allow_host", ())),
        recheck=getattr(options, "recheck", False),
        accept_mismatch=getattr(options, "accept_mismatch", False),
        pdf_backend=PdfBackend(getattr(options, "pdf_backend", PdfBackend.PYPDF)),
    )


def _file_of(settings: Settings) -> Callable[[IndexedPaper], str | None]:
    layout = Layout.of(settings)

    def file_of(paper: IndexedPaper) -> str | None:
        return str(layout.paper_pdf(paper.key)) if paper.status is PaperStatus.OK else None

    return file_of


def _host(text: str) -> str:
    try:
        return host_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _question_text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; leave it out to ask the prompt's own question")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number greater than 0, not {text!r}")
    return int(text)


def _terminal() -> bool:
    return sys.stderr.isatty()


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _fail(error: CnapsRagError, code: int) -> int:
    _say(f"cnaps-rag: {' '.join(str(error).split())}")
    return code


def _system_error(error: OSError) -> CnapsRagError:
    if error.filename is not None:
        return CnapsRagError(f"{error.filename}: {error.strerror or error}; see the reason and run again")
    _discard_output()
    return storage_error(Path("standard output"), error)


def _discard_output() -> None:
    """Give up on stdout, so that what is still buffered does not fail once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
