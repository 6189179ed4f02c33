"""This file ensures that prompt files are read exactly, and that everything else is refused in one clear line."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.errors import PromptError
from cnaps_rag.listing import ListedPaper, Prompt
from cnaps_rag.prompts import (
    MAX_PROMPT_BYTES,
    parse_prompt,
    prompt_from_mapping,
    prompt_to_mapping,
    read_prompt,
    read_prompts,
)

ROOT = Path(__file__).resolve().parents[1]
SHARED_PROMPTS = ROOT.parent / "shared" / "prompts"
EXAMPLES = ROOT / "corpus" / "prompts"
COUNTS = dict.fromkeys([f"dev-{n:02}" for n in range(1, 11)] + [f"seed-{n:03}" for n in range(3)], (1, 3))
COUNTS |= {"dev-01": (2, 3), "dev-09": (2, 3)}

TEXT = """\
You are an AI scientist.

A user has asked the following question:
"How does it sharpen my photo?"

Based on the following recommended models, explain:

1. What task the user is trying to perform.
2. How the model(s) would work in a CNAPS AI-like workflow (input → model → output).
3. List relevant papers and tools (with GitHub or ArXiv links) that support your answer.

Use **only the provided models and papers**. Do not refer to outside sources.

### Recommended AI Models:
Model: LIIF
Paper: https://arxiv.org/pdf/2012.09161
GitHub: https://github.com/yinboc/liif

### Related Papers:
Model: U-Net
Paper: https://arxiv.org/pdf/1505.04597
Summary: A network in the shape of a U.


Answer:
"""
PROMPT = Prompt(
    question="How does it sharpen my photo?",
    recommended=(
        ListedPaper(
            name="LIIF", url="https://arxiv.org/pdf/2012.09161", github="https://github.com/yinboc/liif", summary=None
        ),
    ),
    related=(
        ListedPaper(name="U-Net", url="https://arxiv.org/pdf/1505.04597", summary="A network in the shape of a U."),
    ),
)
LIIF_ENTRY = "Model: LIIF\nPaper: https://arxiv.org/pdf/2012.09161\nGitHub: https://github.com/yinboc/liif\n"
UNET_SECTION = TEXT[TEXT.index("### Related") : TEXT.index("\n\nAnswer")]
MAPPING: dict[str, Any] = {
    "question": "How?",
    "recommended": [{"name": "LIIF", "url": "https://arxiv.org/pdf/2012.09161"}],
}

awkward = st.sampled_from([
    "Model: x", "Paper: y", "GitHub: z", "Summary:", "Answer:", "### Recommended AI Models:", "### Related Papers:",
    '"', "“", "”", "\n", "\r\n", "\x85", "\u2028", "\ufeff", "1.", "Code: https://example.org/x",
    "Based on the following recommended models, explain:",
])  # fmt: skip
texts = st.lists(st.one_of(st.text(max_size=20), awkward), max_size=6).map("".join)
words = texts.filter(lambda text: bool(text.split()) and "\0" not in text)
urls = st.builds(
    "{}://{}/{}".format,
    st.sampled_from(["http", "https", "HTTP", "Https"]),
    st.sampled_from(["arxiv.org", "openaccess.thecvf.com", "localhost:8000", "127.0.0.1", "[::1]", "ex-ample.org."]),
    st.text(alphabet="abcXYZ019-._~:/?#[]@!$&'()*+,;=%é”", max_size=20),
)
papers = st.builds(
    ListedPaper,
    name=words,
    url=urls,
    github=st.none() | urls,
    summary=st.none() | texts.filter(lambda text: "\0" not in text),
)
prompts = st.builds(
    Prompt,
    question=words,
    recommended=st.lists(papers, min_size=1, max_size=3),
    related=st.lists(papers, max_size=3),
)
keys = st.sampled_from(["question", "recommended", "related", "name", "url", "github", "summary", "x"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def refusal(call: Callable[[], Prompt]) -> PromptError | None:
    try:
        call()
    except PromptError as error:
        return error
    return None


@pytest.mark.parametrize("name", COUNTS)
def test_the_given_prompts_parse(name: str) -> None:
    """Every given prompt has the expected number of models and papers, and is written back byte by byte."""
    path = SHARED_PROMPTS / f"{name}.txt"
    if not path.exists():
        pytest.skip(f"the given prompts are not here: {path}")
    prompt = read_prompt(path)
    assert (len(prompt.recommended), len(prompt.related)) == COUNTS[name]
    assert prompt.to_text() == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_our_examples_parse(path: Path) -> None:
    """Our own example prompts are in the very same form, each entry with a summary."""
    prompt = read_prompt(path)
    assert prompt.to_text() == path.read_text(encoding="utf-8")
    assert all(paper.summary for _, paper in prompt.listed())


def test_the_plain_form_parses() -> None:
    """The text form gives the prompt that stands in it, field by field."""
    assert parse_prompt(TEXT) == PROMPT


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.rstrip("\n"),
        TEXT.rstrip("\n") + "   ",
        "\n\n" + TEXT.replace("\n", "\n\n") + "\n\n\n",
        "\ufeff" + TEXT,
        TEXT.replace("\n", "  \n"),
        "\n".join("  " + line for line in TEXT.split("\n")),
        TEXT.replace('"How', "“How").replace('photo?"', "photo?”"),
        TEXT.replace('"How', "„How").replace('photo?"', "photo?“"),
        TEXT.replace("does it sharpen", "does it\n\n sharpen"),
        TEXT.replace('"How', '"\nHow').replace('photo?"', 'photo?\n"'),
        TEXT.replace("### Recommended AI Models:", "### RECOMMENDED AI MODELS"),
        TEXT.replace("### Related Papers:", "##related papers:"),
        TEXT.replace("### Related Papers:", "**Related Papers:**"),
        TEXT.replace("Model:", "MODEL :").replace("Paper:", "paper:").replace("GitHub:", "Github:"),
        TEXT.replace("Answer:", "ANSWER:"),
        TEXT.replace("Answer:", "**Answer:**"),
        TEXT.replace("→", "->").replace("**", ""),
        TEXT.replace("1. What", "1) What"),
        TEXT.replace("You are an AI scientist.", "you are an ai scientist"),
        TEXT.replace("A network in the shape", "A network\nin the\n\nshape"),
        TEXT.replace("Summary: A network", "Summary:\nA network"),
        TEXT.replace("Model: U-Net\nPaper: https://arxiv.org/pdf/1505.04597\n", "Model: U-Net\n").replace(
            "of a U.\n", "of a U.\nPaper: https://arxiv.org/pdf/1505.04597\nGitHub:\n"
        ),
    ],
    ids=lambda text: repr(text[:30]),
)
def test_tolerated_variants(text: str) -> None:
    """Line endings, blank lines, quotes, letter case, wrapping and order of lines do not matter."""
    assert parse_prompt(text) == PROMPT


@pytest.mark.parametrize("text", [TEXT.replace(UNET_SECTION, ""), TEXT.replace(UNET_SECTION, "### Related Papers:\n")])
def test_related_papers_may_be_missing(text: str) -> None:
    """A prompt without related papers is one, with or without the header."""
    assert parse_prompt(text).related == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://arxiv.org/pdf/2504.14582v2.pdf",
        "https://arxiv.org/abs/2012.09161",
        "https://ARXIV.org/abs/2012.09161v3",
        "https://openaccess.thecvf.com/content/CVPR2021/papers/X_Y_CVPR_2021_paper.pdf",
        "https://cg.postech.ac.kr/Research/MSSNet/MSSNet.pdf",
    ],
)
def test_urls_are_kept_as_written(url: str) -> None:
    """Whether http or https, abs or pdf, with a version or without: the URL stays as listed."""
    assert parse_prompt(TEXT.replace("https://arxiv.org/pdf/1505.04597", url)).related[0].url == url


def test_several_models_and_long_summaries() -> None:
    """A prompt may recommend several models, each with a summary of any length."""
    entry = "\nModel: A\nPaper: https://a.org/x\nSummary: " + "word " * 50_000 + "\n"
    prompt = parse_prompt(TEXT.replace(LIIF_ENTRY, LIIF_ENTRY + entry + entry.replace("Model: A", "Model: B")))
    assert [paper.name for paper in prompt.recommended] == ["LIIF", "A", "B"]
    assert len(prompt.recommended[2].summary or "") == 5 * 50_000 - 1


def test_a_question_may_quote() -> None:
    """Quotes inside a question stay in it, even at the end of a line."""
    text = TEXT.replace("How does it sharpen my photo?", 'My son said "wow"\nand then "how?"')
    assert parse_prompt(text).question == 'My son said "wow" and then "how?"'


DEMAND_2 = TEXT[TEXT.index("2. How") : TEXT.index("\n3. List")]
ADVICE = "write it in full, as in https://arxiv.org/pdf/2012.09161"
KEYS = "'Model:', 'Paper:', 'GitHub:' or 'Summary:'"
ERRORS = [
    ("", "p.txt:1: expected 'You are an AI scientist.', found the end of the file"),
    ("Hello there\n", "p.txt:1: expected 'You are an AI scientist.', found 'Hello there'"),
    (
        TEXT.replace("1. What task the user is trying to perform.\n", ""),
        f"p.txt:8: expected '1. What task the user is trying to perform.', found '{DEMAND_2[:80]}…'",
    ),
    (
        TEXT.replace('"How does it sharpen my photo?"\n', ""),
        "p.txt:5: expected the question in quotes, found 'Based on the following recommended models, explain:'",
    ),
    (
        TEXT.replace('"How does it sharpen my photo?"', "How does it sharpen my photo?"),
        "p.txt:4: expected the question in quotes, found 'How does it sharpen my photo?'",
    ),
    (
        TEXT.replace("How does it sharpen my photo?", "  "),
        "p.txt:4: the question is empty: write it between the quotes",
    ),
    (
        TEXT.replace('photo?"', "photo?"),
        "p.txt:4: the quote that opens the question is never closed: expected a line that ends with a quote",
    ),
    (
        TEXT.replace('photo?"', 'photo?"\nBe brief.'),
        "p.txt:5: expected 'Based on the following recommended models, explain:', found 'Be brief.'",
    ),
    (
        TEXT.replace(LIIF_ENTRY, ""),
        "p.txt:16: expected a recommended model ('Model:' and 'Paper:' lines), found '### Related Papers:'",
    ),
    (
        TEXT.replace("### Recommended AI Models:\n", ""),
        "p.txt:14: expected '### Recommended AI Models:', found 'Model: LIIF'",
    ),
    (
        TEXT.replace("https://arxiv.org/pdf/1505.04597", "see the library"),
        f"p.txt:21: U-Net: the paper URL is not a URL: 'see the library'; {ADVICE}",
    ),
    (
        TEXT.replace("https://github.com/yinboc/liif", "none"),
        f"p.txt:17: LIIF: the GitHub URL is not a URL: 'none'; {ADVICE}",
    ),
    (
        TEXT.replace("Paper: https://arxiv.org/pdf/1505.04597\n", ""),
        "p.txt:20: U-Net: expected a 'Paper:' line with the paper's URL in this entry",
    ),
    (TEXT.replace("Model: U-Net\n", "Model:\n"), "p.txt:20: a listed paper needs a name"),
    (
        TEXT.replace("Model: U-Net\n", ""),
        "p.txt:20: expected 'Model:' as the first line of an entry, found 'Paper: https://arxiv.org/pdf/1505.04597'",
    ),
    (
        TEXT.replace("Summary: A", "Paper: https://arxiv.org/abs/1\nSummary: A"),
        "p.txt:22: a second 'Paper:' line in one entry: keep one; each entry begins with 'Model:'",
    ),
    (
        TEXT.replace("GitHub:", "Code:"),
        f"p.txt:17: unknown key 'Code': expected {KEYS}",
    ),
    (
        TEXT.replace("of a U.\n", "of a U.\nCode: https://github.com/x/y\n"),
        f"p.txt:23: unknown key 'Code': expected {KEYS}",
    ),
    (
        TEXT.replace("of a U.\n", "of a U.\n### Tools:\n"),
        f"p.txt:23: expected {KEYS}, '### Related Papers:' or 'Answer:', found '### Tools:'",
    ),
    (TEXT.replace("Answer:\n", ""), "p.txt:25: expected 'Answer:' as the last line, found the end of the file"),
    (
        TEXT + "It upscales.\n",
        "p.txt:26: expected nothing behind 'Answer:' (take the answer out), found 'It upscales.'",
    ),
    (
        TEXT.replace("Answer:", "Answer: 42"),
        "p.txt:25: expected nothing behind 'Answer:' (take the answer out), found 'Answer: 42'",
    ),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_what_is_no_prompt_is_refused(text: str, message: str) -> None:
    """Each kind of bad text is refused with its file, its line and what was expected there."""
    assert str(refusal(lambda: parse_prompt(text, path=Path("p.txt")))) == message


def test_errors_without_a_file_name_the_line() -> None:
    """A text that comes from no file still gets its line named, in the message and as a field."""
    with pytest.raises(PromptError, match=r"^line 4: the question is empty") as caught:
        parse_prompt(TEXT.replace("How does it sharpen my photo?", ""))
    assert (caught.value.path, caught.value.line) == (None, 4)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "a.txt: the file is empty: a prompt was expected"),
        ("a.json", b" \n", "a.json: the file is empty: a prompt was expected"),
        ("a.txt", b"%PDF-1.5\n%\xd0\xd4\n", "a.txt: is a PDF: name the prompt file that lists it"),
        ("a.txt", b"abc\0def", "a.txt: is a binary file: name a prompt file (text, JSON or YAML)"),
        ("a.txt", TEXT.encode("utf-16"), "a.txt: is UTF-16: save the prompt as UTF-8 text"),
        (
            "a.txt",
            TEXT.replace("my", "mé").encode("latin-1", "replace"),
            "a.txt:4: not UTF-8 (byte 0xe9): save the prompt as UTF-8 text",
        ),
        (
            "a.txt",
            b"x" * (MAX_PROMPT_BYTES + 1),
            "a.txt: is larger than 1,000,000 bytes, so it is not a prompt: name a prompt file",
        ),
        ("a.json", b'{"question": \n', "a.json:2: not valid JSON: Expecting value; mend it there"),
        (
            "a.json",
            b'{"question": 1, "question": 2}',
            "a.json: not valid JSON: duplicate key 'question'; mend it there",
        ),
        ("a.json", b"[" * 100_000, "a.json: not valid JSON: maximum recursion depth exceeded"),
        ("a.yaml", b"question: [\n", "a.yaml:2: not valid YAML: expected the node content, but found '<stream end>'"),
        ("a.yaml", b"question: a\nquestion: b\n", "a.yaml:2: not valid YAML: duplicate key 'question'; mend it there"),
        ("a.yml", b"a: &a {b: c}\nd: {<<: *a}\n", "a.yml:2: not valid YAML: duplicate key '<<'; mend it there"),
        ("a.yml", b"question: 2020-13-45\n", "a.yml: not valid YAML: month must be in 1..12; mend it there"),
        (
            "a.yaml",
            b"- x\n",
            "a.yaml: the prompt must be a mapping with question, recommended, related, not list",
        ),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """A file that is empty, binary, too large, or broken JSON or YAML is refused in one line."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PromptError) as caught:
        read_prompt(path)
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(message)
    assert "\n" not in str(caught.value)
    assert caught.value.path == path


def test_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    """A missing file, a folder and an impossible name are refused in one line."""
    with pytest.raises(PromptError, match=re.escape("a.txt: cannot be read (No such file or directory)")):
        read_prompt(tmp_path / "a.txt")
    with pytest.raises(PromptError, match=re.escape("cannot be read (Is a directory): name a prompt file")):
        read_prompt(tmp_path)
    with pytest.raises(PromptError, match="cannot be read"):
        read_prompt("a\0b.txt")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ([], "p.json: the prompt must be a mapping with question, recommended, related, not list"),
        (
            {**MAPPING, "x": 1},
            "p.json: the prompt: unknown field 'x'; known are question, recommended, related",
        ),
        ({**MAPPING, "question": None}, "p.json: the prompt: the field 'question' is missing"),
        ({**MAPPING, "question": 5}, "p.json: the question must be text, not int"),
        ({**MAPPING, "question": " "}, "p.json: a prompt needs a question"),
        ({"question": "How?"}, "p.json: the prompt: the field 'recommended' is missing"),
        ({**MAPPING, "recommended": []}, "p.json: a prompt needs at least one recommended model"),
        ({**MAPPING, "recommended": {}}, "p.json: recommended must be a list of entries, not dict"),
        ({**MAPPING, "related": "U-Net"}, "p.json: related must be a list of entries, not str"),
        (
            {**MAPPING, "related": ["U-Net"]},
            "p.json: related entry 1 must be a mapping with name, url, github, summary, not str",
        ),
        (
            {**MAPPING, "related": [{"name": "U-Net\n", "url": "https://a.org", "x": 1}]},
            "p.json: related entry 1 (U-Net): unknown field 'x'; known are name, url, github, summary",
        ),
        (
            {**MAPPING, "related": [{"name": "U-Net"}]},
            "p.json: related entry 1 (U-Net): the field 'url' is missing",
        ),
        (
            {**MAPPING, "related": [{"name": 2048, "url": "https://a.org"}]},
            "p.json: related entry 1: the name of a listed paper must be text, not int",
        ),
        (
            {**MAPPING, "related": [{"name": "U-Net", "url": "https://a.org", "summary": ["x"]}]},
            "p.json: related entry 1: U-Net: the summary must be text, not list",
        ),
        (
            {**MAPPING, "recommended": [{"name": "LIIF", "url": "liif"}]},
            f"p.json: recommended entry 1: LIIF: the paper URL is not a URL: 'liif'; {ADVICE}",
        ),
    ],
)
def test_bad_mappings_are_refused(mapping: Any, message: str) -> None:
    """Wrong types and unknown fields are refused, naming the entry."""
    with pytest.raises(PromptError) as caught:
        prompt_from_mapping(mapping, path=Path("p.json"))
    assert str(caught.value) == message


def test_the_same_prompt_from_every_form(tmp_path: Path) -> None:
    """Text, JSON and YAML files give equal prompts, whatever the case of the suffix."""
    mapping = prompt_to_mapping(PROMPT)
    contents = {
        "a.txt": TEXT,
        "b": TEXT,
        "c.JSON": "\ufeff" + json.dumps(mapping),
        "d.yaml": yaml.safe_dump(mapping),
        "e.yml": yaml.safe_dump(mapping | {"related": [entry | {"github": None} for entry in mapping["related"]]}),
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert read_prompt(str(tmp_path / name)) == PROMPT


def test_prompts_are_read_in_order(tmp_path: Path) -> None:
    """Several files come back with their prompts, in the order given."""
    first, second = tmp_path / "b.txt", tmp_path / "a.txt"
    first.write_text(TEXT, encoding="utf-8")
    second.write_text(TEXT.replace("photo", "film"), encoding="utf-8")
    assert [path for path, _ in read_prompts([str(first), second])] == [first, second]


def test_the_same_prompt_twice_is_refused(tmp_path: Path) -> None:
    """Two files that hold the same prompt are both named, for only one index could be built."""
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text(TEXT, encoding="utf-8")
    second.write_text(TEXT.replace("\n", "\r\n"), encoding="utf-8")
    message = f"{first} and {second} hold the same prompt (id {PROMPT.id}): name one of them only"
    with pytest.raises(PromptError, match=re.escape(message)):
        read_prompts([first, second])


@given(prompts)
@settings(deadline=None, max_examples=150)
def test_round_trip_by_text(prompt: Prompt) -> None:
    """Every prompt that can be built is read back from its text as an equal one."""
    again = parse_prompt(prompt.to_text())
    assert again == prompt
    assert again.id == prompt.id
    assert parse_prompt(prompt.to_text().replace("\n", "\r\n\r\n")) == prompt


@given(prompts)
@settings(deadline=None, max_examples=60)
def test_round_trip_by_mapping(prompt: Prompt) -> None:
    """Every prompt survives JSON and YAML."""
    mapping = prompt_to_mapping(prompt)
    assert prompt_from_mapping(json.loads(json.dumps(mapping))) == prompt
    assert prompt_from_mapping(yaml.safe_load(yaml.safe_dump(mapping))) == prompt


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_damaged_text_is_a_prompt_or_a_prompt_error(data: st.DataObject) -> None:
    """However a prompt file is damaged, it parses or is refused: no other exception comes out."""
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, min(len(TEXT), start + 200)))
    text = TEXT[:start] + data.draw(texts) + TEXT[end:]
    error = refusal(lambda: parse_prompt(text, path=Path("p.txt")))
    assert error is None or (str(error).startswith("p.txt:") and "\n" not in str(error))


@given(json_values)
@settings(deadline=None, max_examples=100)
def test_any_json_is_a_prompt_or_a_prompt_error(value: Any) -> None:
    """Whatever JSON holds, it is a prompt or is refused: no other exception comes out."""
    assert "\n" not in str(refusal(lambda: prompt_from_mapping(value)))


@given(st.binary(max_size=200) | texts.map(str.encode), st.sampled_from(["txt", "json", "yaml"]))
@settings(deadline=None, max_examples=100)
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    """Whatever a file holds, a short one is refused by a PromptError that names it."""
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_bytes(content)
    with pytest.raises(PromptError, match=re.escape(str(path))) as caught:
        read_prompt(path)
    assert "\n" not in str(caught.value)
