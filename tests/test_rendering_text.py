"""Answers as plain text and as a Mermaid flowchart."""

import dataclasses
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnaps_rag.rendering import answer_mermaid, answer_text
from cnaps_rag.rendering.wording import printable
from tests.sample_answers import GITHUB_URL, HOSTILE, LIIF_URL, LOST_URL, abstention, answer_with, two_models

HEADING = re.compile(r"^(.+)\n(=+|-+)$", re.MULTILINE)


def test_text_reads_from_question_to_references() -> None:
    """The text has the parts of the answer in order, the note first, and the addresses in full."""
    shown = answer_text(answer_with("A fact"))
    assert [title for title, _ in HEADING.findall(shown)] == [
        "Answer from the listed papers",
        "1. The task",
        "2. How the model works",
        *("A fact", "LIIF"),
        "3. Papers and tools",
        "Papers that could not be read",
        "Left out after checking",
        "References",
    ]
    assert "! What the papers do not say:\n- A fact\n" in shown
    assert (
        f"- A fact (recommended): A fact [1][2]\n  arXiv:2012.09161, December 2020\n  {LIIF_URL}\n  {GITHUB_URL}\n"
        in shown
    )
    assert f"A fact, arXiv:2012.09161, December 2020\n{LIIF_URL}\n\n[1] p. 3 (A fact): “A fact”\n" in shown
    assert f"A fact\n{LOST_URL}\n\n[2] abstract as given in the prompt: “A fact”\n" in shown


def test_text_draws_the_workflow_on_a_line() -> None:
    """Each model has its chain on one line."""
    assert "\nInput [1] → A [1] → Output [3][1]\n" in answer_text(two_models())


def test_text_says_what_is_missing_first() -> None:
    """An abstention, and a recommended model without its paper, are told at the top."""
    top = answer_text(abstention()).split("1. The task")[0]
    assert "! No answer: no statement on this question" in top
    assert "! Not available:\n- Lost: its PDF could not be read, and nothing in this answer rests on it.\n" in top


def test_text_is_wrapped_but_links_are_whole() -> None:
    """Lines are no longer than 80 characters, unless a word is."""
    link = f"https://example.org/{'a' * 100}.pdf"
    answer = answer_with("Words of a long sentence that goes on. " * 9)
    papers = (dataclasses.replace(answer.papers[0], url=link),)
    lines = answer_text(dataclasses.replace(answer, papers=papers)).splitlines()
    assert [line.strip() for line in lines if len(line) > 80] == [link]


@settings(deadline=None)
@given(st.text(st.characters(), min_size=1).filter(printable))
def test_text_cannot_steer_the_terminal(text: str) -> None:
    """Whatever a paper holds, what is shown fits into a UTF-8 file and has no control characters."""
    shown = answer_text(answer_with(text))
    assert shown.encode("utf-8").endswith(b"\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


def test_mermaid_draws_every_model() -> None:
    """A subgraph for each model, a box for each node, an arrow for each edge."""
    assert answer_mermaid(two_models()).splitlines()[:7] == [
        "flowchart LR",
        '  subgraph m1["B"]',
        '    m1-input[/"Input: Ten photos. #91;2#93;"/]',
        '    m1-model["Model not described"]',
        '    m1-output[/"Output not described"/]',
        '    m1-mechanism("Why it does that: Ten show more than one. #91;2#93;#91;3#93;")',
        "  end",
    ]
    assert "  m1-mechanism -.->|explains| m1-model" in answer_mermaid(two_models())


@settings(deadline=None)
@pytest.mark.parametrize("separator", ["", " "])
@example(HOSTILE)
@given(parts=st.lists(st.sampled_from([*HOSTILE, *'"`#;[](){}<>/\\|-+.1 ']), min_size=1))
def test_mermaid_labels_hold_any_text(separator: str, parts: list[str]) -> None:
    """Hostile text stays within its quotes: the chart has the same lines, and no quote, bracket or tag is left."""
    text = separator.join(parts)
    if not printable(text):
        return
    lines = answer_mermaid(answer_with(text)).splitlines()
    assert len(lines) == len(answer_mermaid(answer_with("harmless")).splitlines())
    for label in re.findall(r'"(.*)"', "\n".join(lines)):
        assert not set(label) & set('"`[]{}<>|\\&')
        assert not re.match(r"[0-9]*[-+.)]", label)
