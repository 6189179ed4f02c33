"""Sentences of research papers: abbreviations, initials and citations do not end them, and no character is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.sentences import ABBREVIATIONS, split_sentences

texts = st.text(st.sampled_from('aB Ü.!?[]()“”’"1,-•\n ') | st.characters(exclude_categories=["Cs"]), max_size=120)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["We sharpen photos.", "They were blurry."],
        ["Is it sharp?", "It is!", "We are glad."],
        ["The method of Smith et al. [7] is slow.", "Ours is fast."],
        ["Smith et al. Show nothing."],
        ["As Fig. 3 shows, it works.", "Table 2 agrees."],
        ["See Figs. 3 and 4 in Sec. 5 and Eq. 6.", "They agree."],
        ["Several tasks, e.g. Deblurring, profit.", "Others do not."],
        ["The input, i.e. A photo, is blurry."],
        ["We compare A vs. B there."],
        ["The letter of J. R. R. Author is lost.", "We miss it."],
        ["Data set provided by Dr. Sanjay Kumar.", "It is large."],
        ["It is known [3].", "We use it [4, 5]."],
        ["It is known. [3]", "We use it."],
        ["It is known.3", "We use it."],
        ["He said “it works.”", "It does."],
        ["(It works.)", "It does."],
        ["It works.", "(It does.)"],
        ["It works.", "“It does.”"],
        ["The rate is 0.5 and the size is 1.25 MB.", "Both are low."],
        ["It takes 5.", "10 are left."],
        ["We wait ...", "And wait."],
        ["We use version 2.0.1 of it.", "It is new."],
        ["Then it ends. and goes on."],
        ["1. First we blur.", "Then we sharpen."],
        ["It follows from (a).", "We stop."],
        ["The centres lie in an interval of D.", "In the next step we use it."],
        ["It is a map onto X.", "(The set X is finite.)"],
        ["It was given by J. Theodore to us."],
        ["The matrix is A. A letter may be an initial."],
        ["A gain of 1.19 PSNR.", "It is large."],
        ["On 0.5 M photos it is 27.5.", "We stop."],
        ["We do this: • Blur it.", "• Sharpen it."],
        ["This is étude.", "Étude is a word."],
        ["Nothing ends this"],
        [],
    ],
)
def test_where_sentences_end(parts: list[str]) -> None:
    """Each text is cut where its sentences end, and nowhere else."""
    assert sentences(" ".join(parts)) == parts


@pytest.mark.parametrize("word", sorted(ABBREVIATIONS))
def test_abbreviations_end_no_sentence(word: str) -> None:
    """No abbreviation ends a sentence, in lower case or capitalised."""
    assert len(sentences(f"We see {word}. Three of them.")) == 1
    assert len(sentences(f"We see {word.capitalize()}. Three of them.")) == 1


@given(texts)
@settings(deadline=None, max_examples=300)
def test_nothing_is_lost_and_nothing_twice(text: str) -> None:
    """Sentences lie in order, do not overlap, have no space around them, and cover all that is not space."""
    spans = split_sentences(text)
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert not text[last:start].strip()
        assert text[start:end] == text[start:end].strip()
        last = end
    assert not text[last:].strip()


@given(texts, texts)
@settings(deadline=None, max_examples=100)
def test_a_text_s_ends_do_not_depend_on_space_around_it(text: str, blanks: str) -> None:
    """Space before and behind a text moves its sentences and changes none."""
    space = "".join(character for character in blanks if character.isspace())
    assert sentences(space + text + space) == sentences(text)


@pytest.mark.parametrize("text", ["a" * 200_000 + " b. C", "A. " * 20_000, "[1, " * 20_000 + "B", "x." + "]" * 50_000])
def test_hopeless_texts_are_cut_all_the_same(text: str) -> None:
    """Texts that no one wrote, of one word, initials or brackets alone, take no more time than others their size."""
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
