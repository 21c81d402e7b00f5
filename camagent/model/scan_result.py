"""A whole run: cameras with their judgements, what was covered and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import chain

from camagent.model.device import DeviceFacts
from camagent.model.expected import DeviceWords, ExpectedCamera
from camagent.model.fault import Fault
from camagent.model.finding import Finding, Outcome, Severity, Upgrade, Verdict
from camagent.model.stream import NightLook, OtherStream, StreamFacts
from camagent.model.text import Localised

VIETNAM = timezone(timedelta(hours=7))  # the whole country, no daylight saving


@dataclass(frozen=True, slots=True)
class Site:
    """Whose network this is; the names of the levels are configuration."""

    id: str
    name: str
    area: str
    city: str


@dataclass(frozen=True, slots=True)
class ProfileStamp:
    """Which requirement profile judged, so that results can be compared."""

    id: str
    version: str
    digest: str
    """sha256 of the profile after extension, "sha256:…"."""
    authoritative: bool
    title: Localised


@dataclass(frozen=True, slots=True)
class NotChecked:
    """An address that answered something, or should have, and was not checked."""

    address: str
    why: str
    """A FaultCode value, or "not_a_camera", "budget_spent", "missing"."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the run looked at; stands beside every percentage."""

    subnets: tuple[str, ...]
    interfaces: tuple[str, ...]
    addresses_probed: int
    devices_found: int
    cameras_checked: int
    not_checked: tuple[NotChecked, ...]
    subnets_asked: int = 0
    addresses_answered: int = 0
    notes: tuple[str, ...] = ()
    """Short reasons why coverage is less than it seems: "no_multicast_route", "interface_down:eth1" …"""


@dataclass(frozen=True, slots=True)
class ManualAnswer:
    """A person's answer to a row that no network can answer; it expires."""

    rule: str
    met: bool
    by: str
    on: date
    expires: date | None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the inventory says of a camera: nothing of it can be measured."""

    name: str | None = None
    place: str | None = None
    address: str | None = None
    serial: str | None = None
    mac: str | None = None
    model: str | None = None
    task: str | None = None
    """Key of the profile's task table: "gate", "corridor", "yard" …"""
    scene_width_m: float | None = None
    shared: bool = True
    """Its main stream is to go to the centre, and counts for the uplink."""
    outdoor: bool | None = None
    excluded_until: date | None = None
    """Out of the counts until the end of that day, by a person's word; it stays listed."""
    excluded_because: str | None = None
    answers: tuple[ManualAnswer, ...] = ()
    port: int | None = None
    """ONVIF's port, where the inventory names one."""
    channel: str | None = None
    """Token or number of the video source, where one address holds several cameras."""
    stream_uri: str | None = None
    """The RTSP address, without credentials, of a camera that has no ONVIF."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A camera did not answer any check from one moment to another; it may have been dark for longer."""

    began_at: datetime
    missed_at: datetime
    """The last check that it did not answer."""
    ended: bool
    """A later check was answered."""


@dataclass(frozen=True, slots=True)
class History:
    """What the store remembers of this camera's last 30 days."""

    probes: int
    answered: int
    since: datetime
    days: int = 0
    """From the day of the first check of these to today, both counted; 0 where nobody counted."""
    days_checked: int = 0
    outage: Outage | None = None
    """The longest that the checks prove."""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """All that is known of one camera (one video source) before it is judged."""

    id: str
    """Stable: survives DHCP, firmware updates and moves."""
    name: str
    address: str
    device: DeviceFacts | Fault | None
    """A Fault where ONVIF never answered; None where the target has no ONVIF side (a stream URL, a file)."""
    video_source: str | None
    """Which of the device's sources; None where it has one, or none is known."""
    streams: tuple[StreamFacts, ...]
    """Main first."""
    declaration: Declaration | None = None
    history: History | None = None
    identity: tuple[str, ...] = ()
    """The signs the id was made from, for example "serial", "mac": kinds only."""
    changes: tuple[str, ...] = ()
    """Against the inventory or the last run: "new", "moved", "replaced", "certificate_changed" …"""
    shared_fingerprints: int = 0
    """How many other devices of this run present the same TLS key."""
    device_key: str = ""
    """The key of the job that found it, as the agent tells its devices apart; never published."""
    others: tuple[OtherStream, ...] = ()
    """Streams of this source that were not watched: listed, not judged."""
    present_at: datetime | None = None
    """When something of it last answered, in this run or an earlier one; None: never, as far as we know."""
    by_night: NightLook | None = None
    """How its picture was when a run last saw it by night; None: never, as far as we know."""
    earlier: DeviceWords | None = None
    """What the device said of itself in earlier runs."""

    @property
    def stream_faults(self) -> tuple[Fault, ...]:
        """What went wrong while its streams were watched."""
        return tuple(chain.from_iterable(stream.faults for stream in self.streams))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault of the device and of its streams, in the order of the work."""
        return (*device_faults(self.device), *self.stream_faults)


def device_faults(device: DeviceFacts | Fault | None) -> tuple[Fault, ...]:
    """What went wrong while a device was asked; empty where nothing was asked."""
    if isinstance(device, Fault):
        return (device,)
    return device.faults if device is not None else ()


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What a rule may need to know of the whole school."""

    site: Site
    uplink_bps: float | None
    """Declared by the school (configuration); None: not declared."""
    now: datetime
    answers: tuple[ManualAnswer, ...] = ()
    """Answers that hold for the whole school."""
    fell_silent: bool = False
    """Of the camera being judged: all others near it fell silent with it, so the silence is not its own."""
    firmware: tuple[tuple[str, str, str, str], ...] = ()
    """The allow/deny list: (manufacturer, model, firmware pattern, "allow" or "deny")."""


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """What is kept of one camera without a long gap, by its device's word and clock."""

    days: float
    """From `since` to `newest`, whenever it is asked; 0: there is nothing."""
    since: datetime | None
    newest: datetime | None
    days_with_holes: int | None
    """Days of it in which something is missing; None: the device does not tell of holes."""


@dataclass(frozen=True, slots=True)
class CameraResult:
    """One camera, judged."""

    facts: CameraFacts
    findings: tuple[Finding, ...]
    verdict: Verdict
    upgrade: Upgrade
    checked_at: datetime
    duration_s: float
    faults: tuple[Fault, ...] = ()
    recording: KeptRecording | None = None
    """None: nothing is told of this camera alone, or what is told cannot be believed."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """One run on one site: what every publisher reads."""

    site: Site
    started_at: datetime
    finished_at: datetime
    profile: ProfileStamp
    coverage: Coverage
    cameras: tuple[CameraResult, ...]
    site_findings: tuple[Finding, ...] = ()
    """Findings about the school as a whole: its uplink, its papers."""
    retired: tuple[ExpectedCamera, ...] = ()
    """Cameras that a person took out of service: listed, in no count."""
    kind: str = "scan"
    """One of "scan" or "check": the schema name in the JSON document."""

    def count(self, verdict: Verdict) -> int:
        """How many cameras have that verdict, without those that are excluded for now."""
        return sum(
            camera.verdict is verdict and not is_excluded(camera.facts.declaration, self.started_at)
            for camera in self.cameras
        )


def is_excluded(declaration: Declaration | None, at: datetime) -> bool:
    """A person took the camera out of the counts, until the end of a day that is not over in Vietnam."""
    until = declaration.excluded_until if declaration is not None else None
    return until is not None and until >= at.astimezone(VIETNAM).date()


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """NOT_READY on any blocker or major FAIL; else UNDETERMINED where one of them is not known; else READY.

    Rows answered by a person never block. No finding at all is not known, so it is not ready.
    """
    weighty = [f for f in findings if f.severity in (Severity.BLOCKER, Severity.MAJOR) and not f.manual]
    if any(f.outcome is Outcome.FAIL for f in weighty):
        return Verdict.NOT_READY
    if not weighty or any(f.outcome in (Outcome.NOT_ASSESSED, Outcome.DEFECT) for f in weighty):
        return Verdict.UNDETERMINED
    return Verdict.READY
