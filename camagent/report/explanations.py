"""The pages of what is not in order, for the end of the HTML report. Pure but for reading the pages once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from camagent.document.model import FindingView, ScanDocument
from camagent.model.finding import Outcome
from camagent.text import say
from camagent.text.pages import Block, BlockKind, filled, finding_page, page_names
from camagent.text.quantities import quantity_text

_IN_ORDER = (Outcome.PASS, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One page, ready to be written."""

    rule: str
    title: str
    groups: tuple[tuple[BlockKind, tuple[Block, ...]], ...]
    """Neighbouring blocks of one kind together: a list of steps, a list of items."""


def explanations(documents: Sequence[ScanDocument], lang: str) -> tuple[Explanation, ...]:
    """One page for each row that is not in order anywhere, in the order of the rows' names; rows without a
    page are left out."""
    present = set(page_names())
    first: dict[str, FindingView] = {}
    for finding in _findings(documents):
        if finding.rule in present and finding.outcome not in _IN_ORDER:
            first.setdefault(finding.rule, finding)
    return tuple(_explanation(first[rule], lang) for rule in sorted(first))


def _findings(documents: Sequence[ScanDocument]) -> list[FindingView]:
    findings: list[FindingView] = []
    for document in documents:
        findings += document.site_findings
        for camera in document.cameras:
            findings += camera.findings
    return findings


def _explanation(finding: FindingView, lang: str) -> Explanation:
    page = filled(
        finding_page(finding.rule, lang) or (),
        _bound(finding, finding.required, lang),
        _bound(finding, finding.recommended, lang),
    )
    groups: list[tuple[BlockKind, tuple[Block, ...]]] = []
    for block in page[1:]:
        if groups and groups[-1][0] is block.kind:
            groups[-1] = (block.kind, (*groups[-1][1], block))
        else:
            groups.append((block.kind, (block,)))
    return Explanation(finding.rule, page[0].plain, tuple(groups))


def _bound(finding: FindingView, amount: object, lang: str) -> str:
    if amount is None:
        return say("profile.explain.no_bound", lang)
    return quantity_text(amount, finding.unit, lang)  # type: ignore[arg-type]
