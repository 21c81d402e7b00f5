"""Media1 and Media2 of a simulated camera (media.wsdl, ver20/media): request to reply text. Pure.

Element order follows the schemas: strict clients read a wrong order as "nothing there".
"""

from __future__ import annotations

from datetime import datetime

from camagent.model.codec_names import H265, ONVIF_NAMES
from camagent.simulator.onvif_device import Reply, media_uri
from camagent.simulator.onvif_xml import SoapRequest, element, leaf, size, span
from camagent.simulator.simulated_camera import (
    EncoderChoice,
    SimulatedCamera,
    SimulatedStream,
    StatedEncoder,
    encoder_token,
)

_MEDIA1_WORD = ONVIF_NAMES | {H265.name: "H264"}


def stream_of(camera: SimulatedCamera, token: str | None) -> SimulatedStream | None:
    """The stream of a profile token or an encoder token; the first where none was given."""
    if token is None:
        return camera.streams[0] if camera.streams else None
    return next((stream for stream in camera.streams if token in (stream.token, encoder_token(stream))), None)


def source_token(channel: int) -> str:
    """Token of a video source."""
    return f"VideoSource_{channel}"


def _source_configuration(camera: SimulatedCamera, channel: int, name: str) -> str:
    own = [stream for stream in camera.streams if stream.channel == channel]
    widest = max(((s.claim.width_px, s.claim.height_px) for s in own), default=(0, 0))
    bounds = element("tt:Bounds", x=0, y=0, width=widest[0], height=widest[1])
    parts = (
        leaf("tt:Name", "VideoSourceConfig")
        + leaf("tt:UseCount", len(own))
        + leaf("tt:SourceToken", source_token(channel))
    )
    return element(name, parts, bounds, token=f"VideoSourceConfig_{channel}")


def _media1_encoder(stream: SimulatedStream, name: str) -> str:
    claim = stream.claim
    rate = (
        leaf("tt:FrameRateLimit", round(claim.frame_rate_hz))
        + leaf("tt:EncodingInterval", 1)
        + leaf("tt:BitrateLimit", claim.bitrate_kbps)
    )
    h264 = leaf("tt:GovLength", claim.gop_length_frames) + leaf(
        "tt:H264Profile", claim.codec_profile if claim.codec == "h264" else "Main"
    )
    address = element("tt:Address", leaf("tt:Type", "IPv4"), leaf("tt:IPv4Address", "0.0.0.0"))
    return element(
        name,
        leaf("tt:Name", encoder_token(stream))
        + leaf("tt:UseCount", 1)
        + leaf("tt:Encoding", _MEDIA1_WORD[claim.codec]),
        size("tt:Resolution", claim.width_px, claim.height_px),
        leaf("tt:Quality", 4),
        element("tt:RateControl", rate),
        element("tt:H264", h264) if claim.codec != "mjpeg" else "",
        element(
            "tt:Multicast", address, leaf("tt:Port", 0), leaf("tt:TTL", 1), leaf("tt:AutoStart", "false")
        ),
        leaf("tt:SessionTimeout", "PT60S"),
        token=encoder_token(stream),
    )


def _shows_encoder(camera: SimulatedCamera, stream: SimulatedStream) -> bool:
    return stream.claim.codec != "h265" or camera.media1_h265 == "h264"


def _media1_profiles(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    profiles = []
    for stream in camera.streams:
        encoder = (
            _media1_encoder(stream, "tt:VideoEncoderConfiguration") if _shows_encoder(camera, stream) else ""
        )
        source = _source_configuration(camera, stream.channel, "tt:VideoSourceConfiguration")
        profiles.append(
            element(
                "trt:Profiles",
                leaf("tt:Name", stream.token),
                source,
                encoder,
                token=stream.token,
                fixed="true",
            )
        )
    return element("trt:GetProfilesResponse", *profiles)


def _media1_video_sources(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    sources = []
    for channel in dict.fromkeys(stream.channel for stream in camera.streams):
        claim = next(stream.claim for stream in camera.streams if stream.channel == channel)
        parts = leaf("tt:Framerate", f"{claim.frame_rate_hz:g}")
        parts += size("tt:Resolution", claim.width_px, claim.height_px)
        sources.append(element("trt:VideoSources", parts, token=source_token(channel)))
    return element("trt:GetVideoSourcesResponse", *sources)


def _media1_encoders(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    shown = (_media1_encoder(s, "trt:Configurations") for s in camera.streams if _shows_encoder(camera, s))
    return element("trt:GetVideoEncoderConfigurationsResponse", *shown)


def _media1_options(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    stream = stream_of(camera, request.argument("ConfigurationToken") or request.argument("ProfileToken"))
    choices = {choice.codec: choice for choice in stream.choices} if stream else {}
    parts, extension = span("tt:QualityRange", 1, 6), ""
    if mjpeg := choices.get("mjpeg"):
        parts += element("tt:JPEG", _sizes(mjpeg), _rates(mjpeg), span("tt:EncodingIntervalRange", 1, 1))
    if h264 := choices.get("h264"):
        core = (
            _sizes(h264)
            + span("tt:GovLengthRange", *h264.gop_range_frames)
            + _rates(h264)
            + span("tt:EncodingIntervalRange", 1, 1)
        )
        core += "".join(leaf("tt:H264ProfilesSupported", name) for name in h264.codec_profiles)
        parts += element("tt:H264", core)
        extension = element(
            "tt:Extension", element("tt:H264", core, span("tt:BitrateRange", *h264.bitrate_range_kbps))
        )
    return element(
        "trt:GetVideoEncoderConfigurationOptionsResponse", element("trt:Options", parts, extension)
    )


def _sizes(choice: EncoderChoice) -> str:
    return "".join(size("tt:ResolutionsAvailable", *pair) for pair in choice.resolutions)


def _rates(choice: EncoderChoice) -> str:
    return span("tt:FrameRateRange", min(choice.frame_rates_hz), max(choice.frame_rates_hz))


def _media1_stream_uri(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    stream = stream_of(camera, request.argument("ProfileToken"))
    if stream is None:
        raise UnknownToken
    uri = f"<tt:Uri>{media_uri(camera, stream.path)}</tt:Uri>"
    life = (
        leaf("tt:InvalidAfterConnect", "false")
        + leaf("tt:InvalidAfterReboot", "false")
        + leaf("tt:Timeout", "PT0S")
    )
    return element("trt:GetStreamUriResponse", element("trt:MediaUri", uri, life))


def _media2_encoder(stream: SimulatedStream, name: str) -> str:
    claim: StatedEncoder = stream.claim
    rate = leaf("tt:FrameRateLimit", f"{claim.frame_rate_hz:g}") + leaf("tt:BitrateLimit", claim.bitrate_kbps)
    attributes: dict[str, object] = {"token": encoder_token(stream)}
    if claim.codec != "mjpeg":
        attributes |= {"GovLength": claim.gop_length_frames, "Profile": claim.codec_profile}
    return element(
        name,
        leaf("tt:Name", encoder_token(stream))
        + leaf("tt:UseCount", 1)
        + leaf("tt:Encoding", ONVIF_NAMES[claim.codec]),
        size("tt:Resolution", claim.width_px, claim.height_px),
        element("tt:RateControl", rate, ConstantBitRate="false"),
        leaf("tt:Quality", 4),
        **attributes,
    )


def _media2_profiles(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    wanted = set(request.arguments.get("Type", []))
    everything = "All" in wanted
    profiles = []
    for stream in camera.streams:
        parts = (
            _source_configuration(camera, stream.channel, "tr2:VideoSource")
            if everything or "VideoSource" in wanted
            else ""
        )
        parts += _media2_encoder(stream, "tr2:VideoEncoder") if everything or "VideoEncoder" in wanted else ""
        configurations = element("tr2:Configurations", parts) if parts else ""
        profiles.append(
            element(
                "tr2:Profiles",
                leaf("tr2:Name", stream.token),
                configurations,
                token=stream.token,
                fixed="true",
            )
        )
    return element("tr2:GetProfilesResponse", *profiles)


def _media2_encoders(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    shown = (_media2_encoder(stream, "tr2:Configurations") for stream in camera.streams)
    return element("tr2:GetVideoEncoderConfigurationsResponse", *shown)


def _media2_options(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    stream = stream_of(camera, request.argument("ConfigurationToken") or request.argument("ProfileToken"))
    listed = []
    for choice in stream.choices if stream else ():
        attributes: dict[str, object] = {"FrameRatesSupported": " ".join(map(str, choice.frame_rates_hz))}
        if choice.codec != "mjpeg":
            attributes |= {"GovLengthRange": f"{choice.gop_range_frames[0]} {choice.gop_range_frames[1]}"}
            attributes |= {"ProfilesSupported": " ".join(choice.codec_profiles)}
        parts = (
            leaf("tt:Encoding", ONVIF_NAMES[choice.codec]) + span("tt:QualityRange", 1, 6) + _sizes(choice)
        )
        parts += span("tt:BitrateRange", *choice.bitrate_range_kbps)
        listed.append(element("tr2:Options", parts, **attributes, ConstantBitRateSupported="true"))
    return element("tr2:GetVideoEncoderConfigurationOptionsResponse", *listed)


def _media2_stream_uri(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    stream = stream_of(camera, request.argument("ProfileToken"))
    if stream is None:
        raise UnknownToken
    return element("tr2:GetStreamUriResponse", f"<tr2:Uri>{media_uri(camera, stream.path)}</tr2:Uri>")


class UnknownToken(Exception):
    """The request names a profile that the camera does not have."""


REPLIES: dict[tuple[str, str], Reply] = {
    ("trt", "GetProfiles"): _media1_profiles,
    ("trt", "GetVideoSources"): _media1_video_sources,
    ("trt", "GetVideoEncoderConfigurations"): _media1_encoders,
    ("trt", "GetVideoEncoderConfigurationOptions"): _media1_options,
    ("trt", "GetStreamUri"): _media1_stream_uri,
    ("tr2", "GetProfiles"): _media2_profiles,
    ("tr2", "GetVideoEncoderConfigurations"): _media2_encoders,
    ("tr2", "GetVideoEncoderConfigurationOptions"): _media2_options,
    ("tr2", "GetStreamUri"): _media2_stream_uri,
}
