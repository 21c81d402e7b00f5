"""The result document as frozen values, for everything that prints it. Pure: what a document may hold, no judgement.

Documents come from other schools' machines as well: every text is made harmless on the way in, unknown keys are
ignored (the contract may grow), a wrong type is refused with its place.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat

from camagent.model.finding import Action, Outcome, Severity, Verdict
from camagent.text.vietnamese import clean_line, clean_paragraph

Line = Annotated[str, AfterValidator(clean_line)]
Paragraph = Annotated[str, AfterValidator(clean_paragraph)]
Amount = Line | int | FiniteFloat | bool | tuple[Line | int | FiniteFloat, ...] | None
"""A `Quantity` as a document carries it."""

SchemaName = Literal["camagent.scan/1", "camagent.check/1"]
CHECK_SCHEMA: SchemaName = "camagent.check/1"
SCHEMAS: tuple[str, ...] = get_args(SchemaName)


class View(BaseModel):
    """What all parts of a document have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Sentence(View):
    """One sentence in both languages, as the document has it."""

    vi: str
    en: str

    def to(self, lang: str) -> str:
        """The sentence in that language."""
        return self.en if lang == "en" else self.vi


class TextView(Sentence):
    """One sentence in both languages, made harmless."""

    vi: Paragraph
    en: Paragraph


class SiteView(View):
    """Whose network it is."""

    id: Line
    name: Line
    area: Line
    city: Line


class ProfileView(View):
    """Which requirement profile judged."""

    id: Line
    version: Line
    digest: Line
    authoritative: bool
    title: TextView | None = None


class NotCheckedView(View):
    """An address that was not checked, and why."""

    address: Line
    why: Line


class CoverageView(View):
    """What the run looked at."""

    subnets: tuple[Line, ...]
    interfaces: tuple[Line, ...]
    addresses_probed: int
    devices_found: int
    cameras_checked: int
    not_checked: tuple[NotCheckedView, ...]
    subnets_asked: int | None = None
    addresses_answered: int | None = None
    notes: tuple[Line, ...] = ()


class DeviceView(View):
    """The device's own words."""

    manufacturer: Line | None
    model: Line | None
    firmware: Line | None
    serial: Line | None
    mac: Line | None
    onvif_profiles: tuple[Line, ...]


class ClockView(View):
    """The device's clock against ours."""

    offset_s: FiniteFloat | None
    source: Line | None
    time_zone: Line | None


class FaultView(View):
    """What the world did to us."""

    code: Line
    stage: Line
    doing: Line
    elapsed_s: FiniteFloat
    status: int | None = None


class ColumnView(View):
    """One of the three provenances of a stream; what that provenance cannot know stays None."""

    codec: Line | None
    codec_profile: Line | None = None
    codec_level: Line | None = None
    width_px: int | None = None
    height_px: int | None = None
    frame_rate_hz: FiniteFloat | None = None
    frame_rate_uncertainty_hz: FiniteFloat | None = None
    frame_rate_basis: Line | None = None
    bitrate_bps: FiniteFloat | None = None
    bitrate_uncertainty_bps: FiniteFloat | None = None
    gop_length_frames: FiniteFloat | None = None
    gop_length_s: FiniteFloat | None = None
    gop_at_least_s: FiniteFloat | None = None
    rtp_packets: int | None = None
    rtp_lost_packets: int | None = None
    rtp_jitter_s: FiniteFloat | None = None
    time_to_first_packet_s: FiniteFloat | None = None
    time_to_first_keyframe_s: FiniteFloat | None = None
    decode_errors: int | None = None
    keyframes: int | None = None
    keyframes_decoded: int | None = None
    window_s: FiniteFloat | None = None
    transport: Line | None = None
    limits: tuple[Line, ...] = ()


class ImageView(View):
    """What the picture looked like, in words."""

    conditions: tuple[Line, ...]
    unsure: tuple[Line, ...] = ()
    luma_mean: FiniteFloat | None = None
    sharpness: FiniteFloat | None = None


class StreamView(View):
    """One stream."""

    role: Line
    token: Line | None
    uri: Line | None
    configured: ColumnView | None
    declared: ColumnView | None
    measured: ColumnView | None
    image: ImageView | None
    fault: FaultView | None
    not_judged: Line | None = None
    """Why the stream was listed and not watched; None where it was."""


class BasisCore(View):
    """On what a threshold rests, as the document has it."""

    kind: str
    document: str | None
    confidence: str


class BasisView(BasisCore):
    """On what a threshold rests, made harmless."""

    kind: Line
    document: Line | None
    confidence: Line
    note: Paragraph | None = None
    note_en: Paragraph | None = None
    comparators: tuple[Line, ...] = ()

    def note_to(self, lang: str) -> str | None:
        """The note in that language, or the one that there is."""
        return (self.note_en or self.note) if lang == "en" else (self.note or self.note_en)


class FindingCore(View):
    """One rule's answer, as far as the upgrade list needs it; the list makes its texts harmless, once, in its rows."""

    rule: str
    outcome: Outcome
    severity: Severity
    basis: BasisCore
    message: Sentence
    title: Sentence | None = None
    manual: bool = False

    @property
    def weighty(self) -> bool:
        """It decides the verdict: a failed or unknown row that matters and that a network check answers."""
        decides = self.severity in (Severity.BLOCKER, Severity.MAJOR) and not self.manual
        return decides and self.outcome in (Outcome.FAIL, Outcome.NOT_ASSESSED, Outcome.DEFECT)


class FindingView(FindingCore):
    """One rule's answer."""

    rule: Line
    basis: BasisView
    message: TextView
    stream: Line | None
    observed: Amount
    required: Amount
    unit: Line | None
    remedy: TextView | None
    title: TextView | None = None
    configured: Amount = None
    declared: Amount = None
    measured: Amount = None
    recommended: Amount = None
    uncertainty: FiniteFloat | None = None
    check: Line = ""


class SettingView(View):
    """One value to set."""

    name: Line
    now: Amount
    then: Amount
    unit: Line | None = None
    call: Line | None = None
    stream: Line | None = None


class UpgradeCore(View):
    """The cheapest way to comply, as far as the upgrade list needs it."""

    action: Action
    steps: tuple[TextView, ...]
    certain: bool
    settings: tuple[SettingView, ...] = ()
    cost_class: Line | None = None
    cost_amount: FiniteFloat | None = None
    cost_currency: Line | None = None


class UpgradeView(UpgradeCore):
    """The cheapest way to comply."""

    rules: tuple[Line, ...] = ()
    bitrate_before_bps: FiniteFloat | None = None
    bitrate_after_bps: FiniteFloat | None = None
    tender: TextView | None = None


class CameraCore(View):
    """One camera, as far as the upgrade list needs it."""

    id: Line
    name: Line
    address: Line
    device: DeviceView | None
    findings: tuple[FindingCore, ...]
    verdict: Verdict
    upgrade: UpgradeCore
    place: Line | None = None


class CameraView(CameraCore):
    """One camera, judged."""

    clock: ClockView | None
    streams: tuple[StreamView, ...]
    upgrade: UpgradeView
    findings: tuple[FindingView, ...]
    faults: tuple[FaultView, ...]
    task: Line | None = None
    checked_at: AwareDatetime | None = None
    duration_s: FiniteFloat | None = None
    changes: tuple[Line, ...] = ()

    @property
    def watched(self) -> tuple[StreamView, ...]:
        """The streams that were measured, or could not be; without those that are only listed."""
        return tuple(stream for stream in self.streams if stream.not_judged is None)


class SummaryView(View):
    """How many cameras have which verdict."""

    ready: int
    not_ready: int
    undetermined: int

    @property
    def total(self) -> int:
        """All cameras judged."""
        return self.ready + self.not_ready + self.undetermined


class AgentView(View):
    """Which program wrote the document."""

    version: Line


class DocumentCore(View):
    """One run on one site, as far as an upgrade list needs it."""

    schema_name: SchemaName = Field(alias="schema")
    agent: AgentView
    site: SiteView
    started_at: AwareDatetime
    finished_at: AwareDatetime
    profile: ProfileView
    coverage: CoverageView
    cameras: tuple[CameraCore, ...]
    summary: SummaryView

    @property
    def is_check(self) -> bool:
        """Of targets that somebody named, not of a whole site."""
        return self.schema_name == CHECK_SCHEMA


class ScanDocument(DocumentCore):
    """One run on one site, as its document says."""

    cameras: tuple[CameraView, ...]
    site_findings: tuple[FindingView, ...] = ()
