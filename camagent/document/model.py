"""The result document: one run on one site as it is published, the only form that reports, store and metrics
read.

These models are the contract: `python -m camagent.document.schema` writes docs/schema from them,
`document.write` fills them from a finished run, `document.read` from a file. A new value is a field here (or
in `document.stream_view`) with a default, because older documents have none; `document.write` copies it where
it bears the same name there.

What is published as the run has it is the run's own dataclass, marked `Published`. A part has a class of its
own where its sentences are in two languages here, where older documents lack a field that the run always has,
where the run knows more than is published, or where a reader takes words that this version does not know.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import Field

from camagent.document.stream_view import FaultView, StreamView
from camagent.document.values import (
    Absent,
    Amount,
    Count,
    Figure,
    Line,
    Listed,
    ListLimit,
    LongLine,
    Moment,
    Number,
    Paragraph,
    Published,
    TextView,
    View,
    one_of_words,
)
from camagent.model.expected import Retirement
from camagent.model.finding import Action, Outcome, Setting, Severity, Verdict
from camagent.model.scan_result import KeptRecording, Site
from camagent.model.stream import NightLook

MAX_CAMERAS = 10_000  # of one document; a large school has 200
MAX_ADDRESSES = 20_000  # that answered and were not checked

SchemaName = Literal["camagent.scan/1", "camagent.check/1"]
CHECK_SCHEMA: SchemaName = "camagent.check/1"
SCHEMAS: tuple[str, ...] = get_args(SchemaName)


class ProfileView(View):
    """Which requirement profile judged."""

    id: Line
    version: Line
    digest: Line
    authoritative: bool
    """False: no result may be quoted as compliance with the text."""
    title: TextView | Absent = None


class NotCheckedView(View):
    """An address that was not checked, and why."""

    address: Line
    why: Line


class CoverageView(View):
    """What the run looked at."""

    subnets: Listed[Line]
    interfaces: Listed[Line]
    addresses_probed: Count
    devices_found: Count
    cameras_checked: Count
    not_checked: Annotated[tuple[NotCheckedView, ...], ListLimit(MAX_ADDRESSES)]
    subnets_asked: Count | Absent = None
    addresses_answered: Count | Absent = None
    notes: Listed[Line] = ()


class DeviceView(View):
    """The device's own words; of a camera that does not answer now, as it said them when it last did."""

    manufacturer: Line | None
    model: Line | None
    firmware: Line | None
    serial: Line | None
    mac: Line | None
    onvif_profiles: Listed[Line]


class ClockView(View):
    """The device's clock against ours."""

    offset_s: Number
    """Device minus camagent; positive: the device is ahead."""
    source: Line | None
    time_zone: Line | None


class BasisView(View):
    """On what a threshold rests."""

    kind: Line
    """One of text-3288, circular-350, named-doc, assumption."""
    document: Line | None
    confidence: Annotated[Line, one_of_words("high", "medium", "low")]
    note: Paragraph | None = None
    comparators: Listed[Line] = ()
    note_en: Paragraph | None = None

    def note_to(self, lang: str) -> str | None:
        """The note in that language, or the one that there is."""
        return (self.note_en or self.note) if lang == "en" else (self.note or self.note_en)


class FindingView(View):
    """One rule's answer."""

    rule: Line
    title: TextView | Absent = None
    outcome: Outcome
    severity: Severity
    stream: Line | None
    observed: Amount
    required: Amount
    recommended: Amount = None
    unit: Line | None
    uncertainty: Number = None
    configured: Amount = None
    declared: Amount = None
    measured: Amount = None
    basis: BasisView
    message: TextView
    remedy: TextView | None
    check: Line = ""
    manual: bool = False
    """Answered by a person; never decides a verdict."""

    @property
    def weighty(self) -> bool:
        """It decides the verdict: a failed or unknown row that matters and that a network check answers."""
        decides = self.severity in (Severity.BLOCKER, Severity.MAJOR) and not self.manual
        return decides and self.outcome in (Outcome.FAIL, Outcome.NOT_ASSESSED, Outcome.DEFECT)


PublishedSetting = Annotated[Setting, Published(now=Amount, then=Amount, call=LongLine | None)]


class TenderRowView(View):
    """One line of what a new camera has to have."""

    criterion: TextView
    requirement: TextView
    basis: BasisView | None
    """Null: no profile asks it, the buyer decides."""


class UpgradeView(View):
    """The cheapest way to comply."""

    action: Action
    steps: Listed[TextView]
    certain: bool
    """Main stream known beyond doubt and measured twice, login accepted, menu read and believable, no fault
    among these facts; for firmware also: a list names the newer one."""
    rules: Listed[Line] = ()
    settings: Listed[PublishedSetting] = ()
    cost_class: Line | None = None
    cost_amount: Number = None
    cost_currency: Line | None = None
    bitrate_before_bps: Number = None
    bitrate_after_bps: Number = None
    tender: TextView | None = None
    tender_rows: Listed[TenderRowView] = ()
    """What to buy, line by line; older documents have the paragraph only."""
    rests_on: Listed[TextView] = ()
    """The facts that the advice rests on, in words."""


class CameraView(View):
    """One camera, judged."""

    id: Line
    name: Line
    address: Line
    place: Line | None = None
    task: Line | None = None
    video_source: Line | None = None
    device: DeviceView | None
    clock: ClockView | None
    streams: Listed[StreamView]
    findings: Listed[FindingView]
    faults: Listed[FaultView]
    verdict: Verdict
    upgrade: UpgradeView
    checked_at: Moment | Absent = None
    duration_s: Figure = None
    identity: Listed[Line] = ()
    changes: Listed[Line] = ()
    present_at: Moment | None = None
    """When something of the camera last answered, in this run or an earlier one."""
    excluded_until: date | None = None
    """A person took it out of the counts until the end of that day."""
    excluded_because: Line | None = None
    recording: Annotated[KeptRecording, Published(days=Number)] | None = None
    """Null: nothing is told of this camera alone, or what is told cannot be believed."""
    by_night: Annotated[NightLook, Published()] | None = None
    """How its picture was when it was last seen by night; null where that was never."""

    @property
    def watched(self) -> tuple[StreamView, ...]:
        """The streams that were measured, or could not be; without those that are only listed."""
        return tuple(stream for stream in self.streams if stream.not_judged is None)


class RetiredView(View):
    """A camera out of service: listed, in no count."""

    id: Line
    name: Line
    address: Line
    place: Line | None = None
    manufacturer: Line | None = None
    model: Line | None = None
    present_at: Moment
    retired: Annotated[Retirement, Published()]


class SummaryView(View):
    """How many cameras have which verdict."""

    ready: Count
    not_ready: Count
    undetermined: Count

    @property
    def total(self) -> int:
        """All cameras judged."""
        return self.ready + self.not_ready + self.undetermined


class AgentView(View):
    """Which program wrote the document."""

    version: Line


class ScanDocument(View):
    """One run on one site, as it is published."""

    schema_name: SchemaName = Field(alias="schema")
    agent: AgentView
    site: Annotated[Site, Published()]
    started_at: Moment
    finished_at: Moment
    profile: ProfileView
    coverage: CoverageView
    cameras: Annotated[tuple[CameraView, ...], ListLimit(MAX_CAMERAS)]
    site_findings: Listed[FindingView] = ()
    retired: Listed[RetiredView] = ()
    """Cameras that a person took out of service; not among `cameras`, in no count."""
    summary: SummaryView

    @property
    def is_check(self) -> bool:
        """Of targets that somebody named, not of a whole site."""
        return self.schema_name == CHECK_SCHEMA
