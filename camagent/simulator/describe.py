"""The SDP text of a simulated stream (RFC 4566, RFC 6184 §8.2, RFC 7798 §7.2, RFC 2435). Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from camagent.model.codec_names import ONVIF_NAMES
from camagent.model.rtp_numbers import VIDEO_CLOCK_HZ
from camagent.simulator.bursts import PAYLOAD_TYPE
from camagent.simulator.clips import Clip

VIDEO_CONTROL = "trackID=1"
_OTHER_TRACKS = {
    "audio": ("m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=control:trackID=2"),
    "metadata": (
        "m=application 0 RTP/AVP 107",
        "a=rtpmap:107 vnd.onvif.metadata/90000",
        "a=control:trackID=3",
    ),
}


@dataclass(frozen=True, slots=True)
class Description:
    """What a stream says of itself, which need not be what it sends."""

    clip: Clip
    """The clip whose parameter sets and size are told."""
    parameter_sets: bool = True
    """With sprop-parameter-sets; without, the client must read them in band."""
    frame_rate_hz: float | None = None
    """a=framerate; None leaves it out."""
    other_tracks: tuple[str, ...] = ()
    """audio, metadata: described before the video, as some cameras do, and never sent."""


def render_sdp(description: Description, address: str, control: str) -> str:
    """The session description; `control` is the aggregate URL."""
    family = "IP6" if ":" in address else "IP4"
    lines = [
        "v=0",
        f"o=- 1 1 IN {family} {address}",
        "s=Media Presentation",
        f"c=IN {family} {'::' if family == 'IP6' else '0.0.0.0'}",
        "t=0 0",
    ]
    lines += [f"a=control:{control}"]
    for track in description.other_tracks:
        lines += _OTHER_TRACKS[track]
    return "\r\n".join(lines + _video_lines(description)) + "\r\n"


def _video_lines(description: Description) -> list[str]:
    clip = description.clip
    payload_type = PAYLOAD_TYPE[clip.codec]
    lines = [f"m=video 0 RTP/AVP {payload_type}", f"a=control:{VIDEO_CONTROL}"]
    lines += [f"a=rtpmap:{payload_type} {ONVIF_NAMES[clip.codec]}/{VIDEO_CLOCK_HZ}"]
    format_parameters = _format_parameters(clip) if description.parameter_sets else _bare_parameters(clip)
    lines += [f"a=fmtp:{payload_type} {format_parameters}"] if format_parameters else []
    lines += [f"a=x-dimensions:{clip.width_px},{clip.height_px}"]
    if description.frame_rate_hz is not None:
        lines += [f"a=framerate:{description.frame_rate_hz:g}"]
    return lines


def _bare_parameters(clip: Clip) -> str:
    return "packetization-mode=1" if clip.codec == "h264" else ""


def _format_parameters(clip: Clip) -> str:
    coded = [base64.b64encode(unit).decode() for unit in clip.parameter_sets]
    if clip.codec == "h264":
        level = clip.parameter_sets[0][1:4].hex().upper()
        return f"packetization-mode=1;profile-level-id={level};sprop-parameter-sets={','.join(coded)}"
    if clip.codec == "h265":
        return f"sprop-vps={coded[0]};sprop-sps={coded[1]};sprop-pps={coded[2]}"
    return ""
