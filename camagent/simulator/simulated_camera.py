"""What a simulated camera is: plain values that the servers act out. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from camagent.model.finding import Action, Verdict
from camagent.model.onvif import ONVIF_PATHS
from camagent.simulator.clips import Clip, load_clip
from camagent.simulator.doors import SimulatedDoor
from camagent.simulator.faults import NO_ONVIF_FAULTS, NO_STREAM_FAULTS, OnvifFaults, StreamFaults
from camagent.simulator.kept_video import KeptVideo

HTTP_PORT = 8080  # above 1024: no root
RTSP_PORT = 8554
HTTPS_PORT = 8443
# any constant: the same camera keeps its endpoint
_IDENTITY_NAMESPACE = uuid.UUID("6f2c1b52-51d3-4f0e-9a53-3a1f2f1f7c10")


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """What one codec of an encoder may be set to, as the device offers it."""

    codec: str
    resolutions: tuple[tuple[int, int], ...]
    frame_rates_hz: tuple[int, ...]
    """Descending, as ONVIF asks."""
    bitrate_range_kbps: tuple[int, int]
    gop_range_frames: tuple[int, int]
    codec_profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatedEncoder:
    """What ONVIF says that an encoder is set to."""

    codec: str
    width_px: int
    height_px: int
    frame_rate_hz: float
    bitrate_kbps: int
    gop_length_frames: int
    codec_profile: str


@dataclass(frozen=True, slots=True)
class SimulatedStream:
    """One media profile and the RTSP stream behind it."""

    token: str
    path: str
    clip_name: str
    claim: StatedEncoder
    choices: tuple[EncoderChoice, ...]
    faults: StreamFaults = NO_STREAM_FAULTS
    described_as: str | None = None
    """The clip that SDP describes, where that is another than the one sent."""
    frame_rate_hz: float | None = None
    """At which the clip is played; None: at its own."""
    parameter_sets_in_sdp: bool = True
    other_tracks: tuple[str, ...] = ()
    channel: int = 1
    """Number of the video source that it shows; a recorder has several."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What camagent must say of this camera, written down before it is asked."""

    verdict: Verdict
    action: Action
    why: str


@dataclass(frozen=True, slots=True)
class SimulatedCamera:
    """One camera of the simulated school."""

    address: str
    name: str
    """As people call it, in Vietnamese; also its ONVIF name scope."""
    place: str
    manufacturer: str
    model: str
    firmware: str
    serial: str
    mac: str
    streams: tuple[SimulatedStream, ...]
    expected: Expectation
    door: SimulatedDoor = field(default_factory=lambda: SimulatedDoor(open_to_anyone=True))
    """The log-in of both ONVIF and RTSP."""
    other_users: tuple[tuple[str, str], ...] = (("giamsat", "Operator"),)
    """(name, level) of the accounts beside the door's administrator."""
    wsse: bool = True
    """WS-UsernameToken is accepted."""
    http_digest: bool = False
    """HTTP Digest is accepted and asked for."""
    media2: bool = True
    media1_h265: str = "omit"
    """How Media1, which has no word for H.265, shows such an encoder: "omit" or "h264" (both are seen in the
    field)."""
    clock_offset_s: float = 0.0
    time_zone: str = "ICT-7"
    ntp_servers: tuple[str, ...] = ("pool.ntp.org",)
    dns_servers: tuple[str, ...] = ("127.0.0.53",)
    gateways: tuple[str, ...] = ("127.0.0.1",)
    kept: tuple[KeptVideo, ...] = ()
    """What a recorder keeps; empty: the device has no recording services."""
    ntp_from_dhcp: bool = False
    manual_clock: bool = False
    """The clock was set by hand although time servers are known."""
    daylight_saving: bool = False
    hostname: str | None = None
    """None: made from the serial number."""
    account_level: str = "Administrator"
    """ONVIF level of the door's account."""
    alive: bool = True
    """False: the inventory knows the address, and nothing answers there."""
    discoverable: bool = True
    faults: OnvifFaults = NO_ONVIF_FAULTS
    http_port: int = HTTP_PORT
    rtsp_port: int = RTSP_PORT
    https_port: int | None = HTTPS_PORT
    """None: the device has no HTTPS."""

    @property
    def endpoint(self) -> str:
        """WS-Discovery endpoint reference."""
        return f"urn:uuid:{uuid.uuid5(_IDENTITY_NAMESPACE, self.serial)}"

    @property
    def service_url(self) -> str:
        """The device service."""
        return f"http://{self.address}:{self.http_port}{ONVIF_PATHS[0]}"

    def stream_url(self, stream: SimulatedStream) -> str:
        """The RTSP URL that is reached, without credentials."""
        return f"rtsp://{self.address}:{self.rtsp_port}{stream.path}"


def encoder_token(stream: SimulatedStream) -> str:
    """Token of the stream's encoder configuration."""
    return f"VideoEncoder_{stream.token}"


def honest_claim(clip_name: str) -> StatedEncoder:
    """The claim that is true of a clip."""
    clip: Clip = load_clip(clip_name)
    profile = {"h264": "High", "h265": "Main", "mjpeg": ""}[clip.codec]
    bitrate_kbps = max(64, round(clip.bitrate_bps / 64_000) * 64)
    size = (clip.width_px, clip.height_px)
    return StatedEncoder(clip.codec, *size, clip.frame_rate_hz, bitrate_kbps, clip.gop_length_frames, profile)
