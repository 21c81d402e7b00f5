"""What a merge reads of a document: as little as the upgrade list needs, for a city has thousands of them.
Pure.

The published models with parts left unread: nothing is declared anew, and what reads a document reads this
one as well. What is unread stands once on the class: thousands of findings a school would each carry it.
Texts of findings are as the file has them: the upgrade list makes them harmless, once, in its rows.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import BaseModel, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from camagent.document.model import (
    MAX_CAMERAS,
    BasisView,
    CameraView,
    ClockView,
    DeviceView,
    FindingView,
    ScanDocument,
    UpgradeView,
)
from camagent.document.stream_view import FaultView, StreamView
from camagent.document.values import (
    Amount,
    Figure,
    Line,
    Listed,
    ListLimit,
    Moment,
    Number,
    Paragraph,
    TextView,
    View,
)
from camagent.model.finding import Outcome, Severity
from camagent.model.scan_result import KeptRecording
from camagent.model.stream import NightLook

_UNREAD = "\x00"


def unread(value: Any = None) -> Any:
    """A field that is never read from a document, and has this value."""
    return Field(default=value, validation_alias=_UNREAD)


def fields_read(model: type[BaseModel]) -> list[str]:
    """The names, as a document has them, of the parts that the model reads."""
    return [
        field.alias or name for name, field in model.model_fields.items() if field.validation_alias != _UNREAD
    ]


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
Open = Literal[Outcome.NOT_ASSESSED]


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


class QuietFinding(PartFinding):
    """A row that passed, does not apply, or waits for a person: no list prints anything of it."""

    outcome: Fine | Open
    rule: str = unread("")
    severity: Severity = unread(Severity.INFO)
    basis: BasisView = unread(RawBasis(kind="", document=None, confidence=""))
    message: TextView = unread(RawText(vi="", en=""))
    title: TextView | None = unread()
    manual: bool = unread(False)


_FINE = {outcome: QuietFinding.model_construct(outcome=outcome) for outcome in get_args(Fine)}
_MANUAL = QuietFinding.model_construct(outcome=Outcome.NOT_ASSESSED, manual=True)


class ToldFinding(Brief, PartFinding):
    """A row that a person must know of."""

    outcome: Literal[Outcome.WARN, Outcome.DEFECT]
    basis: RawBasis
    message: RawText
    title: TextView | None = unread()


class OpenFinding(Brief, PartFinding):
    """A row that is not known, and that no person answers."""

    outcome: Open
    basis: RawBasis
    message: RawText
    title: TextView | None = unread()


class FailedFinding(Brief, PartFinding):
    """A row that failed: only these are totalled over an area, with their titles."""

    outcome: Literal[Outcome.FAIL]
    basis: RawBasis
    message: RawText
    title: RawText | None = None


class AnyFinding:
    """Which of these a row of the document is; of one that no list prints only its outcome is read."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        manual = _skipped(
            _MANUAL, {"manual": core_schema.typed_dict_field(handler.generate_schema(Literal[True]))}
        )
        schema = handler.generate_schema(ToldFinding)
        opened = core_schema.union_schema(
            [manual, handler.generate_schema(OpenFinding)], mode="left_to_right"
        )
        choices: dict[Hashable, CoreSchema] = {
            **{outcome.value: _skipped(row, {}) for outcome, row in _FINE.items()},
            Outcome.NOT_ASSESSED.value: opened,
            Outcome.WARN.value: schema,
            Outcome.DEFECT.value: schema,
            Outcome.FAIL.value: handler.generate_schema(FailedFinding),
        }
        return core_schema.tagged_union_schema(choices, "outcome")


def _skipped(row: QuietFinding, marks: dict[str, core_schema.TypedDictField]) -> CoreSchema:
    """A row of which only these fields are read, and which is the one that all such rows share."""
    read = core_schema.typed_dict_schema(marks, extra_behavior="ignore")
    return core_schema.no_info_after_validator_function(lambda _: row, read)


class BriefDevice(Brief, DeviceView):
    """The device's own words, as far as a list prints them."""

    firmware: Line | None = unread()
    mac: Line | None = unread()
    onvif_profiles: Listed[Line] = unread(())


class BriefUpgrade(Brief, UpgradeView):
    """The cheapest way to comply, as far as the upgrade list prints it."""

    steps: Listed[RawText]
    rules: Listed[Line] = unread(())
    rests_on: Listed[TextView] = unread(())
    bitrate_before_bps: Number = unread()
    bitrate_after_bps: Number = unread()
    tender: RawText | None = None


class AreaCamera(Brief, CameraView):
    """One camera, as far as an area's merge reads it."""

    video_source: Line | None = unread()
    clock: ClockView | None = unread()
    streams: Listed[StreamView] = unread(())
    findings: Listed[Annotated[QuietFinding | OpenFinding | ToldFinding | FailedFinding, AnyFinding()]]
    device: BriefDevice | None
    faults: Listed[FaultView] = unread(())
    upgrade: BriefUpgrade
    checked_at: Moment | None = unread()
    duration_s: Figure = unread()
    present_at: Moment | None = unread()
    recording: KeptRecording | None = unread()
    by_night: NightLook | None = unread()
    identity: Listed[Line] = unread(())
    changes: Listed[Line] = unread(())


class AreaDocument(ScanDocument):
    """One run on one site, as far as an area's merge reads it: most of the document is skipped."""

    cameras: Annotated[tuple[AreaCamera, ...], ListLimit(MAX_CAMERAS)]
    site_findings: Listed[FindingView] = unread(())
