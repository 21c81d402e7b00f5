"""What a device says of itself over ONVIF, and what its doors showed us. Facts only, no judgement.

Every section is what was learned, or the `Fault` that prevented it; `None` means that the device did not say,
or that nobody asked (the field says which).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from camagent.model.fault import Fault
from camagent.model.onvif import ONVIF_PATHS
from camagent.model.recordings import RecordingFacts
from camagent.model.source_mode import SourceMode
from camagent.model.uri import StreamUri


@dataclass(frozen=True, slots=True)
class DeviceTarget:
    """An address where a device is, or may be."""

    host: str
    port: int | None = None
    """None: not known, the ladder of ports is tried."""
    path: str = ONVIF_PATHS[0]
    secure: bool = False
    endpoint: str | None = None
    """WS-Discovery endpoint reference (urn:uuid:…), where it was discovered."""
    xaddrs: tuple[str, ...] = ()
    """Every XAddr it announced, as it wrote them."""
    scopes: tuple[str, ...] = ()
    name: str | None = None
    """The inventory's name for it."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SignsBefore:
    """What the device at an address showed when it let us in; None where it showed none."""

    serial: str | None = None
    """Fit to tell cameras apart (`inventory.identity.usable_serial`)."""
    certificate: tuple[int, str] | None = None
    """Port and fingerprint (SHA-256, lower-case hex) of its HTTPS."""


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """GetSystemDateAndTime against our own clock at the middle of the round trip."""

    utc: datetime | None
    local: datetime | None
    """Naive: the wall time that the device shows, without a zone."""
    offset_s: float | None
    """Device UTC minus ours; positive = the device is ahead. None where it sent no UTC time."""
    round_trip_s: float
    source: str | None
    """DateTimeType: "Manual" or "NTP"."""
    time_zone: str | None
    """TZ as the device wrote it (POSIX 1003.1)."""
    utc_offset_s: int | None
    """Local minus UTC as the device shows them (whole minutes); None where one of them is missing."""
    daylight_savings: bool | None
    anonymous: bool
    """It answered without credentials, as ONVIF Core asks."""


@dataclass(frozen=True, slots=True)
class DeviceInformation:
    """GetDeviceInformation, placeholders and all; None where the device left it out."""

    manufacturer: str | None
    model: str | None
    firmware: str | None
    serial: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of GetServices or GetCapabilities, its XAddr pinned to the host that we reached."""

    namespace: str
    xaddr: str
    version: str | None


@dataclass(frozen=True, slots=True)
class NetworkProtocol:
    """One row of GetNetworkProtocols."""

    name: str
    """HTTP, HTTPS or RTSP."""
    enabled: bool
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """Interfaces, protocols and time servers, each None where the call failed or is missing."""

    macs: tuple[str, ...] = ()
    """Lower case, colons, in the device's order."""
    protocols: tuple[NetworkProtocol, ...] | None = None
    ntp_from_dhcp: bool | None = None
    ntp_servers: tuple[str, ...] | None = None
    link_duplex: str | None = None
    """One of "Full" or "Half", from AdminSettings/OperationalSettings."""
    subnets: tuple[str, ...] = ()
    """IPv4 networks of its own, as "192.0.2.0/24"."""
    gateways: tuple[str, ...] | None = None
    dns_from_dhcp: bool | None = None
    dns_servers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeviceUser:
    """One row of GetUsers; names stay in memory for the rule and are never published."""

    name: str
    level: str
    """Administrator, Operator, User, Anonymous, Extended."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """VideoEncoderConfiguration (Media1) or VideoEncoder (Media2) as it stands: *configured*, not
    measured."""

    token: str
    codec: str | None
    """h264, h265, mjpeg, mpeg4, or the device's own word in lower case."""
    codec_profile: str | None
    width_px: int | None
    height_px: int | None
    frame_rate_hz: float | None
    bitrate_bps: int | None
    """None where it says nothing or a sentinel (2147483647: no limit)."""
    gop_length_frames: int | None
    encoding_interval: int | None = None
    elsewhere_px: tuple[int, int] | None = None
    """The size that the other media service states for the same profile, where it is another one."""
    stated: tuple[tuple[str, str], ...] = ()
    """The whole configuration as the device wrote it, path and text ("RateControl/BitrateLimit", "4096"): to
    set one field ONVIF wants all of them."""


@dataclass(frozen=True, slots=True)
class Range:
    """A closed range as the device states it."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """What one codec may be set to. Marginal, not joint: largest size and highest rate may exclude each
    other."""

    codec: str
    resolutions: tuple[tuple[int, int], ...]
    """(width_px, height_px), in the device's order."""
    frame_rates_hz: tuple[float, ...]
    """Empty where the device gives only a range."""
    frame_rate_range_hz: Range | None
    bitrate_range_bps: Range | None
    gop_range_frames: Range | None
    codec_profiles: tuple[str, ...]
    is_whole: bool = True
    """False: a part of the menu was not understood, so what it leaves out says nothing."""


@dataclass(frozen=True, slots=True)
class MediaProfile:
    """One ONVIF media profile: a token that yields one stream URI."""

    token: str
    name: str | None
    video_source: str | None
    """Token of the VideoSource (the imager or NVR channel), from VideoSourceConfiguration/SourceToken."""
    video_source_name: str | None
    encoder: EncoderSettings | Fault | None
    """None: the profile has no video encoder."""
    options: tuple[EncoderOptions, ...] | Fault | None
    """One entry a codec; None: not asked."""
    stream_uri: StreamUri | Fault | None
    """Pinned to the host that we reached."""
    uri_had_credentials: bool = False
    """It gave a URI with a user and password inside (yi-hack-MStar#56): a finding."""
    view: tuple[int, int, int, int] | None = None
    """Bounds of its VideoSourceConfiguration (x, y, width, height): which part of the imager it shows."""
    media1_options: tuple[EncoderOptions, ...] | Fault | None = None
    """What Media1 offers beside Media2's `options`; empty: nothing, or it does not list this profile; None:
    it was not asked."""
    source_modes: tuple[SourceMode, ...] | Fault | None = None
    """Of its video source; None: the device does not say that it has several."""


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """The media profiles and which service told us."""

    service: str
    """One of "media2" or "media1"."""
    profiles: tuple[MediaProfile, ...]
    truncated: int = 0
    """Profiles beyond our bound, that were not read; never silently dropped."""


@dataclass(frozen=True, slots=True)
class AnonymousAccess:
    """What the ONVIF service gave to a caller without credentials."""

    asked: tuple[str, ...]
    """Operations that need a log-in by ONVIF Core and were tried without one."""
    answered: tuple[str, ...]
    """Those of them that were answered with data."""


@dataclass(frozen=True, slots=True)
class ServiceCapabilities:
    """GetServiceCapabilities of the device service and of Media2, open to strangers: what it says that it can
    do.

    A field is None where the device does not say; a claim, which a handshake or a challenge may contradict.
    """

    http_digest: bool | None = None
    """It takes HTTP Digest log-ins."""
    digest_hashes: tuple[str, ...] = ()
    """Hash algorithms of HTTP and RTSP Digest, in capitals ("MD5", "SHA-256"); empty: not said."""
    tls_versions: tuple[str, ...] | None = None
    """Versions of HTTPS that it serves, as `ssl` names them ("TLSv1.2"); empty: it says that it has none."""
    secure_rtsp: bool | None = None
    """It streams over RTSPS (Media2 SecureRTSPStreaming)."""
    source_modes: bool | None = None
    """Its sensor has modes to choose from (VideoSourceMode of its media service)."""


USERNAME_TOKEN = "ws-usernametoken"
"""What stands among the schemes where a device knows no HTTP challenge."""


@dataclass(frozen=True, slots=True)
class Login:
    """Which way in worked, and what the device offers."""

    scheme: str | None
    """One of "wsse-device-time", "wsse-own-time", "http-digest-md5", "http-digest-sha-256" …; None: none was
    needed."""
    offered: tuple[str, ...]
    """Challenge schemes seen in WWW-Authenticate, for example "digest-md5", "digest-sha-256", "basic"."""


@dataclass(frozen=True, slots=True)
class SnapshotAccess:
    """One GET of a snapshot address without a log-in, on the operator's order; no byte of the picture was
    read."""

    anonymous: bool
    """The device began to send a picture to a stranger; False: it asked for a log-in."""
    status: int
    """HTTP status."""


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """One TLS handshake with the device's HTTPS port."""

    port: int
    version: str
    """As `ssl` names it: "TLSv1.2"."""
    cipher: str
    legacy: bool
    """It needed ciphers or renegotiation that current clients refuse (python-onvif-zeep-async PR #46)."""
    fingerprint_sha256: str
    """Lower-case hex of the leaf certificate."""
    subject: str
    not_before: datetime
    not_after: datetime
    key_kind: str
    """One of "rsa", "ec", "ed25519" …"""
    key_bits: int
    signature_hash: str | None
    pinned_fingerprint: str | None = None
    """What we saw at this device before, where that is known: a difference is a finding."""
    key_sha256: str = ""
    """Lower-case hex of the SubjectPublicKeyInfo: one key under many certificates is still one key; "": not
    known."""


@dataclass(frozen=True, slots=True)
class PortFacts:
    """A short, fixed list of TCP ports, each tried once."""

    open: tuple[int, ...]
    closed: tuple[int, ...]
    silent: tuple[int, ...]
    """No answer within the budget: a firewall, or too slow to tell."""


@dataclass(frozen=True, slots=True)
class DefaultLoginTrial:
    """The opt-in trial of factory log-ins: two tries at most, never near a lock-out."""

    tried: int
    accepted: str | None
    """The factory user name that was let in (no password), else None."""
    stopped: Fault | None = None


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """Everything one device said about itself in one run."""

    target: DeviceTarget
    address: str
    """The host that we reached; everything that the device names is pinned to it."""
    service_url: str
    """The device service that answered (or was tried)."""
    clock: DeviceClock | Fault
    """The first question: if this is a Fault the device did not answer ONVIF."""
    services: tuple[Service, ...] | Fault
    information: DeviceInformation | Fault
    media: MediaFacts | Fault
    network: NetworkFacts | Fault
    scopes: tuple[str, ...] | Fault
    users: tuple[DeviceUser, ...] | Fault | None
    """None: not asked (no credentials)."""
    anonymous: AnonymousAccess | Fault | None
    login: Login
    tls: TlsFacts | Fault | None = None
    """None: the device offers no HTTPS that we know of."""
    recording: RecordingFacts | Fault | None = None
    ports: PortFacts | Fault | None = None
    """None: not asked."""
    default_login: DefaultLoginTrial | None = None
    """None: not asked for by the operator."""
    snapshot: SnapshotAccess | Fault | None = None
    """None: not asked for by the operator, or no profile to ask about."""
    capabilities: ServiceCapabilities | Fault | None = None
    """None: not asked."""
    recovered: tuple[str, ...] = ()
    """Operations whose reply was broken XML and was read by recovery: believed less."""
    faults: tuple[Fault, ...] = ()
    """Every fault of the conversation, in order, also those that another question made good."""
