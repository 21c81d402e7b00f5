"""What a merge reads of a document: as little as the upgrade list needs, for a city has thousands of them. Pure.

The published models with parts left unread: nothing is declared anew, and what reads a document reads this one as well.
Texts of findings are as the file has them: the upgrade list makes them harmless, once, in its rows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from camagent.document.model import (
    MAX_CAMERAS,
    BasisView,
    CameraView,
    ClockView,
    FindingView,
    ScanDocument,
    UpgradeView,
)
from camagent.document.stream import FaultView, StreamView
from camagent.document.values import Amount, Bounded, Line, Listed, Number, Paragraph, TextView
from camagent.model.finding import Outcome, Severity


def unread(value: Any = None) -> Any:
    """A field that is never read from a document, and has this value."""
    return Field(default=value, validation_alias="\x00")


class RawText(TextView):
    """A sentence as the file has it."""

    vi: str
    en: str


class RawBasis(BasisView):
    """A basis as the file has it, without its notes."""

    kind: str
    document: str | None
    confidence: str
    note: Paragraph | None = unread()
    comparators: Listed[Line] = unread(())
    note_en: Paragraph | None = unread()


class BriefFinding(FindingView):
    """One rule's answer without its figures."""

    rule: str
    stream: Line | None = unread()
    observed: Amount = unread()
    required: Amount = unread()
    recommended: Amount = unread()
    unit: Line | None = unread()
    uncertainty: Number = unread()
    configured: Amount = unread()
    declared: Amount = unread()
    measured: Amount = unread()
    remedy: TextView | None = unread()
    check: Line = unread("")


class FineFinding(BriefFinding):
    """A row that passed or does not apply: no list prints its words."""

    outcome: Literal[Outcome.PASS, Outcome.NOT_APPLICABLE]
    severity: Severity = unread(Severity.INFO)
    basis: BasisView = unread(RawBasis(kind="", document=None, confidence=""))
    message: TextView = unread(RawText(vi="", en=""))
    title: TextView | None = unread()
    manual: bool = unread(False)


class ToldFinding(BriefFinding):
    """A row that a person must know of."""

    outcome: Literal[Outcome.WARN, Outcome.NOT_ASSESSED, Outcome.DEFECT]
    basis: RawBasis
    message: RawText
    title: TextView | None = unread()


class FailedFinding(BriefFinding):
    """A row that failed: only these are totalled over an area, with their titles."""

    outcome: Literal[Outcome.FAIL]
    basis: RawBasis
    message: RawText
    title: RawText | None = None


class BriefUpgrade(UpgradeView):
    """The cheapest way to comply, as far as the upgrade list prints it."""

    rules: Listed[Line] = unread(())
    bitrate_before_bps: Number = unread()
    bitrate_after_bps: Number = unread()
    tender: TextView | None = unread()


class AreaCamera(CameraView):
    """One camera, as far as an area's merge reads it."""

    task: Line | None = unread()
    video_source: Line | None = unread()
    clock: ClockView | None = unread()
    streams: Listed[StreamView] = unread(())
    findings: Listed[Annotated[FineFinding | ToldFinding | FailedFinding, Field(discriminator="outcome")]]
    faults: Listed[FaultView] = unread(())
    upgrade: BriefUpgrade
    identity: Listed[Line] = unread(())
    changes: Listed[Line] = unread(())


class AreaDocument(ScanDocument):
    """One run on one site, as far as an area's merge reads it: most of the document is skipped."""

    cameras: Annotated[tuple[AreaCamera, ...], Bounded(MAX_CAMERAS)]
    site_findings: Listed[FindingView] = unread(())
