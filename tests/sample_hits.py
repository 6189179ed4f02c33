"""A hit of any text, for the tests of what is quoted and chosen."""

from cnaps_rag.listing import ListedPaper, Role
from cnaps_rag.records import Hit, IndexedPaper, Origin, PaperStatus, Passage, PassageKind, ScoreKind, SectionRole, Span
from cnaps_rag.sentences import split_sentences

PAPER = IndexedPaper(
    role=Role.RECOMMENDED,
    listed=ListedPaper(name="Lantern", url="https://arxiv.org/pdf/2012.09161"),
    key="arxiv-2012.09161",
    status=PaperStatus.OK,
    origin=Origin.CORPUS,
    document="d" * 64,
    title="Lantern",
)


def hit(
    text: str, *, role: SectionRole = SectionRole.METHOD, kind: PassageKind = PassageKind.PROSE, cut: int = 0
) -> Hit:
    """Make a hit of a text on one page, or on two where it is cut."""
    spans = [Span(page_number=1, start=0, end=len(text))]
    if cut:
        spans = [
            Span(page_number=1, start=0, end=cut),
            Span(page_number=2, start=0, end=len(text) - cut, offset=cut),
        ]
    passage = Passage(
        document="d" * 64,
        text=text,
        kind=kind,
        section="3. Method",
        section_role=role,
        spans=tuple(spans),
        sentences=split_sentences(text),
    )
    return Hit(rank=1, score=1.0, score_kind=ScoreKind.LINEAR, passage=passage, paper=PAPER)
