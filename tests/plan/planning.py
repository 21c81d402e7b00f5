"""A camera, judged by a shipped profile and planned for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from camagent.app.requirements import load_profile
from camagent.assess.engine import assess
from camagent.model.device import EncoderOptions, MediaFacts, PortFacts
from camagent.model.finding import Upgrade
from camagent.model.prices import PriceList
from camagent.model.scan_result import CameraFacts
from camagent.plan.grounds import Ground, Look
from camagent.plan.upgrade import plan_upgrade
from tests.builders import (
    camera_facts,
    configured_stream,
    device_facts,
    encoder_options,
    encoder_settings,
    measured_stream,
    media_profile,
    site_facts,
    stream_facts,
    sub_profile,
)

PORTS = PortFacts((554,), (21, 23, 2323, 5555, 9527), ())
SHIPPED = load_profile("ubnd-3288")
# the plan's tests have their own minimum: they are about the plan, not about the profile
FPS = {"minimum_hz": 20.0}
PROFILE = replace(
    SHIPPED,
    rows=tuple(
        replace(row, parameters=tuple((name, FPS.get(name, value)) for name, value in row.parameters))
        for row in SHIPPED.rows
    ),
)
MEASURED = {"codec", "width_px", "height_px", "frame_rate_hz", "gop_length_s", "bitrate_bps"}


def planned(
    camera: CameraFacts,
    prices: PriceList | None = None,
    look: Look = Look.AGREES,
    firmware: tuple[tuple[str, str, str, str], ...] = (),
) -> Upgrade:
    """The plan of a camera that was seen alike twice, unless the test is about that."""
    findings = assess(PROFILE, camera, site_facts(firmware=firmware))
    return plan_upgrade(camera, findings, prices, Ground(look, firmware))


def camera(options: Any = None, service: str = "media2", measured: Any = None, **now: Any) -> CameraFacts:
    """A camera that is set to `now`, sends just that, and advertises `options` (one EncoderOptions a
    codec)."""
    settings = encoder_settings(**{k: v for k, v in now.items() if k != "gop_length_s"})
    profile = media_profile(encoder=settings, options=(encoder_options(),) if options is None else options)
    sent = {name: value for name, value in now.items() if name in MEASURED}
    if "frame_rate_hz" in sent:
        sent["arrival_frame_rate_hz"] = sent["frame_rate_hz"]
    configured = configured_stream(
        codec=settings.codec,
        width_px=settings.width_px,
        height_px=settings.height_px,
        frame_rate_hz=settings.frame_rate_hz,
        bitrate_bps=settings.bitrate_bps,
        gop_length_frames=settings.gop_length_frames,
    )
    stream = stream_facts(configured=configured, measured=measured_stream(**{**sent, **(measured or {})}))
    device = device_facts(ports=PORTS, media=MediaFacts(service, (profile, sub_profile())))
    return camera_facts(device=device, streams=(stream,))


def h264(**changes: Any) -> EncoderOptions:
    return encoder_options(codec="h264", **changes)


def healthy(**device: Any) -> CameraFacts:
    return camera_facts(device=device_facts(**{"ports": PORTS, **device}))
