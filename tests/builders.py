"""One builder per model type, complete defaults of a healthy camera, override by keyword."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from camagent.model.device import (
    AnonymousAccess,
    DeviceClock,
    DeviceFacts,
    DeviceInformation,
    DeviceTarget,
    EncoderOptions,
    EncoderSettings,
    Login,
    MediaFacts,
    MediaProfile,
    NetworkFacts,
    NetworkProtocol,
    Range,
    Service,
    TlsFacts,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Action, Basis, Finding, Outcome, Severity, Upgrade, Verdict
from camagent.model.scan_result import (
    CameraFacts,
    CameraResult,
    Coverage,
    History,
    Outage,
    ProfileStamp,
    ScanResult,
    Site,
    SiteFacts,
)
from camagent.model.stream import (
    ConfiguredStream,
    DeclaredStream,
    ImageFacts,
    MeasuredStream,
    StreamAccess,
    StreamFacts,
    StreamRole,
    StreamTarget,
)
from camagent.model.text import Localised, message
from camagent.model.uri import StreamUri

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)
ADDRESS = "192.0.2.11"


def _with(value: T, changes: dict[str, Any]) -> T:
    return replace(value, **changes) if changes else value  # type: ignore[type-var]


def fault(code: FaultCode = FaultCode.TIMEOUT, **changes: Any) -> Fault:
    return _with(Fault(code, Stage.OBSERVE, "DESCRIBE", 4.0), changes)


def stream_uri(**changes: Any) -> StreamUri:
    return _with(StreamUri("rtsp", ADDRESS, 554, "/Streaming/Channels/101"), changes)


def device_clock(**changes: Any) -> DeviceClock:
    return _with(
        DeviceClock(
            utc=NOW,
            local=(NOW + timedelta(hours=7)).replace(tzinfo=None),
            offset_s=0.2,
            round_trip_s=0.01,
            source="NTP",
            time_zone="CST-7",
            utc_offset_s=7 * 3600,
            daylight_savings=False,
            anonymous=True,
        ),
        changes,
    )


def device_information(**changes: Any) -> DeviceInformation:
    return _with(DeviceInformation("Acme", "AC-2143", "V5.7.3 build 220112", "AC21430001"), changes)


def encoder_settings(**changes: Any) -> EncoderSettings:
    return _with(
        EncoderSettings(
            token="E1",
            codec="h265",
            codec_profile="Main",
            width_px=2560,
            height_px=1440,
            frame_rate_hz=25.0,
            bitrate_bps=3_000_000,
            gop_length_frames=50,
        ),
        changes,
    )


def encoder_options(**changes: Any) -> EncoderOptions:
    return _with(
        EncoderOptions(
            codec="h265",
            resolutions=((2560, 1440), (1920, 1080), (1280, 720)),
            frame_rates_hz=(25.0, 20.0, 15.0, 12.0, 10.0),
            frame_rate_range_hz=None,
            bitrate_range_bps=Range(256_000, 8_192_000),
            gop_range_frames=Range(1, 250),
            codec_profiles=("Main",),
        ),
        changes,
    )


def media_profile(**changes: Any) -> MediaProfile:
    return _with(
        MediaProfile(
            token="P1",
            name="mainStream",
            video_source="VS1",
            video_source_name="VideoSource_1",
            encoder=encoder_settings(),
            options=(encoder_options(), encoder_options(codec="h264", codec_profiles=("High", "Main"))),
            stream_uri=stream_uri(),
        ),
        changes,
    )


def sub_profile(**changes: Any) -> MediaProfile:
    base = media_profile(
        token="P2",
        name="subStream",
        encoder=encoder_settings(token="E2", codec="h264", width_px=640, height_px=360, bitrate_bps=512_000),
        stream_uri=stream_uri(path="/Streaming/Channels/102"),
    )
    return _with(base, changes)


def tls_facts(**changes: Any) -> TlsFacts:
    return _with(
        TlsFacts(
            port=443,
            version="TLSv1.2",
            cipher="ECDHE-RSA-AES128-GCM-SHA256",
            legacy=False,
            fingerprint_sha256="ab" * 32,
            subject="CN=camera",
            not_before=NOW - timedelta(days=100),
            not_after=NOW + timedelta(days=3000),
            key_kind="rsa",
            key_bits=3072,
            signature_hash="sha256",
        ),
        changes,
    )


def device_facts(**changes: Any) -> DeviceFacts:
    return _with(
        DeviceFacts(
            target=DeviceTarget(ADDRESS, 80, endpoint="urn:uuid:11111111-2222-3333-4444-555555555555"),
            address=ADDRESS,
            service_url=f"http://{ADDRESS}/onvif/device_service",
            clock=device_clock(),
            services=(
                Service(
                    "http://www.onvif.org/ver10/device/wsdl",
                    f"http://{ADDRESS}/onvif/device_service",
                    "21.12",
                ),
                Service("http://www.onvif.org/ver20/media/wsdl", f"http://{ADDRESS}/onvif/media2", "21.12"),
            ),
            information=device_information(),
            media=MediaFacts("media2", (media_profile(), sub_profile())),
            network=NetworkFacts(
                macs=("4c:bd:8f:00:00:01",),
                protocols=(
                    NetworkProtocol("HTTP", True, (80,)),
                    NetworkProtocol("HTTPS", True, (443,)),
                    NetworkProtocol("RTSP", True, (554,)),
                ),
                ntp_from_dhcp=False,
                ntp_servers=("192.0.2.1",),
            ),
            scopes=(
                "onvif://www.onvif.org/Profile/Streaming",
                "onvif://www.onvif.org/Profile/T",
                "onvif://www.onvif.org/Profile/G",
            ),
            users=None,
            anonymous=AnonymousAccess(asked=("GetProfiles", "GetStreamUri", "GetUsers"), answered=()),
            login=Login("http-digest-sha-256", ("digest-sha-256", "digest-md5")),
            tls=tls_facts(),
        ),
        changes,
    )


def configured_stream(**changes: Any) -> ConfiguredStream:
    return _with(ConfiguredStream("h265", "Main", 2560, 1440, 25.0, 3_000_000, 50), changes)


def declared_stream(**changes: Any) -> DeclaredStream:
    return _with(
        DeclaredStream(
            codec="h265",
            codec_profile="Main",
            codec_level="5.0",
            width_px=2560,
            height_px=1440,
            frame_rate_hz=25.0,
            sdp_frame_rate_hz=25.0,
            coded_width_px=2560,
            coded_height_px=1440,
            chroma="4:2:0",
            bit_depth=8,
            interlaced=False,
            parameter_sets="both",
        ),
        changes,
    )


def measured_stream(**changes: Any) -> MeasuredStream:
    return _with(
        MeasuredStream(
            codec="h265",
            codec_profile="Main",
            codec_level="5.0",
            width_px=2560,
            height_px=1440,
            frame_rate_hz=25.0,
            frame_rate_uncertainty_hz=0.05,
            frame_rate_min_hz=24.8,
            frame_rate_max_hz=25.2,
            frame_interval_irregularity_ratio=0.01,
            arrival_frame_rate_hz=25.0,
            frames=250,
            window_s=10.0,
            bitrate_bps=2_900_000.0,
            bitrate_peak_bps=3_400_000.0,
            gop_length_frames=50.0,
            gop_length_s=2.0,
            gop_at_least_s=None,
            keyframes=5,
            recovery_points=0,
            b_frames=False,
            keyframes_decoded=2,
            decode_errors=0,
            transport="tcp",
            rtp_packets=2700,
            rtp_lost_packets=0,
            rtp_jitter_s=0.001,
            rtp_duplicate_packets=0,
            rtp_reordered_packets=0,
            stray_packets=0,
            time_to_first_packet_s=0.05,
            time_to_first_keyframe_s=0.9,
            connect_s=0.02,
        ),
        changes,
    )


def image_facts(**changes: Any) -> ImageFacts:
    return _with(
        ImageFacts(
            frames=2,
            luma_mean=118.0,
            luma_std=52.0,
            sharpness=0.71,
            noise=0.8,
            cast_u=0.5,
            cast_v=-0.4,
            flat_blocks_ratio=0.05,
            stripe_ratio=1.1,
            dark_ratio=0.02,
            bright_ratio=0.01,
            change=4.2,
            conditions=(),
        ),
        changes,
    )


def stream_access(**changes: Any) -> StreamAccess:
    return _with(
        StreamAccess(
            anonymous=False,
            offered=("digest-sha-256", "digest-md5"),
            used="digest-sha-256",
            encrypted=False,
            server="Acme RTSP",
        ),
        changes,
    )


def stream_facts(**changes: Any) -> StreamFacts:
    return _with(
        StreamFacts(
            target=StreamTarget(stream_uri(), StreamRole.MAIN, "P1"),
            configured=configured_stream(),
            declared=declared_stream(),
            measured=measured_stream(),
            image=image_facts(),
            access=stream_access(),
            started_at=NOW,
        ),
        changes,
    )


def sub_stream(**changes: Any) -> StreamFacts:
    base = stream_facts(
        target=StreamTarget(stream_uri(path="/Streaming/Channels/102"), StreamRole.SUB, "P2"),
        configured=configured_stream(codec="h264", width_px=640, height_px=360, bitrate_bps=512_000),
        declared=declared_stream(codec="h264", codec_profile="Main", width_px=640, height_px=360),
        measured=measured_stream(
            codec="h264", codec_profile="Main", width_px=640, height_px=360, bitrate_bps=500_000.0
        ),
    )
    return _with(base, changes)


def camera_facts(**changes: Any) -> CameraFacts:
    return _with(
        CameraFacts(
            id="cam-4cbd8f000001",
            name="Cổng chính",
            address=ADDRESS,
            device=device_facts(),
            video_source="VS1",
            streams=(stream_facts(), sub_stream()),
            identity=("serial", "mac"),
        ),
        changes,
    )


def watched(days: int, checked: int, dark_h: float | None = None, ended: bool = True) -> History:
    """A camera checked on so many days, which did not answer for some hours."""
    began = NOW - timedelta(days=days)
    outage = Outage(began, began + timedelta(hours=dark_h), ended) if dark_h is not None else None
    return History(1000, 1000, began, days, checked, outage)


def site(**changes: Any) -> Site:
    return _with(Site("9001", "THCS Nguyễn Du", "Phường Gia Định", "Thành phố Hồ Chí Minh"), changes)


def site_facts(**changes: Any) -> SiteFacts:
    return _with(SiteFacts(site(), uplink_bps=50_000_000.0, now=NOW), changes)


def basis(**changes: Any) -> Basis:
    return _with(Basis("assumption", None, "medium"), changes)


def finding(**changes: Any) -> Finding:
    return _with(
        Finding(
            rule="IMG-FPS",
            title=Localised("Tốc độ khung hình (đo thực)", "Measured frame rate"),
            outcome=Outcome.PASS,
            severity=Severity.MAJOR,
            stream="main",
            observed=25.0,
            required=20.0,
            unit="Hz",
            basis=basis(),
            message=message("faults.timeout"),
            configured=25.0,
            declared=25.0,
            measured=25.0,
            uncertainty=0.05,
            check="frame_rate",
            recommended=25.0,
        ),
        changes,
    )


def upgrade(**changes: Any) -> Upgrade:
    return _with(Upgrade(Action.NONE, (), True), changes)


def camera_result(**changes: Any) -> CameraResult:
    return _with(
        CameraResult(
            facts=camera_facts(),
            findings=(finding(),),
            verdict=Verdict.READY,
            upgrade=upgrade(),
            checked_at=NOW,
            duration_s=12.5,
        ),
        changes,
    )


def profile_stamp(**changes: Any) -> ProfileStamp:
    return _with(
        ProfileStamp(
            id="ubnd-3288",
            version="2026-11-23",
            digest="sha256:" + "0" * 64,
            authoritative=False,
            title=Localised("Hồ sơ kiểm tra tạm thời", "Provisional readiness profile"),
        ),
        changes,
    )


def coverage(**changes: Any) -> Coverage:
    return _with(
        Coverage(
            subnets=("192.0.2.0/24",),
            interfaces=("eth0",),
            addresses_probed=254,
            devices_found=1,
            cameras_checked=1,
            not_checked=(),
            subnets_asked=1,
            addresses_answered=1,
        ),
        changes,
    )


def scan_result(**changes: Any) -> ScanResult:
    return _with(
        ScanResult(
            site=site(),
            started_at=NOW,
            finished_at=NOW + timedelta(seconds=30),
            profile=profile_stamp(),
            coverage=coverage(),
            cameras=(camera_result(),),
        ),
        changes,
    )
