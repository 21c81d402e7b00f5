"""What an advice rests on, and what speaks against calling it certain or against a replacement. Pure.

Public money follows this: a camera is replaced only where its main stream is known beyond doubt and was
measured twice, the log-in was accepted, the encoder's menu was read, may be believed and offers a choice, and
no fault stands among those facts. Every doubt is a sentence that says what to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain

from camagent.model.device import (
    DeviceFacts,
    DeviceInformation,
    EncoderOptions,
    EncoderSettings,
    MediaFacts,
    MediaProfile,
)
from camagent.model.fault import LOGIN_FAULTS, Fault, FaultCode
from camagent.model.finding import Finding
from camagent.model.onvif import MEDIA2_NS
from camagent.model.patterns import fits
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import ConfiguredStream, MeasuredStream, StreamFacts, StreamRole, StreamTarget
from camagent.model.text import Message, message
from camagent.plan.main_encoder import larger_single_pictures, main_profile, media1_menu
from camagent.plan.menu import believable, rates_differ, sizes_differ
from camagent.plan.tender import NAMES

SIZE_TOLERANCE = 0.02  # 1072 and 1080 lines are one size: encoders round to macroblocks
MENU_QUESTION = "GetVideoEncoderConfigurationOptions"
# a list of services that came late or broken may have lost the one with the better menu
MEDIA_QUESTIONS = frozenset({"GetServices", "GetCapabilities", "GetProfiles", "GetStreamUri", MENU_QUESTION})
TROUBLE = frozenset(
    {
        FaultCode.TIMEOUT,
        FaultCode.UNREACHABLE,
        FaultCode.REFUSED,
        FaultCode.BUSY,
        FaultCode.MALFORMED_REPLY,
        FaultCode.BUDGET_SPENT,
        FaultCode.STOPPED,
        FaultCode.DEFECT,
    }
)
"""Faults of the way to an answer: what came at another try is believed less. A plain "no" of the device is
not."""


class Look(Enum):
    """What another look at the same camera, later in the run, said."""

    NOT_TAKEN = "not_taken"
    AGREES = "agrees"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the plan may know beside the camera's own facts."""

    look: Look = Look.NOT_TAKEN
    firmware: tuple[tuple[str, str, str, str], ...] = ()
    """As `SiteFacts.firmware`."""


def doubts(camera: CameraFacts) -> tuple[Message, ...]:
    """Everything but the second look that keeps an advice from being certain; empty: nothing does."""
    return tuple(dict.fromkeys((*_stream_doubts(camera), *_login_doubts(camera), *_menu_doubts(camera))))


def newer_firmware(camera: CameraFacts, ground: Ground) -> str | None:
    """The firmware that the operator's list allows for this make and model and that the camera does not have.

    None where the list names none: that a newer one exists is then not known.
    """
    device = camera.device
    information = device.information if isinstance(device, DeviceFacts) else None
    if not isinstance(information, DeviceInformation) or not information.firmware:
        return None
    for maker, model, pattern, word in ground.firmware:
        if word != "allow" or not pattern.strip("*?") or not model.strip("*?"):
            continue  # "any version" names none
        if (
            fits(information.manufacturer, maker)
            and fits(information.model, model)
            and not fits(information.firmware, pattern)
        ):
            return pattern
    return None


def _doubt(name: str, **args: str | int | float | None) -> Message:
    return message(f"plan.doubt_{name}", **args)


def main_stream(camera: CameraFacts) -> StreamFacts | None:
    """The main stream, if there is one."""
    return next((stream for stream in camera.streams if stream.role is StreamRole.MAIN), None)


def _stream_doubts(camera: CameraFacts) -> Iterator[Message]:
    """Whether the main stream is the main one, and whether it was measured without a hitch."""
    main = main_stream(camera)
    if (
        main is None
        or not isinstance(main.target, StreamTarget)
        or not isinstance(main.measured, MeasuredStream)
    ):
        yield _doubt("main_unmeasured")
        return
    if main.target.token is None or main_profile(camera) is None:
        yield _doubt("main_unnamed")
        return
    if main.faults or main.measured.limits or main.measured.parameter_set_changes:
        yield _doubt("main_trouble")
    if main.configured is None or not _agrees(main.configured, main.measured):
        yield _doubt("main_contradicted")
    for token in _rivals(camera, main):
        yield _doubt("other_stream", token=token)


def _agrees(configured: ConfiguredStream, measured: MeasuredStream) -> bool:
    """It sends the codec and the size that it is set to by every service, whichever way round."""
    sizes = [(configured.width_px, configured.height_px), (measured.width_px, measured.height_px)]
    if configured.elsewhere_px is not None:
        sizes.append(configured.elsewhere_px)
    if configured.codec != measured.codec or not all(chain.from_iterable(sizes)):
        return False
    sides = zip(*(sorted(side or 0 for side in size) for size in sizes), strict=True)
    return all(max(side) - min(side) <= SIZE_TOLERANCE * max(side) for side in sides)


def _rivals(camera: CameraFacts, main: StreamFacts) -> Iterator[str]:
    """Tokens of the source's streams that may be the real main one."""
    assert isinstance(main.measured, MeasuredStream)
    pixels = (main.measured.width_px or 0) * (main.measured.height_px or 0)
    for stream in camera.streams:
        unmeasured = stream is not main and isinstance(stream.measured, Fault)
        if unmeasured and _may_exceed(stream.configured, pixels):
            yield getattr(stream.target, "token", None) or "?"
    profile = main_profile(camera)
    for larger in larger_single_pictures(camera, profile) if profile is not None else ():
        menu = larger.options if isinstance(larger.options, tuple) else ()
        if not menu or any(option.codec != "mjpeg" for option in menu):
            # an encoder that is only set to single pictures may do better than the main stream's
            yield larger.token
    for other in camera.others:
        main_address = isinstance(main.target, StreamTarget) and other.uri == main.target.uri
        pictures = other.configured is not None and other.configured.codec == "mjpeg" != main.measured.codec
        # of a video camera its JPEG of the whole sensor is no rival
        view = other.not_judged == "view" and not pictures
        if main_address or view or _may_exceed(other.configured, pixels):
            yield other.token


def _may_exceed(configured: ConfiguredStream | None, pixels: int) -> bool:
    """It may have more pixels than that; of one that nobody describes this is not known, of single pictures
    unasked."""
    if configured is None or not configured.width_px or not configured.height_px:
        return True
    return configured.codec != "mjpeg" and configured.width_px * configured.height_px > pixels


def _login_doubts(camera: CameraFacts) -> Iterator[Message]:
    device = camera.device
    if not isinstance(device, DeviceFacts):
        yield _doubt("no_onvif")
        return
    parts = (device.information, device.media, device.network)
    faults = (*device.faults, *camera.stream_faults, *(part for part in parts if isinstance(part, Fault)))
    if any(fault.code in LOGIN_FAULTS for fault in faults):
        yield _doubt("login")


def _menu_doubts(camera: CameraFacts) -> Iterator[Message]:
    """Whether the encoder's menu was read, may be believed and offers a choice."""
    device = camera.device
    if not isinstance(device, DeviceFacts) or not isinstance(device.media, MediaFacts):
        return
    profile = main_profile(camera)
    options = profile.options if profile is not None else None
    if not isinstance(options, tuple) or not options:
        yield _doubt("menu_unread")
    elif not any(_offers_choice(believable(option)) for option in options):
        yield _doubt("menu_no_choice")
    questions = {fault.doing for fault in device.faults if fault.code in TROUBLE} | set(device.recovered)
    # the other service's was read
    menu_refused = any(fault.doing == MENU_QUESTION for fault in device.faults)
    if questions & MEDIA_QUESTIONS or menu_refused or device.media.truncated:
        yield _doubt("menu_trouble")
    services = () if isinstance(device.services, Fault) else device.services
    if isinstance(device.services, Fault) or (
        device.media.service == "media1" and any(service.namespace == MEDIA2_NS for service in services)
    ):
        yield _doubt("media2_unread")


def _offers_choice(option: EncoderOptions) -> bool:
    span = option.frame_rate_range_hz
    rates = option.frame_rates_hz or ((span.low, span.high) if span is not None else ())
    return rates_differ(rates) or sizes_differ(option.resolutions)


STREAM_CHECKS = frozenset(
    {
        "resolution",
        "codec",
        "frame_rate",
        "frame_rate_kept",
        "keyframe_interval",
        "bitrate",
        "stream_plays",
        "picture",
    }
)
ENCODER_CHECKS = frozenset({"resolution", "codec", "frame_rate", "keyframe_interval"})
ASKED: Mapping[str, str] = {
    "clock_offset": "GetSystemDateAndTime",
    "time_zone": "GetSystemDateAndTime",
    "time_server": "GetSystemDateAndTime, GetNTP",
    "https": "GetNetworkProtocols, GetServiceCapabilities, TLS",
    "certificate": "TLS",
    "login_scheme": "WWW-Authenticate, GetServiceCapabilities",
    "firmware": "GetDeviceInformation",
    "onvif_conformance": "GetScopes, GetServices",
    "anonymous_onvif": "GetProfiles, GetStreamUri, GetUsers",
    "accounts": "GetUsers",
    "device_answers": "GetSystemDateAndTime, GetServices",
}
"""Check -> the questions whose answers it was judged by, in the protocol's own words."""


def rests_on(camera: CameraFacts, findings: Sequence[Finding], look: Look) -> tuple[Message, ...]:
    """The facts that an advice for these findings rests on, in words."""
    checks = {finding.check for finding in findings}
    sentences: list[Message] = []
    main = main_stream(camera)
    if (
        main is not None
        and isinstance(main.measured, MeasuredStream)
        and (checks & STREAM_CHECKS or not findings)
    ):
        sentences.append(_measured_sentence(main, main.measured))
    profile = main_profile(camera)
    if profile is not None and checks & ENCODER_CHECKS and isinstance(profile.encoder, EncoderSettings):
        sentences.append(_menu_sentence(profile, profile.encoder))
        beside = media1_menu(camera, profile)
        if beside:
            menu = "; ".join(_menu_text(believable(option)) for option in beside)
            sentences.append(message("plan.rests_media1_menu", menu=menu))
    sentences += [message("plan.rests_answers", questions=ASKED[check]) for check in ASKED if check in checks]
    device = camera.device
    if isinstance(device, DeviceFacts) and not any(f.code in LOGIN_FAULTS for f in device.faults):
        scheme = device.login.scheme
        sentences.append(
            message("plan.rests_login", scheme=scheme) if scheme else message("plan.rests_no_login")
        )
    if look is Look.AGREES:
        sentences.append(message("plan.rests_twice"))
    return tuple(dict.fromkeys(sentences))


def _measured_sentence(main: StreamFacts, measured: MeasuredStream) -> Message:
    token = main.target.token if isinstance(main.target, StreamTarget) else None
    return message(
        "plan.rests_measured",
        token=token or "–",
        codec=NAMES.get(measured.codec, measured.codec.upper()),
        size=f"{measured.width_px}×{measured.height_px}" if measured.width_px else "–",
        rate=round(measured.frame_rate_hz, 1) if measured.frame_rate_hz is not None else "–",
        window=round(measured.window_s, 1),
    )


def _menu_sentence(profile: MediaProfile, encoder: EncoderSettings) -> Message:
    options = profile.options if isinstance(profile.options, tuple) else ()
    if not options:
        return message("plan.rests_no_menu", token=encoder.token or "–")
    listed = "; ".join(_menu_text(believable(option)) for option in options)
    return message("plan.rests_menu", token=encoder.token or "–", menu=listed)


def _menu_text(option: EncoderOptions) -> str:
    largest = max(option.resolutions, key=lambda size: size[0] * size[1], default=None)
    span = option.frame_rate_range_hz
    fastest = max(option.frame_rates_hz, default=span.high if span is not None else None)
    size = f"{largest[0]}×{largest[1]}" if largest is not None else "?"
    codec = NAMES.get(option.codec, option.codec.upper())
    return f"{codec} ≤ {size}, ≤ {f'{fastest:g}' if fastest is not None else '?'} Hz"
