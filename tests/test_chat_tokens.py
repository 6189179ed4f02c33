"""This file ensures that tokens are counted on the safe side."""

from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.chat_tokens import count_tokens


def test_counts() -> None:
    """Long words, digits, signs and other scripts take as many tokens as they may."""
    assert [count_tokens(text) for text in ("", "word", "resolution", "2021", "a-b", "×", "été")] == [
        0,
        1,
        2,
        4,
        3,
        2,
        5,
    ]


@given(first=st.text(), second=st.text())
def test_adding_text_never_lowers_the_count(first: str, second: str) -> None:
    """A longer text never counts less than its beginning."""
    assert count_tokens(f"{first} {second}") == count_tokens(first) + count_tokens(second)
