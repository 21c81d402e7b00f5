"""Which encoder makes the main stream, what else of its source may be its best one, and what Media1 says of
it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from camagent.model.device import DeviceFacts, EncoderOptions, EncoderSettings, MediaFacts, MediaProfile
from camagent.model.fault import Fault
from camagent.model.onvif import MEDIA1_NS
from camagent.model.scan_result import CameraFacts
from camagent.model.source_mode import SourceMode
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


def other_mode_doubt(profile: MediaProfile) -> str | None:
    """Why the menus' "no" does not hold for the sensor: its other modes were not told, or one of them gives
    more than every menu of today's; None: nothing of that kind."""
    if isinstance(profile.source_modes, Fault):
        return "source_modes_unread"
    menus = (menu for menu in (profile.options, profile.media1_options) if isinstance(menu, tuple))
    options = tuple(chain.from_iterable(menus))
    others = [mode for mode in profile.source_modes or () if mode.is_enabled is not True]
    return "other_source_mode" if any(_gives_more(mode, options) for mode in others) else None


def _gives_more(mode: SourceMode, options: Sequence[EncoderOptions]) -> bool:
    sizes = chain.from_iterable(option.resolutions for option in options)
    pixels = max((width * height for width, height in sizes), default=0)
    spans = [option.frame_rate_range_hz.high for option in options if option.frame_rate_range_hz is not None]
    rate_hz = max(chain(spans, *(option.frame_rates_hz for option in options)), default=0.0)
    larger = mode.size_px is not None and mode.size_px[0] * mode.size_px[1] > pixels
    faster = mode.frame_rate_hz is not None and mode.frame_rate_hz > rate_hz
    return larger or faster or bool(set(mode.codecs) - {option.codec for option in options})


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
