"""The steps of the answer, and how a sentence that speaks of one is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cnaps_rag.generation.rhetoric import RhetoricalRole
from cnaps_rag.records import SectionRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """What one step of the answer is about.

    Attributes:
        name: Field of `Draft` that it fills.
        query: What such a statement says, in the words that papers use.
        roles: What sentences do that belong here.
        gap: How to say that no passage speaks of it.
    """

    name: str
    query: str
    roles: tuple[RhetoricalRole, ...]
    gap: str

    @property
    def unsaid(self) -> str:
        """Say that no statement was found for it."""
        return f"{self.gap}: no passage that was retrieved says so in a sentence that can be quoted"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAspect(Aspect):
    """A step that gets its best sentence before the rest is chosen, and how that is told.

    Attributes:
        cue: Words by which papers announce such a statement.
        sections: How much more likely such a statement is in a section, by its role.
        cue_share: How much such words count, against the cosine to the query.
        section_share: How much the section counts.
        early_share: How much it counts that a statement stands at the paper's beginning.
        leading: What the sentence is likeliest to do that may come first; the words alone are in many others as well.
    """

    cue: re.Pattern[str]
    sections: Mapping[SectionRole, float]
    cue_share: float = 0.1
    section_share: float = 0.1
    early_share: float = 0.0
    leading: tuple[RhetoricalRole, ...] = tuple(RhetoricalRole)


def _cue(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


TASK = LeadAspect(
    name="task",
    query="We address the problem of this task: the goal is to recover or predict an output from a given input.",
    roles=(RhetoricalRole.TASK,),
    # definitions, in the third person: “which aim to” speaks of other work
    cue=_cue(
        r"refers? to|is the (?:task|problem|process) of|aims (?:to|at)|is an? (?:[\w-]+ ){0,4}(?:task|problem)|"
        r"(?:address|tackle|consider|study|solve)(?:es|ing)? the (?:[\w-]+ ){0,4}(?:problem|task)s?|"
        r"the (?:goal|task|aim|problem|objective) (?:of|is)|we (?:seek|aim) to|the desired (?:output|result)|"
        r"is to (?:estimate|recover|restore|predict|generate|remove|reconstruct|infer|assign)"
    ),
    sections={SectionRole.ABSTRACT: 1.0, SectionRole.INTRODUCTION: 0.8, SectionRole.CONCLUSION: 0.2},
    gap="what the task is",
    cue_share=0.3,
    section_share=0.2,
    early_share=0.3,
)
INPUT = LeadAspect(
    name="input",
    query="The model takes as input an image; given an input, it is first encoded into features.",
    roles=(RhetoricalRole.INPUT,),
    cue=_cue(
        r"inputs?|given (?:an?|one|two|only|several|any|as|its|consecutive)|fed|feeds?|captured (?:in|from|with|using)|"
        r"(?:from|based on) (?:[\w-]+ ){0,3}(?:images?|photos?|frames?|videos?|texts?|signals?|recordings?|data)"
    ),
    sections={SectionRole.METHOD: 0.8, SectionRole.ABSTRACT: 0.5, SectionRole.INTRODUCTION: 0.3},
    gap="what goes into the model",
    leading=(RhetoricalRole.INPUT, RhetoricalRole.METHOD),
)
MODEL = Aspect(
    name="model",
    query="The proposed architecture consists of an encoder, modules and a decoder network.",
    roles=(RhetoricalRole.METHOD, RhetoricalRole.TRAINING),
    gap="what the model is made of",
)
OUTPUT = LeadAspect(
    name="output",
    query="The output is the final predicted result; it outperforms previous methods and is faster.",
    roles=(RhetoricalRole.OUTPUT, RhetoricalRole.RESULT),
    cue=_cue(
        r"outputs?|predicts?|produces?|generates?|restores?|reconstructs?|"
        r"the final (?:[\w-]+ )?(?:output|result|prediction|estimat\w+|image|map)|achieves?|outperforms?|faster|"
        r"higher quality"
    ),
    sections={SectionRole.METHOD: 0.6, SectionRole.EXPERIMENTS: 0.5, SectionRole.CONCLUSION: 0.6},
    gap="what comes out of the model",
    leading=(RhetoricalRole.OUTPUT, RhetoricalRole.METHOD, RhetoricalRole.RESULT, RhetoricalRole.WHY),
)
MECHANISM = Aspect(
    name="mechanism",
    query="This allows the model to learn, because the key idea makes it possible; intuitively, it works since.",
    roles=(RhetoricalRole.WHY, RhetoricalRole.PROBLEM, RhetoricalRole.LIMIT),
    gap="why the model does what the question asks about",
)
AIMING = _cue(
    r"we (?:[a-z]+ly )?(?:want to|wish to|propose|present|introduce|study|focus on|investigate|experiment with)|"
    r"in order to|should (?:not )?be"
)
"""Words of a sentence on what the authors are at, or what should be: it tells the task where no sentence defines it."""
BESIDE_TASK = _cue(
    r"undesired|remains? (?:limited|open|unclear)|building blocks?|dominat(?:es?|ing)|"
    r"is an? (?:important|fundamental|classical|long-standing|active) (?:[\w-]+ ){0,2}(?:task|problem|topic)"
)
"""Words of a sentence that is close to the task and does not tell it."""
ASPECTS = (TASK, INPUT, MODEL, OUTPUT, MECHANISM)
"""In reading order."""
