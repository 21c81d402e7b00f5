"""Which profiles of a device are cameras, and which stream of a source is the main one. Pure.

Before anything is measured the device's own words rank the profiles; afterwards what was measured decides. A
profile whose address or encoder could not be had keeps its rank: another one judged in its place would
condemn a good camera.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from camagent.model.device import DeviceFacts, EncoderSettings, MediaProfile
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.stream import (
    ConfiguredStream,
    FileTarget,
    MeasuredStream,
    OtherStream,
    ProfileTarget,
    StreamFacts,
    StreamRole,
    StreamTarget,
)
from camagent.model.uri import StreamUri

MAX_SOURCES = 128  # the largest recorders have 128 channels; bounds what one device can make us do
SUB_STREAMS = 1  # one lighter stream is enough to tell that there is one; each costs a whole window
# where sizes are unknown or turn out wrong, so many streams of a source are measured to find the main
MAX_WATCHED = 4
# profiles of one source that may become its main or lighter stream; of more, those are listed
MAX_CANDIDATES = 16
# unwatched streams of one source that are listed; a camera with more of them is none that we know
MAX_OTHERS = 16
VIEW_RATIO = 0.1  # two streams of one view have the same shape within this; 4:3 and 16:9 differ by a quarter
HALF = 2  # a stream with at least half of the main one's pixels is hardly its lighter copy

NO_VIDEO = frozenset({FaultCode.NO_VIDEO, FaultCode.CODEC_UNSUPPORTED})
NOTHING_TO_STREAM = frozenset(
    {
        FaultCode.SOAP_FAULT,
        FaultCode.UNSUPPORTED,
        FaultCode.NOT_FOUND,
        FaultCode.MALFORMED_REPLY,
        FaultCode.BUDGET_SPENT,
    }
)
"""Of a profile without an encoder these are no loss: it has nothing to stream, or is asked last. Others: not
known."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One profile of a source in the order in which it may be the main stream."""

    profile: MediaProfile
    target: StreamTarget | ProfileTarget


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """The streams of one source: to be watched, the likeliest main one first; and those that are only
    listed."""

    profiles: tuple[MediaProfile, ...]
    candidates: tuple[Candidate, ...]
    others: tuple[OtherStream, ...]


def video_sources(facts: DeviceFacts) -> Iterator[tuple[MediaProfile, ...]]:
    """The media profiles of each video source (an imager, or a recorder's channel), in the device's order.

    A profile with neither a video source nor an encoder carries sound or metadata: it is no camera. A device
    that names no source and no encoder at all is taken by its addresses.
    """
    if isinstance(facts.media, Fault):
        return
    listed = facts.media.profiles
    described = [p for p in listed if p.encoder is not None or p.video_source is not None]
    named = {p.video_source for p in described if p.video_source is not None}
    only = next(iter(named)) if len(named) == 1 else None
    groups: dict[str | None, list[MediaProfile]] = {}
    for profile in described or [p for p in listed if isinstance(p.stream_uri, StreamUri)]:
        groups.setdefault(profile.video_source or only, []).append(profile)
    streaming = [profiles for profiles in groups.values() if any(_may_stream(p) for p in profiles)]
    for profiles in (streaming or list(groups.values()))[:MAX_SOURCES]:
        yield tuple(profiles)


def _may_stream(profile: MediaProfile) -> bool:
    """It has an encoder or an address, or nobody knows because its address could not be asked for."""
    if profile.encoder is not None or isinstance(profile.stream_uri, StreamUri):
        return True
    return isinstance(profile.stream_uri, Fault) and profile.stream_uri.code not in NOTHING_TO_STREAM


def plan_source(profiles: Sequence[MediaProfile]) -> SourcePlan:
    """Who may be the main stream, who the lighter one, and who is only listed."""
    ranked = sorted(profiles, key=_rank)  # sorted() keeps the device's order among equals
    first = ranked[0]
    kept: list[MediaProfile] = []
    others: list[OtherStream] = []
    uris: set[StreamUri] = set()
    for profile in ranked:
        uri = profile.stream_uri if isinstance(profile.stream_uri, StreamUri) else None
        if uri is not None and uri in uris:
            others.append(other_stream(profile, "same_address"))
        elif profile is not first and not _may_stream(profile):
            others.append(other_stream(profile, "no_address"))
        elif _is_other_view(first, profile):
            others.append(other_stream(profile, "view"))
        else:
            uris |= {uri} if uri is not None else set()
            kept.append(profile)
    candidates = tuple(
        Candidate(profile, _target(profile, StreamRole.SUB if rank else StreamRole.MAIN))
        for rank, profile in enumerate(kept)
    )
    return SourcePlan(tuple(profiles), candidates, tuple(others[:MAX_OTHERS]))


def _rank(profile: MediaProfile) -> tuple[int, float]:
    """Video before single pictures, the largest before the others; a size that nobody states may be the
    largest."""
    if not _may_stream(profile):
        return 2, 0.0
    settings = settings_of(profile)
    pixels = _pixels(settings) if settings is not None else None
    return int(settings is not None and settings.codec == "mjpeg"), -(
        float("inf") if pixels is None else pixels
    )


def _is_other_view(main: MediaProfile, profile: MediaProfile) -> bool:
    """It shows another part of the scene than the main stream, as far as the device tells."""
    if profile is main:
        return False
    if main.view is not None and profile.view is not None and main.view != profile.view:
        return True
    shapes = [_shape(settings_of(p)) for p in (main, profile)]
    if shapes[0] is None or shapes[1] is None:
        return False
    return abs(shapes[0] - shapes[1]) > VIEW_RATIO * max(shapes[0], shapes[1]) and _is_large_beside(
        main, profile
    )


def _is_large_beside(main: MediaProfile, profile: MediaProfile) -> bool:
    """A lighter copy may be 4:3 beside a 16:9 main stream (640×480, 704×576): its small size gives it
    away."""
    settings, own = settings_of(profile), settings_of(main)
    pixels, most = (_pixels(s) if s is not None else None for s in (settings, own))
    return pixels is not None and most is not None and HALF * pixels >= most


def _shape(settings: EncoderSettings | None) -> float | None:
    if settings is None or not settings.width_px or not settings.height_px:
        return None
    return settings.width_px / settings.height_px


def settings_of(profile: MediaProfile) -> EncoderSettings | None:
    """The encoder's settings, where they are known."""
    return profile.encoder if isinstance(profile.encoder, EncoderSettings) else None


def _pixels(settings: EncoderSettings | ConfiguredStream | MeasuredStream) -> int | None:
    return settings.width_px * settings.height_px if settings.width_px and settings.height_px else None


def _target(profile: MediaProfile, role: StreamRole) -> StreamTarget | ProfileTarget:
    if isinstance(profile.stream_uri, StreamUri):
        return StreamTarget(profile.stream_uri, role, profile.token, profile.name)
    return ProfileTarget(role, profile.token, profile.name)


def address_fault(profile: MediaProfile) -> Fault:
    """Why the profile has no address; where the device did not say, that it did not."""
    if isinstance(profile.stream_uri, Fault):
        return profile.stream_uri
    return Fault(FaultCode.UNSUPPORTED, Stage.INTERROGATE, "GetStreamUri", 0.0)


def other_stream(profile: MediaProfile, why: str) -> OtherStream:
    """A profile that is listed and not judged."""
    uri = profile.stream_uri if isinstance(profile.stream_uri, StreamUri) else None
    return OtherStream(profile.token, profile.name, uri, configured_stream(settings_of(profile)), why)


def configured_stream(settings: EncoderSettings | None) -> ConfiguredStream | None:
    """What ONVIF says, in the shape that stands beside declared and measured."""
    if settings is None:
        return None
    return ConfiguredStream(
        codec=settings.codec,
        codec_profile=settings.codec_profile,
        width_px=settings.width_px,
        height_px=settings.height_px,
        frame_rate_hz=settings.frame_rate_hz,
        bitrate_bps=settings.bitrate_bps,
        gop_length_frames=settings.gop_length_frames,
        elsewhere_px=settings.elsewhere_px,
    )


def wants_another(candidate: Candidate, streams: Sequence[StreamFacts]) -> bool:
    """Whether this stream has to be measured too before anybody can say which is the main one."""
    if sum(not _carries_no_video(stream) for stream in streams) <= SUB_STREAMS:
        return True
    if len(streams) >= MAX_WATCHED or not isinstance(candidate.target, StreamTarget):
        return False
    settings = settings_of(candidate.profile)
    claimed = _pixels(settings) if settings is not None else None
    if settings is not None and settings.codec == "mjpeg":
        return False
    if _measured_pixels(streams[0]) is None:
        return False  # it keeps its place whatever the others send
    largest = max(_measured_pixels(stream) or 0 for stream in streams)
    return claimed is None or claimed > largest or any(_sends_less(stream) for stream in streams)


def _sends_less(stream: StreamFacts) -> bool:
    claimed = _pixels(stream.configured) if stream.configured is not None else None
    measured = _measured_pixels(stream)
    return claimed is not None and measured is not None and measured < claimed


def _measured_pixels(stream: StreamFacts) -> int | None:
    return _pixels(stream.measured) if isinstance(stream.measured, MeasuredStream) else None


def main_first(streams: Sequence[StreamFacts]) -> tuple[StreamFacts, ...]:
    """The same streams, main first, by what was measured; a main stream that could not be measured keeps its
    place."""
    if not streams:
        return ()
    main = streams[main_place(streams)]
    rest = [stream for stream in streams if stream is not main]
    return (_in_role(main, StreamRole.MAIN), *(_in_role(stream, StreamRole.SUB) for stream in rest))


def main_place(streams: Sequence[StreamFacts]) -> int:
    """Which of the streams, in the order of their plan, is the main one; 0 also where there is none."""
    if not streams or (_measured_pixels(streams[0]) is None and not _carries_no_video(streams[0])):
        return 0
    places = range(len(streams))
    if _carries_no_video(streams[0]):
        return next((place for place in places if not _carries_no_video(streams[place])), 0)
    measured = [place for place in places if _measured_pixels(streams[place]) is not None]
    return min(measured, key=lambda place: _measured_rank(streams[place]))


def promoted(candidate: Candidate) -> Candidate:
    """The candidate, to be watched as a main stream."""
    return Candidate(candidate.profile, replace(candidate.target, role=StreamRole.MAIN))


def _carries_no_video(stream: StreamFacts) -> bool:
    """Nobody said that it has an encoder, and it plays no picture: sound or metadata."""
    return stream.configured is None and stream.fault is not None and stream.fault.code in NO_VIDEO


def _measured_rank(stream: StreamFacts) -> tuple[bool, int]:
    assert isinstance(stream.measured, MeasuredStream)
    return stream.measured.codec == "mjpeg", -(_measured_pixels(stream) or 0)


def _in_role(stream: StreamFacts, role: StreamRole) -> StreamFacts:
    if isinstance(stream.target, FileTarget) or stream.target.role is role:
        return stream
    return replace(stream, target=replace(stream.target, role=role))


def left_out(plan: SourcePlan, streams: Sequence[StreamFacts]) -> tuple[OtherStream, ...]:
    """What is listed beside the streams that were watched: nothing that the device named goes missing."""
    watched = {stream.target.token for stream in streams if not isinstance(stream.target, FileTarget)}
    main = next(
        (c.profile for c in plan.candidates if streams and c.profile.token == _token(streams[0])), None
    )
    spare = [c.profile for c in plan.candidates if c.profile.token not in watched]
    listed = [
        other_stream(p, "view" if main is not None and _is_large_beside(main, p) else "not_watched")
        for p in spare
    ]
    return (*listed, *plan.others)[:MAX_OTHERS]


def _token(stream: StreamFacts) -> str | None:
    return None if isinstance(stream.target, FileTarget) else stream.target.token
