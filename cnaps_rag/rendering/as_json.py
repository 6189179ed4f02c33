"""Records as JSON: what tools and evaluations read."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from cnaps_rag.answers import Answer, Citation, Claim, PaperNote
from cnaps_rag.graphs import WorkflowGraph
from cnaps_rag.records import ABSTRACT_ORIGIN, BuildReport, Hit, IndexedPaper, Origin
from cnaps_rag.rendering.parts import UsedPaper, used_papers

FileOf = Callable[[IndexedPaper], str | None]
"""Gives the path of a paper's PDF relative to the corpus, or None where it has none."""


def json_text(value: Any) -> str:
    """Write a value as JSON for people and programs: indented, keys in the order given.

    Args:
        value: What to write.

    Returns:
        The text, ending in a newline.
    """
    return _encodable(json.dumps(value, ensure_ascii=False, indent=2)) + "\n"


def json_line(value: Any) -> str:
    """Write a value as one line of JSON.

    Args:
        value: What to write.

    Returns:
        The line, ending in a newline.
    """
    return _encodable(json.dumps(value, ensure_ascii=False)) + "\n"


def _encodable(text: str) -> str:
    # a lone surrogate from a broken PDF cannot be written as UTF-8; its backslash form is a JSON escape
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def answer_record(answer: Answer) -> dict[str, Any]:
    """Lay an answer out as the command line's JSON.

    Args:
        answer: The answer.

    Returns:
        Its facts under the documented keys. The papers part stands under `parts` and, the same, under `papers`, where
        the evaluation set's scorer looks for it. `WorkflowGraph.from_record` reads `workflow_graph` back.
    """
    papers = [_paper_note(paper) for paper in answer.papers]
    return {
        "question": answer.question,
        "parts": {
            "task": [_claim(claim) for claim in answer.task],
            "workflow": {step: [_claim(claim) for claim in claims] for step, claims in answer.workflow.steps()},
            "papers": papers,
        },
        "papers": papers,
        "citations": [_citation(citation) for citation in answer.citations],
        "not_covered": list(answer.not_covered),
        "dropped": [{"text": claim.text, "reason": claim.reason} for claim in answer.dropped],
        "papers_unavailable": [{"url": paper.url, "reason": paper.reason} for paper in answer.papers_unavailable],
        "generator": answer.generator,
        "prompt_id": answer.prompt_id,
        "workflow_graph": _graph(answer.workflow_graph),
        "bibliography": [_used(paper) for paper in used_papers(answer)],
        **({"abbreviations": [_claim(claim) for claim in answer.abbreviations]} if answer.abbreviations else {}),
        **({"relations": list(answer.relations)} if answer.relations else {}),
        **({"remarks": list(answer.remarks)} if answer.remarks else {}),
        **({"usage": asdict(answer.usage)} if answer.usage else {}),
    }


def _graph(graph: WorkflowGraph) -> dict[str, Any]:
    nodes = [
        {
            "id": node.id,
            "kind": str(node.kind),
            "label": node.label,
            "about": node.about,
            "described": node.described,
            "claims": list(node.claims),
            "citations": list(node.citations),
        }
        for node in graph.nodes
    ]
    edges = [{"from": edge.source, "to": edge.target, "label": edge.label} for edge in graph.edges]
    return {"nodes": nodes, "edges": edges}


def _used(paper: UsedPaper) -> dict[str, Any]:
    venue = paper.venue
    return {
        "key": paper.key,
        "title": paper.title,
        "authors": list(paper.authors),
        "venue": venue.name,
        "year": venue.year,
        "month": venue.month,
        "arxiv": venue.arxiv,
        "journal": paper.journal,
        "url": paper.url,
        "github": list(paper.github),
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "text": claim.text,
        "citations": list(claim.citations),
        "support": str(claim.support),
        "about": claim.about,
    }


def _paper_note(paper: PaperNote) -> dict[str, Any]:
    return {
        "role": str(paper.role),
        "name": paper.name,
        "url": paper.url,
        "github": paper.github,
        "citations": list(paper.citations),
        "note": paper.note,
    }


def _citation(citation: Citation) -> dict[str, Any]:
    from_abstract = citation.origin is Origin.ABSTRACT or citation.page_number is None
    return {
        "n": citation.n,
        "url": citation.url,
        "title": citation.title,
        "page_number": citation.page_number,
        "section": citation.section,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "passage": citation.passage,
        "origin": str(citation.origin),
        "source": ABSTRACT_ORIGIN if from_abstract else "PDF",
    }


def hit_records(hits: Iterable[Hit], file_of: FileOf) -> list[dict[str, Any]]:
    """Lay hits out as the command line's JSON.

    Args:
        hits: The hits, best first.
        file_of: Where each paper's PDF lies.

    Returns:
        One record for each hit.
    """
    return [
        {
            "rank": hit.rank,
            "score": hit.score,
            "url": hit.paper.listed.url,
            "file": file_of(hit.paper),
            "page_number": hit.passage.page_number,
            "section": hit.passage.section,
            "text": hit.passage.text,
        }
        for hit in hits
    ]


def build_record(report: BuildReport) -> dict[str, Any]:
    """Lay a build report out as the command line's JSON.

    Args:
        report: What the build did.

    Returns:
        The counts of the build and one record for each listed paper; `seconds` is null where no time was taken.
    """
    return {
        "prompt_id": report.prompt_id,
        "complete": report.complete,
        "documents_parsed": report.documents_parsed,
        "passages_embedded": report.passages_embedded,
        "papers": [
            {**paper_record(paper), "seconds": None if seconds is None else round(seconds, 3)}
            for paper, seconds in report.timed()
        ],
    }


def paper_record(paper: IndexedPaper) -> dict[str, Any]:
    """Lay out what became of a listed paper.

    Args:
        paper: The paper as indexed.

    Returns:
        Its record.
    """
    return {
        "url": paper.listed.url,
        "name": paper.listed.name,
        "role": str(paper.role),
        "key": paper.key,
        "status": str(paper.status),
        "pages": paper.page_count,
        "lost_pages": paper.lost_page_count,
        "passages": paper.passage_count,
        "bytes": paper.bytes,
        "origin": str(paper.origin),
        "reason": paper.reason,
    }
