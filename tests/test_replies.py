"""This file ensures that replies are read as tolerantly as can be, and that nothing in them is trusted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.replies import MOST_CLAIMS, RepliedClaim, complete_claims, read_reply

FAST = RepliedClaim(part="task", text="It is fast.", labels=("P1",))
ROW = {"part": "task", "text": "It is fast.", "citations": ["P1"]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"claims": [ROW], "not_covered": []}),
        json.dumps([ROW]),
        json.dumps({"claims": [ROW, ROW]}),
        "Sure!\n```json\n" + json.dumps({"claims": [ROW]}) + "\n```\nBye.",
        json.dumps({"claims": [ROW]}).replace("]}", ",]}"),
        json.dumps({"task": [{"claim": "It is fast.", "citation": 1}]}),
        json.dumps({"claims": [{**ROW, "citations": "P1"}]}),
        json.dumps({"claims": [{**ROW, "citations": [1]}]}),
        json.dumps({"claims": [{**ROW, "citations": ["[P1]"]}]}),
        json.dumps({"claims": [{**ROW, "citations": [{"id": "p1"}]}]}),
        json.dumps({"claims": [{**ROW, "part": " Task "}]}),
    ],
)
def test_json(text: str) -> None:
    """JSON in many shapes gives the same claim."""
    assert read_reply(text).claims == (FAST,)
    assert read_reply(text).error is None


def test_cut_off_json() -> None:
    """Of a reply that is cut off the complete claims are read, and the error is told."""
    text = json.dumps({"claims": [ROW, {**ROW, "text": "It is small."}]})[:-25]
    reply = read_reply(text)
    assert reply.claims == (FAST,)
    assert reply.error is not None
    assert complete_claims(text) == (FAST,)


def test_prose_with_marks() -> None:
    """Lines with marks are read; headings name the part."""
    reply = read_reply("## Task\n- It is fast [P1].\n\nModel: It has (P2, P3) parts.\nNo mark here.")
    assert [(claim.part, claim.labels) for claim in reply.claims] == [("task", ("P1",)), ("model", ("P2", "P3"))]
    assert reply.error is not None


@pytest.mark.parametrize("text", ["", "  \n", "I cannot help with that.", "{}", '{"a": 1}', "[", "null", "[" * 10**5])
def test_nothing_to_read(text: str) -> None:
    """A reply without a claim says what is wrong with it."""
    assert read_reply(text).claims == ()
    assert read_reply(text).error


def test_an_honest_nothing() -> None:
    """An empty list of claims is no error."""
    reply = read_reply('{"claims": [], "not_covered": [2, 2, true, "3", -1]}')
    assert (reply.claims, reply.error, reply.open_sentences) == ((), None, (2, -1))


def test_endless_replies() -> None:
    """Of an endless reply only so many claims are read."""
    rows = [{**ROW, "text": f"It is {number}."} for number in range(1000)]
    assert len(read_reply(json.dumps({"claims": rows})).claims) <= MOST_CLAIMS
    assert len(complete_claims(json.dumps({"claims": rows}))) <= MOST_CLAIMS


@given(text=st.text())
def test_any_text(text: str) -> None:
    """No text is too odd to be read."""
    read_reply(text)
    complete_claims(text)
