"""What a merge reads of a document: as little as the upgrade list needs, for a city has thousands of them.
Pure.

The published models with parts left unread: nothing is declared anew, and what reads a document reads this
one as well. What is unread stands once on the class: thousands of findings a school would each carry it.
Texts of findings are as the file has them: the upgrade list makes them harmless, once, in its rows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast, get_args

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

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
from camagent.document.values import Amount, Bounded, Line, Listed, Number, Paragraph, TextView, View
from camagent.model.finding import Outcome, Severity

_UNREAD = "\x00"


def unread(value: Any = None) -> Any:
    """A field that is never read from a document, and has this value."""
    return Field(default=value, validation_alias=_UNREAD)


class Brief(View):
    """A model whose instances hold only what was read: the rest are attributes of the class."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = handler(source)
        fields = schema["schema"]["fields"]
        for name in [name for name, field in fields.items() if field.get("validation_alias") == _UNREAD]:
            setattr(cls, name, fields.pop(name)["schema"]["default"])
        return cast(CoreSchema, schema)


class RawText(TextView):
    """A sentence as the file has it."""

    vi: str
    en: str


class RawBasis(Brief, BasisView):
    """A basis as the file has it, without its notes."""

    kind: str
    document: str | None
    confidence: str
    note: Paragraph | None = unread()
    comparators: Listed[Line] = unread(())
    note_en: Paragraph | None = unread()


Fine = Literal[Outcome.PASS, Outcome.NOT_APPLICABLE]


class PartFinding(FindingView):
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


class FineFinding(PartFinding):
    """A row that passed or does not apply: no list prints anything of it."""

    outcome: Fine
    rule: str = unread("")
    severity: Severity = unread(Severity.INFO)
    basis: BasisView = unread(RawBasis(kind="", document=None, confidence=""))
    message: TextView = unread(RawText(vi="", en=""))
    title: TextView | None = unread()
    manual: bool = unread(False)


class Skipped:
    """Of a row that is fine only the outcome is read: all such rows are the same two values."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        outcome = core_schema.typed_dict_field(handler.generate_schema(Fine))
        row = core_schema.typed_dict_schema({"outcome": outcome}, extra_behavior="ignore")
        return core_schema.no_info_after_validator_function(lambda read: _FINE[read["outcome"]], row)


_FINE = {outcome: FineFinding.model_construct(outcome=outcome) for outcome in get_args(Fine)}


class ToldFinding(Brief, PartFinding):
    """A row that a person must know of."""

    outcome: Literal[Outcome.WARN, Outcome.NOT_ASSESSED, Outcome.DEFECT]
    basis: RawBasis
    message: RawText
    title: TextView | None = unread()


class FailedFinding(Brief, PartFinding):
    """A row that failed: only these are totalled over an area, with their titles."""

    outcome: Literal[Outcome.FAIL]
    basis: RawBasis
    message: RawText
    title: RawText | None = None


class BriefUpgrade(Brief, UpgradeView):
    """The cheapest way to comply, as far as the upgrade list prints it."""

    rules: Listed[Line] = unread(())
    bitrate_before_bps: Number = unread()
    bitrate_after_bps: Number = unread()
    tender: RawText | None = None


class AreaCamera(Brief, CameraView):
    """One camera, as far as an area's merge reads it."""

    video_source: Line | None = unread()
    clock: ClockView | None = unread()
    streams: Listed[StreamView] = unread(())
    findings: Listed[
        Annotated[
            Annotated[FineFinding, Skipped()] | ToldFinding | FailedFinding, Field(discriminator="outcome")
        ]
    ]
    faults: Listed[FaultView] = unread(())
    upgrade: BriefUpgrade
    identity: Listed[Line] = unread(())
    changes: Listed[Line] = unread(())


class AreaDocument(ScanDocument):
    """One run on one site, as far as an area's merge reads it: most of the document is skipped."""

    cameras: Annotated[tuple[AreaCamera, ...], Bounded(MAX_CAMERAS)]
    site_findings: Listed[FindingView] = unread(())
