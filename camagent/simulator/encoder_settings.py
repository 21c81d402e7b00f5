"""SetVideoEncoderConfiguration of a simulated camera: checked against what the encoder offers, then another
sample stream is played. Pure.

The camera plays recorded streams, so of what the encoder offers it can set only what one of them has: codec
and size must fit exactly, the frame rate is that asked for, the keyframe interval the nearest that there is.
What cannot be played is refused with ConfigModify, and the answers afterwards tell what is really sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from camagent.simulator.clips import Clip, clip_names, load_clip
from camagent.simulator.onvif_xml import SoapRequest
from camagent.simulator.simulated_camera import (
    EncoderChoice,
    SimulatedCamera,
    SimulatedStream,
    StatedEncoder,
    encoder_token,
    honest_claim,
)

_SPOILT = ("show_", "black_", "frozen_", "blurred_", "b_frames_", "load_")
"""Sample streams that no healthy encoder would turn to."""


class Refused(Exception):
    """The camera does not do it: ONVIF's two subcodes and a reason in words."""

    def __init__(self, subcode: str, detail: str, reason: str) -> None:
        super().__init__(reason)
        self.subcodes = (subcode, detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EncoderRequest:
    """What a client asks an encoder for."""

    codec: str
    width_px: int
    height_px: int
    frame_rate_hz: float
    bitrate_kbps: int | None
    """None: left as it is."""
    gop_length_frames: int


def set_encoder(camera: SimulatedCamera, request: SoapRequest, words: dict[str, str]) -> SimulatedCamera:
    """The camera with that encoder set; `words` are the service's names of codecs.

    Raises: Refused.
    """
    token = request.attribute("token")
    stream = next((item for item in camera.streams if encoder_token(item) == token), None)
    if stream is None:
        raise Refused("ter:InvalidArgVal", "ter:NoConfig", "The requested configuration does not exist")
    wanted = _wanted(request, stream.claim, words)
    _check(wanted, stream.choices)
    changed = _playing(stream, wanted)
    return replace(camera, streams=tuple(changed if item is stream else item for item in camera.streams))


def _wanted(request: SoapRequest, now: StatedEncoder, words: dict[str, str]) -> EncoderRequest:
    codec = words.get(request.argument("Encoding") or "", "")
    bitrate = request.argument("BitrateLimit")
    gop = request.attribute("GovLength") or request.argument("GovLength")
    try:
        return EncoderRequest(
            codec,
            int(request.argument("Width") or now.width_px),
            int(request.argument("Height") or now.height_px),
            float(request.argument("FrameRateLimit") or now.frame_rate_hz),
            int(bitrate) if bitrate else None,
            int(gop or now.gop_length_frames),
        )
    except ValueError as error:
        raise _not_possible("a value is no number") from error


def _check(wanted: EncoderRequest, choices: tuple[EncoderChoice, ...]) -> None:
    """Raises: Refused for what the encoder does not offer."""
    choice = next((item for item in choices if item.codec == wanted.codec), None)
    if choice is None:
        raise _not_possible("this codec is not offered")
    if (wanted.width_px, wanted.height_px) not in choice.resolutions:
        raise _not_possible("this resolution is not offered")
    if not min(choice.frame_rates_hz) <= wanted.frame_rate_hz <= max(choice.frame_rates_hz):
        raise _not_possible("this frame rate is not offered")
    low, high = choice.bitrate_range_kbps
    if wanted.bitrate_kbps is not None and not low <= wanted.bitrate_kbps <= high:
        raise _not_possible("this bit rate is not offered")
    if wanted.codec == "mjpeg":
        return
    if not choice.gop_range_frames[0] <= wanted.gop_length_frames <= choice.gop_range_frames[1]:
        raise _not_possible("this keyframe interval is not offered")


def _not_possible(reason: str) -> Refused:
    return Refused(
        "ter:InvalidArgVal", "ter:ConfigModify", f"The parameters are not possible to set: {reason}"
    )


def _playing(stream: SimulatedStream, wanted: EncoderRequest) -> SimulatedStream:
    """The stream with the sample that comes nearest; its own where that fits as well.

    Raises: Refused where no sample has that codec and size.
    """
    names = [stream.clip_name, *(name for name in clip_names() if not name.startswith(_SPOILT))]
    fitting = [clip for clip in map(load_clip, names) if _fits(clip, wanted)]
    if not fitting:
        raise _not_possible("no sample stream has this codec and size")
    clip = min(fitting, key=lambda item: abs(item.gop_length_frames - wanted.gop_length_frames))
    honest = honest_claim(clip.name)
    sent_kbps = round(honest.bitrate_kbps * wanted.frame_rate_hz / clip.frame_rate_hz)
    claim = replace(
        honest, frame_rate_hz=wanted.frame_rate_hz, bitrate_kbps=max(wanted.bitrate_kbps or 0, sent_kbps)
    )
    return replace(
        stream, clip_name=clip.name, claim=claim, frame_rate_hz=wanted.frame_rate_hz, described_as=None
    )


def _fits(clip: Clip, wanted: EncoderRequest) -> bool:
    return (clip.codec, clip.width_px, clip.height_px) == (wanted.codec, wanted.width_px, wanted.height_px)
