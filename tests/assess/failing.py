"""One camera for every rule that fails it: a rule without an entry here is not tested against faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from camagent.model.device import AnonymousAccess, DefaultLoginTrial, DeviceUser, Login, MediaFacts, PortFacts
from camagent.model.recordings import ChannelRecording, RecordingFacts, TimeSpan
from camagent.model.scan_result import CameraFacts, Declaration, History, ManualAnswer, SiteFacts
from tests.assess.judging import with_device, with_main
from tests.builders import (
    NOW,
    camera_facts,
    configured_stream,
    declared_stream,
    device_clock,
    device_facts,
    fault,
    image_facts,
    measured_stream,
    media_profile,
    site_facts,
    stream_access,
    sub_profile,
    tls_facts,
    watched,
)

DENIED = (21, 23, 2323, 5555, 9527)


@dataclass(frozen=True)
class Failing:
    """Facts that make a rule fail."""

    camera: CameraFacts
    site: SiteFacts = field(default_factory=site_facts)
    parameters: Mapping[str, Any] = field(default_factory=dict)


def refusal(rule: str) -> ManualAnswer:
    return ManualAnswer(rule, False, "Thầy Nam", date(2026, 11, 1), None)


THREE_DAYS = ChannelRecording("P1", (TimeSpan(NOW - timedelta(days=3), NOW),), holes_told=True)
RECORDER = MediaFacts(
    "media2", (media_profile(), media_profile(token="P9", video_source="VS2"), sub_profile())
)
MJPEG = with_main(
    measured=measured_stream(codec="mjpeg"),
    declared=declared_stream(codec="mjpeg"),
    configured=configured_stream(),
)

FAILING: Mapping[str, Failing] = {
    "resolution": Failing(with_main(measured=measured_stream(width_px=1280, height_px=720))),
    "codec": Failing(MJPEG),
    "sub_streams": Failing(with_device(media=MediaFacts("media2", (media_profile(),)))),
    "decode_errors": Failing(with_main(measured=measured_stream(keyframes_decoded=1, decode_errors=1))),
    "picture": Failing(with_main(image=image_facts(conditions=("black",)))),
    "frame_rate": Failing(
        with_main(measured=measured_stream(frame_rate_hz=12.0, arrival_frame_rate_hz=12.0))
    ),
    "frame_rate_kept": Failing(with_main(measured=measured_stream(frame_rate_hz=12.0))),
    "keyframe_interval": Failing(with_main(measured=measured_stream(gop_length_s=8.0))),
    "pixel_density": Failing(camera_facts(declaration=Declaration(task="gate", scene_width_m=20.0))),
    "device_answers": Failing(camera_facts(device=fault())),
    "stream_plays": Failing(with_main(measured=fault())),
    "packet_loss": Failing(with_main(measured=measured_stream(rtp_lost_packets=300))),
    "onvif_conformance": Failing(with_device(scopes=("onvif://www.onvif.org/type/video_encoder",))),
    "availability": Failing(camera_facts(history=History(1000, 500, NOW - timedelta(days=30)))),
    "checked_daily": Failing(camera_facts(history=watched(days=20, checked=10))),
    "repaired": Failing(camera_facts(history=watched(days=20, checked=20, dark_h=30.0))),
    "time_server": Failing(with_device(clock=device_clock(source="Manual"))),
    "clock_offset": Failing(with_device(clock=device_clock(offset_s=-690.0))),
    "time_zone": Failing(with_device(clock=device_clock(utc_offset_s=0, time_zone="UTC0"))),
    "retention": Failing(
        with_device(media=RECORDER, recording=RecordingFacts(None, None, 1, (THREE_DAYS,))),
    ),
    "default_login": Failing(with_device(default_login=DefaultLoginTrial(1, "admin"))),
    "anonymous_onvif": Failing(with_device(anonymous=AnonymousAccess(("GetProfiles",), ("GetProfiles",)))),
    "anonymous_stream": Failing(with_main(access=stream_access(anonymous=True))),
    "open_ports": Failing(with_device(ports=PortFacts((23,), (21, 2323, 5555, 9527), ()))),
    "firmware": Failing(camera_facts(), site_facts(firmware=(("*", "*", "V5*", "deny"),))),
    "accounts": Failing(with_device(users=(DeviceUser("admin", "Administrator"),))),
    "login_scheme": Failing(with_device(login=Login("wsse-device-time", ()))),
    "https": Failing(with_device(tls=tls_facts(version="TLSv1"))),
    "certificate": Failing(with_device(tls=tls_facts(key_bits=1024))),
    "uplink": Failing(camera_facts(), site_facts(uplink_bps=1_000_000.0)),
    "camera_answer": Failing(camera_facts(declaration=Declaration(answers=(refusal("IMG-LUX"),)))),
    "site_answer": Failing(camera_facts(), site_facts(answers=(refusal("REC-MAX"),))),
}
"""Rule -> what it fails. `bitrate` never fails: it only warns."""


def healthy() -> CameraFacts:
    """The camera that no network row finds fault with."""
    return camera_facts(
        device=device_facts(
            ports=PortFacts((554,), DENIED, ()),
            default_login=DefaultLoginTrial(2, None),
            users=(DeviceUser("admin", "Administrator"), DeviceUser("city", "User")),
            recording=RecordingFacts(NOW - timedelta(days=40), NOW, 1),
        ),
        declaration=Declaration(task="yard", scene_width_m=20.0),
        history=watched(days=30, checked=30),
    )
