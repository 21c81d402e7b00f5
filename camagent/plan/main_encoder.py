"""Which encoder makes the main stream, what else of its source may be its best one, and what Media1 says of
it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from camagent.model.device import DeviceFacts, EncoderOptions, EncoderSettings, MediaFacts, MediaProfile
from camagent.model.fault import Fault
from camagent.model.onvif import MEDIA1_NS
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import StreamRole, StreamTarget


def main_profile(camera: CameraFacts) -> MediaProfile | None:
    """The media profile of the main stream."""
    if not isinstance(camera.device, DeviceFacts) or not isinstance(camera.device.media, MediaFacts):
        return None
    target = next((s.target for s in camera.streams if s.role is StreamRole.MAIN), None)
    token = target.token if isinstance(target, StreamTarget) else None
    return next((p for p in camera.device.media.profiles if p.token == token), None)


def larger_single_pictures(camera: CameraFacts, main: MediaProfile) -> Iterator[MediaProfile]:
    """Profiles of the main stream's source that are set to MJPEG with more pixels than it: maybe its best
    encoder."""
    assert isinstance(camera.device, DeviceFacts) and isinstance(camera.device.media, MediaFacts)
    most = _pixels(main)
    for profile in camera.device.media.profiles:
        settings = profile.encoder if isinstance(profile.encoder, EncoderSettings) else None
        if profile.video_source != main.video_source or settings is None or settings.codec != "mjpeg":
            continue
        if profile.token != main.token and _pixels(profile) > most:
            yield profile


def _pixels(profile: MediaProfile) -> int:
    settings = profile.encoder
    if not isinstance(settings, EncoderSettings):
        return 0
    return (settings.width_px or 0) * (settings.height_px or 0)


def is_recorder(device: DeviceFacts) -> bool:
    """Several video sources behind one address: what it offers may be its own limit, not the cameras'."""
    media = device.media
    return isinstance(media, MediaFacts) and len({p.video_source for p in media.profiles} - {None}) > 1


def media1_menu(camera: CameraFacts, profile: MediaProfile) -> tuple[EncoderOptions, ...] | None:
    """What Media1 offers beside Media2's menu; empty: nothing of its own; None: it was not read."""
    device = camera.device
    if not isinstance(device, DeviceFacts) or not isinstance(device.media, MediaFacts) or is_recorder(device):
        return ()
    services = () if isinstance(device.services, Fault) else device.services
    has_media1 = any(service.namespace == MEDIA1_NS for service in services)
    if device.media.service != "media2" or not has_media1:
        return ()
    menu = profile.media1_options
    return menu if isinstance(menu, tuple) else None
