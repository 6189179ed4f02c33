"""Gold files: what is read, and what is refused with which words."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnaps_rag.errors import EvaluationError
from cnaps_rag.evaluation import read_gold, read_gold_folder
from cnaps_rag.evaluation.gold import Evidence

GOLD: dict[str, Any] = {
    "case": "c-01",
    "question": "How?",
    "task": "Enlarging.",
    "workflow": {"input": "a photo"},
    "nuggets": [
        {
            "id": "n1",
            "part": "task",
            "text": "It enlarges.",
            "vital": True,
            "evidence": [{"file": "a.pdf", "page": 3, "quote": "enlarged"}],
        },
        {"id": "n2", "vital": True, "evidence": []},
    ],
    "queries": [{"id": "q1", "question": "Why?", "answer": "So.", "evidence": [{"quote": "because"}]}],
    "off_topic": ["https://x.org/a.pdf"],
    "not_covered": ["speed"],
    "unheld": {"what": "is not known here is passed over"},
}


def write(folder: Path, value: object, name: str = "c-01.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_gold_is_read(tmp_path: Path) -> None:
    """A gold file's facts come out as records, optional ones too, and nuggets without evidence seek nothing."""
    gold = read_gold(write(tmp_path, GOLD))
    assert (gold.case, gold.question, gold.task, gold.workflow) == ("c-01", "How?", "Enlarging.", {"input": "a photo"})
    assert gold.nuggets[0].evidence == (Evidence(file="a.pdf", page=3, quote="enlarged"),)
    assert [nugget.id for nugget in gold.vital()] == ["n1"]
    assert gold.queries[0].evidence == (Evidence(quote="because"),)
    assert (gold.off_topic, gold.not_covered, gold.unanswerable) == (("https://x.org/a.pdf",), ("speed",), ())


def test_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """A file saved with a byte order mark is read all the same."""
    path = tmp_path / "c.json"
    path.write_text(json.dumps(GOLD), encoding="utf-8-sig")
    assert read_gold(path).case == "c-01"


def _set(value: Any, *keys: str | int) -> Callable[[dict[str, Any]], None]:
    def change(gold: dict[str, Any]) -> None:
        place: Any = gold
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda gold: gold.pop("question"), "the gold file: the field 'question' is missing"),
        (lambda gold: gold["nuggets"][1].pop("vital"), "nuggets[1]: the field 'vital' is missing"),
        (lambda gold: gold["queries"][0].pop("evidence"), "queries[0]: the field 'evidence' is missing"),
        (_set("yes", "nuggets", 0, "vital"), "nuggets[0]: the field 'vital' must be true or false, not 'yes'"),
        (_set({}, "nuggets"), "the gold file: the field 'nuggets' must be a list, not {}"),
        (_set(["x"], "queries"), "queries[0]: must be a JSON object"),
        (_set([1], "off_topic"), "the gold file: the field 'off_topic[0]' must be text, not 1"),
        (_set("3", "nuggets", 0, "evidence", 0, "page"), "nuggets[0].evidence[0]: the field 'page' must be a whole"),
        (_set("—", "nuggets", 0, "evidence", 0, "quote"), "nuggets[0].evidence[0]: the quote has no letter or digit"),
        (_set("main", "queries", 0, "id"), "the gold file: each query needs an id of its own"),
    ],
)
def test_bad_gold_is_refused_with_its_place(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    """What is missing or of the wrong kind is named, with the file and the place in it."""
    gold = copy.deepcopy(GOLD)
    change(gold)
    path = write(tmp_path, gold)
    with pytest.raises(EvaluationError) as caught:
        read_gold(path)
    assert str(caught.value).startswith(f"{path}: {words}")
    assert caught.value.path == path


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty, cut, binary or endlessly nested file is no gold, and says so without a traceback of another kind."""
    path = tmp_path / "c.json"
    path.write_bytes(content)
    with pytest.raises(EvaluationError, match="is not JSON"):
        read_gold(path)


def test_a_list_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    """JSON that is no object, and a file that is not there, are refused."""
    with pytest.raises(EvaluationError, match="must be a JSON object"):
        read_gold(write(tmp_path, []))
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_gold(tmp_path / "absent.json")


def test_folder_is_read_by_case(tmp_path: Path) -> None:
    """All gold files of a folder are found under the names of their cases."""
    write(tmp_path, GOLD)
    write(tmp_path, GOLD | {"case": "c-02"}, "c-02.json")
    assert list(read_gold_folder(tmp_path)) == ["c-01", "c-02"]


def test_folder_without_gold_and_twins_are_refused(tmp_path: Path) -> None:
    """A folder without gold, and two files for one case, are refused."""
    with pytest.raises(EvaluationError, match="no gold files"):
        read_gold_folder(tmp_path / "absent")
    write(tmp_path, GOLD)
    write(tmp_path, GOLD, "copy.json")
    with pytest.raises(EvaluationError, match="'c-01' has a gold file already"):
        read_gold_folder(tmp_path)
